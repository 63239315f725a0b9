//! The only place that waits: attempts in flight, the feed, the time, the order to stop.

use std::collections::BTreeMap;
use std::fmt;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context as Waiting, Poll};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::{AbortHandle, Abortable};
use futures_util::stream::FuturesUnordered;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc;
use ultra_core::failure::Failure;
use ultra_core::kind::ErrorKind;
use ultra_core::shutdown::Shutdown;
use ultra_pace::{AttemptId, Class};

use super::feed::Feed;
use crate::call::{Answer, Call, CallError, Provider, Silent};

/// How long an attempt may run over its time before it is cut: providers say better what took so long.
const SLACK: Duration = Duration::from_millis(200);

type Flight = Pin<Box<dyn Future<Output = Landing>>>;

/// An attempt that ended; without a result when it was cancelled.
pub(super) type Landing = (AttemptId, Option<Result<Answer, CallError>>);

/// Attempts in flight, and what it takes to wait for them.
pub(super) struct Engine {
    flights: FuturesUnordered<Flight>,
    handles: BTreeMap<AttemptId, AbortHandle>,
    stop: mpsc::Receiver<()>,
    runtime: Option<Runtime>,
}

/// What was waited for.
pub(super) enum Turn<T> {
    /// Attempts ended.
    Ended(Vec<Landing>),
    Fed(T),
    Closed,
    /// The pause is over, or it is time to stop.
    Woken,
}

impl Engine {
    /// An engine that can wait for a feed and for the order to stop, but not for sockets or time.
    pub(super) fn new(shutdown: &Shutdown) -> Result<Self, Failure> {
        let (sender, stop) = mpsc::channel(1);
        shutdown.on_trigger(move |_| {
            // It cannot be full, and when nobody listens any more the run is over.
            let _ = sender.try_send(());
        });
        let runtime = Builder::new_current_thread().build().map_err(cannot_start)?;
        Ok(Self { flights: FuturesUnordered::new(), handles: BTreeMap::new(), stop, runtime: Some(runtime) })
    }

    /// Makes it able to wait for sockets and time.
    pub(super) fn open(&mut self) -> Result<(), Failure> {
        self.runtime =
            Some(Builder::new_multi_thread().worker_threads(1).enable_all().build().map_err(cannot_start)?);
        Ok(())
    }

    pub(super) fn launch(
        &mut self,
        attempt: AttemptId,
        provider: Rc<dyn Provider>,
        call: Rc<Call>,
        timeout: Duration,
    ) {
        let (handle, registration) = AbortHandle::new_pair();
        self.handles.insert(attempt, handle);
        let flight = async move {
            let limit = timeout.saturating_add(SLACK);
            let ended = tokio::time::timeout(limit, provider.call(&call, timeout, &Silent)).await;
            let message = || format!("no answer within {} s", timeout.as_secs_f64());
            ended.map_err(|_| CallError::new(ErrorKind::TimeoutAttempt, Class::Unsure, message())).flatten()
        };
        let flight = Abortable::new(flight, registration);
        self.flights.push(Box::pin(async move { (attempt, flight.await.ok()) }));
    }

    /// Ends an attempt; it comes back from [`Engine::turn`] without a result, unless it ended before.
    pub(super) fn cancel(&mut self, attempt: AttemptId) {
        if let Some(handle) = self.handles.get(&attempt) {
            handle.abort();
        }
    }

    /// What happens next, at the latest after `pause`; `idle` is called once before this waits.
    pub(super) fn turn<T>(
        &mut self,
        mut feed: Option<&mut Feed<T>>,
        pause: Option<Duration>,
        idle: impl FnOnce() -> Result<(), Failure>,
    ) -> Result<Turn<T>, Failure> {
        let Self { flights, handles, stop, runtime } = self;
        let Some(runtime) = runtime else { return Err(Failure::internal("the engine is gone")) };
        runtime.block_on(async move {
            let mut look = |cx: &mut Waiting<'_>| {
                let mut ended = Vec::new();
                while let Poll::Ready(Some(landing)) = flights.poll_next_unpin(cx) {
                    handles.remove(&landing.0);
                    ended.push(landing);
                }
                if !ended.is_empty() {
                    return Poll::Ready(Turn::Ended(ended));
                }
                if let Poll::Ready(Some(())) = stop.poll_recv(cx) {
                    return Poll::Ready(Turn::Woken);
                }
                match feed.as_mut().map(|feed| feed.0.poll_recv(cx)) {
                    Some(Poll::Ready(Some(item))) => Poll::Ready(Turn::Fed(item)),
                    Some(Poll::Ready(None)) => Poll::Ready(Turn::Closed),
                    Some(Poll::Pending) | None => Poll::Pending,
                }
            };
            let turn = match poll_fn(|cx| Poll::Ready(look(cx))).await {
                Poll::Ready(turn) => turn,
                Poll::Pending => {
                    idle()?;
                    wait(look, pause).await
                }
            };
            if !flights.is_empty() {
                // Whoever yielded is woken only by a runtime that turns once more before it is left.
                tokio::task::yield_now().await;
            }
            Ok(turn)
        })
    }
}

/// Waits until `look` sees something, or for `pause`.
async fn wait<T>(
    mut look: impl FnMut(&mut Waiting<'_>) -> Poll<Turn<T>>,
    pause: Option<Duration>,
) -> Turn<T> {
    let Some(pause) = pause else { return poll_fn(look).await };
    let mut sleep = pin!(tokio::time::sleep(pause));
    poll_fn(|cx| match look(cx) {
        Poll::Pending => sleep.as_mut().poll(cx).map(|()| Turn::Woken),
        ready @ Poll::Ready(_) => ready,
    })
    .await
}

fn cannot_start(cause: std::io::Error) -> Failure {
    Failure::io("cannot wait for calls", cause)
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.flights.clear();
        if let Some(runtime) = self.runtime.take() {
            // A name that is still being resolved must not hold the process back.
            runtime.shutdown_background();
        }
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("flights", &self.flights.len()).finish_non_exhaustive()
    }
}
