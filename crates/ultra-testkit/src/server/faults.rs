//! A seeded plan of what goes wrong: the same call meets the same trouble in every run of one seed, in
//! whatever order the calls arrive.

use std::time::Duration;

use super::reply::{Place, Reply};
use super::request::Request;
use super::script::Script;
use crate::chance;

/// One thing that goes wrong with one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// 429 in the provider's shape, without a word on when to come back.
    Refused,
    /// 429 with `retry-after-ms`, or with `retry-after` where it is whole seconds.
    RefusedFor(Duration),
    /// A status in the provider's own shape.
    Status(u16),
    /// A status with a gateway's page.
    Gateway(u16),
    /// RST at this place.
    Reset(Place),
    /// FIN at this place.
    Cut(Place),
    /// Silence from this place on.
    Stall(Place),
    /// The length announced is larger than the body.
    Short,
    /// A size of a chunk that no memory holds.
    BadChunk,
    /// Chunks without the last, empty one.
    NoLastChunk,
    /// A body that goes on until the client leaves.
    Endless,
    /// 800 KiB that unpack to 128 MiB, in `content-encoding: gzip`.
    Bomb,
    /// 200 with a page, as captive portals answer.
    Portal,
    /// 200 with an error inside; in a stream, after some of the answer.
    ErrorInside,
}

impl Trouble {
    /// The answer `good`, gone wrong in this way.
    pub fn spoil(self, good: Reply, request: &Request) -> Reply {
        match self {
            Self::Refused => Reply::error(429, "Rate limit reached, slow down."),
            Self::RefusedFor(wait) => {
                let refused = Reply::error(429, "Rate limit reached, slow down.");
                if wait.subsec_nanos() == 0 {
                    refused.header("retry-after", &wait.as_secs().to_string())
                } else {
                    refused.header("retry-after-ms", &wait.as_millis().to_string())
                }
            }
            Self::Status(status) => Reply::error(status, "The server had an error, try again."),
            Self::Gateway(status) => Reply::html(status),
            Self::Reset(place) => good.reset(place),
            Self::Cut(place) => good.cut(place),
            Self::Stall(place) => good.stalled(place),
            Self::Short => good.claiming_length(1 << 20),
            Self::BadChunk => good.with_a_bad_chunk(),
            Self::NoLastChunk => good.without_last_chunk(),
            Self::Endless => good.endless(),
            Self::Bomb => Reply::gzip_bomb(128),
            Self::Portal => Reply::html(200),
            Self::ErrorInside if request.wants_stream() => good.failing_in_the_stream(),
            Self::ErrorInside => Reply::error_in_ok("The engine is overloaded."),
        }
    }
}

/// How often each trouble comes; what is left of 1 is answered well.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mix(Vec<(f64, Trouble)>);

impl Mix {
    /// Nothing goes wrong.
    pub fn none() -> Self {
        Self::default()
    }

    /// Adds a trouble that a share of the calls meets.
    #[must_use]
    pub fn with(mut self, share: f64, trouble: Trouble) -> Self {
        self.0.push((share, trouble));
        assert!(self.0.iter().map(|(share, _)| share).sum::<f64>() <= 1.0, "shares are parts of one");
        self
    }

    /// Each of these with an equal part of `share`.
    #[must_use]
    pub fn evenly(self, share: f64, troubles: &[Trouble]) -> Self {
        let part = share / troubles.len() as f64;
        troubles.iter().fold(self, |mix, trouble| mix.with(part, *trouble))
    }

    /// Faults without a pattern: nine of ten certainly not billed, one of ten maybe.
    pub fn scattered(share: f64) -> Self {
        let free = [500, 503, 529, 408].map(Trouble::Status);
        let unsure = [
            Trouble::Reset(Place::BeforeHeaders),
            Trouble::Reset(Place::MidBody(30)),
            Trouble::Gateway(502),
            Trouble::Cut(Place::MidBody(30)),
            Trouble::Short,
        ];
        Self::none().evenly(share * 0.9, &free).evenly(share * 0.1, &unsure)
    }

    /// Three calls in ten meet trouble: refusals, server errors, resets and silence.
    pub fn rough() -> Self {
        Self::none()
            .evenly(0.1, &[Trouble::Refused, Trouble::RefusedFor(Duration::from_millis(30))])
            .evenly(0.1, &[Trouble::Status(500), Trouble::Gateway(502), Trouble::Status(503)])
            .evenly(0.05, &[Trouble::Reset(Place::BeforeHeaders), Trouble::Reset(Place::MidBody(40))])
            .evenly(0.05, &[Trouble::Stall(Place::BeforeHeaders), Trouble::Stall(Place::MidBody(20))])
    }

    /// Every way to go wrong that the server knows.
    pub fn everything(share: f64) -> Self {
        let soon = Duration::from_millis(20);
        let places = [
            Place::BeforeHeaders,
            Place::MidHead,
            Place::AfterHeaders,
            Place::MidBody(25),
            Place::AfterEvents(2),
        ];
        let mut all = vec![
            Trouble::Refused,
            Trouble::RefusedFor(soon),
            Trouble::Short,
            Trouble::BadChunk,
            Trouble::NoLastChunk,
            Trouble::Portal,
            Trouble::ErrorInside,
        ];
        all.extend([500, 502, 503, 529].map(Trouble::Status));
        all.extend([500, 502, 503, 504].map(Trouble::Gateway));
        all.extend(places.map(Trouble::Reset));
        all.extend(places.map(Trouble::Cut));
        all.extend(places.map(Trouble::Stall));
        Self::none().evenly(share, &all)
    }

    /// The trouble at a place in `[0, 1)`.
    fn at(&self, place: f64) -> Option<Trouble> {
        let mut end = 0.0;
        self.0.iter().find_map(|(share, trouble)| {
            end += share;
            (place < end).then_some(*trouble)
        })
    }
}

/// A mix with a seed.
#[derive(Clone, Debug)]
pub struct Faults {
    /// Names the plan.
    pub seed: u64,
    /// What may go wrong, and how often.
    pub mix: Mix,
}

impl Faults {
    /// What happens to the attempt of this number, from 0, to send a body of this hash.
    pub fn trouble(&self, body: u64, attempt: u64) -> Option<Trouble> {
        self.mix.at(chance::unit(self.seed, &[body, attempt]))
    }

    /// Answers with `good` except where the plan has something else.
    pub fn script(self, good: Reply) -> Script {
        self.script_with(move |_| good.clone())
    }

    /// The same with a good answer for each request.
    pub fn script_with(self, good: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Script {
        Script::choose(move |_, request| {
            match self.trouble(chance::hash(&request.body), request.repeat as u64) {
                Some(trouble) => trouble.spoil(good(request), request),
                None => good(request),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_the_same_every_time_and_keeps_its_shares() {
        let faults = Faults { seed: 5, mix: Mix::scattered(0.3) };
        let met = |attempt| (0..10_000).filter(|body| faults.trouble(*body, attempt).is_some()).count();
        assert!((2_850..3_150).contains(&met(0)), "{}", met(0));
        assert_eq!(met(1), met(1));
        let differ = (0..10_000).filter(|body| faults.trouble(*body, 0) != faults.trouble(*body, 1)).count();
        assert!(differ > 3_000, "the second attempt has its own luck: {differ}");
    }

    #[test]
    #[should_panic(expected = "parts of one")]
    fn shares_beyond_one_are_refused() {
        drop(Mix::none().with(0.7, Trouble::Refused).with(0.7, Trouble::Bomb));
    }
}
