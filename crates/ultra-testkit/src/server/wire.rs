//! The two wire formats, as their providers write them: answers, streams and errors.

use serde_json::{Value, json};

use super::request::Request;

/// A wire format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    /// `POST …/chat/completions`, also spoken by llama.cpp, vLLM and Ollama.
    OpenAi,
    /// `POST …/v1/messages`.
    Anthropic,
}

/// An answer before it takes a wire format.
#[derive(Debug)]
pub(super) struct Answer<'a> {
    pub(super) number: usize,
    pub(super) model: &'a str,
    pub(super) text: &'a str,
    pub(super) input_tokens: u64,
    pub(super) output_tokens: u64,
}

impl Wire {
    pub(super) fn of_path(path: &str) -> Option<Self> {
        let path = path.split('?').next().unwrap_or_default();
        match path {
            _ if path.ends_with("/chat/completions") => Some(Self::OpenAi),
            _ if path.ends_with("/v1/messages") => Some(Self::Anthropic),
            _ => None,
        }
    }

    /// Why the provider would refuse this request, with the status.
    pub(super) fn refusal(self, request: &Request) -> Option<(u16, &'static str)> {
        let missing = |name| request.field(name).is_none();
        match self {
            _ if request.wire() != Some(self) => Some((404, "no such route in this wire format")),
            _ if request.method != "POST" => Some((405, "this route takes POST")),
            _ if request.json.is_none() => Some((400, "the body is not JSON")),
            _ if request.model().is_empty() => Some((400, "model: field required")),
            _ if request.messages().is_empty() => Some((400, "messages: field required")),
            Self::Anthropic if request.header("anthropic-version").is_none() => {
                Some((400, "anthropic-version: header is required"))
            }
            Self::Anthropic if missing("max_tokens") => Some((400, "max_tokens: field required")),
            _ => None,
        }
    }

    pub(super) fn answer(self, answer: &Answer<'_>) -> Value {
        let Answer { number, model, text, .. } = answer;
        match self {
            Self::OpenAi => json!({
                "id": format!("chatcmpl-{number}"), "object": "chat.completion", "created": 1_795_000_000, "model": model,
                "choices": [{"index": 0, "message": {"role": "assistant", "content": text, "refusal": null},
                    "logprobs": null, "finish_reason": "stop"}],
                "usage": self.usage(answer), "system_fingerprint": null,
            }),
            Self::Anthropic => json!({
                "id": format!("msg_{number}"), "type": "message", "role": "assistant", "model": model,
                "content": [{"type": "text", "text": text}],
                "stop_reason": "end_turn", "stop_sequence": null, "usage": self.usage(answer),
            }),
        }
    }

    /// The answer as server-sent events, one piece of text for each word.
    pub(super) fn stream(self, answer: &Answer<'_>) -> String {
        match self {
            Self::OpenAi => openai_stream(answer),
            Self::Anthropic => anthropic_stream(answer),
        }
    }

    /// An error as the provider writes it, by status.
    pub(super) fn error(self, status: u16, message: &str) -> Value {
        match self {
            Self::OpenAi => {
                let (kind, code) = openai_error(status);
                json!({"error": {"message": message, "type": kind, "param": null, "code": code}})
            }
            Self::Anthropic => {
                json!({"type": "error", "error": {"type": anthropic_error(status), "message": message}})
            }
        }
    }

    /// An error as it comes in a stream that has begun.
    pub(super) fn error_event(self, message: &str) -> String {
        let error = self.error(529, message);
        match self {
            Self::OpenAi => format!("data: {error}\n\n"),
            Self::Anthropic => format!("event: error\ndata: {error}\n\n"),
        }
    }

    /// The header in which the provider names a call.
    pub(super) fn request_id_header(self) -> &'static str {
        match self {
            Self::OpenAi => "x-request-id",
            Self::Anthropic => "request-id",
        }
    }

    fn usage(self, answer: &Answer<'_>) -> Value {
        let (input, output) = (answer.input_tokens, answer.output_tokens);
        match self {
            Self::OpenAi => {
                json!({"prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output})
            }
            Self::Anthropic => json!({"input_tokens": input, "output_tokens": output,
                "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0}),
        }
    }
}

fn openai_stream(answer: &Answer<'_>) -> String {
    let chunk = |choices: Value, usage: Value| {
        let event = json!({"id": format!("chatcmpl-{}", answer.number), "object": "chat.completion.chunk",
            "created": 1_795_000_000, "model": answer.model, "choices": choices, "usage": usage});
        format!("data: {event}\n\n")
    };
    let delta = |delta: Value, finish: Value| json!([{"index": 0, "delta": delta, "finish_reason": finish}]);
    let mut events = chunk(delta(json!({"role": "assistant", "content": ""}), Value::Null), Value::Null);
    for piece in answer.text.split_inclusive(' ') {
        events += &chunk(delta(json!({"content": piece}), Value::Null), Value::Null);
    }
    events += &chunk(delta(json!({}), json!("stop")), Value::Null);
    events += &chunk(json!([]), Wire::OpenAi.usage(answer));
    events + "data: [DONE]\n\n"
}

fn anthropic_stream(answer: &Answer<'_>) -> String {
    let event =
        |data: Value| format!("event: {}\ndata: {data}\n\n", data["type"].as_str().unwrap_or_default());
    let mut message = Wire::Anthropic.answer(answer);
    message["content"] = json!([]);
    message["stop_reason"] = Value::Null;
    let mut events = event(json!({"type": "message_start", "message": message}));
    events += &event(
        json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
    );
    for piece in answer.text.split_inclusive(' ') {
        let delta = json!({"type": "text_delta", "text": piece});
        events += &event(json!({"type": "content_block_delta", "index": 0, "delta": delta}));
    }
    events += &event(json!({"type": "content_block_stop", "index": 0}));
    events +=
        &event(json!({"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": null},
        "usage": Wire::Anthropic.usage(answer)}));
    events + &event(json!({"type": "message_stop"}))
}

fn openai_error(status: u16) -> (&'static str, Value) {
    match status {
        401 => ("invalid_request_error", json!("invalid_api_key")),
        429 => ("requests", json!("rate_limit_exceeded")),
        503 => ("service_unavailable_error", json!("server_is_overloaded")),
        500.. => ("server_error", Value::Null),
        _ => ("invalid_request_error", Value::Null),
    }
}

fn anthropic_error(status: u16) -> &'static str {
    match status {
        401 => "authentication_error",
        402 => "billing_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        504 => "timeout_error",
        529 => "overloaded_error",
        500.. => "api_error",
        _ => "invalid_request_error",
    }
}
