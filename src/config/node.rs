//! Owns the reading of YAML into a tree that remembers where each value stands.
//!
//! We decode from this tree instead of deriving `Deserialize` for each file, because serde stops at the
//! first wrong key: an administrator is to see every mistake in one run.

use std::{fmt, ops::Range, sync::Arc};

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_yaml::{Error as YamlError, Location, Spanned, options::DuplicateKeyPolicy};

use super::finding::{Finding, Severity, SourceFile};

/// A YAML value and its place in the text.
#[derive(Debug, Clone)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// Its bytes; for a list or map, at least its first one.
    pub span: Range<usize>,
}

impl Node {
    /// What it says, without the places.
    #[must_use]
    pub fn plain(&self) -> serde_json::Value {
        match &self.value {
            Value::Null => serde_json::Value::Null,
            Value::Text(text) => text.as_str().into(),
            Value::List(items) => items.iter().map(Self::plain).collect(),
            Value::Map(entries) => entries.iter().map(|(key, node)| (key.value.clone(), node.plain())).collect(),
        }
    }
}

/// What a node holds. Scalars stay text: `0912` keeps its zero and `no` stays a word.
#[derive(Debug, Clone)]
pub enum Value {
    /// Nothing after the colon.
    Null,
    /// Any scalar, as written.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A map, in the order of the file.
    Map(Vec<(Text, Node)>),
}

/// A text and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// The text.
    pub value: String,
    /// Its bytes in the file.
    pub span: Range<usize>,
}

/// Parses a text, all of it right; `path` names it in findings.
///
/// # Errors
/// Every finding, when there is one.
pub fn parse_text(path: &str, text: &str) -> Result<Node, Vec<Finding>> {
    let mut findings = Vec::new();
    let node = parse(&Arc::new(SourceFile::normalized(path.to_owned(), text.to_owned())), &mut findings);
    node.filter(|_| findings.is_empty()).ok_or(findings)
}

/// Parses one YAML document, or says what is wrong with its syntax.
///
/// A repeated key is reported and the rest is read all the same, so that other mistakes are seen too.
///
/// # Errors
/// A finding when the text is no YAML at all or exceeds the limits of a configuration file.
pub fn parse(file: &Arc<SourceFile>, findings: &mut Vec<Finding>) -> Option<Node> {
    let policies = [DuplicateKeyPolicy::Error, DuplicateKeyPolicy::LastWins];
    for policy in policies {
        let options = serde_yaml::options! {
            duplicate_keys: policy,
            with_snippet: false,
            budget: serde_yaml::budget! { max_documents: 1, max_nodes: 200_000, max_depth: 32 },
        };
        match serde_yaml::from_str_with_options::<Spanned<Raw>>(&file.text, options) {
            Ok(raw) => return Some(node(&file.text, raw)),
            Err(error) => {
                let is_duplicate = matches!(error, YamlError::DuplicateMappingKey { .. });
                findings.push(syntax_finding(file, &error));
                if !is_duplicate {
                    return None;
                }
            }
        }
    }
    None
}

fn syntax_finding(file: &Arc<SourceFile>, error: &YamlError) -> Finding {
    // What goes wrong inside an alias comes wrapped in where the alias is used.
    if let YamlError::AliasError { error, .. } = error {
        return syntax_finding(file, error);
    }
    let (message, help) = match error {
        YamlError::DuplicateMappingKey { key, .. } => (
            format!("mục «{}» bị viết hai lần", key.as_deref().unwrap_or("?")),
            "xóa bớt một trong hai dòng".to_owned(),
        ),
        YamlError::Budget { .. } if error.to_string().contains("Documents") => {
            ("tệp có nhiều tài liệu (dòng «---»)".to_owned(), "mỗi tệp chỉ để một tài liệu".to_owned())
        }
        YamlError::Budget { .. }
        | YamlError::AliasReplayLimitExceeded { .. }
        | YamlError::AliasExpansionLimitExceeded { .. } => (
            "tệp quá lớn hoặc quá phức tạp, vượt giới hạn an toàn".to_owned(),
            "chia kế hoạch thành nhiều tệp nhỏ hơn".to_owned(),
        ),
        YamlError::MultipleDocuments { .. } => {
            ("tệp có nhiều tài liệu (dòng «---»)".to_owned(), "mỗi tệp chỉ để một tài liệu".to_owned())
        }
        YamlError::Eof { .. } => ("tệp trống hoặc bị cắt dở".to_owned(), "chép lại từ tệp mẫu".to_owned()),
        other => syntax_sentence(&other.to_string()),
    };
    let span = error.location().map_or(0..0, |l| span(&file.text, l));
    Finding { severity: Severity::Error, file: Arc::clone(file), span, message, help: Some(help) }
}

