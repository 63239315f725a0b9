//! What is known of one target, and what its rules say together.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::breaker::Breaker;
use crate::call::Run;
use crate::class::{Class, Health, Outcome};
use crate::config::Config;
use crate::event::{Note, Spent};
use crate::gate::Gate;
use crate::hedge::FirstBytes;
use crate::id::{AttemptId, CallId};
use crate::limits::Own;
use crate::pace::{Change, Pace};
use crate::retry::Excuse;
use crate::shared::Shared;
use crate::storm::Storm;

/// One target: its calls that wait, its slots in use, and its rules.
#[derive(Debug)]
pub(crate) struct Target {
    /// The calls that could be launched, oldest first.
    pub(crate) queue: BTreeSet<CallId>,
    /// The calls that are queued or asleep, by deadline.
    pub(crate) waiting: BTreeSet<(Duration, CallId)>,
    /// When a timer is set for the first deadline of these; never too late.
    pub(crate) deadline: Option<Duration>,
    /// When a timer is set for the next launch.
    pub(crate) turn: Option<Duration>,
    /// Attempts in flight.
    pub(crate) in_flight: usize,
    /// Attempts launched so far.
    pub(crate) launches: u64,
    /// Whether the target was counted as busy.
    pub(crate) busy: bool,
    /// The attempt that closed the target.
    pub(crate) closed: Option<AttemptId>,
    pub(crate) own: Own,
    pub(crate) gate: Gate,
    pub(crate) pace: Pace,
    pub(crate) breaker: Breaker,
    pub(crate) storm: Storm,
    pub(crate) first_bytes: FirstBytes,
}

impl Target {
    /// A target that may have so many attempts in flight.
    pub(crate) fn new(most: usize) -> Self {
        Target {
            queue: BTreeSet::new(),
            waiting: BTreeSet::new(),
            deadline: None,
            turn: None,
            in_flight: 0,
            launches: 0,
            busy: false,
            closed: None,
            own: Own::new(most),
            gate: Gate::default(),
            pace: Pace::default(),
            breaker: Breaker::default(),
            storm: Storm::default(),
            first_bytes: FirstBytes::default(),
        }
    }

    /// Whether it wants slots or holds some.
    pub(crate) fn is_busy(&self) -> bool {
        self.in_flight > 0 || !self.queue.is_empty()
    }

    /// The earliest time for the next launch: all rules must agree.
    pub(crate) fn opens(&self) -> Duration {
        let told = self.gate.opens().max(self.breaker.opens());
        told.max(self.pace.opens()).max(self.storm.opens())
    }

    /// Whether it is treated as any target is at first, so that a call may have a second attempt.
    pub(crate) fn is_well(&self, now: Duration) -> bool {
        self.closed.is_none() && !self.breaker.is_open() && !self.pace.is_kept() && self.opens() <= now
    }

    /// An attempt is launched that is expected to take so many tokens. The number of the launch.
    pub(crate) fn pass(
        &mut self,
        now: Duration,
        tokens: u64,
        spread: impl FnOnce() -> Duration,
        unit: impl FnOnce() -> f64,
    ) -> u64 {
        self.launches += 1;
        self.gate.pass(now, spread);
        self.breaker.pass(now, self.launches, unit);
        self.pace.pass(now, tokens);
        self.storm.sent(now);
        self.launches
    }

    /// An attempt ended; what that means for the target is told to `tell`. `unit` is the place in the range of
    /// the time for which the breaker opens.
    pub(crate) fn hear(
        &mut self,
        (now, config): (Duration, &Config),
        run: Run,
        (outcome, spent): (Outcome, Spent),
        unit: impl FnOnce() -> f64,
        mut tell: impl FnMut(Note),
    ) {
        match outcome {
            Outcome::Success => {
                self.succeeded(now, run.launch, &mut tell);
                if spent.tokens > 0 {
                    self.pace.settle(run.tokens, spent.tokens);
                }
            }
            Outcome::Failure { class, health, .. } => {
                self.failed((now, config), class, health, run.launch, unit, &mut tell);
                if class == Class::Free || spent.tokens > 0 {
                    self.pace.settle(run.tokens, spent.tokens);
                }
            }
            Outcome::Stopped => {
                self.breaker.stopped(run.launch);
                self.pace.silent(run.launch);
            }
        }
    }

