//! Owns the occurrences of a rehearsal: which are reminded of alike, what was said of them, when they are looked at.

use std::{
    cell::OnceCell,
    collections::BTreeSet,
    hash::{Hash, Hasher},
    ops::Range,
    sync::Arc,
};

use chrono::{Datelike as _, NaiveDate};
use foldhash::{HashMap, HashMapExt as _};

use super::Completions;
use crate::domain::{
    deadline::Due,
    decide::{Look, Record, Told, next_change},
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
#[derive(PartialEq, Eq)]
struct Alike<'a> {
    due: Due,
    policy: *const Policy,
    lead: &'a UnitId,
    coordinating: &'a [UnitId],
    following: &'a [UnitId],
    is_secret: bool,
    opens_on: NaiveDate,
    done_on: Option<NaiveDate>,
}

impl Hash for Alike<'_> {
    /// The rest seldom tells any apart.
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.due.last_on, self.policy, self.lead).hash(state);
    }
}

/// Occurrences of which everybody is told the same on the same days: the decision is asked for the first.
struct Group {
    /// The first, by its place among the occurrences.
    first: u32,
    /// Where its occurrences stand among the members.
    members: Range<usize>,
    /// Whether messages leave open which of the occurrences they are about: planned work with a due date of which
    /// nothing was reported.
    is_blank: bool,
    told: Vec<Told>,
    done_on: Option<NaiveDate>,
}

impl Group {
    /// Work that is done on a day is known to be so from the next morning on.
    fn is_done(&self, day: NaiveDate) -> bool {
        self.done_on.is_some_and(|done| done < day)
    }
}

/// A duty of a group whose messages do not say which.
#[derive(Clone, Copy)]
pub struct Duty<'a> {
    pub occurrence: &'a Occurrence,
    /// What messages say of it, once it was asked for.
    pub row: &'a OnceCell<Arc<TaskRow>>,
}

