//! Claims and outcomes of deliveries.

use chrono::{DateTime, Duration, Utc};
use rusqlite::{OptionalExtension, Transaction, named_params, params};

use super::{instant, json, parsed, reporting, seconds, to_json};
use crate::{
    domain::{
        directory::{ChannelKind, Route},
        ids::RecipientId,
        notification::{Batch, Entry, MAX_ATTEMPTS, SendError},
    },
    store::{DailyCap, Outcome, StoreError, channel_prefix, recipient_prefix},
};

/// A message interrupted by a crash, or of unknown outcome and due to be repeated: taken again with
/// exactly the same rows, so that its Message-ID stays the same.
///
/// A lease further ahead than any we give was written by a clock that was ahead, and counts as ended;
/// so does a channel's pause.
const RESUME: &str = "
    UPDATE delivery SET state = 'sending', lease_until = :lease, attempts = attempts + 1
    WHERE batch = (
        SELECT batch FROM (
            SELECT batch, channel FROM delivery
            WHERE state = 'sending' AND (lease_until <= :now OR lease_until > :far)
            UNION ALL
            SELECT batch, channel FROM delivery WHERE state = 'unknown' AND batch IS NOT NULL AND due_at <= :now)
        WHERE channel NOT IN (SELECT channel FROM channel WHERE paused_until > :now AND paused_until <= :far)
        ORDER BY batch LIMIT 1)
      AND ((state = 'sending' AND (lease_until <= :now OR lease_until > :far)) OR (state = 'unknown' AND due_at <= :now))
    RETURNING id, batch";

/// All due deliveries of the address that has waited longest.
///
/// The outer WHERE repeats the state condition: on a database with concurrent writers the subquery
/// may have read rows that another claimer has taken since, and without the repetition both would
/// send them.
const TAKE: &str = "
    WITH first AS MATERIALIZED (
        SELECT channel, address FROM delivery
        WHERE state = 'pending' AND due_at <= :now
          AND channel NOT IN (SELECT channel FROM channel WHERE paused_until > :now AND paused_until <= :far)
        ORDER BY due_at, channel, address LIMIT 1),
    due AS MATERIALIZED (
        SELECT d.id, min(d.id) OVER () AS batch
        FROM delivery d JOIN first ON d.channel = first.channel AND d.address = first.address
        WHERE d.state = 'pending' AND d.due_at <= :now)
    UPDATE delivery SET state = 'sending', lease_until = :lease, batch = due.batch, attempts = attempts + 1
    FROM due
    WHERE delivery.id = due.id AND delivery.state = 'pending' AND delivery.due_at <= :now
    RETURNING delivery.id, delivery.batch";

/// Longer than every lease and every pause of a channel.
const FAR: Duration = Duration::hours(1);

pub fn claim(
    tx: &Transaction<'_>,
    now: DateTime<Utc>,
    lease: Duration,
    cap: Option<DailyCap>,
) -> Result<Option<Batch>, StoreError> {
    if let Some(cap) = cap {
        put_off(tx, now, cap)?;
    }
    let (mut rows, mut batch) = take(tx, RESUME, now, lease)?;
    if rows.is_empty() {
        (rows, batch) = take(tx, TAKE, now, lease)?;
    }
    if rows.is_empty() {
        return Ok(None);
    }
    rows.sort_unstable();
    read_batch(tx, batch, &rows, now).map(Some)
}

/// What is due to a person who has had their messages of the day, on whatever channel, waits for the next digest, and remembers since when.
fn put_off(tx: &Transaction<'_>, now: DateTime<Utc>, cap: DailyCap) -> Result<(), StoreError> {
    tx.prepare_cached(
        "UPDATE delivery SET due_at = ?3, deferred_at = coalesce(deferred_at, due_at)
         WHERE state = 'pending' AND due_at <= ?1
           AND (SELECT recipient FROM notification WHERE id = delivery.notification_id) IN (
               SELECT n.recipient FROM delivery d JOIN notification n ON n.id = d.notification_id
               WHERE d.state = 'sent' AND d.finished_at >= ?2
               GROUP BY n.recipient HAVING count(DISTINCT d.batch) >= ?4)",
    )?
    .execute(params![seconds(now), seconds(cap.day_began_at), seconds(cap.next_at), cap.most])?;
    Ok(())
}

