//! Owns the occurrences of a rehearsal: which are reminded of alike, what was said of them, when they are looked at.

use std::{cell::OnceCell, collections::BTreeSet, sync::Arc};

use chrono::NaiveDate;
use foldhash::{HashMap, HashMapExt as _};

use super::Completions;
use crate::domain::{
    deadline::Due,
    decide::{Look, Record, Told, next_change, task_row},
    ids::{SubjectId, UnitId},
    life::Life,
    notification::{Notification, TaskRow},
    occurrence::{Occurrence, OccurrenceKind},
    office::Office,
    policy::Policy,
};

/// Names a group; the groups stand in the order of their first occurrences.
pub type GroupId = usize;

/// All that a decision looks at in a planned occurrence of which nothing was reported or said, but its facts; the
/// policy by its place in memory, where it stays as long as the office does.
#[derive(PartialEq, Eq, Hash)]
struct Alike<'a> {
    due: Due,
    policy: *const Policy,
    plan: usize,
    lead: &'a UnitId,
    coordinating: &'a [UnitId],
    is_secret: bool,
    opens_on: NaiveDate,
    done_on: Option<NaiveDate>,
}

/// Occurrences of which everybody is told the same on the same days: the decision is asked for the first.
struct Group {
    /// Places among the occurrences, in their order.
    members: Vec<usize>,
    told: Vec<Told>,
    done_on: Option<NaiveDate>,
}

/// The occurrences of a rehearsal.
pub struct Stage<'a> {
    office: &'a Office,
    opened: Vec<Occurrence>,
    groups: Vec<Group>,
    /// What messages say of each occurrence, kept while it is open.
    rows: Vec<OnceCell<Arc<TaskRow>>>,
    first: NaiveDate,
    /// By days from the first: whom to look at.
    visits: Vec<Vec<GroupId>>,
    /// The days on which a ladder has something new to say, as far as they were asked for; by due date and policy.
    ladders: HashMap<(NaiveDate, *const Policy), Vec<NaiveDate>>,
    /// Who was found to be done.
    done: Vec<GroupId>,
}

