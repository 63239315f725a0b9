//! Cases 123 to 128: disks that are full, broken, read-only or shared, and journals that are damaged.

use ultra_testkit::command::{Run, Sandbox, Signal};
use ultra_testkit::server::{Place, Reply, Script, Server};

use super::{BOUND, SOON, ended, fanout, goes_on, questions, shell, sound};
use crate::tools::binary;

fn answering() -> Server {
    Server::start(Reply::text("yes"))
}

/// Runs five questions while one system call on the file `name` fails from its `nth` time on.
fn failing(server: &Server, sandbox: &Sandbox, name: &str, call: &str, nth: usize) -> Run {
    let (calls, error) = call.split_once('=').expect("call=ERROR");
    let keep = if name == "j" { "--journal j --durability record" } else { "--cache=c.db" };
    let line = format!(
        "strace -f -qq -o trace -P {name} -P \"$PWD/{name}\" -e trace={calls} -e inject={calls}:error={error}:when={nth}+ \
         ultra-fanout --lines -m vllm:m -j1 {keep}"
    );
    let run = shell(sandbox, server, &line).stdin(questions(5)).timeout(SOON).run();
    assert!(!run.stderr().contains("not found"), "strace is missing; scripts/test installs it\n{run}");
    let trace = String::from_utf8_lossy(&sandbox.read("trace")).into_owned();
    assert!(trace.contains("(INJECTED)"), "nothing failed: {trace}\n{run}");
    sound(&run);
    run
}

