//! Answer requests from a store, and keep new answers in it.

fn main() -> std::process::ExitCode {
    ultra_core::shell::run::<ultra_cache::Cache>()
}
