//! Stories in which several things happen at once.

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
};

use chrono::NaiveDate;
use nhacviec::{
    domain::{decide::Record, life::Report},
    simulation::{self, Completions},
    store::Recorded,
};

use crate::support::{Office, OfficeFolder, day};

/// Last day in time Tuesday 14/02/2023.
const REPORT: &str = "  - { id: I.1, content: Báo cáo quý, lead: [phong-a], deadline: Trước ngày 15/02/2023 }\n";

async fn take(office: &Office, period: &str, report: Report) {
    let task = if period == "2023" { "I.1" } else { "I.2" };
    take_of(office, task, period, "phong-a", report).await;
}

async fn take_of(office: &Office, task: &str, period: &str, unit: &str, report: Report) {
    let recorded = office.report(task, period, unit, report).await;
    assert!(matches!(recorded, Recorded::Taken(_)), "{recorded:?}");
}

fn done(on: &str) -> Report {
    Report::Completed { done_on: day(on), product: "01/BC".to_owned() }
}

fn reopened() -> Report {
    Report::Reopened { reason: "báo nhầm".to_owned() }
}

fn snoozed(until: &str) -> Report {
    Report::Snoozed { until_on: day(until), reason: "chờ".to_owned() }
}

fn received(until: &str) -> Report {
    Report::Acknowledged { unit: "phong-a".into(), until_on: day(until) }
}

fn more_time(to: &str) -> Report {
    Report::ExtensionAsked { to_on: day(to), reason: "thiếu số liệu".to_owned() }
}

fn no_more_time() -> Report {
    Report::ExtensionRefused { reason: "không có lý do".to_owned() }
}

fn assigned(unit: &str) -> Report {
    Report::Assigned { unit: unit.into(), reason: "TB 9/TB-SCT".to_owned() }
}

fn not_ours() -> Report {
    Report::NotOurs { reason: "không phải việc của phòng".to_owned() }
}

/// Everything that an address got, decoded.
fn read_all_of(office: &mut Office, address: &str) -> String {
    let mails = office.mail.received();
    office.mark_all_read();
    mails.iter().filter(|m| m.to == address).map(|m| crate::support::decoded(&m.text)).collect()
}

/// The second mistake of a morning is put right like the first one.
#[tokio::test]
async fn work_opened_again_twice_before_the_digest_is_still_reminded_of() {
    let mut office = Office::with_tasks(REPORT, "2023-02-07").await;
    for minute in [0, 20] {
        office.decide(&format!("2023-02-07 06:{minute:02}")).await;
        office.set_clock(&format!("2023-02-07 06:{:02}", minute + 5));
        take(&office, "2023", done("2023-02-07")).await;
        take(&office, "2023", reopened()).await;
    }
    office.tick("2023-02-07 07:30").await;
    office.expect_mail(&[("an@so.example", "Còn 5 ngày")]);
}

/// "Done" by mistake and taken back before the message on the closing day left.
#[tokio::test]
async fn the_closing_day_is_told_although_the_work_was_done_for_five_minutes() {
    let mut office = Office::with_tasks(REPORT, "2023-02-06").await;
    office.folder.replace("nhacviec.yaml", "  viec:\n", "  viec:\n    data_closing_day: 6\n");
    office.reload();
    office.decide("2023-02-06 06:00").await;
    office.set_clock("2023-02-06 06:05");
    take(&office, "2023", done("2023-02-06")).await;
    take(&office, "2023", reopened()).await;
    office.tick("2023-02-06 07:30").await;
    office.expect_mail(&[("an@so.example", "Hôm nay chốt số liệu")]);
}

/// An answer that has not left is not contained in another answer.
#[tokio::test]
async fn two_answers_of_one_day_are_both_told() {
    let mut office = Office::with_tasks(REPORT, "2023-02-01").await;
    office.tick("2023-02-01 07:30").await;
    take(&office, "2023", more_time("2023-03-01")).await;
    take(&office, "2023", not_ours()).await;
    office.set_clock("2023-02-01 09:00");
    take(&office, "2023", no_more_time()).await;
    office.decide("2023-02-01 09:01").await;
    office.set_clock("2023-02-01 10:00");
    take(&office, "2023", assigned("phong-a")).await;
    office.decide("2023-02-01 10:01").await;
    office.tick("2023-02-02 07:30").await;
    let text = read_all_of(&mut office, "an@so.example");
    assert!(text.contains("Giao Phòng A chủ trì"), "{text}");
    assert!(text.contains("Không được gia hạn"), "the refusal is lost: {text}");
}

