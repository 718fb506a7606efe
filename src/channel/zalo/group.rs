//! Messages to a group that the Official Account made (GMF).

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde_json::json;

use super::{
    account::{Account, Call},
    errors::Api,
    send_pieces,
};
use crate::{
    channel::{Channel, Message},
    domain::notification::SendError,
};

pub struct GroupChannel {
    account: Arc<Account>,
}

impl GroupChannel {
    pub fn new(account: Arc<Account>) -> Self {
        Self { account }
    }
}

#[async_trait]
impl Channel for GroupChannel {
    async fn send(&self, message: &Message) -> Result<(), SendError> {
        send_pieces(&message.text, |piece| async move {
            let body = json!({ "recipient": { "group_id": message.to }, "message": { "text": piece } });
            let call = Call { api: Api::Account, path: "/v3.0/oa/group/message", query: &[], body: Some(body) };
            self.account.call(&call, message.at).await.map(|_| ())
        })
        .await
    }

    async fn keep_up(&self, now: DateTime<Utc>) -> Vec<String> {
        self.account.keep_up(now).await
    }
}
