//! `nhacviec plan show`, `plan begin`, `plan rollover`, `plan fmt`, as an administrator types them.

mod support;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use nhacviec::clock::{Clock as _, SystemClock};
use support::OfficeFolder;

const TASKS: &str = "  # Việc đầu năm
  - id: I.1
    section: \"I. Kế hoạch\"
    content: \"Xây dựng Kế hoạch năm 2023 theo Kế hoạch số 12/KH-UBND ngày 05/01/2023 và Nghị định số 61/2018/NĐ-CP\"
    lead: [Phòng A]
    deadline: \"Trước ngày 15/02/2023\"
    product: \"Kế hoạch\"

  - id: II.1
    section: \"II. Báo cáo\"
    content: \"Báo cáo theo Quyết định số 468/QĐ-TTg ngày 27/3/2021\"
    lead: [Các phòng]
    coordinating: [Văn phòng]
    deadline: \"Tháng 3,6,9,12/2023\" # theo quý
  - id: II.2
    section: \"II. Báo cáo\"
    content: \"Công khai thủ tục\"
    lead: [Văn phòng]
    deadline: Trước T12/2023
    settled: { \"2023\": 31/12/2023 }
";

fn nhacviec(folder: &OfficeFolder, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nhacviec"));
    command.args(arguments).arg("--config").arg(folder.config()).arg("--state").arg(folder.state());
    command.output().expect("runs")
}

fn done(folder: &OfficeFolder, arguments: &[&str]) -> String {
    let output = nhacviec(folder, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", err(&output));
    out(&output)
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("UTF-8")
}

/// The plan is written, and the first of four reports was made by one of two units, late.
fn report_two(folder: &OfficeFolder) {
    let first = "done I.1 --product 12/KH-SNV --on 10/02/2023 --by an";
    let second = "done II.1 --unit phong-a --period 2023-03 --product 1/BC --on 05/04/2023 --by an";
    for report in [first, second] {
        done(folder, &report.split(' ').collect::<Vec<_>>());
    }
}

fn plan(folder: &OfficeFolder) -> PathBuf {
    folder.config().join("plans/kh.yaml")
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).expect("readable")
}

fn example_plan() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("config/plans/kstthc-2023.yaml")
}

/// The example office in a folder that may be written.
fn example() -> OfficeFolder {
    let folder = OfficeFolder::new(25, "");
    nhacviec::config::example::write_to(&folder.config()).expect("writable");
    fs::remove_file(plan(&folder)).expect("was there");
    folder
}

#[test]
fn the_annex_is_shown_as_a_table_with_the_state_of_each_row() {
    let folder = OfficeFolder::new(25, TASKS);
    done(&folder, &["run", "--once"]);
    report_two(&folder);
    let table = done(&folder, &["plan", "show", "kh", "--width", "120"]);
    assert!(table.lines().all(|line| line.chars().count() <= 120), "{table}");
    let words = table.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in ["TT │ Nội dung công việc", "I. Kế hoạch", "đã xong", "Các phòng", "3 nhiệm vụ: 2 quá hạn, 1 đã xong"]
    {
        assert!(words.contains(part), "{part} is not in\n{table}");
    }
    let json: serde_json::Value =
        serde_json::from_str(&done(&folder, &["plan", "show", "kh", "--json"])).expect("JSON");
    let states: Vec<_> =
        json["tasks"].as_array().expect("tasks").iter().map(|t| t["state"].as_str().expect("text")).collect();
    assert_eq!(states, ["done", "overdue", "overdue"]);
    let report = json["tasks"][1]["state_text"].as_str().expect("text");
    assert!(report.starts_with("đã xong 1/8 (1 quá hạn); QUÁ HẠN từ 31/03/2023 (Phòng B, tháng 3/2023)"), "{report}");
    let unknown = nhacviec(&folder, &["plan", "show", "kh2"]);
    assert_eq!(unknown.status.code(), Some(1));
    assert!(err(&unknown).contains("không có kế hoạch «kh2»; các kế hoạch: kh"), "{}", err(&unknown));
}

