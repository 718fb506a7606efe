//! Owns the periods that a phrase names: months, quarters, halves, years and their parts, and which period
//! beside the one reported on is meant.

use super::{
    DayOf, MonthOf, Neighbour, PhraseError, Refusal, Week,
    cursor::{Cursor, takes},
    points::{Point, What},
    words::{Kind, Word},
};

impl Cursor<'_> {
    // ----- neighbours

    /// "Của năm sau", "năm kế tiếp", "năm trước liền kề", "của năm báo cáo"; nothing is taken when no
    /// neighbour is named. "Năm nay" is the year at hand and no recurrence.
    pub fn take_neighbour_of_year(&mut self) -> Option<Neighbour> {
        let start = self.at;
        if takes!(self, Sang Năm) {
            return Some(Neighbour::Next);
        }
        self.skip(&[Word::Của, Word::Trong, Word::Thuộc]);
        let has_of = self.at > start;
        // "Của kỳ báo cáo".
        if has_of && takes!(self, Kỳ) {
            let of = self.take_neighbour_tail();
            self.skip_words_of_report();
            return of.or(Some(Neighbour::Same));
        }
        if !takes!(self, Năm) || self.is_word(0, Word::Học) {
            self.at = start;
            return None;
        }
        if takes!(self, Nay) {
            return None;
        }
        let of = self.take_neighbour_tail();
        if of.is_some() {
            self.skip_noun_of_period();
            return of;
        }
        let names_report = matches!(self.word(0), Some(Word::Báo | Word::Kế | Word::Tính | Word::Thuộc));
        if names_report || has_of && self.kind(0).is_none_or(|k| k == Kind::Other) {
            self.skip_words_of_report();
            return Some(Neighbour::Same);
        }
        self.at = start;
        None
    }

    pub fn take_neighbour_tail(&mut self) -> Option<Neighbour> {
        let next = takes!(self, Liền Kề Sau | Liền Sau | Sau Liền Kề | Kế Tiếp Sau | Tiếp Sau | Sau
            | Tiếp Theo | Kế Tiếp | Kể Tiếp | Kế Sau | Tiếp | Liền Kề Tiếp Theo);
        if next {
            return Some(Neighbour::Next);
        }
        if takes!(self, Trước Liền Kề | Liền Kề Trước | Liền Trước | Trước) {
            return Some(Neighbour::Previous);
        }
        if takes!(self, Liền Kề) {
            let _ = takes!(self, Sau);
            return Some(Neighbour::Next);
        }
        None
    }

    /// "Năm báo cáo", "quý phát sinh nghĩa vụ thuế", "thuộc kỳ báo cáo": says which period is meant.
    pub fn skip_noun_of_period(&mut self) {
        let start = self.at;
        self.skip(&[Word::Của, Word::Thời, Word::Gian, Word::Thuộc]);
        let has_noun = takes!(self, Tháng | Th | Quý | Năm | Kỳ) && self.figure(0, 4).is_none();
        if !(has_noun && self.skip_words_of_report()) {
            self.at = start;
        }
    }

    /// Words without figures or bounds behind "năm" or "kỳ".
    pub fn skip_words_of_report(&mut self) -> bool {
        let start = self.at;
        while matches!(
            self.kind(0),
            Some(
                Kind::Other
                    | Kind::Word(
                        Word::Báo
                            | Word::Cáo
                            | Word::Phát
                            | Word::Sinh
                            | Word::Tính
                            | Word::Kế
                            | Word::Hoạch
                            | Word::Thuộc
                            | Word::Kỳ
                            | Word::Của
                    )
            )
        ) {
            self.at += 1;
        }
        self.at > start
    }

    // ----- months, quarters, halves, years

    pub fn take_months(&mut self, points: &mut Vec<Point>) -> Result<bool, PhraseError> {
        let start = self.at;
        if let Some(MonthOfPeriod { month_of, months, of }) = self.take_month_of_period() {
            self.skip_noun_of_period();
            self.push_inner(points, DayOf::Last, Some(month_of), months, of, start);
            return Ok(true);
        }
        if !self.take_word_for_month() {
            return self.take_month_with_year(points);
        }
        if matches!(self.word(0), Some(Word::Giêng | Word::Chạp)) {
            return Err(self.refuse(Refusal::Lunar, start, self.at + 1));
        }
        let first = if self.figure(0, 2).is_some() || self.is_number_in_words(0) { self.take_number() } else { None };
        let Some((first, is_law)) = first else {
            if self.is_word(0, Word::Năm) && self.year(1).is_some() {
                return Err(self.refuse(Refusal::Damaged, start, self.at + 2));
            }
            self.at = start;
            return Ok(false);
        };
        let mut months = vec![first];
        while self.is_list_sign(0)
            && let Some(month) = self.figure(1, 2)
            && !matches!(self.word(2), Some(Word::Tháng | Word::Giờ | Word::Ngày))
        {
            months.push(month);
            self.at += 2;
        }
        let year = self.take_year_tail().or_else(|| self.take_short_year());
        let of = if year.is_none() { self.take_neighbour_of_year() } else { None };
        for month in months {
            if !(1..=12).contains(&month) {
                return Err(self.refuse(Refusal::NoSuchDate, start, self.at));
            }
            self.push(points, What::Months { months: 1, month, year }, start);
            if let Some(point) = points.last_mut() {
                (point.of, point.is_law) = (of, is_law);
            }
        }
        Ok(true)
    }

    /// "Tháng", or "T" and "Th." with a figure behind.
    pub fn take_word_for_month(&mut self) -> bool {
        if takes!(self, Tháng) {
            return true;
        }
        let short = self.attempt(|c| {
            let has_letter = takes!(c, T | Th);
            let _ = c.take_sign(&['.']);
            (has_letter && c.figure(0, 2).is_some()).then_some(())
        });
        short.is_some()
    }

    /// "T12/23": two figures that cannot be a month are a year.
    pub fn take_short_year(&mut self) -> Option<i32> {
        let year = self.any_year(1).filter(|y| self.is_sign(0, '/') && *y > 2012)?;
        self.at += 2;
        Some(year)
    }

    /// `6/2025`, `4.2020`, `06-2025`.
    pub fn take_month_with_year(&mut self, points: &mut Vec<Point>) -> Result<bool, PhraseError> {
        let start = self.at;
        let (Some(month), Some('/' | '.' | '-'), Some(year)) = (self.figure(0, 2), self.sign(1), self.year(2)) else {
            return Ok(false);
        };
        if !self.stands_free() {
            return Ok(false);
        }
        if !(1..=12).contains(&month) {
            return Err(self.refuse(Refusal::NoSuchDate, start, start + 3));
        }
        self.at += 3;
        self.push(points, What::Months { months: 1, month, year: Some(year) }, start);
        Ok(true)
    }

    pub fn take_quarters(&mut self, points: &mut Vec<Point>) -> Result<bool, PhraseError> {
        let start = self.at;
        // "Q1", "Q.I": the letter alone stands for too many things.
        let mut quarters = Vec::new();
        if takes!(self, Q) {
            let _ = self.take_sign(&['.']);
        } else if let Some(quarter) = self.glued_quarter() {
            self.at += 1;
            quarters.push(quarter);
        } else if !takes!(self, Quý) {
            return Ok(false);
        }
        while let Some(quarter) = self.quarter_number(0) {
            quarters.push(quarter);
            self.at += 1;
            if !self.is_list_sign(0) || self.quarter_number(1).is_none() || self.is_word(2, Word::Tháng) {
                break;
            }
            self.at += 1;
        }
        if quarters.is_empty() {
            self.at = start;
            return Ok(false);
        }
        self.push_quarters(points, &quarters, start)
    }

    pub fn push_quarters(
        &mut self,
        points: &mut Vec<Point>,
        quarters: &[u32],
        start: usize,
    ) -> Result<bool, PhraseError> {
        let year = self.take_year_tail();
        let of = if year.is_none() { self.take_neighbour_of_year() } else { None };
        for quarter in quarters {
            if !(1..=4).contains(quarter) {
                return Err(self.refuse(Refusal::NoSuchDate, start, self.at));
            }
            self.push(points, What::Months { months: 3, month: quarter * 3, year }, start);
            set_neighbour(points, of);
        }
        Ok(true)
    }

    /// "QIII".
    pub fn glued_quarter(&self) -> Option<u32> {
        let roman = self.spelt(0).strip_prefix(['Q', 'q']).filter(|_| self.kind(0) == Some(Kind::Other))?;
        match roman.to_ascii_uppercase().as_str() {
            "I" => Some(1),
            "II" => Some(2),
            "III" => Some(3),
            "IV" => Some(4),
            _ => None,
        }
    }

    pub fn push_month(&mut self, points: &mut Vec<Point>, month: u32, start: usize) -> Result<(), PhraseError> {
        if !(1..=12).contains(&month) {
            return Err(self.refuse(Refusal::NoSuchDate, start, self.at));
        }
        let year = self.take_year_tail();
        self.push(points, What::Months { months: 1, month, year }, start);
        Ok(())
    }

    /// A quarter in Arabic or Roman figures, also with the letters that scanners confuse. A Roman number
    /// that no quarter has is given as 0, so that it is refused rather than passed over.
    pub fn quarter_number(&self, ahead: usize) -> Option<u32> {
        match self.kind(ahead)? {
            Kind::Number { value: 1, digits: 1 } if self.spelt(ahead + 1).eq_ignore_ascii_case("v") => Some(0),
            Kind::Number { value, digits: 1 | 2 } => Some(value),
            Kind::Word(Word::Một) => Some(1),
            Kind::Word(Word::Hai) => Some(2),
            Kind::Word(Word::Ba) => Some(3),
            Kind::Word(Word::Bốn) => Some(4),
            Kind::Other => match self.spelt(ahead).as_bytes() {
                [b'i' | b'I' | b'l'] => Some(1),
                [b'i' | b'I' | b'l', b'i' | b'I' | b'l'] => Some(2),
                [b'i' | b'I' | b'l', b'i' | b'I' | b'l', b'i' | b'I' | b'l'] => Some(3),
                [b'i' | b'I' | b'l', b'v' | b'V'] => Some(4),
                other if !other.is_empty() && other.iter().all(|b| b"ivxIVX".contains(b)) => Some(0),
                _ => None,
            },
            Kind::Word(_) | Kind::Sign(_) | Kind::Number { .. } => None,
        }
    }

    /// "6 tháng đầu năm 2023", "9 tháng năm 2023", "nửa cuối năm".
    pub fn take_span_of_year(&mut self, points: &mut Vec<Point>) -> bool {
        let start = self.at;
        let found = self.attempt(|c| {
            let months = if takes!(c, Nửa) {
                6
            } else {
                let (months, _) = c.take_number()?;
                takes!(c, Tháng).then_some(months)?
            };
            let is_last = takes!(c, Cuối);
            let has_part = is_last || takes!(c, Đầu);
            // "6 tháng, 9 tháng, năm 2023" is a list.
            let year = if c.is_sign(0, ',') { None } else { c.take_year_tail() };
            let has_year = year.is_some() || takes!(c, Của Năm | Năm Nay | Năm) && !c.is_word(0, Word::Học);
            let is_span = (has_part && has_year && months <= 11) || months == 9 || has_part && months == 6;
            let month = if is_last { 12 } else { months };
            (is_span && months > 0).then_some(What::Months { months, month, year })
        });
        if let Some(what) = found {
            self.push(points, what, start);
        }
        found.is_some()
    }

    /// "Năm 2025", "2025", "trong năm nay", "trong năm".
    pub fn take_year(&mut self, points: &mut Vec<Point>) -> bool {
        let start = self.at;
        let is_within = start > 0 && matches!(self.tokens[start - 1].kind, Kind::Word(Word::Trong | Word::Hết));
        let has_word = takes!(self, Năm);
        let stands_free = if has_word {
            self.year_may_be_due(start)
        } else {
            // "2025 triệu đồng" is no year.
            self.stands_free() && self.kind(1) != Some(Kind::Other)
        };
        if let Some(year) = self.year(0).filter(|_| stands_free && !self.is_sign(1, '/')) {
            self.at += 1;
            self.push(points, What::Months { months: 12, month: 12, year: Some(year) }, start);
            return true;
        }
        let is_bare = is_within && matches!(self.kind(0), None | Some(Kind::Sign(_)));
        if has_word && (takes!(self, Nay) || is_bare) {
            self.push(points, What::Months { months: 12, month: 12, year: None }, start);
            return true;
        }
        self.at = start;
        false
    }

    /// Whether "năm 2025" says when, not of which year something is: "Luật Đầu tư năm 2020", "dự toán năm 2026"
    /// and "báo cáo năm 2023" name no deadline.
    fn year_may_be_due(&self, start: usize) -> bool {
        start == 0
            || match self.tokens[start - 1].kind {
                Kind::Other => false,
                Kind::Word(word) => !matches!(
                    word,
                    Word::Cáo
                        | Word::Hoạch
                        | Word::Luật
                        | Word::Bốn
                        | Word::Văn
                        | Word::Bản
                        | Word::Định
                        | Word::Nghị
                        | Word::Thông
                ),
                Kind::Sign(_) | Kind::Number { .. } => true,
            }
    }

    /// "Thượng tuần tháng 10", "trung tuần", "hạ tuần": the ten days of a month.
    pub fn take_ten_days(&mut self, points: &mut Vec<Point>) -> Result<bool, PhraseError> {
        let start = self.at;
        let day = match (self.word(0), self.word(1)) {
            (Some(Word::Thượng), Some(Word::Tuần)) => DayOf::Number(10),
            (Some(Word::Trung), Some(Word::Tuần)) => DayOf::Number(20),
            (Some(Word::Hạ), Some(Word::Tuần)) => DayOf::Last,
            _ => return Ok(false),
        };
        self.at += 2;
        let before = points.len();
        if !(self.is_word(0, Word::Tháng) && self.take_months(points)?) {
            self.at = start;
            return Ok(false);
        }
        for point in &mut points[before..] {
            if let What::Months { month, year, .. } = point.what {
                point.what = What::Day { day, month: Some(month), year };
            }
            point.span = self.span(start, self.at);
        }
        Ok(true)
    }

    /// "Đầu tháng 6", "giữa quý II", "cuối năm": the days of Bộ luật Dân sự 2015, Điều 146.3. It says
    /// nothing on quarters; there the beginning is read as the first month, the middle as the second.
    pub fn take_part(&mut self, points: &mut Vec<Point>) -> Result<bool, PhraseError> {
        let start = self.at;
        let Some(part @ (Word::Đầu | Word::Giữa | Word::Cuối)) = self.word(0) else { return Ok(false) };
        // "Kỳ họp cuối năm", "quý đầu năm": not the end or beginning of the year itself.
        let names_year = self.is_word(1, Word::Năm);
        if names_year && !self.stands_free() || start > 0 && self.tokens[start - 1].kind == Kind::Word(Word::Quý) {
            return Ok(false);
        }
        self.at += 1;
        let before = points.len();
        let is_each = takes!(self, Hằng | Mỗi);
        let found = !is_each && (self.take_months(points)? || self.take_quarters(points)? || self.take_year(points));
        if !found {
            let months = self.take_months_of_unit();
            let Some(months) = months.filter(|_| !self.is_word(0, Word::Học)) else {
                self.at = start;
                return Ok(false);
            };
            let of = self.take_neighbour_tail();
            if months == 12 && !is_each {
                self.push(points, What::Months { months, month: 12, year: None }, start);
            } else {
                self.push(points, What::Inner { day: part_of_unit(part, months), month_of: None, months }, start);
            }
            set_neighbour(points, of);
        }
        for point in &mut points[before..] {
            if let What::Months { months, month, year } = point.what {
                point.what = part_of_period(part, months, month, year);
            }
            point.is_part = part != Word::Cuối;
            point.span = self.span(start, self.at);
        }
        Ok(true)
    }

    /// "Của tuần lễ đầu trong tháng", "tuần thứ 2 hằng tháng" behind a weekday.
    pub fn take_week(&mut self) -> Option<Week> {
        self.attempt(|c| {
            c.skip(&[Word::Của, Word::Trong]);
            if takes!(c, Tuần) {
                let _ = takes!(c, Lễ);
            }
            let week = if takes!(c, Đầu) {
                Week::Number(1)
            } else if takes!(c, Cuối) {
                Week::Last
            } else if takes!(c, Thứ Nhất) {
                Week::Number(1)
            } else {
                let _ = takes!(c, Thứ);
                match c.take_number()? {
                    (number @ 1..=4, _) => Week::Number(number),
                    _ => return None,
                }
            };
            c.skip(&[Word::Tiên, Word::Cùng, Word::Của, Word::Trong, Word::Hằng, Word::Mỗi]);
            (takes!(c, Tháng) && c.figure(0, 2).is_none()).then_some(week)
        })
    }
}

