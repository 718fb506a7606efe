//! The rows of OpenCPS: their shapes, their texts, and what of them may change under a reader.

use serde_json::json;

use super::{
    client::{column, send},
    kit::{FakeDossier, OpenCps, OpenCpsFault, Status, local},
    open_cps::{list, request, start},
};

#[tokio::test]
async fn none_one_and_several_rows_have_three_shapes() {
    let server = start(2).await;
    assert_eq!(list(&server, "").await["data"].as_array().map(Vec::len), Some(2));
    server.set_rows(FakeDossier::several(1, "2025-06-17 17:00:00"));
    assert_eq!(list(&server, "").await["data"]["dossierNo"], "HS-001");
    server.set_rows(Vec::new());
    assert_eq!(list(&server, "").await, json!({ "total": 0 }));
}

#[tokio::test]
async fn texts_that_print_back_as_numbers_come_as_numbers() {
    let server = start(1).await;
    for (text, token) in [
        ("18680110", "18680110"),
        ("185E6DE0", r#""185E6DE0""#),
        ("2.000591", "2.000591"),
        ("1.004190", r#""1.004190""#),
        ("07228", r#""07228""#),
        ("1.0E8", "1.0E8"),
        ("1E8", r#""1E8""#),
        ("12345678.5", r#""12345678.5""#),
        ("0.001", "0.001"),
        ("0.0001", r#""0.0001""#),
        ("-7", "-7"),
        ("+7", r#""+7""#),
        ("9223372036854775808", r#""9223372036854775808""#),
        ("true", "true"),
        ("", r#""""#),
    ] {
        server.edit("HS-001", |row| row.procedure_code = text.to_owned());
        let body = send(request(&server, "")).await.text();
        assert!(body.contains(&format!(r#""serviceCode":{token},"#)), "{text}: {body}");
    }
}

#[tokio::test]
async fn a_list_has_capitals_and_leaves_out_what_is_not_told() {
    let server = start(1).await;
    let row = list(&server, "").await["data"].clone();
    assert_eq!(row["applicantName"], FakeDossier::APPLICANT.to_uppercase());
    assert_eq!((&row["online"], &row["wardCode"], &row["cityCode"]), (&json!(true), &json!("07228"), &json!(24)));
    assert_eq!(row["receiveDate"], "03/06/2025 09:01:00");
    server.edit("HS-001", |row| row.online = None);
    assert_eq!(list(&server, "").await["data"].get("online"), None);
}

#[tokio::test]
async fn open_dossiers_carry_contradictions() {
    let server = start(5).await;
    server.edit("HS-001", |row| (row.status, row.paused) = (Status::AwaitingPapers, true));
    server.edit("HS-002", |row| row.resolved = Some(local("2025-06-16 10:00:00")));
    server.edit("HS-003", |row| row.extended = Some(local("2025-06-20 17:00:00")));
    server.edit("HS-004", |row| row.due = None);
    server.edit("HS-005", |row| row.due = Some(local("2025-05-01 17:00:00")));
    let rows = list(&server, "").await["data"].clone();
    assert_eq!(column(&rows, "/lockState"), ["PAUSE", "", "", "", ""]);
    assert_eq!(column(&rows, "/releaseDate"), ["", "16/06/2025 10:00:00", "", "", ""]);
    assert_eq!(column(&rows, "/dossierStatus"), ["waiting", "processing", "processing", "processing", "processing"]);
    assert_eq!(column(&rows, "/extendDate")[2], "20/06/2025 17:00:00");
    assert_eq!(column(&rows, "/dueDate")[3], "");
    let texts = column(&rows, "/dossierOverdue");
    assert_eq!(texts, ["Tạm dừng xử lý", "Sớm hạn", "Quá 16 giờ", "", "Quá 5 ngày"], "48 days count as 5");
    assert_eq!(column(&list(&server, "top=overdue&start=0&end=9").await["data"], "/dossierNo"), ["HS-003", "HS-005"]);
    server.fail(OpenCpsFault::PauseOverdue);
    assert_eq!(list(&server, "start=0&end=1").await["data"]["lockState"], "PAUSE_OVERDUE");
}

#[tokio::test]
async fn every_status_has_its_code() {
    let server = start(10).await;
    for (number, status) in (1..).zip(Status::ALL) {
        server.edit(&format!("HS-{number:03}"), |row| row.status = status);
    }
    let codes = column(&list(&server, "").await["data"], "/dossierStatus");
    assert_eq!(
        codes,
        [
            "receiving",
            "processing",
            "denied",
            "processing",
            "waiting",
            "paying",
            "cancelled",
            "unresolved",
            "releasing",
            "done",
        ]
    );
}

#[tokio::test]
async fn a_row_that_moves_between_pages_hides_another() {
    let server = start(4).await;
    server.fail_next(1, OpenCpsFault::RowMoves);
    let mut codes = column(&list(&server, "start=0&end=2").await["data"], "/dossierNo");
    codes.extend(column(&list(&server, "start=2&end=4").await["data"], "/dossierNo"));
    assert_eq!(codes, ["HS-001", "HS-002", "HS-004", "HS-001"], "HS-003 is missed");
}

#[tokio::test]
async fn without_a_wish_for_json_xml_comes() {
    let server = start(2).await;
    server.edit("HS-001", |row| row.procedure = "A & <B>".to_owned());
    let request = super::client::client().get(server.url()).header("groupId", OpenCps::GROUP_ID);
    let reply = send(request.basic_auth(OpenCps::USER, Some(OpenCps::PASSWORD))).await;
    assert_eq!(reply.header("content-type"), Some("application/xml"));
    assert!(reply.text().contains("<total>2</total><data><dossierIdCTN>"), "{}", reply.text());
    assert!(reply.text().contains("<serviceName>A &amp; &lt;B&gt;</serviceName>"));
}
