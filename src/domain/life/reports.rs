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

    /// What was reported done or cancelled, and when.
    #[must_use]
    pub fn completions(&self) -> Vec<(SubjectId, NaiveDate)> {
        let done = self.lives.iter().filter_map(|(subject, life)| match &life.ending {
            Some(Ending::Completed { done_on, .. }) => Some((subject.clone(), *done_on)),
            Some(Ending::Cancelled { on, .. }) => Some((subject.clone(), *on)),
            None => None,
        });
        done.collect()
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};

    use super::*;

    #[test]
    fn what_was_cancelled_ends_on_the_day_on_which_that_was_said() {
        let on = NaiveDate::from_ymd_opt(2026, 11, 27).expect("a date");
        let mut reports = Reports::default();
        let event = |report| Event {
            subject: "task:kh/I.1:2026:phong-a".into(),
            report,
            reported_by: "an".to_owned(),
            reported_from: "cli".to_owned(),
            on,
            recorded_at: DateTime::<Utc>::UNIX_EPOCH,
        };
        reports.add(&event(Report::Cancelled { reason: "không làm nữa".to_owned() }));
        assert_eq!(reports.completions(), [("task:kh/I.1:2026:phong-a".into(), on)]);
        reports.add(&event(Report::Reopened { reason: "còn nợ".to_owned() }));
        assert_eq!(reports.completions(), []);
    }
}
