//! What polls of one-stop systems read and write.

use chrono::{DateTime, Duration, NaiveDate, NaiveTime, Utc};
use chrono_tz::Tz;
use rusqlite::{OptionalExtension, Params, Row, Statement, Transaction, params};

use super::{instant, parsed, seconds, to_json};
use crate::{
    domain::{
        dossier::{
            CLOSED_AFTER_MISSING, Changed, Dossier, DossierStatus, ListFile, ReadRow, RowKey, Seen, SourceHistory,
            TrackedDossier, Trust, VIETNAM, dossier_subject,
        },
        ids::SourceId,
    },
    store::{DossierFilter, EVERY_DOSSIER, PollFailure, StoreError, SyncReport},
};

/// No pause that we write is longer.
const LONGEST_PAUSE: Duration = Duration::hours(24);

pub fn sources_due(
    tx: &Transaction<'_>,
    periods: Vec<(SourceId, Duration)>,
    most_denials: u32,
    now: DateTime<Utc>,
) -> Result<Vec<SourceId>, StoreError> {
    let mut due = Vec::new();
    for (source, period) in periods {
        let state: Option<(Option<i64>, i64, u32)> = tx
            .query_row(
                "SELECT polled_at, paused_until, denials FROM source WHERE source = ?1",
                [source.as_str()],
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
            )
            .optional()?;
        let (polled_at, paused_until, denials) = state.unwrap_or((None, 0, 0));
        // A clock that was set back must not silence the source: a poll in the future counts as none.
        let is_fresh = polled_at.map(instant).is_some_and(|at| at <= now && now - at < period);
        // Nor may a pause written by a clock that was ahead.
        let is_paused = instant(paused_until) > now && instant(paused_until) - now <= LONGEST_PAUSE;
        if !is_fresh && !is_paused && denials < most_denials {
            due.push(source);
        }
    }
    Ok(due)
}

pub fn history(tx: &Transaction<'_>, source: &SourceId) -> Result<SourceHistory, StoreError> {
    let found: Option<(u32, Option<String>, u32, u32)> = tx
        .query_row(
            "SELECT believed_count, short_since_on, failures, denials FROM source WHERE source = ?1",
            [source.as_str()],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
        )
        .optional()?;
    let Some((believed_count, since, failures, denials)) = found else { return Ok(SourceHistory::default()) };
    let short_since_on = since.map(|s| parsed("short_since_on", &s)).transpose()?;
    Ok(SourceHistory { believed_count, short_since_on, failures, denials })
}

/// Which of the rows are new or changed, by their place in `keys`; the others are noted as seen.
pub fn sift(
    tx: &Transaction<'_>,
    source: &SourceId,
    keys: &[RowKey],
    as_of: Option<DateTime<Utc>>,
    seen: &mut Seen,
) -> Result<Vec<Changed>, StoreError> {
    let is_first = match seen.is_first {
        Some(is_first) => is_first,
        None => !tx.prepare_cached("SELECT 1 FROM dossier WHERE source = ?1 LIMIT 1")?.exists([source.as_str()])?,
    };
    seen.is_first = Some(is_first);
    let mut select = tx.prepare_cached("SELECT id, row_print, seen_at FROM dossier WHERE source = ?1 AND code = ?2")?;
    let mut changed = Vec::new();
    for (place, key) in keys.iter().enumerate() {
        // A row that moved to a later page while the list was read is there twice.
        if !seen.row(key.id) {
            continue;
        }
        if is_first {
            changed.push(Changed { place, number: None });
            continue;
        }
        let known: Option<(i64, Option<i64>, i64)> = select
            .query_row(params![source.as_str(), key.code], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .optional()?;
        match known {
            Some((id, Some(print), _)) if print == key.print.cast_signed() => {
                seen.dossier(id);
            }
            Some((id, _, seen_at)) if as_of.is_some_and(|at| seconds(at) < seen_at) => {
                seen.dossier(id);
            }
            known => changed.push(Changed { place, number: known.map(|(number, ..)| number) }),
        }
    }
    Ok(changed)
}

/// Room for the pages of a long list, in kB; given back at its end.
const CACHE_WHILE_POLLING: i64 = 16_000;
/// What SQLite takes by itself.
const USUAL_CACHE: i64 = 2000;

fn set_cache(tx: &Transaction<'_>, kilobytes: i64) -> Result<(), StoreError> {
    Ok(tx.pragma_update(None, "cache_size", -kilobytes)?)
}

/// Notes dossiers that an answer shows without their number. Such rows are rare, so that no index finds them.
pub fn see_nameless(
    tx: &Transaction<'_>,
    source: &SourceId,
    nameless: &[String],
    seen: &mut Seen,
) -> Result<(), StoreError> {
    if nameless.is_empty() {
        return Ok(());
    }
    let mut select = tx.prepare_cached(
        "SELECT id FROM dossier WHERE source = ?1 AND closed_at IS NULL AND native_id IN (SELECT value FROM json_each(?2))",
    )?;
    let mut rows = select.query(params![source.as_str(), to_json(&nameless)])?;
    while let Some(row) = rows.next()? {
        seen.dossier(row.get(0)?);
    }
    Ok(())
}

/// What is the same for all rows of an answer.
pub struct Writing<'w> {
    pub source: &'w SourceId,
    pub zone: Tz,
    /// Before this instant an appointment is near.
    pub near_until: i64,
    pub now: DateTime<Utc>,
}

