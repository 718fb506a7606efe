//! Who reads what while people are away, units end and positions are vacant.

use crate::support::Office;

/// Last day in time Tuesday 14/02/2023.
const REPORT: &str = "  - { id: I.1, content: Báo cáo quý, lead: [phong-a], deadline: 14/02/2023 }\n";

/// An office of which `units.yaml` was edited: each pair replaces a text.
async fn office_with(units: &[(&str, &str)], more: &str, day: &str) -> Office {
    let mut office = Office::with_tasks(REPORT, day).await;
    for (from, to) in units {
        office.folder.replace("units.yaml", from, to);
    }
    office.folder.append("units.yaml", more);
    office.reload();
    office
}

async fn tick_each(office: &Office, days: &[&str]) {
    for day in days {
        office.tick(&format!("2023-02-{day} 07:30")).await;
    }
}

/// The escalation of the policy of ordinary work, as the test needs it.
fn escalate(office: &mut Office, steps: &str) {
    office.folder.replace(
        "nhacviec.yaml",
        "      - { after: 3, tell: [giam-doc] }\n  ho-so",
        &format!("{steps}  ho-so"),
    );
    office.reload();
}

#[tokio::test]
async fn a_substitute_is_told_in_the_period_and_the_person_again_after_it() {
    let away = "substitutes: [{ person: an, by: ha, from: 2023-02-10, until: 2023-02-13 }]\n";
    let mut office = office_with(&[], away, "2023-02-07").await;
    tick_each(&office, &["07"]).await;
    office.expect_mail(&[("an@so.example", "Còn 5 ngày")]);
    tick_each(&office, &["08", "09"]).await;
    office.expect_silence();
    // What the person was told the substitute has not heard.
    tick_each(&office, &["10"]).await;
    office.expect_mail(&[("ha@so.example", "đồng chí nhận thay Trần An")]);
    tick_each(&office, &["13"]).await;
    office.expect_mail(&[("ha@so.example", "Còn 1 ngày làm việc")]);
    tick_each(&office, &["14"]).await;
    office.expect_mail(&[("an@so.example", "Hôm nay")]);
    tick_each(&office, &["15"]).await;
    office.expect_mail(&[("an@so.example", "Đã quá hạn 1")]);
}

#[tokio::test]
async fn a_person_back_between_two_rungs_is_not_told_again_what_they_knew() {
    let away = "substitutes: [{ person: an, by: ha, from: 2023-02-08, until: 2023-02-08 }]\n";
    let mut office = office_with(&[], away, "2023-02-07").await;
    tick_each(&office, &["07"]).await;
    office.expect_mail(&[("an@so.example", "Còn 5 ngày")]);
    tick_each(&office, &["08"]).await;
    office.expect_mail(&[("ha@so.example", "đồng chí nhận thay Trần An")]);
    tick_each(&office, &["09", "10"]).await;
    office.expect_silence();
}

#[tokio::test]
async fn what_was_decided_in_the_evening_goes_to_the_substitute_of_the_morning() {
    let away = "substitutes: [{ person: an, by: ha, from: 2023-02-07, until: 2023-02-07 }]\n";
    let far = "  - { id: I.9, content: Việc xa, lead: [phong-b], deadline: 30/06/2023 }\n";
    let mut office = office_with(&[], away, "2023-02-06").await;
    office.folder.write_plan(far);
    office.reload();
    tick_each(&office, &["06"]).await;
    office.folder.write_plan(&format!("{far}{}", REPORT.replace("14/02/2023", "13/02/2023")));
    office.reload();
    office.tick("2023-02-06 16:00").await;
    office.expect_silence();
    tick_each(&office, &["07"]).await;
    office.expect_mail(&[("ha@so.example", "đồng chí nhận thay Trần An")]);
}

#[tokio::test]
async fn a_substitute_without_an_address_leaves_the_messages_with_the_person() {
    let away = "substitutes: [{ person: an, by: ha, from: 2023-02-07, until: 2023-02-28 }]\n";
    let mut office = office_with(&[(", email: ha@so.example", "")], away, "2023-02-07").await;
    tick_each(&office, &["07"]).await;
    office.expect_mail(&[("an@so.example", "Còn 5 ngày")]);
}

