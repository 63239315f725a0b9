//! What a plain thread hands to the dispatcher while calls are in flight: a bounded queue.

use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};

use super::bell::Bell;

/// The end that gives.
#[derive(Debug)]
pub struct Feeder<T> {
    sender: Option<SyncSender<T>>,
    bell: Bell,
}

/// The end that the dispatcher takes from, on the thread that made it.
#[derive(Debug)]
pub struct Feed<T>(Receiver<T>);

/// What there was to take.
pub(super) enum Taken<T> {
    Item(T),
    Nothing,
    Closed,
}

/// A queue with room for `room` items. The thread that calls this is the one that takes from it.
pub fn feed<T>(room: usize) -> (Feeder<T>, Feed<T>) {
    let (sender, receiver) = sync_channel(room.max(1));
    (Feeder { sender: Some(sender), bell: Bell::here() }, Feed(receiver))
}

impl<T> Clone for Feeder<T> {
    fn clone(&self) -> Self {
        Self { sender: self.sender.clone(), bell: self.bell.clone() }
    }
}

impl<T> Feeder<T> {
    /// Gives one item and waits for room; false when nobody takes it any more.
    pub fn give(&self, item: T) -> bool {
        let given = self.sender.as_ref().is_some_and(|sender| sender.send(item).is_ok());
        self.bell.ring();
        given
    }
}

impl<T> Drop for Feeder<T> {
    fn drop(&mut self) {
        // The end of the feed is seen only after the sender is gone.
        self.sender = None;
        self.bell.ring();
    }
}

impl<T> Feed<T> {
    /// What is there now.
    pub(super) fn take(&mut self) -> Taken<T> {
        match self.0.try_recv() {
            Ok(item) => Taken::Item(item),
            Err(TryRecvError::Disconnected) => Taken::Closed,
            Err(TryRecvError::Empty) => Taken::Nothing,
        }
    }
}
