//! P12: a signal ends the sending at once, the run soon, and nothing that was paid for is lost.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use super::conservation::each;
use super::fanout::{answering, ask, command, prompts};
use super::kill::{journaled, prompt_of};
use super::seen::Seen;
use super::{Ground, Row};
use crate::chance;
use crate::command::{Sandbox, Signal, Status};
use crate::mutant::Mutant;
use crate::server::{Place, Reply, Server};
use crate::sync::lock;

const RECORDS: u64 = 400;

/// One signal at a random time, then the same command again.
pub(super) fn once(ground: &Ground) -> Vec<Row> {
    let seeds = ground.seeds(200, 3);
    let worst = Mutex::new(Duration::ZERO);
    let broken = each(&seeds, 2, |seed| {
        let (complaints, latest) = once_with(ground, seed);
        let mut worst = lock(&worst);
        *worst = latest.max(*worst);
        complaints
    });
    let latest = lock(&worst).as_secs_f64() * 1e3;
    vec![
        // A slice is run beside other tests, on a machine that may not let anybody run for a while.
        Row::at_most("ms from a signal to the last new call", ground.size(50.0, 250.0), latest).seeds(&seeds),
        Row::clean("runs that a signal stopped end by it and can be resumed", &broken).seeds(&seeds),
    ]
}

/// Complaints, and how long after the signal the last new call arrived.
fn once_with(ground: &Ground, seed: u64) -> (Vec<String>, Duration) {
    let draw = |what: u64| chance::unit(seed, &[what]);
    let server = Server::start(answering().latency(Duration::from_millis(5), Duration::from_millis(60)));
    let sandbox = Sandbox::new();
    let input = prompts(0..RECORDS);
    let arguments = ["-j", "8", "--journal", "j.ndjson", "--limits", "process"];
    let signal = if draw(1) < 0.5 { Signal::TERM } else { Signal::INT };
    let mut running = command(ground, &sandbox, &[&server], &arguments).spawn();
    let write = running.write(&input);
    thread::sleep(Duration::from_millis(30) + Duration::from_millis(800).mul_f64(draw(2)));
    let at = server.now();
    let late = Duration::from_millis(if ground.is(Mutant::HearsSignalsLate) { 400 } else { 0 });
    thread::sleep(late);
    running.signal(signal);
    let run = running.wait();
    let last = server.calls().last().map_or(Duration::ZERO, |call| call.at.saturating_sub(at));
    let mut complaints = Vec::new();
    if write.is_err() {
        complaints.push("the program stopped reading before the signal".to_owned());
    }
    // A run that was over before the signal came has nothing to be judged.
    let over = run.status() == Status::Code(0);
    if !over && run.status() != Status::Signal(signal.as_raw()) {
        complaints.push(format!("signal {} ended it with {}", signal.as_raw(), run.status()));
    }
    let out = Seen::read(&run, None);
    complaints.extend(out.complaints.clone());
    complaints.extend(again(ground, &sandbox, &server, &input, &arguments));
    (complaints, if over { Duration::ZERO } else { last })
}

/// Runs the same command again: what is in the journal is printed and not asked.
fn again(
    ground: &Ground,
    sandbox: &Sandbox,
    server: &Server,
    input: &str,
    arguments: &[&str],
) -> Vec<String> {
    let known = journaled(sandbox);
    let before = server.count();
    let run = ask(ground, sandbox, &[server], arguments, input);
    let mut complaints = Seen::read(&run, None).conserves(RECORDS, &["ollama:m"]);
    let asked: BTreeSet<String> = server.calls()[before..].iter().map(prompt_of).collect();
    if let Some(twice) = asked.intersection(&known).next() {
        complaints.push(format!("{twice} is in the journal and was asked again"));
    }
    if run.status() != Status::Code(0) {
        complaints.push(format!("the second run ends with {}", run.status()));
    }
    complaints
}

/// A second signal ends a run whose calls hang.
pub(super) fn twice(ground: &Ground) -> Vec<Row> {
    let seeds = ground.seeds(20, 2);
    let mut longest = Duration::ZERO;
    for seed in seeds.clone() {
        let server = Server::start(Reply::text("never").stalled(Place::BeforeHeaders));
        let arguments = ["-j", "8", "--limits", "process"];
        let mut running = command(ground, &Sandbox::new(), &[&server], &arguments).spawn();
        running.write(prompts(0..50)).expect("the program reads");
        assert!(server.wait_until(Duration::from_secs(10), |calls| calls.len() >= 8), "the calls begin");
        running.signal(Signal::INT);
        thread::sleep(Duration::from_millis(50 + 20 * (seed % 5)));
        let since = now();
        running.signal(Signal::INT);
        drop(running.wait());
        longest = longest.max(since.elapsed());
    }
    vec![
        Row::at_most(
            "ms from a second signal to the end",
            ground.size(200.0, 500.0),
            longest.as_secs_f64() * 1e3,
        )
        .seeds(&seeds),
    ]
}

#[allow(clippy::disallowed_methods, reason = "programs and signals live in real time")]
fn now() -> Instant {
    Instant::now()
}
