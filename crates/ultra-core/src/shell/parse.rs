//! From the command line and the configuration to a run.

use std::ffi::OsString;
use std::io::IsTerminal as _;
use std::process::ExitCode;
use std::sync::Arc;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Command, FromArgMatches as _};

use super::args::{Common, Progress, command};
use super::{log, show};
use crate::clock::{Clock, Frozen, System};
use crate::config::{Config, Setting};
use crate::failure::{Exit, Failure};
use crate::ndjson::Output;
use crate::place;
use crate::record::Type;
use crate::schema;
use crate::tool::{Context, Tool};

/// What the command line asks for.
pub(super) enum Parsed<A> {
    /// To run.
    Run(Box<Run<A>>),
    /// To be told something, which has happened.
    Said(ExitCode),
}

/// A run that is ready to start.
pub(super) struct Run<A> {
    pub(super) args: A,
    pub(super) common: Common,
    pub(super) context: Context,
}

pub(super) fn parse<T: Tool>(arguments: &[OsString]) -> Result<Parsed<T::Args>, Failure> {
    if let Some(kind) = asked_schema::<T>(arguments) {
        return print_schema::<T>(&kind);
    }
    let first = match command::<T>().try_get_matches_from(arguments) {
        Ok(matches) => Common::from_arg_matches(&matches).ok(),
        // What is missing may stand in the configuration; it is judged after that was read.
        Err(cause) if cause.kind() == ErrorKind::MissingRequiredArgument => None,
        Err(cause) => return Ok(Parsed::Said(say_clap(T::NAME, &cause))),
    };
    let config = Config::load(first.and_then(|common| common.config))?;
    let command = with_settings(command::<T>(), T::NAME, &config, T::SECTION)?;
    let matches = match command.clone().try_get_matches_from(arguments) {
        Ok(matches) => matches,
        Err(cause) => return Ok(Parsed::Said(say_clap(T::NAME, &cause))),
    };
    let read = |cause: clap::Error| Failure::internal(format!("the arguments do not fit: {cause}"));
    let common = Common::from_arg_matches(&matches).map_err(read)?;
    if !T::TAKES_LINES && matches.value_source("lines") == Some(ValueSource::CommandLine) {
        return Err(Failure::usage(format!("{} takes no prompts, and so no --lines", T::NAME))
            .hint("prompts in plain text are read by ultra-fanout --lines and ultra-pattern start --lines"));
    }
    if common.show_config {
        let text = show::settings(&command, &matches, &config, T::SECTION);
        return print(T::NAME, &text);
    }
    if let Some(file) = &common.metrics {
        place::ready("the metrics", file)?;
    }
    let args = T::Args::from_arg_matches(&matches).map_err(read)?;
    let mut context = context(&common, config);
    context.plain_lines &= T::TAKES_LINES;
    Ok(Parsed::Run(Box::new(Run { args, common, context })))
}

fn context(common: &Common, config: Config) -> Context {
    let clock: Arc<dyn Clock> = if common.mock { Arc::new(Frozen) } else { Arc::new(System::start()) };
    Context {
        mock: common.mock,
        seed: common.seed,
        emit: common.emit,
        order: common.order,
        strict: common.strict,
        memory: common.mem,
        plain_lines: common.lines,
        verbose: common.verbose > 0,
        progress: match common.progress {
            Progress::Auto => std::io::stderr().is_terminal() && !common.quiet,
            Progress::Always => true,
            Progress::Never => false,
        },
        person_reads: is_terminal(rustix::stdio::stdout()),
        person_types: is_terminal(rustix::stdio::stdin()),
        config: Arc::new(config),
        clock,
        metrics: crate::metrics::Metrics::default(),
        shutdown: crate::shutdown::Shutdown::default(),
    }
}

fn is_terminal(fd: rustix::fd::BorrowedFd<'_>) -> bool {
    fd.is_terminal()
}

/// The type after `--schema`, which is answered before anything else is asked of the command line.
fn asked_schema<T: Tool>(arguments: &[OsString]) -> Option<String> {
    let at = arguments.iter().take_while(|argument| *argument != "--").position(|argument| {
        argument.to_str().is_some_and(|text| text == "--schema" || text.starts_with("--schema="))
    })?;
    let text = arguments[at].to_str()?;
    if let Some((_, kind)) = text.split_once('=') {
        return Some(kind.to_owned());
    }
    let next = arguments.get(at + 1).and_then(|next| next.to_str());
    let is_known = |name: &&str| Type::named(name).is_some() || T::FILES.iter().any(|(file, _)| file == name);
    Some(next.filter(is_known).unwrap_or("all").to_owned())
}

