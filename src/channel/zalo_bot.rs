//! A Zalo bot's one-to-one chat (`sendMessage` of the bot platform).
//!
//! The token is part of the URL: errors are stripped of it. Failures come as HTTP 200 with
//! `"ok": false`, and there is no key against repetition, so a lost answer is unknown for ever.

use std::time::Duration;

use async_trait::async_trait;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};

use super::{Channel, Message, ZaloBotSettings};
use crate::domain::notification::SendError;

const DEADLINE: Duration = Duration::from_secs(30);
const CONNECT_DEADLINE: Duration = Duration::from_secs(10);
/// The platform's limit for a text is 2,000; whether characters or UTF-16 units is not documented.
const MAX_UTF16_UNITS: usize = 2000;
/// Wait after "quota exceeded"; the platform names none.
const QUOTA_WAIT: chrono::Duration = chrono::Duration::minutes(5);

pub struct ZaloBotChannel {
    settings: ZaloBotSettings,
    client: reqwest::Client,
}

impl ZaloBotChannel {
    pub fn new(settings: ZaloBotSettings) -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .connect_timeout(CONNECT_DEADLINE)
            .timeout(DEADLINE)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()?;
        Ok(Self { settings, client })
    }
}

#[derive(Serialize)]
struct Request<'a> {
    chat_id: &'a str,
    text: &'a str,
}

#[derive(Deserialize)]
struct Answer {
    ok: bool,
    #[serde(default)]
    description: String,
    #[serde(default)]
    error_code: i64,
}

#[async_trait]
impl Channel for ZaloBotChannel {
    async fn send(&self, message: &Message) -> Result<(), SendError> {
        let down = |detail: String| SendError::ChannelDown { detail };
        let token = self.settings.token.read().map_err(|e| down(format!("không đọc được mã Zalo Bot: {e}")))?;
        let mut url = self.settings.base_url.clone();
        url.set_path(&format!("{}/bot{}/sendMessage", url.path().trim_end_matches('/'), token.expose_secret()));
        let body = serde_json::to_string(&Request { chat_id: &message.to, text: &shortened(&message.short) })
            .expect("two strings are always JSON");
        let request = self.client.post(url).header("Content-Type", "application/json").body(body);
        let response = request.send().await.map_err(|error| {
            let error = error.without_url();
            if error.is_connect() {
                down(format!("không kết nối được Zalo: {error}"))
            } else {
                lost(&error.to_string())
            }
        })?;
        let is_http_error = !response.status().is_success();
        let status = response.status();
        let body = response.text().await.map_err(|error| lost(&error.without_url().to_string()))?;
        match serde_json::from_str::<Answer>(&body) {
            Ok(answer) if answer.ok => Ok(()),
            Ok(answer) => Err(classify(&answer)),
            Err(_) if is_http_error && status.is_client_error() => Err(down(format!("Zalo trả lời HTTP {status}"))),
            Err(_) => Err(lost(&format!("Zalo trả lời không đúng dạng (HTTP {status})"))),
        }
    }
}

fn lost(detail: &str) -> SendError {
    SendError::Unknown { detail: detail.to_owned() }
}

/// The platform's error codes; an unknown one concerns the recipient, not the channel.
fn classify(answer: &Answer) -> SendError {
    let detail = format!("Zalo báo lỗi {}: {}", answer.error_code, answer.description);
    match answer.error_code {
        401 => SendError::ChannelDown { detail },
        408 => SendError::Unknown { detail },
        403 | 500.. => SendError::Transient { detail, retry_after: None },
        429 => SendError::Transient { detail, retry_after: Some(QUOTA_WAIT) },
        _ => SendError::Permanent { detail },
    }
}

fn shortened(text: &str) -> String {
    const ENDING: &str = "\n…";
    if text.encode_utf16().count() <= MAX_UTF16_UNITS {
        return text.to_owned();
    }
    let mut units = ENDING.len();
    let kept = text.chars().take_while(|c| {
        units += c.len_utf16();
        units <= MAX_UTF16_UNITS
    });
    kept.collect::<String>() + ENDING
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_within_the_limit() {
        let long = shortened(&"ế𝄞".repeat(2000));
        assert!(long.encode_utf16().count() <= MAX_UTF16_UNITS);
        assert!(long.ends_with('…'));
        assert_eq!(shortened("ngắn"), "ngắn");
    }

    #[test]
    fn every_documented_code_has_its_class() {
        let class = |error_code| classify(&Answer { ok: false, description: String::new(), error_code });
        assert!(matches!(class(401), SendError::ChannelDown { .. }));
        assert!(matches!(class(408), SendError::Unknown { .. }));
        assert!(matches!(class(429), SendError::Transient { retry_after: Some(_), .. }));
        assert!(matches!(class(403), SendError::Transient { retry_after: None, .. }));
        assert!(matches!(class(400), SendError::Permanent { .. }));
        assert!(matches!(class(404), SendError::Permanent { .. }));
    }
}
