//! Owns the reading of YAML into a tree that remembers where each value stands.
//!
//! We decode from this tree instead of deriving `Deserialize` for each file, because serde stops at the
//! first wrong key: an administrator is to see every mistake in one run.

use std::{ops::Range, sync::Arc};

use foldhash::{HashSet, HashSetExt as _};
use granit_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Span, StrInput};

use super::finding::{Finding, Severity, SourceFile};

/// A file with more values than this is no configuration any more.
const MOST_NODES: usize = 200_000;
/// Lists and maps within one another.
const MOST_DEPTH: usize = 32;

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
pub fn parse(file: &Arc<SourceFile>, findings: &mut Vec<Finding>) -> Option<Node> {
    let mut reading = Reading {
        text: &file.text,
        end: file.text.trim_end().len(),
        events: Parser::new_from_str(&file.text),
        left: MOST_NODES,
        repeated: Vec::new(),
    };
    let read = reading.document();
    findings.extend(reading.repeated.iter().map(|key| Finding {
        severity: Severity::Error,
        file: Arc::clone(file),
        span: key.span.clone(),
        message: format!("mục «{}» bị viết hai lần", key.value),
        help: Some("xóa bớt một trong hai dòng".to_owned()),
    }));
    read.map_err(|broken| findings.push(broken.finding(file))).ok()
}

/// One document in the making.
struct Reading<'t> {
    text: &'t str,
    /// Where its last line ends.
    end: usize,
    events: Parser<'t, StrInput<'t>>,
    /// How many more nodes may come.
    left: usize,
    repeated: Vec<Text>,
}

/// Why there is no tree.
enum Broken {
    Syntax(ScanError),
    Empty,
    /// A second document.
    Another(Range<usize>),
    TooLarge(Range<usize>),
    /// Before a colon stands no text.
    Key(Range<usize>),
    /// A value of another place, which an office has no use for and an attacker has.
    Alias(Range<usize>),
}

impl<'t> Reading<'t> {
    fn next(&mut self) -> Result<(Event<'t>, Range<usize>), Broken> {
        match self.events.next() {
            Some(Ok((event, at))) => Ok((event, span(self.text, self.end, at))),
            Some(Err(error)) => Err(Broken::Syntax(error)),
            None => Err(Broken::Empty),
        }
    }

    fn document(&mut self) -> Result<Node, Broken> {
        let first = loop {
            match self.next()? {
                // Comments only, which say nothing yet.
                (Event::StreamEnd, at) => return Ok(Node { value: Value::Null, span: at }),
                (event, at) if is_value(&event) => break self.node(event, at, 0)?,
                _ => {}
            }
        };
        loop {
            match self.next()? {
                (Event::StreamEnd, _) => return Ok(first),
                (Event::DocumentStart(..), at) => return Err(Broken::Another(at)),
                _ => {}
            }
        }
    }

    fn node(&mut self, event: Event<'t>, at: Range<usize>, depth: usize) -> Result<Node, Broken> {
        if self.left == 0 || depth > MOST_DEPTH {
            return Err(Broken::TooLarge(at));
        }
        self.left -= 1;
        let value = match event {
            Event::Scalar(text, ScalarStyle::Plain, _, None)
                if text.len() <= "null".len() && ["", "~", "null", "Null", "NULL"].contains(&&*text) =>
            {
                Value::Null
            }
            Event::Scalar(text, ..) => Value::Text(text.into_owned()),
            Event::SequenceStart(..) => Value::List(self.list(depth)?),
            Event::MappingStart(..) => Value::Map(self.map(depth)?),
            Event::Alias(_) => return Err(Broken::Alias(at)),
            // The parser gives nothing else where a value stands.
            _ => Value::Null,
        };
        Ok(Node { value, span: at })
    }

    fn list(&mut self, depth: usize) -> Result<Vec<Node>, Broken> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(items),
                (event, at) if is_value(&event) => items.push(self.node(event, at, depth + 1)?),
                _ => {}
            }
        }
    }

    fn map(&mut self, depth: usize) -> Result<Vec<(Text, Node)>, Broken> {
        let mut entries: Vec<(Text, Node)> = Vec::new();
        loop {
            let key = match self.next()? {
                (Event::MappingEnd, _) => {
                    self.note_repeated(&entries);
                    return Ok(entries);
                }
                (event, at) if is_value(&event) => self.node(event, at, depth + 1)?,
                _ => continue,
            };
            let value = loop {
                match self.next()? {
                    (event, at) if is_value(&event) => break self.node(event, at, depth + 1)?,
                    _ => {}
                }
            };
            let key = match key.value {
                Value::Text(text) => Text { value: text, span: key.span },
                Value::Null | Value::List(_) | Value::Map(_) => return Err(Broken::Key(key.span)),
            };
            entries.push((key, value));
        }
    }

    fn note_repeated(&mut self, entries: &[(Text, Node)]) {
        /// So few keys are compared with one another.
        const FEW: usize = 16;
        let keys = || entries.iter().map(|(key, _)| key);
        if entries.len() > FEW {
            let mut known = HashSet::with_capacity(entries.len());
            self.repeated.extend(keys().filter(|key| !known.insert(key.value.as_str())).cloned());
        } else {
            let is_known = |(at, key): &(usize, &Text)| keys().take(*at).any(|known| known.value == key.value);
            self.repeated.extend(keys().enumerate().filter(is_known).map(|(_, key)| key.clone()));
        }
    }
}

