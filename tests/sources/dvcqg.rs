//! What is known of the national portal's exchange: a session in the body, one question for each number.

use nhacviec::store::SyncReport;

use crate::{
    desk::{Desk, now},
    kit::{Dvcqg, DvcqgFault, FakeDossier},
    world::Kind,
};

const CODES: &str = "# Hồ sơ đang theo dõi\nHS-001\n\n  HS-002\nHS-003\r\nHS-404\n";

async fn office_of_three() -> (Dvcqg, Desk) {
    let server = Dvcqg::start(now()).await;
    server.set_rows(FakeDossier::several(3, "2025-06-17 17:00:00"));
    let files = [("secrets/mat-khau", Dvcqg::PASSWORD), ("ma-ho-so.txt", CODES)];
    let desk = Desk::open(&files, &Kind::Dvcqg.source(&server.base_url(), &[]));
    (server, desk)
}

#[tokio::test]
async fn each_number_of_the_file_is_asked_about_and_one_that_the_portal_does_not_know_is_no_dossier() {
    let (server, desk) = office_of_three().await;
    assert_eq!(desk.read_well("2025-06-18 09:00").await, SyncReport { new: 3, open: 3, ..SyncReport::default() });
    let asked: Vec<_> =
        server.requests()[1..].iter().map(|r| r.json().expect("JSON")["mahoso"].as_str().map(str::to_owned)).collect();
    assert_eq!(asked, ["HS-001", "HS-002", "HS-003", "HS-404"].map(|code| Some(code.to_owned())));
    for request in server.requests() {
        assert_eq!(request.header("dstcode"), Some(Dvcqg::DESTINATION));
    }
}

#[tokio::test]
async fn success_is_told_in_three_spellings_and_one_row_may_come_without_its_list() {
    for fault in [DvcqgFault::CodeAsText, DvcqgFault::CodeAsTwoZeros, DvcqgFault::ResultAsObject] {
        let (server, desk) = office_of_three().await;
        server.fail(fault);
        assert_eq!(desk.read_well("2025-06-18 09:00").await.new, 3, "{fault:?}");
    }
}

#[tokio::test]
async fn a_session_serves_every_question_and_a_dead_one_is_opened_again_once() {
    let (server, desk) = office_of_three().await;
    desk.read_well("2025-06-18 09:00").await;
    desk.read_well("2025-06-18 10:00").await;
    assert_eq!(server.logins(), 1);
    server.end_sessions();
    server.take_requests();
    assert_eq!(desk.read_well("2025-06-18 11:00").await.open, 3, "nobody notices");
    assert_eq!(server.logins(), 2);
    assert_eq!(server.requests().len(), 1 + 1 + 4, "told that it has ended, opened again, and the four numbers");
}

#[tokio::test]
async fn a_failure_is_no_end_of_the_session_and_no_refusal_of_the_account() {
    let (server, desk) = office_of_three().await;
    desk.read_well("2025-06-18 00:00").await;
    server.fail_at(Dvcqg::PATH, DvcqgFault::Failed);
    server.take_requests();
    let mut polls = 0;
    for hour in 1..12 {
        let polled = desk.poll(&format!("2025-06-18 {hour:02}:00")).await;
        polls += polled.len();
        for sentence in polled.into_iter().map(|p| p.result.expect_err("it fails")) {
            assert!(sentence.contains("báo lỗi trong câu trả lời (mã -1)"), "{sentence}");
        }
    }
    assert_eq!(polls, 11, "it is asked again all day");
    assert!(server.logins() <= 1 + polls, "no more than one login a poll");
    assert_eq!(desk.open_codes().await, ["HS-001", "HS-002", "HS-003"]);
    server.recover();
    desk.read_well("2025-06-18 20:00").await;
}

#[tokio::test]
async fn a_list_of_numbers_that_is_gone_or_empty_closes_nothing() {
    let (server, desk) = office_of_three().await;
    desk.read_well("2025-06-18 09:00").await;
    let path = desk.folder.config().join("ma-ho-so.txt");
    std::fs::remove_file(&path).expect("it is there");
    let sentence = desk.read_badly("2025-06-18 10:00").await;
    assert!(sentence.contains("không đọc được tệp danh sách mã hồ sơ"), "{sentence}");
    desk.folder.write("ma-ho-so.txt", "# chưa có\n");
    server.take_requests();
    for hour in 11..20 {
        assert!(desk.read_badly(&format!("2025-06-18 {hour}:00")).await.contains("chỉ trả về 0 hồ sơ"));
    }
    assert_eq!(server.requests(), [], "there is nothing to ask");
    assert_eq!(desk.open_codes().await.len(), 3);
}

#[tokio::test]
async fn a_number_struck_off_the_file_ends_after_two_answers() {
    let (_server, desk) = office_of_three().await;
    desk.read_well("2025-06-18 09:00").await;
    desk.folder.write("ma-ho-so.txt", "HS-001\nHS-003\n");
    assert_eq!(desk.read_well("2025-06-18 10:00").await.closed, 0);
    assert_eq!(desk.read_well("2025-06-18 11:00").await.closed, 1);
    assert_eq!(desk.open_codes().await, ["HS-001", "HS-003"]);
}
