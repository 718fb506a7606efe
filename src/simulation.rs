//! Owns the running of the daemon's decision over a span of days, in memory and without a clock of its own.
//!
//! The decision is the daemon's; only what people would do meanwhile is assumed. Preview and simulation
//! share it, so that what an administrator sees is what will be sent.

use std::{
    cell::OnceCell,
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use chrono::{DateTime, Datelike, Days, NaiveDate, Utc};

use crate::domain::{
    decide::{CancelReason, Decision, Look, PendingDelivery, Record, Rehearsal, Situation, Told, next_change},
    ids::{RecipientId, SubjectId},
    life::Life,
    notification::{Notification, TaskRow},
    occurrence::{Occurrence, OccurrenceKind},
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

/// Hands out every message that leaves from `first` to `last`, day by day and recipient by recipient, the day of the
/// first decision being `first`.
///
/// `record` is what is known before it. A decision is made each morning at the digest moment; what it
/// decides on a day off leaves on the next working morning, as in the daemon. An occurrence is looked at on those days
/// only on which its ladder, its reports or its readers give it something new to say.
pub fn run(
    office: &Office,
    mut record: Record,
    first: NaiveDate,
    last: NaiveDate,
    completions: &Completions,
    mut leave: impl FnMut(Leaving),
) {
    let mut stage = Stage::set(office, &record, first, last, completions);
    let changes: BTreeSet<NaiveDate> = office.directory.changes().collect();
    let mut waiting: Vec<Waiting> = Vec::new();
    let mut leaving = ByRecipient::default();
    for day in first.iter_days().take_while(|day| *day <= last) {
        // What was decided since the last digest leaves with the next one, as the daemon will have it.
        let digest = office.hours.digest_moment(day);
        let morning = record.last_decided_at.map_or(digest, |at| at.max(digest));
        // What waits is stopped by a report that the work is done; the decision may take it back or replace it.
        waiting.retain(|w| w.index.is_none_or(|i| !stage.is_done(i, day)));
        record.pending = (0_i64..).zip(&waiting).map(|(id, w)| w.message.as_pending(id)).collect();
        let (scheduled, mut others) = stage.looks(&record, day, changes.contains(&day));
        others.extend(waiting.iter().filter_map(|w| w.index).filter(|i| !scheduled.contains(i)));
        others.sort_unstable();
        others.dedup();
        let mut sorting = Sorting { office, day, release: (morning, day), later: Vec::new() };
        let mut rehearsal = Rehearsal::begin(Situation { office, record: &record }, morning);
        for index in scheduled.iter().chain(&others).copied() {
            for notification in rehearsal.occurrence(&stage.look(index, &record)) {
                stage.note(index, &notification);
                sorting.sort(Some(index), notification, &mut leaving);
            }
        }
        let Decision { notify: beside, cancel, .. } = rehearsal.others();
        for index in scheduled {
            if let Some(next) = stage.next_visit(index, &record, day) {
                stage.visit(index, next);
            }
        }
        for (id, old) in (0_i64..).zip(std::mem::take(&mut waiting)) {
            match cancel.iter().find(|c| c.id == id).map(|c| c.reason) {
                None if old.message.on <= day => leaving.add(old.message),
                None => waiting.push(old),
                Some(CancelReason::Superseded) => {}
                // Told anew, should it become due again.
                Some(CancelReason::Withdrawn) => forget(&mut stage, &mut record, &old),
            }
        }
        for notification in beside {
            let told = Arc::make_mut(&mut record.told).entry(notification.key.subject.clone()).or_default();
            told.push(Told::of(&notification.key));
            sorting.sort(None, notification, &mut leaving);
        }
        waiting.append(&mut sorting.later);
        record.last_decided_at = Some(morning);
        leaving.hand_out(&mut leave);
    }
}

/// A message decided on a day off, for the next working morning, with the occurrence it is about.
struct Waiting {
    index: Option<usize>,
    message: Leaving,
}

impl Leaving {
    fn as_pending(&self, id: i64) -> PendingDelivery {
        let Notification { key, routes, .. } = &self.notification;
        let route = routes.first().cloned().expect("a recipient has a route");
        PendingDelivery {
            id,
            subject: key.subject.clone(),
            told: Told::of(key),
            route,
            item: self.notification.item.to_json(),
        }
    }
}

fn forget(stage: &mut Stage<'_>, record: &mut Record, old: &Waiting) {
    let key = &old.message.notification.key;
    let known = match old.index {
        Some(index) => Some(&mut stage.told[index]),
        None => Arc::make_mut(&mut record.told).get_mut(&key.subject),
    };
    if let Some(known) = known {
        known.retain(|t| *t != Told::of(key));
    }
}

/// Tells what leaves on a day from what waits for a later one.
struct Sorting<'a> {
    office: &'a Office,
    day: NaiveDate,
    /// The last moment asked for with its day: most of a morning's messages share one.
    release: (DateTime<Utc>, NaiveDate),
    later: Vec<Waiting>,
}

impl Sorting<'_> {
    fn sort(&mut self, index: Option<usize>, notification: Notification, leaving: &mut ByRecipient) {
        if notification.merged_into.is_some() {
            return;
        }
        if self.release.0 != notification.not_before {
            self.release = (notification.not_before, self.office.hours.date(notification.not_before));
        }
        let message = Leaving { on: self.release.1, notification };
        if message.on <= self.day { leaving.add(message) } else { self.later.push(Waiting { index, message }) }
    }
}

