//! The limits that a reply tells in its headers. What has no unit beyond doubt is not believed.
//!
//! | who | headers | unit |
//! |---|---|---|
//! | `OpenAI` and what copies it | `x-ratelimit-{limit,remaining,reset}-{requests,tokens}` | see [`Unit`] |
//! | Anthropic | `anthropic-ratelimit-{requests,tokens,input-tokens,output-tokens}-{limit,remaining,reset}` | a minute |
//! | Mistral | `x-ratelimit-{limit,remaining}-tokens-minute`, `…-req-10-second` | in the name |

use std::time::{Duration, SystemTime};

use reqwest::header::{DATE, HeaderMap};
use ultra_core::config::Dialect;

use super::retry_after::{go_duration, http_date};
use super::timestamp;
use crate::call::RateLimits;

const MINUTE: f64 = 60.0;
const DAY: f64 = 86_400.0;

/// The largest limit that is believed.
const BELIEVABLE: u64 = 1_000_000_000_000;

/// What the limits of the `x-ratelimit` family count in.
///
/// The family has no unit: `OpenAI` counts requests by the minute for most accounts and by the day for some,
/// Groq by the day. But what is used comes back evenly, so the time until all of it is back tells the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    /// A minute, unless the time to come back says a day.
    Minute,
    /// A day.
    Day,
    /// What the time to come back says, if it says a minute or a day.
    Told,
}

/// How a provider counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Units {
    requests: Unit,
    tokens: Unit,
}

impl Units {
    /// The units of the provider called `name` at `host`.
    pub(crate) fn of(name: &str, host: Option<&str>) -> Self {
        let is = |known: &str, at: &str| name == known || host == Some(at);
        if is("openai", "api.openai.com") {
            Self { requests: Unit::Minute, tokens: Unit::Minute }
        } else if is("groq", "api.groq.com") {
            Self { requests: Unit::Day, tokens: Unit::Minute }
        } else {
            Self { requests: Unit::Told, tokens: Unit::Told }
        }
    }
}

/// One limit as it is told.
#[derive(Debug, Default)]
struct Told {
    limit: Option<u64>,
    remaining: Option<u64>,
    reset: Option<Duration>,
}

impl Told {
    fn read(headers: &HeaderMap, limit: &str, remaining: &str, reset: &str) -> Option<Self> {
        let limit = count(headers, limit)?;
        let reset = || time(headers.get(reset)?.to_str().ok()?.trim(), headers);
        Some(Self { limit: Some(limit), remaining: count(headers, remaining), reset: reset() })
    }

    fn per_s(&self, window: Option<f64>) -> Option<f64> {
        Some(self.limit.filter(|limit| *limit > 0)? as f64 / window?)
    }

    /// The window in which all of it comes back, if that is a minute or a day.
    fn window(&self) -> Option<f64> {
        let (limit, remaining) = (self.limit?, self.remaining?);
        let used = limit.checked_sub(remaining).filter(|used| *used > 0)?;
        let window = self.reset?.as_secs_f64() * limit as f64 / used as f64;
        [MINUTE, DAY].into_iter().find(|unit| (0.85..1.15).contains(&(window / unit)))
    }

    fn in_unit(&self, unit: Unit) -> Option<f64> {
        self.per_s(match (unit, self.window()) {
            (Unit::Day, _) => Some(DAY),
            (Unit::Minute, told) => told.or(Some(MINUTE)),
            (Unit::Told, told) => told,
        })
    }
}

/// The limits that `headers` tell; `None` where they tell nothing.
pub(crate) fn limits(headers: &HeaderMap, dialect: Dialect, units: Units) -> Option<RateLimits> {
    // Most replies tell nothing, and looking for each name takes longer.
    if !headers.keys().any(|name| name.as_str().contains("ratelimit")) {
        return None;
    }
    let found = match dialect {
        Dialect::OpenAi => openai(headers, units),
        Dialect::Anthropic => anthropic(headers),
    };
    (found != RateLimits::default()).then_some(found)
}

