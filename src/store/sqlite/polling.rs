//! What polls of one-stop systems read and write.

use chrono::{DateTime, Duration, Utc};
use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::{instant, parsed, seconds};
use crate::{
    domain::{
        dossier::{CLOSED_AFTER_MISSING, Dossier, DossierStatus, Snapshot, SourceHistory, TrackedDossier, Trust},
        ids::SourceId,
    },
    store::{KnownDossier, PollFailure, StoreError, SyncReport},
};

/// No pause that we write is longer.
const LONGEST_PAUSE: Duration = Duration::hours(24);

pub fn sources_due(
    tx: &Transaction<'_>,
    periods: Vec<(SourceId, Duration)>,
    now: DateTime<Utc>,
) -> Result<Vec<SourceId>, StoreError> {
    let mut due = Vec::new();
    for (source, period) in periods {
        let state: Option<(Option<i64>, i64)> = tx
            .query_row("SELECT polled_at, paused_until FROM source WHERE source = ?1", [source.as_str()], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()?;
        let (polled_at, paused_until) = state.unwrap_or((None, 0));
        // A clock that was set back must not silence the source: a poll in the future counts as none.
        let is_fresh = polled_at.map(instant).is_some_and(|at| at <= now && now - at < period);
        // Nor may a pause written by a clock that was ahead.
        let is_paused = instant(paused_until) > now && instant(paused_until) - now <= LONGEST_PAUSE;
        if !is_fresh && !is_paused {
            due.push(source);
        }
    }
    Ok(due)
}

pub fn history(tx: &Transaction<'_>, source: &SourceId) -> Result<SourceHistory, StoreError> {
    let found: Option<(u32, Option<String>)> = tx
        .query_row("SELECT believed_count, short_since_on FROM source WHERE source = ?1", [source.as_str()], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    let Some((believed_count, since)) = found else { return Ok(SourceHistory::default()) };
    let short_since_on = since.map(|s| parsed("short_since_on", &s)).transpose()?;
    Ok(SourceHistory { believed_count, short_since_on })
}

pub fn sync(
    tx: &Transaction<'_>,
    source: &SourceId,
    snapshot: &Snapshot,
    trust: Trust,
    now: DateTime<Utc>,
) -> Result<SyncReport, StoreError> {
    let mut report = SyncReport::default();
    for dossier in &snapshot.dossiers {
        upsert(tx, source, dossier, now, &mut report)?;
    }
    if trust == Trust::Believed {
        tx.execute(
            "UPDATE dossier SET missing_polls = missing_polls + 1 WHERE source = ?1 AND closed_at IS NULL AND seen_at < ?2",
            params![source.as_str(), seconds(now)],
        )?;
    }
    close(tx, source, now, &mut report)?;
    record_answer(tx, source, snapshot, trust, now)?;
    report.open = tx.query_row(
        "SELECT count(*) FROM dossier WHERE source = ?1 AND closed_at IS NULL",
        [source.as_str()],
        |row| row.get(0),
    )?;
    Ok(report)
}

fn upsert(
    tx: &Transaction<'_>,
    source: &SourceId,
    dossier: &Dossier,
    now: DateTime<Utc>,
    report: &mut SyncReport,
) -> Result<(), StoreError> {
    let known = tx
        .prepare_cached(
            "SELECT code, procedure, field, agency, step, received_at, due_at, extended_due_at, status, status_raw, closed_at IS NULL FROM dossier WHERE source = ?1 AND code = ?2",
        )?
        .query_row(params![source.as_str(), dossier.code], |row| Ok((read_dossier(row, 0), row.get::<_, bool>(10)?)))
        .optional()?;
    match known {
        None => report.new += 1,
        Some((Ok(before), true)) if before == *dossier => {
            // The common case by far: only the time changes.
            tx.prepare_cached("UPDATE dossier SET seen_at = ?3, missing_polls = 0 WHERE source = ?1 AND code = ?2")?
                .execute(params![source.as_str(), dossier.code, seconds(now)])?;
            return Ok(());
        }
        Some(_) => report.changed += 1,
    }
    // An appointment once read is kept when an answer leaves it out: it is on the applicant's receipt.
    tx.prepare_cached(
        "INSERT INTO dossier (source, code, procedure, field, agency, step, received_at, due_at, extended_due_at, status, status_raw, first_seen_at, seen_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?12)
         ON CONFLICT (source, code) DO UPDATE SET procedure = excluded.procedure, field = excluded.field, agency = excluded.agency, step = excluded.step,
             received_at = excluded.received_at, due_at = coalesce(excluded.due_at, due_at), extended_due_at = excluded.extended_due_at, status = excluded.status,
             status_raw = excluded.status_raw, seen_at = excluded.seen_at, missing_polls = 0, closed_at = NULL",
    )?
    .execute(params![
        source.as_str(),
        dossier.code,
        dossier.procedure,
        dossier.field,
        dossier.agency,
        dossier.step,
        dossier.received_at.map(seconds),
        dossier.due_at.map(seconds),
        dossier.extended_due_at.map(seconds),
        dossier.status.as_str(),
        dossier.status_raw,
        seconds(now)
    ])?;
    // A dossier that comes back must not be told its old rungs again.
    tx.prepare_cached("UPDATE notification SET closed_at = NULL WHERE subject = ?1 AND closed_at IS NOT NULL")?
        .execute([subject(source, &dossier.code)])?;
    Ok(())
}

fn subject(source: &SourceId, code: &str) -> String {
    format!("dossier:{source}/{code}")
}

fn close(
    tx: &Transaction<'_>,
    source: &SourceId,
    now: DateTime<Utc>,
    report: &mut SyncReport,
) -> Result<(), StoreError> {
    let mut update = tx.prepare_cached(
        "UPDATE dossier SET closed_at = ?2 WHERE source = ?1 AND closed_at IS NULL AND (missing_polls >= ?3 OR status = 'finished') RETURNING code",
    )?;
    let codes: Vec<String> = update
        .query_map(params![source.as_str(), seconds(now), CLOSED_AFTER_MISSING], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for code in &codes {
        tx.prepare_cached("UPDATE notification SET closed_at = ?2 WHERE subject = ?1")?
            .execute(params![subject(source, code), seconds(now)])?;
    }
    report.closed = u32::try_from(codes.len()).unwrap_or(u32::MAX);
    Ok(())
}

fn record_answer(
    tx: &Transaction<'_>,
    source: &SourceId,
    snapshot: &Snapshot,
    trust: Trust,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    tx.execute("INSERT INTO source (source) VALUES (?1) ON CONFLICT (source) DO NOTHING", [source.as_str()])?;
    let now = seconds(now);
    let source = source.as_str();
    match trust {
        Trust::Believed => tx.execute(
            "UPDATE source SET polled_at = ?2, succeeded_at = ?2, failures = 0, paused_until = 0, believed_count = ?3,
                 short_since_on = NULL
             WHERE source = ?1",
            params![source, now, i64::try_from(snapshot.dossiers.len()).unwrap_or(i64::MAX)],
        )?,
        Trust::Short { since_on } => tx.execute(
            "UPDATE source SET polled_at = ?2, failures = 0, paused_until = 0, short_since_on = ?3 WHERE source = ?1",
            params![source, now, since_on.to_string()],
        )?,
        Trust::Partial => tx.execute(
            "UPDATE source SET polled_at = ?2, failures = failures + 1 WHERE source = ?1",
            params![source, now],
        )?,
    };
    Ok(())
}

pub fn record_failure(
    tx: &Transaction<'_>,
    source: &SourceId,
    failure: &PollFailure,
    now: DateTime<Utc>,
) -> Result<u32, StoreError> {
    let failures = tx.query_row(
        "INSERT INTO source (source, polled_at, failures, paused_until) VALUES (?1, ?2, 1, ?3)
         ON CONFLICT (source) DO UPDATE SET polled_at = excluded.polled_at, failures = failures + 1, paused_until = excluded.paused_until
         RETURNING failures",
        params![source.as_str(), seconds(now), seconds(failure.paused_until)],
        |row| row.get(0),
    )?;
    Ok(failures)
}

const TRACKED: &str = "SELECT source, seen_at, missing_polls, closed_at, code, procedure, field, agency, step, received_at, due_at, extended_due_at, status, status_raw FROM dossier";

pub fn open_dossiers(tx: &Transaction<'_>) -> Result<Vec<TrackedDossier>, StoreError> {
    let mut select = tx.prepare_cached(&format!("{TRACKED} WHERE closed_at IS NULL ORDER BY source, code"))?;
    let mut rows = select.query([])?;
    let mut dossiers = Vec::new();
    while let Some(row) = rows.next()? {
        dossiers.push(read_tracked(row)?);
    }
    Ok(dossiers)
}

pub fn dossier(tx: &Transaction<'_>, source: &SourceId, code: &str) -> Result<Option<KnownDossier>, StoreError> {
    let mut select = tx.prepare_cached(&format!("{TRACKED} WHERE source = ?1 AND code = ?2"))?;
    let mut rows = select.query([source.as_str(), code])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let closed_at = row.get::<_, Option<i64>>(3)?.map(instant);
    Ok(Some(KnownDossier { tracked: read_tracked(row)?, closed_at }))
}

fn read_tracked(row: &Row<'_>) -> Result<TrackedDossier, StoreError> {
    Ok(TrackedDossier {
        source: row.get::<_, String>(0)?.into(),
        dossier: read_dossier(row, 4)?,
        seen_at: instant(row.get(1)?),
        missing_polls: row.get(2)?,
    })
}

/// Reads a dossier from column `at` on.
fn read_dossier(row: &Row<'_>, at: usize) -> Result<Dossier, StoreError> {
    let time = |i: usize| row.get::<_, Option<i64>>(at + i).map(|t| t.map(instant));
    let status: String = row.get(at + 8)?;
    Ok(Dossier {
        code: row.get(at)?,
        procedure: row.get(at + 1)?,
        field: row.get(at + 2)?,
        agency: row.get(at + 3)?,
        step: row.get(at + 4)?,
        received_at: time(5)?,
        due_at: time(6)?,
        extended_due_at: time(7)?,
        status: parsed::<DossierStatus>("status", &status)?,
        status_raw: row.get(at + 9)?,
    })
}
