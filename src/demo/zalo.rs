//! Zalo's four hosts in one server on loopback, with a clock set by hand and faults on demand.
//!
//! For the rehearsal and for tests: Zalo itself has no sandbox. It answers as far as public material tells;
//! where that is silent or divided, the stricter reading is taken and the place says so. It speaks plain HTTP,
//! only to this machine, keeps everything in memory and never waits: time passes by [`FakeZalo::set_time`].

mod bot;
mod business;
mod fault;
mod oa;
mod oauth;
mod template;
mod wire;

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard},
};

use axum::{
    Router,
    body::Bytes,
    extract::{ConnectInfo, State},
    http::{HeaderMap, Method, Uri},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, FixedOffset, Utc};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::{net::TcpListener, sync::watch};

pub use self::{
    fault::Fault,
    oauth::{ConsumedAnswer, RefreshAnswer},
    template::{Template, TemplateParam},
    wire::Request,
};
use self::{
    fault::Faults,
    oauth::Grant,
    wire::{Answer, Line, LineListener, Refusal},
};

/// The way a message took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Via {
    /// The Bot Platform.
    Bot,
    /// A template to a phone number.
    Template,
    /// The account's consultation message to a user.
    Consultation,
    /// The account's message to a group.
    Group,
    /// A template to a user of the account.
    TemplateByUser,
}

/// A message that counts as delivered, whether or not the client heard so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// How it went.
    pub via: Via,
    /// Chat, phone number (`84…`, or its hash), user or group.
    pub to: String,
    /// The text; of a template the compact JSON of its parameters.
    pub text: String,
    /// The message id in the answer.
    pub id: String,
}

/// The server; it ends with the runtime.
#[derive(Debug, Clone)]
pub struct FakeZalo {
    port: u16,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    world: Mutex<World>,
    /// Requests so far; for those who wait for one.
    arrived: watch::Sender<usize>,
    /// Counts the calls of `release`.
    released: watch::Sender<usize>,
}

#[derive(Debug)]
struct World {
    now: DateTime<Utc>,
    requests: Vec<Request>,
    sent: Vec<Sent>,
    faults: Faults,
    grant: Grant,
    templates: template::Templates,
    account: oa::Account,
    bot: bot::Bot,
    ids: u64,
}

impl FakeZalo {
    /// The app that may use the account.
    pub const APP_ID: &str = "1234567890123456789";
    /// Its secret.
    pub const APP_SECRET: &str = "fakeAppSecret000";
    /// The bot's token.
    pub const BOT_TOKEN: &str = "1234567890:fakeBotTokenAbCdEf";
    /// The official account.
    pub const OA_ID: &str = "4318657068771012646";

    /// Starts the server with a first token pair and nobody known.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn start(now: DateTime<Utc>) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        let (arrived, released) = (watch::Sender::new(0), watch::Sender::new(0));
        let shared = Arc::new(Shared { world: Mutex::new(World::new(now)), arrived, released });
        let router = Router::new().fallback(take).with_state(Arc::clone(&shared));
        let service = router.into_make_service_with_connect_info::<Line>();
        tokio::spawn(async move { axum::serve(LineListener(listener), service).await });
        Ok(Self { port, shared })
    }

    /// Base URL of all four hosts.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Moves the server's clock.
    pub fn set_time(&self, now: DateTime<Utc>) {
        self.world().now = now;
    }

    /// Every request in the order in which it came, also those that met a fault.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.world().requests.clone()
    }

    /// Waits until this many requests have come since the start.
    pub async fn wait_for_requests(&self, count: usize) {
        // The sender lives as long as `self`, so the wait ends only by the count.
        let _ = self.shared.arrived.subscribe().wait_for(|arrived| *arrived >= count).await;
    }

    /// Every message that counts as delivered, in order.
    #[must_use]
    pub fn texts(&self) -> Vec<Sent> {
        self.world().sent.clone()
    }

    /// Sets what goes wrong for paths that contain `path_part`, until it is removed.
    ///
    /// `/message/template` is in the path of templates by user as well; those alone have `/oa/message/template`.
    pub fn set_fault(&self, path_part: &str, fault: Option<Fault>) {
        self.world().faults.set(path_part, fault);
    }

    /// Lets the next request whose path contains `path_part` go wrong. Further calls queue up.
    pub fn fail_once(&self, path_part: &str, fault: Fault) {
        self.world().faults.set_once(path_part, fault);
    }

    /// Lets go of the answers that [`Fault::Held`] keeps back.
    pub fn release(&self) {
        self.shared.released.send_modify(|count| *count += 1);
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.shared.world()
    }
}

impl Shared {
    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().expect("no panic happens while the lock is held")
    }
}

