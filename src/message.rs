//! Owns what people read: a batch of entries becomes one digest, as text, HTML and a few lines.
//!
//! Pure: the same batch at the same moment gives the same message, in preview as in the daemon. Days
//! left or late are counted here, at the moment of sending, not when the notification was decided.

pub mod reading;
pub mod vietnamese;

use std::{borrow::Cow, collections::BTreeMap, sync::LazyLock};

use chrono::{DateTime, NaiveDate, Utc};
use minijinja::{Environment, syntax::SyntaxConfig, value::Serde};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use self::vietnamese::{date, moment, period, short_date};
use crate::{
    channel::Message,
    domain::{
        deadline::Due,
        decide::{OPENING_OFFSET, REQUEST_STEP},
        directory::Directory,
        ids::{PersonId, RecipientId},
        life::{Answer, Request},
        notification::{Audience, Batch, Entry, Item, TaskRow},
        office::Office,
    },
};

/// Data of the one-stop system older than this is said to be old.
const OLD_DATA: chrono::Duration = chrono::Duration::hours(4);

static TEMPLATES: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(minijinja::UndefinedBehavior::Strict);
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    environment.set_syntax(syntax.expect("the usual delimiters do not clash"));
    for (name, source) in [
        ("digest.txt", include_str!("message/digest.txt.j2")),
        ("digest.html", include_str!("message/digest.html.j2")),
        ("digest.short.txt", include_str!("message/digest.short.txt.j2")),
    ] {
        environment.add_template(name, source).expect("the templates in the binary parse: a test renders them");
    }
    environment
});

/// What the templates see.
#[derive(Debug, Serialize)]
struct Digest {
    office: String,
    greeting: String,
    today: String,
    summary: String,
    may_be_duplicate: bool,
    sections: Vec<Section>,
    footer: String,
}

#[derive(Debug, Serialize)]
struct Section {
    title: &'static str,
    colour: &'static str,
    lines: Vec<Line>,
}

/// One piece of work in a message.
#[derive(Debug, Serialize)]
struct Line {
    title: String,
    state: String,
    facts: Vec<(Cow<'static, str>, String)>,
    advice: Option<String>,
    why: String,
}

/// The sections of a message, most urgent first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Urgency {
    Overdue,
    Now,
    Soon,
    Decision,
    Note,
    Health,
    Problem,
}

impl Urgency {
    fn title(self) -> &'static str {
        match self {
            Self::Overdue => "Quá hạn",
            Self::Now => "Đến hạn",
            Self::Soon => "Sắp đến hạn",
            Self::Decision => "Đề nghị và trả lời",
            Self::Note => "Việc thường xuyên, việc chưa có thời hạn",
            Self::Health => "Bản tin quản trị",
            Self::Problem => "Trục trặc của hệ thống nhắc việc",
        }
    }

    fn colour(self) -> &'static str {
        match self {
            Self::Overdue => "#b3261e",
            Self::Now => "#b25000",
            Self::Soon => "#1a5fb4",
            Self::Decision => "#00695c",
            Self::Note | Self::Health => "#4a4a4a",
            Self::Problem => "#6a1b9a",
        }
    }

    fn count(self, n: usize) -> String {
        match self {
            Self::Overdue => format!("{n} quá hạn"),
            Self::Now => format!("{n} đến hạn"),
            Self::Soon => format!("{n} sắp đến hạn"),
            Self::Decision => format!("{n} đề nghị, trả lời"),
            Self::Note => format!("{n} việc thường xuyên"),
            Self::Health => "bản tin quản trị".to_owned(),
            Self::Problem => format!("{n} trục trặc"),
        }
    }
}

