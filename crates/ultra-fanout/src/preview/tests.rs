use std::sync::Arc;

use schemars::schema_for;
use ultra_core::config::Config;
use ultra_core::record::Request;
use ultra_core::target;
use ultra_core::tool::Context;
use ultra_provider::Form;

use super::{CallRecord, EstimateRecord, call};
use crate::job::Job;

const CONFIG: &str = r#"
[providers.here]
dialect = "openai"
base-url = "http://127.0.0.1:9/v1"
key-env = "NO_SUCH_VARIABLE"
"#;

fn context(mock: bool) -> Context {
    let mut config = Config::default();
    config.add("ultra.toml", CONFIG).expect("is a configuration");
    Context { mock, config: Arc::new(config), ..Context::mock(0) }
}

/// The record of a call of `target`, as a line.
fn record(target: &str, mock: bool) -> String {
    let line = format!(
        r#"{{"type":"request","id":"req_1","prompt_id":"prm_1","targets":[{}],"stage":{{"name":"answer","index":0,"of":1,"requests":1}},
        "messages":[{{"role":"user","content":"Sound?"}}],"params":{{"temperature":1.0}}}}"#,
        serde_json::to_string(target).expect("is JSON")
    );
    let request: Request = serde_json::from_str(&line).expect("is a request");
    let calls = target::calls(&request).expect("are calls");
    let job = Job::new(request, true, calls, 0);
    match call((&job, 0), Form::Whole, &context(mock), "ultra-fanout") {
        Ok(record) => serde_json::to_string(&record).expect("is JSON"),
        Err(error) => serde_json::to_string(&*error).expect("is JSON"),
    }
}

#[test]
fn a_call_over_http_is_shown_as_it_would_be_sent_without_its_key() {
    assert_eq!(
        record("here:m", false),
        r#"{"type":"call","request_id":"req_1","prompt_id":"prm_1","target":"here:m","sample":0,"via":"http","method":"POST","url":"http://127.0.0.1:9/v1/chat/completions","headers":{"accept":"application/json","accept-encoding":"identity","authorization":"Bearer ***","content-type":"application/json"},"body":{"model":"m","messages":[{"role":"user","content":"Sound?"}],"stream":false,"temperature":1.0}}"#
    );
}

#[test]
fn a_program_is_shown_with_what_it_would_read() {
    assert_eq!(
        record("exec:wc -w", false),
        r#"{"type":"call","request_id":"req_1","prompt_id":"prm_1","target":"exec:wc -w","sample":0,"via":"exec","command":"wc -w","stdin":"Sound?\n"}"#
    );
}

#[test]
fn a_simulated_model_is_said_to_be_one() {
    let line = record("mock:a?fail=0.5", false);
    assert!(line.ends_with(r#""via":"mock","model":"a","options":"fail=0.5"}"#), "{line}");
    let line = record("here:m", true);
    assert!(line.ends_with(r#""via":"mock","model":"here:m"}"#), "{line}");
}

#[test]
fn what_cannot_be_sent_is_the_error_that_it_would_be() {
    let line = record("nowhere:m", false);
    assert!(line.contains(r#""kind":"not_found","message":"target `nowhere:m`: unknown provider"#), "{line}");
    assert!(
        line.contains(r#""request_id":"req_1","prompt_id":"prm_1","target":"nowhere:m","sample":0"#),
        "{line}"
    );
    let line = record("exec: ", false);
    assert!(line.contains(r#""kind":"request""#) && line.contains("there is no command"), "{line}");
}

#[test]
fn the_schemas_describe_every_field() {
    for schema in [schema_for!(CallRecord), schema_for!(EstimateRecord)] {
        let schema = serde_json::to_value(schema).expect("is JSON");
        let properties = schema["properties"].as_object().expect("has fields");
        for (name, field) in properties {
            assert!(field["description"].is_string(), "{name}");
        }
    }
}
