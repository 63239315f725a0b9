use std::time::Duration;

use serde_json::Value;
use ultra_core::kind::ErrorKind;
use ultra_core::record::{Json, Message, Messages, Role};
use ultra_pace::Class;

use super::Mock;
use crate::call::Call;

fn call(question: &str) -> Call {
    Call {
        request_id: "r".into(),
        target: "mock:a".into(),
        sample: 0,
        messages: vec![Message::new(Role::User, question)].into(),
        params: None,
        output_schema: None,
    }
}

fn mock(options: &str) -> Mock {
    Mock::new("a", options, 0).expect("is a mock")
}

fn answer(mock: &Mock, call: &Call) -> String {
    mock.attempt(call, 1).result.expect("answers").text
}

fn refused(options: &str) -> String {
    let failure = Mock::new("a", options, 0).expect_err("is refused");
    format!("{failure} | {}", failure.hints().join("; "))
}

/// The conversation of a call with a message before it.
fn after(first: Message, call: &Call) -> Messages {
    std::iter::once(first).chain(call.messages.to_vec()).collect()
}

#[test]
fn an_answer_depends_on_everything_that_is_told_and_on_nothing_else() {
    let plain = call("Is this plan sound?");
    let first = answer(&mock(""), &plain);
    assert_eq!(first, answer(&mock("latency=1s"), &plain));
    assert_eq!(first, answer(&mock(""), &Call { request_id: "other".into(), ..plain.clone() }));
    let mut others = vec![
        answer(&mock(""), &call("Is this plan sound? ")),
        answer(&mock(""), &Call { sample: 1, ..plain.clone() }),
        answer(&Mock::new("b", "", 0).expect("is a mock"), &plain),
        answer(&Mock::new("a", "", 1).expect("is a mock"), &plain),
    ];
    let mut system = plain.clone();
    system.messages = after(Message::new(Role::System, "Be brief."), &plain);
    others.push(answer(&mock(""), &system));
    let mut warm = plain.clone();
    warm.params = Some(serde_json::from_str(r#"{"temperature":0.5}"#).expect("reads"));
    others.push(answer(&mock(""), &warm));
    for other in &others {
        assert_ne!(&first, other);
    }
}

#[test]
fn an_answer_quotes_the_last_question_and_no_more_than_its_beginning() {
    let long = format!("Is the bridge\n  safe? {}", "word ".repeat(10_000));
    let mut asked = call(&long);
    asked.messages = after(Message::new(Role::User, "an older question"), &asked);
    let text = answer(&mock(""), &asked);
    assert!(text.contains("Is the bridge safe? word"), "{text}");
    assert!(text.len() < 2_000 && !text.contains("older"), "{text}");
    assert!(text.contains("[simulated by a, request "), "{text}");
}

#[test]
fn a_question_without_words_is_answered_too() {
    for question in ["", "?", "\u{0}\u{1b}[2J", "東京", "“”"] {
        let text = answer(&mock(""), &call(question));
        assert!(text.len() > 40 && !text.contains(char::from(27)), "{text}");
        assert!(!text.contains('{'), "an unfilled place: {text}");
    }
}

#[test]
fn usage_is_estimated_from_what_was_said() {
    let done = mock("length=500").attempt(&call("12345678"), 1).result.expect("answers");
    let usage = done.usage.expect("is estimated");
    assert_eq!(usage.input_tokens, 6);
    assert_eq!(usage.output_tokens, done.text.len().div_ceil(4) as u64);
    assert!(done.text.split_whitespace().count() >= 500);
    assert_eq!((done.model.as_str(), done.finish_reason.as_str(), done.mock), ("a", "stop", true));
}

#[test]
fn an_answer_to_a_schema_is_json_that_fits() {
    let schema = r##"{"type":"object","properties":{
        "verdict":{"enum":["yes","no"]},"score":{"type":"integer","minimum":3,"maximum":5},
        "weight":{"type":"number","minimum":0,"maximum":0.5},"tags":{"type":"array","items":{"type":"string","maxLength":3},"minItems":2},
        "next":{"$ref":"#/$defs/step"},"maybe":{"type":["null","boolean"]},"none":{"anyOf":[{"type":"null"}]}},
        "$defs":{"step":{"type":"object","properties":{"name":{"const":"go"}}}}}"##;
    let mut asked = call("Judge.");
    asked.output_schema = Some(Json::parse(schema.into()).expect("is JSON"));
    let value: Value = serde_json::from_str(&answer(&mock(""), &asked)).expect("is JSON");
    assert!(["yes", "no"].contains(&value["verdict"].as_str().expect("is text")));
    assert!((3..=5).contains(&value["score"].as_i64().expect("is an integer")));
    assert!((0.0..=0.5).contains(&value["weight"].as_f64().expect("is a number")));
    assert_eq!(value["tags"].as_array().expect("is a list").len(), 2);
    assert!(value["tags"][0].as_str().expect("is text").len() <= 3);
    assert_eq!(value["next"]["name"], "go");
    assert!(value["maybe"].is_boolean() && value["none"].is_null());
}

