//! Owns the checked configuration as the rules see it: one value that a decision may look at.

use std::collections::BTreeMap;

use super::{
    calendar::{OfficeHours, WorkCalendar},
    directory::Directory,
    dossier::Dossier,
    ids::{PersonId, SourceId, UnitId},
    occurrence::Agenda,
    policy::Policy,
};

/// Everything about the office that rules depend on.
#[derive(Debug, Clone)]
pub struct Office {
    /// Name in messages.
    pub name: String,
    /// Units, people, positions.
    pub directory: Directory,
    /// Working days.
    pub calendar: WorkCalendar,
    /// Zone, digest and sending hours.
    pub hours: OfficeHours,
    /// Plans, policies and their occurrences.
    pub agenda: Agenda,
    /// How each source's dossiers are distributed.
    pub sources: BTreeMap<SourceId, SourceRules>,
    /// Who is told of problems.
    pub administrator: PersonId,
}

/// Who is told of a source's dossiers, and when.
#[derive(Debug, Clone)]
pub struct SourceRules {
    /// Triggers and escalation.
    pub policy: Policy,
    /// First match names the unit that holds a dossier.
    pub holders: Vec<HolderRule>,
    /// The unit told when no rule matches.
    pub fallback: UnitId,
    /// Units that follow all dossiers of the source.
    pub followed_by: Vec<UnitId>,
}

/// "When this text stands in that place, the dossier is with this unit."
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HolderRule {
    /// Where to look.
    pub place: HolderPlace,
    /// The text, compared without regard to case.
    pub equals: String,
    /// Who holds the dossier then.
    pub unit: UnitId,
}

/// The parts of a dossier that tell who holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HolderPlace {
    /// Workflow step.
    Step,
    /// Field of the procedure.
    Field,
    /// Name of the procedure.
    Procedure,
    /// Agency.
    Agency,
}

impl SourceRules {
    /// The unit that holds `dossier`, or `None` when no rule says so.
    #[must_use]
    pub fn holder(&self, dossier: &Dossier) -> Option<&UnitId> {
        let matches = |rule: &&HolderRule| {
            let text = match rule.place {
                HolderPlace::Step => &dossier.step,
                HolderPlace::Field => &dossier.field,
                HolderPlace::Procedure => &dossier.procedure,
                HolderPlace::Agency => &dossier.agency,
            };
            text.as_ref().is_some_and(|t| t.to_lowercase() == rule.equals.to_lowercase())
        };
        self.holders.iter().find(matches).map(|rule| &rule.unit)
    }
}
