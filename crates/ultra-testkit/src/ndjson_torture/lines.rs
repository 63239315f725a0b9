//! Lines and their ends: cases 1 to 5, 21 to 24, 31 and 33.

use super::{Case, Expected, Fault, GOOD, NOT_OBJECT, PARSE, between};

pub(super) fn empty() -> Vec<Case> {
    vec![Case::every("no byte at all", "", Expected::default())]
}

pub(super) fn unterminated() -> Vec<Case> {
    vec![Case::every("last line without an end", format!("{GOOD}\n{GOOD}"), Expected::passes([GOOD, GOOD]))]
}

pub(super) fn blank() -> Vec<Case> {
    let before = format!("\n  \n\t\r\n{GOOD}\n\n");
    let fault = Fault::within(PARSE, 6, before.len(), 1);
    vec![
        Case::every("blank lines count", format!("{before}x\n"), Expected::passes([GOOD]).fault(fault)),
        Case::every("blank lines only", "\n \n\t\n", Expected::default()),
    ]
}

pub(super) fn crlf() -> Vec<Case> {
    vec![Case::every("CRLF", format!("{GOOD}\r\n{GOOD}\r\n"), Expected::passes([GOOD, GOOD]))]
}

pub(super) fn lone_carriage_return() -> Vec<Case> {
    vec![between("lone CR between objects", format!("{GOOD}\r{GOOD}"), PARSE)]
}

pub(super) fn not_json_numbers() -> Vec<Case> {
    let words = ["NaN", "-NaN", "Infinity", "-Infinity", "-nan1", "01", "+1", ".5", "1.", "0x10"];
    let lines: Vec<_> = words.iter().map(|word| format!(r#"{{"type":"note","n":{word}}}"#)).collect();
    vec![each_faulty("numbers that JSON does not have", &lines, PARSE)]
}

pub(super) fn not_objects() -> Vec<Case> {
    let lines = [r#"[{"type":"note"}]"#, r#""text""#, "5", "-1.5e3", "null", "true", "[]"];
    vec![each_faulty("values that are no object", &lines, NOT_OBJECT)]
}

pub(super) fn two_on_a_line() -> Vec<Case> {
    let lines = [
        format!("{GOOD}{GOOD}"),
        format!("{GOOD} {GOOD}"),
        format!("{GOOD},"),
        format!("{GOOD} garbage"),
        format!("{GOOD}]"),
        format!("garbage {GOOD}"),
    ];
    vec![each_faulty("an object and more on its line", &lines, PARSE)]
}

pub(super) fn pretty_printed() -> Vec<Case> {
    let mut lines = vec!["{".to_owned(), "  \"type\": \"note\",".to_owned(), "  \"items\": [".to_owned()];
    lines.extend((0..30).map(|number| format!("    {{ \"n\": {number} }},")));
    lines.extend(["  ]".to_owned(), "}".to_owned()]);
    let mut case = each_faulty("one object over many lines", &lines, &["input.parse", "input.not_object"]);
    case.expected.hint = Some("NDJSON");
    vec![case]
}

pub(super) fn upstream_error() -> Vec<Case> {
    let error = r#"{"type":"error","id":"err_0011223344556677","tool":"ultra-ingest","kind":"doc.io","message":"a.pdf: no such file","retryable":false,"x":1.0}"#;
    vec![Case::every(
        "error of an earlier stage",
        format!("{error}\n{GOOD}\n"),
        Expected::passes([error, GOOD]),
    )]
}

pub(super) fn torn() -> Vec<Case> {
    let torn = r#"{"type":"note","te"#;
    let fault = Fault::within(PARSE, 2, GOOD.len() + 1, torn.len()).mentioning("input ends");
    vec![Case::every("torn last line", format!("{GOOD}\n{torn}"), Expected::passes([GOOD]).fault(fault))]
}

/// Each line is a fault; a good line ends the input.
fn each_faulty<L: AsRef<str>>(name: &'static str, lines: &[L], kind: &'static [&'static str]) -> Case {
    let mut input = String::new();
    let mut expected = Expected::passes([GOOD]);
    for (number, line) in (1..).zip(lines) {
        expected = expected.fault(Fault::within(kind, number, input.len(), line.as_ref().len()));
        input += line.as_ref();
        input += "\n";
    }
    Case::every(name, input + GOOD + "\n", expected)
}
