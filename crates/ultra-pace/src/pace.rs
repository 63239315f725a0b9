//! How much is sent to a target in a second.
//!
//! **Known limit** (from the user, else from the server): 95 % of it is sent, evenly, catching up with at most
//! 50 ms. Tokens likewise, with a slack of a second because limits of tokens are by the minute; a call takes
//! what it is expected to take and is settled when the answer says what it took.
//!
//! **Unknown limit**: nothing is paced at first, for most targets need it never. A run of refusals begins it:
//! `S ← max(0, S + 1)` with a refusal, `S ← max(0, S − 0.2)` with a success, at S ≥ 6 (a CUSUM test),
//! [in the order of launch](suspicion), where what is in flight counts as a success.
//! Then nothing is sent for a second, and after it 70 % of what the target had accepted in the second before.
//!
//! A limit by the minute is met in another way where refusals say how long to wait: a burst is accepted, the gate
//! closes after a few refusals, and the next burst meets the same. So the pacing begins too when a target asks for
//! two seconds or more, is left alone for that long, and asks for as much again within a minute: at 95 % of what
//! it accepted from the one refusal to the other.
//!
//! **A refusal** of a launch that was paced already lowers the rate to 70 % (AWS' β), to no less than 0.2 a
//! second, at most once a second and once for all that was launched before the last time. As long as that is
//! answered by refusals only, the rate stays, but nothing is sent for 1, 2, 4, 8, then 16 seconds; when a launch
//! is accepted at last, the rate is at most that of what was accepted in the last two minutes, which is how a
//! limit by the minute is found.
//!
//! **A success**, while calls wait for their turn, raises the rate by `0.01·(1 + t/40 s)`, t being the time
//! since it was lowered: one per cent a second at first, then faster, for a limit that changed.
//!
//! **Where it does not help**: three times lowered without recovering in between, and the share of refusals is
//! neither half nor twice of what it was. Then the rate is not the cause, and for a minute each refused call waits for itself only.

use std::time::Duration;

use crate::event::{Limit, Source};
use crate::recent::Recent;
use crate::spacing::Spacing;

mod suspicion;
mod trial;
use suspicion::Suspicion;
use trial::Trial;

/// The part of a known limit that is used, for clocks and ways that differ.
const USED: f64 = 0.95;
/// What the rate is lowered to, and its least.
const CUT: f64 = 0.7;
const LEAST: f64 = 0.2;
/// The time between two times that it is lowered, and the longest without a launch.
const BETWEEN: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: u32 = 16;
/// The first rise with a success, and the time after which it has doubled.
const RISE: f64 = 0.01;
const DOUBLED: f64 = 40.0;
/// The run of refusals that begins the pacing.
const RUN: f64 = 6.0;
/// The least S that says that a refusal does not stand alone, and the successes that are needed to say so.
const ALONE: f64 = 2.0;
const FEWEST: u32 = 20;
/// Launches since the rate was lowered that were not refused, by which it is known without their answers, which
/// may take long, that launches are accepted.
const ACCEPTED: u64 = 8;
/// The shortest pause that speaks of a limit, and the time after it in which the next one does.
const LONG: Duration = Duration::from_secs(2);
const AGAIN: Duration = Duration::from_mins(1);
/// How long nothing is paced after it did not help.
const BLIND: Duration = Duration::from_mins(1);

/// The pace of one target.
#[derive(Debug)]
pub(crate) struct Pace {
    user: [Option<f64>; 2],
    server: [Option<f64>; 2],
    /// Requests a second; none while nothing is paced.
    rate: Option<f64>,
    requests: Spacing,
    tokens: Spacing,
    /// Whether a call waits for its turn.
    held: bool,
    suspicion: Suspicion,
    successes: u32,
    /// Launches that were not refused.
    taken: u64,
    /// The last long pause that was not disproved.
    long: Option<Long>,
    /// Whether such pauses began the pacing, so that the rate is known to be the cause.
    measured: bool,
    /// When the rate was last lowered, and the last launch before that.
    cut: Duration,
    cut_launch: u64,
    /// Refusals of what was launched since then.
    refusals: u64,
    /// How often it was lowered since launches were accepted.
    misses: u32,
    /// What was sent in the second before the pacing began, less what was refused of it, until it is confirmed.
    first: Option<u32>,
    second: Recent<4>,
    past: Recent<24>,
    since: Option<Duration>,
    trial: Trial,
    blind: Duration,
}

/// A long pause that the target asked for: when, until when, and what it had taken by then.
#[derive(Clone, Copy, Debug)]
struct Long {
    at: Duration,
    until: Duration,
    taken: u64,
}

