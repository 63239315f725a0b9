//! The seam between the dispatcher and the wire: one call, one answer, one error.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use ultra_core::kind::ErrorKind;
use ultra_core::record::{Json, Messages, Params, ProviderError, Usage};
use ultra_pace::{Class, Health};

/// What is asked of one target, once.
#[derive(Debug, Clone)]
pub struct Call {
    /// The request that this call serves; part of what a mock answer depends on only through its content.
    pub request_id: String,
    /// The target as it stands in records.
    pub target: String,
    /// Number of the sample, from 0.
    pub sample: u32,
    /// The conversation.
    pub messages: Messages,
    /// Parameters; what is absent is left to the provider.
    pub params: Option<Params>,
    /// JSON Schema that the answer must match.
    pub output_schema: Option<Json>,
}

/// A complete answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The model that answered, as the provider names it.
    pub model: String,
    /// The text.
    pub text: String,
    /// What the model thought, where the provider tells.
    pub reasoning: Option<String>,
    /// `stop`, `length`, `content_filter`, `refusal`, `tool_calls`, or the provider's own word.
    pub finish_reason: String,
    /// Tokens as the provider counted them.
    pub usage: Option<Usage>,
    /// Cost that the provider itself reported, in US dollars.
    pub cost_usd: Option<f64>,
    /// Time from sending to the first byte of the answer.
    pub first_byte: Option<Duration>,
    /// True when no model was asked.
    pub mock: bool,
}

/// Why an attempt gave no answer, and what that means for the next one.
#[derive(Debug, Clone, PartialEq)]
pub struct CallError {
    /// The kind of the error record.
    pub kind: ErrorKind,
    /// What this failure means for money and for the next attempt.
    pub class: Class,
    /// What it says of the target.
    pub health: Health,
    /// The place, the cause and what to do; free of secrets.
    pub message: String,
    /// HTTP status, where there was one.
    pub status: Option<u16>,
    /// What the provider said.
    pub provider: Option<ProviderError>,
    /// How long the provider asked to be left alone.
    pub retry_after: Option<Duration>,
    /// Whether one more attempt is all that this failure is worth; see [`CallError::class_after`].
    pub once: bool,
    /// What it took all the same, when the provider told.
    pub wasted: Option<Box<Wasted>>,
}

/// What a complete reply took that is no answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Wasted {
    /// Tokens as the provider counted them.
    pub usage: Option<Usage>,
    /// Cost in US dollars: what the provider reported, or by the price of its tokens once that is known.
    pub cost_usd: Option<f64>,
}

impl CallError {
    /// A failure that is known from before: it is not tried again.
    pub fn known(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self::new(kind, Class::FatalRecord, message)
    }

    /// An error without a provider's words.
    pub fn new(kind: ErrorKind, class: Class, message: impl Into<String>) -> Self {
        let message = message.into();
        Self {
            kind,
            class,
            health: health(kind),
            message,
            status: None,
            provider: None,
            retry_after: None,
            once: false,
            wasted: None,
        }
    }

    /// The class of this failure of a call whose attempt before ended in `last`.
    ///
    /// Some failures are worth one more attempt and no other, such as a conflict, or a refused request that
    /// the provider says to repeat: the second in a row is final for the record.
    pub fn class_after(&self, last: Option<&Self>) -> Class {
        let again = self.once && self.class.is_transient() && last.is_some_and(|last| last.once);
        if again { Class::FatalRecord } else { self.class }
    }
}

/// What a failure of this kind says of the target, unless somebody knows better.
fn health(kind: ErrorKind) -> Health {
    use ErrorKind as Kind;
    match kind {
        Kind::NetworkConnect | Kind::NetworkDns | Kind::TimeoutConnect | Kind::Tls => Health::Unreachable,
        Kind::Overloaded
        | Kind::Server
        | Kind::TimeoutFirstByte
        | Kind::TimeoutIdle
        | Kind::TimeoutAttempt
        | Kind::NetworkReset
        | Kind::Protocol
        | Kind::Truncated
        | Kind::Empty
        | Kind::BadJson => Health::Sick,
        _ => Health::Up,
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind, self.message)
    }
}

impl std::error::Error for CallError {}

/// What a reply says of the limits that its target keeps, as far as the units are beyond doubt.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct RateLimits {
    /// Requests a second.
    pub requests_per_s: Option<f64>,
    /// Tokens a second, those of the prompt and of the answer together.
    pub tokens_per_s: Option<f64>,
    /// Requests that may still be sent at once.
    pub remaining_requests: Option<u64>,
    /// Tokens that may still be sent at once.
    pub remaining_tokens: Option<u64>,
    /// Where requests or tokens are used up: how long until they are whole again.
    pub reset: Option<Duration>,
}

/// What an attempt tells while it is under way, always from the attempt's own future.
pub trait Watch: Sync {
    /// The answer began: the head of a whole answer came, or the first event of a stream. At most once, and
    /// never for a refusal; but what began may still fail.
    fn first_byte(&self) {}

    /// The next piece of the answer's text, free of secrets, never empty. The pieces in order are the text of
    /// the answer, if it comes to one. Only where [`Watch::wants_stream`].
    fn text(&self, _piece: &str) {}

    /// The limits that a reply told, be it an answer or a failure. At most once.
    fn limits(&self, _limits: &RateLimits) {}

    /// Whether to ask for a stream, so that text comes as it is written.
    fn wants_stream(&self) -> bool {
        false
    }
}

/// Nobody watches.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Watch for Silent {}

/// A call in flight; dropping it cancels the call.
pub type Calling<'a> = Pin<Box<dyn Future<Output = Result<Answer, CallError>> + Send + 'a>>;

/// Somebody who answers calls. Tiny on purpose: HTTP dialects, the mock and exec members all fit behind it.
pub trait Provider: fmt::Debug + Send + Sync {
    /// Makes one attempt, however long it takes: who wants no more of it drops it.
    fn call<'a>(&'a self, call: &'a Call, watch: &'a dyn Watch) -> Calling<'a>;

    /// What there is to say of an attempt that was dropped after `limit`.
    fn late(&self, limit: Duration) -> CallError {
        let message = format!("no answer within {} s", limit.as_secs_f64());
        CallError::new(ErrorKind::TimeoutAttempt, Class::Unsure, message)
    }
}

/// Makes one attempt that may take `limit`.
///
/// # Errors
/// As the provider says, also of what took too long.
#[allow(clippy::result_large_err, reason = "an error is small beside a call that takes seconds")]
pub async fn call_within(
    provider: &dyn Provider,
    call: &Call,
    limit: Duration,
    watch: &dyn Watch,
) -> Result<Answer, CallError> {
    let ended = tokio::time::timeout(limit, provider.call(call, watch)).await;
    ended.unwrap_or_else(|_| Err(provider.late(limit)))
}
