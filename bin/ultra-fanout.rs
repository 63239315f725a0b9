//! Send every request to all its targets.

fn main() -> std::process::ExitCode {
    ultra_core::shell::run::<ultra_fanout::Fanout>()
}
