//! The names by which the driver and the machine speak of calls, targets and attempts.

use std::fmt;

/// One record put to one target, named by the driver.
///
/// Of two calls that wait for the same target the smaller id goes first. An id may be used again once its
/// call is finished and all attempts of it have ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub u64);

/// One target, numbered by the driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TargetId(pub usize);

/// One attempt of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttemptId {
    /// The call that is tried.
    pub call: CallId,
    /// Counts the launches of the call, from 1.
    pub n: u32,
}

impl fmt::Display for AttemptId {
    /// `call.attempt`, for logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.call.0, self.n)
    }
}
