//! What would lose a dossier, tell it twice or close it wrongly: told as it could happen to an office.

use std::fs;

use nhacviec::{
    domain::{
        dossier::dossier_subject,
        life::{Facts, Refusal, Report},
    },
    store::{NewReport, Recorded},
};
use serde_json::{Value, json};

use crate::support::{
    Office, day, instant,
    one_stop::{Answer, FakeOneStop, dossier, http},
};

async fn office_with(rows: Vec<Value>, on: &str) -> (Office, FakeOneStop) {
    let fake = FakeOneStop::start(Answer::Dossiers(rows));
    (Office::with_source(&fake.url(), on).await, fake)
}

/// An office that reads exported files, which are put into its folder by [`put`].
async fn office_with_folder(on: &str, more: &str) -> Office {
    let mut office = Office::with_source("http://127.0.0.1:9", on).await;
    let of_http = "profile: opencps-v2\n    url: http://127.0.0.1:9\n    parameters: { group_id: 7 }\n    pause_milliseconds: 0\n    user: thu\n    password_file: mot-cua\n    page_size: 3\n    timeout_seconds: 1\n";
    office.folder.replace("nhacviec.yaml", of_http, &format!("folder: xuat\n{more}"));
    fs::create_dir_all(office.folder.state().join("xuat")).expect("writable");
    office.folder.replace("nhacviec.yaml", "holders: [{ field: Điện, unit: phong-a }]", "holders: []");
    office.reload();
    office
}

/// Puts a file into the folder that was written at that time of the 14th.
fn put(office: &Office, name: &str, text: &str, time: &str) {
    let path = office.folder.state().join("xuat").join(name);
    fs::write(&path, text).expect("writable");
    let file = fs::File::options().write(true).open(path).expect("just written");
    file.set_modified(instant(&format!("2023-02-14 {time}")).into()).expect("a file system with times");
}

fn list(rows: &[(&str, &str, &str)]) -> String {
    let rows = rows.iter().map(|(code, due, status)| format!("{code},{due},{status}\n"));
    format!("Mã hồ sơ,Ngày hẹn trả,Trạng thái\n{}", rows.collect::<String>())
}

fn with_id(mut row: Value, id: u32) -> Value {
    row["dossierId"] = id.into();
    row
}

#[tokio::test]
async fn a_dossier_with_one_step_finished_and_one_open_is_open() {
    for order in [[0, 1], [1, 0]] {
        let mut finished = with_id(dossier("H1", "2023-02-10"), 1);
        finished["dossierStatus"] = "done".into();
        let rows = [finished, with_id(dossier("H1", "2023-02-14"), 2)];
        let (mut office, _fake) = office_with(order.map(|at| rows[at].clone()).to_vec(), "2023-02-14").await;
        office.tick("2023-02-14 07:30").await;
        office.expect_mail(&[("an@so.example", "Hồ sơ H1")]);
        office.tick("2023-02-14 08:30").await;
        assert_eq!(office.status().await.sources[0].open, 1, "{order:?}");
    }
}

#[tokio::test]
async fn of_two_rows_the_one_with_an_appointment_counts() {
    for order in [[0, 1], [1, 0]] {
        let mut without = with_id(dossier("H1", "2023-02-10"), 1);
        without["dueDate"] = "".into();
        let rows = [without, with_id(dossier("H1", "2023-02-14"), 2)];
        let (mut office, _fake) = office_with(order.map(|at| rows[at].clone()).to_vec(), "2023-02-14").await;
        office.tick("2023-02-14 07:30").await;
        office.expect_mail(&[("an@so.example", "Hồ sơ H1")]);
    }
}

#[tokio::test]
async fn a_re_appointment_that_the_system_shows_is_the_one_that_is_allowed() {
    let mut row = dossier("H1", "2023-02-14");
    row["extendDate"] = "21/02/2023 17:00:00".into();
    let (office, _fake) = office_with(vec![row], "2023-02-10").await;
    office.tick("2023-02-10 07:30").await;
    let known = office.store.dossier("mc".into(), "H1".to_owned()).await.expect("the store works").expect("known");
    let facts = Facts::of_dossier(&known.dossier, &"phong-a".into(), &office.folder.load().office, day("2023-02-20"));
    let report = Report::Reappointed { to_on: day("2023-02-28"), document: "03/GH".to_owned() };
    let subject = dossier_subject(&"mc".into(), "H1");
    let new = NewReport { subject, report, reported_by: "thử".to_owned(), reported_from: "cli" };
    let recorded = office.store.report(new, facts, instant("2023-02-20 08:00")).await.expect("the store works");
    assert_eq!(recorded, Recorded::Refused(Refusal::ReappointedOnce));
}

