//! What came out of a run: the ends of its calls, and what is wrong with its lines.

use std::collections::BTreeMap;

use serde_json::Value;

use super::fanout::answer_to;
use crate::command::Run;
use crate::mutant::Mutant;
use crate::strict;

/// The end of one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Terminal {
    /// The kind of its error, if it is one.
    pub(super) error: Option<String>,
    /// Attempts that it says were made.
    pub(super) attempts: u64,
}

/// What stdout held.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    /// By prompt and target; more than one end is a defect.
    pub(super) ends: BTreeMap<(String, String), Vec<Terminal>>,
    /// Error records that belong to no call, such as those of lines that are no records.
    pub(super) strays: usize,
    /// What no line may be.
    pub(super) complaints: Vec<String>,
}

impl Seen {
    /// Reads the stdout of a run that has ended by itself.
    pub(super) fn read(run: &Run, mutant: Option<Mutant>) -> Self {
        Self::of(run.stdout_bytes(), false, mutant)
    }

    /// Reads a stdout; only that of a killed program may end within a line.
    pub(super) fn of(stdout: &[u8], killed: bool, mutant: Option<Mutant>) -> Self {
        let mut seen = Self::default();
        let mut text = String::from_utf8_lossy(stdout).into_owned();
        if mutant == Some(Mutant::TearsALine) {
            text.truncate(text.len().saturating_sub(3));
        }
        let mut lines: Vec<&str> = text.split('\n').collect();
        if let Some(tail) = lines.pop().filter(|tail| !tail.is_empty() && !killed) {
            seen.complaints.push(format!("the last line has no end: {tail:.80}"));
        }
        let middle = lines.iter().rposition(|line| line.starts_with(r#"{"type":"response""#));
        match (mutant, middle) {
            (Some(Mutant::RepeatsALine), Some(at)) => lines.insert(at, lines[at]),
            (Some(Mutant::MissesALine), Some(at)) => drop(lines.remove(at)),
            _ => {}
        }
        for line in lines {
            seen.line(line);
        }
        seen
    }

    fn line(&mut self, line: &str) {
        let record = match strict::object(line) {
            Ok(record) => record,
            Err(why) => return self.complaints.push(format!("a line is not a record, {why}: {line:.80}")),
        };
        let word = |name: &str| record[name].as_str().unwrap_or_default().to_owned();
        let kind = word("type");
        if kind != "response" && kind != "error" {
            return;
        }
        let Some(prompt) = record["prompt_id"].as_str().filter(|_| record["target"].is_string()) else {
            self.strays += 1;
            return;
        };
        let number = prompt.trim_start_matches('p');
        if kind == "response" && word("text") != answer_to(&format!("Q-{number}.")) {
            self.complaints.push(format!("an answer is not what the server said: {line:.160}"));
        }
        let error = (kind == "error").then(|| word("kind"));
        let attempts = record["attempts"].as_u64().unwrap_or_default();
        let end = Terminal { error, attempts };
        self.ends.entry((prompt.to_owned(), word("target"))).or_default().push(end);
    }

    /// Complaints about calls that have not exactly one end, and about lines.
    pub(super) fn conserves(&self, prompts: u64, targets: &[&str]) -> Vec<String> {
        let mut complaints = self.complaints.clone();
        let mut expected = 0;
        for number in 0..prompts {
            for target in targets {
                let key = (format!("p{number:06}"), (*target).to_owned());
                let ends = self.ends.get(&key).map_or(0, Vec::len);
                expected += ends;
                if ends != 1 {
                    complaints.push(format!("{} at {target} has {ends} ends", key.0));
                }
            }
        }
        let all: usize = self.ends.values().map(Vec::len).sum();
        if all != expected {
            complaints.push(format!("{} ends of calls that nobody asked for", all - expected));
        }
        complaints
    }

    /// Calls that were answered.
    pub(super) fn answers(&self) -> usize {
        self.ends.values().flatten().filter(|end| end.error.is_none()).count()
    }

    /// Calls that failed.
    pub(super) fn errors(&self) -> usize {
        self.ends.values().flatten().filter(|end| end.error.is_some()).count()
    }

    /// Attempts of all calls.
    pub(super) fn attempts(&self) -> u64 {
        self.ends.values().flatten().map(|end| end.attempts).sum()
    }

    /// The prompts that have an answer.
    pub(super) fn answered(&self) -> impl Iterator<Item = &str> {
        let answered = |ends: &Vec<Terminal>| ends.iter().any(|end| end.error.is_none());
        self.ends.iter().filter(move |(_, ends)| answered(ends)).map(|((prompt, _), _)| prompt.as_str())
    }
}

/// The file of `--summary`, or null.
pub(super) fn summary(run: &Run, name: &str) -> Value {
    let path = run.sandbox().path(name);
    std::fs::read(path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
}
