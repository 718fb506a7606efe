//! Owns a running Exim of a test's own: its start on free ports, what it took in, its end.

use std::{
    fs,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
};

use nhacviec::channel::SmtpSecurity;
use tempfile::TempDir;

use super::{
    machine::{DeadPorts, banner, comes_true, free_ports, make_certificates, output_of, sources},
    mail::Mail,
    support::Submission,
};

pub const LOGIN: &str = "reminder";
const PASSWORD: &str = "three-blind-mice";

const EXECUTABLE: &str = "/usr/sbin/exim4";
/// Chances to find two ports that nobody takes between the search and the start.
const STARTS: usize = 5;

/// In what servers differ.
pub struct Face {
    pub offers_starttls: bool,
    /// `server` or `other-name`.
    pub certificate: &'static str,
    /// Names of the login mechanisms, a colon between them.
    pub mechanisms: &'static str,
    pub messages_per_connection: u16,
}

impl Default for Face {
    fn default() -> Self {
        Self { offers_starttls: true, certificate: "server", mechanisms: "PLAIN:LOGIN", messages_per_connection: 1000 }
    }
}

/// A mail server that lives as long as the value.
pub struct Exim {
    pub starttls_port: u16,
    pub smtps_port: u16,
    /// Connections of our own, made to see the server come up.
    looks: usize,
    configuration: String,
    // Ends before its folder is removed: fields are dropped in this order.
    daemon: Option<Daemon>,
    dead_ports: Option<DeadPorts>,
    folder: TempDir,
}

impl Exim {
    pub fn start() -> Self {
        Self::start_as(&Face::default())
    }

    pub fn start_as(face: &Face) -> Self {
        let (user, group) = account();
        let folder = TempDir::with_prefix("nhacviec-exim-").expect("a temporary folder can be made");
        lay_out(folder.path(), &format!("{user}:{group}"));
        let template = fs::read_to_string(sources().join("exim.conf")).expect("the template lies in tests/real");
        for _ in 0..STARTS {
            let [starttls_port, smtps_port] = free_ports();
            let values = [
                ("@BASE@", folder.path().display().to_string()),
                ("@USER@", user.clone()),
                ("@GROUP@", group.clone()),
                ("@STARTTLS_PORT@", starttls_port.to_string()),
                ("@SMTPS_PORT@", smtps_port.to_string()),
                ("@TLS_HOSTS@", if face.offers_starttls { "*" } else { "" }.to_owned()),
                ("@CERTIFICATE@", face.certificate.to_owned()),
                ("@MECHANISMS@", face.mechanisms.to_owned()),
                ("@MESSAGES_PER_CONNECTION@", face.messages_per_connection.to_string()),
                ("@LOGIN@", LOGIN.to_owned()),
                ("@PASSWORD@", PASSWORD.to_owned()),
            ];
            let configuration = values.iter().fold(template.clone(), |text, (name, value)| text.replace(name, value));
            let mut daemon = Daemon::spawn(folder.path(), &configuration);
            if daemon.comes_up(starttls_port, folder.path()) {
                // What is not in the log must not have happened; so there must be one.
                assert!(log_of(folder.path()).contains("daemon started"), "Exim keeps no log");
                let looks = connections_in(&log_of(folder.path()));
                let daemon = Some(daemon);
                return Self { starttls_port, smtps_port, looks, configuration, daemon, dead_ports: None, folder };
            }
        }
        panic!("Exim did not start:\n{}", log_of(folder.path()));
    }

    /// The server dies in the middle of whatever it does; who connects is refused.
    pub fn kill(&mut self) {
        drop(self.daemon.take());
        self.dead_ports = Some(DeadPorts::hold(&[self.starttls_port, self.smtps_port]));
    }

    /// Starts the server again where it was, with what it had.
    pub fn start_again(&mut self) {
        drop(self.dead_ports.take());
        let before = connections_in(&log_of(self.folder.path()));
        let mut daemon = Daemon::spawn(self.folder.path(), &self.configuration);
        let is_up = daemon.comes_up(self.starttls_port, self.folder.path());
        assert!(is_up, "Exim did not start again:\n{}", log_of(self.folder.path()));
        self.looks += connections_in(&log_of(self.folder.path())) - before;
        self.daemon = Some(daemon);
    }

