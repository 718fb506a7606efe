//! What can be asked of a reading as a whole.

use std::ops::Range;

use super::{Clause, DeadlineRule, Reading, Relative, Roll};

impl Reading {
    /// A reading of one rule, as the structured form of a plan gives it.
    #[must_use]
    pub fn of(rule: DeadlineRule, roll: Option<Roll>) -> Self {
        let clauses = vec![Clause { rule, span: 0..0 }];
        Self { clauses, roll, also: None, doubts: Vec::new(), passed_over: Vec::new() }
    }

    /// The holiday that the work is counted from, where nobody looked its day up: it would wait for a report that it
    /// has happened, and nobody would be told ahead of it. A place in the phrase.
    #[must_use]
    pub fn waits_for_holiday(&self, phrase: &str) -> Option<Range<usize>> {
        const HOLIDAYS: [&str; 5] = ["tết", "giỗ tổ", "quốc khánh", "trung thu", "nghỉ lễ"];
        let is_holiday = |event: &&Range<usize>| {
            let event = phrase.get((*event).clone()).unwrap_or_default().to_lowercase();
            let words = format!(" {} ", event.split(|c: char| !c.is_alphanumeric()).collect::<Vec<_>>().join(" "));
            HOLIDAYS.iter().any(|holiday| words.contains(&format!(" {holiday} ")))
        };
        let events = self.clauses.iter().filter_map(|clause| match &clause.rule {
            DeadlineRule::Relative(relative) if relative.anchor.is_none() => Some(&relative.event),
            DeadlineRule::Triggered(_, event) => Some(event),
            _ => None,
        });
        events.filter(|_| !self.has_dates()).find(is_holiday).cloned()
    }

    /// Whether any clause gives due dates by the calendar alone.
    #[must_use]
    pub fn has_dates(&self) -> bool {
        self.clauses.iter().any(|c| match c.rule {
            DeadlineRule::Dates { .. } | DeadlineRule::Window { due: Some(_), .. } | DeadlineRule::Every(_) => true,
            DeadlineRule::Relative(Relative { anchor, due, .. }) => anchor.is_some() && due.is_some(),
            DeadlineRule::Window { due: None, .. }
            | DeadlineRule::Lasts { .. }
            | DeadlineRule::Standing
            | DeadlineRule::Triggered(..)
            | DeadlineRule::ExternalPlan(_)
            | DeadlineRule::Lunar { .. } => false,
        })
    }
}
