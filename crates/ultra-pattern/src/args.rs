//! The arguments of `ultra-pattern`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};
use serde_json::Value;
use ultra_core::sampling::Sampling;

use crate::start::DocumentArgs;

/// The command line.
#[derive(Debug, Clone, Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub struct PatternArgs {
    /// What to do.
    #[command(subcommand)]
    pub action: Action,
}

/// What to do.
#[derive(Debug, Clone, Subcommand)]
pub enum Action {
    /// List the patterns by category, with what each is for
    List(ListArgs),
    /// Suggest patterns for a prompt, with reasons
    Suggest(SuggestArgs),
    /// Show a pattern: when to use it, what it asks in each stage
    Show(ShowArgs),
    /// Make the requests of the first stage from prompts and documents
    Start(StartArgs),
    /// Make the requests of the next stage of every prompt whose stage is complete
    Next(NextArgs),
    /// Print the shell pipeline that runs a pattern
    Pipe(PipeArgs),
    /// Check patterns: keys, placeholders, templates, what is missing and what data could abuse
    Check(CheckArgs),
}

/// Arguments of `list`.
#[derive(Debug, Clone, Args)]
pub struct ListArgs {
    /// Print one JSON object for each pattern
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `suggest`.
#[derive(Debug, Clone, Args)]
pub struct SuggestArgs {
    /// Find patterns for this prompt
    #[arg(short, long = "prompt", value_name = "PROMPT")]
    pub prompt: String,

    /// Print this many
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    pub top: u32,

    /// Print one JSON object for each pattern
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `show`.
#[derive(Debug, Clone, Args)]
pub struct ShowArgs {
    /// Name of the pattern
    #[arg(value_name = "NAME", required_unless_present = "pattern")]
    pub name: Option<String>,

    /// Read the pattern from this file or folder, or look for NAME in this folder first
    #[arg(long, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub pattern: Option<PathBuf>,

    /// Print it as one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `start`.
#[derive(Debug, Clone, Args)]
pub struct StartArgs {
    /// Name of the pattern
    #[arg(value_name = "NAME", required_unless_present = "pattern")]
    pub name: Option<String>,

    /// Ask this, after everything that comes in; repeat it for more prompts
    ///
    /// Prompts also come from the stream: prompt records, objects with `prompt`, `text` or `messages`, lines of an
    /// OpenAI batch file, and with --lines plain text. The documents before a prompt belong to it.
    #[arg(short, long = "prompt", value_name = "PROMPT")]
    pub prompts: Vec<String>,

    /// Whom to ask: provider:model, mock:NAME, exec:COMMAND, an alias or @profile; `#3` at the end asks for three
    /// samples
    #[arg(short = 'm', long = "target", value_name = "TARGET")]
    pub targets: Vec<String>,

    /// Read the pattern from this file or folder, or look for NAME in this folder first
    #[arg(long, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub pattern: Option<PathBuf>,

    /// Set a variable of the pattern
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = variable)]
    pub vars: Vec<(String, String)>,

    /// Who judges, in stages that one model answers; the first one that answered before when it is left out
    #[arg(long, value_name = "TARGET")]
    pub judge: Option<String>,

    /// Give a target one of the roles of the pattern, in every stage
    #[arg(long = "role", value_name = "TARGET=ROLE", value_parser = role)]
    pub roles: Vec<(String, String)>,

    /// The least answers for a stage to count; with fewer, the stage before stands in
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub min_responses: Option<u32>,

    /// Standing instructions for prompts that bring none
    #[arg(long, env = "ULTRA_SYSTEM", value_name = "TEXT")]
    pub system: Option<String>,

    /// Prompts in files, and what becomes of documents.
    #[command(flatten)]
    pub documents: DocumentArgs,

    /// Parameters of the calls.
    #[command(flatten)]
    pub sampling: Sampling,
}

/// Arguments of `next`.
#[derive(Debug, Clone, Args)]
pub struct NextArgs {
    /// Read the pattern from this file or folder, or look for it in this folder first
    #[arg(long, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub pattern: Option<PathBuf>,

    /// The least answers for a stage to count, whatever was said at the start; with fewer, the stage before stands in
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub min_responses: Option<u32>,
}

/// Arguments of `pipe`.
#[derive(Debug, Clone, Args)]
pub struct PipeArgs {
    /// Name of the pattern
    #[arg(value_name = "NAME", required_unless_present = "pattern")]
    pub name: Option<String>,

    /// Ask this; repeat it for more prompts, leave it out to ask what comes in
    #[arg(short, long = "prompt", value_name = "PROMPT")]
    pub prompts: Vec<String>,

    /// Whom to ask; without any, as many simulated models as the pattern wants
    #[arg(short = 'm', long = "target", value_name = "TARGET")]
    pub targets: Vec<String>,

    /// Who merges the answers; the first target when it is left out
    #[arg(short = 'u', long, value_name = "TARGET")]
    pub ultra: Option<String>,

    /// Read this document first; repeat it for more
    #[arg(short = 'd', long = "document", value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub documents: Vec<String>,

    /// Read the pattern from this file or folder, or look for NAME in this folder first
    #[arg(long, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub pattern: Option<PathBuf>,

    /// Set a variable of the pattern
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = variable)]
    pub vars: Vec<(String, String)>,
}

/// Arguments of `check`.
#[derive(Debug, Clone, Args)]
pub struct CheckArgs {
    /// Pattern files, folders of fabric patterns, or folders that hold any of them; without any, the folders of the
    /// search path
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub files: Vec<PathBuf>,

    /// Print one JSON object for each error and warning
    #[arg(long)]
    pub json: bool,
}

impl PipeArgs {
    /// The pipeline of a pattern that is only shown.
    pub(crate) fn of(shown: &ShowArgs) -> Self {
        Self {
            name: shown.name.clone(),
            prompts: vec!["PROMPT".to_owned()],
            targets: Vec::new(),
            ultra: None,
            documents: Vec::new(),
            pattern: shown.pattern.clone(),
            vars: Vec::new(),
        }
    }
}

impl StartArgs {
    /// The variables that were set; of two values for one name the last wins.
    pub(crate) fn variables(&self) -> std::collections::BTreeMap<String, Value> {
        self.vars.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect()
    }
}

/// The target comes before the last `=`: a command can hold one, the name of a role cannot.
fn role(text: &str) -> Result<(String, String), String> {
    match text.rsplit_once('=') {
        Some((target, role)) if !target.is_empty() && !role.is_empty() => {
            Ok((target.to_owned(), role.to_owned()))
        }
        _ => Err("expected TARGET=ROLE".into()),
    }
}

fn variable(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("expected NAME=VALUE".into()),
    }
}
