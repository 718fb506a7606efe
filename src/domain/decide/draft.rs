//! Owns how a decision comes about, subject by subject.

use std::{cell::OnceCell, sync::Arc};

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use foldhash::{HashMap, HashMapExt as _, HashSet};

use super::{
    Decision, GAP_PREFIX, Gap, Look, PendingDelivery, Problem, Readers, Situation, Verdict,
    candidates::{Candidate, Ladders, Work},
    telling::{Concerned, Release, Topic},
    verdict::Link,
};
use crate::domain::{
    deadline::Due,
    directory::Recipient,
    ids::{PlanId, SubjectId, TaskId, UnitId},
    life::{Answered, Asked, Ending, Life, Request},
    notification::{Audience, Item, Reason, TaskRow},
    occurrence::{Occurrence, OccurrenceKind},
    office::Office,
    policy::{Policy, Rung},
};

/// A decision in the making.
pub struct Draft<'a> {
    pub situation: Situation<'a>,
    pub now: DateTime<Utc>,
    pub today: NaiveDate,
    /// The civil day of the first digest after today's.
    pub next_digest_on: NaiveDate,
    pub release: Release,
    /// For each subject with pending deliveries: who is concerned by it now, and how they are reached.
    pub live: HashMap<&'a SubjectId, Vec<Concerned>>,
    /// What waits, by subject.
    pub pending: HashMap<&'a SubjectId, Vec<&'a PendingDelivery>>,
    /// Who reads the messages of a unit, looked up once.
    pub readers: Readers,
    /// What ladders have reached today: thousands of occurrences share one.
    pub ladders: Ladders,
    pub decision: Decision,
    /// Room for candidates, used again from one occurrence to the next.
    scratch: Vec<Candidate>,
    /// Whether every subject is looked at, so that a gap that does not show up is closed.
    sees_all: bool,
    /// The subject to take notes on, and the notes.
    notes: Option<(&'a SubjectId, Vec<Verdict>)>,
    /// Tasks that were given a date, for those that waited for one.
    dated: HashSet<(PlanId, TaskId, UnitId)>,
}

impl<'a> Draft<'a> {
    pub fn new(situation: Situation<'a>, now: DateTime<Utc>) -> Self {
        let today = situation.office.hours.date(now);
        let mut pending: HashMap<&SubjectId, Vec<&PendingDelivery>> = HashMap::new();
        for delivery in &situation.record.pending {
            pending.entry(&delivery.subject).or_default().push(delivery);
        }
        let reports = &situation.record.reports;
        let is_cancelled = |life: &Life| matches!(life.ending, Some(Ending::Cancelled { .. }));
        let openings = reports.openings().iter();
        let openings = openings.filter(|o| !reports.life(&o.subject).is_some_and(is_cancelled));
        Self {
            situation,
            now,
            today,
            next_digest_on: situation.office.calendar.add_working_days(today, 1),
            release: Release::of(situation, now),
            live: situation.record.pending.iter().map(|p| (&p.subject, Vec::new())).collect(),
            pending,
            readers: Readers::default(),
            ladders: Ladders::default(),
            decision: Decision::default(),
            scratch: Vec::new(),
            sees_all: false,
            notes: None,
            dated: openings.map(|o| (o.plan.clone(), o.task.clone(), o.unit.clone())).collect(),
        }
    }

    pub fn taking_notes(situation: Situation<'a>, now: DateTime<Utc>, subject: &'a SubjectId) -> Self {
        Self { notes: Some((subject, Vec::new())), ..Self::new(situation, now) }
    }

    /// Decides everything.
    pub fn draw_up(mut self) -> Decision {
        self.subjects();
        self.finish()
    }

    /// Decides everything and tells what was seen of the subject.
    pub fn verdicts(mut self) -> Vec<Verdict> {
        self.subjects();
        self.notes.map(|(_, notes)| notes).unwrap_or_default()
    }

    pub fn finish(mut self) -> Decision {
        self.cancel_pointless();
        self.decision
    }

    /// Writes down a link, when notes are taken on the subject.
    pub fn link(
        &mut self,
        subject: &SubjectId,
        audience: Option<Audience>,
        recipient: Option<&Recipient>,
        link: impl FnOnce() -> Link,
    ) {
        if let Some((wanted, notes)) = &mut self.notes
            && *wanted == subject
        {
            notes.push(Verdict { audience, recipient: recipient.map(|r| r.id.clone()), link: link() });
        }
    }

