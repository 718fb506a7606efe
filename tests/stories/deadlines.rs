//! Deadlines of the plan.

use crate::support::Office;

/// Last day in time Tuesday 14/02/2023.
const REPORT: &str =
    "  - { id: I.1, content: Báo cáo quý, lead: [phong-a], deadline: Trước ngày 15/02/2023, product: Báo cáo }\n";

#[tokio::test]
async fn a_date_is_reminded_of_on_its_rungs_and_escalated_after_it() {
    let mut office = Office::with_tasks(REPORT, "2023-02-06").await;
    let story = [
        ("2023-02-06", vec![]),
        ("2023-02-07", vec![("an@so.example", "Còn 5 ngày làm việc")]),
        ("2023-02-08", vec![]),
        ("2023-02-13", vec![("an@so.example", "Còn 1 ngày làm việc")]),
        ("2023-02-14", vec![("an@so.example", "Hôm nay là ngày làm việc cuối cùng")]),
        ("2023-02-15", vec![("an@so.example", "Đã quá hạn 1 ngày làm việc")]),
        ("2023-02-16", vec![]),
        (
            "2023-02-17",
            vec![("an@so.example", "Đã quá hạn 3 ngày"), ("minh@so.example", "cấp trên, bậc đôn đốc quá hạn 3 ngày")],
        ),
        ("2023-02-18", vec![]),
        ("2023-02-20", vec![]),
        ("2023-02-21", vec![("an@so.example", "Đã quá hạn 5 ngày làm việc")]),
    ];
    for (day, expected) in story {
        office.tick(&format!("{day} 07:30")).await;
        office.expect_mail(&expected);
    }
}

#[tokio::test]
async fn a_list_of_months_owes_one_report_at_the_end_of_each() {
    let tasks = "  - { id: I.1, content: Báo cáo, lead: [phong-a], deadline: \"Tháng 3,6/2023\" }\n";
    let mut office = Office::with_tasks(tasks, "2023-03-30").await;
    office.tick("2023-03-31 07:30").await;
    office.expect_mail(&[("an@so.example", "Kỳ: tháng 3/2023")]);
    office.tick("2023-06-30 07:30").await;
    office.expect_mail(&[("an@so.example", "1 quá hạn, 1 đến hạn"), ("minh@so.example", "Kỳ: tháng 3/2023")]);
}

#[tokio::test]
async fn each_unit_of_a_group_owes_its_own_completion() {
    let tasks = "  - { id: I.1, content: Đăng ký, lead: [Các phòng], deadline: 14/02/2023 }\n";
    let mut office = Office::with_tasks(tasks, "2023-02-07").await;
    office.tick("2023-02-07 07:30").await;
    office.expect_mail(&[("an@so.example", "Phòng A"), ("binh@so.example", "Phòng B")]);
    office.complete("I.1", "phong-a", "2023-02-10").await;
    office.tick("2023-02-15 07:30").await;
    office.expect_mail(&[("binh@so.example", "Đã quá hạn 1 ngày")]);
}

#[tokio::test]
async fn work_reported_done_is_not_reminded_of_even_when_a_message_was_waiting() {
    let mut office = Office::with_tasks(REPORT, "2023-02-07").await;
    office.decide("2023-02-07 06:00").await;
    office.complete("I.1", "phong-a", "2023-02-07").await;
    office.tick("2023-02-07 07:30").await;
    office.tick("2023-02-20 07:30").await;
    office.expect_silence();
    assert_eq!(office.status().await.deliveries.get("cancelled"), Some(&1));
}

#[tokio::test]
async fn reminders_missed_in_a_downtime_become_one_message_with_the_strongest() {
    let mut office = Office::with_tasks(REPORT, "2023-02-07").await;
    office.tick("2023-02-07 07:30").await;
    office.expect_mail(&[("an@so.example", "Còn 5 ngày")]);
    // Down from the 8th to the 15th, over two rungs and the due date; back after the digest hour.
    office.tick("2023-02-15 10:00").await;
    office.expect_mail(&[("an@so.example", "Đã quá hạn 1 ngày làm việc")]);
    office.tick("2023-02-15 10:01").await;
    office.expect_silence();
}

