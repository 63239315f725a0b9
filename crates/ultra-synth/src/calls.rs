//! Calls of judges: made, or taken from the journal of an earlier run.
//!
//! With a journal each answer is written down before anybody hears of it, under the key of its call, which is the
//! one that `ultra-fanout` and `ultra-cache` use. The same call made again, in this run or a later one, is that answer: with
//! its tokens, its price and the time that it took, as if it had just been bought. What failed is asked again.

mod recording;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use ultra_core::failure::Failure;
use ultra_provider::dispatch::{Dispatcher, Event, Feed, Finished, Ticket};
use ultra_provider::{Answer, Call};
use ultra_store::Key;
use ultra_store::journal::Answered;

use recording::Known;
pub(crate) use recording::{Recording, Unknown};

/// Makes calls.
#[derive(Debug)]
pub(crate) struct Calls {
    dispatcher: Dispatcher,
    recording: Option<Recording>,
    /// Calls that the journal answers.
    recalled: VecDeque<Box<Finished>>,
    /// How many those were.
    count: u64,
    /// What is under way and will be kept.
    keys: BTreeMap<Ticket, Key>,
    /// Why the journal cannot be used.
    failed: Option<Failure>,
}

impl Calls {
    /// Calls that are all made.
    pub(crate) fn new(dispatcher: Dispatcher) -> Self {
        Self {
            dispatcher,
            recording: None,
            recalled: VecDeque::new(),
            count: 0,
            keys: BTreeMap::new(),
            failed: None,
        }
    }

    /// Calls that a recording answers where it can. The dispatcher must announce what it sends.
    pub(crate) fn recorded(self, recording: Recording) -> Self {
        Self { recording: Some(recording), ..self }
    }

    /// Takes a call over; see [`Dispatcher::submit`].
    pub(crate) fn submit(&mut self, call: Call, deadline: Option<Duration>) -> Ticket {
        let known = self.recording.as_ref().map(|recording| recording.known(&call));
        match known {
            Some(Ok(Known::Answered(answer))) => return self.recall(call, *answer),
            Some(Ok(Known::Open(key))) => {
                let ticket = self.dispatcher.submit(call, deadline);
                self.keys.insert(ticket, key);
                return ticket;
            }
            Some(Err(failure)) => {
                self.failed.get_or_insert(failure);
            }
            Some(Ok(Known::Nameless)) | None => {}
        }
        self.dispatcher.submit(call, deadline)
    }

    /// Nobody wants the answer to this call any more; see [`Dispatcher::withdraw`].
    pub(crate) fn withdraw(&mut self, ticket: Ticket) {
        self.dispatcher.withdraw(ticket);
    }

    /// What happens next; see [`Dispatcher::next`].
    ///
    /// # Errors
    /// When `idle` or waiting fails, or the journal cannot be read or written.
    pub(crate) fn next<T>(
        &mut self,
        mut feed: Option<&mut Feed<T>>,
        mut idle: impl FnMut() -> Result<(), Failure>,
    ) -> Result<Event<T>, Failure> {
        loop {
            if let Some(failure) = self.failed.take() {
                self.dispatcher.refuse();
                return Err(failure);
            }
            if let Some(done) = self.recalled.pop_front() {
                return Ok(Event::Finished(done));
            }
            match self.dispatcher.next(feed.as_deref_mut(), &mut idle)? {
                Event::Launching(tickets) => self.intend(&tickets),
                Event::Finished(done) => {
                    self.keep(&done)?;
                    return Ok(Event::Finished(done));
                }
                event => return Ok(event),
            }
        }
    }

    /// Makes `calls` and waits for all of them; see [`Dispatcher::ask`].
    ///
    /// # Errors
    /// As for [`Calls::next`].
    pub(crate) fn ask(&mut self, calls: impl IntoIterator<Item = Call>) -> Result<Vec<Finished>, Failure> {
        let tickets: Vec<Ticket> = calls.into_iter().map(|call| self.submit(call, None)).collect();
        let mut finished = BTreeMap::new();
        loop {
            match self.next(None::<&mut Feed<()>>, || Ok(()))? {
                Event::Finished(done) => {
                    finished.insert(done.ticket, *done);
                }
                Event::Idle => break,
                _ => {}
            }
        }
        Ok(tickets.iter().filter_map(|ticket| finished.remove(ticket)).collect())
    }

    /// Ends a call with what is known of it; it was sent zero times.
    fn recall(&mut self, call: Call, answered: Answered) -> Ticket {
        // The tickets of the dispatcher begin at the other end.
        let ticket = Ticket(u64::MAX - self.count);
        self.count += 1;
        let Answered { model, text, reasoning, finish_reason, usage, cost_usd, .. } = answered;
        let mock = answered.mock;
        let answer =
            Answer { model, text, reasoning, finish_reason, usage, cost_usd, first_byte: None, mock };
        self.recalled.push_back(Box::new(Finished {
            ticket,
            call: Arc::new(call),
            result: Ok(answer),
            attempts: 0,
            possibly_paid: 0,
            unreached: 0,
            timing: answered.timing,
        }));
        ticket
    }

    /// Writes down that calls are about to be bought; when that cannot be done, they are not.
    fn intend(&mut self, tickets: &[Ticket]) {
        let Some(recording) = &self.recording else { return };
        let keys = tickets.iter().filter_map(|ticket| self.keys.get(ticket));
        if let Err(failure) = recording.intend(keys) {
            self.failed = Some(failure);
        }
    }

    fn keep(&mut self, done: &Finished) -> Result<(), Failure> {
        let key = self.keys.remove(&done.ticket);
        match (&self.recording, key, &done.result) {
            (Some(recording), Some(key), Ok(answer)) => recording.keep(&key, answer, done),
            _ => Ok(()),
        }
    }
}
