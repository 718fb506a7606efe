//! `nhacviec status`: what runs, what waits, what needs a person.

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::{Exit, STORE_FAILED, block_on, open_existing_store, print, print_json};
use crate::{
    clock::{Clock, SystemClock},
    config::{self, Folders},
    message::vietnamese::moment,
    store::{SourceStatus, Status},
};

#[derive(clap::Args)]
#[command(help_template = super::usage::TEMPLATE)]
pub struct StatusCommand {
    /// In kết quả dạng JSON
    #[arg(long, help_heading = "Tùy chọn")]
    json: bool,
    /// Chỉ in một dòng: tốt, hoặc điều cần người xem (cho công cụ giám sát)
    #[arg(long, conflicts_with = "json", help_heading = "Tùy chọn")]
    health: bool,
}

impl StatusCommand {
    pub fn execute(&self, folders: &Folders) -> anyhow::Result<Exit> {
        // While the files are wrong the daemon works on with its last good copy; so does its status.
        let config = match config::load(folders) {
            Ok(config) => config,
            Err(error) => {
                let Some(config) = config::load_last_good(folders) else {
                    super::check::print_findings(&error.findings);
                    return Ok(Exit::Config);
                };
                config
            }
        };
        let Some(store) = open_existing_store(&config)? else {
            print("Dịch vụ chưa chạy lần nào trên máy này. Bật dịch vụ: systemctl enable --now nhacviec");
            return Ok(Exit::NeedsAttention);
        };
        let now = SystemClock.now();
        let status = block_on(store.status(now))?.context(STORE_FAILED)?;
        let wrong = what_is_wrong(&status, now);
        if self.health {
            print(wrong.first().map_or("tốt", String::as_str));
            return Ok(if wrong.is_empty() { Exit::Done } else { Exit::NeedsAttention });
        }
        if self.json {
            print_json(&serde_json::to_value(&status)?);
        } else {
            print(&describe(&status, config.office.hours.zone));
        }
        if !self.json {
            wrong.iter().take_while(|w| w.starts_with('!')).for_each(|w| print(w));
        }
        Ok(if wrong.is_empty() { Exit::Done } else { Exit::NeedsAttention })
    }
}

/// What a person must look at; what the daemon cannot say itself first, marked with an exclamation mark.
fn what_is_wrong(status: &Status, now: DateTime<Utc>) -> Vec<String> {
    let mut wrong = Vec::new();
    if is_silent(status, now) {
        wrong.push("! Dịch vụ dường như không chạy: kiểm tra bằng systemctl status nhacviec".to_owned());
    }
    if status.note.as_ref().is_some_and(|note| note.is_overdue(now)) {
        wrong.push("! Bản tin quản trị buổi sáng không gửi được: kiểm tra kênh gửi và địa chỉ của quản trị".to_owned());
    }
    wrong.extend(status.problems.iter().map(|p| p.sentence.clone()));
    wrong
}

/// The daemon decides each minute; without a decision for longer than this it is not there.
const SILENT_AFTER: chrono::Duration = chrono::Duration::minutes(5);

fn is_silent(status: &Status, now: DateTime<Utc>) -> bool {
    status.passes.iter().find(|(name, _)| name == "decide").is_none_or(|(_, at)| now - *at > SILENT_AFTER)
}

fn describe(status: &Status, zone: Tz) -> String {
    let mut lines = vec!["Lượt chạy gần nhất".to_owned()];
    lines.extend(status.passes.iter().map(|(name, at)| format!("  {:<22} {}", pass_name(name), moment(zone, *at))));
    // An office without a one-stop system has no use for an empty heading.
    if !status.sources.is_empty() {
        lines.push("Hệ thống một cửa".to_owned());
    }
    lines.extend(status.sources.iter().map(|s| describe_source(s, zone)));
    lines.push("Tin nhắc".to_owned());
    let states = [
        ("pending", "chờ gửi"),
        ("sending", "đang gửi"),
        ("sent", "đã gửi"),
        ("unknown", "không rõ đã tới chưa"),
        ("failed", "không gửi được"),
        ("cancelled", "đã hủy vì không còn cần"),
    ];
    for (state, name) in states {
        if let Some(n) = status.deliveries.get(state) {
            lines.push(format!("  {name:<24} {n}"));
        }
    }
    for (channel, until) in &status.paused_channels {
        lines.push(format!("  Kênh {} tạm nghỉ đến {}", channel.as_str(), moment(zone, *until)));
    }
    for delivery in &status.undelivered {
        lines.push(format!(
            "  ! tin cho «{}» về {} qua {} ({}): {}",
            delivery.recipient,
            delivery.subject,
            delivery.channel.as_str(),
            moment(zone, delivery.at),
            delivery.detail
        ));
    }
    lines.push(if status.problems.is_empty() {
        "Không có trục trặc.".to_owned()
    } else {
        format!("{} trục trặc:", status.problems.len())
    });
    lines.extend(status.problems.iter().map(|p| format!("  ! {} (từ {})", p.sentence, moment(zone, p.opened_at))));
    lines.join("\n")
}

fn pass_name(name: &str) -> &str {
    match name {
        "poll" => "hỏi hệ thống một cửa",
        "decide" => "quyết định nhắc",
        "deliver" => "gửi tin",
        other => other,
    }
}

fn describe_source(source: &SourceStatus, zone: Tz) -> String {
    let when = |at: Option<DateTime<Utc>>| at.map_or_else(|| "chưa có".to_owned(), |at| moment(zone, at));
    let failures =
        if source.failures > 0 { format!("; {} lần hỏng liên tiếp", source.failures) } else { String::new() };
    format!(
        "  {}: {} hồ sơ đang mở, {} quá hạn; dữ liệu đủ lúc {}{failures}",
        source.source,
        source.open,
        source.overdue,
        when(source.succeeded_at)
    )
}
