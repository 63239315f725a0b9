//! A server of the simulator: how long it takes, what goes wrong, and what it accepts.

use std::time::Duration;

use ultra_pace::{Class, Health, Outcome, Spent};

use crate::chance;
use crate::server::{Dead, Limit, Limiter, Outage, Ruling, Tells};

/// What goes wrong with one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// 429, with the pause it asks for.
    Refused(Option<Duration>),
    /// A provider's own 5xx.
    Sick,
    /// No connection.
    Unreachable,
    /// Cut after the request was sent.
    Cut,
    /// No answer ever.
    Silent,
    /// 400.
    BadRecord,
    /// 401.
    BadKey,
}

/// A server.
#[derive(Clone, Debug, PartialEq)]
pub struct Upstream {
    /// What an answer takes, evenly between the two.
    pub takes: (Duration, Duration),
    /// The share of answers that take ten times as long.
    pub slow: f64,
    /// What goes wrong, each with its share; the rest is answered.
    pub faults: Vec<(f64, Fault)>,
    /// What it accepts.
    pub limit: Option<Limit>,
    /// When it is dead.
    pub outages: Vec<Outage>,
    /// Tokens of an answer, each of which costs two millionths of a dollar.
    pub tokens: u64,
}

impl Upstream {
    /// A healthy server that takes this long.
    pub fn healthy(takes: Duration) -> Self {
        let takes = (takes, takes);
        Self { takes, slow: 0.0, faults: Vec::new(), limit: None, outages: Vec::new(), tokens: 100 }
    }

    /// Faults without a pattern: nine of ten certainly not billed, one of ten maybe.
    #[must_use]
    pub fn scattered(mut self, share: f64) -> Self {
        self.faults = vec![
            (share * 0.7, Fault::Sick),
            (share * 0.1, Fault::Refused(None)),
            (share * 0.1, Fault::Unreachable),
            (share * 0.1, Fault::Cut),
        ];
        self
    }

    /// Dead for a time.
    #[must_use]
    pub fn dead(mut self, from: Duration, until: Duration, way: Dead) -> Self {
        self.outages.push(Outage { from, until, way });
        self
    }

    /// Limited.
    #[must_use]
    pub fn limited(mut self, limit: Limit) -> Self {
        self.limit = Some(limit);
        self
    }
}

/// What an attempt comes to when nobody stops it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answer {
    /// From the request to the first byte, if there is one.
    pub(super) first_byte: Option<Duration>,
    /// From the request to the end; `MAX` is never.
    pub(super) takes: Duration,
    pub(super) outcome: Outcome,
    pub(super) spent: Spent,
    /// Whether the server took the request on.
    pub(super) accepted: bool,
}

/// A server at work.
#[derive(Debug)]
pub(super) struct Serving {
    upstream: Upstream,
    limiter: Option<Limiter>,
    seed: u64,
}

pub(super) fn failure(class: Class, health: Health, retry_after: Option<Duration>) -> Outcome {
    Outcome::Failure { class, health, retry_after }
}

impl Serving {
    pub(super) fn new(upstream: &Upstream, seed: u64) -> Self {
        Self { upstream: upstream.clone(), limiter: upstream.limit.map(Limiter::new), seed }
    }

    /// The window in which a limit holds, if the server tells of it in every answer.
    pub(super) fn told_limit(&self) -> Option<f64> {
        let limit = self.upstream.limit.filter(|limit| limit.tells == Tells::Headers)?;
        Some(limit.calls as f64 / limit.window.as_secs_f64())
    }

    /// A request of this name, which is different for every attempt.
    pub(super) fn ask(&mut self, now: Duration, name: &[u64]) -> Answer {
        let seed = self.seed;
        let draw = |what: u64| chance::unit(chance::mixed(seed, name), &[what]);
        let soon = Duration::from_millis(5) + Duration::from_millis(40).mul_f64(draw(1));
        if let Some(outage) = self.upstream.outages.iter().find(|outage| outage.is_on(now)) {
            return match outage.way {
                Dead::Gone => refused(soon, failure(Class::Free, Health::Unreachable, None)),
                Dead::Reset => refused(soon, failure(Class::Unsure, Health::Sick, None)),
                Dead::Status(_) => refused(soon, failure(Class::Free, Health::Sick, None)),
                Dead::Silent => refused(Duration::MAX, failure(Class::Unsure, Health::Sick, None)),
            };
        }
        if let Some(limiter) = &mut self.limiter
            && let Ruling::Refused { wait } = limiter.ask(now)
        {
            let told = (limiter.limit().tells != Tells::Nothing).then_some(wait);
            return refused(soon, failure(Class::Throttled, Health::Up, told));
        }
        if let Some(fault) = self.fault(draw(2)) {
            return fault.answer(soon);
        }
        let (from, to) = self.upstream.takes;
        let takes = from + to.saturating_sub(from).mul_f64(draw(3));
        let takes = if draw(4) < self.upstream.slow { takes * 10 } else { takes };
        let tokens = self.upstream.tokens;
        let spent = Spent { tokens, micro_usd: 2 * tokens };
        let first_byte = Some(takes.mul_f64(draw(5)));
        Answer { first_byte, takes, outcome: Outcome::Success, spent, accepted: true }
    }

    fn fault(&self, place: f64) -> Option<Fault> {
        let mut end = 0.0;
        self.upstream.faults.iter().find_map(|(share, fault)| {
            end += share;
            (place < end).then_some(*fault)
        })
    }
}

impl Fault {
    fn answer(self, soon: Duration) -> Answer {
        match self {
            Self::Refused(wait) => refused(soon, failure(Class::Throttled, Health::Up, wait)),
            Self::Sick => refused(soon, failure(Class::Free, Health::Sick, None)),
            Self::Unreachable => refused(soon, failure(Class::Free, Health::Unreachable, None)),
            Self::Cut => {
                Answer { accepted: true, ..refused(soon, failure(Class::Unsure, Health::Sick, None)) }
            }
            Self::Silent => Answer {
                accepted: true,
                ..refused(Duration::MAX, failure(Class::Unsure, Health::Sick, None))
            },
            Self::BadRecord => refused(soon, failure(Class::FatalRecord, Health::Up, None)),
            Self::BadKey => refused(soon, failure(Class::FatalTarget, Health::Up, None)),
        }
    }
}

fn refused(takes: Duration, outcome: Outcome) -> Answer {
    Answer { first_byte: None, takes, outcome, spent: Spent::default(), accepted: false }
}