fn print_schema<T: Tool>(kind: &str) -> Result<Parsed<T::Args>, Failure> {
    let value = if kind == "all" {
        schema::of_tool(T::NAME, T::READS, T::WRITES)
    } else if let Some((_, of_file)) = T::FILES.iter().find(|(file, _)| *file == kind) {
        of_file()
    } else {
        let kind = Type::named(kind).ok_or_else(|| {
            let files = T::FILES.iter().map(|(file, _)| *file);
            let known: Vec<_> = Type::ALL.iter().map(|kind| kind.as_str()).chain(files).collect();
            Failure::usage(format!("unknown record type `{kind}`"))
                .hint(format!("known are: {}", known.join(", ")))
        })?;
        schema::of(kind)
    };
    print(T::NAME, &format!("{value:#}\n"))
}

fn print<A>(tool: &'static str, text: &str) -> Result<Parsed<A>, Failure> {
    #[expect(clippy::disallowed_methods, reason = "the shell opens stdout for every tool")]
    Output::new(tool, std::io::stdout()).text(text)?;
    Ok(Parsed::Said(ExitCode::SUCCESS))
}

/// Makes every setting of the files the default of its flag, and checks each where it stands.
fn with_settings(
    mut command: Command,
    tool: &str,
    config: &Config,
    section: &str,
) -> Result<Command, Failure> {
    for setting in config.settings(section) {
        if let Some(cause) = flaw(&command, tool, setting) {
            return Err(Failure::usage(format!("{}: {cause}", setting.origin)));
        }
        command = with_default(command, setting);
    }
    Ok(command)
}

/// What the flag of the same name says to the value of a setting.
fn flaw(command: &Command, tool: &str, setting: &Setting) -> Option<String> {
    let argument = arguments_named(command, &setting.key).into_iter().next()?;
    if !argument.get_action().takes_values() {
        let known = matches!(setting.values.as_slice(), [value] if value == "true" || value == "false");
        return (!known).then(|| format!("`{}` is true or false", setting.key));
    }
    let mut probe = Command::new(tool.to_owned()).arg(argument.clone().required(false));
    let values = setting.values.iter().map(|value| format!("--{}={value}", setting.key));
    let cause = probe.try_get_matches_from_mut(std::iter::once(tool.to_owned()).chain(values)).err()?;
    let text = cause.to_string();
    let line = text.lines().next().unwrap_or_default();
    Some(plain(line.trim_start_matches("error: ")))
}

fn arguments_named<'a>(command: &'a Command, key: &str) -> Vec<&'a clap::Arg> {
    let own = command.get_arguments().filter(|argument| argument.get_long() == Some(key));
    own.chain(command.get_subcommands().flat_map(|sub| arguments_named(sub, key))).collect()
}

fn with_default(command: Command, setting: &Setting) -> Command {
    let ids: Vec<_> = command
        .get_arguments()
        .filter(|argument| argument.get_long() == Some(&setting.key))
        .map(|argument| argument.get_id().clone())
        .collect();
    let subcommands: Vec<_> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    let command = ids.into_iter().fold(command, |command, id| {
        command.mut_arg(id, |argument| argument.default_values(setting.values.clone()).required(false))
    });
    subcommands
        .into_iter()
        .fold(command, |command, name| command.mut_subcommand(name, |sub| with_default(sub, setting)))
}

/// What clap says of a number that does not fit, without the notation of a programming language.
fn plain(text: &str) -> String {
    let (line, rest) = text.split_at(text.find('\n').unwrap_or(text.len()));
    let told = line.rsplit_once(" is not in ").and_then(|(before, range)| {
        let (least, most) = range.split_once("..")?;
        let most = most.trim_start_matches('=');
        let number = |text: &str| text.parse::<i128>().ok();
        let value = before.rsplit(' ').next().and_then(number)?;
        Some(match number(most) {
            Some(most) if most < i128::from(u32::MAX) => format!("{before} is not from {least} to {most}"),
            _ if value < number(least)? => format!("{before} is less than {least}"),
            _ => format!("{before} is too large"),
        })
    });
    let told = told.unwrap_or_else(|| {
        let line = line.replace("invalid digit found in string", "expected a whole number");
        line.replace("number too large to fit in target type", "that is too large")
    });
    told + rest
}

/// Prints what clap has to say: help on stdout, a mistake on stderr in our form.
fn say_clap(tool: &'static str, cause: &clap::Error) -> ExitCode {
    if cause.use_stderr() {
        let text = cause.render().to_string();
        log::say(&format!("{tool}: {}", plain(text.trim_start_matches("error: ").trim_end())));
        return ExitCode::from(Exit::Usage.code());
    }
    #[expect(clippy::disallowed_methods, reason = "the shell opens stdout for every tool")]
    let mut output = Output::new(tool, std::io::stdout());
    match output.text(&cause.render().to_string()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => ExitCode::from(failure.exit().code()),
    }
}
