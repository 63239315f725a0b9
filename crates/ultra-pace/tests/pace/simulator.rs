//! A driver on virtual time: obeys the machine, ends attempts as a script says, and lets a watch look at
//! every step.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use ultra_pace::{
    Action, AttemptId, CallId, Class, Config, Counts, Draw, Event, Health, Machine, Outcome, Purpose, Shared,
    Spent, TargetId, Verdict, Why,
};

use crate::watch::Watch;

/// How an attempt goes on: how long it wants to take, how it would end, when its answer begins if that is not
/// at its end, what it costs, and what it tells of limits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fate {
    pub(crate) takes: Duration,
    pub(crate) outcome: Outcome,
    pub(crate) begins: Option<Duration>,
    pub(crate) spent: Spent,
}

impl Fate {
    pub(crate) fn new(takes: Duration, outcome: Outcome) -> Self {
        Fate { takes, outcome, begins: None, spent: Spent::default() }
    }
}

/// A call that arrives at `at`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival {
    pub(crate) at: Duration,
    pub(crate) target: TargetId,
    pub(crate) allowed: Option<Duration>,
    pub(crate) tokens: u64,
}

/// The end of one call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Finished {
    pub(crate) at: Duration,
    pub(crate) verdict: Verdict,
    pub(crate) attempts: u32,
}

/// What decides how attempts go: by name, target and the time of the launch.
pub(crate) type Server<'a> = &'a dyn Fn(AttemptId, TargetId, Duration) -> Fate;

/// One run: what arrives, how attempts go, what else happens.
pub(crate) struct Simulation<'a> {
    pub(crate) config: Config,
    pub(crate) seed: u64,
    pub(crate) arrivals: Vec<Arrival>,
    pub(crate) fate: Server<'a>,
    /// Anything but submissions and ends, at these times, for every machine.
    pub(crate) stops: Vec<(Duration, Event)>,
    /// How late each tick is.
    pub(crate) lag: Duration,
    /// Machines that share what they know of the targets; arrivals are dealt to them in turn.
    pub(crate) machines: usize,
}

/// What came of a run.
pub(crate) struct Ending {
    pub(crate) finished: BTreeMap<CallId, Finished>,
    /// Of each machine.
    pub(crate) counts: Vec<Counts>,
    pub(crate) end: Duration,
    /// Ticks from which nothing followed.
    pub(crate) idle: u64,
    /// Every action with its time, for comparing two runs.
    pub(crate) transcript: Vec<(Duration, Action)>,
}

impl Ending {
    /// How many calls succeeded.
    pub(crate) fn succeeded(&self) -> usize {
        self.finished.values().filter(|end| end.verdict == Verdict::Succeeded).count()
    }

    /// How many attempts were launched.
    pub(crate) fn attempts(&self) -> u64 {
        self.counts.iter().map(|counts| counts.attempts).sum()
    }

    /// How many calls failed for a reason like this.
    pub(crate) fn failed(&self, like: impl Fn(Why) -> bool) -> usize {
        self.finished.values().filter(|end| matches!(end.verdict, Verdict::Failed(why) if like(why))).count()
    }
}

/// Calls that arrive together, `each` for every target, dealt in turn as a reader of records would.
pub(crate) fn together(each: usize, targets: usize) -> Vec<Arrival> {
    let arrival = |i| Arrival { at: Duration::ZERO, target: TargetId(i % targets), allowed: None, tokens: 0 };
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

/// One machine and who looks at it.
struct Seat<J> {
    machine: Machine<J>,
    watch: Watch,
}

/// What is to happen to a machine. At one instant, ends come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Coming {
    Begin(AttemptId),
    End(AttemptId),
    Arrival(usize),
    Stop(usize, usize),
    Tick(usize),
}

impl<'a> Simulation<'a> {
    pub(crate) fn new(config: Config, seed: u64, arrivals: Vec<Arrival>, fate: Server<'a>) -> Self {
        Simulation { config, seed, arrivals, fate, stops: Vec::new(), lag: Duration::ZERO, machines: 1 }
    }

