//! What a decision reads and writes.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use chrono::{DateTime, NaiveDate, Utc};
use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::{answering, dossiers, instant, parsed, reporting, seconds, to_json};
use crate::{
    domain::{
        decide::{CancelReason, Cancellation, Decision, GAP_PREFIX, PendingDelivery, Problem, Record, Refresh, Told},
        directory::Route,
        ids::SubjectId,
        life::Reports,
        notification::Notification,
    },
    store::{ApplyReport, StoreError},
};

/// What a decision knows of the past: the reports up to an id, and what was said at a count of changes.
#[derive(Default)]
pub struct Past {
    last_report: i64,
    reports: Arc<Reports>,
    change: Option<i64>,
    told: Arc<HashMap<SubjectId, Vec<Told>>>,
    urged: Arc<HashMap<SubjectId, Vec<(NaiveDate, u32)>>>,
}

/// `known` keeps the past between two readings: it grows over a year and hardly ever changes.
pub fn record(tx: &Transaction<'_>, known: &Mutex<Past>, dossiers_until: DateTime<Utc>) -> Result<Record, StoreError> {
    let last_decided_at = tx
        .query_row("SELECT finished_at FROM pass WHERE name = 'decide'", [], |row| row.get(0))
        .optional()?
        .map(instant);
    let change: i64 = tx.query_row("SELECT n FROM change", [], |row| row.get(0))?;
    let mut past = known.lock().unwrap_or_else(PoisonError::into_inner);
    // Reports are only ever appended.
    let newest: i64 = tx.query_row("SELECT coalesce(max(id), 0) FROM report", [], |row| row.get(0))?;
    if newest != past.last_report {
        let from = past.last_report;
        past.last_report = answering::read_new(tx, from, Arc::make_mut(&mut past.reports))?;
    }
    if past.change != Some(change) {
        past.told = Arc::new(told(tx)?);
        past.urged = Arc::new(urged(tx)?);
        past.change = Some(change);
    }
    Ok(Record {
        reports: Arc::clone(&past.reports),
        told: Arc::clone(&past.told),
        urged: Arc::clone(&past.urged),
        pending: pending(tx)?,
        dossiers: dossiers::dossiers_to_decide(tx, dossiers_until)?,
        problems: problems(tx)?,
        targets: Vec::new(),
        last_decided_at,
    })
}

/// Of all rungs said to one recipient about one due date only the strongest matters.
fn told(tx: &Transaction<'_>) -> Result<HashMap<SubjectId, Vec<Told>>, StoreError> {
    let mut select = tx.prepare_cached(
        "SELECT subject, revision_on, max(offset_days), audience, recipient, resumed_on FROM notification
         WHERE withdrawn_at IS NULL AND closed_at IS NULL
         GROUP BY subject, revision_on, audience, recipient, resumed_on",
    )?;
    let mut rows = select.query([])?;
    let mut told: HashMap<SubjectId, Vec<Told>> = HashMap::new();
    // The rows of a subject come together: its list is filled before it is put into the map.
    let mut current: Option<(SubjectId, Vec<Told>)> = None;
    while let Some(row) = rows.next()? {
        let subject = row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
        let entry = read_told(row, 1)?;
        match &mut current {
            Some((known, list)) if known.as_str() == subject => list.push(entry),
            _ => told.extend(current.replace((SubjectId::from(subject), vec![entry]))),
        }
    }
    told.extend(current);
    Ok(told)
}

/// On which days after which appointment the holders of dossiers were urged.
fn urged(tx: &Transaction<'_>) -> Result<HashMap<SubjectId, Vec<(NaiveDate, u32)>>, StoreError> {
    let mut select = tx.prepare_cached(
        "SELECT DISTINCT subject, revision_on, offset_days FROM notification
         WHERE withdrawn_at IS NULL AND closed_at IS NULL AND subject >= 'dossier:' AND subject < 'dossier;'
           AND audience = 'lead' AND offset_days > 0",
    )?;
    let mut rows = select.query([])?;
    let mut urged: HashMap<SubjectId, Vec<(NaiveDate, u32)>> = HashMap::new();
    while let Some(row) = rows.next()? {
        let (subject, revision_on): (String, String) = (row.get(0)?, row.get(1)?);
        urged.entry(subject.into()).or_default().push((parsed("revision_on", &revision_on)?, row.get(2)?));
    }
    Ok(urged)
}

