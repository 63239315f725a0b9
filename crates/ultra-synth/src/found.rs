//! What a strategy found: an answer, a judgement over the answers, or both.
//!
//! Answers are named by their *canonical number*, which [`Case::canon`](crate::candidate::Case::canon) maps to places
//! in the panel. It depends on what the answers say and on nothing else.

use serde::Serialize;
use serde_json::Value;
use ultra_core::kind::ErrorKind;
use ultra_core::record::{Agreement, Analysis, Json, Object};

use crate::ladder::Slip;

/// What a strategy, or a rung below it, found.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The answer.
    pub given: Given,
    /// What was judged, when something was.
    pub judgement: Option<Judgement>,
    /// What went wrong without changing the rung.
    pub partial: Option<Slip>,
    /// What else the synthesis tells.
    pub extra: Object,
}

/// Where an answer comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Given {
    /// A model wrote it.
    Written {
        /// The text.
        text: String,
        /// The model.
        target: String,
        /// It is simulated.
        mock: bool,
        /// The answers that it was written from.
        from: Vec<usize>,
    },
    /// It is one of the answers.
    Chosen(usize),
    /// All answers, one after the other.
    All,
    /// There is a judgement only.
    Nothing,
}

/// A judgement over the answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// The strategy that judged.
    pub strategy: &'static str,
    /// The answers, best first, with their scores.
    pub ranking: Vec<(usize, f64)>,
    /// The one that won.
    pub winner: Option<usize>,
    /// Its lead over the next.
    pub margin: Option<f64>,
    /// How far the answers or the judges agree.
    pub agreement: Option<Agreement>,
    /// Who judged, in which order and with which result.
    pub judges: Vec<Value>,
    /// Judges that differ strongly from the others.
    pub dissent: Vec<Value>,
    /// What the answers have in common and where they part.
    pub analysis: Option<Analysis>,
    /// What else the verdict tells.
    pub extra: Object,
}

/// A rung that does not hold, and what was judged all the same.
#[derive(Debug, Clone, PartialEq)]
pub struct Miss {
    /// Why it does not hold.
    pub slip: Slip,
    /// What was judged.
    pub judgement: Option<Box<Judgement>>,
}

impl Found {
    /// Only this answer.
    pub fn given(given: Given) -> Self {
        Self { given, judgement: None, partial: None, extra: Object::default() }
    }

    /// A judgement, and the winner as the answer.
    pub fn judged(judgement: Judgement) -> Self {
        let given = judgement.winner.map_or(Given::Nothing, Given::Chosen);
        Self { judgement: Some(judgement), ..Self::given(given) }
    }

    /// A judgement without an answer.
    pub fn verdict(judgement: Judgement) -> Self {
        Self { judgement: Some(judgement), ..Self::given(Given::Nothing) }
    }
}

impl Judgement {
    /// An empty judgement of `strategy`.
    pub fn of(strategy: &'static str) -> Self {
        Self {
            strategy,
            ranking: Vec::new(),
            winner: None,
            margin: None,
            agreement: None,
            judges: Vec::new(),
            dissent: Vec::new(),
            analysis: None,
            extra: Object::default(),
        }
    }

    /// With what was judged before it in vain: beside it where the strategy is the same, otherwise under its name.
    #[must_use]
    pub fn after(mut self, missed: Self) -> Self {
        if missed.strategy == self.strategy {
            self.judges.splice(0..0, missed.judges);
            return self;
        }
        let mut told = missed.extra;
        if let Some(margin) = missed.margin {
            put(&mut told, "margin", &margin);
        }
        if !missed.judges.is_empty() {
            put(&mut told, "judges", &missed.judges);
        }
        if !told.is_empty() {
            put(&mut self.extra, missed.strategy, &told);
        }
        self
    }

    /// The judgement that orders the answers by `scores`, larger first. The first wins, unless it shares its score.
    pub fn by_scores(strategy: &'static str, scores: &[f64]) -> Self {
        let mut ranking: Vec<(usize, f64)> = scores.iter().copied().enumerate().collect();
        ranking.sort_by(|one, other| other.1.total_cmp(&one.1));
        let lead = match ranking.as_slice() {
            [(_, first), (_, second), ..] => first - second,
            _ => 0.0,
        };
        let winner = ranking.first().filter(|_| lead > TIE).map(|(first, _)| *first);
        Self { margin: Some(if lead > TIE { lead } else { 0.0 }), winner, ranking, ..Self::of(strategy) }
    }
}

/// Scores that differ by less are a tie: they are sums of fractions.
const TIE: f64 = 1e-9;

impl From<Slip> for Miss {
    fn from(slip: Slip) -> Self {
        Self { slip, judgement: None }
    }
}

impl Miss {
    /// A judgement without a winner.
    pub fn tie(message: impl Into<String>, judgement: Judgement) -> Self {
        let slip = Slip { kind: "no_agreement", error: ErrorKind::NoInputs, message: message.into() };
        Self { slip, judgement: Some(Box::new(judgement)) }
    }
}

/// Adds a field whose value has a JSON form.
pub fn put(object: &mut Object, key: &str, value: &impl Serialize) {
    if let Ok(json) = Json::of(value) {
        object.push(key.to_owned(), json);
    }
}

/// An agreement that nothing is known of.
pub fn no_agreement() -> Agreement {
    Agreement { kendall_w: None, mean_similarity: None, clusters: None, extra: Object::default() }
}
