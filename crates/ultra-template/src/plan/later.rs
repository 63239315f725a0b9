//! The stages after the first, and the synthesis: every member sees its own answers as its own, and as the
//! others' exactly the others'.

use minijinja::Value;
use ultra_core::kind::ErrorKind;
use ultra_core::record::{Message, Params, Request, Role};

use super::history::{History, Reader};
use super::{Plan, Turn, Whom, request, system};
use crate::fault::Fault;
use crate::group::Group;
use crate::pattern::{Audience, Format, Pattern, Stage};

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

/// Makes the requests of the stage after `finished`: one for each member that is left, or one for the judge.
///
/// There are none after the last stage. A member that failed `finished` is left out; when too few answered, the
/// answers of the stage before stand in, and a warning says so.
///
/// # Errors
/// `no_inputs` when no stage has an answer or an empty one ends the prompt, and what [`first`](super::first) fails
/// with.
pub fn next(pattern: &Pattern, group: &Group, finished: u32, seed: u64) -> Result<Plan, Fault> {
    let index = finished as usize + 1;
    let Some(stage) = pattern.stages.get(index) else { return Ok(Plan::default()) };
    let history = History::of(pattern, group, index, seed)?;
    let members: Vec<usize> = history.panel().answers.keys().copied().collect();
    let mut requests = Vec::with_capacity(members.len());
    if stage.audience == Audience::One {
        requests.push(of_judge(pattern, group, &history, (index, stage), &members)?);
        return Ok(Plan { requests, warnings: history.warnings });
    }
    for &member in &members {
        let Some(seat) = group.seat(member) else { continue };
        let reader = Reader::Member(member, stage.audience);
        let text = pattern.render(&stage.step, history.values(&stage.step, reader, &[]))?;
        let first = group.first_request(Some(member));
        let turn = Turn {
            index,
            requests: members.len(),
            whom: Whom::Member(member),
            fallback: history.fell_back(),
            targets: vec![seat.target.clone()],
            samples: None,
            params: users_params(pattern, first),
            deadline_ms: first.and_then(|first| first.deadline_ms),
            prompt_id: &group.prompt_id,
            reference: history.reference.clone(),
        };
        let role = pattern.role_of(index, (member, &seat.target), &history.reference);
        requests.push(request(pattern, turn, messages(pattern, group, role, (Some(member), text)))?);
    }
    Ok(Plan { requests, warnings: history.warnings })
}

/// The request for the judge of a stage: whom the user named, or the first member that is left.
fn of_judge(
    pattern: &Pattern,
    group: &Group,
    history: &History<'_>,
    (index, stage): (usize, &Stage),
    members: &[usize],
) -> Result<Request, Fault> {
    let member = members.first().and_then(|member| group.seat(*member)).map(|seat| seat.target.clone());
    let Some(target) = history.reference.judge.clone().or(member) else {
        return Err(pattern.fault(ErrorKind::NoInputs, format!("the stage `{}` has no judge", stage.name)));
    };
    let text = pattern.render(&stage.step, history.values(&stage.step, Reader::Outsider, &[]))?;
    let first = group.first_request(None);
    let turn = Turn {
        index,
        requests: 1,
        whom: Whom::Judge,
        fallback: history.fell_back(),
        targets: vec![target],
        samples: None,
        params: users_params(pattern, first),
        deadline_ms: first.and_then(|first| first.deadline_ms),
        prompt_id: &group.prompt_id,
        reference: history.reference.clone(),
    };
    let role = pattern.role(&stage.step);
    request(pattern, turn, messages(pattern, group, role, (None, text)))
}

/// Makes the messages for the synthesis of what a group ends with.
///
/// # Errors
/// As for [`next`].
pub fn ultra(pattern: &Pattern, group: &Group, seed: u64) -> Result<Fusion, Fault> {
    ultra_as(pattern, group, seed, pattern.ultra.format)
}

/// Makes the messages for a synthesis in another form than that of the pattern.
///
/// # Errors
/// As for [`next`].
pub fn ultra_as(pattern: &Pattern, group: &Group, seed: u64, format: Format) -> Result<Fusion, Fault> {
    let history = History::of(pattern, group, pattern.stages.len(), seed)?;
    let layout = pattern.ultra.layout.as_deref().unwrap_or_default();
    let more = [("layout", Value::from(layout)), ("format", Value::from(format.as_str()))];
    let step = &pattern.ultra.step;
    let text = pattern.render(step, history.values(step, Reader::Outsider, &more))?;
    let messages = messages(pattern, group, pattern.role(step), (None, text));
    Ok(Fusion { messages, sources: history.sources(), warnings: history.warnings })
}

/// The parameters that the user set, without those of the first stage of the pattern.
fn users_params(pattern: &Pattern, first: Option<&Request>) -> Option<Params> {
    let first = first?;
    if pattern.stages.first().is_some_and(|stage| stage.params.is_some()) {
        return first.pattern.as_ref().and_then(|reference| reference.params.clone());
    }
    first.params.clone()
}

/// What stood before the question in the first stage, with `role` in place of the first one's, and the text for a
/// member or for an outsider.
fn messages(
    pattern: &Pattern,
    group: &Group,
    role: Option<&str>,
    (member, text): (Option<usize>, String),
) -> Vec<Message> {
    let first = group.first_request(member);
    let before = first.map(|first| &first.messages[..]).unwrap_or_default();
    let asked = before.iter().rposition(|message| message.role == Role::User).unwrap_or(before.len());
    let (mut standing, mut turns) = (None, &before[..asked]);
    if let [message, rest @ ..] = turns
        && message.role == Role::System
    {
        (standing, turns) = (Some(message.content.text().into_owned()), rest);
    }
    if let (Some(text), Some(role)) =
        (&mut standing, first.and_then(|first| first_role(pattern, group, first)))
        && let Some(own) = text.strip_suffix(role)
    {
        *text = own.trim_end_matches("\n\n").to_owned();
    }
    let mut messages: Vec<_> = system(standing.as_deref(), role).into_iter().collect();
    messages.extend(turns.iter().cloned());
    messages.push(Message::new(Role::User, text));
    messages
}

/// The role that a request of the first stage gave to those it speaks to.
fn first_role<'a>(pattern: &'a Pattern, group: &Group, first: &Request) -> Option<&'a str> {
    let calls = &group.stages().next()?.calls;
    let call = calls.iter().find(|call| call.request_id == first.id)?;
    pattern.role_of(0, (call.member, &call.target), first.pattern.as_ref()?)
}