impl Default for Pace {
    fn default() -> Self {
        Pace {
            user: [None; 2],
            server: [None; 2],
            rate: None,
            requests: Spacing::new(Duration::from_millis(50)),
            tokens: Spacing::new(Duration::from_secs(1)),
            held: false,
            suspicion: Suspicion::default(),
            successes: 0,
            taken: 0,
            long: None,
            measured: false,
            cut: Duration::ZERO,
            cut_launch: 0,
            refusals: 0,
            misses: 0,
            first: None,
            second: Recent::new(Duration::from_millis(250)),
            past: Recent::new(Duration::from_secs(5)),
            since: None,
            trial: Trial::default(),
            blind: Duration::ZERO,
        }
    }
}

impl Pace {
    /// Takes in what a source says. The rate goes to the new limit, unless refusals hold it below.
    pub(crate) fn limit(&mut self, limit: Limit) {
        let before = self.known();
        let valid = |per_s: Option<f64>| per_s.filter(|per_s| per_s.is_finite() && *per_s > 0.0);
        let told = [valid(limit.requests_per_s), valid(limit.tokens_per_s)];
        match limit.source {
            Source::User => self.user = told,
            Source::Server => self.server = told,
        }
        let known = self.known();
        if known == before {
            return;
        }
        self.rate = match (self.rate, known, before) {
            (Some(rate), Some(known), Some(before)) if rate < before => Some(rate.min(known)),
            (Some(rate), Some(known), None) => Some(rate.min(known)),
            (_, known, _) => known,
        };
    }

    /// The most that is sent in a second if the limit is known.
    fn known(&self) -> Option<f64> {
        Some(self.user[0].or(self.server[0])? * USED)
    }

    fn tokens_per_s(&self) -> Option<f64> {
        Some(self.user[1].or(self.server[1])? * USED)
    }

    /// Whether any limit is kept.
    pub(crate) fn is_kept(&self) -> bool {
        self.rate.is_some() || self.tokens_per_s().is_some()
    }

    /// When the next launch may happen.
    pub(crate) fn opens(&self) -> Duration {
        let requests = if self.rate.is_some() { self.requests.opens() } else { Duration::ZERO };
        if self.tokens_per_s().is_some() { requests.max(self.tokens.opens()) } else { requests }
    }

    /// A call has to wait for its turn.
    pub(crate) fn hold(&mut self) {
        self.held = true;
    }

    /// A call that is expected to take so many tokens is launched.
    pub(crate) fn pass(&mut self, now: Duration, tokens: u64) {
        self.held = false;
        self.since.get_or_insert(now);
        self.taken += 1;
        self.second.add(now, 1, 0);
        self.past.add(now, 1, 0);
        self.suspicion.launched();
        if let Some(rate) = self.rate {
            self.requests.take(now, 1.0 / rate);
        }
        if let Some(per_s) = self.tokens_per_s() {
            self.tokens.take(now, tokens as f64 / per_s);
        }
    }

    /// The call took so many tokens.
    pub(crate) fn settle(&mut self, expected: u64, tokens: u64) {
        if let Some(per_s) = self.tokens_per_s() {
            self.tokens.settle((tokens as f64 - expected as f64) / per_s);
        }
    }

    /// The launch of this number succeeded. The rate, if that confirms one that was found just now.
    pub(crate) fn succeeded(&mut self, now: Duration, launch: u64) -> Option<f64> {
        self.suspicion.succeeded(launch);
        self.successes = self.successes.saturating_add(1);
        self.trial.outcome(launch, false);
        let rate = self.rate.filter(|_| launch > self.cut_launch)?;
        let found = self.first.take().is_some() || self.misses > 1;
        let mut rate = rate;
        if self.misses > 1 {
            rate = rate.min(self.accepted(now).max(LEAST));
        }
        self.misses = 0;
        if self.held {
            let t = now.saturating_sub(self.cut).as_secs_f64();
            rate = (rate + RISE * (1.0 + t / DOUBLED)).min(self.known().unwrap_or(f64::INFINITY));
        }
        self.rate = Some(rate);
        found.then_some(rate)
    }

    /// The launch of this number ended in a way that says nothing of a limit.
    pub(crate) fn silent(&mut self, launch: u64) {
        self.suspicion.silent(launch);
    }

