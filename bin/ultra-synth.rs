//! ABOUT_synth

fn main() -> std::process::ExitCode {
    ultra_core::shell::run::<ultra_synth::Synth>()
}
