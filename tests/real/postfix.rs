//! Owns a running Postfix with Dovecot and postgrey of a test's own: its start on free ports, its mailboxes, its end.
//!
//! The processes hang on `postfix/run.sh`, which ends them when this process ends, however it does.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs,
    io::Write as _,
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Mutex, OnceLock,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    thread,
};

use nhacviec::channel::SmtpSecurity;
use tempfile::TempDir;

use super::{
    machine::{DeadPorts, banner, comes_true, free_ports, make_certificates, output_of, sources},
    mail::Mail,
    support::Submission,
};

const PASSWORD: &str = "three-blind-mice";
/// The account that mailboxes belong to; every Debian system has it.
const MAIL_ACCOUNT: &str = "mail";
const VIETNAMESE: &str = "văn-thư";
/// One for each test, and some more for an office.
const MAILBOXES: usize = 60;
/// Chances to find ports that nobody takes between the search and the start.
const STARTS: usize = 5;

/// Where one enters; see `postfix/master.cf`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    StartTls,
    Smtps,
    LoginOnly,
    /// Lets one client in at a time.
    Crowded,
    /// Closes a connection that is silent for a second.
    Impatient,
    Plaintext,
    OtherNameStartTls,
    OtherNameSmtps,
}

/// In the order of [`Door`]; the last is no door for mail.
const PORT_NAMES: [&str; 9] = [
    "@STARTTLS_PORT@",
    "@SMTPS_PORT@",
    "@LOGIN_ONLY_PORT@",
    "@CROWDED_PORT@",
    "@IMPATIENT_PORT@",
    "@PLAINTEXT_PORT@",
    "@OTHER_NAME_STARTTLS_PORT@",
    "@OTHER_NAME_SMTPS_PORT@",
    "@IMAP_PORT@",
];

/// A mail server that lives as long as the value, or as the process.
pub struct Postfix {
    ports: [u16; PORT_NAMES.len()],
    given_mailboxes: AtomicUsize,
    // Ends before its folder is removed: fields are dropped in this order.
    state: Mutex<State>,
    folder: TempDir,
}

/// Starting and stopping takes both away first: they hold the same ports.
#[derive(Default)]
struct State {
    servers: Option<Servers>,
    dead_ports: Option<DeadPorts>,
}

impl Postfix {
    /// The one that most tests share, since starting one takes seconds; each has mailboxes of its own.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Postfix> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// One for a test that stops it.
    pub fn start() -> Self {
        assert_eq!(output_of("id", &["-u"]), "0", "Postfix starts as root only");
        let folder = TempDir::with_prefix("nhacviec-postfix-").expect("a temporary folder can be made");
        lay_out(folder.path());
        for _ in 0..STARTS {
            let ports = free_ports();
            configure(folder.path(), &ports);
            if let Some(servers) = Servers::start(folder.path(), &ports) {
                let state = Mutex::new(State { servers: Some(servers), dead_ports: None });
                return Self { ports, given_mailboxes: AtomicUsize::new(0), state, folder };
            }
        }
        panic!("Postfix did not start:\n{}", logs_of(folder.path()));
    }

    /// The server goes down; who connects is refused.
    pub fn stop(&self) {
        let mut state = self.state.lock().expect("no panic under the lock");
        *state = State::default();
        state.dead_ports = Some(DeadPorts::hold(&self.ports));
    }

    /// Starts the server again where it was, with what it had.
    pub fn start_again(&self) {
        let mut state = self.state.lock().expect("no panic under the lock");
        *state = State::default();
        state.servers = Servers::start(self.folder.path(), &self.ports);
        assert!(state.servers.is_some(), "Postfix did not start again:\n{}", logs_of(self.folder.path()));
    }

    pub fn port(&self, door: Door) -> u16 {
        self.ports[door as usize]
    }

