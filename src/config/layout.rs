//! Owns where the tasks of a plan file stand in its text, comments included.

use std::ops::Range;

use super::node::{Node, Text, Value};

/// Whole lines of something, with the comments and empty lines that belong to it above.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Comments and empty lines above.
    pub above: Range<usize>,
    /// Its own lines.
    pub lines: Range<usize>,
}

/// One task in the text.
#[derive(Debug)]
pub struct TaskPlace<'a> {
    /// Its keys and values.
    pub entries: &'a [(Text, Node)],
    /// Its lines.
    pub place: Place,
}

/// The value of a key of a map.
pub fn value_of<'a>(node: &'a Node, key: &str) -> Option<&'a Node> {
    let Value::Map(entries) = &node.value else { return None };
    entries.iter().find(|(k, _)| k.value == key).map(|(_, node)| node)
}

/// The tasks in their order; `None` when the list is not written with a dash on a line of its own for each, or when a
/// value goes on in a line that stands further left than its task.
pub fn tasks<'a>(text: &str, root: &'a Node) -> Option<Vec<TaskPlace<'a>>> {
    let Some(Node { value: Value::List(items), .. }) = value_of(root, "tasks") else { return None };
    let mut places: Vec<TaskPlace<'a>> = Vec::new();
    for item in items {
        let Value::Map(entries) = &item.value else { return None };
        let start = line_start(text, item.span.start);
        let before = &text[start..item.span.start];
        let indent = before.find('-').filter(|_| before.trim() == "-")?;
        let lines = start..end_of_block(text, start, indent);
        if entries.iter().any(|(key, _)| key.span.start >= lines.end) {
            return None;
        }
        let floor = places.last().map_or(0, |before| before.place.lines.end);
        places.push(TaskPlace { entries, place: Place { above: above(text, start, floor)..start, lines } });
    }
    Some(places)
}

/// The lines of each key of a task that is written one key a line; `None` for one in braces.
pub fn entries(text: &str, task: &TaskPlace<'_>) -> Option<Vec<Place>> {
    let mut places: Vec<Place> = Vec::new();
    for (at, (key, _)) in task.entries.iter().enumerate() {
        let start = line_start(text, key.span.start);
        let before = &text[start..key.span.start];
        let is_first = at == 0 && before.trim() == "-";
        if !is_first && !before.trim().is_empty() {
            return None;
        }
        let indent = before.len();
        let end = end_of_block(text, start, indent).min(task.place.lines.end);
        let floor = places.last().map_or(task.place.lines.start, |place: &Place| place.lines.end);
        places.push(Place { above: above(text, start, floor)..start, lines: start..end });
    }
    Some(places)
}

fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |n| n + 1)
}

/// The end of the last line that is indented deeper than `indent`, comments included: those at `indent` itself belong to
/// what comes next.
fn end_of_block(text: &str, start: usize, indent: usize) -> usize {
    let (mut at, mut end) = (start, start);
    for (n, line) in text[start..].split_inclusive('\n').enumerate() {
        let content = line.trim();
        let depth = line.len() - line.trim_start().len();
        let is_note = content.is_empty() || content.starts_with('#');
        if n > 0 && !is_note && depth <= indent {
            break;
        }
        at += line.len();
        if n == 0 || (!content.is_empty() && depth > indent) {
            end = at;
        }
    }
    end
}

/// Where the comments and empty lines directly above a line begin, not before `floor`.
fn above(text: &str, start: usize, floor: usize) -> usize {
    let mut begin = start;
    while begin > floor {
        let line = line_start(text, begin - 1);
        let content = text[line..begin].trim();
        if line < floor || !(content.is_empty() || content.starts_with('#')) {
            break;
        }
        begin = line;
    }
    begin
}

/// What stands behind `#` outside of quotes, sorted.
pub fn comments(text: &str) -> Vec<String> {
    let mut found: Vec<String> = text.lines().filter_map(comment_of).map(|c| c.trim().to_owned()).collect();
    found.sort_unstable();
    found
}

fn comment_of(line: &str) -> Option<&str> {
    let (mut quote, mut before) = (None, ' ');
    for (at, c) in line.char_indices() {
        match quote {
            Some('"') if c == '\\' && before != '\\' => before = '\\',
            Some(open) => {
                if c == open && !(open == '"' && before == '\\') {
                    quote = None;
                }
                before = if before == '\\' { ' ' } else { c };
            }
            None if c == '#' && before.is_whitespace() => return Some(&line[at..]),
            None => {
                // A quote inside a word is only a letter.
                if matches!(c, '"' | '\'') && (before.is_whitespace() || "[{,:".contains(before)) {
                    quote = Some(c);
                }
                before = c;
            }
        }
    }
    None
}
