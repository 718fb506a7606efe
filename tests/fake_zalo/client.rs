//! A bare client: it says what it is told to say and judges nothing.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use nhacviec::demo::zalo::{FakeZalo, Sent};
use reqwest::{Method, RequestBuilder};
use serde_json::Value;

pub const JSON: (&str, &str) = ("content-type", "application/json");
pub const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
pub const SECRET: (&str, &str) = ("secret_key", FakeZalo::APP_SECRET);

/// A moment by the clock of Vietnam.
pub fn at(local: &str) -> DateTime<Utc> {
    let time = DateTime::parse_from_str(&format!("{local} +0700"), "%Y-%m-%d %H:%M:%S %z");
    time.expect("the tests write times as 2026-03-02 09:00:00").to_utc()
}

#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub text: String,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    /// The number of an answer that came with HTTP 200, as all of Zalo's own errors do.
    pub fn error(&self) -> i64 {
        assert_eq!(self.status, 200, "{self:?}");
        self.json()["error"].as_i64().unwrap_or_else(|| panic!("no number: {self:?}"))
    }

    /// What a call that went well brought.
    pub fn good(&self) -> Value {
        assert_eq!(self.error(), 0, "{self:?}");
        self.json()["data"].clone()
    }
}

pub struct Client {
    pub zalo: FakeZalo,
    http: reqwest::Client,
}

impl Client {
    /// A server on a Monday morning, and somebody who talks to it.
    pub async fn start() -> Self {
        // A second call in this process finds it installed.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let zalo = FakeZalo::start(at("2026-03-02 09:00:00")).await.expect("a free port");
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        Self { zalo, http }
    }

    pub fn request(&self, method: Method, path: &str, headers: &[(&str, &str)], body: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.zalo.url())).body(body.to_owned());
        headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))
    }

    pub async fn call(&self, method: Method, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        let response = self.request(method, path, headers, body).send().await.expect("an answer");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let headers =
            response.headers().iter().map(|(name, value)| (name.to_string(), text(value.as_bytes()))).collect();
        Reply { status: response.status().as_u16(), headers, text: response.text().await.expect("text") }
    }

    /// With the access token that is valid now.
    pub async fn get(&self, path: &str) -> Reply {
        let (access, _) = self.zalo.tokens();
        self.call(Method::GET, path, &[("access_token", &access)], "").await
    }

    /// With the access token that is valid now.
    pub async fn post(&self, path: &str, body: &Value) -> Reply {
        self.post_text(path, &body.to_string()).await
    }

    pub async fn post_text(&self, path: &str, body: &str) -> Reply {
        let (access, _) = self.zalo.tokens();
        self.call(Method::POST, path, &[JSON, ("access_token", &access)], body).await
    }

    /// A token request by the right app.
    pub async fn ask_tokens(&self, fields: &str) -> Reply {
        let body = format!("app_id={}&{fields}", FakeZalo::APP_ID);
        self.call(Method::POST, "/v4/oa/access_token", &[FORM, SECRET], &body).await
    }

    pub async fn refresh(&self, token: &str) -> Reply {
        self.ask_tokens(&format!("grant_type=refresh_token&refresh_token={token}")).await
    }

    pub async fn bot(&self, method: &str, body: &Value) -> Value {
        let path = format!("/bot{}/{method}", FakeZalo::BOT_TOKEN);
        let reply = self.call(Method::POST, &path, &[JSON], &body.to_string()).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.json()
    }

    /// Sends and hangs up as soon as the server has it.
    pub async fn send_and_leave(&self, request: RequestBuilder) {
        let count = self.zalo.requests().len() + 1;
        tokio::select! {
            answer = request.send() => panic!("an answer came: {answer:?}"),
            () = self.zalo.wait_for_requests(count) => {}
        }
    }

    /// The texts that went out, each with its addressee.
    pub fn sent(&self) -> Vec<(String, String)> {
        self.zalo.texts().into_iter().map(|Sent { to, text, .. }| (to, text)).collect()
    }
}
