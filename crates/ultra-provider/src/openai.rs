//! Chat Completions, the dialect that `OpenAI` began and most servers speak.

mod answer;
mod request;
mod said;
mod stream;
mod usage;

pub(crate) use answer::answer;
pub(crate) use request::{Flavour, request};
pub(crate) use stream::Stream;
