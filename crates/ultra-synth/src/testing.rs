//! Streams for tests, and runs of the tool in this process.

use std::io::{Cursor, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use clap::FromArgMatches as _;
use serde_json::{Value, json};
use ultra_core::failure::Failure;
use ultra_core::ndjson::{Input, Options, Output};
use ultra_core::tool::{Context, Summary, Tool as _};
use ultra_provider::dispatch::{DispatchConfig, Dispatcher};
use ultra_provider::mock::Mock;
use ultra_provider::{Answer, Call, CallError, Calling, Provider, Watch};

use crate::Synth;
use crate::args::SynthArgs;
use crate::calls::Calls;

mod talking;

pub(crate) use talking::{Talk, pieces, run_talking};

/// A request of `prompt` to `targets`, a bare question without a pattern.
pub(crate) fn request(prompt: &str, targets: &[&str]) -> Value {
    json!({"type": "request", "id": format!("r-{prompt}"), "prompt_id": prompt,
        "messages": [{"role": "user", "content": "What is the capital of France?"}], "targets": targets,
        "stage": {"name": "answer", "index": 0, "of": 1, "requests": 1}})
}

/// The answer of `target` to the request of `prompt`.
pub(crate) fn answer(prompt: &str, target: &str, text: &str) -> Value {
    json!({"type": "response", "id": format!("res-{prompt}-{target}"), "request_id": format!("r-{prompt}"),
        "prompt_id": prompt, "target": target, "sample": 0, "stage": "answer", "model": "m", "text": text,
        "finish_reason": "stop", "attempts": 1})
}

/// The failure of `target`.
pub(crate) fn failure(prompt: &str, target: &str, kind: &str) -> Value {
    json!({"type": "error", "id": format!("e-{target}"), "tool": "ultra-fanout", "kind": kind, "message": "down",
        "retryable": true, "request_id": format!("r-{prompt}"), "prompt_id": prompt, "target": target, "sample": 0})
}

/// A prompt that was put to one target for each text.
pub(crate) fn panel(prompt: &str, texts: &[&str]) -> Vec<Value> {
    panel_of(prompt, "mock:m", texts)
}

/// The same with targets whose names begin with `prefix`.
pub(crate) fn panel_of(prompt: &str, prefix: &str, texts: &[&str]) -> Vec<Value> {
    let names: Vec<String> = (0..texts.len()).map(|n| format!("{prefix}{n}")).collect();
    let targets: Vec<&str> = names.iter().map(String::as_str).collect();
    let answers = targets.iter().zip(texts).map(|(target, text)| answer(prompt, target, text));
    std::iter::once(request(prompt, &targets)).chain(answers).collect()
}

pub(crate) fn lines(records: &[Value]) -> String {
    records.iter().flat_map(|record| [record.to_string(), "\n".to_owned()]).collect()
}

/// How a run ended.
pub(crate) struct Ran {
    pub(crate) result: Result<Summary, Failure>,
    pub(crate) stdout: String,
    pub(crate) errors: u64,
}

impl Ran {
    pub(crate) fn records(&self) -> Vec<Value> {
        self.stdout.lines().map(|line| serde_json::from_str(line).expect("a record")).collect()
    }

    pub(crate) fn of(&self, kind: &str) -> Vec<Value> {
        self.records().into_iter().filter(|record| record["type"] == kind).collect()
    }

    /// The only synthesis.
    pub(crate) fn synthesis(&self) -> Value {
        let all = self.of("synthesis");
        assert_eq!(all.len(), 1, "{}", self.stdout);
        all[0].clone()
    }

    pub(crate) fn status(&self) -> u8 {
        match &self.result {
            Ok(_) => u8::from(self.errors > 0),
            Err(failure) => failure.exit().code(),
        }
    }
}

#[derive(Clone, Default)]
pub(crate) struct Sink(Arc<Mutex<Vec<u8>>>);

impl Sink {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().expect("is whole").clone()).expect("is text")
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("is whole").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

pub(crate) fn args(arguments: &[&str]) -> SynthArgs {
    let command = ultra_core::shell::command::<Synth>();
    let arguments = std::iter::once("ultra-synth").chain(arguments.iter().copied());
    let matches = command.try_get_matches_from(arguments).expect("right arguments");
    SynthArgs::from_arg_matches(&matches).expect("right arguments")
}

pub(crate) fn run_in(context: &Context, arguments: &[&str], stdin: impl Into<Vec<u8>>) -> Ran {
    let input = Input::new(Cursor::new(stdin.into()), Options::default());
    let sink = Sink::default();
    let mut output = Output::new("ultra-synth", sink.clone()).emitting(context.emit).strict(context.strict);
    let result = Synth::run(args(arguments), context, input, &mut output);
    output.flush().expect("writes");
    let errors = output.errors();
    let stdout = sink.text();
    Ran { result, stdout, errors }
}

/// What models say to a call: its text and why it ended, or its failure.
pub(crate) type Script = dyn Fn(&Call) -> Said + Send + Sync;

/// What is said to a call.
pub(crate) type Said = Result<Answer, Box<CallError>>;

/// How often a model is looked after before it answers a call.
pub(crate) type Lateness = dyn Fn(&Call) -> u32 + Send + Sync;

/// Answers calls from a script, some later than others.
#[derive(Clone)]
struct Scripted {
    script: Arc<Script>,
    late: Arc<Lateness>,
}

/// How often a late model is looked after before it answers.
const LATE: u32 = 20_000;

impl std::fmt::Debug for Scripted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Scripted")
    }
}

