//! What the end of an attempt means: for the budget, for the target, then for the call.

use std::time::Duration;

use super::{Machine, Phase};
use crate::backoff::part;
use crate::call::{Place, Run};
use crate::class::{Class, Health, Outcome};
use crate::event::{Action, Note, Spent, Verdict, Why};
use crate::id::{AttemptId, TargetId};
use crate::jitter::{Draw, Jitter, Purpose};
use crate::retry::{self, Decision, Failure};

impl<J: Jitter> Machine<J> {
    /// The answer to an attempt began.
    pub(super) fn first_byte(&mut self, attempt: AttemptId) {
        let Some(call) = self.board.call_mut(attempt.call) else { return };
        let Some(run) = call.run(attempt.n).filter(|_| !call.begun) else { return };
        call.begun = true;
        let target = call.target;
        self.board.not_late(attempt.call);
        self.time(target, run);
    }

    pub(super) fn ended(
        &mut self,
        attempt: AttemptId,
        outcome: Outcome,
        spent: Spent,
        actions: &mut Vec<Action>,
    ) {
        let Some((target, run)) = self.board.land(attempt) else { return };
        self.budget.enter(spent);
        self.hear(attempt, target, run, (outcome, spent), actions);
        let id = attempt.call;
        let Some(call) = self.board.call_mut(id) else { return };
        match outcome {
            Outcome::Success => {
                self.counts.hedges_won += u64::from(run.hedge);
                if !call.begun {
                    self.time(target, run);
                }
                self.finish(id, Verdict::Succeeded, actions);
            }
            Outcome::Stopped => {
                call.tally.possibly_paid += 1;
                self.counts.possibly_paid += 1;
                if call.runs[0].is_none() {
                    self.finish(id, Verdict::Cancelled, actions);
                }
            }
            Outcome::Failure { class, health, retry_after } => {
                self.counts.possibly_paid += u64::from(class.may_cost());
                let retry_after = retry_after.filter(|wait| !wait.is_zero() && class.is_transient());
                if let Some(wait) = retry_after {
                    call.told = call.told.max(self.now.saturating_add(wait));
                }
                if call.runs[0].is_some() {
                    call.tally.possibly_paid += u32::from(class.may_cost());
                    return;
                }
                self.failed(attempt, Failure { class, retry_after, excuse: None }, health, actions);
            }
        }
    }

    /// What the end of an attempt means for its target.
    fn hear(
        &mut self,
        attempt: AttemptId,
        id: TargetId,
        run: Run,
        (outcome, spent): (Outcome, Spent),
        actions: &mut Vec<Action>,
    ) {
        let jitter = &self.jitter;
        let draw = Draw { call: attempt.call, n: attempt.n, purpose: Purpose::Break };
        let unit = || jitter.unit(draw);
        let target = self.board.target_mut(id);
        let tell = |note| actions.push(Action::Note { target: id, note });
        target.hear((self.now, &self.config), run, (outcome, spent), unit, tell);
        match outcome {
            Outcome::Failure { class: Class::FatalTarget, .. } => self.close(id, attempt, actions),
            Outcome::Failure { class, retry_after: Some(wait), .. }
                if class.is_transient()
                    && !wait.is_zero()
                    && (class != Class::Throttled || !target.is_answering(self.now)) =>
            {
                self.pause(id, attempt, (wait, run.launch), actions);
            }
            _ => {}
        }
        self.give_up_on_pause(id, actions);
    }

    /// The last attempt of a call failed: it is tried again, or ends.
    fn failed(&mut self, attempt: AttemptId, failure: Failure, health: Health, actions: &mut Vec<Action>) {
        let id = attempt.call;
        self.board.not_late(id);
        let Some(&(mut call)) = self.board.call(id) else { return };
        let target = self.board.target(call.target);
        let after = self.config.break_after;
        let excuse = target.and_then(|target| target.excuse(after, failure.class, health));
        let failure = Failure { excuse, ..failure };
        call.tally.fail(failure);
        if let Some(open) = self.board.call_mut(id) {
            open.tally = call.tally;
        }
        let left = call.deadline.saturating_sub(self.now);
        let unit = || self.unit(attempt, Purpose::Backoff);
        let next = match retry::decide(&self.config, call.tally, failure, left, unit) {
            Decision::GiveUp(Why::Deadline) => return self.fail(id, Self::over, actions),
            Decision::GiveUp(why) => return self.finish(id, Verdict::Failed(why), actions),
            Decision::Sleep(sleep) => self.now.saturating_add(sleep),
            Decision::Queue => self.now,
        };
        // The other of two attempts may have been told to wait for longer than this one.
        let next = next.max(call.told);
        let place = if next > self.now { Place::Sleeping(next) } else { Place::Queued };
        if let Some(why) = self.hopeless(&call) {
            self.finish(id, Verdict::Failed(why), actions);
        } else if next >= call.deadline && next > self.now {
            let wait = next.saturating_sub(self.now);
            self.finish(id, Verdict::Failed(Why::RetryAfter { wait }), actions);
        } else if self.phase > Phase::Running || call.stopped {
            self.finish(id, Verdict::Cancelled, actions);
        } else {
            self.board.put(id, place);
        }
    }

    /// Closes a target; all that waits for it ends with the same reason. Its attempts in flight go on.
    fn close(&mut self, target: TargetId, by: AttemptId, actions: &mut Vec<Action>) {
        self.board.close(target, by);
        while let Some(id) = self.board.waiting_until(target, Duration::MAX) {
            self.finish(id, Verdict::Failed(Why::TargetClosed { by }), actions);
        }
    }

    /// Closes the gate of a target whose launch of this number was refused.
    fn pause(
        &mut self,
        id: TargetId,
        attempt: AttemptId,
        (wait, launch): (Duration, u64),
        actions: &mut Vec<Action>,
    ) {
        let spread = part(self.config.spread, self.unit(attempt, Purpose::Reopen));
        let now = self.now;
        let target = self.board.target_mut(id);
        let before = target.gate.told();
        target.gate.close(now.saturating_add(wait), spread, launch);
        if before > now {
            return;
        }
        actions.push(Action::Note { target: id, note: Note::Paused { for_: wait } });
        if let Some(per_s) = target.pace.paused(now, now.saturating_add(wait), target.launches) {
            actions.push(Action::Note { target: id, note: Note::Paced { per_s } });
        }
    }

    /// Ends the calls that would wait in vain for the end of a pause, once nothing in flight can open the gate.
    pub(super) fn give_up_on_pause(&mut self, id: TargetId, actions: &mut Vec<Action>) {
        let Some(target) = self.board.target(id) else { return };
        let told = target.gate.told();
        if told <= self.now || target.in_flight > 0 {
            return;
        }
        let wait = told.saturating_sub(self.now);
        while let Some(id) = self.board.waiting_until(id, told) {
            self.finish(id, Verdict::Failed(Why::RetryAfter { wait }), actions);
        }
    }

    /// A first byte came, for the statistics of lateness.
    fn time(&mut self, target: TargetId, run: Run) {
        if self.config.hedge {
            let time = self.now.saturating_sub(run.at);
            self.board.target_mut(target).first_bytes.enter(time);
        }
    }
}
