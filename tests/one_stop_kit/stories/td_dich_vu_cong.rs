//! TD.DichVuCong: pages from one, repeated keys, failures with HTTP 200.

use serde_json::{Value, json};

use super::{
    client::{Reply, column, get, now},
    kit::{FakeDossier, Status, TdDichVuCong, TdFault},
};

async fn start(count: usize) -> TdDichVuCong {
    let server = TdDichVuCong::start(now()).await;
    server.set_rows(FakeDossier::several(count, "2025-06-17 17:00:00"));
    server
}

async fn call(server: &TdDichVuCong, query: &str) -> Reply {
    let bearer = format!("Bearer {}", TdDichVuCong::TOKEN);
    get(&format!("{}?{query}", server.url()), &[("authorization", &bearer)]).await
}

#[tokio::test]
async fn pages_count_from_one() {
    let server = start(5).await;
    let page = call(&server, "pageNumber=2&pageSize=2").await.good();
    assert_eq!(column(&page["data"], "/maHoSo"), ["HS-003", "HS-004"]);
    assert_eq!((&page["currentPage"], &page["totalPages"], &page["totalCount"]), (&json!(2), &json!(3), &json!(5)));
    assert_eq!(page["hasNextPage"], true);
    let last = call(&server, "pageNumber=3&pageSize=2").await.good();
    assert_eq!((column(&last["data"], "/maHoSo").len(), &last["hasNextPage"]), (1, &json!(false)));
}

#[tokio::test]
async fn a_repeated_key_means_any_of_its_values() {
    let server = start(3).await;
    server.edit("HS-001", |row| row.status = Status::AwaitingPapers);
    server.edit("HS-002", |row| row.status = Status::Returned);
    let codes = async |query| column(&call(&server, query).await.good()["data"], "/maHoSo");
    assert_eq!(codes("inMaTrangThais=4&inMaTrangThais=5").await, ["HS-001", "HS-003"]);
    assert_eq!(codes("notInMaTrangThais=10&notInMaTrangThais=5").await, ["HS-003"]);
    assert_eq!(codes("maTrangThai=10&groupCode=").await, ["HS-002"]);
    assert_eq!(server.requests()[0].query_all("inMaTrangThais"), ["4", "5"]);
}

#[tokio::test]
async fn dates_have_no_offset_and_the_officers_own_deadline_is_another() {
    let server = start(1).await;
    let row = async || -> Value { call(&server, "").await.good()["data"][0].clone() };
    let told = row().await;
    assert_eq!(
        (&told["ngayHenTra"], &told["ngayHenTraCaNhan"]),
        (&json!("2025-06-17T17:00:00"), &json!("2025-06-04T09:01:00"))
    );
    assert_eq!((&told["ngayTra"], &told["trangThaiHoSoId"]), (&Value::Null, &json!("4")));
    server.fail(TdFault::MinimalDates);
    assert_eq!(row().await["ngayTra"], "0001-01-01T00:00:00");
}

#[tokio::test]
async fn failures_say_so_in_the_body() {
    let server = start(1).await;
    assert_eq!(get(&server.url(), &[]).await.status, 401);
    server.fail_next(1, TdFault::Failed);
    let failed = call(&server, "").await.good();
    assert_eq!((&failed["succeeded"], failed["message"].is_string()), (&json!(false), true));
}
