//! Owns what people report about an occurrence, and what their reports make of it.
//!
//! Events are only ever appended; [`Life::of`] reads a list of them, [`Life::refuse`] says which report may not
//! follow. Nothing here is told to anybody: `decide` looks at the result.

mod refusing;
mod reports;

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

pub use self::{
    refusing::{Facts, Refusal},
    reports::{Opening, Reports},
};
use super::{
    calendar::WorkCalendar,
    deadline::Due,
    ids::{PlanId, SubjectId, TaskId, UnitId},
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
    /// "Đã xin lỗi": the apology for a late dossier was sent (Nghị định 61/2018/NĐ-CP, Điều 19.9).
    Apologised {
        /// The day on it.
        done_on: NaiveDate,
        /// Its number.
        document: String,
    },
    /// "Đã giải trình": the reason for a late dossier was reported to the head of the office.
    Explained {
        /// The day on it.
        done_on: NaiveDate,
        /// Its number.
        document: String,
    },
    /// "Hẹn lại": the applicant was given a new appointment; allowed once.
    Reappointed {
        /// The new appointment.
        to_on: NaiveDate,
        /// The document that says so.
        document: String,
    },
    /// "Đã xong": a dossier ended, and its source does not say so by itself; should it show the dossier again, it is open
    /// again.
    Finished {
        /// The day on which it ended.
        done_on: NaiveDate,
        /// The result, or whatever shows it.
        document: String,
    },
    /// "Chuyển đơn": a petition was forwarded to the agency that must answer it.
    Forwarded {
        /// The day on which it was.
        done_on: NaiveDate,
        /// The document.
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
            Self::Apologised { .. } => "apologised",
            Self::Explained { .. } => "explained",
            Self::Reappointed { .. } => "reappointed",
            Self::Finished { .. } => "finished",
            Self::Forwarded { .. } => "forwarded",
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
        /// The civil day on which it was recorded.
        on: NaiveDate,
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
    /// The apology for a late dossier, by its number.
    pub apology: Option<String>,
    /// The explanation of a late dossier, by its number.
    pub explanation: Option<String>,
    /// The new appointment of a dossier.
    pub reappointed_to: Option<NaiveDate>,
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
            Report::Cancelled { reason } => self.ending = Some(Ending::Cancelled { reason, on: *on }),
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
            // Whether a dossier is open its source says.
            Report::Finished { .. } => {}
            Report::Opened { .. } => self.is_opened = true,
            Report::Apologised { document, .. } => self.apology = Some(document),
            Report::Explained { document, .. } => self.explanation = Some(document),
            Report::Reappointed { to_on, .. } => self.reappointed_to = Some(to_on),
            Report::Forwarded { done_on, document } => {
                self.ending = Some(Ending::Completed { done_on, product: document, by: reported_by.clone() });
            }
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
}
