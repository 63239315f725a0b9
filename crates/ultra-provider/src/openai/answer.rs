//! A Chat Completions response as an answer.

use serde::Deserialize;
use serde_json::value::RawValue;
use ultra_core::record::{Object, Usage};

use crate::call::Answer;
use crate::http::{Few, First, Unread, amount, count, detail, object, string, words};

#[derive(Deserialize)]
struct Completion<'a> {
    #[serde(borrow)]
    error: Option<&'a RawValue>,
    #[serde(borrow)]
    model: Option<&'a RawValue>,
    #[serde(borrow)]
    choices: Option<First<Choice<'a>>>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
    /// Only Anthropic's dialect has it.
    #[serde(borrow)]
    stop_reason: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(borrow)]
    message: Option<Message<'a>>,
    #[serde(borrow)]
    finish_reason: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    content: Option<&'a RawValue>,
    #[serde(borrow)]
    refusal: Option<&'a RawValue>,
    #[serde(borrow)]
    reasoning: Option<&'a RawValue>,
    #[serde(borrow)]
    reasoning_content: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
struct Part<'a> {
    #[serde(borrow)]
    text: Option<&'a RawValue>,
    #[serde(borrow)]
    refusal: Option<&'a RawValue>,
    #[serde(borrow)]
    thinking: Option<&'a RawValue>,
}

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

/// Reads a response; the model is empty where the server does not name it.
///
/// # Errors
/// Why there is no answer in it.
pub(crate) fn answer(body: &[u8]) -> Result<Answer, Unread> {
    let text = object(body)?;
    if text == "{}" {
        return Err(Unread::Empty("the body is an empty object"));
    }
    let completion: Completion<'_> = serde_json::from_str(text)?;
    if completion.error.is_some() {
        return Err(Unread::Error);
    }
    let Some(choices) = completion.choices else {
        return Err(Unread::Shape(match completion.stop_reason {
            Some(_) => "an answer in the dialect of Anthropic (set `dialect` of the provider)",
            None => "JSON without `choices`",
        }));
    };
    let choice = choices.0.ok_or(Unread::Empty("there is no choice in it"))?;
    if choice.error.is_some() {
        return Err(Unread::Error);
    }
    let said = choice.message.as_ref().map(Said::read).transpose()?.unwrap_or_default();
    let finish = string(choice.finish_reason)?;
    let finish_reason = match &said.refusal {
        Some(_) => "refusal",
        None => finish_reason(finish.as_deref().unwrap_or("unknown")),
    };
    let text = if said.text.is_empty() { said.refusal.unwrap_or_default() } else { said.text };
    match finish_reason {
        "error" => return Err(Unread::Error),
        // An answer that was cut off or blocked may be empty; a finished one may not.
        "stop" | "unknown" if text.is_empty() => return Err(Unread::Empty("the model wrote nothing")),
        _ => {}
    }
    let counts: Counts<'_> = detail(completion.usage);
    Ok(Answer {
        model: string(completion.model)?.unwrap_or_default(),
        text,
        reasoning: said.reasoning,
        finish_reason: finish_reason.to_owned(),
        usage: usage(&counts),
        cost_usd: cost(&counts),
        first_byte: None,
        mock: false,
    })
}

/// What a message says, its parts joined.
#[derive(Default)]
struct Said {
    text: String,
    refusal: Option<String>,
    reasoning: Option<String>,
}

impl Said {
    fn read(message: &Message<'_>) -> Result<Self, Unread> {
        let reasoning = match words(message.reasoning_content)? {
            Some(text) => Some(text),
            None => words(message.reasoning)?,
        };
        let mut said = Self { text: String::new(), refusal: words(message.refusal)?, reasoning };
        let Some(content) = message.content else { return Ok(said) };
        match content.get().as_bytes()[0] {
            b'"' => said.text = serde_json::from_str(content.get())?,
            b'[' => {
                for part in serde_json::from_str::<Few<Part<'_>>>(content.get())?.0 {
                    said.add(&part)?;
                }
            }
            _ => return Err(Unread::Shape("JSON whose `content` is neither text nor a list")),
        }
        Ok(said)
    }

    fn add(&mut self, part: &Part<'_>) -> Result<(), serde_json::Error> {
        self.text.push_str(&string(part.text)?.unwrap_or_default());
        let mut append = |to: fn(&mut Self) -> &mut Option<String>, more: Option<String>| {
            if let Some(more) = more {
                to(self).get_or_insert_default().push_str(&more);
            }
        };
        append(|said| &mut said.refusal, words(part.refusal)?);
        append(|said| &mut said.reasoning, words(part.thinking)?);
        if part.thinking.is_some_and(|raw| raw.get().starts_with('[')) {
            for inner in detail::<Few<Part<'_>>>(part.thinking).0 {
                append(|said| &mut said.reasoning, words(inner.text)?);
            }
        }
        Ok(())
    }
}

/// The reason in Ultra's words; one that has no such word stays as it is.
fn finish_reason(raw: &str) -> &str {
    match raw {
        "stop" | "eos" | "eos_token" | "end_turn" | "stop_sequence" | "STOP" => "stop",
        "length" | "max_tokens" | "model_length" | "MAX_TOKENS" => "length",
        "content_filter" | "safety" | "SAFETY" => "content_filter",
        "tool_calls" | "tool_use" | "function_call" => "tool_calls",
        other => other,
    }
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

#[cfg(test)]
mod tests;
