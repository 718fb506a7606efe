//! Setting up an office by commands: `init`, `unit add`, `person add`, `address set`, as an administrator types them.

use std::{
    fs,
    io::{Read as _, Write as _},
    os::unix::fs::PermissionsExt as _,
    path::PathBuf,
    process::{Command, Output, Stdio},
};

use chrono::Datelike as _;
use nhacviec::clock::{Clock as _, SystemClock};

/// A machine on which nothing is set up.
struct Machine(tempfile::TempDir);

impl Machine {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    /// A machine with a new office.
    fn with_office() -> Self {
        let machine = Self::new();
        let output = machine.nhacviec(&[&["init", "--yes"][..], &OFFICE].concat());
        assert!(output.status.success(), "{}", err(&output));
        machine
    }

    fn path(&self, file: &str) -> PathBuf {
        self.0.path().join("config").join(file)
    }

    fn text(&self, file: &str) -> String {
        fs::read_to_string(self.path(file)).expect("readable")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_nhacviec"));
        command.args(arguments).arg("--config").arg(self.path("")).arg("--state").arg(self.0.path().join("state"));
        command
    }

    fn nhacviec(&self, arguments: &[&str]) -> Output {
        self.command(arguments).stdin(Stdio::null()).output().expect("runs")
    }

    /// Types the answers, a line each.
    fn answer(&self, arguments: &[&str], answers: &str) -> Output {
        let mut command = self.command(arguments);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("runs");
        child.stdin.take().expect("piped").write_all(answers.as_bytes()).expect("it reads");
        child.wait_with_output().expect("ends")
    }

    fn units(&self) -> serde_json::Value {
        let check = self.nhacviec(&["check", "--json"]);
        serde_json::from_slice(&check.stdout).expect("JSON")
    }
}

const OFFICE: [&str; 6] = [
    "--office",
    "Sở Nội vụ tỉnh Hà Xuyên",
    "--administrator",
    "Trần Bình",
    "--administrator-email",
    "binh@snv.example",
];

/// The year in Vietnam.
fn this_year() -> i32 {
    SystemClock.now().with_timezone(&chrono_tz::Asia::Ho_Chi_Minh).year()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("UTF-8")
}

#[test]
fn a_handful_of_answers_make_a_valid_office_that_has_something_to_remind_of() {
    let machine = Machine::new();
    // Two questions are answered wrongly first; empty lines take what is usual.
    let answers = "Sở Nội vụ tỉnh Hà Xuyên\nUBND tỉnh Hà Xuyên\n\nTrần \"Bình\"\nbinh\nbinh@snv.example\n\nhttp://mail\nmail.snv.example\n465\nnhacviec\nmat-khau-that\n";
    let output = machine.answer(&["init"], answers);
    assert!(output.status.success(), "{}", err(&output));
    let asked = err(&output);
    for said in [
        "Tên cơ quan: ",
        "[Văn phòng]",
        "[nhacviec@snv.example]",
        "cần một địa chỉ thư điện tử, ví dụ an@coquan.vn",
        "không ghi http://",
    ] {
        assert!(asked.contains(said), "{said} is not in\n{asked}");
    }
    assert!(!asked.contains("mat-khau-that") && !out(&output).contains("mat-khau-that"));
    assert!(out(&output).contains("Việc tiếp theo:"), "{}", out(&output));
    // In January the notice of the year may be missing in what we ship.
    let calendar = format!("calendar/{}.yaml", this_year());
    let is_shipped = machine.path(&calendar).exists();
    let found = machine.units()["findings"].as_array().cloned().expect("a list");
    let is_remark = |f: &serde_json::Value| is_shipped || !f["help"].to_string().contains(&calendar);
    assert_eq!(found.into_iter().filter(is_remark).collect::<Vec<_>>(), Vec::<serde_json::Value>::new(), "no remark");
    let root = machine.text("nhacviec.yaml");
    for line in [
        "  name: \"Sở Nội vụ tỉnh Hà Xuyên\"",
        "  header: [\"UBND TỈNH HÀ XUYÊN\", \"SỞ NỘI VỤ TỈNH HÀ XUYÊN\"]",
        "    host: \"mail.snv.example\"",
        "    port: 465",
        "    security: tls",
        "    password_file: mail-password",
    ] {
        assert!(root.lines().any(|l| l == line), "{line} is not in\n{root}");
    }
    assert!(!root.contains("mat-khau-that"));
    assert!(machine.text("units.yaml").contains("name: \"Trần \\\"Bình\\\"\""), "{}", machine.text("units.yaml"));
    let secret = fs::metadata(machine.path("secrets/mail-password")).expect("written");
    assert_eq!(
        (machine.text("secrets/mail-password").as_str(), secret.permissions().mode() & 0o777),
        ("mat-khau-that", 0o600)
    );
    let mode = |file: &str| fs::metadata(machine.path(file)).expect("made").permissions().mode() & 0o777;
    assert_eq!(
        [mode("secrets"), mode(""), mode("plans")],
        [0o700, 0o755, 0o755],
        "the service reads all but the secrets"
    );
    let tasks = out(&machine.nhacviec(&["tasks"]));
    assert!(tasks.contains("Rà soát danh sách đơn vị") && tasks.contains("nhắc từ"), "{tasks}");
}

