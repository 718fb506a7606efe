//! The commands as a person types them: output, messages, exit codes.

mod support;

use std::{
    fmt::Write as _,
    fs,
    io::Write as _,
    path::Path,
    process::{Command, Output, Stdio},
    time::{Duration, SystemTime},
};

use chrono::{Datelike as _, Days};
use nhacviec::{
    clock::{Clock as _, SystemClock},
    demo::zalo::{FakeZalo, Template},
};
use support::OfficeFolder;

const REPORT: &str = "  - { id: I.1, content: Báo cáo, lead: [phong-a], deadline: \"Tháng 3,6/2023\" }\n";

fn nhacviec(folder: &OfficeFolder, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nhacviec"));
    command.args(arguments).arg("--config").arg(folder.config()).arg("--state").arg(folder.state());
    command.output().expect("the program runs")
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("UTF-8")
}

fn example() -> Command {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_nhacviec"));
    command.arg("--config").arg(root.join("config")).arg("--state").arg("/nonexistent");
    command
}

#[test]
fn the_example_office_is_valid_and_has_every_row_of_the_annex() {
    let output = example().arg("check").output().expect("runs");
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    assert!(out(&output).contains("1 kế hoạch, 18 nhiệm vụ"));
    let output = example().args(["tasks", "--json"]).output().expect("runs");
    let tasks: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let ids: Vec<_> = tasks["plans"][0]["tasks"]
        .as_array()
        .expect("tasks")
        .iter()
        .map(|t| t["id"].as_str().expect("an id"))
        .collect();
    let annex = [
        "I.1", "II.1.1", "II.1.2", "II.1.3", "II.2.1", "II.3.1", "II.3.2", "II.3.3", "II.4.1", "II.4.2", "II.5.1",
        "III.1.1", "III.2.1", "III.3.1", "III.3.2", "III.4.1", "IV.1", "V",
    ];
    assert_eq!(ids, annex);
    let quarters: Vec<_> = tasks["plans"][0]["tasks"][10]["occurrences"]
        .as_array()
        .expect("occurrences")
        .iter()
        .map(|o| o["last_on"].clone())
        .collect();
    assert_eq!(quarters, ["2023-03-31", "2023-06-30", "2023-09-30", "2023-12-31"]);
}

#[test]
fn every_mistake_of_a_configuration_is_reported_in_one_run() {
    let folder = OfficeFolder::new(25, "");
    folder.write(
        "plans/kh.yaml",
        "plan: { id: kh, title: Thử, year: 2023, policy: veic }
tasks:
  - { id: I.1, content: Một, lead: [phong-aa], deadline: Trước ngày 31/02/2023 }
  - id: I.1
    content: Hai
    lead: [Các phòng]
    deadlin: 15/02/2023
    deadline: lúc nào rảnh thì làm
",
    );
    folder.append("units.yaml", "vi-tri: {}\n");
    folder.write(
        "calendar/2023.yaml",
        "year: 2023\nstatus: official\nnotices: [TB]\ndays_off:\n  - { on: 2023-01-07, name: Nghỉ }\n",
    );
    let output = nhacviec(&folder, &["check"]);
    assert_eq!(output.status.code(), Some(78));
    let text = err(&output);
    let expected = [
        ("plans/kh.yaml:1:49", "không có chính sách nhắc «veic»", "ý bạn là «viec»?"),
        ("plans/kh.yaml:3:37", "không có đơn vị hoặc nhóm «phong-aa»", "ý bạn là «phong-a»?"),
        (
            "plans/kh.yaml:3:64",
            "«ngày 31/02/2023» không phải là một ngày, tháng, quý hoặc giờ có thật",
            "xem lại văn bản gốc",
        ),
        ("plans/kh.yaml:4:9", "số thứ tự «I.1» bị dùng hai lần", "mỗi nhiệm vụ một số"),
        ("plans/kh.yaml:7:5", "nhiệm vụ không có mục «deadlin»", "ý bạn là «deadline»?"),
        ("plans/kh.yaml:8:15", "chưa hiểu thời hạn «lúc nào rảnh thì làm»", "viết như «Trước ngày 15/01/2023»"),
        ("units.yaml:15:1", "tệp đơn vị không có mục «vi-tri»", "các mục hợp lệ"),
        ("calendar/2023.yaml:5:11", "ngày 07/01/2023 vốn không phải ngày làm việc", "xóa dòng này"),
    ];
    for (place, sentence, help) in expected {
        let found =
            text.split("\n\n").find(|f| f.contains(sentence)).unwrap_or_else(|| panic!("{sentence} is not in\n{text}"));
        assert!(found.contains(place), "{place} expected:\n{found}");
        assert!(found.contains(help), "{help} expected:\n{found}");
    }
    assert!(text.contains("8 lỗi"), "{text}");
}

