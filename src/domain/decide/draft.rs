//! Owns how a decision comes about, subject by subject.

use std::{collections::HashMap, sync::Arc};

use chrono::{DateTime, Datelike, NaiveDate, Utc};

use super::{CancelReason, Cancellation, Decision, Gap, PendingDelivery, Problem, Situation, Told};
use crate::domain::{
    deadline::Due,
    directory::{Recipient, Route},
    dossier::{DossierStatus, TrackedDossier},
    ids::{SubjectId, UnitId},
    notification::{Audience, Item, Notification, NotificationKey, Reason, TaskRow},
    occurrence::{Occurrence, OccurrenceKind},
    office::Office,
    plan::Role,
    policy::{Policy, Rung, Superior},
};

/// Draws up the decision at `now`.
pub fn draw_up(situation: Situation<'_>, now: DateTime<Utc>) -> Decision {
    let mut draft = Draft::new(situation, now);
    let today = draft.today;
    for occurrence in situation.office.agenda.occurrences.iter().take_while(|o| o.opens_on <= today) {
        if !situation.record.completed.contains(&occurrence.subject) {
            draft.occurrence(occurrence);
        }
    }
    for dossier in &situation.record.dossiers {
        draft.dossier(dossier);
    }
    for problem in &situation.record.problems {
        draft.problem(problem);
    }
    draft.notices();
    draft.cancel_pointless();
    draft.decision
}

/// Somebody who would be told of a subject, before it is known whether they were told already.
struct Candidate {
    audience: Audience,
    recipient: Arc<Recipient>,
    rung: Rung,
    reason: Reason,
    /// A stronger rung falls due by the next digest: this one is said before it or never.
    cannot_wait: bool,
}

/// Somebody whom a subject concerns today, told already or not.
struct Concerned {
    revision_on: NaiveDate,
    audience: Audience,
    recipient: String,
    routes: Vec<Route>,
}

struct Draft<'a> {
    situation: Situation<'a>,
    now: DateTime<Utc>,
    today: NaiveDate,
    /// For each subject with pending deliveries: who is concerned by it now, and how they are reached.
    live: HashMap<&'a SubjectId, Vec<Concerned>>,
    /// Who reads the messages of a unit, looked up once.
    readers: HashMap<UnitId, Arc<[Arc<Recipient>]>>,
    decision: Decision,
}

impl<'a> Draft<'a> {
    fn new(situation: Situation<'a>, now: DateTime<Utc>) -> Self {
        let live = situation.record.pending.iter().map(|p| (&p.subject, Vec::new())).collect();
        Self {
            situation,
            now,
            today: situation.office.hours.date(now),
            live,
            readers: HashMap::new(),
            decision: Decision::default(),
        }
    }

    fn occurrence(&mut self, occurrence: &Occurrence) {
        let office = self.situation.office;
        let Some(policy) = office.agenda.policies.get(&occurrence.task.policy) else { return };
        match occurrence.kind {
            OccurrenceKind::Dated(due) => {
                let following = &office.agenda.plans[occurrence.plan].followed_by;
                let task = &occurrence.task;
                let candidates = self.candidates(policy, due, &occurrence.unit, &task.coordinating, following);
                self.tell(&occurrence.subject, due.last_on, policy, candidates, || Item::Task {
                    row: task_row(office, occurrence),
                    due,
                });
            }
            OccurrenceKind::StandingNote(on) => self.note(occurrence, on, |row| Item::Standing { row }),
            OccurrenceKind::DateMissing(on) => self.note(occurrence, on, |row| Item::DateMissing { row }),
        }
    }

    /// A note is worth saying in its own month only: after a year's downtime nobody wants twelve.
    fn note(&mut self, occurrence: &Occurrence, on: NaiveDate, item: impl Fn(TaskRow) -> Item) {
        let office = self.situation.office;
        let is_current = office.calendar.working_days_between(on, self.today) <= NOTE_FRESH_WORKING_DAYS;
        let Some(policy) = office.agenda.policies.get(&occurrence.task.policy).filter(|_| is_current) else { return };
        let rung = Rung { offset: 0, on };
        let candidates = self
            .recipients(&occurrence.unit)
            .iter()
            .cloned()
            .map(|recipient| Candidate {
                audience: Audience::Lead,
                recipient,
                rung,
                reason: Reason::Note,
                cannot_wait: false,
            })
            .collect();
        self.tell(&occurrence.subject, on, policy, candidates, || item(task_row(office, occurrence)));
    }

