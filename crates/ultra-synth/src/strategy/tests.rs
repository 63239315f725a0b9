//! Every strategy through the whole tool, with models that answer from a script.

mod compose;
mod failing;
mod golden;
mod honest;
mod middle;
mod results;
mod stages;
mod undecided;

use std::sync::{Arc, Mutex};

use serde_json::Value;
use ultra_core::tool::Context;
use ultra_provider::Call;

use crate::testing::{Ran, Said, panel_of, run_scripted};

/// Three answers that have something in common.
const THREE: [&str; 3] =
    ["Paris is the capital of France.", "The capital of France is Paris.", "I like cheese from France."];

fn three() -> Vec<Value> {
    panel_of("p", "exec:m", &THREE)
}

fn run(arguments: &[&str], records: &[Value], script: impl Fn(&Call) -> Said + Send + Sync + 'static) -> Ran {
    run_scripted(&Context::mock(0), arguments, records, script)
}

/// The text of a call.
fn text(call: &Call) -> String {
    let texts: Vec<_> = call.messages.iter().map(|message| message.content.text()).collect();
    texts.join("\n") + "\n"
}

/// Runs and keeps what was asked of whom, sorted.
fn listen(
    arguments: &[&str],
    records: &[Value],
    script: impl Fn(&Call) -> Said + Send + Sync + 'static,
) -> (Ran, Vec<(String, String)>) {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let ear = Arc::clone(&heard);
    let ran = run(arguments, records, move |call| {
        ear.lock().expect("is whole").push((call.target.clone(), text(call)));
        script(call)
    });
    let mut heard = heard.lock().expect("is whole").clone();
    heard.sort();
    (ran, heard)
}
