//! The Bot Platform: errors with HTTP 200, chats with their own answers, people who write to the bot.

use nhacviec::demo::zalo::{FakeZalo, Via};
use reqwest::Method;
use serde_json::{Value, json};

use super::client::{Client, FORM, JSON, at};

const CHAT: &str = "6ede9afa66b88fe6d6a9";

async fn start() -> Client {
    let client = Client::start().await;
    client.zalo.add_chat(CHAT);
    client
}

fn text(text: &str) -> Value {
    json!({ "chat_id": CHAT, "text": text })
}

impl Client {
    /// The number of a call that is refused; 0 when it is not.
    async fn bot_error(&self, method: &str, body: &Value) -> i64 {
        let answer = self.bot(method, body).await;
        let code = answer["error_code"].as_i64().unwrap_or(0);
        assert_eq!(answer["ok"].as_bool(), Some(code == 0), "{answer}");
        code
    }
}

#[tokio::test]
async fn a_message_goes_out_and_has_an_id_as_text_and_a_date_as_number() {
    let client = start().await;
    let answer = client.bot("sendMessage", &text("Nhắc việc")).await;
    let sent = client.zalo.texts();
    assert_eq!((sent[0].via, sent[0].to.as_str(), sent[0].text.as_str()), (Via::Bot, CHAT, "Nhắc việc"));
    let date = at("2026-03-02 09:00:00").timestamp_millis();
    assert_eq!(answer, json!({ "ok": true, "result": { "message_id": sent[0].id, "date": date } }));
}

#[tokio::test]
async fn parameters_may_come_as_a_form_or_in_the_query() {
    let client = start().await;
    let path = format!("/bot{}/sendMessage", FakeZalo::BOT_TOKEN);
    let fields = format!("chat_id={CHAT}&text=Nh%E1%BA%AFc+vi%E1%BB%87c");
    let form = client.call(Method::POST, &path, &[FORM], &fields).await;
    let query = client.call(Method::GET, &format!("{path}?{fields}"), &[], "").await;
    assert_eq!((&form.json()["ok"], &query.json()["ok"]), (&json!(true), &json!(true)));
    assert!(client.sent().iter().all(|(_, text)| text == "Nhắc việc"));
}

#[tokio::test]
async fn a_wrong_token_is_unauthorized_with_http_200() {
    let client = start().await;
    let refused = json!({ "ok": false, "description": "Unauthorized", "error_code": 401 });
    for token in ["1:x", "", "%3A", "1234567890%3AfakeBotTokenAbCdE"] {
        let reply = client.call(Method::POST, &format!("/bot{token}/getMe"), &[JSON], "{}").await;
        assert_eq!((reply.status, reply.json()), (200, refused.clone()), "{token}");
    }
    assert_eq!(client.call(Method::GET, "/bot", &[], "").await.status, 404);
}

#[tokio::test]
async fn a_method_that_does_not_exist_is_a_bad_request_or_not_found() {
    let client = start().await;
    assert_eq!(client.bot_error("sendmessage", &text("x")).await, 400, "upper and lower case count");
    client.zalo.set_unknown_method_code(404);
    assert_eq!(client.bot_error("sendDocument", &json!({})).await, 404);
}

#[tokio::test]
async fn a_text_has_1_to_2000_characters() {
    let client = start().await;
    for (length, code) in [(0, 400), (1, 0), (1999, 0), (2000, 0), (2001, 400)] {
        assert_eq!(client.bot_error("sendMessage", &text(&"ề".repeat(length))).await, code, "{length}");
    }
    assert_eq!(client.bot_error("sendMessage", &text(&"😀".repeat(1001))).await, 400, "units of UTF-16 count");
    assert_eq!(client.sent().len(), 3);
}

#[tokio::test]
async fn rubbish_is_a_bad_request() {
    let client = start().await;
    for body in [
        json!({}),
        json!({ "chat_id": 5, "text": "x" }),
        json!({ "chat_id": CHAT, "text": ["x"] }),
        json!({ "chat_id": CHAT, "text": "x", "parse_mode": "MarkdownV2" }),
        json!([]),
    ] {
        assert_eq!(client.bot_error("sendMessage", &body).await, 400, "{body}");
    }
    assert_eq!(client.bot_error("getUpdates", &json!({ "timeout": "lâu" })).await, 400);
    assert_eq!(client.sent(), []);
}

