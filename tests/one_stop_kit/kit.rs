//! Fake one-stop systems on loopback: one server for each system that is known, over real HTTP.
//!
//! A test puts up neutral dossiers; each server tells them in the shape, with the keys, dates and quirks of its own
//! system, records what it was asked, and misbehaves on demand. The servers are written from the descriptions of those
//! systems alone and share nothing with the client, so that the two can disagree. They read no clock and never sleep:
//! time passes by `set_time`, a held answer leaves by `release`. All values are invented.

mod dossier;
mod dvcqg;
mod elsewhere;
mod fault;
mod igate;
mod open_cps;
mod petitions;
mod reply;
mod request;
mod rows;
mod savis;
mod savis_soap;
mod server;
mod td_dich_vu_cong;
mod text;
mod tls;
mod visit;

pub use self::{
    dossier::{FakeDossier, Status, local, moment},
    dvcqg::{Dvcqg, DvcqgFault},
    elsewhere::OtherHost,
    fault::{Fault, RetryAfter},
    igate::{IGate, IGateFault},
    open_cps::{OpenCps, OpenCpsFault},
    petitions::Petitions,
    request::Request,
    savis::{SavisEnvelope, SavisFault},
    savis_soap::{SavisSoap, SoapFault},
    td_dich_vu_cong::{TdDichVuCong, TdFault},
    tls::{Certificate, TlsFront},
};
