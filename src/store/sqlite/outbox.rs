//! What administrators see of deliveries and do to them; what came back; what is pruned.

use chrono::{DateTime, Utc};
use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::{explaining, instant, parsed, reporting, routing, seconds, to_json};
use crate::{
    domain::{directory::ChannelKind, returned::Returned},
    store::{
        Bouncing, Intervened, IntervenedResult, Intervention, InterventionKind, OutboxEntry, OutboxFilter, OutboxRow,
        Pruned, ReturnTaken, StoreError, recipient_prefix,
    },
};

/// What is listed when nobody asks for certain states.
const UNFINISHED: [&str; 4] = ["pending", "sending", "failed", "unknown"];

const COLUMNS: &str = "d.id, d.recipient, n.subject, d.channel, d.state, d.due_at, d.finished_at, d.attempts, d.detail";

pub fn list(tx: &Transaction<'_>, filter: &OutboxFilter) -> Result<Vec<OutboxRow>, StoreError> {
    let states = if filter.states.is_empty() { to_json(&UNFINISHED) } else { to_json(&filter.states) };
    let mut select = tx.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM delivery d JOIN notification n ON n.id = d.notification_id
         WHERE d.state IN (SELECT value FROM json_each(?1)) AND (?2 IS NULL OR d.recipient = ?2) AND (?3 IS NULL OR d.channel = ?3)
         ORDER BY d.id DESC LIMIT ?4"
    ))?;
    let mut rows =
        select.query(params![states, filter.recipient, filter.channel.map(ChannelKind::as_str), filter.limit])?;
    let mut list = Vec::new();
    while let Some(row) = rows.next()? {
        list.push(read_row(row)?);
    }
    Ok(list)
}

fn read_row(row: &Row<'_>) -> Result<OutboxRow, StoreError> {
    let channel: String = row.get(3)?;
    Ok(OutboxRow {
        id: row.get(0)?,
        recipient: row.get(1)?,
        subject: row.get::<_, String>(2)?.into(),
        channel: parsed("channel", &channel)?,
        state: row.get(4)?,
        due_at: instant(row.get(5)?),
        finished_at: row.get::<_, Option<i64>>(6)?.map(instant),
        attempts: row.get(7)?,
        detail: row.get(8)?,
    })
}

pub fn entry(tx: &Transaction<'_>, id: i64) -> Result<Option<OutboxEntry>, StoreError> {
    let mut select = tx.prepare_cached(&format!(
        "SELECT {COLUMNS}, n.key, d.address, n.item,
                (SELECT a.message_id FROM attempt a WHERE a.batch = d.batch ORDER BY a.id DESC LIMIT 1)
         FROM delivery d JOIN notification n ON n.id = d.notification_id WHERE d.id = ?1"
    ))?;
    let mut rows = select.query([id])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let item: String = row.get(11)?;
    Ok(Some(OutboxEntry {
        row: read_row(row)?,
        key: row.get(9)?,
        address: row.get(10)?,
        item: serde_json::from_str(&item).ok(),
        message_id: row.get(12)?,
        trail: explaining::attempts(tx, id)?,
        interventions: interventions(tx, id)?,
    }))
}

