//! Looks at every step and panics when the machine breaks one of its promises. Keeps its own books, from the
//! events and actions alone.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use ultra_pace::{
    Action, AttemptId, CallId, Class, Config, Event, Health, Jitter, Limited, Machine, Note, Outcome, Source,
    Spent, TargetId, Verdict, Why,
};

use crate::simulator::Finished;

#[derive(Clone)]
struct Open {
    target: TargetId,
    deadline: Duration,
    launched: u32,
    running: BTreeSet<AttemptId>,
    begun: bool,
    withdrawn: bool,
    /// Failures that count against its attempts, those included that may be owed to an outage, and without them.
    charged: u32,
    surely_charged: u32,
    unsure: u32,
}

/// The gate of a target: until when, and the last refused launch.
#[derive(Clone, Copy, Default)]
struct Gate {
    told: Duration,
    refused: u64,
}

pub(crate) struct Watch {
    config: Config,
    /// Whether other machines change what is known of the targets, so that this one's events explain less.
    shared: bool,
    open: BTreeMap<CallId, Open>,
    finished: BTreeMap<CallId, Finished>,
    /// Attempts in flight, those that lost included, each with the number of its launch at its target.
    flying: BTreeMap<AttemptId, (TargetId, u64)>,
    launches: BTreeMap<TargetId, u64>,
    gates: BTreeMap<TargetId, Gate>,
    /// Targets whose gates this step closed.
    paused: BTreeSet<TargetId>,
    broken: BTreeSet<TargetId>,
    /// Failures of each target that say that it is sick or unreachable.
    sick: BTreeMap<TargetId, u32>,
    /// Targets that are paced, and whether the server or the user told a limit of requests, of tokens.
    paced: BTreeSet<TargetId>,
    limits: BTreeMap<(TargetId, bool), (bool, bool)>,
    closed: BTreeMap<TargetId, AttemptId>,
    cancelled: BTreeSet<AttemptId>,
    stopping: bool,
    aborted: bool,
    attempts: u64,
    hedges: u64,
    unsure: u64,
    skipped: u64,
    spent: Spent,
}

impl Watch {
    pub(crate) fn new(config: Config, shared: bool) -> Self {
        Watch {
            config,
            shared,
            open: BTreeMap::new(),
            finished: BTreeMap::new(),
            flying: BTreeMap::new(),
            launches: BTreeMap::new(),
            gates: BTreeMap::new(),
            paused: BTreeSet::new(),
            broken: BTreeSet::new(),
            sick: BTreeMap::new(),
            paced: BTreeSet::new(),
            limits: BTreeMap::new(),
            closed: BTreeMap::new(),
            cancelled: BTreeSet::new(),
            stopping: false,
            aborted: false,
            attempts: 0,
            hedges: 0,
            unsure: 0,
            skipped: 0,
            spent: Spent::default(),
        }
    }

    pub(crate) fn into_finished(self) -> BTreeMap<CallId, Finished> {
        self.finished
    }

    /// One step of the machine.
    pub(crate) fn look<J: Jitter>(
        &mut self,
        now: Duration,
        event: Event,
        actions: &[Action],
        machine: &Machine<J>,
    ) {
        self.paused.clear();
        for action in actions {
            match *action {
                Action::Note { target, note: Note::Paused { .. } } => _ = self.paused.insert(target),
                Action::Note { target, note: Note::Broken { .. } } => _ = self.broken.insert(target),
                Action::Note { target, note: Note::Mended } => _ = self.broken.remove(&target),
                Action::Note { target, note: Note::Paced { .. } } => _ = self.paced.insert(target),
                Action::Note { target, note: Note::Unpaced } => _ = self.paced.remove(&target),
                _ => {}
            }
        }
        self.hear(now, event);
        for &action in actions {
            match action {
                Action::Launch { attempt, target, timeout, hedge } => {
                    self.launch(now, (attempt, target), timeout, hedge);
                }
                Action::Cancel { attempt } => self.cancel(attempt),
                Action::Finish { call, verdict, attempts, possibly_paid } => {
                    self.finish(now, call, verdict, attempts, possibly_paid);
                }
                Action::Note { .. } => {}
            }
        }
        if self.aborted {
            let told = |attempt| self.cancelled.contains(attempt);
            assert!(self.flying.keys().all(told), "something runs on in an aborted run");
        }
        if self.stopping {
            let runs = |call: &Open| !call.running.is_empty();
            assert!(self.open.values().all(runs), "something waits in a stopped run");
        }
        if let Some(wake) = machine.wake() {
            assert!(wake > now, "asked to be woken at {wake:?}, at {now:?}");
        }
        let counts = machine.counts();
        assert_eq!(machine.load(), self.open.len());
        assert_eq!(machine.in_flight(), self.flying.len());
        assert_eq!((counts.attempts, counts.hedges), (self.attempts, self.hedges));
        assert_eq!((counts.possibly_paid, counts.skipped), (self.unsure, self.skipped));
        let ended = counts.succeeded + counts.failed + counts.cancelled;
        assert_eq!(ended, self.finished.len() as u64);
        assert_eq!(counts.submitted, ended + self.open.len() as u64);
    }