#[tokio::test]
async fn of_two_lists_that_came_together_the_newer_one_counts() {
    let mut office = office_with_folder("2023-02-14", "").await;
    put(
        &office,
        "1.csv",
        &list(&[("H1", "14/02/2023", "Đang xử lý"), ("H2", "14/02/2023", "Đã trả kết quả")]),
        "07:00",
    );
    put(
        &office,
        "2.csv",
        &list(&[("H1", "14/02/2023", "Đã trả kết quả"), ("H2", "14/02/2023", "Đang xử lý")]),
        "07:10",
    );
    office.tick("2023-02-14 07:30").await;
    office.expect_mail(&[("ha@so.example", "Hồ sơ H2")]);
}

#[tokio::test]
async fn a_list_older_than_the_last_one_changes_nothing_that_the_last_one_said() {
    let mut office = office_with_folder("2023-02-14", "").await;
    put(&office, "2.csv", &list(&[("H1", "14/02/2023", "Đã trả kết quả")]), "07:10");
    office.tick("2023-02-14 07:15").await;
    put(&office, "1.csv", &list(&[("H1", "14/02/2023", "Đang xử lý"), ("H2", "14/02/2023", "Đang xử lý")]), "07:00");
    office.tick("2023-02-14 07:30").await;
    office.expect_mail(&[("ha@so.example", "Hồ sơ H2")]);
    assert_eq!(office.status().await.sources[0].open, 1);
}

#[tokio::test]
async fn a_whole_list_is_taken_beside_a_newer_file_that_is_none() {
    let mut office = office_with_folder("2023-02-14", "    lists_all_open: true\n").await;
    put(&office, "1.csv", &list(&[("H1", "14/02/2023", "Đang xử lý")]), "07:00");
    put(&office, "huong dan.pdf", "%PDF-1.4 không phải bảng", "07:10");
    office.tick("2023-02-14 07:30").await;
    office.expect_mail(&[("ha@so.example", "Hồ sơ H1")]);
}

#[tokio::test]
async fn a_list_that_comes_again_as_it_was_once_before_counts() {
    let mut office = office_with_folder("2023-02-14", "").await;
    let (open, finished) = ("Đang xử lý", "Đã trả kết quả");
    put(&office, "1.csv", &list(&[("H1", "14/02/2023", open)]), "06:30");
    office.tick("2023-02-14 07:00").await;
    put(&office, "2.csv", &list(&[("H1", "14/02/2023", finished)]), "07:00");
    office.tick("2023-02-14 07:15").await;
    put(&office, "3.csv", &list(&[("H1", "14/02/2023", open)]), "07:20");
    office.tick("2023-02-14 07:30").await;
    office.expect_mail(&[("ha@so.example", "Hồ sơ H1")]);
}

#[tokio::test]
async fn whole_lists_that_stay_the_same_close_what_they_leave_out() {
    let office = office_with_folder("2023-02-14", "    lists_all_open: true\n").await;
    put(&office, "1.csv", &list(&[("H1", "14/03/2023", ""), ("H2", "14/03/2023", "")]), "06:30");
    office.tick("2023-02-14 07:00").await;
    for (written, hour) in [("07:30", "08:00"), ("08:30", "09:00")] {
        put(&office, "2.csv", &list(&[("H1", "14/03/2023", "")]), written);
        office.tick(&format!("2023-02-14 {hour}")).await;
    }
    assert_eq!(office.status().await.sources[0].open, 1);
}

