//! A system behind the wire, and what it is told of one request.

use std::{fmt::Debug, net::Ipv4Addr};

use chrono::{DateTime, NaiveDateTime, Utc};

use super::{reply::Reply, request::Request, rows::Rows, text::wall_time};

/// What makes a server one of OpenCPS, one of iGate, and so on.
pub trait System: Default + Send + 'static {
    /// What goes wrong in this system only.
    type Fault: Debug + Clone + PartialEq + Send;

    /// Where it listens.
    const ADDRESS: Ipv4Addr = Ipv4Addr::LOCALHOST;

    fn answer(&mut self, visit: &Visit<'_, Self::Fault>) -> Reply;
}

/// The fault of a system that has none of its own.
#[derive(Debug, Clone, PartialEq)]
pub enum NoFault {}

/// One request, and the state of the world that it meets.
#[derive(Debug)]
pub struct Visit<'a, F> {
    pub request: &'a Request,
    pub rows: Rows,
    pub now: DateTime<Utc>,
    pub faults: Vec<F>,
}

impl<F: PartialEq> Visit<'_, F> {
    pub fn meets(&self, fault: &F) -> bool {
        self.faults.contains(fault)
    }

    /// The first fault from which `pick` takes something.
    pub fn find<T>(&self, pick: impl Fn(&F) -> Option<T>) -> Option<T> {
        self.faults.iter().find_map(pick)
    }

    pub fn is(&self, method: &str, path: &str) -> bool {
        self.request.method == method && self.request.path == path
    }

    pub fn wall_time(&self) -> NaiveDateTime {
        wall_time(self.now)
    }
}
