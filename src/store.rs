//! Owns what survives a crash, as use cases; refuses to contain rules.
//!
//! Every method is one transaction with `now` as an argument, so it may be killed anywhere and run
//! again. Nothing decided is lost, nothing unique is written twice.

mod outbox;
mod sqlite;
mod status;

use std::{collections::BTreeMap, path::Path, sync::Arc};

use async_trait::async_trait;
use chrono::{DateTime, Duration, NaiveDate, Utc};
use chrono_tz::Tz;

pub use self::{
    outbox::{
        Bouncing, Intervened, IntervenedResult, Intervention, InterventionKind, OutboxEntry, OutboxFilter, OutboxRow,
        Pruned, ReturnTaken,
    },
    status::{NoteStatus, ProblemStatus, SourceStatus, Status, Undelivered},
};
use crate::domain::{
    decide::{Decision, Record},
    directory::ChannelKind,
    dossier::{Changed, ListFile, ReadRow, RowKey, Seen, SourceHistory, TrackedDossier, Trust},
    health::Activity,
    ids::{PersonId, RecipientId, SourceId, SubjectId},
    life::{Event, Facts, Life, Refusal, Report, Reports},
    notification::{Audience, Batch, SendError},
    returned::Returned,
    targets::{Entered, Measure, Metric},
};

/// For [`Store::record`]: dossiers due whenever.
pub const EVERY_DOSSIER: DateTime<Utc> = DateTime::<Utc>::MAX_UTC;

/// The store failed; the pass ends and the next tick tries again.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database refused.
    #[error("the store failed")]
    Database(#[from] rusqlite::Error),
    /// A row holds what this version cannot read.
    #[error("the store holds an unreadable {what}: {value:?}")]
    Corrupt {
        /// The column.
        what: &'static str,
        /// Its value.
        value: String,
    },
    /// The store was written by a newer version.
    #[error("the store has schema version {found}, this program knows {known}")]
    TooNew {
        /// Version in the file.
        found: usize,
        /// Newest version of this program.
        known: usize,
    },
    /// The database gave up the transaction, as it does when the disk is full; nothing of it was written.
    #[error("the database rolled the transaction back")]
    RolledBack,
    /// The transaction that this was part of did not come to its end; nothing of it was written.
    #[error("nothing was written")]
    NotCommitted(#[source] Arc<StoreError>),
    /// The thread that owns the database ended.
    #[error("the store's thread has ended")]
    Gone,
}

/// What a poll changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SyncReport {
    /// Dossiers seen for the first time.
    pub new: u32,
    /// Dossiers whose row changed.
    pub changed: u32,
    /// Dossiers closed by it.
    pub closed: u32,
    /// Dossiers open afterwards.
    pub open: u32,
}

/// What applying a decision wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ApplyReport {
    /// Notifications that were new.
    pub notified: u32,
    /// Deliveries cancelled.
    pub cancelled: u32,
}

/// A report to be recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewReport {
    /// The occurrence.
    pub subject: SubjectId,
    /// What is reported.
    pub report: Report,
    /// Who says so.
    pub reported_by: String,
    /// From where: `cli`.
    pub reported_from: &'static str,
}

/// Which cases are counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeasuresAsked {
    /// What counts as good.
    pub metric: Metric,
    /// Whose dossiers.
    pub sources: Vec<SourceId>,
    /// The first day that counts.
    pub from_on: NaiveDate,
    /// The last.
    pub until_on: NaiveDate,
    /// In which days are counted.
    pub zone: Tz,
}

/// What a target reached, as somebody enters it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTargetValue {
    /// `PLAN/ID`.
    pub target: String,
    /// The value with its document.
    pub entered: Entered,
}

/// Whether a report was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recorded {
    /// It was; what the occurrence's reports come to now.
    Taken(Box<Life>),
    /// It may not follow what was reported before; nothing is stored.
    Refused(Refusal),
}

/// A notification that was decided, with its deliveries; for explaining.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Decided {
    /// What made it unique.
    pub key: String,
    /// Who was told, as what, at which rung.
    pub recipient: RecipientId,
    /// As what.
    pub audience: Audience,
    /// The rung.
    pub offset: i32,
    /// The due date it spoke of.
    pub revision_on: NaiveDate,
    /// When it was decided.
    pub decided_at: DateTime<Utc>,
    /// When it was taken back before it left.
    pub withdrawn_at: Option<DateTime<Utc>>,
    /// The key of the message that said it.
    pub merged_into: Option<String>,
    /// The end of the silence after which it was said.
    pub resumed_on: Option<NaiveDate>,
    /// For whom the recipient read.
    pub on_behalf_of: Option<String>,
    /// The ways it was sent.
    pub deliveries: Vec<DeliveryTrail>,
}

