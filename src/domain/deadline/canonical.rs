//! Owns the canonical form of a reading: one line that two readings share exactly when they mean the same.
//!
//! `due<2023-01-15`, `every=month;day<=20;of=next`, `due<=ref+5wd;ref=…`; `;` joins parts, `|` joins
//! alternatives, `YYYY` stands for a year that is not known, `amb=…` names a doubt.

use std::fmt::{self, Write as _};

use chrono::{Datelike, NaiveTime, Timelike, Weekday};

use super::{
    CalendarPoint, DayOf, DeadlineRule, Distance, DistanceUnit, DoubtKind, Every, Extent, Limit, MonthOf, Neighbour,
    Reading, Recurrence, RecurringDay, Roll, Trigger, Week, YearDate,
};

impl Reading {
    /// The canonical form; `phrase` is the text that was read, for the names of events.
    #[must_use]
    pub fn canonical(&self, phrase: &str) -> String {
        let mut line = Line { text: String::with_capacity(48) };
        for clause in &self.clauses {
            line.rule(&clause.rule, phrase);
        }
        if let Some(also) = self.also {
            line.part(format_args!("also={}", trigger(also)));
        }
        if let Some(roll) = self.roll {
            line.part(format_args!(
                "roll={}",
                match roll {
                    Roll::NextWorkingDay => "next_working_day",
                    Roll::PreviousWorkingDay => "previous_working_day",
                    Roll::Nearest => "nearest",
                }
            ));
        }
        for doubt in &self.doubts {
            line.part(format_args!(
                "amb={}",
                match doubt.kind {
                    DoubtKind::BeforeWholePeriod => "before_period",
                    DoubtKind::ListOrSpan => "list_or_span",
                    DoubtKind::PartOfPeriod => "part",
                    DoubtKind::TimesWithoutDays => "n2",
                    DoubtKind::Direction => "direction",
                    DoubtKind::DayOrMonths => "day_or_months",
                    DoubtKind::Repaired => "repaired",
                    DoubtKind::WrongWeekday => "weekday",
                }
            ));
        }
        line.text
    }
}

struct Line {
    text: String,
}

impl Line {
    fn part(&mut self, part: fmt::Arguments<'_>) {
        if !self.text.is_empty() {
            self.text.push(';');
        }
        // Writing to a String cannot fail.
        let _ = self.text.write_fmt(part);
    }

    /// One of several values of the part at hand.
    fn alternative(&mut self, index: usize, value: fmt::Arguments<'_>) {
        if index > 0 {
            self.text.push('|');
        }
        let _ = self.text.write_fmt(value);
    }

    fn reference(&mut self, name: &str) {
        if !name.is_empty() {
            self.part(format_args!("ref={name}"));
        }
    }

    fn rule(&mut self, rule: &DeadlineRule, phrase: &str) {
        let name = |span: &std::ops::Range<usize>| phrase.get(span.clone()).unwrap_or_default();
        match rule {
            DeadlineRule::Dates { limit, dates } => {
                self.part(format_args!("due{}", sign(*limit)));
                for (i, date) in dates.iter().enumerate() {
                    self.alternative(i, format_args!("{}", Bounded(*date, *limit)));
                }
            }
            DeadlineRule::Window { from, due } => {
                self.part(format_args!("from={}", Bounded(*from, Limit::Before)));
                if let Some((limit, to)) = due {
                    self.part(format_args!("due{}{}", sign(*limit), Bounded(*to, *limit)));
                }
            }
            DeadlineRule::Every(recurrence) => self.recurrence(recurrence),
            DeadlineRule::Relative(relative) => {
                if let Some(from) = relative.from {
                    self.part(format_args!("from={from}"));
                }
                if let Some((limit, due)) = relative.due {
                    self.part(format_args!("due{}{due}", sign(limit)));
                }
                self.reference(name(&relative.event));
            }
            DeadlineRule::Lasts { limit, count, unit } => {
                self.part(format_args!("duration{}{count}{}", limit.map_or("=", sign), letters(*unit)));
            }
            DeadlineRule::Standing => self.part(format_args!("continuous")),
            DeadlineRule::Triggered(by, event) => {
                self.part(format_args!("{}", trigger(*by)));
                self.reference(name(event));
            }
            DeadlineRule::ExternalPlan(owner) => {
                self.part(format_args!("external_plan"));
                self.reference(name(owner));
            }
            DeadlineRule::Lunar { day, month } => self.part(format_args!("lunar={month:02}-{day:02}")),
        }
    }

