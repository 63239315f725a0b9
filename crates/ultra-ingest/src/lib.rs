//! Files, directories and streams to document records.

pub mod chunk;
pub mod decode;
pub mod error;
pub mod html;
pub mod media;
pub mod parsed;
mod pdf;
pub mod sniff;
pub mod tokens;
pub mod worker;
