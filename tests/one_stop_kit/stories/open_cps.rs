//! OpenCPS at its door: login, site, offsets, filters, errors.

use reqwest::RequestBuilder;
use serde_json::{Value, json};

use super::{
    client::{Reply, client, column, now, send},
    kit::{FakeDossier, OpenCps, OpenCpsFault},
};

const DUE: &str = "2025-06-17 17:00:00";

pub async fn start(count: usize) -> OpenCps {
    let server = OpenCps::start(now()).await;
    server.set_rows(FakeDossier::several(count, DUE));
    server
}

/// A request as it should be, with this query.
pub fn request(server: &OpenCps, query: &str) -> RequestBuilder {
    let request = client().get(format!("{}?{query}", server.url())).header("accept", "application/json");
    request.header("groupId", OpenCps::GROUP_ID).basic_auth(OpenCps::USER, Some(OpenCps::PASSWORD))
}

pub async fn list(server: &OpenCps, query: &str) -> Value {
    send(request(server, query)).await.good()
}

async fn log_in(server: &OpenCps, user: &str, password: &str) -> Reply {
    let request = client().get(server.url()).header("accept", "application/json");
    send(request.header("groupId", OpenCps::GROUP_ID).basic_auth(user, Some(password))).await
}

#[tokio::test]
async fn without_the_right_site_nothing_comes_and_it_is_no_error() {
    let server = start(3).await;
    let request = || {
        client().get(server.url()).header("accept", "application/json").basic_auth("nhacviec", Some(OpenCps::PASSWORD))
    };
    assert_eq!(send(request()).await.good(), json!({ "total": 0 }));
    assert_eq!(send(request().header("groupId", "1")).await.good(), json!({ "total": 0 }));
    assert_eq!(send(request().header("groupId", OpenCps::GROUP_ID)).await.good()["total"], 3);
}

#[tokio::test]
async fn five_wrong_logins_lock_the_account_for_a_while() {
    let server = start(3).await;
    let nobody = send(client().get(server.url())).await;
    assert_eq!((nobody.status, server.wrong_logins()), (401, 0));
    assert_eq!(nobody.json()["message"], "permission denied");
    for count in 1..=5 {
        assert_eq!(log_in(&server, OpenCps::USER, "sai").await.status, 401);
        assert_eq!((server.wrong_logins(), server.is_locked()), (count, count == 5));
    }
    for _ in 0..OpenCps::LOCKED_FOR {
        assert_eq!(log_in(&server, OpenCps::USER, OpenCps::PASSWORD).await.status, 401, "right, but locked");
    }
    assert_eq!(log_in(&server, OpenCps::USER, OpenCps::PASSWORD).await.good()["total"], 3);
    assert_eq!(server.wrong_logins(), 0);
}

#[tokio::test]
async fn a_password_with_a_colon_never_fits() {
    let server = start(1).await;
    server.set_account(OpenCps::USER, "mat:khau");
    assert_eq!(log_in(&server, OpenCps::USER, "mat:khau").await.status, 401);
}

#[tokio::test]
async fn offsets_end_before_their_end_and_without_it_everything_comes() {
    let server = start(5).await;
    let codes = async |query| column(&list(&server, query).await["data"], "/dossierNo");
    assert_eq!(codes("start=0&end=2").await, ["HS-001", "HS-002"]);
    assert_eq!(codes("start=2&end=4").await, ["HS-003", "HS-004"]);
    assert_eq!(list(&server, "start=0&end=2").await["total"], 5);
    for all in ["", "start=2", "start=2&end=0"] {
        assert_eq!(codes(all).await.len(), 5, "{all}");
    }
    assert_eq!(codes("sort=dossierNo&order=true&start=0&end=2").await, ["HS-005", "HS-004"]);
    assert_eq!(list(&server, "start=5&end=10").await, json!({ "total": 5 }));
    assert_eq!(send(request(&server, "start=x")).await.status, 403);
}

#[tokio::test]
async fn a_filter_that_is_not_read_is_none() {
    let server = start(3).await;
    server.edit("HS-002", |row| row.status = super::kit::Status::AwaitingPapers);
    let total = async |query| list(&server, query).await["total"].as_u64().expect("a number");
    assert_eq!(total("status=processing,paying").await, 2);
    assert_eq!(total("agency=KHAC").await, 0);
    assert_eq!(total("agency=all").await, 3);
    assert_eq!(total("fromReceiveDate=3/6/2025&toReceiveDate=03/06/2025").await, 3);
    assert_eq!(total("fromReceiveDate=04/06/2025").await, 0);
    assert_eq!(total("fromReceiveDate=2025-06-04").await, 3, "a date in another format is passed over");
    assert_eq!(total("trangThai=done").await, 3);
    assert_eq!(total("fromDueDate=18/06/2025").await, 3, "the list does not know due dates");
    server.fail(OpenCpsFault::HonoursDueDates);
    assert_eq!(total("fromDueDate=18/06/2025").await, 0);
}

#[tokio::test]
async fn the_work_list_always_knows_due_dates() {
    let server = start(2).await;
    let request = client().get(format!("{}/todo?fromDueDate=18/06/2025", server.url()));
    let request = request.header("accept", "application/json").header("groupId", OpenCps::GROUP_ID);
    let reply = send(request.basic_auth(OpenCps::USER, Some(OpenCps::PASSWORD))).await;
    assert_eq!(reply.good(), json!({ "total": 0 }));
}

#[tokio::test]
async fn a_day_filter_on_receipt_is_off_by_seven_hours() {
    let server = OpenCps::start(now()).await;
    server.set_rows(vec![FakeDossier::processing("HS-1", "2025-06-03 06:30:00", DUE)]);
    assert_eq!(list(&server, "fromReceiveDate=03/06/2025").await["total"], 0);
    assert_eq!(list(&server, "fromReceiveDate=02/06/2025").await["total"], 1);
}

#[tokio::test]
async fn errors_hide_behind_odd_statuses() {
    let server = start(2).await;
    for (fault, status, code) in [
        (OpenCpsFault::NotSignedIn, 203, 203),
        (OpenCpsFault::NoContent, 403, 403),
        (OpenCpsFault::NoContentWith200, 200, 403),
    ] {
        server.fail_next(1, fault);
        let reply = send(request(&server, "")).await;
        assert_eq!((reply.status, reply.json()["code"].as_u64()), (status, Some(code)), "{fault:?}");
        assert_eq!(list(&server, "").await["total"], 2, "only once");
    }
    server.fail_next(1, OpenCpsFault::TakenForGuest);
    assert_eq!(list(&server, "").await, json!({ "total": 0 }));
    server.fail_next(1, OpenCpsFault::HtmlLogin);
    let page = send(request(&server, "")).await;
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
}
