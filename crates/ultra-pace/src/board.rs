//! Where every open call stands, kept in agreement with the queues, the timers and the slots.
//!
//! Each call stands in exactly one [`Place`], and moving it is the only way to change a queue, a timer of a
//! call or a count of slots. Every move costs O(log n).

use std::collections::BTreeMap;
use std::time::Duration;

use crate::call::{Call, Place};
use crate::config::Config;
use crate::id::{AttemptId, CallId, TargetId};
use crate::limits::Limits;
use crate::target::Target;
use crate::timers::{Timer, Timers};
use crate::turns::Turns;

/// All open calls and all targets.
#[derive(Debug)]
pub(crate) struct Board {
    calls: BTreeMap<CallId, Call>,
    targets: BTreeMap<TargetId, Target>,
    limits: Limits,
    turns: Turns,
    timers: Timers,
}

impl Board {
    pub(crate) fn new(config: &Config) -> Self {
        Board {
            calls: BTreeMap::new(),
            targets: BTreeMap::new(),
            limits: Limits::new(config.per_target, config.total),
            turns: Turns::default(),
            timers: Timers::default(),
        }
    }

    /// Open calls.
    pub(crate) fn load(&self) -> usize {
        self.calls.len()
    }

    /// Attempts in flight.
    pub(crate) fn in_flight(&self) -> usize {
        self.limits.in_flight()
    }

    /// An open call.
    pub(crate) fn call(&self, id: CallId) -> Option<&Call> {
        self.calls.get(&id)
    }

    /// An open call, to enter into its tally.
    pub(crate) fn call_mut(&mut self, id: CallId) -> Option<&mut Call> {
        self.calls.get_mut(&id)
    }

    /// All open calls, oldest first.
    pub(crate) fn calls(&self) -> impl Iterator<Item = (CallId, &Call)> {
        self.calls.iter().map(|(&id, call)| (id, call))
    }

    /// A target, if it was ever named.
    pub(crate) fn target(&self, id: TargetId) -> Option<&Target> {
        self.targets.get(&id)
    }

    /// A target, to close it or its gate.
    pub(crate) fn target_mut(&mut self, id: TargetId) -> &mut Target {
        self.targets.entry(id).or_default()
    }

    /// Opens a call at its place, or moves an open one there.
    pub(crate) fn put(&mut self, id: CallId, mut call: Call, place: Place) {
        self.lift(id);
        call.place = place;
        self.calls.insert(id, call);
        let target = self.targets.entry(call.target).or_default();
        if place == Place::InFlight {
            target.in_flight += 1;
            self.limits.take();
        } else {
            target.waiting.insert((call.deadline, id));
            self.timers.set(call.deadline, Timer::Deadline(id));
        }
        match place {
            Place::Queued => {
                target.queue.insert(id);
                self.turns.add(call.target);
            }
            Place::Sleeping(until) => self.timers.set(until, Timer::Wake(id)),
            Place::InFlight => {}
        }
        self.weigh(call.target);
    }

    /// Closes a call.
    pub(crate) fn remove(&mut self, id: CallId) -> Option<Call> {
        let call = self.lift(id)?;
        self.weigh(call.target);
        Some(call)
    }

    /// The call whose turn it is, if a slot is free for it and its target's gate is open.
    pub(crate) fn next_launch(&mut self, now: Duration) -> Option<CallId> {
        while !self.limits.full() {
            let id = self.turns.take()?;
            let target = self.targets.entry(id).or_default();
            let Some(&call) = target.queue.first() else { continue };
            let opens = target.gate.opens();
            if target.in_flight >= self.limits.share() {
                self.turns.hold(id);
            } else if opens <= now {
                self.turns.add(id);
                return Some(call);
            } else if !target.alarm {
                target.alarm = true;
                self.timers.set(opens, Timer::Gate(id));
            }
        }
        None
    }

    /// The next timer that is due, taken out.
    pub(crate) fn take_due(&mut self, now: Duration) -> Option<Timer> {
        self.timers.take_due(now)
    }

    /// When something is due next; nothing is while no call is open.
    pub(crate) fn wake(&self) -> Option<Duration> {
        if self.calls.is_empty() { None } else { self.timers.next() }
    }

    /// The timer of a gate was due; whether the gate is open by now is found out at the target's turn.
    pub(crate) fn gate_was_due(&mut self, id: TargetId) {
        self.targets.entry(id).or_default().alarm = false;
        self.turns.add(id);
    }

    /// A call that waits for this target and whose deadline is not after `end`.
    pub(crate) fn waiting_until(&self, id: TargetId, end: Duration) -> Option<CallId> {
        let &(deadline, call) = self.targets.get(&id)?.waiting.first()?;
        (deadline <= end).then_some(call)
    }

    /// Closes a target for good; only the first attempt that does is remembered.
    pub(crate) fn close(&mut self, id: TargetId, by: AttemptId) {
        self.target_mut(id).closed.get_or_insert(by);
    }

    /// Takes a call from its place.
    fn lift(&mut self, id: CallId) -> Option<Call> {
        let call = self.calls.remove(&id)?;
        let target = self.targets.entry(call.target).or_default();
        if call.place == Place::InFlight {
            target.in_flight -= 1;
            self.limits.give_back();
            self.turns.add(call.target);
        } else {
            target.waiting.remove(&(call.deadline, id));
            self.timers.unset(call.deadline, Timer::Deadline(id));
        }
        match call.place {
            Place::Queued => {
                target.queue.remove(&id);
            }
            Place::Sleeping(until) => self.timers.unset(until, Timer::Wake(id)),
            Place::InFlight => {}
        }
        Some(call)
    }

    /// Counts the target among the busy ones or not any more; when that makes the shares grow, those that
    /// had used theirs get a turn.
    fn weigh(&mut self, id: TargetId) {
        let target = self.targets.entry(id).or_default();
        let busy = target.is_busy();
        if busy == target.busy {
            return;
        }
        target.busy = busy;
        if busy {
            self.limits.target_became_busy();
        } else {
            let share = self.limits.share();
            self.limits.target_became_idle();
            if self.limits.share() > share {
                self.turns.release();
            }
        }
    }
}
