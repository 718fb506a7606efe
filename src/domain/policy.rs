//! Owns when people are told, relative to a due date: triggers per role and escalation steps.

use chrono::{Days, NaiveDate};

use super::{calendar::WorkCalendar, deadline::Due, plan::Role};

/// How people are reminded of one kind of work.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy {
    /// Triggers for the unit in charge.
    pub lead: Triggers,
    /// Triggers for coordinating units.
    pub coordinating: Triggers,
    /// Triggers for the units that follow the plan.
    pub following: Triggers,
    /// Who else is told when nothing happens.
    pub escalation: Vec<EscalationStep>,
    /// What the office wants said at a trigger, by its offset in days.
    pub advice: Vec<Advice>,
}

impl Policy {
    /// The triggers of a unit's role.
    #[must_use]
    pub fn triggers(&self, role: Role) -> &Triggers {
        match role {
            Role::Lead => &self.lead,
            Role::Coordinating => &self.coordinating,
            Role::Following => &self.following,
        }
    }

    /// The advice for a rung, if the office wrote one for its offset; the last one stays in force
    /// after the due date.
    #[must_use]
    pub fn advice_at(&self, offset: i32) -> Option<&str> {
        let exact = self.advice.iter().find(|a| a.offset == offset);
        let late = || self.advice.iter().filter(|a| a.offset > 0 && a.offset < offset).max_by_key(|a| a.offset);
        exact.or_else(late).map(|a| a.text.as_str())
    }

    /// The first day on which anybody is told.
    #[must_use]
    pub fn opens_on(&self, due: Due, calendar: &WorkCalendar) -> NaiveDate {
        let roles = [&self.lead, &self.coordinating, &self.following];
        let days = roles.iter().filter_map(|t| t.before.iter().max().map(|n| t.before_day(due, *n, calendar)));
        days.min().unwrap_or_else(|| calendar.add_working_days(due.last_on, 1))
    }
}

/// A text for the rung at `offset` days, negative before the due date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    /// Days from the due date.
    pub offset: i32,
    /// What is to be done now.
    pub text: String,
}

/// Who is told next, after how long ("cấp trên").
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EscalationStep {
    /// Working days after the last day in time.
    pub after: u16,
    /// Who is told.
    pub tell: Vec<Superior>,
}

/// Somebody named by what they are, looked up when the step is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Superior {
    /// The head of the unit in charge.
    UnitHead,
    /// The holder of a position named in `units.yaml`.
    Position(String),
}

/// Whether days are counted as working days or calendar days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DayCount {
    /// Working days of the office's calendar.
    #[default]
    Working,
    /// All days; a trigger on a day off rolls to the working day before it ahead of the due date
    /// and to the one after it afterwards.
    Calendar,
}

/// When one role is told: offsets before the due date, after it, then repeated.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Triggers {
    /// Days before `safe_on`; 0 is that day itself.
    pub before: Vec<u16>,
    /// Days after `last_on`.
    pub after: Vec<u16>,
    /// After the last of `after`: again each so many days, until the work is reported done.
    pub repeat_every: Option<u16>,
    /// How the days are counted.
    pub count: DayCount,
}

/// A trigger that has been reached ("mốc nhắc").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rung {
    /// Days from the due date, negative before it. A higher offset is the stronger rung.
    pub offset: i32,
    /// The working day on which it fell due.
    pub on: NaiveDate,
}

impl Triggers {
    /// The strongest rung reached by `today`.
    ///
    /// Weaker ones that were missed, by downtime or a late entry, are contained in it: they
    /// collapse into this one message.
    #[must_use]
    pub fn reached(&self, due: Due, today: NaiveDate, calendar: &WorkCalendar) -> Option<Rung> {
        let late = self.reached_after(due, today, calendar);
        late.or_else(|| {
            let rungs =
                self.before.iter().map(|n| Rung { offset: -i32::from(*n), on: self.before_day(due, *n, calendar) });
            rungs.filter(|r| r.on <= today).max_by_key(|r| r.offset)
        })
    }

