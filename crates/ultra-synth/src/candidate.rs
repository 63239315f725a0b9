//! The answers to one prompt that are to become one, and who is missing.

use std::cell::OnceCell;

use ultra_core::draw;
use ultra_core::record::{Json, Object};
use ultra_template::group::{Group, Outcome, StageRun};

use crate::similar::Matrix;

/// One answer. Its place in the list of candidates is its place in the panel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The member of the panel, by its number in the group.
    pub member: usize,
    /// The response.
    pub id: String,
    /// Who gave it.
    pub target: String,
    /// Number of the sample, from 0.
    pub sample: u32,
    /// What it says.
    pub text: String,
}

/// A call that gave no usable answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// Who was asked.
    pub target: String,
    /// Number of the sample, from 0.
    pub sample: u32,
    /// The kind of its failure; `None` when nothing came.
    pub kind: Option<String>,
}

/// One prompt, ready to be merged.
#[derive(Debug, Clone)]
pub struct Case {
    /// Everything that was asked and answered.
    pub group: Group,
    /// The stage that gave the candidates; `None` without a usable answer.
    pub stage: Option<u32>,
    /// The usable answers of the last stage that has any, in the order of the panel. Answers whose request is not
    /// in the stream are in the order of their content, so that neither arrival nor name matters.
    pub candidates: Vec<Candidate>,
    /// The places of the candidates in the order of their content, by *canonical number*. Equal texts are in the
    /// order of the panel.
    pub canon: Vec<usize>,
    /// Members whose answers an earlier judgement has ruled out.
    pub dropped: Vec<usize>,
    /// The calls of that stage without a usable answer.
    pub missing: Vec<Missing>,
    /// What happened when the candidates are not those of the last stage.
    pub fallback: Option<String>,
    /// How alike they are, once somebody has asked.
    matrix: OnceCell<Matrix>,
}

impl Case {
    /// The candidates of a group.
    pub fn of(group: Group) -> Self {
        // Remarks on answers are no candidates.
        let stages: Vec<&StageRun> = group.stages().filter(|stage| !stage.review).collect();
        let used = stages.iter().rev().find(|stage| stage.calls.iter().any(is_usable)).copied();
        let gives_none = |index: &u32| group.stage(*index).is_none_or(|stage| !stage.review);
        let fallback =
            used.filter(|used| (used.index + 1..group.of).any(|index| gives_none(&index))).map(|used| {
                let last = stages.iter().rfind(|stage| stage.index > used.index);
                match last {
                    Some(last) => {
                        format!("stage `{}` gave no answer, those of `{}` stand in", last.name, used.name)
                    }
                    None => format!("the last stage was not asked, the answers of `{}` stand in", used.name),
                }
            });
        let shown = used.or(stages.last().copied());
        let mut candidates = shown.map(usable).unwrap_or_default();
        if shown.is_some_and(|stage| stage.requests.is_empty()) {
            candidates.sort_by_cached_key(|candidate| (content(&candidate.text), candidate.id.clone()));
        }
        let missing = shown.map(missing).unwrap_or_default();
        let canon = canon(&candidates);
        let stage = used.map(|used| used.index);
        Self {
            stage,
            candidates,
            canon,
            dropped: Vec::new(),
            missing,
            fallback,
            group,
            matrix: OnceCell::new(),
        }
    }

    /// Keeps these candidates only, which are named by the ids of their responses.
    pub fn keep(&mut self, ids: &[&str]) {
        let (kept, dropped): (Vec<_>, Vec<_>) = std::mem::take(&mut self.candidates)
            .into_iter()
            .partition(|candidate| ids.contains(&candidate.id.as_str()));
        self.canon = canon(&kept);
        self.candidates = kept;
        self.matrix = OnceCell::new();
        self.dropped.extend(dropped.into_iter().map(|candidate| candidate.member));
    }

    /// Whether an answer of the group, of any stage, has this id.
    pub fn has_answer(&self, id: &str) -> bool {
        let calls = self.group.stages().flat_map(|stage| &stage.calls);
        calls
            .into_iter()
            .any(|call| matches!(&call.outcome, Outcome::Answered(response) if response.id == id))
    }

    /// The candidate with this canonical number.
    pub fn at(&self, number: usize) -> &Candidate {
        &self.candidates[self.canon[number]]
    }

    /// The texts by canonical number.
    pub fn canonical_texts(&self) -> Vec<&str> {
        self.canon.iter().map(|place| self.candidates[*place].text.as_str()).collect()
    }

