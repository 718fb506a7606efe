//! Reports about occurrences: appended, never changed.

use chrono::{DateTime, NaiveDate, Utc};
use rusqlite::{Row, Transaction, params};

use super::{instant, json, parsed, polling, seconds, to_json};
use crate::{
    domain::{
        dossier::dossier_of,
        ids::SubjectId,
        life::{Event, Facts, Life, Report, Reports},
    },
    store::{NewReport, Recorded, StoreError},
};

/// Checks and appends in one transaction: of two that complete the same work at once, the second is refused.
pub fn report(
    tx: &Transaction<'_>,
    new: &NewReport,
    facts: &Facts,
    now: DateTime<Utc>,
) -> Result<Recorded, StoreError> {
    let mut life = Life::of(&events_of(tx, &new.subject)?);
    if let Some(refusal) = life.refuse(&new.report, facts) {
        return Ok(Recorded::Refused(refusal));
    }
    let event = Event {
        subject: new.subject.clone(),
        report: new.report.clone(),
        reported_by: new.reported_by.clone(),
        reported_from: new.reported_from.to_owned(),
        on: facts.today,
        recorded_at: now,
    };
    tx.execute(
        "INSERT INTO report (subject, kind, body, reported_by, reported_from, reported_on, recorded_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            event.subject.as_str(),
            event.report.kind(),
            to_json(&event.report),
            event.reported_by,
            event.reported_from,
            event.on.to_string(),
            seconds(now)
        ],
    )?;
    life.add(&event);
    match event.report {
        Report::Completed { .. } | Report::Cancelled { .. } | Report::Forwarded { .. } => close(tx, &event, now)?,
        Report::Finished { done_on, .. } => {
            if let Some((source, code)) = dossier_of(&event.subject) {
                polling::finish(tx, &source.into(), code, done_on, now)?;
            }
        }
        Report::Apologised { .. } | Report::Explained { .. } => settle(tx, &event.subject, &life)?,
        Report::Reopened { .. } => {
            tx.execute("UPDATE notification SET closed_at = NULL WHERE subject = ?1", [event.subject.as_str()])?;
        }
        Report::Acknowledged { .. }
        | Report::ExtensionAsked { .. }
        | Report::ExtensionGranted { .. }
        | Report::ExtensionRefused { .. }
        | Report::Snoozed { .. }
        | Report::NotOurs { .. }
        | Report::WrongUnit { .. }
        | Report::Assigned { .. }
        | Report::Opened { .. }
        | Report::Reappointed { .. } => {}
    }
    Ok(Recorded::Taken(Box::new(life)))
}

/// A late dossier with both papers owes nothing any more.
fn settle(tx: &Transaction<'_>, subject: &SubjectId, life: &Life) -> Result<(), StoreError> {
    if let (Some((source, code)), Some(_), Some(_)) = (dossier_of(subject), &life.apology, &life.explanation) {
        tx.execute("UPDATE dossier SET owes = 0 WHERE source = ?1 AND code = ?2", [source, code])?;
    }
    Ok(())
}

/// What waits to be sent is stopped here, not by the next decision: it could leave before that. It has not been said:
/// should the work be opened again, it is.
fn close(tx: &Transaction<'_>, event: &Event, now: DateTime<Utc>) -> Result<(), StoreError> {
    let unsaid = "SELECT n.key FROM notification n JOIN delivery d ON d.notification_id = n.id
         WHERE n.subject = ?1 AND d.state = 'pending'";
    tx.execute(
        &format!("UPDATE notification SET withdrawn_at = ?2 WHERE key IN ({unsaid}) OR merged_into IN ({unsaid})"),
        params![event.subject.as_str(), seconds(now)],
    )?;
    tx.execute(
        "UPDATE delivery SET state = 'cancelled', finished_at = ?2, detail = ?3
         WHERE state = 'pending' AND notification_id IN (SELECT id FROM notification WHERE subject = ?1)",
        params![event.subject.as_str(), seconds(now), event.report.kind()],
    )?;
    tx.execute(
        "UPDATE notification SET closed_at = ?2 WHERE subject = ?1",
        params![event.subject.as_str(), seconds(now)],
    )?;
    Ok(())
}

const COLUMNS: &str = "SELECT id, subject, body, reported_by, reported_from, reported_on, recorded_at FROM report";

pub fn events_of(tx: &Transaction<'_>, subject: &SubjectId) -> Result<Vec<Event>, StoreError> {
    let mut select = tx.prepare_cached(&format!("{COLUMNS} WHERE subject = ?1 ORDER BY id"))?;
    let mut rows = select.query([subject.as_str()])?;
    let mut events = Vec::new();
    while let Some(row) = rows.next()? {
        events.push(read_event(row)?);
    }
    Ok(events)
}

/// Adds what was reported after the id, and gives the id of the last.
pub fn read_new(tx: &Transaction<'_>, after: i64, reports: &mut Reports) -> Result<i64, StoreError> {
    let mut select = tx.prepare_cached(&format!("{COLUMNS} WHERE id > ?1 ORDER BY id"))?;
    let mut rows = select.query([after])?;
    let mut last = after;
    while let Some(row) = rows.next()? {
        last = row.get(0)?;
        reports.add(&read_event(row)?);
    }
    Ok(last)
}

fn read_event(row: &Row<'_>) -> Result<Event, StoreError> {
    let on: NaiveDate = parsed("reported_on", row.get_ref(5)?.as_str().map_err(rusqlite::Error::from)?)?;
    Ok(Event {
        subject: SubjectId::from(row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?),
        report: json("report", row.get_ref(2)?.as_str().map_err(rusqlite::Error::from)?)?,
        reported_by: row.get(3)?,
        reported_from: row.get(4)?,
        on,
        recorded_at: instant(row.get(6)?),
    })
}
