//! Every template is tried with made-up data before anything is asked and paid for.

use minijinja::Value;
use minijinja::value::Serde;

use super::{Pattern, Stage, schema};
use crate::fault::Fault;
use crate::file::Audience;
use crate::value::{labelled, listed};

/// Renders every template with and without documents, others and fallbacks.
pub(super) fn try_all(pattern: &Pattern) -> Vec<Fault> {
    let mut faults = Vec::new();
    for at in 0..=pattern.stages.len() {
        let step = pattern.stages.get(at).map_or(&pattern.ultra.step, |stage| &stage.step);
        for (many, fallback) in [(2, false), (0, false), (2, true), (1, true)] {
            if let Err(fault) = pattern.render(step, pattern.made_up(at, many, fallback)) {
                faults.push(fault);
                break;
            }
        }
    }
    faults
}

impl Pattern {
    fn made_up(&self, at: usize, many: usize, fallback: bool) -> Value {
        let vars: Vec<_> =
            self.variables.iter().map(|(name, variable)| (name.clone(), variable.sample())).collect();
        let mut values = vec![
            ("prompt".to_owned(), Value::from("sample")),
            ("question".to_owned(), Value::from("sample")),
            (
                "vars".to_owned(),
                Value::from_pairs(vars.into_iter().map(|(name, value)| (name, Value::from(Serde(value))))),
            ),
        ];
        let stage = self.stages.get(at);
        if at == 0 && stage.is_some() {
            values.push(("documents".to_owned(), listed(vec![Value::from("sample"); many])));
            return Value::from_pairs(values);
        }
        let audience = stage.map_or(Audience::One, |stage| stage.audience);
        if stage.is_none() {
            values.push(("layout".to_owned(), Value::from(self.ultra.layout.clone().unwrap_or_default())));
            values.push(("format".to_owned(), Value::from(self.ultra.format.as_str())));
        }
        let earlier = &self.stages[..at];
        let before = earlier.iter().rfind(|stage| stage.audience != Audience::One);
        for (name, value) in before.map(|before| before.made_up(audience, many, false)).unwrap_or_default() {
            values.push((name.to_owned(), value));
        }
        for earlier in earlier {
            let fallback = fallback && earlier.name != self.stages[0].name;
            let mut of_stage = earlier.made_up(audience, many, fallback);
            of_stage.push(("fallback", Value::from(fallback)));
            values.push((earlier.name.clone(), Value::from_pairs(of_stage)));
        }
        Value::from_pairs(values)
    }
}

impl Stage {
    /// Made-up answers of this stage, as an audience sees them.
    fn made_up(&self, audience: Audience, many: usize, fallback: bool) -> Vec<(&'static str, Value)> {
        let json = self.output_schema.as_ref().filter(|_| !fallback).map(schema::sample);
        let answer = |at: usize| labelled(crate::label(at), format!("sample {at}"), json.clone());
        let answers = |from: usize, many: usize| listed((from..from + many).map(answer).collect());
        match (self.audience, audience) {
            (Audience::One, _) if fallback => vec![("answer", Value::from(()))],
            (Audience::One, _) => vec![("answer", answer(0))],
            (_, Audience::One) => vec![("answers", answers(0, many.max(1)))],
            (_, Audience::Each) => vec![("own", answer(0))],
            (_, Audience::Others) => vec![("own", answer(0)), ("others", answers(1, many))],
        }
    }
}
