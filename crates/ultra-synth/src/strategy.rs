//! The strategies: how many answers become one.
//!
//! A strategy is a pure state machine. It says which calls it wants ([`Move::Ask`]), hears how each of them ended,
//! and says what it found. Whoever drives it makes the calls, counts them, reads replies in the form that was asked
//! for, and goes down the ladder when the strategy gives up. No strategy knows a clock, a socket or a file.

mod analyse;
mod fuse;
mod iterate;
mod judge;
mod one_call;
mod pairwise;
pub(crate) mod pure;
mod rank;
mod self_moa;
mod verify;

use serde_json::{Map, Value};
use ultra_core::record::{Message, Verdict};
use ultra_template::Pattern;

use crate::candidate::{Candidate, Case};
use crate::form::{Form, Reply};
use crate::found::{Found, Miss};
use crate::ladder::{Rung, Slip};
use crate::setting::Plan;
use crate::sheet::Sheet;
use one_call::OneCall;

/// How answers become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    /// A model reads all answers and writes one.
    Fuse,
    /// A model chooses the best answer.
    Judge,
    /// A model compares the answers two by two.
    Pairwise,
    /// The members of the panel rank the answers of the others.
    Rank,
    /// A model says what the answers have in common and where they part.
    Analyse,
    /// A model checks what the answers claim.
    Verify,
    /// A model writes, and writes again with new answers until it is sure.
    Iterate,
    /// A model writes from a few answers, then from what it wrote and a few more.
    SelfMoa,
    /// All answers, one after the other.
    Concat,
    /// The answer with the best form.
    Best,
    /// The answer most like the others.
    Medoid,
    /// The answer that most answers give.
    Vote,
    /// The middle of the largest group of like answers.
    Cluster,
}

impl Strategy {
    /// The name in records and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fuse => "fuse",
            Self::Judge => "judge",
            Self::Pairwise => "pairwise",
            Self::Rank => "rank",
            Self::Analyse => "analyse",
            Self::Verify => "verify",
            Self::Iterate => "iterate",
            Self::SelfMoa => "self-moa",
            Self::Concat => "concat",
            Self::Best => "best",
            Self::Medoid => "medoid",
            Self::Vote => "vote",
            Self::Cluster => "cluster",
        }
    }

    /// Whether it asks models.
    pub const fn asks(self) -> bool {
        !matches!(self, Self::Concat | Self::Best | Self::Medoid | Self::Vote | Self::Cluster)
    }

    /// Whether it leaves a verdict for later strategies and no answer.
    pub const fn only_judges(self) -> bool {
        matches!(self, Self::Rank | Self::Analyse | Self::Verify)
    }

    /// Whether it does nothing without a judge that the user names.
    pub const fn needs_judge(self) -> bool {
        self.asks() && !matches!(self, Self::Rank | Self::SelfMoa)
    }

    /// Whether a reply can be its result as it stands.
    pub const fn writes(self) -> bool {
        matches!(self, Self::Fuse | Self::SelfMoa)
    }

    /// Whether it asks the members of the panel.
    pub const fn asks_members(self) -> bool {
        matches!(self, Self::Rank | Self::Iterate | Self::SelfMoa)
    }
}

/// Everything that a strategy sees.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// The prompt and its answers.
    pub case: &'a Case,
    /// How prompts are merged.
    pub plan: &'a Plan,
    /// The pattern whose `ultra` template instructs the writer.
    pub pattern: Option<&'a Pattern>,
    /// What earlier strategies judged, the oldest first.
    pub before: &'a [Verdict],
}

impl<'a> View<'a> {
    /// How many answers there are.
    pub fn len(&self) -> usize {
        self.case.candidates.len()
    }

    /// Whether there is no answer.
    pub fn is_empty(&self) -> bool {
        self.case.candidates.is_empty()
    }

    /// The answer with this canonical number.
    pub fn at(&self, number: usize) -> &'a Candidate {
        self.case.at(number)
    }

    /// The task of a writer, with the form that the user wants; not where the panel's answers had to be JSON.
    pub fn task(&self, task: &str) -> String {
        let form = self.plan.form.filter(|_| Form::of_panel(self.case).schema.is_none());
        form.map_or_else(|| task.to_owned(), |form| format!("{task}\n\n{}", form.told()))
    }

    /// The order in which a judge sees the answers, by canonical number.
    pub fn circle(&self, judge: usize) -> Vec<usize> {
        self.case.circle(self.plan.seed, judge)
    }
}

/// Who is asked on a rung.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By<'a> {
    /// The members of the panel.
    Members,
    /// A judge.
    Judge {
        /// Its number, from 0.
        number: usize,
        /// The target.
        name: &'a str,
    },
}

/// A call that a strategy wants.
#[derive(Debug, Clone, PartialEq)]
pub struct Ask {
    /// What the strategy calls it.
    pub slot: usize,
    /// Whom to ask.
    pub target: String,
    /// Number of the sample, from 0.
    pub sample: u32,
    /// The conversation.
    pub messages: Vec<Message>,
    /// What the reply must be.
    pub form: Form,
    /// The reply, as it stands, is the result: it can be shown while it is written.
    pub is_result: bool,
}

