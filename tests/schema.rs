//! The schemas that editors read: they say what `check` says, and keep saying it.

#[path = "schema/keys.rs"]
mod keys;
mod support;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use keys::{allowed_keys, described_maps, parts_with_keys};
use nhacviec::config::{example, profile, schema::SCHEMAS};
use serde_json::{Value, json};
use support::OfficeFolder;

const FULL_OFFICE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/schema/office");

fn nhacviec(arguments: &[&str], config: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nhacviec"));
    command.args(arguments).arg("--config").arg(config).arg("--state").arg(config.with_file_name("state"));
    command.output().expect("the program runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_owned()).expect("UTF-8")
}

/// What `check` says of a folder: whether it may be used, and message and help of each finding.
fn checked(config: &Path) -> (bool, Vec<(String, String)>) {
    let output = nhacviec(&["check", "--json"], config);
    let said: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let word = |finding: &Value, key: &str| finding[key].as_str().unwrap_or_default().to_owned();
    let findings = said["findings"].as_array().expect("findings");
    let findings = findings.iter().map(|f| (word(f, "message"), word(f, "help"))).collect();
    (said["usable"] == true, findings)
}

fn schema(kind: &str) -> Value {
    let (_, schema) = SCHEMAS.into_iter().find(|(known, _)| *known == kind).expect("a kind of file");
    serde_json::from_str(schema).expect("JSON")
}

fn kind_of(path: &str) -> &str {
    match path.split_once('/') {
        None => path.trim_end_matches(".yaml"),
        Some(("plans", _)) => "plan",
        Some(("profiles", _)) => "profile",
        Some((folder, _)) => folder,
    }
}

fn yaml(text: &str) -> Value {
    serde_yaml::from_str(text).unwrap_or_else(|error| panic!("{error}:\n{text}"))
}

/// What an editor would mark in a text of that kind.
fn marks(kind: &str, text: &str) -> Vec<String> {
    let validator = jsonschema::draft7::new(&schema(kind)).expect("a schema");
    validator.iter_errors(&yaml(text)).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

/// Every file of a configuration folder that a schema speaks of, by its path there.
fn files_of(config: &Path) -> BTreeMap<String, String> {
    let folders = ["", "plans", "calendar", "profiles"].map(|folder| (folder, config.join(folder)));
    let mut files = BTreeMap::new();
    for (folder, path) in folders {
        let entries = fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path());
        for path in entries.filter(|path| path.extension().is_some_and(|e| e == "yaml")) {
            let name = path.file_name().and_then(|name| name.to_str()).expect("UTF-8");
            let name = if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
            files.insert(name, fs::read_to_string(&path).expect("readable"));
        }
    }
    files
}

fn write(config: &Path, name: &str, text: &str) {
    let path = config.join(name);
    fs::create_dir_all(path.parent().expect("a file has a folder")).expect("writable");
    fs::write(path, text).expect("writable");
}

/// The office that uses every map, with all built-in profiles as its own.
fn full_office() -> BTreeMap<String, String> {
    let mut files = files_of(Path::new(FULL_OFFICE));
    files.extend(profile::BUILT_IN.map(|(name, text)| (format!("profiles/{name}.yaml"), text.to_owned())));
    // The kind is taken over as well, but a schema sees only this file: without it, it allows the keys of every kind.
    let own = "like: igate-v2\nauth: { kind: oauth2, scope: openid }\n";
    files.insert("profiles/rieng.yaml".to_owned(), own.to_owned());
    files
}

/// Draft-07 passes over whatever else stands there. Editors show the remarks all the same, and offer more than with `allOf`.
fn only_remarks_stand_beside_references(part: &Value) -> bool {
    match part {
        Value::Object(words) => {
            let is_remark = |word: &String| ["$ref", "description", "default", "examples"].contains(&word.as_str());
            (!words.contains_key("$ref") || words.keys().all(is_remark))
                && words.values().all(only_remarks_stand_beside_references)
        }
        Value::Array(items) => items.iter().all(only_remarks_stand_beside_references),
        Value::String(_) | Value::Number(_) | Value::Bool(_) | Value::Null => true,
    }
}

#[test]
fn every_schema_is_valid_and_explains_every_key_in_vietnamese() {
    for (kind, _) in SCHEMAS {
        let schema = schema(kind);
        assert!(only_remarks_stand_beside_references(&schema), "{kind}");
        assert_eq!(schema["$schema"], "http://json-schema.org/draft-07/schema#", "{kind}");
        jsonschema::draft7::meta::validate(&schema).unwrap_or_else(|error| panic!("{kind}: {error}"));
        for part in parts_with_keys(&schema) {
            let words = schema.pointer(&part).expect("a part");
            assert_eq!(words["additionalProperties"], false, "{kind}{part}: check refuses unknown keys");
            for (key, property) in words["properties"].as_object().expect("keys") {
                let description = property["description"].as_str().unwrap_or_default();
                assert!(!description.is_ascii(), "{kind}{part} {key}: «{description}»");
            }
        }
    }
}

#[test]
fn the_first_line_of_each_example_file_names_the_schema_that_it_passes() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
    assert_eq!(files_of(&root).len(), example::FILES.len());
    for (path, text) in example::FILES {
        let first = text.lines().next().unwrap_or_default();
        let named = first.strip_prefix("# yaml-language-server: $schema=").unwrap_or_else(|| panic!("{path}: {first}"));
        let file = root.join(path).parent().expect("a folder").join(named);
        let expected = root.join(format!("schema/{}.json", kind_of(path)));
        assert_eq!(
            file.canonicalize().expect("the schema exists"),
            expected.canonicalize().expect("it exists"),
            "{path}"
        );
        assert_eq!(marks(kind_of(path), text), [""; 0], "{path}");
    }
}

