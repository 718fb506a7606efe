//! Claims and outcomes of deliveries.

use chrono::{DateTime, Duration, Utc};
use rusqlite::{OptionalExtension, Params, Row, Transaction, named_params, params};
use serde::{
    Deserialize as _,
    de::value::{Error as Unexpected, StrDeserializer},
};

use super::{instant, parsed, reporting, routing::hand_over, seconds, to_json};
use crate::{
    domain::{
        directory::ChannelKind,
        ids::RecipientId,
        notification::{Batch, Entry, Item, MAX_ATTEMPTS, Reason, Resent, SendError, message_id},
    },
    store::{DailyCap, Outcome, StoreError, channel_prefix, recipient_prefix},
};

/// A message interrupted by a crash, or of unknown outcome and due to be repeated: taken again with
/// exactly the same rows, so that its Message-ID stays the same.
///
/// The plus signs keep SQLite from walking over every batch there ever was to have them in order.
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
            SELECT batch, channel FROM delivery WHERE state = 'unknown' AND +batch IS NOT NULL AND due_at <= :now)
        WHERE channel NOT IN (SELECT channel FROM channel WHERE paused_until > :now AND paused_until <= :far)
        ORDER BY +batch LIMIT 1)
      AND ((state = 'sending' AND (lease_until <= :now OR lease_until > :far)) OR (state = 'unknown' AND due_at <= :now))
    RETURNING batch";

/// The address that has waited longest.
const NEXT: &str = "
    SELECT channel, address FROM delivery
    WHERE state = 'pending' AND due_at <= :now
      AND NOT EXISTS (SELECT 1 FROM channel AS rests
                      WHERE rests.channel = delivery.channel AND paused_until > :now AND paused_until <= :far)
    ORDER BY due_at, channel, id LIMIT 1";

/// Row by row: an update of several keeps a table of them, which costs more than the update.
const TAKE: &str =
    "UPDATE delivery SET state = 'sending', lease_until = ?2, attempts = attempts + 1, batch = ?3 WHERE id = ?1";

/// The rows of a message with everything that it needs. Of messages that its readers had since `?1`, and of earlier
/// attempts that may have arrived, it is only asked whether there is any: mostly there is none.
macro_rules! rows_of {
    ($which:literal) => {
        concat!(
            "SELECT d.id, d.channel, d.address, d.attempts + (d.state = 'pending'), d.may_be_duplicate, n.key, n.audience,
                    n.offset_days, n.reason, n.item, n.advice, n.recipient, n.on_behalf_of, d.deferred_at, n.subject, d.resent, d.note,
                    NOT EXISTS (SELECT 1 FROM notification o JOIN delivery x ON x.notification_id = o.id
                                WHERE o.subject = n.subject AND o.recipient = n.recipient AND o.revision_on = n.revision_on
                                  AND x.state IN ('sent', 'unknown')),
                    EXISTS (SELECT 1 FROM attempt WHERE attempt.batch = coalesce(d.batch, d.id) AND coalesce(outcome, 'unknown') = 'unknown'),
                    ?1 IS NOT NULL
                      AND (EXISTS (SELECT 1 FROM delivery had
                                   WHERE had.recipient = d.recipient AND had.state = 'sent' AND had.finished_at >= ?1)
                        OR EXISTS (SELECT 1 FROM delivery hand WHERE hand.recipient = d.recipient AND hand.state = 'sending')),
                    EXISTS (SELECT 1 FROM delivery other WHERE other.batch = d.id AND other.state IN ('sending', 'unknown'))
             FROM delivery d JOIN notification n ON n.id = d.notification_id WHERE ",
            $which,
            " ORDER BY d.id"
        )
    };
}

/// All due deliveries of an address.
const DUE_TO: &str = rows_of!("d.channel = ?2 AND d.address = ?3 AND d.state = 'pending' AND d.due_at <= ?4");

/// All that travelled together and is in hand.
const IN_HAND: &str = rows_of!("d.batch = ?2 AND d.state = 'sending'");

/// Longer than every lease and every pause of a channel.
pub const FAR: Duration = Duration::hours(1);

/// What a claim looks for first.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum First {
    /// What was interrupted: a pass begins with it.
    Interrupted,
    /// What waits: most of the claims that follow, so that not each of them looks for what was interrupted.
    Waiting,
}

