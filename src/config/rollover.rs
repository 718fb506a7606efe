//! Owns the draft of next year's plan made from this year's: dates moved, document numbers emptied, finished one-offs put
//! aside as comments; every change is said.

mod years;

use std::{collections::BTreeSet, ops::Range, sync::LazyLock};

use regex::{Captures, Regex};

use self::years::{Move, years_in};
use super::{
    finding::SourceFile,
    layout::{self, TaskPlace, value_of},
    node::{Node, Value, parse_text},
    tidy::tidy,
};
use crate::import::yaml::quote;

/// The number of a document that has no year in it, and the date that may follow.
static NUMBER: LazyLock<Regex> = LazyLock::new(|| {
    regex(r"(?i)\bsố\s*:?\s*([0-9]+)\s*/\s*([A-ZĐ][\p{L}0-9&–-]*)(\s*,?\s*ngày\s+[0-9]{1,2}/[0-9]{1,2}/(20[0-9]{2}))?")
});
/// What an import noted: it is of last year's document.
static NOTE: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?m)^[ \t]*# (Bản nháp nhập từ .*|Mỗi nhiệm vụ có ghi nguồn.*|(chắc|nên xem lại|phải xem lại): .*|.*: (chắc|nên xem lại|phải xem lại)( \(.*\))?)\n",
    )
});
/// Documents that are written anew each year: plans, reports, notices.
const YEARLY: [&str; 3] = ["KH", "BC", "TB"];

fn regex(text: &str) -> Regex {
    Regex::new(text).expect("the constant is a regular expression")
}

/// The draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rolled {
    /// Its key.
    pub id: String,
    /// The text of its file.
    pub text: String,
    /// What was changed, one line each, in the order of the file.
    pub changes: Vec<String>,
    /// What a person should look at.
    pub reviews: Vec<String>,
}

/// Why there is no draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoDraft {
    /// The layout of the file is too unusual.
    Layout,
    /// A task in braces has a key that must go.
    Braces(String),
    /// The plan's year is not later than the one asked for.
    Year(i32),
}

/// Drafts the plan that begins in `year`. `finished` are the numbers of tasks with one date that were done.
///
/// # Errors
/// When the file's layout does not allow it, or `year` is not after the plan's.
pub fn roll(file: &SourceFile, root: &Node, year: i32, finished: &BTreeSet<String>) -> Result<Rolled, NoDraft> {
    let text = NOTE.replace_all(&tidy(file, root).ok_or(NoDraft::Layout)?, "").into_owned();
    let root = parse_text(&file.path, &text).map_err(|_| NoDraft::Layout)?;
    let head = value_of(&root, "plan").ok_or(NoDraft::Layout)?;
    let years = texts_of(head, "year").map(|(_, text)| years_in(text)).unwrap_or_default();
    let first = *years.first().ok_or(NoDraft::Layout)?;
    let until = texts_of(head, "until").and_then(|(_, text)| text.parse().ok());
    if year <= first {
        return Err(NoDraft::Year(first));
    }
    let last = years.iter().copied().chain(until).max().unwrap_or(first);
    let mut rolling = Rolling {
        text: &text,
        years: Move { first, last, by: year - first },
        edits: Vec::new(),
        changes: Vec::new(),
        reviews: Vec::new(),
    };
    let id = rolling.head(head)?;
    rolling.targets(&root);
    let tasks = layout::tasks(&text, &root).ok_or(NoDraft::Layout)?;
    for task in &tasks {
        rolling.task(task, finished)?;
    }
    if tasks.len() <= finished.len() {
        rolling.reviews.push("mọi nhiệm vụ đều đã xong: bỏ dấu # ở những việc năm mới vẫn làm".to_owned());
    }
    let Rolling { edits, changes, reviews, .. } = rolling;
    let rolled = with_edits(&text, edits);
    parse_text(&file.path, &rolled).map_err(|_| NoDraft::Layout)?;
    Ok(Rolled { id, text: rolled, changes, reviews })
}

struct Rolling<'a> {
    text: &'a str,
    years: Move,
    edits: Vec<(Range<usize>, String)>,
    changes: Vec<String>,
    reviews: Vec<String>,
}

