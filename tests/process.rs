//! The built program as a process: killed anywhere, stopped, reloaded, watched by systemd.

mod support;

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    os::unix::net::UnixDatagram,
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use chrono::Datelike as _;
use nhacviec::{
    clock::{Clock as _, SystemClock},
    demo::mail_server::{Fault, MailServer},
};
use support::{
    OfficeFolder,
    one_stop::{Answer, FakeOneStop, dossier},
};

const ADMINISTRATOR: &str = "khoa@so.example";

/// An office that works day and night, so that the real clock is no matter, with something due for
/// each of `people`.
async fn busy_office(people: usize) -> (OfficeFolder, MailServer) {
    let mail = MailServer::start(tempfile::tempdir().expect("a folder").keep()).await.expect("a free port");
    let today = SystemClock.now().with_timezone(&chrono_tz::Asia::Ho_Chi_Minh).date_naive();
    let due = (today + chrono::Days::new(3)).format("%d/%m/%Y");
    let folder = OfficeFolder::new(mail.port(), "");
    folder.set_hours("00:00", "00:00", "24:00");
    fs::remove_file(folder.config().join("calendar/2023.yaml")).expect("was written");
    folder.write(&format!("calendar/{}.yaml", today.year()), &format!("year: {}\nstatus: provisional\n", today.year()));
    let mut units = String::from("units:\n");
    let mut persons = format!("people:\n  - {{ id: quan-tri, name: Quản trị, email: {ADMINISTRATOR} }}\n");
    let mut tasks = format!("plan: {{ id: kh, title: Kế hoạch, year: {}, policy: viec }}\ntasks:\n", today.year());
    for i in 0..people {
        writeln!(units, "  - {{ id: u{i}, name: Đơn vị {i}, contacts: [p{i}] }}").expect("a string takes all");
        writeln!(persons, "  - {{ id: p{i}, name: Người {i}, email: p{i}@so.example }}").expect("a string takes all");
        writeln!(tasks, "  - {{ id: T.{i}, content: Việc {i}, lead: [u{i}], deadline: {due} }}")
            .expect("a string takes all");
    }
    folder.write("units.yaml", &format!("{units}{persons}positions: {{ giam-doc: quan-tri }}\n"));
    folder.write("plans/kh.yaml", &tasks);
    (folder, mail)
}

