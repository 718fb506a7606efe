//! When messages leave, and what they never carry.

use std::sync::{Arc, Mutex};

use axum::{Router, extract::State, routing::post};

use crate::support::{Office, decoded};

/// Last day in time Tuesday 14/02/2023.
const REPORT: &str = "  - { id: I.1, content: Báo cáo quý, lead: [phong-a], deadline: 14/02/2023 }\n";
const FAR: &str = "  - { id: I.9, content: Việc xa, lead: [phong-a], deadline: 30/06/2023 }\n";

/// An office with other hours.
async fn office_with_hours(tasks: &str, from: &str, to: &str, day: &str) -> Office {
    let mut office = Office::with_tasks(tasks, day).await;
    office.folder.replace("nhacviec.yaml", from, to);
    office.reload();
    office
}

/// An office that takes a lunch break.
async fn office_with_lunch(tasks: &str, day: &str) -> Office {
    let with_pause = "until: \"17:00\", pause: \"11:30-13:30\" }";
    office_with_hours(tasks, "until: \"17:00\" }", with_pause, day).await
}

/// Adds tasks to those that are in the plan, as an administrator does in the course of the day.
fn enter(office: &mut Office, tasks: &str) {
    office.folder.append("plans/kh.yaml", tasks);
    office.reload();
}

#[tokio::test]
async fn everything_of_a_morning_is_one_message_a_person_with_the_urgent_first() {
    let tasks = "  - { id: I.1, content: Việc trễ, lead: [phong-a], deadline: 10/02/2023 }
  - { id: I.2, content: Việc hôm nay, lead: [phong-a], deadline: 14/02/2023 }
  - { id: I.3, content: Việc mai, lead: [phong-a], deadline: 15/02/2023 }
  - { id: I.4, content: Việc B, lead: [phong-b], deadline: 15/02/2023 }\n";
    let mut office = Office::with_tasks(tasks, "2023-02-14").await;
    office.tick("2023-02-14 07:30").await;
    let text = decoded(&office.mail.received().iter().find(|m| m.to == "an@so.example").expect("a digest").text);
    let at = |word: &str| text.find(word).unwrap_or_else(|| panic!("{word} is not in {text}"));
    assert!(at("Việc trễ") < at("Việc hôm nay") && at("Việc hôm nay") < at("Việc mai"), "{text}");
    office
        .expect_mail(&[("an@so.example", "1 quá hạn, 1 đến hạn, 1 sắp đến hạn"), ("binh@so.example", "1 sắp đến hạn")]);
    office.tick("2023-02-14 16:59").await;
    office.expect_silence();
}

#[tokio::test]
async fn a_morning_without_anything_new_brings_no_message() {
    let mut office = Office::with_tasks(REPORT, "2023-02-08").await;
    office.tick("2023-02-08 07:30").await;
    office.expect_mail(&[("an@so.example", "Còn 4 ngày")]);
    for morning in ["2023-02-09 07:30", "2023-02-10 07:30", "2023-02-11 07:30", "2023-02-12 07:30"] {
        office.tick(morning).await;
    }
    office.expect_silence();
}

#[tokio::test]
async fn lunch_holds_an_urgent_message_until_the_afternoon_of_the_same_day() {
    let mut office = office_with_lunch(FAR, "2023-02-14").await;
    office.tick("2023-02-14 07:30").await;
    enter(&mut office, REPORT);
    for moment in ["11:30", "12:00", "13:29"] {
        office.tick(&format!("2023-02-14 {moment}")).await;
        office.expect_silence();
    }
    office.tick("2023-02-14 13:30").await;
    office.expect_mail(&[("an@so.example", "Hôm nay là ngày làm việc cuối cùng")]);
}

#[tokio::test]
async fn what_was_entered_before_lunch_leaves_before_lunch() {
    let mut office = office_with_lunch(FAR, "2023-02-14").await;
    office.tick("2023-02-14 07:30").await;
    enter(&mut office, REPORT);
    office.tick("2023-02-14 11:29").await;
    office.expect_mail(&[("an@so.example", "Hôm nay")]);
}

