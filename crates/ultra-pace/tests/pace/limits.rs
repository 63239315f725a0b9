//! Servers that limit what they are sent, sharply and over a sliding window, and what is made of it.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::time::Duration;

use ultra_pace::{
    Action, AttemptId, Class, Config, Event, Health, Limit, Note, Outcome, Source, Spent, TargetId,
};

use crate::simulator::{Arrival, Ending, Fate, Simulation, together, unit};

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// A server that takes up to `most` in any `window`, of requests or tokens, and refuses the rest at once.
struct Sharp {
    most: u64,
    window: Duration,
    takes: Duration,
    retry_after: Option<Duration>,
    /// Whether a refusal says when the next place is free.
    tells: bool,
    /// Whether what is refused counts as well.
    strict: bool,
    taken: RefCell<VecDeque<(Duration, u64)>>,
}

impl Sharp {
    fn new(most: u64, window: Duration) -> Self {
        let taken = RefCell::default();
        Sharp { most, window, takes: ms(200), retry_after: None, tells: false, strict: false, taken }
    }

    /// What happens to a call of this weight.
    fn meet(&self, now: Duration, weight: u64) -> Fate {
        let mut taken = self.taken.borrow_mut();
        while taken.front().is_some_and(|&(at, _)| at + self.window <= now) {
            taken.pop_front();
        }
        let accepted = taken.iter().map(|&(_, weight)| weight).sum::<u64>() + weight <= self.most;
        if accepted || self.strict {
            taken.push_back((now, weight));
        }
        if accepted {
            let spent = Spent { tokens: weight, micro_usd: 0 };
            return Fate { spent, ..Fate::new(self.takes, Outcome::Success) };
        }
        let free = taken.front().map(|&(at, _)| (at + self.window).saturating_sub(now));
        let retry_after = if self.tells { free } else { self.retry_after };
        let outcome = Outcome::Failure { class: Class::Throttled, health: Health::Up, retry_after };
        Fate::new(ms(50), outcome)
    }
}

/// What 1,000 calls need: attempts a record, and how much of the limit was used.
struct Figures {
    attempts: f64,
    used: f64,
}

fn figures(ending: &Ending, records: usize, per_s: f64) -> Figures {
    assert_eq!(ending.succeeded(), records, "every record is answered");
    let attempts = ending.attempts() as f64 / records as f64;
    Figures { attempts, used: records as f64 / per_s / ending.end.as_secs_f64() }
}

fn patient() -> Config {
    Config { deadline: Duration::from_hours(3), ..Config::default() }
}

/// 1,000 records for one server; what is known of its limit is known before the first arrives.
fn run(seed: u64, server: &Sharp, known: Option<Limit>, machines: usize) -> Ending {
    let fate = |_: AttemptId, _: TargetId, now| server.meet(now, 1);
    let arrivals = together(1_000, 1).into_iter().map(|arrival| Arrival { at: ms(1), ..arrival }).collect();
    let limit = |limit| (Duration::ZERO, Event::Limit { target: TargetId(0), limit });
    let stops = known.map(limit).into_iter().collect();
    Simulation { stops, machines, ..Simulation::new(patient(), seed, arrivals, &fate) }.run()
}

fn known(requests_per_s: f64) -> Limit {
    Limit { requests_per_s: Some(requests_per_s), tokens_per_s: None, source: Source::User }
}

/// 4 a second and 60 a minute.
const LIMITS: [(u64, u64); 2] = [(4, 1), (60, 60)];

#[test]
fn an_unknown_limit_costs_less_than_one_attempt_in_ten_and_seven_tenths_of_it_are_used() {
    for (most, window) in LIMITS {
        for (takes, retry_after) in [(ms(200), None), (ms(2_000), None), (ms(200), Some(ms(1_000)))] {
            for seed in 0..3 {
                let window = Duration::from_secs(window);
                let server = Sharp { takes, retry_after, ..Sharp::new(most, window) };
                let ending = run(seed, &server, None, 1);
                let Figures { attempts, used } = figures(&ending, 1_000, most as f64 / window.as_secs_f64());
                let case = format!("{most} in {window:?}, {takes:?}, {retry_after:?}, seed {seed}");
                assert!(attempts <= 1.10, "{case}: {attempts} attempts a record");
                assert!(used >= 0.70, "{case}: {used} of the limit");
            }
        }
    }
}

