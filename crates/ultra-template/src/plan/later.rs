//! The stages after the first, and the synthesis: every member sees its own answers as its own, and as the
//! others' exactly the others'.

use std::collections::{BTreeMap, BTreeSet};

use minijinja::value::Serde;
use minijinja::{Value, context};
use ultra_core::kind::ErrorKind;
use ultra_core::record::{Message, PatternRef, Request, Role};

use super::{Plan, Turn, request, system};
use crate::fault::Fault;
use crate::fence::Fence;
use crate::file::Audience;
use crate::group::{Answer, Group};
use crate::pattern::{Pattern, Step};
use crate::value::{labelled, listed};
use crate::{label, library};

/// The messages for the model that merges the answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Fusion {
    /// What to send.
    pub messages: Vec<Message>,
    /// Ids of the responses that are to be merged, by member.
    pub sources: Vec<String>,
    /// Sentences for people.
    pub warnings: Vec<String>,
}

/// Makes the requests of the stage after `finished`, one for each member that is left.
///
/// There are none after the last stage. A member that failed `finished` is left out; when all failed, the answers
/// of the stage before stand in, and a warning says so.
///
/// # Errors
/// `no_inputs` when no stage has an answer, and what [`first`](super::first) fails with.
pub fn next(pattern: &Pattern, group: &Group, finished: u32, seed: u64) -> Result<Plan, Fault> {
    let index = finished as usize + 1;
    let Some(stage) = pattern.stages.get(index) else { return Ok(Plan::default()) };
    let history = History::of(pattern, group, index, seed)?;
    let members: Vec<usize> = history.last().answers.keys().copied().collect();
    let mut requests = Vec::with_capacity(members.len());
    for &member in &members {
        let Some(seat) = group.seat(member) else { continue };
        let text = pattern.render(&stage.step, history.values(&stage.step, Some(member), stage.audience))?;
        let first = group.first_request(Some(member));
        let turn = Turn {
            index,
            requests: members.len(),
            member: Some(member),
            targets: vec![seat.target.clone()],
            samples: None,
            params: first.and_then(|first| first.params.clone()),
            deadline_ms: first.and_then(|first| first.deadline_ms),
            prompt_id: &group.prompt_id,
            reference: history.reference.clone(),
        };
        requests.push(request(pattern, turn, messages(pattern, &stage.step, first, text))?);
    }
    Ok(Plan { requests, warnings: history.warnings })
}

/// Makes the messages for the synthesis of what a group ends with.
///
/// # Errors
/// As for [`next`].
pub fn ultra(pattern: &Pattern, group: &Group, seed: u64) -> Result<Fusion, Fault> {
    let history = History::of(pattern, group, pattern.stages.len(), seed)?;
    let text =
        pattern.render(&pattern.ultra.step, history.values(&pattern.ultra.step, None, Audience::One))?;
    let messages = messages(pattern, &pattern.ultra.step, group.first_request(None), text);
    let sources = history.last().answers.values().map(|answer| answer.response.id.clone()).collect();
    Ok(Fusion { messages, sources, warnings: history.warnings })
}

/// The values of variables that a request carries.
pub(super) fn vars_value(reference: &PatternRef) -> Value {
    let read = |(name, value): (&str, &ultra_core::record::Json)| {
        Some((name.to_owned(), Value::from(Serde(value.read::<serde_json::Value>().ok()?))))
    };
    Value::from_pairs(reference.vars.iter().filter_map(read))
}

/// The answers that count as those of one stage.
#[derive(Clone)]
struct Past<'a> {
    name: &'a str,
    fallback: bool,
    answers: BTreeMap<usize, Answer<'a>>,
}

/// The stages before one stage, as templates see them.
struct History<'a> {
    group: &'a Group,
    reference: PatternRef,
    stages: Vec<Past<'a>>,
    /// The fenced answers, by stage and member; a stage that fell back shares those of the stage before.
    shown: Vec<BTreeMap<usize, Value>>,
    questions: BTreeMap<String, Value>,
    warnings: Vec<String>,
}

impl<'a> History<'a> {
    fn of(pattern: &'a Pattern, group: &'a Group, upto: usize, seed: u64) -> Result<Self, Fault> {
        let Some(reference) = group.pattern.clone() else {
            return Err(pattern.fault(ErrorKind::TemplatePattern, "the requests were made without a pattern"));
        };
        if reference.blake3 != pattern.blake3 {
            return Err(library::changed(&pattern.file, &reference.name));
        }
        let mut warnings = Vec::new();
        let mut stages: Vec<Past<'a>> = Vec::new();
        for (at, stage) in pattern.stages.iter().take(upto).enumerate() {
            let past = past(group, &stage.name, at, stages.last());
            // Whoever followed up the stages before has said what was missing there.
            warnings = left_out(group, at, &past, stages.last()).into_iter().collect();
            stages.push(past);
        }
        if stages.last().is_none_or(|last| last.answers.is_empty()) {
            let message = format!("no model answered the prompt `{}`", group.prompt_id);
            return Err(pattern.fault(ErrorKind::NoInputs, message));
        }
        let questions = questions(group);
        let texts = stages.iter().filter(|stage| !stage.fallback).flat_map(|stage| stage.answers.values());
        let data = questions.iter().map(String::as_str).chain(texts.map(|answer| answer.text));
        let fence = Fence::around(seed, data);
        let mut shown: Vec<BTreeMap<usize, Value>> = Vec::new();
        for stage in &stages {
            let framed = match shown.last() {
                Some(before) if stage.fallback => before.clone(),
                _ => frame(&fence, stage),
            };
            shown.push(framed);
        }
        let questions =
            questions.iter().map(|text| (text.clone(), Value::from(fence.question(text)))).collect();
        Ok(Self { group, reference, stages, shown, questions, warnings })
    }

