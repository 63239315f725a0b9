//! From a prompt to the first requests, from a finished stage to the next ones, and to the synthesis.
//!
//! All of it is pure: the same prompt, documents, answers and seed give the same requests, ids included.

mod first;
mod later;

use std::collections::BTreeMap;

use ultra_core::id::ContentHash;
use ultra_core::kind::ErrorKind;
use ultra_core::record::{
    Document, Message, Object, Params, PatternRef, Prompt, Record, Request, Role, Stage,
};

use crate::fault::Fault;
use crate::pattern::Pattern;
pub use first::first;
pub use later::{Fusion, next, ultra};

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
    /// Samples of each target that does not say so itself.
    pub samples: Option<u32>,
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
    member: Option<usize>,
    targets: Vec<String>,
    samples: Option<u32>,
    params: Option<Params>,
    deadline_ms: Option<u64>,
    prompt_id: &'a str,
    reference: PatternRef,
}

fn request(pattern: &Pattern, turn: Turn<'_>, messages: Vec<Message>) -> Result<Request, Fault> {
    let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let stage = Stage {
        name: pattern.stages[turn.index].name.clone(),
        index: number(turn.index),
        of: number(pattern.stages.len()),
        requests: number(turn.requests),
        member: turn.member.map(number),
        followed: false,
        extra: Object::default(),
    };
    let mut request = Request {
        id: String::new(),
        prompt_id: turn.prompt_id.to_owned(),
        messages,
        targets: turn.targets,
        pending: None,
        samples: turn.samples,
        params: turn.params,
        output_schema: None,
        pattern: Some(turn.reference),
        stage: Some(stage),
        deadline_ms: turn.deadline_ms,
        extra: Object::default(),
    };
    // Everything that stands in the request is its content; one prompt never has the same request twice.
    let content = serde_json::to_string(&request).map_err(|cause| {
        pattern.fault(ErrorKind::Internal, format!("a request has no JSON form: {cause}"))
    })?;
    request.id = ContentHash::new("ultra request v1").field(content).id(Request::PREFIX);
    Ok(request)
}

/// Standing instructions and a role, in one system message: many models take only one.
fn system(standing: Option<&str>, role: Option<&str>) -> Option<Message> {
    let texts: Vec<_> = [standing, role].into_iter().flatten().filter(|text| !text.is_empty()).collect();
    (!texts.is_empty()).then(|| Message::new(Role::System, texts.join("\n\n")))
}

#[cfg(test)]
mod tests;
