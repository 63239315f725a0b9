//! What a stream of prompts that never stops waits for: `metronome RATE COUNT COMMAND [ARGUMENT]…`
//!
//! Starts the command, writes COUNT prompts to it, RATE a second, and reads its answers as they come. The upstream
//! must have been told to `stamp`: then each answer says when its call came in and when its answer left, and what
//! is printed is the time that the command itself added, before and behind, in microseconds. All answers are
//! counted; the times are those of prompts after the first second (a fifth of a shorter run), in which the command
//! starts and opens its connections.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [rate, count, program, rest @ ..] = arguments.as_slice() else {
        eprintln!("usage: metronome RATE COUNT COMMAND [ARGUMENT]…");
        return ExitCode::from(2);
    };
    let (rate, count): (u32, usize) =
        (rate.parse().expect("RATE is a number"), count.parse().expect("COUNT is one"));
    let child = Command::new(program).args(rest).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut child = child.expect("the command starts");
    let written = Mutex::new(vec![0; count]);
    let begin = Instant::now();
    let (answers, added) = std::thread::scope(|scope| {
        let mut sink = child.stdin.take().expect("it is a pipe");
        scope.spawn(|| {
            for at in 0..count {
                let due = begin + Duration::from_secs_f64(at as f64 / f64::from(rate));
                std::thread::sleep(due.saturating_duration_since(Instant::now()));
                let prompt = prompt(at);
                written.lock().expect("nobody panics")[at] = nanos();
                sink.write_all(prompt.as_bytes()).expect("the command reads");
            }
            drop(sink);
        });
        read(&mut child, &written, count.min(5 * rate as usize) / 5)
    });
    let seconds = begin.elapsed().as_secs_f64();
    let status = child.wait().expect("it is our child");
    println!("{}", report(answers, added, seconds));
    if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn prompt(at: usize) -> String {
    format!(
        "{{\"id\":\"{at}\",\"prompt\":\"Say it in one sentence. [[id:{at}]] {}\"}}\n",
        "word ".repeat(100)
    )
}

/// How many answers came, and the nanoseconds that each was held up from prompt number `from` on.
fn read(child: &mut Child, written: &Mutex<Vec<u64>>, from: usize) -> (usize, Vec<u64>) {
    let source = child.stdout.take().expect("it is a pipe");
    let (mut answers, mut added) = (0, Vec::new());
    for line in BufReader::with_capacity(1 << 20, source).lines() {
        let line = line.expect("the output is text");
        let Some((at, came, left)) = stamps(&line) else { continue };
        let now = nanos();
        let begun = written.lock().expect("nobody panics")[at];
        answers += 1;
        if at >= from {
            added.push(came.saturating_sub(begun) + now.saturating_sub(left));
        }
    }
    (answers, added)
}

/// The number of the prompt, and when its call came and its answer left.
fn stamps(line: &str) -> Option<(usize, u64, u64)> {
    let (_, marked) = line.split_once("[[id:")?;
    let (at, rest) = marked.split_once("]] [[at:")?;
    let (came, rest) = rest.split_once(',')?;
    let (left, _) = rest.split_once("]]")?;
    Some((at.parse().ok()?, came.parse().ok()?, left.parse().ok()?))
}

fn report(answers: usize, mut added: Vec<u64>, seconds: f64) -> String {
    added.sort_unstable();
    let last = added.len().saturating_sub(1);
    let at = |share: usize| added.get((added.len() * share / 1000).min(last)).map_or(0, |ns| ns / 1000);
    let (p50, p98, p99, most) = (at(500), at(980), at(990), at(1000));
    format!(
        "{{\"answers\":{answers},\"seconds\":{seconds:.3},\"p50_us\":{p50},\"p98_us\":{p98},\"p99_us\":{p99},\
         \"max_us\":{most}}}"
    )
}

fn nanos() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}
