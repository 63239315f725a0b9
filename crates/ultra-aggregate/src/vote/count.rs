//! How votes are counted, as a user says it.

use std::collections::BTreeSet;

use super::{Extract, Normal, answer, answers};

/// What of a text is its answer, when two are the same, and what the vote of each target counts.
#[derive(Debug, Clone)]
pub struct Count {
    /// What of a text is its answer.
    pub extract: Extract,
    /// What does not count when answers are compared.
    pub normal: Normal,
    /// What the vote of a target counts, where it is not 1; the last entry of a target holds.
    pub weights: Vec<(String, f64)>,
}

impl Default for Count {
    fn default() -> Self {
        Self { extract: Extract::Whole, normal: Normal::default(), weights: Vec::new() }
    }
}

impl Count {
    /// The answer in a text, in the form in which it is compared.
    pub fn answer(&self, text: &str) -> Option<String> {
        answer(text, &self.extract, &self.normal)
    }

    /// What several members say and weigh, by the text and the target of each; their answers are told apart as by
    /// [`answers`].
    pub fn votes<'a>(&self, members: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<(Option<String>, f64)> {
        let (texts, targets): (Vec<&str>, Vec<&str>) = members.unzip();
        let weights = targets.iter().map(|target| self.weight(target));
        answers(&texts, &self.extract, &self.normal).into_iter().zip(weights).collect()
    }

    /// What the vote of `target` counts.
    pub fn weight(&self, target: &str) -> f64 {
        self.weights.iter().rfind(|(name, _)| name == target).map_or(1.0, |(_, weight)| *weight)
    }
}

/// Targets with a weight that no vote was asked of yet.
#[derive(Debug, Clone, Default)]
pub struct Unmet(BTreeSet<String>);

impl Unmet {
    /// All of these targets.
    pub fn new(weights: &[(String, f64)]) -> Self {
        Self(weights.iter().map(|(target, _)| target.clone()).collect())
    }

    /// A target was asked.
    pub fn meet(&mut self, target: &str) {
        self.0.remove(target);
    }

    /// Whether all were asked.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What to tell the user in the end; nothing when all were asked.
    pub fn told(&self) -> Option<String> {
        let names: Vec<String> = self.0.iter().map(|name| format!("`{}`", name.escape_debug())).collect();
        (!names.is_empty())
            .then(|| format!("--weight names {}, which no prompt was put to", names.join(", ")))
    }
}

/// Reads `TARGET=NUMBER`.
///
/// # Errors
/// What was expected instead.
pub fn weighted(text: &str) -> Result<(String, f64), String> {
    let wrong = || "expected TARGET=NUMBER, and the number not negative".to_owned();
    let (target, number) = text.rsplit_once('=').ok_or_else(wrong)?;
    let number: f64 = number.parse().map_err(|_| wrong())?;
    if target.is_empty() || !number.is_finite() || number < 0.0 {
        return Err(wrong());
    }
    Ok((target.to_owned(), number))
}
