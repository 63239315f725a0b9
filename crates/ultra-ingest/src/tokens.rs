//! How many tokens a text has, estimated; the same everywhere in Ultra.

pub use ultra_core::tokens::*;
