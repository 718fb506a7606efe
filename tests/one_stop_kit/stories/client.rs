//! A bare client: it says what it is told to say and judges nothing.

use std::io::Read as _;

use chrono::{DateTime, Utc};
use reqwest::{RequestBuilder, redirect::Policy};
use serde_json::Value;

use super::kit::moment;

pub const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
pub const JSON: (&str, &str) = ("content-type", "application/json");

/// The day after the usual due date.
pub fn now() -> DateTime<Utc> {
    moment("2025-06-18 09:00:00")
}

#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    headers: Vec<(String, String)>,
    pub bytes: Vec<u8>,
}

impl Reply {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|_| panic!("not JSON: {}", self.text()))
    }

    /// The body of an answer that went well.
    pub fn good(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text());
        self.json()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub fn unpacked(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        flate2::read::GzDecoder::new(&self.bytes[..]).read_to_end(&mut bytes).expect("gzip");
        bytes
    }
}

/// Follows no redirects, unpacks nothing and trusts nobody.
pub fn client() -> reqwest::Client {
    // A second call in this process finds it installed.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .no_proxy()
        .no_gzip()
        .tls_certs_only([])
        .redirect(Policy::none())
        .build()
        .expect("a client")
}

pub async fn send(request: RequestBuilder) -> Reply {
    let response = request.send().await.expect("an answer");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let headers = response.headers().iter().map(|(name, value)| (name.to_string(), text(value.as_bytes()))).collect();
    let status = response.status().as_u16();
    Reply { status, headers, bytes: response.bytes().await.expect("a whole body").to_vec() }
}

pub async fn get(url: &str, headers: &[(&str, &str)]) -> Reply {
    send(with(client().get(url), headers)).await
}

pub async fn post(url: &str, headers: &[(&str, &str)], body: &str) -> Reply {
    send(with(client().post(url).body(body.to_owned()), headers)).await
}

fn with(request: RequestBuilder, headers: &[(&str, &str)]) -> RequestBuilder {
    headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))
}

/// The texts at `pointer` of every row.
pub fn column(rows: &Value, pointer: &str) -> Vec<String> {
    let text = |row: &Value| row.pointer(pointer).and_then(Value::as_str).unwrap_or("-").to_owned();
    rows.as_array().unwrap_or_else(|| panic!("no list: {rows}")).iter().map(text).collect()
}