pub fn claim(
    tx: &Transaction<'_>,
    now: DateTime<Utc>,
    lease: Duration,
    cap: Option<DailyCap>,
    first: First,
) -> Result<Option<Batch>, StoreError> {
    loop {
        let found = match first {
            First::Interrupted => match resume(tx, now, lease)? {
                None => take_next(tx, now, lease, cap)?,
                found => found,
            },
            First::Waiting => match take_next(tx, now, lease, cap)? {
                None => resume(tx, now, lease)?,
                found => found,
            },
        };
        let Some(found) = found else { return Ok(None) };
        // Without a readable row the batch is set aside, and the next one comes.
        if let Some(batch) = found.into_batch(tx, now)? {
            return Ok(Some(batch));
        }
    }
}

fn resume(tx: &Transaction<'_>, now: DateTime<Utc>, lease: Duration) -> Result<Option<Found>, StoreError> {
    let is_due: bool = tx
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM delivery WHERE state = 'sending' AND lease_until <= ?1)
                 OR EXISTS (SELECT 1 FROM delivery WHERE state = 'sending' AND lease_until > ?2)
                 OR EXISTS (SELECT 1 FROM delivery WHERE state = 'unknown' AND +batch IS NOT NULL AND due_at <= ?1)",
        )?
        .query_row([seconds(now), seconds(now + FAR)], |row| row.get(0))?;
    if !is_due {
        return Ok(None);
    }
    let batch: Option<i64> = {
        let mut update = tx.prepare_cached(RESUME)?;
        let rows = update.query_map(
            named_params! { ":now": seconds(now), ":lease": seconds(now + lease), ":far": seconds(now + FAR) },
            |row| row.get(0),
        )?;
        // Read to the end: the update is done when every row was.
        rows.collect::<Result<Vec<_>, _>>()?.first().copied()
    };
    let Some(batch) = batch else { return Ok(None) };
    let found = Found::read(tx, IN_HAND, [None, Some(batch)])?;
    Ok(Some(Found { id: batch, ..found }))
}

