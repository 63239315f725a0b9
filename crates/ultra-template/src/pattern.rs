//! A pattern that is ready to use: every template parsed, every placeholder checked, every branch tried.

mod lint;
mod parse;
mod parts;
mod schema;
mod shown;
mod source;
mod trial;

use std::collections::{BTreeMap, BTreeSet};

use minijinja::{Environment, Value};
use serde::Serialize;
use serde_json::Value as Json;
use ultra_core::kind::ErrorKind;
use ultra_core::record::{Object, Params, PatternRef};

use crate::engine::{self, Parts, Place};
use crate::fault::Fault;
pub use crate::file::{Audience, Format, Gives, Kind, Models, Variable, WhenEmpty};
use crate::placeholder;

/// A pattern: stages in which the models answer and read each other, and an instruction for the synthesis.
#[derive(Debug, Clone, Serialize)]
pub struct Pattern {
    /// The name that users type.
    pub name: String,
    /// Version of the wording.
    pub version: u64,
    /// A name for people.
    pub title: String,
    /// What it is for.
    pub purpose: String,
    /// When to use it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// When not to use it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when_not: Option<String>,
    /// Other names and titles under which people know it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// The group under which it is listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// The file or built-in pattern that gave the keys which the file itself does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extends: Option<String>,
    /// How many models it wants.
    pub models: Models,
    /// Texts for the system message, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub roles: BTreeMap<String, String>,
    /// Values that the user can set, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub variables: BTreeMap<String, Variable>,
    /// The stages in order; at least one.
    pub stages: Vec<Stage>,
    /// The instruction for the synthesis.
    pub ultra: Ultra,
    /// BLAKE3 of the file and of every text that it extends or includes, in hexadecimal.
    pub blake3: String,
    /// Where it was read.
    pub file: String,
    #[serde(skip)]
    engine: Environment<'static>,
    /// Where the texts stand that templates include, by their names in the engine.
    #[serde(skip)]
    parts: Parts,
}

/// One stage.
#[derive(Debug, Clone, Serialize)]
pub struct Stage {
    /// Its name.
    pub name: String,
    /// Whom it asks, and whose answers they see.
    pub audience: Audience,
    /// What it yields.
    pub gives: Gives,
    /// Names of roles that the models take in turn.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    /// Samples of each target that does not say so itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub samples: Option<u32>,
    /// Parameters of the calls, where the user does not say them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub params: Option<Params>,
    /// JSON Schema that an answer must match.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_schema: Option<Json>,
    /// With fewer usable answers the stage counts as empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<u32>,
    /// What happens when the stage is empty.
    pub when_empty: WhenEmpty,
    /// What is asked.
    #[serde(flatten)]
    pub step: Step,
}

/// The instruction for the synthesis.
#[derive(Debug, Clone, Serialize)]
pub struct Ultra {
    /// The form of the final answer.
    pub format: Format,
    /// How the final answer is laid out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub layout: Option<String>,
    /// JSON Schema that the final answer must match.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_schema: Option<Json>,
    /// What is asked.
    #[serde(flatten)]
    pub step: Step,
}

/// A template, and the role of whoever gets it.
#[derive(Debug, Clone, Serialize)]
pub struct Step {
    /// Name of the role, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// The template.
    pub template: String,
    #[serde(skip)]
    name: String,
    #[serde(skip)]
    place: Place,
    #[serde(skip)]
    used: BTreeSet<String>,
}

impl Step {
    /// Whether the template shows `name` or an attribute of it.
    pub(crate) fn uses(&self, name: &str) -> bool {
        placeholder::uses(&self.used, name)
    }
}

impl Pattern {
    /// How requests name this pattern, with the values of its variables.
    ///
    /// # Errors
    /// When a value is unknown, missing, or not of the type of its variable.
    pub fn reference(&self, given: &BTreeMap<String, Json>) -> Result<PatternRef, Fault> {
        let vars = self.vars(given)?;
        let json = |(name, value)| ultra_core::record::Json::of(&value).map(|value| (name, value));
        let vars: Result<Object, _> = vars.into_iter().map(json).collect();
        Ok(PatternRef {
            name: self.name.clone(),
            version: self.version,
            blake3: self.blake3.clone(),
            vars: vars.map_err(|cause| self.fault(ErrorKind::Internal, cause.to_string()))?,
            judge: None,
            roles: Object::default(),
            min_responses: None,
            params: None,
            extra: Object::default(),
        })
    }

    /// Checks values on their own: that the pattern has such variables, and the type of each.
    ///
    /// # Errors
    /// When a value is unknown or not of the type of its variable.
    pub fn check_vars(&self, given: &BTreeMap<String, Json>) -> Result<(), Fault> {
        for (name, value) in given {
            let variable = self.variables.get(name).ok_or_else(|| self.unknown_variable(name))?;
            self.value(name, variable, value)?;
        }
        Ok(())
    }

    fn value(&self, name: &str, variable: &Variable, value: &Json) -> Result<Json, Fault> {
        variable.read(value).map_err(|cause| {
            self.fault(ErrorKind::TemplateUnfilled, format!("the variable `{name}`: {cause}"))
        })
    }

