//! From status, words and headers to a kind and a class.

use reqwest::header::HeaderMap;
use ultra_core::kind::ErrorKind;
use ultra_pace::Class;

use super::said::Said;

/// What a failure is, and what it means for the next attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) kind: ErrorKind,
    pub(crate) class: Class,
    /// Whether one more attempt is all that it is worth.
    pub(crate) once: bool,
}

/// The account is empty or its limit reached, whatever the status says.
const BILLING: &[&str] = &[
    "insufficient_quota",
    "credit_balance_exhausted",
    "organization_spend_limit_exceeded",
    "project_spend_limit_exceeded",
    "organization_usage_limit_exceeded",
    "billing_hard_limit_reached",
    "billing_not_active",
    "billing_error",
    "payment_required",
    "enforced_spend_limit_reached",
    "contract_spend_limit_reached",
];
const BILLING_PHRASES: &[&str] = &[
    "credit balance is too low",
    "reached your specified api usage limits",
    "insufficient balance",
    "spend limit",
];

/// A wrong key that comes with a status for wrong requests.
const KEY: &[&str] =
    &["invalid_api_key", "api_key_invalid", "authentication_error", "authentication", "unauthenticated"];
const KEY_PHRASES: &[&str] = &["incorrect api key", "invalid api key", "api key not valid"];

/// The content was judged, not the form of the request.
const BLOCKED: &[&str] = &[
    "content_policy_violation",
    "content_filter",
    "content_policy",
    "refusal",
    "responsibleaipolicyviolation",
];

/// Decides.
pub(crate) fn verdict(status: u16, said: &Said, headers: &HeaderMap) -> Verdict {
    let waits = headers.contains_key("retry-after") || headers.contains_key("retry-after-ms");
    let (kind, class) = by_words(status, said, waits).unwrap_or_else(|| by_status(status, said));
    // A dead key, account or address stays dead, whatever a gateway says about trying again.
    if class == Class::FatalTarget {
        return Verdict { kind, class, once: false };
    }
    let (class, once) = match headers.get("x-should-retry").map(reqwest::header::HeaderValue::as_bytes) {
        Some(b"false") => (Class::FatalRecord, false),
        Some(b"true") if !class.is_transient() => (Class::Free, true),
        _ => (class, status == 409),
    };
    Verdict { kind, class, once }
}

fn by_words(status: u16, said: &Said, waits: bool) -> Option<(ErrorKind, Class)> {
    if !(400..500).contains(&status) {
        return None;
    }
    if status == 402 && waits && said.is(&["openrouter_in_flight_budget"]) {
        return Some((ErrorKind::RateLimited, Class::Throttled));
    }
    let daily = status == 429 && said.codes.iter().any(|code| code.contains("PerDay"));
    if said.is(BILLING) || said.mentions(BILLING_PHRASES) || daily {
        return Some((ErrorKind::Billing, Class::FatalTarget));
    }
    if [400, 403].contains(&status) && (said.is(KEY) || said.mentions(KEY_PHRASES)) {
        return Some((ErrorKind::Auth, Class::FatalTarget));
    }
    if said.is(BLOCKED) {
        return Some((ErrorKind::Blocked, Class::FatalRecord));
    }
    None
}

fn by_status(status: u16, said: &Said) -> (ErrorKind, Class) {
    match status {
        300..=399 => (ErrorKind::Redirect, Class::FatalTarget),
        401 | 407 => (ErrorKind::Auth, Class::FatalTarget),
        402 => (ErrorKind::Billing, Class::FatalTarget),
        403 => (ErrorKind::Forbidden, Class::FatalTarget),
        // A call names nothing but the model and the address, and both are the same for every record.
        404 => (ErrorKind::NotFound, Class::FatalTarget),
        408 | 409 | 425 => (ErrorKind::Server, Class::Free),
        429 => (ErrorKind::RateLimited, Class::Throttled),
        498 | 503 | 529 => (ErrorKind::Overloaded, Class::Free),
        400..=499 | 501 => (ErrorKind::Request, Class::FatalRecord),
        500..=599 if said.own => (ErrorKind::Server, Class::Free),
        500..=599 => (ErrorKind::Server, Class::Unsure),
        _ => (ErrorKind::Protocol, Class::FatalRecord),
    }
}