#[test]
fn a_schema_that_describes_itself_ends() {
    let mut asked = call("Judge.");
    for schema in
        [r##"{"$ref":"#"}"##, r##"{"properties":{"a":{"$ref":"#"}}}"##, r##"{"items":{"$ref":"#"}}"##, "5"]
    {
        asked.output_schema = Some(Json::parse(schema.into()).expect("is JSON"));
        serde_json::from_str::<Value>(&answer(&mock(""), &asked)).expect("is JSON");
    }
}

#[test]
fn attempts_fail_as_often_as_asked_each_drawn_for_itself() {
    let flaky = mock("fail=0.3&kind=rate_limited&retry_after=1s");
    let attempts: Vec<_> = (1..=1_000).map(|n| flaky.attempt(&call("q"), n)).collect();
    let failed: Vec<_> = attempts.iter().filter_map(|attempt| attempt.result.as_ref().err()).collect();
    assert!((250..350).contains(&failed.len()), "{}", failed.len());
    let error = failed[0];
    assert_eq!((error.kind, error.class), (ErrorKind::RateLimited, Class::Throttled));
    assert_eq!(error.retry_after, Some(Duration::from_secs(1)));
    assert!((1..=1_000).all(|n| flaky.attempt(&call("q"), n) == attempts[n as usize - 1]));
}

#[test]
fn latency_is_fixed_or_drawn_from_its_range() {
    let fixed = mock("latency=200ms").attempt(&call("q"), 1).latency;
    assert_eq!(fixed, Duration::from_millis(200));
    let drawn: Vec<_> =
        (1..=100).map(|n| mock("latency=100ms..300ms").attempt(&call("q"), n).latency).collect();
    assert!(drawn.iter().all(|d| (100..=300).contains(&d.as_millis())));
    assert!(drawn.iter().any(|d| d.as_millis() < 150) && drawn.iter().any(|d| d.as_millis() > 250));
}

#[test]
fn a_wrong_option_is_refused_with_what_was_meant() {
    assert_eq!(refused("latencey=1s"), "unknown mock option `latencey` | did you mean `latency`?");
    assert!(refused("x").starts_with("unknown mock option `x` | known are: latency, fail,"));
    assert!(refused("latency=5").contains("expected a number with a unit"));
    assert!(refused("latency=2s..1s").contains("ends before it begins"));
    assert!(refused("fail=2").contains("expected a probability"));
    assert!(refused("fail=NaN").contains("expected a probability"));
    assert_eq!(
        refused("kind=rate_limit"),
        "mock option `kind=rate_limit`: not a failure of a call | did you mean `rate_limited`?"
    );
    assert!(refused("kind=input.parse").contains("not a failure of a call"));
    assert!(refused("length=0").contains("expected a number of words"));
}
