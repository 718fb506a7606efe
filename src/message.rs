//! Owns what people read: a batch of entries becomes one digest, as text, HTML and a few lines.
//!
//! Pure: the same batch at the same moment gives the same message, in preview as in the daemon. Days
//! left or late are counted here, at the moment of sending, not when the notification was decided.

mod line;
mod reason;

pub mod reading;
pub mod vietnamese;

use std::{collections::BTreeMap, sync::LazyLock};

use chrono::{DateTime, NaiveDate, Utc};
use minijinja::{Environment, syntax::SyntaxConfig, value::Serde};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

pub use self::reason::{audience_name, rung_name, rung_of, why, why_told};
use self::{
    line::{Line, Urgency, View},
    vietnamese::{date, short_date},
};
use crate::{
    channel::Message,
    domain::{
        directory::Directory,
        ids::{PersonId, RecipientId},
        notification::{Batch, Entry, Item, TaskRow},
        office::Office,
    },
};

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::example,
        domain::{
            deadline::Due,
            directory::ChannelKind,
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
