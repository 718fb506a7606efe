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
    /// Or why there is none; the other channels go on.
    client: Result<reqwest::Client, String>,
}

impl ZaloBotChannel {
    pub fn new(settings: ZaloBotSettings) -> Self {
        let client = reqwest::Client::builder()
            .connect_timeout(CONNECT_DEADLINE)
            .timeout(DEADLINE)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build();
        let client =
            client.map_err(|error| format!("máy này chưa kết nối TLS được; kiểm tra gói ca-certificates ({error})"));
        Self { settings, client }
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
    /// A long digest takes several texts; once one of them has arrived, a failure of the next is an
    /// unknown outcome: repeating all would repeat that one.
    async fn send(&self, message: &Message) -> Result<(), SendError> {
        for (i, text) in split(&message.short).iter().enumerate() {
            let result = self.send_text(&message.to, text).await;
            result.map_err(|error| if i == 0 { error } else { lost(error.detail()) })?;
        }
        Ok(())
    }
}

impl ZaloBotChannel {
    async fn send_text(&self, chat_id: &str, text: &str) -> Result<(), SendError> {
        let down = |detail: String| SendError::ChannelDown { detail };
        let client = self.client.as_ref().map_err(|sentence| down(sentence.clone()))?;
        let token = self.settings.token.read().map_err(|e| down(format!("không đọc được mã Zalo Bot: {e}")))?;
        let mut url = self.settings.base_url.clone();
        url.set_path(&format!("{}/bot{}/sendMessage", url.path().trim_end_matches('/'), token.expose_secret()));
        let body = serde_json::to_string(&Request { chat_id, text }).expect("two strings are always JSON");
        let request = client.post(url).header("Content-Type", "application/json").body(body);
        let response = request.send().await.map_err(|error| {
            let error = error.without_url();
            if error.is_connect() {
                down(format!("không kết nối được Zalo: {error}"))
            } else {
                lost(&error.to_string())
            }
        })?;
        let status = response.status();
        let body = response.text().await.map_err(|error| lost(&error.without_url().to_string()))?;
        match serde_json::from_str::<Answer>(&body) {
            Ok(answer) if answer.ok => Ok(()),
            Ok(answer) => Err(classify(&answer)),
            Err(_) if status.is_client_error() => Err(down(format!("Zalo trả lời HTTP {status}"))),
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

/// Cuts a text into pieces within the limit, between lines where it can.
fn split(text: &str) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let mut units = 0;
    for line in text.split_inclusive('\n') {
        if units + utf16_units(line) > MAX_UTF16_UNITS && units > 0 {
            pieces.push(String::new());
            units = 0;
        }
        for c in line.chars() {
            if units + c.len_utf16() > MAX_UTF16_UNITS {
                pieces.push(String::new());
                units = 0;
            }
            pieces.last_mut().expect("never empty").push(c);
            units += c.len_utf16();
        }
    }
    pieces
}

fn utf16_units(text: &str) -> usize {
    text.encode_utf16().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_between_lines_and_lose_nothing() {
        let line = format!("{}\n", "ế".repeat(300));
        let pieces = split(&line.repeat(20));
        assert!(pieces.iter().all(|p| utf16_units(p) <= MAX_UTF16_UNITS && p.ends_with('\n')));
        assert_eq!(pieces.concat(), line.repeat(20));
        assert!(split(&"𝄞".repeat(1500)).iter().all(|p| utf16_units(p) <= MAX_UTF16_UNITS));
        assert_eq!(split("ngắn"), ["ngắn"]);
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
