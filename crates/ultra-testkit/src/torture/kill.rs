//! P2, P3: killed at any time, run again, nothing in the journal is bought twice and nothing is lost.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use super::conservation::each;
use super::fanout::{answering, command, prompt, prompts};
use super::seen::Seen;
use super::{Ground, Row};
use crate::chance;
use crate::command::{Command, Run, Sandbox, Signal, Status};
use crate::golden::SplitMix64;
use crate::mutant::Mutant;
use crate::server::{Call, Server};

const JOURNAL: &str = "j.ndjson";

/// How a run is killed.
#[derive(Clone, Copy, Debug)]
enum Kill {
    /// After so long.
    After(Duration),
    /// In the middle of the write that makes a file longer than this: the system refuses the rest.
    AtByte(u64),
    /// At the write of this number, of any file or pipe.
    AtWrite(usize),
}

impl Kill {
    fn random(dice: &mut SplitMix64, longest: Duration, bytes: usize) -> Self {
        match dice.below(4) {
            0 => Self::AtByte(1 + dice.below(bytes) as u64),
            1 => Self::AtWrite(1 + dice.below(bytes / 250)),
            _ => Self::After(longest.mul_f64(dice.below(1_000) as f64 / 1e3)),
        }
    }

    /// Runs a command until it is killed, or to its end.
    fn run(self, command: Command, input: &str) -> Run {
        let after = match self {
            Self::After(after) => after,
            // The system ends it.
            Self::AtByte(_) | Self::AtWrite(_) => Duration::ZERO,
        };
        let mut running = command.spawn();
        // It may be dead before it has read everything.
        drop(running.write(input));
        running.close_stdin();
        if !matches!(self, Self::After(_)) {
            return running.wait();
        }
        thread::sleep(after);
        running.signal(Signal::KILL);
        running.wait()
    }

    /// Whether an end with this status is as it should be: by the signal, because the journal cannot be written,
    /// or before it came to either.
    fn explains(self, status: Status) -> bool {
        match status {
            Status::Signal(number) => number == Signal::KILL.as_raw() || matches!(self, Self::AtByte(_)),
            Status::Code(code) => code == 0 || (code == 3 && matches!(self, Self::AtByte(_))),
        }
    }

    /// The same command, ended by the system where that is asked for.
    fn arm(self, command: Command) -> Command {
        match self {
            Self::AtWrite(number) => {
                let kill = format!("inject=write,writev:signal=KILL:when={number}");
                command.through(
                    "strace",
                    ["-f", "-qq", "-o", "/dev/null", "-e", "trace=write,writev", "-e", &kill],
                )
            }
            Self::After(_) => command,
            Self::AtByte(bytes) => {
                command.through("prlimit", [format!("--fsize={bytes}"), "--core=0".to_owned()])
            }
        }
    }
}

/// The prompt of a call, as in its text.
pub(super) fn prompt_of(call: &Call) -> String {
    call.request.prompt()
}

