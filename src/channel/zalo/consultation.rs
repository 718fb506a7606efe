//! Consultation messages of an Official Account ("tin tư vấn"), to people who wrote to it not long ago.
//!
//! Zalo takes them for seven days after a person's last message, free of charge for 48 hours. Whether that holds is
//! asked before sending, so that a refusal costs neither a try nor money.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Duration, Utc};
use serde_json::json;

use super::{
    account::{Account, Call},
    errors::Api,
    number, send_pieces,
    settings::ConsultationSettings,
};
use crate::{
    channel::{Channel, Message},
    domain::notification::SendError,
};

/// Free of charge for so long after the person's last message.
const FREE: Duration = Duration::hours(48);
/// Taken for so long.
const OPEN: Duration = Duration::days(7);

pub struct ConsultationChannel {
    account: Arc<Account>,
    settings: ConsultationSettings,
}

impl ConsultationChannel {
    pub fn new(account: Arc<Account>, settings: ConsultationSettings) -> Self {
        Self { account, settings }
    }

    /// Refuses a person whose window is closed, or would cost what the office does not pay.
    async fn check_window(&self, user: &str, now: DateTime<Utc>) -> Result<(), SendError> {
        let body = Some(json!({ "user_id": user }));
        let call = Call { api: Api::Account, path: "/v3.0/oa/quota/message", query: &[], body };
        let answer = self.account.call(&call, now).await.map_err(|error| match error {
            // Only a question was lost, no message.
            SendError::Unknown { detail } => SendError::Transient { detail, retry_after: None },
            error => error,
        })?;
        let last = number(answer.pointer("/data/last_interaction")).and_then(DateTime::from_timestamp_millis);
        // Without an answer to the question the sending itself will tell.
        let Some(last) = last else { return Ok(()) };
        let refuse = |detail: &str| Err(SendError::Permanent { detail: detail.to_owned() });
        match now - last {
            age if age > OPEN => refuse("người nhận không nhắn cho OA trong 7 ngày qua"),
            age if age > FREE && !self.settings.may_cost => {
                refuse("quá 48 giờ từ lần cuối người nhận nhắn cho OA: tin sẽ mất phí mà cấu hình không cho phép")
            }
            _ => Ok(()),
        }
    }
}

#[async_trait]
impl Channel for ConsultationChannel {
    async fn send(&self, message: &Message) -> Result<(), SendError> {
        self.check_window(&message.to, message.at).await?;
        send_pieces(&message.text, |piece| async move {
            let body = json!({ "recipient": { "user_id": message.to }, "message": { "text": piece } });
            let call = Call { api: Api::Account, path: "/v3.0/oa/message/cs", query: &[], body: Some(body) };
            self.account.call(&call, message.at).await.map(|_| ())
        })
        .await
    }

    async fn keep_up(&self, now: DateTime<Utc>) -> Vec<String> {
        self.account.keep_up(now).await
    }
}
