//! What a judge is told: the instruction of a pattern, or ours, over the question and anonymous answers.
//!
//! The judge gets a *blind* copy of the group: members are renumbered in the judge's own order, targets, models and
//! ids are gone, and long answers are shortened. Templates see nothing else, so no name can reach a judge.

use std::borrow::Cow;
use std::collections::BTreeMap;

use ultra_core::record::{Message, Object, PatternRef, Request, Response, Role, Stage};
use ultra_template::group::{Call, Group, Groups, JUDGE, Outcome, StageRun};
use ultra_template::{Fault, Faults, Format, Pattern, plan};

use crate::candidate::{Case, content};

/// Stands in for a question that nobody told.
pub(crate) const UNKNOWN: &str = "(The question itself is not known; the answers show what it was.)";

/// What a judge is told, and what was left out.
#[derive(Debug, Clone, PartialEq)]
pub struct Brief {
    /// The messages.
    pub messages: Vec<Message>,
    /// Ids of the responses that were shortened, in the order of the panel.
    pub shortened: Vec<String>,
}

/// How a brief is written.
#[derive(Debug, Clone, Copy)]
pub struct Style<'a> {
    /// The pattern whose `ultra` template is the instruction; ours without one.
    pub pattern: Option<&'a Pattern>,
    /// Seed of marks and order.
    pub seed: u64,
    /// Number of the judge, from 0.
    pub judge: usize,
    /// The most bytes of one answer that a judge reads.
    pub limit: usize,
    /// The form that the user wants; that of the pattern without one.
    pub form: Option<Wanted>,
}

/// The form in which the user wants a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// Without markup.
    Text,
    /// With markup that becomes what is shown.
    Markdown,
}

impl Wanted {
    /// What a writer is told.
    pub const fn told(self) -> &'static str {
        match self {
            Self::Text => "Write the answer as plain text, without any markup.",
            Self::Markdown => "Write the answer in Markdown.",
        }
    }

    const fn of_template(self) -> Format {
        match self {
            Self::Text => Format::Text,
            Self::Markdown => Format::Md,
        }
    }
}

/// The instruction for answers that no pattern made.
///
/// # Errors
/// Never, as the tests show; the text is a part of this crate.
pub fn own_pattern() -> Result<Pattern, Faults> {
    Pattern::parse(include_str!("fuse.toml"), "built-in fuse")
}

/// Writes the brief of one judge.
///
/// # Errors
/// When the template of the pattern fails.
pub fn brief(case: &Case, style: &Style<'_>) -> Result<Brief, Fault> {
    let order = case.order(style.seed, style.judge);
    let blind = |reference: PatternRef, whole: bool| Blind {
        case,
        order: &order,
        reference,
        whole,
        keeps_labels: whole && style.pattern.is_some_and(Pattern::shows_reviews),
        limit: style.limit,
    };
    let fusion = if let Some(pattern) = style.pattern {
        let reference = match &case.group.pattern {
            // Another wording than that of the first stage is the user's choice, and has been said.
            Some(made_by) => PatternRef { blake3: pattern.blake3.clone(), ..made_by.clone() },
            None => pattern.reference(&BTreeMap::new())?,
        };
        let format = style.form.map_or(pattern.ultra.format, Wanted::of_template);
        plan::ultra_as(pattern, &blind(reference, true).group(), style.seed, format)?
    } else {
        let ours = own_pattern().map_err(first)?;
        plan::ultra(&ours, &blind(ours.reference(&BTreeMap::new())?, false).group(), style.seed)?
    };
    let long = case.candidates.iter().filter(|candidate| candidate.text.len() > style.limit);
    Ok(Brief { messages: fusion.messages, shortened: long.map(|candidate| candidate.id.clone()).collect() })
}

fn first(faults: Faults) -> Fault {
    let none = || Fault::new(ultra_core::kind::ErrorKind::Internal, "built-in fuse", "is not a pattern");
    faults.0.into_iter().next().unwrap_or_else(none)
}

/// A copy of a group without names.
struct Blind<'a> {
    case: &'a Case,
    /// The places of the candidates, in the order of the judge.
    order: &'a [usize],
    reference: PatternRef,
    /// All stages, or the candidates alone as the answers of one stage.
    whole: bool,
    /// Whether the instruction shows remarks that call the answers by their labels, so that these must stay.
    keeps_labels: bool,
    limit: usize,
}

