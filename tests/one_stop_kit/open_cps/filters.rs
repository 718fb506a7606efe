//! What the list of OpenCPS does with its query; a parameter that it does not know, or a date that it can not read,
//! is passed over in silence.

use chrono::{NaiveDate, NaiveDateTime, TimeDelta};

use super::{
    super::{
        dossier::{FakeDossier, Status},
        request::Request,
        text::slashed_day,
    },
    row,
};

/// The offsets asked for.
#[derive(Debug)]
pub struct Window {
    pub start: usize,
    pub size: usize,
}

impl Window {
    /// `end` is exclusive; missing or 0, it means everything, whatever `start` says.
    pub fn of(request: &Request) -> Result<Self, std::num::ParseIntError> {
        let number = |key| request.filled(key).map_or(Ok(0), str::parse::<usize>);
        let (start, end) = (number("start")?, number("end")?);
        Ok(if end == 0 { Self { start: 0, size: usize::MAX } } else { Self { start, size: end.saturating_sub(start) } })
    }
}

#[derive(Debug)]
pub struct Filters<'a> {
    request: &'a Request,
    honours_due_dates: bool,
}

impl<'a> Filters<'a> {
    pub fn of(request: &'a Request, honours_due_dates: bool) -> Self {
        Self { request, honours_due_dates }
    }

    pub fn keep(&self, row: &FakeDossier, now: NaiveDateTime) -> bool {
        let (status, _, sub_status, _) = row::status(row.status);
        // The index keeps these two in GMT, while the bounds are days of Vietnam.
        let received = row.received - TimeDelta::hours(7);
        self.is_listed("status", status)
            && self.is_listed("substatus", sub_status)
            && (self.request.query("agency") == Some("all") || self.is_listed("agency", &row.agency_code))
            && self.is_listed("service", &row.procedure_code)
            && self.is_listed("domain", row::FIELD_CODE)
            && self.request.filled("dossierNo").is_none_or(|prefix| row.code.starts_with(prefix))
            && self.is_within("fromReceiveDate", "toReceiveDate", Some(received))
            && self.is_within("fromSubmitDate", "toSubmitDate", Some(received))
            && self.is_within("fromReleaseDate", "toReleaseDate", row.resolved)
            && self.is_within("fromFinishDate", "toFinishDate", row.returned)
            && (!self.honours_due_dates || self.is_within("fromDueDate", "toDueDate", row.due))
            && self.is_of_top(row, now)
    }

    fn is_listed(&self, key: &str, value: &str) -> bool {
        self.request.query_list(key).is_none_or(|list| list.contains(&value))
    }

    fn is_within(&self, from: &str, to: &str, time: Option<NaiveDateTime>) -> bool {
        let day = |key: &str| -> Option<NaiveDate> { self.request.filled(key).and_then(slashed_day) };
        let is_after = day(from).is_none_or(|first| time.is_some_and(|time| time.date() >= first));
        let is_before = day(to).is_none_or(|last| time.is_some_and(|time| time.date() <= last));
        is_after && is_before
    }

    fn is_of_top(&self, row: &FakeDossier, now: NaiveDateTime) -> bool {
        let is_unresolved = row.resolved.is_none();
        let is_waiting = row.status == Status::AwaitingPapers;
        match self.request.filled("top").map(str::to_lowercase).as_deref() {
            Some("overdue") => {
                let is_receiving = row.status == Status::Registered;
                is_unresolved && !is_waiting && !is_receiving && !row.paused && row.due.is_some_and(|due| due < now)
            }
            Some("delay") => is_unresolved && !is_waiting && row.due.is_some() && row.extended > row.due,
            _ => true,
        }
    }

    /// Every order but that of creation is one of texts.
    pub fn sort(&self, rows: &mut [FakeDossier]) {
        match self.request.filled("sort") {
            Some("dossierNo") => rows.sort_by(|a, b| a.code.cmp(&b.code)),
            _ => rows.sort_by_key(|row| row.received),
        }
        if self.request.query("order") == Some("true") {
            rows.reverse();
        }
    }
}