/// Renders the message of a batch at `now`.
#[must_use]
pub fn render(batch: &Batch, office: &Office, footer: &str, now: DateTime<Utc>) -> Message {
    let view = View { office, today: office.hours.date(now), now };
    let mut sections: BTreeMap<Urgency, Vec<Line>> = BTreeMap::new();
    let mut groups = merge(&batch.entries);
    groups.sort_by_key(|entries| due_on(&entries[0].item));
    for entries in groups {
        let (urgency, line) = view.line(&entries);
        sections.entry(urgency).or_default().push(line);
    }
    let summary = sections.iter().map(|(urgency, lines)| urgency.count(lines.len())).collect::<Vec<_>>().join(", ");
    let digest = Digest {
        office: office.name.clone(),
        greeting: greetings(&office.directory, batch),
        today: date(view.today),
        may_be_duplicate: batch.entries.iter().any(|e| e.may_be_duplicate),
        sections: sections
            .into_iter()
            .map(|(u, lines)| Section { title: u.title(), colour: u.colour(), lines })
            .collect(),
        footer: footer.to_owned(),
        summary,
    };
    let render = |name| {
        let template = TEMPLATES.get_template(name).expect("the name is one of the three above");
        template
            .render(Serde(&digest))
            .expect("every field that the templates use is in the digest: a test renders them")
    };
    Message {
        id: message_id(batch),
        to: batch.address.clone(),
        subject: format!("[Nhắc việc] {} – {}", digest.summary, short_date(view.today)),
        text: render("digest.txt"),
        html: render("digest.html"),
        short: render("digest.short.txt"),
        at: now,
    }
}

/// Derived from what is said to whom, so that a repetition after a crash is recognisable (RFC 5322, 3.6.4).
fn message_id(batch: &Batch) -> String {
    let mut keys: Vec<&str> = batch.entries.iter().map(|e| e.key.as_str()).collect();
    keys.sort_unstable();
    let hash = Sha256::digest(keys.join("\n").as_bytes());
    hash[..16].iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// Everybody who reads at the address.
fn greetings(directory: &Directory, batch: &Batch) -> String {
    let readers = std::iter::once(&batch.recipient).chain(&batch.also);
    readers.map(|id| greeting(directory, id)).collect::<Vec<_>>().join("; ")
}

fn greeting(directory: &Directory, recipient: &RecipientId) -> String {
    if let Some(person) = directory.people.get(&PersonId::from(recipient.as_str())) {
        let title = if person.title.is_empty() { String::new() } else { format!(", {}", person.title) };
        return format!("đồng chí {}{title}", person.name);
    }
    recipient
        .as_str()
        .strip_prefix("unit:")
        .map_or_else(|| "đồng chí".to_owned(), |unit| directory.unit_name(&unit.into()).to_owned())
}

/// Entries that differ in the unit in charge only are one line: who follows a task of a group is not
/// told it five times.
fn merge(entries: &[Entry]) -> Vec<Vec<&Entry>> {
    let same = |a: &Entry, b: &Entry| match (task_row(&a.item), task_row(&b.item)) {
        (Some(x), Some(y)) => {
            a.audience == b.audience
                && a.offset == b.offset
                && (&x.plan, &x.task, &x.period) == (&y.plan, &y.task, &y.period)
                && due_on(&a.item) == due_on(&b.item)
                && std::mem::discriminant(&a.item) == std::mem::discriminant(&b.item)
                && a.on_behalf_of == b.on_behalf_of
                // Numbers of secret duties are all that tells them apart.
                && x.reference.is_none()
                && !matches!(a.item, Item::Asked { .. } | Item::Answered { .. })
        }
        _ => false,
    };
    let mut merged: Vec<Vec<&Entry>> = Vec::new();
    for entry in entries {
        match merged.iter_mut().find(|group| same(group[0], entry)) {
            Some(group) => group.push(entry),
            None => merged.push(vec![entry]),
        }
    }
    merged
}

fn task_row(item: &Item) -> Option<&TaskRow> {
    match item {
        Item::Task { row, .. }
        | Item::Standing { row }
        | Item::DateMissing { row }
        | Item::Asked { row, .. }
        | Item::Answered { row, .. } => Some(row),
        Item::Dossier { .. } | Item::Problem { .. } | Item::Health { .. } => None,
    }
}

/// Work that is due earlier stands first within its section.
fn due_on(item: &Item) -> Option<NaiveDate> {
    match item {
        Item::Task { due, .. } | Item::Dossier { due, .. } => Some(due.last_on),
        Item::Asked { due, .. } | Item::Answered { due, .. } => due.map(|d| d.last_on),
        Item::Standing { .. } | Item::DateMissing { .. } | Item::Problem { .. } | Item::Health { .. } => None,
    }
}

fn asked_text(request: &Request, right: Option<&str>) -> String {
    match request {
        Request::Extension { to_on, reason } => {
            format!("Xin gia hạn đến hết {}: {reason}", date(*to_on))
        }
        Request::NotOurs { reason, .. } => {
            let right = right.map(|unit| format!("; cho rằng thuộc {unit}")).unwrap_or_default();
            format!("Đơn vị báo không thuộc trách nhiệm của mình{right}: {reason}")
        }
    }
}

fn decide_advice(request: &Request) -> &'static str {
    match request {
        Request::Extension { .. } => {
            "Quyết định rồi báo quản trị ghi lại (nhacviec extend … --grant hoặc --refuse). Hạn hiện tại còn nguyên cho đến khi được đồng ý."
        }
        Request::NotOurs { .. } => {
            "Xác định đơn vị chủ trì rồi báo quản trị ghi lại (nhacviec assign). Trong lúc chờ, đơn vị nói trên không được nhắc."
        }
    }
}

