//! A run that has ended, and strict ways to read what it printed.

use std::collections::BTreeSet;
use std::fmt;
use std::process::Output;
use std::time::Duration;

use assert_cmd::assert::Assert;
use serde_json::Value;

use super::sandbox::Sandbox;
use crate::strict;

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It returned this exit status.
    Code(i32),
    /// A signal of this number ended it.
    Signal(i32),
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "{code}"),
            Self::Signal(number) => write!(f, "signal {number}"),
        }
    }
}

/// What a program printed and how it ended.
#[derive(Debug)]
#[must_use = "a run proves nothing until its status or output is checked"]
pub struct Run {
    pub(super) output: Output,
    pub(super) status: Status,
    pub(super) took: Duration,
    pub(super) sandbox: Sandbox,
}

impl Run {
    /// How it ended.
    pub fn status(&self) -> Status {
        self.status
    }

    /// The exit status; panics when a signal ended it.
    pub fn code(&self) -> i32 {
        match self.status {
            Status::Code(code) => code,
            Status::Signal(_) => panic!("{self}"),
        }
    }

    /// The bytes on stdout.
    pub fn stdout_bytes(&self) -> &[u8] {
        &self.output.stdout
    }

    /// Stdout as text; panics when it is not UTF-8.
    pub fn stdout(&self) -> &str {
        std::str::from_utf8(&self.output.stdout).unwrap_or_else(|error| panic!("stdout: {error}\n{self}"))
    }

    /// Stderr as text; panics when it is not UTF-8.
    pub fn stderr(&self) -> &str {
        std::str::from_utf8(&self.output.stderr).unwrap_or_else(|error| panic!("stderr: {error}\n{self}"))
    }

    /// The lines on stdout without their ends; panics when the last has none.
    pub fn raw_lines(&self) -> Vec<&str> {
        let text = self.stdout();
        assert!(text.is_empty() || text.ends_with('\n'), "the last line has no end\n{self}");
        text.split_terminator('\n').collect()
    }

    /// Every line on stdout as a record: exactly one JSON object, no key twice, nothing around it.
    pub fn lines(&self) -> Vec<Value> {
        let parse = |(index, line): (usize, &str)| {
            strict::object(line)
                .unwrap_or_else(|why| panic!("line {} of stdout: {why}: {line:?}\n{self}", index + 1))
        };
        self.raw_lines().into_iter().enumerate().map(parse).collect()
    }

    /// The records of one `type`.
    pub fn records(&self, kind: &str) -> Vec<Value> {
        self.lines().into_iter().filter(|record| record["type"] == kind).collect()
    }

    /// The `type`s on stdout, each once, sorted.
    pub fn types(&self) -> BTreeSet<String> {
        self.lines().iter().map(|record| record["type"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// Panics with everything that was printed unless the exit status is `code`.
    pub fn assert_status(&self, code: i32) -> &Self {
        assert!(self.status == Status::Code(code), "expected exit status {code}\n{self}");
        self
    }

    /// Panics with everything that was printed unless this signal ended the program.
    pub fn assert_signal(&self, number: i32) -> &Self {
        assert!(self.status == Status::Signal(number), "expected signal {number}\n{self}");
        self
    }

    /// The same run for the assertions of `assert_cmd`.
    pub fn assert(&self) -> Assert {
        Assert::new(self.output.clone())
    }

    /// From start to end.
    pub fn took(&self) -> Duration {
        self.took
    }

    /// Where it ran.
    pub fn sandbox(&self) -> &Sandbox {
        &self.sandbox
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (stdout, stderr) = (&self.output.stdout, &self.output.stderr);
        writeln!(f, "status: {}", self.status)?;
        writeln!(f, "----- stdout -----\n{}", String::from_utf8_lossy(stdout))?;
        write!(f, "----- stderr -----\n{}", String::from_utf8_lossy(stderr))
    }
}