/// Writes rows that are new or changed, with the number of those that are known.
pub fn take_rows(
    tx: &Transaction<'_>,
    writing: &Writing<'_>,
    rows: &[(Option<i64>, ReadRow)],
    seen: &mut Seen,
) -> Result<SyncReport, StoreError> {
    let mut report = SyncReport::default();
    set_cache(tx, CACHE_WHILE_POLLING)?;
    let unknown: Vec<&ReadRow> = rows.iter().filter(|(number, _)| number.is_none()).map(|(_, row)| row).collect();
    for group in unknown.chunks(INSERTED_TOGETHER) {
        insert(tx, writing, group, seen, &mut report)?;
    }
    for (number, row) in rows {
        let Some(number) = number else { continue };
        if let Some((_, known)) = find(tx, writing.source, &row.dossier.code)? {
            update(tx, writing, (*number, &known), row, seen, &mut report)?;
        }
        seen.dossier(*number);
    }
    Ok(report)
}

/// Rows of one statement: what SQLite does for each statement is as much as for a row.
const INSERTED_TOGETHER: usize = 32;

/// Adds rows that are not known. Two of them may carry one number, or another process was faster: then the later one
/// changes the earlier.
fn insert(
    tx: &Transaction<'_>,
    writing: &Writing<'_>,
    group: &[&ReadRow],
    seen: &mut Seen,
    report: &mut SyncReport,
) -> Result<(), StoreError> {
    let Writing { source, near_until, now, .. } = *writing;
    let values = ["(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"]
        .repeat(group.len())
        .join(", ");
    let mut insert = tx.prepare_cached(&format!(
        "INSERT INTO dossier ({COLUMNS}, is_near, source, row_print, first_seen_at, seen_at, closed_at, was_watched)
         VALUES {values} ON CONFLICT (code, source) DO NOTHING"
    ))?;
    for (nth, row) in group.iter().enumerate() {
        let is_finished = row.dossier.status == DossierStatus::Finished;
        let at = nth * VALUES + bind(&mut insert, nth * VALUES, &row.dossier, near_until)?;
        insert.raw_bind_parameter(at + 1, source.as_str())?;
        insert.raw_bind_parameter(at + 2, row.print.map(u64::cast_signed))?;
        insert.raw_bind_parameter(at + 3, seconds(now))?;
        insert.raw_bind_parameter(at + 4, seconds(now))?;
        insert.raw_bind_parameter(at + 5, is_finished.then(|| seconds(now)))?;
        // What had ended before we first looked owes nothing: nobody was reminded of it either.
        insert.raw_bind_parameter(at + 6, !is_finished)?;
    }
    let count_new = |row: &ReadRow, report: &mut SyncReport| {
        let is_finished = row.dossier.status == DossierStatus::Finished;
        report.closed += u32::from(is_finished);
        report.new += u32::from(!is_finished);
    };
    if insert.raw_execute()? == group.len() {
        let last = tx.last_insert_rowid();
        for (row, number) in group.iter().rev().zip((1..=last).rev()) {
            seen.dossier(number);
            count_new(row, report);
        }
        return Ok(());
    }
    for row in group {
        let Some((number, known)) = find(tx, source, &row.dossier.code)? else { continue };
        if seen.has_dossier(number) || known.dossier != row.dossier {
            update(tx, writing, (number, &known), row, seen, report)?;
        } else {
            count_new(row, report);
        }
        seen.dossier(number);
    }
    Ok(())
}

