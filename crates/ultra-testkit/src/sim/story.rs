//! What happened in a world.

use std::collections::BTreeMap;
use std::time::Duration;

use ultra_pace::{Counts, TargetId, Verdict};

/// How one call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    /// Where it went.
    pub target: TargetId,
    /// When.
    pub at: Duration,
    /// How.
    pub verdict: Verdict,
    /// Attempts that the server saw.
    pub attempts: u32,
}

/// The whole of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Story {
    /// Calls that were submitted.
    pub submitted: usize,
    /// The end of each, by process and call.
    pub ends: BTreeMap<(usize, u64), End>,
    /// When each target was asked, and whether it accepted: the servers' own ledger.
    pub asked: Vec<Vec<(Duration, bool)>>,
    /// What each machine counted.
    pub counts: Vec<Counts>,
    /// When the last call ended.
    pub over: Duration,
    /// How often a breaker opened, or stayed open after a probe.
    pub broken: usize,
    /// Names everything that was done, in its order.
    pub trace: u64,
}

impl Story {
    /// Calls that were answered.
    pub fn succeeded(&self) -> usize {
        self.ends.values().filter(|end| end.verdict == Verdict::Succeeded).count()
    }

    /// Requests that arrived at the servers.
    pub fn requests(&self) -> usize {
        self.asked.iter().map(Vec::len).sum()
    }

    /// Requests for each call.
    pub fn amplification(&self) -> f64 {
        self.requests() as f64 / self.submitted.max(1) as f64
    }

    /// Requests to a target within a time.
    pub fn asked_between(&self, target: usize, from: Duration, until: Duration) -> usize {
        self.asked[target].iter().filter(|(at, _)| (from..until).contains(at)).count()
    }

    /// Requests that a target accepted.
    pub fn accepted(&self, target: usize) -> usize {
        self.asked[target].iter().filter(|(_, accepted)| *accepted).count()
    }

    /// When the last call of a target ended.
    pub fn target_over(&self, target: usize) -> Duration {
        let ends = self.ends.values().filter(|end| end.target.0 == target).map(|end| end.at);
        ends.max().unwrap_or_default()
    }
}
