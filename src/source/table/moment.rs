//! Owns how a date in an export reads; refuses dates that do not exist instead of moving them.

use std::{ops::RangeInclusive, sync::LazyLock};

use chrono::{DateTime, Datelike as _, Days, Duration, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime};
use regex::{Captures, Regex};

use super::grid::Cell;

/// The years a workbook can hold; others are mistakes of typing.
const YEARS: RangeInclusive<i32> = 1900..=9999;
/// 31/12/9999.
const LAST_SERIAL: f64 = 2_958_465.0;
/// Digits of a text are a serial only between these years: 1954 to 2119.
const TEXT_SERIALS: RangeInclusive<f64> = 20_000.0..=80_000.0;

/// A date, with a time when one was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment {
    date: NaiveDate,
    time: Option<NaiveTime>,
}

impl Moment {
    /// Midnight is how systems write that no time was given: no office promises a result for it.
    fn new(at: NaiveDateTime) -> Option<Self> {
        let time = Some(at.time()).filter(|time| *time != NaiveTime::MIN);
        YEARS.contains(&at.year()).then_some(Self { date: at.date(), time })
    }

    /// The moment in a cell of a date column.
    pub(super) fn read(cell: &Cell, is_1904: bool) -> Option<Self> {
        match cell {
            Cell::Number(serial) => from_serial(*serial, is_1904),
            Cell::Text(text) => from_text(text).or_else(|| from_written_serial(text, is_1904)),
        }
    }

    /// As the rest of the program reads it.
    pub(super) fn text(self) -> String {
        match self.time {
            Some(time) => self.date.and_time(time).format("%d/%m/%Y %H:%M:%S").to_string(),
            None => self.date.format("%d/%m/%Y").to_string(),
        }
    }

    /// What it is compared by: a day without a time lasts to its end.
    pub(super) fn end(self) -> (NaiveDate, bool, Option<NaiveTime>) {
        (self.date, self.time.is_none(), self.time)
    }
}

/// Days since the end of 1899, where Excel believes in a 29/02/1900 (serial 60), or since 01/01/1904.
fn from_serial(serial: f64, is_1904: bool) -> Option<Moment> {
    if !(1.0..LAST_SERIAL + 1.0).contains(&serial) {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "within 1 and 2 958 466")]
    let seconds = (serial * 86_400.0).round() as i64;
    let (days, seconds) = (u64::try_from(seconds / 86_400).ok()?, seconds % 86_400);
    let day = |year, month, day| NaiveDate::from_ymd_opt(year, month, day);
    let epoch = match days {
        _ if is_1904 => day(1904, 1, 1)?,
        60 => return None,
        0..60 => day(1899, 12, 31)?,
        _ => day(1899, 12, 30)?,
    };
    let date = epoch.checked_add_days(Days::new(days))?;
    Moment::new(date.and_time(NaiveTime::MIN) + Duration::seconds(seconds))
}

fn from_written_serial(text: &str, is_1904: bool) -> Option<Moment> {
    let serial = text.replace(',', ".").parse().ok().filter(|serial| TEXT_SERIALS.contains(serial))?;
    from_serial(serial, is_1904)
}

/// A date, and a time before or after it.
static WRITTEN: LazyLock<Regex> = LazyLock::new(|| {
    let time = |n| {
        format!(
            r"(?<h{n}>[0-9]{{1,2}}) ?(?:[:hg]|giờ) ?(?:(?<m{n}>[0-9]{{1,2}})(?: ?phút|p)?)?(?:[:.](?<s{n}>[0-9]{{2}})(?:\.[0-9]+)?)?(?: ?(?<half{n}>am|pm|sa|ch))?"
        )
    };
    let date = r"(?:(?<day>[0-9]{1,2}) ?[/.-] ?(?<month>[0-9]{1,2}) ?[/.-] ?(?<year>[0-9]{4}|[0-9]{2})|(?<iso_year>[0-9]{4})[/.-](?<iso_month>[0-9]{1,2})[/.-](?<iso_day>[0-9]{1,2}))";
    let pattern = format!(
        r"^(?i:(?:lúc )?{}[ ,]+(?:(?:ngày|ngay) ?)?|(?:ngày|ngay) )?{date}(?i:(?:t|[ ,]+(?:lúc )?){})?$",
        time(1),
        time(2)
    );
    Regex::new(&pattern).expect("a pattern of our own")
});

fn from_text(text: &str) -> Option<Moment> {
    if text.len() > 64 {
        return None;
    }
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Moment::new(at.with_timezone(&FixedOffset::east_opt(7 * 3600)?).naive_local());
    }
    let found = WRITTEN.captures(text)?;
    let date = written_date(&found)?;
    let times = [1, 2].into_iter().filter(|n| found.name(&format!("h{n}")).is_some()).collect::<Vec<_>>();
    match times[..] {
        [] => Moment::new(date.and_time(NaiveTime::MIN)),
        [n] => Moment::new(date.and_time(written_time(&found, n)?)),
        _ => None,
    }
}

fn number(found: &Captures<'_>, name: &str) -> Option<u32> {
    found.name(name)?.as_str().parse().ok()
}

