//! Looks at every step and panics when the machine breaks one of its promises. Keeps its own books, from the
//! events and actions alone.

use std::collections::BTreeMap;
use std::time::Duration;

use ultra_pace::{
    Action, AttemptId, CallId, Class, Config, Event, Jitter, Machine, Outcome, TargetId, Verdict, Why,
};

use crate::simulator::Finished;

#[derive(Clone, Copy)]
struct Open {
    target: TargetId,
    deadline: Duration,
    launched: u32,
    running: bool,
    charged: u32,
    unsure: u32,
}

pub(crate) struct Watch {
    config: Config,
    open: BTreeMap<CallId, Open>,
    finished: BTreeMap<CallId, Finished>,
    in_flight: BTreeMap<TargetId, usize>,
    gates: BTreeMap<TargetId, Duration>,
    closed: BTreeMap<TargetId, AttemptId>,
    stopping: bool,
    aborted: bool,
    attempts: u64,
    unsure: u64,
}

impl Watch {
    pub(crate) fn new(config: Config) -> Self {
        Watch {
            config,
            open: BTreeMap::new(),
            finished: BTreeMap::new(),
            in_flight: BTreeMap::new(),
            gates: BTreeMap::new(),
            closed: BTreeMap::new(),
            stopping: false,
            aborted: false,
            attempts: 0,
            unsure: 0,
        }
    }

    pub(crate) fn into_finished(self) -> BTreeMap<CallId, Finished> {
        self.finished
    }

    /// One step of the machine.
    pub(crate) fn look<J: Jitter>(
        &mut self,
        now: Duration,
        event: Event,
        actions: &[Action],
        machine: &Machine<J>,
    ) {
        self.hear(now, event);
        for &action in actions {
            match action {
                Action::Launch { attempt, target, timeout, .. } => self.launch(now, attempt, target, timeout),
                Action::Cancel { attempt } => {
                    assert!(self.aborted, "cancelled {attempt} without an abort");
                    assert!(self.open[&attempt.call].running, "cancelled {attempt}, which does not run");
                }
                Action::Finish { call, verdict, attempts, possibly_paid } => {
                    self.finish(now, call, verdict, attempts, possibly_paid);
                }
                Action::Note { .. } => {}
            }
        }
        if self.aborted && event == Event::Abort {
            let running = self.open.values().filter(|call| call.running).count();
            let cancelled = actions.iter().filter(|a| matches!(a, Action::Cancel { .. })).count();
            assert!(cancelled == running || cancelled == 0, "{cancelled} of {running} cancelled");
        }
        if self.stopping {
            assert!(self.open.values().all(|call| call.running), "something waits in a stopped run");
        }
        if let Some(wake) = machine.wake() {
            assert!(wake > now, "asked to be woken at {wake:?}, at {now:?}");
        }
        let counts = machine.counts();
        assert_eq!(machine.load(), self.open.len());
        assert_eq!(machine.in_flight(), self.in_flight.values().sum::<usize>());
        assert_eq!((counts.attempts, counts.possibly_paid), (self.attempts, self.unsure));
        let ended = counts.succeeded + counts.failed + counts.cancelled;
        assert_eq!(ended, self.finished.len() as u64);
        assert_eq!(counts.submitted, ended + self.open.len() as u64);
    }

