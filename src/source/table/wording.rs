//! Owns how a cell's text is made comparable; knows no field and no file format.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// The text in NFC, on one line, with single spaces and without characters nobody sees.
pub(crate) fn clean(text: &str) -> String {
    // Codes and dates, most cells of a list, are clean already.
    if text.bytes().all(|b| b.is_ascii_graphic()) {
        return text.to_owned();
    }
    let mut cleaned = String::with_capacity(text.len());
    let visible = text.chars().filter(|c| !is_invisible(*c)).nfc();
    for c in visible {
        if !(c.is_whitespace() || c.is_control()) {
            cleaned.push(c);
        } else if !cleaned.is_empty() && !cleaned.ends_with(' ') {
            cleaned.push(' ');
        }
    }
    cleaned.truncate(cleaned.trim_end().len());
    cleaned
}

/// Zero-width characters, the byte order mark and the soft hyphen.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{ad}')
}

/// A header's words: upper-case letters and digits, one space between words.
pub(crate) fn heading(text: &str) -> String {
    let letters: String = clean(text).chars().map(|c| if c.is_alphanumeric() { c } else { ' ' }).collect();
    letters.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ").to_uppercase()
}

/// The heading as people type it without Vietnamese letters.
pub(crate) fn without_marks(heading: &str) -> String {
    heading.nfd().filter(|c| !is_combining_mark(*c)).map(|c| if c == 'Đ' { 'D' } else { c }).collect()
}

/// At most `limit` characters, with an ellipsis when there were more.
pub(crate) fn shortened(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unseen_characters_and_double_spaces_do_not_make_a_text_different() {
        assert_eq!(clean("\u{feff}\u{a0}Ma\u{303}  hồ\u{200b}\r\nsơ \u{a0}"), "Mã hồ sơ");
        assert_eq!(heading("Mã hồ sơ (*):"), "MÃ HỒ SƠ");
        assert_eq!(without_marks(&heading("Đơn vị xử lý")), "DON VI XU LY");
    }
}