async fn take(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(line): ConnectInfo<Line>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    // Subscribed before the request can be seen, so that a release in answer to it is not missed.
    let mut released = shared.released.subscribe();
    let (answer, fault) = shared.world().meet(Request::new(&method, &uri, &headers, &body));
    shared.arrived.send_modify(|count| *count += 1);
    match fault {
        Some(Fault::DropBefore | Fault::DropAfter) => line.cut(),
        Some(Fault::Silence | Fault::SilenceAfter) => std::future::pending().await,
        Some(Fault::Held) => {
            // An error would mean that the server is gone, and this connection with it.
            let _ = released.changed().await;
        }
        _ => {}
    }
    answer.into_response()
}

/// Whose API a path belongs to; each has its own shape of error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Host {
    OAuth,
    Business,
    Account,
    Bot,
    Nobody,
}

impl Host {
    fn of(path: &str) -> Self {
        let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| path.starts_with(prefix));
        if starts(&["/v4/oa/"]) {
            Self::OAuth
        } else if starts(&["/message/", "/template/"]) {
            Self::Business
        } else if starts(&["/v3.0/oa/", "/v2.0/oa/"]) {
            Self::Account
        } else if starts(&["/bot"]) {
            Self::Bot
        } else {
            Self::Nobody
        }
    }

    fn error(self, code: &Value, message: &str) -> Answer {
        Answer::json(&match self {
            Self::OAuth => json!({
                "error": code, "error_name": message, "error_description": message, "error_reason": "",
                "ref_doc": "https://developers.example/docs",
            }),
            Self::Bot => json!({ "ok": false, "description": message, "error_code": code }),
            Self::Business | Self::Account | Self::Nobody => json!({ "error": code, "message": message }),
        })
    }

    fn refusal(self, refusal: &Refusal) -> Answer {
        self.error(&json!(refusal.code), &refusal.message)
    }
}

impl World {
    fn new(now: DateTime<Utc>) -> Self {
        let mut world = Self {
            now,
            requests: Vec::new(),
            sent: Vec::new(),
            faults: Faults::default(),
            grant: Grant::default(),
            templates: template::Templates::new(now),
            account: oa::Account::default(),
            bot: bot::Bot::default(),
            ids: 0,
        };
        world.rotate_tokens();
        world
    }

    /// Records a request and gives the answer, with what the line should do to it.
    fn meet(&mut self, request: Request) -> (Answer, Option<Fault>) {
        let fault = self.faults.take(&request.path);
        let host = Host::of(&request.path);
        let mut answer =
            if fault.is_none_or(Fault::is_processed) { self.answer(host, &request) } else { Answer::empty() };
        match fault {
            Some(Fault::Http(status) | Fault::HttpAfter(status)) => answer = Answer::html(status),
            Some(Fault::Html200) => answer = Answer::html(200),
            Some(Fault::Error(code)) => answer = self.scripted_error(host, &json!(code)),
            Some(Fault::QuotedError(code)) => answer = self.scripted_error(host, &json!(code.to_string())),
            _ => {}
        }
        self.requests.push(request);
        (answer, fault)
    }

    fn answer(&mut self, host: Host, request: &Request) -> Answer {
        match host {
            Host::OAuth => self.answer_oauth(request),
            Host::Business => self.answer_business(request),
            Host::Account => self.answer_account(request),
            Host::Bot => self.answer_bot(request),
            Host::Nobody => empty_api(),
        }
    }

    fn scripted_error(&self, host: Host, code: &Value) -> Answer {
        let mut answer = host.error(code, "Error on demand");
        if host == Host::Account {
            answer.headers = self.rate_headers();
        }
        answer
    }

    /// An id that tells nothing about the order of messages, as Zalo's.
    fn next_id(&mut self) -> String {
        self.ids += 1;
        hex(&Sha256::digest(format!("fake {}", self.ids))).chars().take(20).collect()
    }

    fn deliver(&mut self, via: Via, to: &str, text: String) -> String {
        let id = self.next_id();
        self.sent.push(Sent { via, to: to.to_owned(), text, id: id.clone() });
        id
    }

    fn local_time(&self) -> DateTime<FixedOffset> {
        in_vietnam(self.now)
    }

    /// Epoch milliseconds as the text that Zalo makes of every timestamp.
    fn millis(&self) -> String {
        self.now.timestamp_millis().to_string()
    }
}

/// What a path or a method that does not exist gets.
fn empty_api() -> Answer {
    Answer { status: 404, ..Answer::json(&json!({ "error": 404, "message": "empty api" })) }
}

/// Zalo names no time zone; its hours are taken to be Vietnam's, which has no daylight saving.
fn in_vietnam(time: DateTime<Utc>) -> DateTime<FixedOffset> {
    time.with_timezone(&FixedOffset::east_opt(7 * 3600).expect("seven hours are within a day"))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}
