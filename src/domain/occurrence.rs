//! Owns the occurrences of a plan: one for each task, lead unit and period; computed, never stored.

use std::{
    collections::BTreeMap,
    ops::Range,
    sync::{Arc, OnceLock},
};

use chrono::{Datelike, Months, NaiveDate};
use foldhash::{HashMap, HashMapExt as _, HashSet, HashSetExt as _};

use super::{
    calendar::WorkCalendar,
    deadline::{DeadlineRule, Due, Reading, schedule::PlanYears},
    ids::{PlanId, SubjectId, TaskId, UnitId},
    life::Opening,
    plan::{Plan, Task},
    policy::Policy,
};

/// One instance of a task for one lead unit and period ("kỳ").
#[derive(Debug, Clone)]
pub struct Occurrence {
    /// Spelt out for who asks: a rehearsal of thousands names few of them.
    subject: OnceLock<SubjectId>,
    /// Index of the plan in the agenda.
    pub plan: usize,
    /// The row it comes from.
    pub task: Arc<Task>,
    /// How people are reminded of it.
    pub policy: Arc<Policy>,
    /// The unit that owes the completion.
    pub unit: UnitId,
    /// `2023`, `2023-03`, `2023-Q1`.
    pub period: Arc<str>,
    /// What is to happen.
    pub kind: OccurrenceKind,
    /// Nobody is told before this day.
    pub opens_on: NaiveDate,
    /// The document that opened it, for a task without a date of its own.
    pub document: Option<Arc<str>>,
}

impl Occurrence {
    /// `task:PLAN/TASK:PERIOD:UNIT`.
    #[must_use]
    pub fn subject(&self) -> &SubjectId {
        let Self { task, period, unit, .. } = self;
        self.subject.get_or_init(|| occurrence_subject(&task.plan, &task.id, period, unit))
    }
}

/// What an occurrence asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OccurrenceKind {
    /// Work with a due date.
    Dated(Due),
    /// A standing duty, recalled on this day and never overdue.
    StandingNote(NaiveDate),
    /// Another plan still owes the date; asked for on this day.
    DateMissing(NaiveDate),
}

/// The subject of an occurrence; the one place that spells it.
#[must_use]
pub fn occurrence_subject(plan: &PlanId, task: &TaskId, period: &str, unit: &UnitId) -> SubjectId {
    let (plan, task, unit) = (plan.as_str(), task.as_str(), unit.as_str());
    let mut spelt = String::with_capacity("task:/::".len() + plan.len() + task.len() + period.len() + unit.len());
    for part in ["task:", plan, "/", task, ":", period, ":", unit] {
        spelt.push_str(part);
    }
    spelt.into()
}

/// All occurrences of all plans, expanded once for a configuration.
#[derive(Debug, Clone, Default)]
pub struct Agenda {
    /// The plans, in the order of the configuration.
    pub plans: Vec<Plan>,
    /// Their policies by name.
    pub policies: BTreeMap<String, Arc<Policy>>,
    /// Every occurrence, earliest `opens_on` first, those of one day in the order of the annex.
    pub occurrences: Vec<Occurrence>,
    tasks: HashMap<(PlanId, TaskId), (usize, usize)>,
}

