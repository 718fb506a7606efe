//! One-stop systems as an administrator sets them up, read by the real client over real sockets, each from its fake.

mod support;

#[expect(dead_code, reason = "the kit also has what only its own stories need")]
#[path = "one_stop_kit/kit.rs"]
mod kit;

#[path = "sources/desk.rs"]
mod desk;
#[path = "sources/world.rs"]
mod world;

#[path = "sources/dvcqg.rs"]
mod dvcqg;
#[path = "sources/igate.rs"]
mod igate;
#[path = "sources/limits.rs"]
mod limits;
#[path = "sources/open_cps.rs"]
mod open_cps;
#[path = "sources/own_profiles.rs"]
mod own_profiles;
#[path = "sources/privacy.rs"]
mod privacy;
#[path = "sources/safety.rs"]
mod safety;
#[path = "sources/savis.rs"]
mod savis;
#[path = "sources/suite.rs"]
mod suite;
#[path = "sources/tls.rs"]
mod tls;