#[tokio::test]
async fn what_is_urgent_after_the_sending_hours_comes_with_the_next_digest() {
    let mut office = Office::with_tasks(FAR, "2023-02-17").await;
    office.tick("2023-02-17 07:30").await;
    enter(&mut office, REPORT);
    office.tick("2023-02-17 17:00").await;
    office.tick("2023-02-18 09:00").await;
    office.expect_silence();
    office.tick("2023-02-20 07:30").await;
    office.expect_mail(&[("an@so.example", "Đã quá hạn 4"), ("minh@so.example", "Đã quá hạn 4")]);
}

#[tokio::test]
async fn digests_are_spread_over_some_minutes_and_everybody_gets_theirs_at_the_same_minute() {
    let tasks = "  - { id: I.1, content: Việc, lead: [Các phòng, van-phong], deadline: 14/02/2023 }\n";
    let spread = "digest_at: \"07:30\", spread_minutes: 20";
    let mut office = office_with_hours(tasks, "digest_at: \"07:30\"", spread, "2023-02-13").await;
    let mut minutes = Vec::new();
    for day in ["13", "14"] {
        let mut of_day = Vec::new();
        for minute in 30..=50 {
            let before = office.mail.count();
            office.tick(&format!("2023-02-{day} 07:{minute}")).await;
            let told = office.mail.received().into_iter().skip(before).filter(|m| m.to != "khoa@so.example");
            of_day.extend(told.map(|m| (m.to, minute)));
        }
        of_day.sort();
        minutes.push(of_day);
    }
    assert_eq!(minutes[0], minutes[1]);
    let distinct: std::collections::BTreeSet<_> = minutes[0].iter().map(|(_, minute)| minute).collect();
    assert!(minutes[0].len() == 3 && distinct.len() > 1, "{minutes:?}");
    office.mark_all_read();
}

#[tokio::test]
async fn a_day_on_the_cap_defers_the_rest_to_the_next_morning_and_says_so() {
    let cap = "digest_at: \"07:30\", most_messages_a_day: 1";
    let mut office = office_with_hours(&REPORT.replace("I.1", "I.0"), "digest_at: \"07:30\"", cap, "2023-02-14").await;
    office.folder.replace("nhacviec.yaml", "before: [5, 1, 0], after: [1]", "before: [5, 1, 0], after: [3]");
    office.reload();
    office.tick("2023-02-14 07:30").await;
    office.expect_mail(&[("an@so.example", "I.0.")]);
    enter(&mut office, REPORT);
    for moment in ["2023-02-14 09:00", "2023-02-14 16:00", "2023-02-15 07:29"] {
        office.tick(moment).await;
        office.expect_silence();
    }
    office.tick("2023-02-15 07:30").await;
    office.expect_mail(&[("an@so.example", "Lẽ ra gửi: 09:00 Thứ Ba, 14/02/2023; dời sang hôm nay")]);
    office.tick("2023-02-15 09:00").await;
    office.expect_silence();
}

#[tokio::test]
async fn the_cap_counts_each_person_for_themselves() {
    let cap = "digest_at: \"07:30\", most_messages_a_day: 1";
    let mut office = office_with_hours(FAR, "digest_at: \"07:30\"", cap, "2023-02-14").await;
    office.tick("2023-02-14 07:30").await;
    enter(&mut office, REPORT);
    office.tick("2023-02-14 09:00").await;
    office.expect_mail(&[("an@so.example", "I.1.")]);
    enter(&mut office, &REPORT.replace("I.1", "I.2").replace("phong-a", "phong-b"));
    office.tick("2023-02-14 10:00").await;
    office.expect_mail(&[("binh@so.example", "I.2.")]);
}

