//! What was made of one prompt: the records, and how it was made in words.

use serde_json::Value;
use ultra_core::id::{ContentHash, Ids};
use ultra_core::record::{Json, Object, Rank, Record as _, Synthesis, Verdict};

use crate::bill::Bill;
use crate::candidate::{Case, Missing};
use crate::concat::concat;
use crate::found::{Found, Given, Judgement, put};
use crate::ladder::{Ladder, Rung};
use crate::setting::Plan;
use crate::strategy::{Strategy, View, pure};

/// One prompt with its one answer, or a judgement over its answers.
#[derive(Debug)]
pub struct Made {
    /// The prompt and its candidates.
    pub case: Case,
    /// The strategy that was asked for.
    pub strategy: Strategy,
    /// Where the ladder ended.
    pub ladder: Ladder,
    /// What was found there.
    pub found: Found,
    /// What the calls were and what they cost.
    pub bill: Bill,
    /// Ids of the responses that the judge saw in part only.
    pub shortened: Vec<String>,
}

impl Made {
    /// What `found` on a rung of the `ladder` means; `missed` is what rungs above it judged in vain.
    pub(crate) fn new(
        plan: &Plan,
        case: Case,
        ladder: Ladder,
        mut found: Found,
        mut missed: Vec<Judgement>,
    ) -> Self {
        let strategy = plan.strategy;
        missed.extend(found.judgement.take());
        found.judgement = missed.pop().map(|last| missed.into_iter().fold(last, Judgement::after));
        let is_sound = !ladder.is_degraded() && found.given != Given::Nothing;
        let accepted =
            plan.accept.as_ref().map(|accept| is_sound && accept.holds(&found, case.candidates.len()));
        if !accepted.unwrap_or(!strategy.only_judges()) {
            found.given = Given::Nothing;
        }
        if found.given == Given::Nothing {
            found.judgement.get_or_insert_with(|| Judgement::of(strategy.as_str()));
        }
        if let (Some(accepted), Some(judgement)) = (accepted, &mut found.judgement) {
            put(&mut judgement.extra, "accepted", &accepted);
        }
        if found.given != Given::Nothing && strategy.asks() && ladder.rung() != Rung::Single {
            let view = View { case: &case, plan, pattern: None, before: &[] };
            if let Some(vote) = pure::first_vote(&view) {
                found.extra.push("vote".into(), vote);
            }
        }
        // One answer that is returned as it is needs no verdict beside it.
        if ladder.rung() == Rung::Single && found.given != Given::Nothing {
            found.judgement = None;
        }
        Self { case, strategy, ladder, found, bill: Bill::default(), shortened: Vec::new() }
    }

    /// Whether there is an answer.
    pub fn has_answer(&self) -> bool {
        self.found.given != Given::Nothing
    }

    /// The answer; empty without one.
    pub fn text(&self) -> String {
        match &self.found.given {
            Given::Written { text, .. } => text.clone(),
            Given::Chosen(number) => self.case.at(*number).text.clone(),
            Given::All => concat(&self.case.texts()),
            Given::Nothing => String::new(),
        }
    }

    /// The verdict, when something was judged.
    pub fn verdict(&self, ids: &mut Ids) -> Option<Verdict> {
        let judgement = self.found.judgement.as_ref()?;
        let id_of = |number: usize| self.case.at(number).id.clone();
        let ranking = judgement.ranking.iter().map(|(number, score)| Rank {
            response_id: id_of(*number),
            score: *score,
            extra: Object::default(),
        });
        let mut verdict = Verdict {
            id: String::new(),
            prompt_id: self.case.group.prompt_id.clone(),
            strategy: judgement.strategy.to_owned(),
            ranking: ranking.collect(),
            winner: judgement.winner.map(id_of),
            margin: judgement.margin,
            agreement: judgement.agreement.clone(),
            judges: json(&judgement.judges),
            dissent: json(&judgement.dissent),
            analysis: judgement.analysis.clone(),
            extra: judgement.extra.clone(),
        };
        if !self.has_answer() {
            self.tell(&mut verdict.extra, judgement);
        }
        let mut content =
            ContentHash::new("ultra verdict v1").field(&verdict.prompt_id).field(&verdict.strategy);
        for rank in &verdict.ranking {
            content = content.field(&rank.response_id).field(rank.score.to_le_bytes());
        }
        if let Some(analysis) = verdict.analysis.as_ref().and_then(|analysis| Json::of(analysis).ok()) {
            content = content.field(analysis.text());
        }
        verdict.id = ids.give(Verdict::PREFIX, &content);
        Some(verdict)
    }

