//! Late dossiers and what is owed for them, petitions, and lists that come as files.

use std::{fs, time::SystemTime};

use chrono::NaiveDate;
use nhacviec::{
    clock::{Clock as _, SystemClock},
    domain::{
        dossier::{Dossier, dossier_subject},
        life::{Facts, Refusal, Report},
    },
    store::{NewReport, Recorded},
};
use serde_json::{Value, json};

use crate::support::{
    Office, day, instant,
    one_stop::{Answer, FakeOneStop, dossier},
};

/// An office that uses the preset, with a chief of office and a deputy director.
async fn office_with(rows: Vec<Value>, on: &str) -> (Office, FakeOneStop) {
    let fake = FakeOneStop::start(Answer::Dossiers(rows));
    let mut office = Office::with_source(&fake.url(), on).await;
    use_preset(&mut office, "ho-so-mot-cua");
    (office, fake)
}

fn use_preset(office: &mut Office, preset: &str) {
    let folder = &office.folder;
    folder.replace("units.yaml", "{ giam-doc: giam-doc }", "{ giam-doc: giam-doc, chanh-van-phong: ha }");
    folder.replace("units.yaml", "head: an, contacts: [an] }", "head: an, contacts: [an], overseen_by: binh }");
    folder.replace("nhacviec.yaml", "policy: ho-so\n", &format!("policy: {preset}\n"));
    office.reload();
}

async fn record(office: &Office, code: &str, due_on: Option<NaiveDate>, on: &str, report: Report) -> Recorded {
    let due_at = due_on.map(|day| instant(&format!("{day} 17:00")));
    let dossier = Dossier { due_at, ..Dossier::default() };
    let facts = Facts::of_dossier(&dossier, &"phong-a".into(), &office.folder.load().office, day(on));
    let subject = dossier_subject(&"mc".into(), code);
    let new = NewReport { subject, report, reported_by: "thử".to_owned(), reported_from: "cli" };
    office.store.report(new, facts, instant(&format!("{on} 16:00"))).await.expect("the store works")
}

#[tokio::test]
async fn the_ladder_of_the_preset_ends_with_daily_urging_and_two_papers_that_are_owed() {
    let (mut office, _fake) = office_with(vec![dossier("H1", "2023-02-14")], "2023-02-08").await;
    let story = [
        ("2023-02-08", vec![]),
        ("2023-02-09", vec![("an@so.example", "Còn 3 ngày làm việc")]),
        ("2023-02-10", vec![("an@so.example", "Còn 2 ngày làm việc")]),
        ("2023-02-13", vec![("an@so.example", "hoặc có văn bản xin lỗi và đề nghị gia hạn")]),
        ("2023-02-14", vec![("an@so.example", "Hôm nay phải trả kết quả.")]),
        (
            "2023-02-15",
            vec![
                ("an@so.example", "Hồ sơ chậm H1: báo cáo giải trình lý do chậm"),
                ("ha@so.example", "Đã quá hạn 1 ngày làm việc"),
                ("binh@so.example", "Đã quá hạn 1 ngày làm việc"),
            ],
        ),
        (
            "2023-02-16",
            vec![("an@so.example", "Đôn đốc: lần thứ 2"), ("ha@so.example", "Hồ sơ chậm H1: văn bản xin lỗi")],
        ),
    ];
    for (on, expected) in story {
        office.tick(&format!("{on} 07:30")).await;
        office.expect_mail(&expected);
    }
    let papers = [
        Report::Apologised { done_on: day("2023-02-16"), document: "01/XL".to_owned() },
        Report::Explained { done_on: day("2023-02-16"), document: "02/BC".to_owned() },
    ];
    for paper in papers {
        let recorded = record(&office, "H1", Some(day("2023-02-14")), "2023-02-16", paper.clone()).await;
        assert!(matches!(recorded, Recorded::Taken(_)));
        let again = record(&office, "H1", Some(day("2023-02-14")), "2023-02-16", paper).await;
        assert_eq!(again, Recorded::Refused(Refusal::AlreadyRecorded));
    }
    office.tick("2023-02-17 07:30").await;
    office.expect_mail(&[("an@so.example", "Đôn đốc: lần thứ 3")]);
}