/// The same with the second answer on the next morning, before the digest.
#[tokio::test]
async fn an_answer_that_waits_for_the_digest_survives_the_next_answer() {
    let mut office = Office::with_tasks(REPORT, "2023-02-01").await;
    office.tick("2023-02-01 07:30").await;
    take(&office, "2023", more_time("2023-03-01")).await;
    take(&office, "2023", not_ours()).await;
    office.set_clock("2023-02-01 18:00");
    take(&office, "2023", no_more_time()).await;
    office.decide("2023-02-01 18:01").await;
    office.set_clock("2023-02-02 07:00");
    take(&office, "2023", assigned("phong-a")).await;
    office.decide("2023-02-02 07:01").await;
    office.tick("2023-02-02 07:30").await;
    let text = read_all_of(&mut office, "an@so.example");
    assert!(text.contains("Không được gia hạn"), "the refusal is lost: {text}");
}

/// A pause of three weeks must not swallow the answer to a request.
#[tokio::test]
async fn an_answer_given_during_a_pause_is_told_when_it_ends() {
    let far = REPORT.replace("15/02/2023", "30/06/2023");
    let mut office = Office::with_tasks(&far, "2023-02-01").await;
    office.tick("2023-02-01 07:30").await;
    take(&office, "2023", snoozed("2023-03-01")).await;
    take(&office, "2023", more_time("2023-07-30")).await;
    take(&office, "2023", no_more_time()).await;
    for date in day("2023-02-02").iter_days().take_while(|d| *d < day("2023-03-01")) {
        office.tick(&format!("{date} 07:30")).await;
    }
    office.expect_silence();
    office.tick("2023-03-01 07:30").await;
    office.expect_mail(&[("an@so.example", "Không được gia hạn")]);
}

/// "Quiet ends on the last safe day at the latest", also when that day moves.
#[tokio::test]
async fn quiet_does_not_outlast_a_due_date_that_was_moved_forward() {
    let far = REPORT.replace("15/02/2023", "16/03/2023");
    let mut office = Office::with_tasks(&far, "2023-02-01").await;
    office.tick("2023-02-01 07:30").await;
    take(&office, "2023", received("2023-03-15")).await;
    office.folder.replace("plans/kh.yaml", "16/03/2023", "15/02/2023");
    office.reload();
    office.tick("2023-02-14 07:30").await;
    office.expect_mail(&[("an@so.example", "Hôm nay là ngày làm việc cuối cùng")]);
}

/// The plan was put off to the 28th after somebody had been granted a week: nobody is late on the 22nd.
#[tokio::test]
async fn an_extension_never_makes_a_due_date_earlier_than_the_plan() {
    let mut office = Office::with_tasks(REPORT, "2023-02-01").await;
    office.tick("2023-02-01 07:30").await;
    let granted = Report::ExtensionGranted { to_on: day("2023-02-21"), document: "TB 1".to_owned() };
    take(&office, "2023", granted).await;
    office.decide("2023-02-01 08:00").await;
    office.tick("2023-02-02 07:30").await;
    office.mark_all_read();
    office.folder.replace("plans/kh.yaml", "Trước ngày 15/02/2023", "28/02/2023");
    office.reload();
    office.tick("2023-02-22 07:30").await;
    // Five safe days before the 28th: that is all there is to say.
    let mails = office.mail.received();
    let late: Vec<_> =
        mails.iter().map(|m| crate::support::decoded(&m.text)).filter(|t| t.contains("Đã quá hạn")).collect();
    office.mark_all_read();
    assert!(late.is_empty(), "told late six days before the due date of the plan: {late:?}");
}

