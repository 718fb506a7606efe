//! How a dossier stands in its row: written by polls, read by decisions and commands.

use chrono::{DateTime, Utc};
use rusqlite::{Params, Row, Statement, Transaction, params};

use super::{instant, parsed, seconds};
use crate::{
    domain::{
        dossier::{Dossier, DossierStatus, TrackedDossier},
        ids::SourceId,
    },
    store::{DossierFilter, EVERY_DOSSIER, StoreError},
};

/// A row of the answers' table that was seen with the last full answer was seen then, changed or not.
pub const TRACKED: &str = "SELECT d.source, CASE WHEN d.missing_polls = 0 THEN max(d.seen_at, coalesce(s.full_at, 0)) ELSE d.seen_at END,
        d.missing_polls, d.closed_at, d.owes, d.id, d.code, d.native_id, d.procedure_code, d.procedure, d.field, d.agency, d.step, d.unit, d.handler,
        d.applicant, d.received_at, d.due_at, d.extended_due_at, d.step_due_at, d.resolved_at, d.returned_at, d.is_online, d.is_by_post,
        d.is_paid_online, d.status, d.status_raw, d.link
    FROM dossier d LEFT JOIN source s ON s.source = d.source";

/// In the order of [`bind`] and [`read_dossier`].
pub const COLUMNS: &str = "code, native_id, procedure_code, procedure, field, agency, step, unit, handler, applicant, received_at, due_at,
    extended_due_at, step_due_at, resolved_at, returned_at, is_online, is_by_post, is_paid_online, status, status_raw, link, due_in_force";

/// Values that only one row of an insertion has: those of [`bind`] and three more.
pub const OWN_VALUES: usize = 27;

/// Binds what [`COLUMNS`] names, and whether it is near, after the parameter `at`; returns how many that were.
pub fn bind(statement: &mut Statement<'_>, at: usize, dossier: &Dossier, near_until: i64) -> Result<usize, StoreError> {
    let is_finished = dossier.status == DossierStatus::Finished;
    let due_in_force = dossier.due_in_force().map(seconds);
    let applicant = dossier.applicant.as_deref().filter(|_| !is_finished);
    let texts = [
        Some(dossier.code.as_str()),
        dossier.native_id.as_deref(),
        dossier.procedure_code.as_deref(),
        dossier.procedure.as_deref(),
        dossier.field.as_deref(),
        dossier.agency.as_deref(),
        dossier.step.as_deref(),
        dossier.unit.as_deref(),
        dossier.handler.as_deref(),
        // Nobody is reminded of what has ended: whose it was need not be kept.
        applicant,
    ];
    let times = [
        dossier.received_at,
        dossier.due_at,
        dossier.extended_due_at,
        dossier.step_due_at,
        dossier.resolved_at,
        dossier.returned_at,
    ];
    let flags = [dossier.is_online, dossier.is_by_post, dossier.is_paid_online];
    let mut last = at;
    let mut next = || {
        last += 1;
        last
    };
    for text in texts {
        statement.raw_bind_parameter(next(), text)?;
    }
    for time in times {
        statement.raw_bind_parameter(next(), time.map(seconds))?;
    }
    for flag in flags {
        statement.raw_bind_parameter(next(), flag)?;
    }
    statement.raw_bind_parameter(next(), dossier.status.as_str())?;
    statement.raw_bind_parameter(next(), dossier.status_raw.as_str())?;
    statement.raw_bind_parameter(next(), dossier.link.as_deref())?;
    statement.raw_bind_parameter(next(), due_in_force)?;
    statement.raw_bind_parameter(next(), due_in_force.is_some_and(|due| due < near_until))?;
    Ok(last - at)
}

/// What a decision may have something to say of: due before `until` with a running clock, or ended and owing.
pub fn dossiers_to_decide(tx: &Transaction<'_>, until: DateTime<Utc>) -> Result<Vec<TrackedDossier>, StoreError> {
    // Asked for all, the index of those that are near is of no use.
    let near = if until == EVERY_DOSSIER { "1" } else { "d.is_near = 1" };
    let running = "d.closed_at IS NULL AND d.status IN ('open', 'unmapped') AND d.due_in_force < ?1";
    let order = "ORDER BY d.source, d.code";
    let mut dossiers = select_tracked(tx, &format!("{near} AND {running} {order}"), params![seconds(until)])?;
    let owing = format!("d.owes = 1 AND ({running}) IS NOT TRUE {order}");
    dossiers.extend(select_tracked(tx, &owing, params![seconds(until)])?);
    Ok(dossiers)
}

