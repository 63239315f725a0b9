//! The journal between processes and on real files: one holder, `kill -9`, full disks, and what it costs.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use ultra_core::clock::{Clock, Frozen, System};
use ultra_core::failure::{Exit, Failure};
use ultra_core::record::{Message, Response, Role};
use ultra_store::journal::{Durability, Entry, State};
use ultra_store::key::Call;
use ultra_store::{Journal, JournalOptions, Key};

/// Where the started process finds the journal.
const PATH: &str = "ULTRA_TEST_JOURNAL";
/// How many calls it makes.
const CALLS: &str = "ULTRA_TEST_CALLS";

fn key(n: usize) -> Key {
    let messages = [Message::new(Role::User, n.to_string())];
    let call = Call {
        namespace: "",
        provider: "mock",
        base_url: "",
        model: "a",
        messages: &messages,
        params: None,
        output_schema: None,
        sample: 0,
        options: "",
        seed: Some(0),
    };
    call.key()
}

fn entry(n: usize) -> Entry {
    let record = format!(
        r#"{{"id":"i","request_id":"r","prompt_id":"p","target":"mock:a","sample":0,"stage":"answer","model":"a","text":"answer {n} {}","finish_reason":"stop","usage":{{"input_tokens":100,"output_tokens":100}},"attempts":1,"timing":{{"queue_ms":1,"total_ms":9}}}}"#,
        "word ".repeat(n % 200)
    );
    let response: Response = serde_json::from_str(&record).expect("is a response");
    Entry::from(&response)
}

fn open(path: &Path) -> Result<Journal, Failure> {
    Journal::open(path, JournalOptions::default(), Arc::new(Frozen))
}

fn place() -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::TempDir::new().expect("makes a directory");
    let path = directory.path().join("run.journal");
    (directory, path)
}

fn fill(journal: &mut Journal, calls: std::ops::Range<usize>) -> Result<(), Failure> {
    for n in calls {
        journal.intend(&key(n));
        journal.flush()?;
        journal.done(&key(n), &entry(n));
        journal.flush()?;
    }
    Ok(())
}

/// The life of one run: not a test of its own, but what other tests start as a process. It says which calls
/// are journaled, and stays until its stdin ends.
#[test]
fn as_a_run() {
    let variable = |name| {
        #[expect(clippy::disallowed_methods, reason = "tells the started process what it is")]
        std::env::var(name).ok()
    };
    let (Some(path), Some(calls)) = (variable(PATH), variable(CALLS)) else { return };
    let say = |text: &str| writeln!(std::io::stderr(), "{text}").expect("writes");
    let mut journal = match open(Path::new(&path)) {
        Ok(journal) => journal,
        Err(failure) => return say(&format!("refused {} {failure}", failure.exit().code())),
    };
    for n in 0..calls.parse().expect("is a number") {
        if let Err(failure) = fill(&mut journal, n..n + 1) {
            return say(&format!("failed {} {failure}", failure.exit().code()));
        }
        say(&format!("done {n}"));
    }
    say("ready");
    #[expect(clippy::disallowed_methods, reason = "waits for the test that started it")]
    let _ = std::io::stdin().read_line(&mut String::new());
}

