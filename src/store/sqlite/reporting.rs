//! Problems, passes and what `status` shows.

use chrono::{DateTime, Duration, Utc};
use rusqlite::{OptionalExtension, Transaction, params};

use super::{instant, parsed, seconds};
use crate::{
    domain::{dossier::VIETNAM, health::Activity},
    store::{NoteStatus, ProblemStatus, SourceStatus, Status, StoreError, Undelivered},
};

/// How many undelivered messages `status` lists.
const UNDELIVERED_SHOWN: u32 = 50;

pub fn set_problems(
    tx: &Transaction<'_>,
    prefix: &str,
    problems: &[(String, String)],
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let open: Vec<(i64, String, i64)> = tx
        .prepare_cached(
            "SELECT id, key, opened_at FROM problem WHERE resolved_at IS NULL AND substr(key, 1, length(?1)) = ?1",
        )?
        .query_map([prefix], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<Result<_, _>>()?;
    for (id, key, opened_at) in open.iter().filter(|(_, key, _)| !problems.iter().any(|(k, _)| k == key)) {
        tx.execute("UPDATE problem SET resolved_at = ?2 WHERE id = ?1", params![id, seconds(now)])?;
        tx.execute(
            "UPDATE notification SET closed_at = ?2 WHERE subject = ?1",
            params![format!("problem:{key}@{opened_at}"), seconds(now)],
        )?;
    }
    for (key, sentence) in problems {
        tx.prepare_cached(
            "INSERT INTO problem (key, sentence, opened_at) VALUES (?1, ?2, ?3)
             ON CONFLICT (key) WHERE resolved_at IS NULL DO UPDATE SET sentence = excluded.sentence WHERE sentence <> excluded.sentence",
        )?
        .execute(params![key, sentence, seconds(now)])?;
    }
    Ok(())
}

pub fn pass_ended(tx: &Transaction<'_>, name: &str, now: DateTime<Utc>) -> Result<(), StoreError> {
    tx.prepare_cached("INSERT INTO pass (name, finished_at) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET finished_at = excluded.finished_at")?
        .execute(params![name, seconds(now)])?;
    Ok(())
}

pub fn status(tx: &Transaction<'_>, now: DateTime<Utc>) -> Result<Status, StoreError> {
    let passes = tx
        .prepare("SELECT name, finished_at FROM pass ORDER BY name")?
        .query_map([], |row| Ok((row.get(0)?, instant(row.get(1)?))))?
        .collect::<Result<_, _>>()?;
    let deliveries = tx
        .prepare("SELECT state, count(*) FROM delivery GROUP BY state")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    let problems = tx
        .prepare("SELECT key, sentence, opened_at FROM problem WHERE resolved_at IS NULL ORDER BY opened_at, id")?
        .query_map([], |row| {
            Ok(ProblemStatus { key: row.get(0)?, sentence: row.get(1)?, opened_at: instant(row.get(2)?) })
        })?
        .collect::<Result<_, _>>()?;
    Ok(Status {
        passes,
        sources: sources(tx, now)?,
        deliveries,
        paused_channels: paused_channels(tx, now)?,
        undelivered: undelivered(tx)?,
        problems,
        note: note(tx)?,
    })
}

/// The last morning note; a later route of the administrator's counts when the first one failed.
fn note(tx: &Transaction<'_>) -> Result<Option<NoteStatus>, StoreError> {
    let mut select = tx.prepare(
        "SELECT n.decided_at, d.state, d.due_at FROM notification n JOIN delivery d ON d.notification_id = n.id
         WHERE n.subject >= 'note:' AND n.subject < 'note;' AND n.withdrawn_at IS NULL ORDER BY n.decided_at DESC, d.id DESC LIMIT 1",
    )?;
    let note = select.query_row([], |row| {
        Ok(NoteStatus { decided_at: instant(row.get(0)?), state: row.get(1)?, due_at: instant(row.get(2)?) })
    });
    Ok(note.optional()?)
}

pub fn activity(tx: &Transaction<'_>, since: DateTime<Utc>, now: DateTime<Utc>) -> Result<Activity, StoreError> {
    let last_note_at = note(tx)?.map(|n| n.decided_at);
    let since = last_note_at.unwrap_or(since);
    let count = |sql: &str, at: DateTime<Utc>| tx.prepare(sql)?.query_row([seconds(at)], |row| row.get(0));
    let finished = |state: &str| {
        count(
            &format!("SELECT count(*) FROM delivery WHERE state = '{state}' AND coalesce(finished_at, due_at) >= ?1"),
            since,
        )
    };
    let problems = tx
        .prepare(
            "SELECT sentence FROM problem p WHERE resolved_at IS NULL AND EXISTS (
                 SELECT 1 FROM notification n JOIN delivery d ON d.notification_id = n.id
                 WHERE n.subject = 'problem:' || p.key || '@' || p.opened_at AND d.state = 'sent')
             ORDER BY opened_at, id",
        )?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    Ok(Activity {
        last_note_at,
        sent: count("SELECT count(DISTINCT batch) FROM delivery WHERE state = 'sent' AND finished_at >= ?1", since)?,
        deferred: count("SELECT count(*) FROM delivery WHERE deferred_at >= ?1", since)?,
        failed: finished("failed")?,
        unknown: finished("unknown")?,
        held: count("SELECT count(*) FROM delivery WHERE state = 'pending' AND due_at < ?1", now - HELD_AFTER)?,
        sources: sources(tx, now)?.into_iter().map(|s| (s.source, s.succeeded_at)).collect(),
        problems,
    })
}

