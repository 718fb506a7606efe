//! Owns the filling in of requests: `{name}` is replaced by its value, escaped as its place demands.

use std::{borrow::Cow, collections::BTreeMap};

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::profile::Body;

/// What `{…}` stands for in one request.
#[derive(Debug, Default)]
pub struct Values {
    /// Parameters of the source and the place in the list.
    pub plain: BTreeMap<&'static str, String>,
    /// Parameters that the profile names.
    pub parameters: BTreeMap<String, String>,
    /// User, password, session.
    pub secrets: BTreeMap<&'static str, SecretString>,
}

/// The names that every profile may use, besides its parameters.
pub const NAMES: [&str; 10] =
    ["start", "end", "page", "size", "cursor", "code", "user", "password", "session", "client_secret"];

/// Those of them that are never part of an address, which logs and proxies see.
pub const SECRET_NAMES: [&str; 3] = ["password", "session", "client_secret"];

/// Those that become numbers in JSON.
const NUMBERS: [&str; 4] = ["start", "end", "page", "size"];

impl Values {
    fn get(&self, name: &str) -> Option<&str> {
        let plain = self.plain.get(name).or_else(|| self.parameters.get(name)).map(String::as_str);
        plain.or_else(|| self.secrets.get(name).map(ExposeSecret::expose_secret))
    }

    /// Fills in a text.
    #[must_use]
    pub fn fill(&self, template: &str, escape: impl Fn(&str) -> Cow<'_, str>) -> String {
        let mut filled = String::with_capacity(template.len());
        let mut rest = template;
        while let Some(start) = rest.find('{') {
            filled.push_str(&rest[..start]);
            let inner = &rest[start + 1..];
            match inner.find('}').map(|end| (&inner[..end], &inner[end + 1..])) {
                Some((name, after)) if is_name(name) => {
                    filled.push_str(&escape(self.get(name).unwrap_or_default()));
                    rest = after;
                }
                _ => {
                    filled.push('{');
                    rest = inner;
                }
            }
        }
        filled.push_str(rest);
        filled
    }

    /// Fills in a text as it is.
    #[must_use]
    pub fn text(&self, template: &str) -> String {
        self.fill(template, |text| Cow::Borrowed(text))
    }

    /// Fills in pairs.
    #[must_use]
    pub fn pairs(&self, pairs: &[(String, String)]) -> Vec<(String, String)> {
        pairs.iter().map(|(key, value)| (key.clone(), self.text(value))).collect()
    }

    /// Fills in JSON.
    #[must_use]
    pub fn json(&self, template: &Value) -> Value {
        match template {
            Value::String(text) => {
                let name = text.strip_prefix('{').and_then(|t| t.strip_suffix('}'));
                let number = name.filter(|n| NUMBERS.contains(n)).and_then(|n| self.get(n)?.parse::<u64>().ok());
                number.map_or_else(|| Value::String(self.text(text)), Value::from)
            }
            Value::Array(items) => items.iter().map(|item| self.json(item)).collect(),
            Value::Object(entries) => entries.iter().map(|(k, v)| (k.clone(), self.json(v))).collect(),
            Value::Null | Value::Bool(_) | Value::Number(_) => template.clone(),
        }
    }

    /// Fills in XML.
    #[must_use]
    pub fn xml(&self, template: &str) -> String {
        self.fill(template, |text| quick_xml::escape::escape(text))
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// The names that a text refers to.
pub fn names(template: &str) -> impl Iterator<Item = &str> {
    template.split('{').skip(1).filter_map(|t| t.split_once('}')).map(|(name, _)| name).filter(|n| is_name(n))
}

/// The names that a body refers to.
#[must_use]
pub fn names_of_body(body: &Body) -> Vec<String> {
    fn of_json(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::String(text) => found.extend(names(text).map(str::to_owned)),
            Value::Array(items) => items.iter().for_each(|v| of_json(v, found)),
            Value::Object(entries) => entries.values().for_each(|v| of_json(v, found)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    let mut found = Vec::new();
    match body {
        Body::Empty => {}
        Body::Json(value) => of_json(value, &mut found),
        Body::Form(pairs) => pairs.iter().for_each(|(_, v)| found.extend(names(v).map(str::to_owned))),
        Body::Xml(text) => found.extend(names(text).map(str::to_owned)),
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values() -> Values {
        let plain = [("page", "2".to_owned()), ("code", "A\"<b>&".to_owned())].into();
        Values { plain, secrets: [("password", "p{page}".to_owned().into())].into(), ..Values::default() }
    }

    #[test]
    fn what_is_filled_in_cannot_leave_its_place() {
        let values = values();
        assert_eq!(values.xml("<ma>{code}</ma>"), "<ma>A&quot;&lt;b&gt;&amp;</ma>");
        assert_eq!(
            values.json(&serde_json::json!({ "ma": "{code}", "trang": "{page}", "chu": "trang {page}" })).to_string(),
            r#"{"chu":"trang 2","ma":"A\"<b>&","trang":2}"#
        );
        assert_eq!(values.text("{password}"), "p{page}", "a value is not filled in again");
    }

    #[test]
    fn braces_that_name_nothing_of_ours_stay() {
        assert_eq!(values().text(r#"{"page":{page}}"#), r#"{"page":2}"#);
        assert_eq!(values().text("{Page} {"), "{Page} {");
    }
}
