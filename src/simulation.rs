//! Owns the running of the daemon's decision over a span of days, in memory and without a clock of its own.
//!
//! The decision is the daemon's; only what people would do meanwhile is assumed. Preview and simulation
//! share it, so that what an administrator sees is what will be sent. Duties of which everybody is told the same on the
//! same days are decided once.

mod stage;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use chrono::{Datelike, Days, NaiveDate};
use foldhash::{HashMap, HashSet, HashSetExt as _};

use self::stage::{Duty, GroupId, Stage};
use crate::domain::{
    decide::{CancelReason, Decision, PendingDelivery, Readers, Record, Rehearsal, Situation, Told, task_row},
    ids::{RecipientId, SubjectId},
    notification::{Item, Notification},
    occurrence::Occurrence,
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

/// What leaves to one recipient on one day, borrowed from a rehearsal.
#[derive(Clone, Copy)]
pub struct Digest<'a> {
    /// The day, in the office's zone.
    pub on: NaiveDate,
    /// Who is told.
    pub recipient: &'a RecipientId,
    places: &'a [Place],
    morning: &'a Morning,
    stage: &'a Stage<'a>,
}

impl<'a> Digest<'a> {
    /// How much is said, of every duty.
    #[must_use]
    pub fn count(&self) -> usize {
        self.places.len()
    }

    /// What is said of each duty, in the order of the message.
    pub fn leaves(&'a self) -> impl Iterator<Item = Leave<'a>> {
        self.places.iter().map(|place| Leave { digest: self, place: *place })
    }

    /// The same, each on its own.
    pub fn leaving(&'a self, office: &'a Office) -> impl Iterator<Item = Leaving> {
        self.leaves().map(|leave| Leaving { on: self.on, notification: leave.to_notification(office) })
    }
}

/// What is said of one duty, or of what is no duty.
#[derive(Clone, Copy)]
pub struct Leave<'a> {
    digest: &'a Digest<'a>,
    place: Place,
}

impl<'a> Leave<'a> {
    /// Place of [`Leave::shared`] among all that is said on the day.
    #[must_use]
    pub fn number(&self) -> usize {
        self.place.number()
    }

    /// Place of the duty among all of the rehearsal.
    #[must_use]
    pub fn member(&self) -> Option<usize> {
        self.origin().group.map(|_| self.place.member() as usize)
    }

