//! Owns the decoding of a YAML map: required and optional keys, unknown keys, "did you mean".

use std::{cell::RefCell, collections::HashSet, ops::Range, str::FromStr, sync::Arc};

use chrono::{Datelike, NaiveDate, NaiveTime};

use super::{
    finding::{Finding, Severity, SourceFile},
    leaks::is_secret_name,
    node::{Node, Text, Value},
};

/// Collects findings of one file.
#[derive(Debug)]
pub struct Reader {
    /// The file being decoded.
    pub file: Arc<SourceFile>,
    findings: RefCell<Vec<Finding>>,
}

impl Reader {
    /// Starts with what the parser found.
    #[must_use]
    pub fn new(file: Arc<SourceFile>, findings: Vec<Finding>) -> Self {
        Self { file, findings: RefCell::new(findings) }
    }

    /// Reports an error.
    pub fn error(&self, span: &Range<usize>, message: impl Into<String>, help: impl Into<Option<String>>) {
        self.add(Severity::Error, span, message.into(), help.into());
    }

    /// Reports something unwise.
    pub fn warning(&self, span: &Range<usize>, message: impl Into<String>, help: impl Into<Option<String>>) {
        self.add(Severity::Warning, span, message.into(), help.into());
    }

    fn add(&self, severity: Severity, span: &Range<usize>, message: String, help: Option<String>) {
        self.findings.borrow_mut().push(Finding {
            severity,
            file: Arc::clone(&self.file),
            span: span.clone(),
            message,
            help,
        });
    }

    /// How many findings there are so far.
    #[must_use]
    pub fn count(&self) -> usize {
        self.findings.borrow().len()
    }

    /// All findings so far.
    #[must_use]
    pub fn into_findings(self) -> Vec<Finding> {
        self.findings.into_inner()
    }

    /// The keys of a map; an error and an empty map when `node` is something else.
    pub fn fields<'a>(&'a self, node: &'a Node, what: &'static str) -> Fields<'a> {
        let entries: &[(Text, Node)] = match &node.value {
            Value::Map(entries) => entries,
            Value::Null => &[],
            Value::Text(_) | Value::List(_) => {
                let is_joined = matches!(&node.value, Value::Text(text) if text.contains(':'));
                let help = is_joined.then(|| "thêm dấu cách sau dấu hai chấm: «khóa: giá trị»".to_owned());
                self.error(&node.span, format!("{what} phải gồm các mục «khóa: giá trị»"), help);
                &[]
            }
        };
        Fields {
            reader: self,
            entries,
            span: node.span.clone(),
            what,
            asked: RefCell::new(Vec::with_capacity(MOST_KEYS)),
            is_broken: matches!(node.value, Value::Text(_) | Value::List(_)),
        }
    }

    /// A scalar's text; an error when it is none.
    pub fn text(&self, node: &Node, what: &str) -> Option<Text> {
        match &node.value {
            Value::Text(value) if !value.trim().is_empty() => {
                Some(Text { value: value.trim().to_owned(), span: node.span.clone() })
            }
            Value::Text(_) | Value::Null => {
                self.error(
                    &node.span,
                    format!("mục «{what}» đang để trống"),
                    "điền giá trị, hoặc xóa cả dòng nếu không dùng".to_owned(),
                );
                None
            }
            Value::List(_) | Value::Map(_) => {
                self.error(&node.span, format!("mục «{what}» phải là một giá trị, không phải danh sách"), None);
                None
            }
        }
    }
}

/// More keys than this are seldom asked for.
const MOST_KEYS: usize = 16;

/// The keys of one map; those never asked for are reported by [`Fields::done`].
#[derive(Debug)]
pub struct Fields<'a> {
    reader: &'a Reader,
    entries: &'a [(Text, Node)],
    /// Place of the map.
    pub span: Range<usize>,
    what: &'static str,
    asked: RefCell<Vec<&'static str>>,
    is_broken: bool,
}

