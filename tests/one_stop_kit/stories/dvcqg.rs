//! The national portal: a session in the body, an error code in several spellings, texts for dates.

use serde_json::{Value, json};

use super::{
    client::{JSON, now, post},
    kit::{Dvcqg, DvcqgFault, FakeDossier, local, moment},
};

const TO_PORTAL: (&str, &str) = ("dstcode", Dvcqg::DESTINATION);

async fn start() -> Dvcqg {
    let server = Dvcqg::start(now()).await;
    server.set_rows(FakeDossier::several(2, "2025-06-17 17:00:00"));
    server
}

async fn log_in(server: &Dvcqg) -> String {
    let body = json!({ "username": Dvcqg::USER, "password": Dvcqg::PASSWORD }).to_string();
    let reply = post(&server.login_url(), &[JSON, TO_PORTAL], &body).await.good();
    reply["session"].as_str().expect("a session").to_owned()
}

fn question(session: &str, code: &str) -> String {
    json!({ "session": session, "madonvi": Dvcqg::OFFICE, "service": "TraCuuHoSo", "mahoso": code }).to_string()
}

async fn ask(server: &Dvcqg, session: &str, code: &str) -> Value {
    post(&server.url(), &[JSON, TO_PORTAL], &question(session, code)).await.good()
}

#[tokio::test]
async fn a_dossier_is_found_by_its_code_and_an_unknown_one_gives_no_rows() {
    let server = start().await;
    let session = log_in(&server).await;
    let found = ask(&server, &session, "HS-002").await;
    assert_eq!((&found["error_code"], found["result"].as_array().map(Vec::len)), (&json!(0), Some(1)));
    let row = &found["result"][0];
    assert_eq!((&row["MaHoSo"], &row["NgayHenTra"]), (&json!("HS-002"), &json!("20250617170000")));
    assert_eq!((&row["NgayTra"], &row["TrangThaiHoSo"]), (&json!(""), &json!("4")));
    assert_eq!(ask(&server, &session, "HS-999").await, json!({ "error_code": 0, "result": [] }));
    server.edit("HS-002", |row| row.extended = Some(local("2025-06-20 17:00:00")));
    let extended = ask(&server, &session, "HS-002").await;
    assert_eq!(extended.pointer("/result/0/DanhSachHoSoBoSung/0/NgayHenTraMoi"), Some(&json!("20250620170000")));
}

#[tokio::test]
async fn a_session_dies_after_ten_minutes_and_that_comes_with_http_200() {
    let server = start().await;
    let session = log_in(&server).await;
    server.set_time(moment("2025-06-18 09:10:00"));
    let dead = ask(&server, &session, "HS-001").await;
    assert_eq!((&dead["error_code"], dead.get("result")), (&json!("-1"), None));
    let next = log_in(&server).await;
    assert_eq!(ask(&server, &next, "HS-001").await["error_code"], 0);
    server.end_sessions();
    assert_eq!(ask(&server, &next, "HS-001").await["error_code"], "-1", "or when the test says so");
    assert_eq!(server.logins(), 2);
}

#[tokio::test]
async fn success_is_spelled_in_three_ways() {
    let server = start().await;
    let session = log_in(&server).await;
    for (fault, code) in [(DvcqgFault::CodeAsText, "0"), (DvcqgFault::CodeAsTwoZeros, "00"), (DvcqgFault::Failed, "-1")]
    {
        server.fail_next(1, fault);
        assert_eq!(ask(&server, &session, "HS-001").await["error_code"], code);
    }
    server.fail_next(1, DvcqgFault::ResultAsObject);
    assert_eq!(ask(&server, &session, "HS-001").await["result"]["MaHoSo"], "HS-001");
}

#[tokio::test]
async fn a_call_without_destination_json_office_or_right_login_fails() {
    let server = start().await;
    let good = question(&log_in(&server).await, "HS-001");
    let other_office = good.replace(Dvcqg::OFFICE, "000.00.01.H99");
    for (headers, body) in [(&[JSON][..], &good), (&[TO_PORTAL][..], &good), (&[JSON, TO_PORTAL][..], &other_office)] {
        assert_eq!(post(&server.url(), headers, body).await.good()["error_code"], "-1", "{headers:?} {body}");
    }
    let by_query = format!("{}?dstcode={}", server.url(), Dvcqg::DESTINATION);
    assert_eq!(post(&by_query, &[JSON], &good).await.good()["error_code"], 0);
    let login = json!({ "username": Dvcqg::USER, "password": "sai" }).to_string();
    let refused = post(&server.login_url(), &[JSON, TO_PORTAL], &login).await.good();
    assert_eq!((&refused["error_code"], refused.get("session")), (&json!("-1"), None));
}
