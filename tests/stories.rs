//! What the office lives through, told from configuration to mailbox on a real store, over real sockets.

mod support;

#[path = "stories/attack.rs"]
mod attack;
#[path = "stories/deadlines.rs"]
mod deadlines;
#[path = "stories/delivery.rs"]
mod delivery;
#[path = "stories/digest.rs"]
mod digest;
#[path = "stories/dossiers.rs"]
mod dossiers;
#[path = "stories/late.rs"]
mod late;
#[path = "stories/lessons.rs"]
mod lessons;
#[path = "stories/life.rs"]
mod life;
#[path = "stories/note.rs"]
mod note;
#[path = "stories/outbox.rs"]
mod outbox;
#[path = "stories/people.rs"]
mod people;
#[path = "stories/presets.rs"]
mod presets;
#[path = "stories/properties.rs"]
mod properties;
#[path = "stories/regressions.rs"]
mod regressions;
#[path = "stories/simulation.rs"]
mod simulation;
#[path = "stories/targets.rs"]
mod targets;
#[path = "stories/together.rs"]
mod together;
