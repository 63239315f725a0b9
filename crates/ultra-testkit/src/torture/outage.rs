//! A target that is dead for minutes, among others that are not.

use std::time::Duration;

use ultra_pace::{Config, Verdict};

use super::fanout::{answering, ask, prompts};
use super::{Ground, Row};
use crate::command::Sandbox;
use crate::server::{Dead, Server};
use crate::sim::{self, Story, Upstream, World};

const WAYS: [(Dead, &str); 3] =
    [(Dead::Gone, "refused"), (Dead::Status(500), "500"), (Dead::Silent, "stalled")];

/// An answer takes 5 s on average, so 1,000 records take K = 16 about 310 s, and the outage is in the middle.
fn good() -> Upstream {
    Upstream { takes: (Duration::from_secs(3), Duration::from_secs(7)), ..Upstream::healthy(Duration::ZERO) }
}

fn policy(slots: usize, attempt: Duration) -> Config {
    let total = 4 * slots;
    // The deadline outlasts the longest outage here: what the promise is about is what happens before it.
    let deadline = Duration::from_hours(3);
    Config { per_target: slots, total, attempt_timeout: attempt, deadline, ..Config::default() }
}

fn play(ground: &Ground, config: Config, first: Upstream, each: usize) -> Result<Story, String> {
    let targets = vec![first, good(), good(), good()];
    let world = World::plain(ground.from, config, targets, each);
    sim::run(&world, ground.mutant).map_err(|broken| broken.to_string())
}

/// Five minutes and an hour, on virtual time.
pub(super) fn simulated(ground: &Ground) -> Vec<Row> {
    let from = Duration::from_secs(30);
    let mut rows = Vec::new();
    let long = ground.size(&[(300, 60.0), (3_600, 120.0)][..], &[(300, 60.0)][..]);
    for &slots in ground.size(&[16, 32][..], &[16][..]) {
        for (way, name) in WAYS {
            let attempt = Duration::from_secs(if way == Dead::Silent { 10 } else { 600 });
            for (seconds, most) in long {
                let until = from + Duration::from_secs(*seconds);
                let what = format!("{name} for {seconds} s, {slots} slots");
                let alone = play(ground, policy(slots, attempt), good(), 1_000);
                let dead = play(ground, policy(slots, attempt), good().dead(from, until, way), 1_000);
                match (alone, dead) {
                    (Ok(alone), Ok(dead)) => rows.extend(judge(&what, &alone, &dead, from, until, *most)),
                    (Err(why), _) | (_, Err(why)) => rows.push(Row::failed(&what, &why)),
                }
            }
        }
    }
    rows.into_iter().map(|row| row.seeds(&(ground.from..ground.from + 1))).collect()
}

fn judge(what: &str, alone: &Story, dead: &Story, from: Duration, until: Duration, most: f64) -> Vec<Row> {
    let calls = dead.asked_between(0, from, until) as f64;
    let failed = dead.ends.values().filter(|end| matches!(end.verdict, Verdict::Failed(_))).count();
    let recovered = dead.asked[0].iter().find(|(at, accepted)| *at >= until && *accepted);
    let resumed = recovered.map_or(f64::INFINITY, |(at, _)| at.saturating_sub(until).as_secs_f64());
    let slower = (1..4)
        .map(|target| dead.target_over(target).as_secs_f64() / alone.target_over(target).as_secs_f64())
        .fold(0.0, f64::max);
    vec![
        Row::at_most(format!("calls to a target while it is dead: {what}"), most, calls),
        Row::exactly(format!("records failed by the outage: {what}"), 0, failed),
        Row::at_most(format!("seconds from its recovery to its first answer: {what}"), 75.0, resumed),
        Row::at_most(format!("time of the other targets beside it: {what}"), 1.05, slower),
    ]
}

/// One target that never answers takes nothing from the others.
pub(super) fn stalled(ground: &Ground) -> Vec<Row> {
    let seed = ground.from..ground.from + 1;
    let config = policy(16, Duration::from_mins(10));
    let for_ever = Duration::from_hours(1_000);
    let alone = play(ground, config.clone(), good(), 300);
    let beside = play(ground, config, good().dead(Duration::ZERO, for_ever, Dead::Silent), 300);
    let what = "99th percentile of the ends of the others beside a target that stalls for ever";
    let row = match (alone, beside) {
        (Ok(alone), Ok(beside)) => Row::at_most(what, 1.05, late(&beside) / late(&alone)),
        (Err(why), _) | (_, Err(why)) => Row::failed(what, &why),
    };
    vec![row.seeds(&seed)]
}

/// When 99 % of the calls to the last three targets had ended.
fn late(story: &Story) -> f64 {
    let mut ends: Vec<Duration> =
        story.ends.values().filter(|end| end.target.0 > 0).map(|end| end.at).collect();
    ends.sort();
    ends.get(ends.len() * 99 / 100).map_or(0.0, Duration::as_secs_f64)
}

/// The same with the program and real sockets, shortened.
pub(super) fn on_sockets(ground: &Ground) -> Vec<Row> {
    let seconds = ground.size(20, 4);
    let records = ground.size(1_500, 400);
    let ways = ground.size(&WAYS[..2], &WAYS[1..2]);
    let mut rows = Vec::new();
    for (way, name) in ways {
        let (from, until) = (Duration::from_millis(500), Duration::from_secs(seconds));
        let slow = (Duration::from_millis(10), Duration::from_millis(30));
        let server = |dead: bool| {
            let script = answering().latency(slow.0, slow.1);
            Server::start(if dead { script.dead(from, until, *way) } else { script })
        };
        let run = |dead: bool| {
            let servers = [server(dead), server(false), server(false), server(false)];
            let all: Vec<&Server> = servers.iter().collect();
            let sandbox = Sandbox::new();
            let run = ask(ground, &sandbox, &all, &["-j", "8", "--limits", "process"], &prompts(0..records));
            let seen = super::seen::Seen::read(&run, ground.mutant);
            let others = servers[1..]
                .iter()
                .filter_map(|server| server.calls().iter().filter_map(|call| call.ended_at).max());
            let over = others.max().unwrap_or_default();
            (servers[0].count_between(from, until), seen, over)
        };
        let (_, _, alone) = run(false);
        let (calls, seen, beside) = run(true);
        let what = format!("{name} for {seconds} s, on sockets");
        rows.push(Row::at_most(format!("calls to a target while it is dead: {what}"), 60.0, calls as f64));
        rows.push(Row::exactly(format!("records failed by the outage: {what}"), 0, seen.errors()));
        let slower = beside.as_secs_f64() / alone.as_secs_f64();
        rows.push(Row::at_most(
            format!("time of the other targets beside it: {what}"),
            ground.size(1.05, 1.25),
            slower,
        ));
    }
    rows
}
