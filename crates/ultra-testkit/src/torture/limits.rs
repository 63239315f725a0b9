//! P8: limits of the send rate, told and untold, alone and with others on the same key.

use std::thread;
use std::time::Duration;

use ultra_pace::Config;

use super::fanout::{answering, command, prompts};
use super::seen::Seen;
use super::{Ground, Row};
use crate::command::Sandbox;
use crate::server::{Limit, Server, Tells};
use crate::sim::{self, Upstream, World};

/// One way to be limited.
struct Case {
    name: &'static str,
    limit: Limit,
    /// The user knows the limit.
    told: bool,
    processes: usize,
    records: usize,
    /// Attempts a record.
    most: f64,
    /// Share of the limit that is used.
    least: f64,
}

fn per_second(limit: Limit) -> f64 {
    limit.calls as f64 / limit.window.as_secs_f64()
}

fn cases() -> Vec<Case> {
    let case = |name, limit, told, processes, records, (most, least)| Case {
        name,
        limit,
        told,
        processes,
        records,
        most,
        least,
    };
    let (learned, known, together) = ((1.10, 0.70), (1.01, 0.90), (1.25, 0.50));
    let second = |tells| Limit::per_second(4, tells);
    let minute = |tells| Limit::per_minute(60, tells);
    vec![
        case("unknown 4/s", second(Tells::Nothing), false, 1, 1_000, learned),
        case("unknown 4/s, Retry-After", second(Tells::RetryAfter), false, 1, 1_000, learned),
        case("4/s in headers", second(Tells::Headers), false, 1, 1_000, learned),
        case("known 4/s", second(Tells::Nothing), true, 1, 1_000, known),
        case("known 60/min", minute(Tells::Nothing), true, 1, 600, known),
        case("60/min, Retry-After", minute(Tells::RetryAfter), false, 1, 600, learned),
        case("unknown 4/s, 4 processes", second(Tells::Nothing), false, 4, 1_000, together),
        case("known 4/s, 4 processes", second(Tells::Nothing), true, 4, 1_000, together),
    ]
}

/// The scheduler alone.
pub(super) fn simulated(ground: &Ground) -> Vec<Row> {
    let seeds = ground.seeds(10, 1);
    let mut rows = Vec::new();
    for case in cases() {
        let (mut attempts, mut used) = (0.0_f64, f64::INFINITY);
        let (mut broken, mut failed) = (Vec::new(), 0);
        for seed in seeds.clone() {
            let upstream = Upstream {
                takes: (Duration::from_millis(300), Duration::from_millis(1_500)),
                ..Upstream::healthy(Duration::ZERO).limited(case.limit)
            };
            let config = Config { deadline: Duration::from_hours(2), ..Config::default() };
            let mut world = World::plain(seed, config, vec![upstream], case.records);
            if case.told {
                world = world.told(per_second(case.limit));
            }
            world.processes = case.processes;
            world.together = case.processes > 1;
            match sim::run(&world, ground.mutant) {
                Ok(story) => {
                    attempts = attempts.max(story.amplification());
                    failed = failed.max(story.submitted - story.succeeded());
                    let last = story.asked[0].last().map_or(0.0, |(at, _)| at.as_secs_f64());
                    used = used.min(story.accepted(0) as f64 / (per_second(case.limit) * last));
                }
                Err(why) => broken.push(why.to_string()),
            }
        }
        let what = format!("{}, {} records, simulated", case.name, case.records);
        rows.push(Row::clean(format!("every promise: {what}"), &broken));
        rows.push(Row::exactly(format!("records without an answer: {what}"), 0, failed));
        rows.push(Row::at_most(format!("attempts a record: {what}"), case.most, attempts));
        rows.push(Row::at_least(format!("share of the limit used: {what}"), case.least, used));
    }
    rows.into_iter().map(|row| row.seeds(&seeds)).collect()
}

/// The program: a limit that is learned, one that is told, and four processes that share a host.
pub(super) fn on_sockets(ground: &Ground) -> Vec<Row> {
    let mut rows = Vec::new();
    let records = ground.size(400, 60);
    let rate = ground.size(4, 20);
    let told = (rate * 60).to_string();
    let (learning, telling): (&[&str], [&str; 2]) = (&[], ["--requests-per-minute", &told]);
    let all: [(&str, usize, &[&str], f64); 3] = [
        ("unknown", 1, learning, 1.10),
        // One refusal among the few records of a slice is more than a hundredth.
        ("known", 1, &telling, ground.size(1.01, 1.05)),
        ("known, 4 processes", 4, &telling, 1.25),
    ];
    // Learning a limit costs a fixed number of refusals; few records cannot carry it.
    for (name, processes, arguments, most) in
        all.into_iter().filter(|case| ground.full || case.0 != "unknown")
    {
        let limit = Limit::per_second(rate, Tells::RetryAfter);
        let slow = (Duration::from_millis(20), Duration::from_millis(200));
        let server = Server::start(answering().limited(limit).latency(slow.0, slow.1));
        let sandbox = Sandbox::new();
        let part = records / processes as u64;
        let answers: usize = thread::scope(|scope| {
            let run = |index: u64| {
                let input = prompts(index * part..(index + 1) * part);
                let command = command(ground, &sandbox, &[&server], arguments).stdin(input);
                scope.spawn(|| Seen::read(&command.timeout(Duration::from_mins(10)).run(), None).answers())
            };
            let running: Vec<_> = (0..processes as u64).map(run).collect();
            running.into_iter().map(|thread| thread.join().unwrap_or_default()).sum()
        });
        let what = format!("{name} {rate}/s, {records} records, on sockets");
        let asked = server.count() as f64;
        rows.push(Row::exactly(format!("answers: {what}"), records, answers as u64));
        rows.push(Row::at_most(format!("attempts a record: {what}"), most, asked / records as f64));
        let last = server.calls().last().map_or(0.0, |call| call.at.as_secs_f64());
        let used = records as f64 / (rate as f64 * last);
        rows.push(Row::at_least(format!("share of the limit used: {what}"), ground.size(0.7, 0.6), used));
    }
    rows
}
