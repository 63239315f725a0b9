//! From a prompt to the first requests, from a finished stage to the next ones, and to the synthesis.
//!
//! All of it is pure: the same prompt, documents, answers and seed give the same requests, ids included.

mod first;
mod history;
mod later;

use std::collections::BTreeMap;

use ultra_core::id::{ContentHash, blake3_hex};
use ultra_core::kind::ErrorKind;
use ultra_core::record::{
    Content, Document, Json, Message, Messages, Object, Params, PatternRef, Prompt, Record, Request, Role,
    Stage,
};

use crate::fault::Fault;
use crate::pattern::{Gives, Pattern};
pub use first::first;
pub use later::{Fusion, next, ultra, ultra_as};

/// What is asked of whom.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// The prompt.
    pub prompt: &'a Prompt,
    /// Turns of the conversation before the prompt.
    pub history: &'a [Message],
    /// The documents that belong to the prompt, in order.
    pub documents: &'a [&'a Document],
    /// Whom to ask; `#3` at the end asks for three samples.
    pub targets: &'a [String],
    /// Values of variables, which win over those of the prompt.
    pub vars: &'a BTreeMap<String, serde_json::Value>,
    /// How the requests are to be made.
    pub how: &'a How,
}

/// What every request of a prompt has in common.
#[derive(Debug, Clone, Default)]
pub struct How {
    /// Seed of the marks around data.
    pub seed: u64,
    /// Samples of each target that does not say so itself; else those of the pattern.
    pub samples: Option<u32>,
    /// The target that judges, in stages that one judge answers; else the first member that answered before.
    pub judge: Option<String>,
    /// Roles by target, which win over those of the pattern.
    pub roles: BTreeMap<String, String>,
    /// The least answers for a stage to count; else those of the pattern.
    pub min_responses: Option<u32>,
    /// Parameters of the calls.
    pub params: Option<Params>,
    /// How long each record may take, in milliseconds.
    pub deadline_ms: Option<u64>,
    /// Excerpts of documents that belong to the prompt and are not among those of the [`Ask`].
    pub left_out: usize,
}

/// Requests, and what the user should know about them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    /// The requests of one stage.
    pub requests: Vec<Request>,
    /// Sentences for people.
    pub warnings: Vec<String>,
}

/// The place of a request, and whom it speaks to.
struct Turn<'a> {
    index: usize,
    requests: usize,
    whom: Whom,
    /// Whether the stage before was empty.
    fallback: bool,
    targets: Vec<String>,
    samples: Option<u32>,
    params: Option<Params>,
    deadline_ms: Option<u64>,
    prompt_id: &'a str,
    reference: PatternRef,
}

/// Whom a request speaks to.
enum Whom {
    All,
    Member(usize),
    Members(Vec<usize>),
    Judge,
}

fn request(pattern: &Pattern, turn: Turn<'_>, messages: Vec<Message>) -> Result<Request, Fault> {
    let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let broken = |cause: serde_json::Error| {
        pattern.fault(ErrorKind::Internal, format!("a request has no JSON form: {cause}"))
    };
    let of_pattern = &pattern.stages[turn.index];
    let mut stage = Stage {
        name: of_pattern.name.clone(),
        index: number(turn.index),
        of: number(pattern.stages.len()),
        requests: number(turn.requests),
        member: None,
        members: Vec::new(),
        judge: false,
        review: of_pattern.gives == Gives::Review,
        fallback: turn.fallback,
        followed: false,
        extra: Object::default(),
    };
    match turn.whom {
        Whom::All => {}
        Whom::Member(member) => stage.member = Some(number(member)),
        Whom::Members(members) => stage.members = members.into_iter().map(number).collect(),
        Whom::Judge => stage.judge = true,
    }
    let output_schema = of_pattern.output_schema.as_ref().map(Json::of).transpose().map_err(broken)?;
    let mut request = Request {
        id: String::new(),
        prompt_id: turn.prompt_id.to_owned(),
        messages: Messages::default(),
        targets: turn.targets,
        pending: None,
        samples: turn.samples,
        params: filled(turn.params, of_pattern.params.as_ref()),
        output_schema,
        pattern: Some(turn.reference),
        stage: Some(stage),
        deadline_ms: turn.deadline_ms,
        extra: Object::default(),
    };
    // Everything that stands in the request is its content; one prompt never has the same request twice. The texts
    // of messages are long: each is hashed by itself and as it is, which takes the least time.
    let rest = serde_json::to_string(&request).map_err(broken)?;
    let mut content = ContentHash::new("ultra request v2").field(rest);
    for message in &messages {
        match &message.content {
            Content::Text(text) if message.extra.is_empty() => {
                content.add(message.role.as_str());
                content.add(blake3_hex(text.as_bytes()));
            }
            _ => {
                content.add("message");
                content.add(serde_json::to_string(message).map_err(broken)?);
            }
        }
    }
    request.id = content.id(Request::PREFIX);
    request.messages = messages.into();
    Ok(request)
}

/// The parameters of the user, and those of the stage where the user says nothing.
fn filled(users: Option<Params>, of_stage: Option<&Params>) -> Option<Params> {
    let Some(of_stage) = of_stage else { return users };
    let Some(mut params) = users else { return Some(of_stage.clone()) };
    params.temperature = params.temperature.or(of_stage.temperature);
    params.max_output_tokens = params.max_output_tokens.or(of_stage.max_output_tokens);
    params.top_p = params.top_p.or(of_stage.top_p);
    params.seed = params.seed.or(of_stage.seed);
    if params.stop.is_empty() {
        params.stop.clone_from(&of_stage.stop);
    }
    params.reasoning = params.reasoning.or_else(|| of_stage.reasoning.clone());
    Some(params)
}

/// Standing instructions and a role, in one system message: many models take only one.
fn system(standing: Option<&str>, role: Option<&str>) -> Option<Message> {
    let texts: Vec<_> = [standing, role].into_iter().flatten().filter(|text| !text.is_empty()).collect();
    (!texts.is_empty()).then(|| Message::new(Role::System, texts.join("\n\n")))
}

#[cfg(test)]
mod tests;
