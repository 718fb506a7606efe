//! An office that is reorganised in the middle of its plan's year, as `docs/vi-du/sap-xep-2025` describes it: who is
//! told what before and after, and what `check` says of mistakes.

mod support;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::LazyLock,
};

use chrono::NaiveDate;
use nhacviec::domain::life::Report;
use serde_json::Value;
use support::{Office, OfficeFolder, day, decoded};

/// The last days of the divisions that were merged on 01/3/2025, and of what the office and the districts were.
const MERGED: &str = "2025-02-28";
const NO_DISTRICTS: &str = "2025-06-30";

fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/vi-du/sap-xep-2025")
}

fn text(path: &str) -> String {
    fs::read_to_string(example().join(path)).expect("a file of the example")
}

fn nhacviec(config: &Path, state: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nhacviec"));
    command.args(arguments).arg("--config").arg(config).arg("--state").arg(state);
    command.output().expect("the program runs")
}

fn out(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

/// A copy of the example to edit and to work with.
struct Copy {
    root: tempfile::TempDir,
}

impl Copy {
    fn new() -> Self {
        let copy = Self { root: tempfile::tempdir().expect("a temporary folder") };
        for path in [
            "nhacviec.yaml",
            "units.yaml",
            "holidays.yaml",
            "calendar/2025.yaml",
            "plans/kstthc-2025.yaml",
            "plans/bo-sung-2025.yaml",
        ] {
            copy.write(path, &text(path));
        }
        copy
    }

    fn config(&self) -> PathBuf {
        self.root.path().join("config")
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.config().join(path);
        fs::create_dir_all(path.parent().expect("a file has a folder")).expect("writable");
        fs::write(path, text).expect("writable");
    }

    /// Edits `units.yaml`: each pair replaces a text.
    fn with_units(edits: &[(&str, &str)]) -> Self {
        let copy = Self::new();
        let mut units = text("units.yaml");
        for (from, to) in edits {
            assert!(units.contains(from), "units.yaml does not contain {from}");
            units = units.replace(from, to);
        }
        copy.write("units.yaml", &units);
        copy
    }

    fn run(&self, arguments: &[&str]) -> Output {
        nhacviec(&self.config(), &self.root.path().join("state"), arguments)
    }

    /// What `check` finds: severity, sentence and advice.
    fn findings(&self) -> Vec<(String, String, String)> {
        let checked: Value = serde_json::from_slice(&self.run(&["check", "--json"]).stdout).expect("JSON");
        let word = |finding: &Value, key: &str| finding[key].as_str().unwrap_or_default().to_owned();
        let findings = checked["findings"].as_array().expect("a list");
        let all = findings.iter().map(|f| (word(f, "severity"), word(f, "message"), word(f, "help")));
        all.filter(|(_, message, _)| !message.contains("đã hết năm 2025")).collect()
    }

    fn simulated(&self, assume: &str) -> Vec<Told> {
        let year = ["simulate", "--from", "2025-01-01", "--to", "2025-12-31", "--json", "--assume", assume];
        messages(&self.run(&year))
    }
}

/// One message of a simulation.
#[derive(Debug, Clone)]
struct Told {
    on: NaiveDate,
    who: String,
    /// The unit in charge, as the plan names it.
    unit: String,
    task: String,
    period: String,
    audience: String,
    key: String,
}

fn messages(simulated: &Output) -> Vec<Told> {
    let simulated: Value = serde_json::from_str(&out(simulated)).expect("JSON");
    let told = |row: &Value| {
        let word = |key: &str| row[key].as_str().expect("a text").to_owned();
        let key = word("key");
        let parts: Vec<&str> = key.split('|').collect();
        let mut subject = parts[0].split(['/', ':']).skip(2);
        Told {
            on: day(&word("on")),
            who: word("recipient"),
            unit: word("unit"),
            task: subject.next().expect("a task").to_owned(),
            period: subject.next().expect("a period").to_owned(),
            audience: parts[3].to_owned(),
            key: key.clone(),
        }
    };
    simulated["messages"].as_array().expect("messages").iter().map(told).collect()
}

/// The year of the example in which nobody reports anything.
static YEAR: LazyLock<Vec<Told>> = LazyLock::new(|| {
    let year = ["simulate", "--from", "2025-01-01", "--to", "2025-12-31", "--json"];
    messages(&nhacviec(&example(), Path::new("/nonexistent"), &year))
});

/// Who was told as the unit in charge of work of these units, from one day to another.
fn in_charge(units: &[&str], from: &str, until: &str) -> BTreeSet<&'static str> {
    let span = day(from)..=day(until);
    let told = YEAR.iter().filter(|t| t.audience == "lead" && units.contains(&&*t.unit) && span.contains(&t.on));
    told.map(|t| t.who.as_str()).collect()
}

