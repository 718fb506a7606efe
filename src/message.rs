//! Owns what people read: a batch of entries becomes one digest, as text, HTML and a few lines.
//!
//! Pure: the same batch at the same moment gives the same message, in preview as in the daemon. Days
//! left or late are counted here, at the moment of sending, not when the notification was decided.

mod attachments;
mod line;
mod reason;
mod samples;
mod templates;

pub mod reading;
pub mod vietnamese;

use std::{collections::BTreeMap, sync::Arc};

use chrono::{DateTime, NaiveDate, Utc};
use minijinja::{Value, value::Serde};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use self::{
    line::{Line, Urgency, View},
    vietnamese::{date, period, short_date},
};
pub use self::{
    reason::{audience_name, rung_name, rung_of, why, why_told},
    samples::samples,
    templates::{BUILT_IN, TemplateError, Templates},
};
use crate::{
    channel::{Attachment, Message, Notice},
    domain::{
        directory::{ChannelKind, Directory, Unit},
        ids::{PersonId, RecipientId},
        notification::{Batch, Entry, Item, TaskRow, hex},
        office::Office,
    },
};

/// Gmail shows 102 kB of a message and hides the rest; what the envelope of the part adds stays below this.
const MOST_HTML: usize = 90_000;
/// More dossiers than this in a section stand in a table.
const TABLE_FROM: usize = 4;
/// More dossiers than fit on a screen go along as a spreadsheet.
const SPREADSHEET_FROM: usize = 12;
/// A subject of one duty: longer ones are cut by mail programs at a place of their choosing.
const MOST_TITLE: usize = 70;

/// What an office puts around every message.
#[derive(Debug, Clone, Default)]
pub struct Letterhead {
    /// Lines above the salutation: the superior authority and the office.
    pub header: Vec<String>,
    /// Last line of every message.
    pub footer: String,
    /// The office's own templates.
    pub templates: Arc<Templates>,
}

/// What the templates see.
#[derive(Debug, Serialize)]
struct Digest<'a> {
    office: &'a str,
    header: &'a [String],
    greeting: String,
    today: String,
    summary: String,
    may_be_duplicate: bool,
    resent: bool,
    sections: Vec<Section<'a>>,
    attachments: Vec<String>,
    reasons: String,
    footer: &'a str,
    message_id: &'a str,
}

#[derive(Debug, Serialize)]
struct Section<'a> {
    title: &'static str,
    colour: &'static str,
    count: usize,
    lines: Vec<&'a Line>,
    /// Dossiers, when they are many; they are not among the lines then.
    table: Vec<&'a Line>,
    /// What holds for rows of the table.
    table_advice: Vec<&'a str>,
    /// How many more there are, in the attached spreadsheet.
    omitted: usize,
}

/// Renders the message of a batch at `now` for its channel; the second value tells why an office's own template was
/// not used.
#[must_use]
pub fn render(
    batch: &Batch,
    office: &Office,
    letterhead: &Letterhead,
    now: DateTime<Utc>,
) -> (Message, Option<TemplateError>) {
    let lines = lines_of(batch, office, now);
    match batch.channel {
        ChannelKind::Email => render_email(batch, &lines, office, letterhead, now),
        ChannelKind::ZaloBot | ChannelKind::ZaloOa | ChannelKind::ZaloTemplate | ChannelKind::ZaloGroup => {
            let digest = digest(batch, &lines, usize::MAX, office, letterhead, now);
            let (text, error) = letterhead.templates.render("digest.zalo.txt.j2", &Value::from(Serde(&digest)));
            let subject = subject(batch, &lines, &digest.summary, thread(batch).is_some(), office, now);
            let notice = notice(batch, &lines, &digest.summary, office, now);
            let message = Message {
                id: batch.message_id.clone(),
                to: batch.address.clone(),
                subject,
                text,
                notice,
                at: now,
                ..Message::default()
            };
            (message, error)
        }
    }
}

