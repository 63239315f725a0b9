use std::sync::Arc;

use ultra_core::config::Config;
use ultra_core::tool::Context;
use ultra_provider::tokens::Estimate;

use super::{Estimator, Known};

const PRICES: &str = r#"
[prices."openai:a"]
in = 0.15
cached = 0.075
out = 0.6
date = 2026-05-01
"#;

const TAKES: Estimate = Estimate { input: 1_000, output: 500 };

fn estimator(mock: bool) -> Estimator {
    let mut config = Config::default();
    config.add("ultra.toml", PRICES).expect("is a configuration");
    Estimator::new(&Context { mock, config: Arc::new(config), ..Context::mock(0) })
}

/// Three targets: with a price, without one, simulated.
fn filled() -> Estimator {
    let mut estimator = estimator(false);
    for known in [Known::New, Known::New, Known::Cached, Known::Journaled] {
        for target in ["openai:a", "ollama:b", "mock:c"] {
            estimator.add(target, TAKES, known);
        }
    }
    estimator
}

#[test]
fn each_target_has_a_record_and_all_have_the_last() {
    let records: Vec<_> =
        filled().records().iter().map(|record| serde_json::to_string(record).expect("is JSON")).collect();
    assert_eq!(
        records,
        [
            r#"{"type":"estimate","target":"mock:c","calls":2,"cached":1,"journaled":1,"input_tokens":2000,"output_tokens":1000,"cost_usd":0.0,"price":{"in":0.0,"cached":0.0,"out":0.0}}"#,
            r#"{"type":"estimate","target":"ollama:b","calls":2,"cached":1,"journaled":1,"input_tokens":2000,"output_tokens":1000}"#,
            r#"{"type":"estimate","target":"openai:a","calls":2,"cached":1,"journaled":1,"input_tokens":2000,"output_tokens":1000,"cost_usd":0.0009,"price":{"in":0.15,"cached":0.075,"out":0.6,"date":"2026-05-01"}}"#,
            r#"{"type":"estimate","calls":6,"cached":3,"journaled":3,"input_tokens":6000,"output_tokens":3000,"cost_usd":0.0009,"without_price":["ollama:b"]}"#,
        ]
    );
}

#[test]
fn the_table_says_plainly_what_has_no_price() {
    assert_eq!(
        filled().table(),
        "\
target    calls  cached  journaled    in   out       USD  price of
mock:c        2       1          1  2000  1000    0.0000
ollama:b      2       1          1  2000  1000  no price
openai:a      2       1          1  2000  1000    0.0009  2026-05-01
total         6       3          3  6000  3000   0.0009+
estimated; an answer is taken to be as long as its call allows
no price is known, so not in the sum: ollama:b
"
    );
}

#[test]
fn a_target_that_is_not_called_needs_no_price() {
    let mut estimator = estimator(false);
    estimator.add("ollama:b", TAKES, Known::Cached);
    let total = estimator.records().pop().expect("is there");
    assert_eq!((total.cost_usd, total.without_price), (None, Vec::new()));
}

#[test]
fn in_a_simulated_run_nothing_costs_anything() {
    let mut estimator = estimator(true);
    estimator.add("openai:a", TAKES, Known::New);
    estimator.add("unknown", TAKES, Known::New);
    let total = estimator.records().pop().expect("is there");
    assert_eq!((total.cost_usd, total.without_price), (Some(0.0), Vec::new()));
}

#[test]
fn an_alias_has_the_price_of_its_target_and_an_unknown_target_none() {
    let mut config = Config::default();
    config
        .add("ultra.toml", &format!("[aliases]\nbest = \"openai:a\"\n{PRICES}"))
        .expect("is a configuration");
    let mut estimator =
        Estimator::new(&Context { mock: false, config: Arc::new(config), ..Context::mock(0) });
    estimator.add("best", TAKES, Known::New);
    estimator.add("nobody", TAKES, Known::New);
    let costs: Vec<_> = estimator.records().iter().map(|record| record.cost_usd).collect();
    assert_eq!(costs, [Some(0.000_45), None, Some(0.000_45)]);
}