    fn succeeded(&mut self, now: Duration, launch: u64, tell: &mut impl FnMut(Note)) {
        if self.gate.succeeded(now, launch) {
            self.pace.opened();
            tell(Note::Opened);
        }
        self.answered(now, launch, true, tell);
        if let Some(per_s) = self.pace.succeeded(now, launch) {
            tell(Note::Paced { per_s });
        }
        if let Some(to) = self.own.succeeded(self.in_flight + 1) {
            tell(Note::Raised { to });
        }
    }

    fn failed(
        &mut self,
        (now, config): (Duration, &Config),
        class: Class,
        health: Health,
        launch: u64,
        unit: impl FnOnce() -> f64,
        tell: &mut impl FnMut(Note),
    ) {
        if class != Class::Throttled || health != Health::Up {
            self.pace.silent(launch);
        }
        if health == Health::Up {
            self.own.reached();
            self.answered(now, launch, false, tell);
            if class == Class::Throttled {
                match self.pace.refused(now, launch, self.launches) {
                    Change::None => {}
                    Change::Paced(per_s) => tell(Note::Paced { per_s }),
                    Change::Off => tell(Note::Unpaced),
                }
                if !self.pace.is_kept() {
                    self.storm.failed(now);
                }
            }
            return;
        }
        self.storm.failed(now);
        if health == Health::Sick {
            self.own.reached();
        } else if let Some(to) = self.own.unreachable(now) {
            tell(Note::Lowered { to });
        }
        if let Some((for_, failures)) =
            self.breaker.failed(now, (launch, self.launches), config.break_after, unit)
        {
            tell(Note::Broken { for_, failures });
        }
    }

    fn answered(&mut self, now: Duration, launch: u64, success: bool, tell: &mut impl FnMut(Note)) {
        if self.breaker.answered(now, launch, success) {
            self.storm.forget();
            self.own.begin_again();
            tell(Note::Mended);
        }
    }

    /// Whether it goes on answering, as far as one refusal can tell.
    pub(crate) fn is_answering(&self, now: Duration) -> bool {
        self.gate.told() <= now && self.pace.is_scattered()
    }

    /// What such a failure is owed to if not to the record. `after` is what the configuration says of that, zero for
    /// never.
    pub(crate) fn excuse(&self, after: u32, class: Class, health: Health) -> Option<Excuse> {
        match health {
            _ if after == 0 => None,
            Health::Up => (class == Class::Throttled && self.pace.is_kept()).then_some(Excuse::Pace),
            Health::Sick | Health::Unreachable if self.breaker.is_open() => Some(Excuse::Outage),
            Health::Sick | Health::Unreachable => self.breaker.is_doubted(after).then_some(Excuse::Doubt),
        }
    }

    /// What other processes should know.
    pub(crate) fn share(&self) -> Shared {
        let (next_request, next_tokens, rate, cut) = self.pace.share();
        Shared {
            gate: self.gate.told(),
            next_request,
            next_tokens,
            rate,
            cut,
            broken_until: self.breaker.opens(),
            broken_times: self.breaker.times(),
        }
    }

    /// What another process knows.
    pub(crate) fn adopt(&mut self, shared: Shared) {
        self.gate.adopt(shared.gate, self.launches);
        let next = (shared.next_request, shared.next_tokens);
        self.pace.adopt(next, shared.rate, shared.cut, self.launches);
        if self.breaker.adopt(shared.broken_until, shared.broken_times, self.launches) {
            self.storm.forget();
            self.own.begin_again();
        }
    }
}
