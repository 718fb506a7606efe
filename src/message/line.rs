//! Owns one piece of work in a message: its title, state, facts and advice, and how urgent it is.

use std::borrow::Cow;

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use serde::Serialize;

use super::{
    reason::{why, why_of_target},
    task_row,
    vietnamese::{date, moment, period, short_date},
};
use crate::domain::{
    deadline::Due,
    dossier::{Duty, has_hour},
    life::{Answer, Request},
    notification::{Audience, Entry, Item, TaskRow},
    office::Office,
};

/// Data of the one-stop system older than this is said to be old.
const OLD_DATA: chrono::Duration = chrono::Duration::hours(4);
/// Why the administrator gets a message.
const FOR_ADMINISTRATOR: &str = "đồng chí là quản trị hệ thống nhắc việc";

/// One piece of work in a message.
#[derive(Debug, Clone, Serialize)]
pub struct Line {
    pub title: String,
    pub state: String,
    pub facts: Vec<(Cow<'static, str>, String)>,
    pub advice: Option<String>,
    pub why: String,
    /// What an administrator adds to a message sent again.
    pub note: Option<String>,
    /// The cells of a table of dossiers.
    pub dossier: Option<DossierCells>,
}

/// A dossier as a row of a table.
#[derive(Debug, Clone, Serialize)]
pub struct DossierCells {
    pub code: String,
    pub procedure: String,
    pub unit: String,
    pub due: String,
    #[serde(skip)]
    pub due_at: DateTime<Utc>,
}

impl Line {
    fn new(title: String, state: String, facts: Vec<(Cow<'static, str>, String)>, why: String) -> Self {
        Self { title, state, facts, advice: None, why, note: None, dossier: None }
    }

    fn with_advice(self, advice: Option<String>) -> Self {
        Self { advice, ..self }
    }
}

/// The sections of a message, most urgent first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Urgency {
    Overdue,
    Now,
    Soon,
    Decision,
    Note,
    Health,
    Problem,
}

impl Urgency {
    pub fn title(self) -> &'static str {
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

    pub fn colour(self) -> &'static str {
        match self {
            Self::Overdue => "#b3261e",
            Self::Now => "#b25000",
            Self::Soon => "#1a5fb4",
            Self::Decision => "#00695c",
            Self::Note | Self::Health => "#4a4a4a",
            Self::Problem => "#6a1b9a",
        }
    }

    pub fn count(self, n: usize) -> String {
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

/// An appointment as it is printed on the receipt: with its hour, when it has one.
fn appointment(zone: Tz, at: DateTime<Utc>) -> String {
    if has_hour(at) { moment(zone, at) } else { date(at.with_timezone(&zone).date_naive()) }
}

fn fact(label: &'static str, text: impl Into<String>) -> (Cow<'static, str>, String) {
    (label.into(), text.into())
}

/// What a coordinating unit owes, and to whom; the lead's advice is not for it. On the closing day both are told
/// what the day is for.
fn share_owed(entry: &Entry, units: &str, urgency: Urgency) -> Option<String> {
    match entry.audience {
        // Only who took over from another unit hears of it so late for the first time.
        Audience::Coordinating if urgency == Urgency::Overdue => {
            Some(format!("Gửi ngay phần việc phối hợp của đơn vị mình cho {units}, nếu chưa gửi."))
        }
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
        | Audience::Assignee
        | Audience::Administrator => None,
    }
}

/// A moment at which an office's message is read.
pub struct View<'a> {
    pub office: &'a Office,
    pub today: NaiveDate,
    pub now: DateTime<Utc>,
}

impl View<'_> {
    /// The line of entries that say the same of several units.
    pub fn line(&self, entries: &[&Entry]) -> (Urgency, Line) {
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
        line.note = entry.resent.as_ref().map(|resent| resent.note.clone()).filter(|note| !note.is_empty());
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
                let own = entry.advice.as_deref().map(str::to_owned);
                let advice = own.or_else(|| share_owed(entry, &units, urgency));
                (urgency, Line::new(task_title(row), state, facts, why(entry)).with_advice(advice))
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
                (Urgency::Decision, Line::new(task_title(row), state, facts, why).with_advice(advice))
            }
            Item::Answered { row, due, answer } => {
                let mut facts: Vec<_> = due.map(|due| fact("Hạn", deadline_text(row, due))).into_iter().collect();
                facts.extend(task_facts(row, &units));
                let why = "trả lời đề nghị về nhiệm vụ này".to_owned();
                (Urgency::Decision, Line::new(task_title(row), answered_text(answer, &units, *due), facts, why))
            }
            Item::Dossier { .. } => self.dossier_line(entry),
            Item::Duty { .. } => self.duty_line(entry),
            Item::Target { plan, section, text, is_lost, facts } => {
                let title = format!("Chỉ tiêu {section}: {text}");
                let mut lines: Vec<_> =
                    facts.iter().map(|(label, text)| (label.clone().into(), text.clone())).collect();
                lines.push(fact("Theo", plan.to_string()));
                let state = if *is_lost {
                    "Không còn khả năng đạt chỉ tiêu"
                } else {
                    "Có nguy cơ không đạt chỉ tiêu"
                };
                (Urgency::Soon, Line::new(title, state.to_owned(), lines, why_of_target(entry.audience)))
            }
            Item::Health { lines } => {
                let title = format!("Tình trạng hệ thống nhắc việc ngày {}", short_date(self.today));
                let facts = lines.iter().skip(1).map(|l| labelled(l)).collect();
                let state = lines.first().cloned().unwrap_or_default();
                (Urgency::Health, Line::new(title, state, facts, FOR_ADMINISTRATOR.to_owned()))
            }
            Item::Problem { sentence, opened_at } => {
                let state = format!("Từ {}", moment(self.office.hours.zone, *opened_at));
                (Urgency::Problem, Line::new(sentence.clone(), state, Vec::new(), FOR_ADMINISTRATOR.to_owned()))
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
            | Item::Duty { .. }
            | Item::Target { .. }
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
        (urgency, Line::new(format!("Văn bản số {reference}"), state, facts, why(entry)))
    }

