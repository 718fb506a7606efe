//! The third pass: claim, send, record, over several connections where the office allows them.

use std::{
    collections::BTreeSet,
    panic::AssertUnwindSafe,
    sync::atomic::{AtomicUsize, Ordering},
};

use chrono::{DateTime, Duration, NaiveTime, Utc};
use futures_util::{FutureExt as _, future::join_all};
use sha2::{Digest as _, Sha256};
use tokio_util::sync::CancellationToken;

use super::App;
use crate::{
    channel::EmailTransport,
    clock::Clock,
    config::Config,
    domain::{
        directory::ChannelKind,
        notification::{
            Batch, MAX_ATTEMPTS_ELSEWHERE, MAX_INTERRUPTIONS, MAX_LOST_ANSWERS, RESEND_AFTER, STOPPED_PAUSE, SendError,
            channel_pause, hex, next_attempt,
        },
        office::Office,
    },
    message::{self, TemplateError},
    store::{DailyCap, Outcome, Pruned, StoreError, channel_prefix, recipient_prefix},
};

/// The lease of a message in hand: longer than all deadlines of a send together.
const LEASE: Duration = Duration::minutes(15);
/// A message refused for now so often is shown to a person, while it is still being tried.
const SHOWN_AFTER_ATTEMPTS: u32 = 5;

/// As many messages are in hand at a time as the mail server may be asked to take.
pub fn senders(config: &Config) -> usize {
    match config.channels.email.as_ref().map(|e| &e.transport) {
        Some(EmailTransport::Smtp(server)) => server.limits.connections.into(),
        Some(EmailTransport::Maildir(_)) | None => 1,
    }
}

/// What a deliver pass did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Delivered {
    /// Messages accepted by their channel.
    pub sent: u32,
    /// Messages refused, postponed or of unknown outcome.
    pub not_sent: u32,
}

/// Sends what is due, in sending hours only: as many messages at a time as the mail server takes connections, the
/// longest-waiting address first.
///
/// Takes the clock, not an instant: a pass may last long and leases must not be in the past. `stop`
/// ends it between two messages, so nothing stays half claimed.
///
/// # Errors
/// When the store fails; a message that is refused is a report, not an error.
pub async fn deliver(
    app: &App,
    clock: &dyn Clock,
    stop: &CancellationToken,
    progress: impl Fn(),
) -> Result<Delivered, StoreError> {
    let mut delivered = Delivered::default();
    keep_up(app, clock.now()).await?;
    app.store.divert(clock.now()).await?;
    let round = Round { app, clock, stop, progress: &progress, in_hand: AtomicUsize::new(0) };
    // The first message decides whether the others are needed at all: mostly nothing is due.
    if let Some(first) = round.next().await? {
        let mut firsts = vec![Some(first)];
        // More messages in hand than connections: while some are sent, others are claimed and finished in one commit.
        // With one connection there is one, so that a killed process repeats no more than that.
        let in_hand = if app.senders > 1 { app.senders * 4 } else { 1 };
        firsts.resize_with(in_hand, || None);
        for result in join_all(firsts.into_iter().map(|first| round.work(first))).await {
            delivered += result?;
        }
    }
    for channel in app.channels.values() {
        channel.close().await;
    }
    prune(app, clock.now()).await?;
    app.store.pass_ended("deliver", clock.now()).await?;
    Ok(delivered)
}

impl std::ops::AddAssign for Delivered {
    fn add_assign(&mut self, other: Self) {
        self.sent += other.sent;
        self.not_sent += other.not_sent;
    }
}

/// One deliver pass; its workers share the store's queue and nothing else.
struct Round<'a, P> {
    app: &'a App,
    clock: &'a dyn Clock,
    stop: &'a CancellationToken,
    progress: &'a P,
    /// Messages claimed and not finished.
    in_hand: AtomicUsize,
}