impl<'a> Fields<'a> {
    /// The value of an optional key.
    pub fn get(&self, key: &'static str) -> Option<&'a Node> {
        self.asked.borrow_mut().push(key);
        self.entries.iter().find(|(k, _)| k.value == key).map(|(_, node)| node)
    }

    /// The value of a required key; an error when it is missing.
    pub fn require(&self, key: &'static str) -> Option<&'a Node> {
        let node = self.get(key);
        if node.is_none() && !self.is_broken {
            self.reader.error(
                &self.span,
                format!("{} thiếu mục bắt buộc «{key}»", self.what),
                format!("thêm dòng «{key}: …»"),
            );
        }
        node
    }

    /// A required text.
    pub fn text(&self, key: &'static str) -> Option<Text> {
        self.require(key).and_then(|n| self.reader.text(n, key))
    }

    /// A key by which something is named on command lines and in the store: without spaces and the signs that separate
    /// the parts of a subject (`task:PLAN/TASK:PERIOD:UNIT`), where two of them could name the same.
    pub fn id(&self) -> Option<Text> {
        let expected = "một mã viết liền, không có dấu hai chấm, dấu / (ví dụ p-cong-nghiep, kstthc-2026)";
        let text = self.text("id");
        self.parse(text.clone(), expected, |s| {
            (!s.contains(|c: char| c.is_whitespace() || c.is_control() || matches!(c, ':' | '/'))).then_some(())
        })?;
        text
    }

    /// An optional text.
    pub fn optional_text(&self, key: &'static str) -> Option<Text> {
        self.get(key).and_then(|n| self.reader.text(n, key))
    }

    /// A text parsed as `T`, or the finding that it is not `expected`.
    pub fn parse<T>(&self, text: Option<Text>, expected: &str, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
        let text = text?;
        let value = parse(&text.value);
        if value.is_none() {
            self.reader.error(&text.span, format!("«{}» không phải {expected}", text.value), None);
        }
        value
    }

    /// An optional value of a type that parses itself.
    pub fn optional<T: FromStr>(&self, key: &'static str, expected: &str) -> Option<T> {
        self.parse(self.optional_text(key), expected, |s| s.parse().ok())
    }

    /// A required whole number.
    pub fn number<T: FromStr>(&self, key: &'static str) -> Option<T> {
        self.parse(self.text(key), "một số nguyên phù hợp", |s| s.parse().ok())
    }

    /// A required date.
    pub fn date(&self, key: &'static str) -> Option<NaiveDate> {
        self.text(key).and_then(|text| date(self.reader, &text))
    }

    /// A required time of day.
    pub fn time(&self, key: &'static str) -> Option<NaiveTime> {
        self.parse(self.text(key), "giờ trong ngày; viết như \"07:30\"", |s| {
            NaiveTime::parse_from_str(s, "%H:%M").ok()
        })
    }

    /// The nodes of an optional list; a single value counts as a list of one.
    pub fn list(&self, key: &'static str) -> Vec<&'a Node> {
        match self.get(key) {
            None | Some(Node { value: Value::Null, .. }) => Vec::new(),
            Some(Node { value: Value::List(items), .. }) => items.iter().collect(),
            Some(node) => vec![node],
        }
    }

    /// The texts of an optional list.
    pub fn texts(&self, key: &'static str) -> Vec<Text> {
        self.list(key).into_iter().filter_map(|n| self.reader.text(n, key)).collect()
    }

    /// A list of whole numbers.
    pub fn numbers(&self, key: &'static str) -> Vec<u16> {
        let texts = self.texts(key);
        texts
            .into_iter()
            .filter_map(|t| {
                self.parse(Some(t), "một số ngày (0 đến 365)", |s| s.parse().ok().filter(|n| *n <= 365))
            })
            .collect()
    }

    /// The keys of a required map.
    pub fn fields(&self, key: &'static str, what: &'static str) -> Option<Fields<'a>> {
        self.require(key).map(|n| self.reader.fields(n, what))
    }

    /// The keys of an optional map.
    pub fn optional_fields(&self, key: &'static str, what: &'static str) -> Option<Fields<'a>> {
        self.get(key).map(|n| self.reader.fields(n, what))
    }

    /// All entries of a map with free keys.
    #[must_use]
    pub fn entries(&self) -> &'a [(Text, Node)] {
        self.entries
    }

    /// Reports the keys that nobody asked for.
    pub fn done(&self) {
        let mut asked = self.asked.borrow_mut();
        let unknown: Vec<_> = self.entries.iter().filter(|(k, _)| !asked.contains(&k.value.as_str())).collect();
        if unknown.is_empty() {
            return;
        }
        let mut known = HashSet::new();
        asked.retain(|key| known.insert(*key));
        for (key, _) in unknown {
            if let Some(file_key) = file_key_for(&key.value, &asked) {
                let help = format!(
                    "xóa giá trị ở đây, ghi vào tệp secrets/TÊN (quyền 0600), rồi viết «{file_key}: TÊN»; mật khẩu đã lộ thì nên đổi"
                );
                self.reader.error(&key.span, format!("không ghi mật khẩu vào tệp cấu hình: «{}»", key.value), help);
                continue;
            }
            let help = nearest(&key.value, asked.iter().copied())
                .map_or_else(|| format!("các mục hợp lệ: {}", asked.join(", ")), |near| format!("ý bạn là «{near}»?"));
            self.reader.error(&key.span, format!("{} không có mục «{}»", self.what, key.value), help);
        }
    }
}

/// The key that names the file of the secret which somebody wrote out as `key`.
fn file_key_for<'a>(key: &str, known: &[&'a str]) -> Option<&'a str> {
    let own = known.iter().find(|k| **k == format!("{key}_file"));
    let any = || known.iter().find(|k| ["password_file", "token_file", "app_secret_file"].contains(k));
    own.or_else(|| if is_secret_name(key) { any() } else { None }).copied()
}

/// A date written as the year's month and day, or as officials write it.
pub fn date(reader: &Reader, text: &Text) -> Option<NaiveDate> {
    let formats = ["%Y-%m-%d", "%d/%m/%Y"];
    // The range also catches years written with two digits.
    let is_plausible = |date: &NaiveDate| (2000..=2100).contains(&date.year());
    let date = formats.iter().find_map(|f| NaiveDate::parse_from_str(&text.value, f).ok()).filter(is_plausible);
    if date.is_none() {
        reader.error(
            &text.span,
            format!("«{}» không phải là một ngày có thật", text.value),
            "viết như 2023-01-15 hoặc 15/01/2023".to_owned(),
        );
    }
    date
}

/// The known word nearest to `word`, if one is near enough to be meant.
pub fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    const NEAR_ENOUGH: f64 = 0.78;
    let scored = known.map(|k| (strsim::jaro_winkler(&word.to_lowercase(), &k.to_lowercase()), k));
    scored.filter(|(score, _)| *score >= NEAR_ENOUGH).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, k)| k)
}
