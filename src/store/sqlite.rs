//! The SQLite store: one thread owns the connection, each use case is one immediate transaction.
//!
//! A thread of its own, since SQLite blocks, and since a cancelled future must never leave a
//! transaction half done. WAL with `synchronous=FULL`: an outcome once recorded survives a power cut.

mod answering;
mod deciding;
mod delivering;
mod dossiers;
mod explaining;
mod jobs;
mod linking;
mod outbox;
mod polling;
mod reporting;
mod routing;
mod targets;

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    thread, time,
};

use async_trait::async_trait;
use chrono::{DateTime, Duration, NaiveDate, Utc};
use chrono_tz::Tz;
use rusqlite::{Connection, Transaction, TransactionBehavior, config::DbConfig};

use self::{delivering::First, jobs::Jobs};
use super::{
    ApplyReport, Bouncing, DailyCap, Decided, DossierFilter, EVERY_DOSSIER, IntervenedResult, Intervention,
    MeasuresAsked, NewReport, NewTargetValue, OpenCode, OutboxEntry, OutboxFilter, OutboxRow, Outcome, PollFailure,
    Pruned, Recorded, ReturnTaken, Status, Store, StoreError, SyncReport,
};
use crate::domain::{
    decide::{Decision, Record},
    directory::ChannelKind,
    dossier::{Changed, ListFile, ReadRow, RowKey, Seen, SourceHistory, TrackedDossier, Trust},
    health::Activity,
    ids::{PersonId, SourceId, SubjectId},
    life::{Event, Facts, Reports},
    notification::Batch,
    returned::Returned,
    targets::{Entered, Measure},
};

/// Forward only; a published one is never edited.
const MIGRATIONS: [&str; 7] = [
    include_str!("migrations/0001_first.sql"),
    include_str!("migrations/0002_reports.sql"),
    include_str!("migrations/0003_delivery.sql"),
    include_str!("migrations/0004_sources.sql"),
    include_str!("migrations/0005_in_hand.sql"),
    include_str!("migrations/0006_waiting.sql"),
    include_str!("migrations/0007_of_reader.sql"),
];

/// The command line shares the file with the daemon: it waits that long for the other's commit.
const BUSY_TIMEOUT: time::Duration = time::Duration::from_secs(5);

/// Statements kept prepared; all of ours fit.
const STATEMENTS: usize = 160;

/// Of so many claims in a pass one looks first for what was interrupted.
const LOOKS_BACK: u64 = 16;

/// What is written before the first decision counts as near if it is due so soon.
const UNKNOWN_LADDER: Duration = Duration::days(60);

pub struct SqliteStore {
    jobs: Jobs,
    past: Arc<Mutex<deciding::Past>>,
    /// Up to which appointment dossiers are marked as near; 0 before anybody asked.
    near_until: Arc<AtomicI64>,
    /// How many claims followed an outcome.
    claims: AtomicU64,
}

impl SqliteStore {
    pub fn open(path: Option<&Path>) -> Result<Self, StoreError> {
        let mut connection = match path {
            Some(path) => Connection::open(path)?,
            None => Connection::open_in_memory()?,
        };
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        // A digest morning touches the same pages over and over: copied back at the end, not in between.
        connection.pragma_update(None, "wal_autocheckpoint", 4000)?;
        connection.pragma_update(None, "foreign_keys", "ON")?;
        connection.pragma_update(None, "trusted_schema", "OFF")?;
        // Otherwise each new value of a parameter may have its statement planned anew.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        migrate(&mut connection)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        let (jobs, queue) = Jobs::new();
        thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || jobs::serve(&mut connection, &queue))
            .map_err(|_| StoreError::Gone)?;
        Ok(Self { jobs, past: Arc::default(), near_until: Arc::default(), claims: AtomicU64::default() })
    }
}

fn transact<T>(
    connection: &mut Connection,
    work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let value = work(&transaction)?;
    transaction.commit()?;
    Ok(value)
}

fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    transact(connection, |tx| {
        let found: u32 = tx.pragma_query_value(None, "user_version", |row| row.get(0))?;
        let found = found as usize;
        if found > MIGRATIONS.len() {
            return Err(StoreError::TooNew { found, known: MIGRATIONS.len() });
        }
        for sql in &MIGRATIONS[found..] {
            tx.execute_batch(sql)?;
        }
        tx.pragma_update(None, "user_version", i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX))?;
        Ok(())
    })
}

/// Seconds since 1970, the form of every instant in the database.
fn seconds(at: DateTime<Utc>) -> i64 {
    at.timestamp()
}

fn instant(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap_or_default()
}

fn parsed<T: std::str::FromStr>(what: &'static str, value: &str) -> Result<T, StoreError> {
    value.parse().map_err(|_| StoreError::Corrupt { what, value: value.to_owned() })
}

fn json<T: serde::de::DeserializeOwned>(what: &'static str, value: &str) -> Result<T, StoreError> {
    serde_json::from_str(value).map_err(|_| StoreError::Corrupt { what, value: value.to_owned() })
}

fn to_json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("our types have no map with keys that are not text")
}

#[async_trait]
impl Store for SqliteStore {
    async fn record(&self, dossiers_until: DateTime<Utc>) -> Result<Record, StoreError> {
        let past = Arc::clone(&self.past);
        let near_until = Arc::clone(&self.near_until);
        self.jobs
            .run(move |tx| {
                let until = seconds(dossiers_until);
                // Each day somewhat more is near; once a day the whole list is looked through for it.
                if dossiers_until != EVERY_DOSSIER && until > near_until.load(Ordering::Relaxed) {
                    dossiers::mark_near(tx, until)?;
                    near_until.store(until, Ordering::Relaxed);
                }
                deciding::record(tx, &past, dossiers_until)
            })
            .await
    }

    async fn apply(
        &self,
        decision: Decision,
        gaps: Vec<(String, String)>,
        now: DateTime<Utc>,
    ) -> Result<ApplyReport, StoreError> {
        self.jobs.run(move |tx| deciding::apply(tx, &decision, &gaps, now)).await
    }

    async fn sources_due(
        &self,
        periods: Vec<(SourceId, Duration)>,
        most_denials: u32,
        now: DateTime<Utc>,
    ) -> Result<Vec<SourceId>, StoreError> {
        self.jobs.run(move |tx| polling::sources_due(tx, periods, most_denials, now)).await
    }

    async fn source_history(&self, source: SourceId) -> Result<SourceHistory, StoreError> {
        self.jobs.run(move |tx| polling::history(tx, &source)).await
    }

    async fn dossier(&self, source: SourceId, code: String) -> Result<Option<TrackedDossier>, StoreError> {
        self.jobs.run(move |tx| dossiers::dossier(tx, &source, &code)).await
    }

    async fn has_dated_dossier(&self, source: SourceId) -> Result<bool, StoreError> {
        self.jobs.run(move |tx| dossiers::has_dated(tx, &source)).await
    }

    async fn dossiers(&self, filter: DossierFilter) -> Result<Vec<TrackedDossier>, StoreError> {
        self.jobs.run(move |tx| dossiers::dossiers(tx, &filter)).await
    }

    async fn sift(
        &self,
        source: SourceId,
        keys: Vec<RowKey>,
        nameless: Vec<String>,
        as_of: Option<DateTime<Utc>>,
        mut seen: Seen,
    ) -> Result<(Vec<Changed>, Seen), StoreError> {
        self.jobs
            .run(move |tx| {
                polling::see_nameless(tx, &source, &nameless, &mut seen)?;
                Ok((polling::sift(tx, &source, &keys, as_of, &mut seen)?, seen))
            })
            .await
    }