#[tokio::test]
async fn a_message_deferred_over_several_days_is_lost_on_none_of_them() {
    let cap = "digest_at: \"07:30\", most_messages_a_day: 1";
    let mut office = office_with_hours(&REPORT.replace("I.1", "I.0"), "digest_at: \"07:30\"", cap, "2023-02-16").await;
    office.tick("2023-02-16 07:30").await;
    office.expect_mail(&[("an@so.example", "I.0.")]);
    enter(&mut office, REPORT);
    office.tick("2023-02-16 09:00").await;
    office.mail.set_closed(true);
    office.tick("2023-02-17 07:30").await;
    office.expect_silence();
    office.mail.set_closed(false);
    office.tick("2023-02-17 07:40").await;
    office.expect_mail(&[("an@so.example", "2 quá hạn"), ("minh@so.example", "2 quá hạn")]);
}

/// A duty marked secret, in a plan with names that must not leave either.
const SECRET: &str = "  - { id: III.7, secrecy: mật, reference: 17/KH-M, content: Diễn tập phòng thủ, lead: [phong-a], coordinating: [phong-b],
      deadline: Trước ngày 15/02/2023, product: Văn kiện diễn tập }\n";
const HIDDEN: [&str; 7] = ["Diễn tập", "Văn kiện", "Phòng A", "Phòng B", "Kế hoạch thử", "Trước ngày 15/02", "III.7"];

/// A message as it left and every part of it decoded.
fn all_of(message: &str) -> String {
    let boundary = message.split("boundary=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("multipart");
    let border = format!("--{boundary}");
    let parts = message.split(&border).skip(1).filter_map(|part| part.strip_prefix("\r\n"));
    let decoded_parts: Vec<String> = parts
        .map(|part| decoded(&format!("Content-Type: multipart/mixed; boundary=\"b\"\r\n\r\n--b\r\n{part}\r\n--b--")))
        .collect();
    assert!(decoded_parts.len() == 2 && decoded_parts[1].contains("</"), "text and HTML: {decoded_parts:?}");
    format!("{message}\n{}\n{}", decoded(message), decoded_parts.join("\n"))
}

#[tokio::test]
async fn a_secret_duty_goes_by_mail_with_its_number_only() {
    let mut office = Office::with_tasks(SECRET, "2023-02-07").await;
    let ladder = "    coordinating: { before: [1] }\n    following: { after: [1] }\n    advice: [{ days: -5, text: Diễn tập ngay }]\n    escalation:\n      - { after: 3";
    office.folder.replace("nhacviec.yaml", "    escalation:\n      - { after: 3", ladder);
    office.folder.replace("plans/kh.yaml", "policy: viec", "policy: viec, followed_by: [van-phong]");
    office.reload();
    for day in ["07", "13", "14", "15", "17"] {
        office.tick(&format!("2023-02-{day} 07:30")).await;
    }
    let number = "Văn bản số 17/KH-M";
    for message in office.mail.received().iter().filter(|m| m.to != "khoa@so.example") {
        let all = all_of(&message.text);
        assert!(all.contains(number), "{all}");
        for hidden in HIDDEN {
            assert!(!all.to_lowercase().contains(&hidden.to_lowercase()), "{hidden} is in {all}");
        }
    }
    let an = ("an@so.example", number);
    office.expect_mail(&[
        an,
        an,
        an,
        an,
        an,
        ("binh@so.example", number),
        ("ha@so.example", number),
        ("minh@so.example", number),
    ]);
}

#[tokio::test]
async fn a_request_about_a_secret_duty_says_neither_reason_nor_unit() {
    use nhacviec::domain::life::Report;
    let mut office = Office::with_tasks(SECRET, "2023-02-06").await;
    office.set_clock("2023-02-06 09:00");
    let wrong = Report::WrongUnit { right: "phong-b".into(), reason: "Diễn tập do Phòng B".to_owned() };
    office.report("III.7", "2023", "phong-a", wrong).await;
    office.tick("2023-02-07 07:30").await;
    let received = office.mail.received();
    let asked = received.iter().find(|m| decoded(&m.text).contains("Có đề nghị hoặc trả lời")).expect("the request");
    for hidden in HIDDEN {
        assert!(!all_of(&asked.text).contains(hidden), "{hidden}");
    }
    office.expect_mail(&[("khoa@so.example", "Văn bản số 17/KH-M")]);
}

/// A Zalo platform that takes everything and keeps the texts.
async fn zalo() -> (String, Arc<Mutex<Vec<String>>>) {
    let texts: Arc<Mutex<Vec<String>>> = Arc::default();
    let answer = |State(texts): State<Arc<Mutex<Vec<String>>>>, body: String| async move {
        texts.lock().expect("no panic under the lock").push(body);
        r#"{"ok":true,"result":{"message_id":"1","date":1}}"#
    };
    let router = Router::new().route("/bot12:bi-mat/sendMessage", post(answer)).with_state(Arc::clone(&texts));
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, texts)
}

