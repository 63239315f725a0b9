//! `ultra-ingest`: files, directories and streams to document records.
//!
//! A document is data that somebody else wrote, so nothing here trusts it. A path is followed only to a
//! regular file ([`read`], [`walk`]); what a file is, its content decides ([`sniff`]); text is decoded without
//! losing a byte unseen ([`decode`]); PDF and HTML are parsed in a process with hard limits ([`worker`]); and
//! a document without text is an error record, never invented text ([`extract`]). What comes out is cut where a
//! reader would cut it, and the parts join to the whole again ([`chunk`]).
//!
//! A binary that runs [`Ingest`] calls [`worker::entry`] first: the process that parses is the same program.

mod args;
pub mod decode;
pub mod error;
pub mod extract;
pub mod html;
pub mod media;
pub mod parsed;
mod pdf;
pub mod read;
mod run;
pub mod sniff;
pub mod tokens;
pub mod walk;
pub mod worker;

pub use args::IngestArgs;
pub use run::Ingest;
pub use ultra_core::chunk;
