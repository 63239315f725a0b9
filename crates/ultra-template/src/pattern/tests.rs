use std::collections::BTreeMap;

use ultra_core::kind::ErrorKind;

use super::Pattern;

mod keys;

/// A sound pattern whose `meta` template is line 12.
fn with_meta(meta: &str) -> String {
    format!(
        "name = \"x\"\nversion = 1\npurpose = \"p\"\n[variables.tone]\ndefault = \"plain\"\n[[stages]]\nname = \"initial\"\ntemplate = \"{{{{ question }}}}\"\n[[stages]]\nname = \"meta\"\naudience = \"others\"\ntemplate = '''{meta}'''\n[ultra]\ntemplate = \"{{{{ answers }}}}\"\n"
    )
}

fn fault(text: &str) -> String {
    match Pattern::parse(text, "x.toml") {
        Ok(_) => panic!("accepted: {text}"),
        Err(faults) => faults.to_string(),
    }
}

#[test]
fn mistakes_in_placeholders_are_refused_with_line_and_right_name() {
    for (meta, expected) in [
        ("{{ othrs }}", "x.toml:12: unknown placeholder `othrs`; did you mean `others`?"),
        (
            "{{ others }}\n\n{{ own.labl }}",
            "x.toml:14: unknown placeholder `own.labl`; did you mean `own.label`?",
        ),
        (
            "{{ others }}{{ vars.tune }}",
            "x.toml:12: unknown placeholder `vars.tune`; did you mean `vars.tone`?",
        ),
        (
            "{{ others }}{{ initial.answers }}",
            "x.toml:12: unknown placeholder `initial.answers`; did you mean `initial.others`?",
        ),
        (
            "{{ others }}{{ documents }}",
            "x.toml:12: unknown placeholder `documents`; known here: `prompt`, `question`, `vars`, `own`, `others`, `initial`",
        ),
        (
            "\n{{ others }} {prompt}",
            "x.toml:13: `{prompt}` is no placeholder here and would be sent as it stands; write `{{ prompt }}`",
        ),
        (
            "{{ others }} $critiques",
            "x.toml:12: `$critiques` is no placeholder here and would be sent as it stands; write `{{ others }}`",
        ),
        (
            "{{ others }} ${own_response}",
            "x.toml:12: `${own_response}` is no placeholder here and would be sent as it stands; write `{{ own }}`",
        ),
        (
            "{{ others }} {zzz}",
            "x.toml:12: `{zzz}` is no placeholder here and would be sent as it stands; placeholders are written `{{ name }}`; to send it as it stands, write `{% raw %}{zzz}{% endraw %}`",
        ),
        (
            "{{ others }}{% for other in others %}{{ other.labl }}{% endfor %}",
            "x.toml:12: no value in `other.labl`",
        ),
        ("{{ others }}\n{% if own %}", "x.toml:13: unexpected end of input, expected end of block"),
        (
            "{{ others }}{% include 'secrets' %}",
            "x.toml:12: `include`: `secrets`: there is no such built-in text",
        ),
        ("{{ others|nosuch }}", "x.toml:12: unknown filter: filter nosuch is unknown in `nosuch`"),
    ] {
        assert_eq!(fault(&with_meta(meta)), expected, "{meta}");
    }
}

#[test]
fn braces_and_dollars_that_are_no_placeholders_are_fine() {
    for meta in [
        "{{ others }} {\"key\": 1} {} { prompt} costs $5, US$ or $PATH, $x$",
        "{{ others }}{% raw %}{prompt} $critiques{% endraw %}{# {prompt} #}",
        "{{ others }}{% set x = {'prompt': 1} %}{{ '{prompt}' }}",
        "{% for other in others %}{{ loop.index }}. {{ other.label }}: {{ other.text }}{% endfor %}",
    ] {
        if let Err(faults) = Pattern::parse(&with_meta(meta), "x.toml") {
            panic!("{meta}: {faults}");
        }
    }
}

#[test]
fn a_template_that_never_ends_is_refused_at_load() {
    let faults = Pattern::parse(
        &with_meta(
            "{{ others }}{% for a in range(1000) %}{% for b in range(1000) %}x{% endfor %}{% endfor %}",
        ),
        "x.toml",
    );
    assert_eq!(faults.expect_err("refused").kind(), ErrorKind::TemplateFuel);
    let recursive = "{% macro again() %}{{ again() }}{% endmacro %}{{ others }}{{ again() }}";
    assert!(Pattern::parse(&with_meta(recursive), "x.toml").is_err());
}

