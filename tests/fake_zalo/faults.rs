//! Faults on demand: what the client sees, and whether the message counts all the same.

use nhacviec::demo::zalo::{FakeZalo, Fault};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::client::{Client, JSON};

const CHAT: &str = "6ede9afa66b88fe6d6a9";

async fn start() -> Client {
    let client = Client::start().await;
    client.zalo.add_chat(CHAT);
    client
}

fn text() -> Value {
    json!({ "chat_id": CHAT, "text": "Nhắc việc" })
}

fn request(client: &Client) -> RequestBuilder {
    let path = format!("/bot{}/sendMessage", FakeZalo::BOT_TOKEN);
    client.request(Method::POST, &path, &[JSON], &text().to_string())
}

#[tokio::test]
async fn a_connection_breaks_before_or_after_the_message_counts() {
    let client = start().await;
    for (fault, count) in [(Fault::DropBefore, 0), (Fault::DropAfter, 1)] {
        client.zalo.fail_once("sendMessage", fault);
        assert!(request(&client).send().await.is_err(), "{fault:?}");
        assert_eq!(client.sent().len(), count, "{fault:?}");
    }
    assert_eq!(client.zalo.requests().len(), 2, "each was seen once");
    assert_eq!(client.bot("sendMessage", &text()).await["ok"], true, "the fault was for one time");
}

#[tokio::test]
async fn an_answer_never_comes_whether_or_not_the_message_counts() {
    let client = start().await;
    for (fault, count) in [(Fault::Silence, 0), (Fault::SilenceAfter, 1)] {
        client.zalo.fail_once("sendMessage", fault);
        client.send_and_leave(request(&client)).await;
        assert_eq!(client.sent().len(), count, "{fault:?}");
    }
}

#[tokio::test]
async fn gateways_answer_in_html_or_with_nothing() {
    let client = start().await;
    for (fault, status, start, count) in [
        (Fault::Http(500), 500, "<html>", 0),
        (Fault::Http(401), 401, "<html>", 0),
        (Fault::Http(429), 429, "<html>", 0),
        (Fault::Html200, 200, "<html>", 0),
        (Fault::Empty200, 200, "", 0),
        (Fault::HttpAfter(502), 502, "<html>", 1),
    ] {
        client.zalo.fail_once("sendMessage", fault);
        let response = request(&client).send().await.expect("an answer");
        assert_eq!(response.status().as_u16(), status, "{fault:?}");
        let body = response.text().await.expect("text");
        assert!(body.starts_with(start) && body.is_empty() == start.is_empty(), "{fault:?}: {body}");
        assert_eq!(client.sent().len(), count, "{fault:?}");
    }
}

#[tokio::test]
async fn an_error_on_demand_has_the_shape_of_the_api_that_was_called() {
    let client = start().await;
    client.zalo.set_fault("/", Some(Fault::Error(-5)));
    assert_eq!(client.bot("sendMessage", &text()).await["error_code"], -5);
    assert_eq!(client.refresh("x").await.json()["error_name"], "Error on demand");
    assert_eq!(client.get("/message/quota").await.json()["message"], "Error on demand");
    client.zalo.set_fault("/", Some(Fault::QuotedError(-5)));
    assert_eq!(client.get("/message/quota").await.json()["error"], "-5");
    assert_eq!(client.refresh("x").await.json()["error"], "-5");
    client.zalo.set_fault("/", None);
    assert_eq!(client.get("/message/quota").await.error(), 0);
}

#[tokio::test]
async fn faults_for_one_time_queue_up_before_the_standing_one() {
    let client = start().await;
    client.zalo.set_fault("sendMessage", Some(Fault::Error(429)));
    client.zalo.fail_once("sendMessage", Fault::Error(403));
    client.zalo.fail_once("getMe", Fault::Error(401));
    client.zalo.fail_once("sendMessage", Fault::Error(408));
    let mut codes = Vec::new();
    for _ in 0..4 {
        codes.push(client.bot("sendMessage", &text()).await["error_code"].clone());
    }
    assert_eq!(codes, [403, 408, 429, 429]);
    assert_eq!(client.bot("getMe", &json!({})).await["error_code"], 401);
    assert_eq!(client.bot("getMe", &json!({})).await["ok"], true);
}

