//! ABOUT_cache

fn main() -> std::process::ExitCode {
    ultra_core::shell::run::<ultra_cache::Cache>()
}
