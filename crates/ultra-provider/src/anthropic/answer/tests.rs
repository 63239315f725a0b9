use super::answer;
use crate::http::Unread;

#[test]
fn text_and_thoughts_are_told_apart() {
    let body = r#"{"model":"served","content":[{"type":"thinking","thinking":"hm"},{"type":"redacted_thinking","data":"x"},{"type":"text","text":"a"},{"type":"text","text":"b"}],"stop_reason":"stop_sequence"}"#;
    let answer = answer(body.as_bytes()).expect("an answer");
    assert_eq!((answer.text.as_str(), answer.reasoning.as_deref()), ("ab", Some("hm")));
    assert_eq!(
        (answer.model.as_str(), answer.finish_reason.as_str(), answer.usage),
        ("served", "stop", None)
    );
}

#[test]
fn reasons_to_finish_have_one_vocabulary_and_unknown_ones_stay() {
    for (raw, expected) in [
        ("end_turn", "stop"),
        ("max_tokens", "length"),
        ("tool_use", "tool_calls"),
        ("refusal", "refusal"),
        ("pause_turn", "pause_turn"),
        ("model_context_window_exceeded", "length"),
    ] {
        let body = format!(r#"{{"content":[{{"type":"text","text":"x"}}],"stop_reason":"{raw}"}}"#);
        assert_eq!(answer(body.as_bytes()).expect(raw).finish_reason, expected);
    }
}

#[test]
fn input_is_the_sum_of_its_three_parts() {
    let usage = |usage: &str| {
        let body = format!(r#"{{"content":[],"stop_reason":"refusal","usage":{usage}}}"#);
        let usage = answer(body.as_bytes()).expect("an answer").usage;
        usage.map(|u| (u.input_tokens, u.output_tokens, u.cached_input_tokens, u.reasoning_tokens))
    };
    assert_eq!(
        usage(
            r#"{"input_tokens":10,"cache_creation_input_tokens":5,"cache_read_input_tokens":4,"output_tokens":9,"output_tokens_details":{"thinking_tokens":3}}"#
        ),
        Some((19, 9, Some(4), Some(3)))
    );
    assert_eq!(usage(r#"{"input_tokens":10,"output_tokens":9}"#), Some((10, 9, None, None)));
    assert_eq!(usage(r#"{"input_tokens":10,"cache_read_input_tokens":-4,"output_tokens":9}"#), None);
    assert_eq!(usage(r#"{"input_tokens":"10","output_tokens":9}"#), None);
}

#[test]
fn what_is_not_an_answer_is_never_taken_for_one() {
    assert!(matches!(answer(b"{}"), Err(Unread::Empty(_))));
    assert!(matches!(answer(br#"{"content":[],"stop_reason":"end_turn"}"#), Err(Unread::Wordless(_))));
    assert!(matches!(answer(br#"{"type":"error","error":{"type":"overloaded_error"}}"#), Err(Unread::Error)));
    assert!(matches!(answer(br#"{"choices":[]}"#), Err(Unread::Shape(why)) if why.contains("OpenAI")));
    let many = format!(r#"{{"content":[{}{{}}]}}"#, "{},".repeat(1_000_000));
    assert!(matches!(answer(many.as_bytes()), Err(Unread::Json(_))));
}
