//! Owns the last steps of a decision: what was said already, who is told once for several parts, when it may
//! leave, and what waits in vain.

use std::{collections::HashSet, sync::Arc};

use chrono::{DateTime, Duration, NaiveDate, Utc};

use super::{
    CancelReason, Cancellation, Gap, Refresh, Situation, Told, candidates::Candidate, draft::Draft, verdict::Link,
};
use crate::domain::{
    directory::{ChannelKind, Route},
    health,
    ids::{RecipientId, SubjectId},
    notification::{Audience, Item, Notification, NotificationKey},
    policy::{Policy, Reader},
    targets,
};

/// What is spoken of.
pub struct Topic<'t> {
    pub subject: &'t SubjectId,
    /// The due date it speaks of.
    pub revision_on: NaiveDate,
    /// What was said of it.
    pub told: &'t [Told],
    /// Whether only e-mail may carry it.
    pub is_secret: bool,
    /// Said to the unit in charge today, instead of what the policy advises.
    pub advice: Option<&'t Arc<str>>,
}

/// Somebody whom a subject concerns today, told already or not.
pub struct Concerned {
    revision_on: NaiveDate,
    audience: Audience,
    recipient: RecipientId,
    routes: Arc<[Route]>,
}

impl Draft<'_> {
    /// Turns the candidates that were not told yet into notifications: one message a person, in the
    /// strongest audience; the weaker ones are recorded as merged into it.
    pub fn tell(
        &mut self,
        topic: &Topic<'_>,
        policy: &Policy,
        candidates: impl IntoIterator<Item = Candidate>,
        item: impl Fn() -> Item,
    ) {
        let subject = topic.subject;
        let first = self.decision.notify.len();
        for Candidate { audience, recipient, rung, reason, cannot_wait, resumed_on } in candidates {
            let routes = routes_for(topic, &recipient.routes);
            if routes.is_empty() {
                self.decision.gaps.insert(Gap::NoEmailForSecret(recipient.id.clone()));
                self.link(subject, Some(audience), Some(&recipient), || Link::SecretWithoutEmail);
                continue;
            }
            if let Some(concerned) = self.live.get_mut(subject) {
                concerned.push(Concerned {
                    revision_on: topic.revision_on,
                    audience,
                    recipient: recipient.id.clone(),
                    routes: Arc::clone(&routes),
                });
            }
            let key = NotificationKey {
                subject: subject.clone(),
                revision_on: topic.revision_on,
                offset: rung.offset,
                audience,
                recipient: recipient.id.clone(),
                resumed_on,
            };
            if let Some(told) = topic.told.iter().find(|t| t.covers(&key)) {
                self.refresh(subject, told, &item);
                let Told { offset, resumed_on, .. } = *told;
                self.link(subject, Some(audience), Some(&recipient), || {
                    Link::AlreadyTold(NotificationKey { offset, resumed_on, ..key })
                });
                continue;
            }
            let said = self.decision.notify[first..].iter();
            let stronger = said.filter(|n| n.merged_into.is_none()).find(|n| n.key.recipient == recipient.id);
            let stronger = stronger.map(|n| n.key.to_string());
            self.supersede(&key);
            let not_before = self.release.at(reason.is_urgent() || cannot_wait, &recipient.id);
            self.link(subject, Some(audience), Some(&recipient), || match &stronger {
                Some(into) => Link::Merged(key.clone(), into.clone()),
                None => Link::Tells { key: key.clone(), rung, not_before },
            });
            self.decision.notify.push(Notification {
                reason,
                item: item(),
                advice: topic
                    .advice
                    .filter(|_| reader(audience) == Reader::Lead)
                    .or_else(|| policy.advice_at(reader(audience), rung.offset))
                    .cloned(),
                routes,
                // Whose place somebody takes tells what the duty is about.
                on_behalf_of: recipient.on_behalf_of.clone().filter(|_| !topic.is_secret),
                not_before,
                merged_into: stronger,
                key,
            });
        }
    }

    /// A message that waits says what is true when it leaves: whose work it is by now, that it was marked secret.
    fn refresh(&mut self, subject: &SubjectId, told: &Told, item: &impl Fn() -> Item) {
        for pending in self.pending.get(subject).into_iter().flatten().filter(|p| p.told == *told) {
            let current = item();
            if pending.item != current.to_json() {
                self.decision.refresh.push(Refresh { id: pending.id, item: current });
            }
        }
    }

    /// A waiting message of a weaker rung is contained in the new one.
    fn supersede(&mut self, key: &NotificationKey) {
        if self.pending.is_empty() {
            return;
        }
        let pending = self.pending.get(&key.subject).into_iter().flatten();
        let weaker = pending.filter(|p| p.told.is_weaker_than(key));
        self.decision.cancel.extend(weaker.map(|p| Cancellation { id: p.id, reason: CancelReason::Superseded }));
    }

    /// What is decided once a day, a target about to be missed, stays as it was decided. A morning note that still
    /// waits concerns the administrator, whoever that is by now.
    fn keep_notes(&mut self) {
        let office = self.situation.office;
        for pending in self.situation.record.pending.iter().filter(|p| targets::is_target(&p.subject)) {
            if let Some(concerned) = self.live.get_mut(&pending.subject) {
                concerned.push(Concerned {
                    revision_on: pending.told.revision_on,
                    audience: pending.told.audience,
                    recipient: pending.told.recipient.clone(),
                    routes: [pending.route.clone()].into(),
                });
            }
        }
        let Some(administrator) = office.directory.recipient(&office.administrator, self.today) else { return };
        for pending in self.situation.record.pending.iter().filter(|p| health::is_note(&p.subject)) {
            if let Some(concerned) = self.live.get_mut(&pending.subject) {
                concerned.push(Concerned {
                    revision_on: pending.told.revision_on,
                    audience: pending.told.audience,
                    recipient: administrator.id.clone(),
                    routes: Arc::clone(&administrator.routes),
                });
            }
        }
    }

    /// Takes back what no longer concerns its recipient, or would go to an address they no longer have.
    pub fn cancel_pointless(&mut self) {
        self.keep_notes();
        let superseded: HashSet<i64> = self.decision.cancel.iter().map(|c| c.id).collect();
        for pending in &self.situation.record.pending {
            let Told { revision_on, audience, recipient, .. } = &pending.told;
            let concerns = |c: &Concerned| {
                c.revision_on == *revision_on
                    && c.audience == *audience
                    && c.recipient == *recipient
                    && c.routes.contains(&pending.route)
            };
            let is_live = self.live.get(&pending.subject).is_some_and(|concerned| concerned.iter().any(concerns));
            if !is_live && !superseded.contains(&pending.id) {
                self.decision.cancel.push(Cancellation { id: pending.id, reason: CancelReason::Withdrawn });
            }
        }
    }
}