/// Settling in May who does the third quarter's duty must not say it in May, and must say it in July.
#[tokio::test]
async fn a_standing_duty_assigned_ahead_is_recalled_in_its_quarter() {
    let tasks = "  - { id: I.2, content: Công khai, lead: [phong-a], deadline: Thường xuyên }\n";
    let mut office = Office::with_tasks(tasks, "2023-05-08").await;
    office.tick("2023-05-08 07:30").await;
    take(&office, "2023-Q3", assigned("phong-b")).await;
    office.decide("2023-05-08 08:00").await;
    office.tick("2023-05-09 07:30").await;
    let early: Vec<_> = office
        .mail
        .received()
        .iter()
        .map(|m| crate::support::decoded(&m.text))
        .filter(|t| t.contains("chưa có báo cáo hoàn thành của kỳ này"))
        .collect();
    office.mark_all_read();
    assert!(early.is_empty(), "the note of July was sent in May: {early:?}");
    office.tick("2023-07-03 07:30").await;
    office.expect_mail(&[("binh@so.example", "chưa có báo cáo hoàn thành của kỳ này")]);
}

/// While a unit disputes that a standing duty is its own, it is not reminded of it.
#[tokio::test]
async fn a_disputed_standing_duty_is_not_recalled() {
    let tasks = "  - { id: I.2, content: Công khai, lead: [phong-a], deadline: Thường xuyên }\n";
    let mut office = Office::with_tasks(tasks, "2023-06-29").await;
    office.tick("2023-06-29 07:30").await;
    take(&office, "2023-Q3", not_ours()).await;
    for date in ["2023-06-30", "2023-07-03"] {
        office.tick(&format!("{date} 07:30")).await;
    }
    let told: Vec<_> =
        office.mail.received().iter().filter(|m| m.to == "an@so.example").map(|m| m.text.len()).collect();
    office.mark_all_read();
    assert!(told.is_empty(), "the unit that says it is not its own was told {} times", told.len());
}

/// An opening that was cancelled gives no date: it must be asked for again.
#[tokio::test]
async fn a_missing_date_is_asked_for_again_after_the_opening_was_cancelled() {
    let tasks = "  - { id: I.2, content: Rà soát, lead: [phong-a], deadline: Theo kế hoạch riêng của UBND tỉnh }\n";
    let mut office = Office::with_tasks(tasks, "2023-04-10").await;
    office.tick("2023-04-10 07:30").await;
    office.mark_all_read();
    let opened = Report::Opened {
        plan: "kh".into(),
        task: "I.2".into(),
        period: "ps-1".to_owned(),
        unit: "phong-a".into(),
        due_on: day("2023-12-20"),
        document: "CV 1".to_owned(),
    };
    take(&office, "ps-1", opened).await;
    take(&office, "ps-1", Report::Cancelled { reason: "ghi nhầm nhiệm vụ".to_owned() }).await;
    office.tick("2023-05-04 07:30").await;
    office.expect_mail(&[("an@so.example", "Còn thiếu thời hạn")]);
}

/// One of two units got a date; the other one still owes it.
#[tokio::test]
async fn a_missing_date_is_still_asked_of_the_unit_that_was_given_none() {
    let tasks = "  - { id: I.2, content: Rà soát, lead: [Các phòng], deadline: Theo kế hoạch riêng của UBND tỉnh }\n";
    let mut office = Office::with_tasks(tasks, "2023-04-10").await;
    office.tick("2023-04-10 07:30").await;
    office.mark_all_read();
    let opened = Report::Opened {
        plan: "kh".into(),
        task: "I.2".into(),
        period: "ps-1".to_owned(),
        unit: "phong-a".into(),
        due_on: day("2023-12-20"),
        document: "CV 1".to_owned(),
    };
    take(&office, "ps-1", opened).await;
    office.tick("2023-04-11 07:30").await;
    office.mark_all_read();
    office.tick("2023-05-04 07:30").await;
    office.expect_mail(&[("binh@so.example", "Còn thiếu thời hạn")]);
}

