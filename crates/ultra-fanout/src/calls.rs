//! The calls of a run: where each answer comes from, who shares it, who stands in, and what is kept of it.
//!
//! A call is answered by the journal, by the store, by an identical call in flight, or by its target, in this
//! order; when the target fails, by its fallbacks. Of identical calls in flight one is made. Simulated calls
//! cost nothing, so they share an answer only through the journal or the store: then the same run gives the
//! same records whatever the concurrency.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use ultra_core::failure::Failure;
use ultra_core::kind::ErrorKind;
use ultra_core::ndjson::Output;
use ultra_core::record::{CacheMark, CacheStatus, Delta, Object};
use ultra_core::tool::Context;
use ultra_provider::dispatch::{Dispatcher, Event, Feed, Finished, Numbered, Ticket};
use ultra_store::journal::{Entry, Journal, State};
use ultra_store::{Cache, Key, Options};

use crate::job::{Job, Jobs, Outcome};
use crate::keys::Keys;
use crate::reader::Read;

/// Number of a job, and number of a call in it.
pub(crate) type Seat = (u64, usize);

/// Where an answer, or an error, came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// The target was asked, or would have been.
    Target,
    /// The store had it.
    Cache,
    /// An earlier run, or an earlier call of this one, is in the journal.
    Journal,
    /// An identical call was in flight.
    Shared,
    /// Nobody needed it, so nobody was asked, which is no failure.
    Unasked,
}

/// A call that is over.
pub(crate) type Settled = (Seat, Outcome, Source);

/// Everything that can answer.
#[derive(Debug)]
pub(crate) struct Calls {
    tool: &'static str,
    pub(crate) dispatcher: Dispatcher,
    keys: Keys,
    cache: Option<Cache>,
    journal: Option<Journal>,
    flights: Numbered<Ticket, Flight>,
    /// Who waits for the end of a call in flight.
    waiting: BTreeMap<Key, Vec<Seat>>,
    /// Targets that are down.
    down: BTreeSet<String>,
    /// Targets whose stand-in the user was told of.
    told: BTreeSet<String>,
    /// What each target has to do.
    open: BTreeMap<String, Load>,
    /// The job whose calls were begun last.
    newest: u64,
}

/// So many requests after it was named the last time, a target is not waited for any more: what is read next is
/// hardly for it.
const LATELY: u64 = 256;

/// What a target has to do.
#[derive(Debug, Clone, Copy)]
struct Load {
    /// Calls that are not over.
    calls: usize,
    /// The last job that asked it.
    asked: u64,
}

/// A call that was given to the dispatcher.
#[derive(Debug)]
struct Flight {
    seat: Seat,
    key: Option<Key>,
    /// Who is asked in place of the target that the request names.
    stand_in: Option<String>,
    /// How many targets have failed so far.
    replaced: usize,
    /// Attempts at targets before this one.
    attempts: u32,
    /// An earlier run sent this call, and nobody knows what came of it.
    uncertain: bool,
    /// It was taken from a target that is down, for somebody else to answer.
    rerouted: bool,
    /// Why nobody waits for it any more.
    unwanted: Option<String>,
}

impl Calls {
    pub(crate) fn new(
        tool: &'static str,
        context: &Context,
        dispatcher: Dispatcher,
        cache: Option<&Path>,
        journal: Option<Journal>,
        fallback: Option<String>,
    ) -> Result<Self, Failure> {
        Ok(Self {
            tool,
            dispatcher,
            keys: Keys::new(context, fallback),
            cache: cache.map(|file| open_cache(file, context)).transpose()?,
            journal,
            flights: Numbered::default(),
            waiting: BTreeMap::new(),
            down: BTreeSet::new(),
            told: BTreeSet::new(),
            open: BTreeMap::new(),
            newest: 0,
        })
    }

    /// What happens next; before this waits, what was made is written.
    ///
    /// # Errors
    /// When that or waiting fails.
    pub(crate) fn next(
        &mut self,
        feed: Option<&mut Feed<Read>>,
        output: &mut Output,
    ) -> Result<Event<Read>, Failure> {
        let Self { dispatcher, cache, .. } = self;
        dispatcher.next(feed, || {
            cache.iter_mut().for_each(Cache::flush);
            output.flush()
        })
    }

