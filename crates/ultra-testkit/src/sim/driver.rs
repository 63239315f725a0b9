//! Drives the machine: virtual time, answers when they are due, ticks when they were asked for.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use ultra_pace::{
    Action, AttemptId, CallId, Class, Draw, Event, Health, Limit, Machine, Note, Outcome, Shared, Source,
    Spent, TargetId,
};

use super::book::{Book, Broken, STOPPING};
use super::story::Story;
use super::upstream::{Serving, failure};
use super::world::{Arrival, World};
use crate::chance;
use crate::mutant::Mutant;

/// Far more steps than a world of this size can need.
const STEPS_PER_CALL: usize = 5_000;

/// Plays a world to its end.
///
/// # Errors
/// The first promise that was broken.
pub fn run(world: &World, mutant: Option<Mutant>) -> Result<Story, Broken> {
    let mut play = Play::new(world, mutant);
    let Err(what) = play.play() else { return Ok(play.story()) };
    // What led to it is worth the time of a second run, which goes the same way.
    let mut again = Play::new(world, mutant);
    again.record = Some(VecDeque::new());
    drop(again.play());
    let before = again.record.unwrap_or_default().into();
    Err(Broken { seed: world.seed, at: play.now, what, before })
}

/// Events and actions that are kept of what led to a broken promise.
const KEPT: usize = 60;

/// What is due.
#[derive(Clone, Copy, Debug)]
enum Due {
    FirstByte(usize, AttemptId),
    Ended(usize, AttemptId),
    Withdraw(u64),
    Drain,
    Abort,
}

/// An attempt on its way.
#[derive(Clone, Copy, Debug)]
struct Running {
    due: (Duration, u64),
    outcome: Outcome,
    spent: Spent,
    told: Option<f64>,
}

type Jitter = Box<dyn Fn(Draw) -> f64>;

struct Process {
    machine: Machine<Jitter>,
    book: Book,
    arrivals: VecDeque<(u64, Arrival)>,
    running: BTreeMap<AttemptId, Running>,
    ticks: u64,
}

struct Play<'a> {
    world: &'a World,
    mutant: Option<Mutant>,
    now: Duration,
    due: BTreeMap<(Duration, u64), Due>,
    order: u64,
    servers: Vec<Serving>,
    asked: Vec<Vec<(Duration, bool)>>,
    processes: Vec<Process>,
    /// What the processes know together of each target.
    file: Vec<Shared>,
    actions: Vec<Action>,
    trace: u64,
    broken: usize,
    record: Option<VecDeque<String>>,
}

impl<'a> Play<'a> {
    fn new(world: &'a World, mutant: Option<Mutant>) -> Self {
        let count = world.processes.max(1);
        let mut dealt: Vec<VecDeque<(u64, Arrival)>> = vec![VecDeque::new(); count];
        for (id, arrival) in (0_u64..).zip(&world.calls) {
            dealt[usize::try_from(id).unwrap_or_default() % count].push_back((id, *arrival));
        }
        let mut config = world.config.clone();
        if mutant == Some(Mutant::GivesUpEarly) {
            config.attempts = 3;
        }
        let process = |(index, arrivals): (usize, _)| {
            let seed = chance::mixed(world.seed, &[index as u64]);
            let jitter: Jitter = Box::new(move |draw: Draw| {
                chance::unit(seed, &[draw.call.0, u64::from(draw.n), draw.purpose as u64])
            });
            Process {
                machine: Machine::new(config.clone(), jitter),
                book: Book::new(&world.config, world.lag),
                arrivals,
                running: BTreeMap::new(),
                ticks: 0,
            }
        };
        let serving =
            |(index, upstream)| Serving::new(upstream, chance::mixed(world.seed, &[99, index as u64]));
        let mut play = Self {
            world,
            mutant,
            now: Duration::ZERO,
            due: BTreeMap::new(),
            order: 0,
            servers: world.targets.iter().enumerate().map(serving).collect(),
            asked: vec![Vec::new(); world.targets.len()],
            file: vec![Shared::default(); world.targets.len()],
            processes: dealt.into_iter().enumerate().map(process).collect(),
            actions: Vec::new(),
            trace: 0,
            broken: 0,
            record: None,
        };
        let late = Duration::from_secs(u64::from(mutant == Some(Mutant::HearsSignalsLate)));
        let stops =
            world.drain.map(|at| (at, Due::Drain)).into_iter().chain(world.abort.map(|at| (at, Due::Abort)));
        let withdrawals = world.withdrawals.iter().map(|(at, call)| (*at, Due::Withdraw(*call)));
        for (at, due) in stops.chain(withdrawals) {
            play.set(at, due);
            if !late.is_zero() && matches!(due, Due::Drain | Due::Abort) {
                play.set(at + late, due);
            }
        }
        play
    }

