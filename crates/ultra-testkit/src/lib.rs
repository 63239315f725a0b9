//! What Ultra's tests need, and nothing that Ultra needs.
//!
//! The crate knows no other crate of the workspace but the scheduler, which it drives on virtual time: the wire formats, the strict reading of records and the
//! hostile inputs are written here a second time on purpose, so that a mistake in the product does not hide
//! in a helper shared with its tests.
//!
//! - [`server`]: a scripted provider on a loopback socket, with a ledger of every call.
//! - [`sim`]: the scheduler on virtual time, in worlds that a seed describes.
//! - [`mutant`]: ways to be broken on purpose, to see that checks can fail.
//! - [`torture`]: the dispatcher's promises as experiments, with the figures that must hold.
//! - [`command`]: runs a tool or a shell pipeline in an environment that holds nothing of this machine.
//! - [`snapshot`]: stdout, stderr and status as one text.
//! - [`fixtures`]: providers' answers, byte for byte, with what a client should make of them.
//! - [`golden`]: seeded texts and hostile strings.
//! - [`ndjson_torture`]: malformed, huge and endless NDJSON, by number.
//!
//! Functions panic where a test should fail.
#![allow(clippy::missing_panics_doc, reason = "a test kit panics where the test has failed")]

pub mod chance;
pub mod command;
pub mod fixtures;
pub mod golden;
pub mod mutant;
pub mod ndjson_torture;
pub mod server;
pub mod sim;
pub mod snapshot;
pub mod torture;

mod strict;
mod sync;
