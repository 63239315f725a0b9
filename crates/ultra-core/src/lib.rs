//! What every Ultra tool shares.
//!
//! A tool is a function from a stream of records to a stream of records. This crate holds the records and
//! their ids, the stream (NDJSON in and out, framed and checked here), and the shell around the function:
//! arguments, configuration, logs, metrics, signals and the exit status.

pub mod bare;
pub mod chunk;
pub mod clock;
pub mod config;
pub mod draw;
pub mod env;
pub mod failure;
pub mod id;
pub mod kind;
pub mod metrics;
pub mod ndjson;
pub mod place;
pub mod record;
pub mod sampling;
pub mod schema;
pub mod secret;
pub mod shell;
pub mod shutdown;
pub mod target;
pub mod tokens;
pub mod tool;
