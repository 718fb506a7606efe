//! Dossiers of the one-stop system, and how little it is believed.

use crate::support::{
    Office,
    one_stop::{Answer, FakeOneStop, dossier, http},
};

/// An office that has read the dossiers on a quiet morning.
async fn office_with(rows: Vec<serde_json::Value>, day: &str) -> (Office, FakeOneStop) {
    let fake = FakeOneStop::start(Answer::Dossiers(rows));
    let office = Office::with_source(&fake.url(), day).await;
    (office, fake)
}

#[tokio::test]
async fn a_dossier_is_reminded_of_near_its_appointment_and_escalated_once_per_step() {
    let (mut office, _fake) = office_with(vec![dossier("H1", "2023-02-14")], "2023-02-08").await;
    let story = [
        ("2023-02-08", vec![]),
        ("2023-02-09", vec![("an@so.example", "Còn 3 ngày làm việc")]),
        ("2023-02-10", vec![]),
        ("2023-02-13", vec![("an@so.example", "Hồ sơ H1")]),
        ("2023-02-14", vec![("an@so.example", "Hẹn trả: 17:00 Thứ Ba, 14/02/2023")]),
        ("2023-02-15", vec![("an@so.example", "Đã quá hạn 1 ngày làm việc")]),
        ("2023-02-16", vec![("an@so.example", "Đã quá hạn 2"), ("minh@so.example", "Đơn vị giữ hồ sơ: Phòng A")]),
        ("2023-02-17", vec![("an@so.example", "Đã quá hạn 3")]),
    ];
    for (day, expected) in story {
        office.tick(&format!("{day} 07:30")).await;
        office.expect_mail(&expected);
    }
}

#[tokio::test]
async fn a_paused_dossier_is_left_alone_and_speaks_again_when_it_goes_on() {
    let mut row = dossier("H1", "2023-02-14");
    row["lockState"] = "PAUSE".into();
    let (mut office, fake) = office_with(vec![row], "2023-02-14").await;
    office.tick("2023-02-14 07:30").await;
    office.tick("2023-02-15 07:30").await;
    office.expect_silence();
    fake.answer(Answer::Dossiers(vec![dossier("H1", "2023-02-14")]));
    office.tick("2023-02-16 07:30").await;
    office.expect_mail(&[("an@so.example", "Đã quá hạn 2"), ("minh@so.example", "Hồ sơ H1")]);
}

#[tokio::test]
async fn a_re_appointment_starts_again_from_the_new_date_and_keeps_the_first_in_sight() {
    let (mut office, fake) = office_with(vec![dossier("H1", "2023-02-14")], "2023-02-14").await;
    office.tick("2023-02-14 07:30").await;
    office.expect_mail(&[("an@so.example", "Hôm nay")]);
    let mut row = dossier("H1", "2023-02-14");
    row["extendDate"] = "21/02/2023 17:00:00".into();
    fake.answer(Answer::Dossiers(vec![row]));
    office.tick("2023-02-15 07:30").await;
    office.expect_silence();
    office.tick("2023-02-16 07:30").await;
    office.expect_mail(&[("an@so.example", "Hẹn lần đầu: 17:00 Thứ Ba, 14/02/2023; đã hẹn lại")]);
}

#[tokio::test]
async fn a_dossier_gone_from_two_full_answers_is_closed_and_from_one_only_kept_quiet() {
    let rows = vec![dossier("H1", "2023-02-14"), dossier("H2", "2023-03-31")];
    let (mut office, fake) = office_with(rows.clone(), "2023-02-13").await;
    office.tick("2023-02-13 07:30").await;
    office.expect_mail(&[("an@so.example", "Hồ sơ H1")]);
    fake.answer(Answer::Dossiers(vec![dossier("H2", "2023-03-31")]));
    office.tick("2023-02-14 07:30").await;
    office.expect_silence();
    assert_eq!(office.status().await.sources[0].open, 2, "once missing is not closed");
    fake.answer(Answer::Dossiers(rows));
    office.tick("2023-02-14 08:30").await;
    office.expect_mail(&[("an@so.example", "Hôm nay")]);
    fake.answer(Answer::Dossiers(vec![dossier("H2", "2023-03-31")]));
    office.tick("2023-02-14 09:30").await;
    office.tick("2023-02-14 10:30").await;
    assert_eq!(office.status().await.sources[0].open, 1);
    office.tick("2023-02-16 07:30").await;
    office.expect_silence();
}

