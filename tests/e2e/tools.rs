//! The tools, seen from outside: their command lines and where their binaries are.

use clap::Command;
use ultra_core::record::Type;
use ultra_core::shell::command;
use ultra_core::tool::Tool;

/// What a test needs to know about a tool.
pub(crate) struct Described {
    pub(crate) name: &'static str,
    pub(crate) section: &'static str,
    pub(crate) about: &'static str,
    pub(crate) examples: &'static str,
    pub(crate) reads: &'static [Type],
    pub(crate) writes: &'static [Type],
    pub(crate) binary: &'static str,
    pub(crate) command: Command,
}

fn described<T: Tool>(binary: &'static str) -> Described {
    Described {
        name: T::NAME,
        section: T::SECTION,
        about: T::ABOUT,
        examples: T::EXAMPLES,
        reads: T::READS,
        writes: T::WRITES,
        binary,
        command: command::<T>(),
    }
}

/// All tools, in the order of the pipeline.
pub(crate) fn all() -> Vec<Described> {
    vec![
        described::<ultra_ingest::Ingest>(env!("CARGO_BIN_EXE_ultra-ingest")),
        described::<ultra_pattern::Pattern>(env!("CARGO_BIN_EXE_ultra-pattern")),
        described::<ultra_fanout::Fanout>(env!("CARGO_BIN_EXE_ultra-fanout")),
        described::<ultra_cache::Cache>(env!("CARGO_BIN_EXE_ultra-cache")),
        described::<ultra_synth::Synth>(env!("CARGO_BIN_EXE_ultra-synth")),
    ]
}

/// The binary of a tool.
pub(crate) fn binary(name: &str) -> &'static str {
    all().into_iter().find(|tool| tool.name == name).unwrap_or_else(|| panic!("no tool {name}")).binary
}

/// A tool, to be run in a sandbox of its own.
pub(crate) fn with(name: &str) -> ultra_testkit::command::Command {
    ultra_testkit::command::Command::new(binary(name))
}

/// A shell line with the tools on its PATH.
pub(crate) fn pipeline(line: &str) -> ultra_testkit::command::Command {
    ultra_testkit::command::pipeline(directory(), line)
}

/// The directory of the binaries.
pub(crate) fn directory() -> &'static std::path::Path {
    std::path::Path::new(binary("ultra-fanout")).parent().expect("a binary is in a directory")
}
