//! `list` and `show`: patterns for people who choose one.

use std::fmt::Write as _;

use ultra_core::failure::Failure;
use ultra_core::ndjson::Output;
use ultra_core::tool::Summary;
use ultra_template::{Audience, Pattern, Step};

use crate::args::{ListArgs, ShowArgs};
use crate::find;
use crate::paper::wrap;

pub(crate) fn list(args: &ListArgs, output: &mut Output) -> Result<Summary, Failure> {
    let mut page = String::new();
    for (name, found) in find::all() {
        match found {
            Ok(pattern) if args.json => output.value(&pattern)?,
            Ok(pattern) => page.push_str(&entry(&pattern)),
            Err(faults) => tracing::warn!("the pattern `{name}` cannot be used: {faults}"),
        }
    }
    if !args.json {
        page.push_str("\nultra-pattern show NAME says when to use one and what it asks.\n");
    }
    output.text(&page)?;
    Ok(Summary::default())
}

fn entry(pattern: &Pattern) -> String {
    let stages: Vec<_> = pattern.stages.iter().map(|stage| stage.name.as_str()).collect();
    let mut entry = format!("{}\n", pattern.name);
    entry.push_str(&wrap(&pattern.purpose, 4));
    let about = format!(
        "{}; from {} models, {} are good",
        stages.join(" > "),
        pattern.models.min,
        pattern.models.good
    );
    entry.push_str(&wrap(&about, 4));
    entry
}

pub(crate) fn show(args: &ShowArgs, output: &mut Output) -> Result<Summary, Failure> {
    let pattern = find::named(args.name.as_deref(), args.pattern.as_deref())?;
    if args.json {
        output.value(&pattern)?;
    } else {
        output.text(&page(&pattern))?;
    }
    Ok(Summary::default())
}

fn page(pattern: &Pattern) -> String {
    let mut page = format!("{} ({}, version {})\n\n", pattern.title, pattern.name, pattern.version);
    page.push_str(&wrap(&pattern.purpose, 0));
    let models = format!("at least {}, {} are good", pattern.models.min, pattern.models.good);
    let facts = [
        ("When", pattern.when.as_deref()),
        ("When not", pattern.when_not.as_deref()),
        ("Models", Some(models.as_str())),
        ("File", Some(pattern.file.as_str())),
    ];
    for (name, fact) in facts {
        if let Some(fact) = fact {
            page.push('\n');
            page.push_str(&wrap(&format!("{name}: {fact}"), 0));
        }
    }
    if !pattern.variables.is_empty() {
        page.push_str("\nVariables (--var NAME=VALUE):\n");
    }
    for (name, variable) in &pattern.variables {
        let default =
            variable.default.as_ref().map_or("must be given".into(), |value| format!("default {value}"));
        page.push_str(&wrap(&format!("{name} ({default}) {}", variable.about), 4));
    }
    for (at, stage) in pattern.stages.iter().enumerate() {
        let audience = match stage.audience {
            Audience::Each => "each model alone",
            Audience::Others => "each model, with the others' answers",
            Audience::One => "one model, with all answers",
        };
        // Writing to a string cannot fail.
        let _ =
            writeln!(page, "\nStage {} of {}, {}: {audience}\n", at + 1, pattern.stages.len(), stage.name);
        page.push_str(&asked(pattern, &stage.step));
    }
    page.push_str("\nSynthesis: one model\n\n");
    page.push_str(&asked(pattern, &pattern.ultra.step));
    page
}

fn asked(pattern: &Pattern, step: &Step) -> String {
    let role = step.role.as_ref().and_then(|name| Some((name, pattern.roles.get(name)?)));
    let role = role.map(|(name, text)| wrap(&format!("As {name}: {text}\n\n"), 4)).unwrap_or_default();
    role + &wrap(&step.template, 4)
}