    fn hear(&mut self, now: Duration, event: Event) {
        match event {
            Event::Submit { call, target, deadline, .. } => {
                let deadline = now.saturating_add(deadline.unwrap_or(self.config.deadline));
                let open = Open { target, deadline, launched: 0, running: false, charged: 0, unsure: 0 };
                assert!(self.open.insert(call, open).is_none(), "the script submits each call once");
            }
            Event::Ended { attempt, outcome, .. } => {
                let call =
                    self.open.get_mut(&attempt.call).expect("a call with an attempt in flight is open");
                call.running = false;
                *self.in_flight.get_mut(&call.target).expect("it was launched there") -= 1;
                match outcome {
                    Outcome::Success => {}
                    Outcome::Stopped => {
                        call.unsure += 1;
                        self.unsure += 1;
                    }
                    Outcome::Failure { class, retry_after, .. } => {
                        let told = retry_after.filter(|wait| !wait.is_zero());
                        if class == Class::Unsure {
                            call.unsure += 1;
                            self.unsure += 1;
                        }
                        if class == Class::Unsure || told.is_none() {
                            call.charged += 1;
                        }
                        if class == Class::FatalTarget {
                            self.closed.entry(call.target).or_insert(attempt);
                        } else if let (Some(wait), true) = (told, class != Class::FatalRecord) {
                            let gate = self.gates.entry(call.target).or_default();
                            *gate = now.saturating_add(wait).max(*gate);
                        }
                    }
                }
            }
            Event::FirstByte { .. } | Event::Limit { .. } | Event::Withdraw { .. } | Event::Tick => {}
            Event::Drain => self.stopping = true,
            Event::Abort => (self.stopping, self.aborted) = (true, true),
        }
    }

    fn launch(&mut self, now: Duration, attempt: AttemptId, target: TargetId, timeout: Duration) {
        assert!(!self.stopping, "launched {attempt} in a stopped run");
        assert!(!self.closed.contains_key(&target), "launched {attempt} at a closed target");
        let gate = self.gates.get(&target).copied().unwrap_or_default();
        assert!(gate <= now, "launched {attempt} at {now:?} through a gate closed until {gate:?}");
        let call = self.open.get_mut(&attempt.call).expect("only open calls are launched");
        assert!(!call.running, "launched {attempt} beside an attempt that runs");
        assert!(now < call.deadline, "launched {attempt} at {now:?}, past its deadline {:?}", call.deadline);
        assert_eq!(timeout, self.config.attempt_timeout.min(call.deadline.saturating_sub(now)));
        assert!(call.charged < self.config.attempts.max(1), "{attempt}: {} failures", call.charged);
        assert!(call.unsure < self.config.unsure_attempts.max(1), "{attempt}: {} unsure", call.unsure);
        assert_eq!((attempt.n, target), (call.launched + 1, call.target));
        call.launched += 1;
        call.running = true;
        self.attempts += 1;
        let at_target = self.in_flight.entry(target).or_default();
        *at_target += 1;
        assert!(*at_target <= self.config.per_target, "{at_target} in flight at one target");
        let total: usize = self.in_flight.values().sum();
        assert!(total <= self.config.total, "{total} in flight");
    }

    fn finish(&mut self, now: Duration, id: CallId, verdict: Verdict, attempts: u32, possibly_paid: u32) {
        let call = self.open.remove(&id).unwrap_or_else(|| panic!("{id:?} finished twice or never opened"));
        assert!(!call.running, "{id:?} finished while its attempt runs");
        assert_eq!((attempts, possibly_paid), (call.launched, call.unsure));
        match verdict {
            Verdict::Succeeded => assert!(attempts > 0),
            Verdict::Cancelled => assert!(self.stopping, "{id:?} cancelled in a run that goes on"),
            Verdict::Failed(Why::TargetClosed { by }) => assert_eq!(self.closed.get(&call.target), Some(&by)),
            Verdict::Failed(Why::RetryAfter { wait }) => {
                assert!(now.saturating_add(wait) >= call.deadline, "{id:?} had the time for {wait:?}");
            }
            Verdict::Failed(Why::Exhausted(_)) => {
                let spent =
                    call.charged >= self.config.attempts || call.unsure >= self.config.unsure_attempts;
                assert!(spent && attempts > 0, "{id:?} had attempts left");
            }
            Verdict::Failed(Why::Deadline | Why::RunDeadline | Why::Budget(_) | Why::Fatal(_)) => {}
        }
        let end = Finished { at: now, verdict, attempts };
        self.finished.insert(id, end);
    }
}
