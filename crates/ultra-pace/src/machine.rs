//! The state machine: each event changes where calls stand, then free slots are filled.

use std::time::Duration;

use crate::backoff::part;
use crate::board::Board;
use crate::call::{Call, Place};
use crate::class::{Class, Outcome};
use crate::config::Config;
use crate::counts::Counts;
use crate::event::{Action, Event, Verdict, Why};
use crate::id::{AttemptId, CallId, TargetId};
use crate::jitter::{Draw, Jitter, Purpose};
use crate::retry::{self, Decision, Failure};
use crate::shared::Shared;
use crate::timers::Timer;

/// Schedules the calls of one run. How to drive it is described at the [crate's](crate) front page.
#[derive(Debug)]
pub struct Machine<J> {
    config: Config,
    jitter: J,
    now: Duration,
    phase: Phase,
    board: Board,
    counts: Counts,
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
        let board = Board::new(&config);
        let now = Duration::ZERO;
        Machine { config, jitter, now, phase: Phase::Running, board, counts: Counts::default() }
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
            Event::Submit { call, target, deadline, .. } => self.submit(call, target, deadline, actions),
            Event::Ended { attempt, outcome, .. } => self.ended(attempt, outcome, actions),
            Event::FirstByte { .. } | Event::Limit { .. } | Event::Withdraw { .. } | Event::Tick => {}
            Event::Drain => self.stop(Phase::Draining, actions),
            Event::Abort => self.stop(Phase::Aborting, actions),
        }
        self.happen(actions);
        if self.phase == Phase::Running {
            self.launch(actions);
        }
    }

    /// When to send [`Event::Tick`] if nothing else happens before: always after the last step. Without it,
    /// only an attempt's end or a new call can change anything.
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

    /// Attempts launched and not ended.
    pub fn in_flight(&self) -> usize {
        self.board.in_flight()
    }

    /// The attempt that closed this target, if one did.
    pub fn closed(&self, target: TargetId) -> Option<AttemptId> {
        self.board.target(target)?.closed
    }

    /// What other processes of this host should know of a target.
    pub fn share(&self, target: TargetId) -> Shared {
        let gate = self.board.target(target).map(|target| target.gate.told()).unwrap_or_default();
        Shared { gate, ..Shared::default() }
    }

    /// Takes over what another process knows of a target, in place of what this machine knew. What follows from
    /// it happens at the next step; [`Machine::wake`] says when that should be.
    pub fn adopt(&mut self, target: TargetId, shared: Shared) {
        let _ = (target, shared, &mut self.board);
    }

    /// What was done so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Lets happen what is due; after an event too, because the sleep that it began may be of no length.
    fn happen(&mut self, actions: &mut Vec<Action>) {
        while let Some(timer) = self.board.take_due(self.now) {
            match timer {
                Timer::Deadline(id) => self.finish(id, Verdict::Failed(Why::Deadline), actions),
                Timer::Wake(id) => {
                    if let Some(&call) = self.board.call(id) {
                        self.board.put(id, call, Place::Queued);
                    }
                }
                Timer::Gate(target) => self.board.gate_was_due(target),
            }
        }
    }

    fn submit(&mut self, id: CallId, target: TargetId, allowed: Option<Duration>, actions: &mut Vec<Action>) {
        if self.board.call(id).is_some() {
            return;
        }
        let deadline = self.now.saturating_add(allowed.unwrap_or(self.config.deadline));
        let call = Call::new(target, deadline);
        self.counts.submitted += 1;
        self.board.put(id, call, Place::Queued);
        if self.phase > Phase::Running {
            self.finish(id, Verdict::Cancelled, actions);
        } else if let Some(why) = self.hopeless(call) {
            self.finish(id, Verdict::Failed(why), actions);
        }
    }

    fn ended(&mut self, attempt: AttemptId, outcome: Outcome, actions: &mut Vec<Action>) {
        let id = attempt.call;
        let Some(call) = self.board.call_mut(id).filter(|call| call.runs(attempt.n)) else { return };
        match outcome {
            Outcome::Success => self.finish(id, Verdict::Succeeded, actions),
            Outcome::Stopped => {
                call.tally.possibly_paid += 1;
                self.counts.possibly_paid += 1;
                self.finish(id, Verdict::Cancelled, actions);
            }
            Outcome::Failure { class, retry_after, .. } => {
                let failure = Failure { class, retry_after: retry_after.filter(|wait| !wait.is_zero()) };
                call.tally.fail(failure);
                let call = *call;
                self.counts.possibly_paid += u64::from(class.may_cost());
                self.failed(attempt, call, failure, actions);
            }
        }
    }

    /// What a failure means: for the target first, then for the call.
    fn failed(&mut self, attempt: AttemptId, call: Call, failure: Failure, actions: &mut Vec<Action>) {
        let id = attempt.call;
        let left = call.deadline.saturating_sub(self.now);
        let unit = || self.jitter.unit(Draw { call: id, n: attempt.n, purpose: Purpose::Backoff });
        let decision = retry::decide(&self.config, call.tally, failure, left, unit);
        match failure {
            Failure { class: Class::FatalTarget, .. } => self.close(call.target, attempt, actions),
            Failure { class, retry_after: Some(wait) } if class.is_transient() => {
                self.pause(call.target, attempt, wait, actions);
            }
            Failure { .. } => {}
        }
        let place = match decision {
            Decision::GiveUp(why) => return self.finish(id, Verdict::Failed(why), actions),
            Decision::Sleep(sleep) => Place::Sleeping(self.now.saturating_add(sleep)),
            Decision::Queue => Place::Queued,
        };
        if let Some(why) = self.hopeless(call) {
            self.finish(id, Verdict::Failed(why), actions);
        } else if self.phase > Phase::Running {
            self.finish(id, Verdict::Cancelled, actions);
        } else {
            self.board.put(id, call, place);
        }
    }

    /// Why a call that would have to wait for its target need not begin to.
    fn hopeless(&self, call: Call) -> Option<Why> {
        let target = self.board.target(call.target)?;
        if let Some(by) = target.closed {
            return Some(Why::TargetClosed { by });
        }
        if call.deadline <= self.now {
            return Some(Why::Deadline);
        }
        let told = target.gate.told();
        (told >= call.deadline).then(|| Why::RetryAfter { wait: told.saturating_sub(self.now) })
    }

    /// Closes a target; all that waits for it ends with the same reason. Its attempts in flight go on.
    fn close(&mut self, target: TargetId, by: AttemptId, actions: &mut Vec<Action>) {
        self.board.close(target, by);
        while let Some(id) = self.board.waiting_until(target, Duration::MAX) {
            self.finish(id, Verdict::Failed(Why::TargetClosed { by }), actions);
        }
    }

    /// Closes the gate of a target; the calls that would wait in vain end.
    fn pause(&mut self, target: TargetId, attempt: AttemptId, wait: Duration, actions: &mut Vec<Action>) {
        let draw = Draw { call: attempt.call, n: attempt.n, purpose: Purpose::Reopen };
        let spread = part(self.config.spread, self.jitter.unit(draw));
        let gate = &mut self.board.target_mut(target).gate;
        gate.close(self.now.saturating_add(wait), spread);
        let told = gate.told();
        let wait = told.saturating_sub(self.now);
        while let Some(id) = self.board.waiting_until(target, told) {
            self.finish(id, Verdict::Failed(Why::RetryAfter { wait }), actions);
        }
    }

    /// Ends what waits and, on abort, cancels what is in flight. A run never becomes livelier again.
    fn stop(&mut self, phase: Phase, actions: &mut Vec<Action>) {
        if phase <= self.phase {
            return;
        }
        self.phase = phase;
        let open: Vec<(CallId, Call)> = self.board.calls().map(|(id, call)| (id, *call)).collect();
        for (id, call) in open {
            if call.place != Place::InFlight {
                self.finish(id, Verdict::Cancelled, actions);
            } else if phase == Phase::Aborting {
                actions.push(Action::Cancel { attempt: AttemptId { call: id, n: call.tally.launched } });
            }
        }
    }

    /// Fills free slots.
    fn launch(&mut self, actions: &mut Vec<Action>) {
        while let Some(id) = self.board.next_launch(self.now) {
            let Some(&(mut call)) = self.board.call(id) else { return };
            self.counts.launch(call.tally.cause);
            call.tally.launched += 1;
            self.board.put(id, call, Place::InFlight);
            let attempt = AttemptId { call: id, n: call.tally.launched };
            let draw = Draw { call: id, n: attempt.n, purpose: Purpose::Spread };
            let spread = || part(self.config.spread, self.jitter.unit(draw));
            self.board.target_mut(call.target).gate.pass(self.now, spread);
            let timeout = self.config.attempt_timeout.min(call.deadline.saturating_sub(self.now));
            actions.push(Action::Launch { attempt, target: call.target, timeout, hedge: false });
        }
    }

    /// Ends a call, once: it is not open afterwards.
    fn finish(&mut self, id: CallId, verdict: Verdict, actions: &mut Vec<Action>) {
        if let Some(call) = self.board.remove(id) {
            self.counts.finish(verdict);
            let (attempts, possibly_paid) = (call.tally.launched, call.tally.possibly_paid);
            actions.push(Action::Finish { call: id, verdict, attempts, possibly_paid });
        }
    }
}

#[cfg(test)]
mod tests;
