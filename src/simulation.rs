//! Owns the running of the daemon's decision over a span of days, in memory and without a clock of its own.
//!
//! The decision is the daemon's; only what people would do meanwhile is assumed. Preview and simulation
//! share it, so that what an administrator sees is what will be sent.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use chrono::{Datelike, Days, NaiveDate};

use crate::domain::{
    decide::{Record, Situation, decide},
    ids::SubjectId,
    notification::Notification,
    occurrence::OccurrenceKind,
    office::Office,
};

/// What people are assumed to do while the days go by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Completions {
    /// Nothing more is reported done.
    None,
    /// Every duty is reported done on its last safe day.
    OnTime,
    /// Work is reported done on these days, as it really was.
    AsReported(Vec<(SubjectId, NaiveDate)>),
}

/// A notification with the civil day on which it leaves.
#[derive(Debug, Clone)]
pub struct Leaving {
    /// The day, in the office's zone.
    pub on: NaiveDate,
    /// What leaves; merged ones are left out.
    pub notification: Notification,
}

/// Every message that leaves from `first` to `last`, the day of the first decision being `first`.
///
/// `record` is what is known before it. A decision is made each morning at the digest moment; what it
/// decides on a day off leaves on the next working morning, as in the daemon.
#[must_use]
pub fn run(
    office: &Office,
    mut record: Record,
    first: NaiveDate,
    last: NaiveDate,
    completions: &Completions,
) -> Vec<Leaving> {
    let mut reports = reports_by_day(office, completions);
    let mut leaving = Vec::new();
    // Decided on a day off, for the next working morning.
    let mut waiting: Vec<Leaving> = Vec::new();
    for day in first.iter_days().take_while(|day| *day <= last) {
        let done: Vec<SubjectId> = take_until(&mut reports, day);
        if !done.is_empty() {
            Arc::make_mut(&mut record.completed).extend(done);
            // What waits is taken back when the work is done before it leaves.
            waiting.retain(|l| !record.completed.contains(&l.notification.key.subject));
        }
        leaving.extend(waiting.extract_if(.., |l| l.on <= day));
        // What was decided since the last digest leaves with the next one, as the daemon will have it.
        let digest = office.hours.digest_moment(day);
        let morning = record.last_decided_at.map_or(digest, |at| at.max(digest));
        let decision = decide(&Situation { office, record: &record }, morning);
        record.note(&decision, morning);
        let carried = decision.notify.into_iter().filter(|n| n.merged_into.is_none());
        let carried = carried.map(|n| Leaving { on: office.hours.date(n.not_before), notification: n });
        let (today, later): (Vec<_>, Vec<_>) = carried.partition(|l| l.on <= day);
        leaving.extend(today);
        waiting.extend(later);
    }
    leaving.sort_by(|a, b| (a.on, &a.notification.key.recipient).cmp(&(b.on, &b.notification.key.recipient)));
    leaving
}

/// The first day of the rehearsal that shows `on`, the record it sets out from, and what that assumes, in
/// Vietnamese.
///
/// From today on it is the real record, with what still waits counted as undecided so that it is shown.
/// For a day in the past the real history is left out, since it already contains what that day brought:
/// the plan is run through from its beginning, one of several years from that year's.
#[must_use]
pub fn set_out(office: &Office, mut record: Record, on: NaiveDate, today: NaiveDate) -> (NaiveDate, Record, String) {
    if on >= today {
        // Before the first run the rehearsal begins today, as that run would.
        let eve = office.hours.digest_moment(today - Days::new(1));
        record.last_decided_at = record.last_decided_at.or(Some(eve));
        record.forget_pending();
        let first = record.last_decided_at.map_or(on, |at| office.hours.date(at)).min(on);
        let assumption = "hồ sơ một cửa giữ nguyên; tin đã gửi thì không hiện lại";
        return (first, record, assumption.to_owned());
    }
    let plan_starts = office.agenda.plans.iter().filter_map(|p| NaiveDate::from_ymd_opt(p.years.first()?, 1, 1));
    let start_on = plan_starts.filter(|d| *d <= on).max().unwrap_or(on).max(on.with_ordinal(1).unwrap_or(on));
    let eve = start_on - Days::new(1);
    let start = Record {
        completed: record.completed,
        last_decided_at: Some(office.hours.digest_moment(eve)),
        ..Record::default()
    };
    let assumption = format!(
        "chạy từ {}, chỉ tính các việc theo kế hoạch (không tính hồ sơ một cửa)",
        crate::message::vietnamese::short_date(start_on)
    );
    (eve, start, assumption)
}

/// Occurrences by the day on which they are reported done.
fn reports_by_day(office: &Office, completions: &Completions) -> BTreeMap<NaiveDate, Vec<SubjectId>> {
    let mut reports: BTreeMap<NaiveDate, Vec<SubjectId>> = BTreeMap::new();
    match completions {
        Completions::None => {}
        Completions::OnTime => {
            for occurrence in &office.agenda.occurrences {
                if let OccurrenceKind::Dated(due) = occurrence.kind {
                    reports.entry(due.safe_on).or_default().push(occurrence.subject.clone());
                }
            }
        }
        Completions::AsReported(done) => {
            for (subject, on) in done {
                reports.entry(*on).or_default().push(subject.clone());
            }
        }
    }
    reports
}

/// A report of a day is known from the next morning on.
fn take_until(reports: &mut BTreeMap<NaiveDate, Vec<SubjectId>>, day: NaiveDate) -> Vec<SubjectId> {
    let later = reports.split_off(&day);
    std::mem::replace(reports, later).into_values().flatten().collect()
}

/// How two runs differ.
#[derive(Debug, Default)]
pub struct Difference<'a> {
    /// Only in the second.
    pub added: Vec<&'a Leaving>,
    /// Only in the first.
    pub dropped: Vec<&'a Leaving>,
    /// In both, on another day or to another address: before and after.
    pub moved: Vec<(&'a Leaving, &'a Leaving)>,
}

impl Difference<'_> {
    /// Whether the runs are the same.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.dropped.is_empty() && self.moved.is_empty()
    }
}

/// What `after` adds to, drops from and moves in `before`.
#[must_use]
pub fn compare<'a>(before: &'a [Leaving], after: &'a [Leaving]) -> Difference<'a> {
    // The due date is left out: a message about a due date that moved has moved itself.
    fn key(l: &Leaving) -> (&str, i32, String, &str) {
        let key = &l.notification.key;
        (key.subject.as_str(), key.offset, key.audience.to_string(), key.recipient.as_str())
    }
    let old: BTreeMap<_, _> = before.iter().map(|l| (key(l), l)).collect();
    let mut difference = Difference::default();
    let mut seen = HashSet::new();
    for leaving in after {
        let key = key(leaving);
        match old.get(&key) {
            None => difference.added.push(leaving),
            Some(known) if known.on != leaving.on || known.notification.routes != leaving.notification.routes => {
                difference.moved.push((known, leaving));
            }
            Some(_) => {}
        }
        seen.insert(key);
    }
    difference.dropped = before.iter().filter(|l| !seen.contains(&key(l))).collect();
    difference
}

/// Whether a rehearsal from `first` to `last` is short enough to run, in years that our calendar knows.
#[must_use]
pub fn is_reasonable(first: NaiveDate, last: NaiveDate) -> bool {
    /// A rehearsal of more mornings than this is a typing error.
    const MOST_MORNINGS: i64 = 800;
    (2000..=2100).contains(&first.year()) && (last - first).num_days() <= MOST_MORNINGS
}