fn take(tx: &Transaction<'_>, sql: &str, now: DateTime<Utc>, lease: Duration) -> Result<(Vec<i64>, i64), StoreError> {
    let mut update = tx.prepare_cached(sql)?;
    let rows = update.query_map(
        named_params! { ":now": seconds(now), ":lease": seconds(now + lease), ":far": seconds(now + FAR) },
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let rows: Vec<(i64, i64)> = rows.collect::<Result<_, _>>()?;
    let batch = rows.first().map_or(0, |(_, batch)| *batch);
    Ok((rows.into_iter().map(|(id, _)| id).collect(), batch))
}

fn read_batch(tx: &Transaction<'_>, id: i64, deliveries: &[i64], now: DateTime<Utc>) -> Result<Batch, StoreError> {
    let is_resumed = has_open_outcome(tx, id)?;
    let lost_answers = tx
        .prepare_cached("SELECT count(*) FROM attempt WHERE batch = ?1 AND outcome = 'unknown'")?
        .query_row([id], |row| row.get(0))?;
    let mut select = tx.prepare_cached(
        "SELECT d.channel, d.address, d.attempts, d.may_be_duplicate, n.key, n.audience, n.offset_days, n.reason, n.item, n.advice, n.recipient, n.on_behalf_of, d.deferred_at
         FROM delivery d JOIN notification n ON n.id = d.notification_id WHERE d.batch = ?1 AND d.state = 'sending' ORDER BY d.id",
    )?;
    let mut rows = select.query([id])?;
    let mut batch = None;
    while let Some(row) = rows.next()? {
        let (channel, attempts): (String, u32) = (row.get(0)?, row.get(2)?);
        let (audience, reason): (String, String) = (row.get(5)?, row.get(7)?);
        let entry = Entry {
            key: row.get(4)?,
            audience: parsed("audience", &audience)?,
            offset: row.get(6)?,
            reason: json("reason", &format!("\"{reason}\""))?,
            item: json("item", &row.get::<_, String>(8)?)?,
            advice: row.get::<_, Option<String>>(9)?.map(Into::into),
            on_behalf_of: row.get::<_, Option<String>>(11)?.map(Into::into),
            deferred_at: row.get::<_, Option<i64>>(12)?.map(instant),
            may_be_duplicate: row.get(3)?,
        };
        let channel: ChannelKind = parsed("channel", &channel)?;
        let recipient = RecipientId::from(row.get::<_, String>(10)?);
        let batch = batch.get_or_insert_with(|| Batch {
            id,
            channel,
            address: String::new(),
            recipient: recipient.clone(),
            also: Vec::new(),
            entries: Vec::new(),
            deliveries: deliveries.to_vec(),
            attempt: attempts,
            most_attempts: attempts,
            is_resumed,
            lost_answers,
        });
        batch.address = row.get(1)?;
        if recipient != batch.recipient && !batch.also.contains(&recipient) {
            batch.also.push(recipient);
        }
        batch.attempt = batch.attempt.min(attempts);
        batch.most_attempts = batch.most_attempts.max(attempts);
        batch.entries.push(entry);
    }
    let batch = batch.ok_or(StoreError::Corrupt { what: "batch", value: id.to_string() })?;
    tx.prepare_cached("INSERT INTO attempt (batch, channel, deliveries, started_at) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![id, batch.channel.as_str(), to_json(&batch.deliveries), seconds(now)])?;
    Ok(batch)
}

/// Whether an earlier attempt on the batch may have delivered it.
fn has_open_outcome(tx: &Transaction<'_>, batch: i64) -> Result<bool, StoreError> {
    let mut select = tx.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM attempt WHERE batch = ?1 AND coalesce(outcome, 'unknown') = 'unknown')",
    )?;
    Ok(select.query_row([batch], |row| row.get(0))?)
}

