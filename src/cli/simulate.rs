//! `nhacviec simulate`: every message of a span of days, from the same decision as the daemon's; as a list, as
//! JSON, or as one page for an office manager to read on paper.

mod list;
mod page;

use std::{
    collections::BTreeMap,
    io::{BufWriter, Write as _},
    path::PathBuf,
    sync::Arc,
};

use anyhow::{Context as _, bail};
use chrono::NaiveDate;
use serde::Serialize;
use serde_json::json;

use self::{list::List, page::Page};
use super::{
    Exit, STORE_FAILED, block_on, load_config, load_linked_config, open_existing_store, preview::parse_date, print,
    print_json,
};
use crate::{
    clock::{Clock, SystemClock},
    config::{Config, Folders},
    domain::{
        deadline::Due,
        decide::Record,
        notification::{Item, Notification, Reason, TaskRow},
        office::Office,
    },
    message::{
        self,
        vietnamese::{period, short_date},
    },
    simulation::{self, Completions, Digest, Leaving},
};

#[derive(clap::Args)]
#[command(help_template = super::usage::TEMPLATE)]
pub struct Simulate {
    /// Ngày đầu (2026-01-01 hoặc 01/01/2026)
    #[arg(long, value_name = "NGÀY", value_parser = parse_date, help_heading = "Tùy chọn")]
    from: NaiveDate,
    /// Ngày cuối
    #[arg(long, value_name = "NGÀY", value_parser = parse_date, help_heading = "Tùy chọn")]
    to: NaiveDate,
    /// Giả định: none (không ai báo hoàn thành), on-time (việc nào cũng báo đúng hạn), history (như đã báo thật)
    #[arg(long, value_name = "GIẢ ĐỊNH", default_value = "none", value_parser = ["none", "on-time", "history"], hide_possible_values = true, hide_default_value = true, help_heading = "Tùy chọn")]
    assume: String,
    /// Chỉ tin của một người (mã người trong units.yaml)
    #[arg(long, value_name = "NGƯỜI", help_heading = "Tùy chọn")]
    person: Option<String>,
    /// In cả nội dung tin
    #[arg(long, conflicts_with_all = ["json", "html", "diff"], help_heading = "Tùy chọn")]
    text: bool,
    /// In kết quả dạng JSON
    #[arg(long, conflicts_with = "html", help_heading = "Tùy chọn")]
    json: bool,
    /// Ghi một trang HTML để xem hoặc in ra giấy
    #[arg(long, value_name = "TỆP", conflicts_with = "diff", help_heading = "Tùy chọn")]
    html: Option<PathBuf>,
    /// So với một thư mục cấu hình khác: tin nào thêm, bớt, đổi ngày
    #[arg(long, value_name = "THƯ MỤC", help_heading = "Tùy chọn")]
    diff: Option<PathBuf>,
}

impl Simulate {
    pub fn execute(&self, folders: &Folders) -> anyhow::Result<Exit> {
        if self.to < self.from {
            bail!("ngày cuối {} sớm hơn ngày đầu {}", short_date(self.to), short_date(self.from));
        }
        let Some(config) = load_linked_config(folders)? else { return Ok(Exit::Config) };
        let other = match &self.diff {
            None => None,
            Some(path) => match load_config(&Folders { config: path.clone(), ..folders.clone() }) {
                Some(other) => Some(other),
                None => return Ok(Exit::Config),
            },
        };
        if let Some(person) = &self.person
            && !config.office.directory.people.contains_key(&person.as_str().into())
        {
            bail!("không có người «{person}» trong units.yaml");
        }
        let rehearsal = self.prepare(&config, &config)?;
        if let Some(other) = other {
            let changed = self.prepare(&other, &config)?;
            let (before, after) = (self.collect(&config.office, rehearsal), self.collect(&other.office, changed));
            return Ok(self.print_difference(&config.office, &other.office, &before, &after));
        }
        match &self.html {
            Some(path) => {
                let assumption = rehearsal.assumption.clone();
                let all = self.collect(&config.office, rehearsal);
                // What is marked secret has no place on a page that is handed around.
                let (secret, leaving): (Vec<_>, Vec<_>) =
                    all.into_iter().partition(|l| is_secret(&l.notification.item));
                let page = Page::of(&config.office, &leaving, self.from, self.to, &assumption).render()?;
                std::fs::write(path, page).with_context(|| format!("không ghi được tệp {}", path.display()))?;
                let without = match secret.len() {
                    0 => String::new(),
                    count => format!(" (không kê {count} tin về việc mật)"),
                };
                print(&format!("Đã ghi {}: {} tin{without}.", path.display(), leaving.len()));
            }
            None if self.json => self.print_json(&config.office, rehearsal),
            None => self.print_list(&config, rehearsal),
        }
        // The process ends here: freeing a large office piece by piece would be time for nothing.
        std::mem::forget(config);
        Ok(Exit::Done)
    }

