//! Owns the warning that a target of a plan is about to be missed, or has been.

use super::{candidates::Candidate, draft::Draft, telling::Topic};
use crate::domain::{
    notification::{Audience, Item, Reason},
    plan::{Plan, Target},
    policy::{Policy, Rung},
    targets::{Standing, TargetStanding, Verdict, target_subject, words::facts},
};

use chrono::{Datelike as _, Days};

/// The rung of a target that things as of late would miss.
const AT_RISK: i32 = 0;
/// The rung of one that is missed for good; said once to each recipient.
const LOST: i32 = 1;

impl Draft<'_> {
    /// Tells those in charge and those who follow the plan, at most once a calendar month and recipient.
    pub fn target(&mut self, judged: &TargetStanding) {
        let agenda = &self.situation.office.agenda;
        let Some(plan) = agenda.plans.iter().find(|p| p.id == judged.plan) else { return };
        let Some(target) = plan.targets.iter().find(|t| t.id == judged.target) else { return };
        let is_running = plan.span().is_some_and(|span| span.contains(self.today));
        if is_running && judged.standing.verdict.is_alarming() {
            self.warn_of(plan, target, &judged.standing);
        }
    }

    fn warn_of(&mut self, plan: &Plan, target: &Target, standing: &Standing) {
        let month = self.today - Days::new(u64::from(self.today.day0()));
        let is_lost = standing.verdict == Verdict::Lost;
        let rung = Rung { offset: if is_lost { LOST } else { AT_RISK }, on: month };
        let subject = target_subject(&plan.id, &target.id);
        let record = self.situation.record;
        let told = record.told.get(&subject).map_or(&[][..], Vec::as_slice);
        let mut candidates: Vec<Candidate> = Vec::new();
        for (audience, units) in [(Audience::Lead, &target.lead), (Audience::Following, &plan.followed_by)] {
            for unit in units {
                candidates.extend(self.all_of(unit, false, audience, rung, Reason::Note, None));
            }
        }
        // As whatever they were told: who comes to be in charge during the month knows already.
        candidates.retain(|c| {
            let mut before = told.iter().filter(|t| t.recipient == c.recipient.id);
            !before.any(|t| t.revision_on == month || (is_lost && t.offset >= LOST))
        });
        let topic = Topic { subject: &subject, revision_on: month, told, is_secret: false, advice: None };
        self.tell(&topic, &Policy::default(), candidates, || Item::Target {
            plan: plan.title.clone(),
            section: target.section.as_str().into(),
            text: target.text.as_str().into(),
            is_lost,
            facts: facts(target, standing),
        });
    }
}