fn answered_text(answer: &Answer, units: &str, due: Option<Due>) -> String {
    match answer {
        Answer::Granted { document } => {
            let until = due.map(|d| format!(" đến hết {}", date(d.last_on))).unwrap_or_default();
            format!("Được gia hạn{until} ({document})")
        }
        Answer::Refused { reason } => format!("Không được gia hạn: {reason}"),
        Answer::Assigned { reason } => format!("Giao {units} chủ trì ({reason})"),
    }
}

/// A line of the morning note: what stands before its first colon is the label.
fn labelled(line: &str) -> (Cow<'static, str>, String) {
    let (label, text) = line.split_once(": ").unwrap_or(("Lưu ý", line));
    (label.to_owned().into(), text.to_owned())
}

fn fact(label: &'static str, text: impl Into<String>) -> (Cow<'static, str>, String) {
    (label.into(), text.into())
}

/// What a coordinating unit owes, and to whom; the lead's advice is not for it. On the closing day both are told
/// what the day is for.
fn share_owed(entry: &Entry, units: &str) -> Option<String> {
    match entry.audience {
        Audience::Coordinating => Some(format!("Gửi phần việc phối hợp của đơn vị mình cho {units} trước hạn trên.")),
        Audience::DataClosing => {
            Some(format!("Hôm nay chốt số liệu của kỳ; sau đó gửi số liệu cho {units} để lập báo cáo."))
        }
        Audience::Lead
        | Audience::Escalation(_)
        | Audience::Following
        | Audience::Decider
        | Audience::Assigner
        | Audience::Asker
        | Audience::Administrator => None,
    }
}

struct View<'a> {
    office: &'a Office,
    today: NaiveDate,
    now: DateTime<Utc>,
}

