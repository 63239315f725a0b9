//! Calls of judges: made, or taken from the journal of an earlier run.
//!
//! With a journal the end of each call is written down before anybody hears of it, under the key of the call, which is the
//! one that `ultra-fanout` and `ultra-cache` use. The same call made again, in this run or a later one, ends as it did: with
//! its tokens, its price and the time that it took, as if it had just been made. What failed is asked again by a
//! later run, unless that may ask nobody: a comparison is made again with its failures.
//! A call that equals one under way waits for it, so that each is bought once and a later run says the same.

mod recording;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use ultra_core::failure::Failure;
use ultra_core::kind::ErrorKind;
use ultra_core::record::Timing;
use ultra_core::shutdown::Why;
use ultra_provider::dispatch::{Dispatcher, Event, Feed, Finished, Ticket};
use ultra_provider::{Answer, Call, CallError};
use ultra_store::Key;
use ultra_store::journal::{Answered, Entry, Failed};

use recording::Known;
pub(crate) use recording::{Recording, Unknown};

/// Makes calls.
#[derive(Debug)]
pub(crate) struct Calls {
    dispatcher: Dispatcher,
    recording: Option<Recording>,
    /// Calls that the journal answers.
    recalled: VecDeque<Box<Finished>>,
    /// Calls that it does not answer and that may not be made, which matters only as long as they are wanted.
    refused: VecDeque<(Wanted, Failure)>,
    /// How many calls a recording was asked for; their tickets count from 0.
    count: u64,
    /// What is under way, by the ticket of the dispatcher.
    under_way: BTreeMap<Ticket, UnderWay>,
    /// The tickets of the dispatcher, by those that were given out.
    sent: BTreeMap<Ticket, Ticket>,
    /// Calls that equal one under way.
    waiting: BTreeMap<Key, Vec<Wanted>>,
    /// Calls not sent that nobody wants any more.
    unwanted: BTreeSet<Ticket>,
    /// Why the journal cannot be used.
    failed: Option<Failure>,
}

/// A call that a recording could not answer.
#[derive(Debug, Clone, Copy)]
struct UnderWay {
    /// The ticket that was given out.
    ticket: Ticket,
    /// Where its answer will be kept.
    key: Option<Key>,
}

/// A call on its way to a recording.
#[derive(Debug)]
struct Wanted {
    ticket: Ticket,
    call: Call,
    deadline: Option<Duration>,
}

impl Calls {
    /// Calls that are all made.
    pub(crate) fn new(dispatcher: Dispatcher) -> Self {
        Self {
            dispatcher,
            recording: None,
            recalled: VecDeque::new(),
            refused: VecDeque::new(),
            count: 0,
            under_way: BTreeMap::new(),
            sent: BTreeMap::new(),
            waiting: BTreeMap::new(),
            unwanted: BTreeSet::new(),
            failed: None,
        }
    }

    /// Calls that a recording answers where it can. The dispatcher must announce what it sends.
    pub(crate) fn recorded(self, recording: Recording) -> Self {
        Self { recording: Some(recording), ..self }
    }

    /// Takes a call over; see [`Dispatcher::submit`].
    pub(crate) fn submit(&mut self, call: Call, deadline: Option<Duration>) -> Ticket {
        if self.recording.is_none() {
            return self.dispatcher.submit(call, deadline);
        }
        let ticket = Ticket(self.count);
        self.count += 1;
        self.place(Wanted { ticket, call, deadline });
        ticket
    }

    /// Nobody wants the answer to this call any more; see [`Dispatcher::withdraw`].
    pub(crate) fn withdraw(&mut self, ticket: Ticket) {
        match self.sent.get(&ticket) {
            Some(sent) => self.dispatcher.withdraw(*sent),
            None if self.recording.is_none() => self.dispatcher.withdraw(ticket),
            None => drop(self.unwanted.insert(ticket)),
        }
    }

