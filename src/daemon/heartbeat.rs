//! Whether a loop still makes progress; on the monotonic clock, which no one sets.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

/// A loop's sign of life: resting, or busy since some moment.
pub struct Heartbeat {
    started: Instant,
    limit: Duration,
    /// Milliseconds from `started` to the last progress, plus one; 0 while resting.
    busy_since: AtomicU64,
}

impl Heartbeat {
    pub fn new(limit: Duration) -> Self {
        Self { started: Instant::now(), limit, busy_since: AtomicU64::new(0) }
    }

    /// A pass begins, or made progress.
    pub fn begin(&self) {
        self.busy_since.store(self.elapsed() + 1, Ordering::Relaxed);
    }

    /// The loop waits for work.
    pub fn rest(&self) {
        self.busy_since.store(0, Ordering::Relaxed);
    }

    /// False when a pass has made no progress for longer than the limit.
    pub fn is_alive(&self) -> bool {
        self.is_alive_at(self.elapsed())
    }

    fn is_alive_at(&self, elapsed: u64) -> bool {
        match self.busy_since.load(Ordering::Relaxed) {
            0 => true,
            since => u128::from(elapsed.saturating_sub(since - 1)) <= self.limit.as_millis(),
        }
    }

    fn elapsed(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pass_that_hangs_is_noticed_and_a_resting_loop_is_not() {
        let heartbeat = Heartbeat::new(Duration::from_secs(10));
        assert!(heartbeat.is_alive_at(3_600_000), "resting for an hour");
        heartbeat.begin();
        assert!(heartbeat.is_alive_at(9_000));
        assert!(!heartbeat.is_alive_at(11_000));
        heartbeat.rest();
        assert!(heartbeat.is_alive_at(11_000));
    }
}
