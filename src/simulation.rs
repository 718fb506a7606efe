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

use chrono::{DateTime, Datelike, Days, NaiveDate, Utc};
use foldhash::{HashMap, HashSet, HashSetExt as _};

use self::stage::{Duty, GroupId, Stage};
use crate::domain::{
    decide::{CancelReason, Decision, PendingDelivery, Readers, Record, Rehearsal, Situation, Told, task_row},
    ids::{RecipientId, SubjectId},
    notification::{Item, Notification},
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
    messages: &'a [Message],
    places: &'a [Place],
    stage: &'a Stage<'a>,
}

impl<'a> Digest<'a> {
    /// What is said, each once for all duties that are reminded of alike.
    pub fn shared(&self) -> impl Iterator<Item = &'a Notification> {
        self.messages.iter().map(|message| &message.notification)
    }

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
    /// Place of [`Leave::shared`] among what is said in the digest.
    #[must_use]
    pub fn number(&self) -> usize {
        self.place.message as usize
    }

    /// Place of the duty among all of the rehearsal.
    #[must_use]
    pub fn member(&self) -> Option<usize> {
        self.message().group.map(|_| self.place.member() as usize)
    }

    /// What is said, as far as it is the same for all of them: not the subject, and not the facts.
    #[must_use]
    pub fn shared(&self) -> &'a Notification {
        &self.message().notification
    }

    fn message(&self) -> &'a Message {
        &self.digest.messages[self.number()]
    }

    /// The duty, where it is not the one that [`Leave::shared`] names.
    fn duty(&self) -> Option<Duty<'a>> {
        self.digest.stage.duty(self.message().group?, self.place.member())
    }

    /// What it is about.
    #[must_use]
    pub fn subject(&self) -> &'a SubjectId {
        self.duty().map_or(&self.shared().key.subject, |duty| &duty.occurrence.subject)
    }

    /// Number in the annex and period of work with a due date, where it may be named.
    #[must_use]
    pub fn named(&self) -> Option<(&'a str, &'a Arc<str>)> {
        let (row, _) = self.shared().item.named()?;
        Some(match self.duty() {
            None => (&row.task, &row.period),
            Some(Duty { occurrence, .. }) => (occurrence.task.id.as_str(), &occurrence.period),
        })
    }

    /// On its own.
    #[must_use]
    pub fn to_notification(self, office: &Office) -> Notification {
        let mut notification = self.shared().clone();
        if let (Some(Duty { occurrence, row }), Item::Task { row: of_first, .. }) =
            (self.duty(), &mut notification.item)
        {
            let row = row.get_or_init(|| Arc::new(task_row(office, occurrence, None)));
            (notification.key.subject, *of_first) = (occurrence.subject.clone(), Arc::clone(row));
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
    let mut waiting: Vec<Message> = Vec::new();
    let mut leaving = ByRecipient::default();
    let mut readers = Readers::default();
    for day in first.iter_days().take_while(|day| *day <= last) {
        // What was decided since the last digest leaves with the next one, as the daemon will have it.
        let digest = office.hours.digest_moment(day);
        let morning = record.last_decided_at.map_or(digest, |at| at.max(digest));
        // What waits is stopped by a report that the work is done; the decision may take it back or replace it.
        waiting.retain(|w| w.group.is_none_or(|group| !stage.is_done(group, day)));
        record.pending = (0_i64..).zip(&waiting).map(|(id, w)| w.as_pending(id)).collect();
        let (scheduled, mut others) = stage.looks(&record, day, changes.contains(&day));
        others.extend(waiting.iter().filter_map(|w| w.group).filter(|group| !scheduled.contains(group)));
        others.sort_unstable();
        others.dedup();
        let mut sorting = Sorting { office, day, release: (morning, day), later: Vec::new() };
        if changes.contains(&day) {
            readers.clear();
        }
        let mut rehearsal = Rehearsal::begin(Situation { office, record: &record }, morning, readers);
        for (turn, groups) in [(Turn::Scheduled, &scheduled), (Turn::Other, &others)] {
            for group in groups.iter().copied() {
                for notification in rehearsal.occurrence(&stage.look(group, &record)) {
                    stage.note(group, &notification);
                    sorting.sort(Some(group), turn, notification, &stage, &mut leaving);
                }
            }
        }
        let (Decision { notify: beside, cancel, .. }, known) = rehearsal.others();
        readers = known;
        for group in scheduled {
            if let Some(next) = stage.next_visit(group, &record, day) {
                stage.visit(group, next);
            }
        }
        for (id, old) in (0_i64..).zip(std::mem::take(&mut waiting)) {
            match cancel.iter().find(|c| c.id == id).map(|c| c.reason) {
                None if old.on <= day => leaving.add(Turn::Waited, old, &stage),
                None => waiting.push(old),
                Some(CancelReason::Superseded) => {}
                // Told anew, should it become due again.
                Some(CancelReason::Withdrawn) => forget(&mut stage, &mut record, &old),
            }
        }
        for notification in beside {
            let told = Arc::make_mut(&mut record.told).entry(notification.key.subject.clone()).or_default();
            told.push(Told::of(&notification.key));
            sorting.sort(None, Turn::Beside, notification, &stage, &mut leaving);
        }
        waiting.append(&mut sorting.later);
        record.last_decided_at = Some(morning);
        leaving.hand_out(day, &stage, &mut leave);
        stage.free_done(day);
    }
}

/// A message about all duties of a group.
struct Message {
    on: NaiveDate,
    decided_on: NaiveDate,
    /// In which turn it was decided.
    turn: Turn,
    /// None for what is about no occurrence.
    group: Option<GroupId>,
    notification: Notification,
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

impl Message {
    fn as_pending(&self, id: i64) -> PendingDelivery {
        let Notification { key, routes, item, .. } = &self.notification;
        let route = routes.first().cloned().expect("a recipient has a route");
        PendingDelivery { id, subject: key.subject.clone(), told: Told::of(key), route, item: item.to_json() }
    }
}

fn forget(stage: &mut Stage<'_>, record: &mut Record, old: &Message) {
    let key = &old.notification.key;
    let known = match old.group {
        Some(group) => Some(stage.told(group)),
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
    later: Vec<Message>,
}

impl Sorting<'_> {
    #[inline]
    fn sort(
        &mut self,
        group: Option<GroupId>,
        turn: Turn,
        notification: Notification,
        stage: &Stage<'_>,
        leaving: &mut ByRecipient,
    ) {
        if notification.merged_into.is_some() {
            return;
        }
        if self.release.0 != notification.not_before {
            self.release = (notification.not_before, self.office.hours.date(notification.not_before));
        }
        let on = self.release.1;
        let message = Message { on, decided_on: self.day, turn, group, notification };
        if on <= self.day { leaving.add(turn, message, stage) } else { self.later.push(message) }
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
    messages: Vec<Message>,
    places: Vec<Place>,
}

/// Where what is said of one duty stands among the recipient's: in the order of the decisions, in each in that of the
/// annex, and what a decision says of one duty in its order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    /// In which turn, on which day and in which turn of that day it was decided, and about which duty: one number, since
    /// a year of a large office sorts millions.
    order: u64,
    message: u32,
}

impl Place {
    /// What messages that were decided together have in common in their order.
    fn decision(turn: Turn, message: &Message) -> u64 {
        let day = u64::from(message.decided_on.num_days_from_ce().unsigned_abs());
        ((turn as u64) << 30 | day << 2 | message.turn as u64) << 32
    }

    fn new(decision: u64, member: u32, message: u32) -> Self {
        Self { order: decision | u64::from(member), message }
    }

    fn member(self) -> u32 {
        u32::try_from(self.order & u64::from(u32::MAX)).expect("the lower half")
    }
}

impl ByRecipient {
    #[inline]
    fn add(&mut self, turn: Turn, message: Message, stage: &Stage<'_>) {
        let recipient = &message.notification.key.recipient;
        let known = self.known.get(recipient).copied().unwrap_or_else(|| {
            self.recipients.push(OfRecipient { id: recipient.clone(), messages: Vec::new(), places: Vec::new() });
            self.known.insert(recipient.clone(), self.recipients.len() - 1);
            self.recipients.len() - 1
        });
        let OfRecipient { messages, places, .. } = &mut self.recipients[known];
        let decision = Place::decision(turn, &message);
        let members = message.group.map_or(&[u32::MAX][..], |group| stage.members(group));
        let number = u32::try_from(messages.len()).expect("one person is not told so much in a morning");
        places.extend(members.iter().map(|member| Place::new(decision, *member, number)));
        messages.push(message);
    }

    fn hand_out(&mut self, on: NaiveDate, stage: &Stage<'_>, leave: &mut impl FnMut(&Digest<'_>)) {
        let has_messages = |of: &&mut OfRecipient| !of.messages.is_empty();
        let mut recipients: Vec<_> = self.recipients.iter_mut().filter(has_messages).collect();
        recipients.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        for OfRecipient { id, messages, places } in recipients {
            places.sort_unstable();
            leave(&Digest { on, recipient: id, messages, places, stage });
            messages.clear();
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
