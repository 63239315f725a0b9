use std::io::Cursor;

use super::{Asked, read};
use crate::kind::ErrorKind;
use crate::ndjson::{Input, Item, Options};
use crate::record::Role;

fn asked(line: &str) -> Result<Asked, String> {
    let mut input = Input::new(Cursor::new(line.to_owned()), Options::default());
    let Ok(Some(Item::Line(line))) = input.read() else { panic!("{line} is a line") };
    read(&line, false).expect("asks something").map_err(|fault| {
        assert_eq!(fault.kind, ErrorKind::InputSchema);
        fault.cause
    })
}

#[test]
fn fields_that_say_different_things_are_named() {
    for (line, cause) in [
        (r#"{"prompt":"x","text":"y"}"#, "`text` and `prompt` say different things"),
        (
            r#"{"prompt":"x","messages":[{"role":"user","content":"y"}]}"#,
            "`prompt` and `messages` say different things",
        ),
        (r#"{"text":"x","text":"x"}"#, "`text` stands there twice"),
        (
            r#"{"messages":[{"role":"system","content":"a"},{"role":"user","content":"y"}],"system":"b"}"#,
            "`system` and `messages` say different things",
        ),
        (
            r#"{"custom_id":"c","id":"d","body":{"messages":[{"role":"user","content":"y"}]}}"#,
            "`id` and `custom_id` say different things",
        ),
        (
            r#"{"custom_id":"c","text":"d","body":{"messages":[{"role":"user","content":"y"}]}}"#,
            "`text` and `body` say different things",
        ),
    ] {
        assert_eq!(asked(line).expect_err(line), cause, "{line}");
    }
}

#[test]
fn what_is_said_twice_alike_is_written_once() {
    for line in [
        r#"{"prompt":"x","text":"x"}"#,
        r#"{"text":"x","messages":[{"role":"user","content":"x"}]}"#,
        r#"{"custom_id":"c","id":"c","text":"x","body":{"messages":[{"role":"user","content":"x"}]}}"#,
    ] {
        let record = serde_json::to_string(&asked(line).expect(line).prompt).expect("has a JSON form");
        for key in ["\"id\":", "\"text\":"] {
            assert_eq!(record.matches(key).count(), 1, "{record}");
        }
    }
}

#[test]
fn an_empty_prompt_is_refused_but_a_picture_is_none() {
    for line in [
        r#"{"prompt":""}"#,
        r#"{"text":" \n"}"#,
        r#"{"messages":[{"role":"user","content":""}]}"#,
        r#"{"messages":[{"role":"user","content":[{"type":"text","text":""}]}]}"#,
    ] {
        assert_eq!(asked(line).expect_err(line), "the prompt is empty");
    }
    assert!(asked(r#"{"messages":[{"role":"user","content":[{"type":"image_url"}]}]}"#).is_ok());
}

#[test]
fn the_conversation_is_sent_as_it_came_with_the_standing_instructions() {
    let asked = asked(
        r#"{"system":"s","messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"},{"role":"user","content":"c"},{"role":"assistant","content":"d"}]}"#,
    )
    .expect("reads");
    assert!(!asked.ends_with_prompt());
    assert_eq!(asked.prompt.text, "c");
    assert_eq!(asked.history().iter().map(|m| m.content.text()).collect::<Vec<_>>(), ["a", "b", "d"]);
    let sent = asked.into_messages();
    assert_eq!(sent.iter().map(|m| m.content.text()).collect::<String>(), "sabcd");
    assert_eq!(sent[0].role, Role::System);
}

#[test]
fn the_id_follows_from_what_is_asked_and_how() {
    let id = |line: &str| asked(line).expect(line).content().expect("has content").id("prm");
    assert_eq!(id(r#"{"prompt":"x"}"#), id(r#"{"text":"x"}"#));
    assert_eq!(id(r#"{"prompt":"x"}"#), Asked::plain("x").content().expect("has content").id("prm"));
    assert_ne!(id(r#"{"prompt":"x"}"#), id(r#"{"prompt":"x","params":{"seed":1}}"#));
}
