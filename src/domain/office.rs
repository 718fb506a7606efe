//! Owns the checked configuration as the rules see it: one value that a decision may look at.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};

use super::{
    calendar::{OfficeHours, WorkCalendar},
    directory::Directory,
    dossier::{Dossier, SourceKind, TrackedDossier, has_hour},
    ids::{PersonId, SourceId, UnitId},
    life::Life,
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

impl Office {
    /// Whether an appointment has passed: one with an hour at that hour, one without when the office closes that day.
    #[must_use]
    pub fn is_past(&self, appointment: DateTime<Utc>, now: DateTime<Utc>) -> bool {
        if has_hour(appointment) {
            return now > appointment;
        }
        let on = self.hours.date(appointment);
        let sessions = self.hours.timetable.sessions(on);
        let closes = sessions.last().map_or(self.hours.sending_until, |session| session.until);
        now > self.hours.instant(on, closes)
    }

    /// The appointment in force: what the system shows, or the new one that the office recorded.
    #[must_use]
    pub fn due_in_force(&self, dossier: &Dossier, life: Option<&Life>) -> Option<DateTime<Utc>> {
        let recorded = life.and_then(|l| l.reappointed_to).map(|on| self.hours.instant(on, NaiveTime::MIN));
        dossier.due_in_force().map(|at| recorded.map_or(at, |new| new.max(at)))
    }

    /// Whether a dossier is late or ended late, so that its apology and explanation are owed until they are recorded.
    /// One that was given a new appointment in time is late from its first.
    #[must_use]
    pub fn owes_papers(&self, tracked: &TrackedDossier, today: NaiveDate) -> bool {
        let dossier = &tracked.dossier;
        let is_open = dossier.status.clock_runs() && tracked.closed_at.is_none() && tracked.missing_polls == 0;
        tracked.owes || (is_open && dossier.due_at.is_some_and(|due| today > self.hours.date(due)))
    }

    /// Working days until an appointment, 0 on its day; negative once it has passed, by the days since, at least one.
    #[must_use]
    pub fn working_days_left(&self, appointment: DateTime<Utc>, now: DateTime<Utc>) -> i64 {
        let (on, today) = (self.hours.date(appointment), self.hours.date(now));
        if self.is_past(appointment, now) {
            return -i64::from(self.calendar.working_days_between(on, today)).max(1);
        }
        i64::from(self.calendar.working_days_between(today, on))
    }
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
    /// What it holds.
    pub kind: SourceKind,
    /// The limits of petitions.
    pub limits: PetitionLimits,
}

/// By when a petition must be forwarded and answered; counted from its receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PetitionLimits {
    /// Working days for forwarding what another agency must answer (Nghị định 20/2008/NĐ-CP, Điều 9.1.d).
    pub forward_within: u32,
    /// Days for the answer (Thông tư 02/2017/TT-VPCP).
    pub answer_within: u32,
}

impl Default for PetitionLimits {
    fn default() -> Self {
        Self { forward_within: 5, answer_within: 20 }
    }
}

impl PetitionLimits {
    /// The last day for forwarding a petition received on the day.
    #[must_use]
    pub fn forward_by(&self, received_on: NaiveDate, calendar: &WorkCalendar) -> NaiveDate {
        calendar.add_working_days(received_on, i32::try_from(self.forward_within).unwrap_or(i32::MAX))
    }

    /// The last day for its answer; one that ends on a day off ends with the next working day
    /// (Bộ luật Dân sự 2015, Điều 148.5).
    #[must_use]
    pub fn answer_by(&self, received_on: NaiveDate, calendar: &WorkCalendar) -> NaiveDate {
        calendar.end_of_period(received_on, self.answer_within)
    }
}

/// "When these texts stand in those places, the dossier is with this unit."
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HolderRule {
    /// Where to look for what; all of them. Compared without regard to case; a `*` at the end stands for any rest.
    pub when: Vec<(HolderPlace, String)>,
    /// Who holds the dossier then.
    pub unit: UnitId,
    /// Who of them is told besides the unit's readers.
    pub person: Option<PersonId>,
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
    /// Code of the procedure.
    ProcedureCode,
    /// Agency.
    Agency,
    /// The unit that holds it, as the system names it.
    Department,
    /// The official who holds it, as the system names them.
    Handler,
}

impl HolderPlace {
    /// Every place with its key in the configuration.
    pub const KEYS: [(&'static str, Self); 7] = [
        ("step", Self::Step),
        ("field", Self::Field),
        ("procedure", Self::Procedure),
        ("procedure_code", Self::ProcedureCode),
        ("agency", Self::Agency),
        ("department", Self::Department),
        ("handler", Self::Handler),
    ];

    fn of(self, dossier: &Dossier) -> Option<&str> {
        let text = match self {
            Self::Step => &dossier.step,
            Self::Field => &dossier.field,
            Self::Procedure => &dossier.procedure,
            Self::ProcedureCode => &dossier.procedure_code,
            Self::Agency => &dossier.agency,
            Self::Department => &dossier.unit,
            Self::Handler => &dossier.handler,
        };
        text.as_deref()
    }
}

impl HolderRule {
    fn matches(&self, dossier: &Dossier) -> bool {
        self.when.iter().all(|(place, wanted)| {
            let (Some(text), wanted) = (place.of(dossier), wanted.to_lowercase()) else { return false };
            match wanted.strip_suffix('*') {
                Some(start) => text.to_lowercase().starts_with(start),
                None => text.to_lowercase() == wanted,
            }
        })
    }
}

impl SourceRules {
    /// The rule that says who holds `dossier`, if one does.
    #[must_use]
    pub fn holder(&self, dossier: &Dossier) -> Option<&HolderRule> {
        self.holders.iter().find(|rule| rule.matches(dossier))
    }
}