impl<P: Fn()> Round<'_, P> {
    async fn next(&self) -> Result<Option<Batch>, StoreError> {
        let now = self.clock.now();
        if !self.may_send() {
            return Ok(None);
        }
        self.app.store.claim(now, LEASE, daily_cap(&self.app.office, now)).await
    }

    fn may_send(&self) -> bool {
        let office = &self.app.office;
        !self.stop.is_cancelled() && office.hours.is_sending_time(&office.calendar, self.clock.now())
    }

    async fn work(&self, first: Option<Batch>) -> Result<Delivered, StoreError> {
        let mut delivered = Delivered::default();
        let mut next = match first {
            Some(batch) => Some(batch),
            None => self.next().await?,
        };
        while let Some(batch) = next {
            self.in_hand.fetch_add(1, Ordering::Relaxed);
            let outcome = self.hand(&batch).await?;
            let count = if outcome == Outcome::Sent { &mut delivered.sent } else { &mut delivered.not_sent };
            *count += 1;
            next = self.finish(&batch, outcome).await?;
            (self.progress)();
        }
        Ok(delivered)
    }

    async fn hand(&self, batch: &Batch) -> Result<Outcome, StoreError> {
        // What breaks on one message must not hold up the others.
        let sending = AssertUnwindSafe(send(self.app, batch, self.clock.now())).catch_unwind();
        if let Ok(outcome) = sending.await {
            return outcome;
        }
        let detail = "lỗi nội bộ khi soạn hoặc gửi tin".to_owned();
        Ok(Outcome::Failed { error: SendError::Permanent { detail } })
    }

    /// Records the outcome and takes the next message.
    async fn finish(&self, batch: &Batch, outcome: Outcome) -> Result<Option<Batch>, StoreError> {
        let (app, now) = (self.app, self.clock.now());
        let others = self.in_hand.fetch_sub(1, Ordering::Relaxed) - 1;
        record_trouble(app, batch, &outcome, now).await?;
        let closes = matches!(outcome, Outcome::Stopped { .. } | Outcome::Postponed { .. });
        if !closes && self.may_send() {
            let cap = daily_cap(&app.office, now);
            // Half of them are with the mail server, which is not to wait for the disk.
            return app.store.finish_and_claim(batch.id, outcome, now, LEASE, cap, others / 2).await;
        }
        app.store.finish(batch.id, outcome, now).await?;
        if closes {
            app.store.divert(now).await?;
        }
        self.next().await
    }
}

/// Lets channels renew what would lapse, and shows what a person must know of them.
async fn keep_up(app: &App, now: DateTime<Utc>) -> Result<(), StoreError> {
    let mut sentences = BTreeSet::new();
    for channel in app.channels.values() {
        sentences.extend(channel.keep_up(now).await);
    }
    let problems = sentences.into_iter().map(|s| (format!("keep-up/{}", hex(&Sha256::digest(&s)[..6])), s)).collect();
    app.store.set_problems("keep-up/".to_owned(), problems, now).await
}

/// Once a day, empties what came to an end long ago.
async fn prune(app: &App, now: DateTime<Utc>) -> Result<(), StoreError> {
    let (Some(days), today) = (app.keep_days, app.office.hours.date(now)) else { return Ok(()) };
    if app.pruned_on.lock().expect("no panic happens while the lock is held").replace(today) == Some(today) {
        return Ok(());
    }
    let pruned = app.store.prune(now - Duration::days(days)).await?;
    if pruned != Pruned::default() {
        tracing::info!(
            items = pruned.items,
            attempts = pruned.attempts,
            dossiers = pruned.dossiers,
            "emptied what came to an end long ago"
        );
    }
    Ok(())
}

fn daily_cap(office: &Office, now: DateTime<Utc>) -> Option<DailyCap> {
    let (hours, today) = (&office.hours, office.hours.date(now));
    Some(DailyCap {
        most: hours.most_messages?,
        day_began_at: hours.instant(today, NaiveTime::MIN),
        next_at: hours.next_digest(&office.calendar, hours.digest_moment(today) + Duration::seconds(1)),
    })
}

async fn send(app: &App, batch: &Batch, now: DateTime<Utc>) -> Result<Outcome, StoreError> {
    if batch.is_resumed && !batch.channel.may_resend_unknown() {
        let error = SendError::Unknown { detail: "lần gửi trước bị ngắt giữa chừng".to_owned() };
        return Ok(Outcome::UnknownHandOver { error });
    }
    if batch.interruptions >= MAX_INTERRUPTIONS {
        let detail = format!("chương trình đã {} lần bị dừng khi đang gửi tin này", batch.interruptions);
        return Ok(Outcome::UnknownHandOver { error: SendError::Unknown { detail } });
    }
    let Some(channel) = app.channels.get(&batch.channel) else {
        let detail = format!("kênh {} không còn được cấu hình", batch.channel.as_str());
        return Ok(Outcome::Failed { error: SendError::Permanent { detail } });
    };
    let (message, template_error) = message::render(batch, &app.office, &app.letterhead, now);
    if !app.letterhead.templates.names().is_empty() {
        show_template_error(app, template_error, now).await?;
    }
    let result = channel.send(&message).await;
    let failures = match &result {
        Err(SendError::ChannelDown { .. }) => app.store.channel_failures(batch.channel).await? + 1,
        Ok(()) | Err(_) => 0,
    };
    log_send(batch, &message.id, result.as_ref().err());
    Ok(outcome(batch, result, failures, now))
}

/// A template of the office's that failed: the message left in the form of ours.
async fn show_template_error(app: &App, error: Option<TemplateError>, now: DateTime<Utc>) -> Result<(), StoreError> {
    let Some(error) = error else { return Ok(()) };
    let line = error.line.map(|n| format!(" dòng {n}")).unwrap_or_default();
    let sentence = format!(
        "Mẫu tin templates/{}{line} có lỗi nên tin đã gửi theo mẫu có sẵn; sửa mẫu rồi chạy nhacviec check ({})",
        error.name, error.detail
    );
    app.store
        .set_problems(format!("template/{}", error.name), vec![(format!("template/{}", error.name), sentence)], now)
        .await
}