impl View<'_> {
    fn line(&self, entries: &[&Entry]) -> (Urgency, Line) {
        let entry = entries[0];
        let (urgency, mut line) = match task_row(&entry.item) {
            Some(row) if row.reference.is_some() => self.secret_line(entry, row),
            Some(_) | None => self.open_line(entries),
        };
        let zone = self.office.hours.zone;
        line.facts.extend(entry.deferred_at.map(|at| {
            let why = "dời sang hôm nay vì hôm đó đồng chí đã nhận đủ số tin trong ngày";
            fact("Lẽ ra gửi", format!("{}; {why}", moment(zone, at)))
        }));
        if let Some(away) = &entry.on_behalf_of {
            line.why = format!("{}; đồng chí nhận thay {away}", line.why);
        }
        (urgency, line)
    }

    fn open_line(&self, entries: &[&Entry]) -> (Urgency, Line) {
        let entry = entries[0];
        let mut units: Vec<&str> = Vec::new();
        for row in entries.iter().filter_map(|e| task_row(&e.item)) {
            if !units.contains(&&*row.unit) {
                units.push(&row.unit);
            }
        }
        let units = units.join(", ");
        match &entry.item {
            Item::Task { row, due } => {
                let mut facts = vec![fact("Hạn", deadline_text(row, *due))];
                facts.extend(task_facts(row, &units));
                let (urgency, state) = self.state(*due);
                let advice = entry.advice.as_deref().map(str::to_owned).or_else(|| share_owed(entry, &units));
                (urgency, Line { title: task_title(row), state, facts, advice, why: why(entry) })
            }
            Item::Standing { row } => {
                let state = format!("{}; chưa có báo cáo hoàn thành của kỳ này", row.phrase);
                (Urgency::Note, note_line(entry, row, &units, state, "nhắc lại việc thường xuyên đầu kỳ"))
            }
            Item::DateMissing { row } => {
                let ask = "đề nghị báo đơn vị theo dõi ngày hoàn thành khi đã có";
                let state = format!("Còn thiếu thời hạn: «{}»; {ask}", row.phrase);
                (Urgency::Note, note_line(entry, row, &units, state, "nhắc đầu kỳ việc chưa có thời hạn"))
            }
            Item::Asked { row, due, request, right, by, on } => {
                let state = asked_text(request, right.as_deref());
                let mut facts: Vec<_> =
                    due.map(|due| fact("Hạn hiện tại", deadline_text(row, due))).into_iter().collect();
                facts.push(fact("Người đề nghị", format!("{by}, ngày {}", short_date(*on))));
                facts.extend(task_facts(row, &units));
                let advice = Some(decide_advice(request).to_owned());
                let why = "đơn vị theo dõi kế hoạch; đề nghị chưa được trả lời".to_owned();
                (Urgency::Decision, Line { title: task_title(row), state, facts, advice, why })
            }
            Item::Answered { row, due, answer } => {
                let mut facts: Vec<_> = due.map(|due| fact("Hạn", deadline_text(row, due))).into_iter().collect();
                facts.extend(task_facts(row, &units));
                let line = Line {
                    title: task_title(row),
                    state: answered_text(answer, &units, *due),
                    facts,
                    advice: None,
                    why: "trả lời đề nghị về nhiệm vụ này".to_owned(),
                };
                (Urgency::Decision, line)
            }
            Item::Dossier { .. } => self.dossier_line(entry),
            Item::Health { lines } => {
                let line = Line {
                    title: format!("Tình trạng hệ thống nhắc việc ngày {}", short_date(self.today)),
                    state: lines.first().cloned().unwrap_or_default(),
                    facts: lines.iter().skip(1).map(|l| labelled(l)).collect(),
                    advice: None,
                    why: "đồng chí là quản trị hệ thống nhắc việc".to_owned(),
                };
                (Urgency::Health, line)
            }
            Item::Problem { sentence, opened_at } => {
                let state = format!("Từ {}", moment(self.office.hours.zone, *opened_at));
                (
                    Urgency::Problem,
                    Line {
                        title: sentence.clone(),
                        state,
                        facts: Vec::new(),
                        advice: None,
                        why: "đồng chí là quản trị hệ thống nhắc việc".to_owned(),
                    },
                )
            }
        }
    }

    /// The number and how urgent it is; the rest is on paper.
    fn secret_line(&self, entry: &Entry, row: &TaskRow) -> (Urgency, Line) {
        let due = match &entry.item {
            Item::Task { due, .. } => Some(*due),
            Item::Asked { due, .. } | Item::Answered { due, .. } => *due,
            Item::Standing { .. }
            | Item::DateMissing { .. }
            | Item::Dossier { .. }
            | Item::Health { .. }
            | Item::Problem { .. } => None,
        };
        let is_decision = matches!(entry.item, Item::Asked { .. } | Item::Answered { .. });
        let (urgency, state) = match due {
            Some(due) if !is_decision => self.state(due),
            Some(_) | None if is_decision => (Urgency::Decision, "Có đề nghị hoặc trả lời".to_owned()),
            Some(_) | None => (Urgency::Note, "Nhắc lại".to_owned()),
        };
        let reference = row.reference.as_deref().unwrap_or_default();
        let facts = vec![fact("Nội dung", "xem văn bản gốc, không gửi qua mạng")];
        (urgency, Line { title: format!("Văn bản số {reference}"), state, facts, advice: None, why: why(entry) })
    }

    fn dossier_line(&self, entry: &Entry) -> (Urgency, Line) {
        let Item::Dossier { code, procedure, unit, due_at, first_due_at, due, seen_at } = &entry.item else {
            unreachable!("called for dossiers only")
        };
        let zone = self.office.hours.zone;
        let mut facts = vec![fact("Hẹn trả", moment(zone, *due_at))];
        facts.extend(first_due_at.map(|first| fact("Hẹn lần đầu", format!("{}; đã hẹn lại", moment(zone, first)))));
        facts.extend(procedure.clone().map(|p| fact("Thủ tục", p)));
        facts.push(fact("Đơn vị giữ hồ sơ", unit.clone()));
        if self.now - *seen_at > OLD_DATA {
            facts.push(fact("Dữ liệu", format!("theo hệ thống một cửa lúc {}", moment(zone, *seen_at))));
        }
        let (urgency, state) = self.state(*due);
        (
            urgency,
            Line {
                title: format!("Hồ sơ {code}"),
                state,
                facts,
                advice: entry.advice.as_deref().map(str::to_owned),
                why: why(entry),
            },
        )
    }

    fn state(&self, due: Due) -> (Urgency, String) {
        let calendar = &self.office.calendar;
        // Days are counted up to today, which may lie in another year than the due date.
        let is_provisional = due.is_provisional || calendar.is_provisional(self.today);
        let provisional = if is_provisional { " (tạm tính: chưa có lịch nghỉ chính thức)" } else { "" };
        if self.today > due.last_on {
            let late = calendar.working_days_between(due.last_on, self.today);
            return (Urgency::Overdue, format!("Đã quá hạn {late} ngày làm việc{provisional}"));
        }
        match calendar.working_days_between(self.today, due.safe_on) {
            0 => (Urgency::Now, format!("Hôm nay là ngày làm việc cuối cùng{provisional}")),
            left => (Urgency::Soon, format!("Còn {left} ngày làm việc{provisional}")),
        }
    }
}