/// Starts a run by a shell that prepares for it.
fn start(path: &Path, calls: usize, prepare: &str) -> (Child, impl Iterator<Item = String> + use<>) {
    let program = std::env::current_exe().expect("is a program");
    let mut child = Command::new("sh")
        .arg("-c")
        .arg(format!("{prepare}\nexec \"$0\" --exact as_a_run --nocapture"))
        .arg(program)
        .env(PATH, path)
        .env(CALLS, calls.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("starts");
    let lines = BufReader::new(child.stderr.take().expect("is piped")).lines().map_while(Result::ok);
    (child, lines)
}

fn end(mut child: Child) {
    child.kill().expect("kills");
    child.wait().expect("ends");
}

#[test]
fn f127_a_second_run_is_refused_with_the_pid_of_the_first_and_a_killed_one_is_gone_at_once() {
    let (_directory, path) = place();
    let (child, mut said) = start(&path, 1, "");
    assert!(said.any(|line| line == "ready"));
    let failure = open(&path).expect_err("is held");
    assert_eq!(failure.exit(), Exit::Stopped);
    let expected = format!("the journal {} is in use by process {}", path.display(), child.id());
    assert_eq!(failure.to_string(), expected);
    let (mut second, mut said_by_second) = start(&path, 1, "");
    let refused = said_by_second.find(|line| line.starts_with("refused")).expect("is refused");
    assert_eq!(refused, format!("refused 75 {expected}"));
    second.wait().expect("ends");
    end(child);
    assert_eq!(open(&path).expect("is free at once").len(), 1);
}

#[test]
fn p2_a_run_killed_at_any_time_has_every_call_that_it_said_was_done() {
    let ((_directory, path), mut most) = (place(), 0);
    for kill_at in [1, 17, 60, 150, 333] {
        let (mut child, said) = start(&path, 100_000, "");
        let mut done = 0;
        for line in said {
            done = line.strip_prefix("done ").map_or(done, |n| n.parse::<usize>().expect("is a number") + 1);
            if done >= kill_at {
                let _ = child.kill();
            }
        }
        child.wait().expect("ends");
        assert!(done >= kill_at);
        most = most.max(done);
        let journal = open(&path).expect("opens");
        for n in 0..most {
            assert_eq!(journal.get(&key(n)).expect("reads"), Some(entry(n)), "killed after {done}");
        }
        assert!(journal.len() <= most + 1 && journal.recovered().uncertain <= 1);
    }
}

#[test]
fn f133_whatever_the_umask_a_journal_is_its_owners_alone() {
    for umask in ["000", "777", "022"] {
        let (_directory, path) = place();
        let (child, mut said) = start(&path, 1, &format!("umask {umask}"));
        assert!(said.any(|line| line == "ready"));
        let mode = std::fs::metadata(&path).expect("is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "umask {umask}");
        end(child);
    }
    let (_directory, path) = place();
    open(&path).expect("opens").close().expect("closes");
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).expect("changes");
    open(&path).expect("opens");
    assert_eq!(std::fs::metadata(&path).expect("is there").permissions().mode() & 0o777, 0o600);
}

#[test]
fn f123_a_file_that_cannot_grow_stops_the_run_and_the_next_one_goes_on() {
    let (_directory, path) = place();
    let (mut child, said) = start(&path, 100_000, "trap '' XFSZ; ulimit -f 20");
    let said: Vec<_> = said.collect();
    child.wait().expect("ends");
    let failed = said.iter().find(|line| line.starts_with("failed")).expect("fails");
    assert!(
        failed.starts_with(&format!("failed 3 cannot write the journal {}: File too large", path.display()))
    );
    let done = said.iter().filter(|line| line.starts_with("done")).count();
    assert!(done > 5, "{said:?}");
    let mut journal = open(&path).expect("opens");
    assert!((done..=done + 1).contains(&journal.len()), "{} of {done}", journal.len());
    (0..done).for_each(|n| assert_eq!(journal.get(&key(n)).expect("reads"), Some(entry(n))));
    fill(&mut journal, done..done + 50).expect("goes on");
    drop(journal);
    assert_eq!(open(&path).expect("opens").len(), done + 50);
}

#[test]
fn what_is_not_a_regular_file_is_refused_without_waiting_for_it() {
    let directory = tempfile::TempDir::new().expect("makes a directory");
    let pipe = directory.path().join("pipe");
    let made = Command::new("mkfifo").arg(&pipe).status().expect("runs");
    assert!(made.success());
    let circle = directory.path().join("circle");
    symlink(&circle, &circle).expect("links");
    let below = directory.path().join("file").join("journal");
    std::fs::write(directory.path().join("file"), "").expect("writes");
    let paths = [
        directory.path(),
        &pipe,
        &circle,
        &below,
        Path::new("/dev/null"),
        Path::new("/dev/full"),
        Path::new("/dev/tty"),
    ];
    for path in paths {
        let failure = open(path).expect_err("is refused");
        assert_eq!(failure.exit(), Exit::Usage, "{failure}");
    }
}

#[test]
fn f125_a_journal_that_cannot_be_made_is_told_before_anything_is_sent() {
    let directory = tempfile::TempDir::new().expect("makes a directory");
    let failure = open(&directory.path().join("none").join("journal")).expect_err("is refused");
    assert_eq!((failure.exit(), failure.hints().len()), (Exit::Io, 1), "{failure}");
    for path in ["/proc/ultra.journal", "/sys/ultra.journal"] {
        let failure = open(Path::new(path)).expect_err("is refused");
        assert_eq!(failure.exit(), Exit::Io, "{failure}");
    }
}

/// The memory of this process in KiB.
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("reads");
    let line = status.lines().find(|line| line.starts_with("VmRSS")).expect("is there");
    line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).expect("is a number")
}

