//! The machine's actions carried out, and what came of them told to the machine.

use std::sync::Arc;
use std::time::Duration;

use ultra_core::draw;
use ultra_core::kind::ErrorKind;
use ultra_core::record::Usage;
use ultra_pace::{Action, AttemptId, CallId, Class, Draw, Health, Jitter, Outcome, Purpose, Spent, Verdict};

use super::heard::Heard;
use super::member::Member;
use super::{Dispatcher, Finished, Fresh, Happened, Ticket, note, verdict};
use crate::call::{Answer, CallError};
use crate::prices::{self, Till};
use crate::tokens;

impl Dispatcher {
    /// Lets happen what is due; in a simulated world the time of the next thing comes at once.
    pub(super) fn advance(&mut self) -> bool {
        let Some(due) = self.due() else { return false };
        if !self.time.reach(due) {
            return false;
        }
        let now = self.time.now();
        if self.patience.is_some_and(|patience| patience <= now) {
            self.patience = None;
            self.step(ultra_pace::Event::Abort);
        } else if let Some((attempt, result)) = self.simulated.take_due(now) {
            self.ended(attempt, Some(result));
        } else if self.alarms.first().is_none_or(|alarm| alarm.0 > now) {
            self.step(ultra_pace::Event::Tick);
        }
        true
    }

    /// When something is due that no socket will tell.
    pub(super) fn due(&self) -> Option<Duration> {
        let patience = self.patience.filter(|_| !self.open.is_empty());
        let alarm = self.alarms.first().map(|alarm| alarm.0);
        [self.machine.wake(), self.simulated.due(), patience, alarm].into_iter().flatten().min()
    }

    /// The next alarm that is due, taken out.
    pub(super) fn alarm_due(&mut self) -> Option<u64> {
        let &(at, number) = self.alarms.first()?;
        if at > self.time.now() {
            return None;
        }
        self.alarms.pop_first();
        Some(number)
    }

    /// Takes in what attempts told that are still in flight.
    pub(super) fn hear(&mut self) {
        while let Some((attempt, heard)) = self.hearing.take() {
            let Some(target) = self.open.get(&attempt.call).map(|open| open.target) else { continue };
            match heard {
                Heard::FirstByte => self.step(ultra_pace::Event::FirstByte { attempt }),
                Heard::Limit(limit) => self.step(ultra_pace::Event::Limit { target, limit }),
                Heard::Text(text) => {
                    let ticket = Ticket(attempt.call.0);
                    self.done.push_back(Happened::Text { ticket, attempt: attempt.n, text });
                }
            }
        }
    }

    /// An attempt is over; without a result it was stopped.
    pub(super) fn ended(&mut self, attempt: AttemptId, result: Option<Result<Answer, CallError>>) {
        let Some(open) = self.open.get_mut(&attempt.call) else { return };
        open.flying = open.flying.saturating_sub(1);
        let mut spent = Spent::default();
        let outcome = match result {
            None => Outcome::Stopped,
            Some(Ok(mut answer)) => {
                let price = self.members.get(open.target).and_then(|listed| listed.price.as_ref());
                answer.cost_usd = prices::spent(answer.usage.as_ref(), answer.cost_usd, price);
                // Where nobody counts, the budget goes by what is likely, and the bill by what is known.
                let likely = answer.usage.is_none().then(|| tokens::of_answer(&open.call, &answer).usage());
                let usage = answer.usage.as_ref().or(likely.as_ref());
                let cost_usd = answer.cost_usd.or_else(|| prices::spent(usage, None, price));
                spent = paid(&mut self.till, usage, cost_usd);
                open.answer = Some(answer);
                Outcome::Success
            }
            Some(Err(mut error)) => {
                if let Some(mut wasted) = error.wasted.take() {
                    let price = self.members.get(open.target).and_then(|listed| listed.price.as_ref());
                    wasted.cost_usd = prices::spent(wasted.usage.as_ref(), wasted.cost_usd, price);
                    spent = paid(&mut self.till, wasted.usage.as_ref(), wasted.cost_usd);
                    open.wasted.push(*wasted);
                }
                let class = error.class_after(open.last.as_ref());
                let (health, retry_after) = (error.health, error.retry_after);
                let target = open.call.target.escape_debug();
                tracing::info!("{target}: attempt {} of this call: {error}", attempt.n);
                if attempt.n < self.config.attempts
                    && health == Health::Unreachable
                    && class.is_transient()
                    && !self.time.is_simulated()
                    && self.unreached.insert(open.call.target.clone())
                {
                    let seconds = open.allowed.as_secs_f64();
                    tracing::warn!("{}; trying again for up to {seconds} s", error.message);
                }
                open.unreached += u32::from(health == Health::Unreachable);
                if class == Class::FatalTarget {
                    self.closing.insert(attempt, error.clone());
                }
                open.last = Some(error);
                Outcome::Failure { class, health, retry_after }
            }
        };
        self.step(ultra_pace::Event::Ended { attempt, outcome, spent });
    }

