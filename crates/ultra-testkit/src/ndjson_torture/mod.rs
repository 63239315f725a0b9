//! Malformed, huge and endless NDJSON, by number, with what must come of it.
//!
//! [`all`] is a table: each [`Case`] has a number (several variants share one), the bytes or the source of bytes,
//! whom it concerns, and what is expected. An end-to-end test runs each case against each tool it concerns.
//!
//! What holds for every case: a malformed line gives one `error` record and the lines around it are handled as if
//! it were not there; exit status 0 without faults, 1 with; nothing panics; memory does not grow with the input.

mod bytes;
mod flow;
mod limits;
mod lines;
mod owned;
#[cfg(test)]
mod tests;

use std::ops::RangeInclusive;
use std::time::Duration;

pub use self::flow::{Fed, Flow, Input, feed};

/// The longest line that a tool takes by default, without its end.
pub const MAX_LINE: u64 = 16 << 20;

/// One input and what must come of it.
#[derive(Clone, Debug)]
pub struct Case {
    /// The number in the catalogue, 1 to 35.
    pub number: u8,
    /// What is special, unique in the table.
    pub name: &'static str,
    /// What to write to the tool.
    pub input: Input,
    /// Whom it concerns.
    pub subject: Subject,
    /// What must come of it.
    pub expected: Expected,
}

/// Whom a case concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Every tool that reads NDJSON: the good lines are foreign and leave as they came.
    Every,
    /// The tools that own records of this type: the good lines are such records.
    OwnerOf(&'static str),
}

/// What must come of an input.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Expected {
    /// The lines that leave byte for byte, in order, without their ends.
    pub passes: Vec<Vec<u8>>,
    /// How many owned records are handled without a fault.
    pub accepted: usize,
    /// One `error` record each, in order.
    pub faults: Vec<Fault>,
    /// A text that stderr holds exactly once.
    pub hint: Option<&'static str>,
    /// Input closes only after the tool has read this much, because it has no end.
    pub endless: bool,
    /// Longest time that the case may take, where that is the point of it.
    pub within: Option<Duration>,
}

/// One `error` record.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// The kinds it may have; one, unless the grammar leaves a choice.
    pub kinds: &'static [&'static str],
    /// `input.line`, from 1.
    pub line: u64,
    /// Where `input.offset` lies: within the line, or exactly where the flaw is when only one place is right.
    pub offset: RangeInclusive<u64>,
    /// A word that the message holds.
    pub mentions: &'static str,
}

/// Every case, in the order of the numbers. Inputs of some MiB are made at once, larger ones while they are read.
pub fn all() -> Vec<Case> {
    (1..=35).flat_map(cases).collect()
}

/// The cases of one number.
pub fn cases(number: u8) -> Vec<Case> {
    let mut cases = match number {
        1 => lines::empty(),
        2 => lines::unterminated(),
        3 => lines::blank(),
        4 => lines::crlf(),
        5 => lines::lone_carriage_return(),
        6 => bytes::byte_order_mark(),
        7 => bytes::utf16(),
        8 => bytes::invalid_utf8(),
        9 => owned::surrogate_in_value(),
        10 => bytes::surrogate_in_key(),
        11 => owned::escaped_nul(),
        12 => bytes::raw_control(),
        13 => bytes::nul_tail(),
        14 => limits::longest(),
        15 => limits::too_long(),
        16 => limits::endless(),
        17 => limits::depth(),
        18 => owned::duplicate_keys(),
        19 => owned::long_integers(),
        20 => owned::odd_numbers(),
        21 => lines::not_json_numbers(),
        22 => lines::not_objects(),
        23 => lines::two_on_a_line(),
        24 => lines::pretty_printed(),
        25 => limits::many_keys(),
        26 => owned::schema(),
        27 => owned::duplicate_ids(),
        28 => owned::hostile_ids(),
        29 => bytes::unicode(),
        30 => owned::normal_forms(),
        31 => lines::upstream_error(),
        32 => owned::unknown_version(),
        33 => lines::torn(),
        34 => bytes::compressed(),
        35 => limits::slow(),
        _ => panic!("the catalogue has cases 1 to 35"),
    };
    for case in &mut cases {
        case.number = number;
    }
    cases
}

/// A foreign record that every tool passes on.
pub const GOOD: &str = r#"{"type":"note","n":1.0}"#;

impl Case {
    fn new(name: &'static str, input: Input, subject: Subject, expected: Expected) -> Self {
        Self { number: 0, name, input, subject, expected }
    }

    /// A case for every tool.
    fn every(name: &'static str, input: impl Into<Vec<u8>>, expected: Expected) -> Self {
        Self::new(name, Input::Bytes(input.into()), Subject::Every, expected)
    }

    /// A case for the owners of a record type.
    fn owned(kind: &'static str, name: &'static str, input: impl Into<Vec<u8>>, expected: Expected) -> Self {
        Self::new(name, Input::Bytes(input.into()), Subject::OwnerOf(kind), expected)
    }
}

impl Expected {
    /// These lines leave as they came, and nothing else happens.
    fn passes<L: AsRef<[u8]>>(lines: impl IntoIterator<Item = L>) -> Self {
        Self { passes: lines.into_iter().map(|line| line.as_ref().to_vec()).collect(), ..Self::default() }
    }

    fn accepts(accepted: usize) -> Self {
        Self { accepted, ..Self::default() }
    }

    fn fault(mut self, fault: Fault) -> Self {
        self.faults.push(fault);
        self
    }
}

impl Fault {
    /// A fault somewhere in the line that starts at `start` and is `length` bytes long.
    fn within(kind: &'static [&'static str], line: u64, start: usize, length: usize) -> Self {
        let start = start as u64;
        Self { kinds: kind, line, offset: start..=start + length as u64, mentions: "" }
    }

    /// A fault with one right place.
    fn at(kind: &'static [&'static str], line: u64, offset: usize) -> Self {
        Self::within(kind, line, offset, 0)
    }

    fn mentioning(mut self, word: &'static str) -> Self {
        self.mentions = word;
        self
    }
}

const PARSE: &[&str] = &["input.parse"];
const ENCODING: &[&str] = &["input.encoding"];
const SURROGATE: &[&str] = &["input.surrogate"];
const NOT_OBJECT: &[&str] = &["input.not_object"];
const TOO_LONG: &[&str] = &["input.too_long"];
const DEPTH: &[&str] = &["input.depth"];
const DUPLICATE: &[&str] = &["input.duplicate_key"];
const SCHEMA: &[&str] = &["input.schema"];
const VERSION: &[&str] = &["input.version"];
const RANGE: &[&str] = &["param.range"];

/// A good line, the line under test, a good line: the fault is on line 2 and the good lines leave.
fn between(name: &'static str, line: impl AsRef<[u8]>, kind: &'static [&'static str]) -> Case {
    let line = line.as_ref();
    let input = [GOOD.as_bytes(), b"\n", line, b"\n", GOOD.as_bytes(), b"\n"].concat();
    let fault = Fault::within(kind, 2, GOOD.len() + 1, line.len());
    Case::every(name, input, Expected::passes([GOOD, GOOD]).fault(fault))
}

/// A good line, a line that must pass, a good line.
fn passing(name: &'static str, line: impl AsRef<[u8]>) -> Case {
    let line = line.as_ref();
    let input = [GOOD.as_bytes(), b"\n", line, b"\n", GOOD.as_bytes(), b"\n"].concat();
    Case::every(name, input, Expected::passes([GOOD.as_bytes(), line, GOOD.as_bytes()]))
}
