//! Owns how JSON is passed over: one way through the text (RFC 8259) that decodes nothing and tells where values stand.
//!
//! Not through serde: a poll reads each row of a long list to find out that nothing changed, and more than half of its
//! time went into handing out keys and values one by one. A test holds both to the same answers.

use std::borrow::Cow;

/// Where a value stands in the text, in bytes.
pub type Place = (u32, u32);

/// The text is no JSON, or goes on after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Broken;

/// Values may lie so deep in each other, as those that serde decodes: what is deeper is an attack.
const DEEPEST: u32 = 127;

/// A place in a text up to which it has been read.
pub struct Cursor<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Cursor<'t> {
    pub fn new(text: &'t str) -> Self {
        Self { text, at: 0 }
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// The next byte that is no white space; it is not taken yet.
    pub fn peek(&mut self) -> Result<u8, Broken> {
        loop {
            match self.byte().ok_or(Broken)? {
                b' ' | b'\n' | b'\r' | b'\t' => self.at += 1,
                byte => return Ok(byte),
            }
        }
    }

    fn take(&mut self, byte: u8) -> Result<(), Broken> {
        let is_there = self.peek()? == byte;
        self.at += 1;
        is_there.then_some(()).ok_or(Broken)
    }

    /// Takes the beginning of a list or an object; [`Self::goes_on`] leads through it.
    pub fn open(&mut self) -> Members {
        self.at += 1;
        Members { are_begun: false }
    }

    /// Whether there is another member before `end`, which is taken.
    pub fn goes_on(&mut self, members: &mut Members, end: u8) -> Result<bool, Broken> {
        let byte = self.peek()?;
        if byte == end {
            self.at += 1;
            return Ok(false);
        }
        if members.are_begun {
            self.take(b',')?;
            // A comma is followed by something.
            if self.peek()? == end {
                return Err(Broken);
            }
        }
        members.are_begun = true;
        Ok(true)
    }

    /// Takes the key of a member and its colon.
    pub fn key(&mut self) -> Result<Cow<'t, str>, Broken> {
        if self.peek()? != b'"' {
            return Err(Broken);
        }
        let before = self.at;
        let (inner, is_escaped) = self.string()?;
        let key = if is_escaped {
            Cow::Owned(serde_json::from_str(&self.text[before..self.at]).map_err(|_| Broken)?)
        } else {
            Cow::Borrowed(inner)
        };
        self.take(b':')?;
        Ok(key)
    }

    /// Passes over a value.
    pub fn value(&mut self) -> Result<Place, Broken> {
        self.value_within(DEEPEST)
    }

    fn value_within(&mut self, levels: u32) -> Result<Place, Broken> {
        let first = self.peek()?;
        let start = self.at;
        match first {
            b'"' => {
                self.string()?;
            }
            b'{' => {
                let levels = levels.checked_sub(1).ok_or(Broken)?;
                let mut members = self.open();
                while self.goes_on(&mut members, b'}')? {
                    if self.peek()? != b'"' {
                        return Err(Broken);
                    }
                    self.string()?;
                    self.take(b':')?;
                    self.value_within(levels)?;
                }
            }
            b'[' => {
                let levels = levels.checked_sub(1).ok_or(Broken)?;
                let mut members = self.open();
                while self.goes_on(&mut members, b']')? {
                    self.value_within(levels)?;
                }
            }
            b't' => self.word("true")?,
            b'f' => self.word("false")?,
            b'n' => self.word("null")?,
            _ => self.number()?,
        }
        let place = |bytes: usize| u32::try_from(bytes).map_err(|_| Broken);
        Ok((place(start)?, place(self.at - start)?))
    }

    /// Takes a string: what is between its quotes, and whether something in it is escaped.
    fn string(&mut self) -> Result<(&'t str, bool), Broken> {
        let start = self.at + 1;
        self.at = start;
        let mut is_escaped = false;
        loop {
            self.at += ordinary(&self.text.as_bytes()[self.at..]);
            match self.byte() {
                Some(b'"') => break,
                Some(b'\\') => {
                    is_escaped = true;
                    self.escape()?;
                }
                // Control characters are never written as they are.
                _ => return Err(Broken),
            }
        }
        self.at += 1;
        Ok((&self.text[start..self.at - 1], is_escaped))
    }

    fn escape(&mut self) -> Result<(), Broken> {
        let escaped = &self.text.as_bytes()[self.at + 1..];
        self.at += match escaped.first().ok_or(Broken)? {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => 2,
            b'u' if escaped.get(1..5).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)) => 6,
            _ => return Err(Broken),
        };
        Ok(())
    }

    fn word(&mut self, word: &str) -> Result<(), Broken> {
        let is_there = self.text.as_bytes()[self.at..].starts_with(word.as_bytes());
        self.at += word.len();
        is_there.then_some(()).ok_or(Broken)
    }

    fn number(&mut self) -> Result<(), Broken> {
        self.at += usize::from(self.byte() == Some(b'-'));
        match self.byte() {
            Some(b'0') => self.at += 1,
            _ => self.digits()?,
        }
        if self.byte() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.byte(), Some(b'e' | b'E')) {
            self.at += 1;
            self.at += usize::from(matches!(self.byte(), Some(b'+' | b'-')));
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), Broken> {
        let before = self.at;
        while self.byte().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        (self.at > before).then_some(()).ok_or(Broken)
    }

    /// Nothing but white space is left.
    pub fn end(mut self) -> Result<(), Broken> {
        self.peek().is_err().then_some(()).ok_or(Broken)
    }
}