fn first_and_last(person: &str) -> (NaiveDate, NaiveDate) {
    let mut days = YEAR.iter().filter(|t| t.who == person).map(|t| t.on);
    let first = days.next().unwrap_or_else(|| panic!("{person} is told something"));
    (first, days.next_back().unwrap_or(first))
}

#[test]
fn the_example_is_valid_and_check_has_no_remark() {
    let output = nhacviec(&example(), Path::new("/nonexistent"), &["check"]);
    assert!(out(&output).contains("2 kế hoạch, 12 nhiệm vụ, 15 đơn vị"), "{}", out(&output));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.ends_with("0 lỗi, 2 lưu ý.\n") && said.matches("đã hết năm 2025").count() == 2, "{said}");
    for same in ["holidays.yaml", "calendar/2025.yaml"] {
        let original = Path::new(env!("CARGO_MANIFEST_DIR")).join("config").join(same);
        // The first line names the schema, by another path.
        let rest = |text: String| text.split_once('\n').map(|(_, rest)| rest.to_owned());
        assert_eq!(rest(text(same)), rest(fs::read_to_string(original).expect("readable")), "{same} is a copy");
    }
}

#[test]
fn the_old_plan_is_read_as_on_the_day_it_was_signed() {
    let tasks = out(&nhacviec(&example(), Path::new("/nonexistent"), &["tasks"]));
    let old_plan = tasks.split("Kế hoạch thực hiện kiểm soát").nth(1).expect("the old plan comes second");
    for name in [
        "Chủ trì: Phòng Quản lý Công nghiệp, Phòng Quản lý Năng lượng\n",
        "Chủ trì: Thanh tra Sở\n",
        "Phối hợp: UBND huyện Đông Lâm, UBND huyện Tây Lâm, UBND thành phố Yên Hà\n",
    ] {
        assert!(old_plan.contains(name), "{name} is not in\n{old_plan}");
    }
    for name in ["Phòng Công nghiệp và Năng lượng", "Công nghiệp - Năng lượng", "UBND xã", "UBND phường"]
    {
        assert!(!old_plan.contains(name), "{name} is in\n{old_plan}");
    }
}

#[test]
fn the_reorganisation_changes_units_only_and_no_duty_of_the_old_plan() {
    let copy = Copy::new();
    fs::remove_file(copy.config().join("plans/bo-sung-2025.yaml")).expect("was there");
    let after = out(&copy.run(&["tasks", "--json"]));
    let is_change = |line: &&str| !["valid_until:", "successors:"].iter().any(|key| line.trim().starts_with(key));
    let before = text("units.yaml").lines().filter(is_change).collect::<Vec<_>>().join("\n");
    copy.write("units.yaml", &before);
    assert_eq!(after, out(&copy.run(&["tasks", "--json"])), "each duty keeps its subject, so what was reported of it");
}

#[test]
fn work_of_the_merged_divisions_goes_to_whoever_does_it_at_the_time() {
    let both = ["Phòng Quản lý Công nghiệp", "Phòng Quản lý Năng lượng"];
    assert_eq!(in_charge(&both[..1], "2025-01-01", MERGED), ["nguyen-van-loc"].into());
    assert_eq!(in_charge(&both[1..], "2025-01-01", MERGED), ["tran-thi-mai"].into());
    for unit in both {
        let merged = in_charge(&[unit], "2025-03-01", NO_DISTRICTS);
        assert_eq!(merged, ["nguyen-van-loc", "pham-quoc-bao"].into(), "{unit}");
        // The successor's successor, which none of the two names.
        let renamed = in_charge(&[unit], "2025-07-01", "2025-12-31");
        assert_eq!(renamed, ["pham-quoc-bao", "vo-hoai-nam"].into(), "{unit}");
    }
}

#[test]
fn work_of_the_inspectors_goes_to_the_office_that_took_them_in() {
    let inspectors = ["Thanh tra Sở"];
    assert_eq!(in_charge(&inspectors, "2025-07-01", "2025-12-31"), ["dinh-cong-trang", "luong-thi-hanh"].into());
    assert!(in_charge(&inspectors, "2025-01-01", NO_DISTRICTS).is_empty(), "its work begins in the autumn");
}

