use ultra_core::record::{Json, Message, Params, Role};

use super::request;
use crate::call::Call;

fn call(messages: Vec<Message>, params: &str) -> Call {
    Call {
        request_id: "req_1".into(),
        target: "t".into(),
        sample: 0,
        messages: messages.into(),
        params: serde_json::from_str::<Option<Params>>(params).expect("parameters"),
        output_schema: None,
    }
}

fn question() -> Vec<Message> {
    vec![Message::new(Role::User, "Where?")]
}

#[track_caller]
fn check(call: &Call, expected: &str) {
    let body = request(call, "m", false).expect("a request");
    assert_eq!(String::from_utf8(body).expect("UTF-8"), expected);
}

#[test]
fn a_limit_is_always_sent() {
    let rest = r#""messages":[{"role":"user","content":"Where?"}],"stream":false}"#;
    check(&call(question(), "null"), &format!(r#"{{"model":"m","max_tokens":4096,{rest}"#));
    check(
        &call(question(), r#"{"max_output_tokens":9}"#),
        &format!(r#"{{"model":"m","max_tokens":9,{rest}"#),
    );
    let own =
        r#"{"model":"m","messages":[{"role":"user","content":"Where?"}],"stream":false,"max_tokens":8}"#;
    check(&call(question(), r#"{"max_tokens":8}"#), own);
}

#[test]
fn standing_instructions_stand_apart() {
    let messages = vec![
        Message::new(Role::System, "Be brief."),
        Message::new(Role::User, "Where?"),
        Message::new(Role::Assistant, "Here."),
        Message::new(Role::System, "Be kind."),
        Message::new(Role::User, "Sure?"),
    ];
    check(
        &call(messages, "null"),
        r#"{"model":"m","max_tokens":4096,"system":"Be brief.\n\nBe kind.","messages":[{"role":"user","content":"Where?"},{"role":"assistant","content":"Here."},{"role":"user","content":"Sure?"}],"stream":false}"#,
    );
    let parts: Vec<Message> = serde_json::from_str(
        r#"[{"role":"system","content":"A"},{"role":"system","content":[{"type":"text","text":"B","cache_control":{"type":"ephemeral"}}]},{"role":"user","content":"Where?"}]"#,
    )
    .expect("messages");
    check(
        &call(parts, "null"),
        r#"{"model":"m","max_tokens":4096,"system":[{"type":"text","text":"A"},{"type":"text","text":"B","cache_control":{"type":"ephemeral"}}],"messages":[{"role":"user","content":"Where?"}],"stream":false}"#,
    );
}

#[test]
fn parameters_take_the_names_of_the_dialect() {
    let params = r#"{"temperature":0.5,"top_p":0.9,"seed":7,"stop":["a"],"reasoning":"low","top_k":3}"#;
    let mut call = call(question(), params);
    call.output_schema = Some(Json::parse(r#"{"type":"object"}"#.into()).expect("a schema"));
    check(
        &call,
        r#"{"model":"m","max_tokens":4096,"messages":[{"role":"user","content":"Where?"}],"stream":false,"temperature":0.5,"top_p":0.9,"stop_sequences":["a"],"output_config":{"effort":"low","format":{"type":"json_schema","schema":{"type":"object"}}},"top_k":3}"#,
    );
}
