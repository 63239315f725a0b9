//! How long a peer asks to be left alone.

use std::time::{Duration, SystemTime};

use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};

use super::said::Said;

/// The wait that a reply asks for; what is not a positive, finite time is ignored.
///
/// `retry-after-ms` wins over `Retry-After`, and of several the larger counts. A date is taken less the
/// reply's own `Date`, so that a wrong clock here does no harm. The body is asked last, and only when the
/// status means waiting.
pub(crate) fn wait(headers: &HeaderMap, status: u16, said: &Said) -> Option<Duration> {
    let all =
        |name: &str| headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect::<Vec<_>>();
    let milliseconds = all("retry-after-ms").into_iter().filter_map(|text| scaled(text, 0.001)).max();
    let date = || headers.get(DATE)?.to_str().ok().and_then(http_date);
    let seconds = || {
        let values = all(RETRY_AFTER.as_str());
        values.into_iter().filter_map(|text| scaled(text, 1.0).or_else(|| until(text, date()?))).max()
    };
    let body = || {
        let asked = said.delay.as_deref().or_else(|| hint(said.message.as_deref()?))?;
        [429, 503].contains(&status).then(|| go_duration(asked))?
    };
    milliseconds.or_else(seconds).or_else(body)
}

/// A plain decimal number of `unit` seconds.
fn scaled(text: &str, unit: f64) -> Option<Duration> {
    let text = text.trim();
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return None;
    }
    let wait = Duration::try_from_secs_f64(text.parse::<f64>().ok()? * unit).ok()?;
    (!wait.is_zero()).then_some(wait)
}

fn until(text: &str, now: SystemTime) -> Option<Duration> {
    let wait = http_date(text)?.duration_since(now).ok()?;
    (!wait.is_zero()).then_some(wait)
}

/// An HTTP date whose weekday is the right one; the parser takes any.
pub(super) fn http_date(text: &str) -> Option<SystemTime> {
    let text = text.trim();
    let time = httpdate::parse_http_date(text).ok()?;
    (httpdate::fmt_http_date(time).get(..3) == text.get(..3)).then_some(time)
}

/// The duration in "Please try again in 5.289s."
fn hint(message: &str) -> Option<&str> {
    const LEAD: &str = "ry again in ";
    let rest = &message[message.find(LEAD)? + LEAD.len()..];
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '.').unwrap_or(rest.len());
    Some(rest[..end].trim_end_matches('.'))
}

/// A duration as Go writes it: `640ms`, `46.2s`, `1m2.5s`.
pub(super) fn go_duration(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut sum = Duration::ZERO;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, more) = rest.split_at(digits);
        let end = more.find(|c: char| c.is_ascii_digit()).unwrap_or(more.len());
        let (unit, more) = more.split_at(end);
        let unit = match unit {
            "ms" => 0.001,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return None,
        };
        sum = sum.checked_add(scaled(number, unit).unwrap_or_default())?;
        rest = more;
    }
    (!sum.is_zero()).then_some(sum)
}

#[cfg(test)]
mod tests;