/// Reads `revision_on, offset_days, audience, recipient, resumed_on` from column `at` on.
fn read_told(row: &Row<'_>, at: usize) -> Result<Told, StoreError> {
    let (revision_on, audience): (String, String) = (row.get(at)?, row.get(at + 2)?);
    Ok(Told {
        revision_on: parsed("revision_on", &revision_on)?,
        offset: row.get(at + 1)?,
        audience: parsed("audience", &audience)?,
        recipient: row.get::<_, String>(at + 3)?.into(),
        resumed_on: row.get::<_, Option<String>>(at + 4)?.map(|day| parsed("resumed_on", &day)).transpose()?,
    })
}

fn pending(tx: &Transaction<'_>) -> Result<Vec<PendingDelivery>, StoreError> {
    let mut select = tx.prepare_cached(
        "SELECT d.id, n.subject, n.revision_on, n.offset_days, n.audience, n.recipient, n.resumed_on, d.channel, d.address, n.item
         FROM delivery d JOIN notification n ON n.id = d.notification_id WHERE d.state = 'pending' AND d.resent = 0",
    )?;
    let mut rows = select.query([])?;
    let mut pending = Vec::new();
    while let Some(row) = rows.next()? {
        let subject = SubjectId::from(row.get::<_, String>(1)?);
        let channel: String = row.get(7)?;
        let route = Route { channel: parsed("channel", &channel)?, address: row.get(8)? };
        let item = row.get(9)?;
        pending.push(PendingDelivery { id: row.get(0)?, subject, told: read_told(row, 2)?, route, item });
    }
    Ok(pending)
}

