//! Merge the answers to each prompt into one.

#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    ultra_core::shell::run::<ultra_synth::Synth>()
}