    fn subjects(&mut self) {
        self.sees_all = true;
        let Situation { office, record } = self.situation;
        for occurrence in &office.agenda.occurrences {
            if occurrence.opens_on <= self.today || record.reports.has_request(occurrence.subject()) {
                self.occurrence(&record.look(occurrence));
            } else if self.notes.is_some() {
                let ending = record.reports.life(occurrence.subject()).and_then(|l| l.ending.clone());
                let not_open = || Link::NotOpen(occurrence.opens_on);
                self.link(occurrence.subject(), None, None, || ending.map_or_else(not_open, Link::Ended));
            } else if !record.reports.has_requests() {
                break;
            }
        }
        for opening in record.reports.openings() {
            match office.agenda.opened(opening, &office.calendar) {
                Some(occurrence) => self.occurrence(&record.look(&occurrence)),
                None if record.reports.life(&opening.subject).is_some_and(Life::is_closed) => {}
                None => {
                    self.decision.gaps.insert(Gap::TaskGone(opening.subject.clone()));
                }
            }
        }
        self.others();
    }

    /// Everything that is no occurrence.
    pub fn others(&mut self) {
        let record = self.situation.record;
        for dossier in &record.dossiers {
            self.dossier(dossier);
        }
        self.notices();
        for problem in &record.problems {
            self.problem(problem);
        }
        for judged in &record.targets {
            self.target(judged);
        }
    }

    pub fn occurrence(&mut self, look: &Look<'_>) {
        let Look { occurrence, life, told, row: kept } = *look;
        let (office, subject) = (self.situation.office, occurrence.subject());
        if let Some(ending) = life.and_then(|l| l.ending.as_ref()) {
            self.link(subject, None, None, || Link::Ended(ending.clone()));
            return;
        }
        if let Some(until) = life.and_then(|l| l.snoozed_until(self.today)) {
            self.link(subject, None, None, || Link::Snoozed(until));
            return;
        }
        let policy = &*occurrence.policy;
        let own = OnceCell::new();
        let kept = kept.unwrap_or(&own);
        let row = || Arc::clone(kept.get_or_init(|| Arc::new(task_row(office, occurrence, life))));
        let due = match occurrence.kind {
            OccurrenceKind::Dated(due) => {
                let due = Life::due_in_force(life, due, &office.calendar);
                let task = &occurrence.task;
                let work = Work {
                    subject,
                    policy,
                    due,
                    lead: life.and_then(|l| l.unit.as_ref()).unwrap_or(&occurrence.unit),
                    coordinating: &task.coordinating,
                    following: &office.agenda.plans[occurrence.plan].followed_by,
                    life,
                    opened_on: occurrence.document.as_ref().map(|_| occurrence.opens_on),
                    is_secret: task.secret.is_some(),
                };
                let mut candidates = std::mem::take(&mut self.scratch);
                self.candidates(&work, &mut candidates);
                let topic =
                    Topic { subject, revision_on: due.last_on, told, is_secret: task.secret.is_some(), advice: None };
                self.tell(&topic, policy, candidates.drain(..), || Item::Task { row: row(), due });
                self.scratch = candidates;
                Some(due)
            }
            OccurrenceKind::DateMissing(_) if self.is_date_given(occurrence) => {
                self.link(subject, None, None, || Link::DateGiven);
                None
            }
            OccurrenceKind::StandingNote(on) => {
                self.note(look, policy, on, || Item::Standing { row: row() });
                None
            }
            OccurrenceKind::DateMissing(on) => {
                self.note(look, policy, on, || Item::DateMissing { row: row() });
                None
            }
        };
        if let Some(life) = life {
            self.request(look, life, policy, due, row);
        }
    }

    /// Whether a document gave the unit the date that its duty waited for.
    fn is_date_given(&self, occurrence: &Occurrence) -> bool {
        let plan = self.situation.office.agenda.plans[occurrence.plan].id.clone();
        self.dated.contains(&(plan, occurrence.task.id.clone(), occurrence.unit.clone()))
    }