#[test]
fn case_123_a_call_that_cannot_be_written_down_is_not_bought() {
    for (call, nth) in
        [("pwrite64=ENOSPC", 1), ("pwrite64=ENOSPC", 4), ("pwrite64=EDQUOT", 2), ("pwrite64=EIO", 3)]
    {
        let (server, sandbox) = (answering(), Sandbox::new());
        let run = failing(&server, &sandbox, "j", call, nth);
        run.assert_status(3);
        assert!(run.stderr().contains("cannot write the journal"), "{run}");
        let intents = String::from_utf8_lossy(&sandbox.read("j")).matches(r#"{"type":"intent""#).count();
        assert!(server.count() <= intents, "{} calls, {intents} of them written down\n{run}", server.count());
        // What was paid for is still printed, though the journal could not take it.
        assert_eq!(run.records("response").len(), server.count(), "{run}");
        goes_on(&sandbox, &server, 5);
    }
}

#[test]
fn case_123_a_file_that_may_not_grow_is_a_full_disk() {
    let (server, sandbox) = (answering(), Sandbox::new());
    let run = fanout(&sandbox, &server)
        .args(["-j1", "--journal", "j"])
        .through("prlimit", ["--fsize=2048"])
        .stdin(questions(40))
        .run();
    run.assert_status(3);
    assert!(run.stderr().contains("cannot write the journal"), "{run}");
    goes_on(&sandbox, &server, 40);
}

#[test]
fn case_123_a_store_that_is_full_changes_no_result() {
    let (server, sandbox) = (answering(), Sandbox::new());
    let run = failing(&server, &sandbox, "c.db-wal", "pwrite64=ENOSPC", 1);
    run.assert_status(0);
    assert_eq!((run.records("response").len(), server.count()), (5, 5), "{run}");
    assert_eq!(run.stderr().matches("warning: cache").count(), 1, "{run}");
}

#[test]
fn case_124_a_sync_that_failed_is_not_trusted_and_not_repeated() {
    for nth in [1, 2] {
        let (server, sandbox) = (answering(), Sandbox::new());
        let run = failing(&server, &sandbox, "j", "fsync,fdatasync=EIO", nth);
        run.assert_status(3);
        assert!(run.stderr().contains("cannot write the journal"), "{run}");
        let trace = String::from_utf8_lossy(&sandbox.read("trace")).into_owned();
        assert_eq!(trace.matches("(INJECTED)").count(), 1, "{trace}");
        assert!(server.count() < nth, "nothing is bought after it: {} calls\n{run}", server.count());
        goes_on(&sandbox, &server, 5);
    }
}

#[test]
fn case_125_a_journal_that_cannot_be_made_is_told_before_anything_is_sent() {
    for error in ["EROFS", "EACCES", "EDQUOT", "ENOSPC"] {
        let (server, sandbox) = (answering(), Sandbox::new());
        let run = failing(&server, &sandbox, "j", &format!("?open,openat={error}"), 1);
        run.assert_status(3);
        assert!(run.stderr().contains("nothing was sent"), "{run}");
        assert_eq!((server.connections(), run.stdout()), (0, ""), "{run}");
    }
}

#[test]
fn case_125_a_directory_without_permission_refuses_a_journal_and_only_warns_for_a_store() {
    let (server, sandbox) = (answering(), Sandbox::new());
    let line = |keep| format!("{BOUND} mkdir -p d; chmod 500 d; bound ultra-fanout --lines -m vllm:m {keep}");
    let journal = shell(&sandbox, &server, &line("--journal d/j")).stdin(questions(2)).run();
    journal.assert_status(3);
    assert_eq!(server.connections(), 0, "{journal}");
    let store = shell(&sandbox, &server, &line("--cache=d/c.db")).stdin(questions(2)).run();
    store.assert_status(0);
    assert_eq!(store.records("response").len(), 2, "{store}");
    assert_eq!(store.stderr().matches("warning: cache").count(), 1, "{store}");
}

#[test]
fn case_127_a_journal_belongs_to_one_run_and_a_dead_one_lets_go_at_once() {
    let server = Server::start(Script::choose(|number, _| match number {
        0 => Reply::text("never").stalled(Place::BeforeHeaders),
        _ => Reply::text("yes"),
    }));
    let sandbox = Sandbox::new();
    let line = "echo $$ >pid; exec ultra-fanout --lines -m vllm:m --journal j";
    let mut first = shell(&sandbox, &server, line).spawn();
    first.write(questions(1)).expect("is read");
    assert!(server.wait_until(SOON, |calls| !calls.is_empty()));
    let second = fanout(&sandbox, &server).args(["--journal", "j"]).stdin(questions(1)).run();
    second.assert_status(75);
    let pid = String::from_utf8(sandbox.read("pid")).expect("a number");
    assert!(second.stderr().contains(&format!("in use by process {}\n", pid.trim())), "{second}");
    assert_eq!(server.count(), 1, "{second}");
    first.signal(Signal::KILL);
    first.wait().assert_signal(9);
    goes_on(&sandbox, &server, 1);
}

/// A journal with five calls, each of them known to be on the disk.
fn bought(server: &Server) -> Sandbox {
    let sandbox = Sandbox::new();
    let run = fanout(&sandbox, server).args(["-j1", "--journal", "j", "--durability", "record"]);
    run.stdin(questions(5)).run().assert_status(0);
    assert_eq!(ended(&sandbox, "j"), 5);
    sandbox
}

#[test]
fn case_128_a_torn_tail_is_cut_off_with_a_warning() {
    let server = answering();
    let sandbox = bought(&server);
    let mut journal = sandbox.read("j");
    journal.extend_from_slice(br#"{"type":"done","key":"00ff"#);
    sandbox.write("j", journal);
    let run = fanout(&sandbox, &server).args(["--journal", "j"]).stdin(questions(5)).run();
    run.assert_status(0);
    assert_eq!(run.stderr().matches("is cut off").count(), 1, "{run}");
    assert_eq!((run.records("response").len(), server.count()), (5, 5), "{run}");
}

#[test]
fn case_128_damage_in_the_middle_is_refused_and_repair_keeps_the_good() {
    let server = answering();
    let sandbox = bought(&server);
    let journal = String::from_utf8(sandbox.read("j")).expect("is text");
    sandbox.write("j", journal.replacen(r#""text":"yes""#, r#""text":"yea""#, 1));
    let run = fanout(&sandbox, &server).args(["--journal", "j"]).stdin(questions(5)).run();
    run.assert_status(3);
    assert!(
        run.stderr().contains("is damaged at line") && run.stderr().contains("--journal-repair"),
        "{run}"
    );
    assert_eq!(server.count(), 5, "{run}");
    let run =
        fanout(&sandbox, &server).args(["--journal", "j", "--journal-repair"]).stdin(questions(5)).run();
    run.assert_status(0);
    assert_eq!((run.records("response").len(), server.count()), (5, 6), "{run}");
    assert!(run.records("response").iter().all(|response| response["text"] == "yes"), "{run}");
}

#[test]
fn case_128_what_is_no_journal_is_left_alone() {
    let (server, sandbox) = (answering(), Sandbox::new());
    for content in ["my notes\n", "{\"type\":\"journal\",\"v\":9}\n"] {
        sandbox.write("j", content);
        let run = fanout(&sandbox, &server).args(["--journal", "j"]).stdin(questions(1)).run();
        run.assert_status(2);
        assert_eq!((sandbox.read("j"), server.connections()), (content.into(), 0), "{run}");
    }
}

#[test]
fn case_128_other_parameters_are_other_calls() {
    let server = answering();
    let sandbox = bought(&server);
    let other = ["--journal", "j", "--temperature", "0.5"];
    fanout(&sandbox, &server).args(other).stdin(questions(5)).run().assert_status(0);
    assert_eq!(server.count(), 10, "an answer to another question is no answer");
    let run = fanout(&sandbox, &server).args(["--journal", "j"]).stdin(questions(5)).run();
    assert_eq!((run.records("response").len(), server.count()), (5, 10), "{run}");
}

#[test]
fn case_128_a_journal_is_no_device_and_no_directory() {
    for name in ["/dev/full", "/dev/null", "/"] {
        let run = Sandbox::new()
            .command(binary("ultra-fanout"))
            .args(["--mock", "--lines", "-m", "mock:a", "--journal", name])
            .stdin(questions(1))
            .run();
        run.assert_status(2);
    }
}