    fn hear(&mut self, now: Duration, event: Event) {
        match event {
            Event::Submit { call, target, deadline, .. } => {
                let deadline = now.saturating_add(deadline.unwrap_or(self.config.deadline));
                let deadline = self.config.run_deadline.map_or(deadline, |end| end.min(deadline));
                let open = Open {
                    target,
                    deadline,
                    launched: 0,
                    running: BTreeSet::new(),
                    begun: false,
                    withdrawn: false,
                    charged: 0,
                    surely_charged: 0,
                    unsure: 0,
                };
                assert!(self.open.insert(call, open).is_none(), "the script submits each call once");
            }
            Event::FirstByte { attempt } => {
                if let Some(call) = self.open.get_mut(&attempt.call) {
                    call.begun |= call.running.contains(&attempt);
                }
            }
            Event::Ended { attempt, outcome, spent } => self.ended(now, attempt, outcome, spent),
            Event::Withdraw { call } => {
                if let Some(call) = self.open.get_mut(&call) {
                    call.withdrawn = true;
                }
            }
            Event::Limit { target, limit } => {
                let valid = |per_s: Option<f64>| per_s.is_some_and(|per_s| per_s.is_finite() && per_s > 0.0);
                let told = (valid(limit.requests_per_s), valid(limit.tokens_per_s));
                let before = self.limited(target).0;
                self.limits.insert((target, limit.source == Source::User), told);
                if before && !self.limited(target).0 {
                    self.paced.remove(&target);
                }
            }
            Event::Tick => {}
            Event::Drain => self.stopping = true,
            Event::Abort => (self.stopping, self.aborted) = (true, true),
        }
    }

    fn ended(&mut self, now: Duration, attempt: AttemptId, outcome: Outcome, spent: Spent) {
        let (target, launch) = self.flying.remove(&attempt).expect("it was launched and ends once");
        self.spent.tokens += spent.tokens;
        self.spent.micro_usd += spent.micro_usd;
        let limited = self.limited(target);
        let gate = self.gates.entry(target).or_default();
        match outcome {
            Outcome::Success if launch > gate.refused => gate.told = Duration::ZERO,
            Outcome::Failure { class: Class::FatalTarget, .. } => {
                self.closed.entry(target).or_insert(attempt);
            }
            Outcome::Failure { class, retry_after: Some(wait), .. } => {
                let closes = gate.told > now || self.paused.contains(&target);
                if class != Class::FatalRecord && !wait.is_zero() && closes {
                    gate.told = now.saturating_add(wait).max(gate.told);
                    gate.refused = gate.refused.max(launch);
                }
            }
            _ => {}
        }
        let sick = self.sick.entry(target).or_default();
        if let Outcome::Failure { health: Health::Sick | Health::Unreachable, .. } = outcome {
            *sick += 1;
        }
        // From so many failures on there may be enough of them in a row.
        let doubted = *sick >= self.config.break_after;
        let Some(call) = self.open.get_mut(&attempt.call) else { return };
        call.running.remove(&attempt);
        let alone = call.running.is_empty();
        match outcome {
            Outcome::Success => {}
            Outcome::Stopped => {
                call.unsure += 1;
                self.unsure += 1;
            }
            Outcome::Failure { class, health, retry_after } => {
                let unsure = class == Class::Unsure;
                call.unsure += u32::from(unsure);
                self.unsure += u64::from(unsure);
                let maybe_excused = health != Health::Up && doubted && self.config.break_after > 0;
                let excused = match health {
                    Health::Up => {
                        let paced = self.paced.contains(&target) || limited.0 || limited.1;
                        class == Class::Throttled && paced
                    }
                    Health::Sick | Health::Unreachable => self.broken.contains(&target),
                };
                let told = retry_after.is_some_and(|wait| !wait.is_zero());
                let excused = excused && self.config.break_after > 0;
                let charged = alone && !excused && (unsure || !told);
                call.charged += u32::from(charged);
                call.surely_charged += u32::from(charged && !maybe_excused);
            }
        }
    }

    /// Whether a limit of requests is known for a target, and one of tokens.
    fn limited(&self, target: TargetId) -> (bool, bool) {
        let told = [false, true].map(|user| self.limits.get(&(target, user)).copied().unwrap_or_default());
        (told[0].0 || told[1].0, told[0].1 || told[1].1)
    }

