//! Manual pages: hand-written frames, generated options, one shared table for what all tools have in common.

use std::fmt::Write as _;

use clap::Command;
use clap_mangen::Man;
use ultra_core::failure::Exit;
use ultra_core::kind::ErrorKind;
use ultra_core::record::Type;
use ultra_core::schema;

use crate::{fresh, tools};

#[test]
fn the_manual_is_fresh() {
    for tool in tools::all() {
        fresh::check(&format!("man/{}.1", tool.name), &page(&tool));
    }
    fresh::check("man/ultra-record.5", &record_page());
    fresh::check("man/ultra-pattern.5", &pattern_page());
    fresh::check("man/ultra.7", &fill(&frame("ultra.7")));
}

#[test]
fn every_page_has_the_parts_that_a_reader_looks_for() {
    for tool in tools::all() {
        let page = page(&tool);
        for part in [
            "NAME",
            "SYNOPSIS",
            "DESCRIPTION",
            "OPTIONS",
            "EXAMPLES",
            "EXIT STATUS",
            "ENVIRONMENT",
            "SIGNALS",
            "SEE ALSO",
        ] {
            assert!(
                page.contains(&format!("\n.SH {part}\n")) || page.contains(&format!("\n.SH \"{part}\"\n")),
                "{}: {part}",
                tool.name
            );
        }
    }
}