fn problems(tx: &Transaction<'_>) -> Result<Vec<Problem>, StoreError> {
    let mut select =
        tx.prepare_cached("SELECT key, sentence, opened_at FROM problem WHERE resolved_at IS NULL ORDER BY id")?;
    let rows = select.query_map([], |row| {
        Ok(Problem { key: row.get(0)?, sentence: row.get(1)?, opened_at: instant(row.get(2)?) })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub fn apply(
    tx: &Transaction<'_>,
    decision: &Decision,
    gaps: &[(String, String)],
    now: DateTime<Utc>,
) -> Result<ApplyReport, StoreError> {
    let mut report = ApplyReport::default();
    forget_the_future(tx, now)?;
    for cancellation in &decision.cancel {
        report.cancelled += u32::from(cancel(tx, cancellation, now)?);
    }
    for notification in &decision.notify {
        report.notified += u32::from(notify(tx, notification, now)?);
    }
    for Refresh { id, item } in &decision.refresh {
        tx.prepare_cached(
            "UPDATE notification SET item = ?2 WHERE id = (SELECT notification_id FROM delivery WHERE id = ?1 AND state = 'pending')",
        )?
        .execute(params![id, item.to_json()])?;
    }
    if decision.cancel.iter().any(|c| c.reason == CancelReason::Superseded) {
        inherit_deferral(tx, now)?;
    }
    reporting::set_problems(tx, GAP_PREFIX, gaps, now)?;
    reporting::pass_ended(tx, "decide", now)?;
    Ok(report)
}

/// What a clock decided that was ahead by more than an hour is taken back: it would silence the real
/// reminders until that date comes.
fn forget_the_future(tx: &Transaction<'_>, now: DateTime<Utc>) -> Result<(), StoreError> {
    let limit = seconds(now + chrono::Duration::hours(1));
    let taken_back = tx
        .prepare_cached("UPDATE notification SET withdrawn_at = ?2 WHERE decided_at > ?1 AND withdrawn_at IS NULL")?
        .execute(params![limit, seconds(now)])?;
    if taken_back > 0 {
        tx.execute(
            "UPDATE delivery SET state = 'cancelled', finished_at = ?2, detail = 'withdrawn'
             WHERE state = 'pending' AND notification_id IN (SELECT id FROM notification WHERE decided_at > ?1)",
            params![limit, seconds(now)],
        )?;
    }
    Ok(())
}

/// What was merged into a message that never left has not been said either, nor what had been merged into a weaker
/// one whose place it took.
fn withdraw_merged(tx: &Transaction<'_>, key: &str, now: DateTime<Utc>) -> Result<(), StoreError> {
    tx.prepare_cached(
        "UPDATE notification SET withdrawn_at = ?2
         WHERE merged_into IN (
             SELECT n.key FROM notification n JOIN notification gone ON gone.key = ?1
             WHERE n.subject = gone.subject AND n.recipient = gone.recipient AND NOT EXISTS (
                 SELECT 1 FROM delivery d WHERE d.notification_id = n.id AND d.state <> 'cancelled'))",
    )?
    .execute(params![key, seconds(now)])?;
    Ok(())
}

/// What takes the place of a message that was put off has been put off, too.
fn inherit_deferral(tx: &Transaction<'_>, now: DateTime<Utc>) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE delivery SET deferred_at = old.deferred_at
         FROM (SELECT n.subject, n.audience, n.recipient, min(d.deferred_at) AS deferred_at
               FROM delivery d JOIN notification n ON n.id = d.notification_id
               WHERE d.state = 'cancelled' AND d.detail = 'superseded' AND d.finished_at = ?1 AND d.deferred_at IS NOT NULL
               GROUP BY n.subject, n.audience, n.recipient) AS old, notification AS new
         WHERE new.id = delivery.notification_id AND delivery.state = 'pending' AND delivery.deferred_at IS NULL
           AND new.subject = old.subject AND new.audience = old.audience AND new.recipient = old.recipient",
        [seconds(now)],
    )?;
    Ok(())
}

/// A delivery claimed in the meantime is left alone: it is leaving already.
fn cancel(tx: &Transaction<'_>, cancellation: &Cancellation, now: DateTime<Utc>) -> Result<bool, StoreError> {
    let (detail, is_withdrawn) = match cancellation.reason {
        CancelReason::Superseded => ("superseded", false),
        CancelReason::Withdrawn => ("withdrawn", true),
    };
    let changed = tx
        .prepare_cached("UPDATE delivery SET state = 'cancelled', finished_at = ?2, detail = ?3 WHERE id = ?1 AND state = 'pending'")?
        .execute(params![cancellation.id, seconds(now), detail])?;
    if changed == 1 && is_withdrawn {
        let key: String = tx
            .prepare_cached(
                "UPDATE notification SET withdrawn_at = ?2 WHERE id = (SELECT notification_id FROM delivery WHERE id = ?1)
                 RETURNING key",
            )?
            .query_row(params![cancellation.id, seconds(now)], |row| row.get(0))?;
        withdraw_merged(tx, &key, now)?;
    }
    Ok(changed == 1)
}

/// Writes a notification and its first delivery, unless its key is known; one that was withdrawn
/// before it left is armed again.
fn notify(tx: &Transaction<'_>, notification: &Notification, now: DateTime<Utc>) -> Result<bool, StoreError> {
    let Notification { key, reason, item, advice, routes, on_behalf_of, not_before, merged_into } = notification;
    let id: Option<i64> = tx
        .prepare_cached(
            "INSERT INTO notification (key, subject, revision_on, offset_days, audience, recipient, reason, item, advice, routes, merged_into, decided_at, resumed_on, on_behalf_of)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
             ON CONFLICT (key) DO UPDATE SET reason = excluded.reason, item = excluded.item, advice = excluded.advice, routes = excluded.routes,
                 merged_into = excluded.merged_into, on_behalf_of = excluded.on_behalf_of, decided_at = excluded.decided_at, withdrawn_at = NULL, closed_at = NULL
             WHERE withdrawn_at IS NOT NULL
             RETURNING id",
        )?
        .query_row(
            params![
                key.to_string(),
                key.subject.as_str(),
                key.revision_on.to_string(),
                key.offset,
                key.audience.to_string(),
                key.recipient.as_str(),
                reason.as_str(),
                item.to_json(),
                advice.as_deref(),
                to_json(routes),
                merged_into,
                seconds(now),
                key.resumed_on.map(|day| day.to_string()),
                on_behalf_of.as_deref()
            ],
            |row| row.get(0),
        )
        .optional()?;
    let Some(id) = id else { return Ok(false) };
    if merged_into.is_none() {
        deliver_by_first_free_route(tx, id, routes, *not_before)?;
    }
    Ok(true)
}

/// A route that failed before the notification was withdrawn is not taken again; one that was only
/// cancelled is, and keeps its earlier moment: being taken back must not cost a morning.
fn deliver_by_first_free_route(
    tx: &Transaction<'_>,
    notification: i64,
    routes: &[Route],
    not_before: DateTime<Utc>,
) -> Result<(), StoreError> {
    let mut insert = tx.prepare_cached(
        "INSERT INTO delivery (notification_id, route, channel, address, state, due_at, recipient)
         SELECT ?1, ?2, ?3, ?4, 'pending', ?5, recipient FROM notification WHERE id = ?1
         ON CONFLICT (notification_id, channel, address) DO UPDATE SET state = 'pending', due_at = min(due_at, excluded.due_at),
             route = excluded.route, attempts = 0, batch = NULL, finished_at = NULL, detail = NULL
         WHERE state = 'cancelled'",
    )?;
    for (route, at) in (0_i64..).zip(routes) {
        let parameters = params![notification, route, at.channel.as_str(), at.address, seconds(not_before)];
        if insert.execute(parameters)? == 1 {
            break;
        }
    }
    Ok(())
}
