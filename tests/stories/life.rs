//! What people report about a piece of work, and what the office hears of it afterwards.

use nhacviec::{
    domain::life::{Refusal, Report},
    store::Recorded,
};

use crate::support::{Office, day};

/// Last day in time Tuesday 14/02/2023; the first rung is Tuesday the 7th, the director is told on Friday the 17th.
const REPORT: &str = "  - { id: I.1, content: Báo cáo quý, lead: [phong-a], deadline: 14/02/2023, product: Báo cáo }\n";

fn acknowledged(unit: &str, until: &str) -> Report {
    Report::Acknowledged { unit: unit.into(), until_on: day(until) }
}

fn asked(to: &str) -> Report {
    Report::ExtensionAsked { to_on: day(to), reason: "chờ số liệu".to_owned() }
}

fn granted(to: &str) -> Report {
    Report::ExtensionGranted { to_on: day(to), document: "12/SCT-VP".to_owned() }
}

fn snoozed(until: &str) -> Report {
    Report::Snoozed { until_on: day(until), reason: "chờ sáp nhập".to_owned() }
}

fn opened(task: &str, period: &str, unit: &str, due: &str) -> Report {
    Report::Opened {
        plan: "kh".into(),
        task: task.into(),
        period: period.to_owned(),
        unit: unit.into(),
        due_on: day(due),
        document: "45/UBND-KT".to_owned(),
    }
}

fn is_taken(recorded: &Recorded) -> bool {
    matches!(recorded, Recorded::Taken(_))
}

impl Office {
    /// Reports about the one occurrence of I.1 at a moment; it must be taken.
    async fn says(&self, moment: &str, unit: &str, report: Report) {
        self.set_clock(moment);
        let recorded = self.report("I.1", "2023", unit, report).await;
        assert!(is_taken(&recorded), "{recorded:?}");
    }

    async fn tick_each(&self, days: &[&str]) {
        for day in days {
            self.tick(&format!("2023-02-{day} 07:30")).await;
        }
    }

    async fn events_of(&self, subject: &str) -> usize {
        self.store.events(subject.into()).await.expect("the store works").len()
    }
}

/// Phòng A leads, Phòng B coordinates, the Văn phòng follows; all of them have rungs.
async fn office_of_three_roles(day: &str) -> Office {
    let tasks = REPORT.replace("lead: [phong-a]", "lead: [phong-a], coordinating: [phong-b]");
    let mut office = Office::with_tasks(&tasks, day).await;
    let roles =
        "    coordinating: { before: [5, 1] }\n    following: { after: [1] }\n    escalation:\n      - { after: 3";
    office.folder.replace("nhacviec.yaml", "    escalation:\n      - { after: 3", roles);
    office.folder.replace("plans/kh.yaml", "policy: viec", "policy: viec, followed_by: [van-phong]");
    office.reload();
    office
}

#[tokio::test]
async fn acknowledged_work_is_quiet_until_that_morning_and_then_said_again_without_a_new_rung() {
    let mut office = Office::with_tasks(REPORT, "2023-02-07").await;
    office.tick("2023-02-07 07:30").await;
    office.expect_mail(&[("an@so.example", "Còn 5 ngày làm việc")]);
    office.says("2023-02-07 09:00", "phong-a", acknowledged("phong-a", "2023-02-09")).await;
    office.tick_each(&["08"]).await;
    office.expect_silence();
    office.tick_each(&["09"]).await;
    office.expect_mail(&[("an@so.example", "Còn 3 ngày làm việc")]);
    office.tick_each(&["10"]).await;
    office.expect_silence();
    office.tick_each(&["13"]).await;
    office.expect_mail(&[("an@so.example", "Còn 1 ngày làm việc")]);
}

#[tokio::test]
async fn rungs_that_fall_into_an_acknowledged_time_come_as_one_with_the_strongest() {
    let mut office = Office::with_tasks(REPORT, "2023-02-06").await;
    office.says("2023-02-06 09:00", "phong-a", acknowledged("phong-a", "2023-02-14")).await;
    office.tick_each(&["07", "08", "13"]).await;
    office.expect_silence();
    office.tick_each(&["14"]).await;
    office.expect_mail(&[("an@so.example", "Hôm nay là ngày làm việc cuối cùng")]);
}

