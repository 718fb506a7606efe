//! Templates by phone: what is refused, what is counted, what is told afterwards.

use nhacviec::demo::zalo::{Fault, Template, Via};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::client::{Client, JSON, at};

const SEND: &str = "/message/template";
const PHONE: &str = "84987654321";

/// A server with one template of a task's name and a note that may be left out.
async fn start() -> Client {
    let client = Client::start().await;
    let mut template = Template::enabled("375847", &[("ten_viec", 30), ("ghi_chu", 5)]);
    template.params[1].is_required = false;
    client.zalo.add_template(template);
    client
}

fn message() -> Value {
    json!({
        "phone": PHONE, "template_id": "375847", "template_data": { "ten_viec": "Báo cáo quý I" }, "tracking_id": "VIEC_1",
    })
}

/// The message with one field changed.
fn with(field: &str, value: Value) -> Value {
    let mut message = message();
    message[field] = value;
    message
}

impl Client {
    async fn send(&self, message: &Value) -> i64 {
        self.post(SEND, message).await.error()
    }

    async fn send_with(&self, field: &str, value: Value) -> i64 {
        self.send(&with(field, value)).await
    }
}

#[tokio::test]
async fn a_message_is_accepted_with_times_and_quota_as_text() {
    let client = start().await;
    let receipt = client.post(SEND, &message()).await.good();
    let sent = client.zalo.texts();
    assert_eq!((sent[0].via, sent[0].to.as_str()), (Via::Template, PHONE));
    assert_eq!(sent[0].text, r#"{"ten_viec":"Báo cáo quý I"}"#);
    let expected = json!({
        "msg_id": sent[0].id, "sent_time": at("2026-03-02 09:00:00").timestamp_millis().to_string(),
        "sending_mode": "1", "quota": { "dailyQuota": "500", "remainingQuota": "499" },
    });
    assert_eq!(receipt, expected);

    client.zalo.set_sending_mode_null(true);
    let receipt = client.post(SEND, &message()).await.good();
    assert_eq!(receipt["sending_mode"], Value::Null);
    assert_eq!(receipt["quota"], json!({ "dailyQuota": "0", "remainingQuota": "0" }), "and yet all is well");
    assert_eq!(client.zalo.texts().len(), 2);
}

#[tokio::test]
async fn without_the_bare_token_header_the_sender_is_nobody() {
    let client = start().await;
    let (access, _) = client.zalo.tokens();
    let body = message().to_string();
    let bearer = format!("Bearer {access}");
    for headers in [&[JSON][..], &[JSON, ("authorization", &bearer)], &[JSON, ("access_token", &bearer)]] {
        let reply = client.call(Method::POST, SEND, headers, &body).await;
        assert_eq!(reply.json(), json!({ "error": -124, "message": "Access token invalid" }));
        assert_eq!(reply.status, 200);
    }
    assert_eq!(client.sent(), []);
}

#[tokio::test]
async fn a_body_that_is_no_json_object_is_refused() {
    let client = start().await;
    assert_eq!(client.post_text(SEND, "").await.error(), -121);
    for body in ["{", "[]", "null", "\"x\"", "phone=84987654321", "\u{0}"] {
        assert_eq!(client.post_text(SEND, body).await.error(), -122, "{body}");
    }
    assert_eq!(client.post_text(SEND, "{}").await.error(), -108);
}

#[tokio::test]
async fn a_phone_number_has_four_good_forms() {
    let client = start().await;
    for phone in [PHONE, "+84987654321", "0987654321", "987654321"] {
        assert_eq!(client.send_with("phone", json!(phone)).await, 0, "{phone}");
    }
    assert!(client.sent().iter().all(|(to, _)| to == PHONE));
    for phone in [json!(""), json!("113"), json!("0204 3854 123"), json!("8498765432x"), json!(84_987_654_321_u64)] {
        assert_eq!(client.send_with("phone", phone.clone()).await, -108, "{phone}");
    }
}

#[tokio::test]
async fn a_hashed_number_goes_to_the_same_phone() {
    let client = start().await;
    let hash = Sha256::digest(PHONE).iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    let path = "/message/template/hashphone";
    assert_eq!(client.post(path, &with("hash_phone", json!(hash))).await.error(), 0);
    assert_eq!(client.sent()[0].0, hash);
    client.zalo.set_phone_answer(PHONE, -118);
    assert_eq!(client.post(path, &with("hash_phone", json!(hash))).await.error(), -118);
    assert_eq!(client.post(path, &with("hash_phone", json!("84"))).await.error(), -108);
}

#[tokio::test]
async fn a_template_must_be_known_and_approved() {
    let client = start().await;
    assert_eq!(client.send_with("template_id", json!("1")).await, -109);
    assert_eq!(client.send_with("template_id", json!(375_847)).await, -109, "the id is text");
    for status in ["PENDING_REVIEW", "REJECT", "DISABLE"] {
        client.zalo.add_template(Template { status: status.to_owned(), ..Template::enabled("2", &[]) });
        assert_eq!(client.send_with("template_id", json!("2")).await, -131, "{status}");
    }
    for code in [-117, -145, -146, -147] {
        client.zalo.set_template_answer("375847", code);
        assert_eq!(client.send(&message()).await, code);
    }
    assert_eq!(client.sent(), []);
}

#[tokio::test]
async fn parameters_are_missed_and_measured_in_code_points_as_they_come() {
    let client = start().await;
    let name = |text: &str| json!({ "ten_viec": text });
    for (values, code) in [
        (json!({}), -111),
        (json!(null), -111),
        (json!("x"), -111),
        (json!({ "ghi_chu": "x" }), -1122),
        (name(""), -1122),
        (name(&"ề".repeat(30)), 0),
        (name(&"ề".repeat(31)), -1121),
        // The same 30 letters decomposed are 90 code points.
        (name(&"e\u{302}\u{300}".repeat(30)), -1121),
        (json!({ "ten_viec": "x", "ghi_chu": "quá dài" }), -1121),
        (json!({ "ten_viec": "x", "ghi_chu": null }), 0),
        (json!({ "ten_viec": 5 }), -1124),
        (json!({ "ten_viec": "x", "la": "y" }), -132),
    ] {
        assert_eq!(client.send_with("template_data", values.clone()).await, code, "{values}");
    }
    let mut bare = message();
    bare.as_object_mut().unwrap().remove("template_data");
    assert_eq!(client.send(&bare).await, -111);
}

#[tokio::test]
async fn a_tracking_id_is_measured_but_its_repetition_is_a_second_message() {
    let client = start().await;
    assert_eq!(client.send(&message()).await, 0);
    assert_eq!(client.send(&message()).await, 0);
    assert_eq!(client.sent().len(), 2);
    for (id, code) in
        [(json!("x".repeat(48)), 0), (json!("x".repeat(49)), -132), (json!("việc"), -132), (json!(1), -132)]
    {
        assert_eq!(client.send_with("tracking_id", id.clone()).await, code, "{id}");
    }
}

#[tokio::test]
async fn development_mode_reaches_administrators_only_and_costs_no_quota() {
    let client = start().await;
    let trial = with("mode", json!("development"));
    assert_eq!(client.send(&trial).await, -127);
    client.zalo.add_admin("0987654321");
    client.zalo.set_quota(0);
    let receipt = client.post(SEND, &trial).await.good();
    assert_eq!(receipt["quota"]["remainingQuota"], "0");
    client.zalo.set_wallet_empty(true);
    assert_eq!(client.send(&trial).await, -126);
    assert_eq!(client.send_with("mode", json!("thử")).await, -132);
}

#[tokio::test]
async fn a_sending_mode_beyond_the_quota_is_not_for_this_tag() {
    let client = start().await;
    for (mode, code) in [("1", 0), ("3", -162), ("2", -161)] {
        assert_eq!(client.send_with("sending_mode", json!(mode)).await, code);
    }
}

#[tokio::test]
async fn a_template_forbidden_at_night_is_refused_by_the_clock_of_vietnam() {
    let client = start().await;
    client.zalo.add_template(Template { is_night_forbidden: true, ..Template::enabled("9", &[]) });
    let night = json!({ "phone": PHONE, "template_id": "9", "template_data": {} });
    for (time, code) in [("21:59:59", 0), ("22:00:00", -133), ("05:59:59", -133), ("06:00:00", 0)] {
        client.zalo.set_time(at(&format!("2026-03-02 {time}")));
        assert_eq!(client.send(&night).await, code, "{time}");
        assert_eq!(client.send(&message()).await, 0, "other templates go at any hour");
    }
}

#[tokio::test]
async fn the_quota_counts_down_and_starts_anew_the_next_day() {
    let client = start().await;
    client.zalo.set_quota(2);
    let mut codes = Vec::new();
    for _ in 0..3 {
        codes.push(client.send(&message()).await);
    }
    assert_eq!(codes, [0, 0, -144]);
    let quota = client.get("/message/quota").await.good();
    assert_eq!((quota["dailyQuota"].as_u64(), quota["remainingQuota"].as_u64()), (Some(500), Some(0)), "numbers here");
    assert_eq!(quota["dailyQuotaPromotion"], Value::Null);
    client.zalo.set_time(at("2026-03-02 23:59:59"));
    assert_eq!(client.send(&message()).await, -144);
    client.zalo.set_time(at("2026-03-03 00:00:00"));
    assert_eq!(client.send(&message()).await, 0);
    assert_eq!(client.sent().len(), 3);
}

#[tokio::test]
async fn an_empty_wallet_and_faults_of_the_house_refuse_everybody() {
    let client = start().await;
    client.zalo.set_wallet_empty(true);
    assert_eq!(client.send(&message()).await, -115);
    client.zalo.set_wallet_empty(false);
    for code in [-135, -137, -100, -9999] {
        client.zalo.fail_once(SEND, Fault::Error(code));
        assert_eq!(client.send(&message()).await, code);
    }
    assert_eq!(client.sent(), []);
    assert_eq!(client.send(&message()).await, 0);
}

#[tokio::test]
async fn a_phone_gets_its_own_answer_until_it_is_taken_back() {
    let client = start().await;
    for code in [-110, -114, -118, -119, -139, -141] {
        client.zalo.set_phone_answer("0987654321", code);
        assert_eq!(client.send(&message()).await, code);
        assert_eq!(client.send_with("phone", json!("84912345678")).await, 0);
    }
    client.zalo.set_phone_answer(PHONE, 0);
    assert_eq!(client.send(&message()).await, 0);
}

#[tokio::test]
async fn a_message_is_accepted_first_and_delivered_when_asked_again() {
    let client = start().await;
    let id = client.post(SEND, &message()).await.good()["msg_id"].as_str().unwrap().to_owned();
    let ask = async |query: &str| client.get(&format!("/message/status?{query}")).await.good();
    let first = ask(&format!("message_id={id}")).await;
    assert_eq!((&first["status"], &first["delivery_time"]), (&json!(0), &json!("")));
    let second = ask(&format!("message_id={id}&phone={PHONE}")).await;
    assert_eq!(second["status"], 1);
    assert_eq!(second["delivery_time"], at("2026-03-02 09:00:00").timestamp_millis().to_string());
    client.zalo.set_message_status(&id, 0);
    assert_eq!(ask(&format!("message_id={id}")).await["status"], 0, "it stays on its way");
    assert_eq!(ask("message_id=khong-co").await["status"], -1);
    assert_eq!(client.get("/message/status").await.error(), -107);
}

#[tokio::test]
async fn a_template_tells_its_parameters_and_its_status_as_a_word() {
    let client = start().await;
    let detail = client.get("/template/info/v2?template_id=375847").await.good();
    assert_eq!((&detail["templateId"], &detail["status"]), (&json!("375847"), &json!("ENABLE")));
    let params = detail["listParams"].as_array().unwrap();
    let told = |param: &Value| (param["name"].clone(), param["maxLength"].as_u64(), param["require"].as_bool());
    let expected = [(json!("ten_viec"), Some(30), Some(true)), (json!("ghi_chu"), Some(5), Some(false))];
    assert_eq!(params.iter().map(told).collect::<Vec<_>>(), expected);
    assert_eq!(client.get("/template/info/v2?template_id=1").await.error(), -109);
    client.zalo.set_numeric_template_ids(true);
    assert_eq!(client.get("/template/info/v2?template_id=375847").await.good()["templateId"], 375_847);
    let sample = client.get("/template/sample-data?template_id=375847").await.good();
    assert!(sample["ten_viec"].is_string());
}

#[tokio::test]
async fn the_list_of_templates_is_filtered_by_a_number_never_by_a_word() {
    let client = start().await;
    client.zalo.add_template(Template { status: "REJECT".to_owned(), ..Template::enabled("1", &[]) });
    let list = async |query: &str| client.get(&format!("/template/all?{query}")).await;
    assert_eq!(list("offset=0&limit=100").await.good().as_array().unwrap().len(), 2);
    assert_eq!(list("offset=0&limit=100&status=3").await.good()[0]["templateId"], "1");
    assert_eq!(list("offset=1&limit=1").await.good()[0]["templateId"], "375847");
    for query in ["status=ENABLE", "limit=101", "offset=-1"] {
        assert_eq!(list(query).await.error(), -132, "{query}");
    }
}
