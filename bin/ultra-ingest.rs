//! ABOUT_ingest

fn main() -> std::process::ExitCode {
    ultra_core::shell::run::<ultra_ingest::Ingest>()
}