#[test]
fn unknown_keys_and_values_are_refused_with_their_line() {
    let good = with_meta("{{ others }}");
    for (from, to, expected) in [
        ("purpose =", "porpose =", "x.toml:3: unknown key `porpose`; did you mean `purpose`?"),
        (
            "audience = \"others\"",
            "audience = \"other\"",
            "x.toml:11: unknown value `other`; did you mean `others`?",
        ),
        (
            "audience = \"others\"",
            "audince = \"others\"",
            "x.toml:11: unknown key `audince`; did you mean `audience`?",
        ),
        ("version = 1", "version = \"1\"", "x.toml:2: invalid type: string \"1\", expected u64"),
        (
            "name = \"x\"",
            "name = \"../x\"",
            "x.toml:1: `../x` is no name for a pattern; a name begins with a letter and has lower-case letters, digits and `_`",
        ),
        (
            "name = \"meta\"",
            "name = \"own\"",
            "x.toml:10: a stage cannot be called `own`; templates use that name",
        ),
        (
            "name = \"meta\"",
            "name = \"initial\"",
            "x.toml:9: two stages are called `initial`; give each a name of its own",
        ),
        ("audience", "role = \"critc\"\naudience", "x.toml:11: unknown role `critc`; there are none here"),
        ("default = \"plain\"", "default = 3", "x.toml:4: the variable `tone`: 3 is not text"),
    ] {
        assert!(good.contains(from), "{from}");
        assert_eq!(fault(&good.replacen(from, to, 1)), expected);
    }
    assert!(fault(&good.replace("purpose = \"p\"\n", "")).contains("missing key `purpose`"));
}

#[test]
fn a_first_stage_must_ask_and_a_synthesis_must_show_answers() {
    let good = with_meta("{{ others }}");
    let silent = fault(&good.replace("{{ question }}", "Hello"));
    assert_eq!(
        silent,
        "x.toml:8: the first stage shows neither `question` nor `prompt`, so nothing is asked"
    );
    let lonely = fault(&with_meta("{{ own }}"));
    assert_eq!(lonely, "x.toml:12: the audience of `meta` is `others`, but it does not show `others`");
    let blind = fault(&good.replace("{{ answers }}", "Hello"));
    assert_eq!(blind, "x.toml:14: the synthesis does not show `answers`");
}

#[test]
fn all_faults_of_a_file_are_told_at_once() {
    let text = with_meta("{{ others }}{{ a1 }}\n{{ b1 }}").replace("{{ answers }}", "{{ answers }}{{ c1 }}");
    let lines: Vec<_> =
        Pattern::parse(&text, "x.toml").expect_err("refused").0.iter().map(|f| f.line).collect();
    assert_eq!(lines, [Some(12), Some(13), Some(15)]);
}

#[test]
fn variables_are_read_as_their_type_and_must_be_known() {
    let text = with_meta("{{ others }}{{ vars.count + 1 }}").replace(
        "[[stages]]\nname = \"initial\"",
        "[variables.count]\ntype = \"integer\"\n[[stages]]\nname = \"initial\"",
    );
    let pattern = Pattern::parse(&text, "x.toml").expect("sound");
    let given = |name: &str, value: &str| BTreeMap::from([(name.to_owned(), value.into())]);
    let vars = pattern.reference(&given("count", "4")).expect("read");
    assert_eq!(serde_json::to_string(&vars.vars).expect("writes"), r#"{"count":4,"tone":"plain"}"#);
    for (name, value, expected) in [
        ("count", "four", "x.toml: the variable `count`: \"four\" is not a whole number"),
        ("cuont", "4", "x.toml: the pattern has no variable `cuont`; did you mean `count`?"),
        ("tone", "dry", "x.toml: the variable `count` has no value; give it with --var count=VALUE"),
    ] {
        assert_eq!(pattern.reference(&given(name, value)).expect_err("refused").to_string(), expected);
    }
}

#[test]
fn the_documented_example_is_a_sound_pattern() {
    let lines = include_str!("../file.rs").lines().skip_while(|line| *line != "//! ```toml").skip(1);
    let text: Vec<_> = lines
        .take_while(|line| *line != "//! ```")
        .map(|line| line.trim_start_matches("//!").strip_prefix(' ').unwrap_or_default())
        .collect();
    let pattern = Pattern::parse(&text.join("\n"), "example").unwrap_or_else(|faults| panic!("{faults}"));
    assert_eq!((pattern.name.as_str(), pattern.stages.len()), ("second-look", 2));
}
