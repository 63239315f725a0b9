//! The pattern file as it is written: TOML, version 1 of the format.
//!
//! ```toml
//! name = "second-look"                 # what users type; a-z, 0-9, - and _
//! version = 1                          # raise it when the wording changes
//! title = "Second look"
//! purpose = "Every model checks the answers of the others once."
//! when = "Facts matter and mistakes are easy to make."
//! when_not = "The question is a matter of taste."
//!
//! [models]                             # how many models the pattern wants
//! min = 2                              # with fewer there is a warning
//! good = 3
//!
//! [roles]                              # texts that a stage can give to the model as system message
//! checker = "You check the work of others with care."
//!
//! [variables.tone]                     # {{ vars.tone }}; set with --var tone=dry
//! type = "string"                      # string, integer, number or boolean
//! default = "plain"                    # without a default the variable must be given
//! choices = ["plain", "dry"]           # optional
//! about = "How the answer sounds."
//!
//! [[stages]]                           # the first stage: audience `each`, and it must show the question
//! name = "initial"
//! template = "{{ question }}"
//!
//! [[stages]]
//! name = "meta"
//! audience = "others"                  # `each` sees its own answers alone, `others` also the others'
//! role = "checker"
//! template = '''
//! {{ question }}
//!
//! You said:
//! {{ own }}
//! {% if others %}
//! Others said:
//! {{ others }}
//! {% endif %}
//! Correct your answer where that is needed. Be {{ vars.tone }}.
//! '''
//!
//! [ultra]                              # the instruction for the one model that merges the last answers
//! template = '''
//! {{ question }}
//! {{ answers }}
//! Write the one best answer.
//! '''
//! ```
//!
//! # More keys
//!
//! | where | key | meaning |
//! |---|---|---|
//! | top | `aliases = ["Second opinion"]` | other names and titles under which people know the pattern |
//! | | `category = "core"` | the group under which it is listed: core, specialised, comparison, panel, or own words |
//! | | `extends = "base.toml"` | keys that are not here come from there; tables merge by key, stages by name. A name without an ending, as in `extends = "critique"`, is a built-in pattern |
//! | `models` | `max = 8` | with more, requests become too long, or nothing is gained |
//! | stage | `audience = "one"` | one model, the judge, sees `answers`: the target of `--judge`, or else the first member that answered before. Later stages see it as `STAGE.answer` |
//! | | `gives = "review"` | the stage yields remarks on answers, which never stand in for one; the default is `"answer"`, and `"review"` for a judge |
//! | | `roles = ["optimist", "sceptic"]` | member i, from 0, takes role (i + number of the stage) mod n; `start --role TARGET=ROLE` wins |
//! | | `samples = 5` | in the first stage: samples of each target that does not say so itself |
//! | | `params = { temperature = 0.7 }` | also `max_output_tokens`, `top_p`, `seed`, `stop`, `reasoning`; what the user says wins |
//! | | `output_schema = { type = "object", … }` | the answer must be JSON that matches; later templates see it as `ITEM.json` |
//! | | `min = 2` | with fewer usable answers the stage counts as empty; `--min-responses` wins |
//! | | `when_empty = "stop"` | an empty stage ends the prompt with an error; with `"previous"`, the default, the stage before stands in, and `STAGE.fallback` is true |
//! | `ultra` | `format = "md"` | form of the final answer: `text`, `md`, `json` or `html`; the user's `--format` wins |
//! | | `layout = "A title, then …"` | how the final answer is laid out; the template must show it as `{{ layout }}` |
//! | | `output_schema` | with `format = "json"`: the schema of the final answer |
//!
//! Templates can `{% include "parts/note.j2" %}`, `{% extends … %}` and `{% import … %}` texts of the directory of
//! the file, or below it. All texts are read and checked when the pattern is loaded, and belong to its hash.
//!
//! # Placeholders
//!
//! | where | placeholders |
//! |---|---|
//! | first stage | `prompt` (the user's text), `documents`, `question` (the documents with a note on what they are, then the prompt), `vars.NAME` |
//! | later stages | `question` (what the first stage asked), `prompt`, `vars.NAME`, `own` and `others` (of the stage before), and for every earlier stage `STAGE.own`, `STAGE.others`, `STAGE.fallback` |
//! | a judge | `question`, `prompt`, `vars.NAME`, `answers` (of the stage before), and for every earlier stage `STAGE.answers`, `STAGE.fallback` |
//! | `ultra` | the same, and `layout`, `format` |
//! | after a judge | `STAGE.answer`, `STAGE.fallback`; `own`, `others` and `answers` are those of the last stage of the panel |
//!
//! `own`, the items of `others` and `answers`, `STAGE.answer`, `documents`, and `question` from the second stage on
//! print as data between delimiters that the data cannot forge. `own.label` and the `label` of an item are the
//! neutral names under which the panel knows its members: `Answer A`, `Answer B`. `others` is empty when nobody else
//! answered. `STAGE.fallback` is true when that stage was empty, and the answers of the stage before stand in.
//! `ITEM.json` is what an answer says under the `output_schema` of its stage: lists and tables can be walked, single
//! words and numbers compared, and every other text prints in quotes on one line.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use toml::Spanned;

