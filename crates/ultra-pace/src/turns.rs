//! Whose turn it is: the targets that may be able to launch, first come first served, one launch a turn.

use std::collections::{BTreeSet, VecDeque};

use crate::id::TargetId;

/// A ring of targets without repetition, and those that wait for a larger share.
///
/// Standing in the ring promises nothing: whoever takes a turn checks whether the target can use it, and drops
/// it if not. Whatever makes a target able again (a call, a slot, an open gate, a larger share) puts it back.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    ring: VecDeque<TargetId>,
    members: BTreeSet<TargetId>,
    held: BTreeSet<TargetId>,
}

impl Turns {
    /// Puts a target at the end of the ring, unless it stands there already.
    pub(crate) fn add(&mut self, target: TargetId) {
        if self.members.insert(target) {
            self.ring.push_back(target);
        }
    }

    /// The target whose turn it is, taken out of the ring.
    pub(crate) fn take(&mut self) -> Option<TargetId> {
        let target = self.ring.pop_front()?;
        self.members.remove(&target);
        Some(target)
    }

    /// Keeps a target that has used its share until shares grow.
    pub(crate) fn hold(&mut self, target: TargetId) {
        self.held.insert(target);
    }

    /// Shares grew: those that were held stand in the ring again.
    pub(crate) fn release(&mut self) {
        while let Some(target) = self.held.pop_first() {
            self.add(target);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_go_round() {
        let mut turns = Turns::default();
        (0..3).for_each(|t| turns.add(TargetId(t)));
        let mut order = Vec::new();
        for _ in 0..6 {
            let target = turns.take().unwrap();
            order.push(target.0);
            turns.add(target);
        }
        assert_eq!(order, [0, 1, 2, 0, 1, 2]);
    }

    #[test]
    fn a_target_stands_in_the_ring_once() {
        let mut turns = Turns::default();
        turns.add(TargetId(7));
        turns.add(TargetId(7));
        assert_eq!((turns.take(), turns.take()), (Some(TargetId(7)), None));
    }

    #[test]
    fn held_targets_come_back_when_shares_grow() {
        let mut turns = Turns::default();
        turns.hold(TargetId(2));
        assert_eq!(turns.take(), None);
        turns.release();
        assert_eq!(turns.take(), Some(TargetId(2)));
    }
}
