//! Owns the walk over the tokens of a phrase: words, numbers in figures or in words, times of day.

use std::ops::Range;

use chrono::{NaiveTime, Timelike, Weekday};

use super::{
    PhraseError, Refusal,
    words::{Kind, Token, Word},
};

/// Takes the first of the word sequences that stands at the cursor: `takes!(cursor, Chậm Nhất | Đến Hết)`.
macro_rules! takes {
    ($cursor:expr, $($($word:ident)+)|+) => {
        $cursor.take_any(&[$(&[$($crate::domain::deadline::words::Word::$word),+]),+])
    };
}
pub(super) use takes;

/// A time of day that was named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TimeOfDay {
    /// An hour; "sáng" ends at noon.
    At(NaiveTime),
    /// "Chiều", "giờ hành chính": no more than the day.
    Day,
}

impl TimeOfDay {
    pub fn hour(self) -> Option<NaiveTime> {
        match self {
            Self::At(time) => Some(time),
            Self::Day => None,
        }
    }
}

/// A place in the tokens of one phrase.
pub(super) struct Cursor<'a> {
    pub text: &'a str,
    pub tokens: &'a [Token],
    pub at: usize,
}

impl Cursor<'_> {
    pub fn kind(&self, ahead: usize) -> Option<Kind> {
        self.tokens.get(self.at + ahead).map(|t| t.kind)
    }

    pub fn word(&self, ahead: usize) -> Option<Word> {
        match self.kind(ahead) {
            Some(Kind::Word(word)) => Some(word),
            _ => None,
        }
    }

    pub fn sign(&self, ahead: usize) -> Option<char> {
        match self.kind(ahead) {
            Some(Kind::Sign(sign)) => Some(sign),
            _ => None,
        }
    }

    pub fn is_at_end(&self) -> bool {
        self.at >= self.tokens.len()
    }

    pub fn is_word(&self, ahead: usize, word: Word) -> bool {
        self.kind(ahead) == Some(Kind::Word(word))
    }

    pub fn is_sign(&self, ahead: usize, sign: char) -> bool {
        self.kind(ahead) == Some(Kind::Sign(sign))
    }

    /// Takes the first of the sequences that follows.
    pub fn take_any(&mut self, sequences: &[&[Word]]) -> bool {
        let Some(Kind::Word(first)) = self.kind(0) else { return false };
        for words in sequences {
            if words[0] == first && words.iter().enumerate().all(|(i, word)| self.is_word(i, *word)) {
                self.at += words.len();
                return true;
            }
        }
        false
    }

    /// Takes every word of the set that follows, in any order.
    pub fn skip(&mut self, words: &[Word]) {
        while self.word(0).is_some_and(|word| words.contains(&word)) {
            self.at += 1;
        }
    }

    pub fn take_sign(&mut self, signs: &[char]) -> bool {
        let found = self.sign(0).is_some_and(|sign| signs.contains(&sign));
        self.at += usize::from(found);
        found
    }

    /// What `take` returns; the cursor stays where it was when that is nothing.
    pub fn attempt<T>(&mut self, take: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        let start = self.at;
        let taken = take(self);
        if taken.is_none() {
            self.at = start;
        }
        taken
    }

    /// A number in figures with at most `digits` digits, `ahead` tokens on.
    pub fn figure(&self, ahead: usize, digits: usize) -> Option<u32> {
        match self.kind(ahead) {
            Some(Kind::Number { value, digits: n }) if n <= digits => Some(value),
            _ => None,
        }
    }

    /// The year in four figures, `ahead` tokens on.
    pub fn year(&self, ahead: usize) -> Option<i32> {
        match self.kind(ahead) {
            Some(Kind::Number { value, digits: 4 }) if (1900..=2100).contains(&value) => i32::try_from(value).ok(),
            _ => None,
        }
    }

    /// A year in four figures, or in two behind a complete date.
    pub fn any_year(&self, ahead: usize) -> Option<i32> {
        self.year(ahead).or_else(|| match self.kind(ahead) {
            Some(Kind::Number { value, digits: 2 }) => i32::try_from(value).ok().map(|y| 2000 + y),
            _ => None,
        })
    }

    /// A number of at most three digits in figures, in words, or as "15 (mười lăm)"; the second value
    /// says that it was doubled so, which only the texts of laws do.
    pub fn take_number(&mut self) -> Option<(u32, bool)> {
        if let Some(value) = self.figure(0, 3) {
            self.at += 1;
            let doubling = self.attempt(|c| {
                let is_open = c.take_sign(&['(']);
                // "05 (năm)": alone the word would be a year.
                let is_five = value == 5 && c.is_sign(1, ')') && takes!(c, Năm);
                let is_same = is_five || c.take_number_in_words() == Some(value);
                (is_open && is_same && c.take_sign(&[')'])).then_some(())
            });
            return Some((value, doubling.is_some()));
        }
        self.take_number_in_words().map(|value| (value, false))
    }

    fn take_number_in_words(&mut self) -> Option<u32> {
        let first = self.word(0).filter(|_| self.is_number_in_words(0))?;
        let second_is_ten = self.is_word(1, Word::Mười);
        let (value, length) = match (first, second_is_ten) {
            (Word::Mười, _) => match self.word(1).and_then(ones) {
                Some(one) => (10 + one, 2),
                None => (10, 1),
            },
            (_, true) => match self.word(2).filter(|w| *w != Word::Năm).and_then(ones) {
                Some(one) => (ones(first)? * 10 + one, 3),
                None => (ones(first)? * 10, 2),
            },
            _ => (ones(first)?, 1),
        };
        self.at += length;
        Some(value)
    }

    /// Whether a number in words stands `ahead` tokens on. "Năm" alone is a year, not a five.
    pub fn is_number_in_words(&self, ahead: usize) -> bool {
        self.word(ahead).is_some_and(|word| match word {
            Word::Năm => match self.word(ahead + 1) {
                Some(Word::Năm | Word::Mười) => true,
                Some(Word::Ngày | Word::Giờ) => !matches!(self.kind(ahead + 2), Some(Kind::Number { .. })),
                _ => false,
            },
            Word::Mười => true,
            other => ones(other).is_some(),
        })
    }

    /// "17 giờ", "17h00", "17:00", "17 giờ 30 phút", "sáng", "chiều".
    pub fn take_time(&mut self) -> Result<Option<TimeOfDay>, PhraseError> {
        let start = self.at;
        self.skip(&[Word::Lúc, Word::Vào]);
        if takes!(self, Sáng) {
            return Ok(NaiveTime::from_hms_opt(12, 0, 0).map(TimeOfDay::At));
        }
        if takes!(self, Chiều | Trưa | Hết Giờ Làm Việc | Giờ Làm Việc) {
            return Ok(Some(TimeOfDay::Day));
        }
        let Some(time) = self.take_clock()? else {
            self.at = start;
            return Ok(None);
        };
        let is_afternoon = takes!(self, Chiều) || self.is_evening() && takes!(self, Tối);
        if !is_afternoon {
            self.skip(&[Word::Sáng, Word::Trưa]);
        }
        // "5 giờ chiều" is 17:00.
        let time = match time.hour() {
            hour @ 1..12 if is_afternoon => time.with_hour(hour + 12).unwrap_or(time),
            _ => time,
        };
        Ok(Some(TimeOfDay::At(time)))
    }

    /// "Tối" as the evening, not as in "tối đa".
    fn is_evening(&self) -> bool {
        !matches!(self.word(1), Some(Word::Đa | Word::Thiểu))
    }

    fn take_clock(&mut self) -> Result<Option<NaiveTime>, PhraseError> {
        let start = self.at;
        let Some(hour) = self.figure(0, 2) else { return Ok(None) };
        // "Trong 36 giờ" is a length of time.
        if hour > 24 && !matches!(self.word(2), Some(Word::Ngày)) {
            return Ok(None);
        }
        let minute = if self.is_word(1, Word::Giờ) {
            self.at += 2;
            let is_minute = !matches!(self.sign(1), Some('/' | '-' | '.')) && !self.is_word(1, Word::Tháng);
            match self.figure(0, 2).filter(|_| is_minute) {
                Some(minute) => {
                    self.at += 1;
                    let _ = takes!(self, Phút);
                    minute
                }
                None => 0,
            }
        } else if self.is_sign(1, ':') {
            let Some(minute) = self.figure(2, 2) else { return Ok(None) };
            self.at += 3;
            minute
        } else {
            return Ok(None);
        };
        // "24 giờ" is the end of the day, as Bộ luật Dân sự 2015, Điều 148.6, has it.
        let time = if (hour, minute) == (24, 0) {
            NaiveTime::from_hms_opt(23, 59, 0)
        } else {
            NaiveTime::from_hms_opt(hour, minute, 0)
        };
        time.map(Some).ok_or_else(|| self.refuse(Refusal::NoSuchDate, start, self.at))
    }

    /// "thứ tư", "thứ 6", "chủ nhật".
    pub fn take_weekday(&mut self) -> Option<Weekday> {
        if takes!(self, Chủ Nhật | Chủ Nhất | Cn) {
            return Some(Weekday::Sun);
        }
        let names_week = matches!(self.word(2), Some(Word::Hằng | Word::Mỗi)) && self.is_word(3, Word::Tuần);
        let day = match (self.word(0), self.kind(1)) {
            (Some(Word::Thứ), Some(Kind::Number { value, digits: 1 })) => value,
            // "Th 6 hằng tuần" is a Friday, "th 6" June.
            (Some(Word::Th | Word::T), Some(Kind::Number { value, digits: 1 })) if names_week => value,
            (Some(Word::Thứ), Some(Kind::Word(Word::Bảy))) => 7,
            // Without marks "tư" is spelt like "từ".
            (Some(Word::Thứ), Some(Kind::Word(Word::Từ))) => 4,
            (Some(Word::Thứ), Some(Kind::Word(word @ (Word::Hai | Word::Ba | Word::Bốn | Word::Năm | Word::Sáu)))) => {
                ones(word)?
            }
            _ => return None,
        };
        let weekday = match day {
            2 => Weekday::Mon,
            3 => Weekday::Tue,
            4 => Weekday::Wed,
            5 => Weekday::Thu,
            6 => Weekday::Fri,
            7 => Weekday::Sat,
            _ => return None,
        };
        self.at += 2;
        Some(weekday)
    }

    /// The text of the token `ahead` of the cursor.
    pub fn spelt(&self, ahead: usize) -> &str {
        self.tokens.get(self.at + ahead).map_or("", |t| &self.text[t.start..t.end])
    }

    /// The bytes of the tokens from `from` up to, without, `to`.
    pub fn span(&self, from: usize, to: usize) -> Range<usize> {
        let start = self.tokens.get(from).map_or(self.text.len(), |t| t.start);
        let end = if to == 0 { start } else { self.tokens[to - 1].end };
        start..end.max(start)
    }

    /// Refuses the phrase for its tokens from `from` up to, without, `to`.
    pub fn refuse(&self, refusal: Refusal, from: usize, to: usize) -> PhraseError {
        PhraseError { refusal, span: self.span(from, to.max(from + 1).min(self.tokens.len())) }
    }

    /// ", hoàn thành trước 30/6", ", dự kiến quý IV/2025", ", từ ngày 01/7": words of the next deadline.
    fn begins_limit_behind_words(&self) -> bool {
        let is_plain = |ahead: &usize| {
            matches!(
                self.kind(*ahead),
                Some(Kind::Other | Kind::Word(Word::Thành | Word::Xong | Word::Báo | Word::Cáo))
            )
        };
        let at = 1 + (1..5).take_while(is_plain).count();
        self.begins_limit(at)
            || match self.word(at) {
                Some(Word::Quý | Word::Tháng) => matches!(self.kind(at + 1), Some(Kind::Number { .. } | Kind::Other)),
                Some(Word::Từ) => self.is_word(at + 1, Word::Ngày) && self.figure(at + 2, 2).is_some(),
                Some(Word::Không) => self.is_word(at + 1, Word::Quá),
                _ => false,
            }
    }

    pub fn begins_limit(&self, ahead: usize) -> bool {
        match self.word(ahead) {
            Some(Word::Trước) => {
                matches!(self.word(ahead + 1), Some(Word::Ngày)) || self.figure(ahead + 1, 2).is_some()
            }
            Some(Word::Chậm | Word::Muộn) => self.is_word(ahead + 1, Word::Nhất),
            _ => false,
        }
    }

    /// Whether what stands here may be a point in time although no word says so: behind a plain word a
    /// number is more often part of its name ("lớp 6/2", "Nghị định 08/2025").
    pub fn stands_free(&self) -> bool {
        self.at == 0
            || match self.tokens[self.at - 1].kind {
                Kind::Other => false,
                Kind::Sign(sign) => sign != '/',
                // "Thông tư 02/2023": "tư" is no four here.
                Kind::Word(Word::Bốn) => self.at < 2 || self.tokens[self.at - 2].kind != Kind::Word(Word::Thông),
                Kind::Word(word) => !matches!(
                    word,
                    Word::Số
                        | Word::Đợt
                        | Word::Khóa
                        | Word::Luật
                        | Word::Văn
                        | Word::Bản
                        | Word::Định
                        | Word::Nghị
                        | Word::Phút
                        | Word::Năm
                        | Word::Lúc
                ),
                Kind::Number { .. } => true,
            }
    }

    /// The words up to the end of the clause: a `;`, a `)` that closes none of theirs, or a roll clause.
    pub fn take_words_of_clause(&mut self) -> Range<usize> {
        let start = self.at;
        let mut depth = 0;
        while let Some(kind) = self.kind(0) {
            match kind {
                Kind::Sign('(') if self.is_word(1, Word::Nếu) => break,
                Kind::Sign(')' | ';') if depth == 0 => break,
                // "Khi có phát sinh, chậm nhất ngày 15": a deadline of its own.
                Kind::Sign(',') if self.begins_limit_behind_words() => break,
                Kind::Word(Word::Và) if matches!(self.word(1), Some(Word::Hằng | Word::Định)) => break,
                Kind::Sign('(') => depth += 1,
                Kind::Sign(')') => depth -= 1,
                _ => {}
            }
            self.at += 1;
        }
        let span = self.span(start, self.at);
        let trimmed = self.text[span.clone()].trim_end_matches([' ', '.', ',', ':']);
        span.start..span.start + trimmed.len()
    }
}

fn ones(word: Word) -> Option<u32> {
    match word {
        Word::Một => Some(1),
        Word::Hai => Some(2),
        Word::Ba => Some(3),
        Word::Bốn => Some(4),
        Word::Năm | Word::Lăm => Some(5),
        Word::Sáu => Some(6),
        Word::Bảy => Some(7),
        Word::Tám => Some(8),
        Word::Chín => Some(9),
        _ => None,
    }
}
