//! Owns when people are told, relative to a due date: triggers per role and escalation steps.

use std::sync::Arc;

use chrono::{Datelike, Days, Months, NaiveDate};

use super::{calendar::WorkCalendar, deadline::Due, plan::Role};

/// How people are reminded of one kind of work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Triggers for the unit in charge.
    pub lead: Triggers,
    /// Triggers for coordinating units.
    pub coordinating: Triggers,
    /// Triggers for the units that follow the plan.
    pub following: Triggers,
    /// Who else is told when nothing happens, earliest first.
    pub escalation: Vec<EscalationStep>,
    /// What the office wants said, to whom, at a trigger.
    pub advice: Vec<Advice>,
    /// Day of the month on which the numbers of a report are closed (Nghị định 09/2019/NĐ-CP, Điều 12): the unit in
    /// charge and the coordinating units are told on that day.
    pub data_closing: Option<u32>,
    /// Months between two notes of a standing duty.
    pub note_every: u32,
    /// Months between two requests for a date that another plan still owes.
    pub ask_date_every: u32,
    /// What is owed for a dossier that is late.
    pub late: Option<LateDuties>,
    /// File and line, or which preset.
    pub source: Arc<str>,
}

/// What the office owes for a dossier that is late, and how it is reminded of that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LateDuties {
    /// Name of the apology's form, which changes with the circulars.
    pub apology: Arc<str>,
    /// Name of the explanation.
    pub explanation: Arc<str>,
    /// Working days after the appointment within which the explanation is due; no law names a number.
    pub explain_within: u16,
    /// What is said on the last working day that is at least a day before the appointment, the last on which an
    /// apology is in time (Nghị định 61/2018/NĐ-CP, Điều 19.9).
    pub last_call: Option<Arc<str>>,
    /// When people are reminded of either.
    pub policy: Box<Policy>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            lead: Triggers::default(),
            coordinating: Triggers::default(),
            following: Triggers::default(),
            escalation: Vec::new(),
            advice: Vec::new(),
            data_closing: None,
            note_every: 3,
            ask_date_every: 1,
            late: None,
            source: "".into(),
        }
    }
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

    /// Whether nobody is ever told by it.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        let roles = [&self.lead, &self.coordinating, &self.following];
        roles.iter().all(|t| t.before.is_empty() && t.after.is_empty())
            && self.escalation.is_empty()
            && self.data_closing.is_none()
    }

    /// The advice for a rung, if the office wrote one for its offset; the last one stays in force
    /// after the due date.
    #[must_use]
    pub fn advice_at(&self, reader: Reader, offset: i32) -> Option<&Arc<str>> {
        let mine = || self.advice.iter().filter(|a| a.reader == reader);
        let exact = mine().find(|a| a.offset == offset);
        let late = || mine().filter(|a| a.offset > 0 && a.offset < offset).max_by_key(|a| a.offset);
        exact.or_else(late).map(|a| &a.text)
    }

    /// The day on which the numbers of a report due at `due` are closed, where the policy names one.
    ///
    /// A report due on the closing day or before it in its month closes in the month before.
    #[must_use]
    pub fn data_closing_on(&self, due: Due) -> Option<NaiveDate> {
        let day = self.data_closing?;
        let in_month = due.last_on.with_day(day)?;
        let closing = if in_month < due.last_on { in_month } else { in_month.checked_sub_months(Months::new(1))? };
        Some(closing)
    }

    /// The first day on which anybody is told.
    #[must_use]
    pub fn opens_on(&self, due: Due, calendar: &WorkCalendar) -> NaiveDate {
        let roles = [&self.lead, &self.coordinating, &self.following];
        let first = roles.iter().filter_map(|t| t.before.iter().max().map(|n| t.before_day(due, *n, calendar))).min();
        let closing = self.data_closing_on(due).map(|on| calendar.last_working_day_until(on));
        first.into_iter().chain(closing).min().unwrap_or_else(|| calendar.add_working_days(due.last_on, 1))
    }
}

/// Who an advice is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// The unit in charge.
    Lead,
    /// Coordinating units.
    Coordinating,
    /// Units that follow the plan.
    Following,
    /// Superiors, when it is late.
    Superior,
}

/// A text for the rung at `offset` days, negative before the due date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    /// Who is to read it.
    pub reader: Reader,
    /// Days from the due date.
    pub offset: i32,
    /// What is to be done now.
    pub text: Arc<str>,
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
    /// The deputy director who oversees the unit in charge.
    UnitDeputy,
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