pub fn finish(tx: &Transaction<'_>, batch: i64, outcome: &Outcome, now: DateTime<Utc>) -> Result<(), StoreError> {
    let (name, error) = outcome_name(outcome);
    let attempt = tx
        .query_row(
            "SELECT max(id) FROM attempt WHERE batch = ?1 AND outcome IS NULL AND finished_at IS NULL",
            [batch],
            |row| row.get::<_, Option<i64>>(0),
        )?
        .unwrap_or(0);
    tx.execute(
        "UPDATE attempt SET finished_at = ?2, outcome = ?3, detail = ?4 WHERE id = ?1",
        params![attempt, seconds(now), name, error.map(SendError::detail)],
    )?;
    let may_have_arrived = has_open_outcome(tx, batch)?;
    let detail = error.map(SendError::detail);
    match outcome {
        Outcome::Sent => {
            leave(tx, batch, "sent", None, now)?;
            clear_troubles(tx, batch, now)?;
        }
        Outcome::Retry { at, .. } => {
            give_up_exhausted(tx, batch, may_have_arrived, detail, now)?;
            put_back(tx, batch, *at, may_have_arrived, detail, true)?;
        }
        Outcome::Postponed { until, .. } => {
            tx.execute(
                "INSERT INTO channel (channel, failures, paused_until) SELECT DISTINCT channel, 1, ?2 FROM delivery WHERE batch = ?1 AND state = 'sending'
                 ON CONFLICT (channel) DO UPDATE SET failures = failures + 1, paused_until = excluded.paused_until",
                params![batch, seconds(*until)],
            )?;
            put_back(tx, batch, now, may_have_arrived, detail, false)?;
        }
        Outcome::UnknownResend { at, .. } => put_back(tx, batch, *at, true, detail, true)?,
        Outcome::UnknownHandOver { .. } => {
            hand_over(tx, batch, 0, true, now)?;
            leave(tx, batch, "unknown", detail, now)?;
        }
        Outcome::Failed { .. } => {
            hand_over(tx, batch, 0, may_have_arrived, now)?;
            leave(tx, batch, "failed", detail, now)?;
        }
    }
    Ok(())
}

fn outcome_name(outcome: &Outcome) -> (&'static str, Option<&SendError>) {
    match outcome {
        Outcome::Sent => ("sent", None),
        Outcome::Retry { error, .. } => ("transient", Some(error)),
        Outcome::Postponed { error, .. } => ("channel_down", Some(error)),
        Outcome::UnknownResend { error, .. } | Outcome::UnknownHandOver { error } => ("unknown", Some(error)),
        Outcome::Failed { error } => ("permanent", Some(error)),
    }
}

/// A message that left proves that its channel works and its recipient can be reached.
fn clear_troubles(tx: &Transaction<'_>, batch: i64, now: DateTime<Utc>) -> Result<(), StoreError> {
    let (channel, recipient): (String, String) = tx.query_row(
        "SELECT d.channel, n.recipient FROM delivery d JOIN notification n ON n.id = d.notification_id WHERE d.batch = ?1 LIMIT 1",
        [batch],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    tx.execute("UPDATE channel SET failures = 0, paused_until = 0 WHERE channel = ?1 AND failures > 0", [&channel])?;
    reporting::set_problems(tx, &channel_prefix(&channel), &[], now)?;
    reporting::set_problems(tx, &recipient_prefix(&recipient), &[], now)
}

/// Ends the batch in a final state.
fn leave(
    tx: &Transaction<'_>,
    batch: i64,
    state: &str,
    detail: Option<&str>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE delivery SET state = ?2, lease_until = NULL, finished_at = ?3, detail = ?4, batch = CASE WHEN ?2 = 'unknown' THEN NULL ELSE batch END
         WHERE batch = ?1 AND state = 'sending'",
        params![batch, state, seconds(now), detail],
    )?;
    Ok(())
}

