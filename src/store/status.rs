//! Owns what `status` shows of the store.

use chrono::{DateTime, Duration, Utc};

use crate::domain::{
    directory::ChannelKind,
    ids::{SourceId, SubjectId},
};

/// What `status` shows.
#[derive(Debug, Clone, Default, serde::Serialize)]
pub struct Status {
    /// Name and last end of each pass.
    pub passes: Vec<(String, DateTime<Utc>)>,
    /// The sources.
    pub sources: Vec<SourceStatus>,
    /// Number of deliveries in each state.
    pub deliveries: std::collections::BTreeMap<String, u32>,
    /// Channels that rest, with the end of the pause.
    pub paused_channels: Vec<(ChannelKind, DateTime<Utc>)>,
    /// Deliveries that need a person: failed or of unknown outcome, newest first.
    pub undelivered: Vec<Undelivered>,
    /// Open problems, oldest first.
    pub problems: Vec<ProblemStatus>,
    /// The administrator's last morning note.
    pub note: Option<NoteStatus>,
}

/// What became of a morning note.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct NoteStatus {
    /// When it was decided.
    pub decided_at: DateTime<Utc>,
    /// The state of its delivery.
    pub state: String,
    /// When it is or was to leave.
    pub due_at: DateTime<Utc>,
}

impl NoteStatus {
    /// Whether it has not reached the administrator though it should have.
    #[must_use]
    pub fn is_overdue(&self, now: DateTime<Utc>) -> bool {
        match self.state.as_str() {
            "sent" | "cancelled" => false,
            "failed" | "unknown" => true,
            // Not from when it is due: each vain try moves that.
            _ => now - self.decided_at > NOTE_GRACE,
        }
    }
}

/// A note that still waits so long after its time cannot go out.
const NOTE_GRACE: Duration = Duration::hours(1);

/// What `status` shows of a source.
#[derive(Debug, Clone, serde::Serialize)]
pub struct SourceStatus {
    /// The source.
    pub source: SourceId,
    /// Last poll, successful or not.
    pub polled_at: Option<DateTime<Utc>>,
    /// Last complete and believed answer.
    pub succeeded_at: Option<DateTime<Utc>>,
    /// Polls that failed since.
    pub failures: u32,
    /// Dossiers not closed.
    pub open: u32,
    /// Of them, with a running clock and a passed appointment.
    pub overdue: u32,
}

/// A delivery that did not arrive for certain.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Undelivered {
    /// Who should have been told.
    pub recipient: String,
    /// About what.
    pub subject: SubjectId,
    /// The channel.
    pub channel: ChannelKind,
    /// `failed` or `unknown`.
    pub state: String,
    /// When.
    pub at: DateTime<Utc>,
    /// What the server said.
    pub detail: String,
}

/// An open problem.
#[derive(Debug, Clone, serde::Serialize)]
pub struct ProblemStatus {
    /// Its key.
    pub key: String,
    /// The sentence.
    pub sentence: String,
    /// Since when.
    pub opened_at: DateTime<Utc>,
}
