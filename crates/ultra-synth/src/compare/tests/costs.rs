//! What a comparison says of costs that are not known of every call.

use serde_json::{Value, json};
use ultra_core::tool::Context;
use ultra_provider::{Answer, Call};

use super::{of, three};
use crate::testing::{Ran, Said, refused, run_scripted, says};

/// Compares `strategy`, whose calls `script` answers.
fn compared(strategy: &str, form: &str, script: impl Fn(&Call) -> Said + Send + Sync + 'static) -> Ran {
    let arguments = ["compare", "-s", strategy, "--format", form];
    let arguments = if form == "records" { &arguments[..3] } else { &arguments[..] };
    run_scripted(&Context::mock(0), arguments, &three(), script)
}

fn priced(cost_usd: Option<f64>) -> Answer {
    Answer { cost_usd, ..says("Paris") }
}

/// The calls of one of the three prompts have no price.
fn partly(call: &Call) -> Answer {
    let asked = call.messages.iter().any(|message| message.content.text().contains("It is 42."));
    priced((!asked).then_some(0.25))
}

#[test]
fn a_total_without_the_price_of_a_call_is_told_as_the_least() {
    let strategy = "fuse --ultra exec:u";
    let ran = compared(strategy, "records", |call| Ok(partly(call)));
    let rows = ran.of("comparison");
    let row = of(&rows, strategy);
    assert_eq!((&row["cost_usd"], &row["unpriced"]), (&json!(0.5), &json!(1)), "{row}");
    assert_eq!(row.get("prompt_cost_usd"), None, "a mean of what is not known is not known: {row}");
    let trials = ran.of("trial");
    let told: Vec<_> = trials.iter().map(|trial| (trial.get("cost_usd"), trial.get("unpriced"))).collect();
    let quarter = json!(0.25);
    assert_eq!(told, [(Some(&quarter), None), (None, None), (Some(&quarter), None)]);
    let table = compared(strategy, "text", |call| Ok(partly(call))).stdout;
    assert!(
        table.contains("≥$0.5000") && table.contains("≥: the cost of some calls is not known."),
        "{table}"
    );
    let page = compared(strategy, "html", |call| Ok(partly(call))).stdout;
    assert!(!page.contains("US dollars a prompt"), "{page}");
}

#[test]
fn a_call_that_failed_before_one_with_a_price_is_not_free() {
    let strategy = "fuse --ultra exec:u --ultra exec:v";
    let ran = compared(strategy, "records", |call| match call.target.as_str() {
        "exec:u" => Err(refused(call)),
        _ => Ok(priced(Some(0.25))),
    });
    let rows = ran.of("comparison");
    let row = of(&rows, strategy);
    assert_eq!((&row["calls"], &row["cost_usd"], &row["unpriced"]), (&json!(6), &json!(0.75), &json!(3)));
    assert_eq!(ran.of("trial")[0]["unpriced"], 1);
}

#[test]
fn a_total_of_priced_calls_is_told_as_it_is_and_one_without_any_price_not_at_all() {
    let strategy = "fuse --ultra exec:u";
    for (cost, told) in [(Some(0.25), Some(&json!(0.75))), (None, None)] {
        let ran = compared(strategy, "records", move |_| Ok(priced(cost)));
        let rows = ran.of("comparison");
        let row = of(&rows, strategy);
        assert_eq!((row.get("cost_usd"), row.get("unpriced")), (told, None), "{row}");
        assert_eq!(row.get("prompt_cost_usd").map(Value::is_object), cost.map(|_| true), "{row}");
        let table = compared(strategy, "text", move |_| Ok(priced(cost))).stdout;
        assert!(!table.contains('≥') && table.contains('$') == cost.is_some(), "{table}");
    }
}