    fn dossier(&mut self, tracked: &TrackedDossier) {
        let office = self.situation.office;
        let Some(rules) = office.sources.get(&tracked.source) else { return };
        let dossier = &tracked.dossier;
        // A dossier that the last believed answer no longer held is neither reminded of nor closed; what
        // waits is taken back, and leaves at once should the dossier be there again.
        let (true, 0, Some(due_at)) = (dossier.status.clock_runs(), tracked.missing_polls, dossier.due_in_force())
        else {
            return;
        };
        if dossier.status == DossierStatus::Unmapped {
            self.decision
                .gaps
                .insert(Gap::UnmappedStatus { source: tracked.source.clone(), status: dossier.status_raw.clone() });
        }
        let due = Due::on(office.hours.date(due_at), &office.calendar);
        let holder = rules.holder(dossier);
        if holder.is_none() && rules.policy.opens_on(due, &office.calendar) <= self.today {
            let place = dossier.step.as_ref().or(dossier.field.as_ref()).or(dossier.agency.as_ref());
            let place = place.cloned().unwrap_or_default();
            self.decision.gaps.insert(Gap::UnknownHolder { source: tracked.source.clone(), place });
        }
        let unit = holder.unwrap_or(&rules.fallback);
        let candidates = self.candidates(&rules.policy, due, unit, &[], &rules.followed_by);
        let subject = format!("dossier:{}/{}", tracked.source, dossier.code).into();
        self.tell(&subject, due.last_on, &rules.policy, candidates, || Item::Dossier {
            code: dossier.code.clone(),
            procedure: dossier.procedure.clone(),
            unit: office.directory.unit_name(unit).to_owned(),
            due_at,
            first_due_at: dossier.due_at.filter(|first| *first < due_at),
            due,
            seen_at: tracked.seen_at,
        });
    }

    fn problem(&mut self, problem: &Problem) {
        let office = self.situation.office;
        let Some(recipient) = office.directory.recipient(&office.administrator) else {
            return;
        };
        // Most troubles of a network end by themselves; `status` shows them from the first moment.
        if self.now - problem.opened_at < PROBLEM_GRACE {
            return;
        }
        let on = office.hours.date(problem.opened_at);
        let candidate = Candidate {
            audience: Audience::Administrator,
            recipient: Arc::new(recipient),
            rung: Rung { offset: 0, on },
            reason: Reason::Problem,
            cannot_wait: false,
        };
        let subject = format!("problem:{}@{}", problem.key, problem.opened_at.timestamp()).into();
        self.tell(&subject, on, &Policy::default(), vec![candidate], || Item::Problem {
            sentence: problem.sentence.clone(),
            opened_at: problem.opened_at,
        });
    }

    fn notices(&mut self) {
        let years = [self.today.year(), self.today.year() + 1];
        let is_time =
            |year: i32| year == self.today.year() || (self.today.month(), self.today.day()) >= NOTICE_EXPECTED_BY;
        let calendar = &self.situation.office.calendar;
        let missing = years.into_iter().filter(|year| is_time(*year) && !calendar.is_official(*year));
        self.decision.gaps.extend(missing.map(Gap::NoticeMissing));
    }

    /// Everybody whose ladder has reached a rung, the strongest audience first.
    fn candidates(
        &mut self,
        policy: &Policy,
        due: Due,
        lead: &UnitId,
        coordinating: &[UnitId],
        following: &[UnitId],
    ) -> Vec<Candidate> {
        let is_overdue = self.today > due.last_on;
        let reason = match (is_overdue, self.today >= due.safe_on) {
            (true, _) => Reason::Overdue,
            (false, true) => Reason::DueNow,
            (false, false) => Reason::Upcoming,
        };
        let mut candidates = self.role_candidates(policy, Role::Lead, due, std::slice::from_ref(lead), reason);
        if is_overdue {
            candidates.extend(self.escalation_candidates(policy, due, lead));
        }
        let others: Vec<UnitId> = coordinating.iter().filter(|u| *u != lead).cloned().collect();
        candidates.extend(self.role_candidates(policy, Role::Coordinating, due, &others, reason));
        candidates.extend(self.role_candidates(policy, Role::Following, due, following, reason));
        candidates
    }

