use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use ultra_core::kind::ErrorKind;
use ultra_core::secret::Secret;
use ultra_pace::{Class, Health};

use super::peer::Peer;
use super::{refused, unread};
use crate::call::CallError;
use crate::http::Reply;

const KEY: &str = "sk-canary-0123456789abcdef";

fn peer() -> Peer {
    Peer {
        target: "here:m".into(),
        model: "m".into(),
        place: "https://api.example/v1/chat/completions".into(),
        key: Some(Secret::new(KEY.into())),
        key_source: "HERE_API_KEY".into(),
    }
}

fn reply(status: u16, headers: &[(&'static str, &str)], body: &str) -> Reply {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(HeaderName::from_static(name), HeaderValue::from_str(value).expect("a value"));
    }
    Reply { status, headers: map, body: bytes::Bytes::copy_from_slice(body.as_bytes()) }
}

fn error(status: u16, headers: &[(&'static str, &str)], body: &str) -> CallError {
    refused(&peer(), &reply(status, headers, body))
}

fn ok_error(body: &str) -> CallError {
    let reply = reply(200, &[], body);
    let why = crate::openai::answer(&reply.body).expect_err("no answer");
    unread(&peer(), &reply, &why)
}

#[test]
fn statuses_mean_what_they_say() {
    use {Class as C, ErrorKind as K};
    for (status, kind, class) in [
        (301, K::Redirect, C::FatalTarget),
        (308, K::Redirect, C::FatalTarget),
        (400, K::Request, C::FatalRecord),
        (401, K::Auth, C::FatalTarget),
        (402, K::Billing, C::FatalTarget),
        (403, K::Forbidden, C::FatalTarget),
        (404, K::NotFound, C::FatalTarget),
        (405, K::Request, C::FatalRecord),
        (407, K::Auth, C::FatalTarget),
        (408, K::Server, C::Free),
        (409, K::Server, C::Free),
        (413, K::Request, C::FatalRecord),
        (422, K::Request, C::FatalRecord),
        (425, K::Server, C::Free),
        (429, K::RateLimited, C::Throttled),
        (451, K::Request, C::FatalRecord),
        (498, K::Overloaded, C::Free),
        (500, K::Server, C::Free),
        (501, K::Request, C::FatalRecord),
        (502, K::Server, C::Free),
        (503, K::Overloaded, C::Free),
        (504, K::Server, C::Free),
        (524, K::Server, C::Free),
        (529, K::Overloaded, C::Free),
        (204, K::Protocol, C::FatalRecord),
        (206, K::Protocol, C::FatalRecord),
        (600, K::Protocol, C::FatalRecord),
        (999, K::Protocol, C::FatalRecord),
    ] {
        let error = error(status, &[], r#"{"error":{"message":"x","type":"t"}}"#);
        assert_eq!((error.kind, error.class, error.status), (kind, class, Some(status)), "{status}");
        assert!(
            error.message.starts_with("here:m: ") && error.message.contains(&status.to_string()),
            "{error}"
        );
    }
}

#[test]
fn who_refuses_is_well_and_who_fails_is_sick() {
    let own = r#"{"error":{"message":"x"}}"#;
    for status in [301, 400, 401, 402, 403, 404, 405, 408, 409, 413, 422, 425, 429] {
        assert_eq!(error(status, &[], own).health, Health::Up, "{status}");
    }
    for status in [204, 206, 498, 500, 502, 503, 504, 520, 529, 600, 999] {
        assert_eq!(error(status, &[], own).health, Health::Sick, "{status}");
    }
    for (body, health) in [
        (r#"{"error":{"code":502,"message":"x"}}"#, Health::Sick),
        (r#"{"error":{"code":429,"message":"x"}}"#, Health::Up),
        (r#"{"error":{"type":"insufficient_quota"}}"#, Health::Up),
        ("<html></html>", Health::Sick),
        ("", Health::Sick),
        (r#"{"choices":[{"message":{"content":"ha"#, Health::Sick),
        (r#"{"choices":[{"message":{"content":""},"finish_reason":"stop"}]}"#, Health::Up),
    ] {
        assert_eq!(ok_error(body).health, health, "{body}");
    }
}

#[test]
fn some_failures_are_worth_one_more_attempt() {
    let own = r#"{"error":{"message":"x"}}"#;
    let (conflict, busy) = (error(409, &[], own), error(503, &[], own));
    assert_eq!(conflict.class_after(None), Class::Free);
    assert_eq!(conflict.class_after(Some(&busy)), Class::Free);
    assert_eq!(conflict.class_after(Some(&conflict)), Class::FatalRecord);
    assert_eq!(busy.class_after(Some(&busy)), Class::Free);
    let again = error(400, &[("x-should-retry", "true")], own);
    assert_eq!((again.class_after(None), again.class_after(Some(&again))), (Class::Free, Class::FatalRecord));
    let closed = error(401, &[("x-should-retry", "true")], own);
    assert_eq!(closed.class_after(Some(&conflict)), Class::FatalTarget);
}

#[test]
fn a_gateway_may_have_passed_the_call_on() {
    for body in
        ["", "<html><head></head></html>", r#"{"message":"Endpoint request timed out"}"#, "upstream error"]
    {
        for status in [500, 502, 504, 520] {
            assert_eq!(error(status, &[], body).class, Class::Unsure, "{status} {body}");
        }
        assert_eq!(error(503, &[], body).class, Class::Free);
    }
}

#[test]
fn the_body_overrules_the_status() {
    use {Class as C, ErrorKind as K};
    let daily = r#"{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","message":"x","details":[{"violations":[{"quotaId":"GenerateRequestsPerDayPerProject"}]},{"retryDelay":"46.2s"}]}}"#;
    let minute = r#"[{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","message":"x","details":[{"violations":[{"quotaId":"GenerateRequestsPerMinute"}]},{"retryDelay":"46.2s"}]}}]"#;
    for (status, body, kind, class) in [
        (
            429,
            r#"{"error":{"type":"insufficient_quota","code":null,"message":"x"}}"#,
            K::Billing,
            C::FatalTarget,
        ),
        (429, r#"{"error":{"code":"billing_hard_limit_reached","message":"x"}}"#, K::Billing, C::FatalTarget),
        (
            429,
            r#"{"error":{"type":"rate_limit_error","details":{"error_code":"enforced_spend_limit_reached"}}}"#,
            K::Billing,
            C::FatalTarget,
        ),
        (429, daily, K::Billing, C::FatalTarget),
        (429, minute, K::RateLimited, C::Throttled),
        (429, r#"{"error":{"code":"slow_down","message":"x"}}"#, K::RateLimited, C::Throttled),
        (
            400,
            r#"{"error":{"message":"Your credit balance is too low to access the API"}}"#,
            K::Billing,
            C::FatalTarget,
        ),
        (
            400,
            r#"{"code":"Client specified an invalid argument","error":"Incorrect API key provided: k."}"#,
            K::Auth,
            C::FatalTarget,
        ),
        (
            400,
            r#"{"error":{"code":400,"message":"x","status":"INVALID_ARGUMENT","details":[{"reason":"API_KEY_INVALID"}]}}"#,
            K::Auth,
            C::FatalTarget,
        ),
        (400, r#"{"error":{"code":"content_policy_violation","message":"x"}}"#, K::Blocked, C::FatalRecord),
        (
            403,
            r#"{"error":{"code":403,"message":"x","metadata":{"error_type":"content_policy_violation"}}}"#,
            K::Blocked,
            C::FatalRecord,
        ),
        (
            413,
            r#"{"error":{"code":"rate_limit_exceeded","message":"Request too large"}}"#,
            K::Request,
            C::FatalRecord,
        ),
    ] {
        let error = error(status, &[], body);
        assert_eq!((error.kind, error.class), (kind, class), "{status} {body}");
    }
    let busy =
        r#"{"error":{"code":402,"message":"x","metadata":{"limit_source":"openrouter_in_flight_budget"}}}"#;
    assert_eq!(error(402, &[("retry-after", "2")], busy).class, Class::Throttled);
    assert_eq!(error(402, &[], busy).class, Class::FatalTarget);
}

#[test]
fn the_provider_may_say_whether_to_try_again() {
    let own = r#"{"error":{"message":"x"}}"#;
    assert_eq!(error(500, &[("x-should-retry", "false")], own).class, Class::FatalRecord);
    assert_eq!(error(429, &[("x-should-retry", "false"), ("retry-after", "3")], own).retry_after, None);
    assert_eq!(error(400, &[("x-should-retry", "true")], own).class, Class::Free);
    assert_eq!(error(502, &[("x-should-retry", "true")], "").class, Class::Unsure);
    let broke = r#"{"error":{"type":"insufficient_quota"}}"#;
    assert_eq!(error(429, &[("x-should-retry", "true")], broke).class, Class::FatalTarget);
}

#[test]
fn an_error_with_status_200_is_judged_by_its_words() {
    use {Class as C, ErrorKind as K};
    for (body, kind, class) in [
        (r#"{"error":{"code":502,"message":"x"}}"#, K::Server, C::Free),
        (
            r#"{"error":{"code":429,"message":"x","metadata":{"error_type":"rate_limit_exceeded"}}}"#,
            K::RateLimited,
            C::Throttled,
        ),
        (r#"{"error":{"type":"overloaded_error"}}"#, K::Overloaded, C::Free),
        (r#"{"error":{"type":"authentication_error"}}"#, K::Auth, C::FatalTarget),
        (r#"{"error":{"code":"model_not_found"}}"#, K::NotFound, C::FatalTarget),
        (
            r#"{"error":{"code":"context_length_exceeded","type":"invalid_request_error"}}"#,
            K::Request,
            C::FatalRecord,
        ),
        (r#"{"error":{"type":"insufficient_quota"}}"#, K::Billing, C::FatalTarget),
        (r#"{"error":"something broke"}"#, K::Server, C::Free),
        (r#"{"error":{}}"#, K::Server, C::Free),
    ] {
        let error = ok_error(body);
        assert_eq!((error.kind, error.class, error.status), (kind, class, Some(200)), "{body}");
    }
}

#[test]
fn a_success_without_an_answer_has_its_own_kinds() {
    use ErrorKind as K;
    for (body, kind) in [
        ("", K::Empty),
        ("null", K::Empty),
        ("{}", K::Empty),
        (r#"{"choices":[]}"#, K::Empty),
        (r#"{"choices":[{"message":{"content":"ha"#, K::Truncated),
        ("{", K::Truncated),
        ("<!DOCTYPE html><html>", K::BadJson),
        ("<html", K::BadJson),
        ("upstream failed", K::BadJson),
        ("data: {}\n\n", K::BadJson),
        (r#"{"object":"list"}"#, K::BadJson),
    ] {
        let error = ok_error(body);
        assert_eq!((error.kind, error.class), (kind, Class::Unsure), "{body}: {error}");
        assert!(error.message.contains("https://api.example/v1"), "{error}");
    }
}

#[test]
fn a_web_page_is_quoted_short_visible_and_without_keys() {
    let page = format!("<html>\u{1b}]52;c;x\u{7} {KEY} {}", "y".repeat(10_000));
    let error = ok_error(&page);
    assert!(error.message.contains("base URL may be wrong"), "{error}");
    assert!(error.message.contains(r"<html>\u{1b}]52;c;x\u{7} [secret] yyy"), "{error}");
    assert!(error.message.len() < 256 + 200, "{}", error.message.len());
}

#[test]
fn a_redirect_to_a_host_named_like_the_key_is_not_shown() {
    let key = KEY.to_uppercase();
    let peer = Peer { key: Some(Secret::new(key.clone())), ..peer() };
    let to = format!("https://{key}.example/");
    let error = refused(&peer, &reply(302, &[("location", &to)], ""));
    assert!(!error.message.to_uppercase().contains(&key), "{error}");
}

#[test]
fn a_message_names_the_cause_and_the_fix() {
    let peer = "here:m: ";
    let place = "https://api.example/v1/chat/completions";
    for (status, headers, body, expected) in [
        (
            401,
            &[][..],
            format!(r#"{{"error":{{"message":"Incorrect API key provided: {KEY}."}}}}"#),
            format!(r#"{place} refused the key (HTTP 401: "Incorrect API key provided: [secret]."); check HERE_API_KEY"#),
        ),
        (
            404,
            &[],
            r#"{"error":{"message":"The model `m` does not exist","code":"model_not_found"}}"#.into(),
            format!(
                "{place} does not know the model `m` (HTTP 404: \"The model `m` does not exist\"); check the name of the model"
            ),
        ),
        (
            404,
            &[],
            "<!doctype html><html>404</html>".into(),
            format!("there is nothing at {place} (HTTP 404, an HTML page); the base URL or the model `m` may be wrong"),
        ),
        (
            302,
            &[("location", "https://user:pw@other.example/x?token=1")],
            String::new(),
            format!(
                "{place} redirects to https://other.example, and redirects are never followed (HTTP 302); if that is right, make it the base URL"
            ),
        ),
        (
            400,
            &[],
            r#"{"error":{"message":"prompt is too long: 9 > 8","type":"invalid_request_error"}}"#.into(),
            r#"the request is too long (HTTP 400: "prompt is too long: 9 > 8"); shorten the prompt, or choose a model with more room"#.into(),
        ),
        (502, &[], "<html></html>".into(), format!("{place}, or a gateway before it, failed (HTTP 502, an HTML page)")),
        (429, &[], r#"{"error":{"type":"insufficient_quota"}}"#.into(), "the account has no money or quota left (HTTP 429); top it up, or raise its limit".into()),
    ] {
        assert_eq!(error(status, headers, &body).message, format!("{peer}{expected}"));
    }
}

#[test]
fn ids_and_codes_are_kept_clean_and_short() {
    let id = format!("req {KEY}{}", "x".repeat(400));
    let body = format!(r#"{{"error":{{"message":"x","type":"t\u001b","code":"{KEY}"}}}}"#);
    let said = error(500, &[("x-request-id", &id)], &body).provider.expect("the provider's words");
    assert_eq!(said.code.as_deref(), Some("[secret]"));
    assert_eq!(said.kind.as_deref(), Some(r"t\u{1b}"));
    let id = said.request_id.expect("an id");
    assert!(id.starts_with("req [secret]x") && id.len() <= 256, "{id}");
}

#[test]
fn an_error_within_a_choice_is_what_its_code_says() {
    use {Class as C, ErrorKind as K};
    for (code, kind, class) in [
        (429, K::RateLimited, C::Throttled),
        (403, K::Forbidden, C::FatalTarget),
        // What was written before it may have been paid.
        (502, K::Server, C::Unsure),
    ] {
        let error = format!(r#"{{"code":{code},"message":"over there"}}"#);
        let choice = format!(r#"{{"message":{{"content":"half"}},"finish_reason":"error","error":{error}}}"#);
        let error = ok_error(&format!(r#"{{"choices":[{choice}]}}"#));
        assert_eq!((error.kind, error.class), (kind, class), "{error}");
        assert!(error.message.contains("over there"), "{error}");
    }
}

#[test]
fn a_prompt_that_was_blocked_is_not_sent_again() {
    let error = ok_error(r#"{"promptFeedback":{"blockReason":"SAFETY"}}"#);
    assert_eq!((error.kind, error.class, error.health), (ErrorKind::Blocked, Class::FatalRecord, Health::Up));
    assert_eq!(ok_error(r#"{"promptFeedback":{}}"#).kind, ErrorKind::BadJson);
}

#[test]
fn odd_shapes_of_errors_are_understood() {
    for (body, message) in [
        (r#"{"error":"Unauthorized"}"#, "Unauthorized"),
        (r#"{"object":"error","message":"m1","type":"t","code":1}"#, "m1"),
        (r#"{"detail":[{"loc":["body"],"msg":"field required","type":"x"}]}"#, "field required"),
        (r#"{"detail":"no"}"#, "no"),
        (r#"{"message":"gw"}"#, "gw"),
        ("plain words", "plain words"),
        (r#"[{"error":{"message":"in a list"}}]"#, "in a list"),
    ] {
        let error = error(422, &[], body);
        assert!(error.message.contains(&format!("\"{message}\"")), "{body}: {error}");
    }
    for body in
        ["[]", "[[]]", "7", "\"x\"", "{\"error\":[1]}", "{\"error\":{\"details\":[1,{\"violations\":3}]}}"]
    {
        assert_eq!(error(500, &[], body).kind, ErrorKind::Server, "{body}");
    }
}
