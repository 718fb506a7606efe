//! A small office in a temporary folder, driven through the real passes with a clock set by hand.
//!
//! The harness fails a test that leaves messages unread: whatever was sent must have been expected.
#![expect(dead_code, reason = "each test program uses the part of the harness that its stories need")]

use std::{fs, path::PathBuf, sync::Arc, thread};

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeZone as _, Utc};
use chrono_tz::Asia::Ho_Chi_Minh;
use nhacviec::{
    channel::SmtpSecurity,
    clock::{Clock as _, ManualClock},
    config::{self, Config, Folders},
    demo::mail_server::MailServer,
    domain::{
        ids::{PersonId, SubjectId},
        life::{Facts, Opening, Report},
    },
    passes::{self, App, Delivered, Polled},
    store::{self, ApplyReport, NewReport, Recorded, Status, Store},
};
use tokio_util::sync::CancellationToken;

pub mod one_stop;

/// A configuration folder that starts as a minimal office and is edited by the test.
pub struct OfficeFolder {
    pub root: tempfile::TempDir,
}

pub const UNITS: &str = "
units:
  - { id: van-phong, name: Văn phòng, head: ha, contacts: [ha] }
  - { id: phong-a, name: Phòng A, head: an, contacts: [an] }
  - { id: phong-b, name: Phòng B, head: binh, contacts: [binh] }
groups:
  - { id: cac-phong, name: Các phòng, members: [phong-a, phong-b] }
people:
  - { id: ha, name: Lê Thu Hà, title: Chánh Văn phòng, email: ha@so.example }
  - { id: an, name: Trần An, email: an@so.example }
  - { id: binh, name: Vũ Bình, email: binh@so.example }
  - { id: giam-doc, name: Lý Minh, title: Giám đốc, email: minh@so.example }
  - { id: quan-tri, name: Mai Khoa, email: khoa@so.example }
positions: { giam-doc: giam-doc }
";

pub const POLICIES: &str = "
policies:
  viec:
    lead: { before: [5, 1, 0], after: [1], repeat_every: 2 }
    escalation:
      - { after: 3, tell: [giam-doc] }
  ho-so:
    lead: { before: [3, 1, 0], after: [1], repeat_every: 1 }
    escalation:
      - { after: 2, tell: [giam-doc] }
";