#[test]
fn the_whole_annex_of_2023_is_shown() {
    let folder = example();
    let table = done(&folder, &["plan", "show", "kstthc-2023", "--width", "300"]);
    for id in ["I.1", "II.5.1", "III.4.1", "V "] {
        assert!(table.lines().any(|line| line.starts_with(id)), "{id} is not in\n{table}");
    }
    assert!(table.contains("Các phòng chuyên môn"), "groups stay as the document has them:\n{table}");
    assert!(
        table.contains("chờ phát sinh") && table.contains("chờ ngày hạn") && table.contains("thường xuyên"),
        "{table}"
    );
}

#[test]
fn next_year_s_plan_moves_dates_empties_numbers_and_puts_finished_one_offs_aside() {
    let folder = OfficeFolder::new(25, TASKS);
    done(&folder, &["run", "--once"]);
    let draft = |arguments: &[&str]| {
        let output = nhacviec(&folder, &[&["plan", "rollover", "kh", "--year", "2024"][..], arguments].concat());
        assert!(output.status.success(), "{}", err(&output));
        (out(&output), err(&output))
    };
    let (rolled, said) = draft(&[]);
    for part in [
        "id: kh-2024",
        "year: 2024",
        "content: \"Xây dựng Kế hoạch năm 2024 theo Kế hoạch số …/KH-UBND và Nghị định số 61/2018/NĐ-CP\"",
        "deadline: \"Trước ngày 15/02/2024\"",
        "deadline: \"Tháng 3,6,9,12/2024\" # theo quý",
        "deadline: \"Trước T12/2024\"",
        "Quyết định số 468/QĐ-TTg ngày 27/3/2021",
        "# Việc đầu năm",
    ] {
        assert!(rolled.contains(part), "{part} is not in\n{rolled}");
    }
    assert!(!rolled.contains("settled"), "{rolled}");
    for part in [
        "I.1: thời hạn: «Trước ngày 15/02/2023» → «Trước ngày 15/02/2024»",
        "II.2: bỏ ngày đã chốt của năm cũ (settled)",
        "I.1: điền số, ngày văn bản của năm mới ở nội dung",
    ] {
        assert!(said.contains(part), "{part} is not in\n{said}");
    }
    report_two(&folder);
    let path = folder.config().join("plans/kh-2024.yaml");
    let (_, said) = draft(&["--out", path.to_str().expect("UTF-8")]);
    assert!(said.contains("I.1: đã xong, bỏ khỏi kế hoạch mới (còn trong ghi chú): Xây dựng Kế hoạch"), "{said}");
    let rolled = text(&path);
    assert!(rolled.contains("  # - id: I.1\n") && rolled.contains("  - id: II.1\n"), "a report comes again:\n{rolled}");
    let check = nhacviec(&folder, &["check"]);
    assert!(check.status.success(), "the draft is a valid plan: {}", err(&check));
    let again =
        nhacviec(&folder, &["plan", "rollover", "kh", "--year", "2024", "--out", path.to_str().expect("UTF-8")]);
    assert!(err(&again).contains("đã có tệp"), "{}", err(&again));
}

#[test]
fn a_draft_is_written_beside_where_one_stands() {
    let folder = OfficeFolder::new(25, TASKS);
    let mut command = Command::new(env!("CARGO_BIN_EXE_nhacviec"));
    command.args(["plan", "rollover", "kh", "--year", "2024", "--out", "moi.yaml"]);
    command.arg("--config").arg(folder.config()).arg("--state").arg(folder.state());
    let output = command.current_dir(folder.root.path()).output().expect("runs");
    assert!(output.status.success(), "{}", err(&output));
    assert!(text(&folder.root.path().join("moi.yaml")).contains("id: kh-2024"));
}

#[test]
fn what_an_import_noted_is_not_carried_into_the_next_year() {
    let folder = OfficeFolder::new(25, "");
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/vi-du/ke-hoach-mau.docx");
    let path = plan(&folder);
    fs::remove_file(&path).expect("was there");
    let (document, out_to) = (document.to_str().expect("UTF-8"), path.to_str().expect("UTF-8"));
    nhacviec(&folder, &["import", "plan", document, "--id", "kh", "--out", out_to]);
    let draft = text(&path).replace("tasks:", "# của người soạn\ntasks:");
    assert!(draft.contains("# Bản nháp nhập từ") && draft.contains(": chắc\n"), "{draft}");
    fs::write(&path, draft).expect("writable");
    let valid = OfficeFolder::new(25, "  - { id: I, content: Một, lead: [phong-a], deadline: Thường xuyên }\n");
    let rolled = done(&valid, &["plan", "rollover", out_to, "--year", "2028"]);
    assert!(!rolled.contains("Bản nháp") && !rolled.contains("# bảng") && !rolled.contains("xem lại"), "{rolled}");
    assert!(rolled.contains("# của người soạn") && rolled.contains("year: 2028"), "{rolled}");
}

