//! The official account: windows of consultation, groups, templates by user, the pace of calls.

use nhacviec::demo::zalo::{Fault, Template, Via};
use reqwest::Method;
use serde_json::{Value, json};

use super::client::{Client, JSON, at};

const CONSULT: &str = "/v3.0/oa/message/cs";
const GROUP: &str = "/v3.0/oa/group/message";
const BY_USER: &str = "/v3.0/oa/message/template";
const USER: &str = "2512523625412515";

/// A server with a user who wrote half an hour ago.
async fn start() -> Client {
    let client = Client::start().await;
    client.zalo.add_user(USER, at("2026-03-02 08:30:00"), "Nguyễn Văn A", Some("84987654321"));
    client
}

fn to_user(text: &str) -> Value {
    json!({ "recipient": { "user_id": USER }, "message": { "text": text } })
}

fn to_group(group: &str, text: &str) -> Value {
    json!({ "recipient": { "group_id": group }, "message": { "text": text } })
}

#[tokio::test]
async fn a_consultation_message_is_free_for_two_days_charged_for_seven_and_then_refused() {
    let client = start().await;
    let receipt = client.post(CONSULT, &to_user("Nhắc việc")).await.good();
    let sent = client.zalo.texts();
    assert_eq!((sent[0].via, sent[0].to.as_str(), sent[0].text.as_str()), (Via::Consultation, USER, "Nhắc việc"));
    let expected = json!({
        "message_id": sent[0].id, "user_id": USER,
        "sent_time": at("2026-03-02 09:00:00").timestamp_millis().to_string(),
        "quota": { "quota_type": "reply", "remain": "8", "total": "8" },
    });
    assert_eq!(receipt, expected);
    for (time, quota) in [
        ("2026-03-04 08:30:00", Some("reply")),
        ("2026-03-04 08:30:01", Some("sub_quota")),
        ("2026-03-09 08:30:00", Some("sub_quota")),
        ("2026-03-09 08:30:01", None),
    ] {
        client.zalo.set_time(at(time));
        let (_, refresh) = client.zalo.tokens();
        client.refresh(&refresh).await;
        let reply = client.post(CONSULT, &to_user("Nhắc việc")).await;
        match quota {
            Some(quota) => assert_eq!(reply.good()["quota"]["quota_type"], quota, "{time}"),
            None => assert_eq!(reply.error(), -230, "{time}"),
        }
    }
    assert_eq!(client.zalo.texts().len(), 4);
    client.zalo.add_user(USER, at("2026-03-09 08:30:00"), "Nguyễn Văn A", None);
    assert_eq!(client.post(CONSULT, &to_user("Nhắc việc")).await.error(), 0, "the user wrote again");
}

#[tokio::test]
async fn a_text_has_at_most_2000_code_points() {
    let client = start().await;
    client.zalo.add_group("g1", true);
    // Outside the basic plane, so that UTF-16 units and bytes would count differently.
    for (length, code) in [(1999, 0), (2000, 0), (2001, -210)] {
        let text = "😀".repeat(length);
        assert_eq!(client.post(CONSULT, &to_user(&text)).await.error(), code, "{length}");
        assert_eq!(client.post(GROUP, &to_group("g1", &text)).await.error(), code, "{length}");
    }
    assert_eq!(client.post(CONSULT, &to_user("")).await.error(), -201);
}

#[tokio::test]
async fn users_who_do_not_follow_or_have_their_own_answer_get_nothing() {
    let client = start().await;
    let stranger = json!({ "recipient": { "user_id": "1" }, "message": { "text": "x" } });
    assert_eq!(client.post(CONSULT, &stranger).await.error(), -213);
    for body in [json!({}), json!({ "recipient": { "user_id": 1 }, "message": { "text": "x" } })] {
        assert_eq!(client.post(CONSULT, &body).await.error(), -201, "{body}");
    }
    for code in [-213, -217, -227, -232, -244] {
        client.zalo.set_user_answer(USER, code);
        assert_eq!(client.post(CONSULT, &to_user("x")).await.error(), code);
    }
    assert_eq!(client.sent(), []);
    client.zalo.set_user_answer(USER, 0);
    assert_eq!(client.post(CONSULT, &to_user("x")).await.error(), 0);
}

