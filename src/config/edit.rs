//! Owns changes of `units.yaml` by commands: comments, order and layout stay as the administrator wrote them.
//!
//! An edited text is parsed again and compared with what it should say; where the layout is too unusual for that to
//! hold, the file is left alone.

use std::{collections::HashMap, fs, io, path::Path, str::FromStr as _, sync::Arc};

use serde_json::{Map, Value as Json, json};
use yaml_edit::{Document, Mapping, YamlFile};

use super::{
    fields::Reader,
    files::{lock, replace},
    finding::{Finding, Severity, SourceFile},
    layout::comments,
    node::{self, Node},
    units,
};
use crate::import::yaml::plain_or_quoted;

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change<'a> {
    /// A new entry at the end of a list of entries.
    Add {
        /// `units` or `people`.
        section: &'static str,
        /// Its keys and values, `id` first.
        entry: Vec<(&'static str, Given)>,
    },
    /// A key of an entry; without a value it goes.
    Set {
        /// `units` or `people`.
        section: &'static str,
        /// Which entry.
        id: &'a str,
        /// Its key.
        key: &'static str,
        /// The new value.
        value: Option<&'a str>,
    },
    /// One more text in a list of an entry.
    Append {
        /// `units`.
        section: &'static str,
        /// Which entry.
        id: &'a str,
        /// Its key.
        key: &'static str,
        /// What is added.
        value: &'a str,
    },
}

/// The value of a new key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Given {
    /// One text.
    Text(String),
    /// A list.
    List(Vec<String>),
}

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// The file as it is cannot be read, or the change would make it wrong.
    #[error("{} findings", .0.len())]
    Wrong(Vec<Finding>),
    /// There is no such entry.
    #[error("no entry «{0}»")]
    NoEntry(String),
    /// The layout of the file is not one that we can change without losing something.
    #[error("the layout cannot be edited")]
    Layout,
    /// The file could not be read or written.
    #[error("the file cannot be written")]
    File(#[from] io::Error),
}