#[test]
fn work_of_a_district_goes_to_its_communes() {
    let (district, communes) = (["UBND huyện Đông Lâm"], ["kieu-thi-nga", "mac-van-thuy"]);
    assert_eq!(in_charge(&district, "2025-01-01", NO_DISTRICTS), ["ly-van-dong"].into());
    assert_eq!(in_charge(&district, "2025-07-01", "2025-12-31"), communes.into());
    let helps = YEAR.iter().filter(|t| t.task == "III.1" && t.audience == "coordinating" && t.on > day(NO_DISTRICTS));
    let helpers: BTreeSet<&str> = helps.map(|t| t.who.as_str()).collect();
    let all = ["kieu-thi-nga", "la-quoc-hung", "mac-van-thuy", "nong-van-binh", "vi-thi-hoa"];
    assert_eq!(helpers, all.into(), "the group of the old plan means their successors");
}

#[test]
fn nobody_of_a_unit_that_ended_is_told_anything_afterwards() {
    let ended = [("tran-thi-mai", MERGED)]
        .into_iter()
        .chain(["nguyen-van-loc", "ly-van-dong", "chu-thi-tay", "quach-dinh-phong"].map(|p| (p, NO_DISTRICTS)));
    for (person, until) in ended {
        assert!(first_and_last(person).1 <= day(until), "{person}: {}", first_and_last(person).1);
    }
    assert!(YEAR.iter().all(|t| t.who != "ho-sy-chinh"), "the inspectors' only duty is due after their end");
}

#[test]
fn nobody_of_a_new_unit_is_told_anything_before_it_exists() {
    let communes = ["kieu-thi-nga", "la-quoc-hung", "mac-van-thuy", "nong-van-binh", "vi-thi-hoa", "vo-hoai-nam"];
    let new = [("pham-quoc-bao", "2025-03-01")].into_iter().chain(communes.map(|p| (p, "2025-07-01")));
    for (person, from) in new {
        assert!(first_and_last(person).0 >= day(from), "{person}: {}", first_and_last(person).0);
    }
    // The later plan names the new division, and reminds before that exists.
    let early = YEAR.iter().filter(|t| t.task == "BS.2" && t.on <= day(NO_DISTRICTS) && t.audience == "lead");
    let early: BTreeSet<&str> = early.map(|t| t.who.as_str()).collect();
    assert_eq!(early, ["nguyen-van-loc", "pham-quoc-bao", "ta-minh-khue"].into());
}

#[test]
fn what_is_overdue_at_the_change_passes_to_the_successor_at_once() {
    let told = |on: &str, who: &str| -> BTreeSet<(&str, &str)> {
        let told = YEAR.iter().filter(|t| t.on == day(on) && t.who == who && t.audience == "lead");
        told.map(|t| (t.task.as_str(), t.period.as_str())).collect()
    };
    // 01/3/2025 is a Saturday.
    assert!(told("2025-03-03", "pham-quoc-bao").is_superset(&[("II.1", "2025"), ("II.2", "2025")].into()));
    assert!(told("2025-07-01", "nong-van-binh").contains(&("III.2", "2025-05")));
    assert!(told("2025-07-01", "vo-hoai-nam").is_superset(&[("II.1", "2025"), ("II.4", "2025-Q1")].into()));
}

#[test]
fn nobody_is_told_the_same_twice() {
    let mut keys = BTreeSet::new();
    for told in YEAR.iter() {
        assert!(keys.insert(&told.key), "{}", told.key);
    }
    let year = ["simulate", "--from", "2025-01-01", "--to", "2025-12-31"];
    let list = out(&nhacviec(&example(), Path::new("/nonexistent"), &year));
    let mut lines = BTreeSet::new();
    for line in list.lines() {
        if !line.starts_with("  ") {
            lines.clear();
        }
        let said = line.split("; chủ trì: ").next().expect("a first part");
        assert!(lines.insert(said) || said.is_empty(), "twice on one day: {line}");
    }
    let merged = "II.3 năm 2025, hạn 14/03/2025; sắp đến hạn; đơn vị chủ trì; mốc trước hạn 5 ngày; chủ trì: Phòng Quản lý Công nghiệp, Phòng Quản lý Năng lượng";
    assert!(list.contains(&format!("Phạm Quốc Bảo (email): {merged}")), "both parts are one line");
}