impl<'a> Stage<'a> {
    pub fn set(
        office: &'a Office,
        record: &Record,
        first: NaiveDate,
        last: NaiveDate,
        completions: &Completions,
    ) -> Self {
        let openings = record.reports.openings().iter();
        let opened: Vec<_> = openings.filter_map(|o| office.agenda.opened(o, &office.calendar)).collect();
        let planned = office.agenda.occurrences.len();
        let count = planned + opened.len();
        let days = usize::try_from((last - first).num_days()).map_or(0, |n| n + 1);
        let mut stage = Self {
            office,
            opened,
            groups: Vec::new(),
            rows: vec![OnceCell::new(); count],
            first,
            visits: vec![Vec::new(); days],
            ladders: HashMap::new(),
            done: Vec::new(),
        };
        let reported: HashMap<&SubjectId, NaiveDate> = match completions {
            Completions::AsReported(done) => done.iter().map(|(subject, on)| (subject, *on)).collect(),
            Completions::None | Completions::OnTime => HashMap::new(),
        };
        let mut alike: HashMap<Alike<'a>, GroupId> = HashMap::new();
        for index in 0..count {
            let occurrence = stage.occurrence(index);
            let life = record.reports.life(&occurrence.subject);
            if life.is_some_and(Life::is_closed) {
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
            let is_fresh = life.is_none() && !is_asked && told.is_empty();
            if let (Some(due), Some(occurrence), true) = (due, office.agenda.occurrences.get(index), is_fresh) {
                let key = Alike {
                    due,
                    policy: Arc::as_ptr(&occurrence.policy),
                    plan: occurrence.plan,
                    lead: &occurrence.unit,
                    coordinating: &occurrence.task.coordinating,
                    is_secret: occurrence.task.secret.is_some(),
                    opens_on: occurrence.opens_on,
                    done_on,
                };
                let group = *alike.entry(key).or_insert(stage.groups.len());
                if let Some(group) = stage.groups.get_mut(group) {
                    group.members.push(index);
                    continue;
                }
            }
            stage.groups.push(Group { members: vec![index], told, done_on });
            stage.visit(stage.groups.len() - 1, look_on);
        }
        stage
    }

    fn occurrence(&self, index: usize) -> &Occurrence {
        let planned = &self.office.agenda.occurrences;
        planned.get(index).unwrap_or_else(|| &self.opened[index - planned.len()])
    }

    fn first_of(&self, group: GroupId) -> &Occurrence {
        self.occurrence(self.groups[group].members[0])
    }

    /// The group's occurrences, by their places.
    pub fn members(&self, group: GroupId) -> &[usize] {
        &self.groups[group].members
    }

    /// What is said of a member in place of the group's first.
    pub fn duty(&self, group: GroupId, member: usize) -> Option<(&SubjectId, &Arc<TaskRow>)> {
        if self.groups[group].members[0] == member {
            return None;
        }
        let occurrence = self.occurrence(member);
        let row = || Arc::new(task_row(self.office, occurrence, None));
        Some((&occurrence.subject, self.rows[member].get_or_init(row)))
    }

    pub fn told(&mut self, group: GroupId) -> &mut Vec<Told> {
        &mut self.groups[group].told
    }

    /// The group's first occurrence, which stands for all.
    pub fn look<'s>(&'s self, group: GroupId, record: &'s Record) -> Look<'s> {
        let occurrence = self.first_of(group);
        Look {
            occurrence,
            life: record.reports.life(&occurrence.subject),
            told: &self.groups[group].told,
            row: Some(&self.rows[self.groups[group].members[0]]),
        }
    }

    /// When the group has something new to say after `day`.
    pub fn next_visit(&mut self, group: GroupId, record: &Record, day: NaiveDate) -> Option<NaiveDate> {
        let office = self.office;
        let planned = office.agenda.occurrences.get(self.groups[group].members[0]);
        let planned = planned.filter(|o| record.reports.life(&o.subject).is_none());
        let Some((occurrence, OccurrenceKind::Dated(due))) = planned.map(|o| (o, o.kind)) else {
            return next_change(office, &self.look(group, record), day);
        };
        let look = Look { occurrence, life: None, told: &[], row: None };
        let known = self.ladders.entry((due.last_on, Arc::as_ptr(&occurrence.policy))).or_insert(vec![self.first]);
        while let Some(last) = known.last().filter(|last| **last <= day) {
            known.push(next_change(office, &look, *last)?);
        }
        known.get(known.partition_point(|d| *d <= day)).copied()
    }

    pub fn visit(&mut self, group: GroupId, on: NaiveDate) {
        // Work that is done on a day is known to be so from the next morning on.
        if self.is_done(group, on) {
            self.done.push(group);
            return;
        }
        let day = usize::try_from((on - self.first).num_days()).ok();
        if let Some(of_day) = day.and_then(|d| self.visits.get_mut(d)) {
            of_day.push(group);
        }
    }

    /// Gives back what is kept of work that is done, after its last messages have left.
    pub fn free_done(&mut self, day: NaiveDate) {
        let (over, open) = std::mem::take(&mut self.done).into_iter().partition(|group| self.is_done(*group, day));
        self.done = open;
        for group in over {
            self.groups[group].told = Vec::new();
            for member in &self.groups[group].members {
                self.rows[*member] = OnceCell::new();
            }
        }
    }

    pub fn is_done(&self, group: GroupId, day: NaiveDate) -> bool {
        self.groups[group].done_on.is_some_and(|done| done < day)
    }

    /// Remembers what was said: of one thread only the strongest.
    pub fn note(&mut self, group: GroupId, notification: &Notification) {
        let key = &notification.key;
        let told = &mut self.groups[group].told;
        match told.iter_mut().find(|t| t.is_weaker_than(key)) {
            Some(weaker) => (weaker.offset, weaker.resumed_on) = (key.offset, key.resumed_on),
            None => told.push(Told::of(key)),
        }
    }

    /// Whom to look at on `day`: those whose turn it is, and, when it may have changed who reads what, all that are open.
    pub fn looks(&mut self, record: &Record, day: NaiveDate, has_changed: bool) -> (Vec<GroupId>, Vec<GroupId>) {
        let index = usize::try_from((day - self.first).num_days()).unwrap_or(0);
        let mut of_day = std::mem::take(&mut self.visits[index]);
        of_day.sort_unstable();
        if !has_changed {
            return (of_day, Vec::new());
        }
        let scheduled: BTreeSet<GroupId> = of_day.iter().copied().collect();
        let is_open = |group: &GroupId| {
            let occurrence = self.first_of(*group);
            let is_begun = occurrence.opens_on <= day || record.reports.has_request(&occurrence.subject);
            is_begun && !self.is_done(*group, day)
        };
        let others = (0..self.groups.len()).filter(|group| !scheduled.contains(group) && is_open(group)).collect();
        (of_day, others)
    }
}