    /// The launch of this number was refused, the last one so far being `last`. What that changed.
    pub(crate) fn refused(&mut self, now: Duration, launch: u64, last: u64) -> Change {
        self.taken = self.taken.saturating_sub(1);
        self.second.add(now, 0, 1);
        self.past.add(now, 0, 1);
        self.suspicion.refused(launch);
        self.trial.outcome(launch, true);
        if now < self.blind {
            self.suspicion.calm();
            return Change::None;
        }
        let Some(rate) = self.rate else {
            return if self.suspicion.is() < RUN {
                Change::None
            } else {
                Change::Paced(self.begin(now, last))
            };
        };
        if launch <= self.cut_launch {
            if let Some(first) = &mut self.first {
                *first = first.saturating_sub(1);
                self.rate = Some(rate.min((CUT * f64::from(*first)).max(LEAST)));
            }
            return Change::None;
        }
        self.refusals += 1;
        if now < self.cut.saturating_add(BETWEEN) && self.cut_launch > 0 {
            return Change::None;
        }
        if last.saturating_sub(self.cut_launch).saturating_sub(self.refusals) >= ACCEPTED {
            self.misses = 0;
        }
        if self.misses > 0 {
            self.lower(now, last);
            return Change::None;
        }
        if self.trial.cut(rate, last, now.saturating_sub(self.cut)) && !self.measured {
            self.rate = self.known();
            self.blind = now.saturating_add(BLIND);
            self.suspicion.calm();
            (self.first, self.misses) = (None, 0);
            return Change::Off;
        }
        let rate = (CUT * rate).max(LEAST.min(rate));
        self.rate = Some(rate);
        self.lower(now, last);
        Change::Paced(rate)
    }

    /// Whether the last refusal stands alone among successes.
    pub(crate) fn is_scattered(&self) -> bool {
        self.suspicion.is() < ALONE && self.successes >= FEWEST
    }

    /// The gate closes for a refusal that asks for a pause until then, the last launch so far being `last`. The
    /// rate, if that begins the pacing.
    pub(crate) fn paused(&mut self, now: Duration, until: Duration, last: u64) -> Option<f64> {
        if self.rate.is_some() || now < self.blind || until < now.saturating_add(LONG) {
            return None;
        }
        let before = self.long.replace(Long { at: now, until, taken: self.taken })?;
        if !(before.until..before.until.saturating_add(AGAIN)).contains(&now) {
            return None;
        }
        let taken = self.taken.saturating_sub(before.taken) as f64;
        let rate = (USED * taken / now.saturating_sub(before.at).as_secs_f64()).max(LEAST);
        self.start(now, rate, last);
        // It was measured, so the next success does not lower it to what was taken while nothing was sent; and the
        // pause is no time in which it proved itself.
        (self.misses, self.cut, self.measured) = (0, until, true);
        Some(rate)
    }

    /// The gate opened early: the pause was not for a limit.
    pub(crate) fn opened(&mut self) {
        self.long = None;
    }

    /// Begins to pace, after a run of refusals. At which rate.
    fn begin(&mut self, now: Duration, last: u64) -> f64 {
        let (sent, refused) = self.second.sums(now);
        let first = sent.saturating_sub(refused);
        self.first = Some(first);
        let rate = (CUT * f64::from(first)).max(LEAST);
        self.start(now, rate, last);
        rate
    }

    fn start(&mut self, now: Duration, rate: f64, last: u64) {
        (self.rate, self.misses, self.long) = (Some(rate), 1, None);
        self.trial.begin(rate, last);
        self.lower(now, last);
    }

    /// The rate was lowered; whatever was launched up to now may still be refused for the old one.
    fn lower(&mut self, now: Duration, last: u64) {
        (self.cut, self.cut_launch, self.refusals) = (now, last, 0);
        if self.misses > 0 {
            let pause = 2_u32.saturating_pow(self.misses - 1).min(LONGEST_PAUSE);
            self.requests.wait(now.saturating_add(Duration::from_secs(pause.into())));
        }
        self.misses = self.misses.saturating_add(1);
    }

    /// What was accepted in a second, over the last two minutes or since the first launch.
    fn accepted(&mut self, now: Duration) -> f64 {
        let (sent, refused) = self.past.sums(now);
        let age = now.saturating_sub(self.since.unwrap_or(now)).as_secs_f64();
        f64::from(sent.saturating_sub(refused)) / age.clamp(1.0, 120.0)
    }

    /// What other processes should know: the next launches by requests and tokens, the rate, the last cut.
    pub(crate) fn share(&self) -> (Duration, Duration, Option<f64>, Duration) {
        (self.requests.opens(), self.tokens.opens(), self.rate, self.cut)
    }

    /// What another process knows; `last` is the last launch so far.
    pub(crate) fn adopt(&mut self, next: (Duration, Duration), rate: Option<f64>, cut: Duration, last: u64) {
        self.requests.adopt(next.0);
        self.tokens.adopt(next.1);
        let most = self.known().unwrap_or(f64::INFINITY);
        let rate = rate.filter(|rate| !rate.is_nan());
        self.rate = rate.map(|rate| rate.max(LEAST).min(most)).or(self.known());
        if cut != self.cut {
            (self.cut, self.cut_launch, self.refusals) = (cut, last, 0);
        }
    }
}

/// What a refusal changed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Change {
    None,
    Paced(f64),
    Off,
}

#[cfg(test)]
mod tests;