#[tokio::test]
async fn a_director_on_leave_is_replaced_in_the_escalation_too() {
    let away = "substitutes: [{ person: giam-doc, by: ha, from: 2023-02-17, until: 2023-02-20 }]\n";
    let mut office = office_with(&[], away, "2023-02-17").await;
    tick_each(&office, &["17"]).await;
    office.expect_mail(&[("an@so.example", "Đã quá hạn 3"), ("ha@so.example", "đồng chí nhận thay Lý Minh")]);
}

#[tokio::test]
async fn an_administrator_on_leave_is_replaced() {
    let away = "substitutes: [{ person: quan-tri, by: ha, from: 2023-02-01, until: 2023-02-28 }]\n";
    let mut office = office_with(&[(", email: an@so.example", "")], away, "2023-02-07").await;
    tick_each(&office, &["07"]).await;
    office.expect_mail(&[("ha@so.example", "đồng chí nhận thay Phòng A")]);
    office.tick("2023-02-07 08:05").await;
    office.expect_mail(&[("ha@so.example", "2 trục trặc")]);
}

#[tokio::test]
async fn a_colleague_who_reads_for_another_of_the_same_unit_gets_one_message() {
    let away = "substitutes: [{ person: an, by: binh, from: 2023-02-01, until: 2023-02-28 }]\n";
    let mut office = office_with(&[("contacts: [an]", "contacts: [an, binh]")], away, "2023-02-07").await;
    tick_each(&office, &["07"]).await;
    office.expect_mail(&[("binh@so.example", "Còn 5 ngày")]);
}

const MERGED: (&str, &str) = (
    "head: an, contacts: [an] }",
    "head: an, contacts: [an], valid_until: 2023-02-10, successors: [phong-b, van-phong] }",
);

#[tokio::test]
async fn the_successors_of_a_unit_that_ended_are_told_from_the_day_after() {
    let mut office = office_with(&[MERGED], "", "2023-02-10").await;
    tick_each(&office, &["10"]).await;
    office.expect_mail(&[("an@so.example", "Còn 2 ngày")]);
    tick_each(&office, &["13"]).await;
    office.expect_mail(&[("binh@so.example", "Còn 1 ngày"), ("ha@so.example", "Còn 1 ngày")]);
}

#[tokio::test]
async fn the_heads_of_the_successors_are_told_when_the_work_is_late() {
    let mut office = office_with(&[MERGED], "", "2023-02-15").await;
    escalate(&mut office, "      - { after: 2, tell: [unit-head] }\n");
    tick_each(&office, &["16"]).await;
    office.expect_mail(&[("binh@so.example", "Đã quá hạn 2"), ("ha@so.example", "Đã quá hạn 2")]);
}

#[tokio::test]
async fn a_person_in_several_units_gets_one_digest() {
    let mut office = office_with(&[("contacts: [binh]", "contacts: [an]")], "", "2023-02-07").await;
    office
        .folder
        .write_plan(&format!("{REPORT}  - {{ id: I.2, content: Rà soát, lead: [Các phòng], deadline: 14/02/2023 }}\n"));
    office.reload();
    tick_each(&office, &["07"]).await;
    office.expect_mail(&[("an@so.example", "2 sắp đến hạn")]);
}

#[tokio::test]
async fn a_vacant_unit_is_told_in_its_mailbox_and_the_administrator_after_half_an_hour() {
    let vacant =
        [(", email: an@so.example", ""), ("contacts: [an] }", "contacts: [an], mailbox: phong-a@so.example }")];
    let mut office = office_with(&vacant, "", "2023-02-07").await;
    tick_each(&office, &["07"]).await;
    office.expect_mail(&[("phong-a@so.example", "Kính gửi: Phòng A")]);
    office.tick("2023-02-07 07:59").await;
    office.expect_silence();
    office.tick("2023-02-07 08:00").await;
    office.expect_mail(&[("khoa@so.example", "tạm gửi vào hộp thư chung; sửa contacts trong units.yaml")]);
    office.tick("2023-02-07 09:00").await;
    office.expect_silence();
}

