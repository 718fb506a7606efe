//! Owns what stands around an annex: the plan's title and its year, and days written under a month.

use std::{collections::BTreeMap, sync::LazyLock};

use regex::Regex;

use super::{Review, document::one_line, numbering::is_shouted};
use crate::domain::deadline::{YearContext, read_phrase};

const LONGEST_TITLE: usize = 400;
/// Words that stand alone above a title, the surest first.
const KINDS: [&str; 7] =
    ["kế hoạch", "chương trình", "chương trình công tác", "đề án", "lịch", "phụ lục", "danh mục nhiệm vụ"];

/// The title as the document has it.
pub(super) fn title(paragraphs: &[String]) -> Option<String> {
    let lines: Vec<String> = paragraphs.iter().map(|p| one_line(p)).filter(|p| !p.starts_with('#')).collect();
    KINDS.iter().find_map(|kind| alone_above(&lines, kind).or_else(|| in_one_line(&lines, kind)))
}

/// "KẾ HOẠCH" in a line of its own, the rest below.
fn alone_above(lines: &[String], kind: &str) -> Option<String> {
    let is_kind = |line: &String| {
        let lower = line.to_lowercase();
        let rest = lower.strip_prefix(kind).map(str::trim);
        rest.is_some_and(|rest| rest.is_empty() || (kind == "phụ lục" && rest.len() < 6)) && is_shouted(line)
    };
    let at = lines.iter().position(is_kind)?;
    let below = joined(&lines[at + 1..])?;
    if kind == "phụ lục" {
        return Some(below);
    }
    let mut letters = lines[at].to_lowercase();
    letters = letters.get(..1).map_or(letters.clone(), |_| capitalized(&letters));
    let mut chars = below.chars();
    let (first, second) = (chars.next()?, chars.next());
    let is_sentence = second.is_some_and(char::is_lowercase);
    let below = if is_sentence { first.to_lowercase().chain(second).chain(chars).collect() } else { below };
    Some(format!("{letters} {below}"))
}

fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// "KẾ HOẠCH TRIỂN KHAI … NĂM 2026" in lines of capitals.
fn in_one_line(lines: &[String], kind: &str) -> Option<String> {
    let is_title = |line: &String| line.to_lowercase().starts_with(kind) && is_shouted(line);
    let at = lines.iter().position(is_title)?;
    joined(&lines[at..])
}

/// The first line and those that only go on with it.
fn joined(lines: &[String]) -> Option<String> {
    let first = lines.first()?;
    let is_end =
        |line: &str| ["Căn cứ", "Thực hiện Kế hoạch số", "(", "I.", "-", "Kính"].iter().any(|w| line.starts_with(w));
    let goes_on = |line: &&String| {
        let is_small = line.chars().next().is_some_and(char::is_lowercase);
        !is_end(line) && (is_small || (is_shouted(first) && is_shouted(line)))
    };
    let rest = lines[1..].iter().take(4).take_while(goes_on);
    let title = std::iter::once(first).chain(rest).map(String::as_str).collect::<Vec<_>>().join(" ");
    let title = title.trim_end_matches(['.', ';', ':', ',']).to_owned();
    (!is_end(first) && (4..=LONGEST_TITLE).contains(&title.chars().count())).then_some(title)
}

/// A year, the last one of several, and what to say about how it was found.
#[derive(Debug, Default)]
pub(super) struct FoundYear {
    pub year: Option<YearContext>,
    pub until: Option<i32>,
    pub review: Option<Review>,
}

static SPAN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)(năm học|giai đoạn)\s+(20\d\d)\s*[-–/]\s*(20\d\d)").expect("the pattern is right")
});
static YEAR: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?i)năm\s+(20\d\d)").expect("the pattern is right"));
static ANY: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\b(20\d\d)\b").expect("the pattern is right"));

