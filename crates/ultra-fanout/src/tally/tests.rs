use std::sync::Arc;
use std::time::Duration;

use ultra_core::kind::ErrorKind;
use ultra_core::metrics::Metrics;
use ultra_core::record::{ErrorRecord, Object, Response, Timing, Usage};
use ultra_provider::dispatch::{Counts, Finished, Ticket};
use ultra_provider::mock::Mock;
use ultra_provider::{Answer, Call, CallError};

use super::Tally;
use crate::calls::Source;

pub(crate) fn answer(tokens: (u64, u64), cost_usd: Option<f64>) -> Answer {
    Answer {
        model: "m".into(),
        text: "yes".into(),
        reasoning: None,
        finish_reason: "stop".into(),
        usage: Some(Usage {
            input_tokens: tokens.0,
            output_tokens: tokens.1,
            cached_input_tokens: Some(tokens.0 / 2),
            reasoning_tokens: None,
            extra: Object::default(),
        }),
        cost_usd,
        first_byte: Some(Duration::from_millis(20)),
        mock: false,
    }
}

fn call(target: &str) -> Call {
    Call {
        request_id: "req_1".into(),
        target: target.into(),
        sample: 0,
        messages: Vec::new().into(),
        params: None,
        output_schema: None,
    }
}

pub(crate) fn finished(target: &str, result: Result<Answer, CallError>) -> Finished {
    let call = Arc::new(call(target));
    Finished {
        ticket: Ticket(0),
        call,
        result,
        attempts: 1,
        possibly_paid: 0,
        wasted: Vec::new(),
        unreached: 0,
        timing: None,
    }
}

pub(crate) fn response(target: &str) -> Response {
    let line = format!(
        r#"{{"type":"response","id":"res_1","request_id":"req_1","prompt_id":"prm_1","target":"{target}",
        "sample":0,"stage":"answer","model":"m","text":"yes","finish_reason":"stop","attempts":7}}"#
    );
    serde_json::from_str(&line).expect("is a response")
}

pub(crate) fn error(target: &str, kind: ErrorKind) -> ErrorRecord {
    ErrorRecord { target: Some(target.into()), ..ErrorRecord::new("ultra-fanout", kind, "no") }
}

/// A call of `target` that took `total` milliseconds after waiting 5.
fn measured(target: &str, total: u64) -> Finished {
    let timing = Timing {
        queue_ms: 5,
        first_token_ms: Some(total / 2),
        total_ms: total + 5,
        extra: Object::default(),
    };
    Finished { timing: Some(timing), ..finished(target, Ok(answer((100, 10), Some(0.001)))) }
}

/// A run of two targets in which everything happens that is counted.
fn eventful() -> (Tally, Counts) {
    let mut tally = Tally::default();
    tally.request(4);
    tally.request(4);
    for total in [100, 200, 300] {
        tally.call(&measured("openai:a", total));
        tally.answered(&response("openai:a"), Source::Target);
    }
    tally.answered(&response("openai:a"), Source::Cache);
    let failing = Mock::new("b", "fail=1&kind=timeout.attempt", 0).expect("are options");
    let failed = failing.attempt(&call("ollama:b"), 1).result;
    tally.call(&Finished { attempts: 4, possibly_paid: 2, ..finished("ollama:b", failed) });
    tally.unreached("ollama:b", 1);
    tally.failed(&error("ollama:b", ErrorKind::TimeoutAttempt), Source::Target);
    tally.call(&finished("ollama:b", Ok(answer((50, 5), None))));
    tally.failed(&error("ollama:b", ErrorKind::BadJson), Source::Target);
    tally.answered(&response("ollama:b"), Source::Journal);
    tally.failed(&error("ollama:b", ErrorKind::Budget), Source::Target);
    let counts = Counts {
        attempts: 8,
        retries_free: 1,
        retries_unsure: 2,
        possibly_paid: 2,
        hedges: 1,
        ..Counts::default()
    };
    (tally, counts)
}