#[test]
fn an_office_that_uses_every_map_passes_check_and_its_schemas() {
    let config = tempfile::tempdir().expect("a temporary folder");
    for (path, text) in full_office() {
        write(config.path(), &path, &text);
        assert_eq!(marks(kind_of(&path), &text), [""; 0], "{path}");
    }
    let (is_usable, findings) = checked(config.path());
    assert!(is_usable, "{findings:#?}");
}

#[test]
fn the_offices_of_the_other_tests_pass() {
    let folder = OfficeFolder::new(25, "  - { id: I.1, content: Báo cáo, lead: [phong-a], deadline: Tháng 3/2023 }\n");
    folder.add_source("http://127.0.0.1:1");
    for (path, text) in files_of(&folder.config()) {
        assert_eq!(marks(kind_of(&path), &text), [""; 0], "{path}");
    }
}

/// Puts a key that resembles nothing into every map and compares what `check` lists as valid with the schema.
#[test]
fn an_editor_knows_exactly_the_keys_that_check_knows() {
    let config = tempfile::tempdir().expect("a temporary folder");
    let mut expected = BTreeMap::new();
    let mut met: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (path, text) in full_office() {
        let (mut file, kind) = (yaml(&text), SCHEMAS.map(|(kind, _)| kind).into_iter().find(|k| *k == kind_of(&path)));
        let kind = kind.expect("a kind of file");
        let schema = schema(kind);
        for described in described_maps(&file.clone(), &schema) {
            let map = file.pointer_mut(&described.place).and_then(Value::as_object_mut).expect("a map");
            let keys = allowed_keys(map, schema.pointer(&described.part).expect("a part"));
            let unknown = format!("zzzzqqqq{}", expected.len());
            map.insert(unknown.clone(), json!("zzzzqqqq"));
            met.entry(kind).or_default().insert(described.part.clone());
            expected.insert(unknown, (format!("{path}{} by {kind}{}", described.place, described.part), keys));
        }
        // JSON is YAML.
        write(config.path(), &path, &file.to_string());
    }
    for (kind, _) in SCHEMAS {
        let unmet: Vec<_> = parts_with_keys(&schema(kind)).difference(&met[kind]).cloned().collect();
        assert!(unmet.is_empty(), "add to tests/schema/office what these parts of {kind} speak of: {unmet:?}");
    }

    let (_, findings) = checked(config.path());
    for (unknown, (place, keys)) in expected {
        let found = findings.iter().find(|(message, _)| message.ends_with(&format!("«{unknown}»")));
        let (_, help) = found.unwrap_or_else(|| panic!("check does not refuse an unknown key in {place}"));
        let listed = help.strip_prefix("các mục hợp lệ: ").or_else(|| help.strip_prefix("các cột: "));
        let listed = listed.unwrap_or_else(|| panic!("{place}: {help}"));
        let listed: BTreeSet<String> = listed.split(", ").map(str::to_owned).collect();
        assert_eq!(keys, listed, "left the schema, right check: {place}");
    }
}

