//! Calls to language models: wire formats, the mock, exec members, and the dispatcher that drives ultra-pace.
//!
//! The only crate that knows HTTP. A [`Provider`] builds a request, reads a response and says what an error
//! means; it knows nothing about retries. The dispatcher knows when to send; it knows nothing about JSON.

pub mod call;

pub use call::{Answer, Call, CallError, Calling, Provider};
