//! P6, P10: faults without a pattern are outlived, at little more than the price that arithmetic demands.

use std::time::Duration;

use ultra_pace::Config;

use super::fanout::{answering, ask, good, prompts};
use super::seen::Seen;
use super::{Ground, Row};
use crate::command::Sandbox;
use crate::server::{Faults, Mix, Place, Reply, Server};
use crate::sim::{self, Upstream, World};

/// The share of faults, and the attempts a record that may be made: 1.05 / (1 - p).
const SHARES: [(f64, f64); 5] = [(0.0, 1.05), (0.05, 1.11), (0.1, 1.17), (0.3, 1.5), (0.5, 2.1)];

/// A target whose answers take a second, more or less.
fn upstream(share: f64) -> Upstream {
    let takes = (Duration::from_millis(500), Duration::from_millis(1_500));
    Upstream { takes, ..Upstream::healthy(Duration::ZERO) }.scattered(share)
}

/// The scheduler alone.
pub(super) fn simulated(ground: &Ground) -> Vec<Row> {
    let seeds = ground.seeds(20, 1);
    let records = ground.size(10_000, 3_000);
    let mut rows = Vec::new();
    for &(share, most) in ground.size(&SHARES[..], &SHARES[3..4]) {
        let (mut worst, mut answered, mut hidden) = (0.0_f64, 1.0_f64, 0);
        let mut broken = Vec::new();
        for seed in seeds.clone() {
            let world = World::plain(seed, Config::default(), vec![upstream(share)], records);
            match sim::run(&world, ground.mutant) {
                Ok(story) => {
                    let counted: u64 = story.counts.iter().map(|counts| counts.attempts).sum();
                    hidden = hidden.max(story.requests() as u64 - counted);
                    worst = worst.max(story.amplification());
                    answered = answered.min(story.succeeded() as f64 / records as f64);
                }
                Err(why) => broken.push(why.to_string()),
            }
        }
        let what = format!("{records} records, p = {share}, simulated");
        rows.push(Row::clean(format!("every promise: {what}"), &broken));
        rows.push(Row::exactly(format!("requests that the scheduler knows nothing of: {what}"), 0, hidden));
        rows.push(Row::at_most(format!("attempts a record: {what}"), most, worst));
        if share <= 0.3 {
            rows.push(Row::at_least(format!("share answered: {what}"), 0.999, answered));
        }
    }
    rows.into_iter().map(|row| row.seeds(&seeds)).collect()
}

/// What the breaker costs where nothing is dead: the scheduler with it and without.
pub(super) fn beside_no_breaker(ground: &Ground) -> Vec<Row> {
    let seeds = ground.seeds(20, 1);
    let records = ground.size(10_000, 3_000);
    let mut slowest = 0.0_f64;
    for seed in seeds.clone() {
        let play =
            |config| sim::run(&World::plain(seed, config, vec![upstream(0.3)], records), ground.mutant);
        let without = play(Config { break_after: 0, ..Config::default() });
        match (play(Config::default()), without) {
            (Ok(with), Ok(without)) => {
                slowest = slowest.max(with.over.as_secs_f64() / without.over.as_secs_f64());
            }
            _ => slowest = f64::INFINITY,
        }
    }
    let what = format!("time, compared with no breaker: {records} records, p = 0.3, simulated");
    vec![Row::at_most(what, 1.1, slowest).seeds(&seeds)]
}

/// The program.
pub(super) fn on_sockets(ground: &Ground) -> Vec<Row> {
    let records = ground.size(10_000, 500);
    let shares = ground.size(&SHARES[..], &SHARES[3..4]);
    let mut rows = Vec::new();
    for (share, most) in shares {
        let faults = Faults { seed: ground.from, mix: Mix::scattered(*share) };
        let server = Server::start(faults.script_with(good));
        let arguments = ["-j", "64", "--timeout", "10s", "--limits", "process"];
        let run = ask(ground, &Sandbox::new(), &[&server], &arguments, &prompts(0..records));
        let seen = Seen::read(&run, ground.mutant);
        let what = format!("{records} records, p = {share}, on sockets");
        let attempts = server.count() as f64 / records as f64;
        let answered = seen.answers() as f64 / records as f64;
        rows.push(Row::clean(format!("one end for each: {what}"), &seen.conserves(records, &["ollama:m"])));
        rows.push(Row::at_most(format!("attempts a record: {what}"), *most, attempts));
        if *share <= 0.3 {
            rows.push(Row::at_least(format!("share answered: {what}"), 0.999, answered));
        }
    }
    rows.into_iter().map(|row| row.seeds(&(ground.from..ground.from + 1))).collect()
}

/// No attempt outlives its timeout, wherever the server falls silent.
pub(super) fn timeouts(ground: &Ground) -> Vec<Row> {
    let timeout = Duration::from_millis(300);
    let places = [
        Place::BeforeHeaders,
        Place::MidHead,
        Place::AfterHeaders,
        Place::MidBody(20),
        Place::AfterEvents(2),
    ];
    let mut longest = Duration::ZERO;
    for stream in [&[][..], &["--stream"][..]] {
        for place in places {
            longest = longest.max(silence(ground, Reply::text("A-000000.").stalled(place), stream));
        }
        let drip = Reply::text("A-000000.").dripping(1, Duration::from_millis(100));
        longest = longest.max(silence(ground, drip, stream));
    }
    let over = longest.saturating_sub(timeout).as_secs_f64() * 1e3;
    let alive = Server::start(answering());
    drop(ask(ground, &Sandbox::new(), &[&alive], &["--timeout", "300ms"], &prompts(0..1)));
    vec![
        Row::at_most("ms that an attempt outlives its timeout, silent at any place", 250.0, over),
        Row::exactly("calls that a server which answers gets under the same timeout", 1, alive.count()),
    ]
}

/// How long an attempt stayed with a server that falls silent.
fn silence(ground: &Ground, reply: Reply, stream: &[&str]) -> Duration {
    let server = Server::start(reply);
    let arguments = [&["--timeout", "300ms", "--attempts", "1", "--limits", "process"], stream].concat();
    drop(ask(ground, &Sandbox::new(), &[&server], &arguments, &prompts(0..1)));
    let left =
        server.wait_until(Duration::from_secs(5), |calls| calls.iter().all(|call| call.ended.is_some()));
    let stayed = server.calls().iter().filter_map(|call| Some(call.ended_at?.saturating_sub(call.at))).max();
    stayed.filter(|_| left).unwrap_or(Duration::MAX)
}
