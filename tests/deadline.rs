//! Deadlines as the administrator meets them: the command that explains a phrase, and the key in a plan.

mod support;

use std::{
    io::Write as _,
    process::{Command, Output, Stdio},
};

use support::OfficeFolder;

fn nhacviec(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nhacviec"));
    command.args(arguments).args(["--config", "/nonexistent"]).output().expect("the program runs")
}

fn deadline(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = nhacviec(&[&["deadline"], arguments].concat());
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn check(folder: &OfficeFolder) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nhacviec"));
    let output = command.arg("check").arg("--config").arg(folder.config()).output().expect("runs");
    (output.status.code(), String::from_utf8(output.stderr).expect("UTF-8"))
}

fn tasks(folder: &OfficeFolder) -> serde_json::Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nhacviec"));
    command.args(["tasks", "--json", "--config"]).arg(folder.config()).arg("--state").arg(folder.state());
    let output = command.output().expect("runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let plans: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    plans["plans"][0]["tasks"].clone()
}

/// A plan of one task with this `deadline`.
fn office_with(deadline: &str) -> OfficeFolder {
    let task = format!("  - id: I.1\n    content: Báo cáo\n    lead: [phong-a]\n    deadline: {deadline}\n");
    let folder = OfficeFolder::new(25, &task);
    let (path, holidays) = nhacviec::config::example::FILES[9];
    folder.write(path, holidays);
    folder
}

/// Period and last day in time of each occurrence of the task.
fn dues(deadline: &str) -> Vec<(String, String)> {
    let tasks = tasks(&office_with(deadline));
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let occurrences = tasks[0]["occurrences"].as_array().expect("occurrences");
    occurrences.iter().map(|o| (text(&o["period"]), text(&o["last_on"]))).collect()
}

fn assert_contains(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
}