/// A month named by its place in a quarter or year.
pub(super) struct MonthOfPeriod {
    pub month_of: MonthOf,
    pub months: u32,
    pub of: Option<Neighbour>,
}

impl MonthOf {
    /// The month, if the period has it; its last one by that name.
    #[must_use]
    pub(super) fn within(self, months: u32) -> Option<Self> {
        match self {
            Self::Number(number) if number == months => Some(Self::Last),
            Self::Number(number) if number == 0 || number > months => None,
            Self::Number(_) | Self::Last => Some(self),
        }
    }
}

pub(super) fn set_neighbour(points: &mut [Point], of: Option<Neighbour>) {
    if let Some(point) = points.last_mut() {
        point.of = of;
    }
}

fn part_of_unit(part: Word, months: u32) -> DayOf {
    match part {
        Word::Cuối => DayOf::Last,
        Word::Giữa if months == 1 => DayOf::Number(15),
        _ => DayOf::Number(1),
    }
}

fn part_of_period(part: Word, months: u32, month: u32, year: Option<i32>) -> What {
    let first = month + 1 - months;
    let (day, month) = match (part, months) {
        (Word::Cuối, _) => (DayOf::Last, month),
        (Word::Đầu, 1 | 12) => (DayOf::Number(1), first),
        (Word::Giữa, 1) => (DayOf::Number(15), month),
        (Word::Giữa, 12) => (DayOf::Last, 6),
        (Word::Đầu, _) => (DayOf::Last, first),
        _ => (DayOf::Last, first + 1),
    };
    What::Day { day, month: Some(month), year }
}