    /// A note is worth saying in its own month only: after a year's downtime nobody wants twelve.
    fn note(&mut self, look: &Look<'_>, policy: &Policy, on: NaiveDate, item: impl Fn() -> Item) {
        let Look { occurrence, life, told, .. } = *look;
        let subject = occurrence.subject();
        let unit = life.and_then(|l| l.unit.as_ref()).unwrap_or(&occurrence.unit);
        let resumed_on = life.and_then(|l| l.resumed_on(Some(unit), None, self.today));
        // What somebody put off is said when that ends, however late in the period.
        let fresh_from = resumed_on.map_or(on, |resumed| resumed.max(on));
        if self.situation.office.calendar.working_days_between(fresh_from, self.today) > NOTE_FRESH_WORKING_DAYS {
            self.link(subject, None, None, || Link::NotePast(on));
            return;
        }
        if on > self.today {
            self.link(subject, None, None, || Link::NotOpen(on));
            return;
        }
        if life.is_some_and(Life::is_disputed) {
            self.link(subject, Some(Audience::Lead), None, || Link::Disputed);
            return;
        }
        if let Some(until) = life.and_then(|l| l.quiet_until(unit, None, self.today)) {
            self.link(subject, Some(Audience::Lead), None, || Link::Acknowledged(unit.clone(), until));
            return;
        }
        let is_secret = occurrence.task.secret.is_some();
        let rung = Rung { offset: 0, on };
        let candidates = self.all_of(unit, is_secret, Audience::Lead, rung, Reason::Note, resumed_on);
        let topic = Topic { subject, revision_on: on, told, is_secret, advice: None };
        self.tell(&topic, policy, candidates, item);
    }

    /// A request goes to who follows the plan until it is answered; the answer goes back once.
    fn request(
        &mut self,
        look: &Look<'_>,
        life: &Life,
        policy: &Policy,
        due: Option<Due>,
        row: impl Fn() -> Arc<TaskRow>,
    ) {
        let Look { occurrence, told, .. } = *look;
        let office = self.situation.office;
        let (subject, is_secret) = (occurrence.subject(), occurrence.task.secret.is_some());
        for (audience, asked) in [(Audience::Decider, &life.extension), (Audience::Assigner, &life.dispute)] {
            let Some(Asked { request, on, by, number }) = asked else { continue };
            let days = office.calendar.working_days_between(*on, self.today);
            let waited = i32::try_from(days - days % REQUEST_REPEATED_AFTER).unwrap_or(0).min(REQUEST_STEP - 1);
            let offset = i32::try_from(*number).unwrap_or(0) * REQUEST_STEP + waited;
            let rung = Rung { offset, on: office.calendar.add_working_days(*on, waited) };
            let following = &office.agenda.plans[occurrence.plan].followed_by;
            let candidates = self.deciders(audience, is_secret, following, rung);
            let right = match request {
                Request::NotOurs { right, .. } => right.as_ref().map(|u| office.directory.unit_name(u).to_owned()),
                Request::Extension { .. } => None,
            };
            let topic = Topic { subject, revision_on: *on, told, is_secret, advice: None };
            self.tell(&topic, policy, candidates, || Item::Asked {
                row: row(),
                due,
                request: request.clone(),
                right: right.clone(),
                by: by.clone(),
                on: *on,
            });
        }
        let answers = [(Audience::Asker, &life.extension_answer), (Audience::Assignee, &life.dispute_answer)];
        for (audience, answered) in answers {
            let Some(Answered { answer, on, number }) = answered else { continue };
            // What was answered during a pause is told when that ends.
            let fresh_from = life.resumed_on(None, due, self.today).map_or(*on, |resumed| resumed.max(*on));
            if office.calendar.working_days_between(fresh_from, self.today) > NOTE_FRESH_WORKING_DAYS {
                continue;
            }
            let in_charge = life.unit.as_ref().unwrap_or(&occurrence.unit);
            let mut units = vec![in_charge];
            // Whose work it is concerns both who is relieved and who is in charge now.
            if audience == Audience::Assignee && *in_charge != occurrence.unit {
                units.insert(0, &occurrence.unit);
            }
            let rung = Rung { offset: i32::try_from(*number).unwrap_or(0), on: *on };
            let mut candidates = Vec::new();
            for unit in units {
                candidates.extend(self.all_of(unit, is_secret, audience, rung, Reason::Decision, None));
            }
            let topic = Topic { subject, revision_on: *on, told, is_secret, advice: None };
            self.tell(&topic, policy, candidates, || Item::Answered { row: row(), due, answer: answer.clone() });
        }
    }

    fn problem(&mut self, problem: &Problem) {
        let Situation { office, record } = self.situation;
        // Most troubles of a network end by themselves; `status` shows them from the first moment.
        if self.now - problem.opened_at < PROBLEM_GRACE {
            return;
        }
        // A gap of the configuration that this very decision no longer fell into is cured.
        let is_gap = problem.key.starts_with(GAP_PREFIX) && self.sees_all;
        if is_gap && !self.decision.gaps.iter().any(|gap| gap.key() == problem.key) {
            return;
        }
        let on = office.hours.date(problem.opened_at);
        let candidates = self.administrator(Rung { offset: 0, on }, Reason::Problem);
        let subject = format!("problem:{}@{}", problem.key, problem.opened_at.timestamp()).into();
        let told = record.told.get(&subject).map_or(&[][..], Vec::as_slice);
        let topic = Topic { subject: &subject, revision_on: on, told, is_secret: false, advice: None };
        self.tell(&topic, &Policy::default(), candidates, || Item::Problem {
            sentence: problem.sentence.clone(),
            opened_at: problem.opened_at,
        });
    }

