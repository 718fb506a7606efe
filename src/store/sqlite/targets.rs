//! What targets reached: counted from dossiers, or entered by hand.
//!
//! Days are compared, not hours (Thông tư 01/2018/TT-VPCP, Điều 13), in the office's zone as it is at `now`; in a zone that
//! changes its clock an instant within an hour of midnight may count for the neighbouring day.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Offset as _, TimeZone as _, Utc};
use rusqlite::{Transaction, params};

use super::{parsed, seconds, to_json};
use crate::{
    domain::targets::{Entered, Measure, Metric, Percent},
    store::{MeasuresAsked, NewTargetValue, StoreError},
};

/// Dossiers of the sources with the days that matter.
///
/// The end is what the system says. Where it names none, the same benefit of the doubt counts as for the papers that a
/// late dossier owes: one that left the answers with its clock running ended when it was last there; one that was seen
/// finished and owes nothing ended on the day of its appointment at the latest. A paused one that left the answers, and
/// one that had ended before it was first seen, ended nobody knows when.
const DATED: &str = "WITH known AS (
    SELECT *, EXISTS (SELECT 1 FROM report r WHERE r.subject = 'dossier:' || source || '/' || code AND r.kind = 'apologised')
        AND EXISTS (SELECT 1 FROM report r WHERE r.subject = 'dossier:' || source || '/' || code AND r.kind = 'explained') AS is_answered
    FROM dossier WHERE source IN (SELECT value FROM json_each(?1))
), dated AS (
    SELECT was_watched, is_answered, is_online, is_by_post, is_paid_online,
        (received_at + ?2) / 86400 AS received_day,
        (due_at + ?2) / 86400 AS due_day,
        (coalesce(resolved_at, returned_at, CASE
            WHEN closed_at IS NULL THEN NULL
            WHEN status IN ('open', 'unmapped') THEN seen_at
            WHEN status = 'finished' AND was_watched THEN
                CASE WHEN owes OR is_answered THEN closed_at ELSE min(closed_at, coalesce(due_at, closed_at)) END
            END) + ?2) / 86400 AS end_day,
        closed_at IS NULL AND coalesce(resolved_at, returned_at) IS NULL AND status IN ('open', 'unmapped')
            AND (due_at + ?2) / 86400 < ?3 AS is_open_late
    FROM known)";

/// The cases of a metric, each with the day by which it belongs to a month.
fn cases(metric: Metric) -> &'static str {
    match metric {
        // A dossier that is late already and not yet ended waits for no end to count.
        Metric::OnTime => {
            "SELECT end_day AS day, end_day <= due_day AS is_good FROM dated WHERE end_day IS NOT NULL AND due_day IS NOT NULL
             UNION ALL SELECT due_day, 0 FROM dated WHERE is_open_late"
        }
        Metric::Early => {
            "SELECT end_day AS day, end_day < due_day AS is_good FROM dated WHERE end_day IS NOT NULL AND due_day IS NOT NULL"
        }
        Metric::Online => "SELECT received_day AS day, is_online AS is_good FROM dated WHERE is_online IS NOT NULL",
        Metric::ByPost => "SELECT received_day AS day, is_by_post AS is_good FROM dated WHERE is_by_post IS NOT NULL",
        Metric::PaidOnline => {
            "SELECT received_day AS day, is_paid_online AS is_good FROM dated WHERE is_paid_online IS NOT NULL"
        }
        // What had ended before it was first seen owes no papers.
        Metric::LateAnswered => {
            "SELECT due_day AS day, is_answered AS is_good FROM dated WHERE was_watched AND (end_day > due_day OR is_open_late)"
        }
    }
}

pub fn measures(
    tx: &Transaction<'_>,
    asked: &MeasuresAsked,
    now: DateTime<Utc>,
) -> Result<BTreeMap<NaiveDate, Measure>, StoreError> {
    let offset = asked.zone.offset_from_utc_datetime(&now.naive_utc()).fix().local_minus_utc();
    let today = now.with_timezone(&asked.zone).date_naive();
    let mut select = tx.prepare_cached(&format!(
        "{DATED} SELECT strftime('%Y-%m-01', day * 86400, 'unixepoch'), sum(is_good), count(*) FROM ({})
         WHERE day BETWEEN ?4 AND ?5 GROUP BY 1",
        cases(asked.metric)
    ))?;
    let parameters = params![
        to_json(&asked.sources),
        offset,
        day_number(today),
        day_number(asked.from_on),
        day_number(asked.until_on)
    ];
    let mut rows = select.query(parameters)?;
    let mut months = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let month: String = row.get(0)?;
        months.insert(parsed("month", &month)?, Measure { good: row.get(1)?, of: row.get(2)? });
    }
    Ok(months)
}

/// Days since 1970.
fn day_number(day: NaiveDate) -> i64 {
    (day - NaiveDate::default()).num_days()
}

pub fn enter(tx: &Transaction<'_>, new: &NewTargetValue, now: DateTime<Utc>) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO target_value (target, measured_on, value, document, entered_by, entered_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            new.target,
            new.entered.measured_on.to_string(),
            f64::from(new.entered.value.hundredths()) / 100.0,
            new.entered.document,
            new.entered.entered_by,
            seconds(now)
        ],
    )?;
    Ok(())
}

/// What was entered for a target, in the order of days and of entering.
pub fn values(tx: &Transaction<'_>, target: &str) -> Result<Vec<Entered>, StoreError> {
    let mut select = tx.prepare_cached(
        "SELECT measured_on, CAST(round(value * 100) AS INTEGER), document, entered_by FROM target_value
         WHERE target = ?1 ORDER BY measured_on, id",
    )?;
    let mut rows = select.query([target])?;
    let mut values = Vec::new();
    while let Some(row) = rows.next()? {
        let (measured_on, hundredths): (String, i64) = (row.get(0)?, row.get(1)?);
        let value = u16::try_from(hundredths).ok().and_then(Percent::from_hundredths);
        let value = value.ok_or(StoreError::Corrupt { what: "value", value: hundredths.to_string() })?;
        let measured_on = parsed("measured_on", &measured_on)?;
        values.push(Entered { measured_on, value, document: row.get(2)?, entered_by: row.get(3)? });
    }
    Ok(values)
}
