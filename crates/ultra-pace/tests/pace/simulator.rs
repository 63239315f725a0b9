//! A driver on virtual time: obeys the machine, ends attempts as a script says, and lets a watch look at
//! every step.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use ultra_pace::{
    Action, AttemptId, CallId, Config, Counts, Draw, Event, Machine, Outcome, Purpose, Spent, TargetId,
    Verdict, Why,
};

use crate::watch::Watch;

/// How an attempt goes on: how long it wants to take and how it would end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fate {
    pub(crate) takes: Duration,
    pub(crate) outcome: Outcome,
}

/// A call that arrives at `at`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival {
    pub(crate) at: Duration,
    pub(crate) target: TargetId,
    pub(crate) allowed: Option<Duration>,
}

/// The end of one call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Finished {
    pub(crate) at: Duration,
    pub(crate) verdict: Verdict,
    pub(crate) attempts: u32,
}

/// One run: what arrives, how attempts go, when it is stopped.
pub(crate) struct Simulation<'a> {
    pub(crate) config: Config,
    pub(crate) seed: u64,
    pub(crate) arrivals: Vec<Arrival>,
    pub(crate) fate: &'a dyn Fn(AttemptId, TargetId, Duration) -> Fate,
    /// `Drain` or `Abort` at these times.
    pub(crate) stops: Vec<(Duration, Event)>,
    /// How late each tick is.
    pub(crate) lag: Duration,
}

/// What came of a run.
pub(crate) struct Ending {
    pub(crate) finished: BTreeMap<CallId, Finished>,
    pub(crate) counts: Counts,
    pub(crate) end: Duration,
    /// Every action with its time, for comparing two runs.
    pub(crate) transcript: Vec<(Duration, Action)>,
}

impl Ending {
    /// How many calls succeeded.
    pub(crate) fn succeeded(&self) -> usize {
        self.finished.values().filter(|end| end.verdict == Verdict::Succeeded).count()
    }

    /// How many calls failed for a reason like this.
    pub(crate) fn failed(&self, like: impl Fn(Why) -> bool) -> usize {
        self.finished.values().filter(|end| matches!(end.verdict, Verdict::Failed(why) if like(why))).count()
    }
}

/// Calls that arrive together, `each` for every target, dealt in turn as a reader of records would.
pub(crate) fn together(each: usize, targets: usize) -> Vec<Arrival> {
    let arrival = |i| Arrival { at: Duration::ZERO, target: TargetId(i % targets), allowed: None };
    (0..each * targets).map(arrival).collect()
}

/// A number in `[0, 1)` from names: splitmix64 over each.
pub(crate) fn unit(names: &[u64]) -> f64 {
    let mixed = names.iter().fold(0x9e37_79b9_7f4a_7c15_u64, |state, name| {
        let mut z = (state ^ name).wrapping_add(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    });
    (mixed >> 11) as f64 / (1_u64 << 53) as f64
}

/// The jitter of every simulation.
pub(crate) fn jitter(seed: u64) -> impl Fn(Draw) -> f64 {
    move |draw| {
        let purpose = match draw.purpose {
            Purpose::Backoff => 1,
            Purpose::Reopen => 2,
            Purpose::Spread => 3,
            Purpose::Break => 4,
            Purpose::Storm => 5,
        };
        unit(&[seed, draw.call.0, u64::from(draw.n), purpose])
    }
}

impl Simulation<'_> {
    /// Runs until no call is open and none is to come. Panics when the machine breaks its word, falls asleep
    /// with open calls, or asks to be woken without end.
    pub(crate) fn run(self) -> Ending {
        let mut machine = Machine::new(self.config.clone(), jitter(self.seed));
        let mut watch = Watch::new(self.config.clone());
        let mut coming: BTreeMap<(Duration, usize), Event> = BTreeMap::new();
        for (i, arrival) in self.arrivals.iter().enumerate() {
            let event = Event::Submit {
                call: CallId(i as u64),
                target: arrival.target,
                deadline: arrival.allowed,
                tokens: 0,
            };
            coming.insert((arrival.at, i), event);
        }
        for (i, &(at, stop)) in self.stops.iter().enumerate() {
            coming.insert((at, self.arrivals.len() + i), stop);
        }
        let mut ends: BTreeSet<(Duration, AttemptId)> = BTreeSet::new();
        let mut outcomes: BTreeMap<AttemptId, (Duration, Outcome)> = BTreeMap::new();
        let mut transcript = Vec::new();
        let mut actions = Vec::new();
        let mut now = Duration::ZERO;
        let mut steps = 0;
        while !coming.is_empty() || machine.load() > 0 {
            steps += 1;
            assert!(steps < 200_000, "no end in sight at {now:?}");
            let arrival = coming.first_key_value().map(|(&(at, _), _)| at);
            let end = ends.first().map(|&(at, _)| at);
            let wake = machine.wake().map(|at| at + self.lag);
            let next = [arrival, end, wake].into_iter().flatten().min();
            now = now.max(next.expect("open calls, but nothing in flight and no wake"));
            let event = if let Some((_, attempt)) = ends.first().copied().filter(|_| end == next) {
                ends.pop_first();
                let (_, outcome) = outcomes.remove(&attempt).expect("what ends was launched");
                Event::Ended { attempt, outcome, spent: Spent::default() }
            } else if let Some(first) = coming.first_entry().filter(|_| arrival == next) {
                first.remove()
            } else {
                Event::Tick
            };
            machine.step(now, event, &mut actions);
            watch.look(now, event, &actions, &machine);
            for action in actions.drain(..) {
                transcript.push((now, action));
                match action {
                    Action::Launch { attempt, target, timeout, .. } => {
                        let (takes, outcome) = self.lived(attempt, target, now, timeout);
                        ends.insert((now + takes, attempt));
                        outcomes.insert(attempt, (now + takes, outcome));
                    }
                    Action::Cancel { attempt } => {
                        let (at, outcome) = outcomes.get_mut(&attempt).expect("only what runs is cancelled");
                        if *at > now {
                            ends.remove(&(*at, attempt));
                            (*at, *outcome) = (now, Outcome::Stopped);
                            ends.insert((now, attempt));
                        }
                    }
                    Action::Finish { .. } | Action::Note { .. } => {}
                }
            }
        }
        Ending { finished: watch.into_finished(), counts: machine.counts(), end: now, transcript }
    }

    /// The fate of an attempt, cut at its timeout.
    fn lived(
        &self,
        id: AttemptId,
        target: TargetId,
        now: Duration,
        timeout: Duration,
    ) -> (Duration, Outcome) {
        let fate = (self.fate)(id, target, now);
        if fate.takes <= timeout {
            return (fate.takes, fate.outcome);
        }
        let class = ultra_pace::Class::Unsure;
        (timeout, Outcome::Failure { class, health: ultra_pace::Health::Sick, retry_after: None })
    }
}
