//! Attempts in flight, on a thread of their own, and the only place that waits.
//!
//! Sockets and timers live on the `network` thread, so answers are read while the tool computes, writes, or
//! waits for a reader that does not read. The tool's thread sleeps until something rings its [`Bell`]: an
//! attempt that ended or told something, the feed, or the order to stop.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use tokio::task::AbortHandle;
use ultra_core::failure::Failure;
use ultra_core::shutdown::Shutdown;
use ultra_pace::{AttemptId, Numbered};

use super::bell::Bell;
use super::feed::{Feed, Taken};
use super::heard::Hearing;
use crate::call::{Answer, Call, CallError, Provider, call_within};

/// So many ends are worth a wake while the network is still busy.
const MANY: usize = 16;

/// Files that the network and one call have open together. Where there is no room for the first of them, the runtime
/// does not say so but panics; where there is none for the others, no call ever succeeds.
const FILES: usize = 14;

/// An attempt that ended; without a result when it was cancelled.
pub(super) type Landing = (AttemptId, Option<Result<Answer, CallError>>);

/// Attempts in flight, and what it takes to wait for them.
pub(super) struct Engine {
    ground: Arc<Ground>,
    shutdown: Shutdown,
    stop_seen: bool,
    /// Attempts that are handed over together before this waits: one wake for all of them.
    leaving: Vec<(AttemptId, Flight)>,
    network: Option<Network>,
}

type Flight = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What both threads and all attempts know: who flies, who has landed, and whom to wake.
struct Ground {
    bell: Bell,
    /// Attempts that ended and were not heard of yet: at most those that were in flight.
    landed: Mutex<Vec<Landing>>,
    /// The attempts in flight, to be cut. Only the network's thread looks at them.
    flying: Mutex<Numbered<AttemptId, AbortHandle>>,
}

impl Ground {
    /// Takes in an attempt that ended, and tells how many have.
    fn put(&self, landing: Landing) -> usize {
        let mut landed = locked(&self.landed);
        landed.push(landing);
        landed.len()
    }

    fn take(&self) -> Vec<Landing> {
        let mut landed = locked(&self.landed);
        let room = landed.len();
        std::mem::replace(&mut *landed, Vec::with_capacity(room))
    }

    fn is_empty(&self) -> bool {
        locked(&self.landed).is_empty()
    }
}

/// Whoever panicked with one of these lists has left it whole.
fn locked<T>(list: &Mutex<T>) -> MutexGuard<'_, T> {
    list.lock().unwrap_or_else(PoisonError::into_inner)
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
        let ground = Ground { bell, landed: Mutex::default(), flying: Mutex::default() };
        Self {
            ground: Arc::new(ground),
            shutdown: shutdown.clone(),
            stop_seen: false,
            leaving: Vec::new(),
            network: None,
        }
    }

    /// What wakes the tool's thread.
    pub(super) fn bell(&self) -> Bell {
        self.ground.bell.clone()
    }

    /// Makes it able to make calls.
    pub(super) fn open(&mut self) -> Result<(), Failure> {
        if self.network.is_some() {
            return Ok(());
        }
        has_room().map_err(no_room)?;
        // The tool is woken when there is nothing left to do here: once for all that ended together.
        let ground = Arc::clone(&self.ground);
        let rest = move || {
            if !ground.is_empty() {
                ground.bell.ring();
            }
        };
        let runtime =
            Builder::new_current_thread().enable_all().on_thread_park(rest).build().map_err(cannot_start)?;
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
        // Only a real target is launched here, and the first of them has opened the network.
        if self.network.is_none() {
            return;
        }
        let mut end = End { attempt, result: None, ground: Arc::clone(&self.ground) };
        let teller = hearing.teller(attempt);
        let flight = async move {
            end.came(call_within(&*provider, &call, timeout, &teller).await);
        };
        self.leaving.push((attempt, Box::pin(flight)));
    }

    /// Hands over what was launched.
    fn hand_over(&mut self) {
        let Some(network) = self.network.as_ref().filter(|_| !self.leaving.is_empty()) else { return };
        let (leaving, ground) = (std::mem::take(&mut self.leaving), Arc::clone(&self.ground));
        network.handle.spawn(async move {
            // A flight cannot end before this task does, so it finds its own handle.
            let mut flying = locked(&ground.flying);
            for (attempt, flight) in leaving {
                flying.insert(attempt, tokio::spawn(flight).abort_handle());
            }
        });
    }

    /// Ends an attempt; it comes back from [`Engine::turn`] without a result, unless it ended before.
    pub(super) fn cancel(&mut self, attempt: AttemptId) {
        self.hand_over();
        let Some(network) = &self.network else { return };
        let ground = Arc::clone(&self.ground);
        network.handle.spawn(async move {
            let flight = locked(&ground.flying).get(&attempt).cloned();
            if let Some(flight) = flight {
                flight.abort();
            }
        });
    }

    /// What happens next, at the latest after `pause`; `idle` is called once before this waits.
    pub(super) fn turn<T>(
        &mut self,
        mut feed: Option<&mut Feed<T>>,
        pause: Option<Duration>,
        hearing: &Hearing,
        idle: impl FnOnce() -> Result<(), Failure>,
    ) -> Result<Turn<T>, Failure> {
        self.hand_over();
        if let Some(turn) = self.look(feed.as_deref_mut(), hearing) {
            return Ok(turn);
        }
        idle()?;
        if let Some(turn) = self.look(feed.as_deref_mut(), hearing) {
            return Ok(turn);
        }
        self.ground.bell.wait(pause);
        Ok(self.look(feed, hearing).unwrap_or(Turn::Woken))
    }

    fn look<T>(&mut self, feed: Option<&mut Feed<T>>, hearing: &Hearing) -> Option<Turn<T>> {
        let ended = self.ground.take();
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
    ground: Arc<Ground>,
}

impl End {
    fn came(&mut self, result: Result<Answer, CallError>) {
        self.result = Some(result);
    }
}

impl Drop for End {
    fn drop(&mut self) {
        let Self { attempt, result, ground } = self;
        locked(&ground.flying).remove(attempt);
        if ground.put((*attempt, result.take())) == MANY {
            ground.bell.ring();
        }
    }
}

/// Tries to have so many files open.
fn has_room() -> io::Result<()> {
    let stdin = rustix::stdio::stdin();
    let files: Result<Vec<_>, _> = (0..FILES).map(|_| rustix::io::fcntl_dupfd_cloexec(stdin, 0)).collect();
    Ok(files.map(drop)?)
}

fn no_room(cause: io::Error) -> Failure {
    Failure::io(format!("a call needs room for {FILES} open files"), cause)
        .hint("raise the limit (ulimit -n), such as to 1024")
}

fn cannot_start(cause: io::Error) -> Failure {
    Failure::io("cannot wait for calls", cause)
}

impl Drop for Engine {
    fn drop(&mut self) {
        if let Some(Network { stop, thread, .. }) = self.network.take() {
            drop(stop);
            // A thread that panicked has said so itself.
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("leaving", &self.leaving.len()).finish_non_exhaustive()
    }
}
