//! The administrator's morning note.

use nhacviec::demo::mail_server::Fault;

use crate::support::{Office, decoded, instant};

/// Last day in time Tuesday 14/02/2023.
const REPORT: &str = "  - { id: I.1, content: Báo cáo quý, lead: [phong-a], deadline: 14/02/2023 }\n";
const FAR: &str = "  - { id: I.9, content: Việc xa, lead: [phong-a], deadline: 30/06/2023 }\n";
const NOTE: &str = "Tình trạng hệ thống nhắc việc ngày";

/// An office whose administrator's note is read, after the note of Monday the 6th.
async fn office_after_mondays_note(tasks: &str) -> Office {
    let mut office = Office::with_tasks(tasks, "2023-02-06").await;
    office.reads_notes = true;
    office.tick("2023-02-06 07:30").await;
    office.expect_mail(&[("khoa@so.example", NOTE)]);
    office
}

#[tokio::test]
async fn without_trouble_it_comes_on_the_first_working_day_of_the_week_only() {
    let mut office = office_after_mondays_note(FAR).await;
    for day in ["07", "08", "09", "10", "11", "12"] {
        office.tick(&format!("2023-02-{day} 07:30")).await;
    }
    office.expect_silence();
    office.tick("2023-02-13 07:30").await;
    office.expect_mail(&[("khoa@so.example", NOTE)]);
}

#[tokio::test]
async fn after_a_holiday_on_monday_it_comes_on_the_first_day_of_work() {
    let mut office = Office::with_tasks(FAR, "2023-04-28").await;
    office.reads_notes = true;
    for day_off in ["2023-04-28", "2023-04-29", "2023-05-01", "2023-05-02", "2023-05-03"] {
        office.tick(&format!("{day_off} 07:30")).await;
    }
    office.expect_silence();
    office.tick("2023-05-04 07:30").await;
    office.expect_mail(&[("khoa@so.example", NOTE)]);
    office.tick("2023-05-05 07:30").await;
    office.expect_silence();
}

#[tokio::test]
async fn with_trouble_it_comes_every_working_morning_and_on_no_day_off() {
    let mut office = office_after_mondays_note(FAR).await;
    office.folder.replace("units.yaml", ", email: an@so.example", "");
    office.folder.append("plans/kh.yaml", &REPORT.replace("14/02/2023", "08/02/2023"));
    office.reload();
    office.tick("2023-02-06 09:00").await;
    office.tick("2023-02-06 09:30").await;
    office.expect_mail(&[("khoa@so.example", "I.1."), ("khoa@so.example", "2 trục trặc")]);
    office.tick("2023-02-07 07:30").await;
    let text = decoded(&office.mail.received().last().expect("a note").text);
    assert!(text.contains("Trục trặc: Phòng A: không có ai nhận được tin"), "{text}");
    assert!(text.contains("Người chưa có địa chỉ nhận tin: Trần An"), "{text}");
    office.expect_mail(&[("khoa@so.example", NOTE)]);
    office.tick("2023-02-08 07:30").await;
    office.expect_mail(&[("khoa@so.example", NOTE)]);
    office.mark_all_read();
    for moment in ["2023-02-11 07:30", "2023-02-12 10:00"] {
        office.tick(moment).await;
    }
    office.expect_silence();
}

#[tokio::test]
async fn it_comes_once_a_day_also_after_a_reload_and_with_a_tick_each_minute() {
    let mut office = office_after_mondays_note(FAR).await;
    for minute in 31..60 {
        office.tick(&format!("2023-02-06 07:{minute}")).await;
    }
    office.reload();
    office.tick("2023-02-06 08:00").await;
    office.expect_silence();
}

#[tokio::test]
async fn after_a_downtime_over_the_digest_hour_it_still_comes() {
    let mut office = Office::with_tasks(FAR, "2023-02-03").await;
    office.reads_notes = true;
    office.tick("2023-02-03 16:00").await;
    office.mark_all_read();
    office.tick("2023-02-06 10:12").await;
    office.expect_mail(&[("khoa@so.example", NOTE)]);
}

