//! Owns the last steps of a decision: what was said already, who is told once for several parts, when it may
//! leave, and what waits in vain.

use std::sync::Arc;

use chrono::{DateTime, Duration, NaiveDate, Utc};

use super::{CancelReason, Cancellation, Gap, Situation, Told, candidates::Candidate, draft::Draft, verdict::Link};
use crate::domain::{
    directory::{ChannelKind, Route},
    ids::{RecipientId, SubjectId},
    notification::{Audience, Item, Notification, NotificationKey},
    policy::{Policy, Reader},
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
    pub fn tell(&mut self, topic: &Topic<'_>, policy: &Policy, candidates: Vec<Candidate>, item: impl Fn() -> Item) {
        let subject = topic.subject;
        let mut said: Vec<(RecipientId, NotificationKey)> = Vec::new();
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
                let Told { offset, resumed_on, .. } = *told;
                self.link(subject, Some(audience), Some(&recipient), || {
                    Link::AlreadyTold(NotificationKey { offset, resumed_on, ..key })
                });
                continue;
            }
            let stronger = said.iter().find(|(id, _)| *id == recipient.id).map(|(_, key)| key.to_string());
            if stronger.is_none() {
                said.push((recipient.id.clone(), key.clone()));
            }
            self.supersede(&key);
            let not_before = self.release_at(reason.is_urgent() || cannot_wait, &recipient.id);
            self.link(subject, Some(audience), Some(&recipient), || match &stronger {
                Some(into) => Link::Merged(key.clone(), into.clone()),
                None => Link::Tells { key: key.clone(), rung, not_before },
            });
            self.decision.notify.push(Notification {
                reason,
                item: item(),
                advice: policy.advice_at(reader(audience), rung.offset).cloned(),
                routes,
                on_behalf_of: recipient.on_behalf_of.clone(),
                not_before,
                merged_into: stronger,
                key,
            });
        }
    }

    /// A waiting message of a weaker rung is contained in the new one.
    fn supersede(&mut self, key: &NotificationKey) {
        let pending = self.situation.record.pending.iter();
        let weaker = pending.filter(|p| p.subject == key.subject && p.told.is_weaker_than(key));
        self.decision.cancel.extend(weaker.map(|p| Cancellation { id: p.id, reason: CancelReason::Superseded }));
    }

    /// The next digest; at once when waiting for it would be too late, or when this is the first
    /// decision after today's digest moment because the daemon was down. Lunch holds it until the afternoon.
    fn release_at(&self, is_urgent: bool, recipient: &RecipientId) -> DateTime<Utc> {
        let Situation { office, record } = self.situation;
        let (hours, calendar) = (&office.hours, &office.calendar);
        let spread = Duration::minutes(spread_of(recipient, hours.spread_minutes));
        let digest = hours.digest_moment(self.today);
        if self.now <= digest && calendar.is_working_day(self.today) {
            return digest + spread;
        }
        let missed_digest = record.last_decided_at.is_none_or(|at| at < digest);
        if is_urgent || missed_digest {
            let next = hours.next_sending(calendar, self.now);
            if hours.date(next) == self.today {
                return if is_urgent { next } else { next.max(digest + spread) };
            }
        }
        hours.next_digest(calendar, self.now) + spread
    }

    /// Takes back what no longer concerns its recipient, or would go to an address they no longer have.
    pub fn cancel_pointless(&mut self) {
        for pending in &self.situation.record.pending {
            let Told { revision_on, audience, recipient, .. } = &pending.told;
            let concerns = |c: &Concerned| {
                c.revision_on == *revision_on
                    && c.audience == *audience
                    && c.recipient == *recipient
                    && c.routes.contains(&pending.route)
            };
            let is_live = self.live.get(&pending.subject).is_some_and(|concerned| concerned.iter().any(concerns));
            let is_cancelled = self.decision.cancel.iter().any(|c| c.id == pending.id);
            if !is_live && !is_cancelled {
                self.decision.cancel.push(Cancellation { id: pending.id, reason: CancelReason::Withdrawn });
            }
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
        Audience::Lead | Audience::Asker | Audience::Administrator => Reader::Lead,
        Audience::Coordinating | Audience::DataClosing => Reader::Coordinating,
        Audience::Following | Audience::Decider => Reader::Following,
        Audience::Escalation(_) => Reader::Superior,
    }
}

/// The minute of the spread at which a recipient's digest leaves: the same every morning (FNV-1a of the id).
fn spread_of(recipient: &RecipientId, minutes: u32) -> i64 {
    let hash = recipient.as_str().bytes().fold(0x811c_9dc5_u32, |h, b| (h ^ u32::from(b)).wrapping_mul(0x0100_0193));
    i64::from(hash % (minutes + 1))
}