    /// The rehearsal of the span under `config`, from what the store of `real` knows.
    fn prepare(&self, config: &Config, real: &Config) -> anyhow::Result<Prepared> {
        let store = open_existing_store(real)?;
        let mut record = match &store {
            Some(store) => block_on(store.record(crate::store::EVERY_DOSSIER))?.context(STORE_FAILED)?,
            None => Record::default(),
        };
        let office = &config.office;
        let today = office.hours.date(SystemClock.now());
        let (completions, who) = match self.assume.as_str() {
            "on-time" => (Completions::OnTime, "việc nào cũng được báo hoàn thành vào ngày làm việc cuối cùng của hạn"),
            "history" => {
                (Completions::AsReported(record.reports.completions()), "việc được báo hoàn thành, hủy như đã báo thật")
            }
            _ => (Completions::None, "không có việc nào được báo hoàn thành thêm"),
        };
        // In the past nothing is done yet but what the assumption says.
        if self.from < today {
            record.reports = Arc::default();
        }
        let (first, record, assumption) = simulation::set_out(office, record, self.from, today);
        if !simulation::is_reasonable(first, self.to) {
            let since =
                if first == self.from { String::new() } else { format!(": phải tính từ {}", short_date(first)) };
            bail!("khoảng từ {} đến {} quá dài để tính thử{since}", short_date(self.from), short_date(self.to));
        }
        Ok(Prepared { first, record, completions, assumption: format!("Giả định: {who}; {assumption}.") })
    }

