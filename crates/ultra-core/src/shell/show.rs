//! `--show-config`: every setting with the place it comes from.

use std::fmt::Write as _;

use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command};

use crate::config::{Config, Setting};

/// One line a setting: `key = value  # place`.
pub(super) fn settings(command: &Command, matches: &ArgMatches, config: &Config, section: &str) -> String {
    let mut lines = Vec::new();
    collect(command, matches, config, section, &mut lines);
    let width = lines.iter().map(|(setting, _)| setting.len()).max().unwrap_or(0);
    let mut text = String::new();
    for (setting, place) in lines {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{setting:<width$}  # {place}");
    }
    text
}

fn collect(
    command: &Command,
    matches: &ArgMatches,
    config: &Config,
    section: &str,
    lines: &mut Vec<(String, String)>,
) {
    for argument in command.get_arguments() {
        let Some(key) = argument.get_long() else { continue };
        if ["help", "version", "schema", "show-config", "config"].contains(&key) {
            continue;
        }
        let line =
            (format!("{key} = {}", value(argument, matches)), place(argument, key, matches, config, section));
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    if let Some((name, matches)) = matches.subcommand()
        && let Some(command) = command.find_subcommand(name)
    {
        collect(command, matches, config, section, lines);
    }
}

fn value(argument: &Arg, matches: &ArgMatches) -> String {
    let id = argument.get_id().as_str();
    if !argument.get_action().takes_values() {
        if let Ok(Some(count)) = matches.try_get_one::<u8>(id) {
            return count.to_string();
        }
        return matches.try_get_one::<bool>(id).ok().flatten().copied().unwrap_or_default().to_string();
    }
    let raw = matches.try_get_raw(id).ok().flatten().into_iter().flatten();
    let values: Vec<_> = raw.map(|value| format!("{:?}", value.to_string_lossy())).collect();
    match values.as_slice() {
        [] => "(unset)".to_owned(),
        [one] => one.clone(),
        many => format!("[{}]", many.join(", ")),
    }
}

fn place(argument: &Arg, key: &str, matches: &ArgMatches, config: &Config, section: &str) -> String {
    let source = matches
        .try_contains_id(argument.get_id().as_str())
        .is_ok()
        .then(|| matches.value_source(argument.get_id().as_str()));
    match source.flatten() {
        Some(ValueSource::CommandLine) => "flag".to_owned(),
        Some(ValueSource::EnvVariable) => argument
            .get_env()
            .map_or_else(|| "environment".to_owned(), |name| name.to_string_lossy().into_owned()),
        _ => {
            let found: Option<&Setting> = config.settings(section).find(|setting| setting.key == key);
            found.map_or_else(|| "default".to_owned(), |setting| setting.origin.to_string())
        }
    }
}