#[tokio::test]
async fn a_dossier_due_on_a_sunday_has_its_last_call_on_friday() {
    let (mut office, _fake) = office_with(vec![dossier("H1", "2023-02-19")], "2023-02-16").await;
    office.tick("2023-02-16 07:30").await;
    office.expect_mail(&[("an@so.example", "Còn 1 ngày làm việc")]);
    office.tick("2023-02-17 07:30").await;
    office.expect_mail(&[("an@so.example", "hoặc có văn bản xin lỗi và đề nghị gia hạn")]);
}

#[tokio::test]
async fn a_dossier_that_ended_late_owes_its_papers_until_they_are_recorded() {
    let (mut office, fake) = office_with(vec![dossier("H1", "2023-02-14")], "2023-02-14").await;
    office.tick("2023-02-14 07:30").await;
    office.expect_mail(&[("an@so.example", "Hôm nay phải trả kết quả.")]);
    let mut row = dossier("H1", "2023-02-14");
    row["dossierStatus"] = "done".into();
    row["releaseDate"] = "15/02/2023 10:00:00".into();
    fake.answer(Answer::Dossiers(vec![row]));
    office.tick("2023-02-16 07:30").await;
    office.expect_mail(&[("an@so.example", "hồ sơ đã xong nhưng chậm"), ("ha@so.example", "văn bản xin lỗi")]);
    for paper in [
        Report::Apologised { done_on: day("2023-02-16"), document: "01/XL".to_owned() },
        Report::Explained { done_on: day("2023-02-16"), document: "02/BC".to_owned() },
    ] {
        record(&office, "H1", Some(day("2023-02-14")), "2023-02-16", paper).await;
    }
    office.tick("2023-02-17 07:30").await;
    office.tick("2023-03-17 07:30").await;
    office.expect_silence();
}

#[tokio::test]
async fn one_that_ended_in_time_or_before_we_looked_owes_nothing() {
    let mut late_before = dossier("H0", "2023-01-10");
    late_before["dossierStatus"] = "done".into();
    late_before["releaseDate"] = "20/01/2023 10:00:00".into();
    let (mut office, fake) = office_with(vec![late_before.clone(), dossier("H1", "2023-02-14")], "2023-02-14").await;
    office.tick("2023-02-14 07:30").await;
    office.expect_mail(&[("an@so.example", "Hồ sơ H1")]);
    let mut row = dossier("H1", "2023-02-14");
    row["dossierStatus"] = "done".into();
    row["releaseDate"] = "14/02/2023 16:59:00".into();
    fake.answer(Answer::Dossiers(vec![late_before, row]));
    for on in ["2023-02-15", "2023-02-16", "2023-02-20"] {
        office.tick(&format!("{on} 07:30")).await;
    }
    office.expect_silence();
}

#[tokio::test]
async fn a_late_dossier_that_vanished_from_the_list_owes_its_papers() {
    let rows = vec![dossier("H1", "2023-02-14"), dossier("H2", "2023-12-29")];
    let (mut office, fake) = office_with(rows, "2023-02-15").await;
    office.tick("2023-02-15 07:30").await;
    office.expect_mail(&[("an@so.example", "Hồ sơ H1"), ("ha@so.example", "H1"), ("binh@so.example", "H1")]);
    fake.answer(Answer::Dossiers(vec![dossier("H2", "2023-12-29")]));
    office.tick("2023-02-15 08:30").await;
    office.tick("2023-02-15 09:30").await;
    office.tick("2023-02-17 07:30").await;
    office.expect_mail(&[("an@so.example", "hồ sơ đã xong nhưng chậm"), ("ha@so.example", "văn bản xin lỗi")]);
}