#[tokio::test]
async fn superiors_hear_of_late_work_although_its_unit_acknowledged_it() {
    let mut office = Office::with_tasks(REPORT, "2023-02-15").await;
    office.tick_each(&["15"]).await;
    office.expect_mail(&[("an@so.example", "Đã quá hạn 1")]);
    office.says("2023-02-15 09:00", "phong-a", acknowledged("phong-a", "2023-02-20")).await;
    office.tick_each(&["16"]).await;
    office.expect_silence();
    office.tick_each(&["17"]).await;
    office.expect_mail(&[("minh@so.example", "Đã quá hạn 3")]);
    office.tick_each(&["20"]).await;
    office.expect_mail(&[("an@so.example", "Đã quá hạn 4")]);
}

#[tokio::test]
async fn a_coordinating_unit_acknowledges_for_itself_only() {
    let mut office = office_of_three_roles("2023-02-07").await;
    office.tick_each(&["07"]).await;
    office.expect_mail(&[("an@so.example", "đơn vị chủ trì"), ("binh@so.example", "đơn vị phối hợp")]);
    office.says("2023-02-07 09:00", "phong-a", acknowledged("phong-b", "2023-02-14")).await;
    office.tick_each(&["13"]).await;
    office.expect_mail(&[("an@so.example", "Còn 1 ngày làm việc")]);
    office.tick_each(&["14"]).await;
    office.expect_mail(&[("an@so.example", "Hôm nay"), ("binh@so.example", "đơn vị phối hợp")]);
}

#[tokio::test]
async fn a_unit_without_a_part_in_the_work_cannot_acknowledge_it() {
    let office = Office::with_tasks(REPORT, "2023-02-07").await;
    office.set_clock("2023-02-07 09:00");
    let recorded = office.report("I.1", "2023", "phong-a", acknowledged("van-phong", "2023-02-09")).await;
    assert_eq!(recorded, Recorded::Refused(Refusal::NotConcerned("van-phong".into())));
    let recorded = office.report("I.1", "2023", "phong-a", acknowledged("phong-a", "2023-02-15")).await;
    assert_eq!(recorded, Recorded::Refused(Refusal::QuietTooLong { latest: day("2023-02-14") }));
    assert_eq!(office.events_of("task:kh/I.1:2023:phong-a").await, 0);
}

#[tokio::test]
async fn completed_work_is_silent_for_every_role() {
    let mut office = office_of_three_roles("2023-02-13").await;
    office.tick_each(&["13"]).await;
    office.expect_mail(&[("an@so.example", "Còn 1 ngày"), ("binh@so.example", "Còn 1 ngày")]);
    office.complete("I.1", "phong-a", "2023-02-13").await;
    office.tick_each(&["14", "15", "17", "21"]).await;
    office.expect_silence();
}

#[tokio::test]
async fn completing_twice_is_refused_and_stores_nothing() {
    let office = Office::with_tasks(REPORT, "2023-02-13").await;
    assert!(is_taken(&office.complete("I.1", "phong-a", "2023-02-13").await));
    let again = office.complete("I.1", "phong-a", "2023-02-14").await;
    assert!(matches!(again, Recorded::Refused(Refusal::Ended(_))), "{again:?}");
    assert_eq!(office.events_of("task:kh/I.1:2023:phong-a").await, 1);
}

#[tokio::test]
async fn after_completion_nothing_but_reopening_is_taken() {
    let office = Office::with_tasks(REPORT, "2023-02-13").await;
    office.complete("I.1", "phong-a", "2023-02-13").await;
    for report in [asked("2023-02-28"), granted("2023-02-28"), snoozed("2023-02-20")] {
        let recorded = office.report("I.1", "2023", "phong-a", report).await;
        assert!(matches!(recorded, Recorded::Refused(Refusal::Ended(_))), "{recorded:?}");
    }
    let reopened = Report::Reopened { reason: "báo nhầm".to_owned() };
    assert!(is_taken(&office.report("I.1", "2023", "phong-a", reopened.clone()).await));
    let again = office.report("I.1", "2023", "phong-a", reopened).await;
    assert_eq!(again, Recorded::Refused(Refusal::NotEnded));
    assert_eq!(office.events_of("task:kh/I.1:2023:phong-a").await, 2);
}

