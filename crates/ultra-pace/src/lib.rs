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
//!      one [`Event::Ended`], whatever happens. An attempt that ran out of time is a [`Class::Unsure`] failure
//!      of a [`Health::Sick`] target. If its answer comes in parts, tell the first as [`Event::FirstByte`].
//!    - [`Action::Cancel`]: stop the attempt; its one [`Event::Ended`] is still owed: [`Outcome::Stopped`], or
//!      the true outcome if that came first.
//!    - [`Action::Finish`]: the call is over. Each submitted call gets exactly one. The loser of a hedge may
//!      outlive it, cancelled.
//!    - [`Action::Note`]: nothing to do.
//! 3. Sleep until an attempt ends, input arrives or [`Machine::wake`] is reached; at `wake`, send
//!    [`Event::Tick`]. A late tick never starts an attempt that is past its deadline.
//! 4. At the end of the input go on until [`Machine::load`] is zero. To stop early send [`Event::Drain`], and
//!    [`Event::Abort`] when patience ends.
//!
//! Limits that are known are told as [`Event::Limit`], before the first call if they come from the user.
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
//! | queued | its turn comes, a slot is free, and every rule of its target allows a launch | in flight |
//! | in flight | success, fatal failure, or its attempts are used up | finished |
//! | in flight | failure with Retry-After | asleep for as long as it was told |
//! | in flight | failure while the breaker is open, or that opens it | queued, behind the breaker |
//! | in flight | another failure | asleep for `U(0, min(cap, base·2ⁿ))` |
//! | in flight | withdrawn, abort | in flight, cancelled; finished when its attempts have ended |
//! | asleep | the sleep is over | queued |
//! | queued, asleep | its deadline or that of the run, target closed, a pause that outlasts its deadline, budget spent, withdrawn, drain, abort | finished |
//!
//! Only an attempt in flight holds a slot. A failure beside a second attempt that still runs decides nothing.
//!
//! # The rules
//!
//! Each is a small part of its own, named in the last column, where the reasons stand. `machine` joins them, `target` holds
//! those of one target, `board` and `timers` keep where every call stands.
//!
//! | rule | formula | numbers | source | part |
//! |---|---|---|---|---|
//! | class of a failure | free: certainly not processed; unsure: may be billed; fatal for the record, for the target | – | gRPC A6 (transparent retries), AWS retry quota | [`Class`] |
//! | attempts | failures ≤ `attempts`, unsure ones ≤ `unsure_attempts` | 8, 4 | 0.3⁸ = 0.007 % | `retry` |
//! | backoff | `U(0, min(cap, base·2ⁿ))`, n from 0 | base 0.5 s, after 429 1 s, cap 60 s | AWS "full jitter"; OpenAI and Anthropic SDKs | `backoff` |
//! | gate | Retry-After closes the *target*; as many launches as were refused follow at `U(0, spread)`; the success of a later launch opens it early; a 429 that stands alone closes nothing | spread 0.25 s | measured: a 429 belongs to the target | `gate` |
//! | known rate | evenly, 0.95 of the limit, of requests and of tokens | slack 50 ms, 1 s | generic cell rate algorithm | `pace`, `spacing` |
//! | unknown rate, on | `S ← max(0, S + 1)` per 429, `max(0, S − 0.2)` per success, at S ≥ 6; then 0.7 of what was accepted in a second | once in 1,000 runs of 1,000 calls at 5 % scattered 429 | CUSUM test, simulated | `pace` |
//! | unknown rate, on after a burst | a pause of 2 s or more ran to its end, and as much is asked for again within a minute: 0.95 of what was taken from the one refusal to the other | | simulated: 60/min with Retry-After, 1.07 attempts a record | `pace` |
//! | rate down | 429: `r ← max(0.2, 0.7·r)`, at most once a second; pauses of 1, 2, 4, 8, 16 s while all is refused, after which r is at most that of what was accepted in two minutes | | AWS β = 0.7; simulated | `pace` |
//! | rate up | success, while calls wait: `r ← r + 0.01·(1 + t/40 s)` | | simulated: 82 % of 4/s, 92 % of 60/min | `pace` |
//! | rate off | lowered three times, each within 20 s, without recovering, share of 429 neither half nor twice that of before: not paced, unless it began after a burst | for 60 s | simulated | `pace::trial` |
//! | concurrency | a target's share of the total; halved at 4 connections failed in a row, at most once a second; at most 4 once the breaker closed; +1 per success while half in use | 32 of 128 | Netflix concurrency-limits | `limits` |
//! | breaker, opens | failures in a row, in the order of launch: what is in flight ends the row, unless it is out for twice as long as successes take; 4xx and 429 count for nothing; from half as many on failures are not charged | 16 | simulated: 8 in a row, or 50 % of 10, trip for scattered faults and cost up to 15 times the time | `breaker`, `row` |
//! | breaker, open | for `min(60, 5·2ᵏ)·U(0.8, 1.2)` s, then a probe, from the call that may have cost least; one answer closes it; calls are held, not charged, not failed | | | `breaker`, `retry` |
//! | storm guard | over 2 min, sent > 2·accepted: delayed by `U(0, 1 s)` with probability `(sent − 2·accepted)/(sent + 1)`, then asked again | from 20 calls on | Google SRE, adaptive throttling, K = 2 | `storm` |
//! | second attempt | no first byte after the target's p95 of the last 256 successes (≥ 20), (hedges + 1) ≤ 5 % of launches, target neither paced, gated nor broken, slot free, nobody waiting; the first success wins, the other is cancelled and counts as possibly paid | off | "The Tail at Scale"; Finagle backup requests | `hedge` |
//! | deadlines | no wait is begun that would cross that of the call or the run; an attempt gets at most the time to it | 1,800 s, none; attempt 600 s | SDKs | `retry` |
//! | budget | nothing is launched once launches, known tokens or known dollars reach it | none | | `budget` |
//! | turns | one launch a turn, round the targets; within one, the smaller id first | | | `turns` |
//!
//! What a launch needs, in this order: budget, a free slot of all, the target's turn, a slot of its share and
//! of its own limit, gate, breaker, rate, and the storm guard's leave.
//!
//! # Several processes
//!
//! Processes of one host that use the same key keep one [`Shared`] for each target where all can lock it. Around
//! each step, for every target that it uses, each of them does: take the lock, [`Machine::adopt`] what is there,
//! [`Machine::step`], write back what [`Machine::share`] says, release the lock. What is adopted replaces
//! what the machine knew, so a step outside of the lock would be forgotten. All of them must count time from the
//! same instant. A single process needs neither.
//!
//! # What is not here
//!
//! The machine does not know about quorums, fallback targets, equal requests that are sent once, journals or
//! prices: a driver makes those of submissions and withdrawals.

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
mod numbered;
mod pace;
mod recent;
mod retry;
mod row;
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
pub use numbered::Numbered;
pub use shared::Shared;