fn note_line(entry: &Entry, row: &TaskRow, units: &str, state: String, why: &str) -> Line {
    Line {
        title: task_title(row),
        state,
        facts: task_facts(row, units),
        advice: entry.advice.as_deref().map(str::to_owned),
        why: why.to_owned(),
    }
}

fn task_title(row: &TaskRow) -> String {
    format!("{}. {}", row.task, row.content.trim_end_matches('.'))
}

fn deadline_text(row: &TaskRow, due: Due) -> String {
    let last = if due.safe_on == due.last_on {
        String::new()
    } else {
        format!("; ngày làm việc cuối cùng: {}", date(due.safe_on))
    };
    format!("hết {}{last} (kế hoạch ghi: «{}»)", date(due.last_on), row.phrase)
}

fn task_facts(row: &TaskRow, units: &str) -> Vec<(Cow<'static, str>, String)> {
    let coordinating = row.coordinating.join(", ");
    let facts = [
        ("Kỳ", period(&row.period)),
        ("Chủ trì", units.to_owned()),
        ("Phối hợp", coordinating),
        ("Sản phẩm", row.product.to_string()),
        ("Văn bản", row.document.as_deref().unwrap_or_default().to_owned()),
        ("Theo", row.plan.to_string()),
    ];
    facts.into_iter().filter(|(_, value)| !value.is_empty()).map(|(label, value)| fact(label, value)).collect()
}

/// As what the recipient is told, and at which rung: `đơn vị chủ trì; mốc trước hạn 5 ngày`.
#[must_use]
pub fn why(entry: &Entry) -> String {
    why_told(entry.audience, entry.offset, matches!(entry.item, Item::Dossier { .. }))
}

/// The same for something that is no message yet.
#[must_use]
pub fn why_told(audience: Audience, offset: i32, is_dossier: bool) -> String {
    match audience {
        Audience::DataClosing => "đơn vị làm báo cáo; ngày chốt số liệu của kỳ".to_owned(),
        Audience::Decider | Audience::Assigner => "đơn vị theo dõi; đề nghị chờ quyết định".to_owned(),
        Audience::Asker => "đơn vị đã đề nghị; có trả lời".to_owned(),
        audience => format!("{}; {}", audience_name(audience, is_dossier), rung_name(offset)),
    }
}

/// As what somebody is told.
#[must_use]
pub fn audience_name(audience: Audience, is_dossier: bool) -> String {
    match audience {
        Audience::Lead if is_dossier => "đơn vị giữ hồ sơ".to_owned(),
        Audience::Lead => "đơn vị chủ trì".to_owned(),
        Audience::Escalation(after) => format!("cấp trên, bậc đôn đốc quá hạn {after} ngày làm việc"),
        Audience::Coordinating => "đơn vị phối hợp".to_owned(),
        Audience::DataClosing => "đơn vị làm báo cáo (chốt số liệu)".to_owned(),
        Audience::Following => "đơn vị theo dõi".to_owned(),
        Audience::Decider => "đơn vị theo dõi (quyết định gia hạn)".to_owned(),
        Audience::Assigner => "đơn vị theo dõi (giao lại việc)".to_owned(),
        Audience::Asker => "đơn vị đã đề nghị".to_owned(),
        Audience::Administrator => "quản trị".to_owned(),
    }
}

