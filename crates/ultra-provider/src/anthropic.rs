//! The Messages API of Anthropic, which other servers speak too.

mod answer;
mod request;

pub(crate) use answer::answer;
pub(crate) use request::request;
