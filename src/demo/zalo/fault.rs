//! Faults on demand: what goes wrong for which path, once or until removed.

use std::collections::VecDeque;

/// What goes wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The connection is closed; nothing is processed.
    DropBefore,
    /// The request is processed, then the connection is closed without an answer.
    DropAfter,
    /// Nothing is processed and no answer ever comes.
    Silence,
    /// The request is processed, but no answer ever comes.
    SilenceAfter,
    /// The request is processed; the answer waits for [`release`](super::FakeZalo::release).
    Held,
    /// This HTTP status with a web page; nothing is processed.
    Http(u16),
    /// The request is processed; then the gateway answers this HTTP status with a web page.
    HttpAfter(u16),
    /// HTTP 200 without a body; nothing is processed.
    Empty200,
    /// HTTP 200 with a web page; nothing is processed.
    Html200,
    /// This error in the shape of the API that was called, with HTTP 200; nothing is processed.
    Error(i64),
    /// The same with the number in quotes, as some answers had it.
    QuotedError(i64),
}

impl Fault {
    /// Whether the request takes effect nonetheless.
    pub(super) fn is_processed(self) -> bool {
        match self {
            Self::DropAfter | Self::SilenceAfter | Self::Held | Self::HttpAfter(_) => true,
            Self::DropBefore
            | Self::Silence
            | Self::Http(_)
            | Self::Empty200
            | Self::Html200
            | Self::Error(_)
            | Self::QuotedError(_) => false,
        }
    }
}

/// The faults that are set.
#[derive(Debug, Default)]
pub(super) struct Faults {
    standing: Vec<(String, Fault)>,
    once: VecDeque<(String, Fault)>,
}

impl Faults {
    pub fn set(&mut self, path_part: &str, fault: Option<Fault>) {
        self.standing.retain(|(part, _)| part != path_part);
        self.standing.extend(fault.map(|fault| (path_part.to_owned(), fault)));
    }

    pub fn set_once(&mut self, path_part: &str, fault: Fault) {
        self.once.push_back((path_part.to_owned(), fault));
    }

    /// The fault for a path. Those for one time go first, in the order in which they were set.
    pub fn take(&mut self, path: &str) -> Option<Fault> {
        if let Some(at) = self.once.iter().position(|(part, _)| path.contains(part.as_str())) {
            return self.once.remove(at).map(|(_, fault)| fault);
        }
        self.standing.iter().rev().find(|(part, _)| path.contains(part.as_str())).map(|(_, fault)| *fault)
    }
}
