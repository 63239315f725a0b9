//! The driver of [`ultra_pace::Machine`]: it sends when the machine says so, and tells it what came back.
//!
//! The machine decides when each attempt starts and what its end means; this module keeps the calls, runs the
//! attempts and says what became of each call, exactly once. It knows nothing about JSON, and the machine
//! knows nothing about sockets.
//!
//! While every target is simulated, so is time: the clock jumps to whatever is due next, nothing sleeps, and
//! no socket or timer exists. The first target that is real turns time real too; simulated targets then take
//! the time they claim to take. The same machine runs in both worlds.
//!
//! A tool that makes a few calls uses [`Dispatcher::ask`]. One that streams gives calls with
//! [`Dispatcher::submit`] as long as it has room for them, and takes what happens from [`Dispatcher::next`].

mod config;
mod engine;
mod feed;
mod finished;
mod member;
mod simulated;
#[cfg(test)]
mod tests;
mod time;
mod verdict;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use ultra_core::draw;
use ultra_core::failure::Failure;
use ultra_core::kind::ErrorKind;
use ultra_core::shutdown::{Shutdown, Why};
use ultra_core::target::Target;
use ultra_core::tool::Context;
use ultra_pace::{Action, AttemptId, CallId, Draw, Jitter, Machine, Outcome, Purpose, TargetId, Verdict};

use crate::call::{Answer, Call, CallError, Provider};
use crate::connect::{Options, connect_with};
pub use config::DispatchConfig;
use engine::{Engine, Turn};
pub use feed::{Feed, Feeder, feed};
pub use finished::{Event, Finished, Ticket};
use member::{Member, Members};
use simulated::Simulated;
use time::Time;
pub use ultra_pace::Counts;

/// Makes calls, many at a time.
#[derive(Debug)]
pub struct Dispatcher {
    machine: Machine<Dice>,
    members: Members,
    time: Time,
    engine: Engine,
    simulated: Simulated,
    open: BTreeMap<CallId, Open>,
    /// Failures that closed a target, by the attempt that met them.
    closing: BTreeMap<AttemptId, CallError>,
    done: VecDeque<Finished>,
    submitted: u64,
    shutdown: Shutdown,
    stopping: Option<Why>,
    told: bool,
    /// When attempts in flight are given up after a signal.
    patience: Option<Duration>,
    grace: Duration,
    deadline: Duration,
    attempts: u32,
    /// Targets to which a connection failed, which is said once each.
    unreached: BTreeSet<String>,
}

/// A call that is not finished.
#[derive(Debug)]
struct Open {
    call: Rc<Call>,
    allowed: Duration,
    submitted: Duration,
    launched: Duration,
    answer: Option<Answer>,
    last: Option<CallError>,
}

impl Dispatcher {
    /// A dispatcher without calls.
    ///
    /// # Errors
    /// When the operating system refuses what it takes to wait for calls.
    pub fn new(context: &Context, config: &DispatchConfig) -> Result<Self, Failure> {
        let settings = Arc::clone(&context.config);
        Self::with(context, config, move |target| connect_with(target, &Options::of(&settings)))
    }

    /// A dispatcher that reaches targets that are not simulated through `connect`.
    ///
    /// # Errors
    /// As for [`Dispatcher::new`].
    pub fn with(
        context: &Context,
        config: &DispatchConfig,
        connect: impl Fn(&Target) -> Result<Box<dyn Provider>, Failure> + 'static,
    ) -> Result<Self, Failure> {
        context.shutdown.on_abandon(crate::exec::kill_all);
        // Processes that share a seed must not retry in step; a simulated run must be the same everywhere.
        let process = if context.mock { 0 } else { std::process::id() };
        Ok(Self {
            machine: Machine::new(config.machine(), Dice { seed: context.seed, process }),
            members: Members::new(context, connect),
            time: Time::simulated(context.clock.clone()),
            engine: Engine::new(&context.shutdown)?,
            simulated: Simulated::default(),
            open: BTreeMap::new(),
            closing: BTreeMap::new(),
            done: VecDeque::new(),
            submitted: 0,
            shutdown: context.shutdown.clone(),
            stopping: None,
            told: false,
            patience: None,
            grace: config.grace,
            deadline: config.deadline,
            attempts: config.attempts,
            unreached: BTreeSet::new(),
        })
    }

