//! A registered template to a phone number (ZNS; since 2026 "ZBS template message").
//!
//! What the template wants is asked of Zalo once and kept for a day: texts are shortened to its limits on purpose,
//! since a text that is one character too long is refused whole.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chrono::{DateTime, Duration, Utc};
use serde_json::{Map, Value, json};

use super::{
    account::{Account, Call},
    clean,
    errors::Api,
    number,
    settings::{Field, TemplateSettings},
};
use crate::{
    channel::{Channel, Message},
    domain::notification::SendError,
};

/// What Zalo says of the template holds so long.
const KNOWN_FOR: Duration = Duration::hours(24);
/// The longest value of each kind of parameter when Zalo names none: that of a label.
const MOST_CHARACTERS: usize = 30;
/// Zalo's limit for the sender's own mark.
const MOST_TRACKING: usize = 48;

pub struct TemplateChannel {
    account: Arc<Account>,
    settings: TemplateSettings,
    known: Mutex<Option<(DateTime<Utc>, Arc<Registered>)>>,
}

/// The template as Zalo has it.
#[derive(Debug, Default)]
struct Registered {
    status: String,
    /// Name, longest value, whether it must be there.
    parameters: Vec<(String, usize, bool)>,
}

impl TemplateChannel {
    pub fn new(account: Arc<Account>, settings: TemplateSettings) -> Self {
        Self { account, settings, known: Mutex::default() }
    }

    async fn registered(&self, now: DateTime<Utc>) -> Result<Arc<Registered>, SendError> {
        let known = self.known.lock().expect("no panic happens while the lock is held").clone();
        if let Some((at, registered)) = known
            && now - at < KNOWN_FOR
        {
            return Ok(registered);
        }
        let query = [("template_id", self.settings.id.as_str())];
        let call = Call { api: Api::Template, path: "/template/info/v2", query: &query, body: None };
        let answer = self.account.call(&call, now).await.map_err(|error| match error {
            SendError::Unknown { detail } => SendError::Transient { detail, retry_after: None },
            // A template that Zalo does not know is wrong for every message.
            SendError::Permanent { detail } => SendError::ChannelStopped { detail },
            error => error,
        })?;
        let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
        let parameters = answer.pointer("/data/listParams").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let parameter = |p: &Value| {
            let most = number(p.get("maxLength")).and_then(|n| usize::try_from(n).ok()).filter(|n| *n > 0);
            let is_required = p.get("require").and_then(Value::as_bool).unwrap_or(false);
            (text(p.get("name")), most.unwrap_or(MOST_CHARACTERS), is_required)
        };
        let registered = Arc::new(Registered {
            status: text(answer.pointer("/data/status")),
            parameters: parameters.iter().map(parameter).collect(),
        });
        if registered.status == "ENABLE" {
            *self.known.lock().expect("no panic happens while the lock is held") = Some((now, Arc::clone(&registered)));
        }
        Ok(registered)
    }

    /// The values of the template's parameters, each within its length.
    fn values(&self, registered: &Registered, message: &Message) -> Result<Map<String, Value>, SendError> {
        let stopped = |detail: String| Err(SendError::ChannelStopped { detail });
        if registered.status != "ENABLE" {
            return stopped(format!("mẫu tin {} chưa dùng được (trạng thái {})", self.settings.id, registered.status));
        }
        for (name, _, is_required) in &registered.parameters {
            if *is_required && !self.settings.parameters.iter().any(|(known, _)| known == name) {
                return stopped(format!("mẫu tin {} cần tham số «{name}» mà cấu hình chưa có", self.settings.id));
            }
        }
        let mut values = Map::new();
        for (name, field) in &self.settings.parameters {
            let Some((_, most, _)) = registered.parameters.iter().find(|(known, ..)| known == name) else {
                return stopped(format!("mẫu tin {} không có tham số «{name}»", self.settings.id));
            };
            let value = shortened(&clean(field.of(&message.notice)), *most);
            if matches!(field, Field::Due | Field::Date) && value.ends_with('…') {
                return stopped(format!("tham số «{name}» của mẫu tin {} quá ngắn cho một ngày", self.settings.id));
            }
            values.insert(name.clone(), value.into());
        }
        Ok(values)
    }
}

/// One line of at most so many characters.
fn shortened(text: &str, most: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= most {
        return line;
    }
    let head: String = line.chars().take(most.saturating_sub(1)).collect();
    format!("{}…", head.trim_end())
}

/// Vietnamese numbers with their country's prefix, as Zalo takes them everywhere.
fn international(phone: &str) -> String {
    let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
    match digits.strip_prefix('0') {
        Some(rest) => format!("84{rest}"),
        None => digits,
    }
}

#[async_trait]
impl Channel for TemplateChannel {
    async fn send(&self, message: &Message) -> Result<(), SendError> {
        if let Some(wait) = self.account.night_left(message.at) {
            return Err(SendError::NotNow {
                detail: "Zalo không gửi mẫu tin từ 22 giờ đến 6 giờ".to_owned(), wait
            });
        }
        let registered = self.registered(message.at).await?;
        let values = self.values(&registered, message)?;
        let mut body = json!({
            "phone": international(&message.to),
            "template_id": self.settings.id,
            "template_data": values,
            "tracking_id": message.id.chars().take(MOST_TRACKING).collect::<String>(),
        });
        if self.settings.is_development {
            body["mode"] = "development".into();
        }
        let call = Call { api: Api::Template, path: "/message/template", query: &[], body: Some(body) };
        self.account.call(&call, message.at).await.map(|_| ())
    }

    async fn keep_up(&self, now: DateTime<Utc>) -> Vec<String> {
        self.account.keep_up(now).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_cut_to_their_length_in_characters() {
        assert_eq!(shortened("Báo cáo quý", 11), "Báo cáo quý");
        assert_eq!(shortened("Báo cáo quý", 8), "Báo cáo…");
        assert_eq!(shortened("a\nb", 30), "a b");
    }

    #[test]
    fn phone_numbers_get_the_country_prefix() {
        assert_eq!(international("0912 345 678"), "84912345678");
        assert_eq!(international("+84 912 345 678"), "84912345678");
    }
}
