use serde_json::{Value, json};
use ultra_core::kind::ErrorKind;

use super::Form;

fn form() -> Form {
    Form::json(json!({
        "type": "object",
        "properties": {
            "best": {"type": "string", "enum": ["A", "B"]},
            "score": {"type": "integer", "minimum": 1, "maximum": 10}
        },
        "required": ["best"]
    }))
}

fn kind(text: &str) -> ErrorKind {
    form().read(text).expect_err("is no reply").0
}

#[test]
fn text_is_read_as_it_is() {
    assert_eq!(Form::text().read(" Any text. ").expect("is text"), (" Any text. ".into(), Value::Null));
}

#[test]
fn what_a_rule_can_mend_is_mended() {
    for text in [
        r#"{"best":"A"}"#,
        "```json\n{\"best\": \"A\"}\n```",
        "Here it is: {\"best\": \"Answer a\",}\nDone.",
        r#"{"best":"**A**"}"#,
        r#"{"Best":"A."}"#,
    ] {
        assert_eq!(form().read(text).unwrap_or_else(|why| panic!("{text}: {why:?}")).1, json!({"best": "A"}));
    }
    assert_eq!(form().read(r#"{"best":"B","score":"7"}"#).expect("is read").1["score"], 7);
}

#[test]
fn prose_refusals_and_other_forms_are_no_replies() {
    for text in [
        "I cannot compare these. Answer A and Answer B are both fine.",
        "",
        "A",
        "\"A\"",
        "{",
        "{\"best\": A}",
    ] {
        assert_eq!(kind(text), ErrorKind::BadJson, "{text}");
    }
    for text in [
        r#"{"best":"C"}"#,
        r#"{"best":"A or B"}"#,
        r#"{"best":null}"#,
        "{}",
        r#"{"best":"A","score":11}"#,
        "[]",
    ] {
        assert_eq!(kind(text), ErrorKind::Schema, "{text}");
    }
}
