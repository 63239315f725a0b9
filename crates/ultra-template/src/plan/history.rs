//! The stages before one stage, as its templates see them.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use minijinja::value::Serde;
use minijinja::{Value, context};
use serde_json::Value as Json;
use ultra_core::kind::ErrorKind;
use ultra_core::record::{PatternRef, Request, Response, Role};

use crate::fault::Fault;
use crate::fence::Fence;
use crate::group::{Answer, Group, Outcome, StageRun};
use crate::pattern::{Audience, Gives, Pattern, Stage, Step, WhenEmpty};
use crate::value::{labelled, listed};
use crate::{label, library};

/// What a judge is called.
const JUDGE_LABEL: &str = "Judge";

/// The answers that count as those of one stage.
#[derive(Clone)]
pub(super) struct Past<'a> {
    stage: &'a Stage,
    /// Whether the stage was empty, so that those of an earlier one stand in.
    pub(super) fallback: bool,
    /// By member; a judge's under the number of the judge.
    pub(super) answers: BTreeMap<usize, Answer<'a>>,
}

/// The stages before one stage.
pub(super) struct History<'a> {
    group: &'a Group,
    pub(super) reference: PatternRef,
    stages: Vec<Past<'a>>,
    /// The fenced answers, by stage and member; a stage that fell back shares those of the stage before.
    shown: Vec<BTreeMap<usize, Value>>,
    questions: BTreeMap<Cow<'a, str>, Value>,
    pub(super) warnings: Vec<String>,
}

/// Whom a template speaks to.
#[derive(Debug, Clone, Copy)]
pub(super) enum Reader {
    /// A member of the panel, who sees the others or does not.
    Member(usize, Audience),
    /// A judge, or the writer of the synthesis.
    Outsider,
}

