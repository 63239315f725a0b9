//! How long strategies and panels take.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use ultra_core::clock::Clock;
use ultra_core::tool::Context;
use ultra_provider::{Answer, Call};

use super::of;
use crate::testing::{Ran, Said, panel_of, run, run_scripted, says, simulated};

/// A clock that stands where a script has set it.
#[derive(Debug, Clone, Default)]
struct Told(Arc<AtomicU64>);

impl Clock for Told {
    fn elapsed(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::SeqCst))
    }

    fn unix_seconds(&self) -> u64 {
        0
    }
}

/// Runs with models that answer at what `answers` says, in milliseconds since the start.
pub(super) fn timed(arguments: &[&str], records: &[Value], answers: fn(&Call, u64) -> (u64, Said)) -> Ran {
    let clock = Told::default();
    let context = Context { clock: Arc::new(clock.clone()), ..Context::mock(0) };
    run_scripted(&context, arguments, records, move |call| {
        let (at, said) = answers(call, clock.0.load(Ordering::SeqCst));
        clock.0.store(at, Ordering::SeqCst);
        said
    })
}

/// Something that fits the schema of the call, from a model that takes time.
fn fitting(call: &Call) -> Answer {
    Answer { mock: false, ..simulated(call) }
}

/// Three answers, each with the time that it took.
pub(super) fn three() -> Vec<Value> {
    let mut records =
        vec![json!({"type": "prompt", "id": "p", "text": "Capital of France?", "expected": "Paris"})];
    records.extend(panel_of("p", "exec:m", &["Paris", "Paris.", "Lyon"]));
    for (record, total) in records.iter_mut().filter(|record| record["type"] == "response").zip([70, 90, 20])
    {
        record["timing"] = json!({"queue_ms": 0, "total_ms": total});
    }
    records
}

#[test]
fn judges_that_follow_each_other_add_up_and_a_failure_counts() {
    let ran = timed(&["fuse", "--ultra", "exec:a", "--ultra", "exec:b"], &three(), |call, now| {
        let said = if call.target == "exec:a" { "" } else { "Paris" };
        (now + 100, Ok(says(said)))
    });
    let synthesis = ran.synthesis();
    assert_eq!((&synthesis["rung"], &synthesis["latency_ms"]), (&json!("judge:2"), &json!(200)));
}

#[test]
fn a_reply_that_is_asked_for_again_adds_its_time() {
    let ran = timed(&["judge", "--ultra", "exec:a"], &three(), |call, now| {
        let said = if now == 0 { says("hm") } else { fitting(call) };
        (now + 100, Ok(said))
    });
    let synthesis = ran.synthesis();
    assert_eq!((&synthesis["calls"], &synthesis["latency_ms"]), (&json!(2), &json!(200)), "{synthesis}");
}

#[test]
fn calls_side_by_side_take_as_long_as_one() {
    let ran = timed(&["rank"], &three(), |call, _| (100, Ok(fitting(call))));
    let verdict = &ran.of("verdict")[0];
    assert_eq!((&verdict["calls"], &verdict["latency_ms"]), (&json!(3), &json!(100)), "{verdict}");
}

#[test]
fn a_comparison_tells_the_time_of_strategies_and_of_the_panel() {
    let arguments =
        ["compare", "-s", "vote", "-s", "fuse --ultra exec:u", "-s", "rank + fuse --ultra exec:u"];
    let ran = timed(&arguments, &three(), |call, now| (now + 100, Ok(fitting(call))));
    let rows = ran.of("comparison");
    let mean = |name: &str| &of(&rows, name)["latency_ms"]["mean"];
    assert_eq!(mean("vote"), &Value::Null);
    assert_eq!(mean("fuse --ultra exec:u"), &json!(100.0));
    let piped = mean("rank + fuse --ultra exec:u").as_f64().expect("a number");
    assert!((200.0..=400.0).contains(&piped), "{piped}");
    assert_eq!(
        (mean("any answer"), mean("one answer"), mean("exec:m2")),
        (&json!(90.0), &json!(60.0), &json!(20.0))
    );
    let trials = ran.of("trial");
    assert_eq!((&trials[0]["latency_ms"], &trials[1]["latency_ms"]), (&Value::Null, &json!(100)));
}

#[test]
fn a_prompt_that_needed_no_call_took_no_time() {
    let mut records = three();
    records.extend(panel_of("q", "exec:m", &["Only one."]));
    let arguments = ["compare", "-s", "fuse --ultra exec:u"];
    let rows = timed(&arguments, &records, |_, now| (now + 100, Ok(says("Paris")))).of("comparison");
    assert_eq!(of(&rows, arguments[2])["latency_ms"], json!({"mean": 50.0}));
}

#[test]
fn the_time_stands_in_the_table_and_on_the_page() {
    let form = |form: &'static str| {
        let arguments = ["compare", "-s", "vote", "-s", "fuse --ultra exec:u", "--format", form];
        timed(&arguments, &three(), |_, now| (now + 2000, Ok(says("Paris")))).stdout
    };
    let text = form("text");
    assert!(text.contains("2.0 s") && text.contains("time: a prompt;"), "{text}");
    assert!(text.lines().all(|line| console::measure_text_width(line) <= 80), "{text}");
    let page = form("html");
    assert_eq!(page.matches("<svg").count(), 3, "{page}");
    assert!(page.contains("Score over seconds a prompt, on top of the answers"), "{page}");
}

#[test]
fn a_stage_waits_for_the_slowest_of_the_one_before_and_what_is_not_known_is_not_guessed() {
    let mut records =
        vec![json!({"type": "prompt", "id": "p", "text": "Capital of France?", "expected": "Paris"})];
    for (index, times) in [(0, [100, 300]), (1, [50, 20])] {
        let request = format!("r{index}");
        let stage = json!({"name": request, "index": index, "of": 2, "requests": 1});
        records.push(json!({"type": "request", "id": request, "prompt_id": "p", "stage": stage,
            "messages": [{"role": "user", "content": "?"}], "targets": ["mock:a", "mock:b"]}));
        for (target, total) in ["mock:a", "mock:b"].iter().zip(times) {
            records.push(json!({"type": "response", "id": format!("{request}{target}"), "request_id": request,
                "prompt_id": "p", "target": target, "sample": 0, "stage": request, "model": "m", "text": "Paris",
                "finish_reason": "stop", "attempts": 1, "timing": {"queue_ms": 0, "total_ms": total}}));
        }
    }
    let rows = run(&["compare", "-s", "vote"], &records).of("comparison");
    let mean = |name: &str| &of(&rows, name)["latency_ms"]["mean"];
    assert_eq!((mean("any answer"), mean("mock:b")), (&json!(350.0), &json!(320.0)));
    records[2].as_object_mut().expect("an object").remove("timing");
    let rows = run(&["compare", "-s", "vote"], &records).of("comparison");
    assert_eq!(of(&rows, "any answer").get("latency_ms"), None);
}