fn take_next(
    tx: &Transaction<'_>,
    now: DateTime<Utc>,
    lease: Duration,
    cap: Option<DailyCap>,
) -> Result<Option<Found>, StoreError> {
    loop {
        let next: Option<(String, String)> = tx
            .prepare_cached(NEXT)?
            .query_row(named_params! { ":now": seconds(now), ":far": seconds(now + FAR) }, |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()?;
        let Some((channel, address)) = next else { return Ok(None) };
        let day_began_at = cap.map(|cap| seconds(cap.day_began_at));
        let found = Found::read(tx, DUE_TO, params![day_began_at, channel, address, seconds(now)])?;
        if found.deliveries.is_empty() {
            set_aside_orphans(tx, &channel, &address, now)?;
            continue;
        }
        if let Some(cap) = cap
            && found.have_had_any
            && put_off(tx, &channel, &address, now, cap)? > 0
        {
            continue;
        }
        let found = found.numbered(tx)?;
        let mut take = tx.prepare_cached(TAKE)?;
        for id in &found.deliveries {
            take.execute([*id, seconds(now + lease), found.id])?;
        }
        return Ok(Some(found));
    }
}

fn ids(tx: &Transaction<'_>, select: &str, parameters: impl Params) -> Result<Vec<i64>, StoreError> {
    Ok(tx.prepare_cached(select)?.query_map(parameters, |row| row.get(0))?.collect::<Result<_, _>>()?)
}

/// What is due to a person who has had their messages of the day, on whatever channel, waits for the next digest, and
/// remembers since when. A message in hand counts as had.
fn put_off(
    tx: &Transaction<'_>,
    channel: &str,
    address: &str,
    now: DateTime<Utc>,
    cap: DailyCap,
) -> Result<usize, StoreError> {
    let changed = tx
        .prepare_cached(
            "UPDATE delivery SET due_at = ?3, deferred_at = coalesce(deferred_at, due_at)
             WHERE state = 'pending' AND due_at <= ?1 AND channel = ?5 AND address = ?6
               AND (SELECT count(DISTINCT batch) FROM delivery had
                    WHERE had.recipient = delivery.recipient AND had.state = 'sent' AND had.finished_at >= ?2)
                 + (SELECT count(DISTINCT batch) FROM delivery hand
                    WHERE hand.recipient = delivery.recipient AND hand.state = 'sending') >= ?4",
        )?
        .execute(params![seconds(now), seconds(cap.day_began_at), seconds(cap.next_at), cap.most, channel, address])?;
    Ok(changed)
}

/// The rows of a message, read; those that cannot be read apart, so that one of them never holds up the others.
struct Found {
    /// Mostly the first of its rows.
    id: i64,
    /// Whether rows that once travelled with the first are in hand or in doubt under that number.
    is_number_taken: bool,
    deliveries: Vec<i64>,
    readable: Vec<Readable>,
    unreadable: Vec<Unreadable>,
    /// Whether one of the readers has had a message today, or one is in hand.
    have_had_any: bool,
    /// Whether an earlier attempt may have arrived.
    may_have_arrived: bool,
}

struct Readable {
    channel: ChannelKind,
    address: String,
    recipient: RecipientId,
    attempts: u32,
    entry: Entry,
}

struct Unreadable {
    delivery: i64,
    recipient: String,
    error: String,
}

impl Found {
    fn read(tx: &Transaction<'_>, select: &str, parameters: impl Params) -> Result<Self, StoreError> {
        let mut select = tx.prepare_cached(select)?;
        let mut rows = select.query(parameters)?;
        let mut found = Self {
            id: 0,
            is_number_taken: false,
            deliveries: Vec::new(),
            readable: Vec::new(),
            unreadable: Vec::new(),
            have_had_any: false,
            may_have_arrived: false,
        };
        while let Some(row) = rows.next()? {
            let delivery = row.get(0)?;
            if found.deliveries.is_empty() {
                found.id = delivery;
                found.may_have_arrived = row.get(18)?;
                found.is_number_taken = row.get(20)?;
            }
            found.deliveries.push(delivery);
            found.have_had_any |= row.get::<_, bool>(19)?;
            let (channel, recipient): (String, String) = (row.get(1)?, row.get(11)?);
            match read_entry(row) {
                Ok(entry) => found.readable.push(Readable {
                    channel: parsed("channel", &channel)?,
                    address: row.get(2)?,
                    recipient: recipient.into(),
                    attempts: row.get(3)?,
                    entry,
                }),
                Err(error) => found.unreadable.push(Unreadable { delivery, recipient, error: error.to_string() }),
            }
        }
        Ok(found)
    }

    /// With a number that no other message has: what an administrator sends again leaves without those with which it
    /// travelled, which may be in hand by themselves.
    fn numbered(self, tx: &Transaction<'_>) -> Result<Self, StoreError> {
        if !self.is_number_taken {
            return Ok(self);
        }
        let mut select = tx.prepare_cached("SELECT min(0, coalesce(min(batch), 0)) - 1 FROM attempt")?;
        Ok(Self { id: select.query_row([], |row| row.get(0))?, may_have_arrived: false, ..self })
    }

    /// The message, its attempt recorded as begun; `None` when nothing of it can be read.
    fn into_batch(self, tx: &Transaction<'_>, now: DateTime<Utc>) -> Result<Option<Batch>, StoreError> {
        let Self { id, deliveries, readable, unreadable, may_have_arrived, .. } = self;
        for Unreadable { delivery, recipient, error } in unreadable {
            set_aside(tx, delivery, &recipient, &error, now)?;
        }
        let mut batch: Option<Batch> = None;
        for Readable { channel, address, recipient, attempts, entry } in readable {
            let batch = batch.get_or_insert_with(|| Batch {
                id,
                channel,
                address: String::new(),
                recipient: recipient.clone(),
                also: Vec::new(),
                entries: Vec::new(),
                deliveries: Vec::new(),
                message_id: String::new(),
                attempt: attempts,
                most_attempts: attempts,
                is_resumed: may_have_arrived,
                lost_answers: 0,
                interruptions: 0,
            });
            batch.address = address;
            if recipient != batch.recipient && !batch.also.contains(&recipient) {
                batch.also.push(recipient);
            }
            batch.attempt = batch.attempt.min(attempts);
            batch.most_attempts = batch.most_attempts.max(attempts);
            batch.entries.push(entry);
        }
        let Some(mut batch) = batch else { return Ok(None) };
        batch.deliveries = deliveries;
        batch.message_id = message_id(&batch.entries);
        if may_have_arrived {
            (batch.lost_answers, batch.interruptions) = tx
                .prepare_cached(
                    "SELECT count(*) FILTER (WHERE outcome = 'unknown'), count(*) FILTER (WHERE outcome IS NULL)
                     FROM attempt WHERE batch = ?1",
                )?
                .query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))?;
        }
        tx.prepare_cached(
            "INSERT INTO attempt (batch, channel, deliveries, started_at, message_id) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![
            id,
            batch.channel.as_str(),
            to_json(&batch.deliveries),
            seconds(now),
            batch.message_id
        ])?;
        Ok(Some(batch))
    }
}

