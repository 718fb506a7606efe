//! The three passes that meet only in the store: poll, decide, deliver.
//!
//! Each may be killed anywhere and run again. They load, ask the domain, write; they keep nothing.

use std::{
    collections::{BTreeSet, VecDeque},
    fmt::Write as _,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex},
};

use chrono::{DateTime, Duration, NaiveDate, NaiveTime, Utc};
use futures_util::{FutureExt as _, future::join_all};
use sha2::{Digest as _, Sha256};
use tokio_util::sync::CancellationToken;

use crate::{
    channel::{self, Bot, Channels, EmailTransport, linking},
    clock::Clock,
    config::Config,
    domain::{
        decide::{Gap, Record, Situation, decide as decide_now},
        directory::ChannelKind,
        dossier::{Trust, judge_snapshot},
        health,
        ids::{PersonId, SourceId},
        notification::{
            Batch, MAX_ATTEMPTS_ELSEWHERE, MAX_INTERRUPTIONS, MAX_LOST_ANSWERS, Notification, RESEND_AFTER,
            STOPPED_PAUSE, SendError, channel_pause, hex, next_attempt,
        },
        office::Office,
    },
    message::{self, Letterhead, TemplateError},
    source::{self, DossierSource, Fetched, SourceError},
    store::{
        ApplyReport, DailyCap, Outcome, PollFailure, Pruned, Store, StoreError, SyncReport, channel_prefix,
        recipient_prefix, source_prefix,
    },
};

/// The lease of a message in hand: longer than all deadlines of a send together.
const LEASE: Duration = Duration::minutes(15);
/// A refused account is tried again this late: OpenCPS locks it after five wrong tries in a row.
const ACCESS_DENIED_PAUSE: Duration = Duration::hours(1);

/// The first note of all speaks of the week before.
const NOTE_LOOKS_BACK: Duration = Duration::days(7);

/// A message refused for now so often is shown to a person, while it is still being tried.
const SHOWN_AFTER_ATTEMPTS: u32 = 5;

/// Everything a pass works with; built anew on a reload, only the store stays.
pub struct App {
    /// The configuration in force, as the rules see it.
    pub office: Arc<Office>,
    /// What survives.
    pub store: Arc<dyn Store>,
    channels: Channels,
    sources: Vec<Box<dyn DossierSource>>,
    letterhead: Letterhead,
    senders: usize,
    bot: Option<Bot>,
    seen: Mutex<VecDeque<String>>,
    keep_days: Option<i64>,
    pruned_on: Mutex<Option<NaiveDate>>,
}

impl App {
    /// Sets up channels and sources of a configuration; nothing is connected yet.
    #[must_use]
    pub fn new(config: &Config, store: Arc<dyn Store>) -> Self {
        // The HTTP client takes the process-wide provider; a second installation changes nothing.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self {
            office: Arc::clone(&config.office),
            store,
            channels: channel::open_all(&config.channels),
            sources: source::open_all(&config.sources),
            letterhead: config.letterhead.clone(),
            senders: senders(config),
            bot: config.channels.zalo_bot.clone().map(Bot::new),
            seen: Mutex::default(),
            keep_days: config.keep_days,
            pruned_on: Mutex::default(),
        }
    }
}

/// As many messages are in hand at a time as the mail server may be asked to take.
fn senders(config: &Config) -> usize {
    match config.channels.email.as_ref().map(|e| &e.transport) {
        Some(EmailTransport::Smtp(server)) => server.limits.connections.into(),
        Some(EmailTransport::Maildir(_)) | None => 1,
    }
}

/// Begins with a configuration: ends pauses that it may have cured, and problems of what it no longer has.
///
/// # Errors
/// When the store fails.
pub async fn begin(app: &App, now: DateTime<Utc>) -> Result<(), StoreError> {
    app.store.end_pauses().await?;
    let sources = app.sources.iter().map(|s| source_prefix(&s.settings().id));
    let channels = app.channels.keys().map(|c| channel_prefix(c.as_str()));
    let directory = &app.office.directory;
    let people = directory.people.keys().map(|p| recipient_prefix(p.as_str()));
    let mailboxes = directory.units.keys().map(|u| recipient_prefix(&format!("unit:{u}")));
    let known: Vec<String> = sources.chain(channels).chain(people).chain(mailboxes).collect();
    for problem in app.store.status(now).await?.problems {
        let is_of_part = ["source:", "channel:", "recipient:"].iter().any(|kind| problem.key.starts_with(kind));
        if is_of_part && !known.iter().any(|prefix| problem.key.starts_with(prefix)) {
            app.store.set_problems(problem.key, Vec::new(), now).await?;
        }
    }
    Ok(())
}