    /// The values of all variables: those given, and defaults for the others.
    fn vars(&self, given: &BTreeMap<String, Json>) -> Result<BTreeMap<String, Json>, Fault> {
        if let Some(name) = given.keys().find(|name| !self.variables.contains_key(*name)) {
            return Err(self.unknown_variable(name));
        }
        let mut vars = BTreeMap::new();
        for (name, variable) in &self.variables {
            let value = match given.get(name) {
                Some(value) => self.value(name, variable, value)?,
                None => variable.default.clone().ok_or_else(|| {
                    self.fault(ErrorKind::TemplateUnfilled, format!("the variable `{name}` has no value"))
                        .hint(format!("give it with --var {name}=VALUE"))
                })?,
            };
            vars.insert(name.clone(), value);
        }
        Ok(vars)
    }

    fn unknown_variable(&self, name: &str) -> Fault {
        self.fault(ErrorKind::TemplateUnfilled, format!("the pattern has no variable `{name}`"))
            .nearest(name, self.variables.keys().map(String::as_str))
    }

    /// A fault of this pattern.
    pub(crate) fn fault(&self, kind: ErrorKind, message: impl Into<String>) -> Fault {
        Fault::new(kind, &self.file, message)
    }

    /// The text of the fixed role of a step.
    pub(crate) fn role(&self, step: &Step) -> Option<&str> {
        self.roles.get(step.role.as_ref()?).map(String::as_str)
    }

    /// The text of the role that a member takes in the stage with number `at`: what the user gave to its target,
    /// or the fixed role of the stage, or its turn among the roles of the stage.
    pub(crate) fn role_of(&self, at: usize, seat: (usize, &str), reference: &PatternRef) -> Option<&str> {
        let stage = self.stages.get(at)?;
        let (member, target) = seat;
        let given = reference.roles.get(target).and_then(|role| role.read::<String>().ok());
        if let Some(text) = given.and_then(|role| self.roles.get(&role)) {
            return Some(text);
        }
        let turn = (member + at).checked_rem(stage.roles.len()).and_then(|turn| stage.roles.get(turn));
        self.role(&stage.step).or_else(|| self.roles.get(turn?).map(String::as_str))
    }

    /// Whether the synthesis shows texts that call answers by their labels: remarks on answers, or what the members
    /// said in several stages.
    pub fn shows_reviews(&self) -> bool {
        let reviews = self.stages.iter().filter(|stage| stage.gives == Gives::Review);
        let last = self.stages.iter().rfind(|stage| stage.audience != Audience::One);
        let ultra = &self.ultra.step;
        self.stages.iter().filter(|stage| ultra.uses(&stage.name)).count() > 1
            || reviews.into_iter().any(|stage| ultra.uses(&stage.name))
            || (last.is_some_and(|last| last.gives == Gives::Review) && ultra.uses("answers"))
    }

    /// Checks the roles that the user gives: that the pattern has them.
    ///
    /// # Errors
    /// When the pattern has no such role.
    pub fn check_role(&self, role: &str) -> Result<(), Fault> {
        if self.roles.contains_key(role) {
            return Ok(());
        }
        let fault = self.fault(ErrorKind::TemplatePattern, format!("the pattern has no role `{role}`"));
        Err(fault.nearest(role, self.roles.keys().map(String::as_str)))
    }

    pub(crate) fn render(&self, step: &Step, values: Value) -> Result<String, Fault> {
        engine::render(&self.engine, &step.name, &step.place, &self.parts, values)
    }
}

impl Variable {
    /// Reads a value as one of this variable; text from the command line is read as the type.
    fn read(&self, value: &Json) -> Result<Json, String> {
        let read = match (self.kind, value) {
            (Kind::String, Json::String(_))
            | (Kind::Boolean, Json::Bool(_))
            | (Kind::Number, Json::Number(_)) => Some(value.clone()),
            (Kind::Integer, Json::Number(number)) if number.is_i64() || number.is_u64() => {
                Some(value.clone())
            }
            (Kind::Integer, Json::String(text)) => text.parse::<i64>().ok().map(Json::from),
            (Kind::Number, Json::String(text)) => {
                text.parse::<f64>().ok().filter(|n| n.is_finite()).map(Json::from)
            }
            (Kind::Boolean, Json::String(text)) => text.parse::<bool>().ok().map(Json::from),
            _ => None,
        };
        let read = read.ok_or_else(|| format!("{value} is not {}", self.kind.noun()))?;
        if !self.choices.is_empty() && !self.choices.contains(&read) {
            let choices: Vec<_> = self.choices.iter().map(ToString::to_string).collect();
            return Err(format!("{read} is not one of {}", choices.join(", ")));
        }
        Ok(read)
    }

    /// A value that has the type, for trying templates before anything is asked.
    fn sample(&self) -> Json {
        let first = self.default.clone().or_else(|| self.choices.first().cloned());
        first.unwrap_or_else(|| match self.kind {
            Kind::String => "sample".into(),
            Kind::Integer | Kind::Number => 1.into(),
            Kind::Boolean => true.into(),
        })
    }
}

impl Kind {
    fn noun(self) -> &'static str {
        match self {
            Self::String => "text",
            Self::Integer => "a whole number",
            Self::Number => "a number",
            Self::Boolean => "`true` or `false`",
        }
    }
}

#[cfg(test)]
mod tests;