/// A morning's messages by recipient, each recipient's in the order of the decision.
#[derive(Default)]
struct ByRecipient {
    places: HashMap<RecipientId, usize>,
    groups: Vec<(RecipientId, Vec<Leaving>)>,
}

impl ByRecipient {
    fn add(&mut self, message: Leaving) {
        let recipient = &message.notification.key.recipient;
        let place = self.places.get(recipient).copied().unwrap_or_else(|| {
            self.groups.push((recipient.clone(), Vec::new()));
            self.places.insert(recipient.clone(), self.groups.len() - 1);
            self.groups.len() - 1
        });
        self.groups[place].1.push(message);
    }

    fn hand_out(&mut self, leave: &mut impl FnMut(Leaving)) {
        let mut order: Vec<usize> = (0..self.groups.len()).filter(|i| !self.groups[*i].1.is_empty()).collect();
        order.sort_by(|a, b| self.groups[*a].0.cmp(&self.groups[*b].0));
        for place in order {
            self.groups[place].1.drain(..).for_each(&mut *leave);
        }
    }
}

/// The same, all at once; for a few days or an office of usual size.
#[must_use]
pub fn collect(
    office: &Office,
    record: Record,
    first: NaiveDate,
    last: NaiveDate,
    completions: &Completions,
) -> Vec<Leaving> {
    let mut leaving = Vec::new();
    run(office, record, first, last, completions, |l| leaving.push(l));
    leaving
}

/// The occurrences of a rehearsal, each with what was said of it and the day on which it is looked at next.
struct Stage<'a> {
    office: &'a Office,
    opened: Vec<Occurrence>,
    told: Vec<Vec<Told>>,
    /// What messages say of it, kept while it is open.
    rows: Vec<OnceCell<Arc<TaskRow>>>,
    done_on: Vec<Option<NaiveDate>>,
    first: NaiveDate,
    /// By days from the first: whom to look at.
    visits: Vec<Vec<u32>>,
    /// The days on which a ladder has something new to say, by due date and policy: many occurrences share one.
    ladders: HashMap<(NaiveDate, usize), Vec<NaiveDate>>,
}

impl<'a> Stage<'a> {
    fn set(office: &'a Office, record: &Record, first: NaiveDate, last: NaiveDate, completions: &Completions) -> Self {
        let openings = record.reports.openings().iter();
        let opened: Vec<_> = openings.filter_map(|o| office.agenda.opened(o, &office.calendar)).collect();
        let count = office.agenda.occurrences.len() + opened.len();
        let days = usize::try_from((last - first).num_days()).map_or(0, |n| n + 1);
        let mut stage = Self {
            office,
            opened,
            told: Vec::new(),
            rows: vec![OnceCell::new(); count],
            done_on: vec![None; count],
            first,
            visits: vec![Vec::new(); days],
            ladders: HashMap::new(),
        };
        let reported: HashMap<&SubjectId, NaiveDate> = match completions {
            Completions::AsReported(done) => done.iter().map(|(subject, on)| (subject, *on)).collect(),
            Completions::None | Completions::OnTime => HashMap::new(),
        };
        for index in 0..count {
            let occurrence = stage.occurrence(index);
            let life = record.reports.life(&occurrence.subject);
            if life.is_some_and(Life::is_closed) {
                stage.told.push(Vec::new());
                continue;
            }
            let due = match occurrence.kind {
                OccurrenceKind::Dated(due) => Some(Life::due_in_force(life, due, &office.calendar)),
                OccurrenceKind::StandingNote(_) | OccurrenceKind::DateMissing(_) => None,
            };
            let done_on = match completions {
                Completions::None => None,
                Completions::OnTime => due.map(|d| d.safe_on),
                Completions::AsReported(_) => reported.get(&occurrence.subject).copied(),
            };
            let is_asked = record.reports.has_request(&occurrence.subject);
            let look_on = if is_asked { first } else { occurrence.opens_on.max(first) };
            let told = record.told.get(&occurrence.subject).cloned().unwrap_or_default();
            stage.told.push(told);
            stage.done_on[index] = done_on;
            stage.visit(index, look_on);
        }
        stage
    }

