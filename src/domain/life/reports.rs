//! Owns everything that was reported, by occurrence, and what was opened.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use chrono::NaiveDate;

use super::{Ending, Event, Life, Report};
use crate::domain::ids::{PlanId, SubjectId, TaskId, UnitId};

/// An instance of a task without a date, opened by a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// The occurrence.
    pub subject: SubjectId,
    /// The plan.
    pub plan: PlanId,
    /// The task.
    pub task: TaskId,
    /// Name of the instance.
    pub period: String,
    /// The unit in charge.
    pub unit: UnitId,
    /// The day on which it was reported.
    pub opened_on: NaiveDate,
    /// The last day in time.
    pub due_on: NaiveDate,
    /// The document that asks for it.
    pub document: Arc<str>,
}

impl Opening {
    /// What `report` opens on that day, if it does.
    #[must_use]
    pub fn of(subject: &SubjectId, report: &Report, opened_on: NaiveDate) -> Option<Self> {
        let Report::Opened { plan, task, period, unit, due_on, document } = report else { return None };
        Some(Self {
            subject: subject.clone(),
            plan: plan.clone(),
            task: task.clone(),
            period: period.clone(),
            unit: unit.clone(),
            opened_on,
            due_on: *due_on,
            document: document.as_str().into(),
        })
    }
}

/// Everything that was reported, as far as it is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reports {
    lives: HashMap<SubjectId, Life>,
    openings: Vec<Opening>,
    undecided: HashSet<SubjectId>,
}

impl Reports {
    /// Whether nothing was reported or opened yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lives.is_empty() && self.openings.is_empty()
    }

    /// Adds the next event.
    pub fn add(&mut self, event: &Event) {
        let life = self.lives.entry(event.subject.clone()).or_default();
        life.add(event);
        let asked = life.extension.is_some() || life.dispute.is_some();
        if asked || life.extension_answer.is_some() || life.dispute_answer.is_some() {
            self.undecided.insert(event.subject.clone());
        }
        if life.is_closed() {
            self.undecided.remove(&event.subject);
        }
        self.openings.extend(Opening::of(&event.subject, &event.report, event.on));
    }

    /// What is known of one occurrence.
    #[must_use]
    pub fn life(&self, subject: &SubjectId) -> Option<&Life> {
        self.lives.get(subject)
    }

    /// What was opened, oldest first, ended or not.
    #[must_use]
    pub fn openings(&self) -> &[Opening] {
        &self.openings
    }

    /// Whether a request or its answer concerns the occurrence, which may be before anybody else is told of it.
    #[must_use]
    pub fn has_request(&self, subject: &SubjectId) -> bool {
        self.undecided.contains(subject)
    }

    /// Whether there is any request at all.
    #[must_use]
    pub fn has_requests(&self) -> bool {
        !self.undecided.is_empty()
    }

    /// What was reported done, and when.
    #[must_use]
    pub fn completions(&self) -> Vec<(SubjectId, NaiveDate)> {
        let done = self.lives.iter().filter_map(|(subject, life)| match &life.ending {
            Some(Ending::Completed { done_on, .. }) => Some((subject.clone(), *done_on)),
            Some(Ending::Cancelled { .. }) | None => None,
        });
        done.collect()
    }
}
