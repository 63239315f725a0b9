//! ABOUT_fanout

fn main() -> std::process::ExitCode {
    ultra_core::shell::run::<ultra_fanout::Fanout>()
}
