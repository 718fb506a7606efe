//! Owns the normal form of a plan file (`nhacviec plan fmt`): what it says and its comments stay, the layout becomes one.

use std::fmt::Write as _;

use super::{
    finding::SourceFile,
    layout::{self, Place, TaskPlace, comments},
    node::{self, Node, Value},
};
use crate::import::yaml::{plain_or_quoted, quote};

/// The order in which a task is written.
const KEYS: [&str; 11] = [
    "id",
    "section",
    "content",
    "secrecy",
    "reference",
    "lead",
    "coordinating",
    "deadline",
    "settled",
    "product",
    "policy",
];

/// The file's text in its normal form; `None` when its layout is not one that can be changed without losing something.
#[must_use]
pub fn tidy(file: &SourceFile, root: &Node) -> Option<String> {
    let text = &file.text;
    let tasks = layout::tasks(text, root)?;
    let (first, last) = (tasks.first()?.place.above.start, tasks.last()?.place.lines.end);
    let mut tidied = text[..first].to_owned();
    for (at, task) in tasks.iter().enumerate() {
        let comments: Vec<&str> =
            text[task.place.above.clone()].lines().map(str::trim).filter(|l| !l.is_empty()).collect();
        let section = section_of(task);
        if at > 0 && (section.is_none() || section != section_of(&tasks[at - 1])) {
            tidied.push('\n');
        }
        for comment in comments {
            let _ = writeln!(tidied, "  {comment}");
        }
        tidied.push_str(&task_text(text, task));
    }
    tidied.push_str(&text[last..]);
    let tidied = clean(&tidied);
    let kept = node::parse_text(&file.path, &tidied).is_ok_and(|new| trimmed(&new.plain()) == trimmed(&root.plain()));
    (kept && comments(text) == comments(&tidied)).then_some(tidied)
}

/// Tasks of one section stand together.
fn section_of<'a>(task: &TaskPlace<'a>) -> Option<&'a str> {
    let section = task.entries.iter().find(|(key, _)| key.value == "section");
    section.and_then(|(_, node)| if let Value::Text(text) = &node.value { Some(text.as_str()) } else { None })
}

fn task_text(text: &str, task: &TaskPlace<'_>) -> String {
    let raw = &text[task.place.lines.clone()];
    let places = layout::entries(text, task);
    // A comment inside braces has no place of its own.
    if places.is_none() && !comments(raw).is_empty() {
        return raw.to_owned();
    }
    let rank = |key: &str| KEYS.iter().position(|known| *known == key).unwrap_or(KEYS.len());
    let mut order: Vec<usize> = (0..task.entries.len()).collect();
    order.sort_by_key(|at| rank(&task.entries[*at].0.value));
    let mut said = String::new();
    let mut first_indent = "  ";
    for at in order {
        let (key, node) = &task.entries[at];
        let place = places.as_ref().map(|places| &places[at]);
        for comment in place.map(|p| text[p.above.clone()].lines()).into_iter().flatten().map(str::trim) {
            if !comment.is_empty() {
                let _ = writeln!(said, "{first_indent}{comment}");
            }
        }
        first_indent = "    ";
        let _ = writeln!(said, "    {}", entry_text(text, &key.value, node, place));
    }
    // What stands below the last key is not a key's.
    let last = places.iter().flatten().map(|place| place.lines.end).max().unwrap_or(task.place.lines.end);
    for comment in text[last..task.place.lines.end].lines().map(str::trim).filter(|line| !line.is_empty()) {
        let _ = writeln!(said, "    {comment}");
    }
    // The dash stands before the first key, not before a comment above it.
    let dash =
        said.split_inclusive('\n').take_while(|line| line.trim_start().starts_with('#')).map(str::len).sum::<usize>();
    format!("{}  - {}", &said[..dash], &said[dash + 4..])
}

/// A key with its value: written anew when it is a text or a list of texts without a comment, else as it was.
fn entry_text(text: &str, key: &str, node: &Node, place: Option<&Place>) -> String {
    let raw = place.map(|place| &text[place.lines.clone()]);
    let is_commented = raw.is_some_and(|raw| !comments(raw).is_empty());
    let fresh = match &node.value {
        Value::Text(value) => Some(scalar(key, value.trim())),
        Value::List(items) => items
            .iter()
            .map(|item| match &item.value {
                Value::Text(value) => Some(plain_or_quoted(value.trim())),
                Value::Null | Value::List(_) | Value::Map(_) => None,
            })
            .collect::<Option<Vec<_>>>()
            .map(|items| format!("[{}]", items.join(", "))),
        Value::Null | Value::Map(_) => None,
    };
    match (fresh, raw) {
        (Some(fresh), _) if !is_commented => format!("{key}: {fresh}"),
        (_, Some(raw)) => unindented(raw),
        (_, None) => format!("{key}: {}", flow(node)),
    }
}

/// Lines of a key moved so that the key stands in the fifth column.
fn unindented(raw: &str) -> String {
    let first = raw.lines().next().unwrap_or_default();
    let indent = first.len() - first.trim_start_matches([' ', '-']).len();
    let lines = raw.lines().enumerate().map(|(at, line)| match at {
        0 => line[indent..].to_owned(),
        _ => format!("    {}", line.get(indent..).unwrap_or(line.trim_start())),
    });
    lines.collect::<Vec<_>>().join("\n").trim_end().to_owned()
}

fn flow(node: &Node) -> String {
    match &node.value {
        Value::Null => String::new(),
        Value::Text(text) => quote(text),
        Value::List(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Value::Map(entries) => {
            let pairs = entries.iter().map(|(key, node)| format!("{}: {}", plain_or_quoted(&key.value), flow(node)));
            format!("{{ {} }}", pairs.collect::<Vec<_>>().join(", "))
        }
    }
}

fn scalar(key: &str, value: &str) -> String {
    let is_name = matches!(key, "id" | "lead" | "coordinating" | "policy" | "reference" | "secrecy");
    if is_name { plain_or_quoted(value) } else { quote(value) }
}

/// No blanks at the ends of lines, no two empty lines in a row, one end of line at the end.
fn clean(text: &str) -> String {
    let mut cleaned = String::with_capacity(text.len());
    for line in text.lines().map(str::trim_end) {
        if !(line.is_empty() && (cleaned.is_empty() || cleaned.ends_with("\n\n"))) {
            cleaned.push_str(line);
            cleaned.push('\n');
        }
    }
    cleaned.truncate(cleaned.trim_end().len());
    cleaned + "\n"
}

/// Texts without the blanks at their ends, which the reader does not see either.
fn trimmed(value: &serde_json::Value) -> serde_json::Value {
    match value {
        serde_json::Value::String(text) => text.trim().into(),
        serde_json::Value::Array(items) => items.iter().map(trimmed).collect(),
        serde_json::Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), trimmed(value))).collect(),
        other => other.clone(),
    }
}
