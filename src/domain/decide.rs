//! Owns the one decision of the daemon: who must be told what, now, and what need no longer be sent.
//!
//! [`decide`] is a function of the office, the record of what happened and `now`. Running it again on
//! the record that contains its own decision decides nothing more.

mod candidates;
mod dossiers;
mod draft;
mod targets;
mod telling;
mod verdict;

use std::{
    cell::OnceCell,
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use chrono::{DateTime, NaiveDate, Utc};

pub use self::{
    candidates::OPENING_OFFSET,
    draft::{REQUEST_STEP, next_change, task_row},
    verdict::{Link, Verdict},
};
use super::{
    directory::{Recipient, Route},
    dossier::TrackedDossier,
    ids::{PersonId, RecipientId, SourceId, SubjectId, UnitId},
    life::{Life, Reports},
    notification::{Audience, Item, Notification, NotificationKey, TaskRow},
    occurrence::Occurrence,
    office::Office,
    targets::TargetStanding,
};

/// All that a decision may look at.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// The configuration in force.
    pub office: &'a Office,
    /// What the store knows.
    pub record: &'a Record,
}

/// What happened so far, as far as open work is concerned.
#[derive(Debug, Clone, Default)]
pub struct Record {
    /// What people reported.
    pub reports: Arc<Reports>,
    /// What has been said, by subject.
    pub told: Arc<HashMap<SubjectId, Vec<Told>>>,
    /// On which days after its appointment, by appointment, the holder of a dossier was urged.
    pub urged: Arc<HashMap<SubjectId, Vec<(NaiveDate, u32)>>>,
    /// Deliveries that have not left yet.
    pub pending: Vec<PendingDelivery>,
    /// Dossiers that are near or past their appointment, or ended and owe something.
    pub dossiers: Vec<TrackedDossier>,
    /// Problems that are open.
    pub problems: Vec<Problem>,
    /// How the targets of running plans stand; looked at once a working day, empty otherwise.
    pub targets: Vec<TargetStanding>,
    /// The last decision; `None` before the first.
    pub last_decided_at: Option<DateTime<Utc>>,
}

/// Something that has been said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The due date it spoke of.
    pub revision_on: NaiveDate,
    /// The rung.
    pub offset: i32,
    /// As what the recipient was told.
    pub audience: Audience,
    /// Who was told.
    pub recipient: RecipientId,
    /// The end of the silence after which it was said.
    pub resumed_on: Option<NaiveDate>,
}

impl Told {
    /// What a notification says.
    #[must_use]
    pub fn of(key: &NotificationKey) -> Self {
        let NotificationKey { subject: _, revision_on, offset, audience, ref recipient, resumed_on } = *key;
        Self { revision_on, offset, audience, recipient: recipient.clone(), resumed_on }
    }

    /// Whether it contains what `key` would say.
    #[must_use]
    pub fn covers(&self, key: &NotificationKey) -> bool {
        self.is_same_thread(key) && self.offset >= key.offset && self.resumed_on >= key.resumed_on
    }

    /// Whether `key` contains it and says more.
    #[must_use]
    pub fn is_weaker_than(&self, key: &NotificationKey) -> bool {
        let is_same = self.offset == key.offset && self.resumed_on == key.resumed_on;
        self.is_same_thread(key) && !is_same && self.offset <= key.offset && self.resumed_on <= key.resumed_on
    }

    fn is_same_thread(&self, key: &NotificationKey) -> bool {
        self.revision_on == key.revision_on && self.audience == key.audience && self.recipient == key.recipient
    }
}

/// A delivery that has not left yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingDelivery {
    /// Row in the store.
    pub id: i64,
    /// What it is about.
    pub subject: SubjectId,
    /// What it says.
    pub told: Told,
    /// Where it would go.
    pub route: Route,
    /// The facts as the store has them, in JSON: thousands of them are compared each minute.
    pub item: String,
}

/// Something wrong that a person must look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Names it, such as `source:motcua` or `unit:van-phong`.
    pub key: String,
    /// What is wrong and what to do, in Vietnamese.
    pub sentence: String,
    /// Since when.
    pub opened_at: DateTime<Utc>,
}

/// What a decision orders.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[must_use]
pub struct Decision {
    /// Whom to tell what.
    pub notify: Vec<Notification>,
    /// Deliveries that have become pointless.
    pub cancel: Vec<Cancellation>,
    /// Deliveries whose facts have changed since.
    pub refresh: Vec<Refresh>,
    /// What could not be decided as configured.
    pub gaps: BTreeSet<Gap>,
}

/// What a delivery that still waits is to say now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refresh {
    /// Row in the store.
    pub id: i64,
    /// The facts.
    pub item: Item,
}

/// A delivery that need not leave any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cancellation {
    /// Row in the store.
    pub id: i64,
    /// Why.
    pub reason: CancelReason,
}

/// Why a delivery became pointless.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CancelReason {
    /// A stronger rung for the same recipient is decided now and contains it.
    Superseded,
    /// The work is done, or its due date moved, or it left the plan; should it come back, it is told anew.
    Withdrawn,
}

