//! Owns the clauses of a phrase: bound and points, range, rhythm; and the walk that finds them all.
//!
//! Plain words between clauses are passed over and reported; a number or a word of time that no clause
//! explains refuses the phrase.

use std::ops::Range;

use super::{
    Distance, DistanceUnit, Every, Limit, PhraseError, Refusal, Relative, Roll, Trigger,
    cursor::{Cursor, takes},
    points::{Point, What},
    words::{Kind, Word},
};

/// One clause as read, before clauses are put together.
#[derive(Debug)]
pub(super) enum Part {
    /// `is_bare` when no word of limit stood before them.
    Points {
        limit: Limit,
        points: Vec<Point>,
        is_bare: bool,
    },
    Window {
        from: Point,
        to: Option<Point>,
        limit: Limit,
    },
    /// Rhythms without a day.
    Rhythm(Rhythm),
    /// "Định kỳ" without a period.
    Periodic,
    /// "Và những năm tiếp theo".
    YearsAfter,
    /// `anchor` is the event's date where the phrase gives one.
    Relative {
        relative: Relative,
        anchor: Option<Point>,
        is_direction_open: bool,
    },
    Lasts {
        limit: Option<Limit>,
        count: u32,
        unit: DistanceUnit,
    },
    Roll(Roll),
    Standing,
    Triggered {
        by: Trigger,
        event: Range<usize>,
    },
    /// "Đầu kỳ, giữa kỳ, cuối kỳ": stages of a term that the office sets itself.
    Stages(Range<usize>),
    ExternalPlan(Range<usize>),
    Lunar {
        day: u32,
        month: u32,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rhythm {
    pub every: Vec<Every>,
    /// Only a number of times was given ("2 lần/năm").
    pub is_times: bool,
    /// "Báo cáo quý": in a bracket this names a report, elsewhere it is a rhythm.
    pub is_report: bool,
}

/// How a clause follows the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Joint {
    /// It is the first, or nothing stands between them.
    Adjacent,
    /// Words without meaning for time.
    Words,
    /// "Và", "hoặc".
    Conjunction,
    /// A comma, a semicolon, a bracket.
    Sign(char),
}

#[derive(Debug)]
pub(super) struct FoundPart {
    pub part: Part,
    pub joint: Joint,
    /// Words without meaning for time stand before it, whatever the joint.
    pub has_words: bool,
    /// Such words stand between the sign and it.
    pub has_words_behind_sign: bool,
    pub span: Range<usize>,
}

#[derive(Debug)]
pub(super) struct Parts {
    pub found: Vec<FoundPart>,
    /// Plain words that say nothing about time.
    pub passed_over: Vec<Range<usize>>,
}

impl Cursor<'_> {
    pub fn read_parts(&mut self) -> Result<Parts, PhraseError> {
        let mut parts = Parts { found: Vec::with_capacity(4), passed_over: Vec::new() };
        let mut joint = Joint::Adjacent;
        let mut words_from: Option<usize> = None;
        let mut has_words = false;
        let mut has_words_behind_sign = false;
        self.skip_numbering();
        while let Some(kind) = self.kind(0) {
            let start = self.at;
            if self.skip_label() {
                continue;
            }
            if let Some(part) = self.take_part_of_phrase(!parts.found.is_empty())? {
                if let Some(from) = words_from.take() {
                    parts.passed_over.push(self.span(from, start));
                    (has_words, has_words_behind_sign) = (true, true);
                }
                let span = self.span(start, self.at);
                parts.found.push(FoundPart { part, joint, has_words, has_words_behind_sign, span });
                (joint, has_words, has_words_behind_sign) = (Joint::Adjacent, false, false);
                continue;
            }
            debug_assert_eq!(self.at, start, "a clause that is not there takes nothing");
            let is_name = self.skip_name_with_number(!parts.found.is_empty());
            if !is_name {
                self.refuse_what_says_more(kind, start)?;
                self.at += 1;
            }
            match kind {
                Kind::Sign(sign) => {
                    if let Some(from) = words_from.take() {
                        parts.passed_over.push(self.span(from, start));
                        has_words = true;
                    }
                    has_words_behind_sign = false;
                    joint = Joint::Sign(sign);
                }
                Kind::Word(Word::Và | Word::Hoặc) => joint = Joint::Conjunction,
                Kind::Word(Word::Là | Word::Vào | Word::Ngày | Word::Hạn | Word::Cuối | Word::Cùng) if !is_name =>
                    {}
                Kind::Other | Kind::Word(_) | Kind::Number { .. } => {
                    words_from.get_or_insert(start);
                    if joint == Joint::Adjacent {
                        joint = Joint::Words;
                    }
                }
            }
        }
        if let Some(from) = words_from {
            parts.passed_over.push(self.span(from, self.tokens.len()));
        }
        Ok(parts)
    }