    /// How mail is handed to this server.
    pub fn submission(&self, security: SmtpSecurity) -> Submission {
        let port = match security {
            SmtpSecurity::Tls => self.smtps_port,
            SmtpSecurity::StartTls | SmtpSecurity::Plaintext => self.starttls_port,
        };
        let folder = self.folder.path();
        Submission {
            port,
            security,
            user: LOGIN.to_owned(),
            password_file: folder.join("password"),
            ca_file: folder.join("ca/ca.crt"),
        }
    }

    /// The lines of the main log that contain `mark`; Exim writes them before it answers.
    pub fn log_lines(&self, mark: &str) -> Vec<String> {
        log_of(self.folder.path()).lines().filter(|line| line.contains(mark)).map(str::to_owned).collect()
    }

    /// The lines of messages for which the server took responsibility.
    pub fn accepted(&self) -> Vec<String> {
        self.log_lines(" <= ")
    }

    /// How often the channel connected.
    pub fn connections(&self) -> usize {
        connections_in(&log_of(self.folder.path())) - self.looks
    }

    /// Waits until all accepted messages are in the Maildir, of which there must be `count`, in no order.
    pub fn delivered(&self, count: usize) -> Vec<Mail> {
        assert_eq!(self.accepted().len(), count, "messages accepted:\n{}", log_of(self.folder.path()));
        let arrived = || -> Vec<PathBuf> {
            let entries = fs::read_dir(self.folder.path().join("mail/new")).into_iter().flatten();
            entries.map(|entry| entry.expect("a readable Maildir").path()).collect()
        };
        comes_true(|| arrived().len() >= count);
        let paths = arrived();
        assert_eq!(paths.len(), count, "messages delivered:\n{}", log_of(self.folder.path()));
        paths.iter().map(|path| Mail::parse(&fs::read_to_string(path).expect("a message in UTF-8"))).collect()
    }
}

impl Drop for Exim {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("Exim's log:\n{}", log_of(self.folder.path()));
        }
    }
}

struct Daemon(Child);

impl Daemon {
    fn spawn(folder: &Path, configuration: &str) -> Self {
        let file = folder.join("exim.conf");
        fs::write(&file, configuration).expect("the configuration can be written");
        let output = fs::File::create(folder.join("log/output")).expect("the output can be kept");
        let errors = output.try_clone().expect("an open file has a second handle");
        let mut command = Command::new(EXECUTABLE);
        // In the foreground, and in a process group that also holds what it forks.
        command.arg("-C").arg(&file).arg("-bdf").stdin(Stdio::null()).stdout(output).stderr(errors).process_group(0);
        Self(command.spawn().expect("tests/real/install.sh has installed exim4"))
    }

    fn has_ended(&mut self) -> bool {
        self.0.try_wait().expect("our own child can be asked").is_some()
    }

    /// Whether this daemon, and not a stranger on the same port, comes to greet with its folder's name.
    fn comes_up(&mut self, port: u16, folder: &Path) -> bool {
        let own = folder.display().to_string();
        let mut is_up = false;
        comes_true(|| {
            is_up = banner(port).is_ok_and(|line| line.contains(&own));
            is_up || self.has_ended()
        });
        is_up
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // Not waited for yet, so the number still belongs to our child.
        if !self.has_ended() {
            let group = format!("-{}", self.0.id());
            let _ = Command::new("sh").args(["-c", "kill -s KILL -- \"$1\"", "sh", &group]).status();
            let _ = self.0.wait();
        }
    }
}

/// Exim gives up root's rights for its own account; without them it stays who we are.
fn account() -> (String, String) {
    let is_root = output_of("id", &["-u"]) == "0";
    let user = if is_root { "Debian-exim".to_owned() } else { output_of("id", &["-un"]) };
    let group = output_of("id", &["-gn", &user]);
    (user, group)
}

/// What Exim needs beside its configuration, all of it its own.
fn lay_out(folder: &Path, owner: &str) {
    for name in ["spool", "log"] {
        fs::create_dir(folder.join(name)).expect("a new folder takes folders");
    }
    fs::write(folder.join("password"), PASSWORD).expect("a new folder takes files");
    let folder = folder.to_str().expect("temporary folders have plain names");
    make_certificates(folder);
    output_of("chown", &["-R", owner, folder]);
}

fn connections_in(log: &str) -> usize {
    log.matches("(TCP/IP connection count").count()
}

/// Exim logs to its output when it was started without root's rights or before it knows its log's place.
fn log_of(folder: &Path) -> String {
    let read = |name: &str| fs::read_to_string(folder.join("log").join(name));
    read("main").or_else(|_| read("output")).unwrap_or_default()
}
