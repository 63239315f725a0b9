//! What the default policy achieves against servers that misbehave in known ways.

use std::time::Duration;

use ultra_pace::{AttemptId, Class, Config, Health, Outcome, TargetId, Why};

use crate::simulator::{Arrival, Ending, Fate, Simulation, together, unit};

const FOREVER: Duration = Duration::MAX;

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn success(takes: Duration) -> Fate {
    Fate::new(takes, Outcome::Success)
}

fn failure(class: Class, retry_after: Option<Duration>) -> Fate {
    let health = if matches!(class, Class::Free | Class::Unsure) { Health::Sick } else { Health::Up };
    Fate::new(ms(200), Outcome::Failure { class, health, retry_after })
}

/// `each` calls for each of `targets`, all at once, under the default policy.
fn run(
    seed: u64,
    each: usize,
    targets: usize,
    fate: &dyn Fn(AttemptId, TargetId, Duration) -> Fate,
) -> Ending {
    Simulation::new(Config::default(), seed, together(each, targets), fate).run()
}

/// A third of the failures is unsure and two thirds are free; a call takes up to two seconds.
fn scattered(seed: u64, p: f64, attempt: AttemptId) -> Fate {
    let draw = |what| unit(&[seed, attempt.call.0, u64::from(attempt.n), what]);
    let takes = s(2).mul_f64(draw(11));
    match draw(10) {
        x if x < p / 3.0 => Fate { takes, ..failure(Class::Unsure, None) },
        x if x < p => Fate { takes, ..failure(Class::Free, None) },
        _ => success(takes),
    }
}

#[test]
fn scattered_faults_of_thirty_percent_leave_999_of_1000_answered_in_one_and_a_half_attempts() {
    for seed in 0..3 {
        let ending = run(seed, 10_000, 1, &|attempt, _, _| scattered(seed, 0.3, attempt));
        let attempts = ending.attempts() as f64 / 10_000.0;
        assert!(ending.succeeded() >= 9_990, "seed {seed}: {} of 10,000", ending.succeeded());
        assert!((1.35..=1.50).contains(&attempts), "seed {seed}: {attempts} attempts a record");
    }
}

#[test]
fn attempts_a_record_stay_within_five_percent_of_what_independent_faults_need() {
    for (p, most) in [(0.0, 1.0), (0.05, 1.11), (0.1, 1.17), (0.5, 2.10)] {
        let ending = run(7, 3_000, 1, &|attempt, _, _| scattered(7, p, attempt));
        let attempts = ending.attempts() as f64 / 3_000.0;
        assert!(attempts <= most, "p = {p}: {attempts} attempts a record");
    }
}

#[test]
fn every_slot_is_used_while_there_is_work() {
    let ending = run(1, 3_200, 1, &|_, _, _| success(s(1)));
    assert_eq!(ending.end, s(100), "3,200 seconds of work in 32 slots");
    let ending = run(1, 320, 4, &|_, _, _| success(s(1)));
    assert_eq!(ending.end, s(10), "1,280 seconds of work in 128 slots");
}

#[test]
fn waiting_retries_hold_no_slots() {
    let fails_first = |attempt: AttemptId, _, _| match (attempt.n, attempt.call.0 % 3) {
        (1, 0) => Fate { takes: Duration::ZERO, ..failure(Class::Free, None) },
        _ => success(s(1)),
    };
    let config = Config { break_after: 0, ..Config::default() };
    let ending = Simulation::new(config, 1, together(3_200, 1), &fails_first).run();
    assert!(ending.end <= s(101), "{:?}: the sleeps cost no more than the last of them", ending.end);
}

#[test]
fn a_target_that_stalls_delays_no_other() {
    let work = |attempt: AttemptId| success(ms(500) + s(1).mul_f64(unit(&[attempt.call.0])));
    let stall = |attempt: AttemptId, target: TargetId, _| match target {
        TargetId(3) => success(FOREVER),
        _ => work(attempt),
    };
    let beside = run(1, 500, 4, &stall);
    let healthy = run(1, 500, 4, &|attempt, _, _| work(attempt));
    for (id, end) in healthy.finished.iter().filter(|(id, _)| id.0 % 4 != 3) {
        assert_eq!(beside.finished[id].at, end.at, "{id:?}");
    }
}