/// A file of the example office, what stands there, and what somebody writes instead.
type Edit = (&'static str, &'static str, &'static str);

fn edited((path, from, to): Edit) -> (bool, Vec<String>) {
    let config = tempfile::tempdir().expect("a temporary folder");
    example::write_to(config.path()).expect("writable");
    let old = fs::read_to_string(config.path().join(path)).expect("the file exists");
    assert!(old.contains(from), "{path} does not contain {from}");
    let new = old.replacen(from, to, 1);
    fs::write(config.path().join(path), &new).expect("writable");
    (checked(config.path()).0, marks(kind_of(path), &new))
}

#[test]
fn an_editor_marks_the_usual_mistakes_and_check_refuses_them() {
    const PLAN: &str = "plans/kstthc-2023.yaml";
    const YEAR: &str = "calendar/2026.yaml";
    let mistakes: [Edit; 34] = [
        ("nhacviec.yaml", "digest_at:", "digest_att:"),
        ("nhacviec.yaml", "  time_zone: Asia/Ho_Chi_Minh\n", ""),
        ("nhacviec.yaml", "[mon, tue, wed, thu, fri]", "[mon, thứ ba]"),
        ("nhacviec.yaml", "[mon, tue, wed, thu, fri]", "mon"),
        ("nhacviec.yaml", "spread_minutes: 5", "spread_minutes: 121"),
        ("nhacviec.yaml", "spread_minutes: 5", "spread_minutes: năm phút"),
        ("nhacviec.yaml", "\"11:30-13:30\"", "\"11h30-13h30\""),
        ("nhacviec.yaml", "from: 16/04", "from: 16-04"),
        ("nhacviec.yaml", "maildir: thu-di", "# maildir: thu-di"),
        ("nhacviec.yaml", "maildir: thu-di", "smtp: { host: mail.sct.example, port: 25, security: plaintext }"),
        ("nhacviec.yaml", "maildir: thu-di", "smtp: { host: mail.sct.example, port: 465, security: ssl }"),
        ("nhacviec.yaml", "maildir: thu-di", "smtp: { host: mail.sct.example, port: 465, security: tls, user: a }"),
        ("nhacviec.yaml", "password_file: mot-cua-password", "password_file: secrets/mot-cua-password"),
        ("nhacviec.yaml", "url: https://motcua.example", "url: motcua.example"),
        ("nhacviec.yaml", "    profile: opencps-v2", "    profile: opencps-v2\n    folder: ho-so"),
        ("nhacviec.yaml", "    profile: opencps-v2", "    profile: opencps-v2\n    lists_all_open: true"),
        ("nhacviec.yaml", "{ field: \"Điện\", unit: p-nang-luong }", "{ unit: p-nang-luong }"),
        ("nhacviec.yaml", "coordinating: { before: [5] }", "coordinating: { before: [5], repeat_at_most: 3 }"),
        ("nhacviec.yaml", "- { days: 1, text:", "- { days: 1, to: leader, text:"),
        ("units.yaml", "units:", "unit:"),
        ("units.yaml", "id: van-phong\n", "id:\n"),
        ("units.yaml", "mailbox: vanphong@sct.example", "mailbox: vanphong"),
        ("units.yaml", "email: ha.lt@sct.example", "email: ha.lt@sct.example, channels: [zalo]"),
        ("units.yaml", "mailbox: vanphong@sct.example", "successors: [Thanh tra Sở]"),
        (PLAN, "  year: 2023", "  year: 23"),
        (PLAN, "at_least: 100, text: \"TTHC khi", "text: \"TTHC khi"),
        (PLAN, "metric: on-time", "metric: ontime"),
        (PLAN, "    deadline: \"Trước ngày 15/01/2023\"\n", ""),
        (PLAN, "\"Trước ngày 15/01/2023\"", "{ due: 2023-01-14, every: month }"),
        (PLAN, "\"Trước ngày 15/01/2023\"", "{ due: 2023-01-14, weekday: mon }"),
        (PLAN, "\"Trước ngày 15/01/2023\"", "{ kind: on_event, at: \"17:00\" }"),
        (YEAR, "status: official", "status: oficial"),
        (YEAR, NOTICES, ""),
        ("holidays.yaml", "date: 01/01", "date: 01/01, lunar: tet"),
    ];
    for mistake in mistakes {
        let (is_usable, marks) = edited(mistake);
        assert!(!is_usable, "check accepts {mistake:?}");
        assert!(!marks.is_empty(), "the schema accepts {mistake:?}");
    }
}

const NOTICES: &str = "notices:
  - \"BLLĐ Đ111.3, Đ112\"
  - \"CV 12729/VPCP-KGVX (25/12/2025)\"
  - \"TB 9441/TB-BNV (16/10/2025)\"
  - \"CV 3383/BNV-CVL (không hoán đổi dịp 30/4)\"
  - \"NQ 28/2026/QH16 (24/11)\"
";

#[test]
fn an_editor_forgives_what_check_forgives() {
    const PLAN: &str = "plans/kstthc-2023.yaml";
    let habits: [Edit; 20] = [
        ("nhacviec.yaml", "digest_at: \"07:30\"", "digest_at: 7:30"),
        ("nhacviec.yaml", "until: \"17:00\", pause", "until: \"24:00\", pause"),
        ("nhacviec.yaml", "[mon, tue, wed, thu, fri]", "[Mon, Tuesday, wed, thu, fri]"),
        ("nhacviec.yaml", "spread_minutes: 5", "spread_minutes: \"5\""),
        ("nhacviec.yaml", "header: [\"UBND TỈNH BẮC GIANG\", \"SỞ CÔNG THƯƠNG\"]", "header: SỞ CÔNG THƯƠNG"),
        ("nhacviec.yaml", "maildir: thu-di", "smtp: { host: 127.0.0.1, port: \"25\", security: plaintext }"),
        ("nhacviec.yaml", "{ group_id: 35166 }", "{ group_id: \"35166\" }"),
        ("nhacviec.yaml", "agency: SCT", "agency: SCT\n      keyword:\n      online: true"),
        ("nhacviec.yaml", "followed_by: [van-phong]", "followed_by: Văn phòng Sở"),
        ("nhacviec.yaml", "followed_by: [van-phong]", "followed_by:"),
        ("nhacviec.yaml", "coordinating: { before: [5] }", "coordinating: { before: 5, after: [] }"),
        ("nhacviec.yaml", "    advice:\n      - {", "    advice:\n      {"),
        ("nhacviec.yaml", "    poll_every_minutes: 15", "    applicant_names: \"true\""),
        ("units.yaml", "aliases: [Văn phòng]", "aliases: 2026"),
        ("units.yaml", "mailbox: vanphong@sct.example", "successors: []"),
        ("units.yaml", "email: ha.lt@sct.example", "email: ha.lt@sct.example, phone: 0912345678, channels: email"),
        (PLAN, "  year: 2023", "  year: 2023 - 2024"),
        (PLAN, "lead: [Văn phòng Sở]\n", "lead: Văn phòng Sở\n"),
        (PLAN, "\"Trước ngày 15/01/2023\"", "{ every: 2 weeks, weekday: [Tue, Thu], at: 9:30 }"),
        ("holidays.yaml", "holidays:", "closures:\nholidays:"),
    ];
    for habit in habits {
        let (is_usable, marks) = edited(habit);
        assert!(is_usable, "check refuses {habit:?}");
        assert_eq!(marks, [""; 0], "{habit:?}");
    }
}

#[test]
fn a_profile_of_ones_own_may_leave_out_what_it_takes_over_and_no_more() {
    let own =
        "title: Riêng\nauth: { kind: none }\npaging: { kind: single }\nanswer: { rows: / }\nfields: { code: /ma }\n";
    assert_eq!(marks("profile", own), [""; 0]);
    for taken_over in ["title: Riêng\n", "rows: / ", "kind: single ", "code: /ma ", "kind: none "] {
        let short = own.replace(taken_over, "");
        assert_eq!(marks("profile", &format!("like: opencps-v2\n{short}")), [""; 0], "{short}");
        assert!(!marks("profile", &short).is_empty(), "{short}");
    }
    let wrong = ["kind: kerberos", "kind: header", "kind: session", "kind: basic, token: /a", "kind: basic, scope: a"];
    for auth in wrong {
        assert!(!marks("profile", &own.replace("kind: none", auth)).is_empty(), "{auth}");
    }
    for code in ["ma", "//", "{ at: ma }", "{ at: /ma, regx: a }"] {
        assert!(!marks("profile", &own.replace("/ma", code)).is_empty(), "{code}");
    }
}

#[test]
fn drafts_and_copies_name_the_schema_of_the_folder_they_are_for() {
    let folder = OfficeFolder::new(25, "");
    let file = folder.root.path().join("ke-hoach.txt");
    let table = "KẾ HOẠCH NĂM 2023\nTT\tNội dung\tChủ trì\tThời hạn\n1\tTổng kết\tPhòng A\tTháng 6/2023\n";
    fs::write(&file, table).expect("writable");
    let draft = text(&nhacviec(&["import", "plan", file.to_str().expect("UTF-8")], &folder.config()).stdout);
    assert!(draft.starts_with("# yaml-language-server: $schema=../schema/plan.json\n"), "{draft}");
    assert_eq!(marks("plan", &draft), [""; 0], "{draft}");
    for (name, built_in) in profile::BUILT_IN {
        let copy = text(&nhacviec(&["source", "show-profile", name], &folder.config()).stdout);
        assert!(copy.starts_with("# yaml-language-server: $schema=../schema/profile.json\n"), "{copy}");
        assert!(
            copy.ends_with(built_in) && marks("profile", &copy).is_empty(),
            "{name}: {:?}",
            marks("profile", &copy)
        );
    }
    let notice = nhacviec(&["calendar", "next-notice"], &folder.config());
    let is_due = notice.status.code() == Some(1);
    assert_eq!(is_due, text(&notice.stdout).starts_with("# yaml-language-server: $schema=../schema/calendar.json\n"));
}

#[test]
fn the_command_lists_prints_and_writes_the_schemas_and_knows_no_other_kind() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let run = |arguments: &[&str]| nhacviec(&[&["schema"], arguments].concat(), &folder.path().join("khong-co"));
    let list = text(&run(&[]).stdout);
    let kinds: Vec<_> = list.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(kinds, SCHEMAS.map(|(kind, _)| kind));
    assert!(list.contains("plans/*.yaml: kế hoạch"), "{list}");
    for (kind, schema) in SCHEMAS {
        assert_eq!(text(&run(&[kind]).stdout), schema);
    }
    let wrong = run(&["plans"]);
    let said = text(&wrong.stderr);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(said.contains("«plans»") && said.contains("nhacviec, units, plan, calendar, holidays, profile"), "{said}");

    let out: PathBuf = folder.path().join("moi/schema");
    write(&out, "plan.json", "bản cũ");
    let written = run(&["--out", out.to_str().expect("UTF-8")]);
    assert_eq!(written.status.code(), Some(0));
    for (kind, schema) in SCHEMAS {
        assert_eq!(fs::read_to_string(out.join(format!("{kind}.json"))).expect("written"), schema);
    }
    let refused = run(&["--out", out.join("plan.json").to_str().expect("UTF-8")]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("không ghi được lược đồ"), "{}", text(&refused.stderr));
}

#[test]
fn the_daemon_takes_no_notice_of_the_schemas() {
    let folder = OfficeFolder::new(25, "  - { id: I.1, content: Báo cáo, lead: [phong-a], deadline: Tháng 3/2023 }\n");
    let out = folder.config().join("schema");
    assert!(nhacviec(&["schema", "--out", out.to_str().expect("UTF-8")], &folder.config()).status.success());
    let (is_usable, findings) = checked(&folder.config());
    assert!(is_usable && findings.iter().all(|(message, _)| !message.contains("schema")), "{findings:?}");
    assert!(nhacviec(&["run", "--once"], &folder.config()).status.success());
    let kept = folder.state().join("last-good-config");
    assert!(kept.join("plans/kh.yaml").exists() && !kept.join("schema").exists());
}