/// What a poll of one source brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Polled {
    /// The source.
    pub source: SourceId,
    /// What changed, or why nothing did (in Vietnamese).
    pub result: Result<SyncReport, String>,
}

/// Polls the sources that are due.
///
/// # Errors
/// When the store fails; a failing source is a report, not an error.
pub async fn poll(app: &App, now: DateTime<Utc>) -> Result<Vec<Polled>, StoreError> {
    let periods = app.sources.iter().map(|s| (s.settings().id.clone(), s.settings().poll_every)).collect();
    let due = app.store.sources_due(periods, now).await?;
    let mut polled = Vec::new();
    for source in app.sources.iter().filter(|s| due.contains(&s.settings().id)) {
        let id = source.settings().id.clone();
        let result = match source.fetch().await {
            Ok(fetched) => accept(app, &id, fetched, now).await?,
            Err(error) => Err(record_failure(app, &id, &error, now).await?),
        };
        log_poll(&id, &result);
        polled.push(Polled { source: id, result });
    }
    app.store.pass_ended("poll", now).await?;
    Ok(polled)
}

async fn accept(
    app: &App,
    source: &SourceId,
    fetched: Fetched,
    now: DateTime<Utc>,
) -> Result<Result<SyncReport, String>, StoreError> {
    let Fetched { snapshot, trouble } = fetched;
    let history = app.store.source_history(source.clone()).await?;
    let today = app.office.hours.date(now);
    let trust = judge_snapshot(&snapshot, &history, today, &app.office.calendar);
    let rows = snapshot.dossiers.len();
    let remarks = summarize(&snapshot.remarks);
    let report = app.store.sync_dossiers(source.clone(), snapshot, trust, now).await?;
    if let Some(error @ SourceError::AccessDenied { .. }) = &trouble {
        record_failure(app, source, error, now).await?;
    }
    let sentence = match (trust, trouble) {
        (Trust::Believed, _) if rows == 0 => Some(format!(
            "{source}: chưa thấy hồ sơ nào; nếu cơ quan đang có hồ sơ thì kiểm tra group_id và query trong nhacviec.yaml"
        )),
        (Trust::Believed, _) => None,
        (Trust::Partial, trouble) => {
            let cause =
                trouble.map_or_else(|| "danh sách thay đổi trong lúc đọc".to_owned(), |t| t.sentence().to_owned());
            Some(format!("{source}: chỉ đọc được một phần ({rows} hồ sơ), không kết luận hồ sơ nào đã xong; {cause}"))
        }
        (Trust::Short { .. }, _) => Some(format!(
            "{source}: chỉ trả về {rows} hồ sơ trong khi lần trước có {}; chưa tin, không đóng hồ sơ nào; kiểm tra tài khoản và bộ lọc",
            history.believed_count
        )),
    };
    let mut problems: Vec<_> =
        sentence.clone().into_iter().map(|s| (format!("{}poll", source_prefix(source)), s)).collect();
    problems.extend(remarks.map(|r| (format!("{}rows", source_prefix(source)), format!("{source}: {r}"))));
    app.store.set_problems(source_prefix(source), problems, now).await?;
    Ok(sentence.map_or(Ok(report), Err))
}

/// The first few remarks; a source with a thousand bad rows needs no thousand lines.
fn summarize(remarks: &[String]) -> Option<String> {
    const SHOWN: usize = 5;
    let mut text = remarks.iter().take(SHOWN).cloned().collect::<Vec<_>>().join("; ");
    if remarks.len() > SHOWN {
        let _ = write!(text, "; và {} dòng khác", remarks.len() - SHOWN);
    }
    (!text.is_empty()).then_some(text)
}

