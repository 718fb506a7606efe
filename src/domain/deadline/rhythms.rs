//! Owns rhythms ("hằng quý", "6 tháng một lần", "2 lần/năm") and what happens to a date on a day off.

use super::{
    Every, Roll,
    clauses::{Part, Rhythm},
    cursor::{Cursor, takes},
    words::{Kind, Word},
};

impl Cursor<'_> {
    /// "Hằng năm", "định kỳ 6 tháng một lần", "2 lần/năm", "quý, 6 tháng, năm".
    pub fn take_rhythm(&mut self) -> Option<Part> {
        let start = self.at;
        let is_periodic = takes!(self, Theo Định Kỳ | Định Kỳ);
        let is_by = takes!(self, Theo | Vào);
        let is_report = start > 0 && self.tokens[start - 1].kind == Kind::Word(Word::Cáo);
        let after_head = self.at;
        if let Some((first, is_times)) = self.take_one_rhythm(is_periodic || is_by || is_report) {
            let mut every = vec![first];
            while let Some(next) = self.attempt(|c| {
                let is_joined = c.take_sign(&[',', '/', ';']) | takes!(c, Và);
                is_joined.then(|| c.take_one_rhythm(true))?
            }) {
                every.push(next.0);
            }
            return Some(Part::Rhythm(Rhythm { every, is_times, is_report }));
        }
        if let Some(every) = self.take_list_of_spans() {
            return Some(Part::Rhythm(Rhythm { every, is_times: false, is_report }));
        }
        if is_periodic {
            self.at = after_head;
            return Some(Part::Periodic);
        }
        self.at = start;
        None
    }

    /// "6 tháng, 1 năm": a list of spans is a rhythm, one alone would be a duration.
    fn take_list_of_spans(&mut self) -> Option<Vec<Every>> {
        self.attempt(|c| {
            let mut list = Vec::new();
            while let Some(every) = c.attempt(|c| c.take_rhythm_span().filter(|_| !c.is_numbered_or_part())) {
                list.push(every);
                if !(matches!(c.sign(0), Some(',' | '/')) || c.is_word(0, Word::Và)) {
                    break;
                }
                c.at += 1;
            }
            (list.len() >= 2).then_some(list)
        })
    }

    /// "Quý II", "tháng 6", "năm 2025": a number makes a name of the unit before it.
    fn is_numbered(&self) -> bool {
        self.quarter_number(0).is_some() || self.figure(0, 4).is_some() || self.is_number_in_words(0)
    }

    /// "6 tháng đầu", "năm trước", "tháng thứ 2"; but "quý, trước ngày 15" begins another clause.
    fn is_numbered_or_part(&self) -> bool {
        let begins_limit = matches!(self.word(1), Some(Word::Ngày | Word::Tháng | Word::Khi | Word::T))
            || matches!(self.kind(1), Some(Kind::Number { .. }));
        self.is_numbered()
            || match self.word(0) {
                Some(Word::Đầu | Word::Cuối | Word::Sau | Word::Tiếp | Word::Kế | Word::Thứ | Word::Liền) => {
                    true
                }
                Some(Word::Trước) => !begins_limit,
                _ => false,
            }
    }

    /// "6 tháng", "1 năm", "quý", "nửa năm".
    fn take_rhythm_span(&mut self) -> Option<Every> {
        self.attempt(|c| {
            if takes!(c, Nửa Năm) {
                return Some(Every::Months(6));
            }
            let is_counted = matches!(c.kind(0), Some(Kind::Number { .. })) || c.is_number_in_words(0);
            let count = if is_counted { c.take_number()?.0 } else { 1 };
            if count == 0 {
                return None;
            }
            if takes!(c, Tuần) {
                Some(Every::Weeks(count))
            } else if takes!(c, Tháng) {
                Some(Every::Months(count))
            } else if !c.is_word(1, Word::Định) && takes!(c, Quý) {
                Some(Every::Months(count * 3))
            } else if c.is_word(0, Word::Năm) && !c.is_word(1, Word::Học) {
                c.at += 1;
                Some(Every::Months(count * 12))
            } else {
                None
            }
        })
    }

    /// One rhythm; the second value says that only a number of times was given. `is_bare` allows the
    /// unit alone.
    fn take_one_rhythm(&mut self, is_bare: bool) -> Option<(Every, bool)> {
        self.attempt(|c| {
            let _ = takes!(c, Định Kỳ);
            let _ = takes!(c, Ít Nhất | Tối Thiểu);
            let is_each_of = c.is_word(0, Word::Các) && matches!(c.word(1), Some(Word::Quý | Word::Tháng));
            let has_each = takes!(c, Hằng | Mỗi) || is_each_of && takes!(c, Các);
            if let Some((every, times)) = c.take_times_per_unit() {
                return Some((every, times > 1));
            }
            let every = c.take_rhythm_span()?;
            let times = c.attempt(|c| {
                // "Mỗi năm họp ít nhất 02 lần", "3 tháng báo cáo một lần".
                if !c.take_sign(&['/']) {
                    let is_plain = |ahead: &usize| {
                        matches!(c.kind(*ahead), Some(Kind::Other | Kind::Word(Word::Báo | Word::Cáo | Word::Đợt)))
                    };
                    c.at += (0..3).take_while(is_plain).count();
                    let _ = takes!(c, Ít Nhất | Tối Thiểu);
                }
                let times = c.take_number().map_or(1, |n| n.0);
                takes!(c, Lần).then_some(times)
            });
            match times {
                Some(1) => Some((every, false)),
                Some(n) => Some((every.divided(n)?, true)),
                None => {
                    // "Mỗi tháng 02 ngày: …" counts days, it names no month.
                    let counts = has_each && c.figure(0, 2).is_some() && c.is_word(1, Word::Ngày);
                    let is_each = has_each && (counts || !c.is_numbered());
                    (is_each || is_bare && !c.is_numbered_or_part()).then_some((every, false))
                }
            }
        })
    }

    /// "2 lần/năm", "1 lần trong tháng", "ít nhất 02 lần một năm".
    fn take_times_per_unit(&mut self) -> Option<(Every, u32)> {
        self.attempt(|c| {
            let _ = takes!(c, Ít Nhất | Tối Thiểu);
            let (times, _) = c.take_number()?;
            if !takes!(c, Lần) {
                return None;
            }
            let _ = c.take_sign(&['/']);
            c.skip(&[Word::Trong, Word::Mỗi, Word::Hằng, Word::Một]);
            Some((c.take_rhythm_span()?.divided(times)?, times))
        })
    }

    /// "Nếu trùng vào ngày nghỉ thì chuyển sang ngày làm việc tiếp theo".
    pub fn take_roll(&mut self) -> Option<Roll> {
        self.attempt(|c| {
            if !(takes!(c, Nếu | Trường Hợp) || c.is_word(0, Word::Trùng)) {
                return None;
            }
            let begin = c.at;
            while !c.is_at_end() && !matches!(c.sign(0), Some(')' | ';')) {
                c.at += 1;
            }
            let says = |words: &[Word]| {
                (begin..c.at).any(|i| matches!(c.tokens[i].kind, Kind::Word(word) if words.contains(&word)))
            };
            let names_day_off =
                says(&[Word::Nghỉ, Word::Lễ, Word::Nghị, Word::Nhật]) && says(&[Word::Trùng, Word::Vào, Word::Là]);
            if !names_day_off {
                None
            } else if says(&[Word::Gần]) {
                Some(Roll::Nearest)
            } else if says(&[Word::Tiếp, Word::Sau, Word::Kế, Word::Kề]) {
                Some(Roll::NextWorkingDay)
            } else if says(&[Word::Trước]) {
                Some(Roll::PreviousWorkingDay)
            } else {
                None
            }
        })
    }
}

impl Every {
    /// The rhythm of `times` equal parts, where the parts are whole.
    fn divided(self, times: u32) -> Option<Self> {
        match self {
            Self::Months(months) if times > 0 && months % times == 0 => Some(Self::Months(months / times)),
            Self::Weeks(weeks) if times > 0 && weeks % times == 0 => Some(Self::Weeks(weeks / times)),
            // "2 lần/tháng": no rhythm we could place; twice is at least once.
            Self::Months(1) | Self::Weeks(1) if times > 1 => Some(self),
            Self::Months(_) | Self::Weeks(_) => None,
        }
    }
}
