//! The life of a process: readers that leave, signals, disks that are full, broken input.

use std::time::Duration;

use ultra_testkit::command::{Command, Sandbox, Signal};
use ultra_testkit::server::{Place, Reply, Script, Server};

use crate::tools::{all, binary, pipeline, with};

#[test]
fn a_reader_that_leaves_is_a_quiet_success() {
    let run = pipeline("seq 1 200000 | ultra-fanout --mock --lines -m mock:a -q | head -1; echo done").run();
    run.assert_status(0);
    assert!(run.stdout().ends_with("done\n"), "{run}");
    assert!(!run.stderr().contains("panicked") && !run.stderr().contains("Broken pipe"), "{run}");
}

#[test]
fn a_reader_that_leaves_while_nothing_is_written_ends_the_run() {
    for (tool, arguments) in [
        ("ultra-pattern", "next"),
        ("ultra-cache", "get"),
        ("ultra-synth", "medoid --show records"),
        ("ultra-fanout", "--mock"),
    ] {
        // The shell holds the pipe open and writes no more; only the watch on stdout can notice that the reader has gone.
        let line = format!(
            "mkfifo in; exec 3<>in; echo '{{\"type\":\"note\"}}' >&3; {{ {tool} {arguments} <in; echo $? >status; }} | head -1; cat status"
        );
        let run = pipeline(&line).timeout(Duration::from_secs(20)).run();
        assert_eq!(run.stdout(), "{\"type\":\"note\"}\n0\n", "{tool}: {run}");
        assert!(run.stderr().lines().count() <= 1, "at most one summary line\n{run}");
    }
}

#[test]
fn a_reader_that_leaves_stops_calls_in_flight() {
    let server = Server::start(Script::always(Reply::text("late").stalled(Place::BeforeHeaders)));
    let line = "printf 'a\\nb\\nc\\n' | { ultra-fanout --lines -m ollama:x -j1; echo $? > status; } | (sleep 0.3; exit 0); cat status";
    let run =
        pipeline(line).env("OLLAMA_BASE_URL", server.openai_url()).timeout(Duration::from_secs(20)).run();
    assert_eq!(run.stdout().trim(), "0", "{run}");
    assert_eq!(server.calls().len(), 1, "no further call after the reader had left");
}

#[test]
fn a_reader_that_pauses_does_not_make_a_call_time_out() {
    // The output is full while the answer comes; an attempt that is judged late would be paid twice.
    let server = Server::start(Script::always(Reply::text("in time").after(Duration::from_millis(300))));
    let notes = "{\"type\":\"note\",\"text\":\"a line that fills the pipe\"}\n".repeat(20_000);
    let line = "(echo '{\"prompt\":\"q\"}'; cat notes) | ultra-fanout -m ollama:x --timeout 1s --attempts 2 | (sleep 3; cat)";
    let run = pipeline(line).env("OLLAMA_BASE_URL", server.openai_url()).file("notes", notes).run();
    assert_eq!(server.calls().len(), 1, "{}", run.stderr());
    assert_eq!(run.records("response").len(), 1, "{}", run.stderr());
}

#[test]
fn an_empty_answer_is_on_the_bill_of_what_it_took() {
    for stream in ["", "--stream"] {
        let server = Server::start(Script::always(Reply::text("").usage(300, 4096)));
        let line = format!(
            "printf 'a\\nb\\nc\\n' | ultra-fanout --lines -m ollama:x -j1 --max-tokens 1000 {stream}"
        );
        let run = pipeline(&line).env("OLLAMA_BASE_URL", server.openai_url()).run();
        assert_eq!(server.calls().len(), 1, "the budget is reached by the first\n{run}");
        assert!(run.stderr().contains("tokens 300 in, 4096 out"), "{run}");
        assert_eq!(run.records("error").len(), 3, "{run}");
    }
}

#[test]
fn a_budget_holds_where_nobody_counts_tokens() {
    let line = "seq 20 | ultra-fanout --lines -m exec:cat -j1 --max-tokens 30";
    let run = pipeline(line).run();
    assert_eq!((run.records("response").len(), run.records("error").len()), (5, 15), "{run}");
}

#[test]
fn a_file_that_cannot_be_written_in_the_end_is_noticed_before_anything_is_asked() {
    for file in ["--summary no/such/s.json", "--metrics no/such/m.prom", "--summary ."] {
        let run = pipeline(&format!(
            "echo q | ultra-fanout --lines -m exec:'touch asked; cat' {file}; echo $?; ls"
        ));
        let run = run.run();
        assert_eq!(run.stdout(), "2\n", "{file}: {run}");
        assert!(run.stderr().contains("cannot write the"), "{file}: {run}");
    }
}