/// The occurrences of a rehearsal.
pub struct Stage<'a> {
    office: &'a Office,
    opened: Vec<Occurrence>,
    groups: Vec<Group>,
    /// Places among the occurrences: those of a group together, in their order.
    members: Vec<u32>,
    /// What messages say of each occurrence, kept while it is open.
    rows: Vec<OnceCell<Arc<TaskRow>>>,
    /// What stands for it in messages about a group: of ordinary work, of what is marked secret.
    blanks: [OnceCell<Arc<TaskRow>>; 2],
    first: NaiveDate,
    /// Groups of which there is something new to say on the same days, for they climb one ladder, as long as they are
    /// not done.
    courses: Vec<Vec<GroupId>>,
    /// By days from the first: the courses to look at.
    visits: Vec<Vec<usize>>,
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
        let count = office.agenda.occurrences.len() + opened.len();
        let days = usize::try_from((last - first).num_days()).map_or(0, |n| n + 1);
        let mut stage = Self {
            office,
            opened,
            groups: Vec::new(),
            members: Vec::new(),
            rows: vec![OnceCell::new(); count],
            blanks: [None, Some(Arc::default())]
                .map(|reference| Arc::new(TaskRow { reference, ..TaskRow::default() }).into()),
            first,
            courses: Vec::new(),
            visits: vec![Vec::new(); days],
        };
        let groups_of = stage.form_groups(record, completions);
        stage.gather_members(&groups_of);
        stage
    }

    /// Puts every open occurrence into a group and tells which.
    fn form_groups(&mut self, record: &Record, completions: &Completions) -> Vec<(GroupId, u32)> {
        let office = self.office;
        let reported: HashMap<&SubjectId, NaiveDate> = match completions {
            Completions::AsReported(done) => done.iter().map(|(subject, on)| (subject, *on)).collect(),
            Completions::None | Completions::OnTime => HashMap::new(),
        };
        // Where nothing was reported or said, nothing is looked up by name.
        let is_known = !record.reports.is_empty() || !record.told.is_empty() || !reported.is_empty();
        // Those of one day: what opens on another is never alike.
        let mut alike: HashMap<Alike<'a>, GroupId> = HashMap::new();
        let mut opens_on = self.first;
        let mut ladders: HashMap<(Due, *const Policy), usize> = HashMap::new();
        let mut groups_of = Vec::with_capacity(self.rows.len());
        for index in 0..u32::try_from(self.rows.len()).expect("fewer occurrences than a file has bytes") {
            let occurrence = self.occurrence(index);
            let subject = is_known.then(|| occurrence.subject());
            let life = subject.and_then(|subject| record.reports.life(subject));
            if life.is_some_and(Life::is_closed) {
                continue;
            }
            if occurrence.opens_on != opens_on {
                opens_on = occurrence.opens_on;
                alike.clear();
            }
            let due = match occurrence.kind {
                OccurrenceKind::Dated(due) => Some(Life::due_in_force(life, due, &office.calendar)),
                OccurrenceKind::StandingNote(_) | OccurrenceKind::DateMissing(_) => None,
            };
            let done_on = match completions {
                Completions::None => None,
                Completions::OnTime => due.map(|d| d.safe_on),
                Completions::AsReported(_) => subject.and_then(|subject| reported.get(subject)).copied(),
            };
            let is_asked = subject.is_some_and(|subject| record.reports.has_request(subject));
            let told = subject.and_then(|subject| record.told.get(subject)).map_or(&[][..], Vec::as_slice);
            let is_fresh = life.is_none() && !is_asked && told.is_empty();
            let planned = office.agenda.occurrences.get(index as usize);
            let key = due.zip(planned).filter(|_| is_fresh).map(|(due, occurrence)| Alike {
                due,
                policy: Arc::as_ptr(&occurrence.policy),
                lead: &occurrence.unit,
                coordinating: &occurrence.task.coordinating,
                following: &office.agenda.plans[occurrence.plan].followed_by,
                is_secret: occurrence.task.secret.is_some(),
                opens_on: occurrence.opens_on,
                done_on,
            });
            let new = self.groups.len();
            let group = key.map_or(new, |key| *alike.entry(key).or_insert(new));
            groups_of.push((group, index));
            if group == new {
                let look_on = if is_asked { self.first } else { occurrence.opens_on.max(self.first) };
                let ladder = due.zip(planned).filter(|_| life.is_none() && !is_asked);
                let is_blank = ladder.is_some();
                let new = self.courses.len();
                let course = ladder.map_or(new, |(due, occurrence)| {
                    *ladders.entry((due, Arc::as_ptr(&occurrence.policy))).or_insert(new)
                });
                self.groups.push(Group { first: index, members: 0..0, is_blank, told: told.to_vec(), done_on });
                if course == new {
                    self.courses.push(Vec::new());
                    self.visit(course, look_on);
                }
                self.courses[course].push(group);
            }
        }
        groups_of
    }

    /// Lays the members of each group side by side.
    fn gather_members(&mut self, groups_of: &[(GroupId, u32)]) {
        for (group, _) in groups_of {
            self.groups[*group].members.end += 1;
        }
        let mut start = 0;
        for Group { members, .. } in &mut self.groups {
            let count = members.end;
            // Grows as they come.
            *members = start..start;
            start += count;
        }
        self.members = vec![0; groups_of.len()];
        for (group, index) in groups_of {
            let end = &mut self.groups[*group].members.end;
            self.members[*end] = *index;
            *end += 1;
        }
    }

    fn occurrence(&self, index: u32) -> &Occurrence {
        let planned = &self.office.agenda.occurrences;
        planned.get(index as usize).unwrap_or_else(|| &self.opened[index as usize - planned.len()])
    }

    fn first_of(&self, group: GroupId) -> &Occurrence {
        self.occurrence(self.groups[group].first)
    }

    /// The group's occurrences, by their places.
    pub fn members(&self, group: GroupId) -> &[u32] {
        &self.members[self.groups[group].members.clone()]
    }

    /// A member, where the group's messages leave open which one they are about.
    pub fn duty(&self, group: GroupId, member: u32) -> Option<Duty<'_>> {
        let row = &self.rows[member as usize];
        self.groups[group].is_blank.then(|| Duty { occurrence: self.occurrence(member), row })
    }

    pub fn told(&mut self, group: GroupId) -> &mut Vec<Told> {
        &mut self.groups[group].told
    }

    /// The group's first occurrence, which stands for all.
    pub fn look<'s>(&'s self, group: GroupId, record: &'s Record) -> Look<'s> {
        let Group { first, told, is_blank, .. } = &self.groups[group];
        let occurrence = self.occurrence(*first);
        let life = record.reports.life(occurrence.subject());
        let blank = &self.blanks[usize::from(occurrence.task.secret.is_some())];
        let row = if *is_blank { blank } else { &self.rows[*first as usize] };
        Look { occurrence, life, told, row: Some(row) }
    }

    /// Sets the next day for the courses that were looked at on `day`.
    pub fn go_on(&mut self, courses: Vec<usize>, record: &Record, day: NaiveDate) {
        for course in courses {
            let first = self.courses[course].first();
            let next = first.and_then(|group| next_change(self.office, &self.look(*group, record), day));
            if let Some(next) = next {
                self.visit(course, next);
            }
        }
    }

    fn visit(&mut self, course: usize, on: NaiveDate) {
        if let Some(of_day) = self.day(on).and_then(|day| self.visits.get_mut(day)) {
            of_day.push(course);
        }
    }

    fn day(&self, on: NaiveDate) -> Option<usize> {
        usize::try_from(on.num_days_from_ce() - self.first.num_days_from_ce()).ok()
    }

    pub fn is_done(&self, group: GroupId, day: NaiveDate) -> bool {
        self.groups[group].is_done(day)
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

    /// The courses whose turn is on `day`, without what is done by then; nothing is kept of that.
    pub fn courses(&mut self, day: NaiveDate) -> Vec<usize> {
        let courses = self.day(day).map(|index| std::mem::take(&mut self.visits[index])).unwrap_or_default();
        let Self { groups, members, rows, .. } = self;
        let mut is_open = |group: &GroupId| {
            let group = &mut groups[*group];
            let is_done = group.is_done(day);
            if is_done {
                group.told = Vec::new();
                members[group.members.clone()].iter().for_each(|member| rows[*member as usize] = OnceCell::new());
            }
            !is_done
        };
        for course in &courses {
            self.courses[*course].retain(&mut is_open);
        }
        courses
    }

    /// Whom to look at: those of the courses, and, when it may have changed who reads what, all that are open.
    pub fn looks(
        &self,
        courses: &[usize],
        record: &Record,
        day: NaiveDate,
        has_changed: bool,
    ) -> (Vec<GroupId>, Vec<GroupId>) {
        let of_day: Vec<GroupId> = courses.iter().flat_map(|course| &self.courses[*course]).copied().collect();
        if !has_changed {
            return (of_day, Vec::new());
        }
        let scheduled: BTreeSet<GroupId> = of_day.iter().copied().collect();
        let is_open = |group: &GroupId| {
            let occurrence = self.first_of(*group);
            let is_begun = occurrence.opens_on <= day || record.reports.has_request(occurrence.subject());
            is_begun && !self.is_done(*group, day)
        };
        let others = (0..self.groups.len()).filter(|group| !scheduled.contains(group) && is_open(group)).collect();
        (of_day, others)
    }
}