#[test]
fn the_line_says_what_happened_and_what_it_cost() {
    let (tally, counts) = eventful();
    assert_eq!(
        tally.line(counts),
        "2 requests, 5 responses, 3 errors (timeout.attempt 1, bad_json 1, budget 1); \
         8 calls, 3 retries, 1 hedge, 1 not connected, 1 from the cache, 1 from the journal, \
         1 skipped by the budget, 2 possibly paid without an answer; tokens 350 in, 35 out; \
         0.0030 USD and 1 answer without a price"
    );
    assert!(!tally.is_nothing());
}

#[test]
fn a_run_without_events_has_the_short_line() {
    let mut tally = Tally::default();
    tally.request(1);
    assert!(tally.is_nothing());
    tally.call(&finished("mock:a", Ok(Answer { mock: true, ..answer((7, 3), None) })));
    tally.answered(&response("mock:a"), Source::Target);
    let counts = Counts { attempts: 1, ..Counts::default() };
    assert_eq!(tally.line(counts), "1 request, 1 response; 1 call; tokens 7 in, 3 out");
    assert_eq!(tally.report(counts, false), tally.line(counts));
}

#[test]
fn the_table_has_a_row_for_each_target_and_one_for_all() {
    let (tally, counts) = eventful();
    let report = tally.report(counts, true);
    let table = report.split_once('\n').expect("has a table").1;
    assert_eq!(
        table,
        "\
target    calls  done  failed   in  out      USD    p50    p95    p99
ollama:b      5     1       3   50    5        ?      -      -      -
openai:a      3     4       0  300   30   0.0030  200ms  300ms  300ms
total         8     5       3  350   35  0.0030+  200ms  300ms  300ms"
    );
}

#[test]
fn lines_of_the_table_fit_into_eighty_columns_and_cannot_drive_a_terminal() {
    let mut tally = Tally::default();
    let names = [&*"ü".repeat(90), "exec:printf '\x1b[2J'", "日本語日本語日本語日本語日本語日本語:model"];
    for name in names {
        for total in [99_949, 99_949, 9_999_000] {
            let answer = answer((99_999 / 3, 99_999 / 3), Some(33_333.0));
            tally.call(&Finished { result: Ok(answer), attempts: 33_333, ..measured(name, total) });
            tally.failed(&error(name, ErrorKind::Server), Source::Target);
        }
    }
    let report = tally.report(Counts::default(), true);
    assert!(report.lines().nth(1).is_some_and(|line| line.ends_with("p99")), "{report}");
    for line in report.lines().skip(1) {
        assert!(console::measure_text_width(line) <= 80, "{line}");
        assert!(!line.contains('\x1b'), "{line}");
    }
}

#[test]
fn what_a_call_took_is_counted_whatever_becomes_of_its_answer() {
    let mut tally = Tally::default();
    tally.call(&finished("a", Ok(answer((100, 10), Some(0.5)))));
    tally.failed(&error("a", ErrorKind::BadJson), Source::Target);
    let summary = tally.summary(Counts { attempts: 1, ..Counts::default() });
    assert_eq!((summary.total.tokens.input, summary.total.cost.usd), (100, 0.5));
    assert_eq!((summary.total.calls, summary.total.responses), (1, 0));
}

#[test]
fn what_the_store_the_journal_or_another_call_gave_costs_nothing() {
    let mut tally = Tally::default();
    for source in [Source::Cache, Source::Journal, Source::Shared] {
        tally.answered(&response("a"), source);
    }
    let total = tally.summary(Counts::default()).total;
    assert_eq!((total.records, total.cached, total.journaled, total.shared), (3, 1, 1, 1));
    assert_eq!((total.calls, total.tokens.input, total.cost.answers_without_price), (0, 0, 0));
}