/// Of two who open the same instance at once, the second is refused.
#[tokio::test]
async fn an_instance_is_opened_once() {
    let tasks = "  - { id: I.2, content: Rà soát, lead: [phong-a], deadline: Khi có phát sinh }\n";
    let office = Office::with_tasks(tasks, "2023-04-10").await;
    let opened = |due: &str| Report::Opened {
        plan: "kh".into(),
        task: "I.2".into(),
        period: "ps-2023-04-10".to_owned(),
        unit: "phong-a".into(),
        due_on: day(due),
        document: "CV 1".to_owned(),
    };
    take(&office, "ps-2023-04-10", opened("2023-05-20")).await;
    let second = office.report("I.2", "ps-2023-04-10", "phong-a", opened("2023-06-20")).await;
    assert!(matches!(second, Recorded::Refused(_)), "opened twice under one name, with two due dates");
}

/// What was marked secret while a message waited must not leave with its content.
#[tokio::test]
async fn a_duty_marked_secret_before_the_digest_shows_its_number_only() {
    let mut office = Office::with_tasks(REPORT, "2023-02-07").await;
    office.decide("2023-02-07 06:00").await;
    office.folder.replace(
        "plans/kh.yaml",
        "content: Báo cáo quý,",
        "content: Báo cáo quý, secrecy: mật, reference: 12/KH-M,",
    );
    office.reload();
    office.decide("2023-02-07 06:30").await;
    office.tick("2023-02-07 07:30").await;
    let texts: Vec<_> = office.mail.received().iter().map(|m| crate::support::decoded(&m.text)).collect();
    office.mark_all_read();
    assert!(texts.iter().any(|t| t.contains("12/KH-M")), "{texts:?}");
    assert!(texts.iter().all(|t| !t.contains("Báo cáo quý")), "{texts:?}");
}

/// The coordinating unit is told to whom it owes its part now, not to whom it did an hour ago.
#[tokio::test]
async fn a_waiting_message_names_the_unit_that_is_in_charge_when_it_leaves() {
    let tasks = REPORT.replace("lead: [phong-a]", "lead: [phong-a], coordinating: [van-phong]");
    let mut office = Office::with_tasks(&tasks, "2023-02-07").await;
    office.folder.replace("nhacviec.yaml", "  viec:\n", "  viec:\n    coordinating: { before: [5] }\n");
    office.reload();
    office.decide("2023-02-07 06:00").await;
    office.set_clock("2023-02-07 06:10");
    take(&office, "2023", assigned("phong-b")).await;
    office.decide("2023-02-07 06:11").await;
    office.tick("2023-02-07 07:30").await;
    let text = read_all_of(&mut office, "ha@so.example");
    assert!(text.contains("cho Phòng B trước hạn"), "{text}");
}

/// Who follows was never silent, so nothing is said again to them.
#[tokio::test]
async fn a_follower_is_not_told_again_because_its_other_part_was_acknowledged() {
    let tasks = REPORT.replace("lead: [phong-a]", "lead: [phong-a], coordinating: [van-phong]");
    let mut office = Office::with_tasks(&tasks, "2023-02-07").await;
    office.folder.replace("nhacviec.yaml", "  viec:\n", "  viec:\n    following: { before: [5] }\n");
    office.folder.replace("plans/kh.yaml", "policy: viec", "policy: viec, followed_by: [van-phong]");
    office.reload();
    office.tick("2023-02-07 07:30").await;
    office.expect_mail(&[("an@so.example", "Còn 5 ngày"), ("ha@so.example", "đơn vị theo dõi")]);
    let report = Report::Acknowledged { unit: "van-phong".into(), until_on: day("2023-02-10") };
    take(&office, "2023", report).await;
    office.tick("2023-02-10 07:30").await;
    office.expect_silence();
}

/// A request made before the work ended is no request any more when it is opened again.
#[tokio::test]
async fn a_request_of_before_the_end_is_not_repeated_after_reopening() {
    let mut office = Office::with_tasks(REPORT, "2023-02-01").await;
    office.tick("2023-02-01 07:30").await;
    take(&office, "2023", not_ours()).await;
    office.tick("2023-02-02 07:30").await;
    office.mark_all_read();
    take(&office, "2023", done("2023-02-02")).await;
    office.set_clock("2023-02-14 06:00");
    take(&office, "2023", reopened()).await;
    office.tick("2023-02-14 07:30").await;
    office.expect_mail(&[("an@so.example", "Hôm nay là ngày làm việc cuối cùng")]);
}

