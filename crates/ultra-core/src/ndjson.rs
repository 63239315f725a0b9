//! NDJSON in and out: lines framed and checked by us, records decoded one line at a time.
//!
//! Every line is scanned once: UTF-8, the grammar of JSON, depth, and the `type`. What a tool does not own
//! is copied as bytes; what it owns is decoded with [`Line::decode`].

mod decode;
mod fault;
mod frame;
mod input;
mod output;
mod scan;
mod text;

pub use fault::Fault;
pub use frame::DEFAULT_MAX_LINE;
pub use input::{Input, Item, Line, Options};
pub(crate) use output::Sink;
pub use output::{Emit, Output};
pub use scan::{Flaw, Head, MAX_DEPTH, scan};

#[cfg(test)]
mod tests;