impl Provider for Scripted {
    fn call<'a>(&'a self, call: &'a Call, _: &'a dyn Watch) -> Calling<'a> {
        let said = (self.script)(call);
        let mut looks = (self.late)(call);
        Box::pin(async move {
            std::future::poll_fn(|context| {
                looks = looks.saturating_sub(1);
                context.waker().wake_by_ref();
                if looks == 0 { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
            })
            .await;
            said.map_err(|error| *error)
        })
    }
}

/// Runs with models (`exec:…`) that answer from a script; a target `exec:late…` answers long after all others.
pub(crate) fn run_scripted(
    context: &Context,
    arguments: &[&str],
    records: &[Value],
    script: impl Fn(&Call) -> Said + Send + Sync + 'static,
) -> Ran {
    let late = |call: &Call| if call.target.starts_with("exec:late") { LATE } else { 0 };
    run_in_time(context, arguments, records, script, late)
}

/// Runs with models (`exec:…`) that answer from a script, each call as late as `late` says.
pub(crate) fn run_in_time(
    context: &Context,
    arguments: &[&str],
    records: &[Value],
    script: impl Fn(&Call) -> Said + Send + Sync + 'static,
    late: impl Fn(&Call) -> u32 + Send + Sync + 'static,
) -> Ran {
    let scripted = Scripted { script: Arc::new(script), late: Arc::new(late) };
    run_with(context, arguments, records, &Sink::default(), &scripted)
}

fn run_with(
    context: &Context,
    arguments: &[&str],
    records: &[Value],
    sink: &Sink,
    provider: &(impl Provider + Clone + 'static),
) -> Ran {
    let context = Context { mock: false, ..context.clone() };
    let input = Input::new(Cursor::new(lines(records)), Options::default());
    let mut output = Output::new("ultra-synth", sink.clone()).emitting(context.emit).strict(context.strict);
    let dial = |context: &Context, config: &DispatchConfig| dial(context, config, provider.clone());
    let result = crate::tool::run_any(&args(arguments), &context, input, &mut output, &dial);
    output.flush().expect("writes");
    let errors = output.errors();
    let stdout = sink.text();
    Ran { result, stdout, errors }
}

fn dial(
    context: &Context,
    config: &DispatchConfig,
    provider: impl Provider + Clone + 'static,
) -> Result<Calls, Failure> {
    Dispatcher::with(context, config, move |_| Ok(Box::new(provider.clone()))).map(Calls::new)
}

/// Calls of models (`exec:…`) that answer from a script.
pub(crate) fn scripted(
    context: &Context,
    config: &DispatchConfig,
    script: impl Fn(&Call) -> Said + Send + Sync + 'static,
) -> Calls {
    dial(context, config, Scripted { script: Arc::new(script), late: Arc::new(|_| 0) }).expect("starts")
}

/// A failure that is not tried again and says nothing of other calls.
pub(crate) fn refused(call: &Call) -> Box<CallError> {
    let mock = Mock::new("m", "fail=1&kind=request", 0).expect("is a model");
    Box::new(mock.attempt(call, 1).result.expect_err("fails"))
}

/// A journal that is not there yet, and goes when the test ends.
pub(crate) struct File(pub(crate) PathBuf);

impl File {
    pub(crate) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("ultra-synth-{name}-{}.journal", std::process::id()));
        let _ = std::fs::remove_file(&path);
        Self(path)
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// What a simulated model answers: something that fits the schema of the call.
pub(crate) fn simulated(call: &Call) -> Answer {
    let mock = Mock::new(&call.target, "", 0).expect("is a model");
    mock.attempt(call, 1).result.expect("does not fail")
}

/// An answer that says `text`.
pub(crate) fn says(text: &str) -> Answer {
    Answer {
        model: "scripted".into(),
        text: text.into(),
        reasoning: None,
        finish_reason: "stop".into(),
        usage: None,
        cost_usd: None,
        first_byte: None,
        mock: false,
    }
}

/// Runs with simulated models.
pub(crate) fn run(arguments: &[&str], records: &[Value]) -> Ran {
    run_in(&Context::mock(0), arguments, lines(records))
}