#[test]
fn who_stands_in_for_whom_is_told_once_with_the_reason() {
    let line = "seq 3 | ultra-fanout --lines -j1 -m 'exec:echo no key >&2; exit 1' --fallback exec:cat";
    let run = pipeline(line).run();
    assert_eq!(run.records("response").len(), 3, "{run}");
    assert_eq!(run.stderr().matches(" is replaced by exec:cat: ").count(), 1, "{run}");
    assert!(run.stderr().contains("no key"), "{run}");
}

#[test]
fn an_answer_is_in_the_store_before_the_run_is_over() {
    let sandbox = Sandbox::new();
    let mut running =
        sandbox.command(binary("ultra-fanout")).args(["--lines", "-m", "exec:cat", "--cache=c.db"]).spawn();
    running.write("one\n").expect("is read");
    let _ = running.wait_for_lines(3, Duration::from_secs(10));
    // The run waits for more input; what it has paid for must not wait with it.
    let stored = || {
        let run = sandbox.command(binary("ultra-cache")).args(["stats", "--path", "c.db", "--json"]).run();
        run.stdout().contains("\"entries\":1")
    };
    assert!((0..200).any(|_| stored()), "a run that idles keeps its answers to itself");
    running.close_stdin();
    running.wait().assert_status(0);
}

#[test]
fn a_full_disk_is_exit_3() {
    for (tool, arguments) in [
        ("ultra-pattern", "next"),
        ("ultra-fanout", "--mock"),
        ("ultra-cache", "put"),
        ("ultra-synth", "medoid --show records"),
    ] {
        let run = pipeline(&format!("echo '{{\"type\":\"note\"}}' | {tool} {arguments} > /dev/full")).run();
        run.assert_status(3);
        assert!(run.stderr().contains("cannot write the output"), "{tool}: {run}");
    }
}

#[test]
fn a_signal_ends_the_run_by_that_signal_with_whole_lines() {
    for (signal, number) in [(Signal::INT, 2), (Signal::TERM, 15)] {
        let mut running = with("ultra-pattern").arg("next").spawn();
        running.write("{\"type\":\"note\",\"n\":1}\n").expect("is read");
        let _ = running.wait_for_lines(1, Duration::from_secs(10));
        running.signal(signal);
        // Its input stays open until it is dead, so only the signal can have ended it.
        while running.peak_memory().is_some() {
            std::thread::yield_now();
        }
        let run = running.wait();
        run.assert_signal(number);
        assert_eq!(run.lines().len(), 1, "{run}");
    }
}

#[test]
fn a_signal_lets_calls_in_flight_end_and_starts_no_new_one() {
    let server = Server::start(Script::choose(|number, _| match number {
        0 => Reply::text("in flight").after(Duration::from_millis(700)),
        _ => Reply::text("never asked"),
    }));
    let command = Command::new(binary("ultra-fanout"))
        .args(["--lines", "-m", "ollama:x", "-j1"])
        .env("OLLAMA_BASE_URL", server.openai_url());
    let mut running = command.spawn();
    running.write("one\ntwo\nthree\n").expect("is read");
    assert!(server.wait_until(Duration::from_secs(10), |calls| !calls.is_empty()));
    running.signal(Signal::INT);
    let run = running.wait();
    run.assert_signal(2);
    assert_eq!(server.calls().len(), 1, "{run}");
    assert_eq!(run.records("response").len(), 1, "the call in flight ended\n{run}");
    let terminal = run.records("response").len() + run.records("error").len();
    let asked = run.records("request").len();
    assert!(asked > 0 && terminal == asked, "what was asked has a terminal record\n{run}");
}

#[test]
fn a_second_signal_leaves_no_member_running() {
    let sandbox = Sandbox::new();
    let member = "exec:echo $$ > pid; sleep 60";
    let mut running = sandbox.command(binary("ultra-fanout")).args(["--lines", "-m", member]).spawn();
    running.write("q\n").expect("is read");
    let written = || std::fs::read_to_string(sandbox.path("pid")).ok().filter(|pid| pid.ends_with('\n'));
    let pid = (0..1_000_000).find_map(|_| written()).expect("the member starts").trim().to_owned();
    running.signal(Signal::INT);
    running.wait_for_stderr("stopping", Duration::from_secs(10));
    running.signal(Signal::INT);
    running.wait().assert_signal(2);
    let alive = |pid: &str| {
        std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
    };
    assert!((0..100_000).any(|_| !alive(&pid)), "the member {pid} outlives its run");
}

#[test]
fn metrics_are_written_for_a_collector() {
    let run = pipeline("echo q | ultra-fanout --mock --lines -m mock:a --metrics run.prom > /dev/null").run();
    run.assert_status(0);
    let text = String::from_utf8(run.sandbox().read("run.prom")).expect("is text");
    assert!(
        text.contains("# TYPE ultra_exit_status gauge\nultra_exit_status{tool=\"ultra-fanout\"} 0\n"),
        "{text}"
    );
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let value = line.rsplit(' ').next().and_then(|value| value.parse::<f64>().ok());
        assert!(value.is_some(), "{line}");
    }
}

