//! What the end of an attempt means for money and for the next attempt.

use std::time::Duration;

/// What a failed attempt means, decided by whoever knows the wire format, from status *and* body.
///
/// The question behind the classes is who may have to pay: a failure that was certainly not processed can be
/// repeated freely, one that may have been billed is repeated with care (compare the transparent retries of
/// gRPC, proposal A6, and the retry quota of the AWS SDKs, which charges a timeout double).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Refused because too much was sent: 429. Not billed; sleeps on the longer base.
    Throttled,
    /// Not processed: name resolution, connection or TLS handshake failed, `REFUSED_STREAM`, 408, 425, 503,
    /// 529, or a 5xx with the provider's own well-formed error. Not billed.
    Free,
    /// May have been processed and billed: reset, timeout or cut after the request was sent, a gateway's 5xx,
    /// a success that cannot be read.
    Unsure,
    /// No repetition can help this record: 400, 404 for a resource, 413, 422 and other 4xx.
    FatalRecord,
    /// No record can succeed at this target: 401, 402, 403, a spent quota, an unknown model. Closes the
    /// target for the rest of the run.
    FatalTarget,
}

impl Class {
    /// Whether another attempt can do better.
    pub fn is_transient(self) -> bool {
        match self {
            Class::Throttled | Class::Free | Class::Unsure => true,
            Class::FatalRecord | Class::FatalTarget => false,
        }
    }

    /// Whether the attempt may have been billed although it failed.
    pub fn may_cost(self) -> bool {
        self == Class::Unsure
    }
}

/// What a failure says of the target's health, decided by whoever knows the wire format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Health {
    /// It answered deliberately: 4xx of any kind, 429, a blocked prompt, 408, 409, 425.
    Up,
    /// It is reached and cannot answer: 5xx, 529, a timeout, a cut, an answer that cannot be read.
    Sick,
    /// There is no connection to it: name resolution, connecting or TLS failed.
    Unreachable,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// There is an answer, complete and readable.
    Success,
    /// There is none.
    Failure {
        /// What that means.
        class: Class,
        /// What it says of the target, for the breaker and the number of attempts in flight.
        health: Health,
        /// How long the server asked to be left alone, from now: `retry-after-ms`, `Retry-After` in seconds,
        /// or its date less the response's own `Date`. What is not a positive finite number is `None`; zero is
        /// ignored. Of two headers the driver gives the larger.
        retry_after: Option<Duration>,
    },
    /// The driver stopped the attempt, because it was told to or for reasons of its own. The call ends as
    /// cancelled and the attempt counts as possibly paid.
    Stopped,
}