#[tokio::test]
async fn nothing_leaves_on_days_off_and_the_tet_break_is_announced_before_and_after() {
    let tasks = "  - { id: I.1, content: Việc, lead: [phong-a], deadline: 24/01/2023 }\n";
    let mut office = Office::with_tasks(tasks, "2023-01-18").await;
    office.tick("2023-01-19 07:30").await;
    office.expect_mail(&[("an@so.example", "ngày làm việc cuối cùng: Thứ Năm, 19/01/2023")]);
    for day in 20..27 {
        office.tick(&format!("2023-01-{day} 07:30")).await;
        office.tick(&format!("2023-01-{day} 14:00")).await;
    }
    office.expect_silence();
    office.tick("2023-01-27 07:30").await;
    office.expect_mail(&[("an@so.example", "Đã quá hạn 1 ngày làm việc")]);
}

#[tokio::test]
async fn a_moved_due_date_arms_the_reminders_again() {
    let mut office = Office::with_tasks(REPORT, "2023-02-14").await;
    office.tick("2023-02-14 07:30").await;
    office.expect_mail(&[("an@so.example", "Hôm nay")]);
    office.folder.replace("plans/kh.yaml", "15/02/2023", "01/03/2023");
    office.reload();
    office.tick("2023-02-15 07:30").await;
    office.expect_silence();
    office.tick("2023-02-28 07:30").await;
    office.expect_mail(&[("an@so.example", "hết Thứ Ba, 28/02/2023")]);
}

#[tokio::test]
async fn a_plan_taken_out_and_put_back_before_the_digest_loses_nothing() {
    let mut office = Office::with_tasks(REPORT, "2023-02-07").await;
    office.decide("2023-02-07 06:00").await;
    office.folder.replace(
        "plans/kh.yaml",
        "lead: [phong-a], deadline: Trước ngày 15/02/2023",
        "lead: [phong-a], deadline: Khi có phát sinh",
    );
    office.reload();
    office.decide("2023-02-07 06:10").await;
    office.folder.write_plan(REPORT);
    office.reload();
    office.tick("2023-02-07 07:30").await;
    office.expect_mail(&[("an@so.example", "Còn 5 ngày")]);
}

#[tokio::test]
async fn a_person_with_several_duties_gets_one_message_with_the_urgent_first() {
    let tasks = format!("{REPORT}  - {{ id: I.2, content: Việc gấp, lead: [phong-a], deadline: 07/02/2023 }}\n");
    let mut office = Office::with_tasks(&tasks, "2023-02-07").await;
    office.tick("2023-02-07 07:30").await;
    let digest = "1 đến hạn, 1 sắp đến hạn";
    office.expect_mail(&[("an@so.example", digest)]);
}

#[tokio::test]
async fn a_late_entry_that_cannot_wait_for_the_next_morning_leaves_at_once() {
    let far = "  - { id: I.1, content: Việc xa, lead: [phong-a], deadline: 30/06/2023 }\n";
    let mut office = Office::with_tasks(far, "2023-02-14").await;
    office.tick("2023-02-14 07:30").await;
    office.folder.write_plan(&format!("{far}{}", REPORT.replace("I.1", "I.2")));
    office.reload();
    office.tick("2023-02-14 09:12").await;
    office.expect_mail(&[("an@so.example", "Hôm nay là ngày làm việc cuối cùng")]);
}

#[tokio::test]
async fn an_entry_that_can_wait_comes_with_the_next_digest() {
    let far = "  - { id: I.1, content: Việc xa, lead: [phong-a], deadline: 30/06/2023 }\n";
    let mut office = Office::with_tasks(far, "2023-02-08").await;
    office.tick("2023-02-08 07:30").await;
    office.folder.write_plan(&format!("{far}{}", REPORT.replace("I.1", "I.2")));
    office.reload();
    office.tick("2023-02-08 09:12").await;
    office.expect_silence();
    office.tick("2023-02-09 07:30").await;
    office.expect_mail(&[("an@so.example", "Còn 3 ngày làm việc")]);
}

