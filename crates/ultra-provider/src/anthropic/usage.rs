//! Tokens as servers of this dialect report them: the prompt in three parts, fresh, read from the cache,
//! written to the cache.

use serde::Deserialize;
use serde_json::value::RawValue;
use ultra_core::record::{Object, Usage};

use crate::http::{count, detail};

#[derive(Default, Deserialize)]
struct Counts<'a> {
    #[serde(borrow)]
    input_tokens: Option<&'a RawValue>,
    #[serde(borrow)]
    output_tokens: Option<&'a RawValue>,
    #[serde(borrow)]
    cache_read_input_tokens: Option<&'a RawValue>,
    #[serde(borrow)]
    cache_creation_input_tokens: Option<&'a RawValue>,
    #[serde(borrow)]
    output_tokens_details: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
struct Details<'a> {
    #[serde(borrow)]
    thinking_tokens: Option<&'a RawValue>,
}

/// A count as it came: not told, told but beyond belief, or told.
type Told = Option<Option<u64>>;

/// What has been told so far; a stream tells twice, and the later word counts.
#[derive(Debug, Default)]
pub(super) struct Tally {
    input: Told,
    output: Told,
    read: Told,
    written: Told,
    thinking: Told,
}

impl Tally {
    /// Enters what `raw` tells.
    pub(super) fn enter(&mut self, raw: Option<&RawValue>) {
        let counts: Counts<'_> = detail(raw);
        let details: Details<'_> = detail(counts.output_tokens_details);
        for (told, raw) in [
            (&mut self.input, counts.input_tokens),
            (&mut self.output, counts.output_tokens),
            (&mut self.read, counts.cache_read_input_tokens),
            (&mut self.written, counts.cache_creation_input_tokens),
            (&mut self.thinking, details.thinking_tokens),
        ] {
            if raw.is_some() {
                *told = Some(count(raw));
            }
        }
    }

    /// The whole, unless a part of it cannot be believed.
    pub(super) fn usage(&self) -> Option<Usage> {
        let input =
            self.input.flatten()? + self.read.unwrap_or(Some(0))? + self.written.unwrap_or(Some(0))?;
        Some(Usage {
            input_tokens: input,
            output_tokens: self.output.flatten()?,
            cached_input_tokens: self.read.flatten(),
            reasoning_tokens: self.thinking.flatten(),
            extra: Object::default(),
        })
    }
}
