//! The SAVIS envelope: `PascalCase`, a filter of JSON, and never another status than 200.

use serde_json::{Value, json};

use super::{
    client::{client, column, now, send},
    kit::{FakeDossier, SavisEnvelope, SavisFault},
};

async fn start(count: usize) -> SavisEnvelope {
    let server = SavisEnvelope::start(now()).await;
    server.set_rows(FakeDossier::several(count, "2025-06-17 17:00:00"));
    server
}

async fn call(server: &SavisEnvelope, filter: &str) -> Value {
    let url = reqwest::Url::parse_with_params(&server.url(), [("filter", filter)]).expect("a URL");
    send(client().get(url).bearer_auth(SavisEnvelope::TOKEN)).await.good()
}

#[tokio::test]
async fn the_filter_is_one_json_text() {
    let server = start(5).await;
    let page = call(&server, r#"{"PageNumber":3,"PageSize":2}"#).await;
    assert_eq!(column(&page["Data"], "/MaHoSo"), ["HS-005"]);
    assert_eq!((&page["Status"], &page["TotalCount"], &page["DataCount"]), (&json!(1), &json!(5), &json!(1)));
    assert_eq!(call(&server, "{PageNumber:1}").await["Status"], -1);
    assert_eq!(server.requests()[0].query("filter"), Some(r#"{"PageNumber":3,"PageSize":2}"#));
}

#[tokio::test]
async fn no_rows_and_failures_differ_only_in_their_status() {
    let server = start(0).await;
    let none = call(&server, "{}").await;
    assert_eq!((&none["Status"], &none["Data"], &none["TotalCount"]), (&json!(0), &Value::Null, &json!(0)));
    server.fail_next(1, SavisFault::EmptyList);
    assert_eq!(call(&server, "{}").await["Data"], json!([]));
    server.fail_next(1, SavisFault::Failed);
    assert_eq!(call(&server, "{}").await["Status"], -1);
    assert_eq!(send(client().get(server.url())).await.good()["Status"], -1, "nor is a missing token another status");
}

#[tokio::test]
async fn dates_may_be_those_of_old_dot_net() {
    let server = start(1).await;
    assert_eq!(call(&server, "{}").await["Data"][0]["NgayHenTra"], "2025-06-17T17:00:00");
    server.fail(SavisFault::DotNetDates);
    assert_eq!(call(&server, "{}").await["Data"][0]["NgayHenTra"], "/Date(1750154400000)/");
}
