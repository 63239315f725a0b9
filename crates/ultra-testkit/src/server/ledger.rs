//! The book of calls: what was asked, what was answered, and how many calls ran at once.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use super::deliver::Delivery;
use super::request::Request;
use crate::chance;
use crate::sync::{Stopwatch, lock};

/// One call in the ledger.
#[derive(Clone, Debug)]
pub struct Call {
    /// 0 for the first request that arrived whole.
    pub number: usize,
    /// When it had arrived, since the server started.
    pub at: Duration,
    /// What was asked.
    pub request: Request,
    /// Names the body: the same for the same bytes, [`chance::hash`].
    pub hash: u64,
    /// The key that came with it.
    pub key: Option<String>,
    /// Whether the reply came from the script, not from its fallback or the key check.
    pub scripted: bool,
    /// The status, if the head of an answer was sent.
    pub status: Option<u16>,
    /// Bytes of the answer's body that were sent.
    pub sent: usize,
    /// Whether the client left before its answer was over.
    pub client_left: bool,
    /// Whether the whole answer was handed to the socket.
    pub whole: bool,
    /// The place of this call in the order of endings; `None` while it is in flight.
    pub ended: Option<usize>,
    /// When it ended, since the server started.
    pub ended_at: Option<Duration>,
}

/// How a call ended, as far as the server can know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// A whole answer with status 200, which costs money.
    Answered,
    /// A whole answer with another status.
    Refused(u16),
    /// No answer, or not all of it.
    Broken,
    /// None yet.
    Open,
}

impl Call {
    /// How it ended.
    pub fn end(&self) -> End {
        match (self.ended, self.whole, self.status) {
            (None, ..) => End::Open,
            (_, true, Some(200)) => End::Answered,
            (_, true, Some(status)) => End::Refused(status),
            _ => End::Broken,
        }
    }
}

#[derive(Debug)]
pub(super) struct Ledger {
    since: Stopwatch,
    book: Mutex<Book>,
    changed: Condvar,
}

#[derive(Debug, Default)]
pub(super) struct Book {
    pub(super) calls: Vec<Call>,
    pub(super) connections: usize,
    pub(super) garbled: Vec<String>,
    pub(super) max_in_flight: usize,
    pub(super) turns: usize,
    in_flight: usize,
    ended: usize,
    stopping: bool,
    seen: BTreeMap<(String, String, Vec<u8>), usize>,
}

impl Ledger {
    pub(super) fn new() -> Self {
        Self { since: Stopwatch::start(), book: Mutex::default(), changed: Condvar::new() }
    }

    pub(super) fn now(&self) -> Duration {
        self.since.elapsed()
    }

    pub(super) fn read<T>(&self, look: impl FnOnce(&Book) -> T) -> T {
        look(&lock(&self.book))
    }

    fn write<T>(&self, change: impl FnOnce(&mut Book) -> T) -> T {
        let value = change(&mut lock(&self.book));
        self.changed.notify_all();
        value
    }

    /// Waits for `condition`; `false` when the time is up or the server stops first.
    pub(super) fn wait(&self, limit: Duration, condition: impl Fn(&Book) -> bool) -> bool {
        let book = lock(&self.book);
        let wait = self.changed.wait_timeout_while(book, limit, |book| !book.stopping && !condition(book));
        let (book, _) = wait.unwrap_or_else(PoisonError::into_inner);
        condition(&book)
    }

    pub(super) fn stop(&self) {
        self.write(|book| book.stopping = true);
    }

    pub(super) fn stopping(&self) -> bool {
        self.read(|book| book.stopping)
    }

    pub(super) fn connected(&self) {
        self.write(|book| book.connections += 1);
    }

    pub(super) fn garbled(&self, why: String) {
        self.write(|book| book.garbled.push(why));
    }

    /// Enters a call and returns its number; counts `request.repeat`.
    pub(super) fn enter(&self, request: &mut Request) -> usize {
        self.write(|book| {
            let same = (request.method.clone(), request.path.clone(), request.body.clone());
            let seen = book.seen.entry(same).or_default();
            request.repeat = *seen;
            *seen += 1;
            book.in_flight += 1;
            book.max_in_flight = book.max_in_flight.max(book.in_flight);
            book.calls.push(Call {
                number: book.calls.len(),
                at: self.since.elapsed(),
                key: request.key().map(str::to_owned),
                hash: chance::hash(&request.body),
                request: request.clone(),
                scripted: false,
                whole: false,
                ended_at: None,
                status: None,
                sent: 0,
                client_left: false,
                ended: None,
            });
            book.calls.len() - 1
        })
    }

    /// The next number for the script.
    pub(super) fn take_turn(&self) -> usize {
        self.write(|book| {
            book.turns += 1;
            book.turns - 1
        })
    }

    pub(super) fn leave(&self, number: usize, scripted: bool, delivery: &Delivery) {
        self.write(|book| {
            let (ended, stopping, now) = (book.ended, book.stopping, self.since.elapsed());
            book.ended += 1;
            book.in_flight -= 1;
            let call = &mut book.calls[number];
            call.scripted = scripted;
            call.status = delivery.status;
            call.sent = delivery.sent;
            call.client_left = delivery.left && !stopping;
            call.whole = delivery.whole;
            call.ended = Some(ended);
            call.ended_at = Some(now);
        });
    }
}
