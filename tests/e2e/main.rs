//! End-to-end tests: the binaries as a user runs them, and the promises that no single crate can keep.

mod architecture;
mod bad_input;
mod catalogue;
mod catalogue_f;
mod choosing;
mod compare;
mod config;
mod docs;
mod documents;
mod formats;
mod fresh;
mod library;
mod man;
mod offline;
mod pattern_page;
mod pipeline;
mod process;
mod promises;
mod schemas;
mod streaming;
mod synthesis;
mod tools;
mod torture;
mod voting;
mod wire;
