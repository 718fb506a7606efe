//! Another host, to which a redirect may lead: it answers nothing of use and remembers what it was given.

use std::net::Ipv4Addr;

use super::{
    reply::Reply,
    request::Request,
    server::FakeServer,
    visit::{NoFault, System, Visit},
};

#[derive(Debug, Default)]
pub struct Elsewhere;

/// Not the host of the other servers: another address of loopback.
pub type OtherHost = FakeServer<Elsewhere>;

impl System for Elsewhere {
    type Fault = NoFault;

    const ADDRESS: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

    fn answer(&mut self, _: &Visit<'_, NoFault>) -> Reply {
        Reply::json(200, &"{}")
    }
}

impl OtherHost {
    /// Whether anything came that opens a door at the host that was left.
    pub fn got_credentials(&self) -> bool {
        self.requests().iter().any(has_credentials)
    }
}

fn has_credentials(request: &Request) -> bool {
    let headers = ["authorization", "cookie", "token", "secret"];
    let words = ["password", "session", "client_secret", "token"];
    headers.iter().any(|name| request.header(name).is_some())
        || words.iter().any(|word| request.query(word).is_some() || request.body.to_lowercase().contains(word))
}