    fn role_candidates(
        &mut self,
        policy: &Policy,
        role: Role,
        due: Due,
        units: &[UnitId],
        reason: Reason,
    ) -> Vec<Candidate> {
        let Some(rung) = policy.triggers(role).reached(due, self.today, &self.situation.office.calendar) else {
            return Vec::new();
        };
        let audience = match role {
            Role::Lead => Audience::Lead,
            Role::Coordinating => Audience::Coordinating,
            Role::Following => Audience::Following,
        };
        let next = policy.triggers(role).reached(due, self.next_digest_on(), &self.situation.office.calendar);
        let cannot_wait = next.is_some_and(|n| n.offset > rung.offset);
        let candidate = |recipient| Candidate { audience, recipient, rung, reason, cannot_wait };
        let mut candidates = Vec::new();
        for unit in units {
            candidates.extend(self.recipients(unit).iter().cloned().map(candidate));
        }
        candidates
    }

    fn escalation_candidates(&mut self, policy: &Policy, due: Due, lead: &UnitId) -> Vec<Candidate> {
        let office = self.situation.office;
        let days_late = office.calendar.working_days_between(due.last_on, self.today);
        let reached = policy.escalation.iter().rev().filter(|step| u32::from(step.after) <= days_late);
        let mut candidates = Vec::new();
        for step in reached {
            // Named by its days, not by its place in the list: a step put in between repeats none of the others.
            let audience = Audience::Escalation(step.after);
            let rung = Rung {
                offset: i32::from(step.after),
                on: office.calendar.add_working_days(due.last_on, i32::from(step.after)),
            };
            for superior in &step.tell {
                let (person, name) = match superior {
                    Superior::UnitHead => (
                        office.directory.units.get(lead).and_then(|u| u.head.as_ref()),
                        format!("trưởng {}", office.directory.unit_name(lead)),
                    ),
                    Superior::Position(position) => (office.directory.positions.get(position), position.clone()),
                };
                match person.and_then(|id| office.directory.recipient(id)) {
                    Some(recipient) => {
                        candidates.push(Candidate {
                            audience,
                            recipient: Arc::new(recipient),
                            rung,
                            reason: Reason::Escalated,
                            cannot_wait: false,
                        });
                    }
                    None => {
                        self.decision.gaps.insert(Gap::VacantPosition(name));
                    }
                }
            }
        }
        candidates
    }

    fn recipients(&mut self, unit: &UnitId) -> Arc<[Arc<Recipient>]> {
        if let Some(readers) = self.readers.get(unit) {
            return Arc::clone(readers);
        }
        let directory = &self.situation.office.directory;
        let recipients = directory.recipients_of(unit);
        let contacts = directory.units.get(unit).map_or(&[][..], |u| &u.contacts);
        let silent = contacts.iter().filter(|id| directory.recipient(id).is_none());
        self.decision.gaps.extend(silent.map(|id| Gap::NoAddress(id.clone())));
        if recipients.is_empty() {
            self.decision.gaps.insert(Gap::NobodyReachable(unit.clone()));
        }
        let readers: Arc<[Arc<Recipient>]> = recipients.into_iter().map(Arc::new).collect();
        self.readers.insert(unit.clone(), Arc::clone(&readers));
        readers
    }

