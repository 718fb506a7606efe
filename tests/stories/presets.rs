//! The policies that come with the program, and how an office bends them.

use nhacviec::domain::life::Report;

use crate::support::{Office, day};

/// An office without policies of its own: a head of Phòng A, a deputy director over it, a chief of office.
async fn office_of_presets(tasks: &str, begin: &str) -> Office {
    let nothing = "  - { id: X, content: Việc khác, lead: [phong-a], deadline: Khi có phát sinh }\n";
    let mut office = Office::with_tasks(nothing, begin).await;
    office.folder.write_plan(tasks);
    let more = "  - { id: truong, name: Đỗ Trưởng, email: truong@so.example }
  - { id: pho, name: Phan Đức, title: Phó Giám đốc, email: duc@so.example }
  - { id: giam-doc";
    office.folder.replace("units.yaml", "  - { id: giam-doc", more);
    office.folder.replace("units.yaml", "head: an, ", "head: truong, overseen_by: pho, ");
    let positions = "positions: { giam-doc: giam-doc, chanh-van-phong: ha }";
    office.folder.replace("units.yaml", "positions: { giam-doc: giam-doc }", positions);
    office.folder.replace("plans/kh.yaml", ", policy: viec", "");
    office.reload();
    office
}

async fn live(office: &mut Office, month: &str, story: &[(&str, &[(&str, &str)])]) {
    for (day, expected) in story {
        office.tick(&format!("2023-{month}-{day} 07:30")).await;
        office.expect_mail(expected);
    }
}

#[tokio::test]
async fn a_dated_duty_climbs_from_the_unit_to_the_director() {
    let tasks = "  - { id: I.1, content: Việc, lead: [phong-a], coordinating: [phong-b], deadline: 14/02/2023 }\n";
    let mut office = office_of_presets(tasks, "2023-01-31").await;
    live(&mut office, "01", &[("31", &[("an@so.example", "Còn 10 ngày")])]).await;
    let owed = "Gửi phần việc phối hợp";
    live(
        &mut office,
        "02",
        &[
            ("01", &[]),
            ("07", &[("an@so.example", "Còn 5 ngày"), ("binh@so.example", owed)]),
            ("10", &[("an@so.example", "Còn 2 ngày")]),
            ("13", &[("an@so.example", "Còn 1 ngày"), ("binh@so.example", owed)]),
            ("14", &[("an@so.example", "Hôm nay")]),
            ("15", &[("an@so.example", "Báo cáo lý do chậm"), ("truong@so.example", "Đã quá hạn 1")]),
            ("16", &[]),
            ("17", &[("an@so.example", "Báo cáo lý do chậm"), ("ha@so.example", "Đã quá hạn 3")]),
            ("20", &[]),
            ("21", &[("duc@so.example", "bậc đôn đốc quá hạn 5")]),
            ("24", &[("an@so.example", "Đã quá hạn 8")]),
            ("27", &[]),
            ("28", &[("minh@so.example", "bậc đôn đốc quá hạn 10")]),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_report_is_also_announced_on_the_day_on_which_its_numbers_close() {
    let tasks = "  - { id: I.1, content: Báo cáo, lead: [phong-a], coordinating: [phong-b], deadline: Trước ngày 20 hằng tháng }\n";
    let mut office = office_of_presets(tasks, "2023-02-09").await;
    office.set_clock("2023-02-09 06:00");
    let done = Report::Completed { done_on: day("2023-01-19"), product: "1/BC".to_owned() };
    office.report("I.1", "2023-01", "phong-a", done).await;
    // The last day in time is Sunday the 19th.
    live(
        &mut office,
        "02",
        &[
            ("09", &[]),
            ("10", &[("an@so.example", "Còn 5 ngày"), ("binh@so.example", "Gửi số liệu của đơn vị mình")]),
            ("13", &[]),
            ("14", &[("an@so.example", "ngày chốt số liệu của kỳ"), ("binh@so.example", "ngày chốt số liệu của kỳ")]),
            ("15", &[("an@so.example", "Còn 2 ngày"), ("binh@so.example", "Hôm nay phải gửi xong số liệu")]),
            ("16", &[("an@so.example", "Còn 1 ngày")]),
            ("17", &[("an@so.example", "Hôm nay")]),
        ],
    )
    .await;
}

/// Decree 09/2019/NĐ-CP article 12 closes the numbers of months and longer periods.
#[tokio::test]
async fn a_weekly_report_is_reminded_of_in_its_own_week_and_knows_no_closing_day() {
    let tasks = "  - { id: I.1, content: Báo cáo tuần, lead: [phong-a], coordinating: [phong-b], deadline: { every: week, weekday: fri } }\n";
    let mut office = office_of_presets(tasks, "2023-02-08").await;
    office.set_clock("2023-02-08 06:00");
    for week in ["2023-W01", "2023-W02", "2023-W03", "2023-W04", "2023-W05"] {
        let done = Report::Completed { done_on: day("2023-02-03"), product: "1/BC".to_owned() };
        office.report("I.1", week, "phong-a", done).await;
    }
    live(
        &mut office,
        "02",
        &[
            ("08", &[]),
            ("09", &[("an@so.example", "Còn 1 ngày"), ("binh@so.example", "Gửi phần việc phối hợp")]),
            ("10", &[("an@so.example", "Hôm nay")]),
            ("13", &[("an@so.example", "Báo cáo lý do chậm"), ("truong@so.example", "Đã quá hạn 1")]),
            ("14", &[("an@so.example", "Báo cáo lý do chậm")]),
        ],
    )
    .await;
}

#[tokio::test]
async fn an_opened_duty_has_its_own_ladder() {
    let tasks =
        "  - { id: I.1, content: Đánh giá, lead: [phong-a], coordinating: [phong-b], deadline: Khi có phát sinh }\n";
    let mut office = office_of_presets(tasks, "2023-02-01").await;
    office.set_clock("2023-02-01 06:00");
    let opened = Report::Opened {
        plan: "kh".into(),
        task: "I.1".into(),
        period: "ps-1".to_owned(),
        unit: "phong-a".into(),
        due_on: day("2023-02-14"),
        document: "45/UBND-KT".to_owned(),
    };
    office.report("I.1", "ps-1", "phong-a", opened).await;
    let at_once = "báo khi phát sinh";
    live(
        &mut office,
        "02",
        &[
            ("01", &[("an@so.example", at_once), ("binh@so.example", at_once)]),
            ("02", &[]),
            ("07", &[("an@so.example", "Còn 5 ngày")]),
            ("10", &[("an@so.example", "Còn 2 ngày"), ("binh@so.example", "Còn 2 ngày")]),
            ("13", &[("an@so.example", "Còn 1 ngày")]),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_task_bends_a_preset_and_the_others_keep_it() {
    let tasks = "  - { id: I.1, content: Một, lead: [phong-a], deadline: 14/02/2023 }
  - id: I.2
    content: Hai
    lead: [phong-b]
    deadline: 14/02/2023
    policy: { like: viec-co-han, lead: { before: [3] }, escalation: [] }\n";
    let mut office = office_of_presets(tasks, "2023-02-07").await;
    live(
        &mut office,
        "02",
        &[
            ("07", &[("an@so.example", "I.1.")]),
            ("09", &[("binh@so.example", "I.2.")]),
            ("10", &[("an@so.example", "I.1.")]),
            ("13", &[("an@so.example", "I.1.")]),
            ("14", &[("an@so.example", "I.1.")]),
            ("15", &[("an@so.example", "I.1."), ("truong@so.example", "I.1.")]),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_plan_names_a_policy_for_one_kind_of_deadline() {
    let tasks = "  - { id: I.1, content: Một, lead: [phong-a], deadline: 14/02/2023 }
  - { id: I.2, content: Hai, lead: [phong-b], deadline: Thường xuyên }\n";
    let mut office = office_of_presets(tasks, "2023-02-06").await;
    office.folder.append("nhacviec.yaml", "  thua: { lead: { before: [6] } }\n");
    office.folder.replace("plans/kh.yaml", "year: 2023 }", "year: 2023, policy: { dated: thua } }");
    office.reload();
    live(&mut office, "02", &[("06", &[("an@so.example", "Còn 6 ngày")]), ("13", &[]), ("15", &[])]).await;
    live(&mut office, "04", &[("03", &[("binh@so.example", "việc thường xuyên")])]).await;
}

#[tokio::test]
async fn an_office_changes_one_part_of_a_preset_under_its_name() {
    let tasks = "  - { id: I.1, content: Một, lead: [phong-a], deadline: 14/02/2023 }\n";
    let mut office = office_of_presets(tasks, "2023-02-13").await;
    office.folder.append("nhacviec.yaml", "  viec-co-han: { like: viec-co-han, lead: { before: [0], after: [2] } }\n");
    office.reload();
    live(
        &mut office,
        "02",
        &[
            ("13", &[]),
            ("14", &[("an@so.example", "Hôm nay")]),
            ("15", &[("truong@so.example", "Đã quá hạn 1")]),
            ("16", &[("an@so.example", "Đã quá hạn 2")]),
        ],
    )
    .await;
}

/// Due Sunday 12/02/2023: the last safe day is Friday the 10th.
async fn office_counting_calendar_days(roll: &str) -> Office {
    let tasks = "  - { id: I.1, content: Một, lead: [phong-a], deadline: 12/02/2023 }\n";
    let mut office = Office::with_tasks(tasks, "2023-02-01").await;
    let ladder = format!("lead: {{ before: [5], after: [6], count_in: calendar_days, day_off: {roll} }}");
    office.folder.replace("nhacviec.yaml", "lead: { before: [5, 1, 0], after: [1], repeat_every: 2 }", &ladder);
    office.folder.replace(
        "nhacviec.yaml",
        "{ after: 3, tell: [giam-doc] }\n  ho-so",
        "{ after: 99, tell: [giam-doc] }\n  ho-so",
    );
    office.reload();
    office
}

async fn days_told(office: &mut Office) -> Vec<u32> {
    let mut told = Vec::new();
    for day in 1..=28 {
        let before = office.mail.count();
        office.tick(&format!("2023-02-{day:02} 07:30")).await;
        let new = office.mail.received().into_iter().skip(before).any(|m| m.to == "an@so.example");
        told.extend(new.then_some(day));
    }
    office.mark_all_read();
    told
}

#[tokio::test]
async fn calendar_days_on_a_day_off_roll_as_the_policy_says() {
    // Five days before the 10th is Sunday the 5th, six days after the 12th is Saturday the 18th.
    for (roll, days) in [("usual", [3, 20]), ("earlier", [3, 17]), ("later", [6, 20])] {
        let mut office = office_counting_calendar_days(roll).await;
        assert_eq!(days_told(&mut office).await, days, "{roll}");
    }
}
