//! Owns the points in time that a phrase names: a date, a month, a quarter, a half, a year, a day of a
//! recurring period. Day first always; a hyphen separates a day from its month only where it can be
//! nothing else.

use std::ops::Range;

use chrono::{NaiveTime, Weekday};

use super::{
    DayOf, MonthOf, Neighbour, PhraseError, Refusal, Week,
    cursor::{Cursor, takes},
    words::{Kind, Word},
};

/// A point as written; years and months may still be missing.
#[derive(Debug, Clone)]
pub(super) struct Point {
    pub what: What,
    /// An hour was named.
    pub time: Option<NaiveTime>,
    /// "năm sau", "tháng trước", "của năm báo cáo": the point belongs to each period.
    pub of: Option<Neighbour>,
    /// The number was doubled in words, as only laws do: such a date without a year comes every year.
    pub is_law: bool,
    /// "Đầu" or "giữa" of a period: people differ on which day that is.
    pub is_part: bool,
    /// The weekday written beside the date.
    pub weekday: Option<Weekday>,
    pub span: Range<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    Day { day: DayOf, month: Option<u32>, year: Option<i32> },
    /// `months` whole months that end with `month`: a month, a quarter, a half, nine months or a year.
    Months { months: u32, month: u32, year: Option<i32> },
    /// A day of each month, of a month of each quarter.
    Inner { day: DayOf, month_of: Option<MonthOf>, months: u32 },
    Weekday { weekday: Weekday, week: Option<Week> },
}

/// Month, year, and whether the month was doubled in words.
type Named = (u32, Option<i32>, bool);

impl Point {
    pub fn year_mut(&mut self) -> Option<&mut Option<i32>> {
        match &mut self.what {
            What::Day { year, month: Some(_), .. } | What::Months { year, .. } => Some(year),
            What::Day { .. } | What::Inner { .. } | What::Weekday { .. } => None,
        }
    }

    /// Month and day, to tell which of two dates without years comes first.
    pub fn month_and_day(&self) -> Option<(u32, u32)> {
        match self.what {
            What::Day { day: DayOf::Number(day), month: Some(month), .. } => Some((month, day)),
            What::Day { month: Some(month), .. } => Some((month, 31)),
            What::Months { month, months, .. } if months < 12 => Some((month, 31)),
            _ => None,
        }
    }
}

