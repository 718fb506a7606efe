//! What is known of OpenCPS, item by item, as its list is read with the built-in profile.

use nhacviec::{domain::dossier::DossierStatus, store::SyncReport};

use crate::{
    desk::{Desk, assert_is_for_people, now},
    kit::{FakeDossier, Fault, OpenCps, OpenCpsFault, Status, local, moment},
    support::{Office, one_stop},
    world::Kind,
};

/// A server with dossiers, and an office that has not asked it yet.
async fn office_of(rows: Vec<FakeDossier>, lines: &[&str]) -> (OpenCps, Desk) {
    let server = OpenCps::start(now()).await;
    server.set_rows(rows);
    let files = [("secrets/mat-khau", OpenCps::PASSWORD)];
    let desk = Desk::open(&files, &Kind::OpenCps.source(&server.base_url(), lines));
    (server, desk)
}

fn five() -> Vec<FakeDossier> {
    FakeDossier::several(5, "2025-06-17 17:00:00")
}

const FIVE: [&str; 5] = ["HS-001", "HS-002", "HS-003", "HS-004", "HS-005"];

#[tokio::test]
async fn item_1_a_wrong_site_is_answered_by_silence_and_is_no_all_clear() {
    let (server, mut desk) = office_of(five(), &[]).await;
    desk.folder.replace("nhacviec.yaml", OpenCps::GROUP_ID, "20199");
    desk.reload("2025-06-18 08:00").await;
    let sentence = desk.read_badly("2025-06-18 09:00").await;
    assert!(sentence.contains("chưa thấy hồ sơ nào") && sentence.contains("kiểm tra parameters"), "{sentence}");
    assert_eq!(server.requests()[0].header("groupid"), Some("20199"));
    desk.folder.replace("nhacviec.yaml", "20199", OpenCps::GROUP_ID);
    desk.reload("2025-06-18 09:10").await;
    assert_eq!(desk.read_well("2025-06-18 10:00").await.new, 5);
}

#[tokio::test]
async fn item_2_an_account_that_the_filter_refuses_is_left_alone_for_an_hour() {
    let (server, desk) = office_of(five(), &[]).await;
    server.set_account("ai-do", "mat-khau-khac");
    let sentence = desk.read_badly("2025-06-18 09:00").await;
    assert!(sentence.contains("không nhận tài khoản (HTTP 401)"), "{sentence}");
    assert_eq!(desk.poll("2025-06-18 09:45").await, []);
    assert_eq!(server.requests().len(), 1);
    server.set_account(OpenCps::USER, OpenCps::PASSWORD);
    assert_eq!(desk.read_well("2025-06-18 10:01").await.new, 5);
}

#[tokio::test]
async fn item_3_not_signed_in_is_a_refusal_though_its_status_is_a_success() {
    let (server, desk) = office_of(five(), &[]).await;
    desk.read_well("2025-06-18 09:00").await;
    server.fail(OpenCpsFault::NotSignedIn);
    let sentence = desk.read_badly("2025-06-18 10:00").await;
    assert!(sentence.contains("không nhận tài khoản (HTTP 203)"), "{sentence}");
    assert_eq!(desk.open_codes().await, FIVE);
    assert_eq!(desk.poll("2025-06-18 10:45").await, [], "refused, not merely failed");
}

#[tokio::test]
async fn item_4_no_content_once_is_forgotten_with_the_next_answer() {
    let (server, desk) = office_of(five(), &[]).await;
    desk.read_well("2025-06-18 09:00").await;
    server.fail_next(1, OpenCpsFault::NoContent);
    let sentence = desk.read_badly("2025-06-18 09:15").await;
    assert_is_for_people(&sentence);
    assert!(sentence.contains("HTTP 403"), "{sentence}");
    assert_eq!(desk.read_well("2025-06-18 09:30").await, SyncReport { open: 5, ..SyncReport::default() });
    server.fail_next(1, OpenCpsFault::NoContentWith200);
    let sentence = desk.read_badly("2025-06-18 09:45").await;
    assert!(sentence.contains("báo lỗi trong câu trả lời"), "{sentence}");
    assert_eq!(desk.open_codes().await, FIVE);
}

