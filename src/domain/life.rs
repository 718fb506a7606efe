//! Owns what people report about an occurrence, and what their reports make of it.
//!
//! Events are only ever appended; [`Life::of`] reads a list of them, [`Life::refuse`] says which report may not
//! follow. Nothing here is told to anybody: `decide` looks at the result.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::{
    calendar::WorkCalendar,
    deadline::Due,
    ids::{PlanId, SubjectId, TaskId, UnitId},
    occurrence::{Occurrence, OccurrenceKind},
    office::Office,
};

/// What somebody reported about an occurrence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Report {
    /// "Đã nhận": the unit knows and wants to hear of it again on that morning.
    Acknowledged {
        /// The unit that speaks, for itself only.
        unit: UnitId,
        /// The day on which it is told again.
        until_on: NaiveDate,
    },
    /// "Hoàn thành".
    Completed {
        /// The day on which it was done.
        done_on: NaiveDate,
        /// Number or name of the product.
        product: String,
    },
    /// "Xin gia hạn": somebody who follows the plan must decide.
    ExtensionAsked {
        /// The last day in time that is asked for.
        to_on: NaiveDate,
        /// Why.
        reason: String,
    },
    /// "Đồng ý gia hạn": the due date moves, every trigger arms again.
    ExtensionGranted {
        /// The new last day in time.
        to_on: NaiveDate,
        /// The document or person that says so.
        document: String,
    },
    /// "Không đồng ý gia hạn": the due date stays.
    ExtensionRefused {
        /// Why.
        reason: String,
    },
    /// "Mở lại": what was done or cancelled is owed again.
    Reopened {
        /// Why.
        reason: String,
    },
    /// "Tạm dừng nhắc": nobody is told until that morning.
    Snoozed {
        /// The day on which it speaks again.
        until_on: NaiveDate,
        /// Why.
        reason: String,
    },
    /// "Hủy": the work is no longer owed.
    Cancelled {
        /// Why.
        reason: String,
    },
    /// "Không thuộc trách nhiệm": the unit in charge says that the work is not its own.
    NotOurs {
        /// Why.
        reason: String,
    },
    /// "Sai đơn vị": the unit in charge says whose work it is.
    WrongUnit {
        /// The unit meant.
        right: UnitId,
        /// Why.
        reason: String,
    },
    /// "Giao đơn vị": somebody who follows the plan settles who is in charge.
    Assigned {
        /// The unit in charge from now on.
        unit: UnitId,
        /// The document or reason.
        reason: String,
    },
    /// "Phát sinh": a task without a date got work to do, with its due date.
    Opened {
        /// The plan.
        plan: PlanId,
        /// The task.
        task: TaskId,
        /// Name of the instance.
        period: String,
        /// The unit in charge.
        unit: UnitId,
        /// The last day in time.
        due_on: NaiveDate,
        /// The document that asks for it.
        document: String,
    },
}

impl Report {
    /// The word used in the store and in `--json`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Acknowledged { .. } => "acknowledged",
            Self::Completed { .. } => "completed",
            Self::ExtensionAsked { .. } => "extension_asked",
            Self::ExtensionGranted { .. } => "extension_granted",
            Self::ExtensionRefused { .. } => "extension_refused",
            Self::Reopened { .. } => "reopened",
            Self::Snoozed { .. } => "snoozed",
            Self::Cancelled { .. } => "cancelled",
            Self::NotOurs { .. } => "not_ours",
            Self::WrongUnit { .. } => "wrong_unit",
            Self::Assigned { .. } => "assigned",
            Self::Opened { .. } => "opened",
        }
    }
}

/// A report with who made it, when and from where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Event {
    /// The occurrence.
    pub subject: SubjectId,
    /// What was reported.
    #[serde(flatten)]
    pub report: Report,
    /// Who said so.
    pub reported_by: String,
    /// From where: `cli`.
    pub reported_from: String,
    /// The civil day of the office on which it was recorded.
    pub on: NaiveDate,
    /// The instant.
    pub recorded_at: DateTime<Utc>,
}

/// How an occurrence ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// Reported done.
    Completed {
        /// The day on which it was done.
        done_on: NaiveDate,
        /// The product.
        product: String,
        /// Who said so.
        by: String,
    },
    /// No longer owed.
    Cancelled {
        /// Why.
        reason: String,
    },
}

/// A request that somebody who follows the plan must answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub enum Request {
    /// More time.
    Extension {
        /// The last day in time that is asked for.
        to_on: NaiveDate,
        /// Why.
        reason: String,
    },
    /// To be relieved of the work.
    NotOurs {
        /// Name of the unit meant, where the report says so.
        right: Option<UnitId>,
        /// Why.
        reason: String,
    },
}

/// The answer to a request for more time or to a dispute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Answer {
    /// The due date moved.
    Granted {
        /// The document or person.
        document: String,
    },
    /// It stays.
    Refused {
        /// Why.
        reason: String,
    },
    /// The unit in charge is settled.
    Assigned {
        /// The document or reason.
        reason: String,
    },
}