/// The members of a list or an object that is being read.
pub struct Members {
    are_begun: bool,
}

/// How many bytes at the beginning are neither a quote nor a backslash nor a control character; eight looked at together.
fn ordinary(bytes: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHEST: u64 = 0x8080_8080_8080_8080;
    let below = |word: u64, byte: u8| word.wrapping_sub(ONES * u64::from(byte)) & !word & HIGHEST;
    let (words, rest) = bytes.as_chunks::<8>();
    for (nth, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let quotes = below(word ^ (ONES * u64::from(b'"')), 1);
        let backslashes = below(word ^ (ONES * u64::from(b'\\')), 1);
        // A borrow falsifies bytes above the first that counts only.
        let found = below(word, 0x20) | quotes | backslashes;
        if found != 0 {
            return nth * 8 + found.trailing_zeros() as usize / 8;
        }
    }
    let is_ordinary = |byte: &u8| *byte >= 0x20 && *byte != b'"' && *byte != b'\\';
    words.len() * 8 + rest.iter().take_while(|byte| is_ordinary(byte)).count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::value::RawValue;

    use super::*;

    fn passes(text: &str) -> Option<Place> {
        let mut cursor = Cursor::new(text);
        let place = cursor.value().ok()?;
        cursor.end().ok().map(|()| place)
    }

    #[test]
    fn what_is_no_json_is_broken() {
        assert_eq!(passes(ANSWER), theirs(ANSWER), "the whole answer");
        assert!(theirs(ANSWER).is_some());
        for broken in [
            "",
            " ",
            "tru",
            "nul",
            "01",
            "-",
            "1.",
            ".5",
            "1e",
            "1e+",
            "+1",
            "\"",
            "\"\\x\"",
            "\"\\u12g4\"",
            "\"\t\"",
            "[1,]",
            "[,1]",
            "[1 2]",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{a:1}",
            "[1",
            "{\"a\":1",
            "1 2",
            "[]]",
            "'a'",
        ] {
            assert_eq!(passes(broken), None, "{broken}");
        }
        assert!(passes(&("[".repeat(127) + &"]".repeat(127))).is_some());
        assert!(
            passes(&("[".repeat(100_000) + &"]".repeat(100_000))).is_none(),
            "no stack is deep enough for any text"
        );
    }

    /// Where serde finds the one value of a text.
    fn theirs(text: &str) -> Option<Place> {
        let raw: &RawValue = serde_json::from_str(text).ok()?;
        let start = raw.get().as_ptr() as usize - text.as_ptr() as usize;
        Some((u32::try_from(start).ok()?, u32::try_from(raw.get().len()).ok()?))
    }

    proptest! {
        /// Whatever pieces of JSON stand together: what serde takes we take, at the same place, and nothing else.
        #[test]
        fn the_same_texts_are_json_as_for_serde(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..12)) {
            let text = pieces.concat();
            prop_assert_eq!(passes(&text), theirs(&text), "{}", text);
        }

        #[test]
        fn a_damaged_answer_is_json_just_when_serde_takes_it(
            damages in prop::collection::vec((any::<prop::sample::Index>(), any::<bool>(), prop::sample::select(PIECES)), 0..4)
        ) {
            let mut text: Vec<char> = ANSWER.chars().collect();
            for (at, is_taken_out, piece) in damages {
                let at = at.index(text.len());
                text.splice(at..at + usize::from(is_taken_out), piece.chars().filter(|_| !is_taken_out));
            }
            let text: String = text.into_iter().collect();
            prop_assert_eq!(passes(&text), theirs(&text), "{}", text);
        }

        #[test]
        fn a_key_reads_as_for_serde(key in ".{0,20}", is_spelled_out: bool) {
            let spelled = key.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect::<Vec<_>>().concat();
            let text = if is_spelled_out { format!("\"{spelled}\"") } else { serde_json::to_string(&key).unwrap() };
            let member = format!("{text} :");
            prop_assert_eq!(Cursor::new(&member).key(), Ok(Cow::Borrowed(key.as_str())));
        }
    }

    const ANSWER: &str =
        r#" {"tổng": 2, "data": [ {"mã":"H\u00e0\"x", "phí":-1.5e+3, "xong":false}, [], {}, null, 0 ] }"#;

    const PIECES: &[&str] = &[
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "\\",
        "\"a\"",
        "\"Sở Công Thương\"",
        "\"mười hai chữ\\n\"",
        "\\u00e1",
        "\\ud83d",
        "-",
        "0",
        "12",
        ".5",
        "e3",
        "true",
        "false",
        "null",
        " ",
        "\n",
        "\t",
        "{\"a\":",
        "{\"ab\" : [",
        "[{}]",
        "[1, 2]",
        "\u{7f}",
        "\u{1}",
        "ă",
    ];
}
