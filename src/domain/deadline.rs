//! Owns the reading of a deadline phrase of an administrative plan; refuses to guess.
//!
//! The annex says `Trước ngày 15/01/2023`, `Tháng 3,6,9,12/2023` or `Thường xuyên`; [`read_phrase`]
//! turns that into a [`Reading`] or says which part it did not understand. "Trước ngày X" excludes
//! X; every other bound includes it. A whole month or quarter is due on its last day.
//!
//! The text goes through four steps: `words` cuts it; `clauses` finds its parts with the help of `points`,
//! `recurring_days`, `periods`, `windows`, `rhythms`, `events` and `names`; `assemble` puts the parts together, and `schedule` computes due
//! dates. `canonical` prints a reading in one line, for comparing.

mod assemble;
mod canonical;
mod clauses;
mod cursor;
mod doubts;
mod events;
mod names;
mod periods;
mod points;
mod reading;
mod recurring_days;
mod rhythms;
pub mod schedule;
mod windows;
mod words;

pub use self::schedule::DeadlineKind;

use std::ops::Range;

use chrono::{NaiveDate, NaiveTime, Weekday};

use super::calendar::WorkCalendar;

/// What a phrase says.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Reading {
    /// The deadlines that it names, in its order; at least one.
    pub clauses: Vec<Clause>,
    /// What happens to a due date on a day off, where the phrase says so itself.
    pub roll: Option<Roll>,
    /// "Hoặc đột xuất khi có yêu cầu" beside a rule.
    pub also: Option<Trigger>,
    /// Where people may differ; the reading is the cautious one.
    pub doubts: Vec<Doubt>,
    /// Bytes of words that say nothing about time.
    pub passed_over: Vec<Range<usize>>,
}

/// One deadline with the bytes of the phrase that it was read from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Clause {
    /// Its meaning.
    pub rule: DeadlineRule,
    /// Where it stands.
    pub span: Range<usize>,
}

/// When work is due, as one clause says.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum DeadlineRule {
    /// One due date for each date named ("Tháng 3,6,9,12/2023" names four).
    Dates {
        /// Whether the dates are themselves still in time.
        limit: Limit,
        /// The dates, in the order of the phrase.
        dates: Vec<CalendarPoint>,
    },
    /// "Từ ngày A đến ngày B": work begins on A and is due on B, if there is one.
    Window {
        /// First day.
        from: CalendarPoint,
        /// The end.
        due: Option<(Limit, CalendarPoint)>,
    },
    /// "Trước ngày 15 hằng tháng".
    Every(Recurrence),
    /// "05 ngày làm việc kể từ ngày …": due once the event has been entered.
    Relative(Relative),
    /// "Khoảng 6 tháng", "không quá 1 ngày": how long the work takes, from a start nobody named.
    Lasts {
        /// A bound, or none for "khoảng".
        limit: Option<Limit>,
        /// How many.
        count: u32,
        /// Of what.
        unit: DistanceUnit,
    },
    /// "Thường xuyên": never overdue, asked about from time to time.
    Standing,
    /// "Khi có phát sinh", "khi có văn bản yêu cầu": due only once that has been entered. The bytes name
    /// the event; empty when the phrase names none of its own.
    Triggered(Trigger, Range<usize>),
    /// "Theo kế hoạch riêng của …": another document will give the date; the bytes name whose.
    ExternalPlan(Range<usize>),
    /// "25/10 âm lịch": a person must find the solar date.
    Lunar {
        /// Lunar day.
        day: u32,
        /// Lunar month.
        month: u32,
    },
}

/// Whether the date written is itself still in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Limit {
    /// "Trước ngày": the date is excluded.
    Before,
    /// "Chậm nhất", "đến hết", "trong" or a bare date: the date is included.
    NotAfter,
}

/// A day, month, quarter, half or year of the calendar; its year is missing when neither the phrase nor
/// the plan names one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CalendarPoint {
    /// Gregorian year.
    pub year: Option<i32>,
    /// The month of the day, or the last month of the period.
    pub month: u32,
    /// What of it.
    pub extent: Extent,
    /// The hour named, in the office's zone.
    pub time: Option<NaiveTime>,
}

/// How much of the calendar a point covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Extent {
    /// One day of the month.
    Day(DayOf),
    /// So many whole months, the point's month being the last: 1, 3, 6, 9 or 12.
    Months(u32),
}

