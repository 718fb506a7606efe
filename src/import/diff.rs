//! Owns what an amended decision changes in a plan: rows added, dropped and changed, field by field.

use std::collections::BTreeSet;

use super::{Draft, DraftRow};

/// A task as a plan file writes it, before names are resolved.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WrittenTask {
    /// Its number.
    pub id: String,
    /// The headings above it.
    pub section: String,
    /// The work; `None` for a duty marked secret.
    pub content: Option<String>,
    /// Units in charge.
    pub lead: Vec<String>,
    /// Coordinating units.
    pub coordinating: Vec<String>,
    /// The phrase; `None` for a structured deadline without one.
    pub deadline: Option<String>,
    /// The expected product.
    pub product: String,
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Change {
    /// A row that the plan does not have.
    Added {
        /// The new row.
        row: DraftRow,
    },
    /// A row that the document does not have.
    Dropped {
        /// Its number in the plan.
        id: String,
        /// The work.
        content: String,
    },
    /// A row that both have.
    Changed {
        /// Its number in the plan.
        id: String,
        /// The work, to know it by.
        content: String,
        /// What is different.
        fields: Vec<FieldChange>,
    },
}

/// A field that is different.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct FieldChange {
    /// Its key in the plan file.
    pub field: &'static str,
    /// In the plan.
    pub old: String,
    /// In the document.
    pub new: String,
}

/// Rows that share so many words, in per cent, are the same row, reworded.
const SAME_ID: usize = 40;
const OTHER_ID: usize = 80;

/// What the draft changes in the plan, in the order of the draft; what is dropped comes last.
#[must_use]
pub fn compare(old: &[WrittenTask], draft: &Draft) -> Vec<Change> {
    let pairs = pair(old, &draft.rows);
    let mut changes = Vec::new();
    for (at, row) in draft.rows.iter().enumerate() {
        match pairs.iter().find(|(_, new)| *new == at) {
            None => changes.push(Change::Added { row: row.clone() }),
            Some((known, _)) => {
                let known = &old[*known];
                let fields = differing(known, row);
                if !fields.is_empty() {
                    let content = known.content.clone().unwrap_or_default();
                    changes.push(Change::Changed { id: known.id.clone(), content, fields });
                }
            }
        }
    }
    let kept: BTreeSet<usize> = pairs.iter().map(|(known, _)| *known).collect();
    let dropped = old.iter().enumerate().filter(|(at, _)| !kept.contains(at));
    changes.extend(
        dropped.map(|(_, task)| Change::Dropped {
            id: task.id.clone(),
            content: task.content.clone().unwrap_or_default(),
        }),
    );
    changes
}

/// Which old row is which new one: by number and text, by text, by number and nearly the text, by nearly the text.
fn pair(old: &[WrittenTask], new: &[DraftRow]) -> Vec<(usize, usize)> {
    let folded = |text: &str| super::one_line(text).to_lowercase();
    let olds: Vec<Option<String>> = old.iter().map(|task| task.content.as_deref().map(folded)).collect();
    let news: Vec<String> = new.iter().map(|row| folded(&row.content)).collect();
    let same_id = |a: usize, b: usize| old[a].id == new[b].id;
    let same_text = |a: usize, b: usize| olds[a].as_ref() == Some(&news[b]);
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<BTreeSet<String>>();
    let old_words: Vec<BTreeSet<String>> = olds.iter().map(|t| words(t.as_deref().unwrap_or_default())).collect();
    let new_words: Vec<BTreeSet<String>> = news.iter().map(|text| words(text)).collect();
    let near = |a: usize, b: usize, least: usize| {
        let (old, new) = (&old_words[a], &new_words[b]);
        let shared = old.intersection(new).count() * 200;
        olds[a].is_some() && !new.is_empty() && shared >= least * (old.len() + new.len())
    };
    let steps: [&dyn Fn(usize, usize) -> bool; 5] = [
        &|a, b| same_id(a, b) && same_text(a, b),
        &|a, b| same_text(a, b),
        &|a, b| same_id(a, b) && near(a, b, SAME_ID),
        &|a, b| near(a, b, OTHER_ID),
        &|a, b| same_id(a, b) && olds[a].is_none(),
    ];
    let (mut pairs, mut taken_old, mut taken_new) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
    for is_same in steps {
        for b in 0..new.len() {
            if taken_new.contains(&b) {
                continue;
            }
            if let Some(a) = (0..old.len()).find(|a| !taken_old.contains(a) && is_same(*a, b)) {
                taken_old.insert(a);
                taken_new.insert(b);
                pairs.push((a, b));
            }
        }
    }
    pairs
}

fn differing(old: &WrittenTask, new: &DraftRow) -> Vec<FieldChange> {
    let mut changes = Vec::new();
    let mut compare = |field, old: Option<String>, new: String| {
        let Some(old) = old else { return };
        let folded = |text: &str| super::one_line(text).to_lowercase();
        if folded(&old) != folded(&new) {
            changes.push(FieldChange { field, old, new });
        }
    };
    compare("id", Some(old.id.clone()), new.id.clone());
    compare("section", Some(old.section.clone()), new.section.clone());
    compare("content", old.content.clone(), new.content.clone());
    compare("lead", Some(old.lead.join(", ")), new.lead.join(", "));
    compare("coordinating", Some(old.coordinating.join(", ")), new.coordinating.join(", "));
    compare("deadline", old.deadline.clone(), new.deadline.clone());
    compare("product", Some(old.product.clone()), new.product.clone());
    changes
}