/// What the class of a failure means for the message.
fn outcome(batch: &Batch, result: Result<(), SendError>, channel_failures: u32, now: DateTime<Utc>) -> Outcome {
    let seed = batch.id.unsigned_abs().wrapping_mul(31).wrapping_add(u64::from(batch.attempt));
    match result {
        Ok(()) => Outcome::Sent,
        Err(error @ SendError::Transient { retry_after, .. }) => {
            // A chat that refuses is not waited for over days: e-mail is the record.
            let is_given_up = batch.channel != ChannelKind::Email && batch.attempt >= MAX_ATTEMPTS_ELSEWHERE;
            match next_attempt(batch.attempt, now, retry_after, seed).filter(|_| !is_given_up) {
                Some(at) => Outcome::Retry { at, error },
                None => Outcome::Failed { error },
            }
        }
        Err(error @ SendError::Permanent { .. }) => Outcome::Failed { error },
        Err(error @ SendError::ChannelDown { .. }) => {
            Outcome::Postponed { until: now + channel_pause(channel_failures), error }
        }
        Err(error @ SendError::ChannelStopped { .. }) => Outcome::Stopped { until: now + STOPPED_PAUSE, error },
        Err(error @ SendError::NotNow { wait, .. }) => {
            Outcome::Rested { until: now + wait.clamp(Duration::seconds(1), STOPPED_PAUSE), error }
        }
        Err(error @ SendError::Unknown { .. })
            if batch.channel.may_resend_unknown() && batch.lost_answers < MAX_LOST_ANSWERS =>
        {
            Outcome::UnknownResend { at: now + RESEND_AFTER, error }
        }
        Err(error @ SendError::Unknown { .. }) => Outcome::UnknownHandOver { error },
    }
}

/// Shows to a person what did not leave.
async fn record_trouble(app: &App, batch: &Batch, outcome: &Outcome, now: DateTime<Utc>) -> Result<(), StoreError> {
    let channel = batch.channel.as_str();
    match outcome {
        Outcome::Postponed { error, .. } => {
            let prefix = channel_prefix(channel);
            let sentence = format!(
                "Kênh {channel} không gửi được tin: {}; tin được giữ lại và tự gửi khi kênh hoạt động",
                error.detail()
            );
            app.store.set_problems(prefix.clone(), vec![(format!("{prefix}down"), sentence)], now).await
        }
        Outcome::Stopped { error, .. } => {
            let prefix = channel_prefix(channel);
            let sentence = format!(
                "Kênh {channel} ngừng cho đến khi có người xử lý: {}; tin chuyển sang kênh kế tiếp của từng người",
                error.detail()
            );
            app.store.set_problems(prefix.clone(), vec![(format!("{prefix}stopped"), sentence)], now).await
        }
        Outcome::Failed { error } | Outcome::UnknownHandOver { error } => {
            let prefix = recipient_prefix(batch.recipient.as_str());
            let what = if matches!(outcome, Outcome::Failed { .. }) {
                "không gửi được; kiểm tra địa chỉ trong units.yaml"
            } else {
                "không chắc đã tới; kiểm tra máy chủ và hỏi lại người nhận"
            };
            let sentence = format!("Tin cho «{}» qua {channel} {what}: {}", batch.recipient, error.detail());
            app.store.set_problems(prefix.clone(), vec![(format!("{prefix}{channel}"), sentence)], now).await
        }
        Outcome::Retry { error, .. } if batch.most_attempts >= SHOWN_AFTER_ATTEMPTS => {
            let prefix = recipient_prefix(batch.recipient.as_str());
            let sentence = format!(
                "Tin cho «{}» qua {channel} đã thử {} lần chưa đi được: {}; vẫn đang thử lại",
                batch.recipient,
                batch.most_attempts,
                error.detail()
            );
            app.store.set_problems(prefix.clone(), vec![(format!("{prefix}{channel}"), sentence)], now).await
        }
        Outcome::Sent | Outcome::Rested { .. } | Outcome::Retry { .. } | Outcome::UnknownResend { .. } => Ok(()),
    }
}

fn log_send(batch: &Batch, message_id: &str, error: Option<&SendError>) {
    let (channel, recipient, entries, attempt) =
        (batch.channel.as_str(), batch.recipient.as_str(), batch.entries.len(), batch.attempt);
    match error {
        None => tracing::info!(channel, recipient, entries, attempt, message_id, "sent a message"),
        Some(SendError::Permanent { detail }) => {
            tracing::error!(channel, recipient, entries, attempt, message_id, detail, "a message was refused for good");
        }
        Some(error) => {
            tracing::warn!(channel, recipient, entries, attempt, message_id, %error, "a message was not sent");
        }
    }
}
