//! Send every request to all its targets.

#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    ultra_core::shell::run::<ultra_fanout::Fanout>()
}