#[tokio::test]
async fn a_request_for_more_time_goes_to_who_follows_the_plan_again_and_again_while_the_old_date_holds() {
    let mut office = office_of_three_roles("2023-02-07").await;
    office.tick_each(&["07"]).await;
    office.expect_mail(&[("an@so.example", "Còn 5 ngày"), ("binh@so.example", "Còn 5 ngày")]);
    office.says("2023-02-07 09:00", "phong-a", asked("2023-02-28")).await;
    let request = ("ha@so.example", "Xin gia hạn đến hết Thứ Ba, 28/02/2023: chờ số liệu");
    office.tick_each(&["08"]).await;
    office.expect_mail(&[request]);
    office.tick_each(&["09"]).await;
    office.expect_mail(&[request]);
    office.tick_each(&["10"]).await;
    office.expect_silence();
    office.tick_each(&["13"]).await;
    office.expect_mail(&[request, ("an@so.example", "Còn 1 ngày"), ("binh@so.example", "Còn 1 ngày")]);
    office.tick_each(&["14"]).await;
    office.expect_mail(&[("an@so.example", "Hôm nay")]);
}

#[tokio::test]
async fn a_request_of_a_plan_that_nobody_follows_goes_to_the_administrator() {
    let mut office = Office::with_tasks(REPORT, "2023-02-06").await;
    office.says("2023-02-06 09:00", "phong-a", asked("2023-02-28")).await;
    office.tick_each(&["07"]).await;
    office.expect_mail(&[("an@so.example", "Còn 5 ngày"), ("khoa@so.example", "Xin gia hạn đến hết")]);
}

#[tokio::test]
async fn a_request_is_told_although_nobody_is_reminded_of_the_work_yet() {
    let mut office = Office::with_tasks(REPORT, "2023-01-04").await;
    office.tick("2023-01-04 07:30").await;
    office.says("2023-01-04 09:00", "phong-a", asked("2023-02-28")).await;
    office.tick("2023-01-05 07:30").await;
    office.expect_mail(&[("khoa@so.example", "Xin gia hạn đến hết")]);
}

#[tokio::test]
async fn granted_time_arms_the_ladder_by_the_new_date_and_repeats_no_old_rung() {
    let mut office = Office::with_tasks(REPORT, "2023-02-07").await;
    office.tick_each(&["07"]).await;
    office.expect_mail(&[("an@so.example", "Còn 5 ngày")]);
    office.says("2023-02-07 10:00", "phong-a", granted("2023-02-28")).await;
    office.tick_each(&["08"]).await;
    office.expect_mail(&[("an@so.example", "Được gia hạn đến hết Thứ Ba, 28/02/2023 (12/SCT-VP)")]);
    office.tick_each(&["09", "13", "14", "15", "17", "20"]).await;
    office.expect_silence();
    office.tick_each(&["21"]).await;
    office.expect_mail(&[("an@so.example", "Còn 5 ngày làm việc")]);
    office.tick_each(&["27"]).await;
    office.expect_mail(&[("an@so.example", "Còn 1 ngày làm việc")]);
    office.tick_each(&["28"]).await;
    office.expect_mail(&[("an@so.example", "Hôm nay")]);
    office.tick("2023-03-01 07:30").await;
    office.expect_mail(&[("an@so.example", "Đã quá hạn 1")]);
    office.tick("2023-03-03 07:30").await;
    office.expect_mail(&[("an@so.example", "Đã quá hạn 3"), ("minh@so.example", "Đã quá hạn 3")]);
}

#[tokio::test]
async fn time_granted_twice_arms_the_ladder_by_the_last_date() {
    let mut office = Office::with_tasks(REPORT, "2023-02-13").await;
    office.says("2023-02-10 10:00", "phong-a", granted("2023-02-28")).await;
    office.tick_each(&["13"]).await;
    office.expect_mail(&[("an@so.example", "Được gia hạn đến hết Thứ Ba, 28/02/2023")]);
    office.says("2023-02-20 10:00", "phong-a", granted("2023-03-31")).await;
    office.tick_each(&["21"]).await;
    office.expect_mail(&[("an@so.example", "Được gia hạn đến hết Thứ Sáu, 31/03/2023")]);
    office.tick_each(&["27", "28"]).await;
    office.tick("2023-03-23 07:30").await;
    office.expect_silence();
    office.tick("2023-03-24 07:30").await;
    office.expect_mail(&[("an@so.example", "Còn 5 ngày")]);
}

