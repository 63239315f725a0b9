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
fn the_reply_is_found_between_brackets_of_prose() {
    for text in [
        r#"As [1] says: {"best":"A","reason":"x"}"#,
        r#"Both {A} and {B} are fine. {"best":"A"} [sic]"#,
        r#"Compare f(x) { ... } with {"best": the letter}, then: {"best":"A"}"#,
        r#"<think>{"best":"B"} or {"best": …}?</think>{"best":"A"}"#,
        r#"{"score":3} is not all. {"best":"A"}"#,
        r#"First {"best":"A","reason":"x"}, and once more {"best":"A","reason":"y"}"#,
        r#"{a [b {"best":"Answer A",} c"#,
    ] {
        let read = form().read(text).unwrap_or_else(|why| panic!("{text}: {why:?}"));
        assert_eq!(read.1["best"], "A", "{text}");
    }
}

#[test]
fn what_contradicts_itself_or_breaks_off_is_no_reply() {
    for text in [
        r#"I think {"best":"A"} but then {"best":"B"}"#,
        r#"{"best":"A","score":3} {"best":"A","score":4}"#,
        r#"{"best":"A","best":"B"}"#,
        r#"{"best":"A","best":"A"}"#,
        r#"So: {"best":"A","more":[{"x":1,"x":2}],}"#,
        // What stands inside a broken object was not said on its own.
        r#"{"best":"A","reason":"not "B" but {"best":"B"}"}"#,
        r#"{"rejected": {"best":"A"}, and so on"#,
        r#""[{\"best\":\"A\"}]""#,
    ] {
        let read = form().read(text);
        assert!(matches!(read, Err((ErrorKind::BadJson | ErrorKind::Schema, _))), "{text}: {read:?}");
    }
    assert_eq!(
        form().read(r#"{"best":"A","best":"B"}"#).expect_err("twice").1,
        "`best` stands twice in one object"
    );
}

#[test]
fn hostile_texts_are_read_in_bounded_time() {
    let long = 1 << 17;
    for part in ["{", "[", "[[1,],", "{\"a\":", "{\"a\":[1,],", "[\"", "{}", "[1,]", "[{\"", "{ "] {
        let text = part.repeat(long / part.len());
        assert!(form().read(&text).is_err(), "{part}");
    }
}

#[test]
fn a_schema_that_leads_back_to_itself_is_given_up() {
    let schemas = [
        json!({"anyOf": [{"$ref": "#"}, {"$ref": "#"}]}),
        json!({"oneOf": [{"$ref": "#"}, {"$ref": "#"}], "type": "object"}),
        json!({"allOf": [{"anyOf": [{"$ref": "#"}, {"$ref": "#/allOf/0"}]}, {"$ref": "#"}]}),
    ];
    for schema in schemas {
        let (kind, why) = Form::json(schema.clone()).read("{\"a\":1}").expect_err("cannot be told");
        assert_eq!(
            (kind, why.as_str()),
            (ErrorKind::TooLarge, "the schema is too complex to hold a reply against it"),
            "{schema}"
        );
    }
    let tree = Form::json(json!({"anyOf": [
        {"type": "object", "properties": {"left": {"$ref": "#"}, "right": {"$ref": "#"}}, "required": ["left"]},
        {"type": "array", "items": {"type": "integer"}}
    ]}));
    assert!(tree.read(r#"{"left":{"left":[1]},"right":{"left":[],"right":[2]}}"#).is_ok());
    assert_eq!(tree.read(r#"{"left":{"right":[1]}}"#).expect_err("lacks `left`").0, ErrorKind::Schema);
    let many = format!("[{}1]", "1,".repeat(100_000));
    assert!(tree.read(&many).is_ok(), "length is no complexity");
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
