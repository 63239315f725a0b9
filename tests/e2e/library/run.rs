//! A pattern run through the tools in this process: start, fanout and next in turn, synth.

use std::io::{Cursor, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};

use clap::FromArgMatches as _;
use serde_json::Value;
use ultra_core::ndjson::{Input, Options, Output};
use ultra_core::tool::{Context, Tool};
use ultra_fanout::Fanout;
use ultra_ingest::Ingest;
use ultra_pattern::Pattern as PatternTool;
use ultra_synth::Synth;
use ultra_template::Pattern;

/// The prompt of every run.
pub(crate) const PROMPT: &str = "Is this plan sound?";
/// The document of the runs that have one.
const DOCUMENT: &str = "tests/e2e/data/plan.md";

/// What is run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Case<'a> {
    pub(crate) pattern: &'a Pattern,
    /// Models that answer.
    pub(crate) models: usize,
    /// Whether one more model takes part that always fails.
    pub(crate) fails: bool,
    pub(crate) document: bool,
}

/// Everything that came out.
#[derive(Debug)]
pub(crate) struct Ran {
    text: String,
    pub(crate) records: Vec<Value>,
}

impl Case<'_> {
    /// The names of the models on the command line.
    pub(crate) fn targets(&self) -> Vec<&'static str> {
        const NAMES: [&str; 8] = [
            "mock:ada",
            "mock:bohr",
            "mock:curie",
            "mock:darwin",
            "mock:euler",
            "mock:faraday",
            "mock:gauss",
            "mock:hopper",
        ];
        let mut targets = NAMES[..self.models].to_vec();
        if self.fails {
            // Not the last one, so that the labels of those that are left have a gap.
            targets.insert(self.models / 2, "mock:bad?fail=1");
        }
        targets
    }

    /// Runs the whole pattern with simulated models.
    pub(crate) fn run(&self) -> Ran {
        let stream = tool::<Synth>(&Context::mock(0), &["--ultra", "mock:ultra"], self.stages());
        Ran::of(stream)
    }

    /// What the writer of the final answer is asked.
    pub(crate) fn asked_at_the_end(&self) -> String {
        let context = Context { mock: false, ..Context::mock(0) };
        let stream = tool::<Synth>(&context, &["--ultra", "exec:cat"], self.stages());
        let ran = Ran::of(stream);
        let synthesis = ran.of_type("synthesis").next().expect("is written");
        synthesis["text"].as_str().expect("is text").to_owned()
    }

    /// The transcript before the synthesis.
    fn stages(&self) -> Vec<u8> {
        let context = Context::mock(0);
        let mut stream = Vec::new();
        if self.document {
            let made = String::from_utf8(tool::<Ingest>(&context, &[DOCUMENT], stream)).expect("is text");
            // As if it had been read where it lies.
            stream = made.replace(DOCUMENT, "plan.md").into_bytes();
        }
        let mut start = vec!["start", &self.pattern.name, "-p", PROMPT];
        start.extend(self.targets().into_iter().flat_map(|target| ["-m", target]));
        stream = tool::<PatternTool>(&context, &start, stream);
        for stage in 0..self.pattern.stages.len() {
            if stage > 0 {
                stream = tool::<PatternTool>(&context, &["next"], stream);
            }
            stream = tool::<Fanout>(&context, &[], stream);
        }
        stream
    }
}

impl Ran {
    fn of(stream: Vec<u8>) -> Self {
        let text = String::from_utf8(stream).expect("is text");
        let records = text.lines().map(|line| serde_json::from_str(line).expect("a record")).collect();
        Self { text, records }
    }

    /// What was asked and answered, byte for byte, and the final answer, which depends on every byte of its question.
    pub(crate) fn exchange(&self) -> String {
        let lines = self.text.lines().zip(&self.records);
        let asked = lines.filter(|(_, record)| record["type"] == "request" || record["type"] == "response");
        let asked = asked.map(|(line, _)| line);
        asked.chain(self.of_type("synthesis").filter_map(|record| record["text"].as_str())).collect()
    }

    /// The records of one type.
    pub(crate) fn of_type<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Value> {
        self.records.iter().filter(move |record| record["type"] == kind)
    }
}

#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("is whole").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Runs a tool over a stream; it must not fail.
pub(crate) fn tool<T: Tool>(context: &Context, arguments: &[&str], input: Vec<u8>) -> Vec<u8> {
    let command = ultra_core::shell::command::<T>();
    let arguments = std::iter::once(T::NAME).chain(arguments.iter().copied());
    let matches = command.try_get_matches_from(arguments).expect("right arguments");
    let args = T::Args::from_arg_matches(&matches).expect("right arguments");
    let sink = Sink::default();
    let mut output = Output::new(T::NAME, sink.clone());
    let ended = T::run(args, context, Input::new(Cursor::new(input), Options::default()), &mut output);
    output.flush().expect("writes");
    let stream = std::mem::take(&mut *sink.0.lock().expect("is whole"));
    assert!(ended.is_ok(), "{}: {ended:?}\n{}", T::NAME, String::from_utf8_lossy(&stream));
    stream
}

/// The built-in patterns, in the order of the list.
pub(crate) fn patterns() -> Vec<Pattern> {
    let nothing = |_: &Path| Err(std::io::ErrorKind::NotFound.into());
    let find = |name| ultra_template::library::find(name, &[], &nothing);
    let names = ultra_template::library::built_in().map(|(name, _)| name);
    names.map(|name| find(name).unwrap_or_else(|faults| panic!("{faults}"))).collect()
}