#[test]
fn broken_files_are_named_with_what_to_do() {
    let folder = OfficeFolder::new(25, REPORT);
    let cases: [(&str, &[u8], &str); 7] = [
        ("units.yaml", b"units: [\n  - {", "thiếu dấu ] hoặc dấu } đóng"),
        ("units.yaml", b"", "chưa khai báo"),
        ("units.yaml", b"\xff\xfe", "UTF-8"),
        ("units.yaml", b"just words", "phải gồm các mục"),
        ("nhacviec.yaml", b"office: 1\noffice: 2\n", "bị viết hai lần"),
        ("nhacviec.yaml", b"a: &a [1,1]\nb: &b [*a,*a]\n", "bí danh"),
        ("nhacviec.yaml", b"office: {}\n", "thiếu mục bắt buộc «name»"),
    ];
    for (file, bytes, sentence) in cases {
        let good = std::fs::read(folder.config().join(file)).expect("readable");
        std::fs::write(folder.config().join(file), bytes).expect("writable");
        let output = nhacviec(&folder, &["check"]);
        assert_eq!(output.status.code(), Some(78), "{file} {bytes:?}");
        assert!(err(&output).contains(sentence), "{sentence} is not in\n{}", err(&output));
        std::fs::write(folder.config().join(file), good).expect("writable");
    }
    std::fs::remove_file(folder.config().join("units.yaml")).expect("was there");
    assert!(err(&nhacviec(&folder, &["check"])).contains("không có tệp này"));
}

