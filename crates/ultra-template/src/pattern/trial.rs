//! Every template is tried with made-up data before anything is asked and paid for.

use minijinja::value::Serde;
use minijinja::{Value, context};

use super::Pattern;
use crate::fault::Fault;
use crate::file::Audience;
use crate::value::{labelled, listed};

/// Renders every template with and without documents, others and fallbacks.
pub(super) fn try_all(pattern: &Pattern) -> Vec<Fault> {
    let mut faults = Vec::new();
    for at in 0..=pattern.stages.len() {
        let step = pattern.stages.get(at).map_or(&pattern.ultra, |stage| &stage.step);
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
        let answer = |at: usize| labelled(crate::label(at), format!("sample {at}"));
        let answers = |from: usize, many: usize| listed((from..from + many).map(answer).collect());
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
        let of_stage = match stage.map(|stage| stage.audience) {
            None => context! { answers => answers(0, many.max(1)), fallback },
            Some(Audience::Each) => context! { own => answer(0), fallback },
            Some(Audience::Others) => context! { own => answer(0), others => answers(1, many), fallback },
        };
        match stage {
            None => values.push(("answers".to_owned(), answers(0, many.max(1)))),
            Some(_) if at == 0 => {
                values.push(("documents".to_owned(), listed(vec![Value::from("sample"); many])));
            }
            Some(_) => {
                values.push(("own".to_owned(), answer(0)));
                values.push(("others".to_owned(), answers(1, many)));
            }
        }
        values.extend(self.stages.iter().take(at).map(|earlier| (earlier.name.clone(), of_stage.clone())));
        Value::from_pairs(values)
    }
}