impl OfficeFolder {
    /// An office whose mail goes to `smtp_port`, with the tasks of `plan_tasks` (YAML list items).
    pub fn new(smtp_port: u16, plan_tasks: &str) -> Self {
        let folder = Self { root: tempfile::tempdir().expect("a temporary folder") };
        folder.write(
            "nhacviec.yaml",
            &format!(
                "office: {{ name: Sở Thử nghiệm, time_zone: Asia/Ho_Chi_Minh, administrator: quan-tri }}
hours: {{ digest_at: \"07:30\", sending: {{ from: \"07:30\", until: \"17:00\" }} }}
store: {{ path: kho.db }}
email:
  from: \"Nhắc việc <nhac@so.example>\"
  smtp: {{ host: 127.0.0.1, port: {smtp_port}, security: plaintext, client_name: thu.example }}
{POLICIES}"
            ),
        );
        folder.write("units.yaml", UNITS);
        folder.write("calendar/2023.yaml", config::example::FILES[5].1);
        folder.write_plan(plan_tasks);
        folder
    }

    pub fn write(&self, path: &str, text: &str) {
        let path = self.config().join(path);
        fs::create_dir_all(path.parent().expect("a file has a folder")).expect("writable");
        fs::write(path, text).expect("writable");
    }

    pub fn append(&self, path: &str, text: &str) {
        let old = fs::read_to_string(self.config().join(path)).expect("the file exists");
        self.write(path, &(old + text));
    }

    pub fn replace(&self, path: &str, from: &str, to: &str) {
        let old = fs::read_to_string(self.config().join(path)).expect("the file exists");
        assert!(old.contains(from), "{path} does not contain {from}");
        self.write(path, &old.replace(from, to));
    }

    pub fn write_plan(&self, tasks: &str) {
        let head = "plan: { id: kh, title: Kế hoạch thử, year: 2023, policy: viec }\ntasks:\n";
        self.write("plans/kh.yaml", &format!("{head}{tasks}"));
    }

    /// Adds a one-stop source; all its dossiers are with Phòng A.
    pub fn add_source(&self, url: &str) {
        self.write("secrets/mot-cua", one_stop::PASSWORD);
        self.append(
            "nhacviec.yaml",
            &format!(
                "sources:
  - id: mc
    profile: opencps-v2
    url: {url}
    parameters: {{ group_id: 7 }}
    pause_milliseconds: 0
    user: {}
    password_file: mot-cua
    page_size: 3
    timeout_seconds: 1
    policy: ho-so
    holders: [{{ field: Điện, unit: phong-a }}]
    fallback: van-phong
",
                one_stop::USER
            ),
        );
    }

    /// Works every day of the week, and sends between two times; for tests under the real clock.
    pub fn set_hours(&self, digest_at: &str, from: &str, until: &str) {
        let week = "administrator: quan-tri, working_week: [mon, tue, wed, thu, fri, sat, sun]";
        self.replace("nhacviec.yaml", "administrator: quan-tri", week);
        let hours = format!("digest_at: \"{digest_at}\", sending: {{ from: \"{from}\", until: \"{until}\" }}");
        let ordinary = "digest_at: \"07:30\", sending: { from: \"07:30\", until: \"17:00\" }";
        self.replace("nhacviec.yaml", ordinary, &hours);
    }

    pub fn config(&self) -> PathBuf {
        self.root.path().join("config")
    }

    pub fn state(&self) -> PathBuf {
        self.root.path().join("state")
    }

    pub fn folders(&self) -> Folders {
        Folders { config: self.config(), state: self.state(), credentials: None }
    }

    pub fn load(&self) -> Config {
        config::load(&self.folders()).unwrap_or_else(|error| {
            panic!("{}", error.findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
        })
    }
}

/// How mail is handed to a server other than the harness's own.
#[derive(Clone)]
pub struct Submission {
    /// Port on this machine, under the name `localhost`.
    pub port: u16,
    pub security: SmtpSecurity,
    pub user: String,
    pub password_file: PathBuf,
    pub ca_file: PathBuf,
}

/// The office at work.
pub struct Office {
    pub folder: OfficeFolder,
    pub mail: MailServer,
    pub clock: ManualClock,
    pub store: Arc<dyn Store>,
    app: App,
    read: usize,
    /// Whether the story is about the administrator's morning note; others let it pass.
    pub reads_notes: bool,
}

impl Office {
    /// Starts an office with the given tasks at midnight of the day.
    pub async fn with_tasks(tasks: &str, day: &str) -> Self {
        Self::build(tasks, None, day).await
    }

    /// Starts an office with a one-stop system.
    pub async fn with_source(url: &str, day: &str) -> Self {
        let unrelated = "  - { id: X, content: Việc khác, lead: [van-phong], deadline: Khi có phát sinh }\n";
        Self::build(unrelated, Some(url), day).await
    }

    async fn build(tasks: &str, source: Option<&str>, day: &str) -> Self {
        let mail_folder = tempfile::tempdir().expect("a temporary folder").keep();
        let mail = MailServer::start(mail_folder).await.expect("a free port");
        let folder = OfficeFolder::new(mail.port(), tasks);
        if let Some(url) = source {
            folder.add_source(url);
        }
        fs::create_dir_all(folder.state()).expect("writable");
        let config = folder.load();
        let store = store::open(&config.store_path).expect("a new store");
        let app = App::new(&config, Arc::clone(&store));
        Self {
            folder,
            mail,
            clock: ManualClock::new(instant(&format!("{day} 00:00"))),
            store,
            app,
            read: 0,
            reads_notes: false,
        }
    }

    /// Hands the mail to another server from now on, by configuration, as an administrator would.
    pub fn submit_to(&mut self, server: &Submission) {
        let read = |path: &PathBuf| fs::read_to_string(path).expect("a file of the test's server");
        self.folder.write("secrets/thu", &read(&server.password_file));
        self.folder.write("ca.crt", &read(&server.ca_file));
        let security = match server.security {
            SmtpSecurity::Tls => "tls",
            SmtpSecurity::StartTls => "starttls",
            SmtpSecurity::Plaintext => "plaintext",
        };
        let own = format!("host: 127.0.0.1, port: {}, security: plaintext", self.mail.port());
        let other = format!(
            "host: localhost, port: {}, security: {security}, user: {}, password_file: thu, ca_file: ca.crt",
            server.port, server.user
        );
        self.folder.replace("nhacviec.yaml", &own, &other);
        self.reload();
    }

    /// Sets the clock to a civil time of the office, without doing anything.
    pub fn set_clock(&self, moment: &str) {
        self.clock.set(instant(moment));
    }

    /// What the daemon does at a tick.
    pub async fn tick(&self, moment: &str) -> (Vec<Polled>, ApplyReport, Delivered) {
        self.set_clock(moment);
        let now = self.clock.now();
        let polled = passes::poll(&self.app, now, || {}).await.expect("the store works");
        let applied = passes::decide(&self.app, now).await.expect("the store works");
        let delivered = passes::deliver(&self.app, &self.clock, &CancellationToken::new(), || {}).await;
        (polled, applied, delivered.expect("the store works"))
    }

    /// Takes what people sent to the Zalo bot, as the daemon does while a code is open.
    pub async fn link(&self) -> Vec<PersonId> {
        passes::link(&self.app, self.clock.now()).await.expect("the store works")
    }

    /// Loads the configuration again with the chats that people linked.
    pub async fn reload_with_links(&mut self) {
        let links = self.store.zalo_links().await.expect("the store works");
        self.app = App::new(&self.folder.load().with_links(&links), Arc::clone(&self.store));
    }

    pub async fn deliver(&self, moment: &str) -> Delivered {
        self.set_clock(moment);
        passes::deliver(&self.app, &self.clock, &CancellationToken::new(), || {}).await.expect("the store works")
    }

    pub async fn decide(&self, moment: &str) -> ApplyReport {
        self.set_clock(moment);
        passes::decide(&self.app, self.clock.now()).await.expect("the store works")
    }

    /// Loads the configuration folder again, as SIGHUP does.
    pub fn reload(&mut self) {
        self.app = App::new(&self.folder.load(), Arc::clone(&self.store));
    }

    pub async fn complete(&self, task: &str, unit: &str, on: &str) -> Recorded {
        let done_on: NaiveDate = on.parse().expect("a date");
        if self.clock.now() < instant(&format!("{done_on} 00:00")) {
            self.set_clock(&format!("{done_on} 16:00"));
        }
        self.report(task, "2023", unit, Report::Completed { done_on, product: "01/BC".to_owned() }).await
    }

    /// Reports as the command line does, on the day of the clock.
    pub async fn report(&self, task: &str, period: &str, unit: &str, report: Report) -> Recorded {
        self.report_on(&format!("task:kh/{task}:{period}:{unit}"), report).await
    }

    /// The same for a subject of any plan.
    pub async fn report_on(&self, subject: &str, report: Report) -> Recorded {
        let subject = SubjectId::from(subject);
        let office = &self.app.office;
        let reports = self.store.reports().await.expect("the store works");
        let today = office.hours.date(self.clock.now());
        let planned = office.agenda.occurrences.iter().find(|o| *o.subject() == subject).cloned();
        let known = reports.openings().iter().find(|o| o.subject == subject).cloned();
        let opening = known.or_else(|| Opening::of(&subject, &report, today));
        let opened = opening.and_then(|o| office.agenda.opened(&o, &office.calendar));
        let occurrence = planned.or(opened).expect("the plan has the occurrence, or it was opened");
        let facts = Facts::of(&occurrence, reports.life(&subject), office, today);
        let new = NewReport { subject, report, reported_by: "thử".to_owned(), reported_from: "cli" };
        self.store.report(new, facts, self.clock.now()).await.expect("the store works")
    }

    pub async fn status(&self) -> Status {
        self.store.status(self.clock.now()).await.expect("the store works")
    }

    /// Reads the next messages: exactly these recipients (in any order), each with a text in it.
    pub fn expect_mail(&mut self, expected: &[(&str, &str)]) {
        let received = self.mail.received();
        let mut unread: Vec<_> = received[self.read..].iter().map(|r| (r.to.clone(), decoded(&r.text))).collect();
        self.read = received.len();
        unread.retain(|(_, text)| self.reads_notes || !is_note(text));
        for (to, part) in expected {
            let found = unread.iter().position(|(address, text)| address == to && text.contains(part));
            let Some(found) = found else { panic!("no message to {to} with {part:?}; unread: {unread:#?}") };
            unread.remove(found);
        }
        assert!(unread.is_empty(), "unexpected messages: {unread:#?}");
    }

    /// For a story that read the messages by itself.
    pub fn mark_all_read(&mut self) {
        self.read = self.mail.count();
    }

    pub fn expect_silence(&mut self) {
        self.expect_mail(&[]);
    }
}

impl Drop for Office {
    fn drop(&mut self) {
        if !thread::panicking() {
            let received = self.mail.received();
            let unread = received[self.read..].iter().filter(|r| self.reads_notes || !is_note(&decoded(&r.text)));
            assert_eq!(unread.count(), 0, "a message was sent that nobody expected");
        }
    }
}

/// Whether a message is the morning note and nothing else.
fn is_note(text: &str) -> bool {
    let subject: String = text.lines().next().unwrap_or_default().split_whitespace().collect();
    subject.starts_with("[Nhắcviệc]bảntinquảntrị–")
}

/// A civil time of the office, `YYYY-MM-DD HH:MM`.
pub fn instant(moment: &str) -> DateTime<Utc> {
    let local = NaiveDateTime::parse_from_str(moment, "%Y-%m-%d %H:%M").expect("a moment like 2023-01-13 07:30");
    Ho_Chi_Minh.from_local_datetime(&local).earliest().expect("Vietnam has no clock changes").to_utc()
}

pub fn day(text: &str) -> NaiveDate {
    text.parse().expect("a date like 2023-01-13")
}

pub fn time(text: &str) -> NaiveTime {
    NaiveTime::parse_from_str(text, "%H:%M").expect("a time like 07:30")
}

/// Subject and text part of a message, decoded.
pub fn decoded(message: &str) -> String {
    let (head, body) = message.split_once("\r\n\r\n").expect("a message has a head");
    let head = head.replace("\r\n ", " ");
    let subject = head.lines().find_map(|l| l.strip_prefix("Subject: ")).unwrap_or_default();
    format!("{}\n{}", encoded_words(subject), text_part(&head, body))
}

/// The text part, wherever it stands among others.
fn text_part(head: &str, body: &str) -> String {
    let kind = head.lines().find_map(|l| l.strip_prefix("Content-Type: ")).expect("a part has a type");
    let Some((_, boundary)) = kind.split_once("boundary=\"") else {
        return if head.contains("quoted-printable") { quoted_printable(body) } else { base64(body) };
    };
    let boundary = boundary.split('"').next().expect("a quoted boundary");
    let part = body.split(&format!("--{boundary}\r\n")).nth(1).expect("a first part");
    let part = part.split(&format!("\r\n--{boundary}")).next().expect("its end");
    let (head, body) = part.split_once("\r\n\r\n").expect("a part has a head");
    text_part(&head.replace("\r\n ", " "), body)
}

fn encoded_words(subject: &str) -> String {
    let words = subject.split(' ').map(|word| {
        let inner = word.strip_prefix("=?utf-8?b?").and_then(|w| w.strip_suffix("?="));
        inner.map_or_else(|| format!("{word} "), base64)
    });
    words.collect()
}

fn quoted_printable(text: &str) -> String {
    let text = text.replace("=\r\n", "");
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let decoded = if byte == b'=' {
            let hex = [rest.next().expect("two digits"), rest.next().expect("two digits")];
            u8::from_str_radix(&String::from_utf8_lossy(&hex), 16).expect("hexadecimal")
        } else {
            byte
        };
        bytes.push(decoded);
    }
    String::from_utf8(bytes).expect("UTF-8")
}

fn base64(text: &str) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = text.bytes().filter_map(|b| ALPHABET.iter().position(|a| *a == b));
    let (mut bytes, mut bits, mut count) = (Vec::new(), 0_u32, 0);
    for digit in digits {
        bits = (bits << 6 | u32::try_from(digit).expect("below 64")) & 0xFF_FFFF;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xFF).expect("one byte"));
        }
    }
    String::from_utf8(bytes).expect("UTF-8")
}