#[tokio::test]
async fn a_folder_that_can_be_read_again_is_no_trouble_any_more() {
    let mut office = office_with_folder("2023-02-14", "").await;
    put(&office, "1.csv", &list(&[("H1", "14/04/2023", "Đang xử lý")]), "07:00");
    office.tick("2023-02-14 07:30").await;
    let (folder, away) = (office.folder.state().join("xuat"), office.folder.state().join("di-vang"));
    fs::rename(&folder, &away).expect("writable");
    office.tick("2023-02-14 08:00").await;
    assert_eq!(office.status().await.problems.len(), 1);
    fs::rename(&away, &folder).expect("writable");
    office.tick("2023-02-14 09:00").await;
    let problems = office.status().await.problems;
    assert!(problems.is_empty(), "nothing is new, and nothing wrong: {problems:?}");
    office.tick("2023-02-14 10:00").await;
    office.expect_silence();
}

#[tokio::test]
async fn an_administrator_hears_of_a_bad_row_once_though_the_system_fails_now_and_then() {
    let mut row = dossier("H1", "2023-04-14");
    row["receiveDate"] = "hôm qua".into();
    let rows = vec![row];
    let (mut office, fake) = office_with(rows.clone(), "2023-02-14").await;
    for hour in 7..17 {
        fake.answer(Answer::Dossiers(rows.clone()));
        office.tick(&format!("2023-02-14 {hour:02}:30")).await;
        fake.answer(Answer::Raw(http("503 Service Unavailable", "text/plain", "")));
        office.tick(&format!("2023-02-14 {hour:02}:46")).await;
        fake.answer(Answer::Dossiers(rows.clone()));
        office.tick(&format!("2023-02-14 {hour:02}:59")).await;
        office.tick(&format!("2023-02-14 {:02}:02", hour + 1)).await;
    }
    office.expect_mail(&[("khoa@so.example", "«hôm qua» không đọc được")]);
}

fn petitions(sent: &[&str]) -> Answer {
    let row = |at: &&str| json!({ "Ten": "A", "TieuDe": "Sửa biểu mẫu", "NgayGuiPAKN": at, "TrangThai": "1", "TongSo": sent.len().to_string() });
    let body = json!({ "DanhSachPAKNCongKhai": sent.iter().map(row).collect::<Vec<_>>() }).to_string();
    Answer::Raw(http("200 OK", "application/json", &body))
}

async fn office_with_petitions(on: &str, more: &str) -> Office {
    let fake = FakeOneStop::start(petitions(&["20230201081409"]));
    let mut office = Office::with_source(&fake.url(), on).await;
    office.folder.replace("nhacviec.yaml", "profile: opencps-v2", &format!("profile: opencps-pakn\n{more}"));
    office.folder.replace("nhacviec.yaml", "holders: [{ field: Điện, unit: phong-a }]", "holders: []");
    office.folder.replace("nhacviec.yaml", "policy: ho-so\n", "policy: dan-hoi\n");
    let policy = "policies:\n  dan-hoi: { like: phan-anh-kien-nghi, escalation: [] }\n";
    office.folder.replace("nhacviec.yaml", "policies:\n", policy);
    office.reload();
    office
}

#[tokio::test]
async fn petitions_taken_before_they_were_called_so_get_their_limit() {
    let mut office = office_with_petitions("2023-02-01", "").await;
    office.tick("2023-02-01 07:30").await;
    office.folder.replace(
        "nhacviec.yaml",
        "    profile: opencps-pakn\n",
        "    profile: opencps-pakn\n    kind: petitions\n",
    );
    office.reload();
    office.tick("2023-02-21 07:30").await;
    office.expect_mail(&[("ha@so.example", "Hạn trả lời: Thứ Ba, 21/02/2023")]);
}

#[tokio::test]
async fn a_shorter_limit_for_answers_counts_for_the_petitions_that_are_open() {
    let mut office = office_with_petitions("2023-02-01", "    kind: petitions\n").await;
    office.tick("2023-02-01 07:30").await;
    office.folder.replace("nhacviec.yaml", "kind: petitions\n", "kind: petitions\n    answer_within: 9\n");
    office.reload();
    office.tick("2023-02-10 07:30").await;
    office.expect_mail(&[("ha@so.example", "Hạn trả lời: Thứ Sáu, 10/02/2023")]);
}

#[tokio::test]
async fn a_petition_that_may_be_answered_late_is_forwarded_early() {
    let mut office = office_with_petitions("2023-02-01", "    kind: petitions\n    answer_within: 60\n").await;
    office.tick("2023-02-07 07:30").await;
    office.expect_mail(&[("ha@so.example", "chuyển đơn đến cơ quan có thẩm quyền")]);
}

