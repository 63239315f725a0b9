//! Make the requests of each stage of an analysis.

#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    ultra_core::shell::run::<ultra_pattern::Pattern>()
}
