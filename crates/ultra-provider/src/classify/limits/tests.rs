use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use ultra_core::config::Dialect;

use super::{Units, limits};
use crate::call::RateLimits;

fn told(provider: &str, headers: &[(&str, &str)]) -> Option<RateLimits> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let name = HeaderName::from_bytes(name.as_bytes()).expect("a name");
        map.append(name, HeaderValue::from_str(value).expect("a value"));
    }
    let dialect = if provider == "anthropic" { Dialect::Anthropic } else { Dialect::OpenAi };
    limits(&map, dialect, Units::of(provider, None))
}

fn openai(provider: &str, requests: [&str; 3], tokens: [&str; 3]) -> Option<RateLimits> {
    told(
        provider,
        &[
            ("x-ratelimit-limit-requests", requests[0]),
            ("x-ratelimit-remaining-requests", requests[1]),
            ("x-ratelimit-reset-requests", requests[2]),
            ("x-ratelimit-limit-tokens", tokens[0]),
            ("x-ratelimit-remaining-tokens", tokens[1]),
            ("x-ratelimit-reset-tokens", tokens[2]),
        ],
    )
}

fn rates(limits: Option<RateLimits>) -> (Option<f64>, Option<f64>) {
    let limits = limits.unwrap_or_default();
    (limits.requests_per_s, limits.tokens_per_s)
}

#[test]
fn openai_counts_by_the_minute_unless_the_reset_says_a_day() {
    let found = openai("openai", ["6000", "5999", "10ms"], ["600000", "599986", "1ms"]).expect("limits");
    assert_eq!((found.requests_per_s, found.tokens_per_s), (Some(100.0), Some(10_000.0)));
    assert_eq!((found.remaining_requests, found.remaining_tokens), (Some(5999), Some(599_986)));
    assert_eq!(found.reset, None);
    let daily = openai("openai", ["200", "199", "7m12s"], ["60000", "60000", "0s"]);
    assert_eq!(rates(daily), (Some(200.0 / 86_400.0), Some(1_000.0)));
}

#[test]
fn groq_counts_requests_by_the_day() {
    let found = openai("groq", ["14400", "14370", "2m59.56s"], ["18000", "17997", "7.66s"]);
    assert_eq!(rates(found), (Some(14_400.0 / 86_400.0), Some(300.0)));
}

#[test]
fn a_stranger_is_believed_only_where_the_reset_tells_the_window() {
    let minute = openai("mine", ["60", "57", "3s"], ["6000", "3000", "30"]);
    assert_eq!(rates(minute), (Some(1.0), Some(100.0)));
    let day = openai("mine", ["14400", "14370", "2m59.56s"], ["6000", "6000", "0s"]);
    assert_eq!(rates(day), (Some(14_400.0 / 86_400.0), None));
    let hour = openai("mine", ["60", "30", "30m"], ["60", "59", "1s500ms"]);
    assert_eq!(rates(hour), (None, None));
    let silent = told("mine", &[("x-ratelimit-limit-requests", "60")]);
    assert_eq!(rates(silent), (None, None));
}

#[test]
fn what_is_used_up_tells_when_it_is_back() {
    let found = openai("openai", ["5000", "0", "1m2.5s"], ["800000", "799986", "320ms"]).expect("limits");
    assert_eq!(found.reset, Some(Duration::from_millis(62_500)));
    let azure = openai("azure", ["100", "99", ""], ["100000", "0", "37"]).expect("limits");
    assert_eq!(azure.reset, Some(Duration::from_secs(37)));
}

#[test]
fn anthropic_counts_by_the_minute_and_tells_the_time_of_day() {
    let found = told(
        "anthropic",
        &[
            ("date", "Sun, 22 Nov 2026 15:04:00 GMT"),
            ("anthropic-ratelimit-requests-limit", "1200"),
            ("anthropic-ratelimit-requests-remaining", "0"),
            ("anthropic-ratelimit-requests-reset", "2026-11-22T15:04:05Z"),
            ("anthropic-ratelimit-tokens-limit", "96000"),
            ("anthropic-ratelimit-tokens-remaining", "95000"),
            ("anthropic-ratelimit-tokens-reset", "2026-11-22T15:05:00Z"),
            ("anthropic-ratelimit-input-tokens-limit", "80000"),
            ("anthropic-ratelimit-output-tokens-limit", "16000"),
        ],
    );
    let expected = RateLimits {
        requests_per_s: Some(20.0),
        tokens_per_s: Some(1600.0),
        remaining_requests: Some(0),
        remaining_tokens: Some(95_000),
        reset: Some(Duration::from_secs(5)),
    };
    assert_eq!(found, Some(expected));
    let parts = [
        ("anthropic-ratelimit-input-tokens-limit", "80000"),
        ("anthropic-ratelimit-output-tokens-limit", "16000"),
    ];
    assert_eq!(rates(told("anthropic", &parts)), (None, Some(1600.0)));
    assert_eq!(told("anthropic", &parts[..1]), None);
}

#[test]
fn mistral_names_its_windows() {
    let found = told(
        "mistral",
        &[
            ("x-ratelimit-limit-tokens-minute", "600000"),
            ("x-ratelimit-remaining-tokens-minute", "599932"),
            ("x-ratelimit-limit-tokens-month", "10000000000"),
            ("x-ratelimit-limit-req-10-second", "60"),
            ("x-ratelimit-remaining-req-10-second", "59"),
        ],
    );
    assert_eq!(rates(found), (Some(6.0), Some(10_000.0)));
    assert_eq!(found.and_then(|limits| limits.remaining_requests), Some(59));
}

#[test]
fn what_cannot_be_is_not_believed() {
    for value in
        ["", " ", "nan", "inf", "-1", "-0", "1e3", "1.5", "1000000000000000000000000000000", "0x10", "١"]
    {
        for provider in ["openai", "groq", "mine"] {
            assert_eq!(openai(provider, [value, "1", "1s"], [value, "1", "1s"]), None, "{value}");
        }
        let name = "anthropic-ratelimit-requests-limit";
        assert_eq!(told("anthropic", &[(name, value)]), None, "{value}");
    }
    assert_eq!(rates(openai("openai", ["0", "0", "1s"], ["0", "0", ""])), (None, None));
    for reset in ["nan", "-1s", "99999999999999999999999999999999999s", "", "1e300", "9999999999999999999999"]
    {
        let found = openai("mine", ["60", "0", reset], ["60", "0", reset]).expect("what is left");
        assert_eq!((rates(Some(found)), found.reset), ((None, None), None), "{reset}");
    }
    assert_eq!(told("openai", &[("content-type", "application/json")]), None);
}
