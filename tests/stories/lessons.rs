//! One story for each complaint of the peers' users that must be impossible here (docs: lessons, section 4.2).
//!
//! Not here, because they are tested where they belong: kills between intent and "250" and two claimers at once
//! (process.rs, store.rs), answers with mistakes (dossiers.rs), faulty configurations (cli.rs).

use nhacviec::{
    domain::{decide, life::Report},
    simulation::{self, Completions},
};

use crate::support::{
    Office, OfficeFolder, day, instant,
    one_stop::{Answer, FakeOneStop, dossier},
};

/// Last day in time Tuesday 14/02/2023.
const REPORT: &str = "  - { id: I.1, content: Báo cáo quý, lead: [phong-a], deadline: 14/02/2023 }\n";
const FAR: &str = "  - { id: I.9, content: Việc xa, lead: [phong-b], deadline: 30/06/2023 }\n";

/// An office with another ladder for ordinary work.
async fn office_with_ladder(tasks: &str, ladder: &str, day: &str) -> Office {
    let mut office = Office::with_tasks(tasks, day).await;
    let usual = "    lead: { before: [5, 1, 0], after: [1], repeat_every: 2 }";
    office.folder.replace("nhacviec.yaml", usual, &format!("    lead: {ladder}"));
    office.reload();
    office
}

/// The messages of I.1 to Phòng A in a rehearsal of the year, as `MM-DD`.
fn days_told(deadline: &str, ladder: &str, worked: Option<&str>) -> Vec<String> {
    let folder = OfficeFolder::new(25, &REPORT.replace("14/02/2023", deadline));
    let usual = "    lead: { before: [5, 1, 0], after: [1], repeat_every: 2 }";
    folder.replace("nhacviec.yaml", usual, &format!("    lead: {ladder}"));
    if let Some(swap) = worked {
        folder.append("calendar/2023.yaml", swap);
    }
    let office = folder.load().office;
    let (first, record, _) =
        simulation::set_out(&office, decide::Record::default(), day("2023-01-01"), day("2030-01-01"));
    let leaving = simulation::collect(&office, record, first, day("2023-12-31"), &Completions::None);
    let mine = leaving.iter().filter(|l| l.notification.key.recipient.as_str() == "an");
    mine.map(|l| l.on.format("%m-%d").to_string()).collect()
}

#[tokio::test]
async fn probo_1591_friday_afternoon_entry_with_a_three_day_ladder_spends_no_rung_over_the_week_end() {
    let mut office = office_with_ladder(FAR, "{ before: [3, 2, 1, 0], after: [1] }", "2023-02-10").await;
    office.tick("2023-02-10 07:30").await;
    office.folder.append("plans/kh.yaml", &REPORT.replace("14/02/2023", "15/02/2023"));
    office.reload();
    for moment in ["2023-02-10 16:59", "2023-02-11 07:30", "2023-02-11 09:00", "2023-02-12 07:30", "2023-02-12 23:00"] {
        office.tick(moment).await;
        if moment == "2023-02-10 16:59" {
            // Monday is another rung: said now or never.
            office.expect_mail(&[("an@so.example", "Còn 3 ngày làm việc")]);
        }
    }
    office.expect_silence();
    for (day, told) in [("13", "Còn 2 ngày"), ("14", "Còn 1 ngày"), ("15", "Hôm nay"), ("16", "Đã quá hạn 1")]
    {
        office.tick(&format!("2023-02-{day} 07:30")).await;
        office.expect_mail(&[("an@so.example", told)]);
    }
}

#[test]
fn rungs_around_tet_a_made_up_saturday_and_the_second_of_september_fall_on_working_days() {
    let ladder = "{ before: [2, 1, 0], after: [1] }";
    // 20 to 26/01 are days off; Friday the 27th is worked.
    assert_eq!(days_told("27/01/2023", ladder, None), ["01-18", "01-19", "01-27", "01-30"]);
    assert_eq!(days_told("24/01/2023", ladder, None), ["01-17", "01-18", "01-19", "01-27"]);
    // 01/09 to 04/09.
    assert_eq!(days_told("05/09/2023", ladder, None), ["08-30", "08-31", "09-05", "09-06"]);
    assert_eq!(days_told("02/09/2023", ladder, None), ["08-29", "08-30", "08-31", "09-05"]);
}

#[test]
fn a_rung_falls_on_a_saturday_that_is_worked_instead_of_a_monday() {
    let swap = "  - { on: 2023-02-13, name: Nghỉ hoán đổi, worked_instead: 2023-02-11 }\nworked_days:\n  - { on: 2023-02-11, for: 2023-02-13 }\n";
    let told = days_told("14/02/2023", "{ before: [2, 1, 0], after: [1] }", Some(swap));
    assert_eq!(told, ["02-10", "02-11", "02-14", "02-15"]);
}

