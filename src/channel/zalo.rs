//! Owns what the ways over Zalo share: HTTP exchanges, error codes, texts. Each way is a file below.
//!
//! Failures come as HTTP 200 with a code in the body, no call has a key against repetition, and a call whose answer
//! was lost is unknown for ever.

pub mod account;
pub mod bot;
pub mod consultation;
pub mod group;
pub mod settings;
pub mod template;
pub mod tokens;

mod errors;

use std::time::Duration;

use serde_json::Value;
use unicode_normalization::UnicodeNormalization;

pub use self::settings::Endpoints;
use crate::domain::notification::SendError;

const CONNECT_DEADLINE: Duration = Duration::from_secs(10);
/// Answers are a few hundred bytes.
const MOST_ANSWER: usize = 1 << 20;
/// The limit for a text is 2,000; whether characters or UTF-16 units is documented nowhere.
const MOST_UNITS: usize = 2000;

/// Why a call brought no answer in JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
enum CallError {
    /// Nothing was sent: trying again is safe.
    NotSent(String),
    /// Nobody knows whether the call was carried out.
    Lost(String),
    /// It was answered with nothing at all.
    Empty,
    /// Refused before it reached the application.
    Refused(u16),
}

impl CallError {
    fn text(&self) -> String {
        match self {
            Self::NotSent(text) | Self::Lost(text) => text.clone(),
            Self::Empty => "trả lời trống".to_owned(),
            Self::Refused(status) => format!("HTTP {status}"),
        }
    }

    /// What it means for a message.
    fn of_message(&self) -> SendError {
        match self {
            Self::NotSent(text) => {
                SendError::ChannelDown { detail: format!("không kết nối được Zalo: {text}") }
            }
            Self::Lost(_) | Self::Empty => SendError::Unknown { detail: self.text() },
            Self::Refused(status) => SendError::ChannelDown { detail: format!("Zalo trả lời HTTP {status}") },
        }
    }
}

/// An HTTP client, or why there is none; the other channels go on.
fn client() -> Result<reqwest::Client, String> {
    reqwest::Client::builder()
        .connect_timeout(CONNECT_DEADLINE)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
        .map_err(|error| format!("máy này chưa kết nối TLS được; kiểm tra gói ca-certificates ({error})"))
}

/// Sends a request and reads the JSON of its answer, whatever the status. Errors never carry the address, which may
/// hold a token.
async fn exchange(request: reqwest::RequestBuilder, deadline: Duration) -> Result<Value, CallError> {
    let mut response = request.timeout(deadline).send().await.map_err(|error| {
        let error = error.without_url();
        let is_unsent = error.is_connect() || error.is_builder();
        let text = causes(&error);
        if is_unsent { CallError::NotSent(text) } else { CallError::Lost(text) }
    })?;
    let status = response.status();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|e| CallError::Lost(causes(&e.without_url())))? {
        body.extend_from_slice(&chunk);
        if body.len() > MOST_ANSWER {
            return Err(CallError::Lost("trả lời dài bất thường".to_owned()));
        }
    }
    match serde_json::from_slice::<Value>(&body) {
        Ok(value) if value.is_object() => Ok(value),
        Ok(_) | Err(_) if status.is_client_error() => Err(CallError::Refused(status.as_u16())),
        Ok(_) | Err(_) if body.is_empty() && status.is_success() => Err(CallError::Empty),
        Ok(_) | Err(_) => Err(CallError::Lost(format!("Zalo trả lời không đúng dạng (HTTP {})", status.as_u16()))),
    }
}

fn causes(error: &dyn std::error::Error) -> String {
    std::iter::successors(error.source(), |e| e.source())
        .fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

/// A number that Zalo writes as a number or as a text.
fn number(value: Option<&Value>) -> Option<i64> {
    match value? {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A text as it may be relayed: composed characters, and no mark that Zalo would turn into a mention of everybody.
fn clean(text: &str) -> String {
    let text: String = text.nfc().collect();
    let mut clean = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once("[@") {
        clean.push_str(before);
        rest = after.split_once(']').map_or(after, |(_, after)| after);
    }
    clean.push_str(rest);
    clean
}

/// Cuts a text into pieces within the limit, between lines where it can.
fn split(text: &str) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let mut units = 0;
    for line in text.split_inclusive('\n') {
        if units + utf16_units(line) > MOST_UNITS && units > 0 {
            pieces.push(String::new());
            units = 0;
        }
        for c in line.chars() {
            if units + c.len_utf16() > MOST_UNITS {
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

/// Sends the pieces of a text; once one of them has arrived, a failure of the next is an unknown outcome: repeating
/// all would repeat that one.
async fn send_pieces<F>(text: &str, mut send: impl FnMut(String) -> F) -> Result<(), SendError>
where
    F: Future<Output = Result<(), SendError>>,
{
    for (i, piece) in split(&clean(text)).into_iter().enumerate() {
        send(piece)
            .await
            .map_err(|error| if i == 0 { error } else { SendError::Unknown { detail: error.detail().to_owned() } })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_between_lines_and_lose_nothing() {
        let line = format!("{}\n", "ế".repeat(300));
        let pieces = split(&line.repeat(20));
        assert!(pieces.iter().all(|p| utf16_units(p) <= MOST_UNITS && p.ends_with('\n')));
        assert_eq!(pieces.concat(), line.repeat(20));
        assert!(split(&"𝄞".repeat(1500)).iter().all(|p| utf16_units(p) <= MOST_UNITS));
        assert_eq!(split("ngắn"), ["ngắn"]);
        assert_eq!([1999, 2000, 2001].map(|n| split(&"ế".repeat(n)).len()), [1, 1, 2]);
    }

    #[test]
    fn a_title_cannot_mention_everybody_and_is_composed() {
        assert_eq!(clean("Báo cáo [@12345] quý"), "Báo cáo  quý");
        assert_eq!(clean("a [@ b"), "a  b");
        assert_eq!(clean("e\u{302}\u{301}"), "ế");
    }

    #[test]
    fn numbers_come_as_numbers_or_as_texts() {
        let value = serde_json::json!({ "a": -216, "b": "-14014", "c": null, "d": "x" });
        assert_eq!(
            ["a", "b", "c", "d", "e"].map(|key| number(value.get(key))),
            [Some(-216), Some(-14014), None, None, None]
        );
    }
}
