//! When a verdict is good enough to be an answer: `margin >= 0.5 and without < 2`.

use std::str::FromStr;

use ultra_core::record::Object;

use crate::found::Found;

/// A condition on the numbers of a verdict.
#[derive(Debug, Clone, PartialEq)]
pub struct Accept {
    terms: Vec<Term>,
}

#[derive(Debug, Clone, PartialEq)]
struct Term {
    name: &'static str,
    relation: Relation,
    value: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Relation {
    Least,
    Most,
    More,
    Less,
    Equal,
}

/// What a condition can name.
const NAMES: [&str; 10] = [
    "margin",
    "share",
    "ties",
    "without",
    "answers",
    "kendall_w",
    "similarity",
    "clusters",
    "confidence",
    "largest",
];

const RELATIONS: [(&str, Relation); 5] = [
    (">=", Relation::Least),
    ("<=", Relation::Most),
    ("==", Relation::Equal),
    (">", Relation::More),
    ("<", Relation::Less),
];

impl FromStr for Accept {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let terms: Result<Vec<Term>, String> =
            text.split(" and ").flat_map(|part| part.split("&&")).map(Term::parse).collect();
        terms.map(|terms| Self { terms })
    }
}

impl Term {
    fn parse(text: &str) -> Result<Self, String> {
        let found = RELATIONS.iter().find_map(|(sign, relation)| Some((text.split_once(sign)?, *relation)));
        let Some(((name, value), relation)) = found else {
            return Err(format!("`{}` is no condition such as `margin >= 0.5`", text.trim()));
        };
        let name = name.trim();
        let Some(name) = NAMES.into_iter().find(|known| *known == name) else {
            return Err(format!("`{name}` is none of {}", NAMES.join(", ")));
        };
        let value: f64 = value.trim().parse().map_err(|_| format!("`{}` is no number", value.trim()))?;
        if !value.is_finite() {
            return Err(format!("`{value}` is no finite number"));
        }
        Ok(Self { name, relation, value })
    }

    fn holds(&self, number: f64) -> bool {
        match self.relation {
            Relation::Least => number >= self.value,
            Relation::Most => number <= self.value,
            Relation::More => number > self.value,
            Relation::Less => number < self.value,
            Relation::Equal => (number - self.value).abs() < 1e-9,
        }
    }
}

impl Accept {
    /// Whether it holds for what was found among so many `answers`. A number that is not known holds for nothing.
    pub fn holds(&self, found: &Found, answers: usize) -> bool {
        self.terms
            .iter()
            .all(|term| number(found, answers, term.name).is_some_and(|number| term.holds(number)))
    }
}

fn number(found: &Found, answers: usize, name: &str) -> Option<f64> {
    let judgement = found.judgement.as_ref();
    let agreement = judgement.and_then(|judgement| judgement.agreement.as_ref());
    match name {
        "answers" => Some(answers as f64),
        "margin" => judgement?.margin,
        "kendall_w" => agreement?.kendall_w,
        "similarity" => agreement?.mean_similarity,
        "clusters" => agreement?.clusters.map(f64::from),
        name => {
            let told = |object: &Object| object.get(name).and_then(|value| value.read().ok());
            told(&found.extra).or_else(|| told(&judgement?.extra))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Accept;
    use crate::found::{Found, Judgement, put};

    fn found(margin: Option<f64>, share: f64) -> Found {
        let mut judgement = Judgement::of("vote");
        judgement.margin = margin;
        put(&mut judgement.extra, "share", &share);
        Found::verdict(judgement)
    }

    #[test]
    fn all_terms_must_hold_and_what_is_unknown_does_not() {
        let accept: Accept = "margin >= 0.5 and share>0.6 && answers == 3".parse().expect("is one");
        assert!(accept.holds(&found(Some(0.5), 0.7), 3));
        for (margin, share, answers) in
            [(Some(0.4), 0.7, 3), (Some(0.5), 0.6, 3), (Some(0.5), 0.7, 4), (None, 0.7, 3)]
        {
            assert!(!accept.holds(&found(margin, share), answers));
        }
        assert!(!"kendall_w > 0".parse::<Accept>().expect("is one").holds(&found(Some(1.0), 1.0), 3));
    }

    #[test]
    fn what_is_no_condition_is_said_to_be_none() {
        for wrong in [
            "",
            "margin",
            "margin >= ",
            "margin >= x",
            "marge > 1",
            "margin => 1",
            "margin > 1 and",
            "margin > nan",
        ] {
            wrong.parse::<Accept>().expect_err(wrong);
        }
    }
}