/// When messages decided at a moment may leave.
pub struct Release {
    /// By the minute of the spread: today's digest, which what is urgent joins as long as it has not left, and the
    /// digest that the rest leaves with.
    digests: Vec<(DateTime<Utc>, DateTime<Utc>)>,
    /// Still today, for what cannot wait for the next digest: at once, or after lunch.
    today_at: Option<DateTime<Utc>>,
    /// Whether today's digest was missed, so that nothing waits for the next one.
    is_late: bool,
}

impl Release {
    /// The next digest; at once when waiting for it would be too late, or when this is the first
    /// decision after today's digest moment because the daemon was down. Lunch holds it until the afternoon.
    pub fn of(situation: Situation<'_>, now: DateTime<Utc>) -> Self {
        let (hours, calendar) = (&situation.office.hours, &situation.office.calendar);
        let today = hours.date(now);
        let digest = hours.digest_moment(today);
        let spread = |digest_at: DateTime<Utc>| {
            let minutes = (0..=hours.spread_minutes).map(|n| Duration::minutes(i64::from(n)));
            minutes.map(|wait| (digest + wait, digest_at + wait)).collect()
        };
        if now <= digest && calendar.is_working_day(today) {
            return Self { digests: spread(digest), today_at: None, is_late: false };
        }
        let next = hours.next_sending(calendar, now);
        let today_at = Some(next).filter(|next| hours.date(*next) == today);
        let is_late = today_at.is_some() && situation.record.last_decided_at.is_none_or(|at| at < digest);
        let digest_at = if is_late { digest } else { hours.next_digest(calendar, now) };
        Self { digests: spread(digest_at), today_at, is_late }
    }

    fn at(&self, is_urgent: bool, recipient: &RecipientId) -> DateTime<Utc> {
        let (today, digest_at) = self.digests[spread_of(recipient, self.digests.len())];
        match self.today_at {
            Some(at) if is_urgent || self.is_late => at.max(today),
            Some(_) | None => digest_at,
        }
    }
}

/// What is marked secret goes by e-mail only.
fn routes_for(topic: &Topic<'_>, routes: &Arc<[Route]>) -> Arc<[Route]> {
    if topic.is_secret {
        return routes.iter().filter(|r| r.channel == ChannelKind::Email).cloned().collect();
    }
    Arc::clone(routes)
}

fn reader(audience: Audience) -> Reader {
    match audience {
        Audience::Lead | Audience::Asker | Audience::Assignee | Audience::Administrator => Reader::Lead,
        Audience::Coordinating | Audience::DataClosing => Reader::Coordinating,
        Audience::Following | Audience::Decider | Audience::Assigner => Reader::Following,
        Audience::Escalation(_) => Reader::Superior,
    }
}

/// Which of so many minutes of the spread a recipient's digest leaves at: the same every morning (FNV-1a of the id).
fn spread_of(recipient: &RecipientId, minutes: usize) -> usize {
    if minutes <= 1 {
        return 0;
    }
    let hash = recipient.as_str().bytes().fold(0x811c_9dc5_u32, |h, b| (h ^ u32::from(b)).wrapping_mul(0x0100_0193));
    hash as usize % minutes
}
