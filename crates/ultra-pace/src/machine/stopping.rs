//! The end of the run before its time, and that of a call that nobody wants any more.

use super::{Machine, Phase};
use crate::call::Place;
use crate::event::{Action, Verdict};
use crate::id::CallId;
use crate::jitter::Jitter;

impl<J: Jitter> Machine<J> {
    /// Ends what waits and, on abort, cancels what is in flight. A run never becomes livelier again.
    pub(super) fn stop(&mut self, phase: Phase, actions: &mut Vec<Action>) {
        if phase <= self.phase {
            return;
        }
        self.phase = phase;
        for (id, call) in self.board.calls() {
            if call.place != Place::InFlight {
                self.finish(id, Verdict::Cancelled, actions);
            } else if phase == Phase::Aborting {
                self.cancel(id, actions);
            }
        }
    }

    /// Nobody wants a call any more.
    pub(super) fn withdraw(&mut self, id: CallId, actions: &mut Vec<Action>) {
        match self.board.call(id).map(|call| call.place) {
            Some(Place::InFlight) => self.cancel(id, actions),
            Some(_) => self.finish(id, Verdict::Cancelled, actions),
            None => {}
        }
    }

    /// Cancels the attempts of a call in flight, each once.
    fn cancel(&mut self, id: CallId, actions: &mut Vec<Action>) {
        let Some(call) = self.board.call_mut(id) else { return };
        if !call.stopped {
            call.stopped = true;
            actions.extend(call.attempts(id).map(|attempt| Action::Cancel { attempt }));
        }
    }
}
