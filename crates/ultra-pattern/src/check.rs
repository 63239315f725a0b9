//! `check`: everything that is wrong with patterns, as a compiler would say it, and what they hardly mean.

use std::path::{Path, PathBuf};

use serde_json::json;
use ultra_core::failure::Failure;
use ultra_core::kind::ErrorKind;
use ultra_core::ndjson::Output;
use ultra_core::tool::{Context, Summary, many};
use ultra_template::Fault;
use ultra_template::foreign::{Form, Found};

use crate::args::CheckArgs;
use crate::find::{self, Disk};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Severity {
    /// The pattern cannot be used.
    Error,
    /// It can, and it should be looked at.
    Warning,
}

impl Severity {
    fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

pub(crate) fn check(args: &CheckArgs, context: &Context, output: &mut Output) -> Result<Summary, Failure> {
    let mut checked = Checked { json: args.json, output, errors: 0, warned: 0, patterns: 0 };
    for path in paths(args)? {
        checked.pattern(&path)?;
    }
    checked.output.flush()?;
    let Checked { errors, warned, patterns, .. } = checked;
    let failed = if context.strict { errors + warned } else { errors };
    match failed {
        0 => Ok(Summary::new(format!("{} can be used, {warned} with warnings", many(patterns, "pattern")))),
        failed => {
            let what = if context.strict { "have errors or warnings" } else { "cannot be used" };
            Err(Failure::strict(format!("{failed} of {} {what}", many(patterns, "pattern"))))
        }
    }
}

/// The patterns to check: what was named, and what lies in the folders that were named.
fn paths(args: &CheckArgs) -> Result<Vec<PathBuf>, Failure> {
    let named = if args.files.is_empty() { find::directories() } else { args.files.clone() };
    let mut paths = Vec::new();
    for path in named {
        if find::is_shelf(&path) {
            paths.extend(find::inside(&path).into_iter().map(|(_, path)| path));
        } else if !args.files.is_empty() {
            paths.push(path);
        }
    }
    if paths.is_empty() {
        let hint = "name files or folders; the built-in patterns are sound";
        return Err(Failure::usage("there are no patterns to check").hint(hint));
    }
    Ok(paths)
}

struct Checked<'a> {
    json: bool,
    output: &'a mut Output,
    errors: u64,
    warned: u64,
    patterns: u64,
}

impl Checked<'_> {
    fn pattern(&mut self, path: &Path) -> Result<(), Failure> {
        self.patterns += 1;
        let reading = Found::at(path, &Disk).and_then(|found| Ok((found.reading(&Disk)?, found)));
        let (reading, found) = match reading {
            Ok(read) => read,
            Err(faults) => {
                self.errors += 1;
                return faults.0.iter().try_for_each(|fault| self.tell(Severity::Error, fault));
            }
        };
        let pattern = &reading.pattern;
        let mut notes = reading.notes;
        if pattern.name != found.name() && found.form() == Form::Ours {
            let message = format!("the pattern is called `{}`, and so its file is not found", pattern.name);
            let fault = Fault::new(ErrorKind::TemplatePattern, found.file(), message);
            notes.push(fault.hint(format!("call the file `{}.toml`", pattern.name)));
        }
        self.warned += u64::from(!notes.is_empty());
        notes.iter().try_for_each(|note| self.tell(Severity::Warning, note))?;
        if self.json {
            tracing::info!("{}: `{}` can be used", pattern.file, pattern.name);
            return Ok(());
        }
        let stages = many(pattern.stages.len() as u64, "stage");
        let form = match found.form() {
            Form::Ours => String::new(),
            form => format!(" ({})", form.noun()),
        };
        let sound = if notes.is_empty() { "is sound" } else { "can be used" };
        self.output.text(&format!("{}: `{}` {sound}, {stages}{form}\n", pattern.file, pattern.name))
    }

    fn tell(&mut self, severity: Severity, fault: &Fault) -> Result<(), Failure> {
        if !self.json {
            let message = format!("{}: {}", severity.word(), fault.message);
            return self.output.text(&format!("{}\n", Fault { message, ..fault.clone() }));
        }
        let mut value = json!({
            "severity": severity.word(),
            "file": fault.file,
            "kind": fault.kind,
            "message": fault.message,
        });
        if let Some(line) = fault.line {
            value["line"] = line.into();
        }
        if let Some(hint) = &fault.hint {
            value["hint"] = hint.as_str().into();
        }
        self.output.value(&value)
    }
}
