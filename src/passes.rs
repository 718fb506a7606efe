//! The three passes that meet only in the store: poll, decide, deliver.
//!
//! Each may be killed anywhere and run again. They load, ask the domain, write; they keep nothing.

mod delivering;
mod linking;
mod polling;
mod targets;

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use chrono::{DateTime, Days, Duration, NaiveDate, NaiveTime, Utc};

pub use self::{
    delivering::{Delivered, deliver},
    linking::link,
    polling::{Polled, poll, poll_one},
    targets::{running_targets, target_standing},
};
use crate::{
    channel::{self, Bot, Channels},
    config::Config,
    domain::{
        decide::{Gap, Record, Situation, decide as decide_now},
        dossier::SourceKind,
        health,
        notification::Notification,
        office::Office,
    },
    message::Letterhead,
    source::{self, DossierSource},
    store::{ApplyReport, Store, StoreError, channel_prefix, recipient_prefix, source_prefix},
};

/// The first note of all speaks of the week before.
const NOTE_LOOKS_BACK: Duration = Duration::days(7);

/// Everything a pass works with; built anew on a reload, only the store stays.
pub struct App {
    /// The configuration in force, as the rules see it.
    pub office: Arc<Office>,
    /// What survives.
    pub store: Arc<dyn Store>,
    channels: Channels,
    /// The one-stop systems.
    pub sources: Vec<Box<dyn DossierSource>>,
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

/// Decides who must be told what at `now` and writes it.
///
/// # Errors
/// When the store fails.
pub async fn decide(app: &App, now: DateTime<Utc>) -> Result<ApplyReport, StoreError> {
    let mut record = app.store.record(dossiers_until(&app.office, now)).await?;
    let last_decided_at = record.last_decided_at;
    if is_mornings_first(&app.office, last_decided_at, now) {
        record.targets = running_targets(&app.office, &*app.store, now).await?;
    }
    let note = morning_note(app, &record, now).await?;
    let mut report = apply_decision(app, record, note, now).await?;
    // What was taken back may have carried other parts, which are owed by themselves now, and in the same digest.
    for _ in 0..MOST_ROUNDS {
        if report.cancelled == 0 {
            break;
        }
        let record = Record { last_decided_at, ..app.store.record(dossiers_until(&app.office, now)).await? };
        let again = apply_decision(app, record, None, now).await?;
        report.notified += again.notified;
        report.cancelled = again.cancelled;
    }
    Ok(report)
}

/// Before which appointment something may have to be said at `now`: the earliest rung of any source's ladder reaches
/// that far.
#[must_use]
pub fn dossiers_until(office: &Office, now: DateTime<Utc>) -> DateTime<Utc> {
    let ladders = office.sources.values().flat_map(|rules| {
        let policy = &rules.policy;
        [&policy.lead, &policy.coordinating, &policy.following]
    });
    let most = ladders.flat_map(|triggers| &triggers.before).copied().max().unwrap_or(0);
    let today = office.hours.date(now);
    let last = office.calendar.add_working_days(today, i32::from(most) + 1).max(today + Days::new(u64::from(most) + 1));
    // Petitions are to be forwarded long before their answer is due.
    let petitions = office.sources.values().filter(|rules| rules.kind == SourceKind::Petitions);
    let longest = petitions.map(|rules| u64::from(rules.limits.answer_within)).max().unwrap_or(0);
    let last = last.max(today + Days::new(longest));
    // A due date on a day off is told of before it.
    office.hours.instant(last + Days::new(FARTHEST_BREAK), NaiveTime::MIN)
}

/// Longer than any break of days off.
const FARTHEST_BREAK: u64 = 15;

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

/// Whether this is the first decision from the digest moment of a working day on.
fn is_mornings_first(office: &Office, last_decided_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> bool {
    let today = office.hours.date(now);
    let digest = office.hours.digest_moment(today);
    let is_first = last_decided_at.is_none_or(|at| at < digest);
    office.calendar.is_working_day(today) && now >= digest && is_first
}

/// The administrator's note, once a working day.
async fn morning_note(app: &App, record: &Record, now: DateTime<Utc>) -> Result<Option<Notification>, StoreError> {
    if !is_mornings_first(&app.office, record.last_decided_at, now) {
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
