//! The one request of a prompt that no pattern has made requests of.

use ultra_core::bare::Asked;
use ultra_core::failure::Failure;
use ultra_core::id::ContentHash;
use ultra_core::record::{Object, Record as _, Request, Stage};
use ultra_core::sampling::Sampling;

/// The request: stage `answer`, 0 of 1.
///
/// # Errors
/// When something in it has no JSON form, which what was read always has.
pub(crate) fn made(mut asked: Asked, sampling: &Sampling) -> Result<Request, Failure> {
    let stage = Stage {
        name: crate::job::ANSWER.into(),
        index: 0,
        of: 1,
        requests: 1,
        member: None,
        members: Vec::new(),
        judge: false,
        review: false,
        fallback: false,
        followed: false,
        extra: Object::default(),
    };
    let mut request = Request {
        id: String::new(),
        prompt_id: std::mem::take(&mut asked.prompt.id),
        targets: std::mem::take(&mut asked.targets),
        pending: None,
        samples: asked.samples,
        params: sampling.fill(asked.params.take()),
        output_schema: asked.output_schema.take(),
        messages: asked.into_messages().into(),
        pattern: None,
        stage: Some(stage),
        deadline_ms: None,
        extra: Object::default(),
    };
    let content = request.messages.keep_json();
    let content = content.and_then(|()| ContentHash::new("ultra request v1").json(&request));
    let content =
        content.map_err(|cause| Failure::internal(format!("a request has no JSON form: {cause}")))?;
    request.id = content.id(Request::PREFIX);
    Ok(request)
}
