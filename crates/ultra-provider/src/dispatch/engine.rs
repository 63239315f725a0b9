//! Attempts in flight, on a thread of their own, and the only place that waits.
//!
//! Sockets and timers live on the `network` thread, so answers are read while the tool computes, writes, or
//! waits for a reader that does not read. The tool's thread sleeps until something rings its [`Bell`]: an
//! attempt that ended or told something, the feed, or the order to stop.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use tokio::task::AbortHandle;
use ultra_core::failure::Failure;
use ultra_core::kind::ErrorKind;
use ultra_core::shutdown::Shutdown;
use ultra_pace::{AttemptId, Class};

use super::bell::Bell;
use super::feed::{Feed, Taken};
use super::heard::Hearing;
use crate::call::{Answer, Call, CallError, Provider};

/// How long an attempt may run over its time before it is cut: providers say better what took so long.
const SLACK: Duration = Duration::from_millis(200);

/// An attempt that ended; without a result when it was cancelled.
pub(super) type Landing = (AttemptId, Option<Result<Answer, CallError>>);

/// Attempts in flight, and what it takes to wait for them.
pub(super) struct Engine {
    bell: Bell,
    shutdown: Shutdown,
    stop_seen: bool,
    flights: BTreeMap<AttemptId, AbortHandle>,
    landed: Landed,
    network: Option<Network>,
}

/// Attempts that ended and were not heard of yet: at most those that were in flight.
#[derive(Clone, Default)]
struct Landed(Arc<Mutex<Vec<Landing>>>);

impl Landed {
    fn put(&self, landing: Landing) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(landing);
    }

    fn take(&self) -> Vec<Landing> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The thread that has the sockets.
struct Network {
    handle: Handle,
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

/// What was waited for.
pub(super) enum Turn<T> {
    /// Attempts ended, or told something.
    Ended(Vec<Landing>),
    Fed(T),
    Closed,
    /// The pause is over, or it is time to stop, or it is worth looking again.
    Woken,
}

impl Engine {
    /// An engine that can wait for a feed and for the order to stop, but not for sockets.
    pub(super) fn new(shutdown: &Shutdown) -> Self {
        let bell = Bell::here();
        let ring = bell.clone();
        shutdown.on_trigger(move |_| ring.ring());
        Self {
            bell,
            shutdown: shutdown.clone(),
            stop_seen: false,
            flights: BTreeMap::new(),
            landed: Landed::default(),
            network: None,
        }
    }

    /// What wakes the tool's thread.
    pub(super) fn bell(&self) -> Bell {
        self.bell.clone()
    }

    /// Makes it able to make calls.
    pub(super) fn open(&mut self) -> Result<(), Failure> {
        if self.network.is_some() {
            return Ok(());
        }
        let runtime = Builder::new_current_thread().enable_all().build().map_err(cannot_start)?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel();
        let serve = move || {
            // Whoever drops the sender wants an end too.
            let _ = runtime.block_on(stopped);
            // A name that is still being resolved must not hold the process back.
            runtime.shutdown_background();
        };
        let thread = thread::Builder::new().name("network".into()).spawn(serve).map_err(cannot_start)?;
        self.network = Some(Network { handle, stop, thread });
        Ok(())
    }

    pub(super) fn launch(
        &mut self,
        attempt: AttemptId,
        provider: Arc<dyn Provider>,
        call: Arc<Call>,
        timeout: Duration,
        hearing: &Hearing,
    ) {
        let mut end = End { attempt, result: None, landed: self.landed.clone(), bell: self.bell() };
        // Only a real target is launched here, and the first of them has opened the network.
        let Some(network) = &self.network else { return };
        let teller = hearing.teller(attempt);
        let flight = network.handle.spawn(async move {
            let limit = timeout.saturating_add(SLACK);
            let ended = tokio::time::timeout(limit, provider.call(&call, timeout, &teller)).await;
            let message = || format!("no answer within {} s", timeout.as_secs_f64());
            let late = |_| CallError::new(ErrorKind::TimeoutAttempt, Class::Unsure, message());
            end.came(ended.map_err(late).flatten());
        });
        self.flights.insert(attempt, flight.abort_handle());
    }

    /// Ends an attempt; it comes back from [`Engine::turn`] without a result, unless it ended before.
    pub(super) fn cancel(&mut self, attempt: AttemptId) {
        if let Some(flight) = self.flights.get(&attempt) {
            flight.abort();
        }
    }

    /// What happens next, at the latest after `pause`; `idle` is called once before this waits.
    pub(super) fn turn<T>(
        &mut self,
        mut feed: Option<&mut Feed<T>>,
        pause: Option<Duration>,
        hearing: &Hearing,
        idle: impl FnOnce() -> Result<(), Failure>,
    ) -> Result<Turn<T>, Failure> {
        if let Some(turn) = self.look(feed.as_deref_mut(), hearing) {
            return Ok(turn);
        }
        idle()?;
        if let Some(turn) = self.look(feed.as_deref_mut(), hearing) {
            return Ok(turn);
        }
        self.bell.wait(pause);
        Ok(self.look(feed, hearing).unwrap_or(Turn::Woken))
    }

    fn look<T>(&mut self, feed: Option<&mut Feed<T>>, hearing: &Hearing) -> Option<Turn<T>> {
        let ended = self.landed.take();
        for (attempt, _) in &ended {
            self.flights.remove(attempt);
        }
        if !ended.is_empty() || hearing.is_something() {
            return Some(Turn::Ended(ended));
        }
        if self.shutdown.why().is_some() && !std::mem::replace(&mut self.stop_seen, true) {
            return Some(Turn::Woken);
        }
        match feed?.take() {
            Taken::Item(item) => Some(Turn::Fed(item)),
            Taken::Closed => Some(Turn::Closed),
            Taken::Nothing => None,
        }
    }
}

/// The end of an attempt, which is told even when the attempt is dropped.
struct End {
    attempt: AttemptId,
    result: Option<Result<Answer, CallError>>,
    landed: Landed,
    bell: Bell,
}

impl End {
    fn came(&mut self, result: Result<Answer, CallError>) {
        self.result = Some(result);
    }
}

impl Drop for End {
    fn drop(&mut self) {
        self.landed.put((self.attempt, self.result.take()));
        self.bell.ring();
    }
}

fn cannot_start(cause: std::io::Error) -> Failure {
    Failure::io("cannot wait for calls", cause)
}

impl Drop for Engine {
    fn drop(&mut self) {
        for flight in self.flights.values() {
            flight.abort();
        }
        if let Some(Network { stop, thread, .. }) = self.network.take() {
            drop(stop);
            // A thread that panicked has said so itself.
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("flights", &self.flights.len()).finish_non_exhaustive()
    }
}
