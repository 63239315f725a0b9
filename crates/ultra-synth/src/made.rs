//! What was made of one prompt: the records, and how it was made in words.

use ultra_core::id::{ContentHash, Ids};
use ultra_core::record::{Agreement, Json, Object, Rank, Record as _, Synthesis, Usage, Verdict};

use crate::candidate::{Case, Missing};
use crate::ladder::{Ladder, Rung, Strategy};
use crate::medoid::Medoid;
use crate::similar::WHOLE;

/// One prompt with its one answer.
#[derive(Debug)]
pub struct Made {
    /// The prompt and its candidates.
    pub case: Case,
    /// The strategy that was asked for.
    pub strategy: Strategy,
    /// Where the ladder ended.
    pub ladder: Ladder,
    /// The answer.
    pub text: String,
    /// The judge that wrote it.
    pub target: Option<String>,
    /// Tokens of all judges together.
    pub usage: Option<Usage>,
    /// Cost of all judges together, in US dollars.
    pub cost_usd: Option<f64>,
    /// A simulated model wrote it.
    pub mock: bool,
    /// The comparison of the candidates, when there was one.
    pub medoid: Option<Medoid>,
    /// Ids of the responses that the judge saw in part only.
    pub shortened: Vec<String>,
}

impl Made {
    /// The verdict, when candidates were compared.
    pub fn verdict(&self, ids: &mut Ids) -> Option<Verdict> {
        let medoid = self.medoid.as_ref()?;
        let id_of = |place: usize| self.case.candidates[place].id.clone();
        let ranking = medoid.ranking.iter().map(|(place, score)| Rank {
            response_id: id_of(*place),
            score: ratio(*score),
            extra: Object::default(),
        });
        let agreement = Agreement {
            kendall_w: None,
            mean_similarity: Some(ratio(medoid.agreement)),
            clusters: None,
            extra: Object::default(),
        };
        let mut verdict = Verdict {
            id: String::new(),
            prompt_id: self.case.group.prompt_id.clone(),
            strategy: Strategy::Medoid.as_str().to_owned(),
            ranking: ranking.collect(),
            winner: medoid.winner.map(id_of),
            margin: medoid.winner.map(|_| ratio(medoid.margin)),
            agreement: Some(agreement),
            judges: Vec::new(),
            dissent: Vec::new(),
            analysis: None,
            extra: Object::default(),
        };
        let mut content =
            ContentHash::new("ultra verdict v1").field(&verdict.prompt_id).field(&verdict.strategy);
        for rank in &verdict.ranking {
            content = content.field(&rank.response_id).field(rank.score.to_le_bytes());
        }
        verdict.id = ids.give(Verdict::PREFIX, &content);
        Some(verdict)
    }

    /// The synthesis.
    pub fn synthesis(&self, ids: &mut Ids) -> Synthesis {
        let rung = self.ladder.rung();
        // An answer that stands for all has one source; what was written from all has them all.
        let sources = match (&self.medoid, rung) {
            (Some(medoid), Rung::Medoid) => {
                medoid.winner.map(|place| self.case.candidates[place].id.clone()).into_iter().collect()
            }
            _ => self.case.sources(),
        };
        let mut synthesis = Synthesis {
            id: String::new(),
            prompt_id: self.case.group.prompt_id.clone(),
            strategy: self.strategy.as_str().to_owned(),
            target: self.target.clone(),
            text: self.text.clone(),
            sources,
            usage: self.usage.clone(),
            cost_usd: self.cost_usd,
            degraded: self.ladder.is_degraded(),
            rung: Some(rung.to_string()),
            reason: self.ladder.reason().or_else(|| self.alone()),
            mock: self.mock,
            extra: self.extra(),
        };
        let mut content = ContentHash::new("ultra synthesis v1")
            .field(&synthesis.prompt_id)
            .field(&synthesis.strategy)
            .field(rung.to_string())
            .field(synthesis.target.as_deref().unwrap_or_default())
            .field(&synthesis.text);
        for source in &synthesis.sources {
            content = content.field(source);
        }
        synthesis.id = ids.give(Synthesis::PREFIX, &content);
        synthesis
    }

    /// How it was made, in one sentence for people.
    pub fn how(&self) -> String {
        let count = self.case.candidates.len();
        let of = match self.case.asked() {
            asked if asked > count => format!("{count} of {asked} answers"),
            _ if count == 1 => "1 answer".to_owned(),
            _ => format!("{count} answers"),
        };
        let mut how = match self.ladder.rung() {
            Rung::Judge(_) => {
                let by = self.target.as_deref().unwrap_or("a model");
                format!("written by {by} from {of}")
            }
            Rung::Single => format!("the only answer ({of}), taken as it is"),
            Rung::Medoid => match &self.medoid {
                Some(Medoid { winner: Some(place), .. }) => {
                    format!(
                        "the answer of {}, most like the others of {of}",
                        self.case.candidates[*place].target
                    )
                }
                _ => format!("one of {of}"),
            },
            Rung::Concat => format!("{of}, one after the other"),
        };
        if self.ladder.is_degraded() {
            how.push_str("; degraded");
        }
        how
    }

    fn alone(&self) -> Option<String> {
        (self.ladder.rung() == Rung::Single)
            .then(|| format!("single: 1 of {} asked gave an answer, nothing to merge", self.case.asked()))
    }

    fn extra(&self) -> Object {
        let missing: Vec<Json> = self.case.missing.iter().filter_map(Missing::to_json).collect();
        let missing = (!missing.is_empty()).then(|| ("missing".to_owned(), Json::of(&missing).ok()));
        let shortened =
            (!self.shortened.is_empty()).then(|| ("shortened".to_owned(), Json::of(&self.shortened).ok()));
        let fields = [missing, shortened].into_iter().flatten();
        fields.filter_map(|(key, value)| Some((key, value?))).collect()
    }
}

/// Parts per million as a fraction.
fn ratio(score: u32) -> f64 {
    f64::from(score) / f64::from(WHOLE)
}

/// The sum of what two judges used.
pub fn add_usage(one: Option<Usage>, other: Option<Usage>) -> Option<Usage> {
    let sum = |a: Option<u64>, b: Option<u64>| match (a, b) {
        (None, None) => None,
        (a, b) => Some(a.unwrap_or_default().saturating_add(b.unwrap_or_default())),
    };
    match (one, other) {
        (Some(a), Some(b)) => Some(Usage {
            input_tokens: a.input_tokens.saturating_add(b.input_tokens),
            output_tokens: a.output_tokens.saturating_add(b.output_tokens),
            cached_input_tokens: sum(a.cached_input_tokens, b.cached_input_tokens),
            reasoning_tokens: sum(a.reasoning_tokens, b.reasoning_tokens),
            extra: Object::default(),
        }),
        (one, other) => one.or(other),
    }
}
