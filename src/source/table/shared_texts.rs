//! Reads the texts of an old workbook, which records of at most eight kilobytes cut anywhere.

use super::{Unreadable, compound::u16_at, grid::MAX_ROWS};

/// Different texts a workbook can hold: a code, a name and a procedure for each row, and some.
const MAX_TEXTS: usize = MAX_ROWS * 4;

/// Reads the table of texts its cells name by number.
pub(super) fn read_shared_texts(pieces: Vec<&[u8]>) -> Result<Vec<String>, Unreadable> {
    let mut pieces = Pieces { current: &[], later: pieces.into_iter() };
    let mut texts = Vec::new();
    while !pieces.is_at_end() {
        if texts.len() == MAX_TEXTS {
            return Err(Unreadable::TooManyRows);
        }
        texts.push(pieces.text().ok_or(Unreadable::Damaged)?);
    }
    Ok(texts)
}

/// The text that stands within one record: its length, a flag and its characters.
pub(super) fn text_at(data: &[u8], at: usize) -> Option<String> {
    let length = u16_at(data, at)?;
    let is_wide = data.get(at + 2)? & 1 == 1;
    let (units, _) = units(data.get(at + 3..)?, length.into(), is_wide);
    Some(String::from_utf16_lossy(&units))
}

/// At most `length` characters and how many bytes they took.
fn units(bytes: &[u8], length: usize, is_wide: bool) -> (Vec<u16>, usize) {
    if is_wide {
        let taken: Vec<u16> = bytes.chunks_exact(2).take(length).map(|b| u16::from_le_bytes([b[0], b[1]])).collect();
        let bytes = taken.len() * 2;
        (taken, bytes)
    } else {
        let taken: Vec<u16> = bytes.iter().take(length).copied().map(u16::from).collect();
        let bytes = taken.len();
        (taken, bytes)
    }
}

struct Pieces<'a> {
    current: &'a [u8],
    later: std::vec::IntoIter<&'a [u8]>,
}

impl Pieces<'_> {
    fn is_at_end(&mut self) -> bool {
        while self.current.is_empty() {
            match self.later.next() {
                Some(piece) => self.current = piece,
                None => return true,
            }
        }
        false
    }

    fn byte(&mut self) -> Option<u8> {
        if self.is_at_end() {
            return None;
        }
        let (first, rest) = self.current.split_first()?;
        self.current = rest;
        Some(*first)
    }

    fn short(&mut self) -> Option<u16> {
        Some(u16::from_le_bytes([self.byte()?, self.byte()?]))
    }

    fn skip(&mut self, mut bytes: usize) -> Option<()> {
        while bytes > 0 {
            if self.is_at_end() {
                return None;
            }
            let taken = bytes.min(self.current.len());
            self.current = &self.current[taken..];
            bytes -= taken;
        }
        Some(())
    }

    fn text(&mut self) -> Option<String> {
        let length = self.short()?;
        let flags = self.byte()?;
        let runs = if flags & 8 == 0 { 0 } else { self.short()? };
        let phonetic = if flags & 4 == 0 { 0 } else { u32::from(self.short()?) | u32::from(self.short()?) << 16 };
        let text = self.characters(length.into(), flags & 1 == 1)?;
        self.skip(usize::from(runs) * 4)?;
        self.skip(usize::try_from(phonetic).ok()?)?;
        Some(text)
    }

    /// Where characters go on in the next piece, it says again how wide they are.
    fn characters(&mut self, mut length: usize, mut is_wide: bool) -> Option<String> {
        let mut text = Vec::with_capacity(length);
        while length > 0 {
            if self.current.is_empty() {
                is_wide = self.byte()? & 1 == 1;
            }
            let (taken, bytes) = units(self.current, length, is_wide);
            if taken.is_empty() && !self.current.is_empty() {
                return None;
            }
            length -= taken.len();
            self.current = &self.current[bytes..];
            text.extend(taken);
        }
        Some(String::from_utf16_lossy(&text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_cut_between_records_may_change_its_width() {
        // «Mã» in bytes, then in two-byte characters; the second text has a format and follows at once.
        let first = [2, 0, 0, b'M'];
        let second = [1, 0xe3, 0, 1, 0, 8, 1, 0, b'x', 9];
        let third = [9, 9, 9];
        let texts = read_shared_texts(vec![&first, &second, &third]);
        assert_eq!(texts, Ok(vec!["Mã".to_owned(), "x".to_owned()]));
    }

    #[test]
    fn texts_that_end_too_early_are_damage() {
        for cut in [&[9, 0, 0, b'M'][..], &[1, 0, 1, b'M'], &[1, 0, 8], &[0, 0, 4, 255, 255, 255, 255]] {
            assert_eq!(read_shared_texts(vec![cut]), Err(Unreadable::Damaged), "{cut:?}");
        }
    }
}
