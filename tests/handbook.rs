//! The handbook against the program: its chapter of one hour is carried out as it is written, its commands exist, and
//! every sentence that `nhacviec check` is known to say is explained in it.
//!
//! What the handbook's fenced blocks mean here, by the words after the language:
//! * `sh`: typed line by line; `# mã 1` at the end of a line is the exit code it promises (`mã 0: …; mã 1: …`: either).
//! * `sh root`: needs root, systemd or a network; not carried out, but its commands must exist. Where it enables the
//!   service, one pass of the service runs instead.
//! * `text`: what the block before it prints, line by line; `…` stands for anything.
//! * `text hoi`: the questions that the command before it asks, with the answers.
//! * `yaml tim FILE` and `yaml thay`: what to look for in a file by hand, and what to write there.

use std::{
    collections::{HashMap, HashSet},
    fmt::Write as _,
    fs,
    io::Write as _,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

const HANDBOOK: &str = include_str!("../docs/so-tay-quan-tri.md");
const PROGRAM: &str = env!("CARGO_BIN_EXE_nhacviec");

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A chapter of the handbook, without its heading.
fn chapter(number: u8) -> &'static str {
    let heading = format!("\n## {number}. ");
    let start = HANDBOOK.find(&heading).unwrap_or_else(|| panic!("there is no chapter {number}")) + heading.len();
    let text = &HANDBOOK[start..];
    text.find("\n## ").map_or(text, |end| &text[..end])
}

/// A fenced block.
struct Block<'a> {
    /// The language and the words after it.
    kind: Vec<&'a str>,
    text: &'a str,
}

fn blocks(text: &str) -> Vec<Block<'_>> {
    let mut blocks = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("\n```") {
        let opened = &rest[start + 4..];
        let (kind, body) = opened.split_once('\n').expect("a fence has a body");
        let end = body.find("\n```").expect("a fence is closed");
        blocks.push(Block { kind: kind.split_whitespace().collect(), text: &body[..end] });
        rest = &body[end + 4..];
    }
    blocks
}

/// Whether the text is the pattern with something in place of each `…`.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((first, others)) = pattern.split_once('…') else { return pattern == text };
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = others.split('…').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

/// The rows of the tables of a text, cell by cell, without headings.
fn rows(text: &str) -> Vec<Vec<&str>> {
    let lines: Vec<&str> = text.lines().collect();
    let is_ruled = |at: usize| lines.get(at).is_some_and(|line| line.starts_with("|---"));
    let is_row = |at: &usize| lines[*at].starts_with("| ") && !is_ruled(at + 1);
    let cells = |at: usize| lines[at].trim_matches('|').split(" | ").map(str::trim).collect();
    (0..lines.len()).filter(is_row).map(cells).collect()
}

/// The tables of chapter 6 about `check`, and the one about what other commands refuse.
fn errors() -> (&'static str, &'static str) {
    let text = chapter(6);
    text[text.find("### 6.2").expect("a section")..].split_once("### 6.14").expect("a section")
}

#[test]
fn every_sentence_of_check_is_explained() {
    let explained: Vec<&str> = rows(errors().0).into_iter().map(|row| row[0]).collect();
    for sentence in &explained {
        let letters = sentence.chars().filter(|c| c.is_alphabetic()).count();
        assert!(letters >= 10, "«{sentence}» would explain anything");
    }
    let mut missing = String::new();
    for entry in fs::read_dir(project().join("tests/check")).expect("the folder exists") {
        let path = entry.expect("readable").path();
        if path.extension().is_none_or(|e| e != "txt") {
            continue;
        }
        let text = fs::read_to_string(&path).expect("UTF-8");
        let (_, said) = text.split_once("=====\n").expect("a fixture says what is said");
        for line in said.lines() {
            let Some(sentence) = line.strip_prefix("lỗi: ").or_else(|| line.strip_prefix("lưu ý: ")) else {
                continue;
            };
            if !explained.iter().any(|pattern| matches(pattern, sentence)) {
                let _ = writeln!(missing, "{}: {sentence}", path.display());
            }
        }
    }
    assert!(missing.is_empty(), "chapter 6 of the handbook does not explain:\n{missing}");
}