/// Which day of a month or longer period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DayOf {
    /// Its number; the last day where the month is shorter (Bộ luật Dân sự 2015, Điều 148.3).
    Number(u32),
    /// The last day.
    Last,
    /// The n-th working day.
    Working(u32),
    /// The last working day.
    LastWorking,
}

/// Which month of a quarter or longer period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MonthOf {
    /// Counted from its first.
    Number(u32),
    /// The last one.
    Last,
}

/// Whether a recurring date lies in its own period or in the one beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Neighbour {
    /// Its own.
    Same,
    /// "Của tháng tiếp theo", "năm sau".
    Next,
    /// "Của năm trước".
    Previous,
}

/// Which week of a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Week {
    /// Counted from the first.
    Number(u32),
    /// The last one.
    Last,
}

/// A rhythm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Every {
    /// Every so many weeks.
    Weeks(u32),
    /// Every so many months: 1, 3 a quarter, 6, 12 a year.
    Months(u32),
}

/// Work that comes back.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Recurrence {
    /// The rhythm.
    pub every: Every,
    /// Whether the day is itself still in time.
    pub limit: Limit,
    /// The day of each period.
    pub on: RecurringDay,
    /// First day of the time it reports on or may be done in.
    pub from: Option<RecurringStart>,
    /// The hour named, in the office's zone.
    pub time: Option<NaiveTime>,
    /// "2025 và những năm tiếp theo": the first year; it goes on after the plan's year.
    pub since: Option<i32>,
    /// "Hằng quý đến năm 2030": the last year.
    pub until: Option<i32>,
}

/// The day on which each period of a recurrence is due.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum RecurringDay {
    /// None named: the last day of the period.
    End,
    /// Days of a month of the period; each of them is due.
    Days {
        /// The days, at least one.
        days: Vec<DayOf>,
        /// The month, where the period has several.
        month: Option<MonthOf>,
        /// The period it lies in.
        of: Neighbour,
    },
    /// Weekdays of each week, or of one week of each month; each of them is due.
    Weekdays {
        /// The weekdays, at least one.
        weekdays: Vec<Weekday>,
        /// The week of the month.
        week: Option<Week>,
    },
    /// Dates of the year.
    Dates(Vec<YearDate>),
}

/// A date without a year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct YearDate {
    /// Month.
    pub month: u32,
    /// Day of that month.
    pub day: DayOf,
    /// The year it lies in, seen from the period.
    pub of: Neighbour,
}

/// The day a recurrence reports from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RecurringStart {
    /// The month, for dates of the year.
    pub month: Option<u32>,
    /// The day.
    pub day: u32,
    /// The month or year it lies in, seen from the due date's.
    pub of: Neighbour,
}

/// A time counted from an event.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Relative {
    /// "Sớm nhất trước 2 tuần": not earlier than this.
    pub from: Option<Distance>,
    /// Due at this distance.
    pub due: Option<(Limit, Distance)>,
    /// Bytes that name the event; empty when the phrase names none.
    pub event: Range<usize>,
    /// The event's date, where the phrase gives it: "30 ngày kể từ ngày 01/7/2026".
    pub anchor: Option<CalendarPoint>,
}

/// How far from an event; negative before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Distance {
    /// How many.
    pub count: i32,
    /// Of what.
    pub unit: DistanceUnit,
    /// "Trước 08 giờ ngày hôm sau": the hour of that day.
    pub time: Option<NaiveTime>,
}

/// Unit of a [`Distance`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DistanceUnit {
    /// Calendar days.
    Day,
    /// Working days.
    WorkingDay,
    /// Hours of the clock.
    Hour,
    /// Hours inside office hours.
    WorkingHour,
    /// Seven days.
    Week,
    /// Months, to the corresponding day (Bộ luật Dân sự 2015, Điều 148.3).
    Month,
    /// Years.
    Year,
}

/// What happens to a due date on a day off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Roll {
    /// "Chuyển sang ngày làm việc tiếp theo".
    NextWorkingDay,
    /// "Chuyển sang ngày làm việc trước đó".
    PreviousWorkingDay,
    /// "Ngày làm việc gần nhất": the earlier one when two are as near.
    Nearest,
}

/// What an event-driven duty waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Trigger {
    /// That something happens.
    Event,
    /// That somebody asks.
    Request,
}

