//! What the processes of one host share of a target: send rate, pause and breaker.

use std::collections::BTreeSet;
use std::time::Duration;

use ultra_core::target::Route;
use ultra_pace::{Action, Event, Machine, TargetId};

use super::drive::Dice;

/// Names what is shared of a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Lane;

impl Lane {
    pub(super) fn of(_route: &Route) -> Option<Self> {
        None
    }
}

/// The lanes of a run.
#[derive(Debug)]
pub(super) struct Lanes {
    known: BTreeSet<TargetId>,
}

impl Lanes {
    pub(super) fn new(_shared: bool) -> Self {
        Self { known: BTreeSet::new() }
    }

    pub(super) fn knows(&self, target: TargetId) -> bool {
        self.known.contains(&target)
    }

    pub(super) fn enlist(&mut self, target: TargetId, _lane: Option<Lane>) {
        self.known.insert(target);
    }

    pub(super) fn step(
        &mut self,
        machine: &mut Machine<Dice>,
        now: Duration,
        event: Event,
        actions: &mut Vec<Action>,
    ) {
        machine.step(now, event, actions);
    }
}