    /// Takes a call over. It ends as one [`Event::Finished`], whatever happens; a target that cannot be
    /// resolved or has no key ends it without an attempt.
    ///
    /// `deadline` is what the call may take in all, when that differs from the configuration.
    pub fn submit(&mut self, call: Call, deadline: Option<Duration>) -> Ticket {
        let ticket = Ticket(self.submitted);
        self.submitted += 1;
        self.heed();
        let id = CallId(ticket.0);
        let (member, found) = self.members.enlist(&call.target);
        let call = Rc::new(call);
        match found {
            Member::Broken(error) => {
                let result = Err(error.clone());
                self.done.push_back(Finished {
                    ticket,
                    call,
                    result,
                    attempts: 0,
                    possibly_paid: 0,
                    timing: None,
                });
                return ticket;
            }
            Member::Real(_) if self.time.is_simulated() => {
                if let Err(failure) = self.engine.open() {
                    let result = Err(verdict::local(&failure));
                    self.done.push_back(Finished {
                        ticket,
                        call,
                        result,
                        attempts: 0,
                        possibly_paid: 0,
                        timing: None,
                    });
                    return ticket;
                }
                self.time.flow();
            }
            Member::Real(_) | Member::Mock(_) => {}
        }
        let now = self.time.now();
        let allowed = deadline.unwrap_or(self.deadline);
        self.open.insert(id, Open { call, allowed, submitted: now, launched: now, answer: None, last: None });
        self.step(ultra_pace::Event::Submit { call: id, target: member, deadline: Some(allowed) });
        ticket
    }

    /// Makes `calls` and waits for all of them; what became of each comes back in the order of the calls.
    ///
    /// When the run is told to stop, the calls that are left end as cancelled.
    ///
    /// # Errors
    /// When waiting itself fails.
    pub fn ask(&mut self, calls: impl IntoIterator<Item = Call>) -> Result<Vec<Finished>, Failure> {
        for call in calls {
            self.submit(call, None);
        }
        let mut finished = Vec::new();
        loop {
            match self.next(None::<&mut Feed<()>>, || Ok(()))? {
                Event::Finished(done) => finished.push(*done),
                Event::Idle => break,
                Event::Fed(()) | Event::Closed | Event::Stop(_) => {}
            }
        }
        finished.sort_by_key(|done| done.ticket);
        Ok(finished)
    }

    /// What happens next. With a `feed`, what it holds is handed out first, so pass it only while there is
    /// room for more; `idle` is called before this waits.
    ///
    /// # Errors
    /// When `idle` or waiting fails.
    pub fn next<T>(
        &mut self,
        mut feed: Option<&mut Feed<T>>,
        mut idle: impl FnMut() -> Result<(), Failure>,
    ) -> Result<Event<T>, Failure> {
        loop {
            self.heed();
            if let Some(why) = self.stopping
                && !std::mem::replace(&mut self.told, true)
            {
                return Ok(Event::Stop(why));
            }
            if let Some(done) = self.done.pop_front() {
                return Ok(Event::Finished(Box::new(done)));
            }
            if let Some(event) = feed.as_mut().and_then(|feed| feed.take()) {
                return Ok(event);
            }
            if self.advance() {
                continue;
            }
            if feed.is_none() && self.open.is_empty() {
                return Ok(Event::Idle);
            }
            let pause = self.due().map(|due| due.saturating_sub(self.time.now()));
            match self.engine.turn(feed.as_deref_mut(), pause, &mut idle)? {
                Turn::Ended(landings) => {
                    for (attempt, result) in landings {
                        self.ended(attempt, result);
                    }
                }
                Turn::Fed(item) => return Ok(Event::Fed(item)),
                Turn::Closed => return Ok(Event::Closed),
                Turn::Woken => {}
            }
        }
    }

    /// Calls that are not finished.
    pub fn open(&self) -> usize {
        self.open.len()
    }

    /// What was done so far; calls that could not be begun are not counted.
    pub fn counts(&self) -> Counts {
        self.machine.counts()
    }

    /// Hears of a stop, once: at a signal nothing new starts, and when the reader has left, nothing goes on.
    fn heed(&mut self) -> Option<Why> {
        let why = self.shutdown.why().filter(|_| self.stopping.is_none())?;
        self.stopping = Some(why);
        match why {
            Why::ReaderGone => self.step(ultra_pace::Event::Abort),
            Why::Signal(_) => {
                self.patience = Some(self.time.now().saturating_add(self.grace));
                self.step(ultra_pace::Event::Drain);
                if !self.open.is_empty() && !self.time.is_simulated() {
                    tracing::warn!(
                        "stopping: {} in flight may end within {:.0} s; once more quits at once",
                        ultra_core::tool::many(self.open.len() as u64, "call"),
                        self.grace.as_secs_f64()
                    );
                }
            }
        }
        Some(why)
    }

