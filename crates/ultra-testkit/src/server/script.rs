//! Which reply a call gets.

use std::fmt;
use std::sync::Mutex;
use std::time::Duration;

use super::limiter::{Limit, Limiter, Ruling};
use super::outage::{Dead, Outage};
use super::reply::Reply;
use super::request::Request;
use crate::chance;
use crate::sync::lock;

type Choose = dyn Fn(usize, &Request) -> Reply + Send + Sync;

/// Replies for the calls to come: a list, one for all, or a function; and what comes before them.
///
/// A call meets an outage first, then the check of its key, then the limit, and the replies last.
pub struct Script {
    plan: Plan,
    otherwise: Reply,
    pub(super) key: Option<String>,
    pub(super) outages: Vec<Outage>,
    limiter: Option<Mutex<Limiter>>,
    latency: Option<(Duration, Duration)>,
}

enum Plan {
    List(Vec<Reply>),
    Always(Box<Reply>),
    Choose(Box<Choose>),
}

/// What the script says to one call.
#[derive(Debug)]
pub(super) struct Turn {
    pub(super) reply: Reply,
    pub(super) scripted: bool,
}

impl Script {
    /// One reply after the other, in the order in which the calls arrive.
    pub fn list(replies: impl IntoIterator<Item = Reply>) -> Self {
        Self::of(Plan::List(replies.into_iter().collect()))
    }

    /// The same reply to every call.
    pub fn always(reply: Reply) -> Self {
        Self::of(Plan::Always(Box::new(reply)))
    }

    /// A function of the call's number (from 0, refused keys not counted) and the request.
    pub fn choose(choose: impl Fn(usize, &Request) -> Reply + Send + Sync + 'static) -> Self {
        Self::of(Plan::Choose(Box::new(choose)))
    }

    /// The reply when a list is used up. Without it: an error of status 400, which nobody retries.
    #[must_use]
    pub fn otherwise(mut self, reply: Reply) -> Self {
        self.otherwise = reply;
        self
    }

    /// Answers 401 in the provider's shape to every call without this key; such a call takes no reply.
    #[must_use]
    pub fn require_key(mut self, key: &str) -> Self {
        self.key = Some(key.to_owned());
        self
    }

    /// Accepts so many calls and refuses the others, which take no reply.
    #[must_use]
    pub fn limited(mut self, limit: Limit) -> Self {
        self.limiter = Some(Mutex::new(Limiter::new(limit)));
        self
    }

    /// Is dead for a time; calls that come then take no reply.
    #[must_use]
    pub fn dead(mut self, from: Duration, until: Duration, way: Dead) -> Self {
        self.outages.push(Outage { from, until, way });
        self
    }

    /// Takes this long before each head, evenly between the two and the same for the same request and repeat.
    #[must_use]
    pub fn latency(mut self, from: Duration, to: Duration) -> Self {
        self.latency = Some((from, to));
        self
    }

    fn of(plan: Plan) -> Self {
        let otherwise =
            Reply::error(400, "the script has no reply for this call").header("x-script", "used up");
        Self { plan, otherwise, key: None, outages: Vec::new(), limiter: None, latency: None }
    }

    /// The reply to a call at `at`; `number` counts those that get so far as to take one.
    pub(super) fn answer(&self, at: Duration, request: &Request, number: impl FnOnce() -> usize) -> Turn {
        let unscripted = |reply| Turn { reply, scripted: false };
        if let Some(outage) = self.outages.iter().find(|outage| outage.is_on(at)) {
            return unscripted(outage.reply());
        }
        if self.key.is_some() && request.key() != self.key.as_deref() {
            return unscripted(Reply::error(401, "Incorrect API key provided."));
        }
        let mut turn = match &self.limiter {
            None => self.turn(number(), request),
            Some(limiter) => {
                let mut limiter = lock(limiter);
                match limiter.ask(at) {
                    Ruling::Refused { wait } => return unscripted(limiter.refusal(wait)),
                    Ruling::Accepted { left } => {
                        let turn = self.turn(number(), request);
                        Turn { reply: limiter.told(turn.reply, left), ..turn }
                    }
                }
            }
        };
        if let Some((from, to)) = self.latency {
            let place = chance::unit(1, &[chance::hash(&request.body), request.repeat as u64]);
            turn.reply = turn.reply.after(from + to.saturating_sub(from).mul_f64(place));
        }
        turn
    }

    fn turn(&self, number: usize, request: &Request) -> Turn {
        let reply = match &self.plan {
            Plan::List(replies) => replies.get(number).cloned(),
            Plan::Always(reply) => Some(Reply::clone(reply)),
            Plan::Choose(choose) => Some(choose(number, request)),
        };
        let scripted = reply.is_some();
        Turn { reply: reply.unwrap_or_else(|| self.otherwise.clone()), scripted }
    }

    /// How many replies a list holds; `None` when there is no end.
    pub(super) fn length(&self) -> Option<usize> {
        match &self.plan {
            Plan::List(replies) => Some(replies.len()),
            Plan::Always(_) | Plan::Choose(_) => None,
        }
    }
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Script").field("length", &self.length()).finish_non_exhaustive()
    }
}

impl From<Reply> for Script {
    fn from(reply: Reply) -> Self {
        Self::always(reply)
    }
}

impl From<Vec<Reply>> for Script {
    fn from(replies: Vec<Reply>) -> Self {
        Self::list(replies)
    }
}

impl<const N: usize> From<[Reply; N]> for Script {
    fn from(replies: [Reply; N]) -> Self {
        Self::list(replies)
    }
}
