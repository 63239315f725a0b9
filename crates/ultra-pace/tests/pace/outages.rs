//! Targets that are down for a while, or fail in the middle ground, beside others that are well.

use std::cell::Cell;
use std::time::Duration;

use ultra_pace::{AttemptId, Class, Config, Health, Outcome, TargetId};

use crate::simulator::{Arrival, Ending, Fate, Simulation, together, unit};

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// How a target is down.
#[derive(Clone, Copy, Debug)]
enum Down {
    Refuses,
    Fails,
    Stalls,
}

impl Down {
    fn fate(self) -> Fate {
        let failure = |class, health| Outcome::Failure { class, health, retry_after: None };
        match self {
            Down::Refuses => Fate::new(ms(2), failure(Class::Free, Health::Unreachable)),
            Down::Fails => Fate::new(ms(40), failure(Class::Free, Health::Sick)),
            Down::Stalls => Fate::new(Duration::MAX, Outcome::Success),
        }
    }
}

const BEGIN: Duration = Duration::from_secs(8);

/// 1,000 records for each of four targets, of which the last is down for so long from the eighth second on.
/// What came of it, and the attempts that the target saw meanwhile.
fn outage(down: Down, config: &Config, seed: u64, long: Duration) -> (Ending, u32) {
    let attempts = Cell::new(0);
    let fate = |attempt: AttemptId, target: TargetId, now: Duration| {
        if target == TargetId(3) && (BEGIN..BEGIN + long).contains(&now) {
            attempts.set(attempts.get() + 1);
            return down.fate();
        }
        Fate::new(ms(200) + ms(700).mul_f64(unit(&[seed, attempt.call.0])), Outcome::Success)
    };
    let ending = Simulation::new(config.clone(), seed, together(1_000, 4), &fate).run();
    (ending, attempts.get())
}

fn patient() -> Config {
    Config { deadline: s(10_000), ..Config::default() }
}

/// When the last record of a target ended.
fn end(ending: &Ending, targets: impl Fn(u64) -> bool) -> Duration {
    let of = ending.finished.iter().filter(|(id, _)| targets(id.0 % 4));
    of.map(|(_, end)| end.at).max().unwrap_or_default()
}

fn check_outage(long: Duration, most: u32) {
    for down in [Down::Refuses, Down::Fails, Down::Stalls] {
        for slots in [16, 32] {
            for seed in 0..3 {
                let config = Config { per_target: slots, attempt_timeout: s(1), ..patient() };
                let (ending, attempts) = outage(down, &config, seed, long);
                let case = format!("{down:?}, {slots} slots, seed {seed}");
                assert!(attempts <= most, "{case}: {attempts} attempts");
                assert_eq!(ending.succeeded(), 4_000, "{case}: no record fails");
                let (without, _) = outage(down, &config, seed, Duration::ZERO);
                let late = end(&ending, |target| target == 3).saturating_sub(end(&without, |t| t == 3));
                assert!(late <= long + s(75), "{case}: {late:?} later");
                let others = [&ending, &without].map(|ending| end(ending, |target| target < 3).as_secs_f64());
                assert!(others[0] <= others[1] * 1.05, "{case}: the others took {others:?}");
            }
        }
    }
}

#[test]
fn a_target_that_is_down_for_five_minutes_sees_sixty_attempts_and_loses_no_record() {
    check_outage(s(300), 60);
}

#[test]
fn a_target_that_is_down_for_an_hour_sees_one_a_minute() {
    check_outage(s(3_600), 120);
}

#[test]
fn probes_that_stall_for_long_do_not_delay_the_end_of_an_outage() {
    let config = Config { per_target: 16, ..patient() };
    let (ending, attempts) = outage(Down::Stalls, &config, 1, s(300));
    assert_eq!(ending.succeeded(), 4_000);
    assert!(attempts <= 60, "{attempts} attempts");
    let (without, _) = outage(Down::Stalls, &config, 1, Duration::ZERO);
    let work = |ending: &Ending| end(ending, |target| target == 3);
    // The calls that stall hold their slots for ten minutes, and are tried again after that.
    assert!(work(&ending) <= work(&without) + s(600) + s(75), "{:?}", work(&ending));
}

#[test]
fn an_outage_beyond_the_deadline_is_held_to_the_deadline() {
    let fate = |_, _, _| Down::Refuses.fate();
    let ending = Simulation::new(Config::default(), 1, together(100, 1), &fate).run();
    assert!(ending.finished.values().all(|end| end.at == s(1_800)), "no record is given up before");
    assert!(ending.attempts() <= 40 + 35, "{} attempts", ending.attempts());
}