    /// Hands out what leaves in the span to whom was asked for.
    fn run(&self, office: &Office, prepared: Prepared, mut leave: impl FnMut(&Digest<'_>)) {
        let Prepared { first, record, completions, .. } = prepared;
        simulation::run(office, record, first, self.to, &completions, |digest| {
            let is_person = self.person.as_ref().is_none_or(|p| digest.recipient.as_str() == p);
            if digest.on >= self.from && is_person {
                leave(digest);
            }
        });
    }

    fn collect(&self, office: &Office, prepared: Prepared) -> Vec<Leaving> {
        let mut leaving = Vec::new();
        self.run(office, prepared, |digest| leaving.extend(digest.leaving(office)));
        leaving
    }

    /// Day by day as it is rehearsed: a year of a large office does not fit into memory.
    fn print_list(&self, config: &Config, prepared: Prepared) {
        let office = &config.office;
        let mut list = List::new(config, self.text);
        list.say(&prepared.assumption);
        let (mut messages, mut digests) = (0_usize, 0_usize);
        self.run(office, prepared, |digest| {
            messages += digest.count();
            digests += 1;
            list.add(digest);
        });
        list.end_day();
        list.say(&format!(
            "\nTừ {} đến {}: {messages} tin trong {digests} thư",
            short_date(self.from),
            short_date(self.to)
        ));
        list.print();
    }

    fn print_json(&self, office: &Office, prepared: Prepared) {
        // A reader that went away (`| head`) is no error.
        let mut out = BufWriter::with_capacity(1 << 16, std::io::stdout().lock());
        let head = json!({ "from": self.from, "to": self.to, "assumption": prepared.assumption });
        let head = head.to_string();
        let _ = write!(out, "{},\"messages\":[", &head[..head.len() - 1]);
        let mut separator = "\n";
        self.run(office, prepared, |digest| {
            for leaving in digest.leaving(office) {
                let _ = out.write_all(separator.as_bytes());
                let _ = serde_json::to_writer(&mut out, &Row::of(office, &leaving));
                separator = ",\n";
            }
        });
        let _ = writeln!(out, "\n]}}");
        let _ = out.flush();
    }

    fn print_difference(&self, office: &Office, other: &Office, before: &[Leaving], after: &[Leaving]) -> Exit {
        let difference = simulation::compare(before, after);
        let (added, dropped): (Vec<Row>, Vec<Row>) = (
            difference.added.iter().map(|l| Row::of(other, l)).collect(),
            difference.dropped.iter().map(|l| Row::of(office, l)).collect(),
        );
        let moved: Vec<(Row, Row)> =
            difference.moved.iter().map(|(old, new)| (Row::of(office, old), Row::of(other, new))).collect();
        if self.json {
            print_json(&json!({ "added": added, "dropped": dropped,
                "moved": moved.iter().map(|(old, new)| json!({ "before": old, "after": new })).collect::<Vec<_>>() }));
            return Exit::Done;
        }
        let mut lines = vec![format!("Thêm {} tin, bớt {}, đổi {}.", added.len(), dropped.len(), moved.len())];
        let said = |sign: &str, r: &Row| format!("  {sign} {}: {}: {}; {}", short_date(r.on), r.name, r.what, r.why);
        lines.extend(dropped.iter().map(|r| said("-", r)));
        lines.extend(added.iter().map(|r| said("+", r)));
        lines.extend(moved.iter().map(|(old, new)| {
            let day = if old.on == new.on { String::new() } else { format!("{} → ", short_date(old.on)) };
            let address = if old.address == new.address {
                String::new()
            } else {
                format!(" ({} → {})", old.address, new.address)
            };
            format!("  ~ {day}{}: {}{address}: {}; {}", short_date(new.on), new.name, new.what, new.why)
        }));
        print(&lines.join("\n"));
        Exit::Done
    }
}

/// A rehearsal that is ready to run.
struct Prepared {
    first: NaiveDate,
    record: Record,
    completions: Completions,
    assumption: String,
}

/// What a message is about.
fn what(item: &Item) -> String {
    match item {
        Item::Task { row, due } if row.reference.is_none() => {
            format!("{} {}, {}", row.task, period(&row.period), said_due(*due))
        }
        Item::Task { row, .. } => row_name(row),
        Item::Standing { row } => format!("{} (thường xuyên)", row_name(row)),
        Item::DateMissing { row } => format!("{} (còn thiếu thời hạn)", row_name(row)),
        Item::Asked { row, .. } => format!("{} (chờ quyết định)", row_name(row)),
        Item::Answered { row, .. } => format!("{} (trả lời)", row_name(row)),
        Item::Dossier { code, .. } => format!("hồ sơ {code}"),
        Item::Duty { code, name, .. } => format!("hồ sơ {code}: {name}"),
        Item::Target { section, .. } => format!("chỉ tiêu {section}"),
        Item::Health { .. } => "bản tin quản trị".to_owned(),
        Item::Problem { sentence, .. } => sentence.clone(),
    }
}

/// The number in the annex; of a duty marked secret that of its document.
fn row_name(row: &TaskRow) -> String {
    row.reference.as_ref().map_or_else(|| row.task.to_string(), |reference| format!("văn bản số {reference}"))
}

fn said_due(due: Due) -> String {
    format!("hạn {}{}", short_date(due.last_on), if due.is_provisional { " (tạm tính)" } else { "" })
}

fn is_secret(item: &Item) -> bool {
    match item {
        Item::Task { row, .. }
        | Item::Standing { row }
        | Item::DateMissing { row }
        | Item::Asked { row, .. }
        | Item::Answered { row, .. } => row.reference.is_some(),
        Item::Dossier { .. } | Item::Duty { .. } | Item::Target { .. } | Item::Health { .. } | Item::Problem { .. } => {
            false
        }
    }
}

/// The unit in charge, or that holds the dossier, and the due date.
fn unit_and_due(item: &Item) -> (&str, Option<Due>) {
    match item {
        Item::Task { row, due } => (&row.unit, Some(*due)),
        Item::Standing { row } | Item::DateMissing { row } => (&row.unit, None),
        Item::Asked { row, due, .. } | Item::Answered { row, due, .. } => (&row.unit, *due),
        Item::Dossier { unit, due, .. } | Item::Duty { unit, due, .. } => (unit, Some(*due)),
        Item::Target { .. } | Item::Health { .. } | Item::Problem { .. } => ("", None),
    }
}

/// Why somebody is told. A note belongs to no due date, so it stands on no rung.
fn why(n: &Notification) -> String {
    match n.reason {
        Reason::Note => "nhắc lại đầu kỳ".to_owned(),
        Reason::Problem => "báo khi có trục trặc".to_owned(),
        Reason::Decision | Reason::Upcoming | Reason::DueNow | Reason::Overdue | Reason::Escalated => {
            message::why_told(n.key.audience, n.key.offset, n.item.is_of_dossier())
        }
    }
}

/// One message of the list, in words.
#[derive(Serialize)]
struct Row {
    on: NaiveDate,
    recipient: String,
    name: String,
    channel: &'static str,
    address: String,
    /// The unit in charge, or that holds the dossier.
    unit: String,
    what: String,
    /// The word of the store, for programs.
    kind: &'static str,
    reason: &'static str,
    why: String,
    offset: i32,
    last_on: Option<NaiveDate>,
    is_provisional: bool,
    key: String,
}

impl Row {
    fn of(office: &Office, leaving: &Leaving) -> Self {
        let n = &leaving.notification;
        let (unit, due) = unit_and_due(&n.item);
        let route = n.routes.first();
        Self {
            on: leaving.on,
            recipient: n.key.recipient.to_string(),
            name: office.directory.recipient_name(&n.key.recipient),
            channel: route.map_or("", |r| r.channel.as_str()),
            address: route.map(|r| r.address.clone()).unwrap_or_default(),
            unit: unit.to_owned(),
            what: what(&n.item),
            kind: n.reason.as_str(),
            reason: reason(n.reason),
            why: why(n),
            offset: n.key.offset,
            last_on: due.map(|d| d.last_on),
            is_provisional: due.is_some_and(|d| d.is_provisional) || office.calendar.is_provisional(leaving.on),
            key: n.key.to_string(),
        }
    }
}

fn reason(reason: Reason) -> &'static str {
    match reason {
        Reason::Upcoming => "sắp đến hạn",
        Reason::DueNow => "đến hạn",
        Reason::Overdue => "quá hạn",
        Reason::Escalated => "báo cấp trên",
        Reason::Note => "nhắc định kỳ",
        Reason::Decision => "đề nghị, trả lời",
        Reason::Problem => "trục trặc",
    }
}

fn provisional(office: &Office, day: NaiveDate) -> &'static str {
    if office.calendar.is_provisional(day) { " (tạm tính)" } else { "" }
}

fn by_day(leaving: &[Leaving]) -> BTreeMap<NaiveDate, Vec<&Leaving>> {
    let mut days: BTreeMap<NaiveDate, Vec<&Leaving>> = BTreeMap::new();
    for l in leaving {
        days.entry(l.on).or_default().push(l);
    }
    days
}