async fn record_failure(
    app: &App,
    source: &SourceId,
    error: &SourceError,
    now: DateTime<Utc>,
) -> Result<String, StoreError> {
    let pause = match error {
        SourceError::AccessDenied { .. } => ACCESS_DENIED_PAUSE,
        SourceError::Unavailable { retry_after, .. } => retry_after.unwrap_or(Duration::zero()),
        SourceError::NotUnderstood { .. } => Duration::zero(),
    };
    let sentence = format!("{source}: {}", error.sentence());
    let failure = PollFailure { sentence: sentence.clone(), paused_until: now + pause };
    app.store.record_poll_failure(source.clone(), failure, now).await?;
    let problem = (format!("{}poll", source_prefix(source)), sentence.clone());
    app.store.set_problems(source_prefix(source), vec![problem], now).await?;
    Ok(sentence)
}

fn log_poll(source: &SourceId, result: &Result<SyncReport, String>) {
    match result {
        Ok(r) => {
            tracing::info!(%source, new = r.new, changed = r.changed, closed = r.closed, open = r.open, "polled the one-stop system");
        }
        Err(sentence) => tracing::warn!(%source, cause = sentence, "the one-stop system was not read in full"),
    }
}

/// Decides who must be told what at `now` and writes it.
///
/// # Errors
/// When the store fails.
pub async fn decide(app: &App, now: DateTime<Utc>) -> Result<ApplyReport, StoreError> {
    let record = app.store.record().await?;
    let last_decided_at = record.last_decided_at;
    let note = morning_note(app, &record, now).await?;
    let mut report = apply_decision(app, record, note, now).await?;
    // What was taken back may have carried other parts, which are owed by themselves now, and in the same digest.
    for _ in 0..MOST_ROUNDS {
        if report.cancelled == 0 {
            break;
        }
        let record = Record { last_decided_at, ..app.store.record().await? };
        let again = apply_decision(app, record, None, now).await?;
        report.notified += again.notified;
        report.cancelled = again.cancelled;
    }
    Ok(report)
}

/// A part that was carried by a part that was carried: further ones come with the next tick.
const MOST_ROUNDS: u32 = 3;

async fn apply_decision(
    app: &App,
    record: Record,
    note: Option<Notification>,
    now: DateTime<Utc>,
) -> Result<ApplyReport, StoreError> {
    let mut decision = decide_now(&Situation { office: &app.office, record: &record }, now);
    decision.notify.extend(note);
    let gaps: Vec<_> = decision.gaps.iter().map(|gap| describe_gap(&app.office, gap)).collect();
    for (key, sentence) in gaps.iter().filter(|(key, _)| !record.problems.iter().any(|p| p.key == *key)) {
        tracing::warn!(key, cause = sentence, "the configuration has a gap");
    }
    let report = app.store.apply(decision, gaps, now).await?;
    if report != ApplyReport::default() {
        tracing::info!(notified = report.notified, cancelled = report.cancelled, "decided who must be told");
    }
    Ok(report)
}

/// The administrator's note, with the first decision from the digest moment of a working day on.
async fn morning_note(app: &App, record: &Record, now: DateTime<Utc>) -> Result<Option<Notification>, StoreError> {
    let (hours, calendar) = (&app.office.hours, &app.office.calendar);
    let today = hours.date(now);
    let digest = hours.digest_moment(today);
    let is_first = record.last_decided_at.is_none_or(|at| at < digest);
    if !calendar.is_working_day(today) || now < digest || !is_first {
        return Ok(None);
    }
    let activity = app.store.activity(now - NOTE_LOOKS_BACK, now).await?;
    Ok(health::morning_note(&app.office, &record.reports, &activity, record.last_decided_at, now))
}