#[test]
fn deeply_nested_and_multiplying_yaml_is_refused_quickly() {
    let folder = OfficeFolder::new(25, REPORT);
    folder.write("plans/kh.yaml", &"[".repeat(200_000));
    assert_eq!(nhacviec(&folder, &["check"]).status.code(), Some(78));
    let mut bomb = String::from("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
    for i in 1..10 {
        let reference = format!("*a{}", i - 1);
        let references = [reference.as_str(); 10].join(",");
        writeln!(bomb, "a{i}: &a{i} [{references}]").expect("a string takes all");
    }
    folder.write("plans/kh.yaml", &bomb);
    let output = nhacviec(&folder, &["check"]);
    assert!(err(&output).contains("không dùng được bí danh YAML"), "{}", err(&output));
    folder.write("plans/kh.yaml", &"[x, x, x, x, x],\n".repeat(100_000).replacen("[x", "[[x", 1));
    let output = nhacviec(&folder, &["check"]);
    assert!(err(&output).contains("vượt giới hạn an toàn"), "{}", err(&output));
    folder.write("plans/kh.yaml", &"# dài\n".repeat(1_000_000));
    assert!(err(&nhacviec(&folder, &["check"])).contains("tệp quá lớn (trên 4 MB)"));
}

#[test]
fn done_asks_for_what_is_missing_and_tells_in_time_from_late() {
    let folder = OfficeFolder::new(25, REPORT);
    let output = nhacviec(&folder, &["done", "I.1", "--product", "5/BC"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).contains("--unit phong-a --period 2023-03"), "{}", err(&output));
    let output = nhacviec(&folder, &["done", "I.1", "--period", "2023-03", "--product", "5/BC", "--on", "04/04/2023"]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    assert!(out(&output).contains("quá hạn 2 ngày làm việc"), "{}", out(&output));
    let output = nhacviec(&folder, &["done", "I.1", "--period", "2023-03", "--product", "6/BC"]);
    assert!(
        err(&output).contains("đã được báo hoàn thành trước đó: ngày 04/04/2023, sản phẩm 5/BC"),
        "{}",
        err(&output)
    );
    let output = nhacviec(&folder, &["tasks"]);
    assert!(out(&output).contains("hoàn thành quá hạn ngày 04/04/2023 (5/BC)"), "{}", out(&output));
    let output = nhacviec(&folder, &["done", "I.1", "--period", "2023-06", "--product", " "]);
    assert!(err(&output).contains("chưa ghi sản phẩm"), "{}", err(&output));
    let output = nhacviec(&folder, &["done", "I.9", "--product", "x"]);
    assert!(err(&output).contains("không có nhiệm vụ «I.9»"));
    let output = nhacviec(&folder, &["done", "I.1", "--period", "2023-06", "--product", "x", "--on", "2099-01-01"]);
    assert!(err(&output).contains("còn ở phía trước"));
}

#[test]
fn preview_shows_the_messages_of_a_day_and_only_of_that_day() {
    let folder = OfficeFolder::new(25, REPORT);
    let output = nhacviec(&folder, &["preview", "--on", "2023-03-30"]);
    assert!(out(&output).contains("Thứ Năm, 30/03/2023: 1 tin"), "{}", out(&output));
    assert!(out(&output).contains("Còn 1 ngày làm việc"), "{}", out(&output));
    for quiet in ["2023-03-29", "2023-04-01"] {
        let output = nhacviec(&folder, &["preview", "--on", quiet, "--json"]);
        let preview: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!(preview["messages"], serde_json::json!([]), "{quiet}");
    }
}

#[test]
fn preview_of_tomorrow_shows_what_is_already_waiting() {
    let today = SystemClock.now().with_timezone(&chrono_tz::Asia::Ho_Chi_Minh).date_naive();
    let tomorrow = today + chrono::Days::new(1);
    // Everything is due tomorrow at one minute to midnight and nothing may leave before: what is decided
    // today waits.
    let task =
        format!("  - {{ id: I.1, content: Báo cáo, lead: [phong-a], deadline: {} }}\n", tomorrow.format("%d/%m/%Y"));
    let folder = OfficeFolder::new(25, &task);
    folder.replace("plans/kh.yaml", "year: 2023", &format!("year: {}", tomorrow.year()));
    folder.set_hours("23:58", "23:58", "23:59");
    assert!(nhacviec(&folder, &["run", "--once"]).status.success());
    let preview = |on: chrono::NaiveDate| {
        let output = nhacviec(&folder, &["preview", "--on", &on.to_string(), "--person", "an", "--json"]);
        let preview: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        preview["messages"].as_array().expect("messages").len()
    };
    assert_eq!((preview(today), preview(tomorrow)), (1, 1), "tonight's reminder, and tomorrow's");
}

#[test]
fn a_start_with_a_wrong_configuration_uses_the_last_good_one_and_says_so() {
    let folder = OfficeFolder::new(25, REPORT);
    assert!(nhacviec(&folder, &["run", "--once"]).status.success());
    folder.write("units.yaml", "units: [\n");
    let output = nhacviec(&folder, &["run", "--once"]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    assert!(err(&output).contains("không đúng cú pháp YAML"), "{}", err(&output));
    let status = nhacviec(&folder, &["status"]);
    assert!(out(&status).contains("Cấu hình mới có lỗi, vẫn dùng cấu hình cũ"), "{}", out(&status));
    folder.write("units.yaml", support::UNITS);
    assert!(nhacviec(&folder, &["run", "--once"]).status.success());
    assert!(!out(&nhacviec(&folder, &["status"])).contains("Cấu hình mới có lỗi"));
}

#[test]
fn mistakes_that_would_silence_reminders_are_errors() {
    let cases: [(&str, &str, &str, &str); 11] = [
        ("plans/kh.yaml", "lead: [phong-a]", "lead: []", "nhiệm vụ chưa có cơ quan chủ trì"),
        (
            "plans/kh.yaml",
            "\"Tháng 3,6/2023\"",
            "Thường xuyên, settled: { \"q1\": 31/03/23 }",
            "«31/03/23» không phải là một ngày có thật",
        ),
        (
            "plans/kh.yaml",
            "\"Tháng 3,6/2023\"",
            "\"Tháng 3/2023\", settled: { \"2023-3\": 20/03/2023 }",
            "thời hạn không có kỳ «2023-3»",
        ),
        ("plans/kh.yaml", "year: 2023", "year: 23", "không phải một năm từ 2000 đến 2100"),
        ("nhacviec.yaml", "after: 3", "after: 0", "bậc đôn đốc phải sau hạn ít nhất 1 ngày"),
        ("nhacviec.yaml", "tell: [giam-doc]", "tell: [giam-dco]", "không có chức vụ «giam-dco»"),
        (
            "nhacviec.yaml",
            "security: plaintext",
            "security: plaintext, ca_file: units.yaml",
            "không phải chứng chỉ dạng PEM",
        ),
        (
            "nhacviec.yaml",
            "host: 127.0.0.1",
            "host: mail.so.example",
            "gửi thư không mã hóa chỉ được phép tới chính máy này",
        ),
        ("nhacviec.yaml", "from: \"07:30\", until", "from: \"18:30\", until", "«from» phải sớm hơn «until»"),
        (
            "calendar/2023.yaml",
            "{ on: 2023-01-02, name: \"Nghỉ bù 1/1 (CN)\" }",
            "{ on: 2023-01-02, name: \"Nghỉ hoán đổi\", worked_instead: 2023-01-07 }",
            "ngày nghỉ hoán đổi chưa có ngày làm bù 07/01/2023 tương ứng",
        ),
        ("calendar/2023.yaml", "on: 2023-01-20,", "on: 2023-01-23,", "ngày nghỉ 23/01/2023 bị ghi hai lần"),
    ];
    for (file, from, to, sentence) in cases {
        let folder = OfficeFolder::new(25, REPORT);
        folder.replace(file, from, to);
        let output = nhacviec(&folder, &["check"]);
        assert_eq!(output.status.code(), Some(78), "{sentence}: {}", err(&output));
        assert!(err(&output).contains(sentence), "{sentence} is not in\n{}", err(&output));
    }
    let folder = OfficeFolder::new(25, REPORT);
    folder.write("plans/2024.yml", "plan: {}\n");
    folder.write("calendar/lai.yaml", "year: 2023\nstatus: provisional\n");
    let text = err(&nhacviec(&folder, &["check"]));
    assert!(text.contains("tên phải kết thúc bằng .yaml") && text.contains("năm 2023 đã có ở tệp lịch khác"), "{text}");
}

#[test]
fn the_calendar_shows_a_year_with_its_days_off_and_worked_saturdays() {
    let run = |arguments: &[&str]| {
        let output = example().arg("calendar").args(arguments).output().expect("runs");
        (output.status.code(), out(&output), err(&output))
    };
    let (code, page, _) = run(&["2024"]);
    assert_eq!(code, Some(0));
    for part in [
        "LỊCH LÀM VIỆC NĂM 2024: 251 ngày làm việc, theo thông báo chính thức",
        "Tháng 12",
        " 29* 30*",
        "  4+",
        "+ Thứ Bảy, 04/05/2024: làm bù cho ngày 29/04/2024",
    ] {
        assert!(page.contains(part), "{part} is not in\n{page}");
    }
    let (_, page, _) = run(&["2028"]);
    assert!(page.contains("TẠM TÍNH") && page.contains("* Thứ Tư, 26/01/2028: Tết Nguyên đán"), "{page}");
    let (_, json, _) = run(&["2023", "--json"]);
    let year: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!((&year["working_days"], &year["is_official"]), (&249.into(), &true.into()));
    let (_, ics, _) = run(&["2026", "--ics"]);
    assert!(ics.starts_with("BEGIN:VCALENDAR\r\n") && ics.contains("DTSTART;VALUE=DATE:20261124"), "{ics}");
    assert!(ics.lines().all(|l| l.trim_end().len() <= 75), "RFC 5545 folds lines");
    let (code, _, error) = run(&["23"]);
    assert_eq!(code, Some(1));
    assert!(error.contains("«23» không phải một năm từ 2000 đến 2100"), "{error}");
    let (code, text, _) = run(&["next-notice"]);
    assert!(
        code == Some(0) && text.contains("Đã có lịch chính thức")
            || code == Some(1) && text.contains("status: official"),
        "{text}"
    );
}

#[test]
fn what_is_not_a_plain_file_is_refused_and_what_is_not_read_is_named() {
    let folder = OfficeFolder::new(25, REPORT);
    folder.write("plans/.kh.yaml.swp", "rác của trình soạn thảo");
    assert_eq!(nhacviec(&folder, &["check"]).status.code(), Some(0), "editors' own files do not matter");
    let pipe = folder.config().join("plans/ong.yaml");
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo runs").success());
    folder.write("plans/b.yaml.txt", "plan: {}\n");
    let text = err(&nhacviec(&folder, &["check"]));
    assert!(text.contains("đây không phải một tệp thường"), "{text}");
    assert!(text.contains("b.yaml.txt") && text.contains("tên phải kết thúc bằng .yaml"), "{text}");
    std::fs::remove_dir_all(folder.config().join("plans")).expect("was there");
    assert!(err(&nhacviec(&folder, &["check"])).contains("không có thư mục này"));
}

#[test]
fn a_simulated_year_is_listed_drawn_and_compared() {
    let run = |arguments: &[&str]| {
        let output =
            example().arg("simulate").args(["--from", "2023-01-01", "--to", "2023-12-31"]).args(arguments).output();
        let output = output.expect("runs");
        (output.status.code(), out(&output), err(&output))
    };
    let (code, list, _) = run(&[]);
    assert_eq!(code, Some(0));
    for part in [
        "813 tin trong 405 thư",
        "Giả định: không có việc nào được báo hoàn thành thêm; chạy từ 01/01/2023",
        "Lê Thu Hà (email): I.1 năm 2023, hạn 14/01/2023; sắp đến hạn; đơn vị chủ trì; mốc trước hạn 10 ngày",
        "Phan Đức Anh (email): I.1 năm 2023, hạn 14/01/2023; báo cấp trên; cấp trên, bậc đôn đốc quá hạn 5 ngày làm việc",
    ] {
        assert!(list.contains(part), "{part} is not in\n{list}");
    }
    let (_, json, _) = run(&["--assume", "on-time", "--person", "phan-duc-anh", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json["messages"], serde_json::json!([]), "nothing late, nothing for the deputy director");
    let (_, text, _) = run(&["--person", "ly-quang-minh", "--text"]);
    assert!(text.contains("════ Tới ly-quang-minh") && text.contains("Kính gửi: đồng chí Lý Quang Minh"), "{text}");

    let folder = OfficeFolder::new(25, REPORT);
    let file = folder.root.path().join("nam.html");
    let (code, said, _) = run(&["--html", file.to_str().expect("UTF-8")]);
    assert!(code == Some(0) && said.contains("813 tin"), "{said}");
    let page = std::fs::read_to_string(&file).expect("written").replace("&#x2f;", "/");
    for part in ["Tháng 12/2023", "Theo người nhận", "Theo đơn vị chủ trì", "Thứ Ba, 03/01/2023"] {
        assert!(page.contains(part), "{part} is not in the page");
    }

    std::fs::remove_dir_all(folder.config()).expect("was there");
    nhacviec::config::example::write_to(&folder.config()).expect("writable");
    let other = folder.config();
    let other = other.to_str().expect("UTF-8");
    assert_eq!(run(&["--diff", other]).1.trim(), "Thêm 0 tin, bớt 0, đổi 0.");
    folder.replace("plans/kstthc-2023.yaml", "Trước ngày 15/01/2023", "Trước ngày 20/01/2023");
    let (_, text, _) = run(&["--diff", other, "--assume", "on-time"]);
    assert!(text.contains("~ 03/01/2023 → 05/01/2023: Lê Thu Hà") && text.contains("hạn 19/01/2023"), "{text}");
    folder.replace("plans/kstthc-2023.yaml", "Trước ngày 20/01/2023", "lúc nào rảnh");
    let (code, _, error) = run(&["--diff", other]);
    assert!(code == Some(78) && error.contains("chưa hiểu thời hạn «lúc nào rảnh»"), "{error}");
}

#[test]
fn a_simulation_that_makes_no_sense_says_why() {
    for (arguments, sentence) in [
        (&["--from", "2023-12-31", "--to", "2023-01-01"][..], "ngày cuối 01/01/2023 sớm hơn ngày đầu 31/12/2023"),
        (
            &["--from", "2023-01-01", "--to", "2030-01-01"],
            "khoảng từ 01/01/2023 đến 01/01/2030 quá dài để tính thử: phải tính từ 31/12/2022",
        ),
        (&["--from", "2023-01-01", "--to", "2023-01-31", "--person", "ai-do"], "không có người «ai-do»"),
        (&["--from", "2023-01-01", "--to", "2023-01-31", "--html", "/khong/co/nam.html"], "không ghi được tệp"),
        (&["--from", "2023-01-01", "--to", "2023-01-31", "--assume", "lucky"], "giá trị «lucky» không hợp lệ"),
    ] {
        let output = example().arg("simulate").args(arguments).output().expect("runs");
        assert_ne!(output.status.code(), Some(0), "{sentence}");
        assert!(err(&output).contains(sentence), "{sentence} is not in {}", err(&output));
    }
}

#[test]
fn preview_works_before_the_first_run_also_for_an_old_plan() {
    let output = example().args(["preview", "--on", "2026-12-01"]).output().expect("runs");
    let is_past = SystemClock.now().date_naive() > chrono::NaiveDate::from_ymd_opt(2026, 12, 1).expect("a date");
    assert!(is_past || output.status.code() == Some(0), "{}", err(&output));
}

#[test]
fn wrong_usage_is_explained_in_vietnamese_with_code_2() {
    let folder = OfficeFolder::new(25, REPORT);
    let cases: [(&[&str], &str); 4] = [
        (&["chek"], "không có lệnh «chek»; ý bạn là «check»?"),
        (&["check", "--xyz"], "không có tùy chọn «--xyz»"),
        (&["done", "I.1"], "thiếu --product"),
        (&["preview", "--on", "mai"], "giá trị «mai» không hợp lệ"),
    ];
    for (arguments, sentence) in cases {
        let output = nhacviec(&folder, arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(err(&output).contains(sentence), "{sentence} is not in {}", err(&output));
    }
    let commands = [
        "run",
        "check",
        "status",
        "tasks",
        "done",
        "ack",
        "extend",
        "not-ours",
        "assign",
        "open",
        "snooze",
        "cancel",
        "reopen",
        "targets",
        "preview",
        "simulate",
        "calendar",
        "deadline",
        "demo",
        "explain",
        "outbox",
        "outbox show",
        "zalo",
        "zalo link",
        "template",
        "bounce",
        "test-send",
        "source",
        "source test",
        "source poll",
        "dossiers",
        "dossier",
        "dossier apology",
        "dossier reappointed",
        "targets set",
    ];
    let pages = commands.iter().map(|c| c.split(' ').chain(["--help"]).collect()).chain([vec!["--help"]]);
    let pages: Vec<Vec<&str>> = pages.collect();
    for page in pages {
        let help = out(&nhacviec(&folder, &page));
        for english in ["Usage", "OPTIONS", "Options", "Commands", "COMMAND", "Print", "Arguments", "possible"] {
            assert!(!help.contains(english), "{english} in\n{help}");
        }
    }
}

#[test]
fn a_wrong_configuration_ends_every_command_with_78() {
    let folder = OfficeFolder::new(25, "  - { id: I.1, content: Một, lead: [khong-co], deadline: 15/02/2023 }\n");
    let commands: [&[&str]; 5] =
        [&["run", "--once"], &["check"], &["tasks"], &["status"], &["preview", "--on", "2023-01-03"]];
    for arguments in commands {
        assert_eq!(nhacviec(&folder, arguments).status.code(), Some(78), "{arguments:?}");
    }
}

#[test]
fn status_before_the_first_run_says_so() {
    let folder = OfficeFolder::new(25, REPORT);
    let output = nhacviec(&folder, &["status"]);
    assert_eq!(
        (output.status.code(), out(&output).trim()),
        (Some(1), "Dịch vụ chưa chạy lần nào trên máy này. Bật dịch vụ: systemctl enable --now nhacviec")
    );
}

#[test]
fn the_rehearsal_of_2023_ends_by_itself_without_loss_or_doubles() {
    let folder = tempfile::tempdir().expect("a folder");
    let target = folder.path().join("dien-tap");
    let output =
        Command::new(env!("CARGO_BIN_EXE_nhacviec")).args(["demo", "--out"]).arg(&target).output().expect("runs");
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    let text = out(&output);
    for part in [
        "Thứ Sáu, 20/01/2023: nghỉ Tết Nguyên đán, không gửi tin.",
        "báo hoàn thành II.5.1 (58/BC-SCT), quá hạn",
        "Thư trùng                   0",
        "Tin chưa đi được            0",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    assert!(std::fs::read_dir(target.join("thu")).expect("messages").count() > 500);
    let again =
        Command::new(env!("CARGO_BIN_EXE_nhacviec")).args(["demo", "--out"]).arg(&target).output().expect("runs");
    assert!(err(&again).contains("không trống"), "{}", err(&again));
}

#[test]
fn the_commands_of_delivery_answer_and_name_what_is_wrong() {
    let folder = OfficeFolder::new(9, REPORT);
    std::fs::create_dir_all(folder.state()).expect("writable");
    folder.replace("nhacviec.yaml", "  smtp: ", "  maildir: thu\n  # smtp: ");
    folder.append("nhacviec.yaml", "zalo_bot: { token_file: zalo }\n");
    let link = nhacviec(&folder, &["zalo", "link", "an"]);
    assert!(out(&link).contains("LIENKET "), "{}{}", out(&link), err(&link));
    assert!(out(&nhacviec(&folder, &["zalo", "status"])).contains("mã chưa dùng"));
    assert!(out(&nhacviec(&folder, &["outbox"])).contains("Không có tin nào"));
    assert!(err(&nhacviec(&folder, &["outbox", "--only", "gone"])).contains("các trạng thái"));
    assert!(err(&nhacviec(&folder, &["outbox", "show", "7"])).contains("không có tin số 7"));
    assert!(err(&nhacviec(&folder, &["outbox", "resend", "7"])).contains("--note"));
    let sent = nhacviec(&folder, &["test-send", "an"]);
    assert!(out(&sent).contains("đã gửi, đề nghị người nhận xác nhận"), "{}{}", out(&sent), err(&sent));
    assert!(err(&nhacviec(&folder, &["test-send", "ai"])).contains("không có người «ai»"));
    assert!(out(&nhacviec(&folder, &["bounce", "--list"])).contains("Không có địa chỉ nào"));
    folder.write("templates/digest.txt.j2", "{{ sumary }}");
    let check = nhacviec(&folder, &["check"]);
    assert_eq!(check.status.code(), Some(78));
    assert!(
        err(&check).contains("mẫu tin có lỗi") && err(&check).contains("template show digest.txt.j2"),
        "{}",
        err(&check)
    );
}

/// As an administrator sets an Official Account up: the pair over standard input, then the questions to Zalo.
#[tokio::test(flavor = "multi_thread")]
async fn an_official_account_is_set_up_asked_and_listed() {
    let now = SystemClock.now();
    let zalo = FakeZalo::start(now).await.expect("a free port");
    zalo.add_template(Template::enabled("7", &[("viec", 30)]));
    zalo.add_user("2512", now, "Trần An", Some("84912345678"));
    zalo.add_group("f414", true);
    let folder = OfficeFolder::new(9, REPORT);
    std::fs::create_dir_all(folder.state()).expect("writable");
    let (id, url) = (FakeZalo::APP_ID, zalo.url());
    folder.append(
        "nhacviec.yaml",
        &format!("zalo_oa: {{ app_id: \"{id}\", app_secret_file: app, base_url: \"{url}\", groups: true, template: {{ id: \"7\", parameters: {{ viec: title }} }} }}\n"),
    );
    folder.write("secrets/app", FakeZalo::APP_SECRET);
    assert!(
        out(&nhacviec(&folder, &["zalo", "test"])).contains("nhacviec zalo seed-tokens"),
        "before there are tokens"
    );
    let (access, refresh) = zalo.tokens();
    let mut command = Command::new(env!("CARGO_BIN_EXE_nhacviec"));
    command.args(["zalo", "seed-tokens", "--config"]).arg(folder.config()).arg("--state").arg(folder.state());
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the program runs");
    write!(child.stdin.take().expect("piped"), "{access}\n{refresh}\n").expect("it reads");
    assert!(out(&child.wait_with_output().expect("it ends")).contains("Đã nạp"));
    let test = nhacviec(&folder, &["zalo", "test"]);
    assert_eq!(test.status.code(), Some(0), "{}{}", out(&test), err(&test));
    assert!(out(&test).contains("Mẫu tin 7: trạng thái ENABLE, tham số: viec (tối đa 30)"), "{}", out(&test));
    assert!(out(&nhacviec(&folder, &["zalo", "users"])).contains("2512  Trần An  84912345678"));
    assert!(out(&nhacviec(&folder, &["zalo", "groups"])).contains("f414"));
    for arguments in [&["zalo", "status"][..], &["zalo", "status", "--json"], &["zalo", "test"], &["status", "--json"]]
    {
        let output = nhacviec(&folder, arguments);
        let said = out(&output) + &err(&output);
        assert!(!said.contains(&access) && !said.contains(&refresh), "{arguments:?} shows a token");
    }
}

const TARGETS: &str = "targets:
  - { section: II.5, at_least: 100, text: Hồ sơ được giải quyết đúng hạn, metric: on-time }
  - { section: II.5, at_least: 90, text: Mức độ hài lòng của người dân, lead: [phong-a] }
";

/// An office whose plan runs today, with a one-stop system and a target of each kind.
fn office_with_targets() -> OfficeFolder {
    let folder = OfficeFolder::new(25, "  - { id: I.1, content: Việc, lead: [phong-a], deadline: Khi có phát sinh }\n");
    let year = SystemClock.now().with_timezone(&chrono_tz::Asia::Ho_Chi_Minh).year();
    folder.replace("plans/kh.yaml", "year: 2023", &format!("year: {year}"));
    folder.append("plans/kh.yaml", TARGETS);
    folder.add_source("http://127.0.0.1:9/");
    folder
}

#[test]
fn a_target_is_entered_and_shown_with_what_it_says() {
    let folder = office_with_targets();
    let table = nhacviec(&folder, &["targets"]);
    assert_eq!(table.status.code(), Some(0), "{}", err(&table));
    assert!(out(&table).contains("II.5/2") && out(&table).contains("chưa có"), "{}", out(&table));
    let set = nhacviec(&folder, &["targets", "set", "II.5/2", "--value", "92,5", "--document", "12/BC", "--by", "An"]);
    assert_eq!(set.status.code(), Some(0), "{}", err(&set));
    for part in
        ["Đã ghi chỉ tiêu II.5/2 (Mức độ hài lòng của người dân): 92,5% theo 12/BC", "yêu cầu từ 90%: đang đạt."]
    {
        assert!(out(&set).contains(part), "{part} is not in {}", out(&set));
    }
    let set = nhacviec(&folder, &["targets", "set", "II.5/2", "--value", "88.25%", "--document", "13/BC"]);
    assert!(out(&set).contains("88,25%") && out(&set).contains("có nguy cơ"), "{}{}", out(&set), err(&set));
    let table = out(&nhacviec(&folder, &["targets", "--plan", "kh"]));
    for part in ["88,25%", "13/BC", "từ 90%", "CÓ NGUY CƠ"] {
        assert!(table.contains(part), "{part} is not in\n{table}");
    }
    assert!(table.lines().all(|line| line.chars().count() <= 100), "{table}");
    let json = nhacviec(&folder, &["targets", "--json"]);
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).expect("JSON");
    let targets = &json["plans"][0]["targets"];
    assert_eq!((&targets[0]["metric"], &targets[0]["verdict"]), (&"on-time".into(), &"no_data".into()));
    assert_eq!((&targets[1]["value"], &targets[1]["verdict"]), (&88.25.into(), &"at_risk".into()));
    assert_eq!((&targets[1]["document"], &targets[1]["entered_by"]), (&"13/BC".into(), &"dòng lệnh".into()));
    assert!(out(&nhacviec(&folder, &["tasks"])).contains("đúng hạn (tính từ hồ sơ một cửa)"));
}

#[test]
fn what_cannot_be_entered_for_a_target_says_why() {
    let folder = office_with_targets();
    let cases: [(&str, &str, &[&str], &str); 10] = [
        ("II.5/2", "-1", &[], "«-1» không nằm trong khoảng từ 0 đến 100"),
        ("II.5/2", "100,01", &[], "không nằm trong khoảng từ 0 đến 100"),
        ("II.5/2", "nhiều", &[], "«nhiều» không phải một tỷ lệ; viết như 92,5"),
        ("II.5/2", "92,555", &[], "có quá hai chữ số sau dấu phẩy"),
        ("II.5/2", "92", &["--on", "2099-01-01"], "ngày 01/01/2099 còn ở phía trước"),
        ("II.5/2", "92", &["--on", "2001-01-01"], "ngày 01/01/2001 sớm hơn ngày đầu của kế hoạch"),
        ("II.5/2", "92", &["--plan", "khac"], "không có kế hoạch «khac»; các kế hoạch: kh"),
        ("II.5/3", "92", &[], "không có chỉ tiêu «II.5/3»; ý bạn là «II.5/2»?"),
        ("xyz", "92", &[], "không có chỉ tiêu «xyz». Xem danh sách"),
        ("II.5", "92", &[], "chỉ tiêu «II.5» được tính từ hồ sơ một cửa, không nhập tay"),
    ];
    for (id, value, more, sentence) in cases {
        let arguments = [&["targets", "set", id, "--value", value, "--document", "1/BC"][..], more].concat();
        let output = nhacviec(&folder, &arguments);
        assert_eq!(output.status.code(), Some(1), "{sentence}: {}", err(&output));
        assert!(err(&output).contains(sentence), "{sentence} is not in {}", err(&output));
    }
    let output = nhacviec(&folder, &["targets", "set", "II.5/2", "--value", "92", "--document", " "]);
    assert!(err(&output).contains("chưa ghi văn bản nêu kết quả"), "{}", err(&output));
    assert_eq!(nhacviec(&folder, &["targets", "set", "II.5/2", "--value", "92"]).status.code(), Some(2));
    assert!(!folder.state().join("kho.db").exists(), "nothing was written");
}

#[test]
fn mistakes_in_targets_are_found_where_they_are() {
    let cases = [
        ("metric: on-time", "metric: ontime", "«ontime» không phải một cách tính từ hồ sơ", "kh.yaml:5:"),
        ("metric: on-time", "metric: on-time, sources: [mcc]", "không có hệ thống một cửa «mcc»", "ý bạn là «mc»?"),
        (
            "lead: [phong-a] }\n",
            "lead: [phong-a], sources: [mc] }\n",
            "mục sources chỉ dùng cho chỉ tiêu tính từ hồ sơ",
            "thêm mục metric",
        ),
        ("dân, lead: [phong-a]", "dân, lead: [phong-x]", "không có đơn vị hoặc nhóm «phong-x»", "units.yaml"),
        ("at_least: 90", "id: II.5, at_least: 90", "mã chỉ tiêu «II.5» bị dùng hai lần", "đặt mã khác"),
        ("at_least: 90", "above: 100", "không thể đạt trên 100%", "at_least: 100"),
        ("at_least: 90", "at_least: 90, above: 80", "phải có đúng một mục", "kh.yaml:6:"),
        ("at_least: 90", "at_least: 101", "«101» không phải một tỷ lệ từ 0 đến 100", "kh.yaml:6:"),
        ("at_least: 90", "metrics: early, at_least: 90", "chỉ tiêu không có mục «metrics»", "ý bạn là «metric»?"),
    ];
    for (from, to, sentence, part) in cases {
        let folder = office_with_targets();
        folder.replace("plans/kh.yaml", from, to);
        let output = nhacviec(&folder, &["check"]);
        assert_eq!(output.status.code(), Some(78), "{sentence}: {}", err(&output));
        let text = err(&output);
        assert!(text.contains(sentence) && text.contains(part), "{sentence}, {part} is not in\n{text}");
        assert!(text.contains("1 lỗi"), "{text}");
    }
    let folder = office_with_targets();
    folder.replace("nhacviec.yaml", "    policy: ho-so\n", "    policy: ho-so\n    kind: petitions\n");
    let output = nhacviec(&folder, &["check"]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    assert!(err(&output).contains("chưa có hệ thống một cửa nào"), "{}", err(&output));
    folder.replace("plans/kh.yaml", "metric: on-time", "metric: on-time, sources: [mc]");
    assert!(err(&nhacviec(&folder, &["check"])).contains("«mc» chứa phản ánh, kiến nghị, không phải hồ sơ"));
}

/// An office that reads exported lists, with what was exported.
fn office_with_list(rows: &str) -> OfficeFolder {
    let folder = OfficeFolder::new(25, REPORT);
    let source = "sources:\n  - { id: mc, folder: xuat, policy: ho-so, holders: [], fallback: phong-a }\n";
    folder.append("nhacviec.yaml", source);
    let late = "ho-so:\n    late_duties: { apology: văn bản xin lỗi, explanation: báo cáo giải trình, remind: { lead: { before: [0] } } }\n";
    folder.replace("nhacviec.yaml", "ho-so:\n", late);
    put_list(&folder, "1.csv", rows, 60);
    folder
}

fn put_list(folder: &OfficeFolder, name: &str, rows: &str, age_seconds: u64) {
    let path = folder.state().join("xuat").join(name);
    fs::create_dir_all(path.parent().expect("a folder")).expect("writable");
    let header = "Mã hồ sơ,Ngày hẹn trả,Ngày hoàn thành,Trạng thái\n";
    fs::write(&path, format!("{header}{rows}")).expect("writable");
    let file = fs::File::options().write(true).open(path).expect("just written");
    file.set_modified(SystemTime::from(SystemClock.now()) - Duration::from_secs(age_seconds))
        .expect("a file system with times");
}

#[test]
fn explain_says_of_every_dossier_why_nobody_is_told_or_what_is_still_owed() {
    let today = SystemClock.now().date_naive();
    let (past, ahead) = (today - Days::new(10), today + Days::new(300));
    let (past, ahead) = (past.format("%d/%m/%Y").to_string(), ahead.format("%d/%m/%Y").to_string());
    let open = "Đang xử lý";
    let folder = office_with_list(&format!(
        "P1,{past},,Chờ bổ sung\nD1,,,{open}\nF1,{ahead},,{open}\nL1,{past},,{open}\nR1,{past},,{open}\nE1,{past},{past},Đã trả kết quả\n"
    ));
    assert_eq!(err(&nhacviec(&folder, &["source", "poll"])), "");
    put_list(&folder, "2.csv", &format!("L1,{past},{},Đã trả kết quả\n", today.format("%d/%m/%Y")), 30);
    assert_eq!(err(&nhacviec(&folder, &["source", "poll"])), "");
    let to = (today + Days::new(30)).to_string();
    assert_eq!(err(&nhacviec(&folder, &["dossier", "reappointed", "R1", "--to", &to, "--document", "1/GH"])), "");
    let expected = [
        ("P1", vec!["không nhắc: hồ sơ đang tạm dừng"]),
        ("D1", vec!["không nhắc: hồ sơ không có ngày hẹn trả"]),
        ("F1", vec!["chưa nhắc: chưa tới mốc"]),
        (
            "L1",
            vec!["còn nhắc văn bản còn thiếu", "Hồ sơ L1 (mc): văn bản xin lỗi", "Hồ sơ L1 (mc): báo cáo giải trình"],
        ),
        ("R1", vec!["; hẹn lần đầu ", "Hồ sơ R1 (mc): báo cáo giải trình"]),
        ("E1", vec!["không nhắc: hồ sơ đã có kết quả"]),
    ];
    for (code, parts) in expected {
        let said = out(&nhacviec(&folder, &["explain", code]));
        for part in parts {
            assert!(said.contains(part), "{part} expected:\n{said}");
        }
    }
    let late = out(&nhacviec(&folder, &["dossiers", "--late"]));
    assert!(late.contains("Không có hồ sơ nào"), "{late}");
    let owing = out(&nhacviec(&folder, &["dossiers", "--owing"]));
    assert!(owing.contains("2 hồ sơ."), "{owing}");
    let table = out(&nhacviec(&folder, &["dossiers", "--csv"]));
    assert!(table.contains(&format!("P1,,,Phòng A,,,{past},")), "{table}");
}