#[test]
fn every_sentence_explained_is_one_that_the_program_says() {
    let mut code = String::new();
    read_all(&project().join("src"), &mut code);
    // A text that goes on in the next line, and quotes within texts.
    let joined: Vec<&str> = code.split("\\\n").map(str::trim_start).collect();
    let code = joined.concat().replace("\\\"", "\"");
    let (check, refusals) = errors();
    let mut sentences: Vec<&str> = rows(check).into_iter().map(|row| row[0]).collect();
    sentences.extend(rows(refusals).into_iter().flat_map(|row| row[1].split(';')).map(str::trim));
    let mut unknown = String::new();
    for sentence in sentences {
        // Sentences are put together from parts, each of which is written somewhere as it is; lists of keys are not.
        let parts = ["…", ": ", "; ", "không phải "]
            .iter()
            .fold(vec![sentence], |parts, mark| parts.into_iter().flat_map(|part| part.split(mark)).collect());
        let parts =
            parts.into_iter().map(|part| part.trim_matches([' ', '«', '»', '(', ')'])).filter(|p| !p.is_ascii());
        for part in parts.filter(|part| !code.contains(part)) {
            let _ = writeln!(unknown, "{part} (of: {sentence})");
        }
    }
    assert!(unknown.is_empty(), "nothing in src says:\n{unknown}");
}

fn read_all(folder: &Path, text: &mut String) {
    for entry in fs::read_dir(folder).expect("readable") {
        let path = entry.expect("readable").path();
        if path.is_dir() {
            read_all(&path, text);
        } else if path.extension().is_some_and(|e| e == "rs") {
            text.push_str(&fs::read_to_string(&path).expect("UTF-8"));
        }
    }
}

/// The words of a command line up to its first redirection, pipe or comment.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut is_quoted, mut is_open) = (Vec::new(), String::new(), false, false);
    for letter in line.chars().chain([' ']) {
        match letter {
            '"' => (is_quoted, is_open) = (!is_quoted, true),
            c if c.is_whitespace() && !is_quoted => {
                if is_open || !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
                is_open = false;
            }
            c => word.push(c),
        }
    }
    let end = words.iter().position(|word| word.starts_with(['>', '|', '#'])).unwrap_or(words.len());
    words.truncate(end);
    words
}

/// Every command line that begins with the program's name, in blocks and in running text.
fn commands() -> Vec<Vec<String>> {
    let blocks = blocks(HANDBOOK);
    let of_blocks =
        blocks.iter().filter(|block| block.kind.first() == Some(&"sh")).flat_map(|block| block.text.lines());
    // Between backquotes; the fences themselves leave only empty or whole blocks in between.
    let of_text = HANDBOOK.split("```").step_by(2).flat_map(|text| text.split('`').skip(1).step_by(2));
    of_blocks.chain(of_text).filter(|line| line.starts_with("nhacviec ")).map(words).collect()
}

#[test]
fn every_command_of_the_handbook_and_every_option_exists() {
    let mut pages = HashMap::<Vec<String>, String>::new();
    let mut help = |path: &[String]| -> String {
        let ask = || {
            let output = Command::new(PROGRAM).args(path).arg("--help").output().expect("runs");
            String::from_utf8(output.stdout).expect("UTF-8")
        };
        pages.entry(path.to_vec()).or_insert_with(ask).clone()
    };
    let commands = commands();
    assert!(commands.len() > 100, "only {} commands were found", commands.len());
    for command in commands {
        let mut path = Vec::new();
        for word in &command[1..] {
            let page = help(&path);
            let is_listed = |line: &str| line.split_whitespace().next() == Some(word) && line.starts_with("  ");
            let is_command = page.split_once("\nLệnh:\n").is_some_and(|(_, list)| list.lines().any(is_listed));
            if !is_command {
                break;
            }
            path.push(word.clone());
        }
        let is_general = command[1].starts_with("--") || command[1] == "LỆNH";
        assert!(!path.is_empty() || is_general, "there is no command «{}»", command.join(" "));
        let page = help(&path);
        for option in command.iter().filter(|word| word.starts_with("--")) {
            let is_known = page.split(|c: char| c.is_whitespace() || c == ',').any(|word| word == option);
            assert!(is_known, "«{}» has no {option}:\n{page}", command.join(" "));
        }
    }
}

