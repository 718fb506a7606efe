//! The stand-in for Zalo keeps what is known of Zalo: each rule is met over HTTP as a client would.

#[path = "fake_zalo/account.rs"]
mod account;
#[path = "fake_zalo/bot.rs"]
mod bot;
#[path = "fake_zalo/client.rs"]
mod client;
#[path = "fake_zalo/faults.rs"]
mod faults;
#[path = "fake_zalo/oauth.rs"]
mod oauth;
#[path = "fake_zalo/phone.rs"]
mod phone;
