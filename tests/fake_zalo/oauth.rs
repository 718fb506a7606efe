//! The token pair: how it is asked for, what comes back, and when it dies.

use chrono::Duration;
use nhacviec::demo::zalo::{ConsumedAnswer, FakeZalo, Fault, RefreshAnswer};
use reqwest::Method;
use serde_json::{Value, json};

use super::client::{Client, FORM, JSON, SECRET, at};

const TOKENS: &str = "/v4/oa/access_token";
const ACCOUNT: &str = "/v2.0/oa/getoa";
const QUOTA: &str = "/message/quota";

async fn account_with(client: &Client, access: &str) -> i64 {
    client.call(Method::GET, ACCOUNT, &[("access_token", access)], "").await.error()
}

#[tokio::test]
async fn a_refresh_needs_the_secret_in_its_header_and_a_form() {
    let client = Client::start().await;
    let (_, refresh) = client.zalo.tokens();
    let body = format!("app_id={}&grant_type=refresh_token&refresh_token={refresh}", FakeZalo::APP_ID);
    let ask =
        async |headers: &[(&str, &str)], body: &str| client.call(Method::POST, TOKENS, headers, body).await.error();
    assert_eq!(ask(&[FORM], &body).await, -14004, "no secret");
    assert_eq!(ask(&[FORM, ("secret_key", "khac")], &body).await, -14004, "wrong secret");
    let with_secret = format!("{body}&secret_key={}", FakeZalo::APP_SECRET);
    assert_eq!(ask(&[FORM], &with_secret).await, -14004, "the secret is no field");
    let as_json = json!({ "app_id": FakeZalo::APP_ID, "grant_type": "refresh_token", "refresh_token": refresh });
    assert_eq!(ask(&[JSON, SECRET], &as_json.to_string()).await, -14002, "JSON is no form");
    assert_eq!(client.zalo.tokens().1, refresh, "nothing was spent");
    let good = client.call(Method::POST, TOKENS, &[FORM, SECRET], &body).await.json();
    assert_ne!(good["refresh_token"], Value::from(refresh));
    assert_eq!(good["expires_in"], "90000", "text, not a number");
}

#[tokio::test]
async fn a_refresh_rotates_both_tokens_and_the_old_access_token_dies_at_once() {
    let client = Client::start().await;
    let (access, refresh) = client.zalo.tokens();
    assert_eq!(account_with(&client, &access).await, 0);
    let answer = client.refresh(&refresh).await.json();
    let pair = (answer["access_token"].as_str().unwrap(), answer["refresh_token"].as_str().unwrap());
    let now = client.zalo.tokens();
    assert_eq!(pair, (now.0.as_str(), now.1.as_str()));
    assert_eq!(account_with(&client, &access).await, -216);
    assert_eq!(account_with(&client, &now.0).await, 0);
    client.zalo.set_consumed_answer(ConsumedAnswer::Code14020);
    assert_eq!(client.refresh(&refresh).await.error(), -14020, "known as spent");
    assert_eq!(client.zalo.refreshes(), 1);
}

#[tokio::test]
async fn the_expiry_comes_as_text_as_a_number_or_not_at_all() {
    let client = Client::start().await;
    let mut answers = Vec::new();
    for answer in [
        RefreshAnswer::Normal,
        RefreshAnswer::NumberExpiry,
        RefreshAnswer::NoExpiry,
        RefreshAnswer::WithRefreshExpiry,
        RefreshAnswer::WithErrorZero,
    ] {
        client.zalo.set_refresh_answer(answer);
        answers.push(client.refresh(&client.zalo.tokens().1).await.json());
    }
    let expiries: Vec<Option<&Value>> = answers.iter().map(|answer| answer.get("expires_in")).collect();
    let (text, number) = (json!("90000"), json!(90000));
    assert_eq!(expiries, [Some(&text), Some(&number), None, Some(&text), Some(&text)]);
    // Three months from 2 March.
    assert_eq!(answers[3]["refresh_token_expires_in"], (92 * 86400).to_string());
    assert_eq!(answers[4]["error"], 0);
    assert!(answers[..4].iter().all(|answer| answer.get("error").is_none()));
}

#[tokio::test]
async fn an_answer_without_a_refresh_token_leaves_the_old_one_valid() {
    let client = Client::start().await;
    let (access, refresh) = client.zalo.tokens();
    client.zalo.set_refresh_answer(RefreshAnswer::NoRefreshToken);
    let answer = client.refresh(&refresh).await.json();
    assert_eq!(answer.get("refresh_token"), None);
    assert_eq!(account_with(&client, &access).await, -216);
    client.zalo.set_refresh_answer(RefreshAnswer::Normal);
    assert!(client.refresh(&refresh).await.json()["refresh_token"].is_string());
}

#[tokio::test]
async fn a_spent_refresh_token_gets_what_was_chosen() {
    let client = Client::start().await;
    let (access, spent) = client.zalo.tokens();
    client.zalo.consume_refresh();
    for (answer, expected) in [
        (ConsumedAnswer::Code14014, Some(json!(-14014))),
        (ConsumedAnswer::Quoted14014, Some(json!("-14014"))),
        (ConsumedAnswer::Code14020, Some(json!(-14020))),
        (ConsumedAnswer::EmptyBody, None),
    ] {
        client.zalo.set_consumed_answer(answer);
        let reply = client.refresh(&spent).await;
        assert_eq!(reply.status, 200);
        let error = serde_json::from_str::<Value>(&reply.text).ok().map(|body| body["error"].clone());
        assert_eq!(error, expected, "{answer:?}");
    }
    assert_eq!(client.refresh("chua-ai-thay").await.error(), -14014, "an unknown one always has the number");
    assert_eq!(account_with(&client, &access).await, 0, "the access token lives on");
    assert_eq!(client.zalo.refreshes(), 0);
}

