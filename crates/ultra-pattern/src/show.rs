//! `show`: one pattern on a page, for people who choose one.

use std::fmt::Write as _;

use ultra_core::failure::Failure;
use ultra_core::ndjson::Output;
use ultra_core::tool::Summary;
use ultra_template::{Audience, Format, Pattern, Stage, Step, WhenEmpty};

use crate::args::{PipeArgs, ShowArgs};
use crate::paper::{plain, wrap};
use crate::{find, pipe};

pub(crate) fn show(args: &ShowArgs, output: &mut Output) -> Result<Summary, Failure> {
    let pattern = find::named(args.name.as_deref(), args.pattern.as_deref())?;
    if args.json {
        output.value(&pattern)?;
    } else {
        let pipeline = pipe::pipeline(&pattern, &PipeArgs::of(args))?;
        output.text(&page(&pattern, &pipeline))?;
    }
    Ok(Summary::default())
}

fn page(pattern: &Pattern, pipeline: &str) -> String {
    let mut page = heading(pattern);
    page.push('\n');
    page.push_str(&wrap(&pattern.purpose, 0));
    for (name, fact) in facts(pattern) {
        page.push('\n');
        page.push_str(&wrap(&format!("{name}: {fact}"), 0));
    }
    page.push_str(&variables(pattern));
    page.push_str(&roles(pattern));
    for (at, stage) in pattern.stages.iter().enumerate() {
        let place =
            format!("Stage {} of {}, {}: {}", at + 1, pattern.stages.len(), stage.name, audience(stage));
        page.push_str(&["\n", &wrap(&place, 0)].concat());
        page.push_str(&settings(stage));
        page.push('\n');
        page.push_str(&asked(pattern, &stage.step));
    }
    page.push_str(&synthesis(pattern));
    page.push_str("\nPipeline, with simulated models:\n\n");
    for line in pipeline.lines() {
        // A line of the shell is not wrapped, so that it can be copied.
        let _ = writeln!(page, "    {}", plain(line));
    }
    page
}

fn heading(pattern: &Pattern) -> String {
    let category = pattern.category.as_ref().map(|category| format!(", {category}")).unwrap_or_default();
    wrap(&format!("{} ({}, version {}{category})", pattern.title, pattern.name, pattern.version), 0)
}

/// What a pattern says about itself, as far as it does.
fn facts(pattern: &Pattern) -> Vec<(&'static str, String)> {
    let models = &pattern.models;
    let most = models.max.map(|max| format!(", at most {max}")).unwrap_or_default();
    let also = (!pattern.aliases.is_empty()).then(|| pattern.aliases.join(", "));
    let facts = [
        ("When", pattern.when.clone()),
        ("When not", pattern.when_not.clone()),
        ("Also called", also),
        ("Models", Some(format!("at least {}, {} are good{most}", models.min, models.good))),
        ("Extends", pattern.extends.clone()),
        ("File", Some(pattern.file.clone())),
    ];
    facts.into_iter().filter_map(|(name, fact)| Some((name, fact?))).collect()
}

fn variables(pattern: &Pattern) -> String {
    let mut page = String::new();
    for (name, variable) in &pattern.variables {
        if page.is_empty() {
            page.push_str("\nVariables (--var NAME=VALUE):\n\n");
        }
        let default = variable.default.as_ref();
        let default = default.map_or("must be given".to_owned(), |value| format!("default {value}"));
        let choices: Vec<_> = variable.choices.iter().map(ToString::to_string).collect();
        let choices =
            if choices.is_empty() { String::new() } else { format!(", one of {}", choices.join(", ")) };
        page.push_str(&wrap(&format!("{name} ({default}{choices})"), 4));
        page.push_str(&wrap(&variable.about, 8));
    }
    page
}

/// The roles that models take in turn, or that users give; that of a stage is shown with it.
fn roles(pattern: &Pattern) -> String {
    let fixed = |name: &String| {
        let steps = pattern.stages.iter().map(|stage| &stage.step).chain([&pattern.ultra.step]);
        steps.into_iter().any(|step| step.role.as_ref() == Some(name))
    };
    let mut page = String::new();
    for (name, text) in pattern.roles.iter().filter(|(name, _)| !fixed(name)) {
        if page.is_empty() {
            page.push_str("\nRoles:\n\n");
        }
        page.push_str(&wrap(&format!("{name}: {text}"), 4));
    }
    page
}

fn audience(stage: &Stage) -> &'static str {
    match stage.audience {
        Audience::Each => "each model alone",
        Audience::Others => "each model, with the others' answers",
        Audience::One => "one model, with all answers",
    }
}

/// What is particular about a stage, one line each.
fn settings(stage: &Stage) -> String {
    let params = stage.params.as_ref().and_then(|params| serde_json::to_string(params).ok());
    let lines = [
        (!stage.roles.is_empty()).then(|| format!("roles in turn: {}", stage.roles.join(", "))),
        stage.samples.map(|samples| format!("{samples} samples of each model")),
        params.map(|params| format!("parameters: {params}")),
        stage.output_schema.as_ref().map(|_| "answers are JSON that a schema describes".to_owned()),
        stage.min.map(|min| format!("with fewer than {min} answers it counts as empty")),
        (stage.when_empty == WhenEmpty::Stop).then(|| "when it is empty, the prompt ends there".to_owned()),
    ];
    lines.into_iter().flatten().map(|line| wrap(&line, 4)).collect()
}

fn synthesis(pattern: &Pattern) -> String {
    let ultra = &pattern.ultra;
    let form = match ultra.format {
        Format::Text => "plain text",
        Format::Md => "Markdown",
        Format::Json => "JSON",
        Format::Html => "HTML",
    };
    let mut page = format!("\nSynthesis: one model writes {form}\n");
    if let Some(layout) = &ultra.layout {
        page.push_str(&wrap(&format!("laid out so: {layout}"), 4));
    }
    page.push('\n');
    page.push_str(&asked(pattern, &ultra.step));
    page
}

fn asked(pattern: &Pattern, step: &Step) -> String {
    let role = step.role.as_ref().and_then(|name| Some((name, pattern.roles.get(name)?)));
    let role = role.map(|(name, text)| wrap(&format!("As {name}: {text}\n\n"), 4)).unwrap_or_default();
    role + &wrap(&pattern.spelled_out(step), 4)
}