#[tokio::test]
async fn a_re_appointment_that_the_office_recorded_counts_at_once_and_there_is_no_second_one() {
    let (mut office, _fake) = office_with(vec![dossier("H1", "2023-02-14")], "2023-02-13").await;
    office.tick("2023-02-13 07:30").await;
    office.expect_mail(&[("an@so.example", "Còn 1 ngày làm việc")]);
    let to = |on: &str| Report::Reappointed { to_on: day(on), document: "03/GH".to_owned() };
    let due_on = Some(day("2023-02-14"));
    assert_eq!(
        record(&office, "H1", due_on, "2023-02-13", to("2023-02-14")).await,
        Recorded::Refused(Refusal::NotLater { due_on: day("2023-02-14") })
    );
    assert!(matches!(record(&office, "H1", due_on, "2023-02-13", to("2023-02-21")).await, Recorded::Taken(_)));
    let second = record(&office, "H1", due_on, "2023-02-13", to("2023-02-28")).await;
    assert_eq!(second, Recorded::Refused(Refusal::ReappointedOnce));
    office.tick("2023-02-15 07:30").await;
    // Late against the first appointment: its papers are owed, and the ladder starts again from the new one.
    office.expect_mail(&[("an@so.example", "báo cáo giải trình lý do chậm")]);
    office.tick("2023-02-16 07:30").await;
    office.expect_mail(&[
        ("an@so.example", "đã hẹn lại 01 lần, không được hẹn lần thứ hai"),
        ("ha@so.example", "văn bản xin lỗi"),
    ]);
}

#[tokio::test]
async fn the_official_who_has_it_in_hand_is_told_beside_the_unit() {
    let mut row = dossier("H1", "2023-02-14");
    row["currentActionUser"] = "VŨ BÌNH".into();
    let (mut office, _fake) = office_with(vec![row], "2023-02-14").await;
    office.tick("2023-02-14 07:30").await;
    office.expect_mail(&[("an@so.example", "Hồ sơ H1"), ("binh@so.example", "Hồ sơ H1")]);
}

#[tokio::test]
async fn a_rule_may_ask_for_several_things_and_name_a_person() {
    let (mut office, _fake) = office_with(vec![dossier("H1", "2023-02-14")], "2023-02-14").await;
    office.folder.replace(
        "nhacviec.yaml",
        "[{ field: Điện, unit: phong-a }]",
        "[{ field: Điện, procedure: \"Cấp đổi*\", unit: phong-a }, { field: điện, procedure: \"cấp phép*\", unit: phong-b, person: ha }]",
    );
    office.reload();
    office.tick("2023-02-14 07:30").await;
    office.expect_mail(&[("binh@so.example", "Hồ sơ H1"), ("ha@so.example", "Hồ sơ H1")]);
}

#[tokio::test]
async fn an_appointment_without_an_hour_lasts_until_its_day_ends() {
    let mut row = dossier("H1", "2023-02-14");
    row["dueDate"] = "14/02/2023".into();
    let (mut office, _fake) = office_with(vec![row], "2023-02-14").await;
    office.tick("2023-02-14 07:30").await;
    office.expect_mail(&[("an@so.example", "Hẹn trả: Thứ Ba, 14/02/2023")]);
    assert_eq!(office.status().await.sources[0].overdue, 0, "its day has not ended");
    office.set_clock("2023-02-15 00:30");
    assert_eq!(office.status().await.sources[0].overdue, 1);
}

/// A petition in the shape of OpenCPS: no number of its own, no due date.
fn petition(at: &str) -> Value {
    json!({ "Ten": "NGUYỄN VĂN BÍ MẬT", "TieuDe": "Đề nghị sửa biểu mẫu", "NgayGuiPAKN": at, "TrangThai": "1", "TongSo": "1" })
}