fn lines_of(batch: &Batch, office: &Office, now: DateTime<Utc>) -> Vec<(Urgency, Line)> {
    let view = View { office, today: office.hours.date(now), now };
    let mut groups = merge(&batch.entries);
    groups.sort_by_key(|entries| due_on(&entries[0].item));
    let mut lines: Vec<_> = groups.into_iter().map(|entries| view.line(&entries)).collect();
    lines.sort_by_key(|(urgency, _)| *urgency);
    lines
}

fn render_email(
    batch: &Batch,
    lines: &[(Urgency, Line)],
    office: &Office,
    letterhead: &Letterhead,
    now: DateTime<Utc>,
) -> (Message, Option<TemplateError>) {
    let mut most_lines = lines.len();
    let mut attachments: Vec<Attachment> = Vec::new();
    attachments.extend(attachments::calendar(&batch.entries, office, now));
    let dossiers = lines.iter().filter(|(_, line)| line.dossier.is_some()).count();
    loop {
        let is_short = most_lines < lines.len();
        let list =
            (is_short || dossiers > SPREADSHEET_FROM).then(|| attachments::spreadsheet(lines, is_short, office, now));
        let list = list.and_then(|list| {
            list.inspect_err(|error| tracing::error!(%error, "a spreadsheet was not made; the message goes without it"))
                .ok()
        });
        let mut digest = digest(batch, lines, most_lines, office, letterhead, now);
        digest.attachments = attachments.iter().chain(&list).map(|a| a.name.clone()).collect();
        let seen = Value::from(Serde(&digest));
        let (html, error) = letterhead.templates.render("digest.html.j2", &seen);
        if html.len() > MOST_HTML && most_lines > 1 {
            most_lines /= 2;
            continue;
        }
        let (text, text_error) = letterhead.templates.render("digest.txt.j2", &seen);
        attachments.extend(list);
        let thread = thread(batch);
        let message = Message {
            subject: subject(batch, lines, &digest.summary, thread.is_some(), office, now),
            id: batch.message_id.clone(),
            to: batch.address.clone(),
            text,
            html,
            notice: Notice::default(),
            attachments,
            thread,
            is_urgent: lines.iter().any(|(urgency, _)| matches!(urgency, Urgency::Overdue | Urgency::Now)),
            at: now,
        };
        return (message, error.or(text_error));
    }
}

fn digest<'a>(
    batch: &'a Batch,
    lines: &'a [(Urgency, Line)],
    most_lines: usize,
    office: &'a Office,
    letterhead: &'a Letterhead,
    now: DateTime<Utc>,
) -> Digest<'a> {
    let mut counts: BTreeMap<Urgency, usize> = BTreeMap::new();
    for (urgency, _) in lines {
        *counts.entry(*urgency).or_default() += 1;
    }
    let summary = counts.iter().map(|(urgency, n)| urgency.count(*n)).collect::<Vec<_>>().join(", ");
    let shown = &lines[..most_lines.min(lines.len())];
    let sections = counts.iter().map(|(urgency, count)| section(*urgency, *count, shown)).collect();
    Digest {
        office: &office.name,
        header: &letterhead.header,
        greeting: greetings(&office.directory, batch),
        today: date(office.hours.date(now)),
        summary,
        may_be_duplicate: batch.entries.iter().any(|e| e.may_be_duplicate),
        resent: batch.entries.iter().any(|e| e.resent.is_some()),
        sections,
        attachments: Vec::new(),
        reasons: reasons(&batch.entries),
        footer: &letterhead.footer,
        message_id: &batch.message_id,
    }
}

fn section(urgency: Urgency, count: usize, shown: &[(Urgency, Line)]) -> Section<'_> {
    let of_section = shown.iter().filter(|(u, _)| *u == urgency).map(|(_, line)| line);
    let (mut table, mut lines): (Vec<_>, Vec<_>) = of_section.partition(|line| line.dossier.is_some());
    if table.len() < TABLE_FROM {
        lines.append(&mut table);
    }
    let mut table_advice: Vec<&str> = Vec::new();
    for advice in table.iter().filter_map(|line| line.advice.as_deref()) {
        if !table_advice.contains(&advice) {
            table_advice.push(advice);
        }
    }
    let omitted = count - lines.len() - table.len();
    Section { title: urgency.title(), colour: urgency.colour(), count, lines, table, table_advice, omitted }
}