/// A third of the failures is unsure and two thirds are free; a call takes up to two seconds.
fn scattered(seed: u64, p: f64, attempt: AttemptId) -> Fate {
    let draw = |what| unit(&[seed, attempt.call.0, u64::from(attempt.n), what]);
    let failure = |class| Outcome::Failure { class, health: Health::Sick, retry_after: None };
    let outcome = match draw(10) {
        x if x < p / 3.0 => failure(Class::Unsure),
        x if x < p => failure(Class::Free),
        _ => Outcome::Success,
    };
    Fate::new(s(2).mul_f64(draw(11)), outcome)
}

#[test]
fn scattered_faults_of_thirty_percent_cost_no_more_time_than_without_a_breaker() {
    for seed in 0..2 {
        let fate = |attempt: AttemptId, _: TargetId, _: Duration| scattered(seed, 0.3, attempt);
        let wall = |break_after| {
            let config = Config { break_after, ..Config::default() };
            Simulation::new(config, seed, together(5_000, 1), &fate).run().end.as_secs_f64()
        };
        let (with, without) = (wall(8), wall(0));
        assert!(with <= without * 1.1, "{with} s with a breaker, {without} s without");
    }
}

/// A target that fails the part `p` of its attempts, a tenth of them unsure. Failures and answers take so long.
fn uneven(seed: u64, p: f64, attempt: AttemptId, failures: (u64, u64), answers: (u64, u64)) -> Fate {
    let draw = |what| unit(&[seed, attempt.call.0, u64::from(attempt.n), what]);
    let takes = |(from, to): (u64, u64)| ms(from) + ms(to - from).mul_f64(draw(11));
    let failure = |class| Outcome::Failure { class, health: Health::Sick, retry_after: None };
    match draw(10) {
        x if x < p * 0.1 => Fate::new(takes(failures), failure(Class::Unsure)),
        x if x < p => Fate::new(takes(failures), failure(Class::Free)),
        _ => Fate::new(takes(answers), Outcome::Success),
    }
}

/// Quick failures come before slow answers, in runs; slow ones come together long after quick answers.
#[test]
fn scattered_faults_open_no_breaker_for_long_however_long_they_and_the_answers_take() {
    const RECORDS: usize = 4_000;
    let (quick, second) = ((5, 20), (1_000, 1_000));
    for (failures, answers) in [(quick, second), (second, quick), ((20, 20), second), (quick, (500, 1_500))] {
        for p in [0.3, 0.5] {
            for seed in 0..2 {
                let fate = |attempt: AttemptId, _: TargetId, _: Duration| {
                    uneven(seed, p, attempt, failures, answers)
                };
                let run = |break_after| {
                    let config = Config { break_after, ..Config::default() };
                    Simulation::new(config, seed, together(RECORDS, 1), &fate).run()
                };
                let (with, without) = (run(8), run(0));
                let case = format!("{p}, {failures:?}, {answers:?}, seed {seed}");
                let wall = with.end.as_secs_f64() / without.end.as_secs_f64();
                assert!(wall <= 1.1, "{case}: {wall} of the time without a breaker");
                assert!(with.succeeded() + 4 >= without.succeeded(), "{case}: {}", with.succeeded());
                let attempts = with.attempts() as f64 / RECORDS as f64;
                assert!(attempts <= 1.05 / (1.0 - p), "{case}: {attempts} attempts a record");
                assert!(p > 0.3 || with.succeeded() * 1_000 >= RECORDS * 999, "{case}: {}", with.succeeded());
            }
        }
    }
}

/// 70 % failures: too few for the breaker to see an outage, and more than half.
#[test]
fn a_storm_is_slowed_down() {
    let fate = |attempt: AttemptId, _: TargetId, _: Duration| {
        let health = Health::Sick;
        let outcome = match unit(&[attempt.call.0, attempt.n.into()]) {
            x if x < 0.7 => Outcome::Failure { class: Class::Free, health, retry_after: None },
            _ => Outcome::Success,
        };
        Fate::new(ms(20), outcome)
    };
    // Records go on arriving, so that there is always one to send.
    let arrival = |i| Arrival { at: ms(5) * i, target: TargetId(0), allowed: None, tokens: 0 };
    let config = Config { break_after: 0, ..Config::default() };
    let ending = Simulation::new(config, 1, (0..6_000).map(arrival).collect(), &fate).run();
    let sent = ending.transcript.iter().filter(|(at, action)| {
        matches!(action, ultra_pace::Action::Launch { .. }) && (s(10)..s(30)).contains(at)
    });
    let per_s = sent.count() as f64 / 20.0;
    assert!(per_s <= 12.0, "{per_s} a second, of at least 200 that are wanted");
}
