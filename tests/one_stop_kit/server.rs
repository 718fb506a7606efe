//! The server that all systems share: it records, spoils on demand and sends.

use std::{
    future::pending,
    io,
    sync::{Arc, Mutex, MutexGuard},
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    response::Response,
};
use chrono::{DateTime, Utc};
use futures_util::{StreamExt as _, stream};
use tokio::{net::TcpListener, sync::watch};

use super::{
    dossier::FakeDossier,
    fault::{AnyFault, Delivery, Fault, Faults, Outgoing},
    request::Request,
    rows::Rows,
    text::http_date,
    visit::{System, Visit},
};

/// Small enough to cut a short answer, odd so that letters of two and three bytes are cut too.
const CHUNK: usize = 7;
static BLANKS: [u8; 64 * 1024] = [b' '; 64 * 1024];

/// A fake one-stop system; it ends with the runtime.
#[derive(Debug)]
pub struct FakeServer<S: System> {
    port: u16,
    shared: Arc<Shared<S>>,
}

impl<S: System> Clone for FakeServer<S> {
    fn clone(&self) -> Self {
        Self { port: self.port, shared: Arc::clone(&self.shared) }
    }
}

#[derive(Debug)]
struct Shared<S: System> {
    world: Mutex<World<S>>,
    /// Requests so far; for those who wait for one.
    arrived: watch::Sender<usize>,
    /// Counts the calls of `release`.
    released: watch::Sender<usize>,
}

#[derive(Debug)]
struct World<S: System> {
    system: S,
    now: DateTime<Utc>,
    rows: Vec<FakeDossier>,
    faults: Faults<S::Fault>,
    requests: Vec<Request>,
}

impl<S: System> FakeServer<S> {
    /// Starts a server without dossiers on a free port.
    pub async fn start(now: DateTime<Utc>) -> Self {
        let listener = TcpListener::bind((S::ADDRESS, 0)).await.expect("loopback has free ports");
        let port = listener.local_addr().expect("a bound listener has an address").port();
        let world =
            World { system: S::default(), now, rows: Vec::new(), faults: Faults::default(), requests: Vec::new() };
        let (arrived, released) = (watch::Sender::new(0), watch::Sender::new(0));
        let shared = Arc::new(Shared { world: Mutex::new(world), arrived, released });
        let router = Router::new().fallback(take::<S>).with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { port, shared }
    }

    /// Scheme, host and port.
    pub fn base_url(&self) -> String {
        format!("http://{}:{}", S::ADDRESS, self.port)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn set_time(&self, now: DateTime<Utc>) {
        self.world().now = now;
    }

    pub fn set_rows(&self, rows: Vec<FakeDossier>) {
        self.world().rows = rows;
    }

    /// Changes the dossier with that code.
    pub fn edit(&self, code: &str, change: impl FnOnce(&mut FakeDossier)) {
        let mut world = self.world();
        change(world.rows.iter_mut().find(|row| row.code == code).expect("the test has put up the dossier"));
    }

    /// Lets the next requests go wrong. Further calls queue up.
    pub fn fail_next(&self, times: usize, fault: impl Into<AnyFault<S::Fault>>) {
        self.fail_next_at("", times, fault);
    }

    /// Lets the next requests whose path contains `path_part` go wrong. Further calls queue up.
    pub fn fail_next_at(&self, path_part: &str, times: usize, fault: impl Into<AnyFault<S::Fault>>) {
        self.world().faults.count(path_part, times, fault.into());
    }

    /// Lets every request go wrong until `recover`; several faults add up.
    pub fn fail(&self, fault: impl Into<AnyFault<S::Fault>>) {
        self.fail_at("", fault);
    }

    /// Lets every request whose path contains `path_part` go wrong until `recover`; several faults add up.
    pub fn fail_at(&self, path_part: &str, fault: impl Into<AnyFault<S::Fault>>) {
        self.world().faults.stand(path_part, fault.into());
    }

    /// Ends all faults.
    pub fn recover(&self) {
        self.world().faults.clear();
    }

    /// Lets go of the answers that are held.
    pub fn release(&self) {
        self.shared.released.send_modify(|count| *count += 1);
    }

    /// Every request in the order in which it came, also those that met a fault.
    pub fn requests(&self) -> Vec<Request> {
        self.world().requests.clone()
    }

    /// The requests since the last call of this.
    pub fn take_requests(&self) -> Vec<Request> {
        std::mem::take(&mut self.world().requests)
    }

    /// Waits until this many requests have come since the start.
    pub async fn wait_for_requests(&self, count: usize) {
        // The sender lives as long as `self`, so the wait ends only by the count.
        let _ = self.shared.arrived.subscribe().wait_for(|arrived| *arrived >= count).await;
    }

    /// Reads or changes what only this system has.
    pub(super) fn with_system<T>(&self, visit: impl FnOnce(&mut S) -> T) -> T {
        visit(&mut self.world().system)
    }

    fn world(&self) -> MutexGuard<'_, World<S>> {
        self.shared.world()
    }
}