/// A request that waits for a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// What is asked for.
    pub request: Request,
    /// Since when.
    pub on: NaiveDate,
    /// By whom.
    pub by: String,
    /// Which request about this work it is, from 1: one that is corrected on the same day is told anew.
    pub number: u32,
}

/// An answer with its day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// The answer.
    pub answer: Answer,
    /// When it was given.
    pub on: NaiveDate,
    /// Which answer about this work it is, from 1.
    pub number: u32,
}

/// A silence that a unit asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quiet {
    /// The day on which it is told again.
    pub until_on: NaiveDate,
    /// The day on which it asked.
    pub asked_on: NaiveDate,
}

impl Quiet {
    /// The day on which it ends: on the last safe day at the latest, wherever that has moved since, unless the work
    /// was due already when the unit asked.
    fn ends_on(self, due: Option<Due>) -> NaiveDate {
        let safe_on = due.map(|d| d.safe_on).filter(|safe_on| self.asked_on < *safe_on);
        safe_on.map_or(self.until_on, |safe_on| self.until_on.min(safe_on))
    }
}

/// What the events of one occurrence come to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Life {
    /// How it ended; `None` while it is owed.
    pub ending: Option<Ending>,
    /// The last day in time that was granted; `None`: as the plan says.
    pub due_on: Option<NaiveDate>,
    /// Who is in charge instead of the plan's unit.
    pub unit: Option<UnitId>,
    /// More time was asked for, and nobody has decided.
    pub extension: Option<Asked>,
    /// The unit in charge says that the work is not its own, and nobody has decided.
    pub dispute: Option<Asked>,
    /// The last answer to a request for more time.
    pub extension_answer: Option<Answered>,
    /// The last answer to the question whose work it is.
    pub dispute_answer: Option<Answered>,
    /// Whether a document opened it.
    is_opened: bool,
    /// Requests so far.
    requests: u32,
    /// Until when each unit wants to hear nothing.
    pub acknowledged: BTreeMap<UnitId, Quiet>,
    /// Until when nobody is told, and why.
    pub snoozed: Option<(NaiveDate, String)>,
    /// The day on which it was opened again.
    pub reopened_on: Option<NaiveDate>,
}

impl Life {
    /// What `events`, oldest first, come to.
    #[must_use]
    pub fn of<'a>(events: impl IntoIterator<Item = &'a Event>) -> Self {
        let mut life = Self::default();
        for event in events {
            life.add(event);
        }
        life
    }

    /// Adds the next event.
    pub fn add(&mut self, event: &Event) {
        let Event { report, reported_by, on, .. } = event;
        let number = self.requests + 1;
        let asked = |request| Some(Asked { request, on: *on, by: reported_by.clone(), number });
        match report.clone() {
            Report::Acknowledged { unit, until_on } => {
                self.acknowledged.insert(unit, Quiet { until_on, asked_on: *on });
            }
            Report::Completed { done_on, product } => {
                self.ending = Some(Ending::Completed { done_on, product, by: reported_by.clone() });
            }
            Report::Cancelled { reason } => self.ending = Some(Ending::Cancelled { reason }),
            Report::Reopened { .. } => {
                self.ending = None;
                self.reopened_on = Some(*on);
                // "Until Friday" was said of the work as it stood then, and so was what waited for a decision.
                self.acknowledged.clear();
                self.snoozed = None;
                self.extension = None;
                self.dispute = None;
            }
            Report::Snoozed { until_on, reason } => self.snoozed = Some((until_on, reason)),
            Report::ExtensionAsked { to_on, reason } => {
                self.extension = asked(Request::Extension { to_on, reason });
                self.requests = number;
            }
            Report::NotOurs { reason } => {
                self.dispute = asked(Request::NotOurs { right: None, reason });
                self.requests = number;
            }
            Report::WrongUnit { right, reason } => {
                self.dispute = asked(Request::NotOurs { right: Some(right), reason });
                self.requests = number;
            }
            Report::ExtensionGranted { to_on, document } => {
                self.due_on = Some(to_on);
                // Quiet was promised until the old due date.
                self.acknowledged.clear();
                self.extension = None;
                self.extension_answer = Some(self.answered(Answer::Granted { document }, *on));
            }
            Report::ExtensionRefused { reason } => {
                self.extension = None;
                self.extension_answer = Some(self.answered(Answer::Refused { reason }, *on));
            }
            Report::Assigned { unit, reason } => {
                self.unit = Some(unit);
                self.dispute = None;
                self.dispute_answer = Some(self.answered(Answer::Assigned { reason }, *on));
            }
            Report::Opened { .. } => self.is_opened = true,
        }
    }

    fn answered(&self, answer: Answer, on: NaiveDate) -> Answered {
        let before = self.extension_answer.iter().chain(&self.dispute_answer).map(|a| a.number).max();
        Answered { answer, on, number: before.unwrap_or(0) + 1 }
    }

    /// The due date in force: an extension counts as long as the plan does not give more time by itself.
    #[must_use]
    pub fn due_in_force(life: Option<&Self>, planned: Due, calendar: &WorkCalendar) -> Due {
        let granted = life.and_then(|l| l.due_on).filter(|on| *on > planned.last_on);
        granted.map_or(planned, |on| Due::on(on, calendar))
    }

    /// Whether nothing is owed any more.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.ending.is_some()
    }

    /// Whether the unit in charge disputes that the work is its own.
    #[must_use]
    pub fn is_disputed(&self) -> bool {
        self.dispute.is_some()
    }

    /// The day until which `unit` hears nothing, when that is still ahead on `today`.
    #[must_use]
    pub fn quiet_until(&self, unit: &UnitId, due: Option<Due>, today: NaiveDate) -> Option<NaiveDate> {
        self.acknowledged.get(unit).map(|quiet| quiet.ends_on(due)).filter(|until| today < *until)
    }

    /// The day until which nobody hears anything, when that is still ahead on `today`.
    #[must_use]
    pub fn snoozed_until(&self, today: NaiveDate) -> Option<NaiveDate> {
        self.snoozed.as_ref().map(|(until, _)| *until).filter(|until| today < *until)
    }

    /// The last day, not after `today`, on which silence for `unit` ended: from then on it is told again.
    #[must_use]
    pub fn resumed_on(&self, unit: Option<&UnitId>, due: Option<Due>, today: NaiveDate) -> Option<NaiveDate> {
        let acknowledged = unit.and_then(|u| self.acknowledged.get(u)).map(|quiet| quiet.ends_on(due));
        let snoozed = self.snoozed.as_ref().map(|(until, _)| *until);
        [acknowledged, snoozed, self.reopened_on].into_iter().flatten().filter(|day| *day <= today).max()
    }

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
        Self { today, due_on: due.map(|d| d.last_on), unit: unit.clone(), concerned, quiet_at_most }
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
    /// A reason, document or product is missing.
    NoText,
}

