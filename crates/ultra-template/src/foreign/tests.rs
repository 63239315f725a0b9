use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use ultra_core::record::Prompt;

use super::{Form, Found, Reading};
use crate::library::{find, find_version};
use crate::plan::{self, Ask, How};

type Disk = BTreeMap<&'static str, &'static str>;

fn reader(disk: Disk) -> impl Fn(&Path) -> io::Result<String> {
    move |path: &Path| {
        let path = path.to_str().expect("text");
        if disk.keys().any(|file| file.starts_with(&format!("{path}/"))) {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        disk.get(path).map(|text| (*text).to_owned()).ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

fn reading(path: &'static str, text: &'static str) -> Result<Reading, String> {
    let reader = reader(Disk::from([(path, text)]));
    let found = Found::at(Path::new(path), &reader).expect("is there");
    found.reading(&reader).map_err(|faults| faults.to_string())
}

/// What a model is sent: the messages, each after its role.
fn asked(reading: &Reading, vars: &[(&str, &str)]) -> Vec<String> {
    let prompt: Prompt =
        serde_json::from_str(r#"{"type":"prompt","id":"p","text":"{{ 7 * 7 }} $x"}"#).expect("a prompt");
    let vars = vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
    let ask = Ask {
        prompt: &prompt,
        history: &[],
        documents: &[],
        targets: &["mock:a".to_owned()],
        vars: &vars,
        how: &How::default(),
    };
    let plan = plan::first(&reading.pattern, &ask).expect("a plan");
    let messages = serde_json::to_value(&plan.requests[0].messages).expect("JSON");
    let messages = messages.as_array().expect("messages").iter();
    messages
        .map(|message| {
            format!(
                "{}: {}",
                message["role"].as_str().unwrap_or(""),
                message["content"].as_str().unwrap_or("")
            )
        })
        .collect()
}

#[test]
fn a_fabric_folder_is_a_system_message_and_the_question() {
    let text = "# IDENTITY\n\nYou sum up. Use {braces} and $5 and {% tags %}.\n\n# INPUT:\n";
    let disk = Disk::from([("shelf/sum_up/system.md", text), ("shelf/sum_up/user.md", "")]);
    let read = reader(disk);
    let found = Found::at(Path::new("shelf/sum_up"), &read).expect("is there");
    assert_eq!((found.form(), found.name()), (Form::Fabric, "sum_up"));
    let reading = found.reading(&read).expect("a pattern");
    assert_eq!(reading.pattern.name, "sum_up");
    assert_eq!(reading.pattern.purpose, "You sum up. Use {braces} and $5 and {% tags %}.");
    let stages: Vec<_> = reading.pattern.stages.iter().map(|stage| stage.name.as_str()).collect();
    assert_eq!(stages, ["answer"]);
    assert_eq!(asked(&reading, &[]), [&format!("system: {}", text.trim()), "user: {{ 7 * 7 }} $x"]);
}

#[test]
fn fabric_placeholders_stand_in_the_message_of_the_user() {
    let read = reading("a/system.md", "As {{role}} {{#role}}, {{ 7 }}{{{input}}} with {{word-count}}");
    assert_eq!(
        read.expect_err("no name"),
        "a/system.md:1: `{{ 7 }}` is no variable that can be given; a variable is a word, such as `{{role}}`"
    );
    let read =
        reading("a/system.md", "As {{role}} {{#role}}: {{{input}}} in {{word-count}} {{").expect("reads");
    assert_eq!(
        asked(&read, &[("role", "{{input}}"), ("word_count", "9")]),
        ["user: As {{input}} {{input}}: {{{ 7 * 7 }} $x} in 9 {{"]
    );
    let names: Vec<_> = read.pattern.variables.keys().collect();
    assert_eq!(names, ["role", "word_count"]);
    let disk =
        reader(Disk::from([("b/system.md", "You are brief."), ("b/user.md", "Sum up in {{n}} words.")]));
    let found = Found::at(Path::new("b/system.md"), &disk).expect("is there");
    let read = found.reading(&disk).expect("reads");
    assert_eq!(
        asked(&read, &[("n", "5")]),
        ["system: You are brief.", "user: Sum up in 5 words.\n\n{{ 7 * 7 }} $x"]
    );
}

#[test]
fn what_would_be_run_is_refused() {
    for (text, expected) in [
        (
            "x\n{{plugin:file:read:/etc/passwd}}",
            "a/system.md:2: `{{plugin:file:read:/etc/passwd}}` would be run",
        ),
        ("{{ext:shell:run:id}}", "a/system.md:1: `{{ext:shell:run:id}}` would be run"),
        ("{{.Values}}", "a/system.md:1: `{{.Values}}` is no variable"),
        (" \n", "a/system.md: the file is empty"),
    ] {
        let message = reading("a/system.md", text).expect_err(text);
        assert!(message.starts_with(expected), "{message}");
    }
}

#[test]
fn an_llm_template_is_filled_as_its_program_fills_it() {
    let text = "system: You speak $$ like a ${who}, {{ who }}.\nprompt: |\n  Sum up: $input!\n  $input\n\
                defaults:\n  who: pirate\n  other: 1\nmodel: gpt\n";
    let read = reading("t/sum.yaml", text).expect("reads");
    assert_eq!(
        asked(&read, &[]),
        ["user: You speak $ like a pirate, {{ who }}.\n\nSum up: {{ 7 * 7 }} $x!\n{{ 7 * 7 }} $x"]
    );
    assert!(asked(&read, &[("who", "$input")])[0].contains("like a $input,"));
    let notes: Vec<_> = read.notes.iter().map(ToString::to_string).collect();
    assert_eq!(
        notes,
        [
            "t/sum.yaml:8: `model` has no effect here; name models with -m",
            "t/sum.yaml:7: the default of `other` is for a variable that is not used"
        ]
    );
    let read = reading("t/short.yml", "Say it $$5 in {one} word").expect("reads");
    assert_eq!(asked(&read, &[]), ["user: Say it $5 in {one} word\n\n{{ 7 * 7 }} $x"]);
    let read = reading("t/s.yml", "system: Be {{brief}} $$.").expect("reads");
    assert_eq!(asked(&read, &[]), ["system: Be {{brief}} $.", "user: {{ 7 * 7 }} $x"]);
}

#[test]
fn what_is_no_llm_template_is_refused_with_its_line() {
    for (text, expected) in [
        ("prompt: it costs $5", "t.yaml:1: a lone `$` is no placeholder; write `$$` for a dollar sign"),
        (
            "\nprompt: a\nfunctions: |\n  def f(): pass",
            "t.yaml:3: `functions` is not read here; no program is run here",
        ),
        ("promt: x", "t.yaml:1: unknown key `promt`; did you mean `prompt`?"),
        ("prompt: [a]", "t.yaml:1: `prompt` must be text"),
        ("model: x", "t.yaml:1: a template has `prompt` or `system`"),
        ("- a", "t.yaml:1: a template has `prompt` or `system`"),
        ("prompt: 'open", "t.yaml:1: no YAML: "),
        ("", "t.yaml:1: a template has `prompt` or `system`"),
    ] {
        let message = reading("t.yaml", text).expect_err(text);
        assert!(message.starts_with(expected), "{text:?}: {message}");
    }
}

#[test]
fn a_prompt_file_is_sent_as_it_stands_with_the_question_after_it() {
    let read =
        reading("p/My Prompt (v2).txt", "Use {{ question }} {x} $prompt {% endraw %}.\n\n").expect("reads");
    assert_eq!(read.pattern.name, "my-prompt-v2");
    assert_eq!(asked(&read, &[]), ["user: Use {{ question }} {x} $prompt {% endraw %}.\n\n{{ 7 * 7 }} $x"]);
    let message = reading("p/2024.md", "x").expect_err("no name");
    assert!(
        message.ends_with("makes no name for a pattern; a name begins with a letter from a to z"),
        "{message}"
    );
}

#[test]
fn all_forms_are_found_by_name_and_by_version() {
    let disk = Disk::from([
        ("near/a/system.md", "You sum up."),
        ("near/b.yaml", "prompt: x $input"),
        ("far/c.md", "Be kind."),
        ("far/a.txt", "Another."),
        ("far/gut.md", "My gut."),
    ]);
    let read = reader(disk);
    let directories = [PathBuf::from("near"), PathBuf::from("far")];
    for (name, file) in
        [("a", "near/a/system.md"), ("b", "near/b.yaml"), ("c", "far/c.md"), ("gut", "far/gut.md")]
    {
        let pattern = find(name, &directories, &read).unwrap_or_else(|faults| panic!("{faults}"));
        assert_eq!((pattern.name.as_str(), pattern.file.as_str()), (name, file));
        let reference = pattern.reference(&BTreeMap::new()).expect("no variables");
        assert_eq!(find_version(&reference, &directories, &read).expect("the same").file, file);
    }
    let far = find("a", &directories[1..], &read).expect("there");
    let reference = far.reference(&BTreeMap::new()).expect("no variables");
    assert_eq!(find_version(&reference, &directories, &read).expect("the farther").file, "far/a.txt");
    let folder = Found::at(Path::new("near"), &read).expect_err("no pattern").to_string();
    assert_eq!(folder, "near: cannot read the pattern: it is a folder without `system.md`");
}
