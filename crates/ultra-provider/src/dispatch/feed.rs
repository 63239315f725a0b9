//! What a plain thread hands to the dispatcher while calls are in flight: a bounded queue.
//!
//! The taker takes all there is at once, so a fast giver and a busy taker meet seldom.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::bell::Bell;

/// The end that gives.
#[derive(Debug)]
pub struct Feeder<T> {
    shared: Arc<Shared<T>>,
    bell: Bell,
}

/// The end that the dispatcher takes from, on the thread that made it.
#[derive(Debug)]
pub struct Feed<T> {
    shared: Arc<Shared<T>>,
    /// What was taken over and not handed out yet.
    taken: VecDeque<T>,
}

#[derive(Debug)]
struct Shared<T> {
    state: Mutex<State<T>>,
    /// Rung when there is room again, or nobody takes any more.
    room: Condvar,
}

#[derive(Debug)]
struct State<T> {
    items: VecDeque<T>,
    room: usize,
    givers: usize,
    /// Nobody takes any more.
    closed: bool,
}

impl<T> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What there was to take.
pub(super) enum Taken<T> {
    Item(T),
    Nothing,
    Closed,
}

/// A queue with room for `room` items. The thread that calls this is the one that takes from it.
pub fn feed<T>(room: usize) -> (Feeder<T>, Feed<T>) {
    let state = State { items: VecDeque::new(), room: room.max(1), givers: 1, closed: false };
    let shared = Arc::new(Shared { state: Mutex::new(state), room: Condvar::new() });
    let feeder = Feeder { shared: Arc::clone(&shared), bell: Bell::here() };
    (feeder, Feed { shared, taken: VecDeque::new() })
}

impl<T> Clone for Feeder<T> {
    fn clone(&self) -> Self {
        self.shared.lock().givers += 1;
        Self { shared: Arc::clone(&self.shared), bell: self.bell.clone() }
    }
}

impl<T> Feeder<T> {
    /// Gives one item and waits for room; false when nobody takes it any more.
    pub fn give(&self, item: T) -> bool {
        let mut state = self.shared.lock();
        while state.items.len() >= state.room && !state.closed {
            state = self.shared.room.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if state.closed {
            return false;
        }
        let first = state.items.is_empty();
        state.items.push_back(item);
        drop(state);
        if first {
            self.bell.ring();
        }
        true
    }
}

impl<T> Drop for Feeder<T> {
    fn drop(&mut self) {
        self.shared.lock().givers -= 1;
        self.bell.ring();
    }
}

impl<T> Feed<T> {
    /// What is there now.
    pub(super) fn take(&mut self) -> Taken<T> {
        if let Some(item) = self.taken.pop_front() {
            return Taken::Item(item);
        }
        let mut state = self.shared.lock();
        let full = state.items.len() >= state.room;
        std::mem::swap(&mut self.taken, &mut state.items);
        let over = state.givers == 0;
        drop(state);
        if full {
            self.shared.room.notify_all();
        }
        match self.taken.pop_front() {
            Some(item) => Taken::Item(item),
            None if over => Taken::Closed,
            None => Taken::Nothing,
        }
    }
}

impl<T> Drop for Feed<T> {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.room.notify_all();
    }
}
