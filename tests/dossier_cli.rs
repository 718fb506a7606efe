//! The commands about one-stop systems and dossiers, as an administrator runs them.

mod support;

use std::process::{Command, Output};

use chrono::{Days, NaiveDate};
use nhacviec::clock::{Clock as _, SystemClock};
use support::{
    OfficeFolder,
    one_stop::{Answer, FakeOneStop, PASSWORD, dossier},
};

const TASKS: &str = "  - { id: X, content: Việc khác, lead: [van-phong], deadline: Khi có phát sinh }\n";

struct Desk {
    folder: OfficeFolder,
    _fake: FakeOneStop,
}

impl Desk {
    fn with(rows: Vec<serde_json::Value>) -> Self {
        let fake = FakeOneStop::start(Answer::Dossiers(rows));
        let folder = OfficeFolder::new(25, TASKS);
        folder.add_source(&fake.url());
        folder.replace("nhacviec.yaml", "policy: ho-so\n", "policy: ho-so-mot-cua\n");
        folder.replace("units.yaml", "{ giam-doc: giam-doc }", "{ giam-doc: giam-doc, chanh-van-phong: ha }");
        folder.replace("units.yaml", "head: an, contacts: [an] }", "head: an, contacts: [an], overseen_by: binh }");
        std::fs::create_dir_all(folder.state()).expect("writable");
        Self { folder, _fake: fake }
    }

    fn run(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_nhacviec"))
            .arg("--config")
            .arg(self.folder.config())
            .arg("--state")
            .arg(self.folder.state())
            .args(arguments)
            .output()
            .expect("the program runs")
    }

