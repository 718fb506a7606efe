//! A mail server on loopback that stores what it takes; with faults on demand.
//!
//! For the rehearsal and for tests: it speaks just enough SMTP, in plaintext, and only to this machine.

use std::{
    collections::{HashMap, HashSet},
    fs, io,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    net::{TcpListener, TcpStream, tcp::OwnedReadHalf},
};

/// A message that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// Envelope recipient.
    pub to: String,
    /// Message-ID with its angle brackets.
    pub message_id: String,
    /// The message as it came.
    pub text: String,
}

/// What goes wrong for one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// RCPT is answered 550.
    Refused,
    /// The next message is taken, then the connection breaks before the reply; once.
    ReplyLost,
    /// The reply to the next message comes only after the client has gone away; once.
    ReplyLate,
    /// The content is answered 554.
    ContentRejected,
    /// RCPT is answered 450.
    Deferred,
    /// RCPT is never answered.
    Silent,
}

/// The server; it ends with the runtime.
#[derive(Debug, Clone)]
pub struct MailServer {
    port: u16,
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    folder: PathBuf,
    is_closed: AtomicBool,
    is_greylisting: AtomicBool,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    received: Vec<Received>,
    greeted: HashSet<String>,
    faults: HashMap<String, Fault>,
}

impl State {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("no panic happens while the lock is held")
    }
}

impl MailServer {
    /// Starts a server that writes each message into `folder` as an `.eml` file.
    ///
    /// # Errors
    /// When the folder cannot be made or no port is free.
    pub async fn start(folder: PathBuf) -> io::Result<Self> {
        fs::create_dir_all(&folder)?;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        let state = Arc::new(State {
            folder,
            is_closed: AtomicBool::new(false),
            is_greylisting: AtomicBool::new(false),
            inner: Mutex::default(),
        });
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let state = Arc::clone(&shared);
                tokio::spawn(async move {
                    // A client that goes away in mid-dialogue is its own affair.
                    let _ = converse(stream, &state).await;
                });
            }
        });
        Ok(Self { port, state })
    }

    /// Port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where messages are written.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.state.folder
    }

    /// Number of messages taken so far.
    #[must_use]
    pub fn count(&self) -> usize {
        self.state.inner().received.len()
    }

    /// The messages taken so far.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        self.state.inner().received.clone()
    }

    /// While closed, every connection is refused with 421.
    pub fn set_closed(&self, is_closed: bool) {
        self.state.is_closed.store(is_closed, Ordering::Relaxed);
    }

    /// Sets what goes wrong for an address, or nothing.
    pub fn set_fault(&self, to: &str, fault: Option<Fault>) {
        let mut inner = self.state.inner();
        match fault {
            Some(fault) => inner.faults.insert(to.to_owned(), fault),
            None => inner.faults.remove(to),
        };
    }

    /// While greylisting, the first try for each recipient is answered 450.
    pub fn set_greylisting(&self, is_greylisting: bool) {
        if !self.state.is_greylisting.swap(is_greylisting, Ordering::Relaxed) {
            self.state.inner().greeted.clear();
        }
    }
}

async fn converse(stream: TcpStream, state: &State) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let (reader, mut writer) = stream.into_split();
    let mut lines = BufReader::new(reader).lines();
    if state.is_closed.load(Ordering::Relaxed) {
        return writer.write_all(b"421 4.3.2 closed\r\n").await;
    }
    writer.write_all(b"220 thu.example ESMTP\r\n").await?;
    let mut to = String::new();
    while let Some(line) = lines.next_line().await? {
        let verb = line.get(..4).unwrap_or_default().to_uppercase();
        let reply = match verb.as_str() {
            "EHLO" => "250-thu.example\r\n250-PIPELINING\r\n250-SIZE 10240000\r\n250 8BITMIME",
            "RCPT" => {
                to.clear();
                let named = address(&line);
                let fault = state.inner().faults.get(named).copied();
                if fault == Some(Fault::Silent) {
                    // The client's going away is what ends the wait.
                    while lines.next_line().await?.is_some() {}
                    return Ok(());
                }
                if fault == Some(Fault::Refused) {
                    "550 5.1.1 no such user"
                } else if fault == Some(Fault::Deferred) {
                    "450 4.2.1 mailbox busy"
                } else if is_deferred(state, named) {
                    "450 4.7.1 greylisted, try again later"
                } else {
                    named.clone_into(&mut to);
                    "250 2.1.5 ok"
                }
            }
            "DATA" if to.is_empty() => "554 5.5.1 no valid recipients",
            "DATA" => {
                writer.write_all(b"354 go ahead\r\n").await?;
                let Some(text) = read_content(&mut lines).await? else { return Ok(()) };
                let fault = state.inner().faults.get(&to).copied();
                match fault {
                    Some(Fault::ContentRejected) => "554 5.6.0 content rejected",
                    Some(Fault::ReplyLost) => {
                        state.inner().faults.remove(&to);
                        return keep(state, &to, text);
                    }
                    Some(Fault::ReplyLate) => {
                        state.inner().faults.remove(&to);
                        keep(state, &to, text)?;
                        // The client's next line, or its going away, is what ends the wait.
                        let next = lines.next_line().await?;
                        writer.write_all(b"250 2.0.0 taken at last\r\n").await?;
                        if next.is_none() {
                            return Ok(());
                        }
                        continue;
                    }
                    Some(Fault::Refused | Fault::Deferred | Fault::Silent) | None => {
                        keep(state, &to, text)?;
                        "250 2.0.0 taken"
                    }
                }
            }
            "QUIT" => return writer.write_all(b"221 2.0.0 bye\r\n").await,
            _ => "250 2.0.0 ok",
        };
        writer.write_all(format!("{reply}\r\n").as_bytes()).await?;
    }
    Ok(())
}

/// The message up to its end mark; `None` when the client went away before it: then it is not taken.
async fn read_content(lines: &mut Lines<BufReader<OwnedReadHalf>>) -> io::Result<Option<String>> {
    let mut text = String::new();
    while let Some(line) = lines.next_line().await? {
        if line == "." {
            return Ok(Some(text));
        }
        text += line.strip_prefix('.').unwrap_or(&line);
        text += "\r\n";
    }
    Ok(None)
}

fn address(line: &str) -> &str {
    line.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map_or("", |(address, _)| address)
}

fn is_deferred(state: &State, to: &str) -> bool {
    state.is_greylisting.load(Ordering::Relaxed) && state.inner().greeted.insert(to.to_owned())
}

fn keep(state: &State, to: &str, text: String) -> io::Result<()> {
    let message_id = text.lines().find_map(|l| l.strip_prefix("Message-ID: ")).unwrap_or_default().to_owned();
    let mut inner = state.inner();
    let name = format!("{:05}-{}.eml", inner.received.len() + 1, to.replace(['/', '\\'], "_"));
    fs::write(state.folder.join(name), &text)?;
    inner.received.push(Received { to: to.to_owned(), message_id, text });
    Ok(())
}
