//! Owns the points in time that a phrase names, and among them the days: dates, and days of a recurring
//! period. Day first always; a hyphen separates a day from its month only where it can be nothing else.

use std::ops::Range;

use chrono::{NaiveTime, Weekday};

use super::{
    DayOf, MonthOf, Neighbour, PhraseError, Refusal, Week,
    cursor::{Cursor, TimeOfDay, takes},
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
    Day {
        day: DayOf,
        month: Option<u32>,
        year: Option<i32>,
    },
    /// `months` whole months that end with `month`: a month, a quarter, a half, nine months or a year.
    Months {
        months: u32,
        month: u32,
        year: Option<i32>,
    },
    /// A day of each month, of a month of each quarter.
    Inner {
        day: DayOf,
        month_of: Option<MonthOf>,
        months: u32,
    },
    Weekday {
        weekday: Weekday,
        week: Option<Week>,
    },
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
            let known = points.len();
            // "Quý I: 15/3; quý II: 15/6": what a colon follows begins anew.
            if !self.take_point(&mut points)? || known > 0 && self.is_sign(0, ':') {
                points.truncate(known);
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
        let day_follows = matches!(self.word(1), Some(Word::Thứ | Word::Th | Word::Chủ | Word::Ngày))
            || self.figure(1, 2).is_some() && self.sign(2).is_some_and(|s| "/-.".contains(s));
        if time.is_some() && day_follows {
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
        // "Thứ Hai đầu tháng" is the first Monday, not the first day.
        if let Some(weekday) = weekday
            && let Some(week) = self.take_week()
        {
            self.push(points, What::Weekday { weekday, week: Some(week) }, start);
            if let Some(point) = points.last_mut() {
                point.time = time.and_then(TimeOfDay::hour);
            }
            return Ok(true);
        }
        let mut found = self.take_first_days(points)?
            || self.take_ten_days(points)?
            || self.take_part(points)?
            || self.take_day(points)?
            || self.take_months(points)?
            || self.take_quarters(points)?
            || self.take_span_of_year(points)
            || self.take_year(points);
        if !found {
            self.at = before_day;
            match weekday.take() {
                Some(weekday) => {
                    self.push_weekday(points, weekday, start);
                    found = true;
                }
                None => self.at = start,
            }
        }
        if !found {
            return Ok(false);
        }
        let time = time.or(self.take_time_behind()?).and_then(TimeOfDay::hour);
        let weekday = weekday.or_else(|| self.take_weekday_behind());
        self.skip_lunar_gloss();
        for point in &mut points[earlier..] {
            point.time = time;
            point.weekday = weekday;
            point.span.start = self.span(start, start + 1).start;
        }
        Ok(true)
    }

    /// "Ngày 15/3 lúc 8 giờ"; in "15/3, 8 giờ ngày 16/3" the hour belongs to what follows.
    fn take_time_behind(&mut self) -> Result<Option<TimeOfDay>, PhraseError> {
        let start = self.at;
        let _ = self.take_sign(&[',']);
        let is_open = self.take_sign(&['(']);
        let _ = self.is_word(1, Word::Lúc) && takes!(self, Vào);
        if self.is_word(0, Word::Lúc) || self.is_word(1, Word::Giờ) || self.is_sign(1, ':') {
            let time = self.take_time()?;
            let is_closed = !is_open || self.take_sign(&[')']);
            let belongs_here = !matches!(self.word(0), Some(Word::Ngày | Word::Kể | Word::Sau | Word::Trước));
            if time.is_some() && is_closed && belongs_here {
                return Ok(time);
            }
        }
        self.at = start;
        Ok(None)
    }

    /// "15/2/2025 (tức ngày 18 tháng Giêng)": the solar date stands before it.
    fn skip_lunar_gloss(&mut self) {
        /// Such a bracket is short.
        const LONGEST: usize = 14;
        if !self.is_sign(0, '(') {
            return;
        }
        let Some(end) = (1..LONGEST).find(|ahead| self.is_sign(*ahead, ')')) else { return };
        // "15/8 (âm lịch)" gives no solar date at all.
        let names_day = (1..end).any(|ahead| matches!(self.kind(ahead), Some(Kind::Number { .. })));
        let is_lunar = |ahead: usize| {
            matches!(self.word(ahead), Some(Word::Âm | Word::Chạp | Word::Giêng | Word::Mùng | Word::Rằm | Word::Tức))
        };
        if names_day && (1..end).any(is_lunar) {
            self.at += end + 1;
        }
    }

    /// "07/02/2021 (chủ Nhật)".
    fn take_weekday_behind(&mut self) -> Option<Weekday> {
        self.attempt(|c| {
            let is_open = c.take_sign(&['(']);
            let weekday = c.take_weekday().filter(|_| is_open)?;
            c.take_sign(&[')']).then_some(weekday)
        })
    }

    pub fn push(&self, points: &mut Vec<Point>, what: What, start: usize) {
        let span = self.span(start, self.at);
        points.push(Point { what, time: None, of: None, is_law: false, is_part: false, weekday: None, span });
    }

    // ----- days

    fn take_day(&mut self, points: &mut Vec<Point>) -> Result<bool, PhraseError> {
        let start = self.at;
        let has_word = takes!(self, Ngày);
        let _ = has_word && self.figure(1, 2).is_some() && self.take_sign(&[':']);
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
        if !has_word && self.is_part_of_a_name() {
            self.at = start;
            return Ok(false);
        }
        let Some((day, is_doubled)) = (if has_word || self.figure(0, 2).is_some() { self.take_number() } else { None })
        else {
            self.at = start;
            return Ok(false);
        };
        let mut days = vec![day];
        if has_word || self.is_list_of_days(0) {
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
        // A bare number is a day only with the word before it, or a range sign or "hằng tháng" behind it.
        let names_quarter = (2..6).any(|ahead| self.is_word(ahead, Word::Quý));
        let of_each_month = matches!(self.word(0), Some(Word::Hằng | Word::Mỗi)) && self.is_word(1, Word::Tháng)
            || self.is_word(0, Word::Tháng) && matches!(self.word(1), Some(Word::Đầu | Word::Cuối)) && names_quarter
            || self.is_word(0, Word::Của)
                && self.is_word(1, Word::Tháng)
                && (names_quarter || matches!(self.word(2), Some(Word::Sau | Word::Tiếp | Word::Kế)));
        if !has_word && !self.is_sign(0, '-') && !self.is_word(0, Word::Đến) && !of_each_month {
            self.at = start;
            return Ok(false);
        }
        if days.iter().any(|day| !(1..=31).contains(day)) {
            return Err(self.refuse(Refusal::NoSuchDate, start, self.at));
        }
        if self.take_inner(points, &days, start) {
            return Ok(true);
        }
        for day in &days {
            self.push_day(points, *day, None, None, start)?;
        }
        Ok(true)
    }

    /// Figures like a date that are none: "lớp 6/2", "1.5 ngày", "3-5 ngày", "9-2021".
    fn is_part_of_a_name(&self) -> bool {
        let Some(sign) = self.sign(1).filter(|s| "/.-".contains(*s)) else { return false };
        if sign == '-' && self.year(2).is_some() {
            return true;
        }
        if self.sign(3).is_some() && self.figure(4, 4).is_some() {
            return false;
        }
        let counts = self.figure(2, 2).is_some()
            && match self.word(3) {
                Some(Word::Ngày) => self.figure(4, 2).is_none(),
                Some(Word::Tuần | Word::Giờ | Word::Lần | Word::Số) => true,
                Some(Word::Tháng | Word::Năm) => self.figure(4, 4).is_none() && !self.is_number_in_words(4),
                _ => false,
            };
        let is_lunar = (3..5).any(|ahead| self.is_word(ahead, Word::Âm));
        // "1.2 tỷ": a decimal at the beginning of a phrase.
        let is_decimal = sign == '.' && self.at == 0 && self.kind(3) == Some(Kind::Other);
        counts || is_decimal || !self.stands_free() && !is_lunar
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

    pub fn push_day(
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

    /// "26, 27, 28, 29/6": figures with separators that end in a day with its month.
    fn is_list_of_days(&self, behind: usize) -> bool {
        let mut ahead = behind;
        while self.is_list_sign(ahead) && self.figure(ahead + 1, 2).is_some() {
            ahead += 2;
        }
        let has_month = self.sign(ahead).is_some_and(|s| "/.-".contains(s)) && self.figure(ahead + 1, 2).is_some();
        ahead > behind && (has_month || self.is_word(ahead, Word::Tháng))
    }

    pub fn is_list_sign(&self, ahead: usize) -> bool {
        matches!(self.sign(ahead), Some(',' | ';' | '&' | '+')) || self.is_word(ahead, Word::Và)
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
    pub fn take_month_of_date(&mut self, has_word: bool) -> Result<Option<Named>, PhraseError> {
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
        // "Ngày 20 của tháng 6", "ngày 25 các tháng 3, 6".
        let at = usize::from(self.is_word(1, Word::Tháng) && matches!(self.word(0), Some(Word::Các | Word::Của)));
        let has_month = matches!(self.word(at), Some(Word::Tháng | Word::Th));
        if has_month && (self.figure(at + 1, 2).is_some() || self.is_number_in_words(at + 1)) {
            self.at += at + 1;
            let Some((month, is_doubled)) = self.take_number() else { return Ok(None) };
            if !(1..=12).contains(&month) {
                return Err(self.refuse(Refusal::NoSuchDate, start, self.at));
            }
            return Ok(Some((month, self.take_year_tail(), is_doubled)));
        }
        // "Ngày 05 tháng năm 2012": the month's figures are lost, and "năm" is no month here.
        let ends_there = matches!(self.kind(2), None | Some(Kind::Sign(_)));
        if has_month && self.is_word(1, Word::Năm) && (self.year(2).is_some() || ends_there) {
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
            // So does "4, 5-7 và 9, 10-7".
            if begins_date
                || skipped == 1 && self.is_list_of_days(2)
                || skipped == 1 && matches!(self.sign(skipped + 1), Some('/' | '-')) && self.year(skipped + 2).is_none()
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
        // "26-4 - 30-4": a dash with spaces around it is no separator.
        let is_glued = |ahead: usize| self.tokens.get(self.at + ahead).is_some_and(|t| !t.has_gap);
        let may_be_short = sign != '-' || is_glued(0) && is_glued(1);
        if self.is_sign(0, sign)
            && let Some(year) =
                self.year(1).or_else(|| self.any_year(1).filter(|_| may_be_short && !self.breaks_off(1)))
        {
            self.at += 2;
            return Some(year);
        }
        self.take_year_tail()
    }

    /// "15/12/20...": the year was never filled in.
    fn breaks_off(&self, ahead: usize) -> bool {
        let rest = self.tokens.get(self.at + ahead).map_or("", |t| &self.text[t.end..]);
        rest.starts_with("..") || rest.starts_with(['…', '_'])
    }

    /// "/2023", "-2020", ".2020", "năm 2023", ", năm 2023", "(2023)" behind a month or a quarter.
    pub fn take_year_tail(&mut self) -> Option<i32> {
        self.attempt(|c| {
            let is_open = c.take_sign(&['(']);
            let is_joined = c.take_sign(&['/', '-', '.', ',']) | takes!(c, Của Năm | Trong Năm | Năm);
            let year = c.year(0).filter(|_| is_open || is_joined)?;
            c.at += 1;
            (!is_open || c.take_sign(&[')'])).then_some(year)
        })
    }
}

/// "Tháng 6, tháng 12/2025": a year named last holds for the points before it, or the year before when
/// the list runs over the new year; a day without a month takes the month of the next one ("15 và 20/6").
fn complete_from_behind(points: &mut [Point]) {
    for i in (1..points.len()).rev() {
        let (head, tail) = points.split_at_mut(i);
        let (Some(point), Some(next)) = (head.last_mut(), tail.first_mut()) else { return };
        if let (What::Day { month: month @ None, .. }, What::Day { month: next_month, .. }) =
            (&mut point.what, next.what)
        {
            *month = next_month;
        }
        let runs_over = runs_over_new_year(point, next);
        if let (Some(year @ None), Some(Some(next_year))) = (point.year_mut(), next.year_mut().map(|y| *y)) {
            *year = Some(next_year - i32::from(runs_over));
        }
    }
}

/// "20/12 và 15/01", "tháng 11, 12, 1": the later one lies in the next year.
pub(super) fn runs_over_new_year(point: &Point, next: &Point) -> bool {
    match (point.month_and_day(), next.month_and_day()) {
        (Some((month, _)), Some((next_month, _))) => month >= 11 && next_month <= 2,
        _ => false,
    }
}
