//! A sharp limit of calls: so many in any window, not one more.

use std::collections::VecDeque;
use std::time::Duration;

use super::reply::Reply;

/// How many calls, and tokens, are accepted in any `window`, and what the server says about it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limit {
    /// Calls in a window.
    pub calls: usize,
    /// The window, which slides.
    pub window: Duration,
    /// What a refusal tells.
    pub tells: Tells,
}

/// What a limited server tells its clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tells {
    /// 429 and no more.
    Nothing,
    /// `retry-after-ms` with the time to the next free place.
    RetryAfter,
    /// `x-ratelimit-*` on every answer, and `retry-after-ms` on refusals.
    Headers,
}

impl Limit {
    /// So many in any second.
    pub fn per_second(calls: usize, tells: Tells) -> Self {
        Self { calls, window: Duration::from_secs(1), tells }
    }

    /// So many in any minute.
    pub fn per_minute(calls: usize, tells: Tells) -> Self {
        Self { calls, window: Duration::from_mins(1), tells }
    }
}

/// A limit with what it has accepted. Refused calls take no place.
#[derive(Clone, Debug)]
pub struct Limiter {
    limit: Limit,
    accepted: VecDeque<Duration>,
}

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ruling {
    /// Accepted; so many more would be at this moment.
    Accepted {
        /// Places left.
        left: usize,
    },
    /// Refused; the next place is free after `wait`.
    Refused {
        /// Never zero.
        wait: Duration,
    },
}

impl Limiter {
    /// Nothing accepted yet.
    pub fn new(limit: Limit) -> Self {
        Self { limit, accepted: VecDeque::new() }
    }

    /// Rules on a call at `now`, which never goes back.
    pub fn ask(&mut self, now: Duration) -> Ruling {
        while self.accepted.front().is_some_and(|first| *first + self.limit.window <= now) {
            self.accepted.pop_front();
        }
        match self.accepted.front() {
            Some(first) if self.accepted.len() >= self.limit.calls => {
                Ruling::Refused { wait: (*first + self.limit.window).saturating_sub(now) }
            }
            _ => {
                self.accepted.push_back(now);
                Ruling::Accepted { left: self.limit.calls - self.accepted.len() }
            }
        }
    }

    /// What the limit tells.
    pub fn limit(&self) -> Limit {
        self.limit
    }

    /// The refusal as an answer.
    pub(super) fn refusal(&self, wait: Duration) -> Reply {
        let reply = Reply::error(429, "Rate limit reached for requests.");
        let wait = wait.as_millis().max(1).to_string();
        match self.limit.tells {
            Tells::Nothing => reply,
            Tells::RetryAfter => reply.header("retry-after-ms", &wait),
            Tells::Headers => self.told(reply.header("retry-after-ms", &wait), 0),
        }
    }

    /// An answer with what the limit tells on each.
    pub(super) fn told(&self, reply: Reply, left: usize) -> Reply {
        if self.limit.tells != Tells::Headers {
            return reply;
        }
        // These headers speak of a minute, whatever the window.
        let minute = self.limit.calls as f64 * 60.0 / self.limit.window.as_secs_f64();
        let reset = self.limit.window.as_secs_f64() / self.limit.calls.max(1) as f64;
        reply
            .header("x-ratelimit-limit-requests", &format!("{minute:.0}"))
            .header("x-ratelimit-remaining-requests", &left.to_string())
            .header("x-ratelimit-reset-requests", &format!("{:.0}ms", reset * 1e3))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_window_holds_more_than_the_limit() {
        let mut limiter = Limiter::new(Limit::per_second(4, Tells::Nothing));
        let mut accepted: Vec<Duration> = Vec::new();
        for step in 0..1_000 {
            let now = Duration::from_millis(step * 7);
            if let Ruling::Accepted { .. } = limiter.ask(now) {
                accepted.push(now);
            }
        }
        for (index, at) in accepted.iter().enumerate().skip(4) {
            assert!(*at >= accepted[index - 4] + Duration::from_secs(1));
        }
        assert_eq!(accepted.len(), 28);
    }

    #[test]
    fn who_waits_as_told_is_accepted() {
        let mut limiter = Limiter::new(Limit::per_minute(1, Tells::RetryAfter));
        assert_eq!(limiter.ask(Duration::from_secs(1)), Ruling::Accepted { left: 0 });
        let wait = Duration::from_secs(59);
        assert_eq!(limiter.ask(Duration::from_secs(2)), Ruling::Refused { wait });
        assert_eq!(limiter.ask(Duration::from_secs(61)), Ruling::Accepted { left: 0 });
    }
}
