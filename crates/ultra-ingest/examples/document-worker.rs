//! The process that parses one document, and nothing else: what a test or another front end starts.

use std::process::ExitCode;

fn main() -> ExitCode {
    ultra_ingest::worker::entry().unwrap_or(ExitCode::from(2))
}