    fn out(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    fn refusal(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(!output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        String::from_utf8(output.stderr).expect("UTF-8")
    }
}

fn today() -> NaiveDate {
    SystemClock.now().with_timezone(&chrono_tz::Asia::Ho_Chi_Minh).date_naive()
}

/// A dossier due so many days from today.
fn due_in(code: &str, days: i64) -> serde_json::Value {
    let today = today();
    let magnitude = Days::new(days.unsigned_abs());
    let on = if days < 0 { today - magnitude } else { today + magnitude };
    dossier(code, &on.to_string())
}

#[test]
fn a_source_is_tried_without_storing_or_showing_what_is_not_ours() {
    let mut strange = due_in("H2", -20);
    strange["dossierStatus"] = "teleporting".into();
    strange["domainName"] = "Hải quan".into();
    let desk = Desk::with(vec![due_in("H1", -20), strange]);
    let shown = desk.out(&["source", "test", "mc"]);
    for part in [
        "authorization: ***",
        "đọc được 2 hồ sơ trong tổng số 2",
        "\"dossierNo\": \"H1\"",
        "Mã hồ sơ: H1",
        "Người nộp: N. V. B. M.",
        "Đơn vị giữ hồ sơ: Phòng A",
        "«teleporting»",
        "«Hải quan»",
        "Trần An: H1",
    ] {
        assert!(shown.contains(part), "{part} is not in\n{shown}");
    }
    for hidden in [PASSWORD, "khoa-bi-mat", "NGUYỄN VĂN BÍ MẬT"] {
        assert!(!shown.contains(hidden), "{hidden} is in\n{shown}");
    }
    assert!(desk.out(&["source", "test", "mc", "--raw"]).contains("khoa-bi-mat"), "asked for by name");
    assert!(!desk.folder.state().join("kho.db").exists(), "nothing was stored");
    let json: serde_json::Value = serde_json::from_str(&desk.out(&["source", "test", "mc", "--json"])).expect("JSON");
    assert_eq!((&json["rows"], &json["unmapped_statuses"][0]), (&2.into(), &"teleporting".into()));
    assert!(desk.refusal(&["source", "test", "cm"]).contains("các mã: mc"));
}

#[test]
fn dossiers_are_listed_filtered_exported_and_what_was_done_is_recorded_once() {
    let formula = due_in("=H3", 200);
    let desk = Desk::with(vec![due_in("H1", -20), due_in("H2", 200), formula]);
    assert!(desk.out(&["source", "poll", "mc"]).contains("mc: 3 hồ sơ mới"));
    assert!(desk.out(&["source", "poll"]).contains("mc: 0 hồ sơ mới, 0 thay đổi, 0 đã xong; đang mở 3"));
    let late = desk.out(&["dossiers", "--late"]);
    assert!(late.contains("H1") && !late.contains("H2") && late.contains("còn thiếu: xin lỗi, giải trình"), "{late}");
    assert!(desk.out(&["dossiers", "--unit", "Phòng B"]).contains("Không có hồ sơ nào như vậy."));
    assert!(desk.out(&["dossiers", "--find", "điện lực"]).contains("3 hồ sơ."));
    let csv = desk.out(&["dossiers", "--csv"]);
    assert!(csv.starts_with('\u{feff}') && csv.contains("\n'=H3,"), "{csv}");
    let json: serde_json::Value = serde_json::from_str(&desk.out(&["dossiers", "--json", "--late"])).expect("JSON");
    assert_eq!((&json[0]["code"], &json[0]["unit"]), (&"H1".into(), &"phong-a".into()));

    assert!(desk.out(&["dossier", "apology", "H1", "--document", "01/XL"]).contains("Đã ghi văn bản xin lỗi"));
    let again = desk.refusal(&["dossier", "apology", "H1", "--document", "01/XL"]);
    assert!(again.contains("đã được ghi việc này trước đó"), "{again}");
    assert!(desk.out(&["dossiers", "--owing"]).contains("còn thiếu: giải trình"));
    assert!(desk.out(&["dossier", "explained", "H1", "--document", "02/BC"]).contains("giải trình"));
    assert!(desk.out(&["dossiers", "--owing"]).contains("Không có hồ sơ nào như vậy."));
    let to = (today() + Days::new(9)).to_string();
    let moved = desk.out(&["dossier", "reappointed", "H1", "--to", &to, "--document", "03/GH"]);
    assert!(moved.contains("không được hẹn lại lần nữa"), "{moved}");
    let second = desk.refusal(&["dossier", "reappointed", "H1", "--to", &to, "--document", "03/GH"]);
    assert!(second.contains("không được hẹn lại lần thứ hai"), "{second}");
    assert!(desk.out(&["dossier", "done", "H2", "--document", "04/KQ"]).contains("thôi nhắc"));
    assert!(!desk.out(&["dossiers"]).contains("H2"), "it has ended");
    assert!(desk.refusal(&["dossier", "done", "H2", "--document", "04/KQ"]).contains("đã được coi là xong"));
    assert!(desk.out(&["source", "poll"]).contains("1 thay đổi"), "the system still shows it open, and knows better");
    let explained = desk.out(&["explain", "H1"]);
    for part in ["01/XL", "02/BC", "đã hẹn lại đến"] {
        assert!(explained.contains(part), "{part} is not in\n{explained}");
    }
    for (arguments, sentence) in [
        (&["dossier", "apology", "H9", "--document", "1"][..], "không có hồ sơ «H9»"),
        (&["dossier", "forwarded", "H1", "--document", "1"], "không phải phản ánh, kiến nghị"),
        (&["dossier", "explained", "H2", "--document", " "], "chưa ghi lý do, căn cứ hoặc văn bản"),
        (&["dossier", "done", "H2", "--document", "1", "--on", "2099-01-01"], "còn ở phía trước"),
        (&["dossiers", "--source", "cm"], "không có hệ thống một cửa «cm»"),
        (&["source", "show-profile", "opencps"], "các loại: opencps-v2"),
    ] {
        let refusal = desk.refusal(arguments);
        assert!(refusal.contains(sentence), "{sentence} is not in {refusal}");
    }
}