#[tokio::test]
async fn urging_is_counted_right_where_days_are_those_of_the_calendar() {
    let mut office = office_with_petitions("2023-02-01", "    kind: petitions\n").await;
    office.tick("2023-02-21 07:30").await;
    office.expect_mail(&[("ha@so.example", "Hạn trả lời")]);
    let mondays = ["2023-02-22", "2023-02-28", "2023-03-07", "2023-03-14", "2023-03-21", "2023-03-28", "2023-04-04"];
    for (on, times) in mondays.into_iter().zip(1..) {
        office.tick(&format!("{on} 07:30")).await;
        let text = if times == 1 { "Đã quá hạn".to_owned() } else { format!("Đôn đốc: lần thứ {times}") };
        office.expect_mail(&[("ha@so.example", text.as_str())]);
    }
}

#[tokio::test]
async fn an_end_that_lies_ahead_is_none_yet() {
    let mut row = dossier("H1", "2023-02-14");
    row["releaseDate"] = "14/02/2033 17:00:00".into();
    let (mut office, _fake) = office_with(vec![row], "2023-02-14").await;
    office.tick("2023-02-14 07:30").await;
    office.expect_mail(&[("an@so.example", "Hồ sơ H1")]);
}

#[tokio::test]
async fn a_source_whose_dossiers_all_lack_an_appointment_is_a_problem() {
    let mut rows = vec![dossier("H1", "2023-02-14"), dossier("H2", "2023-02-14")];
    for (row, id) in rows.iter_mut().zip(1..) {
        row["dueDate"] = "".into();
        *row = with_id(row.clone(), id);
    }
    let (office, _fake) = office_with(rows, "2023-02-14").await;
    office.tick("2023-02-14 07:30").await;
    assert_eq!(office.status().await.problems.len(), 1);
}

#[tokio::test]
async fn a_source_that_was_removed_and_added_again_goes_on_where_it_was() {
    let (mut office, _fake) = office_with(vec![dossier("H1", "2023-02-14")], "2023-02-14").await;
    office.tick("2023-02-14 07:30").await;
    office.expect_mail(&[("an@so.example", "Hồ sơ H1")]);
    let with = fs::read_to_string(office.folder.config().join("nhacviec.yaml")).expect("readable");
    office.folder.write("nhacviec.yaml", with.split("sources:").next().expect("a part"));
    office.reload();
    office.tick("2023-02-15 07:30").await;
    office.folder.write("nhacviec.yaml", &with);
    office.reload();
    office.tick("2023-02-15 08:00").await;
    office.expect_mail(&[("an@so.example", "Hồ sơ H1")]);
}

#[tokio::test]
async fn a_morning_on_which_thousands_of_dossiers_reach_their_next_rung_is_decided() {
    let mut office = office_with_folder("2023-02-13", "").await;
    let rows = (0..6000).map(|n| format!("H{n},14/02/2023,Đang xử lý\n"));
    put(&office, "1.csv", &format!("Mã hồ sơ,Ngày hẹn trả,Trạng thái\n{}", rows.collect::<String>()), "00:00");
    office.tick("2023-02-13 06:00").await;
    let decided = office.decide("2023-02-14 06:00").await;
    // SQLite called the disk full once it had to take a page too many out of memory.
    assert_eq!((decided.notified, decided.cancelled), (6000, 0), "the rounds after the first cancel nothing");
    office.expect_silence();
}

fn with_late_duties(office: &mut Office) {
    let late = "ho-so:\n    late_duties: { apology: văn bản xin lỗi, explanation: báo cáo giải trình, explain_within: 1, remind: { lead: { before: [0], after: [1], repeat_every: 2 } } }\n";
    office.folder.replace("nhacviec.yaml", "ho-so:\n", late);
    office.reload();
}

