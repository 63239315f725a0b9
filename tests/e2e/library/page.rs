//! Transcripts for reviewers, and the pages of the documentation.

use std::fmt::Write as _;

use serde_json::Value;
use ultra_template::{Audience, Pattern, library};

use super::asked::{Said, brief, message, unmarked};
use super::run::{Case, PROMPT, Ran};

/// What every model was asked, with the answers of others in one line each.
pub(crate) fn transcript(pattern: &Pattern, ran: &Ran, end: &str) -> String {
    let said = Said::of(ran);
    let mut text = format!("{}, version {}: what each model is asked\n", pattern.name, pattern.version);
    let question = ran.of_type("request").next().map(message).unwrap_or_default();
    for request in ran.of_type("request") {
        let stage = &request["stage"];
        let targets: Vec<_> = strings(&request["targets"]).collect();
        let _ =
            write!(text, "\n===== {} to {}", stage["name"].as_str().unwrap_or_default(), targets.join(", "));
        for key in ["samples", "params"] {
            if !request[key].is_null() {
                let _ = write!(text, "; {key} {}", request[key]);
            }
        }
        if let Some(keys) = request["output_schema"]["properties"].as_object() {
            let keys: Vec<_> = keys.keys().map(String::as_str).collect();
            let _ = write!(text, "; as JSON with {}", keys.join(", "));
        }
        text.push_str(" =====\n");
        for message in request["messages"].as_array().into_iter().flatten() {
            if let (Some("system"), Some(role)) = (message["role"].as_str(), message["content"].as_str()) {
                let _ = writeln!(text, "[as system message] {role}\n");
            }
        }
        text.push_str(&brief(message(request), question, &said));
    }
    // Where nobody speaks of labels, the writer of the end sees the answers in an order and under labels of its own.
    let known = if pattern.shows_reviews() { said } else { Said::default() };
    let _ = write!(text, "\n===== ultra =====\n{}", brief(end, question, &known));
    text
}

fn strings(value: &Value) -> impl Iterator<Item = &str> {
    value.as_str().into_iter().chain(value.as_array().into_iter().flatten().filter_map(Value::as_str))
}

/// The page of a pattern: what it is for, and one run of it.
pub(crate) fn page(case: &Case<'_>, ran: &Ran, end: &str) -> String {
    let pattern = case.pattern;
    let mut page = about(pattern);
    page.push_str("## An example\n\nTwo simulated models and one document. The answers are made up of words of the question; the requests are those that real models would get. Each delimiter carries a mark that is left out here.\n\n");
    let _ = writeln!(page, "```sh\n{}\n```\n", pipeline(case));
    let question = ran.of_type("request").next().map(message).unwrap_or_default();
    let mut last = "";
    for request in ran.of_type("request") {
        let stage = request["stage"]["name"].as_str().unwrap_or_default();
        // One request of a stage shows how all of them read.
        if stage == last {
            continue;
        }
        last = stage;
        let answers: Vec<_> =
            ran.of_type("response").filter(|answer| answer["request_id"] == request["id"]).collect();
        let whom: Vec<_> = strings(&request["targets"]).map(|target| format!("`{target}`")).collect();
        let _ = writeln!(page, "### Stage `{stage}`\n\nAsked of {}:\n", whom.join(" and "));
        page.push_str(&quoted(&again(&unmarked(message(request)), question)));
        for answer in answers.iter().take(1) {
            let _ = writeln!(page, "`{}` answers:\n", answer["target"].as_str().unwrap_or_default());
            page.push_str(&quoted(answer["text"].as_str().unwrap_or_default()));
        }
    }
    page.push_str("### `ultra`\n\nAsked of the writer of the final answer:\n\n");
    page.push_str(&quoted(&again(&unmarked(end), question)));
    page.push_str("The final answer:\n\n");
    for synthesis in ran.of_type("synthesis") {
        page.push_str(&quoted(synthesis["text"].as_str().unwrap_or_default()));
    }
    page.truncate(page.trim_end().len());
    page.push('\n');
    page
}