    /// Tells the machine, under the limits that this host's processes share, and obeys.
    pub(super) fn step(&mut self, event: ultra_pace::Event) {
        let mut actions = std::mem::take(&mut self.actions);
        let now = self.time.now();
        self.lanes.step(&mut self.machine, now, event, &mut actions);
        for action in actions.drain(..) {
            match action {
                Action::Launch { attempt, target, timeout, .. } => {
                    self.launch(Fresh { attempt, target, timeout });
                }
                Action::Cancel { attempt } => self.cancel(attempt),
                Action::Finish { call, verdict, attempts, possibly_paid } => {
                    self.finish(call, verdict, attempts, possibly_paid);
                }
                Action::Note { target, note } => {
                    let name = self.members.name(target).to_owned();
                    note::log(&name, &note);
                    self.done.push_back(Happened::Note {
                        target: name,
                        text: note::text(&note),
                        down: note::down(&note),
                    });
                }
            }
        }
        if self.actions.capacity() == 0 {
            self.actions = actions;
        }
    }

    fn launch(&mut self, fresh: Fresh) {
        if let Some(open) = self.open.get_mut(&fresh.attempt.call) {
            open.flying += 1;
        }
        if self.config.announce {
            self.fresh.push(fresh);
        } else {
            self.send(fresh);
        }
    }

    /// Sends what was announced.
    pub(super) fn send_fresh(&mut self) {
        for fresh in std::mem::take(&mut self.fresh) {
            self.send(fresh);
        }
    }

    fn send(&mut self, Fresh { attempt, target, timeout }: Fresh) {
        let now = self.time.now();
        let Some(open) = self.open.get_mut(&attempt.call) else { return };
        open.launched = now;
        match self.members.get(target).map(|listed| &listed.member) {
            Some(Member::Mock(mock)) => {
                let drawn = mock.attempt(&open.call, attempt.n);
                if let (true, Ok(answer)) = (self.config.stream, &drawn.result) {
                    self.hearing.say(attempt, Heard::Text(answer.text.clone()));
                }
                self.simulated.launch(now, attempt, drawn, timeout);
            }
            Some(Member::Real(provider)) => {
                let (provider, call) = (Arc::clone(provider), Arc::clone(&open.call));
                self.engine.launch(attempt, provider, call, timeout, &self.hearing);
            }
            // No call of a broken member is ever submitted to the machine.
            Some(Member::Broken(_)) | None => {}
        }
    }

    fn cancel(&mut self, attempt: AttemptId) {
        if let Some(at) = self.fresh.iter().position(|fresh| fresh.attempt == attempt) {
            self.fresh.remove(at);
            self.never_sent(attempt);
        } else if self.simulated.cancel(attempt) {
            self.ended(attempt, None);
        } else {
            self.engine.cancel(attempt);
        }
    }

    /// Lets go of what was launched and not sent.
    pub(super) fn drop_fresh(&mut self) {
        self.announced = false;
        for fresh in std::mem::take(&mut self.fresh) {
            self.never_sent(fresh.attempt);
        }
    }

    fn never_sent(&mut self, attempt: AttemptId) {
        self.unsent += 1;
        if let Some(open) = self.open.get_mut(&attempt.call) {
            open.unsent += 1;
        }
        let error = CallError::new(ErrorKind::Cancelled, Class::FatalRecord, "stopped before it was sent");
        self.ended(attempt, Some(Err(error)));
    }

    fn finish(&mut self, id: CallId, verdict: Verdict, attempts: u32, possibly_paid: u32) {
        let Some(mut open) = self.open.remove(&id) else { return };
        if self.open.is_empty() {
            self.patience = None;
        }
        let attempts = attempts - open.unsent.min(attempts);
        let unreached = open.unreached;
        let timing = self.time.timing(open.submitted, open.launched, open.answer.as_ref());
        let closing = &self.closing;
        let call = Arc::clone(&open.call);
        let wasted = std::mem::take(&mut open.wasted);
        let result = verdict::result(*open, verdict, attempts, |by| closing.get(&by).cloned());
        let finished = Finished {
            ticket: Ticket(id.0),
            call,
            result,
            attempts,
            possibly_paid,
            wasted,
            unreached,
            timing,
        };
        self.done.push_back(Happened::Finished(Box::new(finished)));
    }
}

/// What a reply took, for the budget.
fn paid(till: &mut Till, usage: Option<&Usage>, cost_usd: Option<f64>) -> Spent {
    let tokens = usage.map_or(0, |usage| usage.input_tokens.saturating_add(usage.output_tokens));
    Spent { tokens, micro_usd: till.add(cost_usd.unwrap_or_default()) }
}

/// The random numbers of the machine.
#[derive(Debug)]
pub(super) struct Dice {
    pub(super) seed: u64,
    pub(super) process: u32,
}

impl Jitter for Dice {
    fn unit(&self, Draw { call, n, purpose }: Draw) -> f64 {
        let purpose = match purpose {
            Purpose::Backoff => "pace backoff",
            Purpose::Reopen => "pace reopen",
            Purpose::Spread => "pace spread",
            Purpose::Break => "pace break",
            Purpose::Storm => "pace storm",
        };
        let subject: [&[u8]; 3] = [&self.process.to_le_bytes(), &call.0.to_le_bytes(), &n.to_le_bytes()];
        draw::unit(self.seed, purpose, &subject)
    }
}