#[test]
fn lines_of_phrases_are_answered_line_by_line_in_the_canonical_form() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_nhacviec"))
        .args(["deadline", "--canonical"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program runs");
    let lines = "Trước ngày 15/01/2023\t2023\ntrước ngày 31-5\t\nlúc nào rảnh\t2023\n\ntrước ngày 15/9\t2019-2020\r\nThường xuyên";
    let bytes = [lines.as_bytes(), b"\nqu\xfd II\t2023\n"].concat();
    child.stdin.take().expect("a pipe").write_all(&bytes).expect("written");
    let output = child.wait_with_output().expect("it ends");
    let answers = String::from_utf8(output.stdout).expect("UTF-8");
    let expected = ["due<2023-01-15", "due<YYYY-05-31", "?", "?", "due<2019-09-15", "continuous", "?"];
    assert_eq!(answers.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn a_phrase_is_explained_with_its_dates_its_doubt_and_the_other_reading() {
    let (code, text, _) = deadline(&["Hoàn thành đề án trước T12/2023", "--year", "2023"]);
    assert_eq!(code, Some(0));
    assert_contains(
        &text,
        &[
            "Cách hiểu: trước ngày 01/12/2023",
            "hết Thứ Năm, 30/11/2023; ngày làm việc cuối cùng Thứ Năm, 30/11/2023",
            "«trước T12/2023» có hai cách hiểu",
            "cách hiểu khác: chậm nhất hết ngày 31/12/2023",
            "Không tính đến các chữ: «Hoàn thành đề án»",
        ],
    );
    let (_, text, _) = deadline(&["trước ngày 15/01/2023"]);
    assert_contains(&text, &["hết Thứ Bảy, 14/01/2023; ngày làm việc cuối cùng Thứ Sáu, 13/01/2023"]);
    let (_, text, _) = deadline(&["ngày 15 của tháng đầu quý sau", "--year", "2028"]);
    assert_eq!(text.matches("(tạm tính: chưa có lịch nghỉ chính thức)").count(), 4, "{text}");
}

#[test]
fn a_period_is_counted_from_the_event_that_is_given() {
    let (_, text, _) = deadline(&["trong thời hạn 10 ngày kể từ ngày nhận", "--from", "19/04/2023"]);
    assert_contains(&text, &["Sự kiện Thứ Tư, 19/04/2023: hạn hết Thứ Năm, 04/05/2023"]);
    let (_, text, _) = deadline(&["trong thời hạn 10 ngày kể từ ngày nhận"]);
    assert_contains(&text, &["thêm --from"]);
    let (_, text, _) = deadline(&["8 giờ làm việc kể từ khi nhận", "--from", "20/11/2026 14:30"]);
    assert_contains(&text, &["chưa khai báo giờ làm việc"]);
    let (code, _, error) = deadline(&["trong ngày", "--from", "hôm qua"]);
    assert!(code == Some(2) && error.contains("«hôm qua» không hợp lệ cho --from <NGÀY>: viết ngày như"), "{error}");
}

#[test]
fn json_has_the_reading_with_its_places() {
    let (_, text, _) = deadline(&["trước ngày 15/6/2023 và trước ngày 15/12/2023", "--json"]);
    let read: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(read["canonical"], "due<2023-06-15|2023-12-15");
    assert_eq!(read["next"][1]["safe_on"], "2023-12-14");
    let (code, text, _) = deadline(&["tháng 13", "--json"]);
    let refused: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!((code, refused["refused"]["span"].to_string()), (Some(1), "[0,9]".to_owned()));
}

#[test]
fn a_refused_phrase_is_shown_with_the_part_concerned() {
    let cases = [
        ("hoàn thành trước ngày 30/02/2023", "«ngày 30/02/2023» không phải là một ngày, tháng, quý hoặc giờ có thật"),
        ("trong tháng 13", "«tháng 13» không phải là một ngày"),
        ("từ ngày 20/3/2023 đến ngày 10/3/2023", "ngày kết thúc sớm hơn ngày bắt đầu"),
        ("Thường xuyên trước ngày 15/01/2023", "hai thời hạn viết liền nhau"),
        ("Thứ tư, ngày 05 tháng năm 2012", "có vẻ bị mất hoặc sai chữ số"),
        ("trước ngày 15", "«ngày 15» không có tháng"),
        (
            "Trước ngày 15/01/2023 trừ thứ Bảy",
            "chưa hiểu phần «trừ thứ Bảy» của thời hạn (đã hiểu: «Trước ngày 15/01/2023»)",
        ),
        ("lúc nào rảnh thì làm", "chưa hiểu thời hạn «lúc nào rảnh thì làm»"),
        ("mùng 10 tháng 3", "là ngày âm lịch"),
        ("", "chưa ghi thời gian hoàn thành"),
    ];
    for (phrase, sentence) in cases {
        let (code, out, error) = deadline(&[phrase]);
        assert_eq!((code, out.as_str()), (Some(1), ""), "{phrase}");
        assert_contains(&error, &[sentence, "gợi ý"]);
        assert!(phrase.is_empty() || error.contains('^'), "{error}");
    }
    let (code, text, _) = deadline(&["con nước 25/10 âm lịch"]);
    assert!(code == Some(1) && text.contains("cần người tra ngày dương lịch"), "{text}");
    let (code, _, error) = deadline(&["trước 15/12", "--year", "23"]);
    assert!(code == Some(2) && error.contains("«23» không hợp lệ cho --year <NĂM>: viết năm như 2026"), "{error}");
    assert_eq!(deadline(&[]).0, Some(2));
}

#[test]
fn the_same_mistakes_are_marked_in_the_plan() {
    for (phrase, place, sentence) in [
        ("\"hoàn thành trước ngày 30/02/2023\"", "plans/kh.yaml:6:33", "«ngày 30/02/2023» không phải là một ngày"),
        ("trước ngày 15/01/2023 trước ngày 20/02/2023", "plans/kh.yaml:6:15", "hai thời hạn viết liền nhau"),
        ("con nước 25/10 âm lịch", "plans/kh.yaml:6:24", "là ngày âm lịch"),
    ] {
        let (code, text) = check(&office_with(phrase));
        assert_eq!(code, Some(78), "{phrase}");
        assert_contains(&text, &[place, sentence]);
    }
    for (phrase, sentence, help) in [
        ("Trước T12/2023", "có hai cách hiểu", "settled: { \"2023\": 2023-12-31 }"),
        ("Trước ngày 15/12/2032", "ngày hạn 15/12/2032 nằm ngoài năm của kế hoạch", "until"),
        ("Trước ngày l5/12/2023", "lỗi quét văn bản", "chốt bằng"),
        ("Thứ năm, ngày 06/9/2023", "thứ và ngày không khớp nhau", "chốt bằng"),
    ] {
        let (code, text) = check(&office_with(phrase));
        assert_eq!(code, Some(0), "a warning only: {text}");
        assert_contains(&text, &[sentence, help]);
    }
}

#[test]
fn a_settled_day_answers_the_doubt_and_dates_what_has_no_date() {
    let settled = office_with("Trước T12/2023\n    settled: { \"2023\": 2023-12-31 }");
    let (code, said) = check(&settled);
    assert!(code == Some(0) && said.ends_with("0 lỗi, 1 lưu ý.\n") && said.contains("đã hết năm 2023"), "{said}");
    assert_eq!(tasks(&settled)[0]["occurrences"][0]["last_on"], "2023-12-31");
    let other = "\n  - id: I.2\n    content: Báo cáo\n    lead: [phong-a]\n    deadline: Trước T12/2023";
    let both = office_with(&format!("Trước T12/2023\n    settled: {{ \"2023\": 2023-12-31 }}{other}"));
    let last_on = |row: usize| tasks(&both)[row]["occurrences"][0]["last_on"].clone();
    assert_eq!((last_on(0), last_on(1)), ("2023-12-31".into(), "2023-11-30".into()), "one row's day settles no other");
    let lunar = office_with("con nước 25/10 âm lịch\n    settled: { \"2023\": 2023-12-07 }");
    assert_eq!(check(&lunar).0, Some(0));
    assert_eq!(tasks(&lunar)[0]["occurrences"][0]["last_on"], "2023-12-07");
}

#[test]
fn recurring_phrases_owe_each_period_of_the_plan() {
    let months = dues("Trước ngày 20 hằng tháng");
    assert_eq!((months.len(), months[2].clone()), (12, ("2023-03".to_owned(), "2023-03-19".to_owned())));
    assert_eq!(dues("30 ngày kể từ ngày 01/7/2023"), [("2023".to_owned(), "2023-07-31".to_owned())]);
    let folder = office_with("{ every: 2 years, date: 15/12 }");
    folder.replace("plans/kh.yaml", "year: 2023,", "year: 2023, until: 2027,");
    let years: Vec<_> =
        tasks(&folder)[0]["occurrences"].as_array().expect("occurrences").iter().map(|o| o["period"].clone()).collect();
    assert_eq!(years, ["2023", "2025", "2027"]);
    let folder = office_with("Hằng năm trước ngày 15/12");
    folder.replace("plans/kh.yaml", "year: 2023,", "year: 2023, until: 2025,");
    assert_eq!(tasks(&folder)[0]["occurrences"].as_array().map(Vec::len), Some(3));
    let folder = office_with("trước ngày 15/9");
    folder.replace("plans/kh.yaml", "year: 2023,", "year: 2023-2024,");
    assert_eq!(tasks(&folder)[0]["occurrences"][0]["last_on"], "2023-09-14");
    folder.replace("plans/kh.yaml", "year: 2023-2024,", "year: 2023-2025,");
    assert_contains(&check(&folder).1, &["năm học viết như 2019-2020"]);
}

#[test]
fn the_structured_form_says_what_no_phrase_says() {
    let one = |period: &str, day: &str| vec![(period.to_owned(), day.to_owned())];
    assert_eq!(dues("{ phrase: \"Trước Tết\", due: 2023-01-19 }"), one("2023", "2023-01-19"));
    assert_eq!(dues("{ before: 15/01/2023 }"), one("2023", "2023-01-14"));
    assert_eq!(dues("{ before: 15/01/2023, at: \"17:00\" }"), one("2023", "2023-01-15"));
    assert_eq!(dues("{ from: 01/03/2023, due: 31/03/2023 }"), one("2023", "2023-03-31"));
    assert_eq!(dues("{ due: [15/06/2023, 15/12/2023] }").len(), 2);
    assert_eq!(dues("{ every: month, day: last_working }")[3].1, "2023-04-28");
    assert_eq!(dues("{ every: quarter, before_day: 15, month: first, of: next }")[3].1, "2024-01-14");
    assert_eq!(dues("{ every: half, date: [15/06, 15/12] }")[1], ("2023-H2".to_owned(), "2023-12-15".to_owned()));
    assert_eq!(dues("{ every: week, weekday: fri }").len(), 52);
    assert_eq!(dues("{ every: month, weekday: mon, week: 1 }")[0].1, "2023-01-02");
    assert_eq!(dues("{ every: month, day: 15, roll: next_working_day }")[0].1, "2023-01-16");
    assert_eq!(dues("{ every: 2 months, day: last }").len(), 6);
    assert_eq!(dues("{ every: month, day: [5, 20] }").len(), 24);
    assert_eq!(dues("{ every: week, weekday: [tue, thu] }").len(), 104);
    let task = tasks(&office_with("{ within: 5 working_days, event: nhận đủ hồ sơ }"))[0].clone();
    assert_eq!(task["deadline"], "chậm nhất 5 ngày làm việc sau nhận đủ hồ sơ");
    assert_eq!(task["reading"], "chậm nhất 5 ngày làm việc sau «nhận đủ hồ sơ»; chưa nhắc");
    let task =
        tasks(&office_with("{ phrase: \"Khi UBND tỉnh hỏi\", kind: on_request, event: UBND tỉnh hỏi }"))[0].clone();
    assert_eq!(task["reading"], "chờ yêu cầu («UBND tỉnh hỏi»), chưa có ngày hạn; chưa nhắc");
    // What was read as a doubt is certain once it is structured.
    let (code, said) = check(&office_with("{ phrase: Trước T12/2023, due: 2023-12-31 }"));
    assert!(code == Some(0) && said.ends_with("0 lỗi, 1 lưu ý.\n") && said.contains("đã hết năm 2023"), "{said}");
}

#[test]
fn mistakes_in_the_structured_form_explain_themselves() {
    for (deadline, sentence) in [
        ("{ phrase: Trước Tết }", "phải có đúng một mục: due, before, every, within hoặc kind"),
        ("{ due: 2023-01-19, every: month }", "phải có đúng một mục"),
        ("{ due: 31/02/2023 }", "«31/02/2023» không phải là một ngày có thật"),
        ("{ from: 31/03/2023, due: 01/03/2023 }", "ngày kết thúc sớm hơn ngày bắt đầu"),
        ("{ from: 01/03/2023, due: [31/03/2023, 30/04/2023] }", "chỉ ghi một ngày hạn"),
        ("{ every: fortnight }", "«fortnight» không phải chu kỳ"),
        ("{ every: month, day: 32 }", "«32» không phải ngày trong tháng"),
        ("{ every: month, day: 5, weekday: fri }", "chỉ ghi một cách chọn ngày"),
        ("{ every: quarter, day: 10 }", "kỳ có nhiều tháng: thêm month"),
        ("{ every: quarter, month: 4, day: 10 }", "lớn hơn số tháng của kỳ"),
        ("{ every: quarter, date: 15/03 }", "date phải đủ mỗi kỳ một ngày"),
        ("{ every: month, week: 1 }", "week chỉ dùng cùng weekday"),
        ("{ every: month, weekday: fri }", "weekday dùng với every: week"),
        ("{ every: week, day: 5 }", "định kỳ theo tuần chỉ dùng với weekday"),
        ("{ every: 13 months, day: 5 }", "chu kỳ dài hơn một năm"),
        ("{ every: year, month: last }", "month chỉ dùng cùng day"),
        ("{ every: month, of: next }", "of chỉ dùng cùng day"),
        ("{ every: year, date: 15/12, since: 2026, until: 2025 }", "năm cuối 2025 sớm hơn năm đầu 2026"),
        ("{ every: year, date: 15/12, since: 2000000000 }", "«2000000000» không phải một năm từ 2000 đến 2100"),
        ("{ kind: standing, at: \"17:00\" }", "at và roll chỉ dùng với due, before, every"),
        ("{ within: 5 working days, event: họp, phrase: khi họp, roll: nearest }", "at và roll chỉ dùng với"),
        ("{ due: [] }", "mục «due» chưa ghi ngày nào"),
        ("{ before: 15/03/2023, from: 15/03/2023 }", "ngày kết thúc sớm hơn ngày bắt đầu"),
        ("{ every: year, date: 30/02 }", "«30/02» không phải ngày và tháng"),
        ("{ within: 5 ngày }", "«5 ngày» không phải khoảng thời gian"),
        ("{ kind: sometimes }", "«sometimes» không phải loại"),
        ("{ due: 2023-01-19, event: họp }", "mục «event» chỉ dùng với within hoặc kind"),
        ("{ phrase: Khi họp, kind: on_event, event: hội nghị }", "«hội nghị» không có trong phrase"),
        ("{ due: 2023-01-19, rool: nearest }", "không có mục «rool»"),
        ("[]", "phải là một giá trị"),
        ("", "đang để trống"),
    ] {
        let (code, text) = check(&office_with(deadline));
        assert_eq!(code, Some(78), "{deadline}: {text}");
        assert_contains(&text, &[sentence]);
    }
}

#[test]
fn mistakes_in_the_calendar_and_the_office_hours_explain_themselves() {
    let worked = "worked_days:\n  - { on: 2023-01-07, for: 2023-01-02 }\n";
    let hours = |seasons: &str| format!("digest_at: \"07:30\", seasons: {seasons},");
    let half = "[{ from: 16/04, until: 15/10, morning: \"07:00-11:30\" }]";
    let cases = [
        (
            "calendar/2023.yaml",
            "worked_days: []",
            worked.to_owned() + "  - { on: 2023-01-07, for: 2023-01-20 }",
            "ngày làm bù 07/01/2023 bị ghi hai lần",
        ),
        (
            "calendar/2023.yaml",
            "worked_days: []",
            "worked_days: [{ on: 2023-01-06, for: 2023-01-02 }]".to_owned(),
            "ngày làm bù 06/01/2023 phải là ngày nghỉ cuối tuần",
        ),
        (
            "calendar/2023.yaml",
            "worked_days: []",
            "worked_days: [{ on: 2023-01-07, for: 2023-01-03 }]".to_owned(),
            "ngày được hoán đổi 03/01/2023 chưa có",
        ),
        ("nhacviec.yaml", "digest_at: \"07:30\",", hours(half), "giờ làm việc: ngày 01/01 không thuộc mùa nào"),
        (
            "nhacviec.yaml",
            "digest_at: \"07:30\",",
            hours("[{ from: 1/1, until: 31/12, morning: \"07-11\" }]"),
            "không phải khoảng giờ",
        ),
        (
            "nhacviec.yaml",
            "digest_at: \"07:30\",",
            hours("[{ from: 1/1, until: 31/12, morning: \"07:00-11:30\", afternoon: \"11:00-17:00\" }]"),
            "giờ buổi chiều phải sau giờ buổi sáng",
        ),
        (
            "nhacviec.yaml",
            "digest_at: \"07:30\",",
            hours(
                "[{ from: 1/1, until: 31/12, morning: \"07:00-11:30\" }, { from: 1/5, until: 2/5, morning: \"07:00-11:30\" }]",
            ),
            "ngày 01/05 thuộc hai mùa",
        ),
        (
            "calendar/2023.yaml",
            "status: official",
            "status: official\nnotices: [\"số và ngày của thông báo\"]".to_owned(),
            "chưa ghi số và ngày của thông báo",
        ),
        (
            "holidays.yaml",
            "holidays:",
            "closures: [{ from: 2023-01-01, until: 2032-12-31, name: Nhầm năm }]\nholidays:".to_owned(),
            "cơ quan nghỉ riêng 3653 ngày liền",
        ),
    ];
    for (file, from, to, sentence) in cases {
        let folder = office_with("Thường xuyên");
        if file == "calendar/2023.yaml" {
            folder.append(file, "worked_days: []\n");
        }
        folder.replace(file, from, &to);
        let (code, text) = check(&folder);
        assert_eq!(code, Some(78), "{sentence}: {text}");
        assert_contains(&text, &[sentence]);
    }
}

#[test]
fn an_exchange_over_the_new_year_needs_its_half_in_both_files() {
    let folder = office_with("Thường xuyên");
    let worked = "year: 2022\nstatus: provisional\nworked_days: [{ on: 2022-12-31, for: 2023-01-03 }]\n";
    folder.write("calendar/2022.yaml", worked);
    assert_contains(&check(&folder).1, &["calendar/2022.yaml:3:", "03/01/2023 chưa có trong tệp lịch năm 2023"]);
    folder.write("calendar/2022.yaml", "year: 2022\nstatus: official\nnotices: [TB]\n");
    let name = "name: \"Nghỉ bù 1/1 (CN)\"";
    folder.replace("calendar/2023.yaml", name, &format!("{name}, worked_instead: 2022-12-31"));
    let (_, text) = check(&folder);
    assert_contains(&text, &["calendar/2023.yaml", "ngày làm bù 31/12/2022 chưa có trong tệp lịch năm 2022"]);
}

#[test]
fn the_draft_of_a_notice_may_be_written_straight_into_the_file_that_is_missing() {
    let folder = office_with("Thường xuyên");
    // What a shell leaves there before the draft is written.
    folder.write("calendar/2027.yaml", "");
    let (code, text) = check(&folder);
    assert_eq!(code, Some(0), "{text}");
    assert_contains(&text, &["lưu ý: tệp lịch đang trống", "calendar/2027.yaml"]);
    let mut command = Command::new(env!("CARGO_BIN_EXE_nhacviec"));
    let output = command.args(["calendar", "next-notice", "--config"]).arg(folder.config()).output().expect("runs");
    let draft = String::from_utf8(output.stdout).expect("UTF-8");
    let is_drafted = output.status.code() == Some(1) && draft.contains("status: official");
    assert!(is_drafted || output.status.success(), "{draft}");
}

#[test]
fn a_notice_that_leaves_out_a_holiday_is_doubted() {
    let folder = office_with("Thường xuyên");
    folder.write("holidays.yaml", "holidays:\n  - { name: Quốc khánh, date: 02/09 }\n  - { name: Tết, lunar: tet }\n");
    folder.write("calendar/2024.yaml", "year: 2024\nstatus: official\nnotices: [TB]\n");
    let (code, text) = check(&folder);
    assert_eq!(code, Some(0));
    assert_contains(
        &text,
        &["lịch chính thức năm 2024 thiếu ngày nghỉ: Quốc khánh (02/09/2024)", "status: provisional"],
    );
    assert!(!text.contains("Tết (10/02/2024)"), "a Saturday: {text}");
}
