//! The rules, as functions of plain data and `now`: no clock, no I/O, no randomness, no async.
//!
//! [`decide::decide`] is the only place where they meet; preview, rehearsal and daemon all call it.

pub mod calendar;
pub mod deadline;
pub mod decide;
pub mod directory;
pub mod dossier;
pub mod health;
pub mod ids;
pub mod life;
pub mod notification;
pub mod occurrence;
pub mod office;
pub mod plan;
pub mod policy;
pub mod returned;
pub mod targets;