impl<S: System> Shared<S> {
    fn world(&self) -> MutexGuard<'_, World<S>> {
        self.world.lock().expect("no panic happens while the lock is held")
    }
}

impl<S: System> World<S> {
    fn meet(&mut self, request: Request, path_and_query: &str) -> Outgoing {
        let (mut common, mut own): (Vec<Fault>, Vec<S::Fault>) = (Vec::new(), Vec::new());
        for fault in self.faults.take(&request.path) {
            match fault {
                AnyFault::Common(fault) => common.push(fault),
                AnyFault::Own(fault) => own.push(fault),
            }
        }
        let mut rows = Rows::new(self.rows.clone());
        for fault in &common {
            fault.change_rows(&mut rows);
        }
        let visit = Visit { request: &request, rows, now: self.now, faults: own };
        let replacement = common.iter().find_map(|fault| fault.replacement(path_and_query));
        let reply = replacement.unwrap_or_else(|| self.system.answer(&visit));
        let mut out = Outgoing { reply, delivery: Delivery::Whole, is_held: false, date: self.now };
        for fault in &common {
            fault.spoil(&mut out);
        }
        self.requests.push(request);
        out
    }
}

async fn take<S: System>(
    State(shared): State<Arc<Shared<S>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    // Subscribed before the request can be seen, so that a release in answer to it is not missed.
    let mut released = shared.released.subscribe();
    let request = Request::new(&method, &uri, &headers, &body);
    let out = shared.world().meet(request, uri.path_and_query().map_or("/", |whole| whole.as_str()));
    shared.arrived.send_modify(|count| *count += 1);
    if out.is_held {
        // An error would mean that the server is gone, and this connection with it.
        let _ = released.changed().await;
    }
    respond(out, released)
}

fn respond(out: Outgoing, released: watch::Receiver<usize>) -> Response {
    let length = out.reply.body.len();
    let mut response = Response::new(deliver(out.reply.body, out.delivery, released));
    *response.status_mut() = StatusCode::from_u16(out.reply.status).expect("the kit knows its statuses");
    for (name, value) in out.reply.headers {
        response.headers_mut().append(name, value.parse().expect("the kit writes proper headers"));
    }
    let date = http_date(out.date).parse().expect("a date is a proper header");
    response.headers_mut().insert(header::DATE, date);
    if matches!(out.delivery, Delivery::CutMidBody | Delivery::HeldMidBody) {
        response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    response
}

fn deliver(body: Vec<u8>, delivery: Delivery, mut released: watch::Receiver<usize>) -> Body {
    let body = Bytes::from(body);
    let first_half = body.slice(..body.len() / 2);
    let second_half = body.slice(body.len() / 2..);
    let begin = stream::iter([io::Result::Ok(first_half)]);
    match delivery {
        Delivery::Whole => Body::from(body),
        Delivery::Chunked => {
            let pieces: Vec<_> =
                body.chunks(CHUNK).map(|piece| io::Result::Ok(Bytes::copy_from_slice(piece))).collect();
            Body::from_stream(stream::iter(pieces))
        }
        Delivery::Padded(bytes) => {
            let blocks = (0..bytes).step_by(BLANKS.len()).map(move |from| BLANKS.len().min(bytes - from));
            let blanks = blocks.map(|length| io::Result::Ok(Bytes::from_static(&BLANKS).slice(..length)));
            Body::from_stream(stream::iter([io::Result::Ok(body)]).chain(stream::iter(blanks)))
        }
        Delivery::CutMidBody => Body::from_stream(begin.chain(stream::once(async {
            // Lets the first half leave before the connection goes.
            tokio::task::yield_now().await;
            Err(io::ErrorKind::ConnectionReset.into())
        }))),
        Delivery::HeldMidBody => Body::from_stream(begin.chain(stream::once(async move {
            if released.changed().await.is_err() {
                pending::<()>().await;
            }
            Ok(second_half)
        }))),
    }
}