    /// What is said, as far as it is the same for all of them: not the subject, and not the facts.
    #[must_use]
    pub fn shared(&self) -> &'a Notification {
        &self.digest.morning.said[self.number()]
    }

    fn origin(&self) -> &'a Origin {
        &self.digest.morning.origins[self.number()]
    }

    /// The duty, where [`Leave::shared`] leaves open which.
    fn duty(&self) -> Option<Duty<'a>> {
        self.digest.stage.duty(self.origin().group?, self.place.member())
    }

    /// What it is about.
    #[must_use]
    pub fn subject(&self) -> &'a SubjectId {
        self.duty().map_or(&self.shared().key.subject, |duty| duty.occurrence.subject())
    }

    /// The planned duty, where [`Leave::shared`] leaves open which it is, and it may be named.
    #[must_use]
    pub fn named(&self) -> Option<&'a Occurrence> {
        self.shared().item.named()?;
        Some(self.duty()?.occurrence)
    }

    /// On its own.
    #[must_use]
    pub fn to_notification(self, office: &Office) -> Notification {
        let mut notification = self.shared().clone();
        if let (Some(Duty { occurrence, row }), Item::Task { row: of_first, .. }) =
            (self.duty(), &mut notification.item)
        {
            let row = row.get_or_init(|| Arc::new(task_row(office, occurrence, None)));
            (notification.key.subject, *of_first) = (occurrence.subject().clone(), Arc::clone(row));
        }
        notification
    }
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
    mut leave: impl FnMut(&Digest<'_>),
) {
    let mut stage = Stage::set(office, &record, first, last, completions);
    let changes: BTreeSet<NaiveDate> = office.directory.changes().collect();
    let mut waiting: Vec<(NaiveDate, Origin, Notification)> = Vec::new();
    let mut leaving = ByRecipient::default();
    let (mut readers, mut room) = (Readers::default(), Vec::new());
    for day in first.iter_days().take_while(|day| *day <= last) {
        // What was decided since the last digest leaves with the next one, as the daemon will have it.
        let digest = office.hours.digest_moment(day);
        let now = record.last_decided_at.map_or(digest, |at| at.max(digest));
        // What waits is stopped by a report that the work is done; the decision may take it back or replace it.
        waiting.retain(|(_, origin, _)| origin.group.is_none_or(|group| !stage.is_done(group, day)));
        record.pending = (0_i64..).zip(&waiting).map(|(id, (.., said))| as_pending(id, said)).collect();
        let courses = stage.courses(day);
        let (scheduled, mut others) = stage.looks(&courses, &record, day, changes.contains(&day));
        others.extend(waiting.iter().filter_map(|(_, origin, _)| origin.group).filter(|g| !scheduled.contains(g)));
        others.sort_unstable();
        others.dedup();
        if changes.contains(&day) {
            readers.clear();
        }
        let mut rehearsal = Rehearsal::begin(Situation { office, record: &record }, now, readers, room);
        let mut origins: Vec<Origin> = Vec::new();
        for (turn, groups) in [(Turn::Scheduled, &scheduled), (Turn::Other, &others)] {
            for group in groups.iter().copied() {
                for said in rehearsal.occurrence(&stage.look(group, &record)) {
                    stage.note(group, said);
                    origins.push(Origin { group: Some(group), decided_on: day, turn });
                }
            }
        }
        let (Decision { notify: said, cancel, .. }, known) = rehearsal.others();
        readers = known;
        stage.go_on(courses, &record, day);
        for beside in &said[origins.len()..] {
            let told = Arc::make_mut(&mut record.told).entry(beside.key.subject.clone()).or_default();
            told.push(Told::of(&beside.key));
        }
        origins.resize(said.len(), Origin { group: None, decided_on: day, turn: Turn::Beside });
        let mut morning = Morning { said, origins };
        let before = std::mem::take(&mut waiting);
        leaving.sort_out(office, day, &morning, &mut waiting, &stage);
        for (id, (on, origin, said)) in (0_i64..).zip(before) {
            match cancel.iter().find(|c| c.id == id).map(|c| c.reason) {
                None if on <= day => {
                    leaving.add(Turn::Waited, morning.said.len(), &origin, &said, &stage);
                    morning.said.push(said);
                    morning.origins.push(origin);
                }
                None => waiting.push((on, origin, said)),
                Some(CancelReason::Superseded) => {}
                // Told anew, should it become due again.
                Some(CancelReason::Withdrawn) => forget(&mut stage, &mut record, origin.group, &said),
            }
        }
        record.last_decided_at = Some(now);
        leaving.hand_out(day, &morning, &stage, &mut leave);
        room = morning.said;
    }
}

/// What is said on a day, each once for all duties that are reminded of alike, and how it came about.
struct Morning {
    said: Vec<Notification>,
    origins: Vec<Origin>,
}

/// How something that is said came about.
#[derive(Clone, Copy)]
struct Origin {
    /// The duties; none for what is about no occurrence.
    group: Option<GroupId>,
    decided_on: NaiveDate,
    turn: Turn,
}

/// In which turn of a morning a message comes about; the first first.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    /// Its occurrence has something new to say today.
    Scheduled,
    /// Its occurrence is looked at since somebody else may read what is said, or it waits.
    Other,
    /// It was decided on a day off.
    Waited,
    /// It is about no occurrence.
    Beside,
}

fn as_pending(id: i64, said: &Notification) -> PendingDelivery {
    let Notification { key, routes, item, .. } = said;
    let route = routes.first().cloned().expect("a recipient has a route");
    PendingDelivery { id, subject: key.subject.clone(), told: Told::of(key), route, item: item.to_json() }
}

