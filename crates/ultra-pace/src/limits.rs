//! How many attempts may be in flight: at one target, and in all.
//!
//! While the total binds, each busy target has an equal share of it:
//! `limit = min(per_target, max(1, total / busy))`. So targets that stall hold no more than their shares and
//! the others go on at the pace that is theirs in any case.

/// Counts the attempts in flight against the total.
#[derive(Debug)]
pub(crate) struct Limits {
    per_target: usize,
    total: usize,
    in_flight: usize,
    busy: usize,
}

impl Limits {
    /// Limits of at least one.
    pub(crate) fn new(per_target: usize, total: usize) -> Self {
        Limits { per_target: per_target.max(1), total: total.max(1), in_flight: 0, busy: 0 }
    }

    /// Whether the total is used up.
    pub(crate) fn full(&self) -> bool {
        self.in_flight >= self.total
    }

    /// Attempts in flight in all.
    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// What one target may have in flight now.
    pub(crate) fn share(&self) -> usize {
        self.per_target.min((self.total / self.busy.max(1)).max(1))
    }

    /// An attempt starts.
    pub(crate) fn take(&mut self) {
        self.in_flight += 1;
    }

    /// An attempt is over.
    pub(crate) fn give_back(&mut self) {
        self.in_flight -= 1;
    }

    /// A target has something queued or in flight that had not.
    pub(crate) fn target_became_busy(&mut self) {
        self.busy += 1;
    }

    /// A target has nothing queued or in flight any more.
    pub(crate) fn target_became_idle(&mut self) {
        self.busy -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(per_target: usize, total: usize, busy: usize) -> usize {
        let mut limits = Limits::new(per_target, total);
        (0..busy).for_each(|_| limits.target_became_busy());
        limits.share()
    }

    #[test]
    fn few_targets_have_their_own_limit() {
        assert_eq!(share(32, 128, 0), 32);
        assert_eq!(share(32, 128, 4), 32);
    }

    #[test]
    fn many_targets_share_the_total() {
        assert_eq!(share(32, 128, 5), 25);
        assert_eq!(share(32, 128, 64), 2);
        assert_eq!(share(32, 128, 1_000), 1);
    }

    #[test]
    fn a_limit_of_zero_counts_as_one() {
        let limits = Limits::new(0, 0);
        assert_eq!(limits.share(), 1);
        assert!(!limits.full());
    }
}