/// A hole in the configuration that this decision fell into.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gap {
    /// A unit that must be told has nobody with an address.
    NobodyReachable(UnitId),
    /// None of a unit's people can be reached; its mailbox is told instead.
    OnlyMailbox(UnitId),
    /// Somebody who reads a unit's messages has no address; others of the unit may have one.
    NoAddress(PersonId),
    /// Somebody who must hear of a duty marked secret has no e-mail address, and other channels may not carry it.
    NoEmailForSecret(RecipientId),
    /// Something was opened for a task that is no longer in any plan.
    TaskGone(SubjectId),
    /// An escalation step names a position that nobody reachable holds.
    VacantPosition {
        /// The position.
        position: String,
        /// Whether nobody else of the step could be told, so that the next step was told at once.
        is_skipped: bool,
    },
    /// The official notice of this year, or from 15 December on of the next, has not been entered.
    NoticeMissing(i32),
    /// No rule says which unit holds dossiers of this kind.
    UnknownHolder {
        /// The source.
        source: SourceId,
        /// The step or field that no rule mentions.
        place: String,
    },
    /// A status that the source's profile does not know.
    UnmappedStatus {
        /// The source.
        source: SourceId,
        /// The status as the source spells it.
        status: String,
    },
}

/// Problems that a decision's gaps open and close.
pub const GAP_PREFIX: &str = "gap:";

impl Gap {
    /// The key of the problem that it opens.
    #[must_use]
    pub fn key(&self) -> String {
        let name = match self {
            Self::NobodyReachable(unit) => format!("unit/{unit}"),
            Self::OnlyMailbox(unit) => format!("mailbox/{unit}"),
            Self::NoAddress(person) => format!("person/{person}"),
            Self::NoEmailForSecret(recipient) => format!("secret/{recipient}"),
            Self::TaskGone(subject) => format!("gone/{subject}"),
            Self::VacantPosition { position, .. } => format!("position/{position}"),
            Self::NoticeMissing(year) => format!("notice/{year}"),
            Self::UnknownHolder { source, place } => format!("holder/{source}/{place}"),
            Self::UnmappedStatus { source, status } => format!("status/{source}/{status}"),
        };
        format!("{GAP_PREFIX}{name}")
    }
}

/// An occurrence with what is known of it.
#[derive(Debug, Clone, Copy)]
pub struct Look<'a> {
    /// The occurrence.
    pub occurrence: &'a Occurrence,
    /// What was reported.
    pub life: Option<&'a Life>,
    /// What was said.
    pub told: &'a [Told],
    /// Keeps what messages say of it, for who looks at it again.
    pub row: Option<&'a OnceCell<Arc<TaskRow>>>,
}

/// Decides who must be told what at `now`.
pub fn decide(situation: &Situation<'_>, now: DateTime<Utc>) -> Decision {
    draft::Draft::new(*situation, now).draw_up()
}

/// Who reads the messages of a unit.
pub type Readers = foldhash::HashMap<UnitId, Arc<[Arc<Recipient>]>>;

/// The decision of one moment, asked for occurrence by occurrence: for a rehearsal, which knows on which days one can
/// have something to say.
pub struct Rehearsal<'a>(draft::Draft<'a>);

impl<'a> Rehearsal<'a> {
    /// Begins the decision of a moment, with what was known of a unit's readers on days since which they are the same,
    /// and with `room` for what will be said.
    #[must_use]
    pub fn begin(situation: Situation<'a>, now: DateTime<Utc>, readers: Readers, room: Vec<Notification>) -> Self {
        let mut draft = draft::Draft::new(situation, now);
        draft.readers = readers;
        draft.decision.notify = room;
        draft.decision.notify.clear();
        Self(draft)
    }

    /// What is said of the occurrence.
    pub fn occurrence(&mut self, look: &Look<'_>) -> &[Notification] {
        let before = self.0.decision.notify.len();
        self.0.occurrence(look);
        &self.0.decision.notify[before..]
    }

    /// The decision, with what is said of everything else, dossiers and problems, at its end, and with what of the
    /// record's pending deliveries has become pointless; occurrences with pending deliveries must have been asked for.
    pub fn others(mut self) -> (Decision, Readers) {
        self.0.others();
        let readers = std::mem::take(&mut self.0.readers);
        (self.0.finish(), readers)
    }
}

/// Every link of the chain that leads to a message about `subject` at `now`, or to none: the same decision, which
/// takes notes.
#[must_use]
pub fn explain(situation: &Situation<'_>, now: DateTime<Utc>, subject: &SubjectId) -> Vec<Verdict> {
    draft::Draft::taking_notes(*situation, now, subject).verdicts()
}

impl Record {
    /// The record as if what still waits had not been decided yet: a rehearsal decides it again, so that
    /// it is shown.
    pub fn forget_pending(&mut self) {
        for PendingDelivery { subject, told, .. } in self.pending.drain(..) {
            if let Some(known) = Arc::make_mut(&mut self.told).get_mut(&subject) {
                known.retain(|t| *t != told);
            }
        }
    }

    /// The record after `decision` was applied and its messages left; for measuring.
    pub fn note(&mut self, decision: &Decision, now: DateTime<Utc>) {
        let known = Arc::make_mut(&mut self.told);
        for notification in &decision.notify {
            known.entry(notification.key.subject.clone()).or_default().push(Told::of(&notification.key));
        }
        self.pending.retain(|p| !decision.cancel.iter().any(|c| c.id == p.id));
        self.last_decided_at = Some(now);
    }

    /// How often the holder of a dossier was urged before the rung at `offset` days after its appointment.
    #[must_use]
    pub fn times_urged(&self, subject: &SubjectId, due_on: NaiveDate, offset: u32) -> u32 {
        let urged = self.urged.get(subject).into_iter().flatten();
        let before = urged.filter(|(on, days)| *on == due_on && *days < offset).count();
        u32::try_from(before).unwrap_or(u32::MAX)
    }

    /// The occurrence with what is known of it.
    #[must_use]
    pub fn look<'a>(&'a self, occurrence: &'a Occurrence) -> Look<'a> {
        let subject = occurrence.subject();
        Look {
            occurrence,
            life: self.reports.life(subject),
            told: self.told.get(subject).map_or(&[][..], Vec::as_slice),
            row: None,
        }
    }
}
