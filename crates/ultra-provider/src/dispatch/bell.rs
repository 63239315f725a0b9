//! What wakes the tool's thread: anybody may ring, and a ring while it is awake is not lost.

use std::thread::{self, Thread};
use std::time::Duration;

/// Wakes the thread that made it.
#[derive(Debug, Clone)]
pub(super) struct Bell(Thread);

impl Bell {
    /// The bell of this thread.
    pub(super) fn here() -> Self {
        Self(thread::current())
    }

    /// Wakes the thread, or keeps it from going to sleep the next time.
    pub(super) fn ring(&self) {
        self.0.unpark();
    }

    /// Waits for a ring, at most for `pause`; may also return without any reason. Only its own thread waits.
    #[expect(clippy::unused_self, reason = "it is this bell that is waited for")]
    pub(super) fn wait(&self, pause: Option<Duration>) {
        match pause {
            Some(pause) => thread::park_timeout(pause),
            None => thread::park(),
        }
    }
}
