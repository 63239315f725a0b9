//! Records that a tool owns: cases 9, 11, 18 to 20, 26 to 28, 30 and 32.

use super::{Case, DUPLICATE, Expected, Fault, GOOD, RANGE, SCHEMA, SURROGATE, VERSION, between, passing};

const PROMPT: &str = r#"{"type":"prompt","id":"p","text":"What holds?"}"#;

/// One line that its owner refuses, and a prompt that it accepts.
fn refused(kind: &'static str, name: &'static str, line: &str, fault: &'static [&'static str]) -> Case {
    let expected = Expected::accepts(1).fault(Fault::within(fault, 1, 0, line.len()));
    Case::owned(kind, name, format!("{line}\n{PROMPT}\n"), expected)
}

fn accepted(name: &'static str, lines: &[String]) -> Case {
    Case::owned("prompt", name, lines.join("\n") + "\n", Expected::accepts(lines.len()))
}

fn prompt(id: &str, text: &str) -> String {
    format!(r#"{{"type":"prompt","id":"{id}","text":"{text}"}}"#)
}

fn request(messages: &str, params: &str) -> String {
    format!(
        r#"{{"type":"request","id":"r","prompt_id":"p","messages":{messages},"targets":["mock:a"],"params":{params}}}"#
    )
}

const ASKED: &str = r#"[{"role":"user","content":"What holds?"}]"#;

pub(super) fn surrogate_in_value() -> Vec<Case> {
    vec![
        passing("half a pair in a foreign field", r#"{"type":"note","t":"\ud800"}"#),
        passing("inverted pair in a foreign field", r#"{"type":"note","t":"\udc00\ud800"}"#),
        refused("prompt", "half a pair in a prompt", &prompt("p", r"a\ud800b"), SURROGATE),
        refused("prompt", "inverted pair in a prompt", &prompt("p", r"\udc00\ud800"), SURROGATE),
        accepted("a whole pair in a prompt", &[prompt("p", r"\ud83c\udfd4")]),
    ]
}

pub(super) fn escaped_nul() -> Vec<Case> {
    vec![
        passing("escaped NUL in a foreign field", r#"{"type":"note","t":"a\u0000b"}"#),
        accepted("escaped NUL in a prompt", &[prompt("p", r"before\u0000after")]),
    ]
}

pub(super) fn duplicate_keys() -> Vec<Case> {
    let role = r#"[{"role":"user","role":"system","content":"What holds?"}]"#;
    vec![
        passing("a foreign key twice", r#"{"type":"note","n":1,"n":2}"#),
        between("type twice", r#"{"type":"note","n":1,"type":"prompt"}"#, DUPLICATE),
        refused("prompt", "id twice", r#"{"type":"prompt","id":"1","id":"2","text":"q"}"#, DUPLICATE),
        refused(
            "prompt",
            "text twice, once escaped",
            r#"{"type":"prompt","id":"1","text":"a","\u0074ext":"b"}"#,
            DUPLICATE,
        ),
        refused("request", "role twice in a message", &request(role, "{}"), DUPLICATE),
    ]
}

pub(super) fn long_integers() -> Vec<Case> {
    let long = "7".repeat(400);
    vec![
        passing("2^53 + 1", r#"{"type":"note","n":9007199254740993}"#),
        passing(
            "integer of 20 digits",
            r#"{"type":"note","n":12345678901234567890,"id":98765432109876543210}"#,
        ),
        passing("integer of 400 digits", format!(r#"{{"type":"note","n":{long}}}"#)),
        refused(
            "request",
            "20 digits as a parameter",
            &request(ASKED, r#"{"max_output_tokens":98765432109876543210}"#),
            RANGE,
        ),
        refused(
            "request",
            "400 digits as a parameter",
            &request(ASKED, &format!(r#"{{"max_output_tokens":{long}}}"#)),
            RANGE,
        ),
    ]
}

pub(super) fn odd_numbers() -> Vec<Case> {
    vec![
        passing(
            "numbers that printing would change",
            r#"{"type":"note","n":[1e400,-0,1.0,1E+2,-0.0,1e-400,0.10]}"#,
        ),
        refused("request", "1e400 as a parameter", &request(ASKED, r#"{"temperature":1e400}"#), RANGE),
    ]
}

pub(super) fn schema() -> Vec<Case> {
    let case = |kind, name, line: &str, field| {
        let mut case = refused(kind, name, line, SCHEMA);
        case.expected.faults[0].mentions = field;
        case
    };
    let request = |fields: &str| {
        format!(r#"{{"type":"request","id":"r","prompt_id":"p",{fields}"targets":["mock:a"]}}"#)
    };
    vec![
        between("type is a number", r#"{"type":5,"text":"q"}"#, SCHEMA),
        case("prompt", "prompt without text", r#"{"type":"prompt","id":"p"}"#, "text"),
        case("prompt", "id is a number", r#"{"type":"prompt","id":7,"text":"q"}"#, "id"),
        case("prompt", "text is an object", r#"{"type":"prompt","id":"p","text":{"a":1}}"#, "text"),
        case("request", "request without messages", &request(""), "messages"),
        case("request", "messages is a string", &request(r#""messages":"q","#), "messages"),
        case("request", "a message without content", &request(r#""messages":[{"role":"user"}],"#), "content"),
        case("request", "a message is null", &request(r#""messages":[null],"#), "messages"),
    ]
}

pub(super) fn duplicate_ids() -> Vec<Case> {
    vec![accepted("one id for two prompts", &[prompt("same", "first"), prompt("same", "second")])]
}

pub(super) fn hostile_ids() -> Vec<Case> {
    let ids =
        [&"i".repeat(1 << 20), r"a\nb", r"a\u001b[2Jb", "../../etc/passwd", "🏔", r#"\"\\"#, "a\u{202e}b"];
    vec![accepted("ids that are no file names", &ids.map(|id| prompt(id, "What holds?")))]
}

pub(super) fn normal_forms() -> Vec<Case> {
    vec![accepted(
        "one text composed and decomposed",
        &[prompt("p", "Z\u{fc}rich"), prompt("p", "Zu\u{308}rich")],
    )]
}

pub(super) fn unknown_version() -> Vec<Case> {
    vec![
        between("a prompt of version 99", r#"{"type":"prompt","id":"p","text":"q","v":99}"#, VERSION),
        passing("a foreign record with its own v", format!(r#"{{"type":"note","v":99,"n":{GOOD}}}"#)),
    ]
}
