//! The three passes that meet only in the store: poll, decide, deliver.
//!
//! Each may be killed anywhere and run again. They load, ask the domain, write; they keep nothing.

mod delivering;
mod linking;

use std::{
    collections::VecDeque,
    fmt::Write as _,
    sync::{Arc, Mutex},
};

use chrono::{DateTime, Duration, NaiveDate, Utc};

pub use self::{
    delivering::{Delivered, deliver},
    linking::link,
};
use crate::{
    channel::{self, Bot, Channels},
    config::Config,
    domain::{
        decide::{Gap, Record, Situation, decide as decide_now},
        dossier::{Trust, judge_snapshot},
        health,
        ids::SourceId,
        notification::Notification,
        office::Office,
    },
    message::Letterhead,
    source::{self, DossierSource, Fetched, SourceError},
    store::{ApplyReport, PollFailure, Store, StoreError, SyncReport, channel_prefix, recipient_prefix, source_prefix},
};

/// A refused account is tried again this late: OpenCPS locks it after five wrong tries in a row.
const ACCESS_DENIED_PAUSE: Duration = Duration::hours(1);

/// The first note of all speaks of the week before.
const NOTE_LOOKS_BACK: Duration = Duration::days(7);

/// Everything a pass works with; built anew on a reload, only the store stays.
pub struct App {
    /// The configuration in force, as the rules see it.
    pub office: Arc<Office>,
    /// What survives.
    pub store: Arc<dyn Store>,
    channels: Channels,
    sources: Vec<Box<dyn DossierSource>>,
    letterhead: Letterhead,
    /// Connections that the mail server may be asked to take.
    senders: usize,
    bot: Option<Bot>,
    /// Messages to the bot that were seen, the latest last.
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
            senders: delivering::senders(config),
            bot: config.channels.zalo_bot.clone().map(Bot::new),
            seen: Mutex::default(),
            keep_days: config.keep_days,
            pruned_on: Mutex::default(),
        }
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