/// What a person was spared because another part said it is owed again when that part was taken back.
#[tokio::test]
async fn a_part_merged_into_a_message_that_never_left_is_told_by_itself() {
    let tasks = REPORT.replace("lead: [phong-a]", "lead: [phong-a], coordinating: [phong-b]");
    let mut office =
        Office::with_tasks("  - { id: I.9, content: Việc xa, lead: [phong-b], deadline: 30/11/2023 }\n", "2023-02-10")
            .await;
    office.folder.replace("nhacviec.yaml", "  viec:\n", "  viec:\n    following: { before: [5] }\n");
    office.folder.replace("plans/kh.yaml", "policy: viec", "policy: viec, followed_by: [phong-a]");
    office.reload();
    office.tick("2023-02-10 07:30").await;
    office.folder.append("plans/kh.yaml", &tasks);
    office.reload();
    // Saturday: unit in charge, two days left, and the part of who follows, which travels with it.
    office.decide("2023-02-11 08:00").await;
    // Monday: a stronger rung takes its place, and before it leaves the unit says that the work is not its own.
    office.decide("2023-02-13 06:00").await;
    office.set_clock("2023-02-13 06:10");
    take(&office, "2023", not_ours()).await;
    office.decide("2023-02-13 06:11").await;
    office.tick("2023-02-13 07:30").await;
    office.tick("2023-02-14 07:30").await;
    let texts: Vec<_> = office.mail.received().iter().map(|m| crate::support::decoded(&m.text)).collect();
    office.mark_all_read();
    assert!(texts.iter().any(|t| t.contains("Còn 1 ngày") && t.contains("đơn vị theo dõi")), "{texts:#?}");
}

type Sent = BTreeSet<(NaiveDate, String, usize)>;

async fn lived(office: &mut Office, last: &str) -> Sent {
    let mut sent = Sent::new();
    let mut read = office.mail.count();
    let first = day("2023-02-08");
    for today in first.iter_days().take_while(|d| *d <= day(last)) {
        office.tick(&format!("{today} 07:30")).await;
        let received = office.mail.received();
        for mail in &received[read..] {
            let text = crate::support::decoded(&mail.text);
            let (_subject, content) = text.split_once('\n').expect("a subject and a text");
            sent.insert((today, mail.to.clone(), content.matches("Báo cáo quý").count()));
        }
        read = received.len();
    }
    office.mark_all_read();
    sent.retain(|(_, to, _)| to != "khoa@so.example");
    sent
}

async fn rehearsed(office: &Office, last: &str) -> Sent {
    let config = office.folder.load();
    let record: Record = office.store.record(nhacviec::store::EVERY_DOSSIER).await.expect("the store works");
    let today = day("2023-02-08");
    let (first, record, _) = simulation::set_out(&config.office, record, today, today);
    let mut count: BTreeMap<(NaiveDate, String), usize> = BTreeMap::new();
    for leaving in simulation::collect(&config.office, record, first, day(last), &Completions::None) {
        if leaving.on >= today {
            *count.entry((leaving.on, leaving.notification.routes[0].address.clone())).or_default() += 1;
        }
    }
    count.into_iter().map(|((on, to), n)| (on, to, n)).collect()
}

/// Who stands in over a week-end reads nothing on Monday.
#[tokio::test]
async fn the_rehearsal_knows_that_a_substitute_of_a_week_end_is_gone_on_monday() {
    let mut office = Office::with_tasks(REPORT, "2023-02-07").await;
    office
        .folder
        .append("units.yaml", "substitutes:\n  - { person: an, by: binh, from: 2023-02-11, until: 2023-02-12 }\n");
    office.reload();
    office.tick("2023-02-07 07:30").await;
    office.mark_all_read();
    let planned = rehearsed(&office, "2023-02-20").await;
    let sent = lived(&mut office, "2023-02-20").await;
    assert_eq!(planned, sent);
}

