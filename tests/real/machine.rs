//! Owns what the real servers of the tests need from the machine: its programs, free ports, short looks.

use std::{
    io::{self, BufRead, BufReader, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::Duration,
};

use tokio::net::TcpSocket;

/// Between two looks at what another process is about to do.
const LOOK_AGAIN: Duration = Duration::from_millis(25);
const LOOKS: usize = 800;

/// Looks again and again until it is so; `false` when it never was.
pub fn comes_true(mut is_so: impl FnMut() -> bool) -> bool {
    for _ in 0..LOOKS {
        if is_so() {
            return true;
        }
        thread::sleep(LOOK_AGAIN);
    }
    false
}

pub fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real")
}

/// What a program of the machine prints; a failure ends the test.
pub fn output_of(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().expect("tests/real/install.sh has installed it");
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// A private authority and two certificates, in `ca` below the folder.
pub fn make_certificates(folder: &str) {
    let script = sources().join("make-ca.sh");
    output_of("sh", &[script.to_str().expect("the checkout has a plain name"), &format!("{folder}/ca")]);
}

/// Ports free at this moment; held together, so that they differ.
pub fn free_ports<const COUNT: usize>() -> [u16; COUNT] {
    let listeners = [(); COUNT].map(|()| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has free ports"));
    listeners.map(|listener| listener.local_addr().expect("a bound listener has an address").port())
}

/// The first line a server says.
pub fn banner(port: u16) -> io::Result<String> {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(Duration::from_secs(1)))?;
    let mut line = String::new();
    BufReader::new(&stream).read_line(&mut line)?;
    (&stream).write_all(b"QUIT\r\n")?;
    Ok(line)
}

/// Ports on which nobody listens and which nobody else can take, until the value is dropped.
///
/// Bound but not listening: whoever connects is refused, as by a machine whose server is dead.
#[expect(dead_code, reason = "held for what its being open does")]
pub struct DeadPorts(Vec<TcpSocket>);

impl DeadPorts {
    pub fn hold(ports: &[u16]) -> Self {
        let hold = |port: &u16| {
            let socket = TcpSocket::new_v4().expect("a socket can be made");
            // The connections of the server that was here may still linger.
            socket.set_reuseaddr(true).expect("an option of every socket");
            let is_held = comes_true(|| socket.bind((Ipv4Addr::LOCALHOST, *port).into()).is_ok());
            assert!(is_held, "somebody listens on port {port}");
            socket
        };
        Self(ports.iter().map(hold).collect())
    }
}
