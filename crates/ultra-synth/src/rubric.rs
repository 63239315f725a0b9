//! A rubric: what answers are scored for, and how much each of it counts.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Deserialize;
use serde_json::{Value, json};

/// The criteria, in their order.
#[derive(Debug, Clone, PartialEq)]
pub struct Rubric {
    criteria: Vec<(String, Criterion)>,
}

/// One criterion, as a file says it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Criterion {
    weight: f64,
    /// What it means, for the judge.
    #[serde(default)]
    about: String,
    /// What fails here cannot be made up for: below 5 the total is at most 0.4, below 7 at most 0.7.
    #[serde(default)]
    gate: bool,
}

/// The most criteria.
const MOST: usize = 32;

impl Rubric {
    /// Reads a rubric: a TOML table for each criterion, with `weight`, and perhaps `about` and `gate`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let table: toml::Table = toml::from_str(text).map_err(|cause| cause.message().to_owned())?;
        if table.is_empty() || table.len() > MOST {
            return Err(format!("a rubric has 1 to {MOST} criteria"));
        }
        let mut criteria = Vec::new();
        for (name, value) in table {
            let criterion = match value {
                toml::Value::Float(weight) => Criterion { weight, about: String::new(), gate: false },
                #[allow(clippy::cast_precision_loss, reason = "a weight is a small number")]
                toml::Value::Integer(weight) => {
                    Criterion { weight: weight as f64, about: String::new(), gate: false }
                }
                value => value.try_into().map_err(|cause| format!("`{name}`: {cause}"))?,
            };
            if !(criterion.weight.is_finite() && criterion.weight > 0.0) {
                return Err(format!("`{name}`: the weight is not a positive number"));
            }
            criteria.push((name, criterion));
        }
        Ok(Self { criteria })
    }

    /// The rubric that is meant by `--rubric default`.
    pub fn usual() -> Self {
        let criterion = |name: &str, weight: f64, gate: bool, about: &str| {
            (name.to_owned(), Criterion { weight, about: about.to_owned(), gate })
        };
        Self {
            criteria: vec![
                criterion("accuracy", 0.35, true, "what it says is true, and nothing is invented"),
                criterion("completeness", 0.2, false, "everything that the question needs is there"),
                criterion("clarity", 0.2, false, "the one who asked understands it at once"),
                criterion("conciseness", 0.15, false, "nothing is there that could be left out"),
                criterion("relevance", 0.1, false, "it answers what was asked"),
            ],
        }
    }

    /// What the judge is told.
    pub fn task(&self) -> String {
        let mut task = "Score every answer for each of these, from 1 (useless) to 10 (could not be better), by the same measure for all. Length is no merit, confidence is no evidence, and the order of the answers means nothing.\n".to_owned();
        for (name, Criterion { about, .. }) in &self.criteria {
            let colon = if about.is_empty() { "" } else { ": " };
            let _ = writeln!(task, "- {name}{colon}{about}");
        }
        let names: Vec<String> =
            self.criteria.iter().map(|(name, _)| format!("{}: …", json!(name))).collect();
        let _ = write!(
            task,
            "\nReply with one JSON object and nothing else: {{\"reason\": \"…\", \"scores\": {{\"A\": {{{}}}, …}}}}, with every answer under its letter.",
            names.join(", ")
        );
        task
    }

    /// The form of the reply.
    pub fn schema(&self, labels: &[String]) -> Value {
        let names: Vec<&str> = self.criteria.iter().map(|(name, _)| name.as_str()).collect();
        let score = json!({"type": "integer", "minimum": 1, "maximum": 10});
        let scores: BTreeMap<&str, &Value> = names.iter().map(|name| (*name, &score)).collect();
        let answer = json!({"type": "object", "properties": scores, "required": names});
        let answers: serde_json::Map<String, Value> =
            labels.iter().map(|label| (label.clone(), answer.clone())).collect();
        json!({
            "type": "object",
            "properties": {
                "reason": {"type": "string"},
                "scores": {"type": "object", "properties": answers, "required": labels}
            },
            "required": ["reason", "scores"]
        })
    }

    /// The total of an answer, from 0.1 to 1.
    pub fn total(&self, scores: &Value) -> f64 {
        let (mut sum, mut weights, mut ceiling) = (0.0, 0.0, 1.0_f64);
        for (name, criterion) in &self.criteria {
            let score = scores[name].as_f64().unwrap_or(1.0);
            sum += criterion.weight * score / 10.0;
            weights += criterion.weight;
            if criterion.gate && score < 5.0 {
                ceiling = ceiling.min(0.4);
            } else if criterion.gate && score < 7.0 {
                ceiling = ceiling.min(0.7);
            }
        }
        (sum / weights).min(ceiling)
    }

    /// The weights, as they stand in a verdict.
    pub fn weights(&self) -> Value {
        self.criteria.iter().map(|(name, criterion)| (name.clone(), Value::from(criterion.weight))).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Rubric;

    #[test]
    fn a_rubric_is_a_table_of_criteria() {
        let rubric = Rubric::parse("truth = { weight = 3, about = \"is it so\", gate = true }\nstyle = 1")
            .expect("is one");
        assert_eq!(rubric.weights(), json!({"truth": 3.0, "style": 1.0}));
        assert!(rubric.task().contains("- truth: is it so\n- style\n"), "{}", rubric.task());
        for wrong in ["", "a = -1", "a = \"x\"", "a = { weight = 1, wieght = 2 }", "a = [", "a = nan"] {
            Rubric::parse(wrong).expect_err(wrong);
        }
    }

    #[test]
    fn what_fails_a_gate_cannot_be_made_up_for() {
        let rubric = Rubric::usual();
        let scores = |accuracy: u32| json!({"accuracy": accuracy, "completeness": 10, "clarity": 10, "conciseness": 10, "relevance": 10});
        assert!((rubric.total(&scores(10)) - 1.0).abs() < 1e-12);
        assert!((rubric.total(&scores(6)) - 0.7).abs() < 1e-12);
        assert!((rubric.total(&scores(4)) - 0.4).abs() < 1e-12);
        assert!((rubric.total(&scores(8)) - 0.93).abs() < 1e-12);
    }
}