/// The rung of a message to this audience, `mốc trước hạn 5 ngày`; a request has days of waiting instead.
#[must_use]
pub fn rung_of(audience: Audience, offset: i32) -> String {
    match audience {
        Audience::Decider | Audience::Assigner => match offset % REQUEST_STEP {
            0 => "đề nghị mới".to_owned(),
            waited => format!("đề nghị đã chờ {waited} ngày làm việc"),
        },
        Audience::Asker => "có trả lời".to_owned(),
        Audience::DataClosing => "ngày chốt số liệu".to_owned(),
        Audience::Administrator => "khi có trục trặc".to_owned(),
        Audience::Lead | Audience::Coordinating | Audience::Following | Audience::Escalation(_) => rung_name(offset),
    }
}

/// `mốc trước hạn 5 ngày`.
#[must_use]
pub fn rung_name(offset: i32) -> String {
    match offset {
        OPENING_OFFSET => "báo khi phát sinh".to_owned(),
        0 => "mốc đúng hạn".to_owned(),
        n if n < 0 => format!("mốc trước hạn {} ngày", -n),
        n => format!("mốc quá hạn {n} ngày"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::example,
        domain::{directory::ChannelKind, notification::Reason},
    };

    fn entry(content: &str, last_on: &str, audience: Audience) -> Entry {
        let office = example::office();
        let due = Due::on(last_on.parse().expect("a date"), &office.calendar);
        let row = TaskRow {
            plan: "Kế hoạch".into(),
            task: "I.1".into(),
            content: content.into(),
            product: "Báo cáo".into(),
            phrase: "Trước ngày …".into(),
            period: "2023".into(),
            unit: "Văn phòng Sở".into(),
            coordinating: Vec::new(),
            document: None,
            reference: None,
        };
        Entry {
            key: format!("{content}|{last_on}"),
            audience,
            offset: -1,
            reason: Reason::Upcoming,
            item: Item::Task { row: row.into(), due },
            advice: None,
            on_behalf_of: None,
            deferred_at: None,
            may_be_duplicate: false,
        }
    }

    fn rendered(entries: Vec<Entry>) -> Message {
        let batch = Batch {
            id: 1,
            channel: ChannelKind::Email,
            address: "ha@so.example".into(),
            recipient: "le-thu-ha".into(),
            also: Vec::new(),
            entries,
            deliveries: vec![1],
            attempt: 1,
            most_attempts: 1,
            is_resumed: false,
            lost_answers: 0,
        };
        let office = example::office();
        let now = office.hours.digest_moment("2023-02-10".parse().expect("a date"));
        render(&batch, &office, "Cuối thư", now)
    }

    #[test]
    fn what_a_plan_says_cannot_become_markup() {
        let message = rendered(vec![entry("<script>x</script> & \"y\"", "2023-02-14", Audience::Lead)]);
        assert!(message.text.contains("<script>x</script> & \"y\""));
        assert!(!message.html.contains("<script>"), "{}", message.html);
    }

    #[test]
    fn the_most_urgent_stands_first_and_the_subject_counts() {
        let entries = vec![
            entry("sau", "2023-02-20", Audience::Lead),
            entry("trước", "2023-02-14", Audience::Lead),
            entry("trễ", "2023-02-08", Audience::Lead),
        ];
        let message = rendered(entries);
        assert_eq!(message.subject, "[Nhắc việc] 1 quá hạn, 2 sắp đến hạn – 10/02/2023");
        let at = |word: &str| message.text.find(word).unwrap_or_else(|| panic!("{word} in {}", message.text));
        assert!(at("trễ") < at("trước") && at("trước") < at("sau"));
        assert!(message.text.contains("Kính gửi: đồng chí Lê Thu Hà, Chánh Văn phòng"));
    }

    #[test]
    fn the_message_id_depends_on_what_is_said_and_not_on_its_order() {
        let (a, b) = (entry("a", "2023-02-14", Audience::Lead), entry("b", "2023-02-14", Audience::Lead));
        assert_eq!(rendered(vec![a.clone(), b.clone()]).id, rendered(vec![b, a.clone()]).id);
        assert_ne!(rendered(vec![a]).id, rendered(vec![entry("c", "2023-02-14", Audience::Lead)]).id);
    }
}