fn update(
    tx: &Transaction<'_>,
    writing: &Writing<'_>,
    (number, known): (i64, &TrackedDossier),
    row: &ReadRow,
    seen: &Seen,
    report: &mut SyncReport,
) -> Result<(), StoreError> {
    let Writing { zone, near_until, now, .. } = *writing;
    let fresh = row.dossier.clone().following(known, zone);
    // Two rows may carry one number, as two steps of one dossier: the more pressing one stands for both.
    if seen.has_dossier(number) && fresh.pressure() >= known.dossier.pressure() {
        return Ok(());
    }
    let is_finished = fresh.status == DossierStatus::Finished;
    let was_open = known.closed_at.is_none();
    let ended_late = is_finished && was_open && fresh.ended_late(known.seen_at, zone);
    // What is owed stays so when it is opened again.
    let owes = known.owes || (ended_late && !has_papers(tx, &known.source, &fresh.code)?);
    if fresh != known.dossier || was_open == is_finished {
        report.changed += u32::from(!is_finished || !was_open);
        report.closed += u32::from(is_finished && was_open);
    }
    let mut update = tx.prepare_cached(&format!(
        "UPDATE dossier SET ({COLUMNS}, is_near) = (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?), row_print = ?, seen_at = ?,
             missing_polls = 0, closed_at = ?, was_watched = was_watched OR ?, owes = ?
         WHERE id = ?"
    ))?;
    let at = bind(&mut update, 0, &fresh, near_until)?;
    update.raw_bind_parameter(at + 1, row.print.map(u64::cast_signed))?;
    update.raw_bind_parameter(at + 2, seconds(now))?;
    update.raw_bind_parameter(at + 3, is_finished.then(|| seconds(known.closed_at.unwrap_or(now))))?;
    update.raw_bind_parameter(at + 4, !is_finished)?;
    update.raw_bind_parameter(at + 5, owes)?;
    update.raw_bind_parameter(at + 6, number)?;
    update.raw_execute()?;
    if was_open == is_finished {
        // Closed, nothing more is said; back, it must not be told its old rungs again.
        close_subject(tx, &known.source, &fresh.code, is_finished.then_some(now))?;
    }
    Ok(())
}

/// Closes a dossier that a person reported finished. Its fingerprint goes: should its source show it once more, it is
/// open again.
pub fn finish(
    tx: &Transaction<'_>,
    source: &SourceId,
    code: &str,
    done_on: NaiveDate,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let Some((number, known)) = find(tx, source, code)? else { return Ok(()) };
    let is_late = known.dossier.due_at.is_some_and(|due| done_on > due.with_timezone(&VIETNAM).date_naive());
    let owes = known.owes || (is_late && !has_papers(tx, source, code)?);
    let resolved_at = done_on.and_time(NaiveTime::MIN).and_local_timezone(VIETNAM).single().map(|at| at.timestamp());
    tx.execute(
        "UPDATE dossier SET status = 'finished', resolved_at = ?2, closed_at = ?3, seen_at = ?3, owes = ?4, applicant = NULL, row_print = NULL
         WHERE id = ?1",
        params![number, resolved_at, seconds(now), owes],
    )?;
    close_subject(tx, source, code, Some(now))
}

/// Whether apology and explanation were recorded while it was still open.
fn has_papers(tx: &Transaction<'_>, source: &SourceId, code: &str) -> Result<bool, StoreError> {
    let mut count = tx.prepare_cached(
        "SELECT count(DISTINCT kind) FROM report WHERE subject = ?1 AND kind IN ('apologised', 'explained')",
    )?;
    let kinds: u32 = count.query_row([dossier_subject(source, code).as_str()], |row| row.get(0))?;
    Ok(kinds == 2)
}

fn close_subject(
    tx: &Transaction<'_>,
    source: &SourceId,
    code: &str,
    closed_at: Option<DateTime<Utc>>,
) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE notification SET closed_at = ?2 WHERE subject = ?1")?
        .execute(params![dossier_subject(source, code).as_str(), closed_at.map(seconds)])?;
    Ok(())
}

