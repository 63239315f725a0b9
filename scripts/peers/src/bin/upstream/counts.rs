//! What the upstream saw: the judge of what a client did.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// The counters since the settings changed.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    /// Connections that were opened.
    pub(crate) connections: AtomicU64,
    /// Calls that came.
    pub(crate) calls: AtomicU64,
    /// Calls that were answered with 200.
    pub(crate) answered: AtomicU64,
    /// Calls that were answered with 429.
    pub(crate) refused: AtomicU64,
    /// Calls that are being answered now, and the most that ever were.
    in_flight: AtomicU64,
    most_in_flight: AtomicU64,
}

impl Counts {
    /// Counts a call in flight until the guard is dropped.
    pub(crate) fn call(&self) -> InFlight<'_> {
        self.calls.fetch_add(1, Relaxed);
        let now = self.in_flight.fetch_add(1, Relaxed) + 1;
        self.most_in_flight.fetch_max(now, Relaxed);
        InFlight(self)
    }

    /// Forgets what was counted; what is in flight stays.
    pub(crate) fn reset(&self) {
        for counter in [&self.connections, &self.calls, &self.answered, &self.refused, &self.most_in_flight] {
            counter.store(0, Relaxed);
        }
    }

    /// The counters as JSON.
    pub(crate) fn json(&self) -> String {
        let [connections, calls, answered, refused, most] =
            [&self.connections, &self.calls, &self.answered, &self.refused, &self.most_in_flight]
                .map(|counter| counter.load(Relaxed));
        format!(
            "{{\"connections\":{connections},\"calls\":{calls},\"answered\":{answered},\"refused\":{refused},\
             \"most_in_flight\":{most}}}\n"
        )
    }
}

/// A call that is being answered.
#[derive(Debug)]
pub(crate) struct InFlight<'a>(&'a Counts);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Relaxed);
    }
}
