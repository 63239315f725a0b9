//! Every recorded or hand-made answer of the fixtures that is no stream.

use std::time::Duration;

use serde_json::{Value, json};
use ultra_core::config::Dialect;
use ultra_core::kind::ErrorKind;
use ultra_pace::Class;
use ultra_testkit::fixtures::{Case, cases};
use ultra_testkit::server::{Reply, Server};

use super::ask;
use crate::call::{Answer, CallError};

fn over_the_wire(case: &Case, dialect: Dialect) -> Result<Answer, CallError> {
    ask(&Server::start([Reply::case(case)]), dialect)
}

#[test]
fn hand_made_answers_are_read_as_they_expect() {
    for (file, dialect) in [("openai-chat", Dialect::OpenAi), ("anthropic-messages", Dialect::Anthropic)] {
        let mut seen = 0;
        for case in cases(file).iter().filter(|case| !case.stream) {
            let place = format!("{file}/{}", case.name);
            match over_the_wire(case, dialect) {
                Ok(answer) => check_answer(&place, &answer, &case.expect),
                Err(error) => check_error(&place, &error, &case.expect),
            }
            seen += 1;
        }
        assert!(seen > 10, "{file}: {seen}");
    }
}

fn check_answer(place: &str, answer: &Answer, expect: &Value) {
    assert_eq!(expect["ok"], true, "{place}: {answer:?}");
    // A refusal in words is the text of the answer.
    let refusal = expect["refusal"].as_str();
    assert_eq!(Some(answer.text.as_str()), refusal.or(expect["text"].as_str()), "{place}");
    let finish = refusal.map_or(expect["finish"].as_str(), |_| Some("refusal"));
    assert_eq!(Some(answer.finish_reason.as_str()), finish, "{place}");
    if let Some(thinking) = expect["thinking"].as_str() {
        assert_eq!(answer.reasoning.as_deref(), Some(thinking), "{place}");
    }
    let usage = answer.usage.as_ref().expect(place);
    let found = json!({
        "input": usage.input_tokens,
        "output": usage.output_tokens,
        "cached": usage.cached_input_tokens,
        "reasoning": usage.reasoning_tokens,
        "total": usage.input_tokens + usage.output_tokens,
    });
    assert_eq!(found, expect["usage"], "{place}");
    assert!(answer.first_byte.is_some() && !answer.mock && answer.model != "m", "{place}: {answer:?}");
}

fn check_error(place: &str, error: &CallError, expect: &Value) {
    assert_eq!(expect["ok"], false, "{place}: {error}");
    let kind = match expect["error"]["class"].as_str().expect(place) {
        "rate_limit" => ErrorKind::RateLimited,
        "quota" => ErrorKind::Billing,
        "auth" => ErrorKind::Auth,
        "invalid" | "context_length" => ErrorKind::Request,
        "overloaded" => ErrorKind::Overloaded,
        "server" | "timeout" => ErrorKind::Server,
        other => panic!("{place}: {other}"),
    };
    assert_eq!(error.kind, kind, "{place}: {error}");
    assert_eq!(expect["error"]["retryable"], error.class.is_transient(), "{place}: {error}");
    let wait = expect["error"]["retry_after_ms"].as_u64().map(Duration::from_millis);
    assert_eq!(error.retry_after, wait, "{place}");
    let request_id = error.provider.as_ref().and_then(|said| said.request_id.as_deref());
    assert_eq!(request_id, expect["request_id"].as_str(), "{place}");
}

#[test]
fn recordings_of_a_real_server_are_read() {
    use {Class as C, ErrorKind as K};
    let of = |name: &str, dialect| {
        let case = cases("llamacpp-recorded").into_iter().find(|case| case.name == name).expect(name);
        over_the_wire(&case, dialect)
    };
    for (name, dialect, finish, usage) in [
        ("chat_ok", Dialect::OpenAi, "length", (36, 12, Some(24))),
        ("chat_stop", Dialect::OpenAi, "stop", (36, 3, Some(24))),
        ("chat_json_schema", Dialect::OpenAi, "stop", (37, 23, Some(24))),
        ("messages_ok", Dialect::Anthropic, "length", (36, 12, Some(35))),
    ] {
        let answer = of(name, dialect).expect(name);
        let found = answer.usage.map(|u| (u.input_tokens, u.output_tokens, u.cached_input_tokens));
        assert_eq!((answer.finish_reason.as_str(), found), (finish, Some(usage)), "{name}");
        assert_eq!(answer.model, "smollm2-135m-instruct", "{name}");
        assert!(!answer.text.is_empty(), "{name}");
    }
    for (name, kind, class) in [
        ("bad_json_400", K::Request, C::FatalRecord),
        ("no_messages", K::Request, C::FatalRecord),
        ("context_400", K::Request, C::FatalRecord),
        ("not_found_404", K::NotFound, C::FatalTarget),
        ("embeddings_501", K::Request, C::FatalRecord),
        ("unauthorized_401", K::Auth, C::FatalTarget),
        ("models", K::BadJson, C::Unsure),
        ("responses_ok", K::BadJson, C::Unsure),
    ] {
        for dialect in [Dialect::OpenAi, Dialect::Anthropic] {
            let error = of(name, dialect).expect_err(name);
            assert_eq!((error.kind, error.class), (kind, class), "{name}: {error}");
        }
    }
}