#[tokio::test]
async fn a_step_that_nobody_holds_hands_over_to_the_next_at_once_and_nobody_is_told_twice() {
    let mut office = office_with(&[("head: an, ", "")], "", "2023-02-15").await;
    escalate(&mut office, "      - { after: 1, tell: [unit-head] }\n      - { after: 3, tell: [giam-doc] }\n");
    tick_each(&office, &["15"]).await;
    office.expect_mail(&[("an@so.example", "Đã quá hạn 1"), ("minh@so.example", "Đã quá hạn 1")]);
    office.tick("2023-02-15 08:10").await;
    office.expect_mail(&[("khoa@so.example", "Chức vụ «trưởng Phòng A» chưa có người nhận được tin")]);
    tick_each(&office, &["16"]).await;
    office.expect_silence();
    tick_each(&office, &["17"]).await;
    office.expect_mail(&[("an@so.example", "Đã quá hạn 3")]);
}

#[tokio::test]
async fn two_steps_in_a_row_that_nobody_holds_hand_over_together() {
    let mut office = office_with(&[("head: an, ", ""), (", email: minh@so.example", "")], "", "2023-02-15").await;
    office.folder.replace(
        "units.yaml",
        "positions: { giam-doc: giam-doc }",
        "positions: { giam-doc: giam-doc, cvp: ha }",
    );
    escalate(
        &mut office,
        "      - { after: 1, tell: [unit-head] }\n      - { after: 3, tell: [giam-doc] }\n      - { after: 9, tell: [cvp] }\n",
    );
    tick_each(&office, &["15"]).await;
    office.expect_mail(&[("an@so.example", "Đã quá hạn 1"), ("ha@so.example", "Đã quá hạn 1")]);
}

#[tokio::test]
async fn a_position_filled_later_takes_its_step_and_repeats_nothing() {
    let mut office = office_with(&[("head: an, ", "")], "", "2023-02-15").await;
    escalate(&mut office, "      - { after: 1, tell: [unit-head] }\n      - { after: 3, tell: [giam-doc] }\n");
    tick_each(&office, &["15"]).await;
    office.expect_mail(&[("an@so.example", ""), ("minh@so.example", "")]);
    office.folder.replace("units.yaml", "name: Phòng A, ", "name: Phòng A, head: ha, ");
    office.reload();
    office.tick("2023-02-15 07:40").await;
    office.expect_mail(&[("ha@so.example", "bậc đôn đốc quá hạn 1 ngày")]);
    assert!(office.status().await.problems.is_empty(), "the vacancy is filled");
    tick_each(&office, &["16"]).await;
    office.expect_silence();
    tick_each(&office, &["17"]).await;
    office.expect_mail(&[("an@so.example", "Đã quá hạn 3")]);
}

#[tokio::test]
async fn the_deputy_director_in_charge_is_the_one_who_oversees_the_unit() {
    let deputy = "  - { id: pho, name: Phan Đức, title: Phó Giám đốc, email: duc@so.example }\n";
    let units = [
        ("head: an, ", "head: an, overseen_by: pho, "),
        ("head: binh, ", "head: binh, overseen_by: giam-doc, "),
        ("  - { id: giam-doc", &*format!("{deputy}  - {{ id: giam-doc")),
    ];
    let mut office = office_with(&units, "", "2023-02-16").await;
    office.folder.write_plan("  - { id: I.1, content: Đăng ký, lead: [Các phòng], deadline: 14/02/2023 }\n");
    escalate(&mut office, "      - { after: 2, tell: [unit-deputy] }\n");
    tick_each(&office, &["16"]).await;
    office.expect_mail(&[
        ("an@so.example", "Đã quá hạn"),
        ("binh@so.example", "Đã quá hạn"),
        ("duc@so.example", "Chủ trì: Phòng A"),
        ("minh@so.example", "Chủ trì: Phòng B"),
    ]);
}