#[tokio::test]
async fn refused_time_is_told_to_the_lead_once_and_the_old_date_stays() {
    let mut office = Office::with_tasks(REPORT, "2023-02-08").await;
    office.says("2023-02-08 08:00", "phong-a", asked("2023-02-28")).await;
    office.says("2023-02-08 09:00", "phong-a", Report::ExtensionRefused { reason: "đã hẹn tỉnh".to_owned() }).await;
    office.tick_each(&["09"]).await;
    office.expect_mail(&[("an@so.example", "Không được gia hạn: đã hẹn tỉnh")]);
    office.tick_each(&["10"]).await;
    office.expect_silence();
    office.tick_each(&["13"]).await;
    office.expect_mail(&[("an@so.example", "Còn 1 ngày")]);
}

#[tokio::test]
async fn a_second_request_for_time_is_told_on_the_next_morning() {
    let mut office = Office::with_tasks(REPORT, "2023-02-08").await;
    office.tick_each(&["08"]).await;
    office.expect_mail(&[("an@so.example", "Còn 4 ngày")]);
    office.says("2023-02-08 09:00", "phong-a", asked("2023-02-24")).await;
    office.tick_each(&["09"]).await;
    office.expect_mail(&[("khoa@so.example", "24/02/2023")]);
    office.says("2023-02-09 09:00", "phong-a", asked("2023-02-28")).await;
    office.tick_each(&["10"]).await;
    office.expect_mail(&[("khoa@so.example", "28/02/2023")]);
}

#[tokio::test]
async fn an_answer_without_a_request_is_refused() {
    let office = Office::with_tasks(REPORT, "2023-02-08").await;
    let refused = Report::ExtensionRefused { reason: "không".to_owned() };
    assert_eq!(office.report("I.1", "2023", "phong-a", refused).await, Recorded::Refused(Refusal::NothingAsked));
    for (to, why) in [
        ("2023-02-07", Refusal::NotAhead(day("2023-02-07"))),
        ("2023-02-14", Refusal::NotLater { due_on: day("2023-02-14") }),
    ] {
        assert_eq!(office.report("I.1", "2023", "phong-a", asked(to)).await, Recorded::Refused(why));
    }
    assert_eq!(office.events_of("task:kh/I.1:2023:phong-a").await, 0);
}

#[tokio::test]
async fn reopened_work_speaks_again_to_everybody() {
    let mut office = Office::with_tasks(REPORT, "2023-02-17").await;
    office.tick_each(&["17"]).await;
    office.expect_mail(&[("an@so.example", "Đã quá hạn 3"), ("minh@so.example", "Đã quá hạn 3")]);
    office.complete("I.1", "phong-a", "2023-02-17").await;
    office.tick_each(&["20", "21"]).await;
    office.expect_silence();
    office.says("2023-02-22 10:00", "phong-a", Report::Reopened { reason: "báo nhầm".to_owned() }).await;
    office.tick("2023-02-22 10:01").await;
    office.expect_mail(&[("an@so.example", "Đã quá hạn 6"), ("minh@so.example", "Đã quá hạn 6")]);
    office.tick("2023-02-22 10:02").await;
    office.expect_silence();
    office.tick_each(&["23"]).await;
    office.expect_mail(&[("an@so.example", "Đã quá hạn 7")]);
}

#[tokio::test]
async fn snoozed_work_is_silent_for_everybody_until_its_day() {
    let mut office = office_of_three_roles("2023-02-10").await;
    office.says("2023-02-10 09:00", "phong-a", snoozed("2023-02-20")).await;
    office.tick_each(&["13", "14", "15", "16", "17"]).await;
    office.expect_silence();
    office.tick_each(&["20"]).await;
    office.expect_mail(&[
        ("an@so.example", "Đã quá hạn 4"),
        ("binh@so.example", "đơn vị phối hợp"),
        ("ha@so.example", "đơn vị theo dõi"),
        ("minh@so.example", "cấp trên"),
    ]);
    let recorded = office.report("I.1", "2023", "phong-a", snoozed("2023-02-20")).await;
    assert_eq!(recorded, Recorded::Refused(Refusal::NotAhead(day("2023-02-20"))), "today is not ahead");
}

