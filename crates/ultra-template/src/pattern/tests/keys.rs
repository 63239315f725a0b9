//! Every key of a stage and of the synthesis, and texts beside the file.

use std::collections::BTreeMap;
use std::io;
use std::path::{Component, Path, PathBuf};

use crate::pattern::{Audience, Format, Gives, Pattern, WhenEmpty};
use crate::root::{Files, Root};

/// Files in memory; a name that begins with `link-` leads out of every directory.
struct Memory(BTreeMap<PathBuf, String>);

impl Memory {
    fn of(files: &[(&str, &str)]) -> Self {
        Self(files.iter().map(|(path, text)| (PathBuf::from(path), (*text).to_owned())).collect())
    }
}

impl Files for Memory {
    fn read(&self, path: &Path) -> io::Result<String> {
        self.0.get(path).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn real(&self, path: &Path) -> io::Result<PathBuf> {
        let leads_out = |part: Component<'_>| part.as_os_str().to_string_lossy().starts_with("link-");
        Ok(if path.components().any(leads_out) { PathBuf::from("/elsewhere") } else { path.to_owned() })
    }
}

fn open(files: &[(&str, &str)]) -> Result<Pattern, String> {
    let (memory, path) = (Memory::of(files), Path::new(files[0].0));
    Pattern::parse_in(files[0].1, files[0].0, &Root::of(path, &memory)).map_err(|faults| faults.to_string())
}

const PANEL: &str = r#"name = "panel"
version = 2
purpose = "Shows every key."
aliases = ["Old name", "older_name"]
category = "panel"
[models]
min = 2
good = 3
max = 8
[roles]
a = "You are A."
b = "You are B."
[[stages]]
name = "initial"
roles = ["a", "b"]
samples = 2
params = { temperature = 0.7, max_output_tokens = 800, stop = ["END"] }
min = 2
when_empty = "stop"
template = "{{ question }}"
[[stages]]
name = "findings"
audience = "one"
role = "a"
template = "{{ question }}{{ answers }}{{ initial.answers }}"
[stages.output_schema]
type = "object"
required = ["points"]
[stages.output_schema.properties.points]
type = "array"
items = { type = "object", properties = { text = { type = "string" }, side = { enum = ["for", "against"] } } }
[[stages]]
name = "revised"
audience = "others"
template = '''
{% if findings.answer %}{{ findings.answer }}
{% for point in findings.answer.json.points %}{% if point.side == "for" %}{{ point.text }}{% endif %}{% endfor %}
{% endif %}{{ own }}{{ others }}{{ initial.own }}'''
[ultra]
format = "html"
layout = "A title, then a table."
template = "{{ answers }}{{ findings.answer }}{{ layout }}{{ format }}"
"#;

#[test]
fn every_key_is_read() {
    let pattern = open(&[("x.toml", PANEL)]).unwrap_or_else(|faults| panic!("{faults}"));
    assert_eq!((pattern.aliases.len(), pattern.category.as_deref()), (2, Some("panel")));
    assert_eq!(pattern.models.max, Some(8));
    let [initial, findings, revised] = pattern.stages.as_slice() else { panic!("three stages") };
    assert_eq!((initial.samples, initial.min, initial.when_empty), (Some(2), Some(2), WhenEmpty::Stop));
    assert_eq!(initial.roles, ["a", "b"]);
    let params = initial.params.as_ref().expect("parameters");
    assert_eq!((params.temperature, params.max_output_tokens, params.stop.len()), (Some(0.7), Some(800), 1));
    assert_eq!((findings.audience, findings.gives), (Audience::One, Gives::Review));
    assert_eq!(findings.output_schema.as_ref().expect("a schema")["required"][0], "points");
    assert_eq!((revised.gives, revised.when_empty), (Gives::Answer, WhenEmpty::Previous));
    assert_eq!(
        (pattern.ultra.format, pattern.ultra.layout.as_deref()),
        (Format::Html, Some("A title, then a table."))
    );
    let shown = serde_json::to_value(&pattern).expect("writes");
    assert_eq!(shown["stages"][1]["audience"], "one");
}

#[test]
fn mistakes_in_keys_are_refused_with_line_and_nearest_name() {
    for (from, to, expected) in [
        (
            "roles = [\"a\", \"b\"]",
            "roles = [\"a\", \"bb\"]",
            "x.toml:15: unknown role `bb`; did you mean `b`?",
        ),
        (
            "role = \"a\"\n",
            "roles = [\"a\"]\n",
            "x.toml:24: `roles` are taken in turn; with `role`, or for one judge, there is no turn; keep one of the two",
        ),
        (
            "temperature = 0.7",
            "temprature = 0.7",
            "x.toml:17: unknown key `temprature`; did you mean `temperature`?",
        ),
        ("temperature = 0.7", "temperature = 7", "x.toml:17: `params`: `temperature`: out of range 0 to 2"),
        ("samples = 2", "samples = 0", "x.toml:16: 0 is out of range 1 to 1000"),
        (
            "name = \"revised\"\n",
            "name = \"revised\"\nsamples = 3\n",
            "x.toml:34: samples are asked in the first stage; every later stage goes on with each of them",
        ),
        (
            "audience = \"one\"\n",
            "audience = \"one\"\nmin = 2\n",
            "x.toml:24: a stage of one judge has one answer; leave `min` out",
        ),
        (
            "when_empty = \"stop\"",
            "when_empty = \"previus\"",
            "x.toml:19: unknown value `previus`; did you mean `previous`?",
        ),
        (
            "type = \"array\"",
            "type = \"aray\"",
            "x.toml:26: `output_schema`: unknown type \"aray\"; did you mean `array`?; it is a JSON Schema, written as a table",
        ),
        (
            "max = 8",
            "max = 2",
            "x.toml:6: `models`: `min`, `good` and `max` do not grow; `min` is at least 1",
        ),
        (
            "{{ layout }}",
            "",
            "x.toml:42: the pattern has a `layout`, but its synthesis does not show `layout`",
        ),
        ("format = \"html\"", "format = \"htm\"", "x.toml:40: unknown value `htm`; did you mean `html`?"),
        (
            "{{ question }}{{ answers }}{{ initial.answers }}",
            "{{ question }}",
            "x.toml:25: the audience of `findings` is `one`, but it does not show `answers`",
        ),
        (
            "findings.answer.json.points",
            "findings.answer.json.pionts",
            "x.toml:37: no value in `.json.pionts`",
        ),
        (
            "{{ answers }}{{ findings.answer }}",
            "{{ answers }}{{ findings.own }}",
            "x.toml:42: unknown placeholder `findings.own`; known here: `findings.answer`, `findings.fallback`",
        ),
        (
            "{{ own }}{{ others }}",
            "{{ own.json }}{{ others }}",
            "x.toml:38: unknown placeholder `own.json`; known here: `own.label`, `own.text`",
        ),
        ("{% if findings.answer %}", "{% if true %}", "x.toml:37: no value in `.json.points`"),
        (
            "aliases = [\"Old name\"",
            "aliases = [\" \"",
            "x.toml:4: `aliases`: \" \" is no name; write it on one line",
        ),
    ] {
        assert!(PANEL.contains(from), "{from}");
        assert_eq!(open(&[("x.toml", &PANEL.replacen(from, to, 1))]).expect_err(to), expected, "{to}");
    }
}

const CHILD: &str = "name = \"child\"\nversion = 1\nextends = \"base.toml\"\n\n[roles]\nb = \"Changed.\"\n\n[[stages]]\nname = \"revised\"\nrole = \"b\"\n\n[[stages]]\nname = \"last\"\naudience = \"others\"\ntemplate = \"{{ others }}\"\n";

#[test]
fn a_file_extends_another_key_by_key_and_stage_by_stage() {
    let files = [("p/child.toml", CHILD), ("p/base.toml", PANEL)];
    let child = open(&files).unwrap_or_else(|faults| panic!("{faults}"));
    let names: Vec<_> = child.stages.iter().map(|stage| stage.name.as_str()).collect();
    assert_eq!(names, ["initial", "findings", "revised", "last"]);
    assert_eq!((child.version, child.purpose.as_str(), child.roles.len()), (1, "Shows every key.", 2));
    assert_eq!((child.roles["a"].as_str(), child.roles["b"].as_str()), ("You are A.", "Changed."));
    assert_eq!(child.stages[2].step.role.as_deref(), Some("b"));
    let base = PANEL.replace("A title", "One title");
    let changed = open(&[files[0], ("p/base.toml", &base)]).expect("sound");
    assert_ne!(changed.blake3, child.blake3, "the hash covers what is extended");
}

#[test]
fn a_fault_is_told_where_it_stands_whatever_extends_what() {
    let broken = PANEL.replace("{{ own }}{{ others }}", "{{ own }}{{ othrs }}");
    let told = open(&[("p/child.toml", CHILD), ("p/base.toml", &broken)]).expect_err("refused");
    assert_eq!(told, "p/base.toml:38: unknown placeholder `othrs`; did you mean `others`?");
    let told =
        open(&[("p/child.toml", &CHILD.replace("role = \"b\"", "role = \"c\"")), ("p/base.toml", PANEL)]);
    assert_eq!(told.expect_err("refused"), "p/child.toml:10: unknown role `c`; did you mean `a`?");
    let told = open(&[("p/child.toml", CHILD), ("p/base.toml", "name = ")]).expect_err("refused");
    assert!(told.starts_with("p/base.toml:1: "), "{told}");
}

#[test]
fn a_built_in_pattern_is_extended_by_its_name() {
    let own = "name = \"mine\"\nversion = 1\nextends = \"gut\"\n[[stages]]\nname = \"meta\"\nparams = { temperature = 0.2 }\n";
    let mine = open(&[("p/mine.toml", own)]).unwrap_or_else(|faults| panic!("{faults}"));
    assert_eq!((mine.name.as_str(), mine.stages.len()), ("mine", 3));
    let told = open(&[("p/mine.toml", &own.replace("\"gut\"", "\"gutt\""))]).expect_err("refused");
    assert_eq!(told, "p/mine.toml:3: `extends`: `gutt`: there is no such built-in text");
}

#[test]
fn what_goes_round_or_leads_out_is_refused() {
    let downwards = "a path leads downwards from the directory of the pattern, such as `parts/note.j2`";
    for (wanted, cause) in [
        ("../base.toml", downwards),
        ("/etc/passwd.toml", downwards),
        ("link-a/base.toml", "a link leads out of `p`"),
        ("missing.toml", "cannot read it: entity not found"),
    ] {
        let child = CHILD.replace("base.toml", wanted);
        let told = open(&[("p/child.toml", &child), ("p/base.toml", PANEL)]).expect_err(wanted);
        assert_eq!(told, format!("p/child.toml:3: `extends`: `{wanted}`: {cause}"));
    }
    let round = CHILD.replace("base.toml", "child.toml");
    let told = open(&[("p/child.toml", &round)]);
    let twice = open(&[
        ("p/child.toml", CHILD),
        ("p/base.toml", &PANEL.replacen("name", "extends = \"base.toml\"\nname", 1)),
    ]);
    assert!(told.is_err_and(|told| told.contains("`extends` goes round")));
    assert_eq!(
        twice.expect_err("refused"),
        "p/base.toml:1: `extends` goes round or too far: p/child.toml > p/base.toml > base.toml"
    );
}

fn including(tag: &str) -> String {
    PANEL.replace("{{ own }}{{ others }}", &format!("{{{{ own }}}}{{{{ others }}}}\n{tag}"))
}

#[test]
fn a_template_includes_texts_of_its_root() {
    let note = ("p/parts/note.j2", "Label: {{ own.label }}{% include \"parts/inner.j2\" %}");
    let inner = ("p/parts/inner.j2", " of {{ vars|length }}{% set seen = 1 %}{{ seen }}");
    let file = including("{% include 'parts/note.j2' %}");
    let pattern = open(&[("p/x.toml", &file), note, inner]).unwrap_or_else(|faults| panic!("{faults}"));
    let other = open(&[("p/x.toml", &file), note, ("p/parts/inner.j2", "!")]).expect("sound");
    assert_ne!(pattern.blake3, other.blake3, "the hash covers what is included");
    let in_loop = including("{% for other in others %}{% include 'parts/one.j2' %}{% endfor %}");
    assert!(open(&[("p/x.toml", &in_loop), ("p/parts/one.j2", "{{ other.label }}")]).is_ok());
    let layout = including("{% import 'parts/m.j2' as m %}{{ m.twice(own) }}");
    let macros = ("p/parts/m.j2", "{% macro twice(x) %}{{ x }}{{ x }}{% endmacro %}");
    assert!(open(&[("p/x.toml", &layout), macros]).is_ok_and(|pattern| pattern.stages.len() == 3));
}

#[test]
fn mistakes_in_included_texts_are_told_where_they_stand() {
    let one = |tag: &str, text: &str| {
        open(&[("p/x.toml", &including(tag)), ("p/parts/note.j2", text)]).expect_err("refused")
    };
    let note = "{% include 'parts/note.j2' %}";
    assert_eq!(one(note, "\n{{ owm }}"), "p/parts/note.j2:2: unknown placeholder `owm`; did you mean `own`?");
    assert_eq!(
        one(note, "\n\n{prompt}"),
        "p/parts/note.j2:3: `{prompt}` is no placeholder here and would be sent as it stands; write `{{ prompt }}`"
    );
    assert_eq!(one(note, "a\n{% if %}"), "p/parts/note.j2:2: unexpected end of block");
    assert_eq!(
        one(note, "{% include 'parts/note.j2' %}"),
        "p/parts/note.j2:1: `include` goes round: parts/note.j2 > parts/note.j2"
    );
    assert_eq!(
        one(note, "\n{% for o in others %}{{ o.labl }}{% endfor %}"),
        "p/parts/note.j2:2: no value in `o.labl`"
    );
    let downwards = "a path leads downwards from the directory of the pattern, such as `parts/note.j2`";
    assert_eq!(
        one("{% include '../note.j2' %}", ""),
        format!("p/x.toml:39: `include`: `../note.j2`: {downwards}")
    );
    assert_eq!(
        one("{% include 'link-x/note.j2' %}", ""),
        "p/x.toml:39: `include`: `link-x/note.j2`: a link leads out of `p`"
    );
    let unknown = "`include` names one text, in quotes, so that it is known at load; such as `{% include \"parts/note.j2\" %}`";
    for tag in ["{% include prompt %}", "{%- include ['a', 'b'] %}", "{% include 'a' ~ prompt %}"] {
        assert_eq!(one(tag, ""), format!("p/x.toml:39: {unknown}"), "{tag}");
    }
}
