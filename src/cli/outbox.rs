//! `nhacviec outbox`: what waits, what left, what did not arrive; and what an administrator may do about it.

use anyhow::{Context as _, bail};
use chrono::{DateTime, Utc};
use serde_json::json;

use super::{Exit, STORE_FAILED, block_on, load_config, open_existing_store, print, print_json, report::By};
use crate::{
    clock::{Clock, SystemClock},
    config::{Config, Folders},
    domain::directory::ChannelKind,
    message::vietnamese::moment,
    store::{IntervenedResult, Intervention, InterventionKind, OutboxEntry, OutboxFilter, OutboxRow, Store},
};

/// A list longer than this is asked for with a filter.
const SHOWN: u32 = 100;

#[derive(clap::Args)]
#[command(help_template = super::usage::TEMPLATE)]
pub struct Outbox {
    #[command(subcommand)]
    what: Option<What>,
    #[command(flatten)]
    filter: Filter,
}

#[derive(clap::Subcommand)]
#[command(help_template = super::usage::TEMPLATE)]
enum What {
    /// Xem một tin: nội dung, các lần thử, ai đã can thiệp
    Show {
        /// Số của tin (cột đầu của nhacviec outbox)
        #[arg(value_name = "SỐ", help_heading = "Tham số")]
        id: i64,
        /// In kết quả dạng JSON
        #[arg(long, help_heading = "Tùy chọn")]
        json: bool,
    },
    /// Thử gửi lại ngay tin đang chờ, không gửi được hoặc không rõ đã tới chưa
    Retry {
        /// Các số tin
        #[arg(value_name = "SỐ", help_heading = "Tham số")]
        ids: Vec<i64>,
        /// Mọi tin không gửi được
        #[arg(long, conflicts_with = "ids", help_heading = "Tùy chọn")]
        failed: bool,
        #[command(flatten)]
        note: Note,
    },
    /// Không gửi nữa
    Cancel {
        /// Các số tin
        #[arg(value_name = "SỐ", required = true, help_heading = "Tham số")]
        ids: Vec<i64>,
        #[command(flatten)]
        note: Note,
    },
    /// Gửi lại một tin đã gửi, kèm ghi chú cho người nhận
    Resend {
        /// Các số tin
        #[arg(value_name = "SỐ", required = true, help_heading = "Tham số")]
        ids: Vec<i64>,
        #[command(flatten)]
        note: Note,
    },
}

#[derive(clap::Args)]
struct Note {
    /// Lý do (retry, cancel) hoặc lời ghi vào tin (resend)
    #[arg(long, value_name = "GHI CHÚ", default_value = "", hide_default_value = true, help_heading = "Tùy chọn")]
    note: String,
    #[command(flatten)]
    by: By,
}

#[derive(clap::Args)]
struct Filter {
    /// Chỉ xem một trạng thái: pending, sending, sent, failed, unknown, cancelled, hoặc all
    #[arg(long, value_name = "TRẠNG THÁI", help_heading = "Tùy chọn")]
    only: Option<String>,
    /// Chỉ xem tin của một người (mã người trong units.yaml)
    #[arg(long, value_name = "NGƯỜI", help_heading = "Tùy chọn")]
    person: Option<String>,
    /// Chỉ xem một kênh
    #[arg(long, value_name = "KÊNH", help_heading = "Tùy chọn")]
    channel: Option<String>,
    /// Số tin nhiều nhất
    #[arg(long, value_name = "SỐ", default_value_t = SHOWN, hide_default_value = true, help_heading = "Tùy chọn")]
    limit: u32,
    /// In kết quả dạng JSON
    #[arg(long, help_heading = "Tùy chọn")]
    json: bool,
}

/// The states with what they are called.
const STATES: [(&str, &str); 6] = [
    ("pending", "chờ gửi"),
    ("sending", "đang gửi"),
    ("sent", "đã gửi"),
    ("failed", "không gửi được"),
    ("unknown", "không rõ đã tới chưa"),
    ("cancelled", "không gửi nữa"),
];