/// Something that people read differently.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Doubt {
    /// In what way.
    pub kind: DoubtKind,
    /// The other reading, where it can be written as one.
    pub other: Option<DeadlineRule>,
    /// Where it stands.
    pub span: Range<usize>,
}

/// In what way people differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DoubtKind {
    /// "Trước T12/2023": before the month begins, or by its end.
    BeforeWholePeriod,
    /// "Quý I, II": a due date each, or one at the end.
    ListOrSpan,
    /// "Đầu quý III": its first day, or its first part.
    PartOfPeriod,
    /// "2 lần/năm": on which days nobody wrote.
    TimesWithoutDays,
    /// "105 ngày": before or after the event.
    Direction,
    /// "10-12/2025": the 10th of December, or October to December.
    DayOrMonths,
    /// Letters were taken for figures.
    Repaired,
    /// The weekday written beside the date is another.
    WrongWeekday,
}

/// The year of dates that name none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum YearContext {
    /// None is known.
    #[default]
    Unknown,
    /// The year in the plan's title.
    Year(i32),
    /// A school year by its first year: August to December belong to it, the other months to the next.
    SchoolYear(i32),
}

impl YearContext {
    /// The year that a date in `month` belongs to.
    #[must_use]
    pub fn year_of(self, month: u32) -> Option<i32> {
        match self {
            Self::Unknown => None,
            Self::Year(year) => Some(year),
            Self::SchoolYear(first) => Some(first + i32::from(month < 8)),
        }
    }
}

impl std::str::FromStr for YearContext {
    type Err = ();

    /// `2023`, or `2023-2024` (also with an en dash, a slash or spaces) for a school year.
    fn from_str(text: &str) -> Result<Self, ()> {
        let year = |text: &str| text.trim().parse().ok().filter(|y| (1900..=2100).contains(y)).ok_or(());
        match text.split_once(['-', '–', '/']) {
            None => year(text).map(Self::Year),
            Some((first, second)) => {
                let (first, second): (i32, i32) = (year(first)?, year(second)?);
                if second == first + 1 { Ok(Self::SchoolYear(first)) } else { Err(()) }
            }
        }
    }
}

/// Why a phrase was refused, and which bytes of it are the reason.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{refusal} at {span:?}")]
pub struct PhraseError {
    /// The reason.
    pub refusal: Refusal,
    /// The part that is the reason; what stands before it was understood.
    pub span: Range<usize>,
}

/// Kinds of refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nothing is written.
    #[error("the phrase is empty")]
    Empty,
    /// Longer than any cell of an annex.
    #[error("the phrase is too long")]
    TooLong,
    /// Words or numbers without a certain meaning.
    #[error("not understood")]
    NotUnderstood,
    /// A date, month, quarter or hour that does not exist, such as 31/02.
    #[error("no such date")]
    NoSuchDate,
    /// A number has been damaged or lost.
    #[error("damaged text")]
    Damaged,
    /// A day without its month.
    #[error("the month is missing")]
    MonthMissing,
    /// The end lies before the beginning.
    #[error("contradiction")]
    Contradiction,
    /// Two deadlines follow each other without a word that joins them.
    #[error("two deadlines joined without sense")]
    Joined,
    /// A day of the lunar calendar that we cannot place.
    #[error("lunar date")]
    Lunar,
}

/// Reads `phrase`; `context` completes dates that name no year. A school year named in the phrase itself
/// ("năm học 2019-2020") outweighs it.
///
/// # Errors
/// When any number or word of time has no certain meaning: an invented date would be worse than a question.
pub fn read_phrase(phrase: &str, context: YearContext) -> Result<Reading, PhraseError> {
    let whole = |refusal| PhraseError { refusal, span: 0..phrase.len() };
    let tokens = words::split(phrase).ok_or_else(|| whole(Refusal::TooLong))?;
    if tokens.is_empty() {
        return Err(whole(Refusal::Empty));
    }
    let mut cursor = cursor::Cursor { text: phrase, tokens: &tokens, at: 0 };
    let context = cursor.school_year().map_or(context, YearContext::SchoolYear);
    let parts = cursor.read_parts()?;
    let mut reading = assemble::assemble(parts, context, phrase)?;
    if let Some(token) = tokens.iter().find(|t| t.is_repaired) {
        reading.doubts.push(Doubt { kind: DoubtKind::Repaired, other: None, span: token.start..token.end });
    }
    Ok(reading)
}