    fn reached_after(&self, due: Due, today: NaiveDate, calendar: &WorkCalendar) -> Option<Rung> {
        let days_late = match self.count {
            DayCount::Working => calendar.working_days_between(due.last_on, today),
            DayCount::Calendar => u32::try_from((today - due.last_on).num_days()).unwrap_or(0),
        };
        let last = u32::from(self.after.iter().copied().max()?);
        let listed = self.after.iter().map(|n| u32::from(*n)).filter(|n| *n <= days_late).max();
        let offset = match self.repeat_every {
            Some(every) if every > 0 && days_late > last => days_late - (days_late - last) % u32::from(every),
            _ => listed?,
        };
        let on = match self.count {
            DayCount::Working => calendar.add_working_days(due.last_on, i32::try_from(offset).ok()?),
            DayCount::Calendar => calendar.end_of_period(due.last_on, offset),
        };
        // A calendar-day rung that rolled past today is not reached yet; the one before it is.
        if on > today {
            let shorter = Self {
                after: self.after.iter().copied().filter(|n| u32::from(*n) < offset).collect(),
                repeat_every: None,
                ..self.clone()
            };
            return shorter.reached_after(due, today, calendar);
        }
        Some(Rung { offset: i32::try_from(offset).ok()?, on })
    }

    fn before_day(&self, due: Due, n: u16, calendar: &WorkCalendar) -> NaiveDate {
        match self.count {
            DayCount::Working => calendar.add_working_days(due.safe_on, -i32::from(n)),
            DayCount::Calendar => calendar.last_working_day_until(due.safe_on - Days::new(u64::from(n))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("tests write dates as YYYY-MM-DD")
    }

    fn ladder() -> Triggers {
        Triggers { before: vec![5, 1, 0], after: vec![1, 3], repeat_every: Some(5), count: DayCount::Working }
    }

    fn offset_on(triggers: &Triggers, last_on: &str, today: &str) -> Option<i32> {
        let calendar = crate::config::example::calendar();
        triggers.reached(Due::on(day(last_on), &calendar), day(today), &calendar).map(|r| r.offset)
    }

    #[test]
    fn rungs_before_the_due_date_count_back_from_the_last_safe_day() {
        // Last in time Saturday 14/01/2023, so the last safe day is Friday the 13th.
        assert_eq!(offset_on(&ladder(), "2023-01-14", "2023-01-05"), None);
        assert_eq!(offset_on(&ladder(), "2023-01-14", "2023-01-06"), Some(-5));
        assert_eq!(offset_on(&ladder(), "2023-01-14", "2023-01-13"), Some(0));
    }

    #[test]
    fn rungs_after_it_skip_the_tet_break_and_then_repeat() {
        assert_eq!(offset_on(&ladder(), "2023-01-14", "2023-01-15"), Some(0), "Sunday: nothing new");
        assert_eq!(offset_on(&ladder(), "2023-01-14", "2023-01-16"), Some(1));
        assert_eq!(offset_on(&ladder(), "2023-01-14", "2023-01-18"), Some(3));
        assert_eq!(offset_on(&ladder(), "2023-01-14", "2023-01-27"), Some(3), "20-26/1 are Tết");
        assert_eq!(offset_on(&ladder(), "2023-01-14", "2023-01-31"), Some(3));
        assert_eq!(offset_on(&ladder(), "2023-01-14", "2023-02-01"), Some(8));
    }

    #[test]
    fn calendar_day_rungs_roll_back_before_the_due_date_and_forward_after_it() {
        let calendar_days = Triggers { before: vec![2], after: vec![1], repeat_every: None, count: DayCount::Calendar };
        // Due Tuesday 2023-05-09: two days before is Sunday, rolled to Friday 05-05.
        assert_eq!(offset_on(&calendar_days, "2023-05-09", "2023-05-05"), Some(-2));
        // Due Friday 2023-05-12: one day after is Saturday, rolled to Monday 05-15.
        assert_eq!(offset_on(&calendar_days, "2023-05-12", "2023-05-14"), Some(-2));
        assert_eq!(offset_on(&calendar_days, "2023-05-12", "2023-05-15"), Some(1));
    }

    #[test]
    fn a_ladder_without_late_rungs_keeps_its_last_one() {
        let early = Triggers { before: vec![3], ..Triggers::default() };
        assert_eq!(offset_on(&early, "2023-05-12", "2023-09-01"), Some(-3));
    }
}