    fn last(&self) -> &Past<'a> {
        &self.stages[self.stages.len() - 1]
    }

    /// What the template of `step` sees when it speaks to `member`, or to nobody on the panel.
    fn values(&self, step: &Step, member: Option<usize>, audience: Audience) -> Value {
        let mut values: BTreeMap<&str, Value> = BTreeMap::new();
        let asked = self.group.first_request(member).map(question_of).unwrap_or_default();
        values.insert("question", self.questions.get(&asked).cloned().unwrap_or_default());
        values.insert("vars", vars_value(&self.reference));
        if let Some(prompt) = &self.group.prompt {
            values.insert("prompt", Value::from(prompt.text.as_str()));
        }
        for (stage, shown) in self.stages.iter().zip(&self.shown).filter(|(stage, _)| step.uses(stage.name)) {
            let fallback = stage.fallback;
            let value = match member {
                None => context! { answers => all_but(shown, None), fallback },
                Some(member) if audience == Audience::Each => {
                    context! { own => shown.get(&member), fallback }
                }
                Some(member) => {
                    context! { own => shown.get(&member), others => all_but(shown, Some(member)), fallback }
                }
            };
            values.insert(stage.name, value);
        }
        let last = &self.shown[self.shown.len() - 1];
        match member {
            None => drop(values.insert("answers", all_but(last, None))),
            Some(member) => {
                values.insert("own", last.get(&member).cloned().unwrap_or_default());
                if audience == Audience::Others {
                    values.insert("others", all_but(last, Some(member)));
                }
            }
        }
        Value::from_pairs(values)
    }
}

/// The answers of stage `at`, or of the stage before when it has none.
fn past<'a>(group: &'a Group, name: &'a str, at: usize, before: Option<&Past<'a>>) -> Past<'a> {
    let run = u32::try_from(at).ok().and_then(|at| group.stage(at));
    let answers: BTreeMap<_, _> = run
        .map(crate::group::StageRun::answers)
        .unwrap_or_default()
        .into_iter()
        .map(|answer| (answer.member, answer))
        .collect();
    match before {
        Some(before) if answers.is_empty() => Past { name, fallback: true, answers: before.answers.clone() },
        _ => Past { name, fallback: false, answers },
    }
}

/// Says who is missing in stage `at`, and why.
fn left_out(group: &Group, at: usize, past: &Past<'_>, before: Option<&Past<'_>>) -> Option<String> {
    let run = u32::try_from(at).ok().and_then(|at| group.stage(at));
    if past.fallback {
        let before = before.map_or("", |before| before.name);
        let why =
            run.map(reasons).filter(|why| !why.is_empty()).unwrap_or_else(|| "it was not asked".to_owned());
        return Some(format!("no answer in stage `{}` ({why}); those of `{before}` stand in", past.name));
    }
    let run = run?;
    if past.answers.len() == run.calls.len() {
        return None;
    }
    let (gone, of) = (run.calls.len() - past.answers.len(), run.calls.len());
    Some(format!("{gone} of {of} models are left out after stage `{}`: {}", past.name, reasons(run)))
}

fn reasons(run: &crate::group::StageRun) -> String {
    use crate::group::Outcome;
    let reasons = run.calls.iter().filter_map(|call| match &call.outcome {
        Outcome::Open => Some(format!("{}: no answer came", call.target)),
        Outcome::Failed { kind, .. } => Some(format!("{}: {kind}", call.target)),
        Outcome::Answered(response) if response.text.trim().is_empty() => {
            Some(format!("{}: the answer is empty", call.target))
        }
        Outcome::Answered(_) => None,
    });
    reasons.collect::<Vec<_>>().join(", ")
}

fn frame(fence: &Fence, stage: &Past<'_>) -> BTreeMap<usize, Value> {
    let framed = stage.answers.values().map(|answer| {
        let label = label(answer.member);
        let text = fence.answer(&label, answer.text);
        (answer.member, labelled(label, text, None))
    });
    framed.collect()
}

fn all_but(shown: &BTreeMap<usize, Value>, member: Option<usize>) -> Value {
    listed(
        shown.iter().filter(|(other, _)| Some(**other) != member).map(|(_, value)| value.clone()).collect(),
    )
}

/// Every different question of the first stage.
fn questions(group: &Group) -> BTreeSet<String> {
    let first = group.stages().next();
    first.into_iter().flat_map(|first| &first.requests).map(question_of).collect()
}

fn question_of(request: &Request) -> String {
    let asked = request.messages.iter().rfind(|message| message.role == Role::User);
    asked.map(|message| message.content.text().into_owned()).unwrap_or_default()
}

/// What stood before the question in the first stage, with the role of `step` in place of the first one's.
fn messages(pattern: &Pattern, step: &Step, first: Option<&Request>, text: String) -> Vec<Message> {
    let before = first.map(|first| first.messages.as_slice()).unwrap_or_default();
    let asked = before.iter().rposition(|message| message.role == Role::User).unwrap_or(before.len());
    let (mut standing, mut turns) = (None, &before[..asked]);
    if let [message, rest @ ..] = turns
        && message.role == Role::System
    {
        (standing, turns) = (Some(message.content.text().into_owned()), rest);
    }
    if let (Some(text), Some(role)) =
        (&mut standing, pattern.stages.first().and_then(|first| pattern.role(&first.step)))
        && let Some(own) = text.strip_suffix(role)
    {
        *text = own.trim_end_matches("\n\n").to_owned();
    }
    let mut messages: Vec<_> = system(standing.as_deref(), pattern.role(step)).into_iter().collect();
    messages.extend(turns.iter().cloned());
    messages.push(Message::new(Role::User, text));
    messages
}