#[tokio::test]
async fn cancelled_work_is_silent_and_can_be_reopened() {
    let mut office = Office::with_tasks(REPORT, "2023-02-06").await;
    office.says("2023-02-06 09:00", "phong-a", Report::Cancelled { reason: "tỉnh bãi bỏ".to_owned() }).await;
    office.tick_each(&["07", "13", "14", "15"]).await;
    office.expect_silence();
    office.says("2023-02-15 09:00", "phong-a", Report::Reopened { reason: "vẫn làm".to_owned() }).await;
    office.tick("2023-02-15 09:01").await;
    office.expect_mail(&[("an@so.example", "Đã quá hạn 1")]);
}

#[tokio::test]
async fn work_that_is_not_ours_nags_its_follower_until_it_is_assigned_to_the_right_unit() {
    let mut office = office_of_three_roles("2023-02-08").await;
    office.folder.write_plan(REPORT);
    office.folder.replace("plans/kh.yaml", "policy: viec", "policy: viec, followed_by: [van-phong]");
    office.reload();
    let wrong = Report::WrongUnit { right: "phong-b".into(), reason: "theo quy chế".to_owned() };
    office.says("2023-02-08 06:00", "phong-a", wrong).await;
    let dispute = ("ha@so.example", "không thuộc trách nhiệm của mình; cho rằng thuộc Phòng B: theo quy chế");
    office.tick_each(&["08"]).await;
    office.expect_mail(&[dispute]);
    office.tick_each(&["09"]).await;
    office.expect_silence();
    office.tick_each(&["10"]).await;
    office.expect_mail(&[dispute]);
    office.tick_each(&["13"]).await;
    office.expect_silence();
    let assigned = Report::Assigned { unit: "phong-b".into(), reason: "CV 9".to_owned() };
    office.says("2023-02-13 09:00", "phong-a", assigned).await;
    // Tomorrow it would be another rung, so the new unit hears of it today.
    office.tick("2023-02-13 09:05").await;
    office.expect_mail(&[("binh@so.example", "Còn 1 ngày làm việc")]);
    office.tick_each(&["14"]).await;
    office
        .expect_mail(&[("an@so.example", "Giao Phòng B chủ trì (CV 9)"), ("binh@so.example", "1 đến hạn, 1 đề nghị")]);
    office.tick_each(&["15"]).await;
    office.expect_mail(&[("binh@so.example", "Đã quá hạn 1"), ("ha@so.example", "đơn vị theo dõi")]);
}

#[tokio::test]
async fn a_dispute_settled_in_favour_of_the_plan_reminds_the_same_unit_again() {
    let mut office = Office::with_tasks(REPORT, "2023-02-07").await;
    office.tick_each(&["07"]).await;
    office.expect_mail(&[("an@so.example", "Còn 5 ngày")]);
    office.says("2023-02-07 09:00", "phong-a", Report::NotOurs { reason: "nhầm".to_owned() }).await;
    office
        .says("2023-02-07 10:00", "phong-a", Report::Assigned { unit: "phong-a".into(), reason: "đúng".to_owned() })
        .await;
    office.tick_each(&["08"]).await;
    office.expect_mail(&[("an@so.example", "Giao Phòng A chủ trì (đúng)")]);
    office.tick_each(&["13"]).await;
    office.expect_mail(&[("an@so.example", "Còn 1 ngày")]);
}

#[tokio::test]
async fn each_unit_of_a_group_has_a_life_of_its_own() {
    let tasks = "  - { id: I.1, content: Đăng ký, lead: [Các phòng], deadline: 14/02/2023 }\n";
    let mut office = Office::with_tasks(tasks, "2023-02-10").await;
    office.says("2023-02-10 09:00", "phong-a", snoozed("2023-02-16")).await;
    office.says("2023-02-10 09:00", "phong-b", granted("2023-02-15")).await;
    office.tick_each(&["13"]).await;
    office.expect_mail(&[("binh@so.example", "Được gia hạn đến hết Thứ Tư, 15/02/2023")]);
    office.tick_each(&["14"]).await;
    office.expect_mail(&[("binh@so.example", "Còn 1 ngày làm việc")]);
    office.tick_each(&["15"]).await;
    office.expect_mail(&[("binh@so.example", "Hôm nay")]);
    office.tick_each(&["16"]).await;
    office.expect_mail(&[("an@so.example", "Đã quá hạn 2"), ("binh@so.example", "Đã quá hạn 1")]);
}

