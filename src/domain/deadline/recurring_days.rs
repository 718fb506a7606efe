//! Owns days that belong to every period: "ngày 15 của tháng cuối quý", "ngày làm việc cuối cùng của tháng".

use chrono::Weekday;

use super::{
    DayOf, MonthOf, Neighbour, PhraseError, Recurrence, RecurringDay,
    cursor::{Cursor, takes},
    periods::{MonthOfPeriod, set_neighbour},
    points::{Point, What},
    words::Word,
};

impl Cursor<'_> {
    /// "10 ngày đầu (của) tháng": up to that day.
    pub fn take_first_days(&mut self, points: &mut Vec<Point>) -> Result<bool, PhraseError> {
        let start = self.at;
        let Some(days) = self.figure(0, 2).filter(|_| self.is_word(1, Word::Ngày) && self.is_word(2, Word::Đầu))
        else {
            return Ok(false);
        };
        self.at += 3;
        self.skip(&[Word::Tiên, Word::Của]);
        if let Some((month, year, _)) = self.take_month_of_date(true)? {
            self.push_day(points, days, Some(month), year, start)?;
            return Ok(true);
        }
        if (1..=31).contains(&days) && self.take_inner(points, &[days], start) {
            return Ok(true);
        }
        self.at = start;
        Ok(false)
    }

    /// "Ngày thứ sáu của tuần lễ đầu", but not "ngày thứ 20 của tháng".
    pub fn is_weekday_of_week(&self) -> bool {
        let names_week = (2..5).any(|ahead| self.is_word(ahead, Word::Tuần));
        let in_words =
            matches!(self.word(1), Some(Word::Hai | Word::Ba | Word::Bốn | Word::Năm | Word::Sáu | Word::Bảy));
        names_week || in_words && !self.is_word(2, Word::Mười)
    }

    pub fn take_weekday_as_day(&mut self, points: &mut Vec<Point>, start: usize) -> bool {
        let Some(weekday) = self.take_weekday() else {
            self.at = start;
            return false;
        };
        self.push_weekday(points, weekday, start);
        true
    }

    /// The week of the month behind a weekday, or "trong tuần", which is every week.
    pub fn push_weekday(&mut self, points: &mut Vec<Point>, weekday: Weekday, start: usize) {
        let week = self.take_week();
        let is_each = week.is_none() && takes!(self, Trong Tuần);
        self.push(points, What::Weekday { weekday, week }, start);
        set_neighbour(points, is_each.then_some(Neighbour::Same));
    }

    /// "Ngày cuối cùng của tháng", "ngày làm việc cuối cùng của quý", "ngày làm việc thứ 5 của tháng".
    pub fn take_outer_day(&mut self, points: &mut Vec<Point>, start: usize) -> Result<bool, PhraseError> {
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
            (false, true) if takes!(self, Thứ) => {
                let Some((n @ 1..=22, _)) = self.take_number() else {
                    self.at = begin;
                    return Ok(false);
                };
                DayOf::Working(n)
            }
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

    pub fn take_months_of_unit(&mut self) -> Option<u32> {
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
    pub fn take_inner(&mut self, points: &mut Vec<Point>, days: &[u32], start: usize) -> bool {
        let begin = self.at;
        self.skip(&[Word::Của, Word::Trong, Word::Vào]);
        let is_each = takes!(self, Hằng | Mỗi);
        let (month_of, months, of) = if let Some(found) = self.take_month_of_period() {
            (Some(found.month_of), found.months, found.of)
        } else if !matches!(self.word(1), Some(Word::Giêng | Word::Chạp)) && takes!(self, Tháng) {
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
    pub fn push_inner(
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
        if let Some(month) = month_of_year {
            self.push(points, What::Day { day, month: Some(month), year: None }, start);
            set_neighbour(points, of.or(Some(Neighbour::Same)));
        } else {
            self.push(points, What::Inner { day, month_of, months }, start);
            set_neighbour(points, of);
        }
    }

    /// "Tháng đầu (của mỗi) quý", "tháng cuối quý sau", "tháng thứ hai của quý", "tháng đầu tiên của năm".
    pub fn take_month_of_period(&mut self) -> Option<MonthOfPeriod> {
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
}

impl Recurrence {
    pub(super) fn has_same_rhythm(&self, other: &Self) -> bool {
        (self.every, self.limit, self.time, self.from) == (other.every, other.limit, other.time, other.from)
    }

    /// Adds the day of `other` where both name days of the same kind: "ngày 10 và ngày 25 hằng tháng".
    pub(super) fn join(&mut self, other: &Self) -> bool {
        match (&mut self.on, &other.on) {
            (
                RecurringDay::Days { days, month, of },
                RecurringDay::Days { days: more, month: other_month, of: other_of },
            ) if month == other_month && of == other_of => {
                days.extend(more);
                true
            }
            (
                RecurringDay::Weekdays { weekdays, week },
                RecurringDay::Weekdays { weekdays: more, week: other_week },
            ) if week == other_week => {
                weekdays.extend(more);
                true
            }
            _ => false,
        }
    }
}