#[test]
fn dates_that_the_new_year_does_not_have_and_plans_of_other_shapes_are_rolled_too() {
    let folder = OfficeFolder::new(25, "");
    let roll = |plan: &str, year: &str| {
        fs::write(self::plan(&folder), plan).expect("writable");
        let file = self::plan(&folder);
        let output = nhacviec(&folder, &["plan", "rollover", file.to_str().expect("UTF-8"), "--year", year]);
        assert!(output.status.success(), "{}", err(&output));
        out(&output)
    };
    let leap = roll(
        "plan: { id: kh, title: Kế hoạch, year: 2024, policy: viec }\ntasks:\n  - { id: I, content: Một, lead: [phong-a], deadline: \"Ngày 29/02/2024\" }\n",
        "2025",
    );
    assert!(
        leap.contains("\"Ngày 28/02/2025\"")
            && leap.contains("plan: { id: kh-2025, title: Kế hoạch, year: 2025, policy: viec }"),
        "{leap}"
    );
    let school = roll(
        "plan:\n  id: nam-hoc-2023\n  title: 'Năm học 2023-2024'\n  year: 2023-2024\n  policy: viec\ntasks:\n  - id: I\n    content: Một\n    lead: [phong-a]\n    deadline: { due: [2024-02-29, 2024-05-30] }\n",
        "2024",
    );
    for part in ["id: nam-hoc-2024", "\"Năm học 2024-2025\"", "year: 2024-2025", "[2025-02-28, 2025-05-30]"] {
        assert!(school.contains(part), "{part} is not in\n{school}");
    }
    let several = roll(
        "plan: { id: kh, title: Kế hoạch 2021-2025, year: 2021, until: 2025, policy: viec }\ntasks:\n  - { id: I, content: Một, lead: [phong-a], deadline: Thường xuyên }\n",
        "2026",
    );
    assert!(several.contains("year: 2026, until: 2030") && several.contains("2026-2030"), "{several}");
    let early = nhacviec(&folder, &["plan", "rollover", "kh", "--year", "2021"]);
    assert_eq!(early.status.code(), Some(1));
    assert!(err(&early).contains("đã là của năm 2021"), "{}", err(&early));
    fs::write(plan(&folder), "plan: { id: kh, title: T, year: 2023, policy: viec }\ntasks: [{ id: I, content: Một, lead: [phong-a], deadline: Thường xuyên }]\n").expect("writable");
    let unusual = nhacviec(&folder, &["plan", "rollover", "kh", "--year", "2024"]);
    assert!(err(&unusual).contains("không sửa tự động được"), "{}", err(&unusual));
}

#[test]
fn a_day_that_hangs_on_more_than_the_year_is_to_be_looked_up_again() {
    let folder = OfficeFolder::new(25, "");
    let plan = "plan: { id: kh, title: T, year: 2027, policy: viec }
tasks:
  - { id: I, content: Một, lead: [phong-a], deadline: { phrase: Trước Tết Nguyên đán, due: 2027-02-04 } }
  - { id: II, content: Hai, lead: [phong-a], deadline: { phrase: Trước ngày 05/02/2027, due: 2027-02-04 } }
";
    fs::write(self::plan(&folder), plan).expect("writable");
    let output = nhacviec(&folder, &["plan", "rollover", "kh", "--year", "2028"]);
    let said = err(&output);
    assert!(said.contains("I: thời hạn «Trước Tết Nguyên đán»: tra lại ngày của năm mới"), "{said}");
    assert!(!said.contains("II: thời hạn «Trước ngày 05/02/2027»: tra"), "its date is in the phrase: {said}");
}