/// Puts the batch back. While an earlier attempt may have delivered it the rows stay together, so
/// that the repetition carries the same Message-ID; otherwise they are regrouped with what is due then.
fn put_back(
    tx: &Transaction<'_>,
    batch: i64,
    at: DateTime<Utc>,
    may_have_arrived: bool,
    detail: Option<&str>,
    counts: bool,
) -> Result<(), StoreError> {
    let uncounted = i32::from(!counts);
    let sql = if may_have_arrived {
        "UPDATE delivery SET state = 'unknown', due_at = ?2, lease_until = NULL, detail = ?3, attempts = attempts - ?4 WHERE batch = ?1 AND state = 'sending'"
    } else {
        "UPDATE delivery SET state = 'pending', due_at = ?2, lease_until = NULL, detail = ?3, attempts = attempts - ?4, batch = NULL WHERE batch = ?1 AND state = 'sending'"
    };
    tx.execute(sql, params![batch, seconds(at), detail, uncounted])?;
    Ok(())
}

/// Ends those rows of the batch that were tried often enough; the others go on.
fn give_up_exhausted(
    tx: &Transaction<'_>,
    batch: i64,
    may_be_duplicate: bool,
    detail: Option<&str>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    hand_over(tx, batch, MAX_ATTEMPTS, may_be_duplicate, now)?;
    tx.execute(
        "UPDATE delivery SET state = 'failed', lease_until = NULL, finished_at = ?3, detail = ?4
         WHERE batch = ?1 AND state = 'sending' AND attempts >= ?2",
        params![batch, MAX_ATTEMPTS, seconds(now), detail],
    )?;
    Ok(())
}

/// Gives each notification of the batch, tried at least so often, to its recipient's next route.
fn hand_over(
    tx: &Transaction<'_>,
    batch: i64,
    min_attempts: u32,
    may_be_duplicate: bool,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let mut select = tx.prepare_cached(
        "SELECT d.notification_id, d.route, n.routes FROM delivery d JOIN notification n ON n.id = d.notification_id WHERE d.batch = ?1 AND d.state = 'sending' AND d.attempts >= ?2",
    )?;
    let rows: Vec<(i64, u32, String)> = select
        .query_map([batch, i64::from(min_attempts)], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<Result<_, _>>()?;
    for (notification, route, routes) in rows {
        let routes: Vec<Route> = json("routes", &routes)?;
        let Some(next) = routes.get(route as usize + 1) else { continue };
        tx.execute(
            "INSERT INTO delivery (notification_id, route, channel, address, state, due_at, may_be_duplicate) VALUES (?1, ?2, ?3, ?4, 'pending', ?5, ?6)
             ON CONFLICT (notification_id, channel, address) DO NOTHING",
            params![notification, route + 1, next.channel.as_str(), next.address, seconds(now), may_be_duplicate],
        )?;
    }
    Ok(())
}

pub fn end_pauses(tx: &Transaction<'_>) -> Result<(), StoreError> {
    tx.execute("UPDATE channel SET paused_until = 0", [])?;
    tx.execute("UPDATE source SET paused_until = 0", [])?;
    Ok(())
}

pub fn release_interrupted(tx: &Transaction<'_>, now: DateTime<Utc>) -> Result<u32, StoreError> {
    let released = tx.execute("UPDATE delivery SET lease_until = ?1 WHERE state = 'sending'", params![seconds(now)])?;
    Ok(u32::try_from(released).unwrap_or(u32::MAX))
}

pub fn channel_failures(tx: &Transaction<'_>, channel: ChannelKind) -> Result<u32, StoreError> {
    let failures = tx
        .query_row("SELECT failures FROM channel WHERE channel = ?1", [channel.as_str()], |row| row.get(0))
        .optional()?;
    Ok(failures.unwrap_or(0))
}