#[tokio::test]
async fn a_wrong_app_and_a_bad_grant_have_their_numbers() {
    let client = Client::start().await;
    let ask = async |body: &str| client.call(Method::POST, TOKENS, &[FORM, SECRET], body).await;
    let reply = ask("app_id=1&grant_type=refresh_token&refresh_token=x").await;
    assert_eq!(reply.error(), -14002);
    let fields: Vec<String> = reply.json().as_object().unwrap().keys().cloned().collect();
    assert_eq!(fields, ["error", "error_description", "error_name", "error_reason", "ref_doc"]);
    assert_eq!(ask("").await.error(), -14002);
    assert_eq!(client.ask_tokens("grant_type=client_credentials").await.error(), -14018);
    assert_eq!(client.ask_tokens("grant_type=authorization_code&code=x").await.error(), -14005);
    client.zalo.fail_once(TOKENS, Fault::Error(-32));
    assert_eq!(client.refresh(&client.zalo.tokens().1).await.error(), -32);
    assert_eq!(client.zalo.refreshes(), 0);
}

#[tokio::test]
async fn a_refresh_token_dies_three_months_after_it_was_given() {
    let client = Client::start().await;
    let first = client.zalo.tokens().1;
    client.zalo.set_time(at("2026-06-02 08:59:59"));
    assert!(client.refresh(&first).await.json()["access_token"].is_string());
    client.zalo.set_time(at("2026-09-02 09:00:00"));
    assert_eq!(client.refresh(&client.zalo.tokens().1).await.error(), -14014);
}

#[tokio::test]
async fn a_code_works_once_within_ten_minutes_and_with_its_verifier() {
    let client = Client::start().await;
    let exchange = async |fields: &str| client.ask_tokens(&format!("grant_type=authorization_code&{fields}")).await;
    let old = client.zalo.tokens();
    client.zalo.add_code("ma-1", None);
    let answer = exchange("code=ma-1").await.json();
    assert_eq!(answer["access_token"], client.zalo.tokens().0);
    assert_eq!(exchange("code=ma-1").await.error(), -14005, "used");
    assert_eq!(client.refresh(&old.1).await.error(), -14014, "there is one valid pair");
    assert_eq!(client.zalo.refreshes(), 0, "an exchange is no refresh");

    client.zalo.add_code("ma-2", Some("chia-khoa"));
    assert_eq!(exchange("code=ma-2&code_verifier=sai").await.error(), -14005);
    client.zalo.add_code("ma-3", Some("chia-khoa"));
    assert!(exchange("code=ma-3&code_verifier=chia-khoa").await.json()["refresh_token"].is_string());

    client.zalo.add_code("ma-4", None);
    client.zalo.set_time(at("2026-03-02 09:10:00"));
    assert_eq!(exchange("code=ma-4").await.error(), -14005, "too late");
}

#[tokio::test]
async fn an_access_token_lives_for_twenty_five_hours_or_until_it_is_revoked() {
    let client = Client::start().await;
    let (access, refresh) = client.zalo.tokens();
    client.zalo.set_time(at("2026-03-03 09:59:59"));
    assert_eq!(account_with(&client, &access).await, 0);
    client.zalo.set_time(at("2026-03-02 09:00:00") + Duration::hours(25));
    assert_eq!(account_with(&client, &access).await, -220, "the account's API knows it as expired");
    assert_eq!(client.get(QUOTA).await.error(), -124, "the business host has one number for all");
    assert!(client.refresh(&refresh).await.json()["access_token"].is_string());
    client.zalo.expire_access();
    assert_eq!((client.get(ACCOUNT).await.error(), client.get(QUOTA).await.error()), (-216, -124));
    client.refresh(&client.zalo.tokens().1).await;
    assert_eq!(
        (client.get(ACCOUNT).await.error(), client.get(QUOTA).await.error()),
        (0, 0),
        "a new token is a good one"
    );
}

#[tokio::test]
async fn the_proof_is_checked_when_it_is_there_and_when_it_is_required() {
    let client = Client::start().await;
    let (access, _) = client.zalo.tokens();
    // Computed by another program for the first token of every server.
    assert_eq!(access, "access.1cb0df35e77d61622940");
    let right = "c8746e4ed6e6d84273be5755a4807f167e8503a5ee0590f4bb3e42ca99df4e79";
    let ask = async |path: &str, proof: &str| {
        client.call(Method::GET, path, &[("access_token", &access), ("appsecret_proof", proof)], "").await.error()
    };
    for path in [ACCOUNT, QUOTA] {
        assert_eq!(ask(path, right).await, 0);
        assert_eq!(client.get(path).await.error(), 0, "not needed");
    }
    let shouted = right.to_uppercase();
    assert_eq!((ask(ACCOUNT, &shouted).await, ask(QUOTA, &shouted).await), (-242, -1241));
    client.zalo.set_proof_required(true);
    assert_eq!((client.get(ACCOUNT).await.error(), client.get(QUOTA).await.error()), (-242, -1241));
    assert_eq!((ask(ACCOUNT, right).await, ask(QUOTA, right).await), (0, 0));
}
