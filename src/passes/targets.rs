//! How targets stand: what the store counted or was told, judged by the domain.

use chrono::{DateTime, Utc};

use crate::{
    domain::{
        office::Office,
        plan::{Basis, Plan, Target},
        targets::{Standing, TargetStanding, judge_cases, judge_values, target_key},
    },
    store::{MeasuresAsked, Store, StoreError},
};

/// How every target of the plans stands that run at `now`; one question to the store for each.
///
/// # Errors
/// When the store fails.
pub async fn running_targets(
    office: &Office,
    store: &dyn Store,
    now: DateTime<Utc>,
) -> Result<Vec<TargetStanding>, StoreError> {
    let today = office.hours.date(now);
    let mut standings = Vec::new();
    for plan in office.agenda.plans.iter().filter(|p| p.span().is_some_and(|span| span.contains(today))) {
        for target in &plan.targets {
            let standing = target_standing(office, store, plan, target, now).await?;
            standings.push(TargetStanding { plan: plan.id.clone(), target: target.id.clone(), standing });
        }
    }
    Ok(standings)
}

/// How one target stands at `now`.
///
/// # Errors
/// When the store fails.
pub async fn target_standing(
    office: &Office,
    store: &dyn Store,
    plan: &Plan,
    target: &Target,
    now: DateTime<Utc>,
) -> Result<Standing, StoreError> {
    let Some(span) = plan.span() else { return Ok(Standing::NOTHING) };
    let today = office.hours.date(now);
    match &target.basis {
        Basis::Entered => {
            let values = store.target_values(target_key(&plan.id, &target.id)).await?;
            Ok(judge_values(target, span, &values, today))
        }
        Basis::Counted { metric, sources } => {
            let asked = MeasuresAsked {
                metric: *metric,
                sources: sources.clone(),
                from_on: span.from_on,
                until_on: span.until_on.min(today),
                zone: office.hours.zone,
            };
            let months = store.measures(asked, now).await?;
            Ok(judge_cases(target, *metric, span, &months, today))
        }
    }
}