#[test]
fn the_plan_of_2023_rolled_over_is_the_plan_of_2024() {
    let folder = example();
    let path = folder.config().join("plans/kstthc-2024.yaml");
    let output = nhacviec(
        &folder,
        &["plan", "rollover", "kstthc-2023", "--year", "2024", "--out", path.to_str().expect("UTF-8")],
    );
    assert!(output.status.success(), "{}", err(&output));
    let (old, new) = (text(&example_plan()), text(&path));
    let changed: Vec<(&str, &str)> = old.lines().zip(new.lines()).filter(|(old, new)| old != new).collect();
    assert_eq!(old.lines().count(), new.lines().count());
    assert_eq!(changed.len(), 8, "{changed:#?}");
    for (old, new) in &changed {
        assert!(old.replace("2023", "2024") == *new || new.contains("Kế hoạch số …/KH-UBND"), "{old} became {new}");
    }
    assert!(nhacviec(&folder, &["check"]).status.success());
}

#[test]
fn a_plan_file_is_brought_into_one_form_and_says_the_same() {
    let folder = OfficeFolder::new(25, "");
    let untidy = "# đầu\nplan:   { id: kh, title: Kế hoạch thử, year: 2023, policy: viec }   \n\n\n\ntasks:\n- {id: I.1, lead: phong-a, deadline: 'Tháng 3/2023', content: Một}\n# trước\n-   deadline: Thường xuyên   # cuối\n    # giữa\n    content: >\n      Hai dòng\n      một ý\n    lead:\n      - phong-a\n      - Văn phòng\n    id: 'I.2'\n    policy:\n      like: viec   # riêng\n      lead: { before: [2] }\n\n# hết\n";
    fs::write(plan(&folder), untidy).expect("writable");
    let before = done(&folder, &["tasks", "--json"]);
    let check = nhacviec(&folder, &["plan", "fmt", "--check"]);
    assert_eq!((check.status.code(), text(&plan(&folder)).as_str()), (Some(1), untidy), "only looked at");
    assert!(out(&check).contains("chưa thống nhất"));
    done(&folder, &["plan", "fmt", "kh"]);
    let tidy = text(&plan(&folder));
    let expected = "# đầu
plan:   { id: kh, title: Kế hoạch thử, year: 2023, policy: viec }

tasks:
  - id: I.1
    content: \"Một\"
    lead: phong-a
    deadline: \"Tháng 3/2023\"

  # trước
  - id: I.2
    # giữa
    content: \"Hai dòng một ý\"
    lead: [phong-a, Văn phòng]
    deadline: Thường xuyên   # cuối
    policy:
      like: viec   # riêng
      lead: { before: [2] }

# hết
";
    assert_eq!(tidy, expected);
    assert_eq!(done(&folder, &["tasks", "--json"]), before, "it says the same");
    assert!(done(&folder, &["plan", "fmt"]).contains("đã thống nhất"));
    assert_eq!(text(&plan(&folder)), tidy, "twice is once");
}

#[test]
fn a_comment_stays_with_what_it_is_about() {
    let folder = OfficeFolder::new(25, "");
    let head = "plan: { id: kh, title: T, year: 2023, policy: viec }\ntasks:\n";
    let tidy = format!(
        "{head}  # trước việc 1\n  # số của phụ lục\n  - id: I.1\n    content: \"Một\"\n    lead: [phong-a]\n    coordinating:\n      - phong-b\n      # - phong-c (đã giải thể)\n    deadline: \"Tháng 3/2023\"\n    # việc 1: chờ công văn\n    # policy: bao-cao\n\n  - id: I.2\n    content: \"Hai\"\n    lead: [phong-a]\n    deadline: \"Thường xuyên\"\n"
    );
    let untidy = tidy.replace(
        "  # số của phụ lục\n  - id: I.1\n    content: \"Một\"\n",
        "  - content: \"Một\"\n    # số của phụ lục\n    id: I.1\n",
    );
    fs::write(plan(&folder), &untidy).expect("writable");
    done(&folder, &["plan", "fmt"]);
    assert_eq!(text(&plan(&folder)), tidy);
    done(&folder, &["plan", "fmt", "--check"]);
}