    fn launch(
        &mut self,
        now: Duration,
        (attempt, target): (AttemptId, TargetId),
        timeout: Duration,
        hedge: bool,
    ) {
        assert!(!self.stopping, "launched {attempt} in a stopped run");
        assert!(!self.closed.contains_key(&target), "launched {attempt} at a closed target");
        let gate = self.gates.get(&target).copied().unwrap_or_default().told;
        assert!(gate <= now || self.shared, "launched {attempt} at {now:?} through a gate until {gate:?}");
        assert!(self.config.max_calls.is_none_or(|most| self.attempts < most), "{attempt}: budget of calls");
        assert!(self.config.max_tokens.is_none_or(|most| self.spent.tokens < most), "{attempt}: of tokens");
        let usd = self.config.max_micro_usd;
        assert!(usd.is_none_or(|most| self.spent.micro_usd < most), "{attempt}: budget of dollars");
        let call = self.open.get_mut(&attempt.call).expect("only open calls are launched");
        assert!(!call.withdrawn, "launched {attempt}, which nobody wants");
        assert!(now < call.deadline, "launched {attempt} at {now:?}, past its deadline {:?}", call.deadline);
        assert_eq!(timeout, self.config.attempt_timeout.min(call.deadline.saturating_sub(now)));
        if !self.shared {
            let charged = call.surely_charged;
            assert!(charged < self.config.attempts.max(1), "{attempt}: {charged} failures");
        }
        assert!(call.unsure < self.config.unsure_attempts.max(1), "{attempt}: {} unsure", call.unsure);
        assert_eq!((attempt.n, target), (call.launched + 1, call.target));
        if hedge {
            self.hedges += 1;
            assert!(self.config.hedge && !call.begun, "{attempt}: nothing is late");
            assert!(
                self.hedges * 20 <= self.attempts,
                "{attempt}: hedge {} of {}",
                self.hedges,
                self.attempts
            );
            assert!(!self.broken.contains(&target), "{attempt}: hedged at a broken target");
        } else {
            call.begun = false;
        }
        assert_eq!(call.running.len(), usize::from(hedge), "{attempt} runs beside others");
        call.launched += 1;
        call.running.insert(attempt);
        self.attempts += 1;
        let launches = self.launches.entry(target).or_default();
        *launches += 1;
        self.flying.insert(attempt, (target, *launches));
        let at_target = self.flying.values().filter(|(at, _)| *at == target).count();
        assert!(at_target <= self.config.per_target, "{at_target} in flight at one target");
        assert!(self.flying.len() <= self.config.total, "{} in flight", self.flying.len());
    }

    /// Why it is cancelled is looked at when its call finishes.
    fn cancel(&mut self, attempt: AttemptId) {
        assert!(self.flying.contains_key(&attempt), "cancelled {attempt}, which does not run");
        assert!(self.cancelled.insert(attempt), "cancelled {attempt} twice");
        let call = &self.open[&attempt.call];
        assert!(self.aborted || call.withdrawn || call.launched > 1, "cancelled {attempt} for nothing");
    }

    fn finish(&mut self, now: Duration, id: CallId, verdict: Verdict, attempts: u32, possibly_paid: u32) {
        let call = self.open.remove(&id).unwrap_or_else(|| panic!("{id:?} finished twice or never opened"));
        let losers = u32::try_from(call.running.len()).expect("at most two");
        assert!(losers == 0 || verdict == Verdict::Succeeded, "{id:?} finished while its attempt runs");
        assert!(call.running.is_subset(&self.cancelled), "{id:?}: a loser runs on");
        assert_eq!((attempts, possibly_paid), (call.launched, call.unsure + losers));
        self.unsure += u64::from(losers);
        match verdict {
            Verdict::Succeeded => assert!(attempts > 0),
            Verdict::Cancelled => {
                assert!(self.stopping || call.withdrawn, "{id:?} cancelled in a run that goes on");
            }
            Verdict::Failed(Why::TargetClosed { by }) => assert_eq!(self.closed.get(&call.target), Some(&by)),
            Verdict::Failed(Why::RetryAfter { wait }) => {
                assert!(now.saturating_add(wait) >= call.deadline, "{id:?} had the time for {wait:?}");
            }
            Verdict::Failed(Why::Exhausted(_)) => {
                let spent =
                    call.charged >= self.config.attempts || call.unsure >= self.config.unsure_attempts;
                assert!((spent || self.shared) && attempts > 0, "{id:?} had attempts left");
            }
            Verdict::Failed(Why::Budget(limited)) => {
                self.skipped += 1;
                let (spent, most) = match limited {
                    Limited::Calls => (self.attempts, self.config.max_calls),
                    Limited::Tokens => (self.spent.tokens, self.config.max_tokens),
                    Limited::Usd => (self.spent.micro_usd, self.config.max_micro_usd),
                };
                assert!(most.is_some_and(|most| spent >= most), "{id:?}: {spent} of {most:?} spent");
            }
            Verdict::Failed(Why::RunDeadline) => {
                self.skipped += 1;
                assert_eq!(self.config.run_deadline, Some(call.deadline));
            }
            Verdict::Failed(Why::Deadline | Why::Fatal(_)) => {}
        }
        let end = Finished { at: now, verdict, attempts };
        self.finished.insert(id, end);
    }
}