/// As what the recipient gets the message: `đơn vị chủ trì (2 việc), đơn vị theo dõi (1 việc)`.
fn reasons(entries: &[Entry]) -> String {
    let mut roles: Vec<(String, usize)> = Vec::new();
    // Counted as they are read: parts of one duty are one line.
    for entry in merge(entries).iter().map(|parts| parts[0]) {
        let role = audience_name(entry.audience, entry.item.is_of_dossier());
        match roles.iter_mut().find(|(known, _)| *known == role) {
            Some((_, n)) => *n += 1,
            None => roles.push((role, 1)),
        }
    }
    roles.iter().map(|(role, n)| format!("{role} ({n} việc)")).collect::<Vec<_>>().join(", ")
}

/// Counts and unit; a duty that travels alone keeps one subject, so that mail programs keep it one conversation.
fn subject(
    batch: &Batch,
    lines: &[(Urgency, Line)],
    summary: &str,
    is_of_one: bool,
    office: &Office,
    now: DateTime<Utc>,
) -> String {
    let unit =
        unit_of(&office.directory, batch, office.hours.date(now)).map(|unit| format!("{unit}: ")).unwrap_or_default();
    let mark = if batch.entries.iter().any(|e| e.resent.is_some()) {
        "[Nhắc việc – gửi lại]"
    } else {
        "[Nhắc việc]"
    };
    let subject = match lines {
        [(_, line)] if is_of_one => {
            let period = task_row(&batch.entries[0].item).map(|row| format!(" ({})", period(&row.period)));
            format!("{mark} {unit}1 việc – {}{}", cut(&line.title, MOST_TITLE), period.unwrap_or_default())
        }
        _ => format!("{mark} {unit}{summary} – {}", short_date(office.hours.date(now))),
    };
    // What a plan says over several lines must not become lines of the head (RFC 5322, 2.2.3).
    let words = subject.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    words.fold(String::with_capacity(subject.len()), |mut line, word| {
        line.extend([if line.is_empty() { "" } else { " " }, word]);
        line
    })
}

/// The unit for which the recipient reads that day, when it is one.
fn unit_of(directory: &Directory, batch: &Batch, on: NaiveDate) -> Option<Arc<str>> {
    if !batch.also.is_empty() {
        return None;
    }
    if let Some(unit) = batch.recipient.as_str().strip_prefix("unit:") {
        return Some(directory.shared_unit_name(&unit.into()));
    }
    let person = PersonId::from(batch.recipient.as_str());
    let of_person = |u: &&Unit| u.contacts.contains(&person) || u.head.as_ref() == Some(&person);
    let mut units = directory.units.values().filter(|u| u.exists_on(on)).filter(of_person);
    let unit = units.next()?;
    units.next().is_none().then(|| Arc::clone(&unit.name))
}

/// The conversation of a message that is about one duty or dossier only: named by what it is about, not by when.
fn thread(batch: &Batch) -> Option<String> {
    let of_entry = |entry: &Entry| match &entry.item {
        // The papers owed for a dossier are one conversation with it.
        Item::Dossier { code, .. } | Item::Duty { code, .. } => Some(format!("dossier {code}")),
        Item::Problem { .. } | Item::Health { .. } | Item::Target { .. } => None,
        item => task_row(item)
            .filter(|row| row.reference.is_none())
            .map(|row| format!("task {} {} {}", row.plan, row.task, row.period)),
    };
    let mut threads = batch.entries.iter().map(of_entry);
    let first = threads.next()??;
    threads.all(|thread| thread.as_ref() == Some(&first)).then(|| {
        let hash = Sha256::digest(format!("{first} {}", batch.address));
        format!("viec-{}", &hex(&hash)[..24])
    })
}

