//! What a plain thread hands to the dispatcher while calls are in flight: a bounded queue.

use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TryRecvError;

use super::finished::Event;

/// The end that gives.
#[derive(Debug)]
pub struct Feeder<T>(mpsc::Sender<T>);

/// The end that the dispatcher takes from.
#[derive(Debug)]
pub struct Feed<T>(pub(super) mpsc::Receiver<T>);

/// A queue with room for `room` items.
pub fn feed<T>(room: usize) -> (Feeder<T>, Feed<T>) {
    let (sender, receiver) = mpsc::channel(room.max(1));
    (Feeder(sender), Feed(receiver))
}

impl<T> Clone for Feeder<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Feeder<T> {
    /// Gives one item and waits for room; false when nobody takes it any more.
    pub fn give(&self, item: T) -> bool {
        self.0.blocking_send(item).is_ok()
    }
}

impl<T> Feed<T> {
    /// What is there now.
    pub(super) fn take(&mut self) -> Option<Event<T>> {
        match self.0.try_recv() {
            Ok(item) => Some(Event::Fed(item)),
            Err(TryRecvError::Disconnected) => Some(Event::Closed),
            Err(TryRecvError::Empty) => None,
        }
    }
}