/// A later message, in which the first request is not shown in full again.
fn again(message: &str, question: &str) -> String {
    let repeated = format!("<question>\n{}</question>", unmarked(question));
    message.replace(&repeated, "<question>\n[the whole of the first request]\n</question>")
}

fn about(pattern: &Pattern) -> String {
    let mut page = format!("# {} (`{}`)\n\n{}\n\n", pattern.title, pattern.name, pattern.purpose);
    for (what, text) in [("When", &pattern.when), ("When not", &pattern.when_not)] {
        if let Some(text) = text {
            let _ = writeln!(page, "**{what}:** {text}\n");
        }
    }
    let _ =
        writeln!(page, "**Models:** at least {}, {} are good.\n", pattern.models.min, pattern.models.good);
    let names = names(pattern);
    if !names.is_empty() {
        let _ = writeln!(page, "**Also known as:** {}.\n", names.join(", "));
    }
    page.push_str("| stage | who is asked |\n|---|---|\n");
    for stage in &pattern.stages {
        let _ = writeln!(page, "| `{}` | {} |", stage.name, audience(stage.audience));
    }
    page.push_str(
        "| `ultra` | one model, which reads what the models end with and writes the final answer |\n\n",
    );
    if !pattern.variables.is_empty() {
        page.push_str("| variable | default | what it changes |\n|---|---|---|\n");
        for (name, variable) in &pattern.variables {
            let default =
                variable.default.as_ref().map_or("must be given".into(), |value| format!("`{value}`"));
            let _ = writeln!(page, "| `--var {name}=…` | {default} | {} |", variable.about);
        }
        page.push('\n');
    }
    page
}

fn audience(audience: Audience) -> &'static str {
    match audience {
        Audience::Each => "each model alone",
        Audience::Others => "each model, with its own and the others' answers",
        Audience::One => "one model, the judge, with all answers",
    }
}

/// Names of other systems that lead here.
fn names(pattern: &Pattern) -> Vec<String> {
    let others = library::other_names().filter(|(_, patterns)| *patterns == [pattern.name.as_str()]);
    pattern.aliases.iter().cloned().chain(others.map(|(name, _)| format!("`{name}`"))).collect()
}

/// The run as a shell line.
fn pipeline(case: &Case<'_>) -> String {
    let targets: Vec<_> = case.targets().into_iter().map(|target| format!("-m {target}")).collect();
    let mut line = format!(
        "ultra-ingest plan.md | ultra-pattern start {} -p '{PROMPT}' {}",
        case.pattern.name,
        targets.join(" ")
    );
    for stage in 0..case.pattern.stages.len() {
        line.push_str(if stage == 0 {
            " \\\n  | ultra-fanout"
        } else {
            " | ultra-pattern next \\\n  | ultra-fanout"
        });
    }
    line + " | ultra-synth --ultra mock:ultra --show text"
}

/// Text as a quotation in Markdown: as it stands, in a block that nothing in it can end.
fn quoted(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}text\n{}\n{fence}\n\n", text.trim_end())
}

/// The list of all pages, and the names of other systems.
pub(crate) fn index(patterns: &[Pattern]) -> String {
    let mut page =
        "# Patterns\n\nEach page says what a pattern is for and shows one run of it, made by the tools. \
        `ultra-pattern show NAME` prints what a pattern asks; ultra-pattern(5) says how to write one.\n\n\
        | pattern | for |\n|---|---|\n"
            .to_owned();
    for pattern in patterns {
        let _ = writeln!(page, "| [{0}]({0}.md) | {1} |", pattern.name, pattern.purpose);
    }
    page.push_str("\n## Names of other systems\n\nThese names are understood too. One that can mean several patterns is refused with the choices.\n\n| name | pattern |\n|---|---|\n");
    for (name, patterns) in library::other_names() {
        let patterns: Vec<_> = patterns.iter().map(|pattern| format!("`{pattern}`")).collect();
        let _ = writeln!(page, "| `{name}` | {} |", patterns.join(" or "));
    }
    page
}