/// What waits longer than this after its time is held by something.
const HELD_AFTER: Duration = Duration::minutes(30);

fn sources(tx: &Transaction<'_>, now: DateTime<Utc>) -> Result<Vec<SourceStatus>, StoreError> {
    let mut select = tx.prepare(
        "SELECT s.source, s.polled_at, s.succeeded_at, s.failures,
                (SELECT count(*) FROM dossier d WHERE d.source = s.source AND d.closed_at IS NULL),
                (SELECT count(*) FROM dossier d WHERE d.source = s.source AND d.closed_at IS NULL AND d.status IN ('open', 'unmapped')
                    AND d.missing_polls = 0
                    AND d.due_in_force < CASE WHEN (d.due_in_force + ?2) % 86400 = 0 THEN ?1 - 86400 ELSE ?1 END)
         FROM source s ORDER BY s.source",
    )?;
    // An appointment without an hour lasts until its day ends.
    let offset = i64::from(VIETNAM.local_minus_utc());
    let rows = select.query_map([seconds(now), offset], |row| {
        let time = |i| row.get::<_, Option<i64>>(i).map(|t| t.map(instant));
        Ok(SourceStatus {
            source: row.get::<_, String>(0)?.into(),
            polled_at: time(1)?,
            succeeded_at: time(2)?,
            failures: row.get(3)?,
            open: row.get(4)?,
            overdue: row.get(5)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn paused_channels(
    tx: &Transaction<'_>,
    now: DateTime<Utc>,
) -> Result<Vec<(crate::domain::directory::ChannelKind, DateTime<Utc>)>, StoreError> {
    let mut select =
        tx.prepare("SELECT channel, paused_until FROM channel WHERE paused_until > ?1 ORDER BY channel")?;
    let rows: Vec<(String, i64)> =
        select.query_map([seconds(now)], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
    rows.into_iter().map(|(channel, until)| Ok((parsed("channel", &channel)?, instant(until)))).collect()
}

fn undelivered(tx: &Transaction<'_>) -> Result<Vec<Undelivered>, StoreError> {
    let mut select = tx.prepare(
        "SELECT n.recipient, n.subject, d.channel, d.state, coalesce(d.finished_at, d.due_at), coalesce(d.detail, '')
         FROM delivery d JOIN notification n ON n.id = d.notification_id
         WHERE d.state IN ('failed', 'unknown') ORDER BY d.finished_at DESC, d.id DESC LIMIT ?1",
    )?;
    let mut rows = select.query([UNDELIVERED_SHOWN])?;
    let mut undelivered = Vec::new();
    while let Some(row) = rows.next()? {
        let channel: String = row.get(2)?;
        undelivered.push(Undelivered {
            recipient: row.get(0)?,
            subject: row.get::<_, String>(1)?.into(),
            channel: parsed("channel", &channel)?,
            state: row.get(3)?,
            at: instant(row.get(4)?),
            detail: row.get(5)?,
        });
    }
    Ok(undelivered)
}
