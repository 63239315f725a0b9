//! Whatever happens, the promises hold: random arrivals, outcomes, limits and stops under the watch.

use std::time::Duration;

use proptest::prelude::*;
use ultra_pace::{CallId, Class, Config, Event, Health, Limit, Outcome, Source, Spent, TargetId};

use crate::simulator::{Arrival, Fate, Simulation};

fn ms(range: std::ops::Range<u64>) -> impl Strategy<Value = Duration> {
    range.prop_map(Duration::from_millis)
}

fn config() -> impl Strategy<Value = Config> {
    let limits = (1..5_usize, 1..9_usize, 1..6_u32, 1..4_u32);
    let times = (ms(0..3_000), ms(200..500), ms(1..30_000), ms(1..90_000));
    let some = |range: std::ops::Range<u64>| prop::option::weighted(0.2, range);
    let run = (some(1_000..60_000), some(0..60), some(0..2_000), some(0..2_000));
    let habits = (any::<bool>(), 0..9_u32);
    (limits, times, run, habits).prop_map(|(limits, times, run, (hedge, break_after))| Config {
        per_target: limits.0,
        total: limits.1,
        attempts: limits.2,
        unsure_attempts: limits.3,
        base: times.0,
        cap: Duration::from_secs(4),
        spread: times.1,
        attempt_timeout: times.2,
        deadline: times.3,
        run_deadline: run.0.map(Duration::from_millis),
        max_calls: run.1,
        max_tokens: run.2,
        max_micro_usd: run.3,
        hedge,
        break_after,
        ..Config::default()
    })
}

fn outcome() -> impl Strategy<Value = Outcome> {
    let pause = prop_oneof![
        6 => Just(None),
        1 => Just(Some(Duration::ZERO)),
        1 => Just(Some(Duration::from_nanos(1))),
        4 => ms(1..40_000).prop_map(Some),
        1 => Just(Some(Duration::MAX)),
    ];
    let class = prop_oneof![
        4 => Just(Class::Throttled),
        4 => Just(Class::Free),
        4 => Just(Class::Unsure),
        2 => Just(Class::FatalRecord),
        1 => Just(Class::FatalTarget),
    ];
    let health = prop_oneof![Just(Health::Up), Just(Health::Sick), Just(Health::Unreachable)];
    prop_oneof![
        5 => Just(Outcome::Success),
        6 => (class, health, pause).prop_map(|(class, health, retry_after)| Outcome::Failure { class, health, retry_after }),
    ]
}

fn fate() -> impl Strategy<Value = Fate> {
    let takes = prop_oneof![1 => Just(Duration::ZERO), 8 => ms(0..8_000), 1 => ms(0..100_000)];
    let begins = prop::option::of(ms(0..3_000));
    (takes, outcome(), begins, 0..100_u64, 0..100_u64).prop_map(
        |(takes, outcome, begins, tokens, micro_usd)| Fate {
            takes,
            outcome,
            begins,
            spent: Spent { tokens, micro_usd },
        },
    )
}

fn arrivals() -> impl Strategy<Value = Vec<Arrival>> {
    let allowed = prop_oneof![1 => Just(None), 1 => ms(0..60_000).prop_map(Some)];
    let arrival = (ms(0..20_000), 0..4_usize, allowed);
    prop::collection::vec(
        arrival.prop_map(|(at, target, allowed)| Arrival {
            at,
            target: TargetId(target),
            allowed,
            tokens: 0,
        }),
        0..40,
    )
}

fn limit() -> impl Strategy<Value = Event> {
    let per_s = || prop::option::of(prop_oneof![0.1..20.0, Just(0.0), Just(f64::NAN), Just(f64::INFINITY)]);
    let source = prop_oneof![Just(Source::User), Just(Source::Server)];
    (0..4_usize, per_s(), per_s(), source).prop_map(|(target, requests_per_s, tokens_per_s, source)| {
        let limit = Limit { requests_per_s, tokens_per_s: tokens_per_s.map(|per_s| per_s * 50.0), source };
        Event::Limit { target: TargetId(target), limit }
    })
}

