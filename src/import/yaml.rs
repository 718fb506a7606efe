//! Writes a draft as a plan file; every text is quoted by one small function, so that no document can write YAML.

use std::fmt::Write as _;

use super::{Confidence, Draft, DraftRow, Review};
use crate::domain::deadline::YearContext;

/// What the file says of the plan beside the draft.
#[derive(Debug, Clone, Copy)]
pub struct Head<'a> {
    /// Key of the plan.
    pub id: &'a str,
    /// Name of the document, without its folders.
    pub file: &'a str,
}

/// The draft as a file for `plans/`; the list of what to review stands in its comments.
#[must_use]
pub fn write(draft: &Draft, head: Head<'_>) -> String {
    let mut text = String::new();
    let count = draft.rows.len();
    let open = draft.rows.iter().filter(|row| row.confidence() != Confidence::Sure).count();
    add(
        &mut text,
        &format!("# Bản nháp nhập từ {}: {count} nhiệm vụ, {open} nhiệm vụ cần xem lại.", comment(head.file)),
    );
    add(
        &mut text,
        "# Mỗi nhiệm vụ có ghi nguồn, độ chắc chắn và lý do. Xem lại, xóa ghi chú, rồi chạy: nhacviec check",
    );
    for remark in &draft.remarks {
        add(&mut text, &format!("# {}: {}", remark.confidence.name(), comment(&remark.sentence)));
    }
    add(&mut text, "\nplan:");
    add(&mut text, &format!("  id: {}", quote(head.id)));
    let title = draft.title.clone().unwrap_or_else(|| format!("Kế hoạch {}", head.id));
    add(&mut text, &format!("  title: {}", quote(&title)));
    match draft.year {
        Some(YearContext::Year(year)) => add(&mut text, &format!("  year: {year}")),
        Some(YearContext::SchoolYear(first)) => add(&mut text, &format!("  year: {first}-{}", first + 1)),
        Some(YearContext::Unknown) | None => add(&mut text, "  year: # chưa biết năm"),
    }
    if let Some(until) = draft.until {
        add(&mut text, &format!("  until: {until}"));
    }
    add(&mut text, "  # followed_by: [] # đơn vị theo dõi, đôn đốc\n\ntasks:");
    for row in &draft.rows {
        write_row(&mut text, row);
    }
    text
}

fn add(text: &mut String, line: &str) {
    let _ = writeln!(text, "{line}");
}

fn write_row(text: &mut String, row: &DraftRow) {
    add(text, &format!("  # {}: {}{}", row.place, row.confidence().name(), reasons(&row.reviews)));
    add(text, &format!("  - id: {}", quote(&row.id)));
    if !row.section.is_empty() {
        add(text, &format!("    section: {}", quote(&row.section)));
    }
    add(text, &format!("    content: {}", quote(&row.content)));
    add(text, &format!("    lead: {}", list(&row.lead)));
    if !row.coordinating.is_empty() {
        add(text, &format!("    coordinating: {}", list(&row.coordinating)));
    }
    add(text, &format!("    deadline: {}", quote(&row.deadline)));
    if !row.product.is_empty() {
        add(text, &format!("    product: {}", quote(&row.product)));
    }
}

fn reasons(reviews: &[Review]) -> String {
    let sentences: Vec<String> = reviews.iter().map(|review| comment(&review.sentence)).collect();
    if sentences.is_empty() { String::new() } else { format!(" ({})", sentences.join("; ")) }
}

fn list(texts: &[String]) -> String {
    format!("[{}]", texts.iter().map(|text| quote(text)).collect::<Vec<_>>().join(", "))
}

/// A text as a YAML scalar that reads back as the same text.
#[must_use]
pub fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            c if is_unprintable(c) => {
                let _ = write!(quoted, "\\U{:08X}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// A text without quotes where every reader of YAML takes it for a text, else in quotes.
#[must_use]
pub fn plain_or_quoted(text: &str) -> String {
    const WORDS: [&str; 10] = ["true", "false", "yes", "no", "on", "off", "null", "y", "n", "~"];
    let is_plain = text.starts_with(char::is_alphabetic)
        && !text.ends_with(' ')
        && text.chars().all(|c| c.is_alphanumeric() || " .-_/()@+".contains(c))
        && !WORDS.contains(&text.to_lowercase().as_str());
    if is_plain { text.to_owned() } else { quote(text) }
}

/// What YAML does not allow as it is, breaks lines or is not seen.
fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        || matches!(u32::from(c) & 0xffff, 0xfffe | 0xffff)
        || ('\u{e000}'..='\u{f8ff}').contains(&c)
}

/// A text on one line of a comment.
fn comment(text: &str) -> String {
    text.chars().map(|c| if is_unprintable(c) { ' ' } else { c }).collect()
}

/// What to review, one line each; the document's own remarks first.
#[must_use]
pub fn review_list(draft: &Draft) -> Vec<String> {
    let of_document = draft.remarks.iter().map(|r| format!("{}: {}", r.confidence.name(), comment(&r.sentence)));
    let of_rows = draft.rows.iter().filter(|row| !row.reviews.is_empty()).map(|row| {
        let sentences: Vec<String> = row.reviews.iter().map(|review| comment(&review.sentence)).collect();
        format!("{} ({}) {}: {}", row.id, row.place, row.confidence().name(), sentences.join("; "))
    });
    of_document.chain(of_rows).collect()
}
