//! Owns which report may not follow what was reported before, and why.

use chrono::NaiveDate;

use super::{Ending, Life, Report};
use crate::domain::{
    dossier::Dossier,
    ids::UnitId,
    occurrence::{Occurrence, OccurrenceKind},
    office::Office,
};

impl Life {
    /// Why `report` may not follow, or `None` when it may.
    #[must_use]
    pub fn refuse(&self, report: &Report, facts: &Facts) -> Option<Refusal> {
        if let Report::Reopened { reason } = report {
            return if self.is_closed() { no_text(reason) } else { Some(Refusal::NotEnded) };
        }
        if let Some(ending) = &self.ending {
            return Some(Refusal::Ended(ending.clone()));
        }
        let today = facts.today;
        let not_ahead = |on: NaiveDate| (on <= today).then_some(Refusal::NotAhead(on));
        let later_than_due = |to_on: NaiveDate| match facts.due_on {
            _ if to_on < today => Some(Refusal::NotAhead(to_on)),
            None => Some(Refusal::NoDueDate),
            Some(due_on) if to_on <= due_on => Some(Refusal::NotLater { due_on }),
            Some(_) => None,
        };
        match report {
            Report::Acknowledged { unit, until_on } => {
                let is_stranger = !facts.concerned.contains(unit);
                let stranger = is_stranger.then(|| Refusal::NotConcerned(unit.clone()));
                let latest = facts.quiet_at_most;
                let too_long = (*until_on > latest).then_some(Refusal::QuietTooLong { latest });
                stranger.or_else(|| not_ahead(*until_on)).or(too_long)
            }
            Report::Completed { done_on, product } => {
                let is_ahead = *done_on > today;
                is_ahead.then_some(Refusal::DoneAhead(*done_on)).or_else(|| no_text(product))
            }
            Report::ExtensionAsked { to_on, reason } => later_than_due(*to_on).or_else(|| no_text(reason)),
            Report::ExtensionGranted { to_on, document } => later_than_due(*to_on).or_else(|| no_text(document)),
            Report::ExtensionRefused { .. } if self.extension.is_none() => Some(Refusal::NothingAsked),
            Report::Snoozed { until_on, reason } => not_ahead(*until_on).or_else(|| no_text(reason)),
            Report::ExtensionRefused { reason } | Report::Cancelled { reason } | Report::NotOurs { reason } => {
                no_text(reason)
            }
            Report::WrongUnit { right, reason } => {
                (*right == facts.unit).then(|| Refusal::SameUnit(right.clone())).or_else(|| no_text(reason))
            }
            // "It stays with you" answers a dispute; without one it says nothing.
            Report::Assigned { unit, reason } => {
                let is_idle = *unit == facts.unit && !self.is_disputed();
                is_idle.then(|| Refusal::SameUnit(unit.clone())).or_else(|| no_text(reason))
            }
            Report::Opened { .. } if self.is_opened => Some(Refusal::AlreadyOpened),
            Report::Opened { due_on, document, .. } => {
                (*due_on < today).then_some(Refusal::NotAhead(*due_on)).or_else(|| no_text(document))
            }
            Report::Reappointed { .. } if self.reappointed_to.is_some() || facts.is_reappointed => {
                Some(Refusal::ReappointedOnce)
            }
            Report::Reappointed { to_on, document } => later_than_due(*to_on).or_else(|| no_text(document)),
            Report::Apologised { .. } if self.apology.is_some() => Some(Refusal::AlreadyRecorded),
            Report::Explained { .. } if self.explanation.is_some() => Some(Refusal::AlreadyRecorded),
            Report::Apologised { done_on, document }
            | Report::Explained { done_on, document }
            | Report::Finished { done_on, document }
            | Report::Forwarded { done_on, document } => {
                (*done_on > today).then_some(Refusal::DoneAhead(*done_on)).or_else(|| no_text(document))
            }
            Report::Reopened { .. } => unreachable!("answered above"),
        }
    }
}

