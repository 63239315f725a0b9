//! Make the requests of each stage of an analysis.

fn main() -> std::process::ExitCode {
    ultra_core::shell::run::<ultra_pattern::Pattern>()
}
