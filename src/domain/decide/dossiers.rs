//! Owns what is said of dossiers and petitions, and of the papers that are owed for late ones.

use std::sync::Arc;

use chrono::{DateTime, Days, Utc};

use super::{
    Gap, Situation,
    candidates::{Candidate, Work},
    draft::Draft,
    telling::Topic,
    verdict::Link,
};
use crate::domain::{
    deadline::Due,
    dossier::{DossierStatus, Duty, SourceKind, TrackedDossier, dossier_subject},
    ids::{PersonId, SourceId, SubjectId, UnitId},
    life::Life,
    notification::{Audience, Item},
    office::SourceRules,
    policy::Policy,
};

/// A dossier with what the office's configuration and its people's reports make of it.
struct Case<'c> {
    tracked: &'c TrackedDossier,
    rules: &'c SourceRules,
    life: Option<&'c Life>,
    unit: &'c UnitId,
    /// Who of the unit is told besides its readers.
    person: Option<PersonId>,
}

impl Draft<'_> {
    pub fn dossier(&mut self, tracked: &TrackedDossier) {
        let Situation { office, record } = self.situation;
        let Some(rules) = office.sources.get(&tracked.source) else { return };
        let dossier = &tracked.dossier;
        let subject = dossier_subject(&tracked.source, &dossier.code);
        let life = record.reports.life(&subject);
        if let Some(ending) = life.and_then(|l| l.ending.as_ref()) {
            self.link(&subject, None, None, || Link::Ended(ending.clone()));
            return;
        }
        let holder = rules.holder(dossier);
        let unit = holder.map_or(&rules.fallback, |rule| &rule.unit);
        let named = || dossier.handler.as_deref().and_then(|name| office.directory.person_named(name)).cloned();
        let person = holder.and_then(|rule| rule.person.clone()).or_else(named);
        let case = Case { tracked, rules, life, unit, person };
        self.appointment(&case, &subject, holder.is_some());
        self.late_duties(&case);
        self.forwarding(&case);
    }

    /// The dossier itself, until its appointment is kept.
    fn appointment(&mut self, case: &Case<'_>, subject: &SubjectId, has_holder: bool) {
        let Situation { office, record } = self.situation;
        let Case { tracked, rules, .. } = *case;
        let dossier = &tracked.dossier;
        let is_running = dossier.status.clock_runs() && tracked.closed_at.is_none();
        // A dossier that the last believed answer no longer held is neither reminded of nor closed; what
        // waits is taken back, and leaves at once should the dossier be there again.
        let (true, 0, Some(due_at)) = (is_running, tracked.missing_polls, office.due_in_force(dossier, case.life))
        else {
            self.link(subject, None, None, || match (is_running, tracked.missing_polls) {
                (false, _) => Link::ClockStopped(dossier.status),
                (true, 0) => Link::NoAppointment,
                (true, _) => Link::MissingFromSource,
            });
            return;
        };
        if dossier.status == DossierStatus::Unmapped {
            self.decision
                .gaps
                .insert(Gap::UnmappedStatus { source: tracked.source.clone(), status: dossier.status_raw.clone() });
        }
        let due = Due::on(office.hours.date(due_at), &office.calendar);
        // An office without any rule gives all of them to the fallback, knowingly.
        let is_strange = !has_holder && !rules.holders.is_empty();
        if is_strange && rules.policy.opens_on(due, &office.calendar) <= self.today {
            let places = [&dossier.unit, &dossier.step, &dossier.field, &dossier.agency];
            let place = places.into_iter().flatten().next().cloned().unwrap_or_default();
            self.unknown_holder(&tracked.source, place);
        }
        let mut candidates = self.case_candidates(case, subject, &rules.policy, due);
        self.and_person(case, &mut candidates);
        let told = record.told.get(subject).map_or(&[][..], Vec::as_slice);
        let topic =
            Topic { subject, revision_on: due.last_on, told, is_secret: false, advice: self.last_call(case, due) };
        // In the policy's own days: those of the calendar run ahead of the office's.
        let reached = rules.policy.lead.reached(due, self.today, &office.calendar);
        let late = reached.and_then(|rung| u32::try_from(rung.offset).ok()).filter(|offset| *offset > 0);
        let urged = late.map(|offset| record.times_urged(subject, due.last_on, offset) + 1);
        self.tell(&topic, &rules.policy, candidates, || Item::Dossier {
            code: dossier.code.clone(),
            procedure: dossier.procedure.clone(),
            unit: office.directory.unit_name(case.unit).to_owned(),
            due_at,
            first_due_at: dossier.due_at.filter(|first| *first < due_at),
            due,
            seen_at: tracked.seen_at,
            urged,
            is_petition: rules.kind == SourceKind::Petitions,
        });
    }

    /// A source whose every step nobody named needs a line, not hundreds.
    fn unknown_holder(&mut self, source: &SourceId, place: String) {
        let is_of_source = |gap: &&Gap| matches!(gap, Gap::UnknownHolder { source: known, .. } if known == source);
        let many = self.decision.gaps.iter().filter(is_of_source).count() >= MOST_PLACES;
        let place = if many { AND_OTHERS.to_owned() } else { place };
        self.decision.gaps.insert(Gap::UnknownHolder { source: source.clone(), place });
    }

    fn case_candidates(&mut self, case: &Case<'_>, subject: &SubjectId, policy: &Policy, due: Due) -> Vec<Candidate> {
        let work = Work {
            subject,
            policy,
            due,
            lead: case.unit,
            coordinating: &[],
            following: &case.rules.followed_by,
            life: None,
            opened_on: None,
            is_secret: false,
        };
        let mut candidates = Vec::new();
        self.candidates(&work, &mut candidates);
        candidates
    }

    /// The official who has it in hand is told like the readers of the unit, and before their superiors.
    fn and_person(&self, case: &Case<'_>, candidates: &mut Vec<Candidate>) {
        let directory = &self.situation.office.directory;
        let Some(recipient) = case.person.as_ref().and_then(|p| directory.recipient(p, self.today)) else { return };
        let Some(at) = candidates.iter().position(|c| c.audience == Audience::Lead) else { return };
        if candidates.iter().any(|c| c.audience == Audience::Lead && c.recipient.id == recipient.id) {
            return;
        }
        let Candidate { audience, rung, reason, cannot_wait, resumed_on, .. } = candidates[at];
        let recipient = Arc::new(recipient);
        candidates.insert(at, Candidate { audience, recipient, rung, reason, cannot_wait, resumed_on });
    }

    /// On the last working day that is at least a day before the appointment: the result, or an apology that is still
    /// in time. Said once a new appointment was given only of the result: there is no second one.
    fn last_call<'c>(&self, case: &Case<'c>, due: Due) -> Option<&'c Arc<str>> {
        let late = case.rules.policy.late.as_ref()?;
        let day = apology_due(due, self);
        let is_first = case.tracked.dossier.due_at.map(|at| self.situation.office.hours.date(at)) == Some(due.last_on);
        let has_apologised = case.life.is_some_and(|l| l.apology.is_some());
        late.last_call.as_ref().filter(|_| self.today == day.last_on && is_first && !has_apologised)
    }

    /// Apology and explanation of a late dossier, whether it has ended meanwhile or not.
    fn late_duties(&mut self, case: &Case<'_>) {
        let Case { tracked, rules, life, .. } = *case;
        let (Some(late), Some(due_at)) = (&rules.policy.late, tracked.dossier.due_at) else { return };
        let office = self.situation.office;
        let due = Due::on(office.hours.date(due_at), &office.calendar);
        let is_late = office.owes_papers(tracked, self.today);
        let explained_by = office.calendar.add_working_days(due.last_on, i32::from(late.explain_within));
        let duties = [
            (Duty::Apology, &late.apology, apology_due(due, self), life.and_then(|l| l.apology.as_ref())),
            (
                Duty::Explanation,
                &late.explanation,
                Due::on(explained_by, &office.calendar),
                life.and_then(|l| l.explanation.as_ref()),
            ),
        ];
        for (duty, name, due, recorded) in duties {
            let subject = duty.subject(&tracked.source, &tracked.dossier.code);
            if !is_late || recorded.is_some() {
                self.link(&subject, None, None, || Link::NotOwed(recorded.cloned()));
                continue;
            }
            self.duty(case, &subject, (duty, name), due, due_at, &late.policy);
        }
    }

    /// Forwarding a petition that is not for this office to answer, as long as nobody has recorded it.
    fn forwarding(&mut self, case: &Case<'_>) {
        let Case { tracked, rules, .. } = *case;
        let (SourceKind::Petitions, Some(received_at)) = (rules.kind, tracked.dossier.received_at) else { return };
        if !tracked.dossier.status.clock_runs() || tracked.closed_at.is_some() || tracked.missing_polls > 0 {
            return;
        }
        let office = self.situation.office;
        let on = rules.limits.forward_by(office.hours.date(received_at), &office.calendar);
        // Afterwards it is this office's to answer, late or not.
        if self.today > on {
            return;
        }
        let subject = Duty::Forwarding.subject(&tracked.source, &tracked.dossier.code);
        let policy = forwarding_policy();
        let due = Due::on(on, &office.calendar);
        self.duty(case, &subject, (Duty::Forwarding, &FORWARDING.into()), due, received_at, &policy);
    }

    fn duty(
        &mut self,
        case: &Case<'_>,
        subject: &SubjectId,
        (duty, name): (Duty, &Arc<str>),
        due: Due,
        of_at: DateTime<Utc>,
        policy: &Policy,
    ) {
        let Situation { office, record } = self.situation;
        let Case { tracked, unit, .. } = *case;
        let mut candidates = self.case_candidates(case, subject, policy, due);
        self.and_person(case, &mut candidates);
        let told = record.told.get(subject).map_or(&[][..], Vec::as_slice);
        let topic = Topic { subject, revision_on: due.last_on, told, is_secret: false, advice: None };
        self.tell(&topic, policy, candidates, || Item::Duty {
            duty,
            name: Arc::clone(name),
            code: tracked.dossier.code.clone(),
            procedure: tracked.dossier.procedure.clone(),
            unit: office.directory.unit_name(unit).to_owned(),
            due,
            of_at,
            is_ended: tracked.closed_at.is_some(),
        });
    }
}

/// Places without a holder that are named one by one.
const MOST_PLACES: usize = 20;
/// The others.
const AND_OTHERS: &str = "… và những nơi khác";

/// What forwarding is called.
const FORWARDING: &str = "chuyển đơn đến cơ quan có thẩm quyền, nếu không thuộc thẩm quyền của cơ quan mình";

/// A day before, and on the last day.
fn forwarding_policy() -> Policy {
    let mut policy = Policy::default();
    policy.lead.before = vec![1, 0];
    policy
}

/// The last day on which the apology is in time: the last working day at least one day before the appointment
/// (Nghị định 61/2018/NĐ-CP, Điều 19.9: "01 ngày", a calendar day).
fn apology_due(due: Due, draft: &Draft<'_>) -> Due {
    let calendar = &draft.situation.office.calendar;
    Due::on(calendar.last_working_day_until(due.last_on - Days::new(1)), calendar)
}
