//! Owns a checked plan: its tasks with resolved units, its targets, who follows it.

use std::{collections::BTreeMap, sync::Arc};

use chrono::NaiveDate;

use super::{
    deadline::{Reading, schedule::PlanYears},
    ids::{PlanId, TaskId, UnitId},
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

/// One row of the annex ("nhiệm vụ").
#[derive(Debug, Clone)]
pub struct Task {
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
    /// What the phrase means.
    pub reading: Reading,
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
    /// Where the plan says so, such as `II.5`.
    pub section: String,
    /// The promise in the plan's words.
    pub text: String,
    /// The percentage.
    pub percent: u8,
    /// "Trên": the percentage itself is not enough.
    pub is_strict: bool,
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
