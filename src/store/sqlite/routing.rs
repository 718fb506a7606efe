//! Which way a message takes when one does not work: the recipient's next route.

use chrono::{DateTime, Utc};
use rusqlite::{Transaction, params};

use super::{delivering::FAR, instant, json, seconds, to_json};
use crate::{
    domain::{
        directory::Route,
        notification::{DIVERTED_AFTER, DIVERTED_AFTER_FAILURES},
    },
    store::StoreError,
};

/// Gives each notification of the batch, tried at least so often, to its recipient's next route.
pub fn hand_over(
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
        for (next, index) in routes.iter().zip(0_u32..).skip(route as usize + 1) {
            if insert_route(tx, notification, index, next, now, may_be_duplicate)? {
                break;
            }
        }
    }
    Ok(())
}

/// Gives a notification to a route of its recipient, unless that was tried before.
fn insert_route(
    tx: &Transaction<'_>,
    notification: i64,
    index: u32,
    route: &Route,
    due_at: DateTime<Utc>,
    may_be_duplicate: bool,
) -> Result<bool, StoreError> {
    let changed = tx
        .prepare_cached(
            "INSERT INTO delivery (notification_id, route, channel, address, state, due_at, may_be_duplicate, recipient)
             SELECT ?1, ?2, ?3, ?4, 'pending', ?5, ?6, recipient FROM notification WHERE id = ?1
             ON CONFLICT (notification_id, channel, address) DO UPDATE SET state = 'pending', due_at = excluded.due_at, route = excluded.route,
                 may_be_duplicate = excluded.may_be_duplicate, attempts = 0, batch = NULL, finished_at = NULL, detail = NULL
             WHERE state = 'cancelled'",
        )?
        .execute(params![notification, index, route.channel.as_str(), route.address, seconds(due_at), may_be_duplicate])?;
    Ok(changed == 1)
}

/// What is due on a stopped channel, or to an address from which messages come back, takes its recipient's next
/// route; what has none waits. No attempt is counted, and the delivery left behind says why.
pub fn divert(tx: &Transaction<'_>, now: DateTime<Utc>) -> Result<u32, StoreError> {
    let closed = closed_channels(tx, now)?;
    let has_bounces: bool =
        tx.prepare_cached("SELECT EXISTS (SELECT 1 FROM bounce)")?.query_row([], |row| row.get(0))?;
    if closed.is_empty() && !has_bounces {
        return Ok(0);
    }
    let mut diverted = 0;
    for stranded in stranded(tx, &closed, now)? {
        let routes: Vec<Route> = json("routes", &stranded.routes)?;
        for (next, index) in routes.iter().zip(0_u32..).skip(stranded.route as usize + 1) {
            let is_open = !closed.iter().any(|(channel, _)| channel == next.channel.as_str());
            if is_open && insert_route(tx, stranded.notification, index, next, instant(stranded.due_at), false)? {
                let reason = closed.iter().find(|(channel, _)| *channel == stranded.channel).map(|(_, reason)| reason);
                let reason = reason.or(stranded.returned.as_ref()).map_or("", String::as_str);
                let detail = format!("chuyển sang {}: {reason}", next.channel.name());
                tx.prepare_cached(
                    "UPDATE delivery SET state = 'cancelled', finished_at = ?2, detail = ?3, batch = NULL WHERE id = ?1",
                )?
                .execute(params![stranded.id, seconds(now), detail])?;
                diverted += 1;
                break;
            }
        }
    }
    Ok(diverted)
}

/// A delivery that is due where nothing gets through.
struct Stranded {
    id: i64,
    notification: i64,
    route: u32,
    routes: String,
    channel: String,
    due_at: i64,
    /// Why messages come back from its address.
    returned: Option<String>,
}

fn stranded(
    tx: &Transaction<'_>,
    closed: &[(String, String)],
    now: DateTime<Utc>,
) -> Result<Vec<Stranded>, StoreError> {
    let mut select = tx.prepare_cached(
        "SELECT d.id, d.notification_id, d.route, n.routes, d.channel, d.due_at,
                (SELECT b.detail FROM bounce b WHERE d.channel = 'email' AND b.address = lower(d.address))
         FROM delivery d JOIN notification n ON n.id = d.notification_id
         WHERE d.state = 'pending' AND d.due_at <= ?1
           AND (d.channel IN (SELECT value FROM json_each(?2)) OR (d.channel = 'email' AND lower(d.address) IN (SELECT address FROM bounce)))",
    )?;
    let names: Vec<&str> = closed.iter().map(|(channel, _)| channel.as_str()).collect();
    let rows = select.query_map(params![seconds(now), to_json(&names)], |row| {
        Ok(Stranded {
            id: row.get(0)?,
            notification: row.get(1)?,
            route: row.get(2)?,
            routes: row.get(3)?,
            channel: row.get(4)?,
            due_at: row.get(5)?,
            returned: row.get(6)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// What had been counted as sent came back: it failed, and takes the next route. Returns how many, and how many of
/// them have one.
pub fn take_back_sent(
    tx: &Transaction<'_>,
    batch: i64,
    address: &str,
    detail: &str,
    now: DateTime<Utc>,
) -> Result<(u32, u32), StoreError> {
    let rows: Vec<(i64, i64, u32, String)> = tx
        .prepare(
            "SELECT d.id, d.notification_id, d.route, n.routes FROM delivery d JOIN notification n ON n.id = d.notification_id
             WHERE d.batch = ?1 AND d.state = 'sent' AND d.channel = 'email' AND lower(d.address) = ?2 AND n.withdrawn_at IS NULL",
        )?
        .query_map(params![batch, address], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?
        .collect::<Result<_, _>>()?;
    let (mut failed, mut handed_over) = (0, 0);
    for (id, notification, route, routes) in rows {
        tx.execute(
            "UPDATE delivery SET state = 'failed', finished_at = ?2, detail = ?3 WHERE id = ?1",
            params![id, seconds(now), format!("thư bị trả lại: {detail}")],
        )?;
        failed += 1;
        let routes: Vec<Route> = json("routes", &routes)?;
        for (next, index) in routes.iter().zip(0_u32..).skip(route as usize + 1) {
            if insert_route(tx, notification, index, next, now, false)? {
                handed_over += 1;
                break;
            }
        }
    }
    Ok((failed, handed_over))
}

/// Channels that nothing waits for any more, with the reason.
fn closed_channels(tx: &Transaction<'_>, now: DateTime<Utc>) -> Result<Vec<(String, String)>, StoreError> {
    let mut select = tx.prepare_cached(
        "SELECT channel, coalesce(detail, '') FROM channel
         WHERE paused_until > ?1 AND paused_until <= ?2 AND (diverts OR (down_since <= ?3 AND failures >= ?4))",
    )?;
    let rows = select.query_map(
        params![seconds(now), seconds(now + FAR), seconds(now - DIVERTED_AFTER), DIVERTED_AFTER_FAILURES],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    Ok(rows.collect::<Result<_, _>>()?)
}