#[tokio::test]
async fn an_empty_answer_after_many_rows_closes_nothing_and_is_shown() {
    let rows: Vec<_> = (1..=5).map(|i| dossier(&format!("H{i}"), "2023-02-14")).collect();
    let (mut office, fake) = office_with(rows.clone(), "2023-02-01").await;
    office.tick("2023-02-01 07:30").await;
    fake.answer(Answer::Dossiers(Vec::new()));
    for hour in 8..16 {
        office.tick(&format!("2023-02-01 {hour:02}:30")).await;
    }
    let status = office.status().await;
    assert_eq!(status.sources[0].open, 5);
    assert!(status.problems[0].sentence.contains("chỉ trả về 0 hồ sơ trong khi lần trước có 5"), "{status:?}");
    // The administrator hears of it after half an hour, once.
    office.expect_mail(&[("khoa@so.example", "chỉ trả về 0 hồ sơ")]);
    fake.answer(Answer::Dossiers(rows));
    office.tick("2023-02-01 16:30").await;
    assert!(office.status().await.problems.is_empty());
}

#[tokio::test]
async fn every_way_of_answering_wrongly_has_its_sentence_loses_nothing_and_recovers() {
    let rows: Vec<_> = (1..=7).map(|i| dossier(&format!("H{i}"), "2023-02-14")).collect();
    let (office, fake) = office_with(rows.clone(), "2023-02-01").await;
    office.tick("2023-02-01 00:10").await;
    let truncated = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\nConnection: close\r\n\r\n{\"total\":7,\"da";
    let broken = http("200 OK", "application/json", r#"{"total":7,"data":[{"dossierNo":"#);
    let maintenance = http("200 OK", "text/html", "<html>Đăng nhập</html>");
    let not_signed_in = http("203 Non-Authoritative Information", "application/json", r#"{"message":"x","code":203}"#);
    let wrong = [
        (Answer::Raw(maintenance), "trả về trang web thay vì dữ liệu"),
        (Answer::Raw(http("403 Forbidden", "application/json", r#"{"message":"No Content.","code":403}"#)), "HTTP 403"),
        (Answer::Raw(http("500 Internal Server Error", "text/plain", "loi")), "báo lỗi HTTP 500"),
        (Answer::Raw(broken), "hỏng hoặc bị cắt dở"),
        (Answer::Raw(truncated.to_owned()), "giữa chừng"),
        (
            Answer::Raw("HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n".to_owned()),
            "chuyển sang trang khác",
        ),
        (Answer::Silence, "không trả lời trong 1 giây"),
        (
            Answer::PagesThenRaw(rows.clone(), 1, http("500 Internal Server Error", "text/plain", "")),
            "chỉ đọc được một phần (3 hồ sơ)",
        ),
        (Answer::Raw(not_signed_in), "không nhận tài khoản (HTTP 203)"),
    ];
    for (i, (answer, sentence)) in wrong.into_iter().enumerate() {
        fake.answer(answer);
        office.tick(&format!("2023-02-01 0{}:30", i + 1)).await;
        let status = office.status().await;
        let problems: Vec<_> = status.problems.iter().map(|p| p.sentence.as_str()).collect();
        assert!(problems.iter().any(|p| p.contains(sentence)), "{sentence:?} is not in {problems:?}");
        assert_eq!(status.sources[0].open, 7, "nothing is closed by {sentence:?}");
    }
    // The account was refused: it rests for an hour, so that it is not locked.
    let requests = fake.requests().len();
    fake.answer(Answer::Dossiers(rows));
    office.tick("2023-02-01 09:55").await;
    assert_eq!(fake.requests().len(), requests, "a refused account is left alone");
    office.tick("2023-02-01 10:45").await;
    let status = office.status().await;
    assert!(status.problems.is_empty() && status.sources[0].failures == 0, "{status:?}");
    let mut office = office;
    office.expect_mail(&[("khoa@so.example", "")]);
}

#[tokio::test]
async fn an_unknown_status_is_reminded_of_like_an_open_one_and_reported() {
    let mut row = dossier("H1", "2023-02-14");
    row["dossierStatus"] = "teleporting".into();
    let (mut office, _fake) = office_with(vec![row], "2023-02-14").await;
    office.tick("2023-02-14 07:30").await;
    office.expect_mail(&[("an@so.example", "Hồ sơ H1")]);
    let problems = office.status().await.problems;
    assert!(problems[0].sentence.contains("trạng thái «teleporting» chưa được biết đến"), "{problems:?}");
}

#[tokio::test]
async fn a_dossier_that_no_rule_assigns_goes_to_the_fallback_unit_and_is_reported() {
    let mut row = dossier("H1", "2023-02-14");
    row["domainName"] = "Hải quan".into();
    let (mut office, _fake) = office_with(vec![row], "2023-02-14").await;
    office.tick("2023-02-14 07:30").await;
    office.expect_mail(&[("ha@so.example", "Hồ sơ H1")]);
    let problems = office.status().await.problems;
    assert!(problems[0].sentence.contains("chưa biết đơn vị nào giữ hồ sơ ở «Hải quan»"), "{problems:?}");
}

#[tokio::test]
async fn requests_carry_account_site_and_pages_and_nothing_personal_is_kept() {
    let rows: Vec<_> = (1..=7).map(|i| dossier(&format!("H{i}"), "2023-02-14")).collect();
    let (mut office, fake) = office_with(rows, "2023-02-14").await;
    office.tick("2023-02-14 07:30").await;
    office.expect_mail(&[("an@so.example", "7 đến hạn")]);
    let requests = fake.requests();
    let targets: Vec<_> = requests.iter().map(|r| r.target.rsplit('?').next().unwrap_or_default()).collect();
    assert_eq!(targets, ["start=0&end=3", "start=3&end=6", "start=6&end=9"]);
    let head = requests[0].head.to_lowercase();
    assert!(
        head.contains("groupid: 7")
            && head.contains("authorization: basic ")
            && head.contains("accept: application/json")
    );
    for file in std::fs::read_dir(office.folder.state()).expect("a state folder").flatten() {
        let bytes = std::fs::read(file.path()).expect("readable");
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains("BÍ MẬT") && !text.contains("khoa-bi-mat"), "personal data in {:?}", file.path());
    }
}

#[tokio::test]
async fn an_answer_that_stays_empty_for_weeks_closes_nothing_and_stays_shown() {
    let rows: Vec<_> = (1..=5).map(|i| dossier(&format!("H{i}"), "2023-12-29")).collect();
    let (mut office, fake) = office_with(rows, "2023-02-01").await;
    office.tick("2023-02-01 07:30").await;
    fake.answer(Answer::Dossiers(Vec::new()));
    office.tick("2023-02-03 18:00").await;
    for day in ["2023-02-04", "2023-02-05", "2023-02-06", "2023-02-20"] {
        office.tick(&format!("{day} 07:30")).await;
    }
    office.expect_mail(&[("khoa@so.example", "chỉ trả về 0 hồ sơ")]);
    let status = office.status().await;
    assert_eq!((status.sources[0].open, status.problems.len()), (5, 1), "{status:?}");
}

#[tokio::test]
async fn a_source_that_never_showed_a_dossier_is_not_all_clear() {
    let (office, _fake) = office_with(Vec::new(), "2023-02-01").await;
    office.tick("2023-02-01 00:10").await;
    let problems = office.status().await.problems;
    assert!(problems[0].sentence.contains("chưa thấy hồ sơ nào"), "{problems:?}");
}

#[tokio::test]
async fn a_dossier_missed_by_one_poll_before_the_digest_is_told_as_soon_as_it_is_back() {
    let rows = vec![dossier("H1", "2023-02-16"), dossier("H2", "2023-03-31")];
    let (mut office, fake) = office_with(rows.clone(), "2023-02-13").await;
    office.tick("2023-02-13 00:10").await;
    fake.answer(Answer::Dossiers(vec![dossier("H2", "2023-03-31")]));
    office.tick("2023-02-13 07:25").await;
    office.tick("2023-02-13 07:30").await;
    office.expect_silence();
    fake.answer(Answer::Dossiers(rows));
    office.tick("2023-02-13 07:45").await;
    office.expect_mail(&[("an@so.example", "Còn 3 ngày làm việc")]);
}

#[tokio::test]
async fn a_dossier_received_after_the_digest_is_told_today_when_tomorrow_is_another_rung() {
    let (mut office, fake) = office_with(vec![dossier("H2", "2023-03-31")], "2023-02-13").await;
    office.tick("2023-02-13 07:30").await;
    fake.answer(Answer::Dossiers(vec![dossier("H1", "2023-02-14"), dossier("H2", "2023-03-31")]));
    office.tick("2023-02-13 09:30").await;
    office.expect_mail(&[("an@so.example", "Còn 1 ngày làm việc")]);
}

#[tokio::test]
async fn a_dossier_that_changed_hands_in_the_night_is_told_to_the_new_hands_only() {
    let (mut office, fake) = office_with(vec![dossier("H1", "2023-02-14")], "2023-02-13").await;
    office.tick("2023-02-13 00:10").await;
    let mut row = dossier("H1", "2023-02-14");
    row["domainName"] = "Hóa chất".into();
    fake.answer(Answer::Dossiers(vec![row]));
    office.folder.replace(
        "nhacviec.yaml",
        "[{ field: Điện, unit: phong-a }]",
        "[{ field: Điện, unit: phong-a }, { field: Hóa chất, unit: phong-b }]",
    );
    office.reload();
    office.tick("2023-02-13 06:00").await;
    office.tick("2023-02-13 07:30").await;
    office.expect_mail(&[("binh@so.example", "Đơn vị giữ hồ sơ: Phòng B")]);
}

#[tokio::test]
async fn a_list_that_changes_while_it_is_read_closes_nothing() {
    // Five rows on the first page's total, four on the second's: a row may have slipped between them.
    let rows: Vec<_> = (1..=5).map(|i| dossier(&format!("H{i}"), "2023-12-29")).collect();
    let (office, fake) = office_with(rows.clone(), "2023-02-01").await;
    office.tick("2023-02-01 00:10").await;
    let second_page = serde_json::json!({ "total": 4, "data": rows[4] }).to_string();
    fake.answer(Answer::PagesThenRaw(rows, 1, http("200 OK", "application/json", &second_page)));
    office.tick("2023-02-01 01:10").await;
    office.tick("2023-02-01 02:10").await;
    let status = office.status().await;
    assert_eq!(status.sources[0].open, 5);
    assert!(status.problems[0].sentence.contains("chỉ đọc được một phần (4 hồ sơ)"), "{status:?}");
}

#[tokio::test]
async fn a_clock_that_was_a_year_ahead_silences_nothing_once_it_is_right_again() {
    let (mut office, fake) = office_with(vec![dossier("H1", "2023-02-14")], "2023-02-14").await;
    fake.answer(Answer::Raw(http("203 Non-Authoritative Information", "application/json", "{}")));
    office.mail.set_closed(true);
    office.tick("2024-02-14 08:00").await;
    fake.answer(Answer::Dossiers(vec![dossier("H1", "2023-02-14")]));
    office.tick("2024-02-14 09:30").await;
    office.mail.set_closed(false);
    // The clock is put right.
    office.tick("2023-02-14 09:31").await;
    office.tick("2023-02-14 09:33").await;
    office.expect_mail(&[("an@so.example", "Hôm nay là ngày làm việc cuối cùng")]);
}

#[tokio::test]
async fn an_appointment_that_an_answer_leaves_out_is_still_the_one_on_the_receipt() {
    let (mut office, fake) = office_with(vec![dossier("H1", "2023-02-14")], "2023-02-13").await;
    office.tick("2023-02-13 07:30").await;
    office.expect_mail(&[("an@so.example", "Còn 1 ngày làm việc")]);
    let mut row = dossier("H1", "2023-02-14");
    row["dueDate"] = "".into();
    fake.answer(Answer::Dossiers(vec![row]));
    office.tick("2023-02-14 07:30").await;
    office.expect_mail(&[("an@so.example", "Hẹn trả: 17:00 Thứ Ba, 14/02/2023")]);
}
