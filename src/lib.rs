//! `nhacviec` reminds a Vietnamese administrative office of the duties of its plans and of late dossiers.
//!
//! See `docs/ARCHITECTURE.md` for the shape: a pure [`domain`], adapters behind traits, and three
//! [`passes`] that meet only in the [`store`].

pub mod channel;
pub mod cli;
pub mod clock;
pub mod config;
pub mod daemon;
pub mod demo;
pub mod domain;
pub mod import;
pub mod message;
pub mod passes;
pub mod secret;
pub mod simulation;
pub mod source;
pub mod store;