fn frame(name: &str) -> String {
    let path = format!("{}/man/frames/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|cause| panic!("{path}: {cause}"))
}

fn page(tool: &tools::Described) -> String {
    // An apostrophe that stays one in typesetting; generated options use it.
    let mut text = ".ie \\n(.g .ds Aq \\(aq\n.el .ds Aq '\n".to_owned();
    let _ =
        writeln!(text, ".TH {} 1 \"\" \"Ultra {}\" \"Ultra manual\"", tool.name, env!("CARGO_PKG_VERSION"));
    let _ = write!(
        text,
        ".SH NAME\n{} \\- {}\n",
        tool.name.replace('-', "\\-"),
        escape(&lower_first(tool.about))
    );
    text.push_str(&section(&tool.command, Man::render_synopsis_section));
    text.push_str(".SH DESCRIPTION\n");
    text.push_str(&fill(&frame(&format!("{}.roff", tool.name))));
    text.push_str(&options(&tool.command));
    let _ = write!(text, ".SH EXAMPLES\n.nf\n{}.fi\n", escape_lines(tool.examples));
    text.push_str(&fill("@EXIT STATUS@\n@ENVIRONMENT@\n@SIGNALS@\n"));
    text.push_str(".SH \"SEE ALSO\"\n.BR ultra (7),\n.BR ultra\\-record (5)\n");
    text
}

/// OPTIONS of the tool, then one part for each of its commands.
fn options(command: &Command) -> String {
    let own = without_subcommands(command);
    let mut text = section(&own, Man::render_options_section);
    for sub in command.get_subcommands() {
        let _ = writeln!(text, ".SH \"COMMAND {}\"", sub.get_name().to_uppercase());
        let about =
            sub.get_long_about().or_else(|| sub.get_about()).map(ToString::to_string).unwrap_or_default();
        let _ = writeln!(text, "{}", escape_lines(&about).trim_end());
        let part = section(sub, Man::render_options_section);
        text.push_str(&part.replace(".SH OPTIONS", ".PP"));
    }
    text
}

fn without_subcommands(command: &Command) -> Command {
    let mut own = Command::new(command.get_name().to_owned()).version("0").disable_help_subcommand(true);
    for argument in command.get_arguments() {
        own = own.arg(argument.clone());
    }
    own
}

fn section(
    command: &Command,
    render: impl Fn(&Man, &mut dyn std::io::Write) -> std::io::Result<()>,
) -> String {
    let mut bytes = Vec::new();
    render(&Man::new(command.clone()), &mut bytes).expect("renders");
    let text = String::from_utf8(bytes).expect("is text");
    // clap_mangen begins each part with definitions that belong at the top of a page.
    text.lines()
        .filter(|line| !line.starts_with(".ie \\n(") && !line.starts_with(".el .ds"))
        .fold(String::new(), |text, line| text + line + "\n")
}

/// Puts the shared tables in their places.
fn fill(text: &str) -> String {
    let mut statuses = ".SH \"EXIT STATUS\"\n".to_owned();
    for exit in Exit::ALL {
        let _ = write!(statuses, ".TP\n.B {}\n{}\n", exit.code(), escape(exit.meaning()));
    }
    statuses.push_str(".TP\n.B 130, 143\ndied by the signal SIGINT or SIGTERM\n");
    let mut kinds = String::new();
    for kind in ErrorKind::ALL {
        let _ = write!(kinds, ".TP\n.B {kind}\n{}\n", escape(kind.meaning()));
    }
    text.replace("@VERSION@", env!("CARGO_PKG_VERSION"))
        .replace("@EXIT STATUS@\n", &statuses)
        .replace("@ENVIRONMENT@\n", &frame("environment.roff"))
        .replace("@SIGNALS@\n", &frame("signals.roff"))
        .replace("@KINDS@\n", &kinds)
}

fn record_page() -> String {
    let mut fields = String::new();
    for kind in Type::ALL {
        let schema = schema::of(kind);
        let _ =
            write!(fields, ".SS {kind}\n{}\n", escape(schema["description"].as_str().unwrap_or_default()));
        describe(&mut fields, &schema, &schema, "", 0);
    }
    fill(&frame("ultra-record.5").replace("@FIELDS@\n", &fields))
}

/// The commands that the page of pattern files shows, and a test runs.
pub(crate) const COMMANDS: &str = "\
ultra-pattern check patterns/second-look.toml
ultra-pattern show second-look
ultra-pattern start second-look -p 'Is water wet?' -m mock:a -m mock:b |
  ultra-fanout | ultra-pattern next | ultra-fanout | ultra-synth --ultra mock:c
";

/// The patterns that the page shows, which a test runs.
pub(crate) const EXAMPLES: [&str; 3] = ["second-look.toml", "panel.toml", "dry-look.toml"];

fn pattern_page() -> String {
    let mut page = fill(&frame("ultra-pattern.5"));
    let verbatim = |text: &str| format!(".nf\n{}.fi\n", escape_lines(text));
    for name in EXAMPLES {
        let text = frame(&format!("../examples/{name}"));
        page = page.replace(&format!("@EXAMPLE {name}@\n"), &verbatim(&text));
    }
    let schema = ultra_template::file::schema();
    let mut keys = String::new();
    describe(&mut keys, &schema, &schema, "", 0);
    page.replace("@COMMANDS@\n", &verbatim(COMMANDS)).replace("@KEYS@\n", &keys)
}

/// One entry a field, nested objects included, each type once by its place.
fn describe(
    text: &mut String,
    root: &serde_json::Value,
    object: &serde_json::Value,
    prefix: &str,
    depth: usize,
) {
    let required: Vec<_> =
        object["required"].as_array().into_iter().flatten().filter_map(|key| key.as_str()).collect();
    for (key, field) in object["properties"].as_object().into_iter().flatten() {
        let name = format!("{prefix}{key}");
        let optional = if required.contains(&key.as_str()) { "" } else { " (optional)" };
        if name == "type" {
            continue;
        }
        let meaning = field["description"].as_str().unwrap_or_default();
        let _ = write!(text, ".TP\n.B {}\n{}{optional}\n", name.replace('-', "\\-"), escape(meaning));
        if depth < 2
            && let Some((inner, mark)) = referenced(root, field)
            && inner["properties"].is_object()
        {
            describe(text, root, inner, &format!("{name}{mark}."), depth + 1);
        }
    }
}

/// The object that a field refers to, with `[]` when it is a list of them.
fn referenced<'a>(
    root: &'a serde_json::Value,
    field: &'a serde_json::Value,
) -> Option<(&'a serde_json::Value, &'static str)> {
    let items = if field["items"].is_object() { &field["items"] } else { field };
    let mark = if field["type"] == "array" || field["type"][0] == "array" { "[]" } else { "" };
    let one = items["anyOf"]
        .as_array()
        .and_then(|any| any.iter().find(|one| one["$ref"].is_string()))
        .unwrap_or(items);
    let path = one["$ref"].as_str()?.strip_prefix('#')?;
    Some((root.pointer(path)?, mark))
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
}

fn escape(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-");
    if text.starts_with(['.', '\'']) { format!("\\&{text}") } else { text }
}

fn escape_lines(text: &str) -> String {
    text.lines().fold(String::new(), |all, line| all + &escape(line) + "\n")
}
