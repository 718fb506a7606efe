//! The faults that every server knows, tried on one of them.

use chrono::TimeDelta;
use serde_json::Value;

use super::{
    client::{JSON, Reply, client, column, get, now, post, send},
    kit::{Dvcqg, FakeDossier, Fault, OtherHost, Request, RetryAfter, TdDichVuCong, TdFault},
};

async fn start() -> TdDichVuCong {
    let server = TdDichVuCong::start(now()).await;
    server.set_rows(FakeDossier::several(4, "2025-06-17 17:00:00"));
    server
}

fn url(server: &TdDichVuCong, query: &str) -> String {
    format!("{}?{query}", server.url())
}

async fn call(server: &TdDichVuCong, query: &str) -> Reply {
    send(client().get(url(server, query)).bearer_auth(TdDichVuCong::TOKEN)).await
}

fn is_whole(body: &[u8]) -> bool {
    serde_json::from_slice::<Value>(body).is_ok_and(|body| body["totalCount"] == 4)
}

#[tokio::test]
async fn an_answer_comes_packed_in_pieces_marked_or_with_much_air() {
    let server = start().await;
    server.fail_next(1, Fault::Gzip);
    let packed = call(&server, "").await;
    assert_eq!((packed.header("content-encoding"), is_whole(&packed.unpacked())), (Some("gzip"), true));
    server.fail_next(1, Fault::GzipBomb(3_000_000));
    let bomb = call(&server, "").await;
    assert!(bomb.bytes.len() < 100_000 && bomb.unpacked().len() > 3_000_000);
    server.fail_next(1, Fault::Chunked);
    let chunked = call(&server, "").await;
    assert_eq!((chunked.header("transfer-encoding"), is_whole(&chunked.bytes)), (Some("chunked"), true));
    server.fail_next(1, Fault::Bom);
    assert!(call(&server, "").await.bytes.starts_with("\u{feff}{".as_bytes()));
    server.fail_next(1, Fault::HugePage(3_000_000));
    let huge = call(&server, "").await;
    assert!(huge.bytes.len() > 3_000_000 && is_whole(&huge.bytes));
    assert!(is_whole(&call(&server, "").await.bytes), "each was for one time");
}

#[tokio::test]
async fn an_answer_breaks_off_with_and_without_notice() {
    let server = start().await;
    server.fail_next(1, Fault::CutMidBody);
    let response = client().get(url(&server, "")).bearer_auth(TdDichVuCong::TOKEN).send().await.expect("a head");
    let promised = response.content_length().expect("a length");
    assert!(promised > 100 && response.bytes().await.is_err());
    server.fail_next(1, Fault::Truncated);
    let truncated = call(&server, "").await;
    assert!(truncated.status == 200 && !is_whole(&truncated.bytes) && truncated.bytes.starts_with(b"{"));
    server.fail_next(1, Fault::Empty);
    assert_eq!(call(&server, "").await.text(), "");
}

#[tokio::test]
async fn a_busy_server_asks_to_wait_in_two_spellings() {
    let server = start().await;
    server.fail_next(1, Fault::Busy { status: 429, retry_after: RetryAfter::Seconds(30) });
    server.fail_next(1, Fault::Busy { status: 503, retry_after: RetryAfter::At(now() + TimeDelta::seconds(30)) });
    let (first, second) = (call(&server, "").await, call(&server, "").await);
    assert_eq!((first.status, first.header("retry-after")), (429, Some("30")));
    assert_eq!((second.status, second.header("retry-after")), (503, Some("Wed, 18 Jun 2025 02:00:30 GMT")));
}

#[tokio::test]
async fn people_get_a_page_and_clocks_are_wrong() {
    let server = start().await;
    assert_eq!(call(&server, "").await.header("date"), Some("Wed, 18 Jun 2025 02:00:00 GMT"));
    server.fail_next(1, Fault::WrongClock(TimeDelta::hours(1)));
    assert_eq!(call(&server, "").await.header("date"), Some("Wed, 18 Jun 2025 03:00:00 GMT"));
    server.fail_next(1, Fault::Maintenance);
    let page = call(&server, "").await;
    assert!(page.status == 200 && page.text().contains("bảo trì"));
}

