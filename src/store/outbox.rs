//! Owns what an administrator sees of the outbox and may do to it.

use chrono::{DateTime, Utc};

use super::AttemptTrail;
use crate::domain::{directory::ChannelKind, ids::SubjectId};

/// Which deliveries are asked for; what is absent does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OutboxFilter {
    /// `pending`, `sending`, `sent`, `failed`, `unknown`, `cancelled`; empty means those not yet at an end and those
    /// that did not arrive.
    pub states: Vec<String>,
    /// The recipient.
    pub recipient: Option<String>,
    /// The channel.
    pub channel: Option<ChannelKind>,
    /// At most so many, newest first.
    pub limit: u32,
}

/// A delivery in the list.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct OutboxRow {
    /// Its number.
    pub id: i64,
    /// Who is told.
    pub recipient: String,
    /// About what.
    pub subject: SubjectId,
    /// The channel.
    pub channel: ChannelKind,
    /// Its state.
    pub state: String,
    /// When it is or was to leave.
    pub due_at: DateTime<Utc>,
    /// When it came to an end.
    pub finished_at: Option<DateTime<Utc>>,
    /// Tries that counted.
    pub attempts: u32,
    /// What the server said, or why it was taken back.
    pub detail: Option<String>,
}

/// Everything about one delivery.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct OutboxEntry {
    /// The row.
    #[serde(flatten)]
    pub row: OutboxRow,
    /// The key of its notification.
    pub key: String,
    /// The address.
    pub address: String,
    /// The message it travelled in.
    pub message_id: Option<String>,
    /// The facts, as JSON; absent once they were pruned.
    pub item: Option<serde_json::Value>,
    /// The tries.
    pub trail: Vec<AttemptTrail>,
    /// What administrators did.
    pub interventions: Vec<Intervened>,
}

/// Something an administrator did.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Intervened {
    /// `retry`, `cancel` or `resend`.
    pub kind: String,
    /// Who.
    pub by: String,
    /// Why, or what they added to the message.
    pub note: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// What an administrator asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intervention {
    /// The delivery.
    pub delivery: i64,
    /// What.
    pub kind: InterventionKind,
    /// Who.
    pub by: String,
    /// Why, or what they add to the message.
    pub note: String,
}

/// The ways to intervene.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InterventionKind {
    /// Try again what waits, failed or is of unknown outcome, now and with its tries counted anew.
    Retry,
    /// Do not send what waits, or stop asking about what did not arrive.
    Cancel,
    /// Send again what has left, as a message of its own.
    Resend,
}

impl InterventionKind {
    /// The word in the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Cancel => "cancel",
            Self::Resend => "resend",
        }
    }

    /// The states in which it makes sense.
    #[must_use]
    pub fn states(self) -> &'static [&'static str] {
        match self {
            Self::Retry | Self::Cancel => &["pending", "failed", "unknown"],
            Self::Resend => &["sent", "unknown"],
        }
    }
}

/// How an intervention ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IntervenedResult {
    /// Written.
    Done,
    /// There is no such delivery.
    Unknown,
    /// It is in a state in which this makes no sense.
    WrongState(String),
    /// Its content was pruned: nothing can be sent any more.
    Pruned,
}

/// What pruning took away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pruned {
    /// Notifications whose facts were emptied; their keys stay.
    pub items: u32,
    /// Attempts deleted.
    pub attempts: u32,
    /// Dossiers deleted.
    pub dossiers: u32,
}

/// What a returned message led to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReturnTaken {
    /// Deliveries that were counted as sent and are now failed.
    pub failed: u32,
    /// Of them, those that take another route.
    pub handed_over: u32,
}

/// An address from which messages come back.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Bouncing {
    /// The address, in lower case.
    pub address: String,
    /// What the last report said.
    pub detail: String,
    /// Since when.
    pub first_at: DateTime<Utc>,
    /// The last time.
    pub last_at: DateTime<Utc>,
}