    async fn take_rows(
        &self,
        source: SourceId,
        rows: Vec<(Option<i64>, ReadRow)>,
        mut seen: Seen,
        zone: Tz,
        now: DateTime<Utc>,
    ) -> Result<(SyncReport, Seen), StoreError> {
        // Before the first decision nobody knows how far ladders reach: further than any.
        let near_until = match self.near_until.load(Ordering::Relaxed) {
            0 => seconds(now + UNKNOWN_LADDER),
            until => until,
        };
        self.jobs
            .run(move |tx| {
                let writing = polling::Writing { source: &source, zone, near_until, now };
                Ok((polling::take_rows(tx, &writing, &rows, &mut seen)?, seen))
            })
            .await
    }

    async fn conclude(
        &self,
        source: SourceId,
        seen: Seen,
        trust: Trust,
        zone: Tz,
        as_of: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<SyncReport, StoreError> {
        self.jobs.run(move |tx| polling::conclude(tx, &source, &seen, (trust, as_of), zone, now)).await
    }

    async fn has_file(&self, source: SourceId, file: ListFile, now: DateTime<Utc>) -> Result<bool, StoreError> {
        self.jobs.run(move |tx| polling::has_file(tx, &source, &file, now)).await
    }

    async fn note_file(&self, source: SourceId, file: ListFile, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.jobs.run(move |tx| polling::note_file(tx, &source, &file, now)).await
    }

    async fn record_poll_failure(
        &self,
        source: SourceId,
        failure: PollFailure,
        now: DateTime<Utc>,
    ) -> Result<u32, StoreError> {
        self.jobs.run(move |tx| polling::record_failure(tx, &source, &failure, now)).await
    }

    async fn claim(
        &self,
        now: DateTime<Utc>,
        lease: Duration,
        cap: Option<DailyCap>,
    ) -> Result<Option<Batch>, StoreError> {
        self.jobs.run_together(0, move |tx| delivering::claim(tx, now, lease, cap, First::Interrupted)).await
    }

    async fn divert(&self, now: DateTime<Utc>) -> Result<u32, StoreError> {
        self.jobs.run(move |tx| routing::divert(tx, now)).await
    }

    async fn finish(&self, batch: i64, outcome: Outcome, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.jobs.run_together(0, move |tx| delivering::finish(tx, batch, &outcome, now)).await
    }

    async fn finish_and_claim(
        &self,
        batch: i64,
        outcome: Outcome,
        now: DateTime<Utc>,
        lease: Duration,
        cap: Option<DailyCap>,
        company: usize,
    ) -> Result<Option<Batch>, StoreError> {
        let is_turn = self.claims.fetch_add(1, Ordering::Relaxed).is_multiple_of(LOOKS_BACK);
        let first = if is_turn { First::Interrupted } else { First::Waiting };
        self.jobs
            .run_together(company, move |tx| {
                delivering::finish(tx, batch, &outcome, now)?;
                delivering::claim(tx, now, lease, cap, first)
            })
            .await
    }

    async fn release_interrupted(&self, now: DateTime<Utc>) -> Result<u32, StoreError> {
        self.jobs.run(move |tx| delivering::release_interrupted(tx, now)).await
    }

    async fn end_pauses(&self) -> Result<(), StoreError> {
        self.jobs.run(delivering::end_pauses).await
    }

    async fn report(&self, report: NewReport, facts: Facts, now: DateTime<Utc>) -> Result<Recorded, StoreError> {
        self.jobs.run(move |tx| answering::report(tx, &report, &facts, now)).await
    }

    async fn events(&self, subject: SubjectId) -> Result<Vec<Event>, StoreError> {
        self.jobs.run(move |tx| answering::events_of(tx, &subject)).await
    }

    async fn decided(&self, subject: SubjectId) -> Result<Vec<Decided>, StoreError> {
        self.jobs.run(move |tx| explaining::decided(tx, &subject)).await
    }

    async fn set_problems(
        &self,
        prefix: String,
        problems: Vec<(String, String)>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.jobs.run(move |tx| reporting::set_problems(tx, &prefix, &problems, now)).await
    }

    async fn channel_failures(&self, channel: ChannelKind) -> Result<u32, StoreError> {
        self.jobs.run(move |tx| delivering::channel_failures(tx, channel)).await
    }

    async fn activity(&self, since: DateTime<Utc>, now: DateTime<Utc>) -> Result<Activity, StoreError> {
        self.jobs.run(move |tx| reporting::activity(tx, since, now)).await
    }

    async fn status(&self, now: DateTime<Utc>) -> Result<Status, StoreError> {
        self.jobs.run(move |tx| reporting::status(tx, now)).await
    }

    async fn reports(&self) -> Result<Arc<Reports>, StoreError> {
        self.jobs
            .run(|tx| {
                let mut reports = Reports::default();
                answering::read_new(tx, 0, &mut reports)?;
                Ok(Arc::new(reports))
            })
            .await
    }

    async fn measures(
        &self,
        asked: MeasuresAsked,
        now: DateTime<Utc>,
    ) -> Result<BTreeMap<NaiveDate, Measure>, StoreError> {
        self.jobs.run(move |tx| targets::measures(tx, &asked, now)).await
    }

    async fn enter_target(&self, new: NewTargetValue, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.jobs.run(move |tx| targets::enter(tx, &new, now)).await
    }

    async fn target_values(&self, target: String) -> Result<Vec<Entered>, StoreError> {
        self.jobs.run(move |tx| targets::values(tx, &target)).await
    }

    async fn outbox(&self, filter: OutboxFilter) -> Result<Vec<OutboxRow>, StoreError> {
        self.jobs.run(move |tx| outbox::list(tx, &filter)).await
    }

    async fn outbox_entry(&self, id: i64) -> Result<Option<OutboxEntry>, StoreError> {
        self.jobs.run(move |tx| outbox::entry(tx, id)).await
    }

    async fn intervene(&self, intervention: Intervention, now: DateTime<Utc>) -> Result<IntervenedResult, StoreError> {
        self.jobs.run(move |tx| outbox::intervene(tx, &intervention, now)).await
    }

    async fn prune(&self, before: DateTime<Utc>) -> Result<Pruned, StoreError> {
        self.jobs.run(move |tx| outbox::prune(tx, before)).await
    }

    async fn take_return(&self, returned: Returned, now: DateTime<Utc>) -> Result<ReturnTaken, StoreError> {
        self.jobs.run(move |tx| outbox::take_return(tx, &returned, now)).await
    }

    async fn bounces(&self) -> Result<Vec<Bouncing>, StoreError> {
        self.jobs.run(outbox::bounces).await
    }

    async fn clear_bounce(&self, address: String, now: DateTime<Utc>) -> Result<bool, StoreError> {
        self.jobs.run(move |tx| outbox::clear_bounce(tx, &address, now)).await
    }

    async fn zalo_links(&self) -> Result<BTreeMap<PersonId, String>, StoreError> {
        self.jobs.run(linking::links).await
    }

    async fn issue_zalo_code(
        &self,
        person: PersonId,
        code_hash: String,
        expires_at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.jobs.run(move |tx| linking::issue(tx, &person, &code_hash, expires_at)).await
    }

    async fn open_zalo_codes(&self, now: DateTime<Utc>) -> Result<Vec<OpenCode>, StoreError> {
        self.jobs.run(move |tx| linking::open_codes(tx, now)).await
    }

    async fn redeem_zalo_code(
        &self,
        code_hash: String,
        chat: String,
        now: DateTime<Utc>,
    ) -> Result<Option<PersonId>, StoreError> {
        self.jobs.run(move |tx| linking::redeem(tx, &code_hash, &chat, now)).await
    }

    async fn unlink_zalo(&self, person: PersonId) -> Result<bool, StoreError> {
        self.jobs.run(move |tx| linking::unlink(tx, &person)).await
    }

    async fn pass_ended(&self, name: &'static str, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.jobs.run(move |tx| reporting::pass_ended(tx, name, now)).await
    }
}