/// Changes `units.yaml` in `folder` unless that makes it wrong. Returns the lines that are new.
///
/// # Errors
/// Nothing is written then.
pub fn change_units(folder: &Path, changes: &[Change<'_>]) -> Result<Vec<String>, EditError> {
    let path = folder.join("units.yaml");
    let real = fs::canonicalize(&path)?;
    let _lock = lock(real.parent().unwrap_or(folder))?;
    let before = fs::read_to_string(&path)?;
    let mut after = before.clone();
    for change in changes {
        after = apply(&path, &after, change)?;
    }
    refuse_new_errors(&path, &before, &after)?;
    replace(&path, &after)?;
    Ok(lines_added(&before, &after))
}

/// The lines of `after` that `before` does not have as often: a unit's deputy is shown though another unit has the same.
fn lines_added(before: &str, after: &str) -> Vec<String> {
    let mut old = HashMap::<&str, usize>::new();
    before.lines().for_each(|line| *old.entry(line).or_default() += 1);
    let lines = after.lines().filter(|line| match old.get_mut(line) {
        Some(left @ 1..) => {
            *left -= 1;
            false
        }
        _ => true,
    });
    lines.map(str::to_owned).collect()
}

/// The text with the change made.
fn apply(path: &Path, text: &str, change: &Change<'_>) -> Result<String, EditError> {
    let mut expected = parse(path, text)?.plain();
    expect(&mut expected, change)?;
    let file = YamlFile::from_str(text).map_err(|_| EditError::Layout)?;
    let document = file.document().ok_or(EditError::Layout)?;
    let root = document.as_mapping().ok_or(EditError::Layout)?;
    let edited = match edit(&root, change) {
        Some(()) => file.to_string(),
        // A section that is missing or empty gets its first entry in text.
        None => with_section(text, change).ok_or(EditError::Layout)?,
    };
    let keeps_comments = comments(text) == comments(&edited);
    let is_as_expected = parse(path, &edited).is_ok_and(|root| root.plain() == expected);
    if is_as_expected && keeps_comments { Ok(edited) } else { Err(EditError::Layout) }
}

fn edit(root: &Mapping, change: &Change<'_>) -> Option<()> {
    match change {
        Change::Add { section, entry } => {
            let item = Document::from_str(&written(section, entry)).ok()?;
            root.get_sequence(*section)?.push(item.as_mapping()?);
        }
        Change::Set { section, id, key, value } => {
            let entry = entry_of(root, section, id)?;
            match value {
                Some(value) => {
                    let value = Document::from_str(&plain_or_quoted(value)).ok()?;
                    entry.set(*key, value.as_scalar()?);
                }
                None => drop(entry.remove(*key)),
            }
        }
        Change::Append { section, id, key, value } => {
            let entry = entry_of(root, section, id)?;
            if let Some(list) = entry.get_sequence(*key) {
                list.push(*value);
            } else {
                let list = Document::from_str(&list(&[(*value).to_owned()])).ok()?;
                entry.set(*key, list.as_sequence()?);
            }
        }
    }
    Some(())
}

fn entry_of(root: &Mapping, section: &str, id: &str) -> Option<Mapping> {
    let list = root.get_sequence(section)?;
    let entries = (0..list.len()).filter_map(|at| list.get(at)?.as_mapping().cloned());
    entries.into_iter().find(|entry| {
        entry.get("id").is_some_and(|node| node.as_scalar().is_some_and(|scalar| scalar.as_string() == id))
    })
}

/// A new entry as the example file writes its like: a person on one line, a unit on several.
fn written(section: &str, entry: &[(&str, Given)]) -> String {
    let pairs = entry.iter().map(|(key, value)| match value {
        Given::Text(text) => format!("{key}: {}", plain_or_quoted(text)),
        Given::List(texts) => format!("{key}: {}", list(texts)),
    });
    if section == "people" {
        format!("{{ {} }}", pairs.collect::<Vec<_>>().join(", "))
    } else {
        pairs.map(|pair| pair + "\n").collect()
    }
}

fn list(texts: &[String]) -> String {
    format!("[{}]", texts.iter().map(|text| plain_or_quoted(text)).collect::<Vec<_>>().join(", "))
}

fn with_section(text: &str, change: &Change<'_>) -> Option<String> {
    let Change::Add { section, entry } = change else { return None };
    let item = written(section, entry).trim_end().replace('\n', "\n    ");
    let item = format!("  - {item}\n");
    let header = format!("{section}:");
    let line_end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    match text.lines().position(|line| line.trim_end() == header) {
        Some(at) => {
            let mut lines: Vec<&str> = text.lines().collect();
            lines.insert(at + 1, item.trim_end());
            Some(lines.join("\n") + "\n")
        }
        None => Some(format!("{text}{line_end}\n{header}\n{item}")),
    }
}

fn parse(path: &Path, text: &str) -> Result<Node, EditError> {
    node::parse_text(&path.display().to_string(), text).map_err(EditError::Wrong)
}

/// Makes the change in what the file says.
fn expect(root: &mut Json, change: &Change<'_>) -> Result<(), EditError> {
    let (Change::Add { section, .. } | Change::Set { section, .. } | Change::Append { section, .. }) = change;
    let root = root.as_object_mut().ok_or(EditError::Layout)?;
    let entries = root.entry(*section).or_insert_with(|| json!([]));
    if entries.is_null() {
        *entries = json!([]);
    }
    let entries = entries.as_array_mut().ok_or(EditError::Layout)?;
    match change {
        Change::Set { id, key, value: Some(value), .. } => {
            drop(known_entry(entries, id)?.insert((*key).to_owned(), json!(value)));
        }
        Change::Set { id, key, value: None, .. } => drop(known_entry(entries, id)?.remove(*key)),
        Change::Append { id, key, value, .. } => {
            let list = known_entry(entries, id)?.entry(*key).or_insert_with(|| json!([]));
            list.as_array_mut().ok_or(EditError::Layout)?.push(json!(value));
        }
        Change::Add { entry, .. } => {
            let value = |given: &Given| match given {
                Given::Text(text) => json!(text),
                Given::List(texts) => json!(texts),
            };
            let entry = entry.iter().map(|(key, given)| ((*key).to_owned(), value(given)));
            entries.push(Json::Object(entry.collect()));
        }
    }
    Ok(())
}

fn known_entry<'a>(entries: &'a mut [Json], id: &str) -> Result<&'a mut Map<String, Json>, EditError> {
    let found = entries.iter_mut().find(|entry| entry["id"] == id).and_then(Json::as_object_mut);
    found.ok_or_else(|| EditError::NoEntry(id.to_owned()))
}

/// What was wrong before the change does not stand in its way.
fn refuse_new_errors(path: &Path, before: &str, after: &str) -> Result<(), EditError> {
    let errors = |text: &str| -> Vec<Finding> {
        let file = Arc::new(SourceFile::normalized(path.display().to_string(), text.to_owned()));
        let mut findings = Vec::new();
        let node = node::parse(&file, &mut findings);
        let reader = Reader::new(file, findings);
        let _ = node.map(|node| units::read_units(&reader, &node, |_| true));
        reader.into_findings().into_iter().filter(|f| f.severity == Severity::Error).collect()
    };
    let known: Vec<String> = errors(before).into_iter().map(|finding| finding.message).collect();
    let fresh: Vec<Finding> = errors(after).into_iter().filter(|finding| !known.contains(&finding.message)).collect();
    if fresh.is_empty() { Ok(()) } else { Err(EditError::Wrong(fresh)) }
}