/// What happens besides arrivals and ends.
fn stops() -> impl Strategy<Value = Vec<(Duration, Event)>> {
    let stop = (ms(0..40_000), prop_oneof![Just(Event::Drain), Just(Event::Abort)]);
    let stops = prop_oneof![2 => Just(Vec::new()), 1 => prop::collection::vec(stop, 1..3)];
    let withdraw = (0..60_u64).prop_map(|call| Event::Withdraw { call: CallId(call) });
    let other = (ms(0..40_000), prop_oneof![2 => withdraw, 1 => limit()]);
    (stops, prop::collection::vec(other, 0..12)).prop_map(|(stops, others)| [stops, others].concat())
}

fn index(call: u64) -> usize {
    usize::try_from(call).expect("a few calls")
}

/// The fate of an attempt, drawn from a list by call and attempt.
fn of(fates: &[Fate], call: u64, n: u32) -> Fate {
    let place = index(call) * 7 + n as usize * 3;
    fates[place % fates.len()]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_call_ends_exactly_once_and_no_limit_is_crossed(
        config in config(),
        arrivals in arrivals(),
        fates in prop::collection::vec(fate(), 1..60),
        stops in stops(),
        lag in prop_oneof![3 => Just(Duration::ZERO), 1 => ms(0..5_000)],
        machines in prop_oneof![2 => Just(1_usize), 1 => 2..4_usize],
        seed in any::<u64>(),
    ) {
        let submitted = arrivals.len();
        let fate = |attempt: ultra_pace::AttemptId, _, _| of(&fates, attempt.call.0, attempt.n);
        let ending = Simulation { stops, lag, machines, ..Simulation::new(config, seed, arrivals, &fate) }.run();
        prop_assert_eq!(ending.finished.len(), submitted);
        let needed = ending.attempts() + submitted as u64;
        prop_assert!(ending.idle <= 40 * needed + 100, "{} idle steps for {} launches", ending.idle, needed);
    }

    #[test]
    fn second_attempts_keep_the_promises(
        times in prop::collection::vec((0..400_u64, 0..12_u8), 1..60),
        stops in stops(),
        seed in any::<u64>(),
    ) {
        let config = Config { hedge: true, per_target: 4, total: 6, ..Config::default() };
        let arrival = |i: u64| Arrival { at: Duration::from_millis(i * 90), target: TargetId(0), allowed: None, tokens: 9 };
        let fate = |attempt: ultra_pace::AttemptId, _, _| {
            let (time, kind) = times[(index(attempt.call.0) * 7 + attempt.n as usize * 3) % times.len()];
            let failure = |class| Outcome::Failure { class, health: Health::Sick, retry_after: None };
            let outcome = match kind {
                0 => failure(Class::Unsure),
                1 => failure(Class::Free),
                _ => Outcome::Success,
            };
            Fate::new(Duration::from_millis(if kind == 2 { 10 * time } else { time }), outcome)
        };
        let arrivals: Vec<Arrival> = (0..120).map(arrival).collect();
        let ending = Simulation { stops, ..Simulation::new(config, seed, arrivals, &fate) }.run();
        prop_assert_eq!(ending.finished.len(), 120);
    }

    #[test]
    fn no_call_outlives_its_deadline(
        config in config(),
        arrivals in arrivals(),
        fates in prop::collection::vec(fate(), 1..60),
        seed in any::<u64>(),
    ) {
        let deadlines: Vec<Duration> = arrivals
            .iter()
            .map(|arrival| {
                let own = arrival.at.saturating_add(arrival.allowed.unwrap_or(config.deadline));
                own.min(config.run_deadline.unwrap_or(own)).max(arrival.at)
            })
            .collect();
        let fate = |attempt: ultra_pace::AttemptId, _, _| of(&fates, attempt.call.0, attempt.n);
        let ending = Simulation::new(config, seed, arrivals, &fate).run();
        for (id, end) in &ending.finished {
            let deadline = deadlines[index(id.0)];
            prop_assert!(end.at <= deadline, "{:?} ended at {:?}, due {:?}", id, end.at, deadline);
        }
    }

    #[test]
    fn the_same_events_give_the_same_actions(
        config in config(),
        arrivals in arrivals(),
        fates in prop::collection::vec(fate(), 1..60),
        stops in stops(),
        seed in any::<u64>(),
    ) {
        let fate = |attempt: ultra_pace::AttemptId, _, _| of(&fates, attempt.call.0, attempt.n);
        let run = || {
            let (config, arrivals, stops) = (config.clone(), arrivals.clone(), stops.clone());
            Simulation { stops, ..Simulation::new(config, seed, arrivals, &fate) }.run()
        };
        prop_assert_eq!(run().transcript, run().transcript);
    }
}