    fn set(&mut self, at: Duration, due: Due) -> (Duration, u64) {
        self.order += 1;
        self.due.insert((at, self.order), due);
        (at, self.order)
    }

    fn play(&mut self) -> Result<(), String> {
        for process in 0..self.processes.len() {
            for (target, limit) in self.world.limits.clone() {
                self.step(process, Event::Limit { target, limit })?;
            }
        }
        let most = STEPS_PER_CALL * (self.world.calls.len() + 10);
        for _ in 0..most {
            let tick = (0..self.processes.len()).filter_map(|index| Some((self.tick(index)?, index))).min();
            let due = self.due.first_key_value().map(|(key, _)| key.0);
            let arrival =
                (0..self.processes.len()).filter_map(|index| Some((self.arrival(index)?, index))).min();
            match (tick, due, arrival) {
                (_, _, Some((at, process)))
                    if tick.is_none_or(|tick| at <= tick.0) && due.is_none_or(|due| at <= due) =>
                {
                    self.now = self.now.max(at);
                    self.submit(process)?;
                }
                (_, Some(at), _) if tick.is_none_or(|tick| at <= tick.0) => {
                    self.now = self.now.max(at);
                    self.happen()?;
                }
                (Some((at, process)), _, _) => {
                    self.now = self.now.max(at);
                    self.processes[process].ticks += 1;
                    self.step(process, Event::Tick)?;
                }
                _ => return self.end(),
            }
        }
        Err(format!("{most} steps and no end"))
    }

    /// When the next tick of a process comes, late by something.
    fn tick(&self, index: usize) -> Option<Duration> {
        let process = &self.processes[index];
        let late = chance::unit(self.world.seed, &[index as u64, 5, process.ticks]);
        Some(process.machine.wake()?.max(self.now) + self.world.lag.mul_f64(late))
    }

    /// When the next call of a process is read.
    fn arrival(&self, index: usize) -> Option<Duration> {
        let process = &self.processes[index];
        let (_, arrival) = process.arrivals.front().filter(|_| process.machine.has_room())?;
        Some(arrival.at.max(self.now))
    }

    fn submit(&mut self, index: usize) -> Result<(), String> {
        let process = &mut self.processes[index];
        let Some((id, arrival)) = process.arrivals.pop_front() else { return Ok(()) };
        process.book.submitted(self.now, id, arrival.target, arrival.deadline);
        let target = self.told_target(arrival.target);
        let event =
            Event::Submit { call: CallId(id), target, deadline: arrival.deadline, tokens: arrival.tokens };
        self.step(index, event)
    }

    /// The target as the machine is told of it.
    fn told_target(&self, target: TargetId) -> TargetId {
        if self.mutant == Some(Mutant::MixesTargets) { TargetId(0) } else { target }
    }

    fn happen(&mut self) -> Result<(), String> {
        let Some((_, due)) = self.due.pop_first() else { return Ok(()) };
        match due {
            Due::FirstByte(process, attempt) => self.step(process, Event::FirstByte { attempt }),
            Due::Ended(process, attempt) => self.ended(process, attempt),
            Due::Withdraw(call) => {
                let process = usize::try_from(call).unwrap_or_default() % self.processes.len();
                self.processes[process].book.withdrawn(call);
                self.step(process, Event::Withdraw { call: CallId(call) })
            }
            Due::Drain => self.stop(Event::Drain),
            Due::Abort => self.stop(Event::Abort),
        }
    }