    /// Runs until no call is open and none is to come. Panics when a machine breaks its word, falls asleep
    /// with open calls, or asks to be woken without end.
    pub(crate) fn run(self) -> Ending {
        let seat = |_| Seat {
            machine: Machine::new(self.config.clone(), jitter(self.seed)),
            watch: Watch::new(self.config.clone(), self.machines > 1),
        };
        let mut seats: Vec<_> = (0..self.machines).map(seat).collect();
        let mut shared: BTreeMap<TargetId, Shared> = BTreeMap::new();
        let targets: BTreeSet<TargetId> = self.arrivals.iter().map(|arrival| arrival.target).collect();
        let mut coming: BTreeMap<(Duration, Coming), (usize, Event)> = BTreeMap::new();
        for (i, arrival) in self.arrivals.iter().enumerate() {
            let Arrival { at, target, allowed, tokens } = *arrival;
            let event = Event::Submit { call: CallId(i as u64), target, deadline: allowed, tokens };
            coming.insert((at, Coming::Arrival(i)), (i % self.machines, event));
        }
        for (i, &(at, stop)) in self.stops.iter().enumerate() {
            for m in 0..self.machines {
                coming.insert((at, Coming::Stop(i, m)), (m, stop));
            }
        }
        let mut running: BTreeMap<AttemptId, Duration> = BTreeMap::new();
        let mut transcript = Vec::new();
        let mut actions = Vec::new();
        let mut now = Duration::ZERO;
        let mut idle = 0;
        let most = 200_000 + 60 * self.arrivals.len();
        for step in 0.. {
            assert!(step < most, "no end in sight at {now:?}");
            let wakes = seats.iter().enumerate().filter_map(|(m, seat)| {
                let wake = (seat.machine.wake()? + self.lag, Coming::Tick(m));
                Some((wake, (m, Event::Tick)))
            });
            let next = coming.first_key_value().map(|(key, event)| (*key, *event));
            let Some((key, (m, event))) = next.into_iter().chain(wakes).min_by_key(|(key, _)| *key) else {
                break;
            };
            coming.remove(&key);
            now = now.max(key.0);
            if let Event::Ended { attempt, .. } = event {
                running.remove(&attempt);
            }
            let Seat { machine, watch } = &mut seats[m];
            for &target in targets.iter().filter(|_| self.machines > 1) {
                machine.adopt(target, shared.get(&target).copied().unwrap_or_default());
            }
            machine.step(now, event, &mut actions);
            for &target in targets.iter().filter(|_| self.machines > 1) {
                shared.insert(target, machine.share(target));
            }
            watch.look(now, event, &actions, machine);
            idle += u64::from(event == Event::Tick && actions.is_empty());
            for action in actions.drain(..) {
                transcript.push((now, action));
                match action {
                    Action::Launch { attempt, target, timeout, .. } => {
                        let fate = self.lived(attempt, target, now, timeout);
                        let Fate { takes, outcome, begins, spent } = fate;
                        running.insert(attempt, now + takes);
                        let ended = Event::Ended { attempt, outcome, spent };
                        coming.insert((now + takes, Coming::End(attempt)), (m, ended));
                        if let Some(begins) = begins.filter(|begins| *begins < takes) {
                            let key = (now + begins, Coming::Begin(attempt));
                            coming.insert(key, (m, Event::FirstByte { attempt }));
                        }
                    }
                    Action::Cancel { attempt } => {
                        let at = running.get_mut(&attempt).expect("only what runs is cancelled");
                        if *at > now {
                            coming.remove(&(*at, Coming::End(attempt)));
                            let (outcome, spent) = (Outcome::Stopped, Spent::default());
                            let ended = Event::Ended { attempt, outcome, spent };
                            coming.insert((now, Coming::End(attempt)), (m, ended));
                            *at = now;
                        }
                    }
                    Action::Finish { .. } | Action::Note { .. } => {}
                }
            }
        }
        assert!(seats.iter().all(|seat| seat.machine.load() == 0), "asleep with open calls");
        assert!(seats.iter().all(|seat| seat.machine.in_flight() == 0), "a slot was lost");
        let counts = seats.iter().map(|seat| seat.machine.counts()).collect();
        let finished = seats.into_iter().flat_map(|seat| seat.watch.into_finished()).collect();
        Ending { finished, counts, end: now, idle, transcript }
    }

    /// The fate of an attempt, cut at its timeout.
    fn lived(&self, id: AttemptId, target: TargetId, now: Duration, timeout: Duration) -> Fate {
        let fate = (self.fate)(id, target, now);
        if fate.takes <= timeout {
            return fate;
        }
        let (class, health) = (Class::Unsure, Health::Sick);
        let outcome = Outcome::Failure { class, health, retry_after: None };
        Fate { takes: timeout, outcome, ..fate }
    }
}