#[test]
fn what_the_old_division_completed_is_not_asked_of_the_new_one() {
    let copy = Copy::new();
    for done in [
        ["done", "II.2", "--unit", "p-nang-luong", "--on", "2025-02-20"],
        ["done", "II.3", "--unit", "p-nang-luong", "--on", "2025-02-26"],
    ] {
        out(&copy.run(&[&done[..], &["--product", "12/CV"]].concat()));
    }
    let mut told: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for message in copy.simulated("history").into_iter().filter(|t| t.on > day(MERGED) && t.audience == "lead") {
        told.entry((message.task, message.unit)).or_default().push(message.who);
    }
    let of = |task: &str, unit: &str| told.get(&(task.to_owned(), unit.to_owned())).map_or(0, Vec::len);
    assert_eq!(of("II.2", "Phòng Quản lý Năng lượng"), 0);
    assert_eq!(of("II.3", "Phòng Quản lý Năng lượng"), 0);
    assert!(of("II.3", "Phòng Quản lý Công nghiệp") > 0, "the other division's part is still owed");
}

#[test]
fn work_of_the_old_division_is_reported_by_the_name_of_the_new_one() {
    let copy = Copy::new();
    let several =
        copy.run(&["done", "II.3", "--unit", "p-cong-nghiep-nang-luong", "--on", "2025-03-10", "--product", "12/CV"]);
    let said = String::from_utf8_lossy(&several.stderr).into_owned();
    assert!(!several.status.success() && said.contains("cần ghi rõ --unit"), "each side has its part: {said}");
    let one = copy.run(&[
        "done",
        "II.2",
        "--unit",
        "Phòng Quản lý Công nghiệp - Năng lượng",
        "--on",
        "2025-03-10",
        "--product",
        "12/CV",
    ]);
    assert!(one.status.success(), "{}", String::from_utf8_lossy(&one.stderr));
    let unrelated = copy.run(&["done", "II.2", "--unit", "p-thuong-mai", "--on", "2025-03-10", "--product", "12/CV"]);
    assert!(!unrelated.status.success());
}

/// The example at work: real passes, real mail.
async fn office_at_work(day: &str) -> Office {
    let mut office =
        Office::with_tasks("  - { id: X, content: x, lead: [van-phong], deadline: Khi có phát sinh }\n", day).await;
    let smtp = format!(
        "smtp: {{ host: 127.0.0.1, port: {}, security: plaintext, client_name: thu.example }}",
        office.mail.port()
    );
    office.folder.write("nhacviec.yaml", &text("nhacviec.yaml").replace("maildir: thu-di", &smtp));
    fs::remove_file(office.folder.config().join("plans/kh.yaml")).expect("was there");
    for path in
        ["units.yaml", "holidays.yaml", "calendar/2025.yaml", "plans/kstthc-2025.yaml", "plans/bo-sung-2025.yaml"]
    {
        office.folder.write(path, &text(path));
    }
    office.reload();
    office
}

/// The messages to one address since the last look.
fn letters(office: &mut Office, to: &str) -> Vec<String> {
    let letters = office.mail.received().iter().filter(|r| r.to == to).map(|r| decoded(&r.text)).collect();
    office.mark_all_read();
    letters
}

#[tokio::test]
async fn a_duty_of_both_divisions_is_one_line_to_the_one_they_became() {
    let mut office = office_at_work("2025-02-27").await;
    office.tick("2025-02-28 07:30").await;
    assert!(letters(&mut office, "bao.pq@sct.yenha.example").is_empty());
    office.tick("2025-03-03 07:35").await;
    let letters = letters(&mut office, "bao.pq@sct.yenha.example");
    let [letter] = letters.as_slice() else { panic!("one digest expected: {letters:#?}") };
    let subject = letter.lines().next().unwrap_or_default();
    assert!(subject.contains("Phòng Công nghiệp và Năng lượng:3 quá hạn"), "the unit that the reader is of: {subject}");
    assert_eq!(letter.matches("II.3. Rà soát").count(), 1, "{letter}");
    assert!(letter.contains("Chủ trì: Phòng Quản lý Công nghiệp, Phòng Quản lý Năng lượng"), "{letter}");
    assert!(letter.contains("Gửi ngay phần việc phối hợp của đơn vị mình cho Văn phòng Sở"), "{letter}");
    assert!(letter.contains("đơn vị chủ trì (3 việc)"), "{letter}");
}