#[tokio::test]
async fn standing_duties_are_recalled_each_quarter_and_never_overdue() {
    let tasks = "  - { id: I.1, content: Công khai, lead: [phong-a], deadline: Thường xuyên }
  - { id: I.2, content: Rà soát, lead: [phong-b], deadline: Theo kế hoạch riêng của UBND tỉnh }
  - { id: I.3, content: Đánh giá, lead: [phong-b], deadline: Khi có phát sinh }\n";
    let mut office = Office::with_tasks(tasks, "2023-04-03").await;
    office.tick("2023-04-03 07:30").await;
    office.expect_mail(&[("an@so.example", "việc thường xuyên"), ("binh@so.example", "Còn thiếu thời hạn")]);
    office.tick("2023-04-04 07:30").await;
    office.expect_silence();
    office.tick("2023-05-04 07:30").await;
    office.expect_mail(&[("binh@so.example", "Còn thiếu thời hạn")]);
}

#[tokio::test]
async fn a_duty_that_begins_in_the_year_is_not_recalled_before_its_first_day() {
    let tasks = "  - { id: I.1, content: Trực, lead: [phong-a], deadline: Từ 20/5/2023 }\n";
    let mut office = Office::with_tasks(tasks, "2023-03-31").await;
    for before in ["2023-04-03", "2023-05-19"] {
        office.tick(&format!("{before} 07:30")).await;
        office.expect_silence();
    }
    // The 20th is a Saturday.
    office.tick("2023-05-22 07:30").await;
    office.expect_mail(&[("an@so.example", "việc thường xuyên")]);
    office.tick("2023-07-03 07:30").await;
    office.expect_mail(&[("an@so.example", "việc thường xuyên")]);
}

#[tokio::test]
async fn a_cell_that_says_the_same_duty_twice_is_recalled_once() {
    let tasks = "  - { id: I.1, content: Trực, lead: [phong-a], deadline: Thường xuyên; thường xuyên trong năm }\n";
    let mut office = Office::with_tasks(tasks, "2023-04-03").await;
    office.tick("2023-04-03 07:30").await;
    office.expect_mail(&[("an@so.example", "việc thường xuyên")]);
}

#[tokio::test]
async fn coordinating_units_are_told_whom_they_owe_and_followers_what_is_late() {
    let tasks = "  - { id: I.1, content: Báo cáo, lead: [phong-a], coordinating: [Các phòng], deadline: 14/02/2023 }\n";
    let mut office = Office::with_tasks(tasks, "2023-02-13").await;
    office.folder.replace(
        "nhacviec.yaml",
        "    escalation:\n      - { after: 3",
        "    coordinating: { before: [1] }\n    following: { after: [1] }\n    escalation:\n      - { after: 3",
    );
    office.folder.replace("plans/kh.yaml", "policy: viec", "policy: viec, followed_by: [van-phong]");
    office.reload();
    office.tick("2023-02-13 07:30").await;
    let owed = "Gửi phần việc phối hợp của đơn vị mình cho Phòng A trước hạn trên.";
    office.expect_mail(&[("an@so.example", "đơn vị chủ trì"), ("binh@so.example", owed)]);
    office.tick("2023-02-15 07:30").await;
    office.expect_mail(&[("an@so.example", "Đã quá hạn 1"), ("ha@so.example", "đơn vị theo dõi")]);
}

#[tokio::test]
async fn one_person_in_two_roles_is_told_once() {
    let tasks = "  - { id: I.1, content: Báo cáo, lead: [phong-a], coordinating: [van-phong], deadline: 14/02/2023 }\n";
    let mut office = Office::with_tasks(tasks, "2023-02-13").await;
    office.folder.replace(
        "nhacviec.yaml",
        "    escalation:\n      - { after: 3",
        "    coordinating: { before: [1] }\n    following: { before: [1] }\n    escalation:\n      - { after: 3",
    );
    office.folder.replace("plans/kh.yaml", "policy: viec", "policy: viec, followed_by: [van-phong]");
    office.reload();
    office.tick("2023-02-13 07:30").await;
    office.expect_mail(&[("an@so.example", "đơn vị chủ trì"), ("ha@so.example", "đơn vị phối hợp")]);
    office.tick("2023-02-13 09:00").await;
    office.expect_silence();
}