#[test]
fn the_log_can_be_json_and_never_goes_to_stdout() {
    let input = "x\n".repeat(25);
    let run = with("ultra-pattern").args(["next", "--log-format", "json"]).stdin(input).run();
    run.assert_status(1);
    assert_eq!(run.records("error").len(), 25);
    let line = run.stderr().lines().find(|line| line.starts_with('{')).expect("a log line");
    let record: serde_json::Value = serde_json::from_str(line).expect("is JSON");
    assert_eq!(record["level"], "WARN", "{line}");
}

#[test]
fn strict_stops_at_the_first_error() {
    let run = with("ultra-pattern").args(["next", "--strict"]).stdin("x\n{\"type\":\"note\"}\n").run();
    run.assert_status(1);
    assert_eq!(run.lines().len(), 1, "{run}");
}

#[test]
fn lines_in_the_environment_concern_only_the_tools_that_take_prompts() {
    let run = pipeline("echo 'Why?' | ultra-fanout -m mock:a --cache=c.db | ultra-cache put --path d.db | ultra-synth medoid")
        .env("ULTRA_MOCK", "1")
        .env("ULTRA_LINES", "1")
        .run();
    run.assert_status(0);
    assert_eq!(run.records("synthesis").len(), 1, "{run}");
}

#[test]
fn a_tool_of_records_does_not_take_lines_and_does_not_offer_them() {
    for arguments in [&["ultra-synth", "medoid"][..], &["ultra-cache", "get"], &["ultra-ingest"]] {
        let run = with(arguments[0]).args(&arguments[1..]).arg("--lines").stdin("Why?\n").run();
        run.assert_status(2);
        assert!(run.stderr().contains("takes no prompts, and so no --lines"), "{run}");
        assert!(run.stdout().is_empty(), "{run}");
        let help = with(arguments[0]).arg("--help").run();
        assert!(!help.stdout().contains("      --lines"), "{help}");
    }
    assert!(with("ultra-fanout").arg("--help").run().stdout().contains("      --lines"));
}

#[test]
fn two_prompts_with_one_id_are_two_prompts() {
    let input = ["first", "second", "third"]
        .map(|text| format!(r#"{{"type":"prompt","id":"same","text":"{text}"}}"#) + "\n")
        .concat();
    let run = pipeline("ultra-fanout --mock -m mock:a -m mock:b | ultra-synth medoid --show records")
        .stdin(input)
        .run();
    run.assert_status(0);
    let synthesis = run.records("synthesis");
    assert_eq!(synthesis.len(), 3, "{run}");
    for (text, made) in ["first", "second", "third"].iter().zip(&synthesis) {
        assert!(made["text"].as_str().is_some_and(|answer| answer.contains(text)), "{run}");
    }
}

#[test]
fn only_new_records_come_out_when_asked() {
    let run = with("ultra-fanout")
        .args(["--mock", "-m", "mock:a", "--emit", "new"])
        .stdin("{\"type\":\"note\"}\n{\"prompt\":\"q\"}\n")
        .run();
    assert!(!run.types().contains("note"), "{run}");
    assert!(run.types().contains("response"), "{run}");
}

#[test]
fn every_tool_says_how_it_is_called() {
    for tool in all() {
        let run = with(tool.name).arg("--help").run();
        run.assert_status(0);
        assert!(run.stdout().starts_with(tool.about), "{run}");
        assert!(run.stdout().contains("Exit status:"), "{run}");
        let wrong = with(tool.name).arg("--no-such-flag").run();
        wrong.assert_status(2);
        assert!(wrong.stderr().starts_with(&format!("{}: unexpected argument", tool.name)), "{wrong}");
        assert_eq!(wrong.stdout(), "");
    }
}

#[test]
fn a_number_that_cannot_be_is_refused_in_words() {
    for (arguments, told) in [
        ("ultra-fanout -j 0", "0 is not from 1 to 65536"),
        ("ultra-synth --attempts 101", "101 is not from 1 to 100"),
        ("ultra-synth --min-answers 0", "0 is less than 1"),
        ("ultra-synth vote --min-answers 99999999999", "99999999999 is too large"),
        ("ultra-fanout --max-usd -1", "must be an amount of US dollars, such as 2.50"),
        ("ultra-synth vote --min-answers -1", "-1 is less than 1"),
    ] {
        let run = pipeline(arguments).run();
        assert_eq!(run.code(), 2, "{run}");
        assert!(run.stderr().contains(told), "{told}: {run}");
        assert!(!run.stderr().contains(".."), "{run}");
    }
}