fn command(folder: &OfficeFolder, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nhacviec"));
    command.args(arguments).arg("--config").arg(folder.config()).arg("--state").arg(folder.state());
    command.env_remove("NOTIFY_SOCKET").env_remove("JOURNAL_STREAM").stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn run(folder: &OfficeFolder, arguments: &[&str]) -> Output {
    command(folder, arguments).output().expect("the program runs")
}

fn start(folder: &OfficeFolder) -> Child {
    command(folder, &["run"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program starts")
}

fn kill_nine(mut child: Child) {
    child.kill().expect("SIGKILL is sent");
    child.wait().expect("it ends");
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([name, &child.id().to_string()]).status().expect("kill runs");
    assert!(sent.success());
}

/// Waits for something another process does; the limit only ends a test that has failed.
async fn until(what: &str, mut is_true: impl FnMut() -> bool) {
    let limit = Instant::now() + Duration::from_secs(30);
    while !is_true() {
        assert!(Instant::now() < limit, "{what} did not happen");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// How many messages arrived, but for the administrator's own: on Mondays there is a morning note.
fn told(mail: &MailServer) -> usize {
    mail.received().iter().filter(|message| message.to != ADMINISTRATOR).count()
}

/// Message-IDs by recipient, one for each copy that arrived.
fn copies(mail: &MailServer) -> BTreeMap<String, Vec<String>> {
    let mut copies: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for message in mail.received() {
        copies.entry(message.to).or_default().push(message.message_id);
    }
    copies
}

fn assert_each_told_once(mail: &MailServer, people: usize) -> usize {
    let copies = copies(mail);
    let told = (0..people).filter(|i| copies.contains_key(&format!("p{i}@so.example"))).count();
    assert_eq!(told, people, "somebody was not told");
    for (to, ids) in &copies {
        assert!(ids.iter().all(|id| *id == ids[0]), "{to} got two different messages: {ids:?}");
    }
    copies.values().map(|ids| ids.len() - 1).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_again_and_again_it_tells_everybody_and_repeats_only_recognisably() {
    const PEOPLE: usize = 120;
    let (folder, mail) = busy_office(PEOPLE).await;
    let mut kills = 0;
    // A kill every few milliseconds, from before the store opens to the middle of the sending.
    for delay in (10..200).step_by(10) {
        let child = start(&folder);
        tokio::time::sleep(Duration::from_millis(delay)).await;
        kill_nine(child);
        kills += 1;
        if told(&mail) >= PEOPLE {
            break;
        }
    }
    let end = run(&folder, &["run", "--once"]);
    assert!(end.status.success(), "{}", String::from_utf8_lossy(&end.stderr));
    let repeated = assert_each_told_once(&mail, PEOPLE);
    assert!(repeated <= kills, "{repeated} repetitions for {kills} kills");
    assert!(kills > 3, "the kills came before the work was done");
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_between_the_message_and_its_acceptance_it_repeats_the_same_message() {
    let (folder, mail) = busy_office(1).await;
    mail.set_fault("p0@so.example", Some(Fault::ReplyLate));
    let child = start(&folder);
    until("the message at the server", || told(&mail) == 1).await;
    kill_nine(child);
    assert!(run(&folder, &["run", "--once"]).status.success());
    assert_eq!(assert_each_told_once(&mail, 1), 1, "one more copy, with the same Message-ID");
    assert!(run(&folder, &["run", "--once"]).status.success());
    assert_eq!(told(&mail), 2, "and no third");
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_it_reads_the_one_stop_system_it_reminds_after_the_restart() {
    let (folder, mail) = busy_office(1).await;
    let today = SystemClock.now().with_timezone(&chrono_tz::Asia::Ho_Chi_Minh).date_naive();
    let fake = FakeOneStop::start(Answer::Silence);
    folder.write("secrets/mot-cua", support::one_stop::PASSWORD);
    folder.add_source(&fake.url());
    folder.replace("nhacviec.yaml", "unit: phong-a", "unit: u0");
    folder.replace("nhacviec.yaml", "fallback: van-phong", "fallback: u0");
    folder.replace("nhacviec.yaml", "timeout_seconds: 1", "timeout_seconds: 60");
    let child = start(&folder);
    until("the question to the one-stop system", || !fake.requests().is_empty()).await;
    kill_nine(child);
    fake.answer(Answer::Dossiers(vec![dossier("H1", &today.to_string())]));
    assert!(run(&folder, &["run", "--once"]).status.success());
    let texts: Vec<_> = mail.received().iter().map(|m| support::decoded(&m.text)).collect();
    assert!(texts.iter().any(|t| t.contains("Hồ sơ H1")), "{texts:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn stopped_by_systemd_it_ends_the_message_in_hand_and_leaves_none_half_claimed() {
    const PEOPLE: usize = 200;
    let (folder, mail) = busy_office(PEOPLE).await;
    let mut child = start(&folder);
    until("the first messages", || told(&mail) > 5).await;
    signal(&child, "-TERM");
    assert!(child.wait().expect("it ends").success());
    let status = run(&folder, &["status", "--json"]);
    let status: serde_json::Value = serde_json::from_slice(&status.stdout).expect("JSON");
    assert_eq!(status["deliveries"].get("sending"), None, "{status}");
    assert!(run(&folder, &["run", "--once"]).status.success());
    assert_eq!(assert_each_told_once(&mail, PEOPLE), 0, "a clean stop repeats nothing");
}

/// Listens where systemd would.
struct Systemd {
    socket: UnixDatagram,
    heard: String,
}

impl Systemd {
    fn listen(path: &Path) -> Self {
        let socket = UnixDatagram::bind(path).expect("a free path");
        socket.set_nonblocking(true).expect("a socket");
        Self { socket, heard: String::new() }
    }

    async fn hears(&mut self, what: &str) {
        let (socket, heard) = (&self.socket, &mut self.heard);
        until(what, || {
            let mut buffer = [0; 4096];
            while let Ok(n) = socket.recv(&mut buffer) {
                heard.push_str(&String::from_utf8_lossy(&buffer[..n]));
                heard.push('\n');
            }
            heard.contains(what)
        })
        .await;
        // What was heard up to here is done with.
        let end = heard.find(what).expect("heard") + what.len();
        heard.drain(..end);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn systemd_is_told_of_readiness_reloads_life_and_the_stop() {
    let (folder, mail) = busy_office(1).await;
    let path = folder.root.path().join("notify");
    let mut systemd = Systemd::listen(&path);
    let mut child = command(&folder, &["run"]);
    child.env("NOTIFY_SOCKET", &path).env("WATCHDOG_USEC", "300000").stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = child.spawn().expect("the program starts");
    systemd.hears("READY=1").await;
    systemd.hears("WATCHDOG=1").await;
    until("the message", || told(&mail) == 1).await;

    let good = fs::read_to_string(folder.config().join("units.yaml")).expect("readable");
    folder.write("units.yaml", "units: [\n");
    signal(&child, "-HUP");
    systemd.hears("RELOADING=1").await;
    systemd.hears("READY=1").await;
    assert!(child.try_wait().expect("a child").is_none(), "a wrong configuration does not end it");
    folder.write("units.yaml", &good);
    let shown = || String::from_utf8(run(&folder, &["status"]).stdout).expect("UTF-8");
    assert!(shown().contains("Cấu hình mới có lỗi, vẫn dùng cấu hình cũ"), "{}", shown());
    signal(&child, "-HUP");
    systemd.hears("READY=1").await;
    assert!(!shown().contains("Cấu hình mới có lỗi"), "{}", shown());

    signal(&child, "-TERM");
    systemd.hears("STOPPING=1").await;
    assert!(child.wait().expect("it ends").success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_daemon_on_the_same_state_is_refused() {
    let (folder, mail) = busy_office(1).await;
    let child = start(&folder);
    until("the message", || told(&mail) == 1).await;
    let second = run(&folder, &["run", "--once"]);
    assert_eq!(second.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&second.stderr).contains("đang có một nhacviec khác chạy"));
    kill_nine(child);
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_name_people_by_id_and_never_by_address() {
    let (folder, _mail) = busy_office(2).await;
    let output = run(&folder, &["run", "--once", "--json-log"]);
    let log = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(log.contains("\"recipient\":\"p0\""), "{log}");
    assert!(!log.contains("@so.example"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_whose_store_was_removed_ends_instead_of_writing_into_nothing() {
    let (folder, mail) = busy_office(1).await;
    let mut child = start(&folder);
    until("the message", || told(&mail) == 1).await;
    for file in ["kho.db", "kho.db-wal", "kho.db-shm"] {
        let _ = fs::remove_file(folder.state().join(file));
    }
    signal(&child, "-HUP");
    assert_eq!(child.wait().expect("it ends").code(), Some(1));
}
