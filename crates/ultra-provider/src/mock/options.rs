//! What stands after `?` in a simulated target: `mock:NAME?latency=1s..3s&fail=0.3&kind=rate_limited`.

use std::time::Duration;

use ultra_core::config::nearest;
use ultra_core::failure::Failure;
use ultra_core::kind::ErrorKind;
use ultra_pace::Class;

use super::class_of;
use crate::span;

const KNOWN: [&str; 5] = ["latency", "fail", "kind", "retry_after", "length"];

/// The longest answer, in words.
const MAX_LENGTH: usize = 1_000_000;

/// Simulated latency and faults.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    /// `latency=200ms` or `latency=100ms..300ms`: how long an attempt takes.
    pub latency: Latency,
    /// `fail=0.3`: the probability that an attempt fails.
    pub fail: f64,
    /// `kind=rate_limited`: how it fails.
    pub kind: ErrorKind,
    /// What such a failure means for the next attempt.
    pub class: Class,
    /// `retry_after=1s`: how long a failed attempt asks to be left alone.
    pub retry_after: Option<Duration>,
    /// `length=200`: at least so many words.
    pub length: Option<usize>,
}

/// A range of durations, from which one is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Latency {
    /// The lower end.
    pub least: Duration,
    /// The upper end.
    pub most: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            latency: Latency::default(),
            fail: 0.0,
            kind: ErrorKind::Server,
            class: Class::Free,
            retry_after: None,
            length: None,
        }
    }
}

impl Options {
    pub(super) fn parse(text: &str) -> Result<Self, Failure> {
        let mut options = Self::default();
        for option in text.split('&').filter(|option| !option.is_empty()) {
            let (name, value) = option.split_once('=').unwrap_or((option, ""));
            options.set(name, value)?;
        }
        Ok(options)
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), Failure> {
        let wrong =
            |cause: &str| Failure::usage(format!("mock option `{name}={}`: {cause}", value.escape_debug()));
        match name {
            "latency" => {
                let (least, most) = value.split_once("..").unwrap_or((value, value));
                let parse = |text| span::parse(text).map_err(|cause| wrong(&cause));
                self.latency = Latency { least: parse(least)?, most: parse(most)? };
                if self.latency.least > self.latency.most {
                    return Err(wrong("the range ends before it begins"));
                }
            }
            "fail" => {
                let fail = value.parse().ok().filter(|fail| (0.0..=1.0).contains(fail));
                self.fail = fail.ok_or_else(|| wrong("expected a probability, 0 to 1"))?;
            }
            "kind" => {
                let kind: Result<ErrorKind, _> = value.parse();
                let found = kind.ok().and_then(|kind| Some((kind, class_of(kind)?)));
                (self.kind, self.class) =
                    found.ok_or_else(|| wrong_kind(value, wrong("not a failure of a call")))?;
            }
            "retry_after" => self.retry_after = Some(span::parse(value).map_err(|cause| wrong(&cause))?),
            "length" => {
                let length = value.parse().ok().filter(|words| (1..=MAX_LENGTH).contains(words));
                self.length = Some(length.ok_or_else(|| wrong("expected a number of words, 1 to 1000000"))?);
            }
            _ => return Err(unknown(name)),
        }
        Ok(())
    }
}

fn wrong_kind(value: &str, failure: Failure) -> Failure {
    let known = || ErrorKind::ALL.iter().filter(|kind| class_of(**kind).is_some()).map(|kind| kind.as_str());
    match nearest(value, known()) {
        Some(near) => failure.hint(format!("did you mean `{near}`?")),
        None => failure.hint(format!("known are: {}", known().collect::<Vec<_>>().join(", "))),
    }
}

fn unknown(name: &str) -> Failure {
    let failure = Failure::usage(format!("unknown mock option `{}`", name.escape_debug()));
    match nearest(name, KNOWN) {
        Some(near) => failure.hint(format!("did you mean `{near}`?")),
        None => failure.hint(format!("known are: {}", KNOWN.join(", "))),
    }
}