/// The slips that people make, in their words; for the rest the parser's own.
fn syntax_sentence(technical: &str) -> (String, String) {
    const COLUMNS: &str = "để dòng thẳng cột với các dòng cùng mục; giá trị có dấu hai chấm thì đặt trong ngoặc kép";
    const SLIPS: [(&str, &str, &str); 9] = [
        ("tabs disallowed", "dòng này thụt vào bằng phím Tab", "xóa Tab ở đầu dòng, gõ dấu cách thay vào"),
        ("unclosed quote", "thiếu dấu ngoặc kép (hoặc dấu nháy) đóng", "thêm dấu ấy ở cuối giá trị"),
        (
            "trailing content after",
            "thừa chữ sau dấu ngoặc kép; thường do một dòng ở trên thiếu dấu ngoặc kép đóng",
            "xem các dòng ở trên, mỗi giá trị mở ngoặc kép thì phải đóng ngoặc kép trên cùng dòng",
        ),
        (
            "mapping values are not allowed",
            "dòng này lệch cột, hoặc giá trị có dấu hai chấm mà không đặt trong ngoặc kép",
            COLUMNS,
        ),
        ("simple key expected", "thiếu dấu hai chấm, hoặc thiếu dấu cách sau dấu hai chấm", "viết như «khóa: giá trị»"),
        ("did not find expected key", "dòng này lệch cột so với các dòng cùng mục", COLUMNS),
        ("did not find expected '-'", "dòng này lệch cột trong danh sách", COLUMNS),
        (
            "illegal placement of ':'",
            "ở dòng này hoặc dòng trên thiếu dấu ] hoặc dấu } đóng",
            "thêm dấu đóng ở cuối danh sách",
        ),
        (
            "unexpected character",
            "giá trị bắt đầu bằng một dấu mà YAML dành riêng (@, %, `)",
            "đặt cả giá trị trong dấu ngoặc kép",
        ),
    ];
    let slip = SLIPS.iter().find(|(english, ..)| technical.contains(english));
    slip.map_or_else(
        || {
            let help = "xem lại dấu cách đầu dòng, dấu hai chấm và dấu ngoặc kép ở gần đây";
            ("tệp không đúng cú pháp YAML".to_owned(), format!("{help}; chi tiết kỹ thuật: {technical}"))
        },
        |(_, message, help)| ((*message).to_owned(), (*help).to_owned()),
    )
}

fn span(text: &str, location: Location) -> Range<usize> {
    let at = location.span();
    let start = at.byte_offset().and_then(|n| usize::try_from(n).ok()).unwrap_or_else(|| offset_of(text, location));
    // The end of a file is shown on its last line.
    let start = floor_char(text, start.min(text.trim_end().len()));
    let end = floor_char(text, start + at.byte_len().and_then(|n| usize::try_from(n).ok()).unwrap_or(0));
    let line_end = text[start..].find('\n').map_or(text.len(), |n| start + n);
    start..end.clamp(start, line_end.max(start))
}

fn offset_of(text: &str, location: Location) -> usize {
    let before = |n: u64| usize::try_from(n).unwrap_or(1).saturating_sub(1);
    let mut lines = text.split_inclusive('\n');
    let start: usize = lines.by_ref().take(before(location.line())).map(str::len).sum();
    let columns = lines.next().unwrap_or_default().trim_end().chars().take(before(location.column()));
    start + columns.map(char::len_utf8).sum::<usize>()
}

fn floor_char(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn node(text: &str, raw: Spanned<Raw>) -> Node {
    let span = span(text, raw.referenced);
    let value = match raw.value {
        Raw::Null => Value::Null,
        Raw::Text(value) => Value::Text(value),
        // The resolved number or boolean is thrown away: what the person typed is what counts.
        Raw::Plain => Value::Text(text[span.clone()].trim_end().to_owned()),
        Raw::List(items) => Value::List(items.into_iter().map(|item| node(text, item)).collect()),
        Raw::Map(entries) => Value::Map(
            entries
                .into_iter()
                .map(|(key, value)| {
                    (Text { span: self::span(text, key.referenced), value: key.value }, node(text, value))
                })
                .collect(),
        ),
    };
    Node { value, span }
}

enum Raw {
    Null,
    Plain,
    Text(String),
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<String>, Spanned<Raw>)>),
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML value")
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_none<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Raw, D::Error> {
        Raw::deserialize(deserializer)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Raw, E> {
        Ok(Raw::Plain)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Raw, E> {
        Ok(Raw::Plain)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Raw, E> {
        Ok(Raw::Plain)
    }

    fn visit_i128<E>(self, _: i128) -> Result<Raw, E> {
        Ok(Raw::Plain)
    }

    fn visit_u128<E>(self, _: u128) -> Result<Raw, E> {
        Ok(Raw::Plain)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Raw, E> {
        Ok(Raw::Plain)
    }

    fn visit_str<E>(self, text: &str) -> Result<Raw, E> {
        Ok(Raw::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Raw, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            items.push(item);
        }
        Ok(Raw::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Raw::Map(entries))
    }
}