#[test]
fn the_same_by_options_asks_nothing_and_says_what_is_missing() {
    let machine = Machine::new();
    let output = machine.nhacviec(&["init", "--yes", "--office", "Sở Nội vụ"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).contains("còn thiếu: --administrator, --administrator-email"), "{}", err(&output));
    let wrong =
        machine.nhacviec(&["init", "--yes", "--office", "Sở", "--administrator", "A", "--administrator-email", "a b"]);
    assert!(err(&wrong).contains("--administrator-email «a b»: cần một địa chỉ thư điện tử"), "{}", err(&wrong));
    let left = machine.answer(&["init"], "Sở Nội vụ\n");
    assert!(
        err(&left).contains("chưa trả lời: Đơn vị theo dõi") || err(&left).contains("chưa trả lời: Họ tên"),
        "{}",
        err(&left)
    );
    assert!(!machine.path("nhacviec.yaml").exists(), "nothing is written half");
    let machine = Machine::with_office();
    assert!(machine.text("nhacviec.yaml").contains("maildir: thu-di"), "to try without a mail server");
    let run = machine.nhacviec(&["run", "--once"]);
    assert!(run.status.success(), "{}", err(&run));
}

#[test]
fn a_configuration_that_exists_is_never_overwritten() {
    let machine = Machine::with_office();
    let before = machine.text("units.yaml");
    let again = machine.nhacviec(&[&["init", "--yes"][..], &OFFICE].concat());
    assert_eq!(again.status.code(), Some(1));
    assert!(err(&again).contains("đã có cấu hình (nhacviec.yaml)"), "{}", err(&again));
    assert_eq!(machine.text("units.yaml"), before);
}

