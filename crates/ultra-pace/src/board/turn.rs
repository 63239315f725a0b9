//! Who may be launched next.

use std::time::Duration;

use super::Board;
use crate::id::{CallId, TargetId};
use crate::target::Target;
use crate::timers::Timer;

impl Board {
    /// The call whose turn it is, if a slot is free for it and its target's rules allow a launch now.
    ///
    /// A call that waits for an open breaker is the probe: the one that may have been billed the least often, so
    /// that a target that stalls does not use up what one record may cost.
    pub(crate) fn next_launch(&mut self, now: Duration) -> Option<CallId> {
        while !self.limits.full() {
            let id = self.turns.take()?;
            let Some(target) = self.targets.get_mut(&id) else { continue };
            let Some(&call) = target.queue.first() else { continue };
            if target.in_flight >= self.limits.share() {
                self.turns.hold(id);
                continue;
            }
            if target.in_flight >= target.own.limit() {
                continue;
            }
            let opens = target.opens();
            if opens > now {
                if target.pace.opens() > now {
                    target.pace.hold();
                }
                self.timers.move_earlier(&mut target.turn, opens, Timer::Turn(id));
                continue;
            }
            let probe = target.breaker.is_open();
            self.turns.add(id);
            return if probe { self.least_paid(id) } else { Some(call) };
        }
        None
    }

    /// Whether a second attempt may start at this target: it is well, and nobody else wants the slot.
    pub(crate) fn has_spare(&self, id: TargetId, now: Duration) -> bool {
        let spare = |target: &Target| {
            let most = self.limits.share().min(target.own.limit());
            target.in_flight < most && target.queue.is_empty() && target.is_well(now)
        };
        !self.limits.full() && self.targets.get(&id).is_some_and(spare)
    }

    /// Something that held the target back may be gone: it gets a turn.
    pub(crate) fn look_again(&mut self, id: TargetId) {
        self.turns.add(id);
    }

    /// The timer of a target's turn was due; whether its rules allow a launch by now is found out at its turn.
    pub(crate) fn turn_was_due(&mut self, id: TargetId) {
        self.target_mut(id).turn = None;
        self.turns.add(id);
    }

    /// Asks for a step at `at`, for this target.
    pub(crate) fn step_at(&mut self, id: TargetId, at: Duration) {
        let target = self.targets.entry(id).or_insert_with(|| Target::new(self.per_target));
        self.timers.move_earlier(&mut target.turn, at, Timer::Turn(id));
    }

    fn least_paid(&self, id: TargetId) -> Option<CallId> {
        let queue = &self.targets.get(&id)?.queue;
        let paid = |id: &CallId| self.calls.get(id).map_or(0, |call| call.tally.possibly_paid);
        queue.iter().copied().min_by_key(|id| (paid(id), *id))
    }
}
