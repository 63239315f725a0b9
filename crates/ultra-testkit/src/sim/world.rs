//! What a simulation starts from.

use std::time::Duration;

use ultra_pace::{Config, Limit, Source, TargetId};

use super::upstream::{Fault, Upstream};
use crate::golden::SplitMix64;
use crate::server::{self, Dead, Outage, Tells};

/// A call to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// When it is read.
    pub at: Duration,
    /// Where it goes.
    pub target: TargetId,
    /// What it may take, where that is not the default.
    pub deadline: Option<Duration>,
    /// Tokens it is expected to take.
    pub tokens: u64,
}

/// A world: servers, calls and what happens to the run. Without anything else, only what [`World::plain`] says.
#[derive(Clone, Debug, PartialEq)]
pub struct World {
    /// Seeds what is random in it.
    pub seed: u64,
    /// The policy.
    pub config: Config,
    /// The servers.
    pub targets: Vec<Upstream>,
    /// The calls, in the order of the input; process by process.
    pub calls: Vec<Arrival>,
    /// Limits that the user told.
    pub limits: Vec<(TargetId, Limit)>,
    /// When which call is withdrawn, by its number.
    pub withdrawals: Vec<(Duration, u64)>,
    /// When the run is told to drain.
    pub drain: Option<Duration>,
    /// When the run is told to abort.
    pub abort: Option<Duration>,
    /// How late ticks come at most.
    pub lag: Duration,
    /// Processes that share the servers; the calls are dealt out among them.
    pub processes: usize,
    /// Whether they know what the others know.
    pub together: bool,
}

impl World {
    /// `each` calls for every target, all at once, under this policy.
    pub fn plain(seed: u64, config: Config, targets: Vec<Upstream>, each: usize) -> Self {
        let one = |index: usize| Arrival {
            at: Duration::ZERO,
            target: TargetId(index % targets.len()),
            deadline: None,
            tokens: 0,
        };
        let calls = (0..each * targets.len()).map(one).collect();
        Self {
            seed,
            config,
            targets,
            calls,
            limits: Vec::new(),
            withdrawals: Vec::new(),
            drain: None,
            abort: None,
            lag: Duration::ZERO,
            processes: 1,
            together: false,
        }
    }

    /// The user tells every target's limit, in requests a second.
    #[must_use]
    pub fn told(mut self, requests_per_s: f64) -> Self {
        let limit = Limit { requests_per_s: Some(requests_per_s), tokens_per_s: None, source: Source::User };
        self.limits = (0..self.targets.len()).map(|target| (TargetId(target), limit)).collect();
        self
    }

    /// A small world that a seed describes.
    pub fn random(seed: u64) -> Self {
        let mut dice = SplitMix64::new(seed);
        let config = config(&mut dice);
        let targets: Vec<_> = (0..=dice.below(4)).map(|_| upstream(&mut dice)).collect();
        let records = 20 + dice.below(41);
        let mut world = Self::plain(seed, config, targets, records);
        let spread = dice.pick(&[0, 0, 2_000, 60_000]);
        let mut at = Duration::ZERO;
        for call in &mut world.calls {
            at += millis(&mut dice, 1 + 2 * spread / records);
            call.at = if spread == 0 { Duration::ZERO } else { at };
            call.deadline = dice.one_in(5).then(|| seconds(&mut dice, 60));
            call.tokens = if dice.one_in(2) { 0 } else { dice.below(400) as u64 };
        }
        if dice.one_in(4) {
            let limit = Limit {
                requests_per_s: Some(1.0 + dice.below(40) as f64),
                tokens_per_s: dice.one_in(2).then(|| 500.0 + dice.below(10_000) as f64),
                source: Source::User,
            };
            let target = dice.below(world.targets.len());
            world.limits.push((TargetId(target), limit));
        }
        let calls = world.calls.len();
        if dice.one_in(4) {
            let some = 1 + dice.below(6);
            world.withdrawals =
                (0..some).map(|_| (millis(&mut dice, 20_000), dice.below(calls) as u64)).collect();
        }
        world.drain = dice.one_in(4).then(|| millis(&mut dice, 30_000));
        world.abort = dice.one_in(6).then(|| world.drain.unwrap_or_default() + millis(&mut dice, 10_000));
        world.lag = Duration::from_millis(dice.pick(&[0, 0, 1, 40]));
        world
    }
}

fn millis(dice: &mut SplitMix64, below: usize) -> Duration {
    Duration::from_millis(dice.below(below) as u64)
}

fn seconds(dice: &mut SplitMix64, below: usize) -> Duration {
    millis(dice, below * 1_000) + Duration::from_millis(1)
}

fn config(dice: &mut SplitMix64) -> Config {
    Config {
        per_target: 1 + dice.below(10),
        total: 1 + dice.below(20),
        backlog: dice.pick(&[1, 8, 4_096]),
        attempts: 1 + u32::try_from(dice.below(8)).unwrap_or_default(),
        unsure_attempts: 1 + u32::try_from(dice.below(4)).unwrap_or_default(),
        base: Duration::from_millis(dice.pick(&[0, 1, 500])),
        throttle_base: Duration::from_millis(dice.pick(&[0, 100, 1_000])),
        spread: Duration::from_millis(dice.pick(&[0, 20, 250])),
        attempt_timeout: dice.pick(&[
            Duration::from_millis(300),
            Duration::from_secs(5),
            Duration::from_mins(2),
        ]),
        deadline: seconds(dice, 300),
        run_deadline: dice.one_in(8).then(|| seconds(dice, 120)),
        max_calls: dice.one_in(8).then(|| dice.below(100) as u64),
        max_tokens: dice.one_in(8).then(|| dice.below(5_000) as u64),
        max_micro_usd: dice.one_in(12).then(|| dice.below(10_000) as u64),
        hedge: dice.one_in(4),
        ..Config::default()
    }
}

fn upstream(dice: &mut SplitMix64) -> Upstream {
    let fast = Duration::from_millis(dice.pick(&[0, 1, 50, 800]));
    let mut upstream = Upstream::healthy(fast);
    upstream.takes.1 = fast + millis(dice, 2_000);
    upstream.slow = dice.pick(&[0.0, 0.0, 0.05, 0.3]);
    upstream.tokens = dice.below(300) as u64;
    let all = [
        Fault::Refused(None),
        Fault::Refused(Some(millis(dice, 3_000))),
        Fault::Refused(Some(seconds(dice, 60))),
        Fault::Sick,
        Fault::Unreachable,
        Fault::Cut,
        Fault::Silent,
        Fault::BadRecord,
    ];
    let most = dice.pick(&[0.0, 0.1, 0.3, 0.6, 1.0]);
    upstream.faults = (0..dice.below(5)).map(|_| (most / 4.0, dice.pick(&all))).collect();
    if dice.one_in(16) {
        upstream.faults.push((0.02, Fault::BadKey));
    }
    if dice.one_in(3) {
        let tells = dice.pick(&[Tells::Nothing, Tells::RetryAfter, Tells::Headers]);
        upstream.limit = Some(match dice.below(2) {
            0 => server::Limit::per_second(1 + dice.below(12), tells),
            _ => server::Limit::per_minute(10 + dice.below(100), tells),
        });
    }
    if dice.one_in(4) {
        let from = millis(dice, 10_000);
        let way = dice.pick(&[Dead::Gone, Dead::Reset, Dead::Status(500), Dead::Silent]);
        upstream.outages.push(Outage { from, until: from + seconds(dice, 100), way });
    }
    upstream
}
