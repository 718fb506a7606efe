//! What the office lives through, told from configuration to mailbox on a real store, over real sockets.

mod support;

#[path = "stories/deadlines.rs"]
mod deadlines;
#[path = "stories/delivery.rs"]
mod delivery;
#[path = "stories/dossiers.rs"]
mod dossiers;
#[path = "stories/simulation.rs"]
mod simulation;