#[tokio::test]
async fn a_petition_is_forwarded_within_five_working_days_and_answered_within_twenty_days() {
    let body = json!({ "DanhSachPAKNCongKhai": [petition("20230201081409")] }).to_string();
    let fake = FakeOneStop::start(Answer::Raw(crate::support::one_stop::http("200 OK", "application/json", &body)));
    let mut office = Office::with_source(&fake.url(), "2023-02-01").await;
    office.folder.replace("nhacviec.yaml", "profile: opencps-v2", "profile: opencps-pakn\n    kind: petitions");
    office.folder.replace("nhacviec.yaml", "holders: [{ field: Điện, unit: phong-a }]", "holders: []");
    use_preset(&mut office, "phan-anh-kien-nghi");
    let code = "20230201081409";
    let story = [
        ("2023-02-01", vec![]),
        ("2023-02-07", vec![("ha@so.example", "chuyển đơn đến cơ quan có thẩm quyền")]),
        ("2023-02-08", vec![("ha@so.example", "chuyển đơn đến cơ quan có thẩm quyền")]),
        ("2023-02-09", vec![]),
        // 20 days end on Tuesday the 21st.
        ("2023-02-16", vec![("ha@so.example", "Phản ánh, kiến nghị 20230201081409")]),
        ("2023-02-21", vec![("ha@so.example", "Hạn trả lời: Thứ Ba, 21/02/2023")]),
        ("2023-02-22", vec![("ha@so.example", "cập nhật tình trạng xử lý lên hệ thống")]),
        ("2023-02-27", vec![]),
        ("2023-02-28", vec![("ha@so.example", "Đã quá hạn 5 ngày làm việc")]),
    ];
    for (on, expected) in story {
        office.tick(&format!("{on} 07:30")).await;
        office.expect_mail(&expected);
    }
    let forwarded = Report::Forwarded { done_on: day("2023-02-28"), document: "05/CV".to_owned() };
    assert!(matches!(record(&office, code, None, "2023-02-28", forwarded).await, Recorded::Taken(_)));
    office.tick("2023-03-07 07:30").await;
    office.expect_silence();
}

/// Puts a file into the folder that the office watches, old enough to have come to rest.
fn put(office: &Office, name: &str, text: &str, age_minutes: u64) {
    let folder = office.folder.state().join("xuat");
    fs::create_dir_all(&folder).expect("writable");
    fs::write(folder.join(name), text).expect("writable");
    let file = fs::File::options().write(true).open(folder.join(name)).expect("just written");
    let modified = SystemTime::from(SystemClock.now()) - std::time::Duration::from_secs(age_minutes * 60);
    file.set_modified(modified).expect("a file system with times");
}

async fn office_with_folder(on: &str, more: &str) -> Office {
    let mut office = Office::with_source("http://127.0.0.1:9", on).await;
    let of_http = "profile: opencps-v2\n    url: http://127.0.0.1:9\n    parameters: { group_id: 7 }\n    pause_milliseconds: 0\n    user: thu\n    password_file: mot-cua\n    page_size: 3\n    timeout_seconds: 1\n";
    office.folder.replace("nhacviec.yaml", of_http, &format!("folder: xuat\n{more}"));
    office.folder.replace(
        "nhacviec.yaml",
        "{ field: Điện, unit: phong-a }",
        "{ department: Phòng Điện, unit: phong-a }",
    );
    fs::create_dir_all(office.folder.state().join("xuat")).expect("writable");
    office.reload();
    office
}

const LIST: &str = "SỞ THỬ NGHIỆM\n\nSTT,Mã hồ sơ,Tên thủ tục,Đơn vị xử lý,Ngày hẹn trả,Trạng thái\n1,H1,Cấp phép,Phòng Điện,14/02/2023,Đang xử lý\n2,H2,Cấp phép,Phòng Điện,31/02/2023,Đang xử lý\n3,H3,Cấp phép,Phòng Lạ,14/02/2023,Chờ bổ sung\n";

#[tokio::test]
async fn an_exported_list_is_taken_once_its_good_rows_are_used_and_its_bad_ones_shown() {
    let mut office = office_with_folder("2023-02-14", "").await;
    put(&office, "danh sach.csv", LIST, 5);
    office.tick("2023-02-14 07:30").await;
    office.expect_mail(&[("an@so.example", "Hồ sơ H1")]);
    let status = office.status().await;
    assert_eq!(status.sources[0].open, 3);
    assert!(status.problems[0].sentence.contains("dòng 5"), "{:?}", status.problems);
    // The same content under another name says nothing new; what was wrong with it stays shown.
    put(&office, "ban sao.csv", LIST, 4);
    let (polled, ..) = office.tick("2023-02-14 09:30").await;
    assert_eq!(polled[0].result.as_ref().map(|r| (r.new, r.changed, r.closed)), Ok((0, 0, 0)));
    assert_eq!(office.status().await.problems.len(), 1);
    office.expect_mail(&[("khoa@so.example", "dòng 5")]);
    // A list of some dossiers closes none of the others, however often it comes.
    for (hour, name) in [("10", "b.csv"), ("11", "c.csv"), ("12", "d.csv")] {
        put(&office, name, &format!("Mã hồ sơ;Ngày hẹn trả\nH{hour};31/03/2023\n"), 3);
        office.tick(&format!("2023-02-14 {hour}:45")).await;
    }
    let status = office.status().await;
    assert_eq!((status.sources[0].open, status.problems.len()), (6, 0), "{status:?}");
}