/// The prompts whose answer is in a whole line of the journal.
pub(super) fn journaled(sandbox: &Sandbox) -> BTreeSet<String> {
    let bytes = fs::read(sandbox.path(JOURNAL)).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
    let done = whole.lines().filter(|line| line.starts_with(r#"{"type":"done""#));
    done.filter_map(|line| {
        let at = line.find("A-")?;
        Some(format!("Q-{}", line.get(at + 2..at + 9)?))
    })
    .collect()
}

/// Cuts the last result off the journal, as no crash does.
fn lose_the_tail(sandbox: &Sandbox) {
    let bytes = fs::read(sandbox.path(JOURNAL)).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    if let Some(at) = text.rfind(r#"{"type":"done""#) {
        sandbox.write(JOURNAL, &text.as_bytes()[..at]);
    }
}

/// The program in front of a server: up to five kills, then a run to the end with the input in another order.
pub(super) fn on_sockets(ground: &Ground) -> Vec<Row> {
    let seeds = ground.seeds(334, 5);
    let (kills, extra) = (AtomicU64::new(0), AtomicU64::new(0));
    let broken = each(&seeds, 2, |seed| on_sockets_with(ground, seed, &kills, &extra));
    let (kills, extra) = (kills.into_inner(), extra.into_inner());
    vec![
        Row::clean(format!("{kills} kills: nothing journaled is asked again, nothing is lost"), &broken)
            .seeds(&seeds),
        Row::at_most(
            format!("calls bought twice, a kill ({kills} kills, 8 in flight)"),
            8.0,
            extra as f64 / kills.max(1) as f64,
        )
        .seeds(&seeds),
    ]
}

fn on_sockets_with(ground: &Ground, seed: u64, kills: &AtomicU64, extra: &AtomicU64) -> Vec<String> {
    let mut dice = SplitMix64::new(seed);
    let (records, slots) = (40_u64, 8);
    let server = Server::start(answering().latency(Duration::from_millis(2), Duration::from_millis(30)));
    let sandbox = Sandbox::new();
    let durability = dice.pick(&["record", "power", "none"]);
    let arguments = ["-j", "8", "--journal", JOURNAL, "--durability", durability, "--limits", "process"];
    let mut complaints = Vec::new();
    let mut killed = 0;
    for _ in 0..=dice.below(5) {
        let kill = Kill::random(&mut dice, Duration::from_millis(150), 25_000);
        let (known, before) = (journaled(&sandbox), server.count());
        let input = input_of(ground, &mut dice, records);
        let run = kill.run(kill.arm(command(ground, &sandbox, &[&server], &arguments)), &input);
        killed += u64::from(run.status() != Status::Code(0));
        if !kill.explains(run.status()) {
            complaints.push(format!("{kill:?} ends with {}: {}", run.status(), run.stderr()));
        }
        complaints.extend(asked_again(&server, before, &known));
        let out = Seen::of(run.stdout_bytes(), true, None);
        complaints.extend(out.complaints.clone());
        let journal = journaled(&sandbox);
        let printed = out.answered().map(|prompt| format!("Q-{}.", &prompt[1..]));
        let unknown: Vec<String> = printed.filter(|prompt| !journal.contains(prompt)).collect();
        // What was in flight when the journal could not grow any more is paid for, so it is printed all the same.
        let allowed = if matches!(kill, Kill::AtByte(_)) { slots } else { 0 };
        if unknown.len() as u64 > allowed {
            complaints.push(format!("printed and not in the journal after {kill:?}: {unknown:?}"));
        }
        if ground.is(Mutant::LosesTheJournalsTail) {
            complaints.extend(without_the_tail(ground, &sandbox, &server, &arguments, &input));
        }
    }
    let (known, before) = (journaled(&sandbox), server.count());
    let run =
        command(ground, &sandbox, &[&server], &arguments).stdin(input_of(ground, &mut dice, records)).run();
    complaints.extend(asked_again(&server, before, &known));
    complaints.extend(Seen::read(&run, None).conserves(records, &["ollama:m"]));
    if run.status() != Status::Code(0) {
        complaints.push(format!("the last run ends with {}: {}", run.status(), run.stderr()));
    }
    let twice = server.count() as u64 - records.min(server.count() as u64);
    if twice > slots * killed && !ground.is(Mutant::ChangesTheRecords) {
        complaints.push(format!("{twice} calls more than records after {killed} kills of {slots} in flight"));
    }
    kills.fetch_add(killed, Ordering::Relaxed);
    extra.fetch_add(twice, Ordering::Relaxed);
    complaints
}

/// What the same check says when the journal loses its last record in between.
fn without_the_tail(
    ground: &Ground,
    sandbox: &Sandbox,
    server: &Server,
    arguments: &[&str],
    input: &str,
) -> Vec<String> {
    let (known, before) = (journaled(sandbox), server.count());
    lose_the_tail(sandbox);
    drop(command(ground, sandbox, &[server], arguments).stdin(input).run());
    asked_again(server, before, &known)
}

/// The input in a random order.
fn input_of(ground: &Ground, dice: &mut SplitMix64, records: u64) -> String {
    let mut numbers: Vec<u64> = (0..records).collect();
    for last in (1..numbers.len()).rev() {
        numbers.swap(last, dice.below(last + 1));
    }
    let text: String = numbers.into_iter().map(prompt).collect();
    if ground.is(Mutant::ChangesTheRecords) {
        // The same prompts to a human, other calls to a journal that is keyed by content.
        let salt = chance::mixed(dice.next_u64(), &[]);
        return text.replace(r#""text":"#, &format!(r#""system":"{salt}","text":"#));
    }
    text
}

/// Calls since `before` whose answer was known.
fn asked_again(server: &Server, before: usize, known: &BTreeSet<String>) -> Vec<String> {
    let asked = server.calls()[before..].iter().map(prompt_of).collect::<Vec<_>>();
    let again = asked.into_iter().filter(|prompt| known.contains(prompt));
    again.map(|prompt| format!("{prompt} is in the journal and was asked again")).collect()
}

/// A journal serves an input that is longer, shorter and in another order: only what is new is asked.
pub(super) fn other_inputs(ground: &Ground) -> Vec<Row> {
    let seeds = ground.seeds(20, 2);
    let broken = each(&seeds, 2, |seed| {
        let mut dice = SplitMix64::new(seed);
        let server = Server::start(answering());
        let sandbox = Sandbox::new();
        let arguments = ["-j", "8", "--journal", JOURNAL, "--limits", "process"];
        let run = |input: String| command(ground, &sandbox, &[&server], &arguments).stdin(input).run();
        drop(run(input_of(ground, &mut dice, 40)));
        let before = server.count();
        // Four are gone, four are new, and one has been edited.
        let input = input_of(ground, &mut dice, 44);
        let gone = |line: &&str| !(0..4).any(|number| line.contains(&format!("Q-{number:06}.")));
        let input: String = input.lines().filter(gone).map(|line| line.to_owned() + "\n").collect();
        let last = run(input.replace("Q-000020.", "Q-000020. Really?"));
        let mut asked: Vec<String> = server.calls()[before..].iter().map(prompt_of).collect();
        asked.sort();
        let new = ["Q-000020. Really?", "Q-000040.", "Q-000041.", "Q-000042.", "Q-000043."];
        let answers = Seen::read(&last, None).answers();
        if asked == new && answers == 40 {
            return Vec::new();
        }
        vec![format!("{answers} answers of 40, and asked were {asked:?}")]
    });
    vec![
        Row::clean("another input with the same journal: what is new is asked, and no more", &broken)
            .seeds(&seeds),
    ]
}

/// Mock models: the output of the run that is not killed any more is that of one that never was.
pub(super) fn of_mocks(ground: &Ground) -> Vec<Row> {
    let seeds = ground.seeds(666, 5);
    let records = 400;
    let input = prompts(0..records);
    let arguments = ["--mock", "-m", "mock:a", "-m", "mock:b", "--journal", JOURNAL];
    let mock = |sandbox: &Sandbox| command(ground, sandbox, &[], &arguments);
    let whole = mock(&Sandbox::new()).stdin(input.as_str()).run();
    let kills = AtomicU64::new(0);
    let broken = each(&seeds, 2, |seed| {
        let mut dice = SplitMix64::new(seed);
        let sandbox = Sandbox::new();
        for _ in 0..=dice.below(5) {
            let kill = Kill::random(&mut dice, Duration::from_millis(60), 600_000);
            let run = kill.run(kill.arm(mock(&sandbox)), &input);
            kills.fetch_add(u64::from(run.status() != Status::Code(0)), Ordering::Relaxed);
        }
        let last = mock(&sandbox).stdin(input.as_str()).run();
        compare(&whole, &last)
    });
    let kills = kills.into_inner();
    let what = format!("{kills} kills of mock runs: the output is that of an uninterrupted one");
    vec![
        Row::clean(what, &broken).seeds(&seeds),
        Row::exactly("answers of the uninterrupted mock run", 2 * records, answers(&whole)),
    ]
}

fn answers(run: &Run) -> u64 {
    run.stdout().lines().filter(|line| line.starts_with(r#"{"type":"response""#)).count() as u64
}

/// Where two outputs differ first.
fn compare(whole: &Run, last: &Run) -> Vec<String> {
    if whole.stdout_bytes() == last.stdout_bytes() {
        return Vec::new();
    }
    let (left, right): (Vec<_>, Vec<_>) = (whole.stdout().lines().collect(), last.stdout().lines().collect());
    let mut count: BTreeMap<&str, i32> = BTreeMap::new();
    for line in &left {
        *count.entry(line).or_default() += 1;
    }
    for line in &right {
        *count.entry(line).or_default() -= 1;
    }
    let doubt = r#""uncertain_prior":true,"#;
    if last.stdout().replace(doubt, "") == whole.stdout() {
        return vec![format!(
            "{} answers say uncertain_prior, and nothing else differs",
            last.stdout().matches(doubt).count()
        )];
    }
    let order = if count.values().all(|count| *count == 0) { "another order" } else { "other lines" };
    let first = left.iter().zip(&right).find(|(left, right)| left != right).map_or("", |(_, right)| right);
    vec![format!(
        "{} lines instead of {}, {order}; status {}: {first:.200}",
        right.len(),
        left.len(),
        last.status()
    )]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::torture::fanout::answer_to;

    #[test]
    fn only_whole_lines_of_the_journal_count() {
        let sandbox = Sandbox::new();
        let line = |number: u64| {
            let answer = answer_to(&format!("Q-{number:06}."));
            format!(
                "{{\"type\":\"done\",\"key\":\"k\",\"response\":{{\"text\":\"{answer}\"}},\"sum\":\"s\"}}"
            )
        };
        sandbox.write(JOURNAL, format!("{}\n{{\"type\":\"intent\"}}\n{}\n{}", line(1), line(2), line(3)));
        assert_eq!(journaled(&sandbox).into_iter().collect::<Vec<_>>(), ["Q-000001.", "Q-000002."]);
        lose_the_tail(&sandbox);
        lose_the_tail(&sandbox);
        assert_eq!(journaled(&sandbox).len(), 1);
    }
}