#[tokio::test]
async fn deck_2239_due_date_moved_later_earlier_and_back_arms_each_time_and_repeats_nothing() {
    let mut office = Office::with_tasks(REPORT, "2023-02-14").await;
    office.tick("2023-02-14 07:30").await;
    office.expect_mail(&[("an@so.example", "Hôm nay")]);
    office.folder.replace("plans/kh.yaml", "14/02/2023", "22/02/2023");
    office.reload();
    office.tick("2023-02-15 07:30").await;
    office.expect_mail(&[("an@so.example", "Còn 5 ngày")]);
    office.folder.replace("plans/kh.yaml", "22/02/2023", "17/02/2023");
    office.reload();
    office.tick("2023-02-16 07:30").await;
    office.expect_mail(&[("an@so.example", "Còn 1 ngày")]);
    office.folder.replace("plans/kh.yaml", "17/02/2023", "22/02/2023");
    office.reload();
    office.tick("2023-02-16 09:00").await;
    office.tick("2023-02-17 07:30").await;
    office.tick("2023-02-20 07:30").await;
    // The rung of five days before was said of this date already.
    office.expect_silence();
    office.tick("2023-02-21 07:30").await;
    office.expect_mail(&[("an@so.example", "Còn 1 ngày")]);
}

#[tokio::test]
async fn kanboard_4066_a_tick_every_minute_mails_once() {
    let mut office = Office::with_tasks(REPORT, "2023-02-15").await;
    for hour in 7..17 {
        for minute in 0..60 {
            office.tick(&format!("2023-02-15 {hour:02}:{minute:02}")).await;
        }
    }
    office.expect_mail(&[("an@so.example", "Đã quá hạn 1")]);
}

#[tokio::test]
async fn zammad_4432_held_messages_leave_at_the_opening_hour_of_the_next_working_day() {
    let mut office = Office::with_tasks(FAR, "2023-02-17").await;
    office.tick("2023-02-17 07:30").await;
    office.folder.append("plans/kh.yaml", REPORT);
    office.reload();
    let held = ["17 17:00", "17 23:59", "18 00:00", "18 07:30", "19 07:30", "20 00:00", "20 07:29"];
    for moment in held {
        office.tick(&format!("2023-02-{moment}")).await;
        office.expect_silence();
    }
    office.tick("2023-02-20 07:30").await;
    office.expect_mail(&[("an@so.example", "Đã quá hạn 4"), ("minh@so.example", "Đã quá hạn 4")]);
}

#[tokio::test]
async fn zammad_4348_a_new_rung_on_the_day_of_another_message_is_not_swallowed() {
    let mut office = Office::with_tasks(REPORT, "2023-02-14").await;
    office.tick("2023-02-14 07:30").await;
    office.expect_mail(&[("an@so.example", "I.1.")]);
    office.folder.append("plans/kh.yaml", &REPORT.replace("I.1", "I.2"));
    office.reload();
    office.tick("2023-02-14 10:00").await;
    office.expect_mail(&[("an@so.example", "I.2.")]);
}

#[tokio::test]
async fn frappe_three_days_of_downtime_give_one_merged_message_a_duty() {
    let tasks = "  - { id: I.1, content: Một, lead: [phong-a], deadline: 14/02/2023 }
  - { id: I.2, content: Hai, lead: [phong-a], deadline: 16/02/2023 }\n";
    let mut office = office_with_ladder(tasks, "{ before: [3, 2, 1, 0], after: [1, 2, 3] }", "2023-02-10").await;
    office.tick("2023-02-10 07:30").await;
    office.expect_mail(&[("an@so.example", "1 sắp đến hạn")]);
    // Down on the 13th, 14th and 15th.
    office.tick("2023-02-16 07:30").await;
    office.expect_mail(&[("an@so.example", "1 quá hạn, 1 đến hạn")]);
    office.tick("2023-02-16 07:31").await;
    office.expect_silence();
}

#[tokio::test]
async fn frappe_22557_days_after_remind_after_the_date() {
    let mut office = office_with_ladder(REPORT, "{ after: [2] }", "2023-02-14").await;
    for day in ["14", "15"] {
        office.tick(&format!("2023-02-{day} 07:30")).await;
    }
    office.expect_silence();
    office.tick("2023-02-16 07:30").await;
    office.expect_mail(&[("an@so.example", "Đã quá hạn 2")]);
}