fn is_value(event: &Event<'_>) -> bool {
    matches!(event, Event::Scalar(..) | Event::SequenceStart(..) | Event::MappingStart(..) | Event::Alias(_))
}

impl Broken {
    fn finding(self, file: &Arc<SourceFile>) -> Finding {
        let (span, message, help) = match self {
            Self::Syntax(error) => {
                let (message, help) = syntax_sentence(&error.info());
                let at = *error.marker();
                (span(&file.text, file.text.trim_end().len(), Span::empty(at)), message, help)
            }
            Self::Empty => (0..0, "tệp trống hoặc bị cắt dở".to_owned(), "chép lại từ tệp mẫu".to_owned()),
            Self::Another(at) => {
                (at, "tệp có nhiều tài liệu (dòng «---»)".to_owned(), "mỗi tệp chỉ để một tài liệu".to_owned())
            }
            Self::TooLarge(at) => (
                at,
                "tệp quá lớn hoặc quá phức tạp, vượt giới hạn an toàn".to_owned(),
                "chia kế hoạch thành nhiều tệp nhỏ hơn".to_owned(),
            ),
            Self::Alias(at) => (at, ALIAS.0.to_owned(), ALIAS.1.to_owned()),
            Self::Key(at) => (
                at,
                "trước dấu hai chấm phải là một từ, không phải danh sách hay nhóm mục".to_owned(),
                "viết như «khóa: giá trị»; giá trị bắt đầu bằng { hoặc [ thì đặt trong ngoặc kép".to_owned(),
            ),
        };
        Finding { severity: Severity::Error, file: Arc::clone(file), span, message, help: Some(help) }
    }
}

/// What an alias is answered with, whether there is such a value or not, and what to do.
const ALIAS: (&str, &str) = (
    "không dùng được bí danh YAML (dấu * đầu giá trị)",
    "chép lại cả giá trị vào đây; nếu dấu * là chữ thì đặt giá trị trong ngoặc kép",
);

/// The slips that people make, in their words; for the rest the parser's own.
fn syntax_sentence(technical: &str) -> (String, String) {
    const COLUMNS: &str = "để dòng thẳng cột với các dòng cùng mục; giá trị có dấu hai chấm thì đặt trong ngoặc kép";
    const UNCLOSED: (&str, &str) =
        ("ở dòng này hoặc dòng trên thiếu dấu ] hoặc dấu } đóng", "thêm dấu đóng ở cuối danh sách");
    const SLIPS: [(&str, &str, &str); 11] = [
        ("unknown anchor", ALIAS.0, ALIAS.1),
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
        ("illegal placement of ':'", UNCLOSED.0, UNCLOSED.1),
        ("\"-\" is only valid inside a block", UNCLOSED.0, UNCLOSED.1),
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

/// The bytes of a value, as far as they stand on its first line; `last` is where the last line ends.
fn span(text: &str, last: usize, at: Span) -> Range<usize> {
    let begin = offset_of(text, at.start);
    // The end of a file is shown on its last line.
    let start = begin.min(last);
    let end = offset_of(text, at.end).max(start);
    let is_one_line = begin == start && at.start.line() == at.end.line();
    let line_end = || memchr::memchr(b'\n', &text.as_bytes()[start..]).map_or(text.len(), |n| start + n);
    start..if is_one_line { end } else { end.min(line_end()) }
}

fn offset_of(text: &str, at: Marker) -> usize {
    let by_line = || {
        let mut lines = text.split_inclusive('\n');
        let start: usize = lines.by_ref().take(at.line().saturating_sub(1)).map(str::len).sum();
        start + lines.next().unwrap_or_default().trim_end().chars().take(at.col()).map(char::len_utf8).sum::<usize>()
    };
    floor_char(text, at.byte_offset().unwrap_or_else(by_line))
}

fn floor_char(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}