    /// Turns the candidates that were not told yet into notifications: one message a person, in the
    /// strongest audience; the weaker ones are recorded as merged into it.
    fn tell(
        &mut self,
        subject: &SubjectId,
        revision_on: NaiveDate,
        policy: &Policy,
        candidates: Vec<Candidate>,
        item: impl Fn() -> Item,
    ) {
        if let Some(concerned) = self.live.get_mut(subject) {
            concerned.extend(candidates.iter().map(|c| Concerned {
                revision_on,
                audience: c.audience,
                recipient: c.recipient.id.clone(),
                routes: c.recipient.routes.clone(),
            }));
        }
        let told = self.situation.record.told.get(subject).map_or(&[][..], Vec::as_slice);
        let mut said: Vec<(String, String)> = Vec::new();
        for Candidate { audience, recipient, rung, reason, cannot_wait } in candidates {
            let is_told = |t: &Told| {
                t.revision_on == revision_on
                    && t.audience == audience
                    && t.recipient == recipient.id
                    && t.offset >= rung.offset
            };
            if told.iter().any(is_told) {
                continue;
            }
            let key = NotificationKey {
                subject: subject.clone(),
                revision_on,
                offset: rung.offset,
                audience,
                recipient: recipient.id.clone(),
            };
            let merged_into = said.iter().find(|(id, _)| *id == recipient.id).map(|(_, key)| key.clone());
            if merged_into.is_none() {
                said.push((recipient.id.clone(), key.to_string()));
            }
            self.supersede(&key);
            let advice = (audience == Audience::Lead).then(|| policy.advice_at(rung.offset)).flatten();
            self.decision.notify.push(Notification {
                key,
                reason,
                item: item(),
                advice: advice.map(str::to_owned),
                routes: recipient.routes.clone(),
                not_before: self.release_at(reason.is_urgent() || cannot_wait),
                merged_into,
            });
        }
    }

    /// A waiting message of a weaker rung is contained in the new one.
    fn supersede(&mut self, key: &NotificationKey) {
        let is_weaker = |p: &&PendingDelivery| {
            p.subject == key.subject
                && p.told.revision_on == key.revision_on
                && p.told.audience == key.audience
                && p.told.recipient == key.recipient
                && p.told.offset < key.offset
        };
        let weaker = self.situation.record.pending.iter().filter(is_weaker);
        self.decision.cancel.extend(weaker.map(|p| Cancellation { id: p.id, reason: CancelReason::Superseded }));
    }

    /// The civil day of the first digest after today's.
    fn next_digest_on(&self) -> NaiveDate {
        self.situation.office.calendar.add_working_days(self.today, 1)
    }

    /// The next digest; at once when waiting for it would be too late, or when this is the first
    /// decision after today's digest moment because the daemon was down.
    fn release_at(&self, is_urgent: bool) -> DateTime<Utc> {
        let Situation { office, record } = self.situation;
        let digest = office.hours.digest_moment(self.today);
        if !office.hours.is_sending_time(&office.calendar, self.now.max(digest)) {
            return office.hours.next_digest(&office.calendar, self.now);
        }
        let missed_digest = record.last_decided_at.is_none_or(|at| at < digest);
        if self.now <= digest {
            digest
        } else if is_urgent || missed_digest {
            self.now
        } else {
            office.hours.next_digest(&office.calendar, self.now)
        }
    }

    /// Takes back what no longer concerns its recipient, or would go to an address they no longer have.
    fn cancel_pointless(&mut self) {
        for pending in &self.situation.record.pending {
            let Told { revision_on, audience, recipient, .. } = &pending.told;
            let concerns = |c: &Concerned| {
                c.revision_on == *revision_on
                    && c.audience == *audience
                    && c.recipient == *recipient
                    && c.routes.contains(&pending.route)
            };
            let is_live = self.live.get(&pending.subject).is_some_and(|concerned| concerned.iter().any(concerns));
            let is_cancelled = self.decision.cancel.iter().any(|c| c.id == pending.id);
            if !is_live && !is_cancelled {
                self.decision.cancel.push(Cancellation { id: pending.id, reason: CancelReason::Withdrawn });
            }
        }
    }
}

/// Month and day by which next year's notice has usually come out.
const NOTICE_EXPECTED_BY: (u32, u32) = (12, 15);
/// How long a problem lasts before the administrator gets a message.
const PROBLEM_GRACE: chrono::Duration = chrono::Duration::minutes(30);
/// How long after its day a note is still worth saying.
const NOTE_FRESH_WORKING_DAYS: u32 = 10;

fn task_row(office: &Office, occurrence: &Occurrence) -> TaskRow {
    let task = &occurrence.task;
    TaskRow {
        plan: office.agenda.plans[occurrence.plan].title.clone(),
        task: task.id.to_string(),
        content: task.content.clone(),
        product: task.product.clone(),
        phrase: task.phrase.clone(),
        period: occurrence.period.clone(),
        unit: office.directory.unit_name(&occurrence.unit).to_owned(),
        coordinating: task.coordinating.iter().map(|u| office.directory.unit_name(u).to_owned()).collect(),
    }
}