/// A silence that ends on a Sunday is followed by one message on Monday, not by two.
#[tokio::test]
async fn the_rehearsal_says_once_on_monday_what_a_stronger_rung_contains() {
    let mut office = Office::with_tasks(REPORT, "2023-02-07").await;
    office.tick("2023-02-07 07:30").await;
    take(&office, "2023", received("2023-02-12")).await;
    office.mark_all_read();
    let planned = rehearsed(&office, "2023-02-20").await;
    let sent = lived(&mut office, "2023-02-20").await;
    assert_eq!(planned, sent);
}

/// What was done in the afternoon had not ended in the morning.
#[tokio::test]
async fn explaining_a_morning_leaves_out_what_was_reported_after_it() {
    let mut office = Office::with_tasks(REPORT, "2023-02-14").await;
    office.tick("2023-02-14 07:30").await;
    office.expect_mail(&[("an@so.example", "Hôm nay")]);
    office.complete("I.1", "phong-a", "2023-02-14").await;
    let folder: &OfficeFolder = &office.folder;
    let mut command = Command::new(env!("CARGO_BIN_EXE_nhacviec"));
    command.args(["explain", "I.1", "--on", "2023-02-14"]);
    command.arg("--config").arg(folder.config()).arg("--state").arg(folder.state());
    let output = command.output().expect("the program runs");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let verdicts = text.split("Quyết định lúc").nth(1).and_then(|t| t.split("Đã nhắc").next()).unwrap_or_default();
    assert!(!verdicts.contains("không nhắc: đã hoàn thành"), "it was sent that morning:\n{text}");
    assert!(verdicts.contains("nhắc: "), "{text}");
}

/// Words for the administrator are Vietnamese.
#[tokio::test]
async fn explaining_a_cancelled_work_uses_no_words_of_the_store() {
    let office = Office::with_tasks(REPORT, "2023-02-07").await;
    office.decide("2023-02-07 06:00").await;
    take(&office, "2023", Report::Cancelled { reason: "bỏ".to_owned() }).await;
    let folder: &OfficeFolder = &office.folder;
    let mut command = Command::new(env!("CARGO_BIN_EXE_nhacviec"));
    command.args(["explain", "I.1", "--period", "2023"]);
    command.arg("--config").arg(folder.config()).arg("--state").arg(folder.state());
    let output = command.output().expect("the program runs");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(!text.contains("(cancelled)"), "{text}");
}

/// A part whose carrier is taken back is told in the same decision, not with the next digest.
#[tokio::test]
async fn a_part_leaves_with_the_digest_although_the_message_that_contained_it_was_taken_back() {
    let mut office = Office::with_tasks(REPORT, "2023-02-07").await;
    office.folder.replace("nhacviec.yaml", "  viec:\n", "  viec:\n    following: { before: [5] }\n");
    office.folder.replace("plans/kh.yaml", "policy: viec", "policy: viec, followed_by: [phong-a]");
    office.reload();
    office.decide("2023-02-07 06:00").await;
    office.set_clock("2023-02-07 07:29");
    take(&office, "2023", not_ours()).await;
    office.tick("2023-02-07 07:30").await;
    let again = office.decide("2023-02-07 07:31").await;
    let texts: Vec<_> = office.mail.received().iter().map(|m| crate::support::decoded(&m.text)).collect();
    office.mark_all_read();
    assert_eq!(again.notified, 0, "deciding twice decides something, and it waits until tomorrow: {texts:#?}");
    assert!(texts.iter().any(|t| t.contains("mốc trước hạn 5 ngày")), "{texts:#?}");
}

/// Messages that wait for their minute of the spread leave on the same evening or are refused by `check`.
#[test]
fn a_spread_beyond_midnight_is_refused() {
    let folder = OfficeFolder::new(25, REPORT);
    let ordinary = "digest_at: \"07:30\", sending: { from: \"07:30\", until: \"17:00\" }";
    let late = "spread_minutes: 120, digest_at: \"22:30\", sending: { from: \"07:30\", until: \"23:30\" }";
    folder.replace("nhacviec.yaml", ordinary, late);
    assert!(nhacviec::config::load(&folder.folders()).is_err(), "22:30 and two hours is after 23:30");
}
