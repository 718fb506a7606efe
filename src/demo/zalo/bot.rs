//! The Bot Platform: a static token in the path, errors with HTTP 200, people who write to the bot.
//!
//! An idle `getUpdates` answers "Request timeout" at once instead of after its timeout: no test waits.
//! Bodies as multipart, pictures and stickers are not modelled.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Map, Value, json};

use super::{
    FakeZalo, Host, Via, World, empty_api,
    wire::{Answer, Refusal, Request, decode, refuse},
};

const MAX_TEXT: usize = 2000;

#[derive(Debug)]
pub(super) struct Bot {
    /// The error that each known chat gets, if any.
    chats: BTreeMap<String, Option<(i64, String)>>,
    updates: VecDeque<Value>,
    last_update: Option<Value>,
    webhook: Option<String>,
    can_join_groups: bool,
    unknown_method_code: i64,
}

impl Default for Bot {
    fn default() -> Self {
        Self {
            chats: BTreeMap::new(),
            updates: VecDeque::new(),
            last_update: None,
            webhook: None,
            can_join_groups: false,
            unknown_method_code: 400,
        }
    }
}

impl FakeZalo {
    /// Makes a chat known to which the bot may write.
    pub fn add_chat(&self, chat: &str) {
        self.world().bot.chats.entry(chat.to_owned()).or_default();
    }

    /// Sets the error that messages to a chat get (403, 404, 408, 429 …); 0 is none.
    pub fn set_chat_answer(&self, chat: &str, code: i64, description: &str) {
        let answer = (code != 0).then(|| (code, description.to_owned()));
        self.world().bot.chats.insert(chat.to_owned(), answer);
    }

    /// A person writes to the bot: the chat is known from then on, the message waits for `getUpdates`.
    pub fn receive(&self, chat: &str, display_name: &str, text: &str) {
        self.add_chat(chat);
        self.world().receive(chat, chat, "PRIVATE", display_name, text);
    }

    /// The same in a group, where the bot is mentioned.
    pub fn receive_in_group(&self, group: &str, person: &str, display_name: &str, text: &str) {
        self.add_chat(group);
        self.world().receive(group, person, "GROUP", display_name, text);
    }

    /// Queues any `result` for `getUpdates`: an unsupported event, or rubbish.
    pub fn receive_event(&self, result: Value) {
        self.world().bot.updates.push_back(result);
    }

    /// Lets the next `getUpdates` hand out the last object again.
    pub fn repeat_last(&self) {
        let mut world = self.world();
        if let Some(last) = world.bot.last_update.clone() {
            world.bot.updates.push_front(last);
        }
    }

    /// While a webhook is set, `getUpdates` is refused.
    pub fn set_webhook(&self, is_set: bool) {
        self.world().bot.webhook = is_set.then(|| "https://webhook.example/zalo".to_owned());
    }

    /// What `getMe` says about groups.
    pub fn set_can_join_groups(&self, can_join: bool) {
        self.world().bot.can_join_groups = can_join;
    }

    /// Sets the error of a method that does not exist: 400 unless set, 404 is plausible too.
    pub fn set_unknown_method_code(&self, code: i64) {
        self.world().bot.unknown_method_code = code;
    }
}

impl World {
    fn receive(&mut self, chat: &str, person: &str, chat_type: &str, display_name: &str, text: &str) {
        let id = self.next_id();
        self.bot.updates.push_back(json!({
            "event_name": "message.text.received",
            "message": {
                "from": { "id": person, "display_name": display_name, "is_bot": false },
                "chat": { "id": chat, "chat_type": chat_type },
                "text": text, "message_id": id, "date": self.now.timestamp_millis(),
            },
        }));
    }

    pub(super) fn answer_bot(&mut self, request: &Request) -> Answer {
        let path = decode(&request.path);
        let Some((token, method)) = path.strip_prefix("/bot").and_then(|rest| rest.split_once('/')) else {
            return empty_api();
        };
        let answer =
            if token == FakeZalo::BOT_TOKEN { self.call(method, request) } else { Err(refuse(401, "Unauthorized")) };
        match answer {
            Ok(result) => Answer::json(&json!({ "ok": true, "result": result })),
            Err(refusal) => Host::Bot.refusal(&refusal),
        }
    }

