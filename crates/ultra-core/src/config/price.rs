//! What a target costs, as the user says.

use std::str::FromStr as _;

use toml::de::{DeTable, DeValue};
use toml::value::Datetime;

use super::file::{File, Key, Value, number};
use super::keys::PRICE;
use crate::failure::Failure;

/// A price in US dollars per million tokens.
#[derive(Debug, Clone, PartialEq)]
pub struct Price {
    /// Of tokens of the prompt.
    pub input: f64,
    /// Of tokens of the prompt that the provider had cached; that of others unless told.
    pub cached: f64,
    /// Of generated tokens, reasoning included.
    pub output: f64,
    /// The day that the price was looked up, as `YYYY-MM-DD`.
    pub date: Option<String>,
}

/// More than this a token is a slip of the pen, in dollars per million.
const MOST: f64 = 1e6;

impl Price {
    /// What a simulated model costs.
    pub const FREE: Self = Self { input: 0.0, cached: 0.0, output: 0.0, date: None };

    pub(super) fn read(file: &File<'_>, name: &Key<'_>, fields: &DeTable<'_>) -> Result<Self, Failure> {
        let (mut input, mut cached, mut output, mut date) = (None, None, None, None);
        for (key, value) in fields {
            match key.get_ref().as_ref() {
                "in" => input = Some(dollars(file, key, value)?),
                "cached" => cached = Some(dollars(file, key, value)?),
                "out" => output = Some(dollars(file, key, value)?),
                "date" => date = Some(day(file, value)?),
                other => return Err(file.unknown(&key.span(), "key", other, PRICE.iter().copied())),
            }
        }
        let (Some(input), Some(output)) = (input, output) else {
            let missing = if input.is_none() { "in" } else { "out" };
            return Err(file.refuse(
                &name.span(),
                format_args!("the price of `{}` needs `{missing}`", name.get_ref().escape_debug()),
            ));
        };
        Ok(Self { input, cached: cached.unwrap_or(input), output, date })
    }
}

fn dollars(file: &File<'_>, key: &Key<'_>, value: &Value<'_>) -> Result<f64, Failure> {
    number(value).filter(|dollars| (0.0..=MOST).contains(dollars)).ok_or_else(|| {
        let cause = "is US dollars per million tokens, 0 to 1000000";
        file.refuse(&value.span(), format_args!("`{}` {cause}", key.get_ref()))
    })
}

/// A day, as a date of TOML or as text.
fn day(file: &File<'_>, value: &Value<'_>) -> Result<String, Failure> {
    let date = match value.get_ref() {
        DeValue::Datetime(date) => Some(*date),
        DeValue::String(text) => Datetime::from_str(text).ok(),
        _ => None,
    };
    match date {
        Some(Datetime { date: Some(day), time: None, offset: None }) => Ok(day.to_string()),
        _ => Err(file.refuse(&value.span(), "`date` is a day: YYYY-MM-DD")),
    }
}
