//! Owns what looks like a deadline and is a name: numbers of lists, documents, terms, rooms and reports, and
//! brackets that only explain a date.

use unicode_normalization::UnicodeNormalization as _;

use super::{
    cursor::{Cursor, takes},
    words::{Kind, Word},
};

impl Cursor<'_> {
    /// "1. Trước ngày …", "2) …", "1.1. Tháng 3": the number of a list.
    pub fn skip_numbering(&mut self) {
        let is_number = |at: usize| self.figure(at, 2).is_some() && matches!(self.sign(at + 1), Some('.' | ')'));
        let is_text = |at: usize| matches!(self.kind(at), Some(Kind::Word(_) | Kind::Other));
        if is_number(0) && is_text(2) {
            self.at += 2;
        } else if is_number(0) && is_number(2) && matches!(self.kind(4), Some(Kind::Word(_))) {
            self.at += 4;
        }
    }

    /// "Thời hạn:", "thời gian hoàn thành:" before the deadline itself.
    pub fn skip_label(&mut self) -> bool {
        let label = self.attempt(|c| {
            if !takes!(c, Thời Hạn | Thời Gian | Hạn Cuối | Hạn) {
                return None;
            }
            c.skip_plain_words();
            c.take_sign(&[':']).then_some(())
        });
        label.is_some()
    }

    /// "Trưc ngày", "tr ngày": what is left of a word of limit, which must not be lost.
    pub fn is_broken_word(&self) -> bool {
        let names_day = self.is_word(1, Word::Ngày) || self.figure(1, 2).is_some();
        let letters: String = self.spelt(0).nfd().filter(char::is_ascii_alphabetic).collect();
        let is_abbreviation = self.spelt(0).chars().any(char::is_uppercase);
        let has_vowel = letters.contains(['a', 'e', 'i', 'o', 'u', 'y']);
        names_day && !is_abbreviation && (!has_vowel || strsim::levenshtein(&letters, "truoc") <= 1)
    }

    /// "Học kỳ I", "đợt 2", "tuần 1 – 2", "lần thứ 3", "số 12/KH-UBND ngày 5/3/2023", "90%": the number is
    /// part of a name.
    pub fn skip_name_with_number(&mut self, has_earlier: bool) -> bool {
        self.skip_document()
            || self.skip_years_of_a_name()
            || self.skip_gloss(has_earlier)
            || self.skip_day_of_a_name()
            || self.skip_number_of_a_name(has_earlier)
            || self.skip_numbered_noun()
    }

    /// "Văn bản ngày 10 tháng 3 năm 2020", "chào mừng ngày 20/11", "tăng 15% so với năm 2024": the day belongs
    /// to what is named after it or compared with it.
    fn skip_day_of_a_name(&mut self) -> bool {
        if takes!(self, So Với) {
            let _ = self.take_words_of_clause();
            return true;
        }
        let is_dated = self.is_word(0, Word::Bản) && self.is_word(1, Word::Ngày) || self.is_word(0, Word::Mừng);
        if !is_dated {
            return false;
        }
        self.at += 1;
        let start = self.at;
        if !self.take_point(&mut Vec::new()).unwrap_or(false) {
            self.at = start;
        }
        true
    }

    /// "Báo cáo năm 2023 trước ngày …", "Thông tư 02/2023", "Đề án 06 trước …", "90%", "(báo cáo 6 tháng)".
    fn skip_number_of_a_name(&mut self, has_earlier: bool) -> bool {
        let is_limit =
            |k: Kind| matches!(k, Kind::Word(Word::Trước | Word::Chậm | Word::Muộn | Word::Hết | Word::Trong));
        let has_deadline = has_earlier || self.tokens[self.at..].iter().any(|t| is_limit(t.kind));
        let is_month_of_year = matches!(self.sign(1), Some('/')) && self.year(2).is_some();
        let is_in_name = self.figure(0, 2).is_some() && !self.stands_free();
        let is_report = self.at > 0 && self.tokens[self.at - 1].kind == Kind::Word(Word::Cáo);
        let length = if self.is_word(0, Word::Năm) && self.year(1).is_some() && has_deadline {
            2
        } else if is_in_name && is_month_of_year {
            3
        } else if is_in_name && (self.begins_limit(1) || self.is_word(1, Word::Từ)) {
            1
        } else if matches!(self.kind(0), Some(Kind::Number { .. })) && self.is_sign(1, '%')
            || is_report && self.figure(0, 2).is_some() && self.is_word(1, Word::Tháng)
        {
            2
        } else if has_earlier && self.is_word(0, Word::Theo) {
            // Behind a date, "theo Kế hoạch số …" only quotes the document that set it.
            let _ = self.take_words_of_clause();
            return true;
        } else {
            return false;
        };
        self.at += length;
        true
    }

    /// "Học kỳ I", "đợt 2", "mục 3.2", "tuần 1 – 2", "lần thứ 3".
    fn skip_numbered_noun(&mut self) -> bool {
        let named = self.attempt(|c| {
            let is_ordinal_name = c.is_word(0, Word::Thứ)
                && c.at > 0
                && c.tokens[c.at - 1].kind == Kind::Other
                && c.figure(1, 3).is_some();
            let is_instalment = c.figure(1, 1).is_some() && c.is_sign(2, ':') && takes!(c, Kỳ);
            let is_noun = is_instalment || takes!(c, Đợt | Khóa | Lần | Vòng | Số);
            if !(is_noun || takes!(c, Học Kỳ | Tuần) || is_ordinal_name) {
                return None;
            }
            let _ = takes!(c, Thứ | Số);
            let is_number = c.quarter_number(0).is_some_and(|n| n > 0) || c.figure(0, 3).is_some();
            let separates = |ahead: usize| c.sign(ahead).is_some_and(|s| "/.-".contains(s));
            let is_whole_date = separates(3) && c.figure(4, 4).is_some();
            let begins_date = c.figure(2, 4).is_some()
                && match c.sign(1) {
                    Some('/' | '.') => !is_noun || is_whole_date,
                    Some('-') => is_whole_date,
                    _ => false,
                };
            let of_month = c.is_word(1, Word::Tháng)
                || matches!(c.word(1), Some(Word::Của | Word::Trong)) && c.is_word(2, Word::Tháng);
            if !is_number || begins_date || of_month {
                return None;
            }
            c.at += 1;
            // "Mục 3.2", "đợt 1/2023", "tuần 1 – 2".
            let goes_on = c.sign(0).is_some_and(|s| "/.-,".contains(s)) && c.figure(1, 4).is_some();
            let next_is_date = c.sign(2).is_some_and(|s| "/.-".contains(s));
            if goes_on && !next_is_date && (is_noun || matches!(c.sign(0), Some('-' | ','))) {
                c.at += 2;
            }
            // "Quyết định số 12 ngày 15/3/2023".
            let start = c.at;
            if !(is_noun && c.is_word(0, Word::Ngày) && c.take_point(&mut Vec::new()).unwrap_or(false)) {
                c.at = start;
            }
            Some(())
        });
        named.is_some()
    }

    /// "61/2018/NĐ-CP", "số 5392/KH-UBND ngày 26/10/2022": neither is a deadline.
    fn skip_document(&mut self) -> bool {
        let found = self.attempt(|c| {
            let _ = takes!(c, Số);
            if !matches!(c.kind(0), Some(Kind::Number { .. })) || !c.is_sign(1, '/') {
                return None;
            }
            let letters = if c.year(2).is_some() && c.is_sign(3, '/') { 4 } else { 2 };
            let is_symbol = c.spelt(letters).chars().next().is_some_and(char::is_uppercase);
            if !is_symbol || c.tokens.get(c.at + letters).is_none_or(|t| t.has_gap) {
                return None;
            }
            c.at += letters + 1;
            while c.tokens.get(c.at).is_some_and(|t| !t.has_gap && !matches!(t.kind, Kind::Sign(',' | ';' | ')' | '.')))
            {
                c.at += 1;
            }
            let mut dates = Vec::new();
            let start = c.at;
            if !(c.is_word(0, Word::Ngày) && c.take_point(&mut dates).unwrap_or(false)) {
                c.at = start;
            }
            Some(())
        });
        found.is_some()
    }

    /// "Năm học 2019-2020" names the year that the dates belong to (see [`Cursor::school_year`]); "nhiệm kỳ
    /// 2021-2026", "khóa 2020-2024" and "tầm nhìn đến năm 2050" name nothing that is due.
    fn skip_years_of_a_name(&mut self) -> bool {
        let found = self.attempt(|c| {
            if takes!(c, Nhìn) {
                let _ = takes!(c, Đến);
                let _ = takes!(c, Năm);
            } else if !takes!(c, Năm Học | Kỳ | Khóa) {
                return None;
            }
            c.year(0)?;
            c.at += 1;
            if c.is_sign(0, '-') && c.figure(1, 4).is_some() {
                c.at += 2;
            }
            Some(())
        });
        found.is_some()
    }

    /// "(1)", "(17 tuần)", "(trong đó Sở 15 ngày, …)" behind a deadline: a footnote, a length, its parts.
    fn skip_gloss(&mut self, has_earlier: bool) -> bool {
        let found = self.attempt(|c| {
            if !(has_earlier && c.take_sign(&['(', '['])) {
                return None;
            }
            let is_footnote = c.figure(0, 2).is_some() && (matches!(c.sign(1), Some(')' | ']')) || c.spelt(1) == "Tết");
            let counts = |at: usize| {
                c.figure(at, 3).is_some()
                    && matches!(c.word(at + 1), Some(Word::Tuần | Word::Ngày | Word::Tháng | Word::Giờ))
            };
            let is_length = (counts(0) || counts(1)) && c.figure(2, 4).is_none();
            let is_parts = matches!(c.word(0), Some(Word::Trong)) && c.spelt(1) == "đó";
            let end = (c.at..c.tokens.len()).find(|i| matches!(c.tokens[*i].kind, Kind::Sign(')' | ']')))?;
            let has_date =
                (c.at..end).any(|i| matches!(c.tokens[i].kind, Kind::Sign('/') | Kind::Word(Word::Trước | Word::Kể)));
            if !(is_footnote || is_parts || is_length && !has_date) {
                return None;
            }
            c.at = end + 1;
            Some(())
        });
        found.is_some()
    }

    /// The first year of "năm học 2019-2020", anywhere in the phrase.
    pub fn school_year(&self) -> Option<i32> {
        (self.at..self.tokens.len().saturating_sub(4)).find_map(|at| {
            let c = Cursor { text: self.text, tokens: self.tokens, at };
            let is_named = c.is_word(0, Word::Năm) && c.is_word(1, Word::Học) && c.is_sign(3, '-');
            c.year(2).filter(|_| is_named)
        })
    }
}