/// The processor time of this process, to 10 ms.
fn processor_ms() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("reads");
    let (_, fields) = stat.rsplit_once(") ").expect("is there");
    let field =
        |at| fields.split(' ').nth(at).and_then(|number| number.parse::<u64>().ok()).expect("is there");
    (field(11) + field(12)) * 10
}

#[test]
fn a_journal_of_100_000_calls_opens() {
    let (_directory, path) = place();
    let mut journal = open(&path).expect("opens");
    for n in 0..100_000 {
        journal.done(&key(n), &entry(n % 4));
        if n % 1000 == 0 {
            journal.flush().expect("writes");
        }
    }
    journal.close().expect("closes");
    let journal = open(&path).expect("opens");
    assert_eq!((journal.len(), journal.state(&key(99_999))), (100_000, State::Done));
}

#[test]
#[ignore = "a measurement: run it alone, with --release and --nocapture"]
fn what_a_record_costs() {
    const N: usize = 1_000_000;
    let keys: Vec<Key> = (0..N).map(key).collect();
    let entries: Vec<Entry> = (0..200).map(entry).collect();
    let clock = Arc::new(System::start());
    let (_directory, path) = place();
    let mut journal = Journal::open(&path, JournalOptions::default(), clock.clone()).expect("opens");
    let (used, before) = (processor_ms(), resident_kib());
    for batch in (0..N / 16).map(|batch| batch * 16..(batch + 1) * 16) {
        for n in batch.clone() {
            journal.intend(&keys[n]);
        }
        journal.flush().expect("writes");
        for n in batch {
            journal.done(&keys[n], &entries[n % 200]);
        }
        journal.flush().expect("writes");
    }
    let index = (resident_kib() - before) as f64 * 1024.0 / N as f64;
    journal.close().expect("closes");
    let used = (processor_ms() - used) as f64 * 1000.0 / N as f64;
    println!("Power, 16 a flush: {used:.2} us processor and {index:.1} bytes of memory each");
    let bytes = std::fs::metadata(&path).expect("is there").len();
    let (started, used) = (clock.elapsed(), processor_ms());
    let journal = Journal::open(&path, JournalOptions::default(), clock.clone()).expect("opens");
    let (took, used) = (clock.elapsed().saturating_sub(started), processor_ms() - used);
    println!("open {N} calls, {} MiB: {took:?}, {used} ms processor", bytes >> 20);
    let (started, mut there) = (clock.elapsed(), 0);
    for key in &keys[..100_000] {
        there += usize::from(journal.get(key).expect("reads").is_some());
    }
    println!("get: {:?} each ({there})", clock.elapsed().saturating_sub(started) / 100_000);
    for durability in [Durability::None, Durability::Power, Durability::Record] {
        let n = if durability == Durability::Record { 2000 } else { 200_000 };
        let (_directory, path) = place();
        let options = JournalOptions { durability, ..JournalOptions::default() };
        let mut journal = Journal::open(&path, options, clock.clone()).expect("opens");
        let (started, used) = (clock.elapsed(), processor_ms());
        for n in 0..n {
            journal.intend(&keys[n]);
            journal.flush().expect("writes");
            journal.done(&keys[n], &entries[n % 200]);
            journal.flush().expect("writes");
        }
        let (took, used) = (clock.elapsed().saturating_sub(started), processor_ms() - used);
        let per = |ms: u64| ms as f64 * 1000.0 / n as f64;
        println!(
            "{durability:?}, intent and done, each flushed: {:.2} us processor, {:?} each",
            per(used),
            took / u32::try_from(n).expect("fits")
        );
    }
}