/// A delivery with its attempts.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct DeliveryTrail {
    /// The channel.
    pub channel: ChannelKind,
    /// The address.
    pub address: String,
    /// `pending`, `sending`, `sent`, `failed`, `unknown`, `cancelled`.
    pub state: String,
    /// When it is or was to leave.
    pub due_at: DateTime<Utc>,
    /// When it came to an end.
    pub finished_at: Option<DateTime<Utc>>,
    /// Since when it is held back because its recipient had had enough messages.
    pub deferred_at: Option<DateTime<Utc>>,
    /// What the server said, or why it was taken back.
    pub detail: Option<String>,
    /// The tries.
    pub attempts: Vec<AttemptTrail>,
}

/// One try.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct AttemptTrail {
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// How it ended; none while it runs, or after a kill.
    pub outcome: Option<String>,
    /// What the server said.
    pub detail: Option<String>,
}

/// Which dossiers a list shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DossierFilter {
    /// Of this source only.
    pub source: Option<SourceId>,
    /// Without those that have ended.
    pub only_open: bool,
    /// With an appointment in force before this instant.
    pub due_before: Option<DateTime<Utc>>,
}

/// A code that its person has not used yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenCode {
    /// The person.
    pub person: PersonId,
    /// Until when it can be used.
    pub expires_at: DateTime<Utc>,
}

/// How many messages an address may get today, and when the next may leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DailyCap {
    /// At most so many.
    pub most: u32,
    /// When today began.
    pub day_began_at: DateTime<Utc>,
    /// When what is more leaves.
    pub next_at: DateTime<Utc>,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The channel took responsibility for the message.
    Sent,
    /// Refused for now; tried again at the instant, regrouped with what is due then.
    Retry {
        /// When.
        at: DateTime<Utc>,
        /// What the server said.
        error: SendError,
    },
    /// Not tried for this message: the channel rests until the instant, no attempt is counted.
    Postponed {
        /// When the channel is tried again.
        until: DateTime<Utc>,
        /// What is wrong with it.
        error: SendError,
    },
    /// The channel works again only when a person acts: it rests until the instant, and its messages take their
    /// recipients' next routes meanwhile.
    Stopped {
        /// When it is tried again.
        until: DateTime<Utc>,
        /// What is wrong with it.
        error: SendError,
    },
    /// Nothing is wrong: the channel rests until the instant.
    Rested {
        /// When it goes on.
        until: DateTime<Utc>,
        /// Why.
        error: SendError,
    },
    /// Nobody knows; the same message is sent again at the instant, recognisable by its Message-ID.
    UnknownResend {
        /// When.
        at: DateTime<Utc>,
        /// Where the answer was lost.
        error: SendError,
    },
    /// Nobody knows and it must not be repeated here: the next route of the recipient carries it,
    /// marked as a possible duplicate.
    UnknownHandOver {
        /// Where the answer was lost.
        error: SendError,
    },
    /// Refused for good: the next route of the recipient carries it, if there is one.
    Failed {
        /// What the server said.
        error: SendError,
    },
}

/// A poll that brought nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PollFailure {
    /// In Vietnamese, for `status`.
    pub sentence: String,
    /// The source is left alone until then.
    pub paused_until: DateTime<Utc>,
    /// Whether the account was refused.
    pub is_denied: bool,
}

/// The use cases; each is atomic.
#[async_trait]
pub trait Store: Send + Sync {
    /// All that a decision needs to know; of dossiers, those that are due before `dossiers_until` or still owe something.
    async fn record(&self, dossiers_until: DateTime<Utc>) -> Result<Record, StoreError>;

    /// Writes a decision: new notifications with their first delivery, cancellations, and the gaps as
    /// problems. Applying the same decision again writes nothing.
    async fn apply(
        &self,
        decision: Decision,
        gaps: Vec<(String, String)>,
        now: DateTime<Utc>,
    ) -> Result<ApplyReport, StoreError>;

    /// Which of `sources` are due to be polled: never polled, or longer ago than their period, not paused and
    /// not refused `most_denials` times in a row.
    async fn sources_due(
        &self,
        periods: Vec<(SourceId, Duration)>,
        most_denials: u32,
        now: DateTime<Utc>,
    ) -> Result<Vec<SourceId>, StoreError>;

    /// What earlier polls of a source showed.
    async fn source_history(&self, source: SourceId) -> Result<SourceHistory, StoreError>;

    /// A dossier as last seen, open or closed.
    async fn dossier(&self, source: SourceId, code: String) -> Result<Option<TrackedDossier>, StoreError>;