    /// A mailbox that nobody else uses.
    pub fn new_mailbox(&self) -> Mailbox<'_> {
        let number = self.given_mailboxes.fetch_add(1, SeqCst) + 1;
        assert!(number <= MAILBOXES, "more mailboxes are wanted than were laid out");
        Mailbox { postfix: self, name: format!("clerk-{number}") }
    }

    /// The mailbox whose name has letters that need SMTPUTF8; for one test.
    pub fn vietnamese_mailbox(&self) -> Mailbox<'_> {
        Mailbox { postfix: self, name: VIETNAMESE.to_owned() }
    }

    fn log_lines(&self, mark: &str) -> Vec<String> {
        let log = fs::read_to_string(self.folder.path().join("mail.log")).unwrap_or_default();
        log.lines().filter(|line| line.contains(mark)).map(str::to_owned).collect()
    }

    /// The lines of the log that contain `mark`, once there are some: Postfix answers before they are written.
    pub fn awaited_log_lines(&self, mark: &str) -> Vec<String> {
        assert!(comes_true(|| !self.log_lines(mark).is_empty()), "the log has no line with {mark:?}");
        self.log_lines(mark)
    }
}

/// A mailbox with its owner, who reads it over IMAP and may hand in mail.
pub struct Mailbox<'a> {
    pub postfix: &'a Postfix,
    name: String,
}

impl Mailbox<'_> {
    pub fn address(&self) -> String {
        format!("{}@office.test", self.name)
    }

    /// The name by which its owner's machine greets; the log repeats it in refusals.
    pub fn client_name(&self) -> String {
        format!("{}.office.test", self.name)
    }

    /// How its owner hands mail to this server.
    pub fn submission(&self, door: Door) -> Submission {
        let security = match door {
            Door::Smtps | Door::OtherNameSmtps => SmtpSecurity::Tls,
            Door::StartTls
            | Door::LoginOnly
            | Door::Crowded
            | Door::Impatient
            | Door::Plaintext
            | Door::OtherNameStartTls => SmtpSecurity::StartTls,
        };
        let folder = self.postfix.folder.path();
        Submission {
            port: self.postfix.port(door),
            security,
            user: self.address(),
            password_file: folder.join("password"),
            ca_file: folder.join("ca/ca.crt"),
        }
    }

    /// Waits until the mailbox has `count` messages, which must be all, and reads them in order.
    pub fn read(&self, count: usize) -> Vec<Mail> {
        comes_true(|| self.count() >= count);
        assert_eq!(self.count(), count, "messages in the mailbox of {}", self.name);
        (1..=count).map(|number| Mail::parse(&self.imap(&format!("INBOX;MAILINDEX={number}"), &[]))).collect()
    }

    pub fn count(&self) -> usize {
        let status = self.imap("INBOX", &["--request", "STATUS INBOX (MESSAGES)"]);
        let number = status.rsplit_once("MESSAGES ").and_then(|(_, rest)| rest.trim_end().strip_suffix(')'));
        number.and_then(|n| n.parse().ok()).unwrap_or_else(|| panic!("not a mailbox's status: {status}"))
    }

    /// Encrypted, the certificate verified against the test's authority and nothing else.
    fn imap(&self, place: &str, arguments: &[&str]) -> String {
        let [.., port] = self.postfix.ports;
        let authority = self.postfix.folder.path().join("ca/ca.crt");
        let authority = authority.to_str().expect("temporary folders have plain names");
        let (place, user) = (format!("imap://localhost:{port}/{place}"), format!("{}:{PASSWORD}", self.address()));
        let always = ["--disable", "--silent", "--show-error", "--ssl-reqd", "--cacert", authority, "--user", &user];
        output_of("curl", &[&always, arguments, &[&place]].concat())
    }

    /// What the server noted when it accepted a message from the owner.
    pub fn accepted(&self) -> Vec<String> {
        self.postfix.awaited_log_lines(&format!("sasl_username={}", self.address()))
    }

    /// Whether the server has noted this refusal to the owner.
    pub fn was_answered(&self, answer: &str) -> bool {
        comes_true(|| self.refusals().iter().any(|line| line.contains(answer)))
    }

    fn refusals(&self) -> Vec<String> {
        self.postfix.log_lines(&format!("helo=<{}>", self.client_name()))
    }

    /// Over how many connections the owner's messages and what was refused to him came.
    pub fn connections(&self) -> usize {
        let lines = [self.accepted(), self.refusals()].concat();
        lines.iter().filter_map(|line| client_port(line)).collect::<BTreeSet<_>>().len()
    }
}