/// What a message of few and short fields can say, as a registered template of Zalo's.
fn notice(batch: &Batch, lines: &[(Urgency, Line)], summary: &str, office: &Office, now: DateTime<Utc>) -> Notice {
    let first = lines.first().map(|(_, line)| line);
    let others = lines.len().saturating_sub(1);
    let and_others = if others > 0 { format!(" và {others} việc khác") } else { String::new() };
    let first_entry =
        merge(&batch.entries).into_iter().min_by_key(|group| due_on(&group[0].item)).map(|group| group[0]);
    let due = lines.iter().find_map(|_| first_entry.and_then(|e| due_on(&e.item)));
    let code = first_entry.map(|e| match &e.item {
        Item::Dossier { code, .. } | Item::Duty { code, .. } => code.clone(),
        item => task_row(item).map(|row| row.reference.as_ref().unwrap_or(&row.task).to_string()).unwrap_or_default(),
    });
    Notice {
        summary: summary.to_owned(),
        count: lines.len().to_string(),
        title: first.map(|line| format!("{}{and_others}", line.title)).unwrap_or_default(),
        state: first.map(|line| line.state.clone()).unwrap_or_default(),
        code: code.filter(|c| !c.is_empty()).unwrap_or_else(|| "NV".to_owned()),
        due: due.map_or_else(|| short_date(office.hours.date(now)), short_date),
        unit: unit_of(&office.directory, batch, office.hours.date(now))
            .map_or_else(|| office.name.clone(), |unit| unit.to_string()),
        person: office.directory.recipient_name(&batch.recipient),
        date: short_date(office.hours.date(now)),
        office: office.name.clone(),
    }
}

/// The first so many characters, with a mark that something is missing.
fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let head: String = text.chars().take(most - 1).collect();
    format!("{}…", head.trim_end())
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
        Item::Dossier { .. } | Item::Duty { .. } | Item::Target { .. } | Item::Problem { .. } | Item::Health { .. } => {
            None
        }
    }
}

