//! A Zalo bot's one-to-one chat (`sendMessage` of the bot platform), and the messages people send to it.
//!
//! The token is part of the URL: errors are stripped of it.

use std::time::Duration;

use async_trait::async_trait;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::{CallError, client, exchange, number, send_pieces, settings::ZaloBotSettings};
use crate::{
    channel::{Channel, Message},
    domain::notification::SendError,
};

/// Wait after "quota exceeded"; the platform names none.
const QUOTA_WAIT: chrono::Duration = chrono::Duration::minutes(5);
/// The platform holds a request for messages open so long.
const POLL_SECONDS: u64 = 20;
/// The request must outlast the poll.
const POLL_DEADLINE: Duration = Duration::from_secs(POLL_SECONDS + 10);

/// The bot of the settings, for sending, linking and testing.
#[derive(Debug)]
pub struct Bot {
    settings: ZaloBotSettings,
    client: Result<reqwest::Client, String>,
}

/// A text that somebody sent to the bot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incoming {
    /// Number of the message, by which a repetition is recognised.
    pub id: String,
    /// The chat from which it came.
    pub chat: String,
    /// The sender's name as they show it.
    pub name: String,
    /// The text.
    pub text: String,
}

/// The bot as the platform knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Name of its account.
    pub name: String,
    /// Whether it may be invited into groups.
    pub can_join_groups: bool,
}

impl Bot {
    /// A bot of these settings; nothing is connected yet.
    #[must_use]
    pub fn new(settings: ZaloBotSettings) -> Self {
        Self { settings, client: client() }
    }

    async fn call(&self, method: &str, body: &Value, deadline: Duration) -> Result<Value, SendError> {
        let down = |detail: String| SendError::ChannelDown { detail };
        let client = self.client.as_ref().map_err(|sentence| down(sentence.clone()))?;
        let token =
            self.settings.token.read().map_err(|e| SendError::ChannelStopped {
                detail: format!("không đọc được mã Zalo Bot: {e}"),
            })?;
        let mut url = self.settings.base_url.clone();
        url.set_path(&format!("{}/bot{}/{method}", url.path().trim_end_matches('/'), token.expose_secret()));
        let request = client.post(url).header("Content-Type", "application/json").body(body.to_string());
        let answer = exchange(request, deadline).await.map_err(|error| match error {
            // A proxy's or the platform's way of saying what its JSON says otherwise.
            CallError::Refused(401) => {
                SendError::ChannelStopped { detail: "Zalo không nhận mã bot (HTTP 401)".to_owned() }
            }
            CallError::Refused(429) => quota("Zalo trả lời HTTP 429".to_owned()),
            error => error.of_message(),
        })?;
        match answer.get("ok").and_then(Value::as_bool) {
            Some(true) => Ok(answer.get("result").cloned().unwrap_or_default()),
            Some(false) => Err(classify(&answer)),
            None => Err(SendError::Unknown { detail: "Zalo trả lời không đúng dạng".to_owned() }),
        }
    }

    /// Sends one text of at most 2,000 characters.
    ///
    /// # Errors
    /// Classified for the message.
    pub async fn send_text(&self, chat: &str, text: &str) -> Result<(), SendError> {
        self.call("sendMessage", &json!({ "chat_id": chat, "text": text }), self.settings.deadline).await.map(|_| ())
    }

    /// The next message to the bot, or `None` when nobody wrote for a while.
    ///
    /// # Errors
    /// When the platform cannot be asked.
    pub async fn next_message(&self) -> Result<Option<Incoming>, SendError> {
        let answer = match self.call("getUpdates", &json!({ "timeout": POLL_SECONDS }), POLL_DEADLINE).await {
            Ok(answer) => answer,
            // The usual end of a quiet wait; nothing was to be sent, so nothing is unknown.
            Err(SendError::Unknown { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let text = |pointer: &str| answer.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let incoming = Incoming {
            id: text("/message/message_id"),
            chat: text("/message/chat/id"),
            name: text("/message/from/display_name"),
            text: text("/message/text"),
        };
        // In a group the bot links nobody: everybody there would read that person's messages.
        let is_private = answer.pointer("/message/chat/chat_type").and_then(Value::as_str) != Some("GROUP");
        Ok((!incoming.chat.is_empty() && is_private).then_some(incoming))
    }

    /// Who the bot is; proves that the token is right.
    ///
    /// # Errors
    /// When the platform cannot be asked, or does not know the token.
    pub async fn identity(&self) -> Result<Identity, SendError> {
        let answer = self.call("getMe", &json!({}), self.settings.deadline).await?;
        Ok(Identity {
            name: answer.get("account_name").and_then(Value::as_str).unwrap_or_default().to_owned(),
            can_join_groups: answer.get("can_join_groups").and_then(Value::as_bool).unwrap_or(false),
        })
    }
}

/// Sending over the bot.
pub struct BotChannel {
    bot: Bot,
}

impl BotChannel {
    pub fn new(settings: ZaloBotSettings) -> Self {
        Self { bot: Bot::new(settings) }
    }
}

#[async_trait]
impl Channel for BotChannel {
    async fn send(&self, message: &Message) -> Result<(), SendError> {
        send_pieces(&message.text, |piece| async move { self.bot.send_text(&message.to, &piece).await }).await
    }
}

fn quota(detail: String) -> SendError {
    SendError::Transient { detail, retry_after: Some(QUOTA_WAIT) }
}

/// The platform's error codes; an unknown one concerns the recipient, not the channel.
fn classify(answer: &Value) -> SendError {
    let code = number(answer.get("error_code")).unwrap_or_default();
    let description = answer.get("description").and_then(Value::as_str).unwrap_or_default();
    let detail = format!("Zalo báo lỗi {code}: {description}");
    match code {
        401 => SendError::ChannelStopped { detail: format!("{detail}; mã bot sai hoặc đã đổi") },
        408 => SendError::Unknown { detail },
        403 | 500.. => SendError::Transient { detail, retry_after: None },
        429 => quota(detail),
        // An idle wait for messages ends so, with or without a code.
        0 if description.contains("timeout") => SendError::Unknown { detail },
        _ => SendError::Permanent { detail },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_documented_code_has_its_class() {
        let class = |code: i64| classify(&json!({ "ok": false, "error_code": code, "description": "" }));
        assert!(matches!(class(401), SendError::ChannelStopped { .. }));
        assert!(matches!(class(408), SendError::Unknown { .. }));
        assert!(matches!(class(429), SendError::Transient { retry_after: Some(_), .. }));
        assert!(matches!(class(403), SendError::Transient { retry_after: None, .. }));
        assert!(matches!(class(400), SendError::Permanent { .. }));
        assert!(matches!(class(404), SendError::Permanent { .. }));
    }
}