fn read_entry(row: &Row<'_>) -> Result<Entry, StoreError> {
    let text = |column| row.get_ref(column).and_then(|value| Ok(value.as_str()?));
    let (reason, item) = (text(8)?, text(9)?);
    let corrupt = |what, value: &str| StoreError::Corrupt { what, value: value.to_owned() };
    let resent: u32 = row.get(15)?;
    let note: Option<String> = row.get(16)?;
    Ok(Entry {
        key: row.get(5)?,
        subject: row.get::<_, String>(14)?.into(),
        audience: parsed("audience", text(6)?)?,
        offset: row.get(7)?,
        reason: Reason::deserialize(StrDeserializer::<Unexpected>::new(reason))
            .map_err(|_| corrupt("reason", reason))?,
        item: Item::from_json(item).map_err(|_| corrupt("item", item))?,
        advice: row.get::<_, Option<String>>(10)?.map(Into::into),
        on_behalf_of: row.get::<_, Option<String>>(12)?.map(Into::into),
        deferred_at: row.get::<_, Option<i64>>(13)?.map(instant),
        may_be_duplicate: row.get(4)?,
        is_first: row.get(17)?,
        resent: (resent > 0).then(|| Resent { times: resent, note: note.unwrap_or_default() }),
    })
}

/// A row that this version cannot read: shown to a person, tried no more.
fn set_aside(
    tx: &Transaction<'_>,
    delivery: i64,
    recipient: &str,
    error: &str,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    tracing::error!(delivery, error, "a delivery cannot be read and was set aside");
    tx.execute(
        "UPDATE delivery SET state = 'failed', lease_until = NULL, finished_at = ?2, detail = 'không đọc được nội dung trong kho' WHERE id = ?1",
        params![delivery, seconds(now)],
    )?;
    let prefix = recipient_prefix(recipient);
    let sentence = format!(
        "Tin số {delivery} cho «{recipient}» không đọc được trong kho và đã để riêng; xem nhacviec outbox show {delivery}"
    );
    reporting::set_problems(
        tx,
        &format!("{prefix}unreadable-{delivery}"),
        &[(format!("{prefix}unreadable-{delivery}"), sentence)],
        now,
    )
}