#[tokio::test]
async fn item_5_an_account_that_is_taken_for_a_guest_empties_nothing() {
    let (server, desk) = office_of(five(), &[]).await;
    desk.read_well("2025-06-18 09:00").await;
    server.fail(OpenCpsFault::TakenForGuest);
    for hour in 10..20 {
        let sentence = desk.read_badly(&format!("2025-06-18 {hour}:00")).await;
        assert!(sentence.contains("chỉ trả về 0 hồ sơ trong khi lần trước có 5"), "{sentence}");
    }
    assert_eq!(desk.open_codes().await, FIVE);
}

#[tokio::test]
async fn item_6_the_last_page_with_one_row_has_it_without_its_list() {
    let (server, desk) = office_of(FakeDossier::several(4, "2025-06-17 17:00:00"), &[]).await;
    assert_eq!(desk.read_well("2025-06-18 09:00").await.new, 4);
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn item_7_texts_that_became_numbers_are_read_digit_by_digit() {
    let codes = ["18680110", "07228", "2E5", "1.50", "0.10", "12345678901234567890", "true"];
    let mut rows = FakeDossier::several(codes.len(), "2025-06-17 17:00:00");
    for (row, code) in rows.iter_mut().zip(codes) {
        row.code = code.to_owned();
        row.procedure_code = "1.004190".to_owned();
    }
    rows[0].procedure_code = "2.000591".to_owned();
    let (_server, desk) = office_of(rows, &[]).await;
    desk.read_well("2025-06-18 09:00").await;
    let mut expected = codes.map(str::to_owned);
    expected.sort();
    assert_eq!(desk.open_codes().await, expected);
    assert_eq!(desk.dossier("18680110").await.procedure_code.as_deref(), Some("2.000591"));
    assert_eq!(desk.dossier("07228").await.procedure_code.as_deref(), Some("1.004190"));
    assert_eq!(desk.read_well("2025-06-18 10:00").await.changed, 0);
}

#[tokio::test]
async fn item_8_every_request_says_where_its_page_ends_for_without_it_all_rows_would_come() {
    let (server, desk) = office_of(FakeDossier::several(8, "2025-06-17 17:00:00"), &[]).await;
    desk.read_well("2025-06-18 09:00").await;
    let requests = server.requests();
    let windows: Vec<_> = requests.iter().map(|r| (r.query("start"), r.query("end"))).collect();
    assert_eq!(windows, [(Some("0"), Some("3")), (Some("3"), Some("6")), (Some("6"), Some("9"))]);
}

#[tokio::test]
async fn item_9_a_window_of_appointments_is_asked_for_and_may_be_passed_over() {
    let window = ["query: { fromDueDate: 01/06/2025, toDueDate: 30/06/2025 }"];
    let mut rows = five();
    rows[4].due = Some(local("2025-09-01 17:00:00"));
    let (server, desk) = office_of(rows.clone(), &window).await;
    assert_eq!(desk.read_well("2025-06-18 09:00").await.new, 5, "the branch in use passes it over");
    assert_eq!(server.requests()[0].query("fromDueDate"), Some("01/06/2025"));
    let (server, desk) = office_of(rows, &window).await;
    server.fail(OpenCpsFault::HonoursDueDates);
    assert_eq!(desk.read_well("2025-06-18 09:00").await.new, 4);
}

#[tokio::test]
async fn item_10_a_date_that_the_filter_can_not_read_lets_every_row_through_and_they_are_taken() {
    let (_server, desk) = office_of(five(), &["query: { fromReceiveDate: \"2030-01-01\" }"]).await;
    assert_eq!(desk.read_well("2025-06-18 09:00").await.new, 5);
}

/// An office with people and a mailbox, which reads the kit's OpenCPS.
async fn mail_office(server: &OpenCps, day: &str) -> Office {
    server.set_account(one_stop::USER, one_stop::PASSWORD);
    let mut office = Office::with_source(&server.url(), day).await;
    office.folder.replace("nhacviec.yaml", "group_id: 7", &format!("group_id: {}", OpenCps::GROUP_ID));
    office.folder.replace("nhacviec.yaml", "timeout_seconds: 1", "timeout_seconds: 30");
    office.reload();
    office
}

#[tokio::test]
async fn item_11_lateness_is_counted_from_the_appointment_and_not_read_from_the_capped_text() {
    let server = OpenCps::start(now()).await;
    let mut row = FakeDossier::processing("HS-001", "2023-01-03 09:00:00", "2023-02-14 17:00:00");
    row.field = "Điện".to_owned();
    server.set_rows(vec![row]);
    let mut office = mail_office(&server, "2023-02-27").await;
    office.tick("2023-02-27 07:30").await;
    // The text in the row says "Quá 5 ngày", however late it is.
    office.expect_mail(&[("an@so.example", "Đã quá hạn 9 ngày làm việc"), ("minh@so.example", "Hồ sơ HS-001")]);
}

#[tokio::test]
async fn item_12_rows_that_move_between_pages_close_nothing() {
    let (server, desk) = office_of(FakeDossier::several(8, "2025-06-17 17:00:00"), &[]).await;
    desk.read_well("2025-06-18 00:00").await;
    server.fail(OpenCpsFault::RowMoves);
    for hour in 1..12 {
        let sentence = desk.read_badly(&format!("2025-06-18 {hour:02}:00")).await;
        assert!(
            sentence.contains("chỉ đọc được một phần") && sentence.contains("thay đổi trong lúc đọc"),
            "{sentence}"
        );
    }
    assert_eq!(desk.open_codes().await.len(), 8);
}

#[tokio::test]
async fn item_13_a_login_page_with_200_is_no_list() {
    let (server, desk) = office_of(five(), &[]).await;
    desk.read_well("2025-06-18 09:00").await;
    server.fail(OpenCpsFault::HtmlLogin);
    let sentence = desk.read_badly("2025-06-18 10:00").await;
    assert!(sentence.contains("trả về trang web thay vì dữ liệu"), "{sentence}");
    assert_eq!(desk.open_codes().await, FIVE);
}

#[tokio::test]
async fn item_14_json_is_asked_for_and_xml_is_not_taken_for_an_empty_list() {
    let (server, desk) = office_of(five(), &[]).await;
    desk.read_well("2025-06-18 09:00").await;
    assert!(server.requests().iter().all(|r| r.header("accept") == Some("application/json")));
    let own = "like: opencps-v2\ntitle: Quên Accept\nheaders: { Accept: \"*/*\" }\n";
    let files = [("secrets/mat-khau", OpenCps::PASSWORD), ("profiles/opencps-xml.yaml", own)];
    let source = Kind::OpenCps.source(&server.base_url(), &[]).replace("opencps-v2", "opencps-xml");
    let desk = Desk::open(&files, &source);
    let sentence = desk.read_badly("2025-06-18 09:00").await;
    assert!(sentence.contains("trả về trang web thay vì dữ liệu"), "{sentence}");
}

#[tokio::test]
async fn item_15_a_dossier_whose_clock_stands_is_left_alone_past_its_appointment() {
    let server = OpenCps::start(now()).await;
    let mut rows: Vec<_> = ["HS-001", "HS-002", "HS-003"]
        .map(|code| FakeDossier::processing(code, "2023-01-03 09:00:00", "2023-02-14 17:00:00"))
        .into();
    for (number, row) in rows.iter_mut().enumerate() {
        row.field = "Điện".to_owned();
        row.native_id = format!("9000{number}");
    }
    rows[0].status = Status::AwaitingPapers;
    rows[1].paused = true;
    rows[2].paused = true;
    server.set_rows(rows);
    let mut office = mail_office(&server, "2023-02-16").await;
    office.tick("2023-02-16 07:30").await;
    server.fail(OpenCpsFault::PauseOverdue);
    office.tick("2023-02-17 07:30").await;
    office.expect_silence();
    server.edit("HS-003", |row| row.paused = false);
    office.tick("2023-02-20 07:30").await;
    office.expect_mail(&[("an@so.example", "Hồ sơ HS-003"), ("minh@so.example", "Hồ sơ HS-003")]);
}

#[tokio::test]
async fn item_16_what_has_a_result_has_ended_whatever_its_status_still_says() {
    let (server, desk) = office_of(five(), &[]).await;
    desk.read_well("2025-06-18 09:00").await;
    server.edit("HS-002", |row| row.resolved = Some(local("2025-06-18 08:30:00")));
    assert_eq!(desk.read_well("2025-06-18 10:00").await, SyncReport { closed: 1, open: 4, ..SyncReport::default() });
    let ended = desk.dossier("HS-002").await;
    assert_eq!((ended.status, ended.status_raw.as_str()), (DossierStatus::Finished, "processing"));
    assert_eq!(ended.resolved_at, Some(moment("2025-06-18 08:30:00")));
}

#[tokio::test]
async fn item_17_a_later_day_that_was_promised_counts_and_the_first_is_kept() {
    let (server, desk) = office_of(five(), &[]).await;
    server.edit("HS-002", |row| row.extended = Some(local("2025-06-24 17:00:00")));
    server.edit("HS-003", |row| row.extended = Some(local("2025-06-10 17:00:00")));
    desk.read_well("2025-06-18 09:00").await;
    let promised = desk.dossier("HS-002").await;
    assert_eq!(promised.due_at, Some(moment("2025-06-17 17:00:00")));
    assert_eq!(promised.due_in_force(), Some(moment("2025-06-24 17:00:00")));
    let earlier = desk.dossier("HS-003").await;
    assert_eq!(earlier.due_in_force(), Some(moment("2025-06-17 17:00:00")), "only the later one counts");
}

#[tokio::test]
async fn item_18_an_empty_appointment_is_none_and_does_not_undo_the_one_on_the_receipt() {
    let (server, desk) = office_of(five(), &[]).await;
    server.edit("HS-001", |row| row.due = None);
    desk.read_well("2025-06-18 09:00").await;
    assert_eq!(desk.dossier("HS-001").await.due_at, None);
    server.edit("HS-002", |row| row.due = None);
    desk.read_well("2025-06-18 10:00").await;
    assert_eq!(desk.dossier("HS-002").await.due_at, Some(moment("2025-06-17 17:00:00")));
}

#[tokio::test]
async fn item_19_an_answer_that_stops_in_its_middle_is_given_up_and_what_came_before_is_kept() {
    let (server, desk) = office_of(five(), &["timeout_seconds: 1"]).await;
    server.fail_next(1, Fault::WrongClock(chrono::TimeDelta::zero()));
    server.fail_next(1, Fault::HeldMidBody);
    let sentence = desk.read_badly("2025-06-18 09:00").await;
    assert!(sentence.contains("chỉ đọc được một phần (3 hồ sơ)"), "{sentence}");
    assert!(sentence.contains("không trả lời trong 1 giây"), "{sentence}");
    assert_eq!(desk.open_codes().await, FIVE[..3]);
    desk.read_well("2025-06-18 10:00").await;
}

#[tokio::test]
async fn item_20_a_wrong_password_never_locks_the_account() {
    let (server, mut desk) = office_of(five(), &[]).await;
    server.set_account(OpenCps::USER, "mat-khau-da-doi");
    for minute in (0..48 * 60).step_by(20) {
        desk.poll(&format!("2025-06-{} {:02}:{:02}", 18 + minute / 1440, minute % 1440 / 60, minute % 60)).await;
    }
    assert_eq!((server.wrong_logins(), server.is_locked()), (3, false), "five would lock it");
    desk.folder.write("secrets/mat-khau", "mat-khau-da-doi");
    desk.reload("2025-06-20 08:00").await;
    assert_eq!(desk.read_well("2025-06-20 08:01").await.new, 5);
}
