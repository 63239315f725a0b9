//! What a result is held against.

use regex::Regex;
use serde_json::Value;

use crate::aggregate::vote::{self, Extract, Normal};
use crate::form;

/// What a right answer to one prompt is.
///
/// In a prompt or in a file of references it is the field `expected`:
///
/// | `expected` | right is |
/// |---|---|
/// | `42` or `"1,000"` | a text whose last number is that number |
/// | `"Paris"` | a text that says it, in whole words; case, punctuation and white space do not count |
/// | `["Paris", "Lutetia"]` | a text that matches any of them |
/// | `{"regex": "…"}` | a text in which the pattern matches |
/// | `{"json": …}` | a text that is, or holds, this JSON; numbers count by value, fields in any order |
/// | `{"rubric": "…"}` | what a model says is good by this rubric, from 0 to 1 |
#[derive(Debug, Clone)]
pub enum Reference {
    /// Any of these is right.
    Any(Vec<Reference>),
    /// This number.
    Number(String),
    /// These words.
    Words(String),
    /// What matches.
    Pattern(Regex),
    /// This JSON.
    Json(Value),
    /// A model grades by this.
    Rubric(String),
}

impl Reference {
    /// Reads the value of `expected`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(expected: &Value) -> Result<Self, String> {
        match expected {
            Value::Number(number) => Ok(Self::Number(normal(&number.to_string()))),
            Value::Bool(truth) => Ok(Self::Words(truth.to_string())),
            Value::String(text) => {
                let form = normal(text);
                match form.as_str() {
                    "" => Err("an expected text says nothing".to_owned()),
                    number if number.parse::<f64>().is_ok_and(f64::is_finite) => Ok(Self::Number(form)),
                    _ => Ok(Self::Words(form)),
                }
            }
            Value::Array(items) if items.is_empty() => Err("an empty list expects nothing".to_owned()),
            Value::Array(items) => items.iter().map(Self::read).collect::<Result<_, _>>().map(Self::Any),
            Value::Object(fields) => match fields.iter().next() {
                Some((key, Value::String(text))) if fields.len() == 1 && key == "regex" => {
                    Regex::new(text).map(Self::Pattern).map_err(|error| error.to_string())
                }
                Some((key, Value::String(text))) if fields.len() == 1 && key == "rubric" => {
                    Ok(Self::Rubric(text.clone()))
                }
                Some((key, value)) if fields.len() == 1 && key == "json" => Ok(Self::Json(value.clone())),
                _ => Err("an object has one field: regex, json or rubric".to_owned()),
            },
            Value::Null => Err("null expects nothing".to_owned()),
        }
    }

    /// How right a text is, from 0 to 1; `None` when only a model can tell.
    ///
    /// With `extract` the answer in the text must be the one that is expected; without it, see [`Reference`].
    pub fn score(&self, text: &str, extract: Option<&Extract>) -> Option<f64> {
        let right = match self {
            Self::Any(all) => {
                return all.iter().filter_map(|one| one.score(text, extract)).max_by(f64::total_cmp);
            }
            Self::Rubric(_) => return None,
            Self::Number(number) => {
                let answer = vote::answer(text, extract.unwrap_or(&Extract::LastNumber), &Normal::default());
                answer.as_ref() == Some(number)
            }
            Self::Words(words) => match extract {
                Some(extract) => vote::answer(text, extract, &Normal::default()).as_ref() == Some(words),
                None => holds(&normal(text), words),
            },
            Self::Pattern(pattern) => pattern.is_match(text),
            Self::Json(expected) => form::json_in(text).is_some_and(|found| equal(&found, expected)),
        };
        Some(f64::from(u8::from(right)))
    }

    /// The rubric, where a model has to grade.
    pub fn rubric(&self) -> Option<&str> {
        match self {
            Self::Rubric(rubric) => Some(rubric),
            Self::Any(all) => all.iter().find_map(Self::rubric),
            _ => None,
        }
    }
}

fn normal(text: &str) -> String {
    vote::normalise(text, &Normal::default())
}

/// Whether `text` holds `words`, and no letter or digit goes on where they begin and end.
fn holds(text: &str, words: &str) -> bool {
    let goes_on = |c: Option<char>, inner: Option<char>| {
        c.is_some_and(char::is_alphanumeric) && inner.is_some_and(char::is_alphanumeric)
    };
    text.match_indices(words).any(|(at, found)| {
        !goes_on(text[..at].chars().next_back(), found.chars().next())
            && !goes_on(text[at + found.len()..].chars().next(), found.chars().next_back())
    })
}

/// Whether two JSON values say the same: 1 is 1.0, and fields have no order.
fn equal(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| equal(a, b)))
        }
        (a, b) => a == b,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::Reference;

    #[track_caller]
    fn check(expected: &Value, right: &[&str], wrong: &[&str]) {
        let reference = Reference::read(expected).expect("is a reference");
        for text in right {
            assert_eq!(reference.score(text, None), Some(1.0), "{expected}: {text}");
        }
        for text in wrong {
            assert_eq!(reference.score(text, None), Some(0.0), "{expected}: {text}");
        }
    }

    #[test]
    fn a_number_is_the_last_one() {
        check(
            &json!(1000),
            &["So it is 1,000.", "First 7, then 1e3"],
            &["1000, or rather 7", "a thousand", ""],
        );
        check(&json!("0.5"), &["1/2", "It is 50%"], &["5"]);
    }

    #[test]
    fn words_are_whole() {
        check(
            &json!("Paris"),
            &["paris.", "It is **Paris**, of course"],
            &["Parisian", "Lyon", "comparison"],
        );
        check(&json!("C++"), &["I like C++ best"], &["C"]);
        check(&json!(["Rome", "Roma"]), &["Roma!", "rome"], &["Romania"]);
    }

    #[test]
    fn patterns_and_json() {
        check(&json!({"regex": "(?i)^yes"}), &["Yes, it is"], &["no; yes"]);
        check(
            &json!({"json": {"a": 1, "b": [true]}}),
            &["{\"b\":[true],\"a\":1.0}", "```json\n{\"a\":1,\"b\":[true]}\n```"],
            &["{\"a\":1}", "{\"a\":2,\"b\":[true]}", "no"],
        );
    }

    #[test]
    fn with_an_extract_the_answer_must_be_the_expected_one() {
        let reference = Reference::read(&json!("B")).expect("is a reference");
        let extract = "regex:answer is (.)".parse().expect("is a rule");
        assert_eq!(reference.score("A or B? The answer is C", Some(&extract)), Some(0.0));
        assert_eq!(reference.score("A or B? The answer is b", Some(&extract)), Some(1.0));
    }

    #[test]
    fn what_expects_nothing_is_refused() {
        for wrong in
            [json!(null), json!([]), json!(""), json!({}), json!({"regex": "("}), json!({"regx": "a"})]
        {
            Reference::read(&wrong).expect_err("expects nothing");
        }
    }
}