/// The JSON Schema (draft 2020-12) of a pattern file.
///
/// A file that extends another can leave out whatever that one says.
pub fn schema() -> Value {
    let mut schema: Value =
        SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<File>().into();
    schema["title"] = "pattern".into();
    let all = schema["required"].take();
    schema["required"] = json!(["name"]);
    schema["anyOf"] = json!([{ "required": ["extends"] }, { "required": all }]);
    for part in ["Stage", "Ultra"] {
        let required = if part == "Stage" { json!(["name"]) } else { json!([]) };
        schema["$defs"][part]["required"] = required;
    }
    schema
}

/// A pattern file. Unknown keys are refused.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    /// The name that users type: lower-case letters, digits, `-` and `_`.
    #[schemars(with = "String")]
    pub(crate) name: Spanned<String>,
    /// Raised whenever the wording changes. Needed where nothing is extended.
    pub(crate) version: u64,
    /// A name for people; the name itself when absent.
    pub(crate) title: Option<String>,
    /// What the pattern is for, one sentence. Needed where nothing is extended.
    #[schemars(with = "String")]
    pub(crate) purpose: Spanned<String>,
    /// When to use it.
    pub(crate) when: Option<String>,
    /// When not to use it.
    pub(crate) when_not: Option<String>,
    /// Other names and titles under which people know it.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub(crate) aliases: Vec<Spanned<String>>,
    /// The group under which it is listed.
    #[schemars(with = "Option<String>")]
    pub(crate) category: Option<Spanned<String>>,
    /// The file in the same directory, or the built-in pattern, that gives the keys which are not here.
    #[schemars(with = "Option<String>")]
    pub(crate) extends: Option<Spanned<String>>,
    /// How many models it wants.
    #[schemars(with = "Option<Models>")]
    pub(crate) models: Option<Spanned<Models>>,
    /// Texts for the system message, by name.
    #[serde(default)]
    pub(crate) roles: BTreeMap<String, String>,
    /// Values that the user can set, by name: each has `type` (`string`, `integer`, `number`, `boolean`), `default`, without which the value must be given, `choices` and `about`.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Variable>")]
    pub(crate) variables: BTreeMap<String, Spanned<Variable>>,
    /// The stages in order; at least one.
    #[schemars(with = "Vec<Stage>")]
    pub(crate) stages: Vec<Spanned<Stage>>,
    /// The instruction for the synthesis. Needed where nothing is extended.
    pub(crate) ultra: Ultra,
}

/// How many models a pattern wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Models {
    /// With fewer models the pattern loses its point.
    #[serde(default = "one")]
    pub min: u32,
    /// A good number of models.
    #[serde(default = "three")]
    pub good: u32,
    /// With more models a request becomes too long, or nothing is gained.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<u32>,
}

impl Default for Models {
    fn default() -> Self {
        Self { min: one(), good: three(), max: None }
    }
}

fn one() -> u32 {
    1
}

fn three() -> u32 {
    3
}

/// A value that the user can set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Variable {
    /// Its type.
    #[serde(rename = "type", default)]
    pub kind: Kind,
    /// The value when none is given; a variable without a default must be given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<serde_json::Value>,
    /// The values that are allowed; all when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<serde_json::Value>,
    /// What it changes.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub about: String,
}

/// The type of a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Text.
    #[default]
    String,
    /// A whole number.
    Integer,
    /// Any number.
    Number,
    /// `true` or `false`.
    Boolean,
}

/// A stage as it is written.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Stage {
    /// Name of the stage.
    #[schemars(with = "String")]
    pub(crate) name: Spanned<String>,
    /// `each` (the default): each model sees its own answers alone; `others`: also those of the others; `one`: one judge sees all answers.
    #[serde(default)]
    pub(crate) audience: Audience,
    /// `answer` (the default) or `review` (the default for a judge): remarks on answers, which never stand in for one.
    pub(crate) gives: Option<Gives>,
    /// Name of a role that every model takes.
    #[schemars(with = "Option<String>")]
    pub(crate) role: Option<Spanned<String>>,
    /// Names of roles that the models take in turn: member i, from 0, takes role (i + number of the stage) mod n.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub(crate) roles: Vec<Spanned<String>>,
    /// Samples of each target that does not say so itself; in the first stage only.
    #[schemars(with = "Option<u32>")]
    pub(crate) samples: Option<Spanned<u32>>,
    /// Parameters of the calls.
    #[schemars(with = "Option<Params>")]
    pub(crate) params: Option<Spanned<Params>>,
    /// JSON Schema that an answer must match.
    #[schemars(with = "Option<serde_json::Value>")]
    pub(crate) output_schema: Option<Spanned<serde_json::Value>>,
    /// With fewer usable answers the stage counts as empty.
    #[schemars(with = "Option<u32>")]
    pub(crate) min: Option<Spanned<u32>>,
    /// What happens when the stage is empty: `previous` (the default), the stage before stands in; `stop`, the prompt ends with an error.
    #[serde(default)]
    pub(crate) when_empty: WhenEmpty,
    /// What the model is asked.
    #[schemars(with = "String")]
    pub(crate) template: Spanned<String>,
}

