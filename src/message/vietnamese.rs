//! Owns how dates, times and periods are written in Vietnamese.

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, Utc, Weekday};
use chrono_tz::Tz;

/// `Thứ Sáu, 13/01/2023`.
#[must_use]
pub fn date(day: NaiveDate) -> String {
    format!("{}, {}", weekday(day.weekday()), short_date(day))
}

/// `13/01/2023`.
#[must_use]
pub fn short_date(day: NaiveDate) -> String {
    format!("{:02}/{:02}/{}", day.day(), day.month(), day.year())
}

/// `17:00 Thứ Sáu, 13/01/2023`, in the office's zone.
#[must_use]
pub fn moment(zone: Tz, at: DateTime<Utc>) -> String {
    let local = at.with_timezone(&zone);
    format!("{} {}", local.format("%H:%M"), date(local.date_naive()))
}

/// `Thứ Sáu`.
#[must_use]
pub fn weekday(day: Weekday) -> &'static str {
    match day {
        Weekday::Mon => "Thứ Hai",
        Weekday::Tue => "Thứ Ba",
        Weekday::Wed => "Thứ Tư",
        Weekday::Thu => "Thứ Năm",
        Weekday::Fri => "Thứ Sáu",
        Weekday::Sat => "Thứ Bảy",
        Weekday::Sun => "Chủ nhật",
    }
}

/// The period of an occurrence: `tháng 3/2023`, `quý 1/2023`, `năm 2023`.
#[must_use]
pub fn period(period: &str) -> String {
    if let Some(opened) = period.strip_prefix("ps-") {
        let (day, nth) = opened.split_at(opened.len().min(10));
        let nth = nth.strip_prefix('-').map(|n| format!(" (việc thứ {n})")).unwrap_or_default();
        let day = day.parse().map_or_else(|_| day.to_owned(), |day| format!("ngày {}", short_date(day)));
        return format!("phát sinh {day}{nth}");
    }
    if let Some((day, time)) = period.split_once('T')
        && let Ok(time) = NaiveTime::parse_from_str(time, "%H%M")
    {
        return format!("{} {}", time.format("%H:%M"), self::period(day));
    }
    if let Some((month, nth)) = period.rsplit_once('-')
        && let Some(nth) = nth.strip_prefix('w').or_else(|| nth.strip_suffix('w'))
        && month.contains('-')
    {
        let which = if nth == "last" { "cuối cùng".to_owned() } else { format!("thứ {nth}") };
        return format!("ngày làm việc {which} của {}", self::period(month));
    }
    match period.split_once('-') {
        Some((year, quarter)) if quarter.starts_with('Q') => format!("quý {}/{year}", &quarter[1..]),
        Some((year, "H1")) => format!("6 tháng đầu năm {year}"),
        Some((year, "H2")) => format!("6 tháng cuối năm {year}"),
        Some((year, week)) if week.starts_with('W') => format!("tuần {}/{year}", week[1..].trim_start_matches('0')),
        Some((year, months)) if months.ends_with('M') => format!("{} tháng năm {year}", months.trim_end_matches('M')),
        Some((year, month)) if month.len() == 2 => format!("tháng {}/{year}", month.trim_start_matches('0')),
        Some(_) if period.parse::<NaiveDate>().is_ok() => {
            period.parse().map_or_else(|_| period.to_owned(), |day| format!("ngày {}", short_date(day)))
        }
        None if period.len() == 4 && period.bytes().all(|b| b.is_ascii_digit()) => format!("năm {period}"),
        // A day among several of one period, or a name that the administrator gave a settled date.
        Some(_) | None => period.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_periods_read_as_officials_write_them() {
        let day = "2023-01-13".parse().expect("a date");
        assert_eq!(date(day), "Thứ Sáu, 13/01/2023");
        assert_eq!([period("2023-03"), period("2023-Q2"), period("2023")], ["tháng 3/2023", "quý 2/2023", "năm 2023"]);
        assert_eq!(period("2023-04-w5"), "ngày làm việc thứ 5 của tháng 4/2023");
        assert_eq!(period("2023-04-lastw"), "ngày làm việc cuối cùng của tháng 4/2023");
        assert_eq!(period("ps-2023-05-12"), "phát sinh ngày 12/05/2023");
        assert_eq!(period("ps-2023-05-12-2"), "phát sinh ngày 12/05/2023 (việc thứ 2)");
        assert_eq!(period("2023-06-15T1700"), "17:00 ngày 15/06/2023");
    }
}