/// What waits for an address without a notification: a damaged store, of which no row may hold up the others.
fn set_aside_orphans(tx: &Transaction<'_>, channel: &str, address: &str, now: DateTime<Utc>) -> Result<(), StoreError> {
    let orphans: Vec<(i64, String)> = tx
        .prepare(
            "SELECT id, recipient FROM delivery
             WHERE channel = ?1 AND address = ?2 AND state = 'pending'
               AND NOT EXISTS (SELECT 1 FROM notification n WHERE n.id = delivery.notification_id)",
        )?
        .query_map([channel, address], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    for (delivery, recipient) in orphans {
        set_aside(tx, delivery, &recipient, "its notification is missing", now)?;
    }
    Ok(())
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
    tx.prepare_cached(
        "UPDATE attempt SET finished_at = ?2, outcome = ?3, detail = ?4
         WHERE id = (SELECT max(id) FROM attempt WHERE batch = ?1 AND outcome IS NULL AND finished_at IS NULL)",
    )?
    .execute(params![batch, seconds(now), name, error.map(SendError::detail)])?;
    let detail = error.map(SendError::detail);
    match outcome {
        Outcome::Sent => {
            leave(tx, batch, "sent", None, now)?;
            clear_troubles(tx, batch, now)?;
        }
        Outcome::Retry { at, .. } => {
            let may_have_arrived = has_open_outcome(tx, batch)?;
            give_up_exhausted(tx, batch, may_have_arrived, detail, now)?;
            put_back(tx, batch, *at, may_have_arrived, detail, true)?;
        }
        Outcome::Postponed { until, .. } | Outcome::Stopped { until, .. } | Outcome::Rested { until, .. } => {
            pause(tx, batch, outcome, *until, now)?;
            put_back(tx, batch, now, has_open_outcome(tx, batch)?, detail, false)?;
        }
        Outcome::UnknownResend { at, .. } => put_back(tx, batch, *at, true, detail, true)?,
        Outcome::UnknownHandOver { .. } => {
            hand_over(tx, batch, 0, true, now)?;
            leave(tx, batch, "unknown", detail, now)?;
        }
        Outcome::Failed { .. } => {
            hand_over(tx, batch, 0, has_open_outcome(tx, batch)?, now)?;
            leave(tx, batch, "failed", detail, now)?;
        }
    }
    Ok(())
}

/// Lets the channel of a batch rest. Of several messages in hand that find it down only the first counts, or it
/// would rest the longer the more there were.
fn pause(
    tx: &Transaction<'_>,
    batch: i64,
    outcome: &Outcome,
    until: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let (_, error) = outcome_name(outcome);
    let is_stopped = matches!(outcome, Outcome::Stopped { .. });
    let is_trouble = !matches!(outcome, Outcome::Rested { .. });
    tx.prepare_cached(
        "INSERT INTO channel (channel, failures, paused_until, down_since, diverts, detail)
         SELECT DISTINCT channel, ?3, ?2, CASE WHEN ?3 THEN ?4 END, ?5, ?6 FROM delivery WHERE batch = ?1 AND state = 'sending'
         ON CONFLICT (channel) DO UPDATE SET failures = failures + excluded.failures, paused_until = excluded.paused_until,
             down_since = coalesce(down_since, excluded.down_since), diverts = max(diverts, excluded.diverts), detail = excluded.detail
         WHERE paused_until <= ?4 OR (excluded.diverts AND NOT diverts)",
    )?
    .execute(params![batch, seconds(until), is_trouble, seconds(now), is_stopped, error.map(SendError::detail)])?;
    Ok(())
}

fn outcome_name(outcome: &Outcome) -> (&'static str, Option<&SendError>) {
    match outcome {
        Outcome::Sent => ("sent", None),
        Outcome::Retry { error, .. } => ("transient", Some(error)),
        Outcome::Postponed { error, .. } => ("channel_down", Some(error)),
        Outcome::Stopped { error, .. } => ("channel_stopped", Some(error)),
        Outcome::Rested { error, .. } => ("not_now", Some(error)),
        Outcome::UnknownResend { error, .. } | Outcome::UnknownHandOver { error } => ("unknown", Some(error)),
        Outcome::Failed { error } => ("permanent", Some(error)),
    }
}

/// A message that left proves that its channel works and its recipient can be reached.
fn clear_troubles(tx: &Transaction<'_>, batch: i64, now: DateTime<Utc>) -> Result<(), StoreError> {
    let is_trouble: bool = tx
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM channel WHERE failures > 0 OR paused_until > 0)
                 OR EXISTS (SELECT 1 FROM problem WHERE resolved_at IS NULL)",
        )?
        .query_row([], |row| row.get(0))?;
    if !is_trouble {
        return Ok(());
    }
    let (channel, recipient): (String, String) = tx
        .prepare_cached("SELECT channel, recipient FROM delivery WHERE batch = ?1 LIMIT 1")?
        .query_row([batch], |row| Ok((row.get(0)?, row.get(1)?)))?;
    tx.prepare_cached(
        "UPDATE channel SET failures = 0, paused_until = 0, down_since = NULL, diverts = 0, detail = NULL
         WHERE channel = ?1 AND (failures > 0 OR paused_until > 0)",
    )?
    .execute([&channel])?;
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
    // The batch is named only where it changes: naming it writes its index anew.
    let mut leave = tx.prepare_cached(if state == "unknown" {
        "UPDATE delivery SET state = ?2, lease_until = NULL, finished_at = ?3, detail = ?4, batch = NULL WHERE id = ?1"
    } else {
        "UPDATE delivery SET state = ?2, lease_until = NULL, finished_at = ?3, detail = ?4 WHERE id = ?1"
    })?;
    for id in ids(tx, "SELECT id FROM delivery WHERE batch = ?1 AND state = 'sending'", [batch])? {
        leave.execute(params![id, state, seconds(now), detail])?;
    }
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

pub fn end_pauses(tx: &Transaction<'_>) -> Result<(), StoreError> {
    tx.execute("UPDATE channel SET paused_until = 0, diverts = 0", [])?;
    // An account refused until nobody asked any more gets one try: somebody may have put it right.
    tx.execute("UPDATE source SET paused_until = 0, denials = max(denials - 1, 0)", [])?;
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
