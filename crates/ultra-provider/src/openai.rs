//! Chat Completions, the dialect that `OpenAI` began and most servers speak.

mod answer;
mod request;

pub(crate) use answer::answer;
pub(crate) use request::{Flavour, request};