impl<'a> History<'a> {
    pub(super) fn of(pattern: &'a Pattern, group: &'a Group, upto: usize, seed: u64) -> Result<Self, Fault> {
        let Some(reference) = group.pattern.clone() else {
            return Err(pattern.fault(ErrorKind::TemplatePattern, "the requests were made without a pattern"));
        };
        if reference.blake3 != pattern.blake3 {
            return Err(library::changed(&pattern.file, &reference.name));
        }
        let mut warnings = Vec::new();
        let mut stages: Vec<Past<'a>> = Vec::new();
        for (at, stage) in pattern.stages.iter().take(upto).enumerate() {
            let run = u32::try_from(at).ok().and_then(|at| group.stage(at));
            let before = stages.iter().rfind(|past| past.stage.audience != Audience::One);
            let least = least(stage, &reference);
            let past = past(stage, run, before, least);
            if past.answers.is_empty() && before.is_none()
                || past.fallback && stage.when_empty == WhenEmpty::Stop
            {
                return Err(pattern.fault(ErrorKind::NoInputs, nothing(group, stage, run, least)));
            }
            // Whoever followed up the stages before has said what was missing there.
            warnings = left_out(&past, run, before, least).into_iter().collect();
            stages.push(past);
        }
        let questions = questions(group);
        let texts = stages.iter().filter(|past| !past.fallback).flat_map(|past| past.answers.values());
        let data = questions.iter().map(Cow::as_ref).chain(texts.map(|answer| answer.text));
        let fence = Fence::around(seed, data);
        let mut shown: Vec<BTreeMap<usize, Value>> = Vec::new();
        // The panel's answers that stand in for those of an empty stage.
        let mut panel = BTreeMap::new();
        for past in &stages {
            let framed = match past.stage.audience {
                Audience::One => frame(&fence, past),
                _ if past.fallback => panel.clone(),
                _ => frame(&fence, past),
            };
            if past.stage.audience != Audience::One {
                panel.clone_from(&framed);
            }
            shown.push(framed);
        }
        let framed = |text: Cow<'a, str>| {
            let value = Value::from(fence.question(&text));
            (text, value)
        };
        let questions = questions.into_iter().map(framed).collect();
        Ok(Self { group, reference, stages, shown, questions, warnings })
    }

    /// The last stage of the panel: who is left, and whose answers are read next.
    pub(super) fn panel(&self) -> &Past<'a> {
        let panel = self.stages.iter().rfind(|past| past.stage.audience != Audience::One);
        // The first stage is the panel's, and is there.
        panel.unwrap_or(&self.stages[0])
    }

    /// Whether the stage before was empty.
    pub(super) fn fell_back(&self) -> bool {
        self.stages.last().is_some_and(|last| last.fallback)
    }

    /// Ids of the answers to the question that are to be merged: those of the last stage that gives answers.
    pub(super) fn sources(&self) -> Vec<String> {
        let last = self.stages.iter().rfind(|past| past.stage.gives == Gives::Answer && !past.fallback);
        let last = last.unwrap_or(&self.stages[0]);
        last.answers.values().map(|answer| answer.response.id.clone()).collect()
    }

    /// What the template of `step` sees when it speaks to `reader`, and `more`.
    pub(super) fn values(&self, step: &Step, reader: Reader, more: &[(&'static str, Value)]) -> Value {
        let mut values: BTreeMap<&str, Value> = more.iter().cloned().collect();
        let member = match reader {
            Reader::Member(member, _) => Some(member),
            Reader::Outsider => None,
        };
        let asked = self.group.first_request(member).map(question_of).unwrap_or_default();
        values.insert("question", self.questions.get(&asked).cloned().unwrap_or_default());
        values.insert("vars", vars_value(&self.reference));
        if let Some(prompt) = self.group.prompt.as_ref().filter(|_| step.uses("prompt")) {
            values.insert("prompt", Value::from(prompt.text.as_str()));
        }
        for (past, shown) in self.stages.iter().zip(&self.shown) {
            if !step.uses(&past.stage.name) {
                continue;
            }
            let fallback = past.fallback;
            let value = match reader {
                _ if past.stage.audience == Audience::One => {
                    context! { answer => shown.values().next(), fallback }
                }
                Reader::Outsider => context! { answers => all_but(shown, None), fallback },
                Reader::Member(member, Audience::Each) => context! { own => shown.get(&member), fallback },
                Reader::Member(member, _) => {
                    context! { own => shown.get(&member), others => all_but(shown, Some(member)), fallback }
                }
            };
            values.insert(past.stage.name.as_str(), value);
        }
        let at = self.stages.iter().rposition(|past| past.stage.audience != Audience::One);
        let last = &self.shown[at.unwrap_or_default()];
        match reader {
            Reader::Outsider => drop(values.insert("answers", all_but(last, None))),
            Reader::Member(member, audience) => {
                values.insert("own", last.get(&member).cloned().unwrap_or_default());
                if audience == Audience::Others {
                    values.insert("others", all_but(last, Some(member)));
                }
            }
        }
        Value::from_pairs(values)
    }
}

/// The values of variables that a request carries.
pub(super) fn vars_value(reference: &PatternRef) -> Value {
    let read = |(name, value): (&str, &ultra_core::record::Json)| {
        (name.to_owned(), Value::from(Serde(value.read::<Json>().unwrap_or_default())))
    };
    Value::from_pairs(reference.vars.iter().map(read))
}

/// The least answers for a stage to count.
fn least(stage: &Stage, reference: &PatternRef) -> usize {
    let said = reference.min_responses.or(stage.min).unwrap_or(1) as usize;
    if stage.audience == Audience::One { 1 } else { said.max(1) }
}

/// The answers of a stage, or of the panel's stage before when they are too few.
fn past<'a>(
    stage: &'a Stage,
    run: Option<&'a StageRun>,
    before: Option<&Past<'a>>,
    least: usize,
) -> Past<'a> {
    let answers = run.map(StageRun::answers).unwrap_or_default().into_iter();
    let usable = answers.filter(|answer| stage.output_schema.is_none() || json_of(answer.response).is_some());
    let answers: BTreeMap<_, _> = usable.map(|answer| (answer.member, answer)).collect();
    if answers.len() >= least {
        return Past { stage, fallback: false, answers };
    }
    // Nobody stands in for a judge.
    let stand_in = before.filter(|_| stage.audience != Audience::One).map(|before| before.answers.clone());
    Past { stage, fallback: before.is_some(), answers: stand_in.unwrap_or_default() }
}

