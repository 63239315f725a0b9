//! Time as calls see it: simulated until something real is asked.

use std::sync::Arc;
use std::time::Duration;

use ultra_core::clock::Clock;
use ultra_core::record::{Object, Timing};

use crate::call::Answer;

/// The time of a run.
#[derive(Debug)]
pub(super) struct Time {
    clock: Arc<dyn Clock>,
    /// How far time had been simulated.
    simulated: Duration,
    /// What the clock said when time became real.
    real_since: Option<Duration>,
}

impl Time {
    /// Simulated time, which stands still until something is due.
    pub(super) fn simulated(clock: Arc<dyn Clock>) -> Self {
        Self { clock, simulated: Duration::ZERO, real_since: None }
    }

    pub(super) fn is_simulated(&self) -> bool {
        self.real_since.is_none()
    }

    /// Makes time real from now on.
    pub(super) fn flow(&mut self) {
        self.real_since.get_or_insert(self.clock.elapsed());
    }

    pub(super) fn now(&self) -> Duration {
        match self.real_since {
            Some(since) => self.simulated + self.clock.elapsed().saturating_sub(since),
            None => self.simulated,
        }
    }

    /// Whether it is `due` now; simulated time makes it so.
    pub(super) fn reach(&mut self, due: Duration) -> bool {
        if self.is_simulated() {
            self.simulated = self.simulated.max(due);
        }
        self.now() >= due
    }

    /// How long a call took that ends now; nothing where time is simulated, or the answer is.
    pub(super) fn timing(
        &self,
        submitted: Duration,
        launched: Duration,
        answer: Option<&Answer>,
    ) -> Option<Timing> {
        if self.is_simulated() || answer.is_some_and(|answer| answer.mock) {
            return None;
        }
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Some(Timing {
            queue_ms: millis(launched.saturating_sub(submitted)),
            first_token_ms: answer.and_then(|answer| answer.first_byte).map(millis),
            total_ms: millis(self.now().saturating_sub(submitted)),
            extra: Object::default(),
        })
    }
}