/// An instance of a task without a date, opened by a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// The occurrence.
    pub subject: SubjectId,
    /// The plan.
    pub plan: PlanId,
    /// The task.
    pub task: TaskId,
    /// Name of the instance.
    pub period: String,
    /// The unit in charge.
    pub unit: UnitId,
    /// The day on which it was reported.
    pub opened_on: NaiveDate,
    /// The last day in time.
    pub due_on: NaiveDate,
    /// The document that asks for it.
    pub document: Arc<str>,
}

impl Opening {
    /// What `report` opens on that day, if it does.
    #[must_use]
    pub fn of(subject: &SubjectId, report: &Report, opened_on: NaiveDate) -> Option<Self> {
        let Report::Opened { plan, task, period, unit, due_on, document } = report else { return None };
        Some(Self {
            subject: subject.clone(),
            plan: plan.clone(),
            task: task.clone(),
            period: period.clone(),
            unit: unit.clone(),
            opened_on,
            due_on: *due_on,
            document: document.as_str().into(),
        })
    }
}

/// Everything that was reported, as far as it is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reports {
    lives: HashMap<SubjectId, Life>,
    openings: Vec<Opening>,
    undecided: HashSet<SubjectId>,
}

impl Reports {
    /// Adds the next event.
    pub fn add(&mut self, event: &Event) {
        let life = self.lives.entry(event.subject.clone()).or_default();
        life.add(event);
        let asked = life.extension.is_some() || life.dispute.is_some();
        if asked || life.extension_answer.is_some() || life.dispute_answer.is_some() {
            self.undecided.insert(event.subject.clone());
        }
        if life.is_closed() {
            self.undecided.remove(&event.subject);
        }
        self.openings.extend(Opening::of(&event.subject, &event.report, event.on));
    }

    /// What is known of one occurrence.
    #[must_use]
    pub fn life(&self, subject: &SubjectId) -> Option<&Life> {
        self.lives.get(subject)
    }

    /// What was opened, oldest first, ended or not.
    #[must_use]
    pub fn openings(&self) -> &[Opening] {
        &self.openings
    }

    /// Whether a request or its answer concerns the occurrence, which may be before anybody else is told of it.
    #[must_use]
    pub fn has_request(&self, subject: &SubjectId) -> bool {
        self.undecided.contains(subject)
    }

    /// Whether there is any request at all.
    #[must_use]
    pub fn has_requests(&self) -> bool {
        !self.undecided.is_empty()
    }

    /// What was reported done, and when.
    #[must_use]
    pub fn completions(&self) -> Vec<(SubjectId, NaiveDate)> {
        let done = self.lives.iter().filter_map(|(subject, life)| match &life.ending {
            Some(Ending::Completed { done_on, .. }) => Some((subject.clone(), *done_on)),
            Some(Ending::Cancelled { .. }) | None => None,
        });
        done.collect()
    }
}
