//! What the machine's verdict means in words.

use std::time::Duration;

use ultra_core::failure::Failure;
use ultra_core::kind::ErrorKind;
use ultra_pace::{AttemptId, Class, Verdict, Why};

use super::Open;
use crate::call::{Answer, CallError};

/// The answer of a call that is over, or why there is none.
#[allow(clippy::result_large_err, reason = "the answer beside it is larger still")]
pub(super) fn result(
    open: Open,
    verdict: Verdict,
    attempts: u32,
    closed_by: impl FnOnce(AttemptId) -> Option<CallError>,
) -> Result<Answer, CallError> {
    let Open { answer, last, allowed, .. } = open;
    let why = match verdict {
        Verdict::Succeeded => {
            let lost = || CallError::new(ErrorKind::Internal, Class::FatalRecord, "the answer was lost");
            return answer.ok_or_else(lost);
        }
        Verdict::Cancelled => {
            return Err(instead(last, ErrorKind::Cancelled, "stopped before it was answered"));
        }
        Verdict::Failed(why) => why,
    };
    Err(match why {
        Why::Fatal(_) => last.unwrap_or_else(|| instead(None, ErrorKind::Internal, "failed without a cause")),
        Why::Exhausted(_) => {
            let mut error =
                last.unwrap_or_else(|| instead(None, ErrorKind::Internal, "failed without a cause"));
            if attempts > 1 {
                error.message = format!("{} (given up after {attempts} attempts)", error.message);
            }
            error
        }
        Why::TargetClosed { by } => {
            let mut error =
                closed_by(by).unwrap_or_else(|| instead(None, ErrorKind::Cancelled, "its target failed"));
            if attempts == 0 {
                error.message = format!("not sent: {}", error.message);
            }
            error
        }
        Why::Deadline => {
            instead(last, ErrorKind::Deadline, &format!("no answer within {}", seconds(allowed)))
        }
        Why::RunDeadline => {
            instead(last, ErrorKind::Cancelled, "the time of the run was over before there was an answer")
        }
        Why::Budget(limited) => {
            let what = format!("not sent: {} is used up", super::note::flag(limited));
            instead(last, ErrorKind::Budget, &what)
        }
        Why::RetryAfter { wait } => {
            let told = format!(
                "the target asked for a pause of {}, which does not fit into the {} that the call may take",
                seconds(wait),
                seconds(allowed)
            );
            let mut error = instead(last, ErrorKind::RateLimited, &told);
            error.retry_after = Some(wait);
            error
        }
    })
}

/// The failure of something on this side of the wire, with what to do.
pub(super) fn local(failure: &Failure) -> CallError {
    let mut message = failure.to_string();
    for hint in failure.hints() {
        message.push_str("; ");
        message.push_str(hint);
    }
    CallError::new(ErrorKind::Internal, Class::FatalRecord, message)
}

/// A target without a price under a budget in dollars.
pub(super) fn unpriced(target: &str) -> CallError {
    let what = format!(
        "not sent: {} has no price, which --max-usd needs; give it one under [prices.\"{}\"] in ultra.toml",
        target.escape_debug(),
        target.escape_debug()
    );
    CallError::new(ErrorKind::Budget, Class::FatalRecord, what)
}

/// An error that the dispatcher found, with what the last attempt met.
fn instead(last: Option<CallError>, kind: ErrorKind, cause: &str) -> CallError {
    let message = match &last {
        Some(last) => format!("{cause}; the last attempt failed: {last}"),
        None => cause.to_owned(),
    };
    let found = CallError::new(kind, Class::FatalRecord, message);
    match last {
        Some(last) => {
            CallError { kind, class: found.class, message: found.message, retry_after: None, ..last }
        }
        None => found,
    }
}

fn seconds(time: Duration) -> String {
    format!("{} s", (time.as_secs_f64() * 1000.0).round() / 1000.0)
}