    /// Refuses what changes the meaning of a deadline, so that it may not be passed over.
    fn refuse_what_says_more(&self, kind: Kind, start: usize) -> Result<(), PhraseError> {
        let names_lunar = || self.tokens.iter().any(|t| t.kind == Kind::Word(Word::Âm));
        if matches!(kind, Kind::Word(Word::Rằm | Word::Âm)) || kind == Kind::Word(Word::Mùng) && !names_lunar() {
            return Err(self.refuse(Refusal::Lunar, start, self.tokens.len()));
        }
        let says_more = match kind {
            // "Hằng quý/đột xuất".
            Kind::Sign('/') if matches!(self.word(1), Some(Word::Đột | Word::Khi | Word::Hằng)) => false,
            Kind::Number { .. }
            | Kind::Sign('/' | '%' | '<' | '>' | '=' | '?' | '\u{fffd}')
            | Kind::Word(
                Word::Trừ
                | Word::Nếu
                | Word::Trước
                | Word::Sau
                | Word::Từ
                | Word::Không
                | Word::Muộn
                | Word::Hằng
                | Word::Sang
                | Word::Hơn
                | Word::Quá
                | Word::Đã,
            ) => true,
            // "Hai quý đầu năm", "quý V".
            Kind::Word(Word::Quý) => {
                self.quarter_number(1).is_some() || matches!(self.word(1), Some(Word::Đầu | Word::Cuối))
            }
            Kind::Word(Word::Tháng) => self.is_word(1, Word::Năm),
            // "Ngày đầu tiên và ngày cuối cùng của tháng": half of a list must not get lost.
            Kind::Word(Word::Ngày) => {
                let at = if self.is_word(1, Word::Làm) { 3 } else { 1 };
                matches!(self.word(at), Some(Word::Đầu | Word::Cuối))
            }
            // "Tuần 2 tháng 6", "tuần đầu tháng 9": offices number the weeks of a month differently.
            Kind::Word(Word::Tuần) => {
                self.figure(1, 2).is_some() || matches!(self.word(1), Some(Word::Đầu | Word::Cuối | Word::Thứ))
            }
            // "Kỳ họp giữa năm 2025": the part was refused, so the year alone would be wrong.
            Kind::Word(Word::Đầu | Word::Giữa | Word::Cuối) => {
                matches!(self.word(1), Some(Word::Năm | Word::Tháng | Word::Quý)) && !self.is_word(2, Word::Học)
            }
            // "Tính đến 31/12" closes figures, it is no deadline.
            Kind::Word(Word::Tính) => self.is_word(1, Word::Đến),
            // Another way out must be one that we understand.
            Kind::Word(Word::Hoặc) => matches!(self.kind(1), None | Some(Kind::Other)),
            Kind::Other => self.is_broken_word(),
            Kind::Word(_) | Kind::Sign(_) => false,
        };
        if !says_more {
            return Ok(());
        }
        let is_letter = |at: usize| matches!(self.tokens.get(at).map(|t| t.kind), Some(Kind::Other | Kind::Word(_)));
        let is_glued = |at: usize| self.tokens.get(at).is_some_and(|t| !t.has_gap);
        // "1x/02/2023": a letter stands where a figure was.
        let is_broken = matches!(kind, Kind::Other | Kind::Sign('?' | '\u{fffd}'));
        let is_damaged = is_broken
            || matches!(kind, Kind::Number { .. })
                && (start > 0 && is_glued(start) && is_letter(start - 1)
                    || is_glued(start + 1) && is_letter(start + 1));
        let refusal = if is_damaged { Refusal::Damaged } else { Refusal::NotUnderstood };
        let from = if is_damaged && start > 0 && is_glued(start) { start - 1 } else { start };
        Err(self.refuse(refusal, from, self.tokens.len()))
    }