/// Ends an answer: counts what a believed one left out, and closes what has been left out often enough.
pub fn conclude(
    tx: &Transaction<'_>,
    source: &SourceId,
    seen: &Seen,
    (trust, as_of): (Trust, DateTime<Utc>),
    zone: Tz,
    now: DateTime<Utc>,
) -> Result<SyncReport, StoreError> {
    let mut report = SyncReport::default();
    if trust == Trust::Believed {
        for number in left_out(tx, source, seen)? {
            // Its fingerprint goes, so that it is noticed when it comes back just as it was; until when it was there stays.
            tx.prepare_cached(
                "UPDATE dossier SET missing_polls = missing_polls + 1, row_print = NULL, seen_at = CASE WHEN missing_polls > 0 THEN seen_at
                     ELSE max(seen_at, coalesce((SELECT full_at FROM source s WHERE s.source = dossier.source), 0)) END
                 WHERE id = ?1",
            )?
            .execute([number])?;
        }
        close_missing(tx, source, zone, now, &mut report)?;
    }
    record_answer(tx, source, seen.rows(), (trust, as_of), now)?;
    set_cache(tx, USUAL_CACHE)?;
    report.open = tx.query_row(
        "SELECT count(*) FROM dossier WHERE source = ?1 AND closed_at IS NULL",
        [source.as_str()],
        |row| row.get(0),
    )?;
    Ok(report)
}

fn left_out(tx: &Transaction<'_>, source: &SourceId, seen: &Seen) -> Result<Vec<i64>, StoreError> {
    let mut select = tx.prepare_cached("SELECT id FROM dossier WHERE source = ?1 AND closed_at IS NULL")?;
    let mut rows = select.query([source.as_str()])?;
    let mut left_out = Vec::new();
    while let Some(row) = rows.next()? {
        let number = row.get(0)?;
        if !seen.has_dossier(number) {
            left_out.push(number);
        }
    }
    Ok(left_out)
}

fn close_missing(
    tx: &Transaction<'_>,
    source: &SourceId,
    zone: Tz,
    now: DateTime<Utc>,
    report: &mut SyncReport,
) -> Result<(), StoreError> {
    let mut select =
        tx.prepare_cached(&format!("{TRACKED} WHERE d.source = ?1 AND d.closed_at IS NULL AND d.missing_polls >= ?2"))?;
    let mut rows = select.query(params![source.as_str(), CLOSED_AFTER_MISSING])?;
    while let Some(row) = rows.next()? {
        let known = read_tracked(row)?;
        let ended_late = known.dossier.status.clock_runs() && known.dossier.ended_late(known.seen_at, zone);
        let owes = known.owes || (ended_late && !has_papers(tx, source, &known.dossier.code)?);
        tx.prepare_cached(
            "UPDATE dossier SET closed_at = ?2, owes = ?3, applicant = NULL WHERE source = ?1 AND code = ?4",
        )?
        .execute(params![source.as_str(), seconds(now), owes, known.dossier.code])?;
        close_subject(tx, source, &known.dossier.code, Some(now))?;
        report.closed += 1;
    }
    Ok(())
}