fn forget(stage: &mut Stage<'_>, record: &mut Record, group: Option<GroupId>, said: &Notification) {
    let key = &said.key;
    let known = match group {
        Some(group) => Some(stage.told(group)),
        None => Arc::make_mut(&mut record.told).get_mut(&key.subject),
    };
    if let Some(known) = known {
        known.retain(|t| *t != Told::of(key));
    }
}

/// A morning's messages by recipient.
#[derive(Default)]
struct ByRecipient {
    known: HashMap<RecipientId, usize>,
    recipients: Vec<OfRecipient>,
}

struct OfRecipient {
    id: RecipientId,
    places: Vec<Place>,
}

/// Where what is said of one duty stands among the recipient's: in the order of the decisions, in each in that of the
/// annex, and what a decision says of one duty in its order.
///
/// In which turn, on which day and in which turn of that day it was decided, about which duty, and which of all that is
/// said on the day: one number, since a year of a large office sorts millions.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place(u128);

impl Place {
    /// What messages that were decided together have in common in their order.
    fn decision(turn: Turn, origin: &Origin) -> u128 {
        let day = u128::from(origin.decided_on.num_days_from_ce().unsigned_abs());
        ((turn as u128) << 30 | day << 2 | origin.turn as u128) << 64
    }

    fn new(decision: u128, member: u32, number: u32) -> Self {
        Self(decision | u128::from(member) << 32 | u128::from(number))
    }

    fn member(self) -> u32 {
        u32::try_from(self.0 >> 32 & u128::from(u32::MAX)).expect("four bytes")
    }

    fn number(self) -> usize {
        usize::try_from(self.0 & u128::from(u32::MAX)).expect("four bytes")
    }
}

impl ByRecipient {
    /// Takes what leaves on the day; what leaves later goes to `waiting`.
    fn sort_out(
        &mut self,
        office: &Office,
        day: NaiveDate,
        morning: &Morning,
        waiting: &mut Vec<(NaiveDate, Origin, Notification)>,
        stage: &Stage<'_>,
    ) {
        // Most of a morning's messages leave at one moment.
        let mut release = None;
        for (number, (said, origin)) in morning.said.iter().zip(&morning.origins).enumerate() {
            if said.merged_into.is_some() {
                continue;
            }
            let on = match release {
                Some((at, on)) if at == said.not_before => on,
                Some(_) | None => office.hours.date(said.not_before),
            };
            release = Some((said.not_before, on));
            if on <= day {
                self.add(origin.turn, number, origin, said, stage);
            } else {
                waiting.push((on, *origin, said.clone()));
            }
        }
    }

    fn add(&mut self, turn: Turn, number: usize, origin: &Origin, said: &Notification, stage: &Stage<'_>) {
        let recipient = &said.key.recipient;
        let known = self.known.get(recipient).copied().unwrap_or_else(|| {
            self.recipients.push(OfRecipient { id: recipient.clone(), places: Vec::new() });
            self.known.insert(recipient.clone(), self.recipients.len() - 1);
            self.recipients.len() - 1
        });
        let decision = Place::decision(turn, origin);
        let members = origin.group.map_or(&[u32::MAX][..], |group| stage.members(group));
        let number = u32::try_from(number).expect("an office says less in a morning");
        self.recipients[known].places.extend(members.iter().map(|member| Place::new(decision, *member, number)));
    }

    fn hand_out(&mut self, on: NaiveDate, morning: &Morning, stage: &Stage<'_>, leave: &mut impl FnMut(&Digest<'_>)) {
        let mut recipients: Vec<_> = self.recipients.iter_mut().filter(|of| !of.places.is_empty()).collect();
        recipients.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        for OfRecipient { id, places } in recipients {
            places.sort_unstable();
            leave(&Digest { on, recipient: id, places, morning, stage });
            places.clear();
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
    run(office, record, first, last, completions, |digest| leaving.extend(digest.leaving(office)));
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