    /// Begins a call. What is there already is its end; otherwise its end comes from [`Calls::finished`].
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub(crate) fn begin(&mut self, seat: Seat, job: &Job) -> Result<Option<(Outcome, Source)>, Failure> {
        let asked = job.asked(seat.1);
        let simulated = self.keys.is_simulated(asked.target);
        let call = self.keys.call(&job.request, asked.target, asked.sample);
        let key = call.as_ref().map(ultra_store::key::Call::key);
        let mut uncertain = false;
        if let (Some(call), Some(key)) = (&call, &key) {
            if let Some(waiting) = self.waiting.get_mut(key) {
                waiting.push(seat);
                return Ok(None);
            }
            if let Some(journal) = &mut self.journal {
                match journal.state(key) {
                    State::Done => {
                        if let Some(entry) = journal.get(key)? {
                            return Ok(Some((recalled(entry, self.tool, job, seat.1), Source::Journal)));
                        }
                    }
                    // A simulated call costs nothing, and is the same however often it is made.
                    State::Intended => uncertain = !simulated,
                    State::Unknown => {}
                }
            }
            if let Some(hit) = self.cache.as_mut().and_then(|cache| cache.lookup(call)) {
                return Ok(Some((Outcome::Response(Box::new(hit.response(&asked))), Source::Cache)));
            }
        }
        if let Some(key) = key.as_ref().filter(|_| self.shares(asked.target)) {
            self.waiting.insert(*key, Vec::new());
        }
        let flight = Flight {
            seat,
            key,
            stand_in: None,
            replaced: 0,
            attempts: 0,
            uncertain,
            rerouted: false,
            unwanted: None,
        };
        let mut flight = flight;
        if self.down.contains(asked.target) {
            flight.stand_in = self.next_stand_in(asked.target, &mut flight.replaced);
        }
        self.send(job, flight);
        Ok(None)
    }

    /// Who answers next in place of `target`: the first that is not down, or whoever is left.
    fn next_stand_in(&mut self, target: &str, replaced: &mut usize) -> Option<String> {
        let left = self.keys.fallbacks(target).get(*replaced..).unwrap_or_default();
        let at = left.iter().position(|fallback| !self.down.contains(fallback)).unwrap_or(0);
        let next = left.get(at)?.clone();
        *replaced += at + 1;
        Some(next)
    }

    /// Takes in that a target is down, or up again. What waits for it goes to who stands in for it.
    pub(crate) fn heard(&mut self, target: &str, down: bool, jobs: &Jobs) {
        if !down {
            self.down.remove(target);
            return;
        }
        self.down.insert(target.to_owned());
        let mut waiting = Vec::new();
        for (ticket, flight) in &self.flights {
            let Some(job) = jobs.get(&flight.seat.0) else { continue };
            let named = job.target(flight.seat.1);
            let asked = flight.stand_in.as_deref().unwrap_or(named);
            if asked == target && self.keys.fallbacks(named).len() > flight.replaced {
                waiting.push(*ticket);
            }
        }
        waiting.sort_unstable();
        for ticket in waiting {
            if let Some(flight) = self.flights.get_mut(&ticket).filter(|flight| flight.unwanted.is_none()) {
                flight.rerouted = self.dispatcher.withdraw_idle(ticket);
            }
        }
    }

    /// Where the answer to a call would come from without asking for it; nothing when that is its target.
    /// A call that was looked at before counts as an identical one.
    pub(crate) fn known(&mut self, job: &Job, at: usize) -> Option<Source> {
        let asked = job.asked(at);
        let call = self.keys.call(&job.request, asked.target, asked.sample)?;
        let key = call.key();
        if self.journal.as_ref().is_some_and(|journal| journal.state(&key) == State::Done) {
            return Some(Source::Journal);
        }
        if self.cache.as_mut().is_some_and(|cache| cache.lookup(&call).is_some()) {
            return Some(Source::Cache);
        }
        if self.shares(asked.target) {
            return self.waiting.insert(key, Vec::new()).map(|_| Source::Shared);
        }
        None
    }

    /// Whether identical calls of this target wait for one of them.
    fn shares(&mut self, target: &str) -> bool {
        self.cache.is_some() || self.journal.is_some() || !self.keys.is_simulated(target)
    }

    fn send(&mut self, job: &Job, flight: Flight) {
        let deadline = job.request.deadline_ms.map(std::time::Duration::from_millis);
        let mut call = job.call(flight.seat.1);
        if let Some(stand_in) = &flight.stand_in {
            call.target.clone_from(stand_in);
        }
        let number = flight.seat.0;
        self.newest = self.newest.max(number);
        match self.open.get_mut(&call.target) {
            Some(load) => *load = Load { calls: load.calls + 1, asked: load.asked.max(number) },
            None => {
                self.open.insert(call.target.clone(), Load { calls: 1, asked: number });
            }
        }
        let ticket = self.dispatcher.submit(call, deadline);
        self.flights.insert(ticket, flight);
    }

