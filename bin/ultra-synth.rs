//! Merge the answers to each prompt into one.

fn main() -> std::process::ExitCode {
    ultra_core::shell::run::<ultra_synth::Synth>()
}
