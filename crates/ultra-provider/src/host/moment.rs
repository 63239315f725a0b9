//! The clock of a run and the clock of the host.

use std::time::Duration;

use ultra_core::clock::since_boot;
use ultra_pace::Shared;

/// One moment on both clocks.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// On the clock of the run, which is that of the machine.
    pub run: Duration,
    /// Since the host was started.
    pub boot: Duration,
}

impl Moment {
    /// This moment, which is `run` on the clock of the run.
    pub fn now(run: Duration) -> Self {
        Self { run, boot: since_boot() }
    }

    /// Nanoseconds since the host was started.
    pub(super) fn nanos(self) -> u64 {
        nanos(self.boot)
    }
}

/// The difference of the two clocks, in nanoseconds.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Offset(i128);

/// Less than this is the time between two readings of clocks, and no difference.
const NOISE: u128 = 1_000_000;

impl Offset {
    /// Takes the difference from `now`, once, and again when the host has slept meanwhile.
    ///
    /// A difference that trembled would make every value that is read and written back a new one.
    pub(super) fn follow(&mut self, now: Moment) {
        let offset = i128::from(nanos(now.boot)) - i128::from(nanos(now.run));
        if offset.abs_diff(self.0) > NOISE {
            self.0 = offset;
        }
    }

    /// The times of `shared` since boot; never stays never.
    pub(super) fn to_boot(self, shared: Shared) -> Shared {
        shared.map(|time| Self::shift(time, self.0))
    }

    /// The times of `shared` on the clock of the run; what was before the run is never.
    pub(super) fn to_run(self, shared: Shared) -> Shared {
        shared.map(|time| Self::shift(time, -self.0))
    }

    fn shift(time: Duration, by: i128) -> Duration {
        if time.is_zero() {
            return time;
        }
        let shifted = (i128::from(nanos(time)) + by).clamp(0, i128::from(u64::MAX));
        Duration::from_nanos(u64::try_from(shifted).unwrap_or(u64::MAX))
    }
}

/// Applies a change to all times.
trait Times {
    fn map(self, change: impl Fn(Duration) -> Duration) -> Self;
}

impl Times for Shared {
    fn map(self, change: impl Fn(Duration) -> Duration) -> Self {
        Self {
            gate: change(self.gate),
            next_request: change(self.next_request),
            next_tokens: change(self.next_tokens),
            cut: change(self.cut),
            broken_until: change(self.broken_until),
            rate: self.rate,
            broken_times: self.broken_times,
        }
    }
}

/// Whole nanoseconds; 584 years and more are all the same.
pub(super) fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
