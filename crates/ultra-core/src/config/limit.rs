//! How much a target may be asked, as the user says.

use toml::de::DeTable;

use super::file::{File, Key, Value, number};
use super::keys::LIMIT;
use crate::failure::Failure;

/// Limits of one target; what is absent is not limited by the user.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Limit {
    /// Calls sent in a minute; above 0.
    pub requests_per_minute: Option<f64>,
    /// Tokens of prompts and answers in a minute; above 0.
    pub tokens_per_minute: Option<f64>,
    /// Calls in flight; at least 1.
    pub concurrency: Option<usize>,
}

impl Limit {
    /// These limits, and those of `other` where there are none.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            requests_per_minute: self.requests_per_minute.or(other.requests_per_minute),
            tokens_per_minute: self.tokens_per_minute.or(other.tokens_per_minute),
            concurrency: self.concurrency.or(other.concurrency),
        }
    }

    pub(super) fn read(file: &File<'_>, fields: &DeTable<'_>) -> Result<Self, Failure> {
        let mut limit = Self::default();
        for (key, value) in fields {
            match key.get_ref().as_ref() {
                "requests-per-minute" => limit.requests_per_minute = Some(rate(file, key, value)?),
                "tokens-per-minute" => limit.tokens_per_minute = Some(rate(file, key, value)?),
                "concurrency" => limit.concurrency = Some(calls(file, value)?),
                other => return Err(file.unknown(&key.span(), "key", other, LIMIT.iter().copied())),
            }
        }
        Ok(limit)
    }
}

fn rate(file: &File<'_>, key: &Key<'_>, value: &Value<'_>) -> Result<f64, Failure> {
    number(value).filter(|rate| *rate > 0.0 && *rate <= 1e12).ok_or_else(|| {
        let cause = "is a number above 0, at most 1000000000000";
        file.refuse(&value.span(), format_args!("`{}` {cause}", key.get_ref()))
    })
}

fn calls(file: &File<'_>, value: &Value<'_>) -> Result<usize, Failure> {
    let calls = value.get_ref().as_integer().and_then(|n| usize::from_str_radix(n.as_str(), n.radix()).ok());
    calls
        .filter(|calls| (1..=65_536).contains(calls))
        .ok_or_else(|| file.refuse(&value.span(), "`concurrency` is a whole number, 1 to 65536"))
}
