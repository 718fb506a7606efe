//! Owns a line between client and server that breaks at the one moment that leaves the outcome open.

use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, Shutdown, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    thread,
};

/// What the client says in one go, in bytes, is content from here on: no command and no handshake
/// is as long. The lengths must do, since what travels is encrypted.
const CONTENT: usize = 2_000;

/// Passes everything on, but for the answers to contents that it was told to swallow; ends with the value.
pub struct Proxy {
    pub port: u16,
    orders: Arc<Orders>,
}

#[derive(Default)]
struct Orders {
    to_swallow: AtomicUsize,
    swallowed: AtomicUsize,
    is_over: AtomicBool,
}

impl Proxy {
    pub fn start(server_port: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has free ports");
        let port = listener.local_addr().expect("a bound listener has an address").port();
        let orders = Arc::new(Orders::default());
        let orders_of_all = Arc::clone(&orders);
        thread::spawn(move || {
            for client in listener.incoming() {
                if orders_of_all.is_over.load(SeqCst) {
                    break;
                }
                // A server that is dead shows as a connection that ends at once.
                let _ = client.and_then(|client| connect_through(&client, server_port, &orders_of_all));
            }
        });
        Self { port, orders }
    }

    /// The next `count` contents arrive, their answers do not: the connection is cut in their place.
    pub fn swallow_answers(&self, count: usize) {
        self.orders.to_swallow.store(count, SeqCst);
    }

    pub fn swallowed(&self) -> usize {
        self.orders.swallowed.load(SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.orders.is_over.store(true, SeqCst);
        // Wakes the thread that waits for the next client.
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
    }
}

fn connect_through(client: &TcpStream, server_port: u16, orders: &Arc<Orders>) -> io::Result<()> {
    let server = TcpStream::connect((Ipv4Addr::LOCALHOST, server_port))?;
    for stream in [client, &server] {
        stream.set_nodelay(true)?;
    }
    // Said by the client since the server last spoke.
    let said = Arc::new(AtomicUsize::new(0));
    let (from, to, counter) = (client.try_clone()?, server.try_clone()?, Arc::clone(&said));
    thread::spawn(move || {
        // Counted before it is passed on, so before it can be answered.
        pass(&from, &to, |length| {
            counter.fetch_add(length, SeqCst);
            true
        });
    });
    let (from, to, orders) = (server, client.try_clone()?, Arc::clone(orders));
    thread::spawn(move || {
        pass(&from, &to, |_| {
            let is_answer_to_content = said.swap(0, SeqCst) >= CONTENT;
            !(is_answer_to_content && orders.swallow())
        });
    });
    Ok(())
}

impl Orders {
    fn swallow(&self) -> bool {
        let is_ordered = self.to_swallow.fetch_update(SeqCst, SeqCst, |count| count.checked_sub(1)).is_ok();
        self.swallowed.fetch_add(usize::from(is_ordered), SeqCst);
        is_ordered
    }
}

/// Passes on what may pass; afterwards both directions are closed.
fn pass(mut from: &TcpStream, mut to: &TcpStream, mut may_pass: impl FnMut(usize) -> bool) {
    let mut buffer = [0; 16 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        if !may_pass(length) || to.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    for stream in [from, to] {
        let _ = stream.shutdown(Shutdown::Both);
    }
}
