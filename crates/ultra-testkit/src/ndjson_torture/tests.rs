use std::collections::BTreeSet;
use std::io::{Read, sink};
use std::sync::OnceLock;

use super::{Case, Fed, Flow, GOOD, Input, MAX_LINE, Subject, cases, feed};
use crate::command::Command;

/// The table, made once for all tests.
fn all() -> &'static [Case] {
    static ALL: OnceLock<Vec<Case>> = OnceLock::new();
    ALL.get_or_init(super::all)
}

fn bytes(case: &Case) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    match &case.input {
        Input::Flow(flow) if flow.length().is_none_or(|length| length > 64 << 20) => None,
        input => input.reader().read_to_end(&mut bytes).map(|_| bytes).ok(),
    }
}

#[test]
fn every_number_has_a_case_and_every_name_is_unique() {
    let all = all();
    let numbers: BTreeSet<_> = all.iter().map(|case| case.number).collect();
    assert_eq!(numbers, (1..=35).collect());
    let names: BTreeSet<_> = all.iter().map(|case| (case.number, case.name)).collect();
    assert_eq!(names.len(), all.len());
}

#[test]
fn every_line_is_passed_or_accepted_or_a_fault() {
    for case in all().iter().filter(|case| !matches!(case.number, 7 | 34)) {
        let Some(bytes) = bytes(case) else { continue };
        let text = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&bytes);
        let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()).count();
        let expected = &case.expected;
        let counted = expected.passes.len() + expected.accepted + expected.faults.len();
        assert_eq!(lines, counted, "{} {}", case.number, case.name);
        assert!(expected.passes.is_empty() || case.subject == Subject::Every, "{}", case.name);
    }
}

#[test]
fn what_passes_are_lines_of_the_input_in_their_order() {
    for case in all() {
        let Some(bytes) = bytes(case) else { continue };
        let text = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&bytes);
        let mut lines =
            text.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
        for passing in &case.expected.passes {
            assert!(lines.any(|line| line == passing), "{} {}", case.number, case.name);
        }
    }
}

#[test]
fn a_fault_lies_in_its_line() {
    for case in all() {
        let Some(bytes) = bytes(case) else { continue };
        for fault in &case.expected.faults {
            let (start, end) = fault.offset.clone().into_inner();
            let before = usize::try_from(start).expect("is small");
            let number = bytes[..before].split(|byte| *byte == b'\n').count() as u64;
            assert_eq!(number, fault.line, "{} {}", case.number, case.name);
            assert!(end <= bytes.len() as u64, "{}", case.name);
        }
    }
}

#[test]
fn the_lines_around_the_limit_have_the_stated_length() {
    let first_line = |case: &Case| bytes(case).expect("is finite").iter().position(|byte| *byte == b'\n');
    assert_eq!(first_line(&cases(14)[0]), usize::try_from(MAX_LINE).ok());
    assert_eq!(first_line(&cases(15)[0]), usize::try_from(MAX_LINE + 1).ok());
    let Input::Flow(huge) = &cases(15)[1].input else { panic!("2 GiB are made while they are read") };
    assert_eq!(huge.length(), Some((2 << 30) + 2 + GOOD.len() as u64));
}

#[test]
fn a_million_keys_fit_in_a_line() {
    for case in cases(25) {
        let bytes = bytes(&case).expect("is finite");
        let longest = bytes.split(|byte| *byte == b'\n').map(<[u8]>::len).max();
        assert!(longest.is_some_and(|length| length as u64 <= MAX_LINE), "{}", case.name);
    }
}

#[test]
fn feeding_stops_at_the_limit() {
    let mut endless = Flow::new("head", b'x', None, "");
    assert_eq!(feed(&mut sink(), &mut endless, 1 << 20).ok(), Some(Fed { accepted: 1 << 20, gone: false }));
}

#[test]
fn feeding_stops_when_the_child_has_left() {
    let mut running = Command::new("/bin/sh").args(["-c", "head -c 1000 > /dev/null"]).spawn();
    let mut endless = Flow::new("", b'x', None, "");
    let fed = feed(running.stdin().expect("is open"), &mut endless, u64::MAX).expect("writes");
    assert!(fed.gone && fed.accepted >= 1000, "{fed:?}");
    running.wait().assert_status(0);
}

#[test]
fn a_slow_input_arrives_whole() {
    let mut seen = Vec::new();
    let case = &cases(35)[0];
    let fed = case.input.send(&mut seen, u64::MAX).expect("writes");
    assert_eq!((fed.accepted, fed.gone), (seen.len() as u64, false));
    assert_eq!(seen, format!("{GOOD}\n{GOOD}\n").into_bytes());
}
