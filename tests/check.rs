//! One file for each mistake under `tests/check`: what is changed in a valid office, and what `nhacviec check` then says,
//! to the letter. After a wanted change of texts: `UPDATE=1 cargo test --test check`, and read the difference.

use std::{
    fmt::Write as _,
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

/// Where the office is, as the files of this folder write it.
const FOLDER: &str = "CẤU HÌNH";

/// A valid office in a folder of its own.
struct Office(tempfile::TempDir);

impl Office {
    fn new() -> Self {
        let office = Self(tempfile::tempdir().expect("a temporary folder"));
        let examples = Path::new(env!("CARGO_MANIFEST_DIR"));
        for file in ["nhacviec.yaml", "units.yaml", "plans/kh.yaml"] {
            office.write(file, &fs::read(examples.join("tests/check/office").join(file)).expect("readable"));
        }
        for file in ["calendar/2023.yaml", "holidays.yaml"] {
            office.write(file, &fs::read(examples.join("config").join(file)).expect("readable"));
        }
        for secret in ["mat-khau-thu", "mat-khau-mot-cua"] {
            office.write(&format!("secrets/{secret}"), b"bi-mat");
            office.set_mode(&format!("secrets/{secret}"), 0o600);
        }
        office
    }

    fn path(&self, file: &str) -> PathBuf {
        self.0.path().join("config").join(file)
    }

    fn write(&self, file: &str, bytes: &[u8]) {
        let path = self.path(file);
        fs::create_dir_all(path.parent().expect("a file has a folder")).expect("writable");
        fs::write(path, bytes).expect("writable");
    }

    fn set_mode(&self, file: &str, mode: u32) {
        fs::set_permissions(self.path(file), fs::Permissions::from_mode(mode)).expect("ours");
    }

    /// Carries out one instruction of a fixture: `edit`, `write`, `remove`, `mode`, `bytes`, `repeat`.
    fn change(&self, instruction: &str, block: &[&str]) {
        let words: Vec<&str> = instruction.split_whitespace().collect();
        let with = |mark: &str| -> String {
            let lines = block
                .iter()
                .filter_map(|line| line.strip_prefix(mark))
                .map(|line| line.strip_prefix(' ').unwrap_or(line));
            lines.collect::<Vec<_>>().join("\n")
        };
        match words.as_slice() {
            ["edit", file] => {
                let (old, from) = (fs::read_to_string(self.path(file)).expect("the file exists"), with("-"));
                assert!(old.contains(&from), "{file} does not contain {from}");
                self.write(file, old.replacen(&from, &with("+"), 1).as_bytes());
            }
            ["append", file] => {
                let old = fs::read_to_string(self.path(file)).expect("the file exists");
                self.write(file, (old + &with("+") + "\n").as_bytes());
            }
            ["write", file] => self.write(file, (with("+") + "\n").as_bytes()),
            ["repeat", file, times] => {
                let text = with("+");
                let numbered =
                    (0..times.parse().expect("a number")).map(|n: u32| text.replace("{n}", &n.to_string()) + "\n");
                let old = fs::read_to_string(self.path(file)).unwrap_or_default();
                self.write(file, (old + &numbered.collect::<String>()).as_bytes());
            }
            ["hex", file] => {
                let bytes = with("+")
                    .split_whitespace()
                    .map(|b| u8::from_str_radix(b, 16).expect("hexadecimal"))
                    .collect::<Vec<_>>();
                self.write(file, &bytes);
            }
            // Sparse: nothing of it is read.
            ["size", file, megabytes] => {
                let file = fs::File::create(self.path(file)).expect("writable");
                file.set_len(megabytes.parse::<u64>().expect("a number") << 20).expect("possible");
            }
            ["remove", file] => fs::remove_file(self.path(file)).expect("the file exists"),
            ["mode", file, mode] => self.set_mode(file, u32::from_str_radix(mode, 8).expect("octal")),
            _ => panic!("what is «{instruction}»?"),
        }
    }

    /// The exit code and everything that was said.
    fn check(&self, arguments: &[&str]) -> (i32, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_nhacviec"));
        command
            .arg("check")
            .args(arguments)
            .arg("--config")
            .arg(self.path(""))
            .arg("--state")
            .arg(self.0.path().join("state"));
        let output = command.output().expect("runs");
        let said = [output.stderr, output.stdout].concat();
        let said = String::from_utf8(said)
            .expect("UTF-8")
            .replace(&self.path("").display().to_string(), &format!("{FOLDER}/"));
        (output.status.code().expect("not killed"), said)
    }
}

/// What a fixture does and what is said then.
struct Fixture {
    path: PathBuf,
    given: String,
    expected: String,
}

fn fixtures() -> Vec<Fixture> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/check");
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder).expect("the folder exists").map(|entry| entry.expect("readable").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|e| e == "txt"));
    paths.sort();
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).expect("UTF-8");
        let (given, expected) = text.split_once("=====\n").unwrap_or((text.as_str(), ""));
        Fixture { given: given.to_owned(), expected: expected.to_owned(), path }
    };
    paths.into_iter().map(read).collect()
}

/// The office with everything that the fixture asks for.
fn office_of(fixture: &Fixture) -> Office {
    let office = Office::new();
    let lines: Vec<&str> = fixture.given.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).collect();
    let is_block = |line: &&str| line.starts_with(['-', '+']);
    for (at, line) in lines.iter().enumerate().filter(|(_, line)| !is_block(line)) {
        let block: Vec<&str> = lines[at + 1..].iter().copied().take_while(is_block).collect();
        office.change(line, &block);
    }
    office
}

#[test]
fn every_mistake_is_said_with_its_place_its_line_and_what_to_do() {
    let (fixtures, mut wrong) = (fixtures(), String::new());
    assert!(fixtures.len() >= 60, "only {} fixtures were found", fixtures.len());
    for fixture in &fixtures {
        let (code, said) = office_of(fixture).check(&[]);
        let said = format!("{code}\n{said}");
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&fixture.path, format!("{}=====\n{said}", fixture.given)).expect("writable");
        } else if said != fixture.expected {
            let _ = writeln!(wrong, "--- {}\nexpected:\n{}\nsaid:\n{said}", fixture.path.display(), fixture.expected);
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn the_office_that_the_mistakes_are_made_in_is_without_one() {
    let (code, said) = Office::new().check(&[]);
    assert_eq!(code, 0, "{said}");
    assert_eq!(said.matches("lưu ý:").count(), 1, "only that 2023 is over:\n{said}");
    assert!(said.contains("đã hết năm 2023"), "{said}");
}

#[test]
fn every_finding_in_json_is_the_one_that_people_read() {
    for fixture in fixtures() {
        let office = office_of(&fixture);
        let ((code, said), (same_code, json)) = (office.check(&[]), office.check(&["--json"]));
        let json: serde_json::Value = serde_json::from_str(&json).expect("JSON and nothing else");
        assert_eq!((code, json["usable"] == true), (same_code, code == 0), "{}", fixture.path.display());
        for finding in json["findings"].as_array().expect("a list") {
            let text = |key: &str| finding[key].as_str().unwrap_or_default().to_owned();
            // Where there is no line, there is no line number.
            let place = format!("{}:{}:{}", text("file"), finding["line"], finding["column"]);
            let file = said.contains(&place) || said.contains(&format!("--> {}\n", text("file")));
            assert!(
                said.contains(&text("message")) && said.contains(&text("help")) && file,
                "{finding} is not in\n{said}"
            );
        }
    }
}
