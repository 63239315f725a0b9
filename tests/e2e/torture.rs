//! Malformed, huge and endless NDJSON: every case of the catalogue against every tool that reads records.

use std::time::Duration;

use serde_json::Value;
use ultra_testkit::command::{Command, Run};
use ultra_testkit::ndjson_torture::{Case, Expected, Fault, Input, Subject, cases};

use crate::tools::{binary, with};

/// How much of an input without end is written before it is closed.
const ENOUGH: u64 = 160 << 20;
/// The memory that a stream of any length may take: the longest line twice, and the program.
const MEMORY: u64 = 64 << 20;

/// Every way to run a tool over a stream; `owns` says which records it acts on.
fn ways() -> Vec<(&'static str, Vec<&'static str>, &'static [&'static str])> {
    vec![
        ("ultra-ingest", vec!["--records"], &[]),
        ("ultra-pattern", vec!["next"], &[]),
        ("ultra-fanout", vec!["--mock", "-m", "mock:a"], &["prompt", "request"]),
        ("ultra-cache", vec!["get"], &[]),
        ("ultra-cache", vec!["put"], &[]),
        ("ultra-synth", vec!["medoid", "--show", "records"], &[]),
    ]
}

fn check(number: u8) {
    for case in cases(number) {
        for (tool, arguments, owns) in ways() {
            let concerned = match case.subject {
                Subject::Every => true,
                Subject::OwnerOf(kind) => owns.contains(&kind),
            };
            if concerned {
                judge(&case, tool, &arguments);
            }
        }
    }
}

fn judge(case: &Case, tool: &str, arguments: &[&str]) {
    let name = format!("case {} ({}) with {tool} {}", case.number, case.name, arguments.join(" "));
    let command = Command::new(binary(tool)).args(arguments).timeout(Duration::from_mins(3));
    let (run, peak) = feed(case, command);
    let Expected { passes, accepted, faults, hint, within, .. } = &case.expected;
    let raw = run.raw_lines();
    // An error record of this tool, unless it is one that came in.
    let is_own = |line: &str| {
        let record: Value = serde_json::from_str(line).unwrap_or_default();
        record["type"] == "error"
            && record["tool"] == tool
            && !passes.iter().any(|passed| passed == line.as_bytes())
    };
    let (own, rest): (Vec<&str>, Vec<&str>) = raw.iter().partition(|line| is_own(line));
    if matches!(case.subject, Subject::Every) {
        let passed: Vec<_> = rest.iter().map(|line| line.as_bytes()).collect();
        assert!(
            passed == passes.iter().map(Vec::as_slice).collect::<Vec<_>>(),
            "{name}: what passes\n{}",
            short(&run)
        );
    } else {
        let answers = rest.iter().filter(|line| line.starts_with(r#"{"type":"response""#)).count();
        assert_eq!(answers, *accepted, "{name}: records accepted\n{}", short(&run));
    }
    assert_eq!(own.len(), faults.len(), "{name}: faults\n{}", short(&run));
    for (line, fault) in own.into_iter().zip(faults) {
        same_fault(&name, &serde_json::from_str(line).expect("is a record"), fault);
    }
    run.assert_status(i32::from(!faults.is_empty()));
    if let Some(hint) = hint {
        assert_eq!(run.stderr().matches(hint).count(), 1, "{name}: hint\n{}", short(&run));
    }
    assert!(!run.stderr().contains("internal error"), "{name}\n{}", short(&run));
    if let Some(within) = within {
        assert!(run.took() < *within, "{name}: took {:?}", run.took());
    }
    if let Some(peak) = peak {
        assert!(peak < MEMORY, "{name}: {peak} bytes at the peak");
    }
}

/// A run without its longest lines.
fn short(run: &Run) -> String {
    let text = run.to_string();
    text.lines().map(|line| line.chars().take(500).collect::<String>() + "\n").take(100).collect()
}

fn same_fault(name: &str, record: &Value, fault: &Fault) {
    let kind = record["kind"].as_str().unwrap_or_default();
    assert!(fault.kinds.contains(&kind), "{name}: kind {kind} is not one of {:?}: {record}", fault.kinds);
    assert_eq!(record["input"]["line"], fault.line, "{name}: {record}");
    let offset = record["input"]["offset"].as_u64().unwrap_or(u64::MAX);
    assert!(fault.offset.contains(&offset), "{name}: offset {offset} not in {:?}: {record}", fault.offset);
    let message = record["message"].as_str().unwrap_or_default();
    assert!(message.contains(fault.mentions), "{name}: {message:?} does not mention {:?}", fault.mentions);
    let excerpt = record["input"]["text"].as_str().unwrap_or_default();
    assert!(excerpt.len() <= 4 * 256, "{name}: an excerpt of {} bytes", excerpt.len());
}

/// Writes the input while the tool runs; the peak of its memory is read before the input is closed.
fn feed(case: &Case, command: Command) -> (Run, Option<u64>) {
    match &case.input {
        Input::Bytes(bytes) => (command.stdin(bytes.clone()).run(), None),
        input => {
            let mut running = command.spawn();
            let stdin = running.stdin().expect("stdin is open");
            let limit = if case.expected.endless { ENOUGH } else { u64::MAX };
            let fed = input.send(stdin, limit).expect("the input can be written");
            assert!(!fed.gone, "case {}: the tool stopped reading", case.number);
            let peak = running.peak_memory();
            running.close_stdin();
            (running.wait(), peak)
        }
    }
}

macro_rules! catalogue {
    ($($name:ident = $number:literal;)+) => { $(#[test] fn $name() { check($number); })+ };
}

catalogue! {
    case_01_empty_input = 1;
    case_02_last_line_without_an_end = 2;
    case_03_blank_lines = 3;
    case_04_crlf = 4;
    case_05_lone_carriage_return = 5;
    case_06_byte_order_mark = 6;
    case_07_utf16 = 7;
    case_08_invalid_utf8 = 8;
    case_09_lone_surrogates = 9;
    case_10_lone_surrogate_in_a_key = 10;
    case_11_escaped_nul = 11;
    case_12_raw_control_bytes = 12;
    case_13_tail_of_nuls = 13;
    case_14_longest_line = 14;
    case_15_too_long_lines = 15;
    case_16_endless_line = 16;
    case_17_depth = 17;
    case_18_duplicate_keys = 18;
    case_19_long_integers = 19;
    case_20_odd_numbers = 20;
    case_21_nan = 21;
    case_22_not_an_object = 22;
    case_23_two_on_a_line = 23;
    case_24_pretty_printed = 24;
    case_25_many_keys = 25;
    case_26_schema = 26;
    case_27_duplicate_ids = 27;
    case_28_hostile_ids = 28;
    case_29_odd_unicode = 29;
    case_30_normal_forms = 30;
    case_31_upstream_error = 31;
    case_32_unknown_version = 32;
    case_33_torn_last_line = 33;
    case_34_compressed_input = 34;
    case_35_slow_producer = 35;
}

#[test]
fn an_empty_input_makes_no_file_and_no_call() {
    for (tool, arguments, _) in ways() {
        let run = with(tool).args(&arguments).run();
        run.assert_status(0);
        assert_eq!(run.stdout(), "", "{tool}");
        let cache = run.sandbox().root().join("cache");
        assert_eq!(std::fs::read_dir(cache).expect("is there").count(), 0, "{tool} made a file");
    }
}