#[tokio::test]
async fn rubbish_instead_of_json_is_refused() {
    let client = start().await;
    for path in [CONSULT, GROUP, BY_USER, "/v3.0/oa/quota/message"] {
        for body in ["", "{", "[]", "\u{0}", "{\"recipient\":[]"] {
            assert_eq!(client.post_text(path, body).await.error(), -201, "{path} {body}");
        }
    }
}

#[tokio::test]
async fn without_the_bare_token_header_the_caller_is_nobody() {
    let client = start().await;
    let bearer = format!("Bearer {}", client.zalo.tokens().0);
    let body = to_user("x").to_string();
    for headers in [&[JSON][..], &[JSON, ("authorization", &bearer)]] {
        assert_eq!(client.call(Method::POST, CONSULT, headers, &body).await.error(), -216);
    }
    assert_eq!(client.sent(), []);
}

#[tokio::test]
async fn every_answer_tells_the_calls_left_and_none_left_means_not_executed() {
    let client = start().await;
    let rate = |reply: &super::client::Reply| {
        let header = |name: &str| reply.headers.get(name).cloned().unwrap_or_default();
        (header("x-ratelimit-limit"), header("x-ratelimit-remain"))
    };
    let of = |left: &str| ("4000".to_owned(), left.to_owned());
    assert_eq!(rate(&client.post(CONSULT, &to_user("x")).await), of("3999"));
    assert_eq!(rate(&client.post_text(CONSULT, "").await), of("3998"), "errors count too");
    client.zalo.set_calls_left(1);
    assert_eq!(rate(&client.post(CONSULT, &to_user("x")).await), of("0"));
    let reply = client.post(CONSULT, &to_user("x")).await;
    assert_eq!((reply.error(), rate(&reply)), (-32, of("0")));
    assert_eq!(client.sent().len(), 2);
    client.zalo.set_time(at("2026-03-02 09:01:00"));
    assert_eq!(rate(&client.post(CONSULT, &to_user("x")).await), of("3999"), "the next minute");
    client.zalo.fail_once(CONSULT, Fault::Error(-32));
    let reply = client.post(CONSULT, &to_user("x")).await;
    assert_eq!((reply.error(), rate(&reply)), (-32, of("3999")));
}

#[tokio::test]
async fn the_quota_may_be_absent_from_answers() {
    let client = start().await;
    client.zalo.set_quota_hidden(true);
    assert_eq!(client.post(CONSULT, &to_user("x")).await.good().get("quota"), None);
}

#[tokio::test]
async fn a_group_gets_messages_while_it_is_enabled_and_the_account_is_in_it() {
    let client = start().await;
    client.zalo.add_group("f414", true);
    client.zalo.add_group("f415", false);
    let receipt = client.post(GROUP, &to_group("f414", "Nhắc việc")).await.good();
    let sent = client.zalo.texts();
    assert_eq!((sent[0].via, sent[0].to.as_str()), (Via::Group, "f414"));
    assert_eq!(receipt, json!({ "message_id": sent[0].id, "group_id": "f414" }));
    assert_eq!(client.post(GROUP, &to_group("f415", "x")).await.error(), -237);
    assert_eq!(client.post(GROUP, &to_group("f416", "x")).await.error(), -403);
    let list = client.get("/v3.0/oa/group/getgroupsofoa?offset=0&count=5").await.good();
    let status = |group: &Value| (group["group_id"].clone(), group["status"].clone());
    let expected = [(json!("f414"), json!("enabled")), (json!("f415"), json!("disabled"))];
    assert_eq!(list["groups"].as_array().unwrap().iter().map(status).collect::<Vec<_>>(), expected);
    assert_eq!(client.sent().len(), 1);
}