#[tokio::test]
async fn a_duty_reported_done_on_the_eve_of_the_merger_stays_done() {
    let mut office = office_at_work("2025-02-27").await;
    office.tick("2025-02-28 07:30").await;
    for subject in ["task:kstthc-2025/II.3:2025:p-nang-luong", "task:kstthc-2025/II.1:2025:p-cong-nghiep"] {
        let done_on = day(MERGED);
        office.report_on(subject, Report::Completed { done_on, product: "12/BC".to_owned() }).await;
    }
    office.mark_all_read();
    office.tick("2025-03-03 07:35").await;
    let letters = letters(&mut office, "bao.pq@sct.yenha.example");
    let letter = letters.first().expect("a digest");
    let (_, merged) = letter.split_once("II.3. Rà soát").expect("the other division's part is owed");
    let in_charge = merged.lines().find(|line| line.contains("Chủ trì")).map(str::trim);
    assert_eq!(in_charge, Some("Chủ trì: Phòng Quản lý Công nghiệp"));
    assert!(!letter.contains("II.1. "), "{letter}");
}

#[test]
fn explain_names_the_unit_that_does_the_work_on_the_day() {
    let explain = |arguments: &[&str]| out(&nhacviec(&example(), Path::new("/nonexistent"), arguments));
    let merged = explain(&["explain", "II.3", "--unit", "p-nang-luong", "--on", "2025-03-10"]);
    let sentence = "Đơn vị: Phòng Quản lý Năng lượng kết thúc hoạt động 28/02/2025; ngày 10/03/2025 việc này do Phòng Công nghiệp và Năng lượng làm";
    assert!(merged.contains(sentence), "{merged}");
    let early = explain(&["explain", "BS.2", "--unit", "p-ql-cong-nghiep-nang-luong", "--on", "2025-06-26"]);
    let sentence = "hoạt động từ 01/07/2025; ngày 26/06/2025 việc này do Phòng Công nghiệp và Năng lượng làm";
    assert!(early.contains(sentence), "{early}");
    let before = explain(&["explain", "II.3", "--unit", "p-nang-luong", "--on", "2025-02-28"]);
    assert!(!before.contains("Đơn vị:"), "{before}");
}

/// A mistake in `units.yaml`, and the only thing that `check` says of it.
fn expect_finding(edits: &[(&str, &str)], severity: &str, message: &str, help: &str) {
    let findings = Copy::with_units(edits).findings();
    let [(found_severity, found_message, found_help)] = findings.as_slice() else {
        panic!("one finding expected: {findings:#?}")
    };
    assert_eq!((&**found_severity, &**found_message, &**found_help), (severity, message, help));
}

#[test]
fn a_successor_that_does_not_exist_is_an_error() {
    expect_finding(
        &[("successors: [van-phong]", "successors: [van-fong]")],
        "error",
        "không có đơn vị hoặc nhóm «van-fong»",
        "ý bạn là «van-phong»? nếu không, khai báo đơn vị trong units.yaml",
    );
}

#[test]
fn a_unit_that_ends_without_a_successor_is_named_with_the_work_that_is_left() {
    expect_finding(
        &[("    successors: [van-phong]\n", "")],
        "warning",
        "«Thanh tra Sở» kết thúc hoạt động 30/06/2025 mà chưa ghi đơn vị kế thừa, trong khi sau ngày đó còn việc: II.5 (kstthc-2025, 14/09/2025); tin vẫn gửi cho người của đơn vị này",
        "thêm successors: đơn vị nhận việc",
    );
    expect_finding(
        &[("    successors: [ubnd-xa-tay-lam, ubnd-xa-tan-lam]\n", "")],
        "warning",
        "«UBND huyện Tây Lâm» kết thúc hoạt động 30/06/2025 mà chưa ghi đơn vị kế thừa, trong khi sau ngày đó còn việc: III.3 (kstthc-2025, 09/07/2025), III.4 (kstthc-2025, 01/07/2025), III.1 (kstthc-2025, 14/08/2025) và 1 việc khác; tin vẫn gửi cho người của đơn vị này",
        "thêm successors: đơn vị nhận việc",
    );
}

#[test]
fn a_unit_that_ends_when_its_work_is_over_needs_no_successor() {
    let copy = Copy::with_units(&[(
        "    valid_until: 2025-06-30\n    successors: [van-phong]\n",
        "    valid_until: 2025-12-31\n",
    )]);
    assert_eq!(copy.findings(), []);
}

