//! Owns what people may read differently in dates that were understood.

use std::ops::Range;

use chrono::{Datelike, Weekday};

use super::{CalendarPoint, DayOf, DeadlineRule, DoubtKind, Extent, Limit, assemble::Assembly, points::Point};

impl Assembly<'_> {
    pub fn doubts_of(&mut self, limit: Limit, points: &[Point], dates: &[CalendarPoint], span: &Range<usize>) {
        for (point, date) in points.iter().zip(dates) {
            if let (Limit::Before, Extent::Months(_)) = (limit, date.extent) {
                let other = DeadlineRule::Dates { limit: Limit::NotAfter, dates: dates.to_vec() };
                self.doubt(DoubtKind::BeforeWholePeriod, Some(other), span.clone());
                return;
            }
            if point.is_part {
                let other = DeadlineRule::Dates { limit, dates: vec![other_part(*date)] };
                self.doubt(DoubtKind::PartOfPeriod, Some(other), point.span.clone());
            }
            if is_wrong_weekday(point.weekday, *date) {
                self.doubt(DoubtKind::WrongWeekday, None, point.span.clone());
            }
        }
        let follow = |pair: &[CalendarPoint]| match (pair[0].extent, pair[1].extent) {
            (Extent::Months(a), Extent::Months(b)) if a == b => {
                pair[0].year == pair[1].year && pair[0].month + b == pair[1].month
            }
            _ => false,
        };
        if dates.len() > 1
            && dates.windows(2).all(follow)
            && let Some(last) = dates.last()
        {
            let other = DeadlineRule::Dates { limit, dates: vec![*last] };
            self.doubt(DoubtKind::ListOrSpan, Some(other), span.clone());
        }
    }
}

/// The later reading of "đầu" and "giữa": the first ten days of a month, the first day of a quarter's part.
fn other_part(date: CalendarPoint) -> CalendarPoint {
    let (month, day) = match date.extent {
        Extent::Day(DayOf::Number(1)) if date.month == 1 => (3, DayOf::Last),
        Extent::Day(DayOf::Number(1)) => (date.month, DayOf::Number(10)),
        Extent::Day(DayOf::Number(_)) => (date.month, DayOf::Number(20)),
        Extent::Day(_) | Extent::Months(_) => (date.month, DayOf::Number(1)),
    };
    CalendarPoint { month, extent: Extent::Day(day), ..date }
}

fn is_wrong_weekday(weekday: Option<Weekday>, date: CalendarPoint) -> bool {
    match (weekday, date.year, date.extent) {
        (Some(weekday), Some(year), Extent::Day(_)) => date.last_day(year).is_some_and(|d| d.weekday() != weekday),
        _ => false,
    }
}
