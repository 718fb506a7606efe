//! A request as it came.

use axum::http::{HeaderMap, Method, Uri};
use serde_json::Value;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub method: String,
    /// Without the query.
    pub path: String,
    /// In the order in which they came, decoded; a key may come several times.
    pub query: Vec<(String, String)>,
    /// By lowercase names.
    pub headers: Vec<(String, String)>,
    /// Bytes that are no UTF-8 are replaced.
    pub body: String,
}

impl Request {
    pub(super) fn new(method: &Method, uri: &Uri, headers: &HeaderMap, body: &[u8]) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self {
            method: method.to_string(),
            path: uri.path().to_owned(),
            query: pairs(uri.query().unwrap_or_default()),
            headers: headers.iter().map(|(name, value)| (name.to_string(), text(value.as_bytes()))).collect(),
            body: text(body),
        }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        first(&self.headers, name)
    }

    /// The first of that key.
    pub fn query(&self, key: &str) -> Option<&str> {
        first(&self.query, key)
    }

    /// The first of that key, unless it is empty.
    pub fn filled(&self, key: &str) -> Option<&str> {
        self.query(key).filter(|value| !value.is_empty())
    }

    /// All of that key, in order.
    pub fn query_all(&self, key: &str) -> Vec<&str> {
        self.query.iter().filter(|(k, _)| k == key).map(|(_, value)| value.as_str()).collect()
    }

    /// The values between the commas of the first of that key; `None` when it is missing or empty.
    pub fn query_list(&self, key: &str) -> Option<Vec<&str>> {
        self.filled(key).map(|list| list.split(',').map(str::trim).collect())
    }

    /// The fields of a form; none when the body does not say that it is one.
    pub fn form(&self) -> Vec<(String, String)> {
        if self.has_content_type("application/x-www-form-urlencoded") { pairs(&self.body) } else { Vec::new() }
    }

    pub fn form_field(&self, name: &str) -> Option<String> {
        self.form().into_iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// The body, when it is JSON and says so.
    pub fn json(&self) -> Option<Value> {
        if self.has_content_type("application/json") { serde_json::from_str(&self.body).ok() } else { None }
    }

    pub fn bearer(&self) -> Option<&str> {
        self.header("authorization")?.strip_prefix("Bearer ")
    }

    pub fn has_content_type(&self, wanted: &str) -> bool {
        let kind = self.header("content-type").unwrap_or_default();
        kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case(wanted))
    }
}

fn first<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

fn pairs(encoded: &str) -> Vec<(String, String)> {
    let mut url = reqwest::Url::parse("http://127.0.0.1/").expect("a fixed URL");
    url.set_query(Some(encoded));
    url.query_pairs().filter(|(key, _)| !key.is_empty()).map(|(k, v)| (k.into_owned(), v.into_owned())).collect()
}