#[tokio::test]
async fn a_unit_without_anybody_reachable_is_shown_and_told_to_the_administrator() {
    let mut office = Office::with_tasks(REPORT, "2023-02-14").await;
    office.folder.replace("units.yaml", ", email: an@so.example", "");
    office.reload();
    office.tick("2023-02-14 07:30").await;
    office.expect_mail(&[("khoa@so.example", "đồng chí nhận thay Phòng A")]);
    let status = office.status().await;
    assert!(status.problems[0].sentence.starts_with("Phòng A: không có ai nhận được tin"), "{status:?}");
    assert!(status.problems[1].sentence.starts_with("«an» không có địa chỉ nào"), "{status:?}");
    office.tick("2023-02-14 08:05").await;
    office.expect_mail(&[("khoa@so.example", "Phòng A: không có ai nhận được tin")]);
    office.folder.replace("units.yaml", "name: Trần An", "name: Trần An, email: an@so.example");
    office.reload();
    office.tick("2023-02-14 08:10").await;
    office.expect_mail(&[("an@so.example", "Hôm nay là ngày làm việc cuối cùng")]);
    assert!(office.status().await.problems.is_empty());
}

#[tokio::test]
async fn a_due_date_moved_earlier_and_back_before_the_digest_loses_nothing() {
    let far = "  - { id: I.9, content: Việc xa, lead: [phong-a], deadline: 30/06/2023 }\n";
    let mut office = Office::with_tasks(far, "2023-02-07").await;
    office.tick("2023-02-07 07:30").await;
    office.folder.write_plan(&format!("{far}{REPORT}"));
    office.reload();
    office.decide("2023-02-07 10:00").await;
    office.folder.replace("plans/kh.yaml", "15/02/2023", "09/02/2023");
    office.reload();
    office.decide("2023-02-07 10:05").await;
    office.folder.replace("plans/kh.yaml", "09/02/2023", "15/02/2023");
    office.reload();
    office.decide("2023-02-07 10:10").await;
    office.tick("2023-02-08 07:30").await;
    office.expect_mail(&[("an@so.example", "hết Thứ Ba, 14/02/2023")]);
}

#[tokio::test]
async fn an_escalation_step_put_in_between_repeats_none_of_the_others() {
    let mut office = Office::with_tasks(REPORT, "2023-02-17").await;
    office.tick("2023-02-17 07:30").await;
    office.expect_mail(&[("an@so.example", "Đã quá hạn 3"), ("minh@so.example", "quá hạn 3")]);
    office.folder.replace(
        "nhacviec.yaml",
        "escalation:\n      - { after: 3",
        "escalation:\n      - { after: 1, tell: [unit-head] }\n      - { after: 3",
    );
    office.reload();
    office.tick("2023-02-17 08:30").await;
    // The head is told by the new step; the director, told already, is not.
    office.expect_mail(&[("an@so.example", "quá hạn 1 ngày làm việc")]);
}

#[tokio::test]
async fn a_corrected_address_gets_the_message_that_was_waiting() {
    let mut office = Office::with_tasks(REPORT, "2023-02-14").await;
    office.decide("2023-02-14 06:00").await;
    office.folder.replace("units.yaml", "an@so.example", "an.moi@so.example");
    office.reload();
    office.decide("2023-02-14 06:30").await;
    office.tick("2023-02-14 07:30").await;
    office.expect_mail(&[("an.moi@so.example", "Hôm nay")]);
}

#[tokio::test]
async fn from_mid_december_the_administrator_hears_that_next_years_notice_is_missing() {
    let tasks = "  - { id: I.1, content: Việc, lead: [phong-a], deadline: Khi có phát sinh }\n";
    let mut office = Office::with_tasks(tasks, "2023-12-14").await;
    office.tick("2023-12-14 09:00").await;
    assert!(office.status().await.problems.is_empty());
    office.tick("2023-12-15 07:30").await;
    office.tick("2023-12-15 08:10").await;
    office.expect_mail(&[("khoa@so.example", "Chưa có lịch nghỉ chính thức năm 2024")]);
    office.folder.write("calendar/2024.yaml", "year: 2024\nstatus: official\nnotices: [TB 1]\n");
    office.reload();
    office.tick("2023-12-15 09:00").await;
    assert!(office.status().await.problems.is_empty());
}