    fn take_part_of_phrase(&mut self, has_earlier: bool) -> Result<Option<Part>, PhraseError> {
        if let Some(roll) = self.take_roll() {
            return Ok(Some(Part::Roll(roll)));
        }
        if let Some(part) = self.take_undated(has_earlier) {
            return Ok(Some(part));
        }
        // "2025 và hằng năm"; elsewhere "và hằng năm" begins a rhythm.
        let is_behind_year = self.at > 0 && matches!(self.tokens[self.at - 1].kind, Kind::Number { digits: 4, .. });
        if has_earlier
            && (takes!(self, Và Các Năm Tiếp Theo | Và Các Năm Sau | Và Các Năm Tiếp | Các Năm Tiếp Theo | Và Năm Tiếp Theo)
                || is_behind_year && takes!(self, Và Hằng Năm))
        {
            return Ok(Some(Part::YearsAfter));
        }
        if let Some(part) = self.take_rhythm().or_else(|| self.take_full_moon()) {
            return Ok(Some(part));
        }
        if let Some(part) = self.take_hours_of_day()? {
            return Ok(Some(part));
        }
        if let Some(part) = self.take_relative()? {
            return Ok(Some(part));
        }
        if let Some(part) = self.take_window()? {
            return Ok(Some(part));
        }
        let start = self.at;
        if takes!(self, Sớm Nhất Vào | Sớm Nhất Là | Sớm Nhất) {
            if let Some(from) = self.take_end(None)? {
                return Ok(Some(Part::Window { from, to: None, limit: Limit::NotAfter }));
            }
            self.at = start;
        }
        let limit = self.take_limit();
        let points = self.take_points()?;
        if !points.is_empty() {
            let _ = takes!(self, Là Hạn Cuối Cùng | Là Hạn Cuối | Dương Lịch);
            if let Some(lunar) = self.take_lunar(&points, start)? {
                return Ok(Some(lunar));
            }
            return Ok(Some(Part::Points {
                limit: limit.unwrap_or(Limit::NotAfter),
                points,
                is_bare: limit.is_none(),
            }));
        }
        if limit == Some(Limit::Before)
            && let Some(part) = self.take_before_event()
        {
            return Ok(Some(part));
        }
        self.at = start;
        Ok(None)
    }

    /// "Trước ngày", "chậm nhất là ngày", "đến hết", "hạn cuối", "trong"; "trước" outweighs the others.
    pub fn take_limit(&mut self) -> Option<Limit> {
        let mut limit = None;
        loop {
            if takes!(self, Trước Hoặc Trong | Trước Hoặc Vào | Trước Và Trong | Trước Hết | Không Muộn Quá | Không Muộn Hơn
                | Không Chậm Quá | Không Chậm Hơn | Không Quá)
            {
                limit = Some(Limit::NotAfter);
            } else if takes!(self, Trước Thời Hạn | Trước Thời Điểm | Trước) {
                limit = Some(Limit::Before);
            } else if takes!(self, Chậm Nhất | Muộn Nhất | Đến Hết | Hạn Cuối Cùng | Hạn Cuối | Thời Hạn
                | Hết Hạn | Hết | Đến | Trong Thời Gian | Trong Vòng | Trong | Vào | Khoảng)
            {
                limit = limit.or(Some(Limit::NotAfter));
            } else if limit.is_none() || !(takes!(self, Là | Các) || self.take_sign(&[':'])) {
                return limit;
            }
        }
    }

    /// "Rằm tháng 8": the 15th of a lunar month.
    fn take_full_moon(&mut self) -> Option<Part> {
        self.attempt(|c| {
            if !takes!(c, Rằm Tháng) {
                return None;
            }
            let (month, _) = c.take_number().filter(|(month, _)| (1..=12).contains(month))?;
            let _ = takes!(c, Âm Lịch);
            Some(Part::Lunar { day: 15, month })
        })
    }

    /// "25/10 âm lịch": never to be taken for a solar date.
    fn take_lunar(&mut self, points: &[Point], start: usize) -> Result<Option<Part>, PhraseError> {
        let mark = self.attempt(|c| {
            let is_open = c.take_sign(&['(']);
            if !takes!(c, Âm Lịch | Âm) {
                return None;
            }
            let _ = is_open && c.take_sign(&[')']);
            Some(())
        });
        match (mark, points) {
            (None, _) => Ok(None),
            (
                Some(()),
                [
                    Point {
                        what: What::Day { day: super::DayOf::Number(day), month: Some(month), year: None }, ..
                    },
                ],
            ) => Ok(Some(Part::Lunar { day: *day, month: *month })),
            // Which of several dates are lunar nobody can say.
            (Some(()), _) => Err(self.refuse(Refusal::Lunar, start, self.at)),
        }
    }

    pub fn skip_plain_words(&mut self) {
        while matches!(self.kind(0), Some(Kind::Other | Kind::Word(Word::Thành | Word::Xong))) {
            self.at += 1;
        }
    }
}

/// A number of days, months or hours before (negative) or after an event.
pub(super) fn offset(count: i32, unit: DistanceUnit) -> Distance {
    Distance { count, unit, time: None }
}
