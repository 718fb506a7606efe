//! The fake one-stop systems keep what is known of the real ones: each rule is met over HTTP as a client would.

#[path = "one_stop_kit/kit.rs"]
mod kit;

#[path = "one_stop_kit/stories/client.rs"]
mod client;
#[path = "one_stop_kit/stories/dvcqg.rs"]
mod dvcqg;
#[path = "one_stop_kit/stories/envelope.rs"]
mod envelope;
#[path = "one_stop_kit/stories/faults.rs"]
mod faults;
#[path = "one_stop_kit/stories/igate.rs"]
mod igate;
#[path = "one_stop_kit/stories/open_cps.rs"]
mod open_cps;
#[path = "one_stop_kit/stories/open_cps_rows.rs"]
mod open_cps_rows;
#[path = "one_stop_kit/stories/petitions.rs"]
mod petitions;
#[path = "one_stop_kit/stories/soap.rs"]
mod soap;
#[path = "one_stop_kit/stories/td_dich_vu_cong.rs"]
mod td_dich_vu_cong;
#[path = "one_stop_kit/stories/tls.rs"]
mod tls;