    /// The administrator as the only candidate; none when there is no way to reach them.
    pub fn administrator(&mut self, rung: Rung, reason: Reason) -> Vec<Candidate> {
        let office = self.situation.office;
        let recipient = office.directory.recipient(&office.administrator, self.today);
        let candidate = |r| Candidate {
            audience: Audience::Administrator,
            recipient: Arc::new(r),
            rung,
            reason,
            cannot_wait: false,
            resumed_on: None,
        };
        recipient.map(candidate).into_iter().collect()
    }

    fn notices(&mut self) {
        let years = [self.today.year(), self.today.year() + 1];
        let is_time =
            |year: i32| year == self.today.year() || (self.today.month(), self.today.day()) >= NOTICE_EXPECTED_BY;
        let calendar = &self.situation.office.calendar;
        let missing = years.into_iter().filter(|year| is_time(*year) && !calendar.is_official(*year));
        self.decision.gaps.extend(missing.map(Gap::NoticeMissing));
    }
}

/// Requests about one work are told apart by thousands, the days that one has waited by units.
pub const REQUEST_STEP: i32 = 1000;

/// The next day after `today` on which something new may be said of an occurrence, as long as nobody reports
/// anything and the same people read; `None` when there is none.
#[must_use]
pub fn next_change(office: &Office, look: &Look<'_>, today: NaiveDate) -> Option<NaiveDate> {
    let Look { occurrence, life, .. } = *look;
    let calendar = &office.calendar;
    let mut days: Vec<NaiveDate> = Vec::new();
    if let OccurrenceKind::Dated(due) = occurrence.kind {
        let due = Life::due_in_force(life, due, calendar);
        let policy = &occurrence.policy;
        let roles = [&policy.lead, &policy.coordinating, &policy.following];
        days.extend(roles.iter().filter_map(|t| t.next_rung(due, today, calendar)).map(|r| r.on));
        let steps = policy.escalation.iter();
        days.extend(steps.map(|s| calendar.add_working_days(due.last_on, i32::from(s.after))));
        days.extend(policy.data_closing_on(due).map(|on| calendar.last_working_day_until(on)));
    }
    days.push(occurrence.opens_on);
    if let Some(life) = life {
        days.extend(life.acknowledged.values().map(|quiet| quiet.until_on));
        days.extend(life.snoozed.iter().map(|(until, _)| *until));
        let asked = life.extension.iter().chain(&life.dispute);
        days.extend(asked.map(|_| calendar.add_working_days(today, 1)));
    }
    days.into_iter().filter(|day| *day > today).min()
}

/// Month and day by which next year's notice has usually come out.
const NOTICE_EXPECTED_BY: (u32, u32) = (12, 15);
/// How long a problem lasts before the administrator gets a message.
const PROBLEM_GRACE: chrono::Duration = chrono::Duration::minutes(30);
/// How long after its day a note is still worth saying.
const NOTE_FRESH_WORKING_DAYS: u32 = 10;
/// A request that nobody answered is repeated after so many working days.
const REQUEST_REPEATED_AFTER: u32 = 2;

/// What messages say of the row; of a duty marked secret its number only.
#[must_use]
pub fn task_row(office: &Office, occurrence: &Occurrence, life: Option<&Life>) -> TaskRow {
    let task = &occurrence.task;
    if let Some(secret) = &task.secret {
        let nothing: Arc<str> = "".into();
        let blank = || Arc::clone(&nothing);
        return TaskRow {
            plan: blank(),
            task: blank(),
            content: blank(),
            product: blank(),
            phrase: blank(),
            period: blank(),
            unit: blank(),
            coordinating: Vec::new(),
            document: None,
            reference: Some(Arc::clone(&secret.reference)),
        };
    }
    let directory = &office.directory;
    let unit = life.and_then(|l| l.unit.as_ref()).unwrap_or(&occurrence.unit);
    TaskRow {
        plan: Arc::clone(&office.agenda.plans[occurrence.plan].title),
        task: task.id.to_shared(),
        content: Arc::clone(&task.content),
        product: Arc::clone(&task.product),
        phrase: Arc::clone(&task.phrase),
        period: Arc::clone(&occurrence.period),
        unit: directory.shared_unit_name(unit),
        coordinating: task.coordinating.iter().map(|u| directory.shared_unit_name(u)).collect(),
        document: occurrence.document.clone(),
        reference: None,
    }
}
