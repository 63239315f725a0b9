use std::ffi::OsString;

use clap::CommandFactory as _;

use super::parse::{Parsed, parse};
use super::{Common, command};
use crate::failure::Failure;
use crate::ndjson::{Input, Output};
use crate::record::Type;
use crate::tool::{Context, Summary, Tool};

struct Probe;

#[derive(Debug, clap::Args)]
struct Args {
    /// How many
    #[arg(long, default_value_t = 1)]
    count: u32,
}

impl Tool for Probe {
    type Args = Args;
    const NAME: &'static str = "ultra-probe";
    const SECTION: &'static str = "probe";
    const ABOUT: &'static str = "Probe the shell";
    const EXAMPLES: &'static str = "Examples:\n  ultra-probe";
    const READS: &'static [Type] = &[];
    const WRITES: &'static [Type] = &[];

    fn run(_: Args, _: &Context, _: Input, _: &mut Output) -> Result<Summary, Failure> {
        Ok(Summary::default())
    }
}

fn run(arguments: &[&str]) -> (u32, Common) {
    let arguments = std::iter::once("ultra-probe").chain(arguments.iter().copied());
    match parse::<Probe>(&arguments.map(OsString::from).collect::<Vec<_>>()) {
        Ok(Parsed::Run(run)) => (run.args.count, run.common),
        Ok(Parsed::Said(code)) => panic!("said something: {code:?}"),
        Err(failure) => panic!("{failure}"),
    }
}

#[test]
fn the_definition_of_the_command_line_is_sound() {
    #[derive(clap::Parser)]
    struct Whole {
        #[command(flatten)]
        common: Common,
    }
    Whole::command().debug_assert();
    command::<Probe>().debug_assert();
}

#[test]
fn sizes_are_read_with_units() {
    assert_eq!(run(&["--max-line", "64K"]).1.max_line, 65_536);
    assert_eq!(run(&["--mem=2GiB"]).1.mem, 2 << 30);
    assert_eq!(run(&["--count", "3"]).0, 3);
}

#[test]
fn a_setting_of_a_file_is_a_default_that_a_flag_beats() {
    let dir = std::env::temp_dir().join(format!("ultra-shell-{}", std::process::id()));
    std::fs::create_dir_all(&dir).expect("makes a directory");
    let file = dir.join("c.toml");
    std::fs::write(&file, "seed = 7\nmock = true\n").expect("writes");
    let file = file.to_str().expect("is text");
    let (_, common) = run(&["--config", file]);
    assert_eq!((common.seed, common.mock), (7, true));
    assert_eq!(run(&["--config", file, "--seed", "8"]).1.seed, 8);
    std::fs::write(file, "\nmax-line = \"many\"\n").expect("writes");
    let arguments = ["ultra-probe", "--config", file].map(OsString::from).to_vec();
    let failure = parse::<Probe>(&arguments).err().expect("is refused");
    assert!(failure.to_string().contains("c.toml:2: invalid value 'many'"), "{failure}");
    std::fs::remove_dir_all(&dir).expect("removes");
}