#[test]
fn seven_targets_that_stall_do_not_delay_the_eighth() {
    let stall = |_, target: TargetId, _| match target {
        TargetId(7) => success(s(1)),
        _ => success(FOREVER),
    };
    let ending = run(1, 160, 8, &stall);
    let end = ending.finished.iter().filter(|(id, _)| id.0 % 8 == 7).map(|(_, end)| end.at).max();
    assert!(end <= Some(s(11)), "{end:?}: 160 seconds of work in a share of 16 slots");
}

#[test]
fn a_wrong_key_costs_the_calls_in_flight_and_no_more() {
    let wrong = |_, target: TargetId, _| match target {
        TargetId(0) => failure(Class::FatalTarget, None),
        _ => success(s(1)),
    };
    let ending = run(1, 10_000, 2, &wrong);
    assert!(ending.attempts() <= 10_000 + 32, "{} attempts", ending.attempts());
    assert_eq!(ending.succeeded(), 10_000);
    let of_the_key =
        ending.failed(|why| matches!(why, Why::TargetClosed { .. } | Why::Fatal(Class::FatalTarget)));
    assert_eq!(of_the_key, 10_000);
}

#[test]
fn a_server_that_says_when_to_come_back_is_asked_again_only_then() {
    let closed = s(10)..s(70);
    let pause = |_, _, now: Duration| match now {
        now if closed.contains(&now) => failure(Class::Throttled, closed.end.checked_sub(now)),
        _ => success(s(2)),
    };
    let ending = run(1, 1_000, 1, &pause);
    assert_eq!(ending.succeeded(), 1_000);
    let refused = ending.attempts() - 1_000;
    assert!(
        refused <= 33,
        "{refused} calls sent in vain: those in flight, and one to see that it is no chance"
    );
    assert!(ending.finished.values().all(|end| end.attempts <= 2));
}

#[test]
fn a_pause_of_a_day_costs_the_calls_in_flight_and_ends_the_rest_at_once() {
    let ending = run(1, 10_000, 1, &|_, _, _| failure(Class::Throttled, Some(s(86_400))));
    assert!(ending.attempts() <= 32, "{} attempts", ending.attempts());
    assert_eq!(ending.failed(|why| matches!(why, Why::RetryAfter { .. })), 10_000);
    assert!(ending.end <= s(1));
}

#[test]
fn a_server_that_never_answers_is_asked_once_by_each_slot_and_then_probed() {
    let ending = run(1, 32, 1, &|_, _, _| success(FOREVER));
    assert!(ending.finished.values().all(|end| end.attempts <= 3 && end.at == s(1_800)));
    assert!(ending.attempts() <= 32 + 25, "{} attempts", ending.attempts());
    assert_eq!(ending.counts[0].possibly_paid, ending.attempts());
}

#[test]
fn second_attempts_shorten_the_tail_for_five_percent_more_calls() {
    let slow = |attempt: AttemptId| unit(&[attempt.call.0, attempt.n.into()]) < 0.02;
    let fate = |attempt: AttemptId, _: TargetId, _: Duration| {
        let begins = if slow(attempt) { s(60) } else { ms(500) + ms(500).mul_f64(unit(&[attempt.call.0])) };
        Fate { begins: Some(begins), ..success(begins + s(1)) }
    };
    let tail = |hedge| {
        let arrival = |i| Arrival { at: ms(100) * i, target: TargetId(0), allowed: None, tokens: 0 };
        let arrivals: Vec<Arrival> = (0..5_000).map(arrival).collect();
        let config = Config { hedge, ..Config::default() };
        let ending = Simulation::new(config, 1, arrivals.clone(), &fate).run();
        let mut times: Vec<Duration> = ending
            .finished
            .values()
            .zip(&arrivals)
            .map(|(end, arrival)| end.at.saturating_sub(arrival.at))
            .collect();
        times.sort_unstable();
        (times[times.len() * 99 / 100], ending)
    };
    let (without, _) = tail(false);
    let (with, ending) = tail(true);
    assert!(without > s(60) && with < s(10), "99 % of the calls took {with:?}, without {without:?}");
    let counts = ending.counts[0];
    assert!(counts.hedges * 20 <= counts.attempts, "{} of {}", counts.hedges, counts.attempts);
    assert!(counts.hedges_won >= 60, "{} of about 100 slow ones", counts.hedges_won);
    assert_eq!(counts.possibly_paid, counts.hedges, "each has one loser");
}