impl Blind<'_> {
    fn group(&self) -> Group {
        let mut groups = Groups::default();
        if let Some(prompt) = &self.case.group.prompt {
            groups.prompt((**prompt).clone());
        }
        let members = self.members();
        for stage in self.stages() {
            if stage.judge {
                // The judge is no member; whom it knew by which name is its own affair.
                let answer = stage.calls.first().and_then(usable);
                self.add(&mut groups, &Turn { number: JUDGE, member: JUDGE, stage, answer });
                continue;
            }
            let is_first = self.case.group.stages().next().is_some_and(|first| first.index == stage.index);
            for (number, member) in members.iter().enumerate() {
                let number = if self.keeps_labels { *member } else { number };
                let call = stage.calls.iter().find(|call| call.member == *member);
                let answer = call.and_then(usable);
                if is_first || answer.is_some() {
                    self.add(&mut groups, &Turn { number, member: *member, stage, answer });
                }
            }
        }
        // Everything that was added belongs to one prompt and one pattern.
        groups.finish().into_iter().next().unwrap_or_else(|| self.case.group.clone())
    }

    /// The stages that templates see.
    fn stages(&self) -> impl Iterator<Item = &StageRun> {
        let used = self.case.stage.filter(|_| !self.whole);
        self.case.group.stages().filter(move |stage| used.is_none_or(|used| used == stage.index))
    }

    /// The members in their new order: the candidates as the judge sees them, then who answered earlier only.
    fn members(&self) -> Vec<usize> {
        let mut members: Vec<usize> =
            self.order.iter().map(|place| self.case.candidates[*place].member).collect();
        let mut others: Vec<((u32, usize), usize)> = Vec::new();
        for stage in self.stages().filter(|stage| !stage.judge) {
            for call in &stage.calls {
                if let Some(response) = usable(call)
                    && !members.contains(&call.member)
                    && !self.case.dropped.contains(&call.member)
                    && !others.iter().any(|(_, member)| *member == call.member)
                {
                    others.push((content(&response.text), call.member));
                }
            }
        }
        others.sort_unstable();
        members.extend(others.into_iter().map(|(_, member)| member));
        members
    }

    fn add(&self, groups: &mut Groups, turn: &Turn<'_>) {
        let &Turn { number, member, stage, answer } = turn;
        let (index, of) = if self.whole { (stage.index, self.case.group.of) } else { (0, 1) };
        let id = format!("{index}-{number}");
        let name = if stage.judge { "judge".to_owned() } else { format!("m{number}") };
        let place = Stage {
            name: stage.name.clone(),
            index,
            of,
            requests: 1,
            member: u32::try_from(number).ok().filter(|_| !stage.judge),
            members: Vec::new(),
            judge: stage.judge,
            review: stage.review,
            fallback: false,
            followed: false,
            extra: Object::default(),
        };
        let request = Request {
            id: id.clone(),
            prompt_id: self.case.group.prompt_id.clone(),
            messages: self.asked(member).into(),
            targets: vec![name.clone()],
            pending: None,
            samples: None,
            params: None,
            output_schema: None,
            pattern: Some(self.reference.clone()),
            stage: Some(place),
            deadline_ms: None,
            extra: Object::default(),
        };
        groups.request(request);
        if let Some(response) = answer {
            let text = shorten(&response.text, self.limit).into_owned();
            groups.response(Response { request_id: id, target: name, sample: 0, text, ..response.clone() });
        }
    }

    /// The conversation of the first stage, as this member had it.
    fn asked(&self, member: usize) -> Vec<Message> {
        if let Some(request) = self.case.group.first_request(Some(member)) {
            return request.messages.to_vec();
        }
        let prompt = self.case.group.prompt.as_ref();
        let system = prompt.and_then(|prompt| prompt.system.as_deref());
        let question = prompt.map_or(UNKNOWN, |prompt| prompt.text.as_str());
        let system = system.map(|text| Message::new(Role::System, text));
        system.into_iter().chain([Message::new(Role::User, question)]).collect()
    }
}

/// One member in one stage.
struct Turn<'a> {
    number: usize,
    member: usize,
    stage: &'a StageRun,
    answer: Option<&'a Response>,
}

fn usable(call: &Call) -> Option<&Response> {
    match &call.outcome {
        Outcome::Answered(response) if response.flaw().is_none() => Some(response),
        _ => None,
    }
}

/// A text of at most about `limit` bytes: three quarters from its beginning, one quarter from its end, and
/// between them a line that says how much is left out.
pub(crate) fn shorten(text: &str, limit: usize) -> Cow<'_, str> {
    if text.len() <= limit {
        return Cow::Borrowed(text);
    }
    let head = text.floor_char_boundary(limit - limit / 4);
    let tail = text.ceil_char_boundary(text.len() - limit / 4);
    Cow::Owned(format!("{}\n[… {} bytes are left out here …]\n{}", &text[..head], tail - head, &text[tail..]))
}

#[cfg(test)]
mod tests;