    fn dossier_line(&self, entry: &Entry) -> (Urgency, Line) {
        let Item::Dossier { code, procedure, unit, due_at, first_due_at, due, seen_at, urged, is_petition } =
            &entry.item
        else {
            unreachable!("called for dossiers only")
        };
        let zone = self.office.hours.zone;
        let (what, by) = if *is_petition {
            ("Phản ánh, kiến nghị", "Hạn trả lời")
        } else {
            ("Hồ sơ", "Hẹn trả")
        };
        let mut facts = vec![fact(by, appointment(zone, *due_at))];
        // Nghị định 61/2018/NĐ-CP, Điều 19.9: once.
        let again = "đã hẹn lại 01 lần, không được hẹn lần thứ hai";
        facts.extend(first_due_at.map(|first| fact("Hẹn lần đầu", format!("{}; {again}", appointment(zone, first)))));
        facts.extend(procedure.clone().map(|p| fact(if *is_petition { "Nội dung" } else { "Thủ tục" }, p)));
        facts.extend(urged.filter(|n| *n > 1).map(|n| fact("Đôn đốc", format!("lần thứ {n}"))));
        facts.push(fact("Đơn vị giữ hồ sơ", unit.clone()));
        if self.now - *seen_at > OLD_DATA {
            facts.push(fact("Dữ liệu", format!("theo hệ thống một cửa lúc {}", moment(zone, *seen_at))));
        }
        let (urgency, state) = self.state(*due);
        let cells = DossierCells {
            code: code.clone(),
            procedure: procedure.clone().unwrap_or_default(),
            unit: unit.clone(),
            due: appointment(zone, *due_at),
            due_at: *due_at,
        };
        let line = Line::new(format!("{what} {code}"), state, facts, why(entry));
        (urgency, Line { dossier: Some(cells), ..line.with_advice(entry.advice.as_deref().map(str::to_owned)) })
    }

    fn duty_line(&self, entry: &Entry) -> (Urgency, Line) {
        let Item::Duty { duty, name, code, procedure, unit, due, of_at, is_ended } = &entry.item else {
            unreachable!("called for duties only")
        };
        let zone = self.office.hours.zone;
        let (title, of) = match duty {
            Duty::Apology | Duty::Explanation => ("Hồ sơ chậm", "Hẹn trả"),
            Duty::Forwarding => ("Phản ánh, kiến nghị", "Tiếp nhận"),
        };
        let ended = if *is_ended { "; hồ sơ đã xong nhưng chậm" } else { "" };
        let mut facts = vec![fact("Hạn", format!("hết {}", date(due.last_on)))];
        facts.push(fact(of, format!("{}{ended}", appointment(zone, *of_at))));
        facts.extend(procedure.clone().map(|p| fact("Thủ tục", p)));
        facts.push(fact("Đơn vị", unit.clone()));
        let (urgency, state) = self.state(*due);
        let advice =
            "Làm xong, báo số và ngày văn bản cho quản trị hệ thống nhắc việc để ghi nhận và thôi nhắc.".to_owned();
        let title = format!("{title} {code}: {name}");
        (urgency, Line::new(title, state, facts, why(entry)).with_advice(Some(advice)))
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
    let line = Line::new(task_title(row), state, task_facts(row, units), why.to_owned());
    line.with_advice(entry.advice.as_deref().map(str::to_owned))
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