#[tokio::test]
async fn it_counts_what_left_and_what_failed() {
    let mut office = office_after_mondays_note(&REPORT.replace("[phong-a]", "[Các phòng]")).await;
    office.mail.set_fault("an@so.example", Some(Fault::Refused));
    office.tick("2023-02-07 07:30").await;
    office.expect_mail(&[("binh@so.example", "Còn 5 ngày")]);
    office.tick("2023-02-07 08:00").await;
    office.expect_mail(&[("khoa@so.example", "Tin cho «an» qua email không gửi được")]);
    office.tick("2023-02-08 07:30").await;
    let text = decoded(&office.mail.received().last().expect("a note").text);
    // The note of the day before, the digest and the problem left.
    for part in
        ["đã gửi 3, dời 0, không gửi được 1, không rõ 0, đang giữ 0", "xem nhacviec status", "Trục trặc: Tin cho «an»"]
    {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    office.expect_mail(&[("khoa@so.example", NOTE)]);
}

#[tokio::test]
async fn it_counts_what_was_deferred() {
    let mut office = office_after_mondays_note(FAR).await;
    office.folder.replace("nhacviec.yaml", "digest_at: \"07:30\"", "digest_at: \"07:30\", most_messages_a_day: 1");
    office.folder.append("plans/kh.yaml", &REPORT.replace("14/02/2023", "09/02/2023"));
    office.reload();
    office.tick("2023-02-08 07:30").await;
    office.expect_mail(&[("an@so.example", "I.1.")]);
    office.folder.append("plans/kh.yaml", &REPORT.replace("14/02/2023", "08/02/2023").replace("I.1", "I.2"));
    office.reload();
    office.tick("2023-02-08 09:00").await;
    office.expect_silence();
    office.tick("2023-02-09 07:30").await;
    office.expect_mail(&[("an@so.example", "I.2."), ("khoa@so.example", "1 tin bị dời sang hôm sau")]);
}

#[tokio::test]
async fn it_counts_what_is_held_by_a_channel() {
    let mut office = office_after_mondays_note(FAR).await;
    office.mail.set_closed(true);
    office.folder.append("plans/kh.yaml", &REPORT.replace("14/02/2023", "06/02/2023").replace("I.1", "I.2"));
    office.reload();
    office.tick("2023-02-06 16:00").await;
    office.mail.set_closed(false);
    office.tick("2023-02-07 07:30").await;
    let received = office.mail.received();
    let note = received.iter().map(|m| decoded(&m.text)).rfind(|text| text.contains(NOTE)).expect("a note");
    assert!(note.contains("1 tin lẽ ra đã đi vẫn còn giữ: kiểm tra kênh gửi"), "{note}");
    office.mark_all_read();
}

#[tokio::test]
async fn it_names_duties_never_reminded_plans_that_are_over_and_the_calendar_that_runs_out() {
    let event = "  - { id: I.7, content: Việc, lead: [phong-a], deadline: Khi có phát sinh }\n";
    let mut office = Office::with_tasks(&format!("{FAR}{event}"), "2023-12-04").await;
    office.reads_notes = true;
    office.tick("2023-12-04 07:30").await;
    let received = office.mail.received();
    let note = received.iter().map(|m| decoded(&m.text)).find(|text| text.contains(NOTE)).expect("a note");
    for part in ["Nhiệm vụ chưa được nhắc lần nào, chờ phát sinh hoặc chờ thời hạn: I.7", "Lịch nghỉ năm 2024 chưa có"]
    {
        assert!(note.contains(part), "{part} is not in {note}");
    }
    office.tick("2024-01-08 07:30").await;
    let note = decoded(&office.mail.received().iter().rfind(|m| m.to == "khoa@so.example").expect("a note").text);
    assert!(note.contains("Kế hoạch «Kế hoạch thử» đã hết năm, còn 1 việc chưa báo hoàn thành"), "{note}");
    office.mark_all_read();
}

#[tokio::test]
async fn status_turns_red_when_the_administrators_address_is_refused() {
    let mut office = Office::with_tasks(FAR, "2023-02-06").await;
    office.reads_notes = true;
    office.mail.set_fault("khoa@so.example", Some(Fault::Refused));
    office.tick("2023-02-06 07:30").await;
    office.expect_silence();
    let note = office.status().await.note.expect("a note was decided");
    assert_eq!(note.state, "failed");
    assert!(note.is_overdue(instant("2023-02-06 07:31")));
}

#[tokio::test]
async fn status_is_green_once_the_note_has_left() {
    let office = office_after_mondays_note(FAR).await;
    let note = office.status().await.note.expect("a note");
    assert_eq!(note.state, "sent");
    assert!(!note.is_overdue(instant("2023-02-06 20:00")));
}