impl DeadlineRule {
    /// The due days that it names with their year.
    #[must_use]
    pub fn named_days(&self) -> Vec<NaiveDate> {
        match self {
            Self::Dates { limit, dates } => dates.iter().filter_map(|d| d.bounded_day(*limit, d.year?)).collect(),
            Self::Window { due: Some((limit, to)), .. } => {
                to.year.and_then(|year| to.bounded_day(*limit, year)).into_iter().collect()
            }
            Self::Window { due: None, .. }
            | Self::Every(_)
            | Self::Relative(_)
            | Self::Lasts { .. }
            | Self::Standing
            | Self::Triggered(..)
            | Self::ExternalPlan(_)
            | Self::Lunar { .. } => Vec::new(),
        }
    }

    /// Whether a date it names does not exist in its year, such as 29/02/2023.
    fn names_no_day(&self) -> bool {
        let is_missing = |d: &CalendarPoint| {
            let is_day = matches!(d.extent, Extent::Day(DayOf::Number(_)));
            d.year.is_some_and(|year| is_day && d.last_day(year).is_none())
        };
        match self {
            Self::Dates { dates, .. } => dates.iter().any(is_missing),
            Self::Window { from, due } => is_missing(from) || due.iter().any(|(_, to)| is_missing(to)),
            Self::Relative(relative) => relative.anchor.iter().any(is_missing),
            Self::Every(_)
            | Self::Lasts { .. }
            | Self::Standing
            | Self::Triggered(..)
            | Self::ExternalPlan(_)
            | Self::Lunar { .. } => false,
        }
    }
}

impl CalendarPoint {
    /// The first day it covers; `year` stands in for a missing one. `None` for a day that depends on the
    /// working calendar or does not exist.
    #[must_use]
    pub fn first_day(&self, year: i32) -> Option<NaiveDate> {
        let year = self.year.unwrap_or(year);
        match self.extent {
            Extent::Day(day) => day_of_month(year, self.month, day),
            Extent::Months(months) => NaiveDate::from_ymd_opt(year, self.month + 1 - months, 1),
        }
    }

    /// The last day it covers; as [`CalendarPoint::first_day`].
    #[must_use]
    pub fn last_day(&self, year: i32) -> Option<NaiveDate> {
        let year = self.year.unwrap_or(year);
        match self.extent {
            Extent::Day(day) => day_of_month(year, self.month, day),
            Extent::Months(_) => last_of_month(year, self.month),
        }
    }

    /// The day that a bound on this point names: the first one for "trước".
    #[must_use]
    pub fn bounded_day(&self, limit: Limit, year: i32) -> Option<NaiveDate> {
        match limit {
            Limit::Before => self.first_day(year),
            Limit::NotAfter => self.last_day(year),
        }
    }
}

fn day_of_month(year: i32, month: u32, day: DayOf) -> Option<NaiveDate> {
    match day {
        DayOf::Number(day) => NaiveDate::from_ymd_opt(year, month, day),
        DayOf::Last => last_of_month(year, month),
        DayOf::Working(_) | DayOf::LastWorking => None,
    }
}

fn last_of_month(year: i32, month: u32) -> Option<NaiveDate> {
    let next =
        if month == 12 { NaiveDate::from_ymd_opt(year + 1, 1, 1) } else { NaiveDate::from_ymd_opt(year, month + 1, 1) };
    next.and_then(|d| d.pred_opt())
}

/// The due date of an occurrence ("hạn").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Due {
    /// Last day that is not late.
    pub last_on: NaiveDate,
    /// Last working day not after `last_on`; it never moves forward, since "trước ngày" does not.
    pub safe_on: NaiveDate,
    /// Computed from a year whose official notice is missing ("tạm tính").
    pub is_provisional: bool,
}

impl Due {
    /// The due date whose last day in time is `last_on`.
    #[must_use]
    pub fn on(last_on: NaiveDate, calendar: &WorkCalendar) -> Self {
        let safe_on = calendar.last_working_day_until(last_on);
        // A notice could still make any day in between a working day.
        let is_provisional = calendar.is_provisional(safe_on) || calendar.is_provisional(last_on);
        Self { last_on, safe_on, is_provisional }
    }
}

#[cfg(test)]
mod tests;