    fn call(&mut self, method: &str, request: &Request) -> Result<Value, Refusal> {
        let parameters = Parameters::read(request)?;
        match method {
            "getMe" => Ok(json!({
                "id": "1459232241454765289", "account_name": "bot.ViDuNhacViec", "account_type": "BASIC",
                "can_join_groups": self.bot.can_join_groups,
            })),
            "getUpdates" => self.next_update(&parameters),
            "sendMessage" => self.send_message(&parameters),
            "sendChatAction" => {
                self.check_chat(parameters.text("chat_id"))?;
                Ok(json!(true))
            }
            "setWebhook" => self.register_webhook(&parameters),
            "deleteWebhook" => {
                self.bot.webhook = None;
                Ok(self.webhook())
            }
            "getWebhookInfo" => Ok(self.webhook()),
            _ => Err(refuse(self.bot.unknown_method_code, "Method not found")),
        }
    }

    fn next_update(&mut self, parameters: &Parameters) -> Result<Value, Refusal> {
        // The table of the manual says text, its example has a number.
        let timeout = parameters.0.get("timeout");
        let is_number =
            |value: &Value| value.is_u64() || value.as_str().is_some_and(|text| text.parse::<u32>().is_ok());
        if !timeout.is_none_or(is_number) {
            return Err(refuse(400, "Bad Request: timeout"));
        }
        if self.bot.webhook.is_some() {
            return Err(refuse(400, "Bad Request: can not use getUpdates while a webhook is set"));
        }
        let update = self.bot.updates.pop_front().ok_or_else(|| refuse(408, "Request timeout"))?;
        self.bot.last_update = Some(update.clone());
        Ok(update)
    }

    fn send_message(&mut self, parameters: &Parameters) -> Result<Value, Refusal> {
        let (chat, text) = (parameters.text("chat_id"), parameters.text("text"));
        // Whether characters or UTF-16 units count is not documented; units are the stricter reading.
        if !(1..=MAX_TEXT).contains(&text.encode_utf16().count()) {
            return Err(refuse(400, "Bad Request: text must have 1 to 2000 characters"));
        }
        if !matches!(parameters.0.get("parse_mode").map(Value::as_str), None | Some(Some("markdown" | "html"))) {
            return Err(refuse(400, "Bad Request: parse_mode"));
        }
        self.check_chat(chat)?;
        let id = self.deliver(Via::Bot, chat, text.to_owned());
        Ok(json!({ "message_id": id, "date": self.now.timestamp_millis() }))
    }

    /// What a chat gets that never wrote to the bot is not documented; 404 is assumed.
    fn check_chat(&self, chat: &str) -> Result<(), Refusal> {
        if chat.is_empty() {
            return Err(refuse(400, "Bad Request: chat_id"));
        }
        match self.bot.chats.get(chat) {
            None => Err(refuse(404, "Not Found")),
            Some(Some((code, description))) => Err(refuse(*code, description)),
            Some(None) => Ok(()),
        }
    }

    fn register_webhook(&mut self, parameters: &Parameters) -> Result<Value, Refusal> {
        let (url, secret) = (parameters.text("url"), parameters.text("secret_token"));
        let is_public = url.strip_prefix("https://").is_some_and(|host| {
            !["localhost", "127.", "10.", "192.168."].iter().any(|private| host.starts_with(private))
        });
        if !is_public || !(8..=256).contains(&secret.len()) {
            return Err(refuse(400, "Bad Request: url or secret_token"));
        }
        self.bot.webhook = Some(url.to_owned());
        Ok(self.webhook())
    }

    fn webhook(&self) -> Value {
        json!({ "url": self.bot.webhook.as_deref().unwrap_or_default(), "updated_at": self.now.timestamp_millis() })
    }
}

/// Parameters of a call; they may come in the query, as a form or as JSON.
struct Parameters(Map<String, Value>);

impl Parameters {
    fn read(request: &Request) -> Result<Self, Refusal> {
        let fields = request.query_fields().into_iter().chain(request.form_fields());
        let mut all: Map<String, Value> = fields.map(|(name, value)| (name, Value::String(value))).collect();
        let is_json = request.header("content-type").is_some_and(|kind| kind.starts_with("application/json"));
        if is_json && !request.body.is_empty() {
            all.extend(request.json_object().ok_or_else(|| refuse(400, "Bad Request: body is not a JSON object"))?);
        }
        Ok(Self(all))
    }

    /// A parameter that is text; anything else counts as missing.
    fn text(&self, name: &str) -> &str {
        self.0.get(name).and_then(Value::as_str).unwrap_or_default()
    }
}
