//! The state machine: each event changes where calls stand, then free slots are filled.

use std::time::Duration;

use crate::board::Board;
use crate::budget::Budget;
use crate::call::{Call, Place};
use crate::config::Config;
use crate::counts::Counts;
use crate::event::{Action, Event, Verdict, Why};
use crate::id::{AttemptId, CallId, TargetId};
use crate::jitter::{Draw, Jitter, Purpose};
use crate::shared::Shared;
use crate::target::Target;
use crate::timers::Timer;

mod ending;
mod launching;
mod stopping;

/// Schedules the calls of one run. How to drive it is described at the [crate's](crate) front page.
#[derive(Debug)]
pub struct Machine<J> {
    config: Config,
    jitter: J,
    now: Duration,
    phase: Phase,
    board: Board,
    budget: Budget,
    counts: Counts,
    /// Calls that are late since the step began.
    late: Vec<CallId>,
}

/// How far the run is from its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Running,
    Draining,
    Aborting,
}

impl<J: Jitter> Machine<J> {
    /// A machine without calls, at time zero.
    pub fn new(config: Config, jitter: J) -> Self {
        let (board, budget) = (Board::new(&config), Budget::new(&config));
        let (now, phase) = (Duration::ZERO, Phase::Running);
        Machine { config, jitter, now, phase, board, budget, counts: Counts::default(), late: Vec::new() }
    }

    /// Takes in what happened at `now` and appends what is to be done, in order, to `actions`.
    ///
    /// What became due up to `now` happens first, so it makes no difference for the order of things whether
    /// ticks were on time. A `now` before the last one counts as the last one. The cost is O(log n) in the
    /// open calls, plus that of each action.
    pub fn step(&mut self, now: Duration, event: Event, actions: &mut Vec<Action>) {
        self.now = self.now.max(now);
        self.happen(actions);
        match event {
            Event::Submit { call, target, deadline, tokens } => {
                self.submit(call, target, (deadline, tokens), actions);
            }
            Event::FirstByte { attempt } => self.first_byte(attempt),
            Event::Ended { attempt, outcome, spent } => self.ended(attempt, outcome, spent, actions),
            Event::Limit { target, limit } => {
                self.board.target_mut(target).pace.limit(limit);
                self.board.look_again(target);
            }
            Event::Withdraw { call } => self.withdraw(call, actions),
            Event::Tick => {}
            Event::Drain => self.stop(Phase::Draining, actions),
            Event::Abort => self.stop(Phase::Aborting, actions),
        }
        self.happen(actions);
        if self.phase == Phase::Running {
            self.launch(actions);
            self.hedge(actions);
        }
        self.late.clear();
    }

    /// When to send [`Event::Tick`] if nothing else happens before: always after the last step, and not after it
    /// only when something was [adopted](Machine::adopt) since. Without it, only an event can change anything.
    pub fn wake(&self) -> Option<Duration> {
        self.board.wake()
    }

    /// Whether the driver should read more input. Calls submitted all the same are accepted, so the calls of
    /// one record may go in together.
    pub fn has_room(&self) -> bool {
        self.board.load() < self.config.backlog.max(1)
    }

    /// Open calls: submitted and not finished.
    pub fn load(&self) -> usize {
        self.board.load()
    }

    /// Attempts launched and not ended, those included that were cancelled and whose calls are over.
    pub fn in_flight(&self) -> usize {
        self.board.in_flight()
    }

    /// The attempt that closed this target, if one did.
    pub fn closed(&self, target: TargetId) -> Option<AttemptId> {
        self.board.target(target)?.closed
    }

    /// What other processes of this host should know of a target.
    pub fn share(&self, target: TargetId) -> Shared {
        self.board.target(target).map(Target::share).unwrap_or_default()
    }

    /// Takes over what another process knows of a target, in place of what this machine knew. What follows from
    /// it happens at the next step; [`Machine::wake`] says that it is due.
    pub fn adopt(&mut self, target: TargetId, shared: Shared) {
        if shared != self.share(target) {
            self.board.target_mut(target).adopt(shared);
            self.board.step_at(target, self.now);
        }
    }

    /// What was done so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Lets happen what is due; after an event too, because the sleep that it began may be of no length.
    fn happen(&mut self, actions: &mut Vec<Action>) {
        while let Some(timer) = self.board.take_due(self.now) {
            match timer {
                Timer::Deadline(target) => {
                    while let Some(id) = self.board.waiting_until(target, self.now) {
                        self.fail(id, Self::over, actions);
                    }
                    self.board.deadlines_were_due(target);
                }
                Timer::Wake(id) => self.board.put(id, Place::Queued),
                Timer::Turn(target) => {
                    self.board.turn_was_due(target);
                    self.give_up_on_pause(target, actions);
                }
                Timer::Late(id) => self.late.push(id),
            }
        }
    }

    fn submit(
        &mut self,
        id: CallId,
        target: TargetId,
        (allowed, tokens): (Option<Duration>, u64),
        actions: &mut Vec<Action>,
    ) {
        if self.board.knows(id) {
            return;
        }
        let deadline = self.now.saturating_add(allowed.unwrap_or(self.config.deadline));
        let deadline = self.config.run_deadline.map_or(deadline, |end| end.min(deadline));
        let call = Call::new(target, deadline, tokens);
        self.counts.submitted += 1;
        self.board.open(id, call);
        if self.phase > Phase::Running {
            self.finish(id, Verdict::Cancelled, actions);
        } else if let Some(why) = self.hopeless(&call) {
            self.finish(id, Verdict::Failed(why), actions);
        }
    }

    /// Why a call that would have to wait for its target need not begin to.
    ///
    /// While attempts are in flight, one of them may still open a gate that is closed for too long.
    fn hopeless(&self, call: &Call) -> Option<Why> {
        let target = self.board.target(call.target)?;
        if let Some(by) = target.closed {
            return Some(Why::TargetClosed { by });
        }
        if call.deadline <= self.now {
            return Some(self.over(call));
        }
        let told = target.gate.told();
        let vain = told >= call.deadline && target.in_flight == 0;
        vain.then(|| Why::RetryAfter { wait: told.saturating_sub(self.now) })
    }

    /// Whose time is over when that of a call is.
    fn over(&self, call: &Call) -> Why {
        if self.config.run_deadline == Some(call.deadline) { Why::RunDeadline } else { Why::Deadline }
    }

    /// Ends a call without an answer, for a reason that depends on the call.
    fn fail(&mut self, id: CallId, why: impl FnOnce(&Self, &Call) -> Why, actions: &mut Vec<Action>) {
        if let Some(call) = self.board.call(id) {
            self.finish(id, Verdict::Failed(why(self, call)), actions);
        }
    }

    /// Ends a call, once: it is not open afterwards. What still runs of it has lost.
    fn finish(&mut self, id: CallId, verdict: Verdict, actions: &mut Vec<Action>) {
        let Some(call) = self.board.remove(id) else { return };
        let mut possibly_paid = call.tally.possibly_paid;
        for attempt in call.attempts(id) {
            possibly_paid += 1;
            self.counts.possibly_paid += 1;
            if !call.stopped {
                actions.push(Action::Cancel { attempt });
            }
        }
        self.counts.finish(verdict);
        actions.push(Action::Finish { call: id, verdict, attempts: call.tally.launched, possibly_paid });
    }

    /// The number for a decision about an attempt.
    fn unit(&self, attempt: AttemptId, purpose: Purpose) -> f64 {
        self.jitter.unit(Draw { call: attempt.call, n: attempt.n, purpose })
    }
}

#[cfg(test)]
mod tests;