#[tokio::test]
async fn two_refused_sends_can_be_held_until_both_have_come() {
    let client = start().await;
    client.zalo.expire_access();
    client.zalo.set_fault("/message/template", Some(Fault::Held));
    let body = json!({});
    let release = async {
        client.zalo.wait_for_requests(2).await;
        client.zalo.release();
    };
    let (first, second, ()) =
        tokio::join!(client.post("/message/template", &body), client.post("/message/template", &body), release);
    assert_eq!((first.error(), second.error()), (-124, -124));
}

#[tokio::test]
async fn a_refresh_whose_answer_is_lost_has_spent_the_token() {
    let client = start().await;
    let (_, refresh) = client.zalo.tokens();
    client.zalo.fail_once("/v4/oa/access_token", Fault::DropAfter);
    let fields = format!("app_id={}&grant_type=refresh_token&refresh_token={refresh}", FakeZalo::APP_ID);
    let headers = [super::client::FORM, super::client::SECRET];
    let lost = client.request(Method::POST, "/v4/oa/access_token", &headers, &fields).send().await;
    assert!(lost.is_err());
    assert_eq!(client.zalo.refreshes(), 1);
    assert_eq!(client.refresh(&refresh).await.error(), -14014);
}

#[tokio::test]
async fn requests_are_kept_as_they_came() {
    let client = start().await;
    client.get("/message/status?message_id=a%20b").await;
    client.post("/khong/co", &json!({ "x": 1 })).await;
    let requests = client.zalo.requests();
    assert_eq!((requests[0].method.as_str(), requests[0].path.as_str()), ("GET", "/message/status"));
    assert_eq!(requests[0].query, "message_id=a%20b");
    assert_eq!(requests[0].header("access_token"), Some(client.zalo.tokens().0.as_str()));
    assert_eq!((requests[1].path.as_str(), requests[1].body.as_str()), ("/khong/co", r#"{"x":1}"#));
}

#[tokio::test]
async fn no_rubbish_brings_the_server_down() {
    let client = start().await;
    let (access, _) = client.zalo.tokens();
    let paths = [
        "/message/template",
        "/message/status?message_id=%ff",
        "/template/all?offset=99999999999999999999&limit=%",
        "/template/all?offset=18446744073709551615",
        "/template/info/v2?template_id",
        "/v4/oa/access_token",
        "/v3.0/oa/message/cs",
        "/v3.0/oa/message/template",
        "/v3.0/oa/user/getlist?data={\"offset\":-1}",
        "/v3.0/oa/group/getgroupsofoa?offset=18446744073709551615&count=18446744073709551615",
        "/bot",
        "/bot/",
        "//",
        "/%",
    ];
    let bot = format!("/bot{}/sendMessage?text=%f0%9f", FakeZalo::BOT_TOKEN);
    let deep = "[".repeat(100_000);
    let bodies =
        ["", "null", "{\"recipient\":null,\"message\":5}", "{\"phone\":[],\"template_id\":{}}", "\u{feff}{}", &deep];
    for path in paths.into_iter().chain([bot.as_str()]) {
        for body in bodies {
            for kind in ["application/json", "application/x-www-form-urlencoded", "\u{e9}"] {
                for method in [Method::GET, Method::POST, Method::DELETE] {
                    let headers = [("content-type", kind), ("access_token", access.as_str())];
                    client.call(method, path, &headers, body).await;
                }
            }
        }
    }
    assert_eq!(client.sent(), []);
    assert_eq!(client.bot("sendMessage", &text()).await["ok"], true);
}