#[test]
fn what_was_put_aside_can_be_taken_back_by_deleting_the_marks() {
    let folder = OfficeFolder::new(25, TASKS);
    done(&folder, &["run", "--once"]);
    done(&folder, &["done", "I.1", "--product", "12/KH", "--on", "10/02/2023", "--by", "an"]);
    let rolled = done(&folder, &["plan", "rollover", "kh", "--year", "2024"]);
    let (before, after) = rolled.split_once("bỏ dấu # và sửa thời hạn:\n").expect("one was done");
    let back: String = after
        .lines()
        .map(|line| line.strip_prefix("  # ").map_or(line.to_owned(), |rest| format!("  {rest}")) + "\n")
        .collect();
    fs::write(folder.config().join("plans/kh-2024.yaml"), format!("{before}bỏ dấu # và sửa thời hạn:\n{back}"))
        .expect("writable");
    let tasks = done(&folder, &["tasks", "--json"]);
    let plans: serde_json::Value = serde_json::from_str(&tasks).expect("JSON");
    assert_eq!(plans["plans"][1]["tasks"].as_array().map(Vec::len), Some(3), "{tasks}");
    done(&folder, &["cancel", "II.2", "--plan", "kh", "--reason", "thôi", "--by", "ha"]);
    let rolled = done(&folder, &["plan", "rollover", "kh", "--year", "2025"]);
    assert!(rolled.contains("\n  - id: II.2"), "what was cancelled is not called finished: {rolled}");
}

#[test]
fn a_layout_that_would_lose_something_is_left_alone() {
    let folder = OfficeFolder::new(25, "");
    let untouched = "plan: { id: kh, title: T, year: 2023, policy: viec }\ntasks: [{ id: I, content: Một, lead: [phong-a], deadline: Thường xuyên }]\n";
    fs::write(plan(&folder), untouched).expect("writable");
    let output = nhacviec(&folder, &["plan", "fmt"]);
    assert_eq!((output.status.code(), text(&plan(&folder)).as_str()), (Some(1), untouched));
    assert!(out(&output).contains("để nguyên, cách trình bày quá khác mẫu"), "{}", out(&output));
    let further_left = "plan: { id: kh, title: T, year: 2023, policy: viec }\ntasks:\n  - id: I\n    content: Một\n    lead: [phong-a,\n phong-b]\n    deadline: Thường xuyên\n";
    fs::write(plan(&folder), further_left).expect("writable");
    let output = nhacviec(&folder, &["plan", "fmt"]);
    assert_eq!((output.status.code(), text(&plan(&folder)).as_str()), (Some(1), further_left));
    let rolled = nhacviec(&folder, &["plan", "rollover", "kh", "--year", "2024"]);
    assert!(err(&rolled).contains("không sửa tự động được"), "{}", err(&rolled));
    fs::write(plan(&folder), "plan: [\n").expect("writable");
    assert_eq!(nhacviec(&folder, &["plan", "fmt"]).status.code(), Some(78));
}

#[test]
fn the_example_and_every_draft_are_in_that_form_already() {
    let folder = example();
    assert!(done(&folder, &["plan", "fmt", "--check"]).contains("đã thống nhất"));
    let rolled = done(&folder, &["plan", "rollover", "kstthc-2023", "--year", "2024"]);
    let path = folder.config().join("plans/kstthc-2024.yaml");
    fs::write(&path, rolled).expect("writable");
    done(&folder, &["plan", "fmt", "--check", "kstthc-2024"]);
}

