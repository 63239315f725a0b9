//! The Messages API of Anthropic, which other servers speak too.

mod answer;
mod request;
mod stream;
mod usage;

pub(crate) use answer::answer;
pub(crate) use request::request;
pub(crate) use stream::Stream;