fn openai(headers: &HeaderMap, units: Units) -> RateLimits {
    let requests = Told::read(
        headers,
        "x-ratelimit-limit-requests",
        "x-ratelimit-remaining-requests",
        "x-ratelimit-reset-requests",
    );
    let tokens = Told::read(
        headers,
        "x-ratelimit-limit-tokens",
        "x-ratelimit-remaining-tokens",
        "x-ratelimit-reset-tokens",
    );
    if requests.is_none() && tokens.is_none() {
        return mistral(headers);
    }
    let (requests, tokens) = (requests.unwrap_or_default(), tokens.unwrap_or_default());
    RateLimits {
        requests_per_s: requests.in_unit(units.requests),
        tokens_per_s: tokens.in_unit(units.tokens),
        remaining_requests: requests.remaining,
        remaining_tokens: tokens.remaining,
        reset: used_up([&requests, &tokens]),
    }
}

fn mistral(headers: &HeaderMap) -> RateLimits {
    let read = |limit, remaining| Told::read(headers, limit, remaining, "").unwrap_or_default();
    let tokens = read("x-ratelimit-limit-tokens-minute", "x-ratelimit-remaining-tokens-minute");
    let requests = read("x-ratelimit-limit-req-10-second", "x-ratelimit-remaining-req-10-second");
    RateLimits {
        requests_per_s: requests.per_s(Some(10.0)),
        tokens_per_s: tokens.per_s(Some(MINUTE)),
        remaining_requests: requests.remaining,
        remaining_tokens: tokens.remaining,
        reset: None,
    }
}

fn anthropic(headers: &HeaderMap) -> RateLimits {
    macro_rules! read {
        ($what:literal) => {
            Told::read(
                headers,
                concat!("anthropic-ratelimit-", $what, "-limit"),
                concat!("anthropic-ratelimit-", $what, "-remaining"),
                concat!("anthropic-ratelimit-", $what, "-reset"),
            )
        };
    }
    let requests = read!("requests").unwrap_or_default();
    let [input, output] = [read!("input-tokens"), read!("output-tokens")].map(Option::unwrap_or_default);
    // The limit for all tokens is the sum of the two; where it is not told, the sum is.
    let tokens = read!("tokens").unwrap_or_else(|| Told {
        limit: input.limit.zip(output.limit).map(|(input, output)| input + output),
        remaining: input.remaining.zip(output.remaining).map(|(input, output)| input + output),
        reset: None,
    });
    RateLimits {
        requests_per_s: requests.per_s(Some(MINUTE)),
        tokens_per_s: tokens.per_s(Some(MINUTE)),
        remaining_requests: requests.remaining,
        remaining_tokens: tokens.remaining,
        reset: used_up([&requests, &tokens, &input, &output]),
    }
}

/// The longest time until something comes back of which nothing is left.
fn used_up<'a>(told: impl IntoIterator<Item = &'a Told>) -> Option<Duration> {
    told.into_iter().filter(|told| told.remaining == Some(0)).filter_map(|told| told.reset).max()
}

fn count(headers: &HeaderMap, name: &str) -> Option<u64> {
    let text = headers.get(name)?.to_str().ok()?.trim();
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok())?.filter(|count| *count <= BELIEVABLE)
}

/// A time to come, in any of the ways that it is told: `6m0s`, seconds, the time of day, seconds or
/// milliseconds since 1970. Times of day are taken less the reply's own `Date`.
fn time(text: &str, headers: &HeaderMap) -> Option<Duration> {
    if let Some(wait) = go_duration(text) {
        return Some(wait);
    }
    let now = || headers.get(DATE)?.to_str().ok().and_then(http_date);
    let until = |time: SystemTime| time.duration_since(now()?).ok();
    if let Some(time) = timestamp::read(text) {
        return until(time);
    }
    let since = |seconds| SystemTime::UNIX_EPOCH.checked_add(Duration::try_from_secs_f64(seconds).ok()?);
    let number: f64 = text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())??;
    let wait = match number {
        1e11.. => until(since(number / 1e3)?)?,
        1e9.. => until(since(number)?)?,
        _ => Duration::try_from_secs_f64(number).ok()?,
    };
    Some(wait)
}

#[cfg(test)]
mod tests;