    /// Whether any open dossier of the source has an appointment.
    async fn has_dated_dossier(&self, source: SourceId) -> Result<bool, StoreError>;

    /// The dossiers that match, by source, appointment and number.
    async fn dossiers(&self, filter: DossierFilter) -> Result<Vec<TrackedDossier>, StoreError>;

    /// Which rows of a page are new or changed, by their place; the others are noted as seen, and so are dossiers that
    /// are there without their number, by the system's own id. Of a list `as_of` an earlier moment no row counts whose
    /// dossier was heard of since. Nothing is written.
    async fn sift(
        &self,
        source: SourceId,
        keys: Vec<RowKey>,
        nameless: Vec<String>,
        as_of: Option<DateTime<Utc>>,
        seen: Seen,
    ) -> Result<(Vec<Changed>, Seen), StoreError>;

    /// Writes rows that are new or changed, with the number of those that are known; one that says finished is closed. Nothing is concluded from what is absent.
    async fn take_rows(
        &self,
        source: SourceId,
        rows: Vec<(Option<i64>, ReadRow)>,
        seen: Seen,
        zone: Tz,
        now: DateTime<Utc>,
    ) -> Result<(SyncReport, Seen), StoreError>;

    /// Ends an answer, which says what was so at `as_of`. Absence is only counted when it is believed; a dossier absent
    /// often enough is closed.
    async fn conclude(
        &self,
        source: SourceId,
        seen: Seen,
        trust: Trust,
        zone: Tz,
        as_of: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<SyncReport, StoreError>;

    /// Whether an exported file says nothing new: what it holds was taken from a file at least as recent, or it claims to
    /// be whole and a more recent one was taken.
    async fn has_file(&self, source: SourceId, file: ListFile, now: DateTime<Utc>) -> Result<bool, StoreError>;

    /// Notes that an exported file was taken.
    async fn note_file(&self, source: SourceId, file: ListFile, now: DateTime<Utc>) -> Result<(), StoreError>;

    /// Records that a poll brought nothing; closes nothing.
    async fn record_poll_failure(
        &self,
        source: SourceId,
        failure: PollFailure,
        now: DateTime<Utc>,
    ) -> Result<u32, StoreError>;

    /// Takes the next message to send: all due deliveries of one address, so that a digest is never
    /// split. The attempt is recorded as begun, so that a killed process leaves a trace. An address that has had its
    /// messages of the day is put off, not skipped.
    async fn claim(
        &self,
        now: DateTime<Utc>,
        lease: Duration,
        cap: Option<DailyCap>,
    ) -> Result<Option<Batch>, StoreError>;

    /// Moves what is due on channels that are stopped or have been down for long, and to addresses from which
    /// messages come back, to their recipients' next routes. Returns how many.
    async fn divert(&self, now: DateTime<Utc>) -> Result<u32, StoreError>;

    /// Records how the attempt on `batch` ended. Without effect when the batch is no longer in hand.
    async fn finish(&self, batch: i64, outcome: Outcome, now: DateTime<Utc>) -> Result<(), StoreError>;

    /// Both at once: one turn of the store's thread a message. One wait for the disk serves several messages: up to
    /// `company` others that are about to be finished are waited for, a moment long. What waits comes first, but for
    /// every sixteenth time, when what was interrupted does.
    async fn finish_and_claim(
        &self,
        batch: i64,
        outcome: Outcome,
        now: DateTime<Utc>,
        lease: Duration,
        cap: Option<DailyCap>,
        company: usize,
    ) -> Result<Option<Batch>, StoreError>;

    /// Ends all leases; only for a process that knows to be the only one (it holds the lock file).
    async fn release_interrupted(&self, now: DateTime<Utc>) -> Result<u32, StoreError>;

    /// Ends the pauses of channels and sources: the configuration was read anew, so a refused account may
    /// be right now.
    async fn end_pauses(&self) -> Result<(), StoreError>;

    /// Records a report, unless it may not follow what was reported before: then nothing is written.
    async fn report(&self, report: NewReport, facts: Facts, now: DateTime<Utc>) -> Result<Recorded, StoreError>;

    /// What was reported about an occurrence, oldest first.
    async fn events(&self, subject: SubjectId) -> Result<Vec<Event>, StoreError>;

    /// What was decided about an occurrence, a dossier or a problem, oldest first.
    async fn decided(&self, subject: SubjectId) -> Result<Vec<Decided>, StoreError>;

    /// Makes the problems under `prefix` exactly these, as (key, sentence); others end.
    async fn set_problems(
        &self,
        prefix: String,
        problems: Vec<(String, String)>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError>;

    /// Number of consecutive failures of a channel.
    async fn channel_failures(&self, channel: ChannelKind) -> Result<u32, StoreError>;

    /// What happened since the last morning note, or since `since` when there was none.
    async fn activity(&self, since: DateTime<Utc>, now: DateTime<Utc>) -> Result<Activity, StoreError>;

    /// What `status` shows at `now`.
    async fn status(&self, now: DateTime<Utc>) -> Result<Status, StoreError>;

    /// Everything that was reported.
    async fn reports(&self) -> Result<Arc<Reports>, StoreError>;

    /// The cases of each month, named by its first day.
    async fn measures(
        &self,
        asked: MeasuresAsked,
        now: DateTime<Utc>,
    ) -> Result<BTreeMap<NaiveDate, Measure>, StoreError>;

    /// Keeps what somebody entered for a target; nothing entered before is changed.
    async fn enter_target(&self, new: NewTargetValue, now: DateTime<Utc>) -> Result<(), StoreError>;

    /// What was entered for a target (`PLAN/ID`), in the order of its days.
    async fn target_values(&self, target: String) -> Result<Vec<Entered>, StoreError>;

    /// Deliveries, newest first.
    async fn outbox(&self, filter: OutboxFilter) -> Result<Vec<OutboxRow>, StoreError>;

    /// Everything about one delivery.
    async fn outbox_entry(&self, id: i64) -> Result<Option<OutboxEntry>, StoreError>;

    /// Does to a delivery what an administrator asks for, and remembers who asked.
    async fn intervene(&self, intervention: Intervention, now: DateTime<Utc>) -> Result<IntervenedResult, StoreError>;

    /// Empties what came to an end before `before`; the keys stay, nothing is said twice.
    async fn prune(&self, before: DateTime<Utc>) -> Result<Pruned, StoreError>;

    /// Takes note of a message that came back: its address is avoided where there is another, and what it said takes
    /// the next route.
    async fn take_return(&self, returned: Returned, now: DateTime<Utc>) -> Result<ReturnTaken, StoreError>;

    /// Addresses from which messages come back.
    async fn bounces(&self) -> Result<Vec<Bouncing>, StoreError>;

    /// Ends the mark of an address; false when it had none.
    async fn clear_bounce(&self, address: String, now: DateTime<Utc>) -> Result<bool, StoreError>;

    /// Chats of the Zalo bot by person.
    async fn zalo_links(&self) -> Result<BTreeMap<PersonId, String>, StoreError>;

    /// Gives a person a code to link their chat with; only its hash is kept.
    async fn issue_zalo_code(
        &self,
        person: PersonId,
        code_hash: String,
        expires_at: DateTime<Utc>,
    ) -> Result<(), StoreError>;

    /// Codes that nobody has used yet.
    async fn open_zalo_codes(&self, now: DateTime<Utc>) -> Result<Vec<OpenCode>, StoreError>;

    /// Links the chat from which a code came; `None` when there is no such code.
    async fn redeem_zalo_code(
        &self,
        code_hash: String,
        chat: String,
        now: DateTime<Utc>,
    ) -> Result<Option<PersonId>, StoreError>;

    /// Forgets a person's chat and code; false when there was no chat.
    async fn unlink_zalo(&self, person: PersonId) -> Result<bool, StoreError>;

    /// Remembers that a pass ended.
    async fn pass_ended(&self, name: &'static str, now: DateTime<Utc>) -> Result<(), StoreError>;
}

/// Problems of a channel; a message that leaves ends them.
#[must_use]
pub fn channel_prefix(channel: &str) -> String {
    format!("channel:{channel}/")
}

/// Problems of a recipient; a message that reaches them ends them.
#[must_use]
pub fn recipient_prefix(recipient: &str) -> String {
    format!("recipient:{recipient}/")
}

/// Problems of a source; a complete and believed answer ends them.
#[must_use]
pub fn source_prefix(source: &SourceId) -> String {
    format!("source:{source}/")
}

/// Opens the SQLite store in `path`, creating and migrating it.
///
/// # Errors
/// When the file cannot be opened, or was written by a newer version.
pub fn open(path: &Path) -> Result<Arc<dyn Store>, StoreError> {
    sqlite::SqliteStore::open(Some(path)).map(|s| Arc::new(s) as Arc<dyn Store>)
}

/// A store that ends with the process; for rehearsals of a few days and for tests.
///
/// # Errors
/// When SQLite cannot start.
pub fn open_in_memory() -> Result<Arc<dyn Store>, StoreError> {
    sqlite::SqliteStore::open(None).map(|s| Arc::new(s) as Arc<dyn Store>)
}
