//! Calls to language models: wire formats, the mock, exec members, and the dispatcher that drives ultra-pace.
//!
//! The only crate that knows HTTP. A [`Provider`] builds a request, reads a response and says what an error
//! means; it knows nothing about retries. The dispatcher knows when to send; it knows nothing about JSON.

mod anthropic;
pub mod call;
mod classify;
mod client;
mod connect;
pub mod dispatch;
mod exec;
pub mod host;
mod http;
pub mod mock;
mod openai;
mod preview;
pub mod prices;
pub mod span;
mod sse;
pub mod tokens;

pub use call::{Answer, Call, CallError, Calling, Provider, RateLimits, Silent, Wasted, Watch};
pub use client::Timeouts;
pub use connect::{Options, connect, connect_with};
pub use preview::{Form, Preview, preview};
