//! Owns ranges of time: how they are found in the phrase, and what they mean once or in every period.

use std::ops::Range;

use super::{
    DayOf, DeadlineRule, DoubtKind, Every, Extent, Limit, Neighbour, PhraseError, RecurringDay, RecurringStart,
    Refusal, YearDate,
    assemble::{Assembly, SOME_LEAP_YEAR, has_no_year, new_recurrence, year_date},
    clauses::Part,
    cursor::{Cursor, TimeOfDay, takes},
    points::{Point, What},
    words::{Kind, Word},
};

/// "25/12-5/1" runs over the new year; "20/3 - 15/3" would last almost a year and is a slip.
const LONGEST_OVER_NEW_YEAR: u32 = 10;

impl Cursor<'_> {
    pub fn take_window(&mut self) -> Result<Option<Part>, PhraseError> {
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
            // "Từ ngày ký ban hành đến 30/9": only the end is a date.
            let limit = if has_from { self.take_words_to_limit() } else { None };
            if let (Some(limit), points) = (limit, self.take_points()?)
                && !points.is_empty()
            {
                return Ok(Some(Part::Points { limit, points, is_bare: false }));
            }
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

    /// The limit behind "từ" and words that are no date.
    fn take_words_to_limit(&mut self) -> Option<Limit> {
        self.attempt(|c| {
            let is_plain = |c: &Self| {
                c.kind(0).is_some_and(|k| matches!(k, Kind::Other | Kind::Word(_))) && !c.is_word(0, Word::Đến)
            };
            while is_plain(c) {
                c.at += 1;
            }
            if c.is_word(0, Word::Đến) { c.take_limit() } else { None }
        })
    }

    /// "Từ 7 giờ đến 19 giờ ngày 23/5", "8h-17h ngày 15/3": hours of one day.
    pub fn take_hours_of_day(&mut self) -> Result<Option<Part>, PhraseError> {
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
    pub fn take_end(&mut self, from: Option<&Point>) -> Result<Option<Point>, PhraseError> {
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
}

impl Assembly<'_> {
    pub fn window(
        &mut self,
        from: Point,
        to: Option<Point>,
        limit: Limit,
        rhythms: &[Every],
        span: Range<usize>,
    ) -> Result<(), PhraseError> {
        let Some(to) = to else {
            let from = self.calendar_point(&from)?;
            // "Hằng năm, từ năm 2025".
            if let (Some(open), Extent::Months(12), Some(year)) = (self.open_rhythm, from.extent, from.year)
                && let DeadlineRule::Every(recurrence) = &mut self.reading.clauses[open.clause].rule
            {
                recurrence.since = Some(year);
                return Ok(());
            }
            self.push(DeadlineRule::Window { from, due: None }, span);
            return Ok(());
        };
        if self.recurring_window(&from, &to, limit, rhythms, &span) {
            return Ok(());
        }
        let mut from = from;
        // "10-12/2025": a day of December, or the months from October.
        if let (
            What::Day { day: DayOf::Number(number @ 1..=12), month: None, .. },
            What::Months { months: 1, month, year },
        ) = (from.what, to.what)
        {
            let mut date = to.clone();
            date.what = What::Day { day: DayOf::Number(number), month: Some(month), year };
            let other = DeadlineRule::Dates { limit, dates: vec![self.calendar_point(&date)?] };
            self.doubt(DoubtKind::DayOrMonths, Some(other), span.clone());
            from.what = What::Months { months: 1, month: number, year };
        }
        let (first, mut last) = (self.calendar_point(&from)?, self.calendar_point(&to)?);
        let ends_earlier = last.last_day(SOME_LEAP_YEAR) < first.first_day(SOME_LEAP_YEAR);
        let goes_over_new_year = (last.month + 12).saturating_sub(first.month) <= LONGEST_OVER_NEW_YEAR;
        let is_same_year = first.year == last.year;
        if ends_earlier && is_same_year {
            if !(has_no_year(&to) && to.of.is_none() && goes_over_new_year) {
                return Err(PhraseError { refusal: Refusal::Contradiction, span });
            }
            last.year = last.year.map(|y| y + 1);
        }
        self.push(DeadlineRule::Window { from: first, due: Some((limit, last)) }, span);
        Ok(())
    }

    /// "Từ ngày 5 đến ngày 10 hằng tháng", "từ ngày 15 tháng trước đến ngày 14 của tháng báo cáo": whether
    /// the window comes back.
    fn recurring_window(
        &mut self,
        from: &Point,
        to: &Point,
        limit: Limit,
        rhythms: &[Every],
        span: &Range<usize>,
    ) -> bool {
        let of_from = from.of.unwrap_or(Neighbour::Same);
        let of = to.of.unwrap_or(Neighbour::Same);
        let (on, every, start) = match (to.what, first_day_of(from.what)) {
            (What::Inner { day, month_of, months }, Some((_, first))) => {
                let on = RecurringDay::Days { days: vec![day], month: month_of, of };
                (on, Every::Months(months), RecurringStart { month: None, day: first, of: of_from })
            }
            (What::Day { day, month: None, .. }, Some((_, first))) if !rhythms.is_empty() => {
                let on = RecurringDay::Days { days: vec![day], month: None, of: Neighbour::Same };
                (on, rhythms[0], RecurringStart { month: None, day: first, of: of_from })
            }
            (What::Day { .. } | What::Months { .. }, Some((Some(month), first))) => {
                // "Đến … năm sau" of a plan is that one year; "của kỳ báo cáo" is every period.
                let is_recurring = !rhythms.is_empty() || to.of == Some(Neighbour::Same);
                let Some(date) = year_date(to, limit).filter(|_| is_recurring && has_no_year(from)) else {
                    return false;
                };
                let every =
                    rhythms.first().copied().or_else(|| length_of(month, first, of_from, date).map(Every::Months));
                let Some(every) = every else { return false };
                (RecurringDay::Dates(vec![date]), every, RecurringStart { month: Some(month), day: first, of: of_from })
            }
            _ => return false,
        };
        let mut new = new_recurrence(every, limit, on);
        new.from = Some(start);
        new.time = to.time;
        self.push(DeadlineRule::Every(new), span.clone());
        true
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
    let ends_earlier = from.month_and_day().zip(to.month_and_day()).is_some_and(|(from, to)| from > to);
    // "Từ 01/3 đến năm 2030" does not say when it begins.
    if matches!(to.what, What::Months { months: 12, .. }) && !matches!(from.what, What::Months { months: 12, .. }) {
        return true;
    }
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

/// The months from a day of `month` to `to`: from 15/12 of the year before to 14/6 is a half-year's report.
fn length_of(month: u32, day: u32, of_from: Neighbour, to: YearDate) -> Option<u32> {
    let end = to.month + if of_from == Neighbour::Previous { 12 } else { 0 };
    let is_whole_month = day == 1 && !matches!(to.day, DayOf::Number(last) if last < 28);
    (end + u32::from(is_whole_month)).checked_sub(month).filter(|length| (1..=12).contains(length))
}

/// Month and day on which a window begins.
fn first_day_of(what: What) -> Option<(Option<u32>, u32)> {
    match what {
        What::Day { day: DayOf::Number(day), month, .. } => Some((month, day)),
        What::Inner { day: DayOf::Number(day), .. } => Some((None, day)),
        What::Months { months, month, .. } => Some((Some(month + 1 - months), 1)),
        What::Day { .. } | What::Inner { .. } | What::Weekday { .. } => None,
    }
}