#[tokio::test]
async fn opencps_about_to_fall_due_returns_rows_for_1_3_5() {
    let rows = [("D1", "2023-02-08"), ("D3", "2023-02-10"), ("D5", "2023-02-14")];
    let fake = FakeOneStop::start(Answer::Dossiers(rows.iter().map(|(code, due)| dossier(code, due)).collect()));
    let mut office = Office::with_source(&fake.url(), "2023-02-07").await;
    let usual = "    lead: { before: [3, 1, 0], after: [1], repeat_every: 1 }";
    office.folder.replace("nhacviec.yaml", usual, "    lead: { before: [5, 3, 1], after: [1] }");
    office.reload();
    office.tick("2023-02-07 07:30").await;
    let received = office.mail.received();
    let text = crate::support::decoded(&received.iter().find(|m| m.to == "an@so.example").expect("a digest").text);
    for (code, left) in [("D1", 1), ("D3", 3), ("D5", 5)] {
        let row = text.split(&format!("Hồ sơ {code}")).nth(1).unwrap_or_else(|| panic!("{code} is not in {text}"));
        assert!(row.trim_start().starts_with(&format!("Còn {left} ngày làm việc")), "{code}: {text}");
    }
    office.expect_mail(&[("an@so.example", "3 sắp đến hạn")]);
}

#[tokio::test]
async fn oncall_1206_restart_while_waiting_for_working_hours_loses_nothing_and_sends_once() {
    let mut office = Office::with_tasks(FAR, "2023-02-17").await;
    office.tick("2023-02-17 07:30").await;
    office.folder.append("plans/kh.yaml", REPORT);
    office.reload();
    office.decide("2023-02-17 18:00").await;
    // What a start does: the leases end, everything else is read from the store.
    for night in ["2023-02-18 03:00", "2023-02-19 12:00"] {
        office.set_clock(night);
        office.store.release_interrupted(instant(night)).await.expect("the store works");
        office.reload();
        office.tick(night).await;
        office.expect_silence();
    }
    office.tick("2023-02-20 07:30").await;
    office.expect_mail(&[("an@so.example", "Đã quá hạn 4"), ("minh@so.example", "cấp trên")]);
}

#[tokio::test]
async fn oncall_3760_late_work_is_repeated_from_its_last_rung_and_not_from_the_top() {
    let mut office =
        office_with_ladder(REPORT, "{ before: [1], after: [1], repeat_every: 2, repeat_at_most: 2 }", "2023-02-13")
            .await;
    let story = [("13", "Còn 1"), ("15", "Đã quá hạn 1"), ("17", "Đã quá hạn 3"), ("21", "Đã quá hạn 5")];
    for (day, told) in story {
        office.tick(&format!("2023-02-{day} 07:30")).await;
        let escalated = ("minh@so.example", "cấp trên");
        let mut expected = vec![("an@so.example", told)];
        expected.extend((day == "17").then_some(escalated));
        office.expect_mail(&expected);
    }
    for after in ["23", "27", "28"] {
        office.tick(&format!("2023-02-{after} 07:30")).await;
    }
    office.expect_silence();
}

#[tokio::test]
async fn novu_2569_two_triggers_in_one_second_are_one_digest() {
    let tasks = format!("{REPORT}{}", REPORT.replace("I.1", "I.2"));
    let mut office = Office::with_tasks(&tasks, "2023-02-14").await;
    let (first, second) = (office.decide("2023-02-14 07:30").await, office.decide("2023-02-14 07:30").await);
    assert_eq!((first.notified > 0, second.notified), (true, 0));
    office.tick("2023-02-14 07:30").await;
    office.expect_mail(&[("an@so.example", "2 đến hạn")]);
}

#[tokio::test]
async fn goalert_3378_an_acknowledgement_ends_and_the_duty_speaks_again() {
    let mut office = Office::with_tasks(REPORT, "2023-02-20").await;
    office.tick("2023-02-20 07:30").await;
    office.expect_mail(&[("an@so.example", "Đã quá hạn 4"), ("minh@so.example", "Đã quá hạn 4")]);
    let report = Report::Acknowledged { unit: "phong-a".into(), until_on: day("2023-02-27") };
    office.report("I.1", "2023", "phong-a", report).await;
    for quiet in ["21", "22", "23", "24"] {
        office.tick(&format!("2023-02-{quiet} 07:30")).await;
    }
    office.expect_silence();
    office.tick("2023-02-27 07:30").await;
    office.expect_mail(&[("an@so.example", "Đã quá hạn 9")]);
    office.tick("2023-03-01 07:30").await;
    office.expect_mail(&[("an@so.example", "Đã quá hạn 11")]);
}