#[test]
fn a_plan_that_is_begun_late_asks_for_nothing_that_was_due_before_and_nobody_spoke_of() {
    let folder = OfficeFolder::new(25, TASKS);
    done(&folder, &["ack", "II.1", "--unit", "phong-a", "--period", "2023-03", "--until", &tomorrow()]);
    let begin = |more: &[&str]| done(&folder, &[&["plan", "begin", "kh", "--on", "01/10/2023"], more].concat());

    let foreseen = begin(&["--check"]);
    assert!(foreseen.starts_with("Sẽ không nhắc 6 hạn trước 01/10/2023 của 2 nhiệm vụ"), "{foreseen}");
    assert!(foreseen.contains("--except II.1"), "{foreseen}");
    assert_eq!(begin(&["--check"]), foreseen, "it was only foreseen");

    let said = begin(&["--by", "Ngọc"]);
    assert_eq!(
        said.lines().take(4).collect::<Vec<_>>(),
        [
            "Đã ghi: không nhắc 6 hạn trước 01/10/2023 của 2 nhiệm vụ, chưa ai báo gì:",
            "  I.1: năm 2023",
            "  II.1: tháng 3/2023, tháng 6/2023, tháng 9/2023 (Phòng A, Phòng B)",
            "Các hạn sau đó nhắc như thường.",
        ]
    );
    assert_eq!(begin(&[]).trim(), "Không có hạn nào trước 01/10/2023 mà chưa ai báo gì: không phải bỏ gì.");
    let explained = done(&folder, &["explain", "I.1"]);
    assert!(explained.contains("đã hủy (hạn trước ngày bắt đầu theo dõi 01/10/2023)"), "{explained}");
    let shown = done(&folder, &["plan", "show", "kh", "--json"]);
    assert!(shown.contains("\"state\": \"cancelled\""), "{shown}");
    assert!(shown.contains("QUÁ HẠN từ 31/03/2023 (Phòng A, tháng 3/2023)"), "what somebody spoke of goes on: {shown}");
    assert!(shown.contains("QUÁ HẠN từ 31/12/2023"), "what is due later goes on: {shown}");

    let again = said.lines().last().and_then(|line| line.split_once("nhacviec ")).expect("a command").1;
    let again = again.replace(" --reason \"còn nợ\"", "");
    done(&folder, &[&again.split(' ').collect::<Vec<_>>()[..], &["--reason", "còn nợ"]].concat());
    let shown = done(&folder, &["plan", "show", "kh", "--json"]);
    assert!(shown.contains("QUÁ HẠN từ 30/09/2023"), "{again}: {shown}");
}

#[test]
fn what_is_still_owed_is_excepted_when_a_plan_is_begun() {
    let folder = OfficeFolder::new(25, TASKS);
    let said = done(&folder, &["plan", "begin", "kh", "--except", "I.1,II.2"]);
    assert!(said.contains("II.1: tháng 3/2023 … tháng 12/2023 (4 kỳ) (Phòng A, Phòng B)"), "{said}");
    assert!(!said.contains("  I.1: ") && !said.contains("II.2"), "{said}");
}

#[test]
fn a_plan_is_not_begun_ahead_nor_under_a_name_that_nothing_has() {
    let folder = OfficeFolder::new(25, TASKS);
    let refused = |arguments: &[&str]| {
        let output = nhacviec(&folder, &[&["plan", "begin"], arguments].concat());
        assert!(!output.status.success(), "{arguments:?}");
        err(&output)
    };
    assert!(refused(&["kh", "--on", &tomorrow()]).contains("ở sau hôm nay; ghi hôm nay hoặc một ngày đã qua"));
    assert!(refused(&["khac"]).contains("không có kế hoạch «khac»; các kế hoạch: kh"));
    assert!(refused(&["kh", "--except", "I.9"]).contains("kế hoạch «kh» không có nhiệm vụ «I.9»; xem danh sách"));
    assert!(done(&folder, &["plan", "begin", "kh", "--check"]).starts_with("Sẽ không nhắc"));
    assert!(!folder.state().exists(), "nothing was recorded, and no store made");
}

#[test]
fn a_table_of_this_year_s_plan_points_to_its_beginning_until_somebody_reports() {
    let year = (SystemClock.now() - chrono::Duration::days(60)).format("%Y").to_string();
    let folder = OfficeFolder::new(25, TASKS);
    fs::write(plan(&folder), text(&plan(&folder)).replace("2023", &year)).expect("writable");
    let rest = format!("  - {{ id: Z, content: Việc cũ, lead: [Văn phòng], deadline: \"Ngày 02/01/{year}\" }}\n");
    fs::write(plan(&folder), text(&plan(&folder)) + &rest).expect("writable");
    let points = |folder: &OfficeFolder| {
        done(folder, &["plan", "show", "kh"]).trim_end().ends_with("không phải nhắc: nhacviec plan begin kh --check")
    };
    assert_eq!(points(&folder), year == SystemClock.now().format("%Y").to_string());
    done(&folder, &["done", "Z", "--product", "1/BC"]);
    assert!(!points(&folder));
}

/// In any zone of ours.
fn tomorrow() -> String {
    (SystemClock.now() + chrono::Duration::days(2)).format("%d/%m/%Y").to_string()
}
