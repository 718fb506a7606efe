//! `nhacviec simulate`: every message of a span of days, from the same decision as the daemon's; as a list, as
//! JSON, or as one page for an office manager to read on paper.

mod page;

use std::{
    collections::BTreeMap,
    io::{BufWriter, StdoutLock, Write as _},
    path::PathBuf,
    sync::Arc,
};

use anyhow::{Context as _, bail};
use chrono::NaiveDate;
use foldhash::{HashMap, HashMapExt as _};
use serde::Serialize;
use serde_json::json;

use self::page::Page;
use super::{
    Exit, STORE_FAILED, block_on, load_config, load_linked_config, open_existing_store,
    preview::{batches, parse_date},
    print, print_json,
};
use crate::{
    clock::{Clock, SystemClock},
    config::{Config, Folders},
    domain::{
        deadline::Due,
        decide::Record,
        ids::{RecipientId, SubjectId},
        notification::{Audience, Item, Notification, Reason},
        office::Office,
    },
    message::{
        self,
        vietnamese::{date, period, short_date},
    },
    simulation::{self, Completions, Leave, Leaving},
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
                let mut leaving = self.collect(&config.office, rehearsal);
                // What is marked secret has no place on a page that is handed around.
                leaving.retain(|l| !is_secret(&l.notification.item));
                let page = Page::of(&config.office, &leaving, self.from, self.to, &assumption).render()?;
                std::fs::write(path, page).with_context(|| format!("không ghi được tệp {}", path.display()))?;
                print(&format!("Đã ghi {}: {} tin.", path.display(), leaving.len()));
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
                (Completions::AsReported(record.reports.completions()), "việc được báo hoàn thành như đã báo thật")
            }
            _ => (Completions::None, "không có việc nào được báo hoàn thành thêm"),
        };
        // In the past nothing is done yet but what the assumption says.
        if self.from < today {
            record.reports = Arc::default();
        }
        let (first, record, assumption) = simulation::set_out(office, record, self.from, today);
        if !simulation::is_reasonable(first, self.to) {
            bail!("khoảng từ {} đến {} quá dài để tính thử", short_date(first), short_date(self.to));
        }
        Ok(Prepared { first, record, completions, assumption: format!("Giả định: {who}; {assumption}.") })
    }

    /// Hands out what leaves in the span to whom was asked for.
    fn run(&self, office: &Office, prepared: Prepared, mut leave: impl FnMut(Leave<'_>)) {
        let Prepared { first, record, completions, .. } = prepared;
        simulation::run(office, record, first, self.to, &completions, |l| {
            let is_person = self.person.as_ref().is_none_or(|p| l.shared.key.recipient.as_str() == p);
            if l.on >= self.from && is_person {
                leave(l);
            }
        });
    }

    fn collect(&self, office: &Office, prepared: Prepared) -> Vec<Leaving> {
        let mut leaving = Vec::new();
        self.run(office, prepared, |l| leaving.push(l.to_leaving()));
        leaving
    }

    /// Day by day as it is rehearsed: a year of a large office does not fit into memory.
    fn print_list(&self, config: &Config, prepared: Prepared) {
        let office = &config.office;
        let mut list = List {
            config,
            is_text: self.text,
            on: None,
            of_day: Vec::new(),
            last: None,
            line: String::new(),
            name: None,
            periods: HashMap::new(),
            dates: HashMap::new(),
            whys: HashMap::new(),
            out: buffered(),
        };
        list.say(&prepared.assumption);
        let (mut messages, mut digests) = (0_usize, 0_usize);
        let mut last: Option<(NaiveDate, RecipientId)> = None;
        self.run(office, prepared, |l| {
            messages += 1;
            let recipient = &l.shared.key.recipient;
            if last.as_ref().is_none_or(|(on, of)| *on != l.on || of != recipient) {
                digests += 1;
                last = Some((l.on, recipient.clone()));
            }
            list.add(l);
        });
        list.end_day();
        list.say(&format!(
            "\nTừ {} đến {}: {messages} tin trong {digests} thư",
            short_date(self.from),
            short_date(self.to)
        ));
        let _ = list.out.flush();
    }

    fn print_json(&self, office: &Office, prepared: Prepared) {
        let mut out = buffered();
        let head = json!({ "from": self.from, "to": self.to, "assumption": prepared.assumption });
        let head = head.to_string();
        let _ = write!(out, "{},\"messages\":[", &head[..head.len() - 1]);
        let mut separator = "\n";
        self.run(office, prepared, |l| {
            let _ = out.write_all(separator.as_bytes());
            let _ = serde_json::to_writer(&mut out, &Row::of(office, &l.to_leaving()));
            separator = ",\n";
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

/// Standard output for much text; a reader that went away (`| head`) is no error.
fn buffered() -> BufWriter<StdoutLock<'static>> {
    BufWriter::with_capacity(1 << 16, std::io::stdout().lock())
}

/// Prints messages as they come, those of a day under its name; whole texts when the day is over.
struct List<'a> {
    config: &'a Config,
    is_text: bool,
    on: Option<NaiveDate>,
    /// The day's messages, where they are printed as texts.
    of_day: Vec<Notification>,
    /// The line that is not printed yet: the next may say the same of another unit.
    last: Option<ListLine>,
    /// Room for the next line.
    line: String,
    /// `Lê Thu Hà (email)`, of the recipient whose turn it is.
    name: Option<(RecipientId, String)>,
    /// Words for periods, dates and rungs: millions of lines have some hundreds of them.
    periods: HashMap<Arc<str>, String>,
    dates: HashMap<NaiveDate, String>,
    whys: HashMap<(Reason, Audience, i32, bool), String>,
    out: BufWriter<StdoutLock<'static>>,
}

struct ListLine {
    subject: SubjectId,
    text: String,
    /// The unit in charge; empty for what has none.
    unit: Arc<str>,
    /// Units in charge of which else the line is said.
    other_units: Vec<Arc<str>>,
}

impl List<'_> {
    fn say(&mut self, text: &str) {
        let _ = writeln!(self.out, "{text}");
    }

    fn add(&mut self, leave: Leave<'_>) {
        if self.on != Some(leave.on) {
            self.end_day();
            self.on = Some(leave.on);
            self.say(&format!("\n{}{}", date(leave.on), provisional(&self.config.office, leave.on)));
        }
        if self.is_text {
            self.of_day.push(leave.to_leaving().notification);
        } else {
            self.add_line(leave);
        }
    }

    fn add_line(&mut self, leave: Leave<'_>) {
        self.write_line(leave);
        let unit = match leave.task() {
            Some((row, _)) => Arc::clone(&row.unit),
            None => unit_and_due(&leave.shared.item).0.into(),
        };
        // As in the message: what differs in the unit in charge only is one line.
        if let Some(last) = &mut self.last
            && last.text == self.line
            && !unit.is_empty()
            && row_of(&last.subject) == row_of(leave.subject())
        {
            last.other_units.push(unit);
            return;
        }
        let room = self.end_line();
        let text = std::mem::replace(&mut self.line, room);
        self.last = Some(ListLine { subject: leave.subject().clone(), text, unit, other_units: Vec::new() });
    }

    /// Prints the line that waits and hands back its room.
    fn end_line(&mut self) -> String {
        let Some(ListLine { text, unit, other_units, .. }) = self.last.take() else { return String::new() };
        let _ = self.out.write_all(b"  ");
        let _ = self.out.write_all(text.as_bytes());
        if !other_units.is_empty() {
            let _ = write!(self.out, "; chủ trì: {unit}, {}", other_units.join(", "));
        }
        let _ = self.out.write_all(b"\n");
        text
    }

    fn end_day(&mut self) {
        self.line = self.end_line();
        let office = &self.config.office;
        let Some(on) = self.on else { return };
        for batch in batches(std::mem::take(&mut self.of_day)) {
            let (message, _) = message::render(&batch, office, &self.config.letterhead, office.hours.digest_moment(on));
            self.say(&format!("\n════ Tới {}: {}\n\n{}", batch.recipient, message.subject, message.text));
        }
    }

    fn write_line(&mut self, leave: Leave<'_>) {
        let Self { config, line, name, periods, dates, whys, .. } = self;
        let n = leave.shared;
        line.clear();
        if name.as_ref().is_none_or(|(of, _)| *of != n.key.recipient) {
            let channel = n.routes.first().map_or("", |r| r.channel.as_str());
            let said = format!("{} ({channel}): ", config.office.directory.recipient_name(&n.key.recipient));
            *name = Some((n.key.recipient.clone(), said));
        }
        line.push_str(name.as_ref().map_or("", |(_, said)| said));
        match leave.task() {
            Some((row, due)) if row.reference.is_none() && !due.is_provisional => {
                line.push_str(&row.task);
                line.push(' ');
                match periods.get(&row.period) {
                    Some(period) => line.push_str(period),
                    None => line.push_str(periods.entry(Arc::clone(&row.period)).or_insert(period(&row.period))),
                }
                line.push_str(", hạn ");
                line.push_str(dates.entry(due.last_on).or_insert_with(|| short_date(due.last_on)));
            }
            Some(_) => line.push_str(&what(&leave.to_leaving().notification.item)),
            None => line.push_str(&what(&n.item)),
        }
        let said = whys.entry((n.reason, n.key.audience, n.key.offset, n.item.is_of_dossier()));
        let why = said.or_insert_with(|| format!("; {}; {}", reason(n.reason), why(n)));
        line.push_str(why);
    }
}

/// What a notification is about, whichever unit is in charge.
fn row_of(subject: &SubjectId) -> &str {
    let subject = subject.as_str();
    subject.rsplit_once(':').map_or(subject, |(row, _)| row)
}

/// What a message is about.
fn what(item: &Item) -> String {
    match item {
        Item::Task { row, due } => {
            let provisional = if due.is_provisional { " (tạm tính)" } else { "" };
            match &row.reference {
                Some(reference) => format!("văn bản số {reference}"),
                None => format!("{} {}, hạn {}{provisional}", row.task, period(&row.period), short_date(due.last_on)),
            }
        }
        Item::Standing { row } => format!("{} (thường xuyên)", row.task),
        Item::DateMissing { row } => format!("{} (còn thiếu thời hạn)", row.task),
        Item::Asked { row, .. } => format!("{} (chờ quyết định)", row.task),
        Item::Answered { row, .. } => format!("{} (trả lời)", row.task),
        Item::Dossier { code, .. } => format!("hồ sơ {code}"),
        Item::Duty { code, name, .. } => format!("hồ sơ {code}: {name}"),
        Item::Target { section, .. } => format!("chỉ tiêu {section}"),
        Item::Health { .. } => "bản tin quản trị".to_owned(),
        Item::Problem { sentence, .. } => sentence.clone(),
    }
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
