//! P1, P14, P23: each call ends exactly once, lines are whole, and the counts are those of the ledger.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use super::fanout::{ask, good, prompt, targets};
use super::seen::Seen;
use super::{Ground, Row};
use crate::chance;
use crate::command::Sandbox;
use crate::golden::SplitMix64;
use crate::server::{Faults, Mix, Server};
use crate::sim::{self, World};

/// Runs `check` for every seed on `threads` threads; the complaints, each with its seed.
pub(super) fn each(
    seeds: &Range<u64>,
    threads: usize,
    check: impl Fn(u64) -> Vec<String> + Sync,
) -> Vec<String> {
    let next = AtomicU64::new(seeds.start);
    let found = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end {
                        return;
                    }
                    let complaints = check(seed).into_iter().map(|what| (seed, what));
                    found.lock().unwrap_or_else(PoisonError::into_inner).extend(complaints);
                }
            });
        }
    });
    let mut found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    found.sort();
    found.into_iter().map(|(seed, what)| format!("seed {seed}: {what}")).collect()
}

/// The scheduler in random worlds.
pub(super) fn simulated(ground: &Ground) -> Vec<Row> {
    let seeds = ground.seeds(100_000, 400);
    let broken = each(&seeds, 2, |seed| {
        let Err(broken) = sim::run(&World::random(seed), ground.mutant) else { return Vec::new() };
        let before = if ground.seeds == Some(1) { broken.before.join("\n") + "\n" } else { String::new() };
        vec![format!("{before}at {:?}: {}", broken.at, broken.what)]
    });
    vec![Row::clean("simulated worlds: each call ends once, within every limit", &broken).seeds(&seeds)]
}

/// The program in front of servers that do everything wrong.
pub(super) fn on_sockets(ground: &Ground) -> Vec<Row> {
    // The seeds beyond 100,000 of the simulator are many; a socket costs more.
    let seeds = match ground.seeds {
        Some(count) => ground.from..ground.from + count.min(10_000),
        None => ground.seeds(200, 6),
    };
    let broken = each(&seeds, 4, |seed| on_sockets_with(ground, seed));
    vec![
        Row::clean("on sockets: each call ends once, lines are whole, counts are the ledger's", &broken)
            .seeds(&seeds),
    ]
}

fn on_sockets_with(ground: &Ground, seed: u64) -> Vec<String> {
    let mut dice = SplitMix64::new(seed);
    let count = 1 + dice.below(4);
    let records = 10 + dice.below(30) as u64;
    let mix = match dice.below(3) {
        0 => Mix::rough(),
        1 => Mix::scattered(0.3),
        _ => Mix::everything(0.4),
    };
    let servers: Vec<Server> = (0..count as u64)
        .map(|index| Faults { seed: chance::mixed(seed, &[index]), mix: mix.clone() }.script_with(good))
        .map(|script| Server::start(script.latency(Duration::ZERO, Duration::from_millis(20))))
        .collect();
    let slots = (1 + dice.below(16)).to_string();
    let attempts = (1 + dice.below(4)).to_string();
    let mut arguments =
        vec!["-j", &slots, "--attempts", &attempts, "--timeout", "400ms", "--limits", "process"];
    for (flag, times) in [("--stream", 3), ("--hedge", 4)] {
        if dice.one_in(times) {
            arguments.push(flag);
        }
    }
    let mut input = String::new();
    let mut broken = 0;
    for number in 0..records {
        if dice.one_in(50) {
            input += "{\"type\":\"prompt\",\"text\":\n";
            broken += 1;
        }
        input += &prompt(number);
    }
    let all: Vec<&Server> = servers.iter().collect();
    let run = ask(ground, &Sandbox::new(), &all, &arguments, &input);
    let out = Seen::read(&run, ground.mutant);
    let names: Vec<&str> = targets(count).collect();
    let mut complaints = out.conserves(records, &names);
    if out.strays != broken {
        complaints.push(format!("{} error records for {broken} broken lines", out.strays));
    }
    let calls: usize = servers.iter().map(Server::count).sum();
    if calls as u64 != out.attempts() {
        complaints.push(format!("{calls} calls in the ledger, {} attempts in the records", out.attempts()));
    }
    if run.stderr().contains("panicked") || !matches!(run.code(), 0 | 1 | 4) {
        complaints.push(format!(
            "status {}: {}",
            run.status(),
            run.stderr().lines().last().unwrap_or_default()
        ));
    }
    complaints
}