    /// Lets happen what is due; in a simulated world the time of the next thing comes at once.
    fn advance(&mut self) -> bool {
        let Some(due) = self.due() else { return false };
        if !self.time.reach(due) {
            return false;
        }
        let now = self.time.now();
        if self.patience.is_some_and(|patience| patience <= now) {
            self.patience = None;
            self.step(ultra_pace::Event::Abort);
        } else if let Some((attempt, result)) = self.simulated.take_due(now) {
            self.ended(attempt, Some(result));
        } else {
            self.step(ultra_pace::Event::Tick);
        }
        true
    }

    /// When something is due that no socket will tell.
    fn due(&self) -> Option<Duration> {
        let patience = self.patience.filter(|_| !self.open.is_empty());
        [self.machine.wake(), self.simulated.due(), patience].into_iter().flatten().min()
    }

    fn ended(&mut self, attempt: AttemptId, result: Option<Result<Answer, CallError>>) {
        let Some(open) = self.open.get_mut(&attempt.call) else { return };
        let outcome = match result {
            None => Outcome::Stopped,
            Some(Ok(answer)) => {
                open.answer = Some(answer);
                Outcome::Success
            }
            Some(Err(error)) => {
                let (class, retry_after) = (error.class, error.retry_after);
                let target = open.call.target.escape_debug();
                tracing::info!("{target}: attempt {} of this call: {error}", attempt.n);
                if attempt.n < self.attempts
                    && is_of_connection(error.kind)
                    && class.is_transient()
                    && !self.time.is_simulated()
                    && self.unreached.insert(open.call.target.clone())
                {
                    let seconds = open.allowed.as_secs_f64();
                    tracing::warn!("{}; trying again for up to {seconds} s", error.message);
                }
                if class == ultra_pace::Class::FatalTarget {
                    self.closing.insert(attempt, error.clone());
                }
                open.last = Some(error);
                Outcome::Failure { class, retry_after }
            }
        };
        self.step(ultra_pace::Event::Ended { attempt, outcome });
    }

    fn step(&mut self, event: ultra_pace::Event) {
        let mut actions = Vec::new();
        self.machine.step(self.time.now(), event, &mut actions);
        for action in actions {
            match action {
                Action::Launch { attempt, target, timeout } => self.launch(attempt, target, timeout),
                Action::Cancel { attempt } => {
                    if self.simulated.cancel(attempt) {
                        self.ended(attempt, None);
                    } else {
                        self.engine.cancel(attempt);
                    }
                }
                Action::Finish { call, verdict, attempts, possibly_paid } => {
                    self.finish(call, verdict, attempts, possibly_paid);
                }
            }
        }
    }

    fn launch(&mut self, attempt: AttemptId, target: TargetId, timeout: Duration) {
        let now = self.time.now();
        let Some(open) = self.open.get_mut(&attempt.call) else { return };
        open.launched = now;
        match self.members.member(target) {
            Some(Member::Mock(mock)) => {
                self.simulated.launch(now, attempt, mock.attempt(&open.call, attempt.n), timeout);
            }
            Some(Member::Real(provider)) => {
                self.engine.launch(attempt, Rc::clone(provider), Rc::clone(&open.call), timeout);
            }
            // No call of a broken member is ever submitted to the machine.
            Some(Member::Broken(_)) | None => {}
        }
    }

    fn finish(&mut self, id: CallId, verdict: Verdict, attempts: u32, possibly_paid: u32) {
        let Some(open) = self.open.remove(&id) else { return };
        if self.open.is_empty() {
            self.patience = None;
        }
        let timing = self.time.timing(open.submitted, open.launched, open.answer.as_ref());
        let closing = &self.closing;
        let call = Rc::clone(&open.call);
        let result = verdict::result(open, verdict, attempts, |by| closing.get(&by).cloned());
        self.done.push_back(Finished { ticket: Ticket(id.0), call, result, attempts, possibly_paid, timing });
    }
}

/// Whether nobody was reached at all.
fn is_of_connection(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::NetworkConnect | ErrorKind::NetworkDns | ErrorKind::TimeoutConnect)
}

/// The random numbers of the machine.
#[derive(Debug)]
struct Dice {
    seed: u64,
    process: u32,
}

impl Jitter for Dice {
    fn unit(&self, Draw { call, n, purpose }: Draw) -> f64 {
        let purpose = match purpose {
            Purpose::Backoff => "pace backoff",
            Purpose::Reopen => "pace reopen",
            Purpose::Spread => "pace spread",
        };
        let subject: [&[u8]; 3] = [&self.process.to_le_bytes(), &call.0.to_le_bytes(), &n.to_le_bytes()];
        draw::unit(self.seed, purpose, &subject)
    }
}
