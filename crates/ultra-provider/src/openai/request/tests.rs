use ultra_core::record::{Json, Message, Params, Role};

use super::{Flavour, request};
use crate::call::Call;

fn call(params: &str, schema: Option<&str>) -> Call {
    Call {
        request_id: "req_1".into(),
        target: "t".into(),
        sample: 0,
        messages: vec![Message::new(Role::System, "Be brief."), Message::new(Role::User, "Where?")].into(),
        params: serde_json::from_str::<Option<Params>>(params).expect("parameters"),
        output_schema: schema.map(|text| Json::parse(text.into()).expect("a schema")),
    }
}

const HEAD: &str = r#"{"model":"m","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Where?"}],"stream":false"#;

#[track_caller]
fn check(provider: &str, params: &str, schema: Option<&str>, rest: &str) {
    let body = request(&call(params, schema), "m", Flavour::of(provider, None), false).expect("a request");
    assert_eq!(String::from_utf8(body).expect("UTF-8"), format!("{HEAD}{rest}}}"));
}

#[test]
fn what_is_not_asked_for_is_not_sent() {
    check("openai", "null", None, "");
    check("groq", "{}", None, "");
}

#[test]
fn parameters_take_the_names_of_the_provider() {
    let params = r#"{"temperature":0.5,"max_output_tokens":64,"top_p":0.9,"seed":7,"stop":["a","b"],"reasoning":"low"}"#;
    let rest = |tokens: &str, seed: &str| {
        format!(
            r#","{tokens}":64,"temperature":0.5,"top_p":0.9,"{seed}":7,"stop":["a","b"],"reasoning_effort":"low""#
        )
    };
    check("openai", params, None, &rest("max_completion_tokens", "seed"));
    check("mistral", params, None, &rest("max_tokens", "random_seed"));
    check("llamacpp", params, None, &rest("max_tokens", "seed"));
    assert_eq!(Flavour::of("mine", Some("api.openai.com")), Flavour::of("openai", None));
}

#[test]
fn unknown_parameters_pass_exactly_as_they_came() {
    let params =
        r#"{"top_k":12345678901234567890123,"provider":{"order":["x"], "z":1.0},"cache_prompt":true}"#;
    check(
        "openrouter",
        params,
        None,
        r#","top_k":12345678901234567890123,"provider":{"order":["x"], "z":1.0},"cache_prompt":true"#,
    );
}

#[test]
fn a_parameter_that_ultra_sets_is_refused_with_its_name() {
    for (params, name) in [
        (r#"{"stream":true}"#, "params.stream"),
        (r#"{"model":"other"}"#, "params.model"),
        (r#"{"messages":[]}"#, "params.messages"),
        (r#"{"max_output_tokens":5,"max_completion_tokens":6}"#, "params.max_completion_tokens"),
    ] {
        let why = request(&call(params, None), "m", Flavour::of("openai", None), false).expect_err(params);
        assert!(why.contains(name), "{why}");
    }
}

#[test]
fn a_closed_schema_is_asked_for_strictly() {
    check(
        "openai",
        "null",
        Some(r#"{"type":"object","additionalProperties":false}"#),
        r#","response_format":{"type":"json_schema","json_schema":{"name":"answer","strict":true,"schema":{"type":"object","additionalProperties":false}}}"#,
    );
    check(
        "openai",
        "null",
        Some(r#"{"type":"object"}"#),
        r#","response_format":{"type":"json_schema","json_schema":{"name":"answer","schema":{"type":"object"}}}"#,
    );
}

#[test]
fn messages_keep_their_parts_and_unknown_fields() {
    let mut call = call("null", None);
    call.messages = serde_json::from_str(
        r#"[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:,"}}],"name":"n"}]"#,
    )
    .expect("messages");
    let body = request(&call, "m", Flavour::of("openai", None), false).expect("a request");
    let text = String::from_utf8(body).expect("UTF-8");
    assert!(
        text.contains(
            r#"{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:,"}}],"name":"n"}"#
        ),
        "{text}"
    );
}
