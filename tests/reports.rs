//! Reports, policies and explanations as a person types them: what is refused says what to do instead, and the
//! store stays as it was.

mod support;

use std::process::{Command, Output};

use chrono::{Datelike as _, Days, NaiveDate, Weekday};
use nhacviec::clock::{Clock as _, SystemClock};
use support::OfficeFolder;

fn nhacviec(folder: &OfficeFolder, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nhacviec"));
    command.args(arguments).arg("--config").arg(folder.config()).arg("--state").arg(folder.state());
    command.output().expect("the program runs")
}

/// What a command that must succeed prints.
fn said(folder: &OfficeFolder, arguments: &[&str]) -> String {
    let output = nhacviec(folder, arguments);
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(output.status.success(), "{arguments:?}: {text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

/// The sentence with which a command is refused.
fn refusal(folder: &OfficeFolder, arguments: &[&str]) -> String {
    let output = nhacviec(folder, arguments);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stderr).expect("UTF-8")
}

fn today() -> NaiveDate {
    SystemClock.now().with_timezone(&chrono_tz::Asia::Ho_Chi_Minh).date_naive()
}

/// The first day from `day` on that is no Saturday or Sunday: the folder knows no holidays of this year.
fn weekday_from(day: NaiveDate) -> NaiveDate {
    day.iter_days().find(|d| is_weekday(*d)).expect("a week has working days")
}

fn is_weekday(day: NaiveDate) -> bool {
    !matches!(day.weekday(), Weekday::Sat | Weekday::Sun)
}

/// So many weekdays after the day.
fn weekdays_after(day: NaiveDate, n: usize) -> NaiveDate {
    day.iter_days().skip(1).filter(|d| is_weekday(*d)).nth(n - 1).expect("the calendar goes on")
}

/// An office with one duty of Phòng A, coordinated by Phòng B, in this year's plan.
fn office_due(due: NaiveDate) -> OfficeFolder {
    let written = due.format("%d/%m/%Y");
    office_of(&format!("lead: [phong-a], coordinating: [phong-b], deadline: {written}"), due.year())
}

fn office_of(row: &str, year: i32) -> OfficeFolder {
    let folder = OfficeFolder::new(25, &format!("  - {{ id: I.1, content: Báo cáo, {row} }}\n"));
    folder.replace("plans/kh.yaml", "year: 2023", &format!("year: {year}"));
    folder
}

fn in_a_month() -> NaiveDate {
    weekday_from(today() + Days::new(28))
}

/// What the store holds of I.1, for comparing.
fn state(folder: &OfficeFolder) -> serde_json::Value {
    let account: serde_json::Value = serde_json::from_str(&said(folder, &["explain", "I.1", "--json"])).expect("JSON");
    account["accounts"][0]["events"].clone()
}

#[track_caller]
fn assert_has(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
}

#[test]
fn a_week_without_brackets_and_a_poll_of_never_are_one_sentence_each() {
    let folder = OfficeFolder::new(25, "  - { id: I.1, content: Việc, lead: [phong-a], deadline: 14/02/2023 }\n");
    folder.replace("nhacviec.yaml", "administrator: quan-tri", "administrator: quan-tri, working_week: mon");
    let text = String::from_utf8_lossy(&nhacviec(&folder, &["check"]).stderr).into_owned();
    assert!(text.contains("các ngày làm việc trong tuần phải là một danh sách"), "{text}");
    assert!(text.contains("1 lỗi"), "one mistake, one sentence: {text}");
    folder.replace("nhacviec.yaml", "working_week: mon", "working_week: [mon, tue, wed, thu, fri]");
    folder.add_source("http://127.0.0.1:9/x");
    folder.replace("nhacviec.yaml", "page_size: 3", "page_size: 3\n    poll_every_minutes: 0");
    let text = String::from_utf8_lossy(&nhacviec(&folder, &["check"]).stderr).into_owned();
    assert!(text.contains("«0» không phải một số phút từ 1 đến 1440"), "{text}");
}

#[test]
fn a_policy_that_reminds_nobody_or_does_not_fit_says_what_to_write() {
    let cases = [
        ("  rong: {}\n", "không có mốc nhắc nào, sẽ không nhắc ai", "thêm before hoặc after cho lead"),
        ("  rong: { lead: {} }\n", "không có mốc nhắc nào, sẽ không nhắc ai", "like: viec-co-han"),
        (
            "  cao: { lead: { before: [1] }, escalation: [{ after: 1, tell: [pho-giam-doc] }] }\n",
            "không có chức vụ «pho-giam-doc» (chính sách nhắc «cao»)",
            "units.yaml",
        ),
        (
            "  cao: { lead: { before: [1] }, escalation: [{ after: 1, tell: [giam-doc1] }] }\n",
            "không có chức vụ «giam-doc1»",
            "ý bạn là «giam-doc»?",
        ),
        (
            "  cao: { lead: { before: [1] }, escalation: [{ after: 1, tell: [unit-deputy] }] }\n",
            "chưa đơn vị nào có",
            "thêm overseen_by cho các đơn vị",
        ),
        (
            "  cao: { lead: { before: [1] }, escalation: [{ after: 1, tell: [] }] }\n",
            "chưa ghi báo cho ai",
            "thêm mục tell",
        ),
        (
            "  lap: { lead: { after: [1], repeat_every: 1, repeat_at_most: 0 } }\n",
            "số lần nhắc lại nhiều nhất, từ 1 trở lên",
            "bỏ repeat_every nếu không muốn nhắc lại",
        ),
        ("  lap: { lead: { after: [1], repeat_at_most: 3 } }\n", "mà không có repeat_every", "thêm repeat_every"),
        ("  lap: { lead: { after: [1], repeat_every: 0 } }\n", "một số ngày từ 1 đến 365", ""),
        (
            "  mau: { like: viec-co-hann }\n",
            "không có chính sách nhắc «viec-co-hann» để làm mẫu",
            "ý bạn là «viec-co-han»?",
        ),
        (
            "  mau: { like: qqqqqqqqqq }\n",
            "không có chính sách nhắc «qqqqqqqqqq» để làm mẫu",
            "các mẫu có sẵn: bao-cao",
        ),
        ("  a: { like: b }\n  b: { like: a }\n", "lấy mẫu lẫn nhau", "bỏ một mục like"),
        ("  a: { like: b }\n  b: { like: c }\n  c: { like: a }\n", "lấy mẫu lẫn nhau", "bỏ một mục like"),
        ("  a: { lead: { before: [1] }, data_closing_day: 31 }\n", "ngày chốt số liệu trong tháng (1 đến 28)", ""),
        ("  a: { lead: { before: [1], count_in: weeks } }\n", "working_days hoặc calendar_days", ""),
    ];
    for (policies, sentence, help) in cases {
        let folder = office_due(in_a_month());
        folder.append("nhacviec.yaml", policies);
        let output = nhacviec(&folder, &["check"]);
        assert_eq!(output.status.code(), Some(78), "{policies}");
        assert_has(&String::from_utf8_lossy(&output.stderr), &[sentence, help, "nhacviec.yaml:"]);
    }
}

#[test]
fn a_cap_of_no_message_a_day_is_refused() {
    for cap in ["0", "-1", "nhiều"] {
        let folder = office_due(in_a_month());
        let with_cap = format!("digest_at: \"07:30\", most_messages_a_day: {cap}");
        folder.replace("nhacviec.yaml", "digest_at: \"07:30\"", &with_cap);
        let output = nhacviec(&folder, &["check"]);
        assert_eq!(output.status.code(), Some(78), "{cap}");
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_has(&text, &["số tin nhiều nhất mỗi người mỗi ngày, từ 1 trở lên", "bỏ dòng này nếu không giới hạn"]);
    }
}

#[test]
fn people_and_units_that_do_not_fit_together_are_refused() {
    let cases = [
        ("substitutes: [{ person: an, by: an, from: 2023-02-01, until: 2023-02-02 }]\n", "không ai thay chính mình"),
        ("substitutes: [{ person: an, by: ha, from: 2023-02-02, until: 2023-02-01 }]\n", "ngày cuối sớm hơn ngày đầu"),
        (
            "substitutes:\n  - { person: an, by: ha, from: 2023-02-01, until: 2023-02-10 }\n  - { person: an, by: binh, from: 2023-02-10, until: 2023-02-12 }\n",
            "«an» có hai người thay cùng lúc",
        ),
        ("substitutes: [{ person: ann, by: ha, from: 2023-02-01, until: 2023-02-02 }]\n", "ý bạn là «an»?"),
    ];
    for (more, sentence) in cases {
        let folder = office_due(in_a_month());
        folder.append("units.yaml", more);
        let output = nhacviec(&folder, &["check"]);
        assert_eq!(output.status.code(), Some(78), "{more}");
        assert_has(&String::from_utf8_lossy(&output.stderr), &[sentence]);
    }
    for (unit, sentence) in [
        ("contacts: [an], successors: [phong-b] }", "phải có ngày hết hiệu lực"),
        ("contacts: [an], valid_until: 2023-02-01, successors: [phong-a] }", "không kế thừa chính mình"),
        ("contacts: [an], valid_from: 2023-02-02, valid_until: 2023-02-01 }", "hết hiệu lực trước khi có hiệu lực"),
    ] {
        let folder = office_due(in_a_month());
        folder.replace("units.yaml", "contacts: [an] }", unit);
        let output = nhacviec(&folder, &["check"]);
        assert_eq!(output.status.code(), Some(78), "{unit}");
        assert_has(&String::from_utf8_lossy(&output.stderr), &[sentence]);
    }
}

#[test]
fn a_secret_duty_without_a_number_or_with_another_mark_is_refused() {
    for (row, sentence) in [
        ("secrecy: mật, lead: [phong-a], deadline: 30/06/2023", "nhiệm vụ mật phải có số văn bản để nhắc"),
        ("secrecy: kín, reference: 1/M, lead: [phong-a], deadline: 30/06/2023", "độ mật (mật, tối mật, tuyệt mật)"),
    ] {
        let folder = office_of(row, 2023);
        let output = nhacviec(&folder, &["check"]);
        assert_eq!(output.status.code(), Some(78), "{row}");
        assert_has(&String::from_utf8_lossy(&output.stderr), &[sentence]);
    }
}

#[test]
fn an_extension_that_is_no_extension_is_refused_and_stores_nothing() {
    let due = in_a_month();
    let folder = office_due(due);
    let yesterday = (today() - Days::new(1)).to_string();
    let text = refusal(&folder, &["extend", "I.1", "--to", &yesterday, "--reason", "chờ số liệu"]);
    assert_has(&text, &["phải ở sau hôm nay; ghi một ngày sắp tới"]);
    let text = refusal(&folder, &["extend", "I.1", "--to", &due.to_string(), "--reason", "chờ số liệu"]);
    assert_has(&text, &[&format!("đang có hạn hết {}; ngày gia hạn phải sau ngày đó", due.format("%d/%m/%Y"))]);
    let text = refusal(&folder, &["extend", "I.1", "--refuse", "--reason", "không"]);
    assert_has(&text, &["không có đề nghị gia hạn nào đang chờ trả lời"]);
    let later = (due + Days::new(7)).to_string();
    let text = refusal(&folder, &["extend", "I.1", "--to", &later, "--reason", " "]);
    assert_has(&text, &["chưa ghi lý do, căn cứ hoặc văn bản"]);
    assert_eq!(state(&folder), serde_json::json!([]));
}

#[test]
fn more_time_is_asked_for_granted_and_shown() {
    let due = in_a_month();
    let folder = office_due(due);
    let later = weekday_from(due + Days::new(7));
    let (to, written) = (later.to_string(), later.format("%d/%m/%Y").to_string());
    let text = said(&folder, &["extend", "I.1", "--to", &to, "--reason", "chờ số liệu", "--by", "an"]);
    assert_has(&text, &["Đã ghi đề nghị gia hạn", &written, "Hạn cũ còn nguyên"]);
    let text = said(&folder, &["extend", "I.1", "--to", &to, "--grant", "--reason", "12/SCT-VP", "--by", "ha"]);
    assert_has(&text, &["Đã gia hạn I.1", &written]);
    let text = said(&folder, &["explain", "I.1"]);
    let granted = format!("được gia hạn đến {written} (12/SCT-VP) (ha báo, từ cli)");
    assert_has(&text, &[&granted, &format!("đã gia hạn, hạn trong kế hoạch là {}", due.format("%d/%m/%Y"))]);
    assert_has(&text, &[&format!("(phiên bản hạn {later})")]);
}

#[test]
fn completing_what_is_complete_is_refused_with_what_was_reported_before() {
    let folder = office_due(in_a_month());
    said(&folder, &["done", "I.1", "--product", "58/BC-SCT"]);
    let before = state(&folder);
    let text = refusal(&folder, &["done", "I.1", "--product", "59/BC-SCT"]);
    assert_has(&text, &["đã được báo hoàn thành trước đó", "sản phẩm 58/BC-SCT", "nhacviec reopen"]);
    let until = (today() + Days::new(3)).to_string();
    let text = refusal(&folder, &["ack", "I.1", "--until", &until]);
    assert_has(&text, &["đã được báo hoàn thành trước đó"]);
    let text = refusal(&folder, &["cancel", "I.1", "--reason", "thừa"]);
    assert_has(&text, &["đã được báo hoàn thành trước đó"]);
    assert_eq!(state(&folder), before);
    said(&folder, &["reopen", "I.1", "--reason", "báo nhầm"]);
    assert_has(&refusal(&folder, &["reopen", "I.1", "--reason", "báo nhầm"]), &["không cần mở lại"]);
    said(&folder, &["done", "I.1", "--product", "59/BC-SCT"]);
}

#[test]
fn an_unknown_period_task_unit_or_person_is_answered_with_the_choices() {
    let due = in_a_month();
    let folder = office_due(due);
    let choice = format!("chọn một trong: --unit phong-a --period {}", due.year());
    for command in [
        &["done", "I.1", "--period", "2019-Q9", "--product", "1"][..],
        &["explain", "I.1", "--period", "2019-Q9"],
        &["snooze", "I.1", "--unit", "phong-c", "--until", "2099-01-01", "--reason", "nghỉ"],
    ] {
        assert_has(&refusal(&folder, command), &[&choice]);
    }
    assert_has(&refusal(&folder, &["done", "I.9", "--product", "1"]), &["không có nhiệm vụ «I.9»", "nhacviec tasks"]);
    assert_has(&refusal(&folder, &["explain", "I.9"]), &["không có nhiệm vụ hay hồ sơ «I.9»"]);
    let text = refusal(&folder, &["assign", "I.1", "--to", "phong-c", "--reason", "nhầm"]);
    assert_has(&text, &["không có đơn vị «phong-c» trong units.yaml", "phong-a, phong-b, van-phong"]);
    let text = refusal(&folder, &["explain", "I.1", "--person", "ai-do"]);
    assert_has(&text, &["không có người «ai-do»", "giam-doc"]);
    assert_eq!(state(&folder), serde_json::json!([]));
}

#[test]
fn an_acknowledgement_says_until_when_it_may_last_and_who_may_give_it() {
    let due = in_a_month();
    let folder = office_due(due);
    let too_late = (due + Days::new(1)).to_string();
    let text = refusal(&folder, &["ack", "I.1", "--until", &too_late]);
    assert_has(&text, &[&format!("chỉ được yên đến {}", due.format("%d/%m/%Y")), "nhacviec extend"]);
    let until = (today() + Days::new(5)).to_string();
    let text = refusal(&folder, &["ack", "I.1", "--until", &until, "--as", "van-phong"]);
    assert_has(&text, &["Văn phòng không chủ trì, không phối hợp"]);
    assert_has(&refusal(&folder, &["ack", "I.1", "--until", &today().to_string()]), &["phải ở sau hôm nay"]);
    assert_eq!(state(&folder), serde_json::json!([]));
    said(&folder, &["ack", "I.1", "--until", &until, "--as", "Phòng B"]);
    assert_has(&said(&folder, &["explain", "I.1"]), &["Phòng B đã nhận, hẹn nhắc lại"]);
}

#[test]
fn work_is_opened_by_its_phrase_or_asks_for_a_date() {
    let folder = office_of("lead: [phong-a], deadline: Khi có phát sinh", today().year());
    let open = ["open", "I.1", "--document", "45/UBND-KT"];
    assert_has(&refusal(&folder, &open), &["thời hạn «Khi có phát sinh» không tự tính ra ngày được; ghi thêm --due"]);
    let yesterday = (today() - Days::new(1)).to_string();
    let text = refusal(&folder, &["open", "I.1", "--document", "45/UBND-KT", "--due", &yesterday]);
    assert_has(&text, &["phải ở sau hôm nay"]);
    assert_has(&refusal(&folder, &["explain", "I.1"]), &["chờ phát sinh, chưa có kỳ nào", "nhacviec open I.1"]);
    let due = in_a_month();
    for period in ["", "-2"] {
        let text = said(&folder, &["open", "I.1", "--document", "45/UBND-KT", "--due", &due.to_string()]);
        assert_has(
            &text,
            &[&format!("hạn hết {}", due.format("%d/%m/%Y")), &format!("--period ps-{}{period}", today())],
        );
    }
    let text = refusal(&folder, &["open", "I.1", "--document", "4", "--due", &due.to_string(), "--period", "kỳ một"]);
    assert_has(&text, &["chỉ gồm chữ không dấu, số và dấu -"]);

    let row = "lead: [phong-a], deadline: Trong 05 ngày làm việc kể từ ngày nhận được văn bản";
    let folder = office_of(row, today().year());
    let due = weekdays_after(today(), 5).format("%d/%m/%Y").to_string();
    assert_has(&said(&folder, &open), &["Đã ghi việc phát sinh I.1", &format!("hạn hết {due}")]);
    let received = weekday_from(today() + Days::new(7));
    let due = weekdays_after(received, 5).format("%d/%m/%Y").to_string();
    let text = said(&folder, &["open", "I.1", "--document", "46", "--received", &received.to_string()]);
    assert_has(&text, &[&format!("hạn hết {due}")]);
}

#[test]
fn explaining_a_task_names_every_link_of_the_chain() {
    let due = in_a_month();
    let folder = office_due(due);
    let text = said(&folder, &["explain", "I.1"]);
    assert_has(
        &text,
        &[
            &format!("I.1 – năm {} (Phòng A)", due.year()),
            "Nội dung: Báo cáo",
            "plans/kh.yaml:3; kế hoạch ghi",
            "Cách hiểu: chậm nhất hết ngày",
            &format!("(phiên bản hạn {due})"),
            "Lịch: năm",
            "Trạng thái: chưa hoàn thành",
            "Chính sách nhắc: viec (",
            "chủ trì trước hạn 5, 1, 0, sau hạn 1, rồi 2 ngày một lần",
            "Giờ gửi: bản tổng hợp 07:30",
            "không nhắc: chưa tới mốc nào; bắt đầu nhắc từ",
            "Đã nhắc: chưa có lần nào",
            "Sắp tới, nếu không ai báo gì thêm:",
            "Trần An (đơn vị chủ trì), mốc trước hạn 5 ngày",
            &format!("Mã việc: task:kh/I.1:{}:phong-a", due.year()),
        ],
    );
}

#[test]
fn explaining_a_coming_day_shows_what_will_be_said_on_it() {
    let due = in_a_month();
    let folder = office_due(due);
    let on = due.to_string();
    let text = said(&folder, &["explain", "I.1", "--on", &on]);
    let key = format!("khóa task:kh/I.1:{}:phong-a|{due}|+0|lead|an", due.year());
    assert_has(&text, &["Trần An (đơn vị chủ trì): nhắc: mốc đúng hạn", &key]);
    let before = (1..=3).map(|n| due - Days::new(n)).find(|d| is_weekday(*d)).expect("a week-end has two days");
    let text = said(&folder, &["explain", "I.1", "--on", &before.to_string(), "--person", "an"]);
    assert_has(&text, &["nhắc: mốc trước hạn 1 ngày"]);
    let late = weekdays_after(due, 3).to_string();
    let text = said(&folder, &["explain", "I.1", "--on", &late]);
    assert_has(&text, &["Lý Minh (cấp trên, bậc đôn đốc quá hạn 3 ngày làm việc): nhắc"]);
    let quiet = weekdays_after(due, 2).to_string();
    let text = said(&folder, &["explain", "I.1", "--on", &quiet]);
    assert_has(&text, &["không nhắc lại: đã báo ở mốc quá hạn 1 ngày", "chưa nhắc: chưa tới mốc; mốc quá hạn 3 ngày"]);
}

#[test]
fn explaining_a_day_that_is_over_decides_it_again() {
    let due = weekday_from(today() - Days::new(40));
    let folder = office_due(due);
    let text = said(&folder, &["explain", "I.1", "--on", &due.to_string()]);
    assert_has(&text, &["Trần An (đơn vị chủ trì): nhắc: mốc đúng hạn", "Đã nhắc: chưa có lần nào"]);
    let early = (due - Days::new(60)).to_string();
    let text = said(&folder, &["explain", "I.1", "--on", &early]);
    assert_has(&text, &["không nhắc: chưa tới mốc nào; bắt đầu nhắc từ"]);
}

#[test]
fn explaining_to_somebody_who_reads_nothing_of_it_says_who_does() {
    let due = in_a_month();
    let folder = office_due(due);
    let on = due.to_string();
    let text = said(&folder, &["explain", "I.1", "--on", &on, "--person", "giam-doc"]);
    assert_has(&text, &["Lý Minh: không thuộc những người nhận lúc này; người nhận: Trần An"]);
    folder.replace("units.yaml", ", email: minh@so.example", "");
    let text = said(&folder, &["explain", "I.1", "--on", &on, "--person", "giam-doc"]);
    assert_has(&text, &["Lý Minh: không có địa chỉ nào trong units.yaml"]);
    let away = format!("substitutes: [{{ person: an, by: ha, from: {on}, until: {on} }}]\n");
    folder.append("units.yaml", &away);
    let text = said(&folder, &["explain", "I.1", "--on", &on, "--person", "an"]);
    assert_has(&text, &["Trần An: đang có người nhận thay là Lê Thu Hà"]);
}

#[test]
fn explaining_finished_and_snoozed_work_names_the_link_that_said_no() {
    // On its ladder already.
    let folder = office_due(weekdays_after(today(), 2));
    let until = (today() + Days::new(5)).to_string();
    said(&folder, &["snooze", "I.1", "--until", &until, "--reason", "chờ sáp nhập"]);
    assert_has(&said(&folder, &["explain", "I.1"]), &["tạm dừng nhắc đến", "chờ sáp nhập"]);
    said(&folder, &["done", "I.1", "--product", "58/BC-SCT"]);
    let text = said(&folder, &["explain", "I.1"]);
    assert_has(&text, &["không nhắc: đã hoàn thành ngày", "(58/BC-SCT)", "Sắp tới: không còn lần nhắc nào"]);
}

#[test]
fn a_secret_duty_is_shown_by_its_number_in_everything_that_is_printed() {
    let due = in_a_month();
    let row = format!(
        "secrecy: mật, reference: 17/KH-M, lead: [phong-a], product: Văn kiện, deadline: {}",
        due.format("%d/%m/%Y")
    );
    let folder = office_of(&row, due.year());
    let page = folder.root.path().join("nam.html");
    let (from, to) = (today().to_string(), due.to_string());
    let span = ["simulate", "--from", &from, "--to", &to];
    let with = |more: &[&str]| said(&folder, &[&span[..], more].concat());
    let printed = [
        with(&[]),
        with(&["--text"]),
        with(&["--json"]),
        with(&["--html", page.to_str().expect("UTF-8")]),
        std::fs::read_to_string(&page).expect("written"),
        said(&folder, &["preview", "--on", &to]),
        said(&folder, &["explain", "I.1"]),
    ];
    for text in printed {
        assert!(!text.contains("Báo cáo") && !text.contains("Văn kiện"), "{text}");
    }
    assert_has(&said(&folder, &["explain", "I.1"]), &["nhiệm vụ mật: văn bản số 17/KH-M"]);
    assert_has(&said(&folder, &["preview", "--on", &to]), &["Văn bản số 17/KH-M"]);
    assert_has(&with(&["--html", page.to_str().expect("UTF-8")]), &["0 tin (không kê", "tin về việc mật)"]);
    said(&folder, &["not-ours", "I.1", "--reason", "Việc của Văn phòng"]);
    assert_has(&with(&[]), &["văn bản số 17/KH-M (chờ quyết định)"]);
}

#[test]
fn health_is_red_before_the_first_run_and_while_a_problem_is_open() {
    let folder = office_due(in_a_month());
    let output = nhacviec(&folder, &["status", "--health"]);
    assert_eq!(output.status.code(), Some(1));
    said(&folder, &["run", "--once"]);
    let output = nhacviec(&folder, &["status", "--health"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    // Without the notice of this year the calendar is a problem of its own.
    assert!(output.status.code() == Some(1) && text.starts_with("Chưa có lịch nghỉ chính thức năm"), "{text}");
}