impl Agenda {
    /// Expands `plans` into occurrences.
    ///
    /// Tasks without a date get a note at the start of each quarter (standing) or month (date
    /// missing) of the plan's year, unless their policy says otherwise; event-driven ones have no occurrence until
    /// one is opened.
    #[must_use]
    pub fn expand(plans: Vec<Plan>, policies: BTreeMap<String, Policy>, calendar: &WorkCalendar) -> Self {
        let policies: BTreeMap<String, Arc<Policy>> =
            policies.into_iter().map(|(name, policy)| (name, Arc::new(policy))).collect();
        let silent = Arc::default();
        let mut tasks = HashMap::new();
        let mut schedules = Schedules::new(calendar);
        let mut rows = Vec::new();
        // By the places of their days, those of one day in the order of the annex: rows and points.
        let mut by_day: Vec<Vec<(usize, usize)>> = Vec::new();
        for (index, plan) in plans.iter().enumerate() {
            for (row, task) in plan.tasks.iter().enumerate() {
                tasks.insert((plan.id.clone(), task.id.clone()), (index, row));
                let policy = policies.get(&task.policy).unwrap_or(&silent);
                let points = schedules.of(plan, task, policy);
                by_day.resize_with(schedules.days.len(), Vec::new);
                for point in points {
                    by_day[schedules.points[point].day].push((rows.len(), point));
                }
                rows.push((index, task, policy));
            }
        }
        let in_order = || schedules.days.values().flat_map(|day| &by_day[*day]);
        let mut occurrences = Vec::with_capacity(in_order().map(|(row, _)| rows[*row].1.lead.len()).sum());
        for (row, point) in in_order() {
            let (plan, task, policy) = rows[*row];
            let Point { period, kind, opens_on, .. } = &schedules.points[*point];
            occurrences.extend(task.lead.iter().map(|unit| Occurrence {
                subject: OnceLock::new(),
                plan,
                task: Arc::clone(task),
                policy: Arc::clone(policy),
                unit: unit.clone(),
                period: Arc::clone(period),
                kind: *kind,
                opens_on: *opens_on,
                document: None,
            }));
        }
        Self { plans, policies, occurrences, tasks }
    }

    /// A task with the index of its plan.
    #[must_use]
    pub fn task(&self, plan: &PlanId, task: &TaskId) -> Option<(usize, &Arc<Task>)> {
        let (plan, row) = *self.tasks.get(&(plan.clone(), task.clone()))?;
        Some((plan, self.plans.get(plan)?.tasks.get(row)?))
    }

    /// The occurrence that a document opened; `None` when its task has left the plan.
    #[must_use]
    pub fn opened(&self, opening: &Opening, calendar: &WorkCalendar) -> Option<Occurrence> {
        let (plan, task) = self.task(&opening.plan, &opening.task)?;
        Some(Occurrence {
            subject: opening.subject.clone().into(),
            plan,
            task: Arc::clone(task),
            policy: self.policies.get(&task.policy).cloned().unwrap_or_default(),
            unit: opening.unit.clone(),
            period: opening.period.as_str().into(),
            kind: OccurrenceKind::Dated(Due::on(opening.due_on, calendar)),
            opens_on: opening.opened_on,
            document: Some(Arc::clone(&opening.document)),
        })
    }

    /// The occurrences of one task.
    pub fn of_task<'a, 'k>(
        &'a self,
        plan: &'k PlanId,
        task: &'k TaskId,
    ) -> impl Iterator<Item = &'a Occurrence> + use<'a, 'k> {
        self.occurrences.iter().filter(move |o| self.plans[o.plan].id == *plan && o.task.id == *task)
    }
}

/// A period of a task.
struct Point {
    period: Arc<str>,
    kind: OccurrenceKind,
    opens_on: NaiveDate,
    /// The place of that day.
    day: usize,
}

/// The periods of tasks: those of one deadline under one policy and in the same years are the same.
struct Schedules<'a> {
    calendar: &'a WorkCalendar,
    points: Vec<Point>,
    /// The places of the days on which occurrences open, as they came.
    days: BTreeMap<NaiveDate, usize>,
    /// Where the periods of a deadline stand among the points; the policy by its place in memory.
    known: HashMap<(&'a Reading, *const Policy, PlanYears), Range<usize>>,
    /// Thousands of points share a dozen names of months.
    names: HashSet<Arc<str>>,
}

impl<'a> Schedules<'a> {
    fn new(calendar: &'a WorkCalendar) -> Self {
        Self { calendar, points: Vec::new(), days: BTreeMap::new(), known: HashMap::new(), names: HashSet::new() }
    }

    /// Where the periods of a task stand among the points.
    fn of(&mut self, plan: &'a Plan, task: &'a Task, policy: &Arc<Policy>) -> Range<usize> {
        let key = (&*task.reading, Arc::as_ptr(policy), plan.years);
        if let Some(known) = self.known.get(&key).filter(|_| task.settled.is_empty()) {
            return known.clone();
        }
        let start = self.points.len();
        for (period, kind) in periods(plan, task, policy, self.calendar) {
            let opens_on = match kind {
                OccurrenceKind::Dated(due) => policy.opens_on(due, self.calendar),
                OccurrenceKind::StandingNote(on) | OccurrenceKind::DateMissing(on) => on,
            };
            let period = self.shared(&period);
            let next = self.days.len();
            let day = *self.days.entry(opens_on).or_insert(next);
            self.points.push(Point { period, kind, opens_on, day });
        }
        let points = start..self.points.len();
        // What the office settled is of this task alone.
        if task.settled.is_empty() {
            self.known.insert(key, points.clone());
        }
        points
    }

