use super::{Document, ErrorRecord, Object, Prompt, Record, Request, Response};
use crate::kind::ErrorKind;

fn rewritten<R: Record>(line: &str) -> String {
    let record: R = serde_json::from_str(line).expect("reads");
    serde_json::to_string(&record).expect("writes")
}

#[test]
fn an_owned_record_keeps_unknown_fields_as_they_were() {
    let line = r#"{"type":"prompt","id":"a","text":"q","big":123456789012345678901234567890,"f":1.0,"x":{"b":1e400,"a":"\u00e9"}}"#;
    assert_eq!(rewritten::<Prompt>(line), line);
}

#[test]
fn nested_unknown_fields_are_kept_too() {
    let line = r#"{"type":"request","id":"r","prompt_id":"p","messages":[{"role":"user","content":"q","name":"x"}],"targets":["mock:a"],"params":{"temperature":0.5,"top_k":40}}"#;
    assert_eq!(rewritten::<Request>(line), line);
}

#[test]
fn keys_come_out_in_one_order_and_nulls_are_left_out() {
    let line = r#"{"text":"q","system":null,"id":"a","type":"prompt"}"#;
    assert_eq!(rewritten::<Prompt>(line), r#"{"type":"prompt","id":"a","text":"q"}"#);
}

#[test]
fn a_wrong_field_is_named() {
    let cause = serde_json::from_str::<Prompt>(r#"{"type":"prompt","id":5,"text":"q"}"#).unwrap_err();
    assert!(cause.to_string().starts_with("`id`: invalid type: integer"), "{cause}");
}

#[test]
fn a_repeated_key_is_refused_at_any_depth() {
    for line in [
        r#"{"type":"prompt","id":"1","id":"2","text":"q"}"#,
        r#"{"type":"request","id":"r","prompt_id":"p","messages":[{"role":"user","role":"user","content":"q"}]}"#,
    ] {
        let found = if line.contains("prompt_id") {
            serde_json::from_str::<Request>(line).map(drop)
        } else {
            serde_json::from_str::<Prompt>(line).map(drop)
        };
        assert!(found.unwrap_err().to_string().contains("duplicate field"), "{line}");
    }
}

#[test]
fn an_error_record_always_says_whether_it_is_retryable() {
    let record = ErrorRecord::new("ultra-fanout", ErrorKind::Auth, "no key");
    let text = serde_json::to_string(&record).expect("writes");
    assert!(text.contains(r#""kind":"auth""#) && text.contains(r#""retryable":false"#), "{text}");
}

#[test]
fn a_required_field_that_is_missing_is_named() {
    for (field, cause) in [
        ("text", serde_json::from_str::<Prompt>(r#"{"id":"a"}"#).map(drop).unwrap_err()),
        ("request_id", serde_json::from_str::<Response>(r#"{"id":"a"}"#).map(drop).unwrap_err()),
        ("name", serde_json::from_str::<Document>(r#"{"id":"a"}"#).map(drop).unwrap_err()),
    ] {
        assert!(cause.to_string().contains(field), "{cause}");
    }
}

#[test]
fn an_empty_object_is_left_out() {
    let prompt = Prompt {
        id: "a".into(),
        text: "q".into(),
        system: None,
        vars: Object::default(),
        documents: None,
        extra: Object::default(),
    };
    assert_eq!(serde_json::to_string(&prompt).expect("writes"), r#"{"type":"prompt","id":"a","text":"q"}"#);
}
