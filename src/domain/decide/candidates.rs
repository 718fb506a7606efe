//! Owns who would be told of a piece of work today, as what and at which rung; not whether they were told already.

use std::{cell::OnceCell, ptr, sync::Arc};

use chrono::NaiveDate;
use foldhash::HashMap;

use super::{Gap, draft::Draft, verdict::Link};
use crate::domain::{
    calendar::WorkCalendar,
    deadline::Due,
    directory::{ChannelKind, Directory, Recipient},
    ids::{PersonId, SubjectId, UnitId},
    life::Life,
    notification::{Audience, Reason},
    plan::Role,
    policy::{EscalationStep, Policy, Rung, Superior},
};

/// Somebody who would be told of a subject, before it is known whether they were told already.
pub struct Candidate {
    pub audience: Audience,
    pub recipient: Arc<Recipient>,
    pub rung: Rung,
    pub reason: Reason,
    /// A stronger rung falls due by the next digest: this one is said before it or never.
    pub cannot_wait: bool,
    /// The end of the last silence that was asked for.
    pub resumed_on: Option<NaiveDate>,
}

/// Work with a due date: a task's occurrence or a dossier.
pub struct Work<'w> {
    pub subject: &'w SubjectId,
    pub policy: &'w Policy,
    pub due: Due,
    pub lead: &'w UnitId,
    pub coordinating: &'w [UnitId],
    pub following: &'w [UnitId],
    pub life: Option<&'w Life>,
    /// When a document opened it; then it is told of with the next digest.
    pub opened_on: Option<NaiveDate>,
    /// Whether only e-mail may carry it.
    pub is_secret: bool,
}

/// What the ladders of policies have reached today, as far as it was asked for.
#[derive(Default)]
pub struct Ladders {
    /// By due date, and the policy's place in memory, where it stays as long as the office does.
    known: HashMap<(Due, *const Policy), usize>,
    reached: Vec<Reached>,
    /// The one asked for last: occurrences that open on a day often share it.
    last: Option<((Due, *const Policy), usize)>,
}

/// What the ladders of one policy have reached for one due date.
#[derive(Default)]
struct Reached {
    /// By role: the rung, and whether a stronger one is reached by the next digest.
    roles: [OnceCell<(Option<Rung>, bool)>; 3],
    /// The rung of the day on which the numbers are closed, where that is today.
    closing: OnceCell<Option<Rung>>,
}

impl Ladders {
    /// The place of one.
    fn of(&mut self, due: Due, policy: &Policy) -> usize {
        let key = (due, ptr::from_ref(policy));
        let place = match self.last {
            Some((last, place)) if last == key => place,
            Some(_) | None => *self.known.entry(key).or_insert(self.reached.len()),
        };
        self.last = Some((key, place));
        if place == self.reached.len() {
            self.reached.push(Reached::default());
        }
        place
    }
}

/// The rung "when it was opened", weaker than every other.
pub const OPENING_OFFSET: i32 = -1000;