#[test]
fn people_units_and_addresses_are_added_and_every_comment_stays() {
    let machine = Machine::with_office();
    let before = machine.text("units.yaml");
    let does = |arguments: &[&str]| {
        let output = machine.nhacviec(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", err(&output));
        out(&output)
    };
    let said =
        does(&["person", "add", "le-an", "--name", "Lê An", "--title", "Trưởng phòng", "--email", "an@snv.example"]);
    assert!(said.contains("- { id: le-an, name: Lê An, title: Trưởng phòng, email: an@snv.example }"), "{said}");
    does(&["unit", "add", "p-tc", "--name", "Phòng Tổ chức - Cán bộ", "--alias", "Phòng TCCB", "--head", "le-an"]);
    does(&["person", "add", "ngo-tu", "--name", "Ngô #Tú: \"phó\"", "--phone", "0912345678", "--unit", "p-tc"]);
    does(&["address", "set", "ngo-tu", "--email", "tu@snv.example", "--zalo-chat", "8f2c"]);
    does(&["address", "set", "p-tc", "--mailbox", "tccb@snv.example"]);
    does(&["address", "set", "le-an", "--email", "le.an@snv.example"]);
    does(&["address", "set", "ngo-tu", "--phone", ""]);
    let after = machine.text("units.yaml");
    for line in [
        "  - id: p-tc\n    name: Phòng Tổ chức - Cán bộ\n    aliases: [Phòng TCCB]\n    head: le-an\n    contacts: [le-an, ngo-tu]\n    mailbox: tccb@snv.example\n",
        "  - { id: le-an, name: Lê An, title: Trưởng phòng, email: le.an@snv.example }\n",
        "  - { id: ngo-tu, name: \"Ngô #Tú: \\\"phó\\\"\", email: tu@snv.example, zalo_chat: \"8f2c\" }\n",
    ] {
        assert!(after.contains(line), "{line} is not in\n{after}");
    }
    let kept: Vec<&str> = after.lines().filter(|line| before.lines().any(|old| old == *line)).collect();
    assert_eq!(kept, before.lines().collect::<Vec<_>>(), "every old line is there, in its order");
    assert_eq!(machine.units()["usable"], true);
    let tests = out(&machine.nhacviec(&["test-send", "ngo-tu"]));
    assert!(tests.contains("tu@snv.example"), "{tests}");
}

#[test]
fn all_that_was_written_is_shown_also_lines_that_another_unit_has() {
    let machine = Machine::with_office();
    let add = |id, name| {
        let output =
            machine.nhacviec(&["unit", "add", id, "--name", name, "--head", "quan-tri", "--overseen-by", "quan-tri"]);
        assert!(output.status.success(), "{}", err(&output));
        out(&output)
    };
    add("p-tc", "Phòng Tổ chức");
    let said = add("p-vt", "Phòng Văn thư");
    let shown = "  - id: p-vt\n    name: Phòng Văn thư\n    head: quan-tri\n    overseen_by: quan-tri\n    contacts: [quan-tri]\n";
    assert!(said.contains(shown), "{said}");
}

#[test]
fn the_layout_that_people_write_by_hand_is_kept_too() {
    let machine = Machine::with_office();
    let by_hand = "# đầu tệp\nunits:\n# cột một\n- id: van-phong # cuối dòng\n  name: 'Văn phòng'\n  head: quan-tri\n  overseen_by: quan-tri\n  contacts:\n    - quan-tri # người gửi\n    # sau cùng\n\n# người\npeople:\n- id: quan-tri\n  name: Trần Bình   # tên\n  email: binh@snv.example\npositions: { chanh-van-phong: quan-tri, pho-giam-doc: quan-tri, giam-doc: quan-tri } # chức vụ";
    fs::write(machine.path("units.yaml"), by_hand).expect("writable");
    fs::set_permissions(machine.path("units.yaml"), fs::Permissions::from_mode(0o640)).expect("ours");
    let mut reader = fs::File::open(machine.path("units.yaml")).expect("there");
    for arguments in [
        &["person", "add", "an", "--name", "An", "--email", "an@snv.example", "--unit", "van-phong", "--head"][..],
        &["address", "set", "quan-tri", "--email", "tran.binh@snv.example"],
        &["unit", "add", "p-a", "--name", "Phòng A", "--contact", "an"],
    ] {
        let output = machine.nhacviec(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", err(&output));
    }
    let after = machine.text("units.yaml");
    for comment in
        ["# đầu tệp", "# cột một", "# cuối dòng", "# người gửi", "# sau cùng", "# người\n", "# tên", "# chức vụ"]
    {
        assert!(after.contains(comment), "{comment} is not in\n{after}");
    }
    assert!(
        after.contains("- an\n") && after.contains("head: an") && after.contains("tran.binh@snv.example"),
        "{after}"
    );
    let metadata = fs::metadata(machine.path("units.yaml")).expect("there");
    assert_eq!(metadata.permissions().mode() & 0o777, 0o640, "who may read it stays");
    let mut seen = String::new();
    reader.read_to_string(&mut seen).expect("readable");
    assert_eq!(seen, by_hand, "replaced at once: whoever was reading sees the old file whole");
    assert_eq!(machine.units()["usable"], true, "{after}");
}

#[test]
fn an_edit_that_would_break_the_file_changes_nothing_and_says_why() {
    let machine = Machine::with_office();
    let before = machine.text("units.yaml");
    for (arguments, code, said) in [
        (&["person", "add", "quan-tri", "--name", "X"][..], 78, "mã người «quan-tri» bị dùng hai lần"),
        (&["person", "add", "an", "--name", "An", "--email", "an(at)so"], 78, "không phải một địa chỉ thư điện tử"),
        (&["person", "add", "an", "--name", "An", "--phone", "123"], 78, "không phải một số điện thoại di động"),
        (&["person", "add", "an", "--name", "An", "--unit", "p-la"], 1, "không có mã «p-la»"),
        (&["unit", "add", "p-a", "--name", "Văn phòng"], 78, "tên «Văn phòng» dùng cho hai đơn vị khác nhau"),
        (&["unit", "add", "p-a", "--name", "A", "--head", "quan-trị"], 78, "ý bạn là «quan-tri»?"),
        (&["unit", "add", "Phòng A", "--name", "A"], 1, "mã «Phòng A» không dùng được"),
        (&["address", "set", "ai-do", "--email", "a@b.vn"], 1, "không có mã «ai-do»"),
        (&["address", "set", "quan-tri"], 2, "--email"),
    ] {
        let output = machine.nhacviec(arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", err(&output));
        assert!(err(&output).contains(said), "{said} is not in\n{}", err(&output));
        assert_eq!(machine.text("units.yaml"), before, "{arguments:?}");
    }
    fs::write(machine.path("units.yaml"), "units: [\n").expect("writable");
    let broken = machine.nhacviec(&["person", "add", "an", "--name", "An"]);
    assert_eq!((broken.status.code(), machine.text("units.yaml").as_str()), (Some(78), "units: [\n"));
    assert!(err(&broken).contains("units.yaml:"), "{}", err(&broken));
}

#[test]
fn a_list_in_an_unusual_layout_is_left_to_a_person() {
    let machine = Machine::with_office();
    let text = "people: &p\n  - { id: quan-tri, name: Bình, email: b@snv.example }\nunits:\n  - { id: vp, name: Văn phòng, contacts: [quan-tri] }\n";
    let anchored = text.replace("contacts: [quan-tri]", "contacts: &c [quan-tri], aliases: []") + "groups: []\n";
    fs::write(machine.path("units.yaml"), &anchored).expect("writable");
    let output =
        machine.nhacviec(&["person", "add", "an", "--name", "An", "--email", "an@snv.example", "--unit", "vp"]);
    let after = machine.text("units.yaml");
    // Either it is done well, or not at all.
    if output.status.success() {
        assert!(after.contains("&c") && after.contains("&p") && after.contains("[quan-tri, an]"), "{after}");
    } else {
        assert_eq!(after, anchored);
        assert!(err(&output).contains("sửa bằng tay"), "{}", err(&output));
    }
}

#[test]
fn of_many_edits_at_once_none_is_lost() {
    let machine = Machine::with_office();
    let names: Vec<String> = (0..12).map(|n| format!("nguoi-{n}")).collect();
    let children: Vec<_> = names
        .iter()
        .map(|id| {
            let mut command =
                machine.command(&["person", "add", id, "--name", "Người", "--email", &format!("{id}@snv.example")]);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("runs")
        })
        .collect();
    for child in children {
        let output = child.wait_with_output().expect("ends");
        assert!(output.status.success(), "{}", err(&output));
    }
    let units = machine.text("units.yaml");
    assert!(names.iter().all(|id| units.contains(&format!("id: {id},"))), "{units}");
    let left: Vec<_> =
        fs::read_dir(machine.path("")).expect("there").map(|e| e.expect("readable").file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().starts_with('.')), "nothing is left behind: {left:?}");
}

#[test]
fn a_file_that_is_a_link_stays_one_and_the_real_one_is_changed() {
    let machine = Machine::with_office();
    let real = machine.0.path().join("that.yaml");
    fs::rename(machine.path("units.yaml"), &real).expect("ours");
    std::os::unix::fs::symlink(&real, machine.path("units.yaml")).expect("ours");
    let output = machine.nhacviec(&["person", "add", "an", "--name", "An", "--email", "an@snv.example"]);
    assert!(output.status.success(), "{}", err(&output));
    assert!(fs::symlink_metadata(machine.path("units.yaml")).expect("there").is_symlink());
    assert!(fs::read_to_string(real).expect("readable").contains("id: an,"));
}

#[test]
fn an_office_is_set_up_whole_or_not_at_all() {
    let machine = Machine::new();
    fs::create_dir_all(machine.path("calendar")).expect("ours");
    fs::write(machine.path("calendar/2026.yaml"), "# của tôi\n").expect("ours");
    fs::create_dir_all(machine.path("plans")).expect("ours");
    let plan = format!("plans/nhac-viec-{}.yaml", this_year());
    fs::write(machine.path(&plan), "# của tôi\n").expect("ours");
    let arguments = [&["init", "--yes"][..], &OFFICE].concat();
    let output = machine.nhacviec(&arguments);
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).contains(&format!("đã có {}", machine.path(&plan).display())), "{}", err(&output));
    assert!(!machine.path("units.yaml").exists() && !machine.path("holidays.yaml").exists(), "nothing is written");
    fs::remove_file(machine.path(&plan)).expect("ours");
    fs::write(machine.path("calendar/2026.yaml"), nhacviec::config::example::FILES[8].1).expect("ours");
    assert!(machine.nhacviec(&arguments).status.success(), "a calendar that is there is kept");
}

#[test]
fn any_name_of_an_office_gives_a_valid_sender() {
    for name in ["UBND xã A, huyện B", "Sở Y tế (mới): phòng \"1\"; a@b <c> [d] \\"] {
        let machine = Machine::new();
        let rest = ["--administrator", "Trần Bình", "--administrator-email", "binh@snv.example"];
        let output = machine.nhacviec(&[&["init", "--yes", "--office", name][..], &rest].concat());
        assert!(output.status.success(), "{name}: {}", err(&output));
    }
    let machine = Machine::new();
    let wrong = machine.nhacviec(&[&["init", "--yes", "--smtp-host", "mail.x:25"][..], &OFFICE].concat());
    assert!(err(&wrong).contains("không ghi cổng") && !machine.path("nhacviec.yaml").exists(), "{}", err(&wrong));
}