/// Where a trigger counted in calendar days goes when it falls on a day off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Roll {
    /// Ahead of the due date to the working day before, afterwards to the one after.
    #[default]
    Usual,
    /// Always to the working day before.
    Earlier,
    /// Always to the working day after, but never past the last safe day.
    Later,
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
    /// So many repetitions at most; none: without end.
    pub repeat_at_most: Option<u16>,
    /// How the days are counted.
    pub count: DayCount,
    /// Where a trigger on a day off goes.
    pub roll: Roll,
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
            // Rolled to an earlier day, a rung may be reached before its own day comes.
            DayCount::Calendar if self.roll == Roll::Earlier => {
                u32::try_from((calendar.add_working_days(today, 1) - due.last_on).num_days() - 1).unwrap_or(0)
            }
            DayCount::Calendar => u32::try_from((today - due.last_on).num_days()).unwrap_or(0),
        };
        let mut offset = self.strongest_after(days_late)?;
        loop {
            let rung = Rung { offset: i32::try_from(offset).ok()?, on: self.after_day(due, offset, calendar) };
            // A rung that rolled past today is not reached yet; the one before it is.
            if rung.on <= today {
                return Some(rung);
            }
            offset = self.strongest_after(offset.checked_sub(1)?)?;
        }
    }

    /// The highest offset after the due date that is at most `days_late`.
    fn strongest_after(&self, days_late: u32) -> Option<u32> {
        let last = u32::from(self.after.iter().copied().max()?);
        match self.repeat_every {
            Some(every) if every > 0 && days_late > last => {
                let times = (days_late - last) / u32::from(every);
                Some(last + times.min(self.repeat_at_most.map_or(u32::MAX, u32::from)) * u32::from(every))
            }
            _ => self.after.iter().map(|n| u32::from(*n)).filter(|n| *n <= days_late).max(),
        }
    }

    fn after_day(&self, due: Due, n: u32, calendar: &WorkCalendar) -> NaiveDate {
        match (self.count, self.roll) {
            (DayCount::Working, _) => calendar.add_working_days(due.last_on, i32::try_from(n).unwrap_or(i32::MAX)),
            (DayCount::Calendar, Roll::Usual | Roll::Later) => calendar.end_of_period(due.last_on, n),
            (DayCount::Calendar, Roll::Earlier) => {
                let day = calendar.last_working_day_until(due.last_on + Days::new(u64::from(n)));
                // Never into the time in which the work was not late.
                if day > due.last_on { day } else { calendar.add_working_days(due.last_on, 1) }
            }
        }
    }

    fn before_day(&self, due: Due, n: u16, calendar: &WorkCalendar) -> NaiveDate {
        let day = due.safe_on - Days::new(u64::from(n));
        match (self.count, self.roll) {
            (DayCount::Working, _) => calendar.add_working_days(due.safe_on, -i32::from(n)),
            (DayCount::Calendar, Roll::Usual | Roll::Earlier) => calendar.last_working_day_until(day),
            (DayCount::Calendar, Roll::Later) => calendar.first_working_day_from(day).min(due.safe_on),
        }
    }

    /// The days ahead of the due date on which people are told.
    #[must_use]
    pub fn days_before(&self, due: Due, calendar: &WorkCalendar) -> Vec<NaiveDate> {
        self.before.iter().map(|n| self.before_day(due, *n, calendar)).collect()
    }

    /// The days ahead of the due date as counted, before any of them rolls; none when working days are counted, which
    /// never fall on a day off.
    pub fn calendar_days_before(&self, due: Due) -> impl Iterator<Item = NaiveDate> + Clone {
        let before = match self.count {
            DayCount::Working => &[][..],
            DayCount::Calendar => &self.before,
        };
        before.iter().map(move |n| due.safe_on - Days::new(u64::from(*n)))
    }

    /// The next day after `today` on which a stronger rung is reached; `None` when there is none.
    #[must_use]
    pub fn next_rung(&self, due: Due, today: NaiveDate, calendar: &WorkCalendar) -> Option<Rung> {
        let before =
            self.before.iter().map(|n| Rung { offset: -i32::from(*n), on: self.before_day(due, *n, calendar) });
        let after =
            |n: u32| Rung { offset: i32::try_from(n).unwrap_or(i32::MAX), on: self.after_day(due, n, calendar) };
        let listed = before.chain(self.after.iter().map(|n| after(u32::from(*n))));
        listed.filter(|r| r.on > today).min_by_key(|r| r.on).or_else(|| {
            let every = u32::from(self.repeat_every.filter(|n| *n > 0)?);
            let last = u32::from(self.after.iter().copied().max()?);
            let reached = self.reached_after(due, today, calendar).map_or(last, |r| r.offset.unsigned_abs());
            let next = reached + every;
            let is_allowed = self.repeat_at_most.is_none_or(|most| (next - last) / every <= u32::from(most));
            is_allowed.then(|| after(next))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("tests write dates as YYYY-MM-DD")
    }

    fn ladder() -> Triggers {
        Triggers { before: vec![5, 1, 0], after: vec![1, 3], repeat_every: Some(5), ..Triggers::default() }
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
        let calendar_days =
            Triggers { before: vec![2], after: vec![1], count: DayCount::Calendar, ..Triggers::default() };
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
