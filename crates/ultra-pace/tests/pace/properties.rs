//! Whatever happens, the promises hold: random arrivals, outcomes, limits and stops under the watch.

use std::time::Duration;

use proptest::prelude::*;
use ultra_pace::{Class, Config, Event, Health, Outcome, TargetId};

use crate::simulator::{Arrival, Fate, Simulation};

fn ms(range: std::ops::Range<u64>) -> impl Strategy<Value = Duration> {
    range.prop_map(Duration::from_millis)
}

fn config() -> impl Strategy<Value = Config> {
    let limits = (1..5_usize, 1..9_usize, 1..6_u32, 1..4_u32);
    let times = (ms(0..3_000), ms(200..500), ms(1..30_000), ms(1..90_000));
    (limits, times).prop_map(|((per_target, total, attempts, unsure_attempts), times)| Config {
        per_target,
        total,
        attempts,
        unsure_attempts,
        base: times.0,
        cap: Duration::from_secs(4),
        spread: times.1,
        attempt_timeout: times.2,
        deadline: times.3,
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
    (takes, outcome()).prop_map(|(takes, outcome)| Fate::new(takes, outcome))
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

fn stops() -> impl Strategy<Value = Vec<(Duration, Event)>> {
    let stop = (ms(0..40_000), prop_oneof![Just(Event::Drain), Just(Event::Abort)]);
    prop_oneof![2 => Just(Vec::new()), 1 => prop::collection::vec(stop, 1..3)]
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
        seed in any::<u64>(),
    ) {
        let submitted = arrivals.len();
        let fate = |attempt: ultra_pace::AttemptId, _, _| of(&fates, attempt.call.0, attempt.n);
        let ending = Simulation { stops, lag, ..Simulation::new(config, seed, arrivals, &fate) }.run();
        prop_assert_eq!(ending.finished.len(), submitted);
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
            .map(|arrival| arrival.at.saturating_add(arrival.allowed.unwrap_or(config.deadline)))
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
        seed in any::<u64>(),
    ) {
        let fate = |attempt: ultra_pace::AttemptId, _, _| of(&fates, attempt.call.0, attempt.n);
        let run = || {
            let (config, arrivals) = (config.clone(), arrivals.clone());
            Simulation::new(config, seed, arrivals, &fate).run()
        };
        prop_assert_eq!(run().transcript, run().transcript);
    }
}