fn no_text(text: &str) -> Option<Refusal> {
    text.trim().is_empty().then_some(Refusal::NoText)
}

/// What a report is checked against: the occurrence as it stands, on the day of the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The office's day.
    pub today: NaiveDate,
    /// The last day in time now in force; none for undated work.
    pub due_on: Option<NaiveDate>,
    /// The unit now in charge.
    pub unit: UnitId,
    /// Units that may acknowledge: in charge and coordinating.
    pub concerned: Vec<UnitId>,
    /// The furthest day until which a unit may ask for quiet.
    pub quiet_at_most: NaiveDate,
    /// Whether the one-stop system shows a re-appointment already.
    pub is_reappointed: bool,
}

impl Facts {
    /// The facts of an occurrence, as `life` has changed it.
    #[must_use]
    pub fn of(occurrence: &Occurrence, life: Option<&Life>, office: &Office, today: NaiveDate) -> Self {
        let calendar = &office.calendar;
        let due = match occurrence.kind {
            OccurrenceKind::Dated(planned) => Some(Life::due_in_force(life, planned, calendar)),
            OccurrenceKind::StandingNote(_) | OccurrenceKind::DateMissing(_) => None,
        };
        let unit = life.and_then(|l| l.unit.as_ref()).unwrap_or(&occurrence.unit);
        // Quiet ends on the last safe day at the latest; work that is late is quiet for some days only.
        let quiet_at_most = match due {
            Some(due) if due.safe_on > today => due.safe_on,
            Some(_) => calendar.add_working_days(today, QUIET_WHEN_LATE),
            None => calendar.add_working_days(today, QUIET_WITHOUT_DATE),
        };
        // Whoever took over a unit's work speaks for it.
        let units = std::iter::once(unit).chain(&occurrence.task.coordinating);
        let heirs = |u| office.directory.in_force(u, today);
        let concerned = units.flat_map(|u| std::iter::once(u).chain(heirs(u))).cloned().collect();
        Self {
            today,
            due_on: due.map(|d| d.last_on),
            unit: unit.clone(),
            concerned,
            quiet_at_most,
            is_reappointed: false,
        }
    }
}

impl Facts {
    /// The facts of a dossier, with the unit that holds it.
    #[must_use]
    pub fn of_dossier(dossier: &Dossier, unit: &UnitId, office: &Office, today: NaiveDate) -> Self {
        let due_on = dossier.due_in_force().map(|at| office.hours.date(at));
        let first_on = dossier.due_at.map(|at| office.hours.date(at));
        let (unit, concerned) = (unit.clone(), Vec::new());
        Self { today, due_on, unit, concerned, quiet_at_most: today, is_reappointed: due_on != first_on }
    }
}

/// Working days for which late work may be acknowledged: long enough to finish a report, short enough not
/// to be forgotten.
const QUIET_WHEN_LATE: i32 = 5;
/// The same for work without a due date.
const QUIET_WITHOUT_DATE: i32 = 20;

/// Why a report was not taken; nothing is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// It has ended already.
    Ended(Ending),
    /// It has not ended, so it cannot be opened again.
    NotEnded,
    /// The day must lie ahead.
    NotAhead(NaiveDate),
    /// Work cannot have been done on a day that lies ahead.
    DoneAhead(NaiveDate),
    /// An extension must be later than the due date in force.
    NotLater {
        /// The last day in time.
        due_on: NaiveDate,
    },
    /// Work without a due date has none to extend.
    NoDueDate,
    /// Quiet may not last beyond this day.
    QuietTooLong {
        /// The latest day.
        latest: NaiveDate,
    },
    /// The unit has no part in this work.
    NotConcerned(UnitId),
    /// The unit is in charge already.
    SameUnit(UnitId),
    /// An instance of this name has been opened.
    AlreadyOpened,
    /// No extension waits for an answer.
    NothingAsked,
    /// A dossier may be given a new appointment once only.
    ReappointedOnce,
    /// It has been recorded already.
    AlreadyRecorded,
    /// A reason, document or product is missing.
    NoText,
}