/// Marks what is near by now, though it was not when its row was written.
pub fn mark_near(tx: &Transaction<'_>, until: i64) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE dossier SET is_near = 1 WHERE is_near = 0 AND closed_at IS NULL AND due_in_force < ?1",
        [until],
    )?;
    Ok(())
}

/// Whether any open dossier of a source has an appointment.
pub fn has_dated(tx: &Transaction<'_>, source: &SourceId) -> Result<bool, StoreError> {
    let mut select = tx
        .prepare_cached("SELECT 1 FROM dossier WHERE source = ?1 AND closed_at IS NULL AND due_in_force IS NOT NULL")?;
    Ok(select.exists([source.as_str()])?)
}

/// All that match, in the order of sources and numbers.
pub fn dossiers(tx: &Transaction<'_>, filter: &DossierFilter) -> Result<Vec<TrackedDossier>, StoreError> {
    let open = if filter.only_open { "d.closed_at IS NULL" } else { "1" };
    let condition = format!(
        "{open} AND (?1 IS NULL OR d.source = ?1) AND (?2 IS NULL OR d.due_in_force < ?2) ORDER BY d.source, d.due_in_force IS NULL, d.due_in_force, d.code"
    );
    let source = filter.source.as_ref().map(SourceId::as_str);
    select_tracked(tx, &condition, params![source, filter.due_before.map(seconds)])
}

fn select_tracked(
    tx: &Transaction<'_>,
    condition: &str,
    parameters: impl Params,
) -> Result<Vec<TrackedDossier>, StoreError> {
    let mut select = tx.prepare_cached(&format!("{TRACKED} WHERE {condition}"))?;
    let mut rows = select.query(parameters)?;
    let mut dossiers = Vec::new();
    while let Some(row) = rows.next()? {
        dossiers.push(read_tracked(row)?);
    }
    Ok(dossiers)
}

pub fn dossier(tx: &Transaction<'_>, source: &SourceId, code: &str) -> Result<Option<TrackedDossier>, StoreError> {
    Ok(find(tx, source, code)?.map(|(_, tracked)| tracked))
}

/// A dossier with its number.
pub fn find(tx: &Transaction<'_>, source: &SourceId, code: &str) -> Result<Option<(i64, TrackedDossier)>, StoreError> {
    let mut select = tx.prepare_cached(&format!("{TRACKED} WHERE d.source = ?1 AND d.code = ?2"))?;
    let mut rows = select.query([source.as_str(), code])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Ok(Some((row.get(5)?, read_tracked(row)?)))
}

pub fn read_tracked(row: &Row<'_>) -> Result<TrackedDossier, StoreError> {
    Ok(TrackedDossier {
        source: row.get::<_, String>(0)?.into(),
        dossier: read_dossier(row, 6)?,
        seen_at: instant(row.get(1)?),
        missing_polls: row.get(2)?,
        closed_at: row.get::<_, Option<i64>>(3)?.map(instant),
        owes: row.get(4)?,
    })
}

/// Reads a dossier from column `at` on.
fn read_dossier(row: &Row<'_>, at: usize) -> Result<Dossier, StoreError> {
    let time = |i: usize| row.get::<_, Option<i64>>(at + i).map(|t| t.map(instant));
    let status: String = row.get(at + 19)?;
    Ok(Dossier {
        code: row.get(at)?,
        native_id: row.get(at + 1)?,
        procedure_code: row.get(at + 2)?,
        procedure: row.get(at + 3)?,
        field: row.get(at + 4)?,
        agency: row.get(at + 5)?,
        step: row.get(at + 6)?,
        unit: row.get(at + 7)?,
        handler: row.get(at + 8)?,
        applicant: row.get(at + 9)?,
        received_at: time(10)?,
        due_at: time(11)?,
        extended_due_at: time(12)?,
        step_due_at: time(13)?,
        resolved_at: time(14)?,
        returned_at: time(15)?,
        is_online: row.get(at + 16)?,
        is_by_post: row.get(at + 17)?,
        is_paid_online: row.get(at + 18)?,
        status: parsed::<DossierStatus>("status", &status)?,
        status_raw: row.get(at + 20)?,
        link: row.get(at + 21)?,
    })
}