fn record_answer(
    tx: &Transaction<'_>,
    source: &SourceId,
    rows: u64,
    (trust, as_of): (Trust, DateTime<Utc>),
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    tx.execute("INSERT INTO source (source) VALUES (?1) ON CONFLICT (source) DO NOTHING", [source.as_str()])?;
    let now = seconds(now);
    let source = source.as_str();
    match trust {
        Trust::Believed => tx.execute(
            "UPDATE source SET polled_at = ?2, succeeded_at = ?2, full_at = ?4, failures = 0, denials = 0, paused_until = 0, believed_count = ?3,
                 short_since_on = NULL
             WHERE source = ?1",
            params![source, now, i64::try_from(rows).unwrap_or(i64::MAX), seconds(as_of)],
        )?,
        Trust::Short { since_on } => tx.execute(
            "UPDATE source SET polled_at = ?2, failures = 0, denials = 0, paused_until = 0, short_since_on = ?3 WHERE source = ?1",
            params![source, now, since_on.to_string()],
        )?,
        Trust::Excerpt => tx.execute(
            "UPDATE source SET polled_at = ?2, succeeded_at = ?2, failures = 0, denials = 0, paused_until = 0 WHERE source = ?1",
            params![source, now],
        )?,
        Trust::Partial => tx.execute(
            "UPDATE source SET polled_at = ?2, failures = failures + 1, denials = 0 WHERE source = ?1",
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
        "INSERT INTO source (source, polled_at, failures, paused_until, denials) VALUES (?1, ?2, 1, ?3, ?4)
         ON CONFLICT (source) DO UPDATE SET polled_at = excluded.polled_at, failures = failures + 1, paused_until = excluded.paused_until,
             denials = CASE WHEN ?4 THEN denials + 1 ELSE denials END
         RETURNING failures",
        params![source.as_str(), seconds(now), seconds(failure.paused_until), failure.is_denied],
        |row| row.get(0),
    )?;
    Ok(failures)
}

/// A row of the answers' table that was seen with the last full answer was seen then, changed or not.
const TRACKED: &str = "SELECT d.source, CASE WHEN d.missing_polls = 0 THEN max(d.seen_at, coalesce(s.full_at, 0)) ELSE d.seen_at END,
        d.missing_polls, d.closed_at, d.owes, d.id, d.code, d.native_id, d.procedure_code, d.procedure, d.field, d.agency, d.step, d.unit, d.handler,
        d.applicant, d.received_at, d.due_at, d.extended_due_at, d.step_due_at, d.resolved_at, d.returned_at, d.is_online, d.is_by_post,
        d.is_paid_online, d.status, d.status_raw, d.link
    FROM dossier d LEFT JOIN source s ON s.source = d.source";

/// In the order of [`bind`] and [`read_dossier`].
const COLUMNS: &str = "code, native_id, procedure_code, procedure, field, agency, step, unit, handler, applicant, received_at, due_at,
    extended_due_at, step_due_at, resolved_at, returned_at, is_online, is_by_post, is_paid_online, status, status_raw, link, due_in_force";

/// Values of a row that is inserted: those of [`bind`] and six more.
const VALUES: usize = 30;

/// Binds what [`COLUMNS`] names, and whether it is near, after the parameter `at`; returns how many that were.
fn bind(statement: &mut Statement<'_>, at: usize, dossier: &Dossier, near_until: i64) -> Result<usize, StoreError> {
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

/// Open dossiers of a source without any appointment.
pub fn undated(tx: &Transaction<'_>, source: &SourceId) -> Result<u32, StoreError> {
    let mut count = tx.prepare_cached(
        "SELECT count(*) FROM dossier WHERE source = ?1 AND closed_at IS NULL AND due_in_force IS NULL",
    )?;
    Ok(count.query_row([source.as_str()], |row| row.get(0))?)
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
fn find(tx: &Transaction<'_>, source: &SourceId, code: &str) -> Result<Option<(i64, TrackedDossier)>, StoreError> {
    let mut select = tx.prepare_cached(&format!("{TRACKED} WHERE d.source = ?1 AND d.code = ?2"))?;
    let mut rows = select.query([source.as_str(), code])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Ok(Some((row.get(5)?, read_tracked(row)?)))
}

fn read_tracked(row: &Row<'_>) -> Result<TrackedDossier, StoreError> {
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

/// Whether a file says nothing new.
pub fn has_file(
    tx: &Transaction<'_>,
    source: &SourceId,
    file: &ListFile,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    // A time ahead of ours, as of a machine whose clock is wrong, must not hide the lists to come.
    let found = tx
        .prepare_cached(
            "SELECT 1 FROM source_file WHERE source = ?1 AND modified_at >= ?3 AND (digest = ?2 OR (?4 AND modified_at <= ?5))",
        )?
        .exists(params![source.as_str(), file.digest, seconds(file.modified_at), file.is_whole, seconds(now)])?;
    Ok(found)
}

pub fn note_file(
    tx: &Transaction<'_>,
    source: &SourceId,
    file: &ListFile,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO source_file (source, digest, name, modified_at, taken_at) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (source, digest) DO UPDATE SET name = excluded.name, taken_at = excluded.taken_at,
             modified_at = max(modified_at, excluded.modified_at)",
        params![source.as_str(), file.digest, file.name, seconds(file.modified_at), seconds(now)],
    )?;
    Ok(())
}