#[test]
fn units_that_inherit_from_one_another_are_an_error_told_once() {
    expect_finding(
        &[(
            "    contacts: [vo-hoai-nam, pham-quoc-bao]\n    valid_from: 2025-07-01\n",
            "    contacts: [vo-hoai-nam, pham-quoc-bao]\n    valid_from: 2025-07-01\n    valid_until: 2025-10-31\n    successors: [p-cong-nghiep]\n",
        )],
        "error",
        "các đơn vị kế thừa nhau thành vòng: Phòng Quản lý Công nghiệp → Phòng Công nghiệp và Năng lượng → Phòng Quản lý Công nghiệp - Năng lượng → Phòng Quản lý Công nghiệp",
        "đơn vị còn hoạt động thì bỏ valid_until, successors; đơn vị đã kết thúc thì ghi đơn vị thực sự nhận việc",
    );
}

#[test]
fn a_successor_that_was_gone_before_it_took_over_is_an_error() {
    // The inspectors, to the division that was merged four months before.
    expect_finding(
        &[("successors: [van-phong]", "successors: [p-nang-luong]")],
        "error",
        "«Phòng Quản lý Năng lượng» kết thúc hoạt động 28/02/2025 nên không thể nhận việc của «Thanh tra Sở», đơn vị kết thúc hoạt động 30/06/2025",
        "ghi đơn vị thực sự nhận việc: Phòng Công nghiệp và Năng lượng",
    );
}

#[test]
fn a_successor_that_begins_later_is_a_remark_and_the_old_unit_is_told_meanwhile() {
    let late = [("    valid_from: 2025-03-01\n", "    valid_from: 2025-04-01\n")];
    let copy = Copy::with_units(&late);
    let findings = copy.findings();
    let sentence = "«Phòng Quản lý Năng lượng» kết thúc hoạt động 28/02/2025 nhưng đến 01/04/2025 mới có đơn vị kế thừa «Phòng Công nghiệp và Năng lượng»; giữa hai ngày đó tin vẫn gửi cho người của đơn vị cũ";
    assert!(
        findings.iter().any(|(severity, message, _)| severity == "warning" && message == sentence),
        "{findings:#?}"
    );
    assert_eq!(findings.len(), 2, "one for each of the two: {findings:#?}");
    let told = copy.simulated("none");
    let days = |person: &str| told.iter().filter(|t| t.who == person).map(|t| t.on).collect::<Vec<_>>();
    assert!(days("tran-thi-mai").last() > Some(&day("2025-03-15")));
    assert!(days("pham-quoc-bao").first() >= Some(&day("2025-04-01")));
}

#[test]
fn a_group_that_names_both_the_old_unit_and_the_new_one_is_a_remark() {
    expect_finding(
        &[(
            "members: [p-cong-nghiep, p-nang-luong, p-thuong-mai]",
            "members: [p-cong-nghiep, p-cong-nghiep-nang-luong, p-thuong-mai]",
        )],
        "warning",
        "nhóm «Các phòng chuyên môn» có cả «Phòng Quản lý Công nghiệp» và đơn vị kế thừa «Phòng Công nghiệp và Năng lượng»: mỗi việc giao cho nhóm bị tính thêm một phần",
        "bỏ «Phòng Công nghiệp và Năng lượng» khỏi nhóm này; kế hoạch sau khi sắp xếp thì dùng một nhóm mới",
    );
}

#[test]
fn a_chain_that_would_be_told_along_two_ways_tells_each_person_once() {
    let folder = OfficeFolder::new(25, "  - { id: I.1, content: Rà soát, lead: [phong-a], deadline: 14/02/2023 }\n");
    folder.replace(
        "units.yaml",
        "head: an, contacts: [an] }",
        "head: an, contacts: [an], valid_until: 2023-01-31, successors: [nua-1, nua-2] }",
    );
    folder.replace(
        "units.yaml",
        "groups:",
        "  - { id: nua-1, name: Nửa một, contacts: [an], valid_until: 2023-02-03, successors: [phong-b] }
  - { id: nua-2, name: Nửa hai, contacts: [ha], valid_until: 2023-02-03, successors: [van-phong, phong-b] }
groups:",
    );
    let year = ["simulate", "--from", "2023-01-01", "--to", "2023-02-28", "--json"];
    let told = messages(&nhacviec(&folder.config(), &folder.state(), &year));
    let on = |on: &str| told.iter().filter(|t| t.on == day(on)).map(|t| t.who.as_str()).collect::<Vec<_>>();
    assert_eq!(on("2023-02-07"), ["binh", "ha"]);
}
