//! Petitions: all values are texts, and each row tells the total.

use serde_json::{Value, json};

use super::{
    client::{column, get, now},
    kit::{FakeDossier, Petitions, local},
};

async fn call(server: &Petitions, query: &str) -> Value {
    let reply = get(&format!("{}?{query}", server.url()), &[("groupId", Petitions::GROUP_ID)]).await;
    reply.good()["DanhSachPAKNCongKhai"].clone()
}

#[tokio::test]
async fn every_row_tells_the_total_as_a_text() {
    let server = Petitions::start(now()).await;
    server.set_rows(FakeDossier::several(3, "2025-06-17 17:00:00"));
    server.edit("HS-003", |row| row.resolved = Some(local("2025-06-10 09:00:00")));
    let first = call(&server, "trangHienTai=1&soBanGhiMoiTrang=2&keyword=").await;
    assert_eq!(column(&first, "/TongSo"), ["3", "3"]);
    assert_eq!(column(&first, "/NgayGuiPAKN"), ["20250603090100", "20250603090200"]);
    assert_eq!(column(&first, "/TrangThai"), ["1", "1"]);
    let second = call(&server, "trangHienTai=2&soBanGhiMoiTrang=2").await;
    assert_eq!(
        (column(&second, "/TongSo"), column(&second, "/TrangThai")),
        (vec!["3".to_owned()], vec!["2".to_owned()])
    );
    assert_eq!(call(&server, "trangHienTai=3&soBanGhiMoiTrang=2").await, json!([]));
    assert_eq!(get(&server.url(), &[]).await.good(), json!({ "DanhSachPAKNCongKhai": [] }));
}