/// From the title, else from lines of capitals, the deadlines, the date of signing.
pub(super) fn year(title: Option<&str>, paragraphs: &[String], phrases: &[&str]) -> FoundYear {
    let shouted = paragraphs.iter().take(60).filter(|line| is_shouted(line)).map(String::as_str);
    if let Some(found) = title.into_iter().chain(shouted).find_map(named_year) {
        return found;
    }
    let said = |sentence: &str, year: i32| FoundYear {
        year: Some(YearContext::Year(year)),
        until: None,
        review: Some(Review::look(format!("năm {year} {sentence}; sai thì thêm --year"))),
    };
    let in_phrases = phrases.iter().filter_map(|phrase| read_phrase(&one_line(phrase), YearContext::Unknown).ok());
    let days = in_phrases.flat_map(|read| {
        read.clauses.iter().filter_map(|c| c.rule.named_days().first().map(chrono::Datelike::year)).collect::<Vec<_>>()
    });
    if let Some(year) = most(days) {
        return said("lấy theo các thời hạn trong bảng", year);
    }
    let number = |found: regex::Captures<'_>| found.get(1).and_then(|year| year.as_str().parse().ok());
    let signed = paragraphs.iter().take(60).filter(|line| line.to_lowercase().contains("tháng"));
    if let Some(year) = signed.flat_map(|line| YEAR.captures_iter(line)).find_map(number) {
        return said("lấy theo ngày ký văn bản", year);
    }
    let anywhere = paragraphs.iter().take(60).flat_map(|line| ANY.captures_iter(line)).filter_map(number);
    match most(anywhere) {
        Some(year) => said("thấy trong văn bản, ngoài tên kế hoạch", year),
        None => FoundYear {
            review: Some(Review::must("chưa biết năm của kế hoạch: ghi mục year, hoặc thêm --year")),
            ..FoundYear::default()
        },
    }
}

fn named_year(line: &str) -> Option<FoundYear> {
    if let Some(span) = SPAN.captures(line) {
        let (first, last): (i32, i32) = (span[2].parse().ok()?, span[3].parse().ok()?);
        if span[1].to_lowercase() == "năm học" && last == first + 1 {
            return Some(FoundYear { year: Some(YearContext::SchoolYear(first)), ..FoundYear::default() });
        }
        if last > first {
            return Some(FoundYear { year: Some(YearContext::Year(first)), until: Some(last), review: None });
        }
    }
    let year = YEAR.captures_iter(line).last()?[1].parse().ok()?;
    Some(FoundYear { year: Some(YearContext::Year(year)), ..FoundYear::default() })
}

fn most(years: impl Iterator<Item = i32>) -> Option<i32> {
    let mut counts: BTreeMap<i32, usize> = BTreeMap::new();
    for year in years.filter(|year| (2000..=2100).contains(year)) {
        *counts.entry(year).or_default() += 1;
    }
    counts.into_iter().max_by_key(|(year, count)| (*count, std::cmp::Reverse(*year))).map(|(year, _)| year)
}

/// A text and what stands in brackets at its end.
pub(super) fn bracket_at_end(text: &str) -> Option<(String, String)> {
    let inner = text.trim_end().trim_end_matches('.').strip_suffix(')')?;
    let (before, inside) = inner.rsplit_once('(')?;
    let (before, inside) = (before.trim(), inside.trim());
    (!before.is_empty() && !inside.is_empty()).then(|| (before.to_owned(), inside.to_owned()))
}

/// "Ngày 03; 10; 17 (Thứ 5)" under "Tháng 7", in the spellings that a deadline may have.
pub(super) fn days_with_month(days: &str, period: &str) -> Vec<String> {
    let plain = bracket_at_end(days).map_or_else(|| days.to_owned(), |(before, _)| before);
    let commas = plain.split([';', ',']).map(str::trim).collect::<Vec<_>>().join(", ");
    let period = period.to_lowercase();
    vec![format!("{days} {period}"), format!("{plain} {period}"), format!("{commas} {period}")]
}