    fn shared(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.names.get(name) {
            return Arc::clone(known);
        }
        let name: Arc<str> = name.into();
        self.names.insert(Arc::clone(&name));
        name
    }
}

fn periods(plan: &Plan, task: &Task, policy: &Policy, calendar: &WorkCalendar) -> Vec<(String, OccurrenceKind)> {
    let (note_every, ask_every) = (policy.note_every, policy.ask_date_every);
    let due_points = task.reading.due_points(plan.years, calendar);
    let mut periods: Vec<_> = due_points
        .into_iter()
        .map(|point| {
            let last_on = task.settled.get(&point.period).copied().unwrap_or(point.last_on);
            (point.period, OccurrenceKind::Dated(Due::on(last_on, calendar)))
        })
        .collect();
    // A date entered by hand makes the undated kinds ordinary dated work.
    if periods.is_empty() && !task.settled.is_empty() {
        let settled = task.settled.iter();
        return settled.map(|(period, on)| (period.clone(), OccurrenceKind::Dated(Due::on(*on, calendar)))).collect();
    }
    let dated = periods.len();
    for clause in &task.reading.clauses {
        match &clause.rule {
            DeadlineRule::Standing => periods.extend(notes(plan.years, note_every, NaiveDate::MIN, calendar)),
            // "Từ ngày 15/5" is no duty before that day.
            DeadlineRule::Window { from, due: None } => {
                let year = from.year.or_else(|| plan.years.context.year_of(from.month));
                let begins_on = year.and_then(|year| from.first_day(year)).unwrap_or(NaiveDate::MIN);
                periods.extend(notes(plan.years, note_every, begins_on, calendar));
            }
            DeadlineRule::ExternalPlan(_) => {
                let notes = starts_of(plan.years, ask_every, calendar)
                    .map(|(first, on)| (first.format("%Y-%m").to_string(), OccurrenceKind::DateMissing(on)));
                periods.extend(notes);
            }
            DeadlineRule::Dates { .. }
            | DeadlineRule::Window { .. }
            | DeadlineRule::Every(_)
            | DeadlineRule::Relative(_)
            | DeadlineRule::Lasts { .. }
            | DeadlineRule::Triggered(..)
            | DeadlineRule::Lunar { .. } => {}
        }
    }
    // "Thường xuyên; báo cáo trước 15/12" names two things: a note never takes the name of a due date, which
    // come first, nor of another note.
    if periods.len() > dated {
        let mut taken = HashSet::new();
        periods.retain(|(period, _)| taken.insert(period.clone()));
    }
    periods
}

/// A note at the start of each span of so many months of the plan that ends after `begins_on`.
fn notes(
    years: PlanYears,
    months: u32,
    begins_on: NaiveDate,
    calendar: &WorkCalendar,
) -> impl Iterator<Item = (String, OccurrenceKind)> + '_ {
    starts_of(years, months, calendar).filter(move |(first, _)| *first + Months::new(months) > begins_on).map(
        move |(first, on)| {
            let period = match months {
                3 => format!("{}-Q{}", first.year(), first.month0() / 3 + 1),
                6 => format!("{}-H{}", first.year(), first.month0() / 6 + 1),
                12 => first.year().to_string(),
                _ => first.format("%Y-%m").to_string(),
            };
            let on = if begins_on > on { calendar.first_working_day_from(begins_on) } else { on };
            (period, OccurrenceKind::StandingNote(on))
        },
    )
}

/// First day and first working day of each span of `months` months of the plan.
fn starts_of(
    years: PlanYears,
    months: u32,
    calendar: &WorkCalendar,
) -> impl Iterator<Item = (NaiveDate, NaiveDate)> + '_ {
    let step = usize::try_from(months).unwrap_or(1);
    years.first_days_of_months().step_by(step).map(|first| (first, calendar.first_working_day_from(first)))
}