#[tokio::test]
async fn what_exports_no_longer_mention_is_urged_until_somebody_says_that_it_is_done() {
    let mut office = office_with_folder("2023-02-14", "").await;
    let list = |code: &str, due: &str| format!("Mã hồ sơ,Ngày hẹn trả,Đơn vị xử lý\n{code},{due},Phòng Điện\n");
    put(&office, "1.csv", &list("H1", "14/02/2023"), 9);
    office.tick("2023-02-14 07:30").await;
    office.expect_mail(&[("an@so.example", "Hồ sơ H1")]);
    put(&office, "2.csv", &list("H2", "31/03/2023"), 8);
    office.tick("2023-02-15 07:30").await;
    office.expect_mail(&[("an@so.example", "Đã quá hạn 1 ngày làm việc")]);
    let done = Report::Finished { done_on: day("2023-02-15"), document: "07/KQ".to_owned() };
    assert!(matches!(record(&office, "H1", Some(day("2023-02-14")), "2023-02-15", done).await, Recorded::Taken(_)));
    for on in ["2023-02-16", "2023-02-17"] {
        office.tick(&format!("{on} 07:30")).await;
    }
    office.expect_silence();
    // A list written later that shows it once more knows better.
    put(&office, "3.csv", &format!("{}\n", list("H1", "14/02/2023").trim_end()), 0);
    let file = fs::File::options().write(true).open(office.folder.state().join("xuat/3.csv")).expect("just written");
    file.set_modified(SystemTime::from(SystemClock.now()) - std::time::Duration::from_secs(30)).expect("times");
    office.tick("2023-02-20 07:30").await;
    office.expect_mail(&[("an@so.example", "Đã quá hạn 4 ngày làm việc"), ("minh@so.example", "Hồ sơ H1")]);
}

#[tokio::test]
async fn a_list_that_is_said_to_be_whole_closes_what_two_of_them_left_out() {
    let mut office = office_with_folder("2023-02-14", "    lists_all_open: true\n").await;
    let list = |codes: &[&str]| {
        let rows: Vec<_> = codes.iter().map(|c| format!("{c},31/03/2023")).collect();
        format!("Mã hồ sơ,Ngày hẹn trả\n{}\n", rows.join("\n"))
    };
    put(&office, "1.csv", &list(&["H1", "H2", "H3"]), 9);
    office.tick("2023-02-14 07:45").await;
    put(&office, "2.csv", &list(&["H1", "H2"]), 8);
    office.tick("2023-02-14 08:45").await;
    assert_eq!(office.status().await.sources[0].open, 3, "once missing is not closed");
    put(&office, "3.csv", &list(&["H2", "H1"]), 7);
    office.tick("2023-02-14 09:45").await;
    assert_eq!(office.status().await.sources[0].open, 2);
    office.expect_silence();
}

#[tokio::test]
async fn a_file_that_is_no_list_or_still_on_its_way_waits_and_is_shown() {
    let mut office = office_with_folder("2023-02-14", "").await;
    put(&office, "bao cao.xls", "%PDF-1.4 không phải bảng", 5);
    put(&office, "dang chep.csv", LIST, 0);
    put(&office, "~$tam.csv", LIST, 5);
    office.tick("2023-02-14 07:30").await;
    let status = office.status().await;
    assert_eq!(status.sources.first().map_or(0, |s| s.open), 0);
    assert!(status.problems[0].sentence.contains("tệp bao cao.xls: tệp không phải bảng"), "{:?}", status.problems);
    put(&office, "dang chep.csv", LIST, 5);
    office.tick("2023-02-14 08:30").await;
    office.expect_mail(&[("an@so.example", "Hồ sơ H1"), ("khoa@so.example", "bao cao.xls")]);
}
