//! Owns a checked plan: its tasks with resolved units, its targets, who follows it.

use std::{collections::BTreeMap, sync::Arc};

use chrono::{Days, Months, NaiveDate};

use super::{
    deadline::{Reading, schedule::PlanYears},
    ids::{PlanId, SourceId, TargetId, TaskId, UnitId},
    targets::{Metric, Span},
};

/// One document with its tasks and targets ("kế hoạch").
#[derive(Debug, Clone)]
pub struct Plan {
    /// Key of the plan.
    pub id: PlanId,
    /// Title as messages quote it.
    pub title: Arc<str>,
    /// Years it covers; they complete dates written without one.
    pub years: PlanYears,
    /// Units that follow the plan's execution ("theo dõi, đôn đốc").
    pub followed_by: Vec<UnitId>,
    /// Rows of the annex, in its order.
    pub tasks: Vec<Arc<Task>>,
    /// Measurable targets of the plan's text.
    pub targets: Vec<Target>,
}

impl Plan {
    /// From the first day of its years to the last; `None` without a year.
    #[must_use]
    pub fn span(&self) -> Option<Span> {
        let mut months = self.years.first_days_of_months();
        let from_on = months.next()?;
        let last = months.last().unwrap_or(from_on);
        Some(Span { from_on, until_on: last + Months::new(1) - Days::new(1) })
    }
}

/// One row of the annex ("nhiệm vụ").
#[derive(Debug, Clone)]
pub struct Task {
    /// The plan it stands in.
    pub plan: PlanId,
    /// Number in the annex, such as `II.5.1`.
    pub id: TaskId,
    /// Heading under which the row stands.
    pub section: String,
    /// Content of the work.
    pub content: Arc<str>,
    /// Units in charge, groups expanded: each owes its own completion.
    pub lead: Vec<UnitId>,
    /// Coordinating units, groups expanded.
    pub coordinating: Vec<UnitId>,
    /// The deadline exactly as the annex has it; in words of ours where only a structured form was given.
    pub phrase: Arc<str>,
    /// What the phrase means; rows with the same phrase share it.
    pub reading: Arc<Reading>,
    /// A last day in time that settles the phrase, by period; entered by the administrator.
    pub settled: BTreeMap<String, NaiveDate>,
    /// Expected product.
    pub product: Arc<str>,
    /// Name of the policy that reminds of this task.
    pub policy: String,
    /// Present for a duty marked secret: the only thing that messages say of it.
    pub secret: Option<Secret>,
    /// File and line of the row.
    pub source: String,
}

/// The mark on a duty's document, and the number that may be said ("mật, tối mật, tuyệt mật").
///
/// Luật Bảo vệ bí mật nhà nước 2018, Điều 8: what is marked stays off machines that are on a network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secret {
    /// The mark as written.
    pub mark: String,
    /// Number of the document.
    pub reference: Arc<str>,
}

/// A percentage that the plan promises ("chỉ tiêu").
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Key within the plan.
    pub id: TargetId,
    /// Where the plan says so, such as `II.5`.
    pub section: String,
    /// The promise in the plan's words.
    pub text: String,
    /// The percentage.
    pub percent: u8,
    /// "Trên": the percentage itself is not enough.
    pub is_strict: bool,
    /// Where what was reached comes from.
    pub basis: Basis,
    /// Units that are warned besides those that follow the plan.
    pub lead: Vec<UnitId>,
}

/// Where what was reached of a target comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Basis {
    /// A person enters it, with the document that says so.
    Entered,
    /// It is counted from dossiers.
    Counted {
        /// What counts as good.
        metric: Metric,
        /// Whose dossiers.
        sources: Vec<SourceId>,
    },
}

/// The part a unit has in a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Chủ trì: answers for the task.
    Lead,
    /// Phối hợp: owes the lead its share.
    Coordinating,
    /// Theo dõi: follows and urges.
    Following,
}