#[test]
fn every_section_that_is_referred_to_exists() {
    let sections: HashSet<&str> = HANDBOOK
        .lines()
        .filter_map(|line| line.strip_prefix("## ").or_else(|| line.strip_prefix("### ")))
        .filter_map(|heading| heading.split_whitespace().next())
        .map(|number| number.trim_end_matches('.'))
        .collect();
    let mut texts = vec![("the handbook", HANDBOOK.to_owned(), "mục ")];
    let mut code = String::new();
    read_all(&project().join("src"), &mut code);
    texts.push(("src", code, "sổ tay quản trị, mục "));
    let of = |file: &str| fs::read_to_string(project().join(file)).expect("readable");
    texts.push(("the example plan", of("config/plans/kstthc-2023.yaml"), "sổ tay quản trị, mục "));
    texts.push(("README", of("README.md"), "handbook, section "));
    texts.push(("CHANGELOG", of("CHANGELOG.md"), "handbook, section "));
    for (name, text, mark) in texts {
        let numbers = text.split(mark).skip(1).map(|after| {
            let end = after.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(after.len());
            after[..end].trim_end_matches('.')
        });
        for number in numbers.filter(|number| !number.is_empty()) {
            assert!(sections.contains(number), "{name} refers to section {number}, which the handbook does not have");
        }
    }
}

/// A machine on which only the program is installed.
struct Machine {
    folder: tempfile::TempDir,
    path: String,
}

impl Machine {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for name in ["bin", "home", "etc", "lib"] {
            fs::create_dir(folder.path().join(name)).expect("writable");
        }
        let command = folder.path().join("bin/nhacviec");
        let (etc, lib) = (folder.path().join("etc/nhacviec"), folder.path().join("lib/nhacviec"));
        let script =
            format!("#!/bin/sh\nexec '{PROGRAM}' \"$@\" --config '{}' --state '{}'\n", etc.display(), lib.display());
        fs::write(&command, script).expect("writable");
        fs::set_permissions(&command, fs::Permissions::from_mode(0o755)).expect("ours");
        let example = "docs/vi-du/ke-hoach-mau.docx";
        assert!(chapter(2).contains(&format!("cp {example} ~/")), "the reader copies the example first");
        fs::copy(project().join(example), folder.path().join("home/ke-hoach-mau.docx")).expect("the example exists");
        let path = format!("{}:{}", folder.path().join("bin").display(), std::env::var("PATH").unwrap_or_default());
        Self { folder, path }
    }

    fn config(&self) -> PathBuf {
        self.folder.path().join("etc/nhacviec")
    }

    /// The same with the folders of this machine.
    fn here(&self, text: &str) -> String {
        let root = self.folder.path().display();
        text.replace("/etc/nhacviec", &format!("{root}/etc/nhacviec"))
            .replace("/var/lib/nhacviec", &format!("{root}/lib/nhacviec"))
    }

    /// The same with the folders of the handbook.
    fn there(&self, text: &str) -> String {
        let root = self.folder.path().display();
        text.replace(&format!("{root}/etc/nhacviec"), "/etc/nhacviec")
            .replace(&format!("{root}/lib/nhacviec"), "/var/lib/nhacviec")
    }

    /// Types a line, and the answers to what it asks.
    fn types(&self, line: &str, answers: &str) -> Output {
        let mut command = Command::new("sh");
        command.arg("-c").arg(self.here(line)).current_dir(self.folder.path().join("home")).env("PATH", &self.path);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("runs");
        // A command that asks nothing may be gone already.
        let _ = child.stdin.take().expect("piped").write_all(answers.as_bytes());
        child.wait_with_output().expect("ends")
    }

    fn said(&self, output: &Output) -> String {
        let text = [output.stderr.as_slice(), output.stdout.as_slice()].join(&b'\n');
        self.there(&String::from_utf8(text).expect("UTF-8"))
    }

    fn replaces(&self, file: &str, old: &str, new: &str) {
        let path = self.config().join(file);
        let text = fs::read_to_string(&path).expect("the file exists");
        assert_eq!(text.matches(old).count(), 1, "to be found once in {file}:\n{old}\nwhich has:\n{text}");
        fs::write(&path, text.replacen(old, new, 1)).expect("writable");
    }
}