impl Rolling<'_> {
    fn head(&mut self, head: &Node) -> Result<String, NoDraft> {
        let (node, old) = texts_of(head, "id").ok_or(NoDraft::Layout)?;
        let moved = self.years.key(old);
        let id = if moved == old { format!("{old}-{}", self.years.first + self.years.by) } else { moved };
        self.set("plan", "mã kế hoạch", node, old, &id)?;
        for (key, name) in [("title", "tên kế hoạch"), ("year", "năm"), ("until", "năm cuối")] {
            if let Some((node, old)) = texts_of(head, key) {
                let new = if key == "title" { self.moved("kế hoạch", name, old) } else { self.years.key(old) };
                self.set("plan", name, node, old, &new)?;
            }
        }
        Ok(id)
    }

    /// The texts of targets name years too; what they promise is left to the person who reads the new document.
    fn targets(&mut self, root: &Node) {
        if let Some(Node { value: Value::List(targets), .. }) = value_of(root, "targets") {
            for (node, old) in targets.iter().filter_map(|target| texts_of(target, "text")) {
                let new = self.moved("chỉ tiêu", "nội dung", old);
                let _ = self.set("targets", "chỉ tiêu", node, old, &new);
            }
            if !targets.is_empty() {
                self.reviews.push(format!("{} chỉ tiêu giữ nguyên tỷ lệ: đối chiếu với văn bản mới", targets.len()));
            }
        }
    }

    fn task(&mut self, task: &TaskPlace<'_>, finished: &BTreeSet<String>) -> Result<(), NoDraft> {
        let text_of = |key: &str| task.entries.iter().find(|(k, _)| k.value == key).and_then(|(_, node)| text_in(node));
        let (_, id) = text_of("id").ok_or(NoDraft::Layout)?;
        if finished.contains(id) {
            let content = text_of("content").map(|(_, text)| text).unwrap_or_default();
            self.changes.push(format!("{id}: đã xong, bỏ khỏi kế hoạch mới (còn trong ghi chú): {content}"));
            self.put_aside(task);
            return Ok(());
        }
        for (key, node) in task.entries {
            match key.value.as_str() {
                "deadline" => self.deadline(id, node)?,
                "settled" => self.drop_settled(id, task)?,
                "content" => self.words(id, "nội dung", node)?,
                "product" => self.words(id, "sản phẩm", node)?,
                "section" => self.words(id, "mục", node)?,
                "reference" => {
                    let old = text_in(node).map(|(_, text)| text).unwrap_or_default();
                    self.set(id, "số văn bản", node, old, "…")?;
                    self.reviews.push(format!("{id}: điền số văn bản mật của năm mới (reference)"));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Every date of the deadline moves, in a phrase as in a structured form.
    fn deadline(&mut self, id: &str, node: &Node) -> Result<(), NoDraft> {
        match &node.value {
            Value::Text(old) => {
                let emptied = self.emptied(id, "thời hạn", old);
                let (new, is_open) = self.years.deadline(&emptied);
                if is_open {
                    self.reviews.push(format!("{id}: thời hạn «{old}» → «{new}»: xem lại ngày cuối tháng 2"));
                }
                self.set(id, "thời hạn", node, old, &new)
            }
            Value::List(items) => items.iter().try_for_each(|item| self.deadline(id, item)),
            Value::Map(entries) => {
                let moved_before = self.edits.len();
                entries.iter().try_for_each(|(_, value)| self.deadline(id, value))?;
                // "Trước Tết Nguyên đán" is not the same day next year.
                let phrase = entries.iter().find(|(key, _)| key.value == "phrase").and_then(|(_, node)| text_in(node));
                let undated = phrase.filter(|(_, phrase)| self.years.deadline(phrase).0 == **phrase);
                if let (Some((_, phrase)), true) = (undated, self.edits.len() > moved_before) {
                    self.reviews.push(format!("{id}: thời hạn «{phrase}»: tra lại ngày của năm mới"));
                }
                Ok(())
            }
            Value::Null => Ok(()),
        }
    }

    fn words(&mut self, id: &str, name: &str, node: &Node) -> Result<(), NoDraft> {
        let Some((node, old)) = text_in(node) else { return Ok(()) };
        let emptied = self.emptied(id, name, old);
        let new = self.moved(id, name, &emptied);
        self.set(id, name, node, old, &new)
    }

    /// The numbers of documents of the plan's time go; those of standing rules stay.
    fn emptied(&mut self, id: &str, name: &str, old: &str) -> String {
        let first = self.years.first;
        let emptied = NUMBER.replace_all(old, |found: &Captures<'_>| {
            let kind = &found[2];
            let is_yearly = YEARLY.iter().any(|known| kind.split(['-', '–']).next() == Some(*known));
            let dated = found.get(4).and_then(|year| year.as_str().parse::<i32>().ok());
            let is_recent = dated.map_or(is_yearly, |year| year >= first - 1);
            if is_recent { format!("số …/{kind}") } else { found[0].to_owned() }
        });
        if emptied != *old {
            self.reviews.push(format!("{id}: điền số, ngày văn bản của năm mới ở {name}"));
        }
        emptied.into_owned()
    }

    /// The plan's own years in a text, moved; those of other documents stay.
    fn moved(&mut self, id: &str, name: &str, text: &str) -> String {
        let (moved, is_open) = self.years.sentence(text);
        if is_open {
            self.reviews.push(format!("{id}: {name} còn nhắc một năm khác, xem có phải đổi không: «{moved}»"));
        }
        moved
    }

    fn set(&mut self, id: &str, name: &str, node: &Node, old: &str, new: &str) -> Result<(), NoDraft> {
        if old != new {
            let edit = replacing(self.text, node, old, new).ok_or(NoDraft::Layout)?;
            self.edits.push(edit);
            let place = if matches!(id, "plan" | "targets") { String::new() } else { format!("{id}: ") };
            self.changes.push(format!("{place}{name}: «{old}» → «{new}»"));
        }
        Ok(())
    }

    fn drop_settled(&mut self, id: &str, task: &TaskPlace<'_>) -> Result<(), NoDraft> {
        let places = layout::entries(self.text, task).ok_or_else(|| NoDraft::Braces(id.to_owned()))?;
        let at = task.entries.iter().position(|(key, _)| key.value == "settled").ok_or(NoDraft::Layout)?;
        self.edits.push((places[at].lines.clone(), String::new()));
        self.changes.push(format!("{id}: bỏ ngày đã chốt của năm cũ (settled)"));
        self.reviews.push(format!("{id}: nếu thời hạn còn hai cách hiểu thì chốt lại ngày (settled)"));
        Ok(())
    }

    fn put_aside(&mut self, task: &TaskPlace<'_>) {
        let lines = self.text[task.place.lines.clone()]
            .lines()
            .map(|line| format!("  # {}\n", line.strip_prefix("  ").unwrap_or(line)));
        let kept =
            format!("  # Đã xong trong năm {}; nếu năm mới vẫn làm thì bỏ dấu # và sửa thời hạn:\n", self.years.first);
        self.edits.push((task.place.lines.clone(), std::iter::once(kept).chain(lines).collect()));
    }
}

fn text_in(node: &Node) -> Option<(&Node, &str)> {
    match &node.value {
        Value::Text(text) => Some((node, text)),
        Value::Null | Value::List(_) | Value::Map(_) => None,
    }
}

fn texts_of<'a>(node: &'a Node, key: &str) -> Option<(&'a Node, &'a str)> {
    value_of(node, key).and_then(text_in)
}

/// The edit that makes a scalar say something else; `None` for one over several lines.
fn replacing(text: &str, node: &Node, old: &str, new: &str) -> Option<(Range<usize>, String)> {
    let span = node.span.clone();
    let (before, after) = (text[..span.start].chars().next_back(), text[span.end..].chars().next());
    let quotes = ['"', '\''];
    match (before, after) {
        (Some(open), Some(close)) if open == close && quotes.contains(&open) => {
            Some((span.start - 1..span.end + 1, quote(new)))
        }
        _ if text[span.clone()].starts_with(quotes) && !text[span.clone()].contains('\n') => Some((span, quote(new))),
        _ if text[span.clone()].trim_end() == old => {
            let is_plain = new.chars().all(|c| c.is_alphanumeric() || " -./".contains(c));
            let end = span.start + text[span.clone()].trim_end().len();
            Some((span.start..end, if is_plain { new.to_owned() } else { quote(new) }))
        }
        _ => None,
    }
}

fn with_edits(text: &str, mut edits: Vec<(Range<usize>, String)>) -> String {
    edits.sort_by_key(|(range, _)| range.start);
    let (mut edited, mut at) = (String::with_capacity(text.len()), 0);
    for (range, new) in edits {
        edited.push_str(&text[at..range.start]);
        edited.push_str(&new);
        at = range.end;
    }
    edited + &text[at..]
}
