//! Owns what kind of file some bytes are; names lie, since systems save HTML and text as `.xls`.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, WINDOWS_1258};

use super::Unreadable;

/// The kinds of file we read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kind<'a> {
    /// A workbook of today.
    Xlsx,
    /// A compound file: an old workbook, or an encrypted one of today.
    Compound,
    /// A page with tables.
    Html(Cow<'a, str>),
    /// Separated text.
    Text(Cow<'a, str>),
}

/// The kind by the first bytes.
pub(super) fn sniff(bytes: &[u8]) -> Result<Kind<'_>, Unreadable> {
    if bytes.starts_with(b"PK") {
        return Ok(Kind::Xlsx);
    }
    if bytes.starts_with(&[0xd0, 0xcf, 0x11, 0xe0]) {
        return Ok(Kind::Compound);
    }
    let text = decode(bytes);
    let start = text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    if start.is_empty() {
        Err(Unreadable::Empty)
    } else if text.contains('\0') || start.starts_with("%PDF") || start.starts_with("{\\rtf") {
        Err(Unreadable::NotATable)
    } else if start.starts_with('<') {
        Ok(Kind::Html(text))
    } else {
        Ok(Kind::Text(text))
    }
}

/// By the byte order mark; without one it is UTF-8, or what a Vietnamese Windows writes.
fn decode(bytes: &[u8]) -> Cow<'_, str> {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return encoding.decode_without_bom_handling(&bytes[mark..]).0;
    }
    let utf_8 = UTF_8.decode_without_bom_handling_and_without_replacement(bytes);
    utf_8.unwrap_or_else(|| WINDOWS_1258.decode_without_bom_handling(bytes).0)
}