/// Work that is due earlier stands first within its section.
fn due_on(item: &Item) -> Option<NaiveDate> {
    match item {
        Item::Task { due, .. } | Item::Dossier { due, .. } | Item::Duty { due, .. } => Some(due.last_on),
        Item::Asked { due, .. } | Item::Answered { due, .. } => due.map(|d| d.last_on),
        Item::Standing { .. }
        | Item::DateMissing { .. }
        | Item::Target { .. }
        | Item::Problem { .. }
        | Item::Health { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::example,
        domain::{
            deadline::Due,
            directory::Route,
            notification::{Audience, Reason},
        },
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
            subject: format!("task:kh/{content}:2023:van-phong").into(),
            audience,
            offset: -1,
            reason: Reason::Upcoming,
            item: Item::Task { row: row.into(), due },
            advice: None,
            on_behalf_of: None,
            deferred_at: None,
            may_be_duplicate: false,
            is_first: false,
            resent: None,
        }
    }

    fn rendered(entries: Vec<Entry>) -> Message {
        let route = Route { channel: ChannelKind::Email, address: "ha@so.example".to_owned() };
        let batch = Batch::unsent(route, "le-thu-ha".into(), entries);
        let office = example::office();
        let now = office.hours.digest_moment("2023-02-10".parse().expect("a date"));
        let letterhead = Letterhead { footer: "Cuối thư".to_owned(), ..Letterhead::default() };
        let (message, error) = render(&batch, &office, &letterhead, now);
        assert_eq!(error, None);
        message
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
        assert_eq!(message.subject, "[Nhắc việc] Văn phòng Sở: 1 quá hạn, 2 sắp đến hạn – 10/02/2023");
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

    #[test]
    fn parts_of_one_duty_are_one_line_one_date_and_counted_once() {
        let part = |unit: &str| {
            let mut entry = Entry { is_first: true, ..entry("việc", "2023-02-20", Audience::Lead) };
            entry.subject = format!("task:kh/I.1:2023:{unit}").into();
            if let Item::Task { row, .. } = &mut entry.item {
                Arc::make_mut(row).unit = unit.into();
            }
            entry
        };
        let message = rendered(vec![part("Phòng A"), part("Phòng B")]);
        assert!(message.text.contains("Chủ trì: Phòng A, Phòng B"), "{}", message.text);
        assert!(message.text.contains("đơn vị chủ trì (1 việc)"), "{}", message.text);
        let calendar = message.attachments.iter().find(|a| a.name == "han-cong-viec.ics").expect("attached");
        assert_eq!(String::from_utf8_lossy(&calendar.bytes).matches("BEGIN:VEVENT").count(), 1);
    }

    /// Words of a text, without its numbering, marks and letter case.
    fn words(text: &str) -> std::collections::BTreeSet<String> {
        let is_word = |word: &&str| word.chars().any(char::is_alphanumeric) && !word.ends_with(')');
        text.split_whitespace().filter(is_word).map(str::to_lowercase).collect()
    }

    fn shown(html: &str) -> String {
        let (_, body) = html.split_once("<body").expect("a body");
        let pieces = body.split('<').map(|piece| piece.split_once('>').map_or("", |(_, text)| text));
        let text = pieces.collect::<Vec<_>>().join(" ");
        text.replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&quot;", "\"")
            .replace("&#x2f;", "/")
            .replace("&amp;", "&")
    }

    #[test]
    fn text_and_html_say_the_same_in_every_kind_of_message() {
        let office = example::office();
        let now = office.hours.digest_moment("2023-02-10".parse().expect("a date"));
        let letterhead =
            Letterhead {
                header: vec!["UBND TỈNH".to_owned()], footer: "Cuối thư".to_owned(), ..Letterhead::default()
            };
        for batch in samples(&office, ChannelKind::Email, now) {
            let (message, error) = render(&batch, &office, &letterhead, now);
            assert_eq!(error, None);
            let bare = |word: String| word.trim_matches(|c: char| ".,:;()".contains(c)).to_owned();
            let words = |text: &str| words(text).into_iter().map(bare).collect::<std::collections::BTreeSet<_>>();
            let (text, html) = (words(&message.text), words(&shown(&message.html)));
            // Titles of the table's columns, and labels of the lines that stand for its rows.
            let is_label = |word: &&String| ["hồ", "sơ", "thủ", "tục", "tình", "trạng"].contains(&word.as_str());
            let missing: Vec<_> = text.difference(&html).filter(|w| !is_label(w)).collect();
            let surplus: Vec<_> = html.difference(&text).filter(|w| !is_label(w)).collect();
            assert!(missing.is_empty() && surplus.is_empty(), "{missing:?} {surplus:?}\n{}", message.text);
        }
    }

    #[test]
    fn a_very_long_digest_stays_below_gmails_limit_and_names_the_rest_in_a_spreadsheet() {
        let numbered = |n: usize| {
            let mut entry = entry(&format!("việc số {n}"), "2023-02-20", Audience::Lead);
            if let Item::Task { row, .. } = &mut entry.item {
                Arc::make_mut(row).task = format!("I.{n}").into();
            }
            entry
        };
        let entries = (0..400).map(numbered).collect();
        let message = rendered(entries);
        assert!(message.html.len() <= MOST_HTML, "{}", message.html.len());
        assert!(message.html.contains("việc nữa, xem tệp đính kèm danh-sach.xlsx"));
        assert!(message.text.contains("việc nữa, xem tệp đính kèm danh-sach.xlsx"));
        let list = message.attachments.iter().find(|a| a.name == "danh-sach.xlsx").expect("attached");
        assert!(list.bytes.starts_with(b"PK"), "a spreadsheet is a zip archive");
        assert!(message.subject.contains("400 sắp đến hạn"));
    }

    #[test]
    fn an_offices_template_that_fails_gives_way_to_ours_and_says_so() {
        let own = [("digest.txt.j2".to_owned(), "{{ 1 // (sections | length - 1) }}".to_owned())].into();
        let templates = Templates::with(own).expect("it parses");
        let letterhead = Letterhead { templates: templates.into(), ..Letterhead::default() };
        let office = example::office();
        let now = office.hours.digest_moment("2023-02-10".parse().expect("a date"));
        let route = Route { channel: ChannelKind::Email, address: "ha@so.example".to_owned() };
        let batch = Batch::unsent(route, "le-thu-ha".into(), vec![entry("việc", "2023-02-14", Audience::Lead)]);
        let (message, error) = render(&batch, &office, &letterhead, now);
        assert_eq!(error.expect("named").name, "digest.txt.j2");
        assert!(message.text.contains("Kính gửi: đồng chí Lê Thu Hà"));
    }
}
