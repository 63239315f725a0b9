//! Where every open call stands, kept in agreement with the queues, the timers and the slots.
//!
//! Each call stands in exactly one [`Place`], and moving it is the only way to change a queue or a timer of a
//! call; each attempt in flight holds exactly one slot, until it lands. Every move costs O(log n).

use std::collections::BTreeMap;
use std::time::Duration;

use crate::call::{Call, Place, Run};
use crate::config::Config;
use crate::id::{AttemptId, CallId, TargetId};
use crate::limits::Limits;
use crate::numbered::Numbered;
use crate::target::Target;
use crate::timers::{Timer, Timers};
use crate::turns::Turns;

mod turn;

/// All open calls and all targets.
#[derive(Debug)]
pub(crate) struct Board {
    calls: Numbered<CallId, Call>,
    targets: BTreeMap<TargetId, Target>,
    /// Attempts in flight whose calls are over.
    losers: BTreeMap<AttemptId, (TargetId, Run)>,
    limits: Limits,
    turns: Turns,
    timers: Timers,
    per_target: usize,
}

impl Board {
    pub(crate) fn new(config: &Config) -> Self {
        Board {
            calls: Numbered::default(),
            targets: BTreeMap::new(),
            losers: BTreeMap::new(),
            limits: Limits::new(config.per_target, config.total),
            turns: Turns::default(),
            timers: Timers::default(),
            per_target: config.per_target,
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
    pub(crate) fn calls(&self) -> Vec<(CallId, Call)> {
        let mut calls: Vec<_> = self.calls.iter().map(|(&id, &call)| (id, call)).collect();
        calls.sort_unstable_by_key(|(id, _)| *id);
        calls
    }

    /// Whether this name stands for something: an open call, or an attempt that outlives its call.
    pub(crate) fn knows(&self, id: CallId) -> bool {
        let (first, last) = (AttemptId { call: id, n: 0 }, AttemptId { call: id, n: u32::MAX });
        self.calls.contains_key(&id) || self.losers.range(first..=last).next().is_some()
    }

    /// A target, if it was ever named.
    pub(crate) fn target(&self, id: TargetId) -> Option<&Target> {
        self.targets.get(&id)
    }

    /// A target, to change what is known of it.
    pub(crate) fn target_mut(&mut self, id: TargetId) -> &mut Target {
        self.targets.entry(id).or_insert_with(|| Target::new(self.per_target))
    }

    /// Opens a call; it is queued.
    pub(crate) fn open(&mut self, id: CallId, call: Call) {
        self.calls.insert(id, Call { place: Place::InFlight, ..call });
        self.put(id, Place::Queued);
    }

    /// Moves an open call to a place.
    pub(crate) fn put(&mut self, id: CallId, place: Place) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        let (from, key, name) = (call.place, (call.deadline, id), call.target);
        call.place = place;
        let target = self.targets.entry(name).or_insert_with(|| Target::new(self.per_target));
        match from {
            Place::Queued => _ = target.queue.remove(&id),
            Place::Sleeping(until) => self.timers.unset(until, Timer::Wake(id)),
            Place::InFlight => {
                target.waiting.insert(key);
                self.timers.move_earlier(&mut target.deadline, key.0, Timer::Deadline(name));
            }
        }
        match place {
            Place::Queued => {
                target.queue.insert(id);
                self.turns.add(name);
            }
            Place::Sleeping(until) => self.timers.set(until, Timer::Wake(id)),
            Place::InFlight => _ = target.waiting.remove(&key),
        }
        self.weigh(name);
    }

    /// Takes a slot for an attempt of a call that is in flight.
    pub(crate) fn launch(&mut self, id: CallId, run: Run) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        let place = usize::from(call.runs[0].is_some());
        call.runs[place] = Some(run);
        let name = call.target;
        self.target_mut(name).in_flight += 1;
        self.limits.take();
        self.weigh(name);
    }

    /// An attempt ended: its slot is free, and its call, if that is open, does not run it any more.
    pub(crate) fn land(&mut self, attempt: AttemptId) -> Option<(TargetId, Run)> {
        let (name, run) = match self.calls.get_mut(&attempt.call) {
            Some(call) if call.run(attempt.n).is_some() => {
                let run = call.run(attempt.n)?;
                let other = call.runs.into_iter().flatten().find(|run| run.n != attempt.n);
                call.runs = [other, None];
                (call.target, run)
            }
            _ => self.losers.remove(&attempt)?,
        };
        self.target_mut(name).in_flight -= 1;
        self.limits.give_back();
        self.turns.add(name);
        if !self.calls.contains_key(&attempt.call) {
            self.weigh(name);
        }
        Some((name, run))
    }

    /// Closes a call. What runs of it goes on holding its slot.
    pub(crate) fn remove(&mut self, id: CallId) -> Option<Call> {
        self.not_late(id);
        let call = *self.calls.get(&id)?;
        if call.place != Place::InFlight {
            self.put(id, Place::InFlight);
        }
        self.calls.remove(&id);
        for run in call.runs.into_iter().flatten() {
            self.losers.insert(AttemptId { call: id, n: run.n }, (call.target, run));
        }
        self.weigh(call.target);
        Some(call)
    }

    /// Sets the time at which a call in flight is late.
    pub(crate) fn late_at(&mut self, id: CallId, at: Duration) {
        if let Some(call) = self.calls.get_mut(&id) {
            self.timers.move_to(call.late.replace(at), at, Timer::Late(id));
        }
    }

    /// A call is not late, or it does not matter any more.
    pub(crate) fn not_late(&mut self, id: CallId) {
        if let Some(at) = self.calls.get_mut(&id).and_then(|call| call.late.take()) {
            self.timers.unset(at, Timer::Late(id));
        }
    }

    /// The next timer that is due, taken out.
    pub(crate) fn take_due(&mut self, now: Duration) -> Option<Timer> {
        self.timers.take_due(now)
    }

    /// When something is due next; nothing is while no call is open.
    pub(crate) fn wake(&self) -> Option<Duration> {
        if self.calls.is_empty() { None } else { self.timers.next() }
    }

    /// A call that waits for this target and whose deadline is not after `end`.
    pub(crate) fn waiting_until(&self, id: TargetId, end: Duration) -> Option<CallId> {
        let &(deadline, call) = self.targets.get(&id)?.waiting.first()?;
        (deadline <= end).then_some(call)
    }

    /// A call that waits, for whatever target.
    pub(crate) fn waiting(&self) -> Option<CallId> {
        self.targets.values().find_map(|target| target.waiting.first()).map(|&(_, call)| call)
    }

    /// The timer of the deadlines of a target was due, and what was due is gone.
    pub(crate) fn deadlines_were_due(&mut self, id: TargetId) {
        let Some(target) = self.targets.get_mut(&id) else { return };
        target.deadline = target.waiting.first().map(|&(deadline, _)| deadline);
        if let Some(at) = target.deadline {
            self.timers.set(at, Timer::Deadline(id));
        }
    }

    /// Closes a target for good; only the first attempt that does is remembered.
    pub(crate) fn close(&mut self, id: TargetId, by: AttemptId) {
        self.target_mut(id).closed.get_or_insert(by);
    }

    /// Counts the target among the busy ones or not any more; when that makes the shares grow, those that
    /// had used theirs get a turn.
    fn weigh(&mut self, id: TargetId) {
        let target = self.target_mut(id);
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
