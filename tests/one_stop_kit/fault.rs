//! Faults on demand: what any server may do to any request, for a number of times or until it recovers.

use std::io::Write as _;

use chrono::{DateTime, TimeDelta, Utc};
use flate2::{Compression, write::GzEncoder};

use super::{reply::Reply, rows::Rows, text::http_date};

const BLOCK: usize = 64 * 1024;

/// How long a busy server asks to be left alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RetryAfter {
    Seconds(u32),
    /// As an HTTP-date.
    At(DateTime<Utc>),
}

/// What goes wrong, in any system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Compressed, whether or not the client can read it.
    Gzip,
    /// Compressed, and this many bytes of blanks follow the answer inside: little on the wire, much once unpacked.
    GzipBomb(usize),
    /// In many small pieces without a length, cut through the middle of letters.
    Chunked,
    /// This status (429 or 503) without an answer from the system.
    Busy { status: u16, retry_after: RetryAfter },
    /// A length is promised, half of it comes, and the connection is gone.
    CutMidBody,
    /// Half of the answer, as if it were all.
    Truncated,
    /// A byte order mark in front.
    Bom,
    /// This many bytes of blanks follow the answer.
    HugePage(usize),
    /// The same path and query at another host; 307 and 308 repeat the body.
    Redirect { status: u16, to: String },
    /// Nothing comes before `release`.
    Held,
    /// Half of the answer comes, the rest not before `release`.
    HeldMidBody,
    /// A page for people, with HTTP 200.
    Maintenance,
    /// The `Date` header is off by this.
    WrongClock(TimeDelta),
    /// HTTP 200 and no body.
    Empty,
    /// Only half of the dossiers exist.
    HalfOfRows,
    /// The last row of a page is also the first of the next.
    RepeatedRows,
}

/// How the body leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    Whole,
    Chunked,
    Padded(usize),
    CutMidBody,
    HeldMidBody,
}

/// An answer on its way out.
#[derive(Debug)]
pub struct Outgoing {
    pub reply: Reply,
    pub delivery: Delivery,
    pub is_held: bool,
    pub date: DateTime<Utc>,
}

impl Fault {
    /// Changes what the request finds.
    pub fn change_rows(&self, rows: &mut Rows) {
        match self {
            Self::HalfOfRows => rows.halve(),
            Self::RepeatedRows => rows.repeat_over_pages(),
            _ => {}
        }
    }

    /// What comes instead of the system's answer; the system never sees the request.
    pub fn replacement(&self, path_and_query: &str) -> Option<Reply> {
        match self {
            Self::Busy { status, retry_after } => {
                let wait = match retry_after {
                    RetryAfter::Seconds(seconds) => seconds.to_string(),
                    RetryAfter::At(at) => http_date(*at),
                };
                Some(Reply::html(*status, "Too busy").with("retry-after", wait))
            }
            Self::Redirect { status, to } => {
                Some(Reply::html(*status, "Moved").with("location", format!("{to}{path_and_query}")))
            }
            Self::Maintenance => Some(Reply::html(200, "Hệ thống đang bảo trì")),
            Self::Empty => Some(Reply::json(200, &"")),
            _ => None,
        }
    }

    /// Spoils an answer on its way out.
    pub fn spoil(&self, out: &mut Outgoing) {
        match self {
            Self::Gzip => compress(&mut out.reply, 0),
            Self::GzipBomb(bytes) => compress(&mut out.reply, *bytes),
            Self::Chunked => out.delivery = Delivery::Chunked,
            Self::CutMidBody => out.delivery = Delivery::CutMidBody,
            Self::HugePage(bytes) => out.delivery = Delivery::Padded(*bytes),
            Self::HeldMidBody => out.delivery = Delivery::HeldMidBody,
            Self::Truncated => out.reply.body.truncate(out.reply.body.len() / 2),
            Self::Bom => out.reply.body = ["\u{feff}".as_bytes(), &out.reply.body].concat(),
            Self::Held => out.is_held = true,
            Self::WrongClock(by) => out.date += *by,
            Self::Busy { .. }
            | Self::Redirect { .. }
            | Self::Maintenance
            | Self::Empty
            | Self::HalfOfRows
            | Self::RepeatedRows => {}
        }
    }
}

fn compress(reply: &mut Reply, blanks: usize) {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let mut write = |bytes: &[u8]| encoder.write_all(bytes).expect("memory takes all");
    write(&reply.body);
    let block = vec![b' '; BLOCK];
    for from in (0..blanks).step_by(BLOCK) {
        write(&block[..BLOCK.min(blanks - from)]);
    }
    reply.body = encoder.finish().expect("memory takes all");
    reply.headers.push(("content-encoding", "gzip".to_owned()));
}

/// A fault of all systems or of one.
#[derive(Debug, Clone, PartialEq)]
pub enum AnyFault<F> {
    Common(Fault),
    Own(F),
}

impl<F> From<Fault> for AnyFault<F> {
    fn from(fault: Fault) -> Self {
        Self::Common(fault)
    }
}

/// The faults that are set.
#[derive(Debug)]
pub struct Faults<F> {
    standing: Vec<(String, AnyFault<F>)>,
    counted: Vec<(String, usize, AnyFault<F>)>,
}

impl<F> Default for Faults<F> {
    fn default() -> Self {
        Self { standing: Vec::new(), counted: Vec::new() }
    }
}

impl<F: Clone> Faults<F> {
    pub fn stand(&mut self, path_part: &str, fault: AnyFault<F>) {
        self.standing.push((path_part.to_owned(), fault));
    }

    pub fn count(&mut self, path_part: &str, times: usize, fault: AnyFault<F>) {
        self.counted.push((path_part.to_owned(), times, fault));
    }

    pub fn clear(&mut self) {
        self.standing.clear();
        self.counted.clear();
    }

    /// The standing faults of a path, and of the counted ones the first: those queue up.
    pub fn take(&mut self, path: &str) -> Vec<AnyFault<F>> {
        self.counted.retain(|(_, left, _)| *left > 0);
        let mut faults: Vec<_> =
            self.standing.iter().filter(|(part, _)| path.contains(part.as_str())).map(|(_, f)| f.clone()).collect();
        if let Some((_, left, fault)) = self.counted.iter_mut().find(|(part, _, _)| path.contains(part.as_str())) {
            *left -= 1;
            faults.push(fault.clone());
        }
        faults
    }
}
