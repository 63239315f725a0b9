//! `pipe`: the shell pipeline that runs a pattern.

use ultra_core::failure::Failure;
use ultra_core::ndjson::Output;
use ultra_core::tool::Summary;
use ultra_template::Pattern;

use crate::args::PipeArgs;
use crate::find;

pub(crate) fn pipe(args: &PipeArgs, output: &mut Output) -> Result<Summary, Failure> {
    let pattern = find::named(args.name.as_deref(), args.pattern.as_deref())?;
    if args.prompts.iter().any(|prompt| prompt.trim().is_empty()) {
        return Err(Failure::usage("a prompt of --prompt is empty"));
    }
    let vars = args.vars.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
    pattern.check_vars(&vars).map_err(|fault| find::usage(&fault.into()))?;
    if args.targets.is_empty() {
        tracing::info!("no -m: the pipeline asks simulated models");
    }
    output.text(&pipeline(&pattern, args)?)?;
    Ok(Summary::default())
}

/// The pipeline, one line for each call of the models.
pub(crate) fn pipeline(pattern: &Pattern, args: &PipeArgs) -> Result<String, Failure> {
    let targets = match args.targets.as_slice() {
        [] => simulated(pattern),
        targets => targets.to_vec(),
    };
    let path = file(pattern, args)?;
    let from = path.map(|path| option("--pattern", path)).unwrap_or_default();

    let mut start = "ultra-pattern start".to_owned();
    if path.is_none() {
        start.push_str(&[" ", &pattern.name].concat());
    }
    start.push_str(&from);
    start.extend(args.vars.iter().map(|(name, value)| option("--var", &format!("{name}={value}"))));
    start.extend(args.prompts.iter().map(|prompt| option("-p", prompt)));
    start.extend(targets.iter().map(|target| option("-m", target)));

    let mut lines = Vec::new();
    if !args.documents.is_empty() {
        let documents: Vec<_> = args.documents.iter().map(|path| path_argument(path)).collect();
        lines.push(format!("ultra-ingest {}", documents.join(" ")));
    }
    lines.push(start);
    let next = format!("ultra-fanout | ultra-pattern next{from}");
    lines.extend(std::iter::repeat_n(next, pattern.stages.len() - 1));
    let ultra = args.ultra.clone().or_else(|| targets.first().map(|target| one(target)));
    let ultra = ultra.map(|target| option("--ultra", &target)).unwrap_or_default();
    lines.push(format!("ultra-fanout | ultra-synth{ultra}{from}"));
    Ok(lines.join(" |\n  ") + "\n")
}

/// The file that all tools of the pipeline are told, when the pattern is not found by its name.
fn file<'a>(pattern: &'a Pattern, args: &'a PipeArgs) -> Result<Option<&'a str>, Failure> {
    let Some(path) = args.pattern.as_deref() else { return Ok(None) };
    if find::is_shelf(path) {
        let is_inside = std::path::Path::new(&pattern.file).starts_with(path);
        return Ok(is_inside.then_some(pattern.file.as_str()));
    }
    let text = path.to_str();
    text.map(Some)
        .ok_or_else(|| Failure::usage("the path of the pattern is no text that a shell line can hold"))
}

/// As many simulated models as do the pattern good.
fn simulated(pattern: &Pattern) -> Vec<String> {
    let wanted = pattern.models.good.max(pattern.models.min).clamp(1, 26);
    ('a'..='z').take(wanted as usize).map(|letter| format!("mock:{letter}")).collect()
}

/// A target without its number of samples.
fn one(target: &str) -> String {
    match target.rsplit_once('#') {
        Some((name, samples)) if samples.parse::<u32>().is_ok() => name.to_owned(),
        _ => target.to_owned(),
    }
}

/// An option and its value, which can begin with a dash.
fn option(name: &str, value: &str) -> String {
    match (value.starts_with('-'), name) {
        (false, _) => format!(" {name} {}", quoted(value)),
        (true, name) if name.starts_with("--") => format!(" {name}={}", quoted(value)),
        (true, name) => format!(" {name}{}", quoted(value)),
    }
}

/// A path that is no option.
fn path_argument(path: &str) -> String {
    if path.starts_with('-') && path != "-" { quoted(&format!("./{path}")) } else { quoted(path) }
}

/// A word of a POSIX shell line.
fn quoted(text: &str) -> String {
    let plain = |c: char| {
        c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ',' | '/' | ':' | '@' | '%' | '+')
    };
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::{one, option, quoted};

    #[test]
    fn words_are_quoted_as_a_posix_shell_reads_them() {
        for (text, word) in [
            ("openai:gpt-5", "openai:gpt-5"),
            ("", "''"),
            ("it's $HOME `id` \"x\" \\", r#"'it'\''s $HOME `id` "x" \'"#),
            ("mock:b#2", "'mock:b#2'"),
            ("a\nb", "'a\nb'"),
            ("~x", "'~x'"),
        ] {
            assert_eq!(quoted(text), word);
        }
        assert_eq!(
            [option("-p", "-x y"), option("--var", "-a"), option("-m", "a")],
            [" -p'-x y'", " --var=-a", " -m a"]
        );
        assert_eq!(["mock:b#2", "mock:b", "a#b"].map(one), ["mock:b", "mock:b", "a#b"]);
    }
}
