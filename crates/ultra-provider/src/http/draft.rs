//! What a reply says, whole or piece by piece, on its way to be an answer. Both dialects end here.

use ultra_core::record::Usage;

use super::Unread;
use crate::call::{Answer, Wasted};

/// An answer whose last word may be missing.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    /// The model as the reply names it; empty where it does not.
    pub(crate) model: String,
    /// The text.
    pub(crate) text: String,
    /// Why the model will not answer, in its words.
    pub(crate) refusal: Option<String>,
    /// What the model thought.
    pub(crate) reasoning: Option<String>,
    /// Why it ended, in the provider's word.
    pub(crate) finish: Option<String>,
    /// Tokens.
    pub(crate) usage: Option<Usage>,
    /// Cost that the provider reports.
    pub(crate) cost_usd: Option<f64>,
}

impl Draft {
    /// The answer. A refusal in words is its text.
    ///
    /// # Errors
    /// When it says that it is none, or is finished and empty.
    pub(crate) fn answer(self) -> Result<Answer, Unread> {
        let finish_reason = match &self.refusal {
            Some(_) => "refusal",
            None => finish_reason(self.finish.as_deref().unwrap_or("unknown")),
        };
        let finish_reason = finish_reason.to_owned();
        let text = if self.text.is_empty() { self.refusal.unwrap_or_default() } else { self.text };
        match finish_reason.as_str() {
            "error" => return Err(Unread::Error),
            // An answer that was cut off or blocked may be empty; a finished one may not.
            "stop" | "unknown" if text.is_empty() => {
                let wasted = Wasted { usage: self.usage, cost_usd: self.cost_usd };
                return Err(Unread::Wordless(Box::new(wasted)));
            }
            _ => {}
        }
        Ok(Answer {
            model: self.model,
            text,
            reasoning: self.reasoning,
            finish_reason,
            usage: self.usage,
            cost_usd: self.cost_usd,
            first_byte: None,
            mock: false,
        })
    }
}

/// The reason in Ultra's words; one that has no such word stays as it is.
fn finish_reason(raw: &str) -> &str {
    match raw {
        "stop" | "eos" | "eos_token" | "end_turn" | "stop_sequence" | "STOP" => "stop",
        "length" | "max_tokens" | "model_length" | "MAX_TOKENS" | "model_context_window_exceeded" => "length",
        "content_filter" | "safety" | "SAFETY" => "content_filter",
        "tool_calls" | "tool_use" | "function_call" => "tool_calls",
        other => other,
    }
}

/// Adds to a text that may not have begun.
pub(crate) fn append(to: &mut Option<String>, more: Option<&str>) {
    if let Some(more) = more.filter(|more| !more.is_empty()) {
        to.get_or_insert_default().push_str(more);
    }
}