/// The answers of a server that says when the next place is free come in a jumble, and those of a minute come at once.
#[test]
fn a_limit_by_the_minute_is_found_although_refusals_say_when_the_next_place_is_free() {
    for (most, window, records) in [(4, 1, 1_000), (60, 60, 600), (600, 60, 2_000)] {
        for seed in 0..5 {
            let server = Sharp { tells: true, ..Sharp::new(most, Duration::from_secs(window)) };
            let fate = |attempt: AttemptId, _: TargetId, now| {
                let draw = |what| unit(&[seed, attempt.call.0, attempt.n.into(), what]);
                let fate = server.meet(now, 1);
                let answer = ms(300) + ms(1_200).mul_f64(draw(1));
                let soon = ms(5) + ms(40).mul_f64(draw(2));
                Fate { takes: if fate.outcome == Outcome::Success { answer } else { soon }, ..fate }
            };
            let ending = Simulation::new(patient(), seed, together(records, 1), &fate).run();
            let Figures { attempts, used } = figures(&ending, records, most as f64 / window as f64);
            let case = format!("{most} in {window} s, seed {seed}");
            assert!(attempts <= 1.10, "{case}: {attempts} attempts a record");
            assert!(used >= 0.70, "{case}: {used} of the limit");
        }
    }
}

#[test]
fn an_unknown_limit_that_counts_refused_calls_too_is_found_as_well() {
    for (most, window) in LIMITS {
        let server = Sharp { strict: true, ..Sharp::new(most, Duration::from_secs(window)) };
        let Figures { attempts, .. } = figures(&run(1, &server, None, 1), 1_000, 1.0);
        assert!(attempts <= 1.15, "{most} in {window} s: {attempts} attempts a record");
    }
}

#[test]
fn a_known_limit_is_kept_and_nine_tenths_of_it_are_used() {
    for (most, window) in LIMITS {
        let per_s = most as f64 / window as f64;
        let server = Sharp::new(most, Duration::from_secs(window));
        let Figures { attempts, used } = figures(&run(1, &server, Some(known(per_s)), 1), 1_000, per_s);
        assert!(attempts <= 1.01, "{most} in {window} s: {attempts} attempts a record");
        assert!(used >= 0.90, "{most} in {window} s: {used} of the limit");
    }
}

/// 1,000 records of 200 to 2,000 tokens for 100,000 tokens a minute, estimated at so many per cent of what they
/// take.
fn tokens(estimate: u64, known: bool) -> Figures {
    const PER_S: f64 = 100_000.0 / 60.0;
    let server = Sharp { takes: ms(2_000), ..Sharp::new(100_000, Duration::from_mins(1)) };
    let weight = |call: u64| 200 + (call * 7_919) % 1_800;
    let fate = |attempt: AttemptId, _: TargetId, now| server.meet(now, weight(attempt.call.0));
    let arrival = |(i, arrival)| {
        let tokens = weight(i) * estimate / 100;
        Arrival { at: ms(1), tokens, ..arrival }
    };
    let arrivals = (0..).zip(together(1_000, 1)).map(arrival).collect();
    let limit = Limit { requests_per_s: None, tokens_per_s: Some(PER_S), source: Source::Server };
    let limit = (Duration::ZERO, Event::Limit { target: TargetId(0), limit });
    let stops = if known { vec![limit] } else { Vec::new() };
    let ending = Simulation { stops, ..Simulation::new(patient(), 1, arrivals, &fate) }.run();
    let sum: u64 = (0..1_000).map(weight).sum();
    let Figures { attempts, used } = figures(&ending, 1_000, PER_S);
    Figures { attempts, used: used * sum as f64 / 1_000.0 }
}

