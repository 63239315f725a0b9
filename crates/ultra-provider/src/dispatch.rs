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
//!
//! # Before the money is spent
//!
//! Who keeps a journal must write down that a call is about to be bought before it is. With
//! [`DispatchConfig::announce`] calls that are to be sent for the first time are announced as
//! [`Event::Launching`]; they are sent at the next [`Dispatcher::next`], or never, if
//! [`Dispatcher::refuse`] is called first.

mod bell;
mod config;
mod drive;
mod engine;
mod feed;
mod finished;
mod heard;
mod lanes;
mod member;
mod note;
mod simulated;
#[cfg(test)]
mod tests;
mod time;
mod verdict;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use ultra_core::failure::Failure;
use ultra_core::shutdown::{Shutdown, Why};
use ultra_core::target::Target;
use ultra_core::tool::Context;
use ultra_pace::{Action, AttemptId, CallId, Machine, TargetId};

use crate::call::{Answer, Call, CallError, Provider, Wasted};
use crate::connect::{Options, connect_with};
use crate::prices::Till;
use crate::tokens;
pub use config::DispatchConfig;
use drive::Dice;
use engine::{Engine, Turn};
use feed::Taken;
pub use feed::{Feed, Feeder, feed};
pub use finished::{Event, Finished, Ticket};
use heard::Hearing;
use lanes::Lanes;
use member::{Member, Members};
use simulated::Simulated;
use time::Time;
pub use ultra_pace::{Counts, Limit, Numbered, Source as LimitSource};

/// Makes calls, many at a time.
#[derive(Debug)]
pub struct Dispatcher {
    machine: Machine<Dice>,
    members: Members,
    lanes: Lanes,
    time: Time,
    engine: Engine,
    simulated: Simulated,
    open: Numbered<CallId, Box<Open>>,
    /// Attempts that the machine launched and that are not sent yet.
    fresh: Vec<Fresh>,
    /// Whether the fresh attempts were announced.
    announced: bool,
    /// What was paid so far.
    till: Till,
    /// What attempts in flight tell before they end.
    hearing: Hearing,
    /// Failures that closed a target, by the attempt that met them.
    closing: BTreeMap<AttemptId, CallError>,
    done: VecDeque<Happened>,
    /// Room for the actions of a step.
    actions: Vec<Action>,
    alarms: BTreeSet<(Duration, u64)>,
    alarms_set: u64,
    submitted: u64,
    /// Attempts that were launched and, at the last moment, not sent.
    unsent: u64,
    shutdown: Shutdown,
    stopping: Option<Why>,
    told: bool,
    /// When attempts in flight are given up after a signal.
    patience: Option<Duration>,
    config: DispatchConfig,
    /// Targets to which a connection failed, which is said once each.
    unreached: BTreeSet<String>,
}

/// A call that is not finished.
#[derive(Debug)]
struct Open {
    call: Arc<Call>,
    target: TargetId,
    allowed: Duration,
    submitted: Duration,
    launched: Duration,
    answer: Option<Answer>,
    last: Option<CallError>,
    /// What attempts took that gave no answer.
    wasted: Vec<Wasted>,
    /// Launches that came to nothing before anything was sent.
    unsent: u32,
    /// Attempts that never reached the target.
    unreached: u32,
    /// Attempts that have not ended.
    flying: u32,
}

/// An attempt that is about to be sent.
#[derive(Debug, Clone, Copy)]
struct Fresh {
    attempt: AttemptId,
    target: TargetId,
    timeout: Duration,
}