impl Draft<'_> {
    /// Everybody whose ladder has reached a rung, the strongest audience first.
    pub fn candidates(&mut self, work: &Work<'_>, candidates: &mut Vec<Candidate>) {
        let due = work.due;
        let ladder = self.ladders.of(due, work.policy);
        let is_overdue = self.today > due.last_on;
        let reason = match (is_overdue, self.today >= due.safe_on) {
            (true, _) => Reason::Overdue,
            (false, true) => Reason::DueNow,
            (false, false) => Reason::Upcoming,
        };
        if work.life.is_some_and(Life::is_disputed) {
            self.link(work.subject, Some(Audience::Lead), None, || Link::Disputed);
        } else {
            self.of_role(work, ladder, Role::Lead, std::slice::from_ref(work.lead), reason, candidates);
        }
        if is_overdue {
            self.superiors(work, candidates);
        }
        self.closing_data(work, ladder, candidates);
        self.of_role(work, ladder, Role::Coordinating, work.coordinating, reason, candidates);
        self.of_role(work, ladder, Role::Following, work.following, reason, candidates);
    }

    fn of_role(
        &mut self,
        work: &Work<'_>,
        ladder: usize,
        role: Role,
        units: &[UnitId],
        reason: Reason,
        candidates: &mut Vec<Candidate>,
    ) {
        if units.is_empty() {
            return;
        }
        let calendar = &self.situation.office.calendar;
        let audience = match role {
            Role::Lead => Audience::Lead,
            Role::Coordinating => Audience::Coordinating,
            Role::Following => Audience::Following,
        };
        let triggers = work.policy.triggers(role);
        let opening = work.opened_on.filter(|_| role != Role::Following);
        let (today, next_on) = (self.today, self.next_digest_on);
        let known = &self.ladders.reached[ladder].roles[role as usize];
        let (reached, cannot_wait) = *known.get_or_init(|| {
            let reached = triggers.reached(work.due, today, calendar);
            let next = triggers.reached(work.due, next_on, calendar);
            (reached, next.is_some_and(|next| reached.is_none_or(|rung| next.offset > rung.offset)))
        });
        let Some(rung) = reached.or_else(|| opening.map(|on| Rung { offset: OPENING_OFFSET, on })) else {
            let next = || Link::NoRung(triggers.next_rung(work.due, today, calendar));
            self.link(work.subject, Some(audience), None, next);
            return;
        };
        // A unit that has both parts is told as the unit in charge.
        for unit in units.iter().filter(|u| role != Role::Coordinating || *u != work.lead) {
            let Some(life) = work.life else {
                let recipients = self.recipients(unit, work.is_secret);
                candidates.extend(recipients.iter().map(|recipient| Candidate {
                    audience,
                    recipient: Arc::clone(recipient),
                    rung,
                    reason,
                    cannot_wait,
                    resumed_on: None,
                }));
                continue;
            };
            // Each of the units that took over speaks for itself, and an older word of the unit counts for all.
            for heir in self.situation.office.directory.in_force(unit, self.today) {
                let due = Some(work.due);
                // Who follows was never silent, whatever else the unit has to do with the work.
                let asks = role != Role::Following;
                let quiet = [heir, unit].map(|u| life.quiet_until(u, due, self.today).filter(|_| asks));
                if let Some(until) = quiet.into_iter().flatten().next() {
                    self.link(work.subject, Some(audience), None, || Link::Acknowledged(heir.clone(), until));
                    continue;
                }
                let resumed = [heir, unit].map(|u| life.resumed_on(Some(u).filter(|_| asks), due, self.today));
                let resumed_on = resumed.into_iter().flatten().max();
                let told = self.all_of(heir, work.is_secret, audience, rung, reason, resumed_on);
                candidates.extend(told.into_iter().map(|c| Candidate { cannot_wait, ..c }));
            }
        }
    }

    /// Superiors whose step is reached, the highest first. A step that nobody holds is skipped at once: the next one
    /// is told in its place.
    fn superiors(&mut self, work: &Work<'_>, candidates: &mut Vec<Candidate>) {
        let calendar = &self.situation.office.calendar;
        let days_late = calendar.working_days_between(work.due.last_on, self.today);
        let resumed_on = work.life.and_then(|l| l.resumed_on(None, Some(work.due), self.today));
        let mut skipped_from = None;
        let mut reached = Vec::new();
        for step in &work.policy.escalation {
            let after = skipped_from.unwrap_or(step.after);
            if u32::from(after) > days_late {
                let on = calendar.add_working_days(work.due.last_on, i32::from(after));
                let next = Rung { offset: i32::from(step.after), on };
                self.link(work.subject, Some(Audience::Escalation(step.after)), None, || Link::NoRung(Some(next)));
                break;
            }
            let (holders, vacant) = self.holders(step, work.lead);
            let is_skipped = holders.is_empty();
            let vacant = vacant.into_iter().map(|position| Gap::VacantPosition { position, is_skipped });
            self.decision.gaps.extend(vacant);
            if is_skipped {
                skipped_from = Some(after);
                continue;
            }
            skipped_from = None;
            let on = calendar.add_working_days(work.due.last_on, i32::from(after));
            // Named by its days, not by its place in the list: a step put in between repeats none of the others.
            let rung = Rung { offset: i32::from(step.after), on };
            reached.extend(holders.into_iter().map(|recipient| Candidate {
                audience: Audience::Escalation(step.after),
                recipient: Arc::new(recipient),
                rung,
                reason: Reason::Escalated,
                cannot_wait: false,
                resumed_on,
            }));
        }
        // Stable: those of one step stay in their order.
        reached.sort_by_key(|c| std::cmp::Reverse(c.rung.offset));
        candidates.extend(reached);
    }

    /// Who holds the roles of a step, and the names of those that nobody reachable holds.
    fn holders(&self, step: &EscalationStep, lead: &UnitId) -> (Vec<Recipient>, Vec<String>) {
        let directory = &self.situation.office.directory;
        let (mut holders, mut vacant) = (Vec::new(), Vec::new());
        for superior in &step.tell {
            let named: Vec<(Option<&PersonId>, String)> = match superior {
                Superior::Position(position) => vec![(directory.positions.get(position), position.clone())],
                Superior::UnitHead | Superior::UnitDeputy => {
                    let what =
                        if *superior == Superior::UnitHead { "trưởng" } else { "phó giám đốc phụ trách" };
                    let of_unit = |id: &&UnitId| {
                        let unit = directory.units.get(*id);
                        let head = unit.and_then(|u| u.head.as_ref());
                        let deputy = unit.and_then(|u| u.overseen_by.as_ref());
                        let person = if *superior == Superior::UnitHead { head } else { deputy };
                        (person, format!("{what} {}", directory.unit_name(id)))
                    };
                    directory.in_force(lead, self.today).iter().map(of_unit).collect()
                }
            };
            for (person, name) in named {
                match person.and_then(|id| directory.recipient(id, self.today)) {
                    Some(recipient) => holders.push(recipient),
                    None => vacant.push(name),
                }
            }
        }
        (holders, vacant)
    }

    /// On the day on which the numbers of a report are closed, while the report is not yet due.
    fn closing_data(&mut self, work: &Work<'_>, ladder: usize, candidates: &mut Vec<Candidate>) {
        if work.policy.data_closing.is_none() {
            return;
        }
        let (today, calendar) = (self.today, &self.situation.office.calendar);
        let known = &self.ladders.reached[ladder].closing;
        let Some(rung) = *known.get_or_init(|| closing_rung(work, today, calendar)) else { return };
        for unit in std::iter::once(work.lead).chain(work.coordinating) {
            let told = self.all_of(unit, work.is_secret, Audience::DataClosing, rung, Reason::Upcoming, None);
            candidates.extend(told);
        }
        // Said on its day or not at all: afterwards the report's own rungs speak.
        for candidate in candidates.iter_mut().filter(|c| c.audience == Audience::DataClosing) {
            candidate.cannot_wait = true;
        }
    }

    /// All who read the unit's messages, as candidates.
    pub fn all_of(
        &mut self,
        unit: &UnitId,
        is_secret: bool,
        audience: Audience,
        rung: Rung,
        reason: Reason,
        resumed_on: Option<NaiveDate>,
    ) -> Vec<Candidate> {
        let candidate = |r: &Arc<Recipient>| Candidate {
            audience,
            recipient: Arc::clone(r),
            rung,
            reason,
            cannot_wait: false,
            resumed_on,
        };
        self.recipients(unit, is_secret).iter().map(candidate).collect()
    }

    /// Who decides on requests: the units that follow the plan, else the administrator.
    pub fn deciders(
        &mut self,
        audience: Audience,
        is_secret: bool,
        following: &[UnitId],
        rung: Rung,
    ) -> Vec<Candidate> {
        let mut candidates = Vec::new();
        for unit in following {
            candidates.extend(self.all_of(unit, is_secret, audience, rung, Reason::Decision, None));
        }
        if candidates.is_empty() {
            candidates = self.administrator(rung, Reason::Decision);
            for candidate in &mut candidates {
                candidate.audience = audience;
            }
        }
        candidates
    }

    /// Who reads the unit's messages today. Where nobody does, the administrator reads them: nothing is dropped.
    ///
    /// What is marked secret goes to those with an e-mail address; where the unit has none, to its mailbox, else to
    /// the administrator.
    pub fn recipients(&mut self, unit: &UnitId, is_secret: bool) -> Arc<[Arc<Recipient>]> {
        let readers = self.readers(unit);
        let has_email = |r: &&Arc<Recipient>| r.routes.iter().any(|route| route.channel == ChannelKind::Email);
        if !is_secret || readers.iter().all(|r| has_email(&r)) {
            return readers;
        }
        let silent = readers.iter().filter(|r| !has_email(r)).map(|r| Gap::NoEmailForSecret(r.id.clone()));
        self.decision.gaps.extend(silent);
        let reached: Arc<[_]> = readers.iter().filter(has_email).cloned().collect();
        if !reached.is_empty() {
            return reached;
        }
        let office = self.situation.office;
        let units = office.directory.in_force(unit, self.today);
        let mailboxes =
            units.into_iter().filter_map(|id| office.directory.units.get(id)).filter_map(Directory::mailbox);
        let mut instead: Vec<Recipient> = mailboxes.collect();
        if instead.is_empty() {
            instead.extend(office.directory.recipient(&office.administrator, self.today));
        }
        instead.into_iter().map(Arc::new).collect()
    }

    fn readers(&mut self, unit: &UnitId) -> Arc<[Arc<Recipient>]> {
        if let Some(readers) = self.readers.get(unit) {
            return Arc::clone(readers);
        }
        let office = self.situation.office;
        let directory = &office.directory;
        let mut recipients = directory.recipients_of(unit, self.today);
        for unit in directory.in_force(unit, self.today).into_iter().filter_map(|id| directory.units.get(id)) {
            let reached = unit.contacts.iter().filter(|id| directory.recipient(id, self.today).is_some()).count();
            let silent = unit.contacts.iter().filter(|id| directory.recipient(id, self.today).is_none());
            self.decision.gaps.extend(silent.map(|id| Gap::NoAddress(id.clone())));
            if reached == 0 && !unit.contacts.is_empty() && unit.mailbox.is_some() {
                self.decision.gaps.insert(Gap::OnlyMailbox(unit.id.clone()));
            }
        }
        if recipients.is_empty() {
            self.decision.gaps.insert(Gap::NobodyReachable(unit.clone()));
            let instead = directory.recipient(&office.administrator, self.today);
            let on_behalf_of = Some(directory.shared_unit_name(unit));
            recipients.extend(instead.map(|r| Recipient { on_behalf_of, ..r }));
        }
        let readers: Arc<[Arc<Recipient>]> = recipients.into_iter().map(Arc::new).collect();
        self.readers.insert(unit.clone(), Arc::clone(&readers));
        readers
    }
}

/// The rung of the day on which the numbers of a report are closed, while that is today and the report not yet due.
fn closing_rung(work: &Work<'_>, today: NaiveDate, calendar: &WorkCalendar) -> Option<Rung> {
    let closing_on = work.policy.data_closing_on(work.due)?;
    let on = calendar.last_working_day_until(closing_on);
    if today < on || today > closing_on || on >= work.due.safe_on {
        return None;
    }
    let offset = -i32::try_from((work.due.last_on - closing_on).num_days()).unwrap_or(0);
    Some(Rung { offset, on })
}
