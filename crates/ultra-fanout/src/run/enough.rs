//! When some of a request's calls are enough: a vote is decided, or a quorum is reached.

use ultra_core::failure::Failure;
use ultra_core::tool::many;

use super::Run;
use crate::calls::Source;
use crate::quorum::Quorum;

impl Run<'_> {
    /// Begins the calls of a job that its vote needs; those that it does not need end unasked.
    pub(super) fn poll(&mut self, number: u64) -> Result<(), Failure> {
        while let Some(poll) = self.out.jobs.get_mut(&number).and_then(|job| job.poll.as_mut()) {
            if let Some(at) = poll.next() {
                self.begin((number, at))?;
                continue;
            }
            let (spared, why) = poll.spared();
            for at in spared {
                let Some(job) = self.out.jobs.get(&number) else { break };
                let outcome = job.cancelled(self.out.tool(), at, why);
                self.settle((number, at), outcome, Source::Unasked)?;
            }
            break;
        }
        Ok(())
    }

    /// Counts towards the quorum of a job; when it is reached, the others have their grace time.
    pub(super) fn count(&mut self, number: u64, answered: bool, quorum: Quorum) {
        let Some(job) = self.out.jobs.get_mut(&number) else { return };
        let wanted = quorum.targets.min(job.targets());
        if job.is_settled() && job.answered() < wanted {
            self.quorums.missed += 1;
        }
        if answered && !job.is_let_go() && job.answered() >= wanted {
            self.quorums.reached += 1;
            job.let_go();
            if !job.is_settled() {
                let alarm = self.calls.dispatcher.alarm(quorum.grace);
                self.alarms.insert(alarm, number);
            }
        }
    }

    /// Waits no longer for the calls of a job that have not ended.
    pub(super) fn let_go(&mut self, number: u64) -> Result<(), Failure> {
        let Some(job) = self.out.jobs.get(&number) else { return Ok(()) };
        let why = format!(
            "not waited for: {} of {} had answered, which --quorum says is enough",
            job.answered(),
            many(job.targets() as u64, "target")
        );
        for seat in self.calls.withdraw(number, &why) {
            let Some(job) = self.out.jobs.get(&number) else { continue };
            let outcome = job.cancelled(self.out.tool(), seat.1, &why);
            self.settle(seat, outcome, Source::Target)?;
        }
        Ok(())
    }
}