#[test]
fn a_target_that_stands_in_has_the_call_and_the_other_one_the_record() {
    let mut tally = Tally::default();
    tally.call(&finished("second", Ok(answer((100, 10), Some(0.5)))));
    tally.answered(&response("first"), Source::Target);
    let targets = tally.summary(Counts::default()).targets;
    let numbers: Vec<_> =
        targets.iter().map(|at| (&*at.target, at.numbers.calls, at.numbers.responses)).collect();
    assert_eq!(numbers, [("first", 0, 1), ("second", 1, 0)]);
}

#[test]
fn attempts_of_calls_that_never_ended_are_on_the_bill() {
    let mut tally = Tally::default();
    tally.request(3);
    tally.call(&finished("a", Ok(answer((1, 1), None))));
    tally.answered(&response("a"), Source::Target);
    let counts = Counts { attempts: 3, ..Counts::default() };
    assert_eq!(tally.line(counts), "1 request, 1 response; 3 calls, 2 cut off; tokens 1 in, 1 out");
    let total = tally.summary(counts).total;
    assert_eq!((total.calls, total.unfinished), (3, 2));
}

#[test]
fn the_sum_of_costs_does_not_depend_on_the_order_of_the_answers() {
    let costs = [0.1, 0.2, 0.3, 1e9, 0.000_000_15, 3e-12];
    let sum = |costs: &mut dyn Iterator<Item = f64>| {
        let mut tally = Tally::default();
        costs.for_each(|cost| tally.call(&finished("a", Ok(answer((1, 1), Some(cost))))));
        tally.summary(Counts::default()).total.cost.usd
    };
    assert_eq!(sum(&mut costs.into_iter()).to_bits(), sum(&mut costs.into_iter().rev()).to_bits());
    assert_eq!(sum(&mut [f64::NAN, -1.0, 2.0].into_iter()).to_bits(), 2.0_f64.to_bits());
}

#[test]
fn the_first_error_of_a_kind_is_told_apart() {
    let mut tally = Tally::default();
    let told: Vec<bool> = [
        ("a", ErrorKind::Server),
        ("a", ErrorKind::Server),
        ("b", ErrorKind::Server),
        ("a", ErrorKind::Auth),
    ]
    .map(|(target, kind)| tally.failed(&error(target, kind), Source::Target))
    .into();
    assert_eq!(told, [true, false, true, true]);
}

#[test]
fn the_metrics_have_the_numbers_of_the_summary() {
    let (tally, counts) = eventful();
    let metrics = Metrics::default();
    tally.count(&metrics, counts);
    let text = metrics.render();
    for line in [
        "ultra_requests_total 2",
        r#"ultra_calls_total{target="openai:a"} 3"#,
        r#"ultra_calls_total{target="ollama:b"} 5"#,
        r#"ultra_unreached_total{target="ollama:b"} 1"#,
        r#"ultra_possibly_paid_total{target="ollama:b"} 2"#,
        r#"ultra_retries_total{class="unsure"} 2"#,
        "ultra_hedges_total 1",
        r#"ultra_cached_total{target="openai:a"} 1"#,
        r#"ultra_journaled_total{target="ollama:b"} 1"#,
        r#"ultra_skipped_total{target="ollama:b"} 1"#,
        r#"ultra_unpriced_total{target="ollama:b"} 1"#,
        r#"ultra_tokens_total{target="openai:a",direction="input"} 300"#,
        r#"ultra_cached_tokens_total{target="openai:a"} 150"#,
        r#"ultra_cost_usd_total{target="openai:a"} 0.003"#,
        r#"ultra_call_errors_total{target="ollama:b",kind="bad_json"} 1"#,
        "# TYPE ultra_call_seconds summary",
        r#"ultra_call_seconds{target="openai:a",quantile="0.5"} 0.2"#,
        r#"ultra_first_byte_seconds{target="openai:a",quantile="0.99"} 0.15"#,
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
    }
}
