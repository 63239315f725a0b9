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
//! # Placeholders
//!
//! | where | placeholders |
//! |---|---|
//! | first stage | `prompt` (the user's text), `documents`, `question` (the documents with a note on what they are, then the prompt), `vars.NAME` |
//! | later stages | `question` (what the first stage asked), `prompt`, `vars.NAME`, `own` and `others` (of the stage before), and for every earlier stage `STAGE.own`, `STAGE.others`, `STAGE.fallback` |
//! | `ultra` | `question`, `prompt`, `vars.NAME`, `answers` (of the last stage), and for every stage `STAGE.answers`, `STAGE.fallback` |
//!
//! `own`, the items of `others` and `answers`, `documents`, and `question` from the second stage on print as data
//! between delimiters that the data cannot forge. `own.label` and the `label` of an item are the neutral names
//! under which the panel knows its members: `Answer A`, `Answer B`. `others` is empty when nobody else answered.
//! `STAGE.fallback` is true when nobody answered that stage, and the answers of the stage before stand in.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use toml::Spanned;

/// A pattern file. Unknown keys are refused.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    /// The name that users type: lower-case letters, digits, `-` and `_`.
    pub(crate) name: Spanned<String>,
    /// Raised whenever the wording changes.
    pub(crate) version: u64,
    /// A name for people; the name itself when absent.
    pub(crate) title: Option<String>,
    /// What the pattern is for, one sentence.
    pub(crate) purpose: Spanned<String>,
    /// When to use it.
    pub(crate) when: Option<String>,
    /// When not to use it.
    pub(crate) when_not: Option<String>,
    /// How many models it wants.
    #[serde(default)]
    pub(crate) models: Models,
    /// Texts for the system message, by name.
    #[serde(default)]
    pub(crate) roles: BTreeMap<String, String>,
    /// Values that the user can set, by name.
    #[serde(default)]
    pub(crate) variables: BTreeMap<String, Spanned<Variable>>,
    /// The stages in order; at least one.
    pub(crate) stages: Vec<Spanned<Stage>>,
    /// The instruction for the synthesis.
    pub(crate) ultra: Ultra,
}

/// How many models a pattern wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Models {
    /// With fewer models the pattern loses its point.
    #[serde(default = "one")]
    pub min: u32,
    /// A good number of models.
    #[serde(default = "three")]
    pub good: u32,
}

impl Default for Models {
    fn default() -> Self {
        Self { min: one(), good: three() }
    }
}

fn one() -> u32 {
    1
}

fn three() -> u32 {
    3
}

/// A value that the user can set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
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
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Stage {
    /// Name of the stage.
    pub(crate) name: Spanned<String>,
    /// Whose answers a model sees.
    #[serde(default)]
    pub(crate) audience: Audience,
    /// Name of a role that the model takes.
    pub(crate) role: Option<Spanned<String>>,
    /// What the model is asked.
    pub(crate) template: Spanned<String>,
}

/// Whose answers a model sees in a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Audience {
    /// Each model sees its own answers alone.
    #[default]
    Each,
    /// Each model sees its own answers and those of the others.
    Others,
}

/// The instruction for the synthesis as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ultra {
    /// Name of a role that the model takes.
    pub(crate) role: Option<Spanned<String>>,
    /// What the model is asked.
    pub(crate) template: Spanned<String>,
}
