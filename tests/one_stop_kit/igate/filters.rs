//! What the list of iGate does with its query; an empty parameter is none.

use chrono::{DateTime, NaiveDateTime, TimeDelta};

use super::{
    super::{
        dossier::{FakeDossier, vietnam},
        request::Request,
        text::slashed_day,
    },
    row,
};

pub fn keep(request: &Request, row: &FakeDossier) -> bool {
    let status = row::status(row).0.to_string();
    request.filled("code").is_none_or(|code| row.code.contains(code))
        && request.filled("procedure-code").is_none_or(|code| row.procedure_code == code)
        && request.query_list("dossier-status").is_none_or(|list| list.contains(&status.as_str()))
        && request.query_list("remove-status").is_none_or(|list| !list.contains(&status.as_str()))
        && is_within(request, "accepted", Some(row.received))
        && is_within(request, "appointment", row.due)
        && is_within(request, "result-returned", row.returned)
}

fn is_within(request: &Request, name: &str, time: Option<NaiveDateTime>) -> bool {
    let from = request.filled(&format!("{name}-from")).and_then(|text| bound(text, false));
    let to = request.filled(&format!("{name}-to")).and_then(|text| bound(text, true));
    from.is_none_or(|from| time.is_some_and(|time| time >= from)) && to.is_none_or(|to| time.is_some_and(|t| t <= to))
}

/// Both `17/06/2025` and `2025-06-17T10:00:00.000Z` are in use.
fn bound(text: &str, is_end: bool) -> Option<NaiveDateTime> {
    if let Some(day) = slashed_day(text) {
        let midnight = day.and_hms_opt(0, 0, 0)?;
        return Some(if is_end { midnight + TimeDelta::days(1) - TimeDelta::milliseconds(1) } else { midnight });
    }
    let at = DateTime::parse_from_rfc3339(text).or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z"));
    Some(at.ok()?.with_timezone(&vietnam()).naive_local())
}