    /// Whether a target that was asked lately has fewer calls than `enough`.
    pub(crate) fn is_hungry(&self, enough: usize) -> bool {
        let lately = |load: &Load| self.newest.saturating_sub(load.asked) < LATELY;
        self.open.values().any(|load| load.calls < enough && lately(load))
    }

    /// Writes down that these calls are about to be sent.
    ///
    /// # Errors
    /// When the journal cannot be written: then they must not be sent.
    pub(crate) fn intend(&mut self, tickets: &[Ticket]) -> Result<(), Failure> {
        let Some(journal) = &mut self.journal else { return Ok(()) };
        for ticket in tickets {
            if let Some(Flight { key: Some(key), stand_in: None, .. }) = self.flights.get(ticket) {
                journal.intend(key);
            }
        }
        journal.flush()
    }

    /// Writes results to the journal, and syncs it when that is due.
    ///
    /// # Errors
    /// When the journal cannot be written.
    pub(crate) fn keep(&mut self) -> Result<(), Failure> {
        self.journal.as_mut().map_or(Ok(()), Journal::flush)
    }

    /// Makes the journal safe, at the end.
    ///
    /// # Errors
    /// When that fails.
    pub(crate) fn close(&mut self) -> Result<(), Failure> {
        self.journal.as_mut().map_or(Ok(()), |journal| journal.flush().and_then(|()| journal.sync()))
    }

    /// Takes in that a call is over, and adds what is settled by it; nothing when somebody stands in.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub(crate) fn finished(
        &mut self,
        done: Finished,
        jobs: &Jobs,
        settled: &mut Vec<Settled>,
    ) -> Result<(), Failure> {
        if let Some(load) = self.open.get_mut(&done.call.target) {
            load.calls -= 1;
        }
        let Some(mut flight) = self.flights.remove(&done.ticket) else { return Ok(()) };
        let Some(job) = jobs.get(&flight.seat.0) else { return Ok(()) };
        flight.attempts += done.attempts;
        let mut outcome = job.outcome(self.tool, flight.seat.1, done);
        if let Outcome::Error(error) = &outcome
            && (can_be_replaced(error.kind) || flight.rerouted)
            && flight.unwanted.is_none()
            && let Some(next) = self.next_stand_in(job.target(flight.seat.1), &mut flight.replaced)
        {
            flight.rerouted = false;
            let named = job.target(flight.seat.1);
            if self.told.insert(named.to_owned()) {
                tracing::warn!("{named} is replaced by {next}: {}", error.message);
            } else {
                tracing::info!("{named}: {}; asking {next} instead", error.kind);
            }
            flight.stand_in = Some(next);
            self.send(job, flight);
            return Ok(());
        }
        sign(&flight, &mut outcome);
        let Flight { seat, key, stand_in, .. } = flight;
        let Some(key) = key else {
            settled.push((seat, outcome, Source::Target));
            return Ok(());
        };
        let mut kept = false;
        if let Some(journal) = &mut self.journal
            && is_final(&outcome)
        {
            kept = true;
            match &outcome {
                Outcome::Response(response) => journal.done(&key, &Entry::from(&**response)),
                Outcome::Error(error) => journal.done(&key, &Entry::from(&**error)),
            }
        }
        if let (Some(cache), Outcome::Response(response), None) = (&mut self.cache, &outcome, &stand_in)
            && let Some(call) = self.keys.call(&job.request, job.target(seat.1), job.sample(seat.1))
        {
            kept = true;
            cache.store(&call, response);
        }
        let at = settled.len();
        settled.push((seat, outcome, Source::Target));
        for other in self.waiting.remove(&key).unwrap_or_default() {
            let Some(job) = jobs.get(&other.0) else { continue };
            if kept || self.keys.is_simulated(job.target(other.1)) {
                if let Some((outcome, source)) = self.begin(other, job)? {
                    settled.push((other, outcome, source));
                }
            } else {
                settled.push((other, shared(&settled[at].1, job, other.1, &key), Source::Shared));
            }
        }
        Ok(())
    }

    /// Nobody waits any more for the calls of this job. Calls that others wait for too go on.
    pub(crate) fn withdraw(&mut self, number: u64, why: &str) -> Vec<Seat> {
        let mut idle = Vec::new();
        for waiting in self.waiting.values_mut() {
            idle.extend(waiting.extract_if(.., |seat| seat.0 == number));
        }
        let mut tickets = Vec::new();
        for (ticket, flight) in self.flights.iter_mut().filter(|(_, flight)| flight.seat.0 == number) {
            let shared = flight.key.as_ref().and_then(|key| self.waiting.get(key));
            if shared.is_none_or(Vec::is_empty) {
                flight.unwanted = Some(why.to_owned());
                tickets.push(*ticket);
            }
        }
        tickets.sort_unstable();
        for ticket in tickets {
            self.dispatcher.withdraw(ticket);
        }
        idle
    }

    /// Writes a piece of an answer that is on its way.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub(crate) fn piece(
        &self,
        (ticket, attempt, text): (Ticket, u32, String),
        jobs: &Jobs,
        output: &mut Output,
    ) -> Result<(), Failure> {
        let Some(flight) = self.flights.get(&ticket) else { return Ok(()) };
        let Some(job) = jobs.get(&flight.seat.0) else { return Ok(()) };
        let asked = job.asked(flight.seat.1);
        output.put(&Delta {
            request_id: asked.request_id.to_owned(),
            target: asked.target.to_owned(),
            sample: asked.sample,
            attempt,
            text,
            extra: Object::default(),
        })
    }
}