/// Whom a stage asks, and whose answers they see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Audience {
    /// Each model sees its own answers alone.
    #[default]
    Each,
    /// Each model sees its own answers and those of the others.
    Others,
    /// One model, the judge, sees all answers.
    One,
}

/// What a stage yields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Gives {
    /// Answers to the question.
    #[default]
    Answer,
    /// Remarks on answers, which never stand in for one.
    Review,
}

/// What happens when a stage yields nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum WhenEmpty {
    /// The stage before stands in.
    #[default]
    Previous,
    /// The prompt ends with an error.
    Stop,
}

/// Parameters of the calls of a stage, as they are written.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Params {
    /// Sampling temperature, 0 to 2.
    pub(crate) temperature: Option<f64>,
    /// Upper bound for generated tokens.
    pub(crate) max_output_tokens: Option<u64>,
    /// Nucleus sampling threshold, 0 to 1.
    pub(crate) top_p: Option<f64>,
    /// Seed for providers that take one.
    pub(crate) seed: Option<u64>,
    /// Texts that end the answer.
    #[serde(default)]
    pub(crate) stop: Vec<String>,
    /// Reasoning effort, in the provider's own words.
    pub(crate) reasoning: Option<String>,
}

/// The instruction for the synthesis as it is written.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ultra {
    /// Name of a role that the model takes.
    #[schemars(with = "Option<String>")]
    pub(crate) role: Option<Spanned<String>>,
    /// The form of the final answer: `text`, `md` (the default), `json` or `html`.
    pub(crate) format: Option<Format>,
    /// How the final answer is laid out; the template must show it as `{{ layout }}`.
    #[schemars(with = "Option<String>")]
    pub(crate) layout: Option<Spanned<String>>,
    /// JSON Schema that the final answer must match.
    #[schemars(with = "Option<serde_json::Value>")]
    pub(crate) output_schema: Option<Spanned<serde_json::Value>>,
    /// What the model is asked.
    #[schemars(with = "String")]
    pub(crate) template: Spanned<String>,
}

/// The form of a final answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Plain text without markup.
    Text,
    /// Markdown.
    #[default]
    Md,
    /// One JSON object.
    Json,
    /// A fragment of HTML.
    Html,
}

impl Format {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Md => "md",
            Self::Json => "json",
            Self::Html => "html",
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::schema;
    use crate::library::built_in;

    /// Says which keys of `value` the schema does not know.
    fn unknown(root: &Value, schema: &Value, value: &Value, place: &str, found: &mut Vec<String>) {
        let schema = match schema["$ref"].as_str().or(schema["anyOf"][0]["$ref"].as_str()) {
            Some(path) => root.pointer(&path[1..]).expect("is defined"),
            None => schema,
        };
        match value {
            Value::Object(fields) => {
                for (key, value) in fields {
                    let place = format!("{place}.{key}");
                    match schema["properties"].get(key).or(schema.get("additionalProperties")) {
                        Some(Value::Bool(false)) => found.push(place),
                        Some(inner) => unknown(root, inner, value, &place, found),
                        None if schema.get("type").is_some_and(|kind| kind == "object") => found.push(place),
                        None => {}
                    }
                }
            }
            Value::Array(items) => {
                for item in items {
                    unknown(root, &schema["items"], item, &format!("{place}[]"), found);
                }
            }
            _ => {}
        }
    }

    #[test]
    fn the_schema_knows_every_key_of_every_pattern_and_no_other() {
        let schema = schema();
        let mut found = Vec::new();
        for (_, text) in built_in() {
            let value: Value = toml::from_str(text).expect("is TOML");
            unknown(&schema, &schema, &value, "", &mut found);
        }
        assert_eq!(found, [""; 0]);
        let wrong = serde_json::json!({ "nam": 1, "stages": [{ "tmplate": 1, "params": { "heat": 1 } }] });
        unknown(&schema, &schema, &wrong, "", &mut found);
        assert_eq!(found, [".nam", ".stages[].tmplate", ".stages[].params.heat"]);
    }
}