/// What an answer says as JSON.
fn json_of(response: &Response) -> Option<Json> {
    let read = match &response.json {
        Some(json) => json.read().ok(),
        None => serde_json::from_str(response.text.trim()).ok(),
    };
    read.filter(Json::is_object)
}

/// Why a prompt cannot go on.
fn nothing(group: &Group, stage: &Stage, run: Option<&StageRun>, least: usize) -> String {
    let got = run.map_or(0, |run| run.answers().len());
    if least > 1 {
        return format!(
            "{got} models answered the prompt `{}` in stage `{}`; at least {least} are needed",
            group.prompt_id, stage.name
        );
    }
    if stage.when_empty == WhenEmpty::Stop {
        return format!("no model answered the prompt `{}` in stage `{}`", group.prompt_id, stage.name);
    }
    format!("no model answered the prompt `{}`", group.prompt_id)
}

/// Says who is missing in a stage, and why.
fn left_out(
    past: &Past<'_>,
    run: Option<&StageRun>,
    before: Option<&Past<'_>>,
    least: usize,
) -> Option<String> {
    let name = &past.stage.name;
    if past.fallback {
        let why = run.map(|run| reasons(past.stage, run)).filter(|why| !why.is_empty());
        let why = why.unwrap_or_else(|| "it was not asked".to_owned());
        let what = match least {
            1 => format!("no answer in stage `{name}` ({why})"),
            _ => format!("fewer than {least} answers in stage `{name}` ({why})"),
        };
        return Some(match before.filter(|_| past.stage.audience != Audience::One) {
            Some(before) => format!("{what}; those of `{}` stand in", before.stage.name),
            None => format!("{what}; the prompt goes on without it"),
        });
    }
    let run = run?;
    if past.answers.len() == run.calls.len() {
        return None;
    }
    let (gone, of) = (run.calls.len() - past.answers.len(), run.calls.len());
    Some(format!("{gone} of {of} models are left out after stage `{name}`: {}", reasons(past.stage, run)))
}

fn reasons(stage: &Stage, run: &StageRun) -> String {
    let reasons = run.calls.iter().filter_map(|call| match &call.outcome {
        Outcome::Open => Some(format!("{}: no answer came", call.target)),
        Outcome::Failed { kind, .. } => Some(format!("{}: {kind}", call.target)),
        Outcome::Answered(response) if response.text.trim().is_empty() => {
            Some(format!("{}: the answer is empty", call.target))
        }
        Outcome::Answered(response) if stage.output_schema.is_some() && json_of(response).is_none() => {
            Some(format!("{}: the answer is no JSON object", call.target))
        }
        Outcome::Answered(_) => None,
    });
    reasons.collect::<Vec<_>>().join(", ")
}

fn frame(fence: &Fence, past: &Past<'_>) -> BTreeMap<usize, Value> {
    let framed = past.answers.values().map(|answer| {
        let of_judge = past.stage.audience == Audience::One;
        let label = if of_judge { JUDGE_LABEL.to_owned() } else { label(answer.member) };
        let text = fence.answer(&label, answer.text);
        let json = past.stage.output_schema.as_ref().and_then(|_| json_of(answer.response));
        (answer.member, labelled(label, text, json))
    });
    framed.collect()
}

fn all_but(shown: &BTreeMap<usize, Value>, member: Option<usize>) -> Value {
    listed(
        shown.iter().filter(|(other, _)| Some(**other) != member).map(|(_, value)| value.clone()).collect(),
    )
}

/// Every different question of the first stage.
fn questions(group: &Group) -> BTreeSet<Cow<'_, str>> {
    let first = group.stages().next();
    first.into_iter().flat_map(|first| &first.requests).map(question_of).collect()
}

fn question_of(request: &Request) -> Cow<'_, str> {
    let asked = request.messages.iter().rfind(|message| message.role == Role::User);
    asked.map(|message| message.content.text()).unwrap_or_default()
}
