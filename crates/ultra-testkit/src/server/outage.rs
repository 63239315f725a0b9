//! Times at which a server is dead, and in which way.

use std::time::Duration;

use super::reply::{Place, Reply};

/// A server that is dead from one time to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outage {
    /// Since the start of the server.
    pub from: Duration,
    /// The first moment at which it lives again.
    pub until: Duration,
    /// How it is dead.
    pub way: Dead,
}

/// How a server is dead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dead {
    /// Nobody listens, and open connections are reset. Such calls are not in the ledger.
    Gone,
    /// Each request is answered by RST.
    Reset,
    /// Each request is answered by this status, in the provider's own shape.
    Status(u16),
    /// Requests are read and never answered.
    Silent,
}

impl Outage {
    /// Whether it is on at `at`.
    pub fn is_on(&self, at: Duration) -> bool {
        (self.from..self.until).contains(&at)
    }

    /// What a request meets.
    pub(super) fn reply(&self) -> Reply {
        match self.way {
            Dead::Gone | Dead::Reset => Reply::empty(200).reset(Place::BeforeHeaders),
            Dead::Status(status) => Reply::error(status, "The server is down."),
            Dead::Silent => Reply::empty(200).stalled(Place::BeforeHeaders),
        }
    }
}
