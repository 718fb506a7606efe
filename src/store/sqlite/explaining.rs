//! What was decided about a subject and what became of it.

use rusqlite::{Transaction, params};

use super::{instant, parsed};
use crate::{
    domain::ids::SubjectId,
    store::{AttemptTrail, Decided, DeliveryTrail, StoreError},
};

pub fn decided(tx: &Transaction<'_>, subject: &SubjectId) -> Result<Vec<Decided>, StoreError> {
    let mut select = tx.prepare(
        "SELECT id, key, recipient, audience, offset_days, revision_on, decided_at, withdrawn_at, merged_into, on_behalf_of, resumed_on
         FROM notification WHERE subject = ?1 ORDER BY decided_at, id",
    )?;
    let mut rows = select.query([subject.as_str()])?;
    let mut decided = Vec::new();
    while let Some(row) = rows.next()? {
        let (audience, revision_on): (String, String) = (row.get(3)?, row.get(5)?);
        decided.push(Decided {
            key: row.get(1)?,
            recipient: row.get::<_, String>(2)?.into(),
            audience: parsed("audience", &audience)?,
            offset: row.get(4)?,
            revision_on: parsed("revision_on", &revision_on)?,
            decided_at: instant(row.get(6)?),
            withdrawn_at: row.get::<_, Option<i64>>(7)?.map(instant),
            merged_into: row.get(8)?,
            on_behalf_of: row.get(9)?,
            resumed_on: row.get::<_, Option<String>>(10)?.map(|day| parsed("resumed_on", &day)).transpose()?,
            deliveries: deliveries(tx, row.get(0)?)?,
        });
    }
    Ok(decided)
}

fn deliveries(tx: &Transaction<'_>, notification: i64) -> Result<Vec<DeliveryTrail>, StoreError> {
    let mut select = tx.prepare_cached(
        "SELECT id, channel, address, state, due_at, finished_at, deferred_at, detail FROM delivery WHERE notification_id = ?1 ORDER BY route, id",
    )?;
    let mut rows = select.query([notification])?;
    let mut deliveries = Vec::new();
    while let Some(row) = rows.next()? {
        let channel: String = row.get(1)?;
        let time = |i| row.get::<_, Option<i64>>(i).map(|t| t.map(instant));
        deliveries.push(DeliveryTrail {
            channel: parsed("channel", &channel)?,
            address: row.get(2)?,
            state: row.get(3)?,
            due_at: instant(row.get(4)?),
            finished_at: time(5)?,
            deferred_at: time(6)?,
            detail: row.get(7)?,
            attempts: attempts(tx, row.get(0)?)?,
        });
    }
    Ok(deliveries)
}

/// The attempts that carried a delivery; an attempt lists its deliveries as a JSON array.
pub fn attempts(tx: &Transaction<'_>, delivery: i64) -> Result<Vec<AttemptTrail>, StoreError> {
    let mut select = tx.prepare_cached(
        "SELECT started_at, outcome, detail FROM attempt
         WHERE EXISTS (SELECT 1 FROM json_each(attempt.deliveries) WHERE json_each.value = ?1) ORDER BY id",
    )?;
    let rows = select.query_map(params![delivery], |row| {
        Ok(AttemptTrail { started_at: instant(row.get(0)?), outcome: row.get(1)?, detail: row.get(2)? })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
