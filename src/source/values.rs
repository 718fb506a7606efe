//! Owns how single values of one-stop systems read: scalars, what means "none", dates in every shape seen.

use std::borrow::Cow;

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, TimeZone as _, Utc};
use memchr::{memchr, memchr2};
use unicode_normalization::{IsNormalized, UnicodeNormalization as _, is_nfc_quick};

pub use crate::domain::dossier::VIETNAM;

/// A scalar's text, none for what holds no value; numbers and booleans by their raw token, never through floating
/// point, since `2.000591` is the code of a procedure.
#[must_use]
pub fn scalar(token: &str) -> Option<Cow<'_, str>> {
    let text: Cow<'_, str> = match token.as_bytes().first()? {
        b'"' => {
            let inner = &token[1..token.len() - 1];
            if memchr(b'\\', inner.as_bytes()).is_some() {
                Cow::Owned(serde_json::from_str::<String>(token).ok()?)
            } else {
                Cow::Borrowed(inner)
            }
        }
        b'{' | b'[' => return None,
        _ => Cow::Borrowed(token),
    };
    clean(text)
}

/// A text in NFC without what is around it; none for what stands for "nothing".
#[must_use]
pub fn clean(text: Cow<'_, str>) -> Option<Cow<'_, str>> {
    let is_space = |c: char| c.is_whitespace() || matches!(c, '\u{feff}' | '\u{200b}');
    let is_bare = [text.as_bytes().first(), text.as_bytes().last()].iter().all(|b| b.is_some_and(u8::is_ascii_graphic));
    let trimmed = if is_bare { &text } else { text.trim_matches(is_space) };
    if trimmed.is_empty() || is_nothing(trimmed) {
        return None;
    }
    // Marks that stand by themselves, of which Vietnamese is full when it is not composed, are U+0300 to U+036F.
    let has_marks = !trimmed.is_ascii() && memchr2(0xcc, 0xcd, trimmed.as_bytes()).is_some();
    if !has_marks || is_nfc_quick(trimmed.chars()) == IsNormalized::Yes {
        let is_whole = trimmed.len() == text.len();
        return Some(match text {
            _ if is_whole => text,
            Cow::Borrowed(text) => Cow::Borrowed(text.trim_matches(is_space)),
            Cow::Owned(text) => Cow::Owned(text.trim_matches(is_space).to_owned()),
        });
    }
    Some(Cow::Owned(trimmed.nfc().collect()))
}

/// What systems write where there is no value, the zero of .NET and of databases among them.
fn is_nothing(text: &str) -> bool {
    if !matches!(text.as_bytes().first(), Some(b'0' | b'1' | b'n' | b'u' | b'N' | b'{' | b'[')) {
        return false;
    }
    matches!(text, "null" | "undefined" | "None" | "{}" | "[]")
        || ["01/01/0001", "0001-01-01", "00010101", "1900-01-01", "01/01/1900", "19000101"]
            .iter()
            .any(|zero| text.starts_with(zero))
}

/// An instant in any of the shapes that one-stop systems use; the shapes cannot be taken for one another.
///
/// `dd/MM/yyyy` with or without a time, `yyyyMMdd` and `yyyyMMddHHmmss`, ISO 8601 with `+0700`, `+07:00`, `Z` or no
/// offset, seconds or milliseconds since 1970, `/Date(…)/`. A day without a time is its midnight in `zone`.
#[must_use]
pub fn instant(text: &str, zone: FixedOffset) -> Option<DateTime<Utc>> {
    let text = text.trim();
    let local = |at: NaiveDateTime| zone.from_local_datetime(&at).single().map(|at| at.to_utc());
    if let Some(inner) = text.strip_prefix("/Date(").and_then(|t| t.strip_suffix(")/")) {
        let digits = inner.find(['+', '-']).filter(|at| *at > 0).map_or(inner, |at| &inner[..at]);
        return DateTime::from_timestamp_millis(digits.parse().ok()?).filter(is_plausible);
    }
    if text.bytes().all(|b| b.is_ascii_digit()) {
        return digits(text, local).filter(is_plausible);
    }
    if let Some((at, rest)) = by_places(text)
        && let Some(("", offset)) = split_offset(rest)
    {
        return match offset {
            Some(offset) => offset.from_local_datetime(&at).single().map(|at| at.to_utc()),
            None => local(at),
        }
        .filter(is_plausible);
    }
    let (date, time) = match text.split_once([' ', 'T']) {
        Some((date, time)) => (date, Some(time.trim())),
        None => (text, None),
    };
    let day = date_of(date)?;
    let Some(time) = time else { return local(day.and_time(NaiveTime::MIN)).filter(is_plausible) };
    let (time, offset) = split_offset(time)?;
    let at = day.and_time(time_of(time)?);
    match offset {
        Some(offset) => offset.from_local_datetime(&at).single().map(|at| at.to_utc()),
        None => local(at),
    }
    .filter(is_plausible)
}

/// A date outside of these years is a mistake of typing or a "never".
fn is_plausible(at: &DateTime<Utc>) -> bool {
    const FROM: i64 = 631_152_000; // 1990
    const UNTIL: i64 = 4_102_444_800; // 2100
    (FROM..UNTIL).contains(&at.timestamp())
}

fn digits(text: &str, local: impl Fn(NaiveDateTime) -> Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
    let number = |from: usize, until: usize| text.get(from..until).and_then(|t| t.parse::<u32>().ok());
    let day = || NaiveDate::from_ymd_opt(i32::try_from(number(0, 4)?).ok()?, number(4, 6)?, number(6, 8)?);
    match text.len() {
        8 => local(day()?.and_time(NaiveTime::MIN)),
        12 => local(day()?.and_hms_opt(number(8, 10)?, number(10, 12)?, 0)?),
        14 => local(day()?.and_hms_opt(number(8, 10)?, number(10, 12)?, number(12, 14)?)?),
        10 => DateTime::from_timestamp(text.parse().ok()?, 0),
        13 => DateTime::from_timestamp_millis(text.parse().ok()?),
        _ => None,
    }
}

/// The commonest shape by the places of its digits: `yyyy-MM-ddTHH:mm:ss`, and what follows it and its fraction.
fn by_places(text: &str) -> Option<(NaiveDateTime, &str)> {
    let (moment, rest) = text.split_at_checked(19)?;
    let moment = moment.as_bytes();
    let number = |from: usize, until: usize| {
        moment[from..until]
            .iter()
            .try_fold(0, |number, digit| digit.is_ascii_digit().then(|| number * 10 + u32::from(digit - b'0')))
    };
    if [4, 7, 10, 13, 16].map(|at| moment[at]) != *b"--T::" {
        return None;
    }
    let day = NaiveDate::from_ymd_opt(number(0, 4)?.cast_signed(), number(5, 7)?, number(8, 10)?)?;
    let rest =
        rest.strip_prefix('.').map_or(rest, |fraction| fraction.trim_start_matches(|c: char| c.is_ascii_digit()));
    Some((day.and_hms_opt(number(11, 13)?, number(14, 16)?, number(17, 19)?)?, rest))
}

fn date_of(text: &str) -> Option<NaiveDate> {
    let separator = if text.contains('/') { '/' } else { '-' };
    let mut parts = text.split(separator);
    let (a, b, c) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let (year, month, day) = if a.len() == 4 { (a, b, c) } else { (c, b, a) };
    if year.len() != 4 || month.len() > 2 || day.len() > 2 {
        return None;
    }
    NaiveDate::from_ymd_opt(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)
}

/// A time with its offset, if it has one.
fn split_offset(text: &str) -> Option<(&str, Option<FixedOffset>)> {
    if let Some(time) = text.strip_suffix(['Z', 'z']) {
        return Some((time.trim_end(), FixedOffset::east_opt(0)));
    }
    let Some(at) = text.rfind(['+', '-']) else { return Some((text, None)) };
    let (time, offset) = text.split_at(at);
    let sign = if offset.starts_with('-') { -1 } else { 1 };
    let number = |from: usize, until: usize| offset.get(from..until).and_then(|t| t.parse::<i32>().ok());
    let (hours, minutes) = match offset.len() {
        3 => (number(1, 3)?, 0),
        5 => (number(1, 3)?, number(3, 5)?),
        6 if offset.as_bytes()[3] == b':' => (number(1, 3)?, number(4, 6)?),
        _ => return None,
    };
    Some((time.trim_end(), Some(FixedOffset::east_opt(sign * (hours * 3600 + minutes * 60))?)))
}

/// `HH:mm`, `HH:mm:ss`, with or without a fraction.
fn time_of(text: &str) -> Option<NaiveTime> {
    let whole = text.split('.').next()?;
    let mut parts = whole.split(':');
    let (hour, minute, second) = (parts.next()?, parts.next()?, parts.next().unwrap_or("0"));
    NaiveTime::from_hms_opt(hour.parse().ok()?, minute.parse().ok()?, second.parse().ok()?)
        .filter(|_| parts.next().is_none())
}

/// A name by the first letters of its words: enough to tell two dossiers apart at the counter, too little to know
/// whose they are.
#[must_use]
pub fn initials(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for letter in name.split_whitespace().filter_map(|word| word.chars().next()) {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push(letter);
        text.push('.');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<String> {
        instant(text, VIETNAM).map(|at| at.with_timezone(&VIETNAM).format("%Y-%m-%d %H:%M:%S").to_string())
    }

    #[test]
    fn every_shape_of_date_that_systems_send_is_read() {
        let at_five = Some("2025-06-17 17:00:00".to_owned());
        for text in [
            "17/06/2025 17:00:00",
            "17/06/2025 17:00",
            "17/6/2025 17:00",
            "17-06-2025 17:00",
            "20250617170000",
            "202506171700",
            "2025-06-17T17:00:00.000+0700",
            "2025-06-17T17:00:00+07:00",
            "2025-06-17T10:00:00Z",
            "2025-06-17T10:00:00.000+0000",
            "2025-06-17 17:00:00",
            "2025-06-17T17:00:00",
            "1750154400",
            "1750154400000",
            "/Date(1750154400000)/",
            "/Date(1750154400000+0700)/",
        ] {
            assert_eq!(read(text), at_five, "{text}");
        }
        for text in ["17/06/2025", "17/6/2025", "20250617", "2025-06-17"] {
            assert_eq!(read(text), Some("2025-06-17 00:00:00".to_owned()), "{text}");
        }
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in
            ["31/02/2025", "17/06/25", "0", "12345", "sáng thứ Hai", "1/2/3/4", "9999-12-31", "2025-06-17T25:00", ""]
        {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn nothing_is_written_in_many_ways() {
        for token in [
            "\"\"",
            "null",
            "\"null\"",
            "\" \\u00a0\"",
            "\"01/01/0001 00:00:00\"",
            "{}",
            "[]",
            "\"1900-01-01T00:00:00\"",
        ] {
            assert_eq!(scalar(token), None, "{token}");
        }
        assert_eq!(scalar("2.000591").as_deref(), Some("2.000591"));
        assert_eq!(scalar("true").as_deref(), Some("true"));
        assert_eq!(scalar("\" \u{200b}A\\n\"").as_deref(), Some("A"));
        assert_eq!(scalar("\"Ca\u{302}\u{301}p\"").as_deref(), Some("Cấp"), "NFD is composed");
    }

    #[test]
    fn a_name_is_kept_as_its_initials() {
        assert_eq!(initials("CÔNG TY TNHH VÍ DỤ"), "C. T. T. V. D.");
        assert_eq!(initials("Nguyễn Văn Thử"), "N. V. T.");
    }
}
