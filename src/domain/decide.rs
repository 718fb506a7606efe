//! Owns the one decision of the daemon: who must be told what, now, and what need no longer be sent.
//!
//! [`decide`] is a function of the office, the record of what happened and `now`. Running it again on
//! the record that contains its own decision decides nothing more.

mod draft;

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use chrono::{DateTime, NaiveDate, Utc};

use super::{
    directory::Route,
    dossier::TrackedDossier,
    ids::{PersonId, SourceId, SubjectId, UnitId},
    notification::{Audience, Notification, NotificationKey},
    office::Office,
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
    /// Occurrences that were reported done.
    pub completed: Arc<HashSet<SubjectId>>,
    /// What has been said, by subject.
    pub told: Arc<HashMap<SubjectId, Vec<Told>>>,
    /// Deliveries that have not left yet.
    pub pending: Vec<PendingDelivery>,
    /// Dossiers that are not closed.
    pub dossiers: Vec<TrackedDossier>,
    /// Problems that are open.
    pub problems: Vec<Problem>,
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
    pub recipient: String,
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
    /// What could not be decided as configured.
    pub gaps: BTreeSet<Gap>,
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
    /// Somebody who reads a unit's messages has no address; others of the unit may have one.
    NoAddress(PersonId),
    /// An escalation step names a position that nobody reachable holds.
    VacantPosition(String),
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

/// Decides who must be told what at `now`.
pub fn decide(situation: &Situation<'_>, now: DateTime<Utc>) -> Decision {
    draft::draw_up(*situation, now)
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

    /// The record after `decision` was applied and its messages left; the rehearsal's short cut.
    pub fn note(&mut self, decision: &Decision, now: DateTime<Utc>) {
        let known = Arc::make_mut(&mut self.told);
        for notification in &decision.notify {
            let NotificationKey { subject, revision_on, offset, audience, recipient } = notification.key.clone();
            known.entry(subject).or_default().push(Told { revision_on, offset, audience, recipient });
        }
        self.pending.retain(|p| !decision.cancel.iter().any(|c| c.id == p.id));
        self.last_decided_at = Some(now);
    }
}