/// The exit codes that the comment of a line promises.
fn promised(line: &str) -> Vec<i32> {
    let comment = line.split_once("  #").map(|(_, comment)| comment).unwrap_or_default();
    let number = |text: &str| text.chars().take_while(char::is_ascii_digit).collect::<String>().parse().ok();
    let codes: Vec<i32> = comment.split("mã ").skip(1).filter_map(number).collect();
    if codes.is_empty() { vec![0] } else { codes }
}

/// The questions of a `text hoi` block with their colon, and the answers: a question may end in a bracket that has a colon
/// of its own.
fn questions(text: &str) -> Vec<(&str, &str)> {
    let split = |line: &'_ str| line.rfind([')', ']']).map_or_else(|| line.find(':'), |at| Some(at + 1));
    let halves = text.lines().map(|line| line.split_at(split(line).expect("a question ends in a colon") + 1));
    halves.map(|(question, answer)| (question, answer.trim())).collect()
}

/// The lines of the daily routine.
fn daily_lines() -> impl Iterator<Item = &'static str> {
    blocks(chapter(3)).into_iter().filter(|block| block.kind == ["sh"]).flat_map(|block| block.text.lines())
}

#[test]
fn the_first_hour_goes_as_it_is_written() {
    let machine = Machine::new();
    let blocks = blocks(chapter(2));
    let (mut said, mut looked_for, mut carried_out) = (String::new(), None, 0);
    for (at, block) in blocks.iter().enumerate() {
        match block.kind.as_slice() {
            ["sh"] => {
                said.clear();
                let next = blocks.get(at + 1).filter(|next| next.kind == ["text", "hoi"]);
                let answers = next.map(|next| questions(next.text)).unwrap_or_default();
                let answers = answers.iter().map(|(_, answer)| *answer).chain([""]).collect::<Vec<_>>().join("\n");
                for line in block.text.replace("\\\n", " ").lines() {
                    let output = machine.types(line, &answers);
                    let text = machine.said(&output);
                    let code = output.status.code().expect("not killed");
                    assert!(promised(line).contains(&code), "{line}\nended with {code}:\n{text}");
                    said.push_str(&text);
                    carried_out += 1;
                }
            }
            ["sh", "root"] if block.text.contains("systemctl enable --now nhacviec") => {
                let output = machine.types("nhacviec run --once", "");
                assert!(output.status.success(), "{}", machine.said(&output));
            }
            ["sh", "root"] => {}
            ["text", "hoi"] => {
                let mut rest = said.as_str();
                for (question, _) in questions(block.text) {
                    let asked =
                        rest.find(question).unwrap_or_else(|| panic!("«{question}» is not asked next:\n{said}"));
                    rest = &rest[asked + question.len()..];
                }
            }
            ["text"] => {
                for line in block.text.lines().map(str::trim_end).filter(|line| !matches!(line.trim(), "" | "…")) {
                    assert!(said.lines().any(|l| matches(line, l.trim_end())), "«{line}» is not said:\n{said}");
                }
            }
            ["yaml", "tim", file] => looked_for = Some((*file, block.text)),
            ["yaml", "thay"] => {
                let (file, old) = looked_for.take().expect("something is looked for first");
                machine.replaces(file, old, block.text);
            }
            other => panic!("what does a block «{}» mean?", other.join(" ")),
        }
    }
    // Of the daily reports those that do not depend on today: do the example's numbers, units and periods exist?
    for line in daily_lines().filter(|line| line.starts_with("nhacviec done ")) {
        let output = machine.types(line, "");
        assert!(output.status.success(), "{line}\n{}", machine.said(&output));
        carried_out += 1;
    }
    assert!(looked_for.is_none(), "found, but not replaced");
    assert!(carried_out >= 20, "only {carried_out} commands were carried out");
    assert!(machine.folder.path().join("home/nam-2027.html").exists());
}