    /// What a synthesis would tell, in a verdict that stands alone.
    fn tell(&self, extra: &mut Object, judgement: &Judgement) {
        if judgement.strategy != self.strategy.as_str() {
            put(extra, "instead_of", &self.strategy.as_str());
        }
        put(extra, "rung", &self.ladder.rung().to_string());
        if self.ladder.is_degraded() {
            put(extra, "degraded", &true);
        }
        if let Some(reason) = self.reason() {
            put(extra, "reason", &reason);
        }
        if let Some(usage) = &self.bill.usage {
            put(extra, "usage", usage);
        }
        if let Some(cost) = self.bill.cost_usd {
            put(extra, "cost_usd", &cost);
        }
        for (key, value) in self.extra().iter() {
            extra.push(key.to_owned(), value.clone());
        }
    }

    /// The synthesis, when there is an answer.
    pub fn synthesis(&self, ids: &mut Ids) -> Option<Synthesis> {
        let rung = self.ladder.rung();
        // An answer that stands for all has one source; what was written from all has them all.
        let (target, mock, sources) = match &self.found.given {
            Given::Nothing => return None,
            Given::Chosen(number) => (None, false, vec![self.case.at(*number).id.clone()]),
            Given::All => (None, false, self.case.sources()),
            Given::Written { target, mock, from, .. } => {
                let mut places: Vec<usize> = from.iter().map(|number| self.case.canon[*number]).collect();
                places.sort_unstable();
                let sources = places.iter().map(|place| self.case.candidates[*place].id.clone());
                (Some(target.clone()), *mock, sources.collect())
            }
        };
        let mut synthesis = Synthesis {
            id: String::new(),
            prompt_id: self.case.group.prompt_id.clone(),
            strategy: self.strategy.as_str().to_owned(),
            target,
            text: self.text(),
            sources,
            usage: self.bill.usage.clone(),
            cost_usd: self.bill.cost_usd,
            degraded: self.ladder.is_degraded(),
            rung: Some(rung.to_string()),
            reason: self.reason(),
            mock,
            extra: self.found.extra.clone(),
        };
        for (key, value) in self.extra().iter() {
            synthesis.extra.push(key.to_owned(), value.clone());
        }
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
        Some(synthesis)
    }

    /// How it was made, in one sentence for people.
    pub fn how(&self) -> String {
        let count = self.case.candidates.len();
        let of = match self.case.asked() {
            asked if asked > count => format!("{count} of {asked} answers"),
            _ if count == 1 => "1 answer".to_owned(),
            _ => format!("{count} answers"),
        };
        let mut how = match (&self.found.given, self.ladder.rung()) {
            (_, Rung::Single) => format!("the only answer ({of}), taken as it is"),
            (Given::Written { target, .. }, _) => format!("written by {target} from {of}"),
            (Given::Chosen(number), rung) => {
                let whose = &self.case.at(*number).target;
                format!("the answer of {whose}, {}", chosen(rung, &of))
            }
            (Given::All, _) => format!("{of}, one after the other"),
            (Given::Nothing, rung) => format!("{of} judged by {rung}"),
        };
        if self.ladder.is_degraded() {
            how.push_str("; degraded");
        }
        how
    }

    /// Why the rung that was taken was taken, and what is missing on it.
    pub fn reason(&self) -> Option<String> {
        let partial = self.found.partial.as_ref().map(|slip| format!("partial: {slip}"));
        let parts: Vec<String> = self.ladder.reason().into_iter().chain(partial).collect();
        if parts.is_empty() { self.alone() } else { Some(parts.join("; ")) }
    }

    fn alone(&self) -> Option<String> {
        (self.ladder.rung() == Rung::Single)
            .then(|| format!("single: 1 of {} asked gave an answer, nothing to merge", self.case.asked()))
    }

    fn extra(&self) -> Object {
        let mut extra = Object::default();
        let missing: Vec<Json> = self.case.missing.iter().filter_map(Missing::to_json).collect();
        if self.bill.calls > 0 {
            put(&mut extra, "calls", &self.bill.calls);
        }
        if self.bill.cost_usd.is_some() && self.bill.unpriced > 0 {
            put(&mut extra, "unpriced", &self.bill.unpriced);
        }
        if let Some(latency) = self.bill.latency_ms {
            put(&mut extra, "latency_ms", &latency);
        }
        if !missing.is_empty() {
            put(&mut extra, "missing", &missing);
        }
        if !self.shortened.is_empty() {
            put(&mut extra, "shortened", &self.shortened);
        }
        extra
    }
}

fn json(values: &[Value]) -> Vec<Json> {
    values.iter().filter_map(|value| Json::of(value).ok()).collect()
}

/// Why one answer was chosen, in words.
fn chosen(rung: Rung, of: &str) -> String {
    match rung {
        Rung::Medoid => format!("most like the others of {of}"),
        Rung::Vote => format!("which most of {of} give"),
        Rung::Cluster => format!("the middle of the largest group among {of}"),
        Rung::Best => format!("which has the best form of {of}"),
        Rung::Rank => format!("ranked first of {of} before"),
        _ => format!("chosen from {of}"),
    }
}