/// Years of two digits are of this century; the day always comes before the month here.
fn written_date(found: &Captures<'_>) -> Option<NaiveDate> {
    let (year, month, day) = match number(found, "year") {
        Some(year) => (year, number(found, "month")?, number(found, "day")?),
        None => (number(found, "iso_year")?, number(found, "iso_month")?, number(found, "iso_day")?),
    };
    let year = if year < 100 && found.name("year")?.len() == 2 { year + 2000 } else { year };
    NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)
}

fn written_time(found: &Captures<'_>, n: u8) -> Option<NaiveTime> {
    let part = |name: &str| number(found, &format!("{name}{n}"));
    let half = found.name(&format!("half{n}")).map(|half| half.as_str().to_lowercase());
    let hour = match (part("h")?, half.as_deref()) {
        (12, Some("am" | "sa")) => 0,
        (hour @ 1..12, Some("pm" | "ch")) => hour + 12,
        (hour, _) => hour,
    };
    NaiveTime::from_hms_opt(hour, part("m").unwrap_or(0), part("s").unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Option<String> {
        Moment::read(&Cell::Text(text.to_owned()), false).map(Moment::text)
    }

    fn serial(serial: f64, is_1904: bool) -> Option<String> {
        Moment::read(&Cell::Number(serial), is_1904).map(Moment::text)
    }

    #[test]
    fn dates_are_read_in_every_order_offices_write_them() {
        for written in [
            "17/06/2025",
            "17-06-2025",
            "17.06.2025",
            "17/6/25",
            "2025-06-17",
            "2025/06/17",
            "ngày 17/06/2025",
            "17/06/2025 00:00:00",
            "2025-06-17T00:00:00.000",
            "45825",
        ] {
            assert_eq!(text(written).as_deref(), Some("17/06/2025"), "{written}");
        }
    }

    #[test]
    fn times_stand_before_or_after_the_date() {
        for written in [
            "17h00 17/06/2025",
            "17/06/2025 17:00",
            "17:00 ngày 17/06/2025",
            "17/06/2025 17:00:00",
            "17h 17/06/2025",
            "17 giờ 00 phút, ngày 17/06/2025",
            "17g00 17/6/25",
            "17/06/2025, 17h00",
            "2025-06-17 17:00:00.000",
            "2025-06-17T17:00:00",
            "2025-06-17T10:00:00Z",
            "17/06/2025 5:00 PM",
            "17/06/2025 5:00:00 CH",
            "45825,7083333333",
            "lúc 17:00 17/06/2025",
        ] {
            assert_eq!(text(written).as_deref(), Some("17/06/2025 17:00:00"), "{written}");
        }
        assert_eq!(text("17/06/2025 17:05:09").as_deref(), Some("17/06/2025 17:05:09"));
        assert_eq!(text("17/06/2025 12:10 SA").as_deref(), Some("17/06/2025 00:10:00"));
    }

    #[test]
    fn what_is_no_date_is_not_bent_into_one() {
        for written in [
            "31/02/2025",
            "06/17/2025",
            "29/02/2025",
            "17/06",
            "17/06/2025 25:00",
            "17:00 17/06/2025 18:00",
            "20250617",
            "5 ngày",
            "17/06/0025",
            "0025-06-17T17:00:00Z",
            "17:٣٠ 17/06/2025",
            "17/06/202",
            "",
            "abc",
            "12345",
            "17/06/2025 17:00 chiều mai",
            "NaN",
            "inf",
        ] {
            assert_eq!(text(written), None, "{written}");
        }
    }

    #[test]
    fn serials_know_the_day_that_never_was() {
        assert_eq!(serial(1.0, false).as_deref(), Some("01/01/1900"));
        assert_eq!(serial(59.0, false).as_deref(), Some("28/02/1900"));
        assert_eq!(serial(60.0, false), None);
        assert_eq!(serial(61.0, false).as_deref(), Some("01/03/1900"));
        assert_eq!(serial(45_825.0, false).as_deref(), Some("17/06/2025"));
        assert_eq!(serial(45_825.0 + 17.0 / 24.0, false).as_deref(), Some("17/06/2025 17:00:00"));
        assert_eq!(serial(45_825.999_999_9, false).as_deref(), Some("18/06/2025"));
        for wrong in [0.0, 0.5, -1.0, 2_958_465.999_999_9, 3e6, f64::NAN, f64::INFINITY] {
            assert_eq!(serial(wrong, false), None);
        }
    }

    #[test]
    fn serials_of_old_macs_count_from_1904() {
        assert_eq!(serial(45_825.0 - 1_462.0, true).as_deref(), Some("17/06/2025"));
        assert_eq!(serial(60.0, true).as_deref(), Some("01/03/1904"));
    }

    #[test]
    fn a_day_without_a_time_lasts_longer_than_any_time_of_it() {
        let read = |text: &str| from_text(text).expect("a date").end();
        assert!(read("17/06/2025 16:59") < read("17/06/2025 17:00"));
        assert!(read("17/06/2025 17:00") < read("17/06/2025"));
        assert!(read("17/06/2025") < read("18/06/2025 08:00"));
    }
}