#[tokio::test]
async fn a_template_reaches_a_user_who_has_long_been_silent() {
    let client = start().await;
    client.zalo.add_template(Template::enabled("5", &[("ten", 10)]));
    client.zalo.add_user("7", at("2025-01-01 08:00:00"), "B", None);
    let to = |user: &str, values: Value| json!({ "user_id": user, "template_id": "5", "template_data": values });
    let good = to("7", json!({ "ten": "Báo cáo" }));
    let receipt = client.post(BY_USER, &good).await.good();
    let sent = client.zalo.texts();
    assert_eq!(
        (sent[0].via, sent[0].to.as_str(), sent[0].text.as_str()),
        (Via::TemplateByUser, "7", r#"{"ten":"Báo cáo"}"#)
    );
    assert_eq!((&receipt["message_id"], receipt.get("msg_id")), (&json!(sent[0].id), None));
    assert_eq!(receipt["quota"]["quota_type"], "purchase_quota");
    let error = async |body: Value| client.post(BY_USER, &body).await.error();
    assert_eq!(error(to("7", json!({ "ten": "x".repeat(11) }))).await, -210);
    assert_eq!(error(to("7", json!({}))).await, -201);
    assert_eq!(error(to("8", json!({ "ten": "x" }))).await, -213);
    let nested = json!({ "recipient": { "user_id": "7" }, "template_id": "5", "template_data": { "ten": "x" } });
    assert_eq!(error(nested).await, -201);
    client.zalo.set_template_answer("5", -249);
    assert_eq!(error(good.clone()).await, -249);
    client.zalo.set_template_answer("5", 0);
    client.zalo.set_wallet_empty(true);
    assert_eq!(error(good).await, -321);
    assert_eq!(client.sent().len(), 1);
}

#[tokio::test]
async fn profiles_tell_the_last_interaction_and_the_phone() {
    let client = start().await;
    let quota = client.post("/v3.0/oa/quota/message", &json!({ "user_id": USER })).await.good();
    assert_eq!(quota["last_interaction"], at("2026-03-02 08:30:00").timestamp_millis().to_string());
    let detail =
        async |user: &str| client.get(&format!("/v3.0/oa/user/detail?data=%7B%22user_id%22%3A%22{user}%22%7D")).await;
    let known = detail(USER).await.good();
    assert_eq!(known["display_name"], "Nguyễn Văn A");
    assert_eq!(known["user_last_interaction_date"], "02/03/2026");
    assert_eq!(known["shared_info"]["phone"], "84987654321");
    assert_eq!(detail("1").await.error(), -213);
    assert_eq!(client.get("/v3.0/oa/user/detail?data=%7B").await.error(), -201);
    client.zalo.add_user("1", at("2026-03-01 08:00:00"), "B", None);
    assert_eq!(detail("1").await.good().get("shared_info"), None);
}

#[tokio::test]
async fn users_come_in_pages_of_fifty() {
    let client = start().await;
    client.zalo.add_user("1", at("2026-03-01 08:00:00"), "B", None);
    let list = async |offset: u32, count: u32| {
        let query = format!("%7B%22offset%22%3A{offset}%2C%22count%22%3A{count}%7D");
        client.get(&format!("/v3.0/oa/user/getlist?data={query}")).await
    };
    let page = list(1, 50).await.good();
    assert_eq!((page["total"].as_u64(), &page["users"]), (Some(2), &json!([{ "user_id": USER }])));
    assert_eq!((list(0, 51).await.error(), list(9952, 1).await.error()), (-210, -210));
}

#[tokio::test]
async fn the_account_tells_its_package_and_old_paths_are_closed() {
    let client = start().await;
    let account = client.get("/v2.0/oa/getoa").await.good();
    assert_eq!((account["is_verified"].as_bool(), account["package_name"].is_string()), (Some(true), true));
    assert_eq!(client.post("/v2.0/oa/message", &to_user("x")).await.error(), -240);
    for path in ["/v3.0/oa/message/transaction", "/v3.0/oa/group/listgroup", "/v3.0/oa/", "/khong/co", "/"] {
        let reply = client.post(path, &to_user("x")).await;
        assert_eq!((reply.status, reply.json()["message"].as_str()), (404, Some("empty api")), "{path}");
    }
    assert_eq!(client.get(CONSULT).await.status, 404, "a send is no GET");
    assert_eq!(client.sent(), []);
}