    /// Answers a call from the recording, lets it wait for one that equals it, or sends it.
    fn place(&mut self, wanted: Wanted) {
        let known = self.recording.as_ref().map(|recording| recording.known(&wanted.call));
        let key = match known {
            Some(Ok(Known::Ended(entry))) => return self.recall(wanted, entry),
            Some(Ok(Known::Refused(failure))) => return self.refused.push_back((wanted, failure)),
            Some(Ok(Known::Open(key))) => Some(key),
            Some(Ok(Known::Nameless)) | None => None,
            Some(Err(failure)) => {
                self.failed.get_or_insert(failure);
                None
            }
        };
        if let Some(equal) = key.and_then(|key| self.waiting.get_mut(&key)) {
            return equal.push(wanted);
        }
        let Wanted { ticket, call, deadline } = wanted;
        let sent = self.dispatcher.submit(call, deadline);
        self.sent.insert(ticket, sent);
        self.under_way.insert(sent, UnderWay { ticket, key });
        if let Some(key) = key {
            self.waiting.insert(key, Vec::new());
        }
        if self.unwanted.remove(&ticket) {
            self.dispatcher.withdraw(sent);
        }
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
                self.unwanted.remove(&done.ticket);
                return Ok(Event::Finished(done));
            }
            if let Some((wanted, failure)) = self.refused.pop_front() {
                if self.unwanted.remove(&wanted.ticket) {
                    let error = CallError::known(ErrorKind::Cancelled, failure.to_string());
                    return Ok(Event::Finished(Box::new(unmade(wanted, Err(error), None))));
                }
                return Err(failure);
            }
            match self.dispatcher.next(feed.as_deref_mut(), &mut idle)? {
                Event::Launching(tickets) => self.intend(&tickets),
                Event::Finished(done) => return self.ended(done).map(Event::Finished),
                Event::Text { ticket, attempt, text } => {
                    let ticket = self.under_way.get(&ticket).map_or(ticket, |call| call.ticket);
                    return Ok(Event::Text { ticket, attempt, text });
                }
                event => return Ok(event),
            }
        }
    }

    /// Makes `calls` and waits for all of them; see [`Dispatcher::ask`].
    ///
    /// # Errors
    /// As for [`Calls::next`]; and when the run is told to stop, once what is in flight has ended.
    pub(crate) fn ask(&mut self, calls: impl IntoIterator<Item = Call>) -> Result<Vec<Finished>, Failure> {
        let tickets: Vec<Ticket> = calls.into_iter().map(|call| self.submit(call, None)).collect();
        let mut finished = BTreeMap::new();
        let mut stopped = None;
        loop {
            match self.next(None::<&mut Feed<()>>, || Ok(()))? {
                Event::Finished(done) => {
                    finished.insert(done.ticket, *done);
                }
                Event::Stop(why) => stopped = Some(why),
                Event::Idle => break,
                _ => {}
            }
        }
        match stopped {
            Some(Why::ReaderGone) => return Err(Failure::reader_gone()),
            Some(Why::Signal(_)) => return Err(Failure::stopped("stopped before all calls were answered")),
            None => {}
        }
        Ok(tickets.iter().filter_map(|ticket| finished.remove(ticket)).collect())
    }

    /// Ends a call with what is known of it; it was sent zero times.
    fn recall(&mut self, wanted: Wanted, entry: Entry) {
        let (result, timing) = match entry {
            Entry::Answer(answered) => {
                let Answered { model, text, reasoning, finish_reason, usage, cost_usd, mock, timing, .. } =
                    *answered;
                let answer =
                    Answer { model, text, reasoning, finish_reason, usage, cost_usd, first_byte: None, mock };
                (Ok(answer), timing)
            }
            Entry::Error(failed) => {
                let Failed { kind, message, timing, .. } = *failed;
                (Err(CallError::known(kind, message)), timing)
            }
        };
        self.recalled.push_back(Box::new(unmade(wanted, result, timing)));
    }

    /// Writes down that calls are about to be bought; when that cannot be done, they are not.
    fn intend(&mut self, tickets: &[Ticket]) {
        let Some(recording) = &self.recording else { return };
        let keys = tickets.iter().filter_map(|ticket| self.under_way.get(ticket)?.key.as_ref());
        if let Err(failure) = recording.intend(keys) {
            self.failed = Some(failure);
        }
    }

    /// Keeps the end of a call that was sent. It is also that of those that waited for it; when nobody knows it,
    /// because the call was given up, the first of them is sent.
    fn ended(&mut self, mut done: Box<Finished>) -> Result<Box<Finished>, Failure> {
        let Some(UnderWay { ticket, key }) = self.under_way.remove(&done.ticket) else { return Ok(done) };
        self.sent.remove(&ticket);
        done.ticket = ticket;
        let Some(key) = key else { return Ok(done) };
        if let Some(recording) = &self.recording {
            recording.keep(&key, &done)?;
        }
        for wanted in self.waiting.remove(&key).unwrap_or_default() {
            self.place(wanted);
        }
        Ok(done)
    }
}

/// The end of a call that was not made.
fn unmade(wanted: Wanted, result: Result<Answer, CallError>, timing: Option<Timing>) -> Finished {
    Finished {
        ticket: wanted.ticket,
        call: Arc::new(wanted.call),
        result,
        attempts: 0,
        possibly_paid: 0,
        wasted: Vec::new(),
        unreached: 0,
        timing,
    }
}

#[cfg(test)]
mod tests;
