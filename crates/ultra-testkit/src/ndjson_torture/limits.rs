//! Sizes, depths and times: cases 14 to 17, 25 and 35.

use std::fmt::Write;
use std::time::Duration;

use super::{Case, DEPTH, Expected, Fault, Flow, GOOD, Input, MAX_LINE, Subject, TOO_LONG, between, passing};

const HEAD: &str = r#"{"type":"note","t":""#;
const TAIL: &str = r#""}"#;
const FRAME: u64 = (HEAD.len() + TAIL.len()) as u64;

/// A foreign line of so many bytes and a good line after it.
fn line_of(bytes: u64) -> Input {
    Input::Flow(Flow::new(HEAD, b'a', Some(bytes - FRAME), format!("{TAIL}\n{GOOD}\n")))
}

pub(super) fn longest() -> Vec<Case> {
    let fill = usize::try_from(MAX_LINE - FRAME).unwrap_or_default();
    let line = format!("{HEAD}{}{TAIL}", "a".repeat(fill));
    let expected = Expected::passes([line.as_str(), GOOD]);
    vec![Case::new("line at the limit", line_of(MAX_LINE), Subject::Every, expected)]
}

pub(super) fn too_long() -> Vec<Case> {
    let case = |name, bytes| {
        let expected = Expected::passes([GOOD]).fault(Fault::at(TOO_LONG, 1, 0));
        Case::new(name, line_of(bytes), Subject::Every, expected)
    };
    vec![case("line one byte over the limit", MAX_LINE + 1), case("line of 2 GiB", 2 << 30)]
}

pub(super) fn endless() -> Vec<Case> {
    let flow = Flow::new(format!("{GOOD}\n"), b'x', None, "");
    let fault = Fault::at(TOO_LONG, 2, GOOD.len() + 1);
    let expected = Expected { endless: true, ..Expected::passes([GOOD]).fault(fault) };
    vec![Case::new("line without end", Input::Flow(flow), Subject::Every, expected)]
}

pub(super) fn depth() -> Vec<Case> {
    let arrays =
        |depth: usize| format!(r#"{{"type":"note","a":{}{}}}"#, "[".repeat(depth - 1), "]".repeat(depth - 1));
    let objects = |depth: usize| {
        let (open, close) = (r#"{"a":"#.repeat(depth - 1), "}".repeat(depth - 1));
        format!(r#"{{"type":"note","a":{open}1{close}}}"#)
    };
    let open = format!(r#"{{"type":"note","a":{}"#, "[".repeat(100_000));
    vec![
        passing("arrays 128 deep", arrays(128)),
        passing("objects 128 deep", objects(128)),
        between("arrays 129 deep", arrays(129), DEPTH),
        between("objects 129 deep", objects(129), DEPTH),
        between("arrays 100,000 deep", arrays(100_000), DEPTH),
        between("objects 100,000 deep", objects(100_000), DEPTH),
        between("100,000 deep and never closed", open, DEPTH),
    ]
}

pub(super) fn many_keys() -> Vec<Case> {
    let object = |head: &str, keys: &mut dyn Iterator<Item = String>| {
        let mut line = head.to_owned();
        for key in keys {
            // Writing to a string cannot fail.
            let _ = write!(line, r#","{key}":1"#);
        }
        line + "}"
    };
    let foreign = r#"{"type":"note""#;
    let prompt = r#"{"type":"prompt","id":"p","text":"q""#;
    let million = || (0..1_000_000).map(|number| format!("k{number}"));
    // "Aa" and "BB" have the same hash under multiplication by 31, and so has every string made of them.
    let colliding =
        || (0..1_u32 << 16).map(|bits| (0..16).map(|bit| ["Aa", "BB"][(bits >> bit & 1) as usize]).collect());
    let mut cases = vec![
        passing("a million foreign keys", object(foreign, &mut million())),
        passing("colliding foreign keys", object(foreign, &mut colliding())),
        Case::owned(
            "prompt",
            "a million keys in a prompt",
            object(prompt, &mut million()) + "\n",
            Expected::accepts(1),
        ),
        Case::owned(
            "prompt",
            "colliding keys in a prompt",
            object(prompt, &mut colliding()) + "\n",
            Expected::accepts(1),
        ),
    ];
    // Linear work takes half a second, also without optimisation on a busy machine a few; quadratic work takes hours.
    for case in &mut cases {
        case.expected.within = Some(Duration::from_secs(30));
    }
    cases
}

pub(super) fn slow() -> Vec<Case> {
    let input =
        Input::Slow { bytes: format!("{GOOD}\n{GOOD}\n").into_bytes(), pause: Duration::from_millis(10) };
    vec![Case::new("one byte at a time", input, Subject::Every, Expected::passes([GOOD, GOOD]))]
}
