//! The signal to stop, as a value that is handed around.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Why a run has to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// The reader of the output has left: stop at once, quietly.
    ReaderGone,
    /// A signal: start nothing new, end what is in flight.
    Signal(i32),
}

type Hook = Box<dyn FnOnce(Why) + Send>;

#[derive(Default)]
struct State {
    why: Option<Why>,
    hooks: Vec<Hook>,
    last: Vec<Box<dyn FnOnce() + Send>>,
}

/// Tells a tool to stop. Clones share one state; it is triggered at most once.
#[derive(Clone, Default)]
pub struct Shutdown {
    flag: Arc<AtomicBool>,
    state: Arc<Mutex<State>>,
}

impl Shutdown {
    /// The reason to stop, once there is one.
    pub fn why(&self) -> Option<Why> {
        if !self.flag.load(Ordering::Acquire) {
            return None;
        }
        self.lock().why
    }

    /// Asks everybody to stop; only the first reason counts.
    pub fn trigger(&self, why: Why) {
        let hooks = {
            let mut state = self.lock();
            if state.why.is_some() {
                return;
            }
            state.why = Some(why);
            self.flag.store(true, Ordering::Release);
            std::mem::take(&mut state.hooks)
        };
        for hook in hooks {
            hook(why);
        }
    }

    /// Calls `hook` once when it is time to stop, at once if it already is.
    pub fn on_trigger(&self, hook: impl FnOnce(Why) + Send + 'static) {
        let mut state = self.lock();
        if let Some(already) = state.why {
            drop(state);
            return hook(already);
        }
        state.hooks.push(Box::new(hook));
    }

    /// Calls `hook` once when the run is given up: the process dies at once, and nothing is dropped any more.
    pub fn on_abandon(&self, hook: impl FnOnce() + Send + 'static) {
        self.lock().last.push(Box::new(hook));
    }

    /// Says that the process dies at once.
    pub(crate) fn abandon(&self) {
        let last = std::mem::take(&mut self.lock().last);
        for hook in last {
            hook();
        }
    }

    /// The flag that ends an input.
    pub fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.flag)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Shutdown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Shutdown").field(&self.why()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::sync_channel;

    use super::{Shutdown, Why};

    #[test]
    fn only_the_first_reason_counts_and_late_hooks_hear_it() {
        let shutdown = Shutdown::default();
        let (said, received) = sync_channel(4);
        let early = said.clone();
        shutdown.on_trigger(move |why| early.send(why).expect("is received"));
        assert_eq!(shutdown.why(), None);
        shutdown.trigger(Why::ReaderGone);
        shutdown.trigger(Why::Signal(15));
        shutdown.on_trigger(move |why| said.send(why).expect("is received"));
        assert_eq!(received.try_iter().collect::<Vec<_>>(), [Why::ReaderGone, Why::ReaderGone]);
    }
}
