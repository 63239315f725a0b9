//! Whether what a judge gave is an answer.

use ultra_core::kind::ErrorKind;
use ultra_provider::dispatch::Finished;

/// The text, and whether it is simulated; or what kind of failure it is and what happened.
pub(crate) fn judged(done: &Finished) -> Result<(String, bool), (ErrorKind, String)> {
    let answer = match &done.result {
        Ok(answer) => answer,
        Err(error) => return Err((error.kind, error.message.clone())),
    };
    match answer.finish_reason.as_str() {
        "refusal" | "content_filter" => {
            Err((ErrorKind::Blocked, format!("ended with `{}`", answer.finish_reason)))
        }
        "length" => Err((ErrorKind::Truncated, "the answer was cut; raise --max-output-tokens".into())),
        _ if answer.text.trim().is_empty() => Err((ErrorKind::Empty, "the answer is empty".into())),
        _ => Ok((answer.text.clone(), answer.mock)),
    }
}
