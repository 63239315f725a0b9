//! Filling free slots: the calls that wait, second attempts of those that are late, and the end of the budget.

use std::time::Duration;

use super::Machine;
use crate::backoff::part;
use crate::call::{Place, Run};
use crate::event::{Action, Limited, Note, Verdict, Why};
use crate::hedge::affordable;
use crate::id::{AttemptId, CallId, TargetId};
use crate::jitter::{Draw, Jitter, Purpose};

/// The shortest time after which an attempt is late, so that no timer is due at once.
const SHORTEST: Duration = Duration::from_millis(1);

impl<J: Jitter> Machine<J> {
    /// Fills free slots, as far as the budget reaches.
    pub(super) fn launch(&mut self, actions: &mut Vec<Action>) {
        loop {
            if let Some(limited) = self.budget.reached(self.counts.attempts) {
                return self.skip(limited, actions);
            }
            let Some(id) = self.board.next_launch(self.now) else { return };
            let Some(call) = self.board.call(id) else { return };
            let (target, cause) = (call.target, call.tally.cause);
            if self.delayed(id, target) {
                continue;
            }
            self.counts.launch(cause);
            self.board.put(id, Place::InFlight);
            self.start(id, false, actions);
        }
    }

    /// Whether the storm guard delays the next launch to the target of this call.
    fn delayed(&mut self, id: CallId, target: TargetId) -> bool {
        let target = self.board.target_mut(target);
        // A probe was thought about long enough.
        if target.breaker.is_open() {
            return false;
        }
        let draw = |n| Draw { call: id, n, purpose: Purpose::Storm };
        let jitter = &self.jitter;
        target.storm.delays(self.now, |n| jitter.unit(draw(n)))
    }

    /// The calls in flight that are late get a second attempt, now or never.
    pub(super) fn hedge(&mut self, actions: &mut Vec<Action>) {
        while let Some(id) = self.late.pop() {
            let Some(call) = self.board.call_mut(id) else { continue };
            if call.late.is_none_or(|at| at > self.now) {
                continue;
            }
            call.late = None;
            let alone = call.runs[0].is_some() && call.runs[1].is_none();
            let (target, wanted) = (call.target, !call.stopped && call.deadline > self.now);
            let affordable = affordable(self.counts.hedges, self.counts.attempts)
                && self.budget.reached(self.counts.attempts).is_none();
            if alone && wanted && affordable && self.board.has_spare(target, self.now) {
                self.counts.hedge();
                self.start(id, true, actions);
            }
        }
    }

    /// Starts an attempt of a call that is in flight.
    fn start(&mut self, id: CallId, hedge: bool, actions: &mut Vec<Action>) {
        let Some(call) = self.board.call_mut(id) else { return };
        call.tally.launched += 1;
        call.begun = call.begun && hedge;
        let (n, tokens, name) = (call.tally.launched, call.tokens, call.target);
        let timeout = self.config.attempt_timeout.min(call.deadline.saturating_sub(self.now));
        let attempt = AttemptId { call: id, n };
        let (jitter, most) = (&self.jitter, self.config.spread);
        let unit = |purpose| jitter.unit(Draw { call: id, n, purpose });
        let spread = || part(most, unit(Purpose::Spread));
        let target = self.board.target_mut(name);
        let launch = target.pass(self.now, tokens, spread, || unit(Purpose::Break));
        let late = target.first_bytes.late().filter(|_| self.config.hedge && !hedge);
        self.board.launch(id, Run { n, launch, at: self.now, hedge, tokens });
        if let Some(late) = late {
            self.board.late_at(id, self.now.saturating_add(late.max(SHORTEST)));
        }
        actions.push(Action::Launch { attempt, target: name, timeout, hedge });
    }

    /// Ends all that waits, because the budget is spent.
    fn skip(&mut self, limited: Limited, actions: &mut Vec<Action>) {
        while let Some(id) = self.board.waiting() {
            if let Some(target) = self.board.call(id).map(|call| call.target).filter(|_| !self.budget.told) {
                self.budget.told = true;
                actions.push(Action::Note { target, note: Note::BudgetSpent(limited) });
            }
            self.finish(id, Verdict::Failed(Why::Budget(limited)), actions);
        }
    }
}
