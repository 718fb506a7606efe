//! Owns the only reading of the wall clock; everything else takes `now` as an argument.
//!
//! `clippy.toml` bans the clock functions everywhere else, so that preview, rehearsal and tests
//! run exactly the code that the daemon runs.

use std::sync::Mutex;

use chrono::{DateTime, Utc};

/// Tells the present instant.
pub trait Clock: Send + Sync {
    /// The present instant in UTC, whole seconds being enough for all our rules.
    fn now(&self) -> DateTime<Utc>;
}

/// The machine's wall clock.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that may read the clock")]
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }
}

/// A clock that stands still until it is set; the rehearsal and the tests own the time with it.
#[derive(Debug)]
pub struct ManualClock(Mutex<DateTime<Utc>>);

impl ManualClock {
    /// A clock that shows `at`.
    #[must_use]
    pub fn new(at: DateTime<Utc>) -> Self {
        Self(Mutex::new(at))
    }

    /// Moves the clock, forward or back.
    pub fn set(&self, at: DateTime<Utc>) {
        *self.0.lock().expect("no panic happens while the lock is held") = at;
    }
}

impl Clock for ManualClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().expect("no panic happens while the lock is held")
    }
}
