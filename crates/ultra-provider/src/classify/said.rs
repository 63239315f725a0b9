//! What a peer says about a failure, in whichever shape it says it.

use reqwest::header::HeaderMap;
use serde_json::Value;

/// The words of an error, as far as there are any.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Said {
    /// For people.
    pub(crate) message: Option<String>,
    /// The error type.
    pub(crate) kind: Option<String>,
    /// Error codes and reasons, wherever the shape has them.
    pub(crate) codes: Vec<String>,
    /// A code that is a number, which gateways set to the status of the server behind them.
    pub(crate) number: Option<u64>,
    /// The provider's id for the call.
    pub(crate) request_id: Option<String>,
    /// How long to wait, where the body says so, such as `46.2s`.
    pub(crate) delay: Option<String>,
    /// Whether it is the provider's own well-formed error, not the page of a gateway before it.
    pub(crate) own: bool,
    /// Whether it is an HTML page.
    pub(crate) html: bool,
}

impl Said {
    /// Reads the body of an error.
    pub(crate) fn read(body: &[u8]) -> Self {
        let mut said = Self { html: is_html(body), ..Self::default() };
        match serde_json::from_slice::<Value>(body) {
            Ok(Value::Array(mut list)) if !list.is_empty() => said.whole(&list.swap_remove(0)),
            Ok(value) => said.whole(&value),
            Err(_) if said.html => {}
            Err(_) => said.message = Some(String::from_utf8_lossy(body).trim().to_owned()),
        }
        said.message = said.message.filter(|text| !text.is_empty());
        said
    }

    fn whole(&mut self, value: &Value) {
        self.request_id = text(&value["request_id"]);
        self.own = !value["error"].is_null() || value["object"] == "error";
        // A model that failed within its answer has the error in its choice.
        let within = &value["choices"][0]["error"];
        let error = if value["error"].is_null() { within } else { &value["error"] };
        match error {
            // `{"code": "…", "error": "…"}`, both texts.
            Value::String(message) => {
                self.message = Some(message.clone());
                self.code_of(&value["code"]);
            }
            error @ Value::Object(_) => self.object(error),
            _ => self.object(value),
        }
        if self.message.is_none() {
            self.message = detail(&value["detail"]);
        }
    }

    fn object(&mut self, error: &Value) {
        self.message = text(&error["message"]).or_else(|| detail(&error["message"]["detail"]));
        self.kind = text(&error["type"]).or_else(|| text(&error["status"]));
        self.code_of(&error["code"]);
        let metadata = &error["metadata"];
        for code in [&error["details"]["error_code"], &metadata["error_type"], &metadata["limit_source"]] {
            self.code_of(code);
        }
        for detail in error["details"].as_array().into_iter().flatten() {
            self.code_of(&detail["reason"]);
            self.delay = self.delay.take().or_else(|| text(&detail["retryDelay"]));
            for violation in detail["violations"].as_array().into_iter().flatten() {
                self.code_of(&violation["quotaId"]);
            }
        }
    }

    fn code_of(&mut self, code: &Value) {
        if self.number.is_none() {
            self.number = code.as_u64();
        }
        self.codes.extend(text(code));
    }

    /// The first error code.
    pub(crate) fn code(&self) -> Option<&str> {
        self.codes.first().map(String::as_str)
    }

    /// Whether the type or a code is one of `names`.
    pub(crate) fn is(&self, names: &[&str]) -> bool {
        let codes = self.codes.iter().chain(&self.kind);
        codes.into_iter().any(|code| names.iter().any(|name| code.eq_ignore_ascii_case(name)))
    }

    /// Whether the message has one of `phrases`, given in lower case.
    pub(crate) fn mentions(&self, phrases: &[&str]) -> bool {
        let Some(message) = &self.message else { return false };
        let message = message.to_lowercase();
        phrases.iter().any(|phrase| message.contains(phrase))
    }

    /// The status that fits the words of an error that came with 200.
    pub(crate) fn status(&self) -> u16 {
        if let Some(status @ 400..=599) = self.number.and_then(|number| u16::try_from(number).ok()) {
            return status;
        }
        let words: String =
            self.codes.iter().chain(&self.kind).map(|code| code.to_lowercase() + " ").collect();
        let table: &[(u16, &[&str])] = &[
            (429, &["rate_limit", "slow_down", "resource_exhausted", "quota"]),
            (401, &["authentication", "unauthenticated", "api_key"]),
            (402, &["payment", "billing"]),
            (403, &["permission", "forbidden"]),
            (404, &["not_found"]),
            (413, &["too_large"]),
            (400, &["invalid", "context_length", "max_tokens", "unsupported", "content_policy", "refusal"]),
            (529, &["overloaded", "unavailable", "capacity"]),
        ];
        let found = table.iter().find(|(_, names)| names.iter().any(|name| words.contains(name)));
        found.map_or(500, |(status, _)| *status)
    }
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

/// The message of a validation error: `"…"` or `[{"msg": "…"}, …]`.
fn detail(value: &Value) -> Option<String> {
    text(value).or_else(|| text(&value[0]["msg"]))
}

/// Whether a body is an HTML page.
pub(crate) fn is_html(body: &[u8]) -> bool {
    let start = &body[..body.len().min(1024)];
    let start =
        String::from_utf8_lossy(start).trim_start_matches('\u{feff}').trim_start().to_ascii_lowercase();
    start.starts_with("<!doctype html") || start.starts_with('<') && start.contains("<html")
}

/// The id that the provider gave the call in a header.
pub(crate) fn request_id(headers: &HeaderMap) -> Option<&str> {
    let names = [
        "x-request-id",
        "request-id",
        "x-generation-id",
        "mistral-correlation-id",
        "x-ds-trace-id",
        "cf-ray",
    ];
    names.into_iter().find_map(|name| headers.get(name)?.to_str().ok())
}