#[test]
fn a_known_limit_of_tokens_is_kept_and_nine_tenths_of_it_are_used_although_estimates_are_high() {
    for estimate in [100, 150] {
        let Figures { attempts, used } = tokens(estimate, true);
        assert!(attempts <= 1.01, "{attempts} attempts a record");
        assert!(used >= 0.90, "{used} of the limit");
    }
}

#[test]
fn an_unknown_limit_of_tokens_is_found() {
    let Figures { attempts, used } = tokens(100, false);
    assert!(attempts <= 1.10, "{attempts} attempts a record");
    assert!(used >= 0.70, "{used} of the limit");
}

#[test]
fn four_machines_that_share_what_they_know_keep_one_limit_together() {
    for (most, window) in LIMITS {
        for seed in 0..2 {
            let per_s = most as f64 / window as f64;
            let server = Sharp::new(most, Duration::from_secs(window));
            let Figures { attempts, used } = figures(&run(seed, &server, None, 4), 1_000, per_s);
            assert!(attempts <= 1.25, "unknown, {most} in {window} s: {attempts} attempts a record");
            assert!(used >= 0.60, "unknown, {most} in {window} s: {used} of the limit");
            let server = Sharp::new(most, Duration::from_secs(window));
            let Figures { attempts, used } =
                figures(&run(seed, &server, Some(known(per_s)), 4), 1_000, per_s);
            assert!(attempts <= 1.01, "known, {most} in {window} s: {attempts} attempts a record");
            assert!(used >= 0.90, "known, {most} in {window} s: {used} of the limit");
        }
    }
}

/// 1,000 records for a server that refuses the part `p` of what it is sent, however much that is.
fn scattered(seed: u64, p: f64, retry_after: Option<Duration>, takes: Duration, slots: usize) -> Ending {
    let fate = |attempt: AttemptId, _: TargetId, _| {
        if unit(&[seed, attempt.call.0, attempt.n.into()]) >= p {
            return Fate::new(takes, Outcome::Success);
        }
        let outcome = Outcome::Failure { class: Class::Throttled, health: Health::Up, retry_after };
        Fate::new(ms(50), outcome)
    };
    let config = Config { per_target: slots, ..Config::default() };
    Simulation::new(config, seed, together(1_000, 1), &fate).run()
}

fn notes(ending: &Ending) -> Vec<Note> {
    let note = |&(_, action): &(Duration, Action)| match action {
        Action::Note { note, .. } => Some(note),
        _ => None,
    };
    ending.transcript.iter().filter_map(note).collect()
}

/// Refused calls wait a second each, and 1,000 calls of 50 ms fill 64 slots for 0.8 s; so the time is that of the
/// record that is refused most often, each time for a second and 50 ms, and what is left of a wave.
#[test]
fn five_percent_of_refusals_cost_no_more_time_than_the_refused_calls_wait() {
    for seed in 0..5 {
        let ending = scattered(seed, 0.05, Some(ms(1_000)), ms(50), 64);
        assert_eq!(ending.succeeded(), 1_000);
        let most = ending.finished.values().map(|end| end.attempts - 1).max().unwrap_or_default();
        let floor = ms(800) + ms(1_050) * most;
        assert!(ending.end <= floor.mul_f64(1.1), "seed {seed}: {:?}, floor {floor:?}", ending.end);
    }
}

#[test]
fn five_percent_of_refusals_do_not_begin_a_pacing() {
    let paced = (0..100).filter(|&seed| {
        let ending = scattered(seed, 0.05, None, ms(50), 64);
        notes(&ending).iter().any(|note| matches!(note, Note::Paced { .. }))
    });
    assert!(paced.count() <= 1);
}

#[test]
fn refusals_that_pacing_does_not_make_fewer_end_the_pacing() {
    let ending = scattered(5, 0.3, None, ms(1_000), 32);
    assert_eq!(ending.succeeded(), 1_000);
    assert!(notes(&ending).contains(&Note::Unpaced));
}