/// What a state is called.
fn state_name(state: &str) -> &str {
    STATES.iter().find(|(known, _)| *known == state).map_or(state, |(_, name)| name)
}

impl Outbox {
    pub fn execute(&self, folders: &Folders) -> anyhow::Result<Exit> {
        let Some(config) = load_config(folders) else { return Ok(Exit::Config) };
        let Some(store) = open_existing_store(&config)? else {
            print("Dịch vụ chưa chạy lần nào trên máy này.");
            return Ok(Exit::NeedsAttention);
        };
        match &self.what {
            None => list(&self.filter, &config, &*store),
            Some(What::Show { id, json }) => show(*id, *json, &config, &*store),
            Some(What::Retry { ids, failed, note }) => {
                let ids = if *failed { failed_ids(&*store)? } else { ids.clone() };
                if ids.is_empty() {
                    bail!("chưa chọn tin nào: ghi số tin, hoặc --failed cho mọi tin không gửi được");
                }
                intervene(&*store, InterventionKind::Retry, &ids, note)
            }
            Some(What::Cancel { ids, note }) => {
                if note.note.trim().is_empty() {
                    bail!("cần ghi lý do hủy: --note \"…\"");
                }
                intervene(&*store, InterventionKind::Cancel, ids, note)
            }
            Some(What::Resend { ids, note }) => {
                if note.note.trim().is_empty() {
                    bail!("cần ghi lời nhắn cho người nhận biết vì sao gửi lại: --note \"…\"");
                }
                intervene(&*store, InterventionKind::Resend, ids, note)
            }
        }
    }
}

fn list(filter: &Filter, config: &Config, store: &dyn Store) -> anyhow::Result<Exit> {
    let states = match filter.only.as_deref() {
        None => Vec::new(),
        Some("all") => STATES.iter().map(|(state, _)| (*state).to_owned()).collect(),
        Some(state) if STATES.iter().any(|(known, _)| *known == state) => vec![state.to_owned()],
        Some(other) => {
            let names: Vec<_> = STATES.iter().map(|(state, name)| format!("{state} ({name})")).collect();
            bail!("không có trạng thái «{other}»; các trạng thái: {}, all", names.join(", "))
        }
    };
    let channel = filter.channel.as_deref().map(|text| {
        text.parse::<ChannelKind>().map_err(|()| {
            let names: Vec<_> = ChannelKind::ALL.iter().map(|c| c.as_str()).collect();
            anyhow::anyhow!("không có kênh «{text}»; các kênh: {}", names.join(", "))
        })
    });
    let asked =
        OutboxFilter { states, recipient: filter.person.clone(), channel: channel.transpose()?, limit: filter.limit };
    let rows = block_on(store.outbox(asked))?.context(STORE_FAILED)?;
    if filter.json {
        print_json(&json!(rows));
        return Ok(Exit::Done);
    }
    if rows.is_empty() {
        print(if filter.only.is_none() {
            "Không có tin nào đang chờ hay chưa tới nơi."
        } else {
            "Không có tin nào."
        });
        return Ok(Exit::Done);
    }
    for row in &rows {
        print(&line(row, config));
    }
    if rows.len() == filter.limit as usize {
        print(&format!("(mới nhất {} tin; xem thêm bằng --limit)", rows.len()));
    }
    Ok(Exit::Done)
}

fn line(row: &OutboxRow, config: &Config) -> String {
    let zone = config.office.hours.zone;
    let at = row.finished_at.unwrap_or(row.due_at);
    let tries = if row.attempts > 1 { format!(", đã thử {} lần", row.attempts) } else { String::new() };
    let detail = row.detail.as_deref().map(|d| format!(": {}", super::explain::words::said(d))).unwrap_or_default();
    format!(
        "{:>6}  {}  {} ({}), {}{tries}{detail}\n        {}",
        row.id,
        moment(zone, at),
        config.office.directory.recipient_name(&row.recipient.as_str().into()),
        row.channel.as_str(),
        state_name(&row.state),
        row.subject
    )
}