pub fn interventions(tx: &Transaction<'_>, delivery: i64) -> Result<Vec<Intervened>, StoreError> {
    let mut select = tx.prepare_cached(
        "SELECT kind, by_whom, note, happened_at FROM intervention WHERE delivery_id = ?1 ORDER BY id",
    )?;
    let rows = select.query_map([delivery], |row| {
        Ok(Intervened { kind: row.get(0)?, by: row.get(1)?, note: row.get(2)?, at: instant(row.get(3)?) })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub fn intervene(
    tx: &Transaction<'_>,
    intervention: &Intervention,
    now: DateTime<Utc>,
) -> Result<IntervenedResult, StoreError> {
    let Intervention { delivery, kind, by, note } = intervention;
    let found: Option<(String, bool, String)> = tx
        .prepare_cached(
            "SELECT d.state, n.item = '', d.recipient FROM delivery d JOIN notification n ON n.id = d.notification_id WHERE d.id = ?1",
        )?
        .query_row([delivery], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let Some((state, is_pruned, recipient)) = found else { return Ok(IntervenedResult::Unknown) };
    if !kind.states().contains(&state.as_str()) {
        return Ok(IntervenedResult::WrongState(state));
    }
    if is_pruned && *kind != InterventionKind::Cancel {
        return Ok(IntervenedResult::Pruned);
    }
    let sql = match kind {
        // A message of unknown outcome is told from the earlier copy by its mark, not by a new identity.
        InterventionKind::Retry => {
            "UPDATE delivery SET state = 'pending', due_at = min(due_at, ?2), attempts = 0, batch = NULL, lease_until = NULL, finished_at = NULL,
                 detail = NULL, may_be_duplicate = may_be_duplicate OR state = 'unknown', note = coalesce(note, ?3) WHERE id = ?1"
        }
        InterventionKind::Cancel => {
            "UPDATE delivery SET state = 'cancelled', finished_at = ?2, batch = NULL, detail = 'quản trị hủy: ' || ?3 WHERE id = ?1"
        }
        InterventionKind::Resend => {
            "UPDATE delivery SET state = 'pending', due_at = ?2, attempts = 0, batch = NULL, lease_until = NULL, finished_at = NULL,
                 detail = NULL, resent = resent + 1, note = ?3 WHERE id = ?1"
        }
    };
    tx.prepare_cached(sql)?.execute(params![delivery, seconds(now), note])?;
    tx.prepare_cached(
        "INSERT INTO intervention (delivery_id, kind, by_whom, note, happened_at) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![delivery, kind.as_str(), by, note, seconds(now)])?;
    // Whoever intervened has seen the trouble; should it go on, it is told anew.
    reporting::set_problems(tx, &recipient_prefix(&recipient), &[], now)?;
    Ok(IntervenedResult::Done)
}

/// How much longer than other things what is known of a dossier that has ended is kept.
const DOSSIERS_KEPT: chrono::Duration = chrono::Duration::days(310);

/// Empties the facts of what came to an end before `before` and deletes its attempts. The keys stay for ever: they
/// are what keeps everything from being said twice.
pub fn prune(tx: &Transaction<'_>, before: DateTime<Utc>) -> Result<Pruned, StoreError> {
    let items = tx
        .prepare_cached(
            "UPDATE notification SET item = '', advice = NULL, routes = '[]'
             WHERE decided_at < ?1 AND item <> '' AND NOT EXISTS (
                 SELECT 1 FROM delivery d WHERE d.notification_id = notification.id
                   AND (d.state IN ('pending', 'sending') OR coalesce(d.finished_at, d.due_at) >= ?1 OR (d.state = 'unknown' AND d.batch IS NOT NULL)))",
        )?
        .execute([seconds(before)])?;
    let attempts = tx
        .prepare_cached(
            "DELETE FROM attempt WHERE started_at < ?1 AND NOT EXISTS (
                 SELECT 1 FROM delivery d WHERE d.batch = attempt.batch AND d.state IN ('pending', 'sending', 'unknown'))",
        )?
        .execute([seconds(before)])?;
    // A year's targets are counted from its dossiers, some weeks after its end.
    let dossiers = tx
        .prepare_cached("DELETE FROM dossier WHERE closed_at < ?1 AND owes = 0")?
        .execute([seconds(before - DOSSIERS_KEPT)])?;
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Ok(Pruned { items: count(items), attempts: count(attempts), dossiers: count(dossiers) })
}

/// Marks the address, and takes what the returned message said to its recipients' next routes.
pub fn take_return(tx: &Transaction<'_>, returned: &Returned, now: DateTime<Utc>) -> Result<ReturnTaken, StoreError> {
    let Returned { address, message_id, detail } = returned;
    let address = address.to_lowercase();
    tx.execute(
        "INSERT INTO bounce (address, detail, first_at, last_at) VALUES (?1, ?2, ?3, ?3)
         ON CONFLICT (address) DO UPDATE SET detail = excluded.detail, last_at = excluded.last_at",
        params![address, detail, seconds(now)],
    )?;
    let recipients: Vec<String> = tx
        .prepare("SELECT DISTINCT recipient FROM delivery WHERE channel = 'email' AND lower(address) = ?1")?
        .query_map([&address], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for recipient in recipients {
        // Not under the recipient's prefix: a message that reaches them another way does not mend the address.
        let key = bounce_key(&recipient);
        let sentence = format!(
            "Thư gửi «{recipient}» bị trả lại ({detail}); sửa địa chỉ trong units.yaml rồi chạy: nhacviec bounce --clear"
        );
        reporting::set_problems(tx, &key, &[(key.clone(), sentence)], now)?;
    }
    let mut taken = ReturnTaken::default();
    let Some(message_id) = message_id else { return Ok(taken) };
    let batches: Vec<i64> = tx
        .prepare("SELECT DISTINCT batch FROM attempt WHERE message_id = ?1")?
        .query_map([message_id], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for batch in batches {
        let (failed, handed_over) = routing::take_back_sent(tx, batch, &address, detail, now)?;
        taken.failed += failed;
        taken.handed_over += handed_over;
    }
    Ok(taken)
}

fn bounce_key(recipient: &str) -> String {
    format!("bounce/{recipient}/")
}

pub fn bounces(tx: &Transaction<'_>) -> Result<Vec<Bouncing>, StoreError> {
    let mut select = tx.prepare("SELECT address, detail, first_at, last_at FROM bounce ORDER BY address")?;
    let rows = select.query_map([], |row| {
        Ok(Bouncing {
            address: row.get(0)?,
            detail: row.get(1)?,
            first_at: instant(row.get(2)?),
            last_at: instant(row.get(3)?),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Ends the mark of an address, and the problems that it led to.
pub fn clear_bounce(tx: &Transaction<'_>, address: &str, now: DateTime<Utc>) -> Result<bool, StoreError> {
    let address = address.to_lowercase();
    let cleared = tx.execute("DELETE FROM bounce WHERE address = ?1", [&address])?;
    let recipients: Vec<String> = tx
        .prepare("SELECT DISTINCT recipient FROM delivery WHERE channel = 'email' AND lower(address) = ?1")?
        .query_map([&address], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for recipient in recipients {
        reporting::set_problems(tx, &bounce_key(&recipient), &[], now)?;
    }
    Ok(cleared > 0)
}
