//! ABOUT_pattern

fn main() -> std::process::ExitCode {
    ultra_core::shell::run::<ultra_pattern::Pattern>()
}