const EVENT: &str = "  - { id: I.1, content: Đánh giá, lead: [phong-a], deadline: Khi có phát sinh }\n";

#[tokio::test]
async fn work_that_a_document_opened_is_told_in_the_next_digest_and_then_by_its_ladder() {
    let mut office = Office::with_tasks(EVENT, "2023-02-07").await;
    office.tick_each(&["07"]).await;
    office.expect_silence();
    office.set_clock("2023-02-07 09:00");
    let report = opened("I.1", "ps-1", "phong-a", "2023-02-28");
    assert!(is_taken(&office.report("I.1", "ps-1", "phong-a", report).await));
    office.tick("2023-02-07 09:01").await;
    office.expect_silence();
    office.tick_each(&["08"]).await;
    office.expect_mail(&[("an@so.example", "báo khi phát sinh")]);
    office.tick_each(&["09", "20"]).await;
    office.expect_silence();
    office.tick_each(&["21"]).await;
    office.expect_mail(&[("an@so.example", "Văn bản: 45/UBND-KT")]);
}

#[tokio::test]
async fn work_opened_with_a_short_date_is_told_at_once() {
    let mut office = Office::with_tasks(EVENT, "2023-02-07").await;
    office.tick_each(&["07"]).await;
    office.set_clock("2023-02-07 14:00");
    office.report("I.1", "ps-1", "phong-a", opened("I.1", "ps-1", "phong-a", "2023-02-08")).await;
    office.tick("2023-02-07 14:01").await;
    office.expect_mail(&[("an@so.example", "Còn 1 ngày làm việc")]);
}

#[tokio::test]
async fn two_openings_of_one_task_live_apart() {
    let mut office = Office::with_tasks(EVENT, "2023-02-06").await;
    office.set_clock("2023-02-06 09:00");
    for (period, due) in [("ps-1", "2023-02-14"), ("ps-2", "2023-02-28")] {
        assert!(is_taken(&office.report("I.1", period, "phong-a", opened("I.1", period, "phong-a", due)).await));
    }
    office.tick_each(&["07"]).await;
    office.expect_mail(&[("an@so.example", "2 sắp đến hạn")]);
    let done = Report::Completed { done_on: day("2023-02-08"), product: "1".to_owned() };
    office.set_clock("2023-02-08 09:00");
    assert!(is_taken(&office.report("I.1", "ps-1", "phong-a", done).await));
    office.tick_each(&["13", "14", "15"]).await;
    office.expect_silence();
    office.tick_each(&["21"]).await;
    office.expect_mail(&[("an@so.example", "Còn 5 ngày")]);
}

#[tokio::test]
async fn opened_work_whose_task_left_the_plan_is_shown_to_the_administrator() {
    let mut office = Office::with_tasks(EVENT, "2023-02-06").await;
    office.set_clock("2023-02-06 09:00");
    office.report("I.1", "ps-1", "phong-a", opened("I.1", "ps-1", "phong-a", "2023-02-14")).await;
    office.folder.write_plan(&EVENT.replace("I.1", "I.2"));
    office.reload();
    office.tick("2023-02-06 10:00").await;
    assert!(office.status().await.problems[0].sentence.contains("đã bị xóa khỏi kế hoạch"));
    office.tick("2023-02-06 10:31").await;
    office.expect_mail(&[("khoa@so.example", "đã bị xóa khỏi kế hoạch")]);
}

#[tokio::test]
async fn a_duty_that_waits_for_another_plan_asks_for_its_date_until_it_is_opened_with_one() {
    let tasks = "  - { id: I.1, content: Rà soát, lead: [phong-a], deadline: Theo kế hoạch riêng của UBND tỉnh }\n";
    let mut office = Office::with_tasks(tasks, "2023-02-01").await;
    office.tick_each(&["01"]).await;
    office.expect_mail(&[("an@so.example", "Còn thiếu thời hạn")]);
    office.set_clock("2023-02-28 09:00");
    office.report("I.1", "2023", "phong-a", opened("I.1", "2023", "phong-a", "2023-04-28")).await;
    office.tick("2023-03-01 07:30").await;
    office.expect_mail(&[("an@so.example", "báo khi phát sinh")]);
    office.tick("2023-04-03 07:30").await;
    office.expect_silence();
    office.tick("2023-04-21 07:30").await;
    office.expect_mail(&[("an@so.example", "Còn 5 ngày")]);
}
