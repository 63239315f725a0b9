//! Time, injected: the only module that asks the machine for it.
#![allow(clippy::disallowed_methods, reason = "this is the one place that reads a clock")]

use std::fmt;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A source of time.
pub trait Clock: Send + Sync + fmt::Debug {
    /// Time since the start of the run; never goes back.
    fn elapsed(&self) -> Duration;

    /// Seconds since 1970, for ages and time stamps only.
    fn unix_seconds(&self) -> u64;
}

/// Time since the machine was started, sleep included: the only time that all processes of a host agree on and
/// nobody sets. It means nothing after the next start.
pub fn since_boot() -> Duration {
    // Elsewhere the monotonic clock is the nearest; it may stand still while the machine sleeps.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    const BOOT: rustix::time::ClockId = rustix::time::ClockId::Boottime;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    const BOOT: rustix::time::ClockId = rustix::time::ClockId::Monotonic;
    Duration::try_from(rustix::time::clock_gettime(BOOT)).unwrap_or_default()
}

/// The machine's clock.
#[derive(Debug, Clone, Copy)]
pub struct System(Instant);

impl System {
    /// A clock that starts now.
    pub fn start() -> Self {
        Self(Instant::now())
    }
}

impl Clock for System {
    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    fn unix_seconds(&self) -> u64 {
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
    }
}

/// A clock that stands still at 2000-01-01T00:00:00Z, for mock runs and tests.
#[derive(Debug, Clone, Copy, Default)]
pub struct Frozen;

impl Clock for Frozen {
    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }

    fn unix_seconds(&self) -> u64 {
        946_684_800
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::since_boot;

    #[test]
    fn the_time_since_boot_flows_and_is_common_to_all_threads() {
        let before = since_boot();
        let between = std::thread::spawn(since_boot).join().expect("a time");
        assert!(Duration::ZERO < before && before <= between && between <= since_boot());
    }
}
