//! Who of a request's calls need be asked: `--until-decided`.
//!
//! The calls are asked in their order, and a call is begun only when those before it cannot decide the vote, however
//! well they agree. So it begins with the smallest majority, and goes on with as many calls as the vote still needs
//! at the least. Who is asked thus depends on nothing but the answers: it is the shortest beginning of the panel
//! that decides, whichever answers came first, from wherever.
//!
//! A ladder (`--ladder 3,all`) asks so many first, and stops there already when they agree: that is a bet on those who
//! were not asked, and no certainty.
//!
//! What is begun is waited for; what is not begun when the vote is decided ends at once, unasked and unpaid.

use std::collections::BTreeSet;
use std::ops::Range;

use clap::Args;
use ultra_aggregate::EPSILON;
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

    /// Ask so many first and more only when they do not agree, such as 3,all
    #[arg(long, value_name = "N,…", value_delimiter = ',', value_parser = depth, requires = "until_decided")]
    pub ladder: Vec<usize>,

    /// With --ladder: the lead of the first answer, as a share of those who were asked, from which they agree
    #[arg(long, value_name = "P", default_value_t = 0.7, value_parser = share, requires = "ladder")]
    pub agree: f64,
}

/// A number of calls, or `all`. One alone would always agree.
fn depth(text: &str) -> Result<usize, String> {
    let number = if text == "all" { Some(usize::MAX) } else { text.parse().ok() };
    number.filter(|depth| *depth > 1).ok_or_else(|| "expected 2 or more, or `all`, such as 3,all".to_owned())
}

/// A share that somebody has to have.
fn share(text: &str) -> Result<f64, String> {
    let given = text.parse().ok().filter(|given| *given > 0.0 && *given <= 1.0);
    given.ok_or_else(|| "expected a number above 0, and at most 1".to_owned())
}

impl Voting {
    /// The rule; nothing when everybody is asked.
    pub(crate) fn rule(self) -> Option<Rule> {
        let Self { until_decided, normal, weight, ladder, agree } = self;
        let count = |extract| Count { extract, normal, weights: weight };
        until_decided.map(count).map(|count| Rule { count, ladder, agree })
    }
}

/// When nobody more is asked.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    /// How votes are counted.
    pub(crate) count: Count,
    /// So many calls are begun before those after them, in ascending order.
    ladder: Vec<usize>,
    /// The lead from which those who were asked agree.
    agree: f64,
}

/// Why a call was not made: the vote is decided.
const DECIDED: &str = "not asked: the answers before it decide the vote, whatever this one would be";

/// Why a call was not made: the ladder ends before it.
const AGREED: &str = "not asked: those before it agree as far as --agree says";

/// Calls that are not made, and why.
pub(crate) type Spared = (Range<usize>, &'static str);

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
    /// The depths at which nobody more is asked if those who were agree, the next one last.
    depths: Vec<usize>,
    agree: f64,
}

impl Poll {
    /// The vote over the answers to `request`; nothing when they are not voted on alone: other stages follow that
    /// read them all, or other requests share the stage.
    pub(crate) fn of(request: &Request, calls: &[Pending], rule: &Rule) -> Option<Self> {
        let count = &rule.count;
        let stage = request.stage.as_ref();
        if stage.is_some_and(|stage| stage.index + 1 < stage.of || stage.requests > 1 || stage.review) {
            return None;
        }
        let weights: Vec<f64> = calls.iter().map(|call| count.weight(&call.target)).collect();
        // A cache or a fanout further up has taken the others over, and their answers are not seen here.
        let here: BTreeSet<_> = calls.iter().map(|call| (&call.target, call.sample)).collect();
        let all = request.pending.as_ref().and_then(|_| target::calls(request).ok()).unwrap_or_default();
        let unseen = all.iter().filter(|call| !here.contains(&(&call.target, call.sample)));
        let unseen = unseen.map(|call| count.weight(&call.target)).sum();
        Some(Self::new(weights, unseen).on(&rule.ladder, rule.agree))
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
            depths: Vec::new(),
            agree: 1.0,
        }
    }

    /// The same, climbing a ladder of ascending depths.
    pub(crate) fn on(mut self, ladder: &[usize], agree: f64) -> Self {
        self.depths = ladder.iter().copied().filter(|depth| *depth < self.weights.len()).rev().collect();
        self.agree = agree;
        self
    }

    /// The next call to begin, unless those that are begun may decide.
    pub(crate) fn next(&mut self) -> Option<usize> {
        let at = self.begun;
        let weight = *self.weights.get(at)?;
        if self.standing.would_be_decided(self.flying, self.rest[at] + self.unheard) {
            return None;
        }
        while self.depths.last().is_some_and(|depth| *depth <= at) {
            // Whether they agree is known when all of them have ended, so it does not depend on who is fast.
            if self.in_flight > 0 || self.agrees() {
                return None;
            }
            self.depths.pop();
        }
        self.begun += 1;
        self.in_flight += 1;
        self.flying += weight;
        Some(at)
    }

    /// Whether those who were asked agree.
    fn agrees(&self) -> bool {
        self.standing.lead(self.rest[self.weights.len()] + self.unheard) >= self.agree - EPSILON
    }

    /// The calls that need not be made, once: when the vote is decided, or those agree whom the ladder had asked.
    pub(crate) fn spared(&mut self) -> Spared {
        let all = self.weights.len();
        let first = self.begun;
        let why = if first == all {
            None
        } else if self.standing.is_decided(self.flying + self.rest[first] + self.unheard) {
            Some(DECIDED)
        } else {
            let is_there = self.in_flight == 0 && self.depths.last().is_some_and(|depth| *depth <= first);
            (is_there && self.agrees()).then_some(AGREED)
        };
        match why {
            Some(why) => {
                self.begun = all;
                (first..all, why)
            }
            None => (all..all, DECIDED),
        }
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
            Outcome::Response(_) | Outcome::Error(_) => Self::Nothing,
        }
    }
}

#[cfg(test)]
mod tests;