/// A gap as a problem: its key and what the administrator should do.
fn describe_gap(office: &Office, gap: &Gap) -> (String, String) {
    let unit_name = |unit| office.directory.unit_name(unit);
    let sentence = match gap {
        Gap::NobodyReachable(unit) => format!(
            "{}: không có ai nhận được tin, tạm gửi cho quản trị; thêm người có địa chỉ hoặc hộp thư chung vào units.yaml",
            unit_name(unit)
        ),
        Gap::OnlyMailbox(unit) => format!(
            "{}: không người nào của đơn vị nhận được tin, tạm gửi vào hộp thư chung; sửa contacts trong units.yaml",
            unit_name(unit)
        ),
        Gap::NoEmailForSecret(recipient) => format!(
            "{}: có nhiệm vụ mật cần nhắc nhưng không có thư điện tử (kênh khác không được dùng); thêm email vào units.yaml",
            office.directory.recipient_name(recipient)
        ),
        Gap::TaskGone(subject) => format!(
            "Việc phát sinh «{subject}» chưa xong nhưng nhiệm vụ đã bị xóa khỏi kế hoạch; khôi phục nhiệm vụ, báo hoàn thành rồi mới xóa"
        ),
        Gap::NoAddress(person) => {
            format!("«{person}» không có địa chỉ nào nên không nhận được tin; thêm email hoặc zalo_chat vào units.yaml")
        }
        Gap::VacantPosition { position, is_skipped } => {
            let instead = if *is_skipped {
                "đã báo ngay cho bậc đôn đốc kế tiếp"
            } else {
                "những người khác của bậc đôn đốc vẫn được báo"
            };
            format!("Chức vụ «{position}» chưa có người nhận được tin; {instead}")
        }
        Gap::NoticeMissing(year) => format!(
            "Chưa có lịch nghỉ chính thức năm {year}: mọi ngày của năm đó chỉ là tạm tính; xem nhacviec calendar next-notice"
        ),
        Gap::UnknownHolder { source, place } => format!(
            "{source}: chưa biết đơn vị nào giữ hồ sơ ở «{place}»; thêm dòng vào mục holders (tạm báo cho đơn vị dự phòng)"
        ),
        Gap::UnmappedStatus { source, status } => {
            format!("{source}: trạng thái «{status}» chưa được biết đến; hồ sơ vẫn được nhắc như đang xử lý")
        }
    };
    (gap.key(), sentence)
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
    let round = Round { app, clock, stop, progress: &progress };
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
        record_trouble(app, batch, &outcome, now).await?;
        let closes = matches!(outcome, Outcome::Stopped { .. } | Outcome::Postponed { .. });
        if !closes && self.may_send() {
            return app.store.finish_and_claim(batch.id, outcome, now, LEASE, daily_cap(&app.office, now)).await;
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
        tracing::info!(items = pruned.items, attempts = pruned.attempts, "emptied what came to an end long ago");
    }
    Ok(())
}

/// Takes the messages that people sent to the bot, while somebody's code is still open. Returns the people linked.
///
/// # Errors
/// When the store fails; a platform that cannot be asked is a problem, not an error.
pub async fn link(app: &App, now: DateTime<Utc>) -> Result<Vec<PersonId>, StoreError> {
    let mut linked = Vec::new();
    let Some(bot) = &app.bot else { return Ok(linked) };
    let mut problem = Vec::new();
    while !app.store.open_zalo_codes(now).await?.is_empty() {
        let incoming = match bot.next_message().await {
            Ok(Some(incoming)) => incoming,
            Ok(None) => break,
            Err(error) => {
                problem.push((
                    "zalo-link/poll".to_owned(),
                    format!("Không đọc được tin người dùng gửi Zalo Bot: {}", error.detail()),
                ));
                break;
            }
        };
        if !app.is_new(&incoming.id) {
            break;
        }
        let Some(code) = linking::code_in(&incoming.text) else { continue };
        let person = app.store.redeem_zalo_code(linking::hash(&code), incoming.chat.clone(), now).await?;
        let reply = match &person {
            Some(id) => {
                let name = app.office.directory.people.get(id).map_or(id.as_str(), |p| p.name.as_str());
                format!("Đã liên kết Zalo này với hệ thống nhắc việc cho đồng chí {name}.")
            }
            None => "Mã liên kết không đúng hoặc đã hết hạn; đề nghị hỏi quản trị để lấy mã mới.".to_owned(),
        };
        if let Err(error) = bot.send_text(&incoming.chat, &reply).await {
            tracing::warn!(%error, "the sender of a code was not answered");
        }
        linked.extend(person);
    }
    app.store.set_problems("zalo-link/".to_owned(), problem, now).await?;
    Ok(linked)
}

impl App {
    /// Whether a message to the bot comes for the first time: the platform may hand one out twice.
    fn is_new(&self, id: &str) -> bool {
        const REMEMBERED: usize = 200;
        let mut seen = self.seen.lock().expect("no panic happens while the lock is held");
        if seen.iter().any(|known| known == id) {
            return false;
        }
        seen.push_back(id.to_owned());
        if seen.len() > REMEMBERED {
            seen.pop_front();
        }
        true
    }
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
