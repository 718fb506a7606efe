//! Owns the facts a message states, as they are kept with it.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::{
    deadline::Due,
    dossier::Duty,
    life::{Answer, Request},
};

/// The facts a message states; kept with the notification, so that it can be explained and sent
/// even after the plan has changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Item {
    /// Work with a due date.
    Task {
        /// The row.
        #[serde(flatten)]
        row: Arc<TaskRow>,
        /// Its due date.
        due: Due,
    },
    /// A standing duty.
    Standing {
        /// The row.
        #[serde(flatten)]
        row: Arc<TaskRow>,
    },
    /// A duty whose date another plan still owes.
    DateMissing {
        /// The row.
        #[serde(flatten)]
        row: Arc<TaskRow>,
    },
    /// A request that waits for a decision.
    Asked {
        /// The row.
        #[serde(flatten)]
        row: Arc<TaskRow>,
        /// Its due date, when it has one.
        due: Option<Due>,
        /// What is asked for.
        request: Request,
        /// Name of the unit meant, when the work is said to be another unit's.
        right: Option<String>,
        /// Who asks.
        by: String,
        /// Since when.
        on: NaiveDate,
    },
    /// The answer to a request.
    Answered {
        /// The row.
        #[serde(flatten)]
        row: Arc<TaskRow>,
        /// The due date in force.
        due: Option<Due>,
        /// The answer.
        answer: Answer,
    },
    /// A dossier of the one-stop system.
    Dossier {
        /// Number on the receipt.
        code: String,
        /// Administrative procedure, if known.
        procedure: Option<String>,
        /// The unit that holds it.
        unit: String,
        /// The appointment in force.
        due_at: DateTime<Utc>,
        /// The first appointment, when it has been moved.
        first_due_at: Option<DateTime<Utc>>,
        /// Due date in working days.
        due: Due,
        /// When the one-stop system last told us.
        seen_at: DateTime<Utc>,
        /// How often its recipient was urged since it became late, this time included.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        urged: Option<u32>,
        /// Whether it is a petition.
        #[serde(default)]
        is_petition: bool,
    },
    /// A paper that is owed for a dossier.
    Duty {
        /// Which.
        duty: Duty,
        /// Its name.
        name: Arc<str>,
        /// Number of the dossier.
        code: String,
        /// Administrative procedure, if known.
        procedure: Option<String>,
        /// The unit that owes it.
        unit: String,
        /// By when it is due.
        due: Due,
        /// The appointment that was missed; of a petition, when it was received.
        of_at: DateTime<Utc>,
        /// Whether the dossier itself has ended.
        is_ended: bool,
    },
    /// A target of the plan that is about to be missed.
    Target {
        /// Title of the plan.
        plan: Arc<str>,
        /// Where the plan says so.
        section: Arc<str>,
        /// The promise in the plan's words.
        text: Arc<str>,
        /// Whether it is missed for good.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        is_lost: bool,
        /// What is wanted, reached and to be expected, as text.
        facts: Vec<(String, String)>,
    },
    /// The administrator's morning note.
    Health {
        /// One sentence a line, in Vietnamese, the most important first.
        lines: Vec<String>,
    },
    /// A problem for the administrator.
    Problem {
        /// What is wrong and what to do, in Vietnamese.
        sentence: String,
        /// Since when.
        opened_at: DateTime<Utc>,
    },
}

impl Item {
    /// The row and the due date of work that has one; none of a duty marked secret.
    #[must_use]
    pub fn named(&self) -> Option<(&TaskRow, Due)> {
        match self {
            Self::Task { row, due } if row.reference.is_none() => Some((row, *due)),
            _ => None,
        }
    }

    /// Whether it is about a dossier or petition, or a paper owed for one.
    #[must_use]
    pub fn is_of_dossier(&self) -> bool {
        self.dossier_code().is_some()
    }

    /// The number of the dossier that it is about.
    #[must_use]
    pub fn dossier_code(&self) -> Option<&str> {
        match self {
            Self::Dossier { code, .. } | Self::Duty { code, .. } => Some(code),
            Self::Task { .. }
            | Self::Standing { .. }
            | Self::DateMissing { .. }
            | Self::Asked { .. }
            | Self::Answered { .. }
            | Self::Target { .. }
            | Self::Health { .. }
            | Self::Problem { .. } => None,
        }
    }

    /// The form in which the store keeps it.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("an item has no map with keys that are not text")
    }

    /// From the form in which the store keeps it.
    ///
    /// # Errors
    /// When it is not that form, or of a later version.
    pub fn from_json(text: &str) -> Result<Self, serde_json::Error> {
        #[derive(Deserialize)]
        struct OfTask {
            due: Due,
        }
        // Most items are tasks. A kind among the fields makes serde keep all of them until it is found; the two parts
        // of a task are read without.
        if text.starts_with(r#"{"kind":"task","#) {
            let OfTask { due } = serde_json::from_str(text)?;
            return Ok(Self::Task { row: Arc::new(serde_json::from_str(text)?), due });
        }
        serde_json::from_str(text)
    }
}

/// What a message says of a row of the annex.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskRow {
    /// Title of the plan.
    pub plan: Arc<str>,
    /// Number in the annex.
    pub task: Arc<str>,
    /// Content of the work.
    pub content: Arc<str>,
    /// Expected product.
    pub product: Arc<str>,
    /// The deadline as written.
    pub phrase: Arc<str>,
    /// The period of this occurrence.
    pub period: Arc<str>,
    /// The unit in charge.
    pub unit: Arc<str>,
    /// Coordinating units.
    pub coordinating: Vec<Arc<str>>,
    /// The document that opened it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<Arc<str>>,
    /// For a duty marked secret: its number, and everything else is empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Arc<str>>,
}