    fn recurrence(&mut self, recurrence: &Recurrence) {
        let Recurrence { every, limit, on, from, time, since, until } = recurrence;
        self.part(format_args!("every={every}"));
        if let Some(year) = since {
            self.part(format_args!("from={year}"));
        }
        if let Some(year) = until {
            self.part(format_args!("until={year}"));
        }
        if let Some(from) = from {
            match from.month {
                Some(month) => self.part(format_args!("from_date={month:02}-{:02}", from.day)),
                None => self.part(format_args!("from_day={}", from.day)),
            }
            self.neighbour("of_from", from.of);
        }
        let mut said_time = *time;
        match on {
            RecurringDay::End => {}
            RecurringDay::Weekdays { weekdays, week } => {
                match week {
                    Some(Week::Number(number)) => self.part(format_args!("week={number}")),
                    Some(Week::Last) => self.part(format_args!("week=last")),
                    None => {}
                }
                self.part(format_args!("dow="));
                for (i, weekday) in weekdays.iter().enumerate() {
                    self.alternative(i, format_args!("{}", weekday_name(*weekday)));
                }
            }
            RecurringDay::Days { days, month, of } => {
                match month {
                    Some(MonthOf::Number(1)) => self.part(format_args!("month=first")),
                    Some(MonthOf::Number(number)) => self.part(format_args!("month={number}")),
                    Some(MonthOf::Last) => self.part(format_args!("month=last")),
                    None => {}
                }
                self.part(format_args!("day{}", sign(*limit)));
                let hour = said_time.take();
                for (i, day) in days.iter().enumerate() {
                    self.alternative(i, format_args!("{day}{}", Hour(hour)));
                }
                self.neighbour("of", *of);
            }
            RecurringDay::Dates(dates) => {
                self.part(format_args!("date{}", sign(*limit)));
                let hour = said_time.take();
                for (i, date) in dates.iter().enumerate() {
                    self.alternative(i, format_args!("{}{}", OfYear(*date), Hour(hour)));
                }
                let of = dates.iter().map(|d| d.of).find(|of| *of != Neighbour::Same);
                self.neighbour("of", of.unwrap_or(Neighbour::Same));
            }
        }
        if let Some(time) = said_time {
            self.part(format_args!("time{}{:02}:{:02}", sign(*limit), time.hour(), time.minute()));
        }
    }

    fn neighbour(&mut self, key: &str, of: Neighbour) {
        match of {
            Neighbour::Same => {}
            Neighbour::Next => self.part(format_args!("{key}=next")),
            Neighbour::Previous => self.part(format_args!("{key}=prev")),
        }
    }
}

fn sign(limit: Limit) -> &'static str {
    match limit {
        Limit::Before => "<",
        Limit::NotAfter => "<=",
    }
}

fn trigger(trigger: Trigger) -> &'static str {
    match trigger {
        Trigger::Event => "on_event",
        Trigger::Request => "on_request",
    }
}

fn letters(unit: DistanceUnit) -> &'static str {
    match unit {
        DistanceUnit::Day => "d",
        DistanceUnit::WorkingDay => "wd",
        DistanceUnit::Hour => "h",
        DistanceUnit::WorkingHour => "wh",
        DistanceUnit::Week => "w",
        DistanceUnit::Month => "m",
        DistanceUnit::Year => "y",
    }
}

fn weekday_name(weekday: Weekday) -> &'static str {
    match weekday {
        Weekday::Mon => "mon",
        Weekday::Tue => "tue",
        Weekday::Wed => "wed",
        Weekday::Thu => "thu",
        Weekday::Fri => "fri",
        Weekday::Sat => "sat",
        Weekday::Sun => "sun",
    }
}

/// A point with the bound on it, which tells whether the first or the last day of a month is meant.
struct Bounded(CalendarPoint, Limit);

impl fmt::Display for Bounded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(point, limit) = *self;
        // Any year with 28 days in February will do for one that is not known.
        let day = point.bounded_day(limit, 2023).or_else(|| point.bounded_day(limit, 2024));
        match point.year {
            Some(year) => write!(f, "{year}")?,
            None => f.write_str("YYYY")?,
        }
        match (day, point.extent) {
            (Some(day), _) => write!(f, "-{:02}-{:02}", day.month(), day.day())?,
            (None, Extent::Day(day)) => write!(f, "-{:02}-{day}", point.month)?,
            (None, Extent::Months(_)) => write!(f, "-{:02}", point.month)?,
        }
        write!(f, "{}", Hour(point.time))
    }
}

struct OfYear(YearDate);

impl fmt::Display for OfYear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let YearDate { month, day, .. } = self.0;
        let point = CalendarPoint { year: None, month, extent: Extent::Day(day), time: None };
        match point.last_day(2023).or_else(|| point.last_day(2024)) {
            Some(day) => write!(f, "{month:02}-{:02}", day.day()),
            None => write!(f, "{month:02}-{day}"),
        }
    }
}

struct Hour(Option<NaiveTime>);

impl fmt::Display for Hour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |time| write!(f, "T{:02}:{:02}", time.hour(), time.minute()))
    }
}

impl fmt::Display for DayOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(day) => write!(f, "{day}"),
            Self::Last => f.write_str("last"),
            Self::Working(n) => write!(f, "{n}wd"),
            Self::LastWorking => f.write_str("last_wd"),
        }
    }
}

impl fmt::Display for Every {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Weeks(1) => f.write_str("week"),
            Self::Weeks(n) => write!(f, "{n}week"),
            Self::Months(1) => f.write_str("month"),
            Self::Months(3) => f.write_str("quarter"),
            Self::Months(6) => f.write_str("half"),
            Self::Months(12) => f.write_str("year"),
            Self::Months(n) if n % 12 == 0 => write!(f, "{}year", n / 12),
            Self::Months(n) => write!(f, "{n}month"),
        }
    }
}

impl fmt::Display for Distance {
    /// Weeks are written in days, as laws count them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (count, unit) = match self.unit {
            DistanceUnit::Week => (self.count * 7, DistanceUnit::Day),
            unit => (self.count, unit),
        };
        match (count, self.time) {
            (0, None) => f.write_str("ref"),
            (count, time) => write!(f, "ref{count:+}{}{}", letters(unit), Hour(time)),
        }
    }
}
