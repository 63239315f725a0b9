//! Tokens and cost as servers of this dialect report them.

use serde::Deserialize;
use serde_json::value::RawValue;
use ultra_core::record::{Object, Usage};

use crate::http::{Draft, amount, count, detail};

#[derive(Default, Deserialize)]
struct Counts<'a> {
    #[serde(borrow)]
    prompt_tokens: Option<&'a RawValue>,
    #[serde(borrow)]
    completion_tokens: Option<&'a RawValue>,
    #[serde(borrow)]
    total_tokens: Option<&'a RawValue>,
    #[serde(borrow)]
    prompt_tokens_details: Option<&'a RawValue>,
    #[serde(borrow)]
    completion_tokens_details: Option<&'a RawValue>,
    #[serde(borrow)]
    prompt_cache_hit_tokens: Option<&'a RawValue>,
    #[serde(borrow)]
    cost: Option<&'a RawValue>,
    #[serde(borrow)]
    cost_in_usd_ticks: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
struct Details<'a> {
    #[serde(borrow)]
    cached_tokens: Option<&'a RawValue>,
    #[serde(borrow)]
    reasoning_tokens: Option<&'a RawValue>,
}

/// Enters what `raw` tells; counts that cannot be believed are left out.
pub(super) fn enter(draft: &mut Draft, raw: Option<&RawValue>) {
    let counts: Counts<'_> = detail(raw);
    draft.usage = usage(&counts);
    draft.cost_usd = cost(&counts);
}

fn usage(counts: &Counts<'_>) -> Option<Usage> {
    let input_tokens = count(counts.prompt_tokens)?;
    let mut output_tokens = count(counts.completion_tokens)?;
    let prompt: Details<'_> = detail(counts.prompt_tokens_details);
    let completion: Details<'_> = detail(counts.completion_tokens_details);
    let reasoning_tokens = count(completion.reasoning_tokens);
    // Some servers count reasoning beside the completion; only the total tells.
    if let (Some(reasoning), Some(total)) = (reasoning_tokens, count(counts.total_tokens))
        && total == input_tokens + output_tokens + reasoning
    {
        output_tokens += reasoning;
    }
    Some(Usage {
        input_tokens,
        output_tokens,
        cached_input_tokens: count(prompt.cached_tokens.or(counts.prompt_cache_hit_tokens)),
        reasoning_tokens,
        extra: Object::default(),
    })
}

fn cost(counts: &Counts<'_>) -> Option<f64> {
    const TICKS_PER_DOLLAR: f64 = 1e10;
    let ticks = counts.cost_in_usd_ticks.and_then(|raw| serde_json::from_str::<f64>(raw.get()).ok());
    amount(counts.cost).or_else(|| ticks.filter(|ticks| *ticks >= 0.0).map(|ticks| ticks / TICKS_PER_DOLLAR))
}
