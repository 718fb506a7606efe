//! Spellings that several systems share: dates, Base64, markup.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};

use super::dossier::vietnam;

/// The date or the empty text, in a format of chrono.
pub fn date(time: Option<NaiveDateTime>, format: &str) -> String {
    time.map(|time| time.format(format).to_string()).unwrap_or_default()
}

/// The date of an HTTP header.
pub fn http_date(at: DateTime<Utc>) -> String {
    at.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// What a clock in Vietnam shows.
pub fn wall_time(now: DateTime<Utc>) -> NaiveDateTime {
    now.with_timezone(&vietnam()).naive_local()
}

/// `17/06/2025` or `7/6/2025`, and nothing else: the systems drop a filter that they can not read.
pub fn slashed_day(text: &str) -> Option<NaiveDate> {
    let digits = |part: &str, most: usize| (1..=most).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    let parts: Vec<&str> = text.split('/').collect();
    match parts[..] {
        [day, month, year] if digits(day, 2) && digits(month, 2) && year.len() == 4 && digits(year, 4) => {
            NaiveDate::from_ymd_opt(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)
        }
        _ => None,
    }
}

pub fn escape_markup(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

pub fn element(name: &str, content: &str) -> String {
    format!("<{name}>{content}</{name}>")
}

/// Login and what follows it, of a `Basic` header.
pub fn basic_login(header: &str) -> Option<(String, String)> {
    let decoded = decode_base64(header.get(6..)?)?;
    let (user, password) = decoded.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}

fn decode_base64(text: &str) -> Option<String> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bytes = Vec::new();
    let (mut pending, mut width) = (0_u32, 0);
    for symbol in text.trim().trim_end_matches('=').bytes() {
        let value = ALPHABET.iter().position(|known| *known == symbol)?;
        pending = (pending << 6) | u32::try_from(value).ok()?;
        width += 6;
        if width >= 8 {
            width -= 8;
            bytes.push(u8::try_from((pending >> width) & 0xff).ok()?);
        }
    }
    String::from_utf8(bytes).ok()
}