    fn stop(&mut self, event: Event) -> Result<(), String> {
        let heard_before = self.processes.iter().all(|process| process.book.is_stopped());
        let late = self.mutant == Some(Mutant::HearsSignalsLate);
        for index in 0..self.processes.len() {
            self.processes[index].book.stopped();
            if !late || heard_before {
                self.step(index, event)?;
            }
        }
        Ok(())
    }

    fn ended(&mut self, index: usize, id: AttemptId) -> Result<(), String> {
        let process = &mut self.processes[index];
        let Some(attempt) = process.running.remove(&id) else { return Ok(()) };
        if let (Outcome::Success, Some(told)) = (attempt.outcome, attempt.told) {
            let limit = Limit { requests_per_s: Some(told), tokens_per_s: None, source: Source::Server };
            let target = self.processes[index].book.target_of(id).unwrap_or(TargetId(0));
            self.step(index, Event::Limit { target, limit })?;
        }
        self.processes[index].book.ended(self.now, id, attempt.outcome, attempt.spent)?;
        let spent =
            if self.mutant == Some(Mutant::ForgetsTheBill) { Spent::default() } else { attempt.spent };
        self.step(index, Event::Ended { attempt: id, outcome: self.as_told(attempt.outcome), spent })
    }

    /// The outcome as a driver with a defect would report it.
    fn as_told(&self, outcome: Outcome) -> Outcome {
        let Outcome::Failure { class, health, retry_after } = outcome else { return outcome };
        match (self.mutant, class) {
            (Some(Mutant::HidesSickness), _) => failure(class, Health::Up, retry_after),
            (Some(Mutant::ForgetsTheGate), Class::Throttled) => failure(Class::Free, health, None),
            (Some(Mutant::BlamesTheRecord), Class::FatalTarget) => failure(Class::FatalRecord, health, None),
            (Some(Mutant::CallsItFree), Class::Unsure) => failure(Class::Free, health, retry_after),
            _ => outcome,
        }
    }

    fn step(&mut self, index: usize, event: Event) -> Result<(), String> {
        if self.world.together {
            self.adopt(index);
        }
        let mut actions = std::mem::take(&mut self.actions);
        self.processes[index].machine.step(self.now, event, &mut actions);
        if let Some(record) = &mut self.record {
            record.push_back(format!("{:?} process {index}: {event:?}", self.now));
            record.extend(actions.iter().map(|action| format!("    {action:?}")));
            record.drain(..record.len().saturating_sub(KEPT));
        }
        if self.world.together {
            self.tell(index);
        }
        for action in actions.drain(..) {
            self.obey(index, action)?;
        }
        self.actions = actions;
        let process = &self.processes[index];
        let machine = &process.machine;
        process.book.agrees(machine.counts(), machine.load(), machine.in_flight())
    }

    /// Takes over what the processes know together.
    fn adopt(&mut self, index: usize) {
        for (target, shared) in self.file.iter().enumerate() {
            self.processes[index].machine.adopt(TargetId(target), *shared);
        }
    }

    /// Writes down what this process knows.
    fn tell(&mut self, index: usize) {
        for (target, shared) in self.file.iter_mut().enumerate() {
            *shared = self.processes[index].machine.share(TargetId(target));
        }
    }

    fn obey(&mut self, index: usize, action: Action) -> Result<(), String> {
        let mutant = self.mutant;
        let one_in_twenty =
            |call: u64, what: Mutant| mutant == Some(what) && chance::mixed(call, &[17]).is_multiple_of(20);
        match action {
            Action::Launch { attempt, target, timeout, .. } => {
                let target = self.processes[index].book.target_of(attempt).unwrap_or(target);
                let seen = match action {
                    Action::Launch { attempt, timeout, hedge, .. } => {
                        Action::Launch { attempt, target, timeout, hedge }
                    }
                    other => other,
                };
                self.note(&seen);
                self.processes[index].book.acted(self.now, &seen)?;
                if one_in_twenty(attempt.call.0, Mutant::LaunchesTwice) {
                    self.asked[target.0].push((self.now, true));
                    self.processes[index].book.acted(self.now, &seen)?;
                }
                self.launch(index, attempt, target, timeout);
                Ok(())
            }
            Action::Cancel { attempt } => {
                self.note(&action);
                self.processes[index].book.acted(self.now, &action)?;
                if self.mutant != Some(Mutant::IgnoresCancel) {
                    self.cancel(index, attempt);
                }
                Ok(())
            }
            Action::Finish { call, .. } => {
                self.note(&action);
                if one_in_twenty(call.0, Mutant::DropsAFinish) {
                    return Ok(());
                }
                let twice = one_in_twenty(call.0, Mutant::FinishesTwice);
                for _ in 0..=u32::from(twice) {
                    self.processes[index].book.acted(self.now, &action)?;
                }
                Ok(())
            }
            Action::Note { note, .. } => {
                self.broken += usize::from(matches!(note, Note::Broken { .. }));
                self.processes[index].book.acted(self.now, &action)
            }
        }
    }

