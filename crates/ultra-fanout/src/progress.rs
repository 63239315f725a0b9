//! One line on the terminal that says how far the run is.

use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use ultra_core::clock::Clock;
use ultra_core::tool::Context;

/// How often the line is written again.
const EVERY: Duration = Duration::from_millis(100);

/// The line, or nothing when nobody wants to see it.
#[derive(Debug)]
pub(crate) struct Progress {
    clock: Option<Arc<dyn Clock>>,
    shown: Option<Duration>,
}

impl Progress {
    pub(crate) fn new(context: &Context) -> Self {
        Self { clock: context.progress.then(|| Arc::clone(&context.clock)), shown: None }
    }

    /// Writes the line, unless it was written a moment ago.
    pub(crate) fn show(&mut self, (done, failed): (u64, u64), open: usize) {
        let Some(clock) = &self.clock else { return };
        let now = clock.elapsed();
        if self.shown.is_some_and(|shown| now < shown + EVERY) {
            return;
        }
        self.shown = Some(now);
        say(&format!("\r\x1b[Kultra-fanout: {done} done, {open} under way, {failed} failed"));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown.is_some() {
            say("\r\x1b[K");
        }
    }
}

/// Progress that cannot be shown is not worth a word.
fn say(text: &str) {
    let mut stderr = std::io::stderr();
    let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
}