impl Cursor<'_> {
    /// The points that follow: one, or a list with commas and "và".
    pub fn take_points(&mut self) -> Result<Vec<Point>, PhraseError> {
        let mut points = Vec::new();
        loop {
            let start = self.at;
            if !points.is_empty() && !(self.take_sign(&[',', ';', '&', '+']) | takes!(self, Và)) {
                break;
            }
            if !self.take_point(&mut points)? {
                self.at = start;
                break;
            }
        }
        complete_from_behind(&mut points);
        Ok(points)
    }

    pub fn take_point(&mut self, points: &mut Vec<Point>) -> Result<bool, PhraseError> {
        let start = self.at;
        let earlier = points.len();
        let mut time = self.take_time()?;
        if time.is_some() && matches!(self.word(1), Some(Word::Thứ | Word::Th | Word::Chủ | Word::Ngày)) {
            let _ = self.take_sign(&[',']);
        }
        self.skip(&[Word::Vào, Word::Của]);
        let mut weekday = self.take_weekday();
        if weekday.is_some() {
            let _ = self.take_sign(&[',']);
        }
        let before_day = self.at;
        if time.is_none() && weekday.is_some() {
            time = self.take_time()?;
        }
        let _ = self.take_sign(&[',']);
        self.skip(&[Word::Các, Word::Trong, Word::Vào]);
        let mut found = self.take_part(points)?
            || self.take_day(points)?
            || self.take_months(points)?
            || self.take_quarters(points)?
            || self.take_span_of_year(points)
            || self.take_year(points);
        if !found {
            self.at = before_day;
            match weekday.take() {
                Some(weekday) => {
                    let week = self.take_week();
                    self.push(points, What::Weekday { weekday, week }, start);
                    found = true;
                }
                None => self.at = start,
            }
        }
        if !found {
            return Ok(false);
        }
        let time = time.or(self.take_time_behind()?).flatten();
        let weekday = weekday.or_else(|| self.take_weekday_behind());
        for point in &mut points[earlier..] {
            point.time = time;
            point.weekday = weekday;
            point.span.start = self.span(start, start + 1).start;
        }
        Ok(true)
    }

    /// "Ngày 15/3 lúc 8 giờ"; in "15/3, 8 giờ ngày 16/3" the hour belongs to what follows.
    fn take_time_behind(&mut self) -> Result<Option<Option<NaiveTime>>, PhraseError> {
        let start = self.at;
        let _ = self.take_sign(&[',']);
        if self.is_word(0, Word::Lúc) || self.is_word(1, Word::Giờ) || self.is_sign(1, ':') {
            let time = self.take_time()?;
            if time.is_some() && !matches!(self.word(0), Some(Word::Ngày | Word::Kể | Word::Sau | Word::Trước)) {
                return Ok(time);
            }
        }
        self.at = start;
        Ok(None)
    }

    /// "07/02/2021 (chủ Nhật)".
    fn take_weekday_behind(&mut self) -> Option<Weekday> {
        self.attempt(|c| {
            let is_open = c.take_sign(&['(']);
            let weekday = c.take_weekday().filter(|_| is_open)?;
            c.take_sign(&[')']).then_some(weekday)
        })
    }

    fn push(&self, points: &mut Vec<Point>, what: What, start: usize) {
        let span = self.span(start, self.at);
        points.push(Point { what, time: None, of: None, is_law: false, is_part: false, weekday: None, span });
    }

    // ----- days

    fn take_day(&mut self, points: &mut Vec<Point>) -> Result<bool, PhraseError> {
        let start = self.at;
        let has_word = takes!(self, Ngày);
        if self.take_iso_date(points, start)? {
            return Ok(true);
        }
        if has_word && self.take_outer_day(points, start)? {
            return Ok(true);
        }
        if has_word && self.is_word(0, Word::Thứ) {
            if self.is_weekday_of_week() {
                return Ok(self.take_weekday_as_day(points, start));
            }
            self.at += 1;
        }
        let Some((day, is_doubled)) = (if has_word || self.figure(0, 2).is_some() { self.take_number() } else { None })
        else {
            self.at = start;
            return Ok(false);
        };
        let mut days = vec![day];
        if has_word || self.is_list_of_days() {
            self.take_more_days(&mut days);
        }
        if let Some((month, mut year, is_law)) = self.take_month_of_date(has_word)? {
            let more_months = if year.is_none() { self.take_more_months()? } else { Vec::new() };
            year = year.or_else(|| if more_months.is_empty() { None } else { self.take_year_tail() });
            let of = if year.is_none() { self.take_neighbour_of_year() } else { None };
            let first = points.len();
            for month in [month].into_iter().chain(more_months) {
                for day in &days {
                    self.push_day(points, *day, Some(month), year, start)?;
                }
            }
            for point in &mut points[first..] {
                (point.is_law, point.of) = (is_doubled || is_law, of);
            }
            return Ok(true);
        }
        // A bare number is a day only with the word before it, or a range sign behind it.
        if !has_word && !self.is_sign(0, '-') && !self.is_word(0, Word::Đến) {
            self.at = start;
            return Ok(false);
        }
        if self.take_inner(points, &days, start) {
            return Ok(true);
        }
        for day in &days {
            self.push_day(points, *day, None, None, start)?;
        }
        Ok(true)
    }

    /// `2023-06-15`, as machines write it.
    fn take_iso_date(&mut self, points: &mut Vec<Point>, start: usize) -> Result<bool, PhraseError> {
        let (Some(year), Some('-'), Some(month), Some('-'), Some(day)) =
            (self.year(0), self.sign(1), self.figure(2, 2), self.sign(3), self.figure(4, 2))
        else {
            return Ok(false);
        };
        self.at += 5;
        if !(1..=12).contains(&month) {
            return Err(self.refuse(Refusal::NoSuchDate, start, self.at));
        }
        self.push_day(points, day, Some(month), Some(year), start)?;
        Ok(true)
    }

    fn push_day(
        &self,
        points: &mut Vec<Point>,
        day: u32,
        month: Option<u32>,
        year: Option<i32>,
        start: usize,
    ) -> Result<(), PhraseError> {
        if !(1..=31).contains(&day) {
            return Err(self.refuse(Refusal::NoSuchDate, start, self.at));
        }
        self.push(points, What::Day { day: DayOf::Number(day), month, year }, start);
        Ok(())
    }

    /// "Ngày thứ sáu của tuần lễ đầu", but not "ngày thứ 20 của tháng".
    fn is_weekday_of_week(&self) -> bool {
        let names_week = (2..5).any(|ahead| self.is_word(ahead, Word::Tuần));
        let in_words = matches!(self.word(1), Some(Word::Hai | Word::Ba | Word::Bốn | Word::Năm | Word::Sáu | Word::Bảy));
        names_week || in_words && !self.is_word(2, Word::Mười)
    }

    fn take_weekday_as_day(&mut self, points: &mut Vec<Point>, start: usize) -> bool {
        let Some(weekday) = self.take_weekday() else {
            self.at = start;
            return false;
        };
        let week = self.take_week();
        self.push(points, What::Weekday { weekday, week }, start);
        true
    }

    /// "26, 27, 28, 29/6": figures with separators that end in a day with its month.
    fn is_list_of_days(&self) -> bool {
        let mut ahead = 0;
        while self.is_list_sign(ahead) && self.figure(ahead + 1, 2).is_some() {
            ahead += 2;
        }
        let has_month = self.sign(ahead).is_some_and(|s| "/.-".contains(s)) && self.figure(ahead + 1, 2).is_some();
        ahead > 0 && (has_month || self.is_word(ahead, Word::Tháng))
    }

    fn is_list_sign(&self, ahead: usize) -> bool {
        matches!(self.sign(ahead), Some(',' | ';' | '&')) || self.is_word(ahead, Word::Và)
    }

    fn take_more_days(&mut self, days: &mut Vec<u32>) {
        while self.is_list_sign(0) {
            let skipped = if self.is_word(1, Word::Ngày) { 2 } else { 1 };
            let Some(day) = self.figure(skipped, 2) else { return };
            // "Ngày 15, 20 tháng 6" is one list; "ngày 15, 17 giờ" is not.
            if self.is_word(skipped + 1, Word::Giờ) || self.is_word(skipped + 1, Word::Ngày) {
                return;
            }
            days.push(day);
            self.at += skipped + 1;
        }
    }

    /// `/01/2023`, `-01-2023`, `.01`, `tháng 01 năm 2023`, `tháng 01/2023` behind a day.
    fn take_month_of_date(&mut self, has_word: bool) -> Result<Option<Named>, PhraseError> {
        let start = self.at;
        if let Some(sign @ ('/' | '.' | '-')) = self.sign(0) {
            let Some(month) = self.figure(1, 2) else {
                // "Ngày 2/2025" lost its day or its month.
                if has_word && sign != '-' && self.year(1).is_some() {
                    return Err(self.refuse(Refusal::Damaged, start.saturating_sub(2), start + 2));
                }
                return Ok(None);
            };
            // "10-12/2025" is left to the range: more often months than a day.
            let is_range_of_months = !has_word && self.is_sign(2, '/') && self.year(3).is_some();
            if sign == '-' && (self.is_range_of_days(month) || is_range_of_months) {
                return Ok(None);
            }
            if !(1..=12).contains(&month) {
                return Err(self.refuse(Refusal::NoSuchDate, start.saturating_sub(1), start + 2));
            }
            self.at += 2;
            return Ok(Some((month, self.take_year_of_date(sign), false)));
        }
        let _ = self.is_word(1, Word::Tháng) && (takes!(self, Các) || takes!(self, Của));
        let has_month = matches!(self.word(0), Some(Word::Tháng | Word::Th));
        if has_month && (self.figure(1, 2).is_some() || self.is_number_in_words(1)) {
            self.at += 1;
            let Some((month, is_doubled)) = self.take_number() else { return Ok(None) };
            if !(1..=12).contains(&month) {
                return Err(self.refuse(Refusal::NoSuchDate, start, self.at));
            }
            return Ok(Some((month, self.take_year_tail(), is_doubled)));
        }
        // "Ngày 05 tháng năm 2012": the month's figures are lost, and "năm" is no month here.
        if has_month && self.is_word(1, Word::Năm) && self.year(2).is_some() {
            return Err(self.refuse(Refusal::Damaged, start.saturating_sub(1), start + 3));
        }
        Ok(None)
    }

    /// ", 6, 9, 12" and "và tháng 12" behind "ngày 15 tháng 3".
    fn take_more_months(&mut self) -> Result<Vec<u32>, PhraseError> {
        let mut months = Vec::new();
        while self.is_list_sign(0) {
            let skipped = if self.is_word(1, Word::Tháng) { 2 } else { 1 };
            let Some(month) = self.figure(skipped, 2) else { break };
            // "15 tháng 3, 20 tháng 6" and "15 tháng 3, 20/6" begin another date.
            let begins_date = matches!(self.word(skipped + 1), Some(Word::Tháng | Word::Giờ | Word::Ngày | Word::Lần));
            if begins_date || skipped == 1 && matches!(self.sign(skipped + 1), Some('/' | '-')) && self.year(skipped + 2).is_none()
            {
                break;
            }
            if !(1..=12).contains(&month) {
                return Err(self.refuse(Refusal::NoSuchDate, self.at, self.at + skipped + 1));
            }
            months.push(month);
            self.at += skipped + 1;
        }
        Ok(months)
    }

    /// Whether the hyphen at hand joins two days rather than a day and its month.
    fn is_range_of_days(&self, second: u32) -> bool {
        let second_has_month = matches!(self.sign(2), Some('/' | '.')) && self.figure(3, 2).is_some()
            || self.is_word(2, Word::Tháng) && self.figure(3, 2).is_some();
        let of_each_month =
            matches!(self.word(2), Some(Word::Hằng | Word::Mỗi | Word::Của)) && self.is_word(3, Word::Tháng);
        second > 12 || second_has_month || of_each_month
    }

    /// The year behind day and month: two figures only after the same sign ("10/10/16"), since a hyphen
    /// behind "25/12" begins the other end of a range.
    fn take_year_of_date(&mut self, sign: char) -> Option<i32> {
        if self.is_sign(0, sign)
            && let Some(year) = self.any_year(1)
        {
            self.at += 2;
            return Some(year);
        }
        self.take_year_tail()
    }

    /// "/2023", "-2020", ".2020", "năm 2023", "(2023)" behind a month or a quarter.
    fn take_year_tail(&mut self) -> Option<i32> {
        self.attempt(|c| {
            let is_open = c.take_sign(&['(']);
            let is_joined = c.take_sign(&['/', '-', '.']) | takes!(c, Của Năm | Trong Năm | Năm);
            let year = c.year(0).filter(|_| is_open || is_joined)?;
            c.at += 1;
            (!is_open || c.take_sign(&[')'])).then_some(year)
        })
    }

    /// "Ngày cuối cùng của tháng", "ngày làm việc cuối cùng của quý", "ngày làm việc thứ 5 của tháng".
    fn take_outer_day(&mut self, points: &mut Vec<Point>, start: usize) -> Result<bool, PhraseError> {
        let begin = self.at;
        let is_working = takes!(self, Làm Việc);
        let is_last = takes!(self, Cuối);
        let day = match (is_last, is_working) {
            (true, true) => DayOf::LastWorking,
            (true, false) => DayOf::Last,
            (false, _) if takes!(self, Đầu) => {
                if is_working {
                    DayOf::Working(1)
                } else {
                    DayOf::Number(1)
                }
            }
            (false, true) if takes!(self, Thứ) => match self.take_number() {
                Some((n @ 1..=22, _)) => DayOf::Working(n),
                _ => {
                    self.at = begin;
                    return Ok(false);
                }
            },
            (false, _) => {
                self.at = begin;
                return Ok(false);
            }
        };
        self.skip(&[Word::Cùng, Word::Tiên, Word::Của, Word::Trong]);
        let before = points.len();
        if self.take_months(points)? || self.take_quarters(points)? || self.take_year(points) {
            for point in &mut points[before..] {
                match point.what {
                    What::Months { month, year, months } => {
                        let month = if is_last { month } else { month + 1 - months };
                        point.what = What::Day { day, month: Some(month), year };
                    }
                    What::Inner { month_of, months, .. } => point.what = What::Inner { day, month_of, months },
                    What::Day { month, year, .. } => point.what = What::Day { day, month, year },
                    What::Weekday { .. } => {}
                }
                point.span = self.span(start, self.at);
            }
            return Ok(true);
        }
        let is_each = takes!(self, Hằng | Mỗi);
        let Some(months) = self.take_months_of_unit() else {
            self.at = begin;
            return Ok(false);
        };
        // "Ngày cuối tháng thứ 2" is the last day of the second month of a longer period.
        let month_of = if !is_each && months == 1 && takes!(self, Thứ) {
            self.take_number().map(|_| MonthOf::Last)
        } else {
            None
        };
        let of = self.take_neighbour_tail();
        self.push(points, What::Inner { day, month_of, months }, start);
        set_neighbour(points, of);
        Ok(true)
    }

    fn take_months_of_unit(&mut self) -> Option<u32> {
        if takes!(self, Tháng) {
            Some(1)
        } else if takes!(self, Quý) {
            Some(3)
        } else if takes!(self, Năm) {
            Some(12)
        } else {
            None
        }
    }

    /// "Hằng tháng", "của tháng tiếp theo", "của tháng đầu quý sau", "quý tiếp theo" behind days without a month.
    fn take_inner(&mut self, points: &mut Vec<Point>, days: &[u32], start: usize) -> bool {
        let begin = self.at;
        self.skip(&[Word::Của, Word::Trong, Word::Vào]);
        let is_each = takes!(self, Hằng | Mỗi);
        let (month_of, months, of) = if let Some(found) = self.take_month_of_period() {
            (Some(found.month_of), found.months, found.of)
        } else if takes!(self, Tháng) {
            let of = if is_each { None } else { self.take_neighbour_tail() };
            // "Tháng liền kề sau quý báo cáo" is the first one of the next quarter.
            if of == Some(Neighbour::Next) && self.is_word(0, Word::Quý) && self.figure(1, 2).is_none() {
                (Some(MonthOf::Number(1)), 3, of)
            } else {
                (None, 1, of)
            }
        } else if takes!(self, Quý) {
            (Some(MonthOf::Number(1)), 3, self.take_neighbour_tail())
        } else if takes!(self, Th) && self.figure(0, 2).is_none() {
            (None, 1, self.take_neighbour_tail())
        } else {
            self.at = begin;
            return false;
        };
        self.skip_noun_of_period();
        for day in days {
            self.push_inner(points, DayOf::Number(*day), month_of, months, of, start);
        }
        true
    }

    /// A day of a month of each quarter, or, in a year, a date that comes back.
    fn push_inner(
        &self,
        points: &mut Vec<Point>,
        day: DayOf,
        month_of: Option<MonthOf>,
        months: u32,
        of: Option<Neighbour>,
        start: usize,
    ) {
        let month_of_year = month_of.filter(|_| months == 12).map(|month| match month {
            MonthOf::Number(number) => number,
            MonthOf::Last => 12,
        });
        match month_of_year {
            Some(month) => {
                self.push(points, What::Day { day, month: Some(month), year: None }, start);
                set_neighbour(points, of.or(Some(Neighbour::Same)));
            }
            None => {
                self.push(points, What::Inner { day, month_of, months }, start);
                set_neighbour(points, of);
            }
        }
    }

    /// "Tháng đầu (của mỗi) quý", "tháng cuối quý sau", "tháng thứ hai của quý", "tháng đầu tiên của năm".
    fn take_month_of_period(&mut self) -> Option<MonthOfPeriod> {
        self.attempt(|c| {
            if !takes!(c, Tháng | Th) {
                return None;
            }
            let month_of = if takes!(c, Đầu) {
                MonthOf::Number(1)
            } else if takes!(c, Cuối) {
                MonthOf::Last
            } else if takes!(c, Giữa) {
                MonthOf::Number(2)
            } else if takes!(c, Thứ) {
                MonthOf::Number(c.take_number()?.0)
            } else {
                return None;
            };
            c.skip(&[Word::Tiên, Word::Cùng, Word::Của, Word::Trong, Word::Mỗi, Word::Hằng, Word::Các]);
            let is_numbered = c.quarter_number(1).is_some() || c.figure(1, 4).is_some() || c.is_word(1, Word::Học);
            let months = if takes!(c, Quý | Kỳ) {
                3
            } else if takes!(c, Năm) {
                12
            } else {
                return None;
            };
            let month_of = month_of.within(months).filter(|_| !is_numbered)?;
            Some(MonthOfPeriod { month_of, months, of: c.take_neighbour_tail() })
        })
    }

    // ----- neighbours

    /// "Của năm sau", "năm kế tiếp", "năm trước liền kề", "của năm báo cáo"; nothing is taken when no
    /// neighbour is named. "Năm nay" is the year at hand and no recurrence.
    fn take_neighbour_of_year(&mut self) -> Option<Neighbour> {
        let start = self.at;
        self.skip(&[Word::Của, Word::Trong]);
        let has_of = self.at > start;
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

    fn take_neighbour_tail(&mut self) -> Option<Neighbour> {
        let next = takes!(self, Liền Kề Sau | Liền Sau | Sau Liền Kề | Kế Tiếp Sau | Tiếp Sau | Sau
            | Tiếp Theo | Kế Tiếp | Kế Sau | Tiếp | Liền Kề Tiếp Theo);
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
    fn skip_noun_of_period(&mut self) {
        let start = self.at;
        self.skip(&[Word::Của, Word::Thời, Word::Gian, Word::Thuộc]);
        let has_noun = takes!(self, Tháng | Th | Quý | Năm | Kỳ) && self.figure(0, 4).is_none();
        if !(has_noun && self.skip_words_of_report()) {
            self.at = start;
        }
    }

    /// Words without figures or bounds behind "năm" or "kỳ".
    fn skip_words_of_report(&mut self) -> bool {
        let start = self.at;
        while match self.kind(0) {
            Some(Kind::Other) => true,
            Some(Kind::Word(
                Word::Báo | Word::Cáo | Word::Phát | Word::Sinh | Word::Tính | Word::Kế | Word::Hoạch | Word::Thuộc
                | Word::Kỳ | Word::Của,
            )) => true,
            _ => false,
        } {
            self.at += 1;
        }
        self.at > start
    }

    // ----- months, quarters, halves, years

    fn take_months(&mut self, points: &mut Vec<Point>) -> Result<bool, PhraseError> {
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
    fn take_word_for_month(&mut self) -> bool {
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
    fn take_short_year(&mut self) -> Option<i32> {
        let year = self.any_year(1).filter(|y| self.is_sign(0, '/') && *y > 2012)?;
        self.at += 2;
        Some(year)
    }

    /// `6/2025`, `4.2020`, `06-2025`.
    fn take_month_with_year(&mut self, points: &mut Vec<Point>) -> Result<bool, PhraseError> {
        let start = self.at;
        let (Some(month), Some('/' | '.' | '-'), Some(year)) = (self.figure(0, 2), self.sign(1), self.year(2)) else {
            return Ok(false);
        };
        if !(1..=12).contains(&month) {
            return Err(self.refuse(Refusal::NoSuchDate, start, start + 3));
        }
        self.at += 3;
        self.push(points, What::Months { months: 1, month, year: Some(year) }, start);
        Ok(true)
    }

    fn take_quarters(&mut self, points: &mut Vec<Point>) -> Result<bool, PhraseError> {
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
    fn glued_quarter(&self) -> Option<u32> {
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
    fn take_span_of_year(&mut self, points: &mut Vec<Point>) -> bool {
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
            let year = c.take_year_tail();
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
    fn take_year(&mut self, points: &mut Vec<Point>) -> bool {
        let start = self.at;
        let is_within = start > 0 && matches!(self.tokens[start - 1].kind, Kind::Word(Word::Trong | Word::Hết));
        let has_word = takes!(self, Năm);
        // A figure behind other words may be part of a name.
        let stands_free = has_word
            || start == 0
            || match self.tokens[start - 1].kind {
                Kind::Other => false,
                Kind::Sign(sign) => sign != '/',
                Kind::Word(_) | Kind::Number { .. } => true,
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

    /// "Đầu tháng 6", "giữa quý II", "cuối năm": the days of Bộ luật Dân sự 2015, Điều 146.3. It says
    /// nothing on quarters; there the beginning is read as the first month, the middle as the second.
    fn take_part(&mut self, points: &mut Vec<Point>) -> Result<bool, PhraseError> {
        let start = self.at;
        let Some(part @ (Word::Đầu | Word::Giữa | Word::Cuối)) = self.word(0) else { return Ok(false) };
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
    fn take_week(&mut self) -> Option<Week> {
        self.attempt(|c| {
            c.skip(&[Word::Của, Word::Trong]);
            if takes!(c, Tuần) {
                let _ = takes!(c, Lễ);
            }
            let week = if takes!(c, Đầu) {
                Week::Number(1)
            } else if takes!(c, Cuối) {
                Week::Last
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
struct MonthOfPeriod {
    month_of: MonthOf,
    months: u32,
    of: Option<Neighbour>,
}

impl MonthOf {
    /// The month, if the period has it; its last one by that name.
    fn within(self, months: u32) -> Option<Self> {
        match self {
            Self::Number(number) if number == months => Some(Self::Last),
            Self::Number(number) if number == 0 || number > months => None,
            Self::Number(_) | Self::Last => Some(self),
        }
    }
}

fn set_neighbour(points: &mut [Point], of: Option<Neighbour>) {
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

/// "Tháng 6, tháng 12/2025": a year named last holds for the points before it, or the year before when
/// the list runs over the new year; a day without a month takes the month of the next one ("15 và 20/6").
fn complete_from_behind(points: &mut [Point]) {
    for i in (1..points.len()).rev() {
        let (head, tail) = points.split_at_mut(i);
        let (Some(point), Some(next)) = (head.last_mut(), tail.first_mut()) else { return };
        if let (What::Day { month: month @ None, .. }, What::Day { month: next_month, .. }) = (&mut point.what, next.what) {
            *month = next_month;
        }
        let is_later = point.month_and_day() > next.month_and_day();
        if let (Some(year @ None), Some(Some(next_year))) = (point.year_mut(), next.year_mut().map(|y| *y)) {
            *year = Some(next_year - i32::from(is_later));
        }
    }
}