    fn launch(&mut self, index: usize, attempt: AttemptId, target: TargetId, timeout: Duration) {
        let name = [index as u64, attempt.call.0, u64::from(attempt.n)];
        let mut answer = self.servers[target.0].ask(self.now, &name);
        self.asked[target.0].push((self.now, answer.accepted));
        if self.mutant == Some(Mutant::RetriesInSecret) && answer.outcome != Outcome::Success {
            answer = self.servers[target.0]
                .ask(self.now, &[index as u64, attempt.call.0, u64::from(attempt.n), 1]);
            self.asked[target.0].push((self.now, answer.accepted));
        }
        let beyond = Duration::from_secs(u64::from(self.mutant == Some(Mutant::IgnoresTimeouts)));
        let limit = timeout.saturating_add(beyond);
        if answer.takes > limit {
            answer.takes = limit;
            answer.outcome = failure(Class::Unsure, Health::Sick, None);
            answer.spent = Spent::default();
        }
        if let Some(first) = answer.first_byte.filter(|first| *first < answer.takes) {
            self.set(self.now + first, Due::FirstByte(index, attempt));
        }
        let told = self.servers[target.0].told_limit();
        let due = self.set(self.now.saturating_add(answer.takes), Due::Ended(index, attempt));
        let running = Running { due, outcome: answer.outcome, spent: answer.spent, told };
        self.processes[index].running.insert(attempt, running);
    }

    /// Stops an attempt soon, unless it is over before.
    fn cancel(&mut self, index: usize, attempt: AttemptId) {
        let soon =
            STOPPING.mul_f64(chance::unit(self.world.seed, &[attempt.call.0, u64::from(attempt.n), 8]));
        let at = self.now + soon;
        let Some(running) = self.processes[index].running.get(&attempt).copied() else { return };
        if running.due.0 <= at {
            return;
        }
        self.due.remove(&running.due);
        let due = self.set(at, Due::Ended(index, attempt));
        let stopped = Running { due, outcome: Outcome::Stopped, spent: Spent::default(), told: None };
        self.processes[index].running.insert(attempt, stopped);
    }

    /// Enters an action into the name of the whole play.
    fn note(&mut self, action: &Action) {
        let (what, call, n) = match action {
            Action::Launch { attempt, .. } => (1, attempt.call.0, attempt.n),
            Action::Cancel { attempt } => (2, attempt.call.0, attempt.n),
            Action::Finish { call, attempts, .. } => (3, call.0, *attempts),
            Action::Note { .. } => return,
        };
        let at = u64::try_from(self.now.as_nanos()).unwrap_or(u64::MAX);
        self.trace = chance::mixed(self.trace, &[at, what, call, u64::from(n)]);
    }

    fn end(&self) -> Result<(), String> {
        let done = |process: &Process| {
            process.book.is_complete()?;
            if process.arrivals.is_empty() { Ok(()) } else { Err("calls were never read".to_owned()) }
        };
        self.processes.iter().try_for_each(done)
    }

    fn story(self) -> Story {
        let mut story =
            Story { asked: self.asked, trace: self.trace, broken: self.broken, ..Story::default() };
        for (index, process) in self.processes.into_iter().enumerate() {
            story.submitted += process.book.ends.len();
            story.counts.push(process.machine.counts());
            story.ends.extend(process.book.ends.into_iter().map(|(call, end)| ((index, call), end)));
        }
        story.over = story.ends.values().map(|end| end.at).max().unwrap_or_default();
        story
    }
}