/// What a strategy does next.
#[derive(Debug)]
pub enum Move {
    /// These calls, and those that are under way; none means that it waits.
    Ask(Vec<Ask>),
    /// It is done; calls under way are not wanted any more.
    Done(Box<Found>),
    /// This rung does not hold; calls under way are not wanted any more.
    Failed(Miss),
}

impl Move {
    /// It is done.
    pub fn done(found: Found) -> Self {
        Self::Done(Box::new(found))
    }

    /// This rung does not hold.
    pub fn failed(why: impl Into<Miss>) -> Self {
        Self::Failed(why.into())
    }
}

/// A strategy that asks models, at work on one prompt.
#[derive(Debug)]
pub enum Core {
    /// See [`Strategy::Fuse`].
    Fuse(fuse::Fuse),
    /// See [`Strategy::Judge`].
    Judge(judge::Judge),
    /// See [`Strategy::Pairwise`].
    Pairwise(pairwise::Pairwise),
    /// See [`Strategy::Rank`].
    Rank(rank::Rank),
    /// See [`Strategy::Analyse`].
    Analyse(analyse::Analyse),
    /// See [`Strategy::Verify`].
    Verify(verify::Verify),
    /// See [`Strategy::Iterate`].
    Iterate(iterate::Iterate),
    /// See [`Strategy::SelfMoa`].
    SelfMoa(self_moa::SelfMoa),
}

/// Does the same with every strategy.
macro_rules! each {
    ($core:expr, $inner:ident => $action:expr) => {
        match $core {
            Self::Fuse($inner) => $action,
            Self::Judge($inner) => $action,
            Self::Pairwise($inner) => $action,
            Self::Rank($inner) => $action,
            Self::Analyse($inner) => $action,
            Self::Verify($inner) => $action,
            Self::Iterate($inner) => $action,
            Self::SelfMoa($inner) => $action,
        }
    };
}

impl Core {
    /// The strategy at its beginning; `None` for those that ask nobody.
    pub fn new(strategy: Strategy) -> Option<Self> {
        Some(match strategy {
            Strategy::Fuse => Self::Fuse(fuse::Fuse),
            Strategy::Judge => Self::Judge(judge::Judge::default()),
            Strategy::Pairwise => Self::Pairwise(pairwise::Pairwise::default()),
            Strategy::Rank => Self::Rank(rank::Rank::default()),
            Strategy::Analyse => Self::Analyse(analyse::Analyse::default()),
            Strategy::Verify => Self::Verify(verify::Verify::default()),
            Strategy::Iterate => Self::Iterate(iterate::Iterate::default()),
            Strategy::SelfMoa => Self::SelfMoa(self_moa::SelfMoa::default()),
            _ => return None,
        })
    }

    /// Begins a rung. A strategy that has got somewhere with an earlier judge goes on from there.
    pub fn begin(&mut self, view: &View<'_>, by: By<'_>) -> Move {
        each!(self, inner => inner.begin(view, by))
    }

    /// Hears how a call ended.
    pub fn hear(&mut self, view: &View<'_>, slot: usize, reply: Result<Reply, Slip>) -> Move {
        each!(self, inner => inner.hear(view, slot, reply))
    }

    /// What there is when every judge has failed.
    pub fn salvage(&self, view: &View<'_>) -> Option<Found> {
        match self {
            Self::Iterate(iterate) => iterate.salvage(view),
            Self::SelfMoa(moa) => moa.salvage(view),
            _ => None,
        }
    }
}

/// The most bytes of a judge's reason that stand in a verdict.
const REASON: usize = 2_000;

/// What a judge says for itself.
fn reason(reply: &Reply) -> String {
    let reason = reply.json["reason"].as_str().unwrap_or_default();
    reason[..reason.floor_char_boundary(REASON)].to_owned()
}

/// What became of one judge, as it stands in a verdict.
fn sitting(
    view: &View<'_>,
    sheet: &Sheet,
    target: &str,
    sample: u32,
    said: Result<Map<String, Value>, Slip>,
) -> Value {
    let mut told = Map::new();
    told.insert("target".into(), target.into());
    if sample > 0 {
        told.insert("sample".into(), sample.into());
    }
    told.insert("order".into(), sheet.ids(view).into());
    if !sheet.own.is_empty() {
        told.insert("left_out".into(), sheet.own_ids(view).into());
    }
    match said {
        Ok(said) => {
            told.insert("outcome".into(), "ok".into());
            told.extend(said);
        }
        Err(slip) => {
            told.insert("outcome".into(), slip.kind.into());
            told.insert("reason".into(), slip.to_string().into());
        }
    }
    Value::Object(told)
}

impl By<'_> {
    /// As one says it in a reason.
    pub fn rung(&self) -> Rung {
        match self {
            Self::Members => Rung::Members,
            Self::Judge { number, .. } => Rung::Judge(*number),
        }
    }
}

#[cfg(test)]
mod tests;
