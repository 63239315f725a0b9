//! Who of a request's calls need be asked: `--until-decided`.
//!
//! The calls are asked in their order, and a call is begun only when those before it cannot decide the vote, however
//! well they agree. So it begins with the smallest majority, and goes on with as many calls as the vote still needs
//! at the least. Who is asked thus depends on nothing but the answers: it is the shortest beginning of the panel
//! that decides, whichever answers came first, from wherever.
//!
//! What is begun is waited for; what is not begun when the vote is decided ends at once, unasked and unpaid.

use std::collections::BTreeSet;
use std::ops::Range;

use clap::Args;
use ultra_aggregate::vote::{Count, Extract, Normal, Standing, weighted};
use ultra_core::kind::ErrorKind;
use ultra_core::record::{Pending, Request};
use ultra_core::target;

use crate::job::Outcome;

/// When a vote over the answers needs no more of them.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Early stop")]
pub struct Voting {
    /// Ask no further when a vote over the answers is decided; what of a text is its answer: whole, number, boxed,
    /// json:POINTER or regex:PATTERN
    #[arg(long, env = "ULTRA_UNTIL_DECIDED", value_name = "WHAT")]
    pub until_decided: Option<Extract>,

    /// What does not count when answers are compared: case, punctuation, numbers, set; or none
    #[arg(
        long,
        value_name = "WHAT,…",
        default_value = "case,punctuation,numbers",
        requires = "until_decided"
    )]
    pub normal: Normal,

    /// What the vote of a target counts, such as mock:a=2; 1 for those that are not named
    #[arg(long, value_name = "TARGET=N", value_parser = weighted, requires = "until_decided")]
    pub weight: Vec<(String, f64)>,
}

impl Voting {
    /// How votes are counted; nothing when everybody is asked.
    pub(crate) fn count(self) -> Option<Count> {
        let Self { until_decided, normal, weight } = self;
        until_decided.map(|extract| Count { extract, normal, weights: weight })
    }
}

/// Why a call was not made.
pub(crate) const WHY: &str = "not asked: the answers before it decide the vote, whatever this one would be";

/// A vote over the answers to one request.
#[derive(Debug)]
pub(crate) struct Poll {
    standing: Standing,
    /// What each call weighs.
    weights: Vec<f64>,
    /// What the calls from this one on weigh, with all that is never heard here.
    rest: Vec<f64>,
    /// Calls before this one are begun, or need not be.
    begun: usize,
    /// What the calls weigh that are begun and have not ended.
    flying: f64,
    /// How many these are.
    in_flight: usize,
    /// What the members weigh that were stopped before they could say anything.
    unheard: f64,
}

impl Poll {
    /// The vote over the answers to `request`; nothing when they are not voted on alone: other stages follow that
    /// read them all, or other requests share the stage.
    pub(crate) fn of(request: &Request, calls: &[Pending], count: &Count) -> Option<Self> {
        let stage = request.stage.as_ref();
        if stage.is_some_and(|stage| stage.index + 1 < stage.of || stage.requests > 1 || stage.review) {
            return None;
        }
        let weights: Vec<f64> = calls.iter().map(|call| count.weight(&call.target)).collect();
        // A cache or a fanout further up has taken the others over, and their answers are not seen here.
        let here: BTreeSet<_> = calls.iter().map(|call| (&call.target, call.sample)).collect();
        let all = request.pending.as_ref().and_then(|_| target::calls(request).ok()).unwrap_or_default();
        let unseen = all.iter().filter(|call| !here.contains(&(&call.target, call.sample)));
        Some(Self::new(weights, unseen.map(|call| count.weight(&call.target)).sum()))
    }

    /// A vote of calls with these `weights`, when others of the weight `unseen` vote elsewhere.
    pub(crate) fn new(weights: Vec<f64>, unseen: f64) -> Self {
        let mut rest = vec![unseen; weights.len() + 1];
        for at in (0..weights.len()).rev() {
            rest[at] = rest[at + 1] + weights[at];
        }
        Self {
            standing: Standing::default(),
            weights,
            rest,
            begun: 0,
            flying: 0.0,
            in_flight: 0,
            unheard: 0.0,
        }
    }

    /// The next call to begin, unless those that are begun may decide.
    pub(crate) fn next(&mut self) -> Option<usize> {
        let at = self.begun;
        let weight = *self.weights.get(at)?;
        if self.standing.would_be_decided(self.flying, self.rest[at] + self.unheard) {
            return None;
        }
        self.begun += 1;
        self.in_flight += 1;
        self.flying += weight;
        Some(at)
    }

    /// The calls that need not be made, once, when the vote is decided.
    pub(crate) fn spared(&mut self) -> Range<usize> {
        let all = self.weights.len();
        let first = self.begun;
        if first < all && self.standing.is_decided(self.flying + self.rest[first] + self.unheard) {
            self.begun = all;
            return first..all;
        }
        all..all
    }

    /// Takes the end of a call that was begun.
    pub(crate) fn ended(&mut self, at: usize, said: Said) {
        let weight = self.weights[at];
        self.in_flight -= 1;
        // Differences of fractions leave a trace that nobody weighs.
        self.flying = if self.in_flight == 0 { 0.0 } else { self.flying - weight };
        match said {
            Said::Answer(answer) => self.standing.count(Some(answer), weight),
            Said::Nothing => self.standing.count(None, weight),
            Said::Unheard => self.unheard += weight,
        }
    }
}

/// What a member says in a vote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Said {
    /// This.
    Answer(String),
    /// Nothing that counts, or it failed.
    Nothing,
    /// It was stopped, so it may still say anything in another run.
    Unheard,
}

impl Said {
    /// What an outcome says. Whatever `ultra-synth` leaves out is no answer here either.
    pub(crate) fn of(outcome: &Outcome, count: &Count) -> Self {
        match outcome {
            Outcome::Response(response) if response.flaw().is_none() => {
                count.answer(&response.text).map_or(Self::Nothing, Self::Answer)
            }
            Outcome::Error(error) if matches!(error.kind, ErrorKind::Cancelled | ErrorKind::Budget) => {
                Self::Unheard
            }
            Outcome::Response(_) | Outcome::Error(_) | Outcome::Unasked(_) => Self::Nothing,
        }
    }
}

#[cfg(test)]
mod tests;