impl Drop for Mailbox<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("Of {} Postfix noted:\n{}", self.name, self.postfix.log_lines(&self.name).join("\n"));
        }
    }
}

/// The port that the client of a line of the log has come from.
pub fn client_port(line: &str) -> Option<u16> {
    let (_, rest) = line.split_once("[127.0.0.1]:")?;
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// The running processes.
struct Servers(Child);

impl Servers {
    /// Nothing when one of them ends at once, as it does when a stranger has taken its port.
    fn start(folder: &Path, ports: &[u16]) -> Option<Self> {
        let mut command = Command::new("bash");
        // Not in our process group: an interrupt from the keyboard is to end us first.
        command.arg(sources().join("postfix/run.sh")).arg(folder).stdin(Stdio::piped()).process_group(0);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut servers = Self(command.spawn().expect("every Debian system has bash"));
        let own = folder.display().to_string();
        let [smtp, .., imap] = ports else { panic!("there are several ports") };
        let mut is_up = false;
        comes_true(|| {
            is_up = banner(*smtp).is_ok_and(|line| line.contains(&own))
                && banner(*imap).is_ok_and(|line| line.contains("Dovecot"))
                && folder.join("grey/socket").exists();
            is_up || servers.0.try_wait().expect("our own child can be asked").is_some()
        });
        is_up.then_some(servers)
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.stdin.take().map(|mut stdin| stdin.write_all(b"stop\n"));
        let _ = self.0.wait();
    }
}

/// What the servers need beside their configuration, all of it their own.
fn lay_out(folder: &Path) {
    for name in ["etc", "queue", "data", "mail", "dovecot", "grey"] {
        fs::create_dir(folder.join(name)).expect("a new folder takes folders");
    }
    // Two that are never read: the refusals there must not be those of an unknown user.
    let mut mailboxes = "picky@office.test picky/\nstranger@office.test stranger/\n".to_owned();
    let mut users = String::new();
    for name in (1..=MAILBOXES).map(|number| format!("clerk-{number}")).chain([VIETNAMESE.to_owned()]) {
        writeln!(mailboxes, "{name}@office.test {name}/").expect("a string takes all");
        writeln!(users, "{name}@office.test:{{PLAIN}}{PASSWORD}").expect("a string takes all");
    }
    for (name, text) in [("mailboxes", mailboxes.as_str()), ("users", &users), ("password", PASSWORD)] {
        fs::write(folder.join(name), text).expect("a new folder takes files");
    }
    let base = folder.to_str().expect("temporary folders have plain names");
    make_certificates(base);
    // Each server has an account of its own and must find its way in.
    output_of("chmod", &["711", base]);
    output_of("chown", &["postfix", &format!("{base}/data"), &format!("{base}/grey")]);
    output_of("chown", &[MAIL_ACCOUNT, &format!("{base}/mail")]);
}

fn configure(folder: &Path, ports: &[u16; PORT_NAMES.len()]) {
    let account = |option: &str| output_of("id", &[option, MAIL_ACCOUNT]);
    let mut values = vec![("@BASE@", folder.display().to_string()), ("@UID@", account("-u")), ("@GID@", account("-g"))];
    values.extend(PORT_NAMES.into_iter().zip(ports.map(|port| port.to_string())));
    for (template, place) in
        [("main.cf", "etc/main.cf"), ("master.cf", "etc/master.cf"), ("dovecot.conf", "dovecot.conf")]
    {
        let template = sources().join("postfix").join(template);
        let text = fs::read_to_string(template).expect("the template lies in tests/real/postfix");
        let text = values.iter().fold(text, |text, (name, value)| text.replace(name, value));
        fs::write(folder.join(place), text).expect("the configuration can be written");
    }
}

fn logs_of(folder: &Path) -> String {
    ["output", "dovecot.log", "mail.log"].map(|name| fs::read_to_string(folder.join(name)).unwrap_or_default()).concat()
}