    fn occurrence(&self, index: usize) -> &Occurrence {
        let planned = &self.office.agenda.occurrences;
        planned.get(index).unwrap_or_else(|| &self.opened[index - planned.len()])
    }

    fn look<'s>(&'s self, index: usize, record: &'s Record) -> Look<'s> {
        let occurrence = self.occurrence(index);
        Look {
            occurrence,
            life: record.reports.life(&occurrence.subject),
            told: &self.told[index],
            row: Some(&self.rows[index]),
        }
    }

    /// When the occurrence has something new to say after `day`.
    fn next_visit(&mut self, index: usize, record: &Record, day: NaiveDate) -> Option<NaiveDate> {
        let look = self.look(index, record);
        let OccurrenceKind::Dated(due) = look.occurrence.kind else { return next_change(self.office, &look, day) };
        if look.life.is_some() || look.occurrence.document.is_some() {
            return next_change(self.office, &look, day);
        }
        // The policy by its place in memory, where it stays as long as the office does.
        let key = (due.last_on, Arc::as_ptr(&look.occurrence.policy).addr());
        if let Some(days) = self.ladders.get(&key) {
            return days.get(days.partition_point(|d| *d <= day)).copied();
        }
        let changes = std::iter::successors(Some(self.first), |day| next_change(self.office, &look, *day));
        // A ladder that repeats without end is followed to the last day of the rehearsal.
        let last = self.first + Days::new(self.visits.len() as u64);
        let days: Vec<_> = changes.skip(1).take_while(|d| *d <= last).collect();
        let next = days.get(days.partition_point(|d| *d <= day)).copied();
        self.ladders.insert(key, days);
        next
    }

    fn visit(&mut self, index: usize, on: NaiveDate) {
        // Work that is done on a day is known to be so from the next morning on.
        if self.is_done(index, on) {
            self.told[index] = Vec::new();
            self.rows[index] = OnceCell::new();
            return;
        }
        let day = usize::try_from((on - self.first).num_days()).ok();
        if let (Some(of_day), Ok(index)) = (day.and_then(|d| self.visits.get_mut(d)), u32::try_from(index)) {
            of_day.push(index);
        }
    }

    fn is_done(&self, index: usize, day: NaiveDate) -> bool {
        self.done_on[index].is_some_and(|done| done < day)
    }

    /// Remembers what was said: of one thread only the strongest.
    fn note(&mut self, index: usize, notification: &Notification) {
        let key = &notification.key;
        let told = &mut self.told[index];
        match told.iter_mut().find(|t| t.is_weaker_than(key)) {
            Some(weaker) => (weaker.offset, weaker.resumed_on) = (key.offset, key.resumed_on),
            None => told.push(Told::of(key)),
        }
    }

    /// Whom to look at on `day`: those whose turn it is, and, when it may have changed who reads what, all that are open.
    fn looks(&mut self, record: &Record, day: NaiveDate, has_changed: bool) -> (Vec<usize>, Vec<usize>) {
        let index = usize::try_from((day - self.first).num_days()).unwrap_or(0);
        let mut of_day: Vec<usize> = std::mem::take(&mut self.visits[index]).into_iter().map(|i| i as usize).collect();
        of_day.sort_unstable();
        if !has_changed {
            return (of_day, Vec::new());
        }
        let scheduled: BTreeSet<usize> = of_day.iter().copied().collect();
        let is_asked = |i: usize| record.reports.has_request(&self.occurrence(i).subject);
        let is_open = |i: &usize| (self.occurrence(*i).opens_on <= day || is_asked(*i)) && !self.is_done(*i, day);
        let others = (0..self.done_on.len()).filter(|i| !scheduled.contains(i) && is_open(i)).collect();
        (of_day, others)
    }
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
    let start =
        Record { reports: record.reports, last_decided_at: Some(office.hours.digest_moment(eve)), ..Record::default() };
    let assumption = format!(
        "chạy từ {}, chỉ tính các việc theo kế hoạch (không tính hồ sơ một cửa)",
        crate::message::vietnamese::short_date(start_on)
    );
    (eve, start, assumption)
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
