//! Owns the clauses of a phrase: bound and points, range, rhythm; and the walk that finds them all.
//!
//! Plain words between clauses are passed over and reported; a number or a word of time that no clause
//! explains refuses the phrase.

use std::ops::Range;

use unicode_normalization::UnicodeNormalization as _;

use super::{
    Distance, DistanceUnit, Every, Limit, PhraseError, Refusal, Relative, Roll, Trigger,
    cursor::{Cursor, TimeOfDay, takes},
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
    Relative {
        relative: Relative,
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
        self.skip_numbering();
        while let Some(kind) = self.kind(0) {
            let start = self.at;
            if self.skip_label() {
                continue;
            }
            if let Some(part) = self.take_part_of_phrase(!parts.found.is_empty())? {
                if let Some(from) = words_from.take() {
                    parts.passed_over.push(self.span(from, start));
                    has_words = true;
                }
                parts.found.push(FoundPart { part, joint, has_words, span: self.span(start, self.at) });
                (joint, has_words) = (Joint::Adjacent, false);
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

    /// "1. Trước ngày …", "2) …", "1.1. Tháng 3": the number of a list.
    fn skip_numbering(&mut self) {
        let is_number = |at: usize| self.figure(at, 2).is_some() && matches!(self.sign(at + 1), Some('.' | ')'));
        let is_text = |at: usize| matches!(self.kind(at), Some(Kind::Word(_) | Kind::Other));
        if is_number(0) && is_text(2) {
            self.at += 2;
        } else if is_number(0) && is_number(2) && matches!(self.kind(4), Some(Kind::Word(_))) {
            self.at += 4;
        }
    }

    /// "Thời hạn:", "thời gian hoàn thành:" before the deadline itself.
    fn skip_label(&mut self) -> bool {
        let label = self.attempt(|c| {
            if !takes!(c, Thời Hạn | Thời Gian | Hạn Cuối | Hạn) {
                return None;
            }
            c.skip_plain_words();
            c.take_sign(&[':']).then_some(())
        });
        label.is_some()
    }

    /// Refuses what changes the meaning of a deadline, so that it may not be passed over.
    fn refuse_what_says_more(&self, kind: Kind, start: usize) -> Result<(), PhraseError> {
        let names_lunar = || self.tokens.iter().any(|t| t.kind == Kind::Word(Word::Âm));
        if kind == Kind::Word(Word::Rằm) || kind == Kind::Word(Word::Mùng) && !names_lunar() {
            return Err(self.refuse(Refusal::Lunar, start, self.tokens.len()));
        }
        let says_more = match kind {
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

    /// "Trưc ngày", "tr ngày": what is left of a word of limit, which must not be lost.
    fn is_broken_word(&self) -> bool {
        let names_day = self.is_word(1, Word::Ngày) || self.figure(1, 2).is_some();
        let letters: String = self.spelt(0).nfd().filter(char::is_ascii_alphabetic).collect();
        let is_abbreviation = self.spelt(0).chars().any(char::is_uppercase);
        let has_vowel = letters.contains(['a', 'e', 'i', 'o', 'u', 'y']);
        names_day && !is_abbreviation && (!has_vowel || strsim::levenshtein(&letters, "truoc") <= 1)
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
            if let Some(lunar) = self.take_lunar(&points) {
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
    fn take_lunar(&mut self, points: &[Point]) -> Option<Part> {
        self.attempt(|c| {
            let is_open = c.take_sign(&['(']);
            if !takes!(c, Âm Lịch | Âm) {
                return None;
            }
            let _ = is_open && c.take_sign(&[')']);
            match points.first()?.what {
                What::Day { day: super::DayOf::Number(day), month: Some(month), .. } => {
                    Some(Part::Lunar { day, month })
                }
                _ => None,
            }
        })
    }

    // ----- ranges

    fn take_window(&mut self) -> Result<Option<Part>, PhraseError> {
        let start = self.at;
        let has_from = takes!(self, Kể Từ | Tính Từ | Bắt Đầu Từ | Từ);
        // "Từ nay đến D" has no beginning worth keeping.
        if has_from && takes!(self, Nay) {
            let limit = self.take_limit();
            let points = self.take_points()?;
            let is_bounded = limit.is_some() && !points.is_empty();
            self.at = if is_bounded { self.at } else { start };
            return Ok(limit.filter(|_| is_bounded).map(|limit| Part::Points { limit, points, is_bare: false }));
        }
        if !has_from {
            self.skip(&[Word::Trong, Word::Vào, Word::Khoảng]);
        }
        let Some(mut from) = self.take_end(None)? else {
            self.at = start;
            return Ok(None);
        };
        let Some(limit) = self.take_range_sign(has_from) else {
            if has_from {
                let _ = takes!(self, Trở Đi);
                if matches!(self.kind(0), None | Some(Kind::Sign(_) | Kind::Other)) {
                    return Ok(Some(Part::Window { from, to: None, limit: Limit::NotAfter }));
                }
            }
            self.at = start;
            return Ok(None);
        };
        if has_from && takes!(self, Nay) {
            return Ok(Some(Part::Window { from, to: None, limit }));
        }
        let Some(mut to) = self.take_end(Some(&from))? else {
            self.at = start;
            return Ok(None);
        };
        if !complete_window(&mut from, &mut to) {
            return Err(self.refuse(Refusal::Contradiction, start, self.at));
        }
        Ok(Some(Part::Window { from, to: Some(to), limit }))
    }

    /// "Từ 7 giờ đến 19 giờ ngày 23/5", "8h-17h ngày 15/3": hours of one day.
    fn take_hours_of_day(&mut self) -> Result<Option<Part>, PhraseError> {
        let start = self.at;
        let _ = takes!(self, Từ | Vào Từ);
        let first = self.take_time()?.and_then(TimeOfDay::hour);
        let is_range = first.is_some() && (self.take_sign(&['-']) || takes!(self, Đến));
        let mut to = Vec::new();
        if is_range
            && self.take_point(&mut to)?
            && to.len() == 1
            && let Some(to) = to.pop()
            && let (What::Day { month: Some(_), .. }, Some(_)) = (to.what, to.time)
        {
            let from = Point { time: first, ..to.clone() };
            return Ok(Some(Part::Window { from, to: Some(to), limit: Limit::NotAfter }));
        }
        self.at = start;
        Ok(None)
    }

    /// One end of a range: a single point; as its second end also the bare number of "tháng 4-6".
    fn take_end(&mut self, from: Option<&Point>) -> Result<Option<Point>, PhraseError> {
        let mut points = Vec::new();
        let start = self.at;
        // "Quý 1 - 2/2025": behind a quarter the number is one too.
        let is_quarter = matches!(from.map(|p| p.what), Some(What::Months { months: 3, .. }))
            && self.quarter_number(0).is_some_and(|n| n <= 4)
            && !(matches!(self.sign(1), Some('/' | '.' | '-')) && self.figure(2, 2).is_some());
        if !is_quarter && self.take_point(&mut points)? && points.len() == 1 {
            return Ok(points.pop());
        }
        points.clear();
        self.at = start;
        match from.map(|p| p.what) {
            Some(What::Months { months: 3, .. }) if self.quarter_number(0).is_some() => {
                let quarter = self.quarter_number(0).unwrap_or(0);
                self.at += 1;
                self.push_quarters(&mut points, &[quarter], start)?;
                Ok(points.pop())
            }
            Some(What::Months { months: 1, .. }) => {
                let Some(month) = self.figure(0, 2) else { return Ok(None) };
                self.at += 1;
                self.push_month(&mut points, month, start)?;
                Ok(points.pop())
            }
            _ => Ok(None),
        }
    }

    /// "-", "đến", "đến hết", "đến trước", "và hoàn thành trong".
    fn take_range_sign(&mut self, has_from: bool) -> Option<Limit> {
        self.attempt(|c| {
            let _ = c.take_sign(&[',']);
            if c.take_sign(&['-']) {
                return Some(c.take_limit().unwrap_or(Limit::NotAfter));
            }
            if c.is_word(0, Word::Đến) {
                return c.take_limit();
            }
            if has_from && takes!(c, Và) {
                c.skip_plain_words();
                return c.take_limit();
            }
            None
        })
    }

    fn skip_plain_words(&mut self) {
        while matches!(self.kind(0), Some(Kind::Other | Kind::Word(Word::Thành | Word::Xong))) {
            self.at += 1;
        }
    }

    // ----- rhythms

    /// "Hằng năm", "định kỳ 6 tháng một lần", "2 lần/năm", "quý, 6 tháng, năm".
    fn take_rhythm(&mut self) -> Option<Part> {
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
                if !(c.is_sign(0, ',') || c.is_word(0, Word::Và)) {
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
            let count = if matches!(c.kind(0), Some(Kind::Number { .. })) { c.take_number()?.0 } else { 1 };
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
            let is_each_of = c.is_word(0, Word::Các) && matches!(c.word(1), Some(Word::Quý | Word::Tháng));
            let has_each = takes!(c, Hằng | Mỗi) || is_each_of && takes!(c, Các);
            if let Some((every, times)) = c.take_times_per_unit() {
                return Some((every, times > 1));
            }
            let every = c.take_rhythm_span()?;
            let times = c.attempt(|c| {
                // "Mỗi năm họp ít nhất 02 lần".
                if has_each && !c.take_sign(&['/']) {
                    let words = (0..3).take_while(|ahead| c.kind(*ahead) == Some(Kind::Other)).count();
                    c.at += words;
                    let _ = takes!(c, Ít Nhất | Tối Thiểu);
                } else {
                    let _ = c.take_sign(&['/']);
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

    // ----- names with numbers

    /// "Học kỳ I", "đợt 2", "tuần 1 – 2", "lần thứ 3", "số 12/KH-UBND ngày 5/3/2023", "90%": the number is
    /// part of a name.
    fn skip_name_with_number(&mut self, has_earlier: bool) -> bool {
        if self.skip_document() || self.skip_years_of_a_name() || self.skip_gloss(has_earlier) {
            return true;
        }
        // "Văn bản ngày 10 tháng 3 năm 2020".
        if self.is_word(0, Word::Bản) && self.is_word(1, Word::Ngày) {
            self.at += 1;
            let start = self.at;
            if !self.take_point(&mut Vec::new()).unwrap_or(false) {
                self.at = start;
            }
            return true;
        }
        // "Tăng 15% so với năm 2024", "chào mừng ngày 20/11": compared with or named after a day.
        if takes!(self, So Với) {
            let _ = self.take_words_of_clause();
            return true;
        }
        if takes!(self, Mừng) {
            let start = self.at;
            if !self.take_point(&mut Vec::new()).unwrap_or(false) {
                self.at = start;
            }
            return true;
        }
        // "Thông tư 02/2023", "Đề án 06 trước ngày …".
        let is_month_of_year = matches!(self.sign(1), Some('/')) && self.year(2).is_some();
        if self.figure(0, 2).is_some()
            && !self.stands_free()
            && (is_month_of_year || self.begins_limit(1) || self.is_word(1, Word::Từ))
        {
            self.at += if is_month_of_year { 3 } else { 1 };
            return true;
        }
        if matches!(self.kind(0), Some(Kind::Number { .. })) && self.is_sign(1, '%') {
            self.at += 2;
            return true;
        }
        // "Báo cáo 6 tháng" beside a date names the report.
        let is_report = self.at > 0 && self.tokens[self.at - 1].kind == Kind::Word(Word::Cáo);
        if is_report && self.figure(0, 2).is_some() && self.is_word(1, Word::Tháng) {
            self.at += 2;
            return true;
        }
        // Behind a date, "theo Kế hoạch số …" only quotes the document that set it.
        if has_earlier && self.is_word(0, Word::Theo) {
            let _ = self.take_words_of_clause();
            return true;
        }
        let named = self.attempt(|c| {
            let is_ordinal_name = c.is_word(0, Word::Thứ)
                && c.at > 0
                && c.tokens[c.at - 1].kind == Kind::Other
                && c.figure(1, 3).is_some();
            let is_noun = takes!(c, Đợt | Khóa | Lần | Vòng | Số);
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
            if !is_number || begins_date || c.is_word(1, Word::Tháng) {
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
            let is_footnote = c.figure(0, 2).is_some() && matches!(c.sign(1), Some(')' | ']'));
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

    // ----- roll clauses

    /// "Nếu trùng vào ngày nghỉ thì chuyển sang ngày làm việc tiếp theo".
    fn take_roll(&mut self) -> Option<Roll> {
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

/// "Từ ngày 26 - 30/4", "17/12/2025 đến 25/1": each end takes from the other what it lacks. `false` when
/// the years written make the end come before the beginning.
fn complete_window(from: &mut Point, to: &mut Point) -> bool {
    if let (What::Day { month: from_month @ None, year: from_year, .. }, What::Day { month: Some(month), year, .. }) =
        (&mut from.what, to.what)
    {
        (*from_month, *from_year) = (Some(month), year);
    }
    if let (What::Day { month: Some(month), year, .. }, What::Day { month: to_month @ None, year: to_year, .. }) =
        (from.what, &mut to.what)
    {
        (*to_month, *to_year) = (Some(month), year);
    }
    let ends_earlier = from.month_and_day() > to.month_and_day();
    if let (Some(from_year), Some(to_year)) = (from.year_mut(), to.year_mut()) {
        match (*from_year, *to_year) {
            (None, Some(year)) => *from_year = Some(year - i32::from(ends_earlier)),
            (Some(year), None) => *to_year = Some(year + i32::from(ends_earlier)),
            (Some(first), Some(last)) => return (first, ends_earlier) <= (last, false),
            (None, None) => {}
        }
    }
    true
}

/// A number of days, months or hours before (negative) or after an event.
pub(super) fn offset(count: i32, unit: DistanceUnit) -> Distance {
    Distance { count, unit, time: None }
}