#[tokio::test]
async fn a_chat_gets_its_own_answer_until_it_is_taken_back() {
    let client = start().await;
    assert_eq!(client.bot_error("sendMessage", &json!({ "chat_id": "la", "text": "x" })).await, 404, "never wrote");
    for code in [403, 404, 408, 429] {
        client.zalo.set_chat_answer(CHAT, code, "Ghi chú");
        let answer = client.bot("sendMessage", &text("x")).await;
        assert_eq!(answer, json!({ "ok": false, "description": "Ghi chú", "error_code": code }));
    }
    assert_eq!(client.sent(), []);
    client.zalo.set_chat_answer(CHAT, 0, "");
    assert_eq!(client.bot_error("sendMessage", &text("x")).await, 0);
    assert_eq!(client.bot_error("sendChatAction", &json!({ "chat_id": CHAT, "action": "typing" })).await, 0);
}

#[tokio::test]
async fn updates_come_one_by_one_as_an_object_and_then_the_request_times_out() {
    let client = start().await;
    client.zalo.receive("a1", "Nguyễn Văn A", "LIENKET 1234");
    client.zalo.receive_in_group("g1", "a1", "Nguyễn Văn A", "@bot chào");
    client.zalo.receive_event(json!({ "event_name": "message.unsupported.received" }));
    let next = async || client.bot("getUpdates", &json!({ "timeout": "30" })).await;
    let first = next().await;
    let id = first["result"]["message"]["message_id"].clone();
    assert!(id.is_string());
    let expected = json!({ "ok": true, "result": {
        "event_name": "message.text.received",
        "message": {
            "from": { "id": "a1", "display_name": "Nguyễn Văn A", "is_bot": false },
            "chat": { "id": "a1", "chat_type": "PRIVATE" },
            "text": "LIENKET 1234", "message_id": id, "date": at("2026-03-02 09:00:00").timestamp_millis(),
        },
    } });
    assert_eq!(first, expected);
    client.zalo.repeat_last();
    assert_eq!(next().await, first, "there is no acknowledgement");
    assert_eq!(next().await["result"]["message"]["chat"], json!({ "id": "g1", "chat_type": "GROUP" }));
    assert_eq!(next().await["result"]["event_name"], "message.unsupported.received");
    let idle = client.bot("getUpdates", &json!({ "timeout": 30 })).await;
    assert_eq!(idle, json!({ "ok": false, "description": "Request timeout", "error_code": 408 }));
    assert_eq!(
        client.bot_error("sendMessage", &json!({ "chat_id": "a1", "text": "x" })).await,
        0,
        "who wrote is known"
    );
}

#[tokio::test]
async fn updates_are_refused_while_a_webhook_is_set() {
    let client = start().await;
    client.zalo.receive("a1", "A", "chào");
    let hook = |url: &str, secret: &str| json!({ "url": url, "secret_token": secret });
    for (url, secret, code) in [
        ("http://webhook.example", "12345678", 400),
        ("https://localhost/x", "12345678", 400),
        ("https://webhook.example", "1234567", 400),
        ("https://webhook.example", "12345678", 0),
    ] {
        assert_eq!(client.bot_error("setWebhook", &hook(url, secret)).await, code, "{url} {secret}");
    }
    assert_eq!(client.bot_error("getUpdates", &json!({})).await, 400);
    assert_eq!(client.bot("getWebhookInfo", &json!({})).await["result"]["url"], "https://webhook.example");
    assert_eq!(client.bot("deleteWebhook", &json!({})).await["result"]["url"], "");
    client.zalo.set_webhook(true);
    assert_eq!(client.bot_error("getUpdates", &json!({})).await, 400);
    client.zalo.set_webhook(false);
    assert_eq!(client.bot_error("getUpdates", &json!({})).await, 0, "nothing was lost");
}

#[tokio::test]
async fn the_bot_tells_whether_it_can_join_groups() {
    let client = start().await;
    let me = client.bot("getMe", &json!({})).await;
    assert_eq!((me["result"]["id"].is_string(), &me["result"]["can_join_groups"]), (true, &json!(false)));
    client.zalo.set_can_join_groups(true);
    assert_eq!(client.bot("getMe", &json!({})).await["result"]["can_join_groups"], true);
}