/// What is to be told.
#[derive(Debug)]
enum Happened {
    Finished(Box<Finished>),
    Text { ticket: Ticket, attempt: u32, text: String },
    Note { target: String, text: String, down: Option<bool> },
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
        let engine = Engine::new(&context.shutdown);
        Ok(Self {
            machine: Machine::new(config.machine(context.mock), Dice { seed: context.seed, process }),
            members: Members::new(context, connect),
            lanes: Lanes::new(config.shared && !context.mock),
            time: Time::simulated(context.clock.clone()),

            simulated: Simulated::default(),
            open: Numbered::default(),
            fresh: Vec::new(),
            announced: false,
            till: Till::default(),
            hearing: Hearing::new(config, engine.bell()),
            engine,
            closing: BTreeMap::new(),
            done: VecDeque::new(),
            actions: Vec::new(),
            alarms: BTreeSet::new(),
            alarms_set: 0,
            submitted: 0,
            unsent: 0,
            shutdown: context.shutdown.clone(),
            stopping: None,
            told: false,
            patience: None,
            config: config.clone(),
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
        let (target, found) = self.members.enlist(&call.target);
        let (known, limit, found_lane) = (self.lanes.knows(target), found.limit, found.lane);
        let real = matches!(found.member, Member::Real(_));
        let broken = match &found.member {
            Member::Broken(error) => Some(error.clone()),
            Member::Real(_) if self.time.is_simulated() => {
                self.engine.open().err().map(|failure| verdict::local(&failure))
            }
            Member::Real(_) | Member::Mock(_) => None,
        };
        let priced = found.price.is_some() || !real || !self.config.needs_prices();
        let broken = broken.or_else(|| (!priced).then(|| verdict::unpriced(&call.target)));
        if let Some(error) = broken {
            self.done.push_back(Happened::Finished(Box::new(Finished::unsent(
                ticket,
                Arc::new(call),
                error,
            ))));
            return ticket;
        }
        if real {
            self.time.flow();
        }
        if !known {
            let lane = found_lane;
            self.lanes.enlist(target, lane);
            if let Some(limit) = limit.or(self.config.limit) {
                self.step(ultra_pace::Event::Limit { target, limit });
            }
        }
        let now = self.time.now();
        let allowed = deadline.unwrap_or(self.config.deadline);
        let tokens = tokens::estimate(&call).total();
        let call = Arc::new(call);
        let open = Open {
            call,
            target,
            allowed,
            submitted: now,
            launched: now,
            answer: None,
            last: None,
            wasted: Vec::new(),
            unsent: 0,
            unreached: 0,
            flying: 0,
        };
        let id = CallId(ticket.0);
        self.open.insert(id, Box::new(open));
        self.step(ultra_pace::Event::Submit { call: id, target, deadline: Some(allowed), tokens });
        ticket
    }

    /// Nobody wants the answer to this call any more. It still ends as one [`Event::Finished`], cancelled
    /// unless its answer is already there.
    pub fn withdraw(&mut self, ticket: Ticket) {
        self.step(ultra_pace::Event::Withdraw { call: CallId(ticket.0) });
    }

    /// As [`Dispatcher::withdraw`], but only if no attempt of the call is in flight; whether that was so.
    pub fn withdraw_idle(&mut self, ticket: Ticket) -> bool {
        let idle = self.open.get(&CallId(ticket.0)).is_some_and(|open| open.flying == 0);
        if idle {
            self.withdraw(ticket);
        }
        idle
    }

    /// Asks to be woken by an [`Event::Alarm`] with this number after `pause`.
    pub fn alarm(&mut self, pause: Duration) -> u64 {
        let number = self.alarms_set;
        self.alarms_set += 1;
        self.alarms.insert((self.time.now().saturating_add(pause), number));
        number
    }

    /// The calls that were announced must not be sent, and no others after them: what waits ends as
    /// cancelled, what is in flight may end.
    pub fn refuse(&mut self) {
        self.step(ultra_pace::Event::Drain);
        self.drop_fresh();
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
                _ => {}
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
            match self.done.pop_front() {
                Some(Happened::Finished(done)) => return Ok(Event::Finished(done)),
                Some(Happened::Text { ticket, attempt, text }) => {
                    return Ok(Event::Text { ticket, attempt, text });
                }
                Some(Happened::Note { target, text, down }) => {
                    return Ok(Event::Note { target, text, down });
                }
                None => {}
            }
            match feed.as_mut().map(|feed| feed.take()) {
                Some(Taken::Item(item)) => return Ok(Event::Fed(item)),
                Some(Taken::Closed) => return Ok(Event::Closed),
                Some(Taken::Nothing) | None => {}
            }
            if !self.fresh.is_empty() {
                if self.config.announce && !std::mem::replace(&mut self.announced, true) {
                    let first = self.fresh.iter().filter(|fresh| fresh.attempt.n == 1);
                    let tickets: Vec<_> = first.map(|fresh| Ticket(fresh.attempt.call.0)).collect();
                    if !tickets.is_empty() {
                        return Ok(Event::Launching(tickets));
                    }
                }
                self.announced = false;
                self.send_fresh();
                continue;
            }
            if self.hearing.is_something() {
                self.hear();
                continue;
            }
            if let Some(number) = self.alarm_due() {
                return Ok(Event::Alarm(number));
            }
            if self.advance() {
                continue;
            }
            if feed.is_none() && self.open.is_empty() {
                return Ok(Event::Idle);
            }
            let pause = self.due().map(|due| due.saturating_sub(self.time.now()));
            let turn = self.engine.turn(feed.as_deref_mut(), pause, &self.hearing, &mut idle)?;
            self.hear();
            match turn {
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

    /// Whether something is to be told at once.
    pub fn has_more(&self) -> bool {
        !self.done.is_empty()
    }

    /// Attempts in flight.
    pub fn in_flight(&self) -> usize {
        self.machine.in_flight()
    }

    /// What was done so far; calls that could not be begun are not counted.
    pub fn counts(&self) -> Counts {
        let counts = self.machine.counts();
        Counts { attempts: counts.attempts - self.unsent, ..counts }
    }

    /// Hears of a stop, once: at a signal nothing new starts, and when the reader has left, nothing goes on.
    fn heed(&mut self) {
        let Some(why) = self.shutdown.why().filter(|_| self.stopping.is_none()) else { return };
        self.stopping = Some(why);
        match why {
            Why::ReaderGone => self.step(ultra_pace::Event::Abort),
            Why::Signal(_) => {
                self.patience = Some(self.time.now().saturating_add(self.config.grace));
                self.step(ultra_pace::Event::Drain);
            }
        }
        self.drop_fresh();
        if matches!(why, Why::Signal(_)) && !self.open.is_empty() && !self.time.is_simulated() {
            tracing::warn!(
                "stopping: {} in flight may end within {:.0} s; once more quits at once",
                ultra_core::tool::many(self.open.len() as u64, "call"),
                self.config.grace.as_secs_f64()
            );
        }
    }
}
