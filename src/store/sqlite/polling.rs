//! What polls of one-stop systems read and write.

use chrono::{DateTime, Duration, NaiveDate, NaiveTime, Utc};
use chrono_tz::Tz;
use rusqlite::{CachedStatement, OptionalExtension, Statement, Transaction, params};

use super::{
    dossiers::{COLUMNS, OWN_VALUES, TRACKED, bind, find, read_tracked},
    instant, parsed, seconds, to_json,
};
use crate::{
    domain::{
        dossier::{
            CLOSED_AFTER_MISSING, Changed, DossierStatus, ListFile, ReadRow, RowKey, Seen, SourceHistory,
            TrackedDossier, Trust, VIETNAM, dossier_subject,
        },
        ids::SourceId,
    },
    store::{PollFailure, StoreError, SyncReport},
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
    // A row that moved to a later page while the list was read is there twice.
    let fresh: Vec<_> = keys.iter().enumerate().filter(|(_, key)| seen.row(key.id)).collect();
    if is_first {
        return Ok(fresh.into_iter().map(|(place, _)| Changed { place, number: None }).collect());
    }
    let asked = (0..LOOKED_UP_TOGETHER).map(|nth| format!("(?{}, {nth})", nth + 2)).collect::<Vec<_>>().join(", ");
    let mut select = tx.prepare_cached(&format!(
        "SELECT v.column2, d.id, d.row_print, d.seen_at FROM (VALUES {asked}) v CROSS JOIN dossier d ON d.source = ?1 AND d.code = v.column1"
    ))?;
    select.raw_bind_parameter(1, source.as_str())?;
    let mut changed = Vec::new();
    for group in fresh.chunks(LOOKED_UP_TOGETHER) {
        for nth in 0..LOOKED_UP_TOGETHER {
            select.raw_bind_parameter(nth + 2, group.get(nth).map(|(_, key)| key.code.as_str()))?;
        }
        let mut known = [None; LOOKED_UP_TOGETHER];
        let mut rows = select.raw_query();
        while let Some(row) = rows.next()? {
            let (id, print, seen_at): (i64, Option<i64>, i64) = (row.get(1)?, row.get(2)?, row.get(3)?);
            known[usize::from(row.get::<_, u16>(0)?)] = Some((id, print, seen_at));
        }
        for ((place, key), known) in group.iter().zip(known) {
            match known {
                Some((id, Some(print), _)) if print == key.print.cast_signed() => {
                    seen.dossier(id);
                }
                Some((id, _, seen_at)) if as_of.is_some_and(|at| seconds(at) < seen_at) => {
                    seen.dossier(id);
                }
                known => changed.push(Changed { place: *place, number: known.map(|(number, ..)| number) }),
            }
        }
    }
    Ok(changed)
}

/// Rows looked for by one statement: its cursors go on from where they stand instead of from the root of the index.
const LOOKED_UP_TOGETHER: usize = 32;

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
    let (groups, rest) = unknown.as_chunks::<INSERTED_TOGETHER>();
    let mut insert_group = insertion(tx, INSERTED_TOGETHER)?;
    for group in groups {
        insert(tx, &mut insert_group, writing, group, seen, &mut report)?;
    }
    if !rest.is_empty() {
        let mut insert_rest = insertion(tx, rest.len())?;
        insert(tx, &mut insert_rest, writing, rest, seen, &mut report)?;
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

/// The statement that inserts so many rows; source and moment, which all of them share, are its first parameters.
fn insertion<'t>(tx: &'t Transaction<'_>, rows: usize) -> Result<CachedStatement<'t>, StoreError> {
    let row = |nth: usize| {
        let own: Vec<String> = (1..=OWN_VALUES).map(|value| format!("?{}", 2 + nth * OWN_VALUES + value)).collect();
        format!("({}, ?1, ?2, ?2)", own.join(", "))
    };
    let values = (0..rows).map(row).collect::<Vec<_>>().join(", ");
    Ok(tx.prepare_cached(&format!(
        "INSERT INTO dossier ({COLUMNS}, is_near, row_print, closed_at, was_watched, source, first_seen_at, seen_at)
         VALUES {values} ON CONFLICT (code, source) DO NOTHING"
    ))?)
}

/// Adds rows that are not known. Two of them may carry one number, or another process was faster: then the later one
/// changes the earlier.
fn insert(
    tx: &Transaction<'_>,
    insertion: &mut Statement<'_>,
    writing: &Writing<'_>,
    group: &[&ReadRow],
    seen: &mut Seen,
    report: &mut SyncReport,
) -> Result<(), StoreError> {
    let Writing { source, near_until, now, .. } = *writing;
    insertion.raw_bind_parameter(1, source.as_str())?;
    insertion.raw_bind_parameter(2, seconds(now))?;
    for (nth, row) in group.iter().enumerate() {
        let is_finished = row.dossier.status == DossierStatus::Finished;
        let before = 2 + nth * OWN_VALUES;
        let at = before + bind(insertion, before, &row.dossier, near_until)?;
        insertion.raw_bind_parameter(at + 1, row.print.map(u64::cast_signed))?;
        insertion.raw_bind_parameter(at + 2, is_finished.then(|| seconds(now)))?;
        // What had ended before we first looked owes nothing: nobody was reminded of it either.
        insertion.raw_bind_parameter(at + 3, !is_finished)?;
    }
    let count_new = |row: &ReadRow, report: &mut SyncReport| {
        let is_finished = row.dossier.status == DossierStatus::Finished;
        report.closed += u32::from(is_finished);
        report.new += u32::from(!is_finished);
    };
    if insertion.raw_execute()? == group.len() {
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
            report.closed += u32::from(close_missing(tx, source, number, zone, now)?);
        }
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

/// Closes a dossier that has been left out often enough.
fn close_missing(
    tx: &Transaction<'_>,
    source: &SourceId,
    number: i64,
    zone: Tz,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let mut select = tx.prepare_cached(&format!("{TRACKED} WHERE d.id = ?1 AND d.missing_polls >= ?2"))?;
    let mut rows = select.query(params![number, CLOSED_AFTER_MISSING])?;
    let Some(row) = rows.next()? else { return Ok(false) };
    let known = read_tracked(row)?;
    let ended_late = known.dossier.status.clock_runs() && known.dossier.ended_late(known.seen_at, zone);
    let owes = known.owes || (ended_late && !has_papers(tx, source, &known.dossier.code)?);
    tx.prepare_cached("UPDATE dossier SET closed_at = ?2, owes = ?3, applicant = NULL WHERE id = ?1")?
        .execute(params![number, seconds(now), owes])?;
    close_subject(tx, source, &known.dossier.code, Some(now))?;
    Ok(true)
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