    /// How alike the texts are by their letters, by canonical number.
    pub fn matrix(&self) -> &Matrix {
        self.matrix.get_or_init(|| Matrix::lexical(&self.canonical_texts()))
    }

    /// The question as it was put to the panel, or as the user put it.
    pub fn question(&self) -> Option<String> {
        self.group.question().or_else(|| self.group.prompt.as_ref().map(|prompt| prompt.text.clone()))
    }

    /// The texts, in the order of the panel.
    pub fn texts(&self) -> Vec<&str> {
        self.candidates.iter().map(|candidate| candidate.text.as_str()).collect()
    }

    /// The targets of the calls of that stage whose answer nobody heard: they were not asked, or not waited for.
    pub fn unheard(&self) -> impl Iterator<Item = &str> {
        let stage = self.stage.and_then(|index| self.group.stage(index));
        let calls = stage.into_iter().flat_map(|stage| &stage.calls);
        calls.filter(|call| call.outcome.is_unheard()).map(|call| call.target.as_str())
    }

    /// How many answers were asked for.
    pub fn asked(&self) -> usize {
        self.candidates.len() + self.missing.len()
    }

    /// The order in which judge number `judge` sees the candidates, by their place.
    ///
    /// The content alone decides the circle, and the seed and the question where it is entered; every further
    /// judge enters it one step later. So neither names nor arrival nor the order of the panel change what a judge
    /// reads, and over the judges every answer stands in every position.
    pub fn order(&self, seed: u64, judge: usize) -> Vec<usize> {
        self.circle(seed, judge).into_iter().map(|number| self.canon[number]).collect()
    }

    /// The same order by canonical number.
    pub fn circle(&self, seed: u64, judge: usize) -> Vec<usize> {
        let mut circle: Vec<usize> = (0..self.candidates.len()).collect();
        if !circle.is_empty() {
            let question = self.question().unwrap_or_default();
            let start = draw::bits(seed, "order of the answers", &[question.as_bytes()]);
            let len = circle.len() as u64;
            let start = usize::try_from((start % len + judge as u64 % len) % len).unwrap_or_default();
            circle.rotate_left(start);
        }
        circle
    }

    /// The ids of the candidates, in the order of the panel.
    pub fn sources(&self) -> Vec<String> {
        self.candidates.iter().map(|candidate| candidate.id.clone()).collect()
    }
}

impl Missing {
    /// As it stands in a synthesis.
    pub fn to_json(&self) -> Option<Json> {
        let mut object = Object::default();
        object.push("target".into(), Json::of(&self.target).ok()?);
        object.push("sample".into(), Json::of(&self.sample).ok()?);
        if let Some(kind) = &self.kind {
            object.push("kind".into(), Json::of(kind).ok()?);
        }
        Json::of(&object).ok()
    }
}

fn canon(candidates: &[Candidate]) -> Vec<usize> {
    let mut canon: Vec<usize> = (0..candidates.len()).collect();
    canon.sort_by_cached_key(|place| content(&candidates[*place].text));
    canon
}

/// A text's place among texts, which says nothing about its first letters: a checksum, and the length where two texts
/// have the same one. A costlier hash would defend nothing: whoever tries texts until one gets a certain place can do
/// so with every function that they know.
pub(crate) fn content(text: &str) -> (u32, usize) {
    (crc32fast::hash(text.as_bytes()), text.len())
}

fn is_usable(call: &ultra_template::group::Call) -> bool {
    matches!(&call.outcome, Outcome::Answered(response) if response.flaw().is_none())
}

fn usable(stage: &StageRun) -> Vec<Candidate> {
    let answered = stage.calls.iter().filter_map(|call| match &call.outcome {
        Outcome::Answered(response) if response.flaw().is_none() => Some(Candidate {
            member: call.member,
            id: response.id.clone(),
            target: response.target.clone(),
            sample: response.sample,
            text: response.text.clone(),
        }),
        _ => None,
    });
    answered.collect()
}

fn missing(stage: &StageRun) -> Vec<Missing> {
    let without = stage.calls.iter().filter_map(|call| {
        let kind = match &call.outcome {
            Outcome::Open => None,
            Outcome::Failed { kind, .. } => Some(kind.to_string()),
            Outcome::Answered(response) => Some(response.flaw()?.to_owned()),
        };
        Some(Missing { target: call.target.clone(), sample: call.sample, kind })
    });
    without.collect()
}

#[cfg(test)]
mod tests;