#[tokio::test]
async fn a_held_answer_waits_for_its_release() {
    let server = start().await;
    for fault in [Fault::Held, Fault::HeldMidBody] {
        let before = server.requests().len();
        server.fail_next(1, fault.clone());
        let release = async {
            server.wait_for_requests(before + 1).await;
            server.release();
        };
        let (reply, ()) = tokio::join!(call(&server, ""), release);
        assert!(is_whole(&reply.bytes), "{fault:?}");
    }
    for fault in [Fault::Held, Fault::HeldMidBody] {
        let before = server.requests().len();
        server.fail_next(1, fault);
        // A second request goes all the way while the first is still held.
        let other = async {
            server.wait_for_requests(before + 1).await;
            call(&server, "").await
        };
        tokio::select! {
            reply = call(&server, "") => panic!("an answer came: {reply:?}"),
            reply = other => assert!(is_whole(&reply.bytes)),
        }
    }
}

#[tokio::test]
async fn rows_vanish_or_come_twice() {
    let server = start().await;
    server.fail_next(1, Fault::HalfOfRows);
    let half = call(&server, "").await.good();
    assert_eq!((column(&half["data"], "/maHoSo").len(), half["totalCount"].as_u64()), (2, Some(2)));
    server.fail(Fault::RepeatedRows);
    let mut codes = Vec::new();
    for number in 1..=3 {
        let page = call(&server, &format!("pageNumber={number}&pageSize=2")).await.good();
        assert_eq!(page["totalCount"], 6);
        codes.extend(column(&page["data"], "/maHoSo"));
    }
    assert_eq!(codes, ["HS-001", "HS-002", "HS-002", "HS-003", "HS-003", "HS-004"]);
    server.recover();
    assert_eq!(call(&server, "").await.good()["totalCount"], 4);
}

#[tokio::test]
async fn another_host_remembers_what_it_was_given() {
    let (server, other) = (start().await, OtherHost::start(now()).await);
    server.fail(Fault::Redirect { status: 307, to: other.base_url() });
    let redirect = call(&server, "pageSize=2").await;
    let location = redirect.header("location").expect("a location").to_owned();
    assert_eq!(location, format!("{}/hosos?pageSize=2", other.base_url()));
    get(&location, &[]).await;
    assert!(!other.got_credentials());
    get(&location, &[("authorization", "Bearer x")]).await;
    assert!(other.got_credentials());
    other.take_requests();
    post(&location, &[JSON], r#"{"username":"u","password":"p"}"#).await;
    assert!(other.got_credentials());
}

#[tokio::test]
async fn faults_queue_up_keep_to_their_path_and_add_up() {
    let server = start().await;
    server.fail_next(2, TdFault::Failed);
    server.fail_next(1, Fault::Maintenance);
    server.fail_next_at("/khac", 1, Fault::Empty);
    let mut seen = Vec::new();
    for _ in 0..4 {
        let text = call(&server, "").await.text();
        seen.push(if text.contains("succeeded") {
            "failed"
        } else if text.starts_with('<') {
            "page"
        } else {
            "good"
        });
    }
    assert_eq!(seen, ["failed", "failed", "page", "good"]);
    server.fail(Fault::Bom);
    server.fail_at("/hosos", Fault::Gzip);
    assert!(call(&server, "").await.unpacked().starts_with("\u{feff}{".as_bytes()));
    let portal = Dvcqg::start(now()).await;
    portal.fail_at("/login", Fault::Maintenance);
    assert_eq!(post(&portal.url(), &[JSON], "{}").await.good()["error_code"], "-1", "only the login is shut");
    assert_eq!(post(&portal.login_url(), &[JSON], "{}").await.status, 200);
}

#[tokio::test]
async fn requests_are_kept_as_they_came() {
    let server = start().await;
    call(&server, "a=1&b=%C4%91+x&a=2").await;
    post(&format!("{}/khac", server.base_url()), &[JSON], r#"{"x":1}"#).await;
    let requests: Vec<Request> = server.take_requests();
    assert_eq!((requests[0].method.as_str(), requests[0].path.as_str()), ("GET", "/hosos"));
    assert_eq!((requests[0].query_all("a"), requests[0].query("b")), (vec!["1", "2"], Some("đ x")));
    assert_eq!(requests[0].header("authorization"), Some("Bearer 7c1e9d10-vi-du"));
    assert_eq!((requests[1].path.as_str(), requests[1].body.as_str()), ("/khac", r#"{"x":1}"#));
    assert_eq!(server.requests(), []);
}