/// Says in the record who answered, and what may have been paid twice.
fn sign(flight: &Flight, outcome: &mut Outcome) {
    match outcome {
        Outcome::Response(response) => {
            response.fallback.clone_from(&flight.stand_in);
            response.uncertain_prior = flight.uncertain;
            response.attempts = flight.attempts;
        }
        Outcome::Error(error) => {
            error.uncertain_prior = flight.uncertain;
            error.attempts = Some(flight.attempts);
            if let (Some(unwanted), ErrorKind::Cancelled) = (&flight.unwanted, error.kind) {
                error.message.clone_from(unwanted);
            }
        }
    }
}

/// Whether another target may do better where one failed: not where nobody wanted or could pay for it.
fn can_be_replaced(kind: ErrorKind) -> bool {
    !matches!(kind, ErrorKind::Cancelled | ErrorKind::Budget)
}

/// Whether a later run need not ask again: it was not stopped, not saved, and not put off by its target.
fn is_final(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Response(_) => true,
        Outcome::Error(error) => can_be_replaced(error.kind) && error.retry_after_s.is_none(),
    }
}

/// What the journal has of a call.
fn recalled(entry: Entry, tool: &str, job: &Job, at: usize) -> Outcome {
    match entry {
        Entry::Answer(answer) => Outcome::Response(Box::new(answer.response(&job.asked(at)))),
        Entry::Error(error) => Outcome::Error(Box::new(error.record(&job.asked(at), tool))),
    }
}

/// The outcome of an identical call, for one that was not sent.
fn shared(outcome: &Outcome, job: &Job, at: usize, key: &Key) -> Outcome {
    let asked = job.asked(at);
    match outcome {
        Outcome::Response(response) => {
            let mut response = response.clone();
            response.id = asked.response_id(&response.text);
            asked.request_id.clone_into(&mut response.request_id);
            asked.prompt_id.clone_into(&mut response.prompt_id);
            asked.target.clone_into(&mut response.target);
            asked.stage.clone_into(&mut response.stage);
            response.attempts = 0;
            response.cost_usd = response.cost_usd.map(|_| 0.0);
            let (status, key) = (CacheStatus::Shared, key.to_string());
            response.cache = Some(CacheMark { status, key, age_s: None, extra: Object::default() });
            Outcome::Response(response)
        }
        Outcome::Error(error) => {
            let mut error = error.clone();
            error.request_id = None;
            error.target = Some(asked.target.to_owned());
            error.attempts = Some(0);
            Outcome::Error(Box::new(job.placed(*error)))
        }
    }
}

/// The store in `file`, or in the user's cache directory when that is empty.
fn open_cache(file: &Path, context: &Context) -> Result<Cache, Failure> {
    let path = if file.as_os_str().is_empty() { Options::default_path() } else { Some(file.to_owned()) };
    let path = path.ok_or_else(|| {
        Failure::usage("there is no cache directory in this environment").hint("name a file: --cache=FILE")
    })?;
    Ok(Cache::new(Options::at(path), Arc::clone(&context.clock)))
}
