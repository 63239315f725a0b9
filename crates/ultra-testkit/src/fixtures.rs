//! Answers of providers, byte for byte, with what a client should make of each.
//!
//! `openai-chat` and `anthropic-messages` are written by hand after the providers' own clients and documents;
//! `llamacpp-recorded` was recorded from a real server and expects nothing. Each file names its sources.

use serde_json::Value;

/// The names that [`cases`] takes.
pub const FILES: [&str; 3] = ["openai-chat", "anthropic-messages", "llamacpp-recorded"];

/// One answer of a provider.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// Unique within its file.
    pub name: String,
    /// `{method, path, headers?, body}` that leads to this answer, where the file gives it.
    pub request: Option<Value>,
    /// The HTTP status.
    pub status: u16,
    /// The headers, without those of the transfer itself.
    pub headers: Vec<(String, String)>,
    /// The exact bytes of the body.
    pub body: Vec<u8>,
    /// Whether the body is a stream of events.
    pub stream: bool,
    /// What a client should make of it: on success `ok: true` with `text`, `finish` (`stop`, `length`,
    /// `content_filter`, `refusal`) and `usage {input, output, cached, reasoning, total}`, where input counts
    /// cached and output counts reasoning tokens; on failure `ok: false` with `error {class, retryable,
    /// retry_after_ms}` and, for a stream that broke, `partial_text`. Null for a recording.
    pub expect: Value,
}

/// Every case of a file, in the order of the file; panics on a name that [`FILES`] does not hold.
pub fn cases(file: &str) -> Vec<Case> {
    let text = match file {
        "openai-chat" => include_str!("../fixtures/openai-chat.json"),
        "anthropic-messages" => include_str!("../fixtures/anthropic-messages.json"),
        "llamacpp-recorded" => include_str!("../fixtures/llamacpp-recorded.json"),
        _ => panic!("no fixtures named {file}; there are {FILES:?}"),
    };
    let file: Value = serde_json::from_str(text).expect("a fixture file is JSON");
    let cases = file["cases"].as_object().expect("a fixture file has cases");
    cases.iter().map(|(name, value)| case(name, value)).collect()
}

/// One case by name; panics when there is none.
pub fn case_named(file: &str, name: &str) -> Case {
    let found = cases(file).into_iter().find(|case| case.name == name);
    found.unwrap_or_else(|| panic!("no case {name} in {file}"))
}

fn case(name: &str, value: &Value) -> Case {
    let response = &value["response"];
    let headers: Vec<(String, String)> = response["headers"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, value)| (key.clone(), value.as_str().expect("a header is text").to_owned()))
        .collect();
    let body = match response.get("body_text") {
        Some(text) => text.as_str().expect("body_text is text").to_owned(),
        None => response.get("body").expect("a body").to_string(),
    };
    Case {
        name: name.to_owned(),
        request: value.get("request").cloned(),
        status: response["status"].as_u64().and_then(|status| status.try_into().ok()).expect("a status"),
        stream: headers
            .iter()
            .any(|(key, value)| key == "content-type" && value.starts_with("text/event-stream")),
        headers,
        body: body.into_bytes(),
        expect: value.get("expect").cloned().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::{FILES, case_named, cases};

    #[test]
    fn every_file_has_success_stream_and_refusal_of_a_key() {
        for file in FILES {
            let cases = cases(file);
            assert!(cases.len() >= 16, "{file}");
            assert!(cases.iter().any(|case| case.stream && case.status == 200), "{file}");
            assert!(cases.iter().any(|case| case.status == 401), "{file}");
        }
    }

    #[test]
    fn hand_made_cases_say_what_to_expect() {
        for file in ["openai-chat", "anthropic-messages"] {
            for case in cases(file) {
                assert!(case.expect["ok"].is_boolean(), "{file}/{}", case.name);
            }
        }
        assert_eq!(case_named("openai-chat", "ok").expect["text"], "Zürich lies on the Limmat. 🏔");
    }

    #[test]
    fn a_stream_keeps_its_bytes() {
        let case = case_named("openai-chat", "stream");
        assert!(case.stream && case.body.ends_with(b"data: [DONE]\n\n"));
    }

    #[test]
    fn the_order_of_keys_in_a_body_is_that_of_the_file() {
        let body = case_named("openai-chat", "ok").body;
        assert!(body.starts_with(br#"{"id":"chatcmpl-Fx1","object":"chat.completion","created":"#));
    }
}