fn show(id: i64, as_json: bool, config: &Config, store: &dyn Store) -> anyhow::Result<Exit> {
    let entry = block_on(store.outbox_entry(id))?.context(STORE_FAILED)?;
    let Some(entry) = entry else { bail!("không có tin số {id}; xem danh sách: nhacviec outbox --only all") };
    if as_json {
        print_json(&serde_json::to_value(&entry)?);
        return Ok(Exit::Done);
    }
    print(&described(&entry, config));
    Ok(Exit::Done)
}

fn described(entry: &OutboxEntry, config: &Config) -> String {
    let time = |at: DateTime<Utc>| moment(config.office.hours.zone, at);
    let mut lines = vec![line(&entry.row, config)];
    lines.push(format!("        địa chỉ: {}", entry.address));
    lines.push(format!("        khóa: {}", entry.key));
    lines.extend(entry.message_id.as_ref().map(|id| format!("        mã tin (Message-ID): {id}")));
    for (n, attempt) in (1..).zip(&entry.trail) {
        let outcome = super::explain::words::outcome_name(attempt.outcome.as_deref());
        let detail = attempt.detail.as_deref().map(|d| format!(": {d}")).unwrap_or_default();
        lines.push(format!("        lần {n}, {}: {outcome}{detail}", time(attempt.started_at)));
    }
    for done in &entry.interventions {
        let what = match done.kind.as_str() {
            "retry" => "cho thử lại",
            "cancel" => "hủy",
            _ => "cho gửi lại",
        };
        let note = if done.note.is_empty() { String::new() } else { format!(": {}", done.note) };
        lines.push(format!("        {} {what} lúc {}{note}", done.by, time(done.at)));
    }
    lines.push(match &entry.item {
        Some(item) => format!("        nội dung: {item}"),
        None => "        nội dung đã được xóa theo thời hạn lưu (store.keep_days)".to_owned(),
    });
    lines.join("\n")
}

fn failed_ids(store: &dyn Store) -> anyhow::Result<Vec<i64>> {
    let filter = OutboxFilter { states: vec!["failed".to_owned()], limit: u32::MAX, ..OutboxFilter::default() };
    Ok(block_on(store.outbox(filter))?.context(STORE_FAILED)?.into_iter().map(|row| row.id).collect())
}

fn intervene(store: &dyn Store, kind: InterventionKind, ids: &[i64], note: &Note) -> anyhow::Result<Exit> {
    let by = &note.by.by;
    let mut is_well = true;
    for id in ids {
        let intervention = Intervention { delivery: *id, kind, by: by.clone(), note: note.note.trim().to_owned() };
        let result = block_on(store.intervene(intervention, SystemClock.now()))?.context(STORE_FAILED)?;
        is_well &= result == IntervenedResult::Done;
        print(&match result {
            IntervenedResult::Done => format!("{id}: {}", what_follows(kind)),
            IntervenedResult::Unknown => format!("{id}: không có tin này; xem nhacviec outbox --only all"),
            IntervenedResult::WrongState(state) => format!("{id}: tin {}, không làm được việc này", state_name(&state)),
            IntervenedResult::Pruned => format!("{id}: nội dung đã được xóa theo thời hạn lưu, không gửi lại được"),
        });
    }
    Ok(if is_well { Exit::Done } else { Exit::NeedsAttention })
}

fn what_follows(kind: InterventionKind) -> &'static str {
    match kind {
        InterventionKind::Retry => "sẽ thử lại trong giờ gửi tin, trong vòng một phút",
        InterventionKind::Cancel => "không gửi nữa",
        InterventionKind::Resend => "sẽ gửi lại trong giờ gửi tin, trong vòng một phút",
    }
}