#[tokio::test]
async fn goalert_4548_a_step_without_members_is_skipped_at_once_and_shown() {
    let mut office = Office::with_tasks(REPORT, "2023-02-15").await;
    office.folder.replace("units.yaml", "head: an, ", "");
    let steps = "{ after: 1, tell: [unit-head] }\n      - { after: 10, tell: [giam-doc] }\n  ho-so";
    office.folder.replace("nhacviec.yaml", "{ after: 3, tell: [giam-doc] }\n  ho-so", steps);
    office.reload();
    office.tick("2023-02-15 07:30").await;
    office.expect_mail(&[("an@so.example", "Đã quá hạn 1"), ("minh@so.example", "Đã quá hạn 1")]);
    assert!(office.status().await.problems[0].sentence.contains("«trưởng Phòng A»"));
    office.tick("2023-03-01 07:30").await;
    office.mark_all_read();
    let to_director = office.mail.received().iter().filter(|m| m.to == "minh@so.example").count();
    assert_eq!(to_director, 1, "told by the step that was skipped to, not again by its own day");
}

#[tokio::test]
async fn goalert_4545_every_unit_of_a_duty_answers_for_itself() {
    let tasks = "  - { id: I.1, content: Đăng ký, lead: [Các phòng], deadline: 14/02/2023 }\n";
    let mut office = Office::with_tasks(tasks, "2023-02-10").await;
    let report = Report::Acknowledged { unit: "phong-a".into(), until_on: day("2023-02-14") };
    office.set_clock("2023-02-10 06:00");
    office.report("I.1", "2023", "phong-a", report).await;
    office.tick("2023-02-10 07:30").await;
    office.expect_mail(&[("binh@so.example", "Còn 2 ngày")]);
}

#[tokio::test]
async fn healthchecks_881_the_digest_counts_in_its_subject_and_puts_the_late_first() {
    let tasks = "  - { id: I.1, content: Sau, lead: [phong-a], deadline: 15/02/2023 }
  - { id: I.2, content: Trễ, lead: [phong-a], deadline: 13/02/2023 }
  - { id: I.3, content: Chưa đến, lead: [phong-a], deadline: 30/06/2023 }\n";
    let mut office = Office::with_tasks(tasks, "2023-02-14").await;
    office.tick("2023-02-14 07:30").await;
    let text =
        crate::support::decoded(&office.mail.received().iter().find(|m| m.to == "an@so.example").expect("one").text);
    let subject: String = text.lines().next().unwrap_or_default().split_whitespace().collect();
    assert_eq!(subject, "[Nhắcviệc]PhòngA:1quáhạn,1sắpđếnhạn–14/02/2023");
    assert!(text.find("I.2.") < text.find("I.1.") && !text.contains("I.3."), "{text}");
    office.expect_mail(&[("an@so.example", "1 quá hạn")]);
}

#[tokio::test]
async fn opencps_dedupe_survives_an_empty_queue() {
    let mut office = Office::with_tasks(REPORT, "2023-02-14").await;
    office.tick("2023-02-14 07:30").await;
    office.expect_mail(&[("an@so.example", "Hôm nay")]);
    assert_eq!(office.status().await.deliveries.get("pending"), None);
    office.reload();
    let again = office.decide("2023-02-14 09:00").await;
    assert_eq!(again.notified, 0);
    office.tick("2023-02-14 09:00").await;
    office.expect_silence();
}

#[tokio::test]
async fn an_edited_policy_does_not_resend_what_was_sent() {
    let mut office = Office::with_tasks(REPORT, "2023-02-13").await;
    office.tick("2023-02-13 07:30").await;
    office.expect_mail(&[("an@so.example", "Còn 1 ngày")]);
    office.folder.replace("nhacviec.yaml", "before: [5, 1, 0]", "before: [10, 4, 3, 2, 1, 0]");
    office.reload();
    office.tick("2023-02-13 09:00").await;
    office.expect_silence();
    office.tick("2023-02-14 07:30").await;
    office.expect_mail(&[("an@so.example", "Hôm nay")]);
}

#[tokio::test]
async fn linkedin_iris_retries_end_and_are_shown() {
    use nhacviec::demo::mail_server::Fault;
    let mut office = Office::with_tasks(REPORT, "2023-02-14").await;
    office.mail.set_fault("an@so.example", Some(Fault::ContentRejected));
    for moment in ["07:30", "08:30", "09:30"] {
        office.tick(&format!("2023-02-14 {moment}")).await;
    }
    let status = office.status().await;
    assert_eq!(status.deliveries.get("failed"), Some(&1), "refused for good, not tried for ever: {status:?}");
    office.expect_mail(&[("khoa@so.example", "«an»")]);
}
