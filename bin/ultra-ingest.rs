//! Turn files, directories and streams into document records.

fn main() -> std::process::ExitCode {
    ultra_ingest::worker::entry().unwrap_or_else(ultra_core::shell::run::<ultra_ingest::Ingest>)
}