#[tokio::test]
async fn a_secret_duty_never_goes_over_zalo_and_the_administrator_hears_who_misses_it() {
    let (url, texts) = zalo().await;
    let mut office = Office::with_tasks(SECRET, "2023-02-14").await;
    office.folder.append("nhacviec.yaml", &format!("zalo_bot: {{ token_file: zalo, base_url: \"{url}\" }}\n"));
    office.folder.write("secrets/zalo", "12:bi-mat\n");
    office.folder.replace("units.yaml", "name: Trần An, email: an@so.example", "name: Trần An, zalo_chat: abc");
    office.reload();
    office.tick("2023-02-14 07:30").await;
    office.expect_mail(&[("khoa@so.example", "Văn bản số 17/KH-M")]);
    let problems = office.status().await.problems;
    assert!(problems[0].sentence.starts_with("Trần An: có nhiệm vụ mật cần nhắc"), "{problems:?}");
    office.tick("2023-02-14 08:00").await;
    office.expect_mail(&[("khoa@so.example", "Trần An: có nhiệm vụ mật cần nhắc nhưng không có thư điện tử")]);
    assert!(texts.lock().expect("no panic under the lock").is_empty());
}

#[tokio::test]
async fn a_person_who_prefers_zalo_gets_a_secret_duty_by_mail() {
    let (url, texts) = zalo().await;
    let mut office = Office::with_tasks(SECRET, "2023-02-14").await;
    office.folder.append("nhacviec.yaml", &format!("zalo_bot: {{ token_file: zalo, base_url: \"{url}\" }}\n"));
    office.folder.write("secrets/zalo", "12:bi-mat\n");
    let both = "name: Trần An, zalo_chat: abc, channels: [zalo_bot, email], email";
    office.folder.replace("units.yaml", "name: Trần An, email", both);
    office.reload();
    office.tick("2023-02-14 07:30").await;
    office.expect_mail(&[("an@so.example", "Văn bản số 17/KH-M")]);
    assert!(texts.lock().expect("no panic under the lock").is_empty());
}

#[tokio::test]
async fn what_turns_urgent_while_a_spread_digest_still_waits_leaves_with_it() {
    let tasks = "  - { id: I.1, content: Việc sắp tới, lead: [phong-b], deadline: 20/02/2023 }\n";
    let spread = "digest_at: \"07:30\", spread_minutes: 120";
    let mut office = office_with_hours(tasks, "digest_at: \"07:30\"", spread, "2023-02-13").await;
    office.tick("2023-02-13 07:30").await;
    office
        .folder
        .append("plans/kh.yaml", "  - { id: I.2, content: Việc quá hạn, lead: [phong-b], deadline: 10/02/2023 }\n");
    office.reload();
    office.tick("2023-02-13 07:31").await;
    office.expect_silence();
    office.tick("2023-02-13 09:30").await;
    office.expect_mail(&[("binh@so.example", "1 quá hạn, 1 sắp đến hạn")]);
}
