use super::answer;
use crate::call::Answer;
use crate::http::Unread;

/// A response whose first choice is `choice` and whose usage is `usage`.
fn body(choice: &str, usage: &str) -> String {
    format!(r#"{{"id":"c","model":"served","choices":[{choice}],"usage":{usage}}}"#)
}

fn said(message: &str, finish: &str) -> Result<Answer, Unread> {
    answer(body(&format!(r#"{{"message":{message},"finish_reason":{finish}}}"#), "null").as_bytes())
}

fn counted(usage: &str) -> Answer {
    let choice = r#"{"message":{"content":"x"},"finish_reason":"stop"}"#;
    answer(body(choice, usage).as_bytes()).expect("an answer")
}

#[test]
fn content_is_text_whatever_its_form() {
    for (message, text, reasoning) in [
        (r#"{"content":"Z\u00fcrich"}"#, "Zürich", None),
        (r#"{"content":"x","reasoning":"r"}"#, "x", Some("r")),
        (r#"{"content":"x","reasoning_content":"rc","reasoning":""}"#, "x", Some("rc")),
        (r#"{"content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}"#, "ab", None),
        (
            r#"{"content":[{"type":"thinking","thinking":[{"type":"text","text":"t1"},{"type":"text","text":"t2"}]},{"type":"text","text":"a"}]}"#,
            "a",
            Some("t1t2"),
        ),
    ] {
        let answer = said(message, r#""stop""#).expect(message);
        assert_eq!((answer.text.as_str(), answer.reasoning.as_deref()), (text, reasoning), "{message}");
        assert_eq!((answer.model.as_str(), answer.finish_reason.as_str()), ("served", "stop"));
    }
}

#[test]
fn reasons_to_finish_have_one_vocabulary_and_unknown_ones_stay() {
    for (raw, expected) in [
        (r#""eos""#, "stop"),
        (r#""stop""#, "stop"),
        (r#""model_length""#, "length"),
        (r#""length""#, "length"),
        (r#""function_call""#, "tool_calls"),
        (r#""content_filter""#, "content_filter"),
        (r#""insufficient_system_resource""#, "insufficient_system_resource"),
        ("null", "unknown"),
    ] {
        assert_eq!(said(r#"{"content":"x"}"#, raw).expect(raw).finish_reason, expected);
    }
}

#[test]
fn a_refusal_is_an_answer_that_says_so() {
    let refused = said(r#"{"content":null,"refusal":"No."}"#, r#""stop""#).expect("an answer");
    assert_eq!((refused.text.as_str(), refused.finish_reason.as_str()), ("No.", "refusal"));
    let refused =
        said(r#"{"content":[{"type":"refusal","refusal":"No."}]}"#, r#""stop""#).expect("an answer");
    assert_eq!((refused.text.as_str(), refused.finish_reason.as_str()), ("No.", "refusal"));
}

#[test]
fn nothing_is_not_an_answer_unless_it_was_cut_off_or_blocked() {
    for body in ["", "  \n", "null", "[]", "{}", "\"\"", r#"{"choices":[]}"#] {
        assert!(matches!(answer(body.as_bytes()), Err(Unread::Empty(_))), "{body}");
    }
    for message in [r#"{"content":null}"#, r#"{"content":""}"#, "{}", "null"] {
        assert!(matches!(said(message, r#""stop""#), Err(Unread::Wordless(_))), "{message}");
        assert_eq!(said(message, r#""length""#).expect(message).text, "");
        assert_eq!(said(message, r#""content_filter""#).expect(message).finish_reason, "content_filter");
    }
}

#[test]
fn what_is_not_an_answer_is_never_taken_for_one() {
    for body in [
        r#"{"choices":[{"message":{"content":"a","content":"b"},"finish_reason":"stop"}]}"#,
        r#"{"choices":[{"message":{"content":"\ud83d"},"finish_reason":"stop"}]}"#,
        r#"{"choices":[{"message":{"content":"x"},"finish_reason":"stop"}"#,
        r#"{"choices":{"message":{"content":"x"}}}"#,
        "<html></html>",
        "12",
    ] {
        assert!(matches!(answer(body.as_bytes()), Err(Unread::Json(_) | Unread::Shape(_))), "{body}");
    }
    assert!(matches!(answer(b"{\"choices\":\"\xff\"}"), Err(Unread::Encoding)));
    assert!(
        matches!(answer(br#"{"content":[],"stop_reason":"end_turn"}"#), Err(Unread::Shape(why)) if why.contains("Anthropic"))
    );
    for body in [
        r#"{"error":{"message":"x"}}"#,
        r#"[{"error":{"message":"x"}}]"#,
        r#"{"choices":[{"message":{"content":"half"},"finish_reason":"error"}]}"#,
        r#"{"choices":[{"message":{"content":"half"},"error":{"code":502}}]}"#,
    ] {
        assert!(matches!(answer(body.as_bytes()), Err(Unread::Error)), "{body}");
    }
    let deep = format!(r#"{{"choices":[{{"message":{{"content":{}}}}}]}}"#, "[".repeat(100_000));
    assert!(answer(deep.as_bytes()).is_err());
}

#[test]
fn usage_counts_reasoning_as_output_and_cached_as_input() {
    let usage = |text: &str| {
        counted(text)
            .usage
            .map(|u| (u.input_tokens, u.output_tokens, u.cached_input_tokens, u.reasoning_tokens))
    };
    assert_eq!(
        usage(
            r#"{"prompt_tokens":14,"completion_tokens":9,"total_tokens":23,"prompt_tokens_details":{"cached_tokens":4},"completion_tokens_details":{"reasoning_tokens":3}}"#
        ),
        Some((14, 9, Some(4), Some(3)))
    );
    // xAI counts reasoning beside the completion.
    assert_eq!(
        usage(
            r#"{"prompt_tokens":14,"completion_tokens":6,"total_tokens":23,"completion_tokens_details":{"reasoning_tokens":3}}"#
        ),
        Some((14, 9, None, Some(3)))
    );
    // DeepSeek has its own name for the cache.
    assert_eq!(
        usage(r#"{"prompt_tokens":5,"completion_tokens":1,"prompt_cache_hit_tokens":2}"#),
        Some((5, 1, Some(2), None))
    );
}

#[test]
fn usage_that_cannot_be_is_none() {
    for usage in [
        "null",
        "[]",
        "7",
        "{}",
        r#"{"prompt_tokens":-1,"completion_tokens":1}"#,
        r#"{"prompt_tokens":1000000000000000000,"completion_tokens":1}"#,
        r#"{"prompt_tokens":"14","completion_tokens":1}"#,
        r#"{"prompt_tokens":14}"#,
    ] {
        assert_eq!(counted(usage).usage, None, "{usage}");
    }
}

#[test]
fn a_reported_cost_is_taken_in_dollars() {
    let cost = |usage| counted(usage).cost_usd;
    assert_eq!(cost(r#"{"cost":0.00012}"#), Some(0.00012));
    assert_eq!(cost(r#"{"cost_in_usd_ticks":1234500000000}"#), Some(123.45));
    assert_eq!(cost(r#"{"cost":-1}"#), None);
    assert_eq!(cost(r#"{"cost":"1"}"#), None);
    assert_eq!(cost("{}"), None);
}