#[tokio::test]
async fn a_late_dossier_that_was_opened_again_and_paused_still_owes_its_papers() {
    let mut row = dossier("H1", "2023-02-14");
    let (mut office, fake) = office_with(vec![row.clone()], "2023-02-14").await;
    with_late_duties(&mut office);
    office.tick("2023-02-14 07:30").await;
    office.expect_mail(&[("an@so.example", "Hồ sơ H1")]);
    row["dossierStatus"] = "done".into();
    row["releaseDate"] = "15/02/2023 10:00:00".into();
    fake.answer(Answer::Dossiers(vec![row.clone()]));
    office.tick("2023-02-15 16:00").await;
    office.expect_mail(&[("an@so.example", "xin lỗi")]);
    row["dossierStatus"] = "waiting".into();
    row["releaseDate"] = "".into();
    fake.answer(Answer::Dossiers(vec![row]));
    office.tick("2023-02-17 07:30").await;
    office.expect_mail(&[("an@so.example", "báo cáo giải trình")]);
}

#[tokio::test]
async fn a_date_that_the_system_moves_after_it_has_passed_does_not_undo_what_is_owed() {
    let (mut office, fake) = office_with(vec![dossier("H1", "2023-02-14")], "2023-02-14").await;
    with_late_duties(&mut office);
    office.tick("2023-02-14 07:30").await;
    office.expect_mail(&[("an@so.example", "Hồ sơ H1")]);
    office.tick("2023-02-15 07:30").await;
    office.expect_mail(&[("an@so.example", "Hồ sơ H1")]);
    fake.answer(Answer::Dossiers(vec![dossier("H1", "2023-02-28")]));
    office.tick("2023-02-16 07:30").await;
    office.expect_mail(&[("an@so.example", "báo cáo giải trình")]);
}

#[tokio::test]
async fn a_date_that_the_system_moves_to_an_earlier_day_is_told_at_once() {
    let (mut office, fake) = office_with(vec![dossier("H1", "2023-02-28")], "2023-02-13").await;
    office.tick("2023-02-13 07:30").await;
    office.expect_silence();
    fake.answer(Answer::Dossiers(vec![dossier("H1", "2023-02-13")]));
    office.tick("2023-02-13 09:00").await;
    office.expect_mail(&[("an@so.example", "Hồ sơ H1")]);
}

#[tokio::test]
async fn an_apology_recorded_before_it_was_late_is_not_asked_for_again() {
    let (mut office, _fake) = office_with(vec![dossier("H1", "2023-02-14")], "2023-02-13").await;
    with_late_duties(&mut office);
    office.tick("2023-02-13 07:30").await;
    office.expect_mail(&[("an@so.example", "Hồ sơ H1")]);
    let known = office.store.dossier("mc".into(), "H1".to_owned()).await.expect("the store works").expect("known");
    let facts = Facts::of_dossier(&known.dossier, &"phong-a".into(), &office.folder.load().office, day("2023-02-13"));
    let report = Report::Apologised { done_on: day("2023-02-13"), document: "01/XL".to_owned() };
    let subject = dossier_subject(&"mc".into(), "H1");
    let new = NewReport { subject, report, reported_by: "thử".to_owned(), reported_from: "cli" };
    office.store.report(new, facts, instant("2023-02-13 08:00")).await.expect("the store works");
    office.tick("2023-02-14 07:30").await;
    office.expect_mail(&[("an@so.example", "Hồ sơ H1")]);
    office.tick("2023-02-15 07:30").await;
    let unasked = office.mail.received().iter().any(|m| crate::support::decoded(&m.text).contains("văn bản xin lỗi"));
    assert!(!unasked);
    office.expect_mail(&[("an@so.example", "báo cáo giải trình")]);
}

#[tokio::test]
async fn a_list_that_broke_in_the_middle_and_comes_whole_after_a_restart_tells_each_once() {
    let rows: Vec<_> = (1..=7).map(|n| with_id(dossier(&format!("H{n}"), "2023-02-14"), n)).collect();
    let (mut office, fake) = office_with(rows.clone(), "2023-02-14").await;
    fake.answer(Answer::PagesThenRaw(rows.clone(), 1, http("503 Service Unavailable", "text/plain", "")));
    office.tick("2023-02-14 07:30").await;
    office.expect_mail(&[("an@so.example", "Hồ sơ H3")]);
    office.reload();
    fake.answer(Answer::Dossiers(rows));
    office.tick("2023-02-14 08:30").await;
    office.expect_mail(&[("an@so.example", "Hồ sơ H7")]);
    office.tick("2023-02-14 09:30").await;
    office.expect_silence();
}
