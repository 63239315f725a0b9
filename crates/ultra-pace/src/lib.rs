//! When to send, retry, wait and give up: one state machine without input or output.
//!
//! A *call* is one record put to one target. It is tried by one or more *attempts*. The [`Machine`] decides
//! when each attempt starts and what its end means; a *driver* does the sending. The machine opens no
//! socket, reads no clock, owns no randomness and depends on nothing but `std`, so the same code runs
//! behind real sockets, on a virtual clock and under a property test, and the same inputs always give the
//! same actions.
//!
//! # What a driver does
//!
//! Time is a [`Duration`](std::time::Duration) since the start of the run, monotonic, told to every
//! [`Machine::step`].
//!
//! 1. While [`Machine::has_room`], read input and give it as [`Event::Submit`]. Smaller [`CallId`]s of a
//!    target go first, so number the calls in the order of the input.
//! 2. Obey the actions of each step, in order:
//!    - [`Action::Launch`]: start the attempt now, let it run for at most `timeout`, and answer with exactly
//!      one [`Event::Ended`], whatever happens. An attempt that ran out of time is a [`Class::Unsure`] failure.
//!    - [`Action::Cancel`]: stop the attempt; its one [`Event::Ended`] is still owed: [`Outcome::Stopped`], or
//!      the true outcome if that came first.
//!    - [`Action::Finish`]: the call is over. Each submitted call gets exactly one.
//! 3. Sleep until an attempt ends, input arrives or [`Machine::wake`] is reached; at `wake`, send
//!    [`Event::Tick`]. A late tick never starts an attempt that is past its deadline.
//! 4. At the end of the input go on until [`Machine::load`] is zero. To stop early send [`Event::Drain`], and
//!    [`Event::Abort`] when patience ends.
//!
//! Events about a call or an attempt that is not open are ignored, so an answer that comes twice counts once.
//!
//! ```
//! use std::time::Duration;
//! use ultra_pace::{Action, CallId, Class, Config, Draw, Event, Health, Machine, Outcome, Spent, TargetId, Verdict};
//!
//! let mut machine = Machine::new(Config::default(), |_: Draw| 0.5);
//! let mut actions = Vec::new();
//! let submit = Event::Submit { call: CallId(1), target: TargetId(0), deadline: None, tokens: 0 };
//! machine.step(Duration::ZERO, submit, &mut actions);
//! let Some(Action::Launch { attempt, .. }) = actions.pop() else { panic!("a free slot is used at once") };
//!
//! // The attempt meets a full server after two seconds: half of the first half second is slept, by the jitter.
//! let outcome = Outcome::Failure { class: Class::Free, health: Health::Sick, retry_after: None };
//! let spent = Spent::default();
//! machine.step(Duration::from_secs(2), Event::Ended { attempt, outcome, spent }, &mut actions);
//! assert_eq!(machine.wake(), Some(Duration::from_millis(2_250)));
//!
//! machine.step(Duration::from_millis(2_250), Event::Tick, &mut actions);
//! let Some(Action::Launch { attempt, .. }) = actions.pop() else { panic!("the sleep is over") };
//! assert_eq!(attempt.n, 2);
//! let success = Event::Ended { attempt, outcome: Outcome::Success, spent };
//! machine.step(Duration::from_secs(3), success, &mut actions);
//! let Some(Action::Finish { verdict, attempts, .. }) = actions.pop() else { panic!("it succeeded") };
//! assert_eq!((verdict, attempts, machine.load()), (Verdict::Succeeded, 2, 0));
//! ```
//!
//! # The life of a call
//!
//! | stands | until | then |
//! |---|---|---|
//! | queued | its turn comes, a slot is free and its target's gate is open | in flight |
//! | in flight | success, fatal failure, or its attempts are used up | finished |
//! | in flight | failure with Retry-After: the gate of the target closes | queued |
//! | in flight | another failure | asleep for `U(0, min(cap, base·2ⁿ))` |
//! | asleep | the sleep is over | queued |
//! | queued, asleep | deadline, target closed, drain, abort, or a pause that outlasts its deadline | finished |
//!
//! Only a call in flight holds a slot. Each rule is a small part of its own: what a failure means
//! ([`Class`]), how long to sleep (`backoff`), whether to try again (`retry`), when a target may be talked to
//! (`gate`), how many attempts run at once (`limits`), whose turn it is (`turns`), and what is due (`timers`).
//! `machine` joins them.

mod backoff;
mod board;
mod breaker;
mod budget;
mod call;
mod class;
mod config;
mod counts;
mod event;
mod gate;
mod hedge;
mod id;
mod jitter;
mod limits;
mod machine;
mod pace;
mod recent;
mod retry;
mod shared;
mod spacing;
mod storm;
mod target;
mod timers;
mod turns;

pub use class::{Class, Health, Outcome};
pub use config::Config;
pub use counts::Counts;
pub use event::{Action, Event, Limit, Limited, Note, Source, Spent, Verdict, Why};
pub use id::{AttemptId, CallId, TargetId};
pub use jitter::{Draw, Jitter, Purpose};
pub use machine::Machine;
pub use shared::Shared;
