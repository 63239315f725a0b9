//! Files, directories and streams to document records.

mod chunk;
mod decode;
mod error;
mod media;
mod sniff;
mod tokens;
