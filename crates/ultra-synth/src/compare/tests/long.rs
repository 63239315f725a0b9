//! Lines as long as the user allows.

use std::io::Cursor;

use serde_json::json;
use ultra_core::ndjson::{DEFAULT_MAX_LINE, Input, Options, Output};
use ultra_core::tool::{Context, Tool as _};

use super::{of, three};
use crate::Synth;
use crate::testing::{Sink, args, lines, run};

#[test]
fn what_the_user_lets_in_reaches_every_strategy_of_a_pipe() {
    let plain = run(&["compare", "-s", "best", "-s", "rank + best"], &three()).of("comparison");
    let mut records = three();
    for record in records.iter_mut().filter(|record| record["type"] == "response") {
        record["raw"] = json!("x".repeat(if record["prompt_id"] == "p" { DEFAULT_MAX_LINE } else { 1 }));
    }
    let options = Options { max_line: 2 * DEFAULT_MAX_LINE, ..Options::default() };
    let input = Input::new(Cursor::new(lines(&records)), options);
    let sink = Sink::default();
    let mut output = Output::new("ultra-synth", sink.clone());
    let arguments = args(&["compare", "-s", "best", "-s", "rank + best", "--format", "json"]);
    Synth::run(arguments, &Context::mock(0), input, &mut output).expect("compares");
    output.flush().expect("writes");
    let report: serde_json::Value = serde_json::from_str(&sink.text()).expect("JSON");
    let rows = report["strategies"].as_array().expect("a list");
    for name in ["best", "rank + best"] {
        for key in ["unanswered", "degraded", "quality"] {
            assert_eq!(of(rows, name)[key], of(&plain, name)[key], "{name} {key}");
        }
    }
}
