//! Reading answers of providers: strict about what the answer says, lenient about everything around it.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::call::Wasted;

/// Why a body with status 200 holds no answer.
#[derive(Debug)]
pub(crate) enum Unread {
    /// It is not the JSON that was expected.
    Json(serde_json::Error),
    /// It is not UTF-8 text.
    Encoding,
    /// It is well-formed, but of another shape.
    Shape(&'static str),
    /// It reports an error.
    Error,
    /// It holds nothing.
    Empty(&'static str),
    /// It is an answer, but the model wrote nothing.
    Wordless(Box<Wasted>),
    /// It says that the prompt was blocked.
    Blocked,
    /// An event of a stream is not JSON.
    Event(serde_json::Error),
}

impl From<serde_json::Error> for Unread {
    fn from(error: serde_json::Error) -> Self {
        Self::Json(error)
    }
}

/// The largest number of tokens, or of anything, that is believed.
const BELIEVABLE: u64 = 1_000_000_000;

/// The text of a body, which must be one JSON object.
pub(crate) fn object(body: &[u8]) -> Result<&str, Unread> {
    let text = std::str::from_utf8(body).map_err(|_| Unread::Encoding)?;
    // Some servers keep a slow connection alive with blank lines.
    let text = text.trim_start_matches('\u{feff}').trim_ascii();
    match text.as_bytes().first() {
        None => Err(Unread::Empty("the body is empty")),
        Some(b'{') => Ok(text),
        Some(_) => {
            let value: &RawValue = serde_json::from_str(text)?;
            match value.get() {
                "null" | "[]" | "\"\"" => Err(Unread::Empty("the body is empty")),
                list if list.starts_with('[') && list.contains("\"error\"") => Err(Unread::Error),
                _ => Err(Unread::Shape("JSON, but not an object")),
            }
        }
    }
}

/// The first item of a list; the others are checked as JSON and left alone.
#[derive(Debug)]
pub(crate) struct First<T>(pub(crate) Option<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for First<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Items<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Items<T> {
            type Value = First<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<First<T>, A::Error> {
                let first = seq.next_element()?;
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(First(first))
            }
        }
        deserializer.deserialize_seq(Items(PhantomData))
    }
}

/// A list of so few items that its memory stays in proportion to the text.
#[derive(Debug, Default)]
pub(crate) struct Few<T>(pub(crate) Vec<T>);

/// The most items of a list in an answer.
const MANY: usize = 100_000;

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Few<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Items<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Items<T> {
            type Value = Few<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Few<T>, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    if items.len() == MANY {
                        return Err(serde::de::Error::invalid_length(MANY + 1, &"a shorter list"));
                    }
                    items.push(item);
                }
                Ok(Few(items))
            }
        }
        deserializer.deserialize_seq(Items(PhantomData))
    }
}

/// A string; anything else is `None`. One without escapes is not copied.
///
/// # Errors
/// When it is a string that cannot be decoded, such as one with half of a surrogate pair.
pub(crate) fn string(raw: Option<&RawValue>) -> Result<Option<Cow<'_, str>>, serde_json::Error> {
    let Some(text) = raw.map(RawValue::get).filter(|text| text.starts_with('"')) else { return Ok(None) };
    match text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
        Some(plain) if memchr::memchr(b'\\', plain.as_bytes()).is_none() => Ok(Some(Cow::Borrowed(plain))),
        _ => serde_json::from_str(text).map(|text| Some(Cow::Owned(text))),
    }
}

/// A string, to be kept; anything else is `None`.
///
/// # Errors
/// As for [`string`].
pub(crate) fn owned(raw: Option<&RawValue>) -> Result<Option<String>, serde_json::Error> {
    Ok(string(raw)?.map(Cow::into_owned))
}

/// A string with something in it.
///
/// # Errors
/// As for [`string`].
pub(crate) fn words(raw: Option<&RawValue>) -> Result<Option<Cow<'_, str>>, serde_json::Error> {
    Ok(string(raw)?.filter(|text| !text.is_empty()))
}

/// A count that can be believed: a whole number from 0 to a billion.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to be whole and in range"
)]
pub(crate) fn count(raw: Option<&RawValue>) -> Option<u64> {
    let number = amount(raw)?;
    (number.fract() == 0.0).then_some(number as u64)
}

/// An amount that can be believed: a number from 0 to a billion.
pub(crate) fn amount(raw: Option<&RawValue>) -> Option<f64> {
    let number: f64 = serde_json::from_str(raw?.get()).ok()?;
    (0.0..=BELIEVABLE as f64).contains(&number).then_some(number)
}

/// An object that may be missing or of another shape.
pub(crate) fn detail<'a, T: Deserialize<'a> + Default>(raw: Option<&'a RawValue>) -> T {
    raw.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    use super::{First, count};

    #[test]
    fn counts_that_cannot_be_are_not_believed() {
        let read = |text: &str| count(Some(&RawValue::from_string(text.into()).expect("JSON")));
        assert_eq!([read("0"), read("12"), read("12.0")], [Some(0), Some(12), Some(12)]);
        for text in ["-1", "1000000000000000000", "\"12\"", "null", "1.5", "1e400", "[]", "{}"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn a_million_items_cost_no_more_than_one() {
        let many = format!("[7{}]", ",8".repeat(1_000_000));
        assert_eq!(serde_json::from_str::<First<u8>>(&many).expect("a list").0, Some(7));
        assert!(serde_json::from_str::<First<u8>>("[7,}").is_err());
    }
}
