//! JSON objects as text, each valid and each easy to change by parsing and printing it.

use super::random::SplitMix64;

/// An endless, seeded sequence of JSON objects on one line each, without the newline.
///
/// They hold long integers, `1.0`, `1e400`, `-0`, needless and odd escapes, spaces between tokens, keys in no
/// order, and nesting. Each has a `type` that no tool owns, and no key that any tool reads.
#[derive(Clone, Debug)]
pub struct JsonTexts {
    random: SplitMix64,
    kind: String,
    depth: usize,
    lone_surrogates: bool,
}

const NUMBERS: &[&str] = &[
    "0",
    "-0",
    "7",
    "1.0",
    "1.10",
    "-0.0",
    "1e400",
    "1E+2",
    "1e-400",
    "0.1e1",
    "9007199254740993",
    "12345678901234567890",
    "-98765432109876543210",
    "3.141592653589793238462643383279",
    "1e5",
    "100000000000000000000000000000000000000001",
];

const STRINGS: &[&str] = &[
    "",
    "plain",
    "Zürich",
    "Zu\u{308}rich",
    "\u{1f3d4}",
    r"\u00fc",
    r"\u00FC",
    r"\/",
    "/",
    r"\n\t\r\b\f",
    r#"\"\\"#,
    r"\u0000",
    r"\ud83c\udfd4",
    r"\u2028",
    "\u{2028}\u{2029}",
    "\u{202e}rtl",
    r"\u001b[31m",
    "{\\\"type\\\":\\\"error\\\"}",
    "\u{7f}\u{feff}",
    "</document>",
    "null",
    "\u{e0041}",
];

const SPACES: &[&str] = &["", "", "", " ", "  ", "\t", " \t "];

impl JsonTexts {
    /// The sequence of a seed, with the type `note`.
    pub fn new(seed: u64) -> Self {
        Self { random: SplitMix64::new(seed), kind: "note".to_owned(), depth: 4, lone_surrogates: false }
    }

    /// The value of `type`, plain letters.
    #[must_use]
    pub fn of_type(mut self, kind: &str) -> Self {
        kind.clone_into(&mut self.kind);
        self
    }

    /// How many levels may lie inside the object (4).
    #[must_use]
    pub fn depth(mut self, depth: usize) -> Self {
        self.depth = depth;
        self
    }

    /// Also values with half a surrogate pair: grammatical JSON that no Unicode string can hold.
    #[must_use]
    pub fn with_lone_surrogates(mut self) -> Self {
        self.lone_surrogates = true;
        self
    }

    fn object(&mut self, depth: usize, kind: Option<&str>) -> String {
        let fields = self.random.below(6) + usize::from(kind.is_some());
        let place = self.random.below(fields.max(1));
        let members = (0..fields).map(|index| match kind {
            Some(kind) if index == place => self.member("\"type\"", &format!("\"{kind}\"")),
            _ => {
                let tail = self.random.pick(&["", "", "é", r"\u0062", r"\/", r"\n"]);
                let key = format!("\"x{}{tail}{}\"", self.random.below(10), index);
                let value = self.value(depth);
                self.member(&key, &value)
            }
        });
        let members: Vec<_> = members.collect();
        format!("{{{}}}", members.join(","))
    }

    fn member(&mut self, key: &str, value: &str) -> String {
        let mut space = || self.random.pick(SPACES);
        [space(), key, space(), ":", space(), value, space()].concat()
    }

    fn value(&mut self, depth: usize) -> String {
        match self.random.below(if depth == 0 { 8 } else { 10 }) {
            0..3 => self.random.pick(NUMBERS).to_owned(),
            3..6 => self.string(),
            6 => self.random.pick(&["true", "false"]).to_owned(),
            7 => "null".to_owned(),
            8 => {
                let items: Vec<_> = (0..self.random.below(4)).map(|_| self.value(depth - 1)).collect();
                format!("[{}]", items.join(self.random.pick(&[",", ", ", " ,"])))
            }
            _ => self.object(depth - 1, None),
        }
    }

    fn string(&mut self) -> String {
        let mut parts: Vec<_> = (0..self.random.below(4)).map(|_| self.random.pick(STRINGS)).collect();
        if self.lone_surrogates && self.random.one_in(4) {
            parts.push(self.random.pick(&[r"\ud800", r"\uDC00x", r"\udfff\ud800", r"\ud800\u0041"]));
        }
        format!("\"{}\"", parts.concat())
    }
}

impl Iterator for JsonTexts {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        let kind = self.kind.clone();
        Some(self.object(self.depth, Some(&kind)))
    }
}

#[cfg(test)]
mod tests {
    use super::JsonTexts;
    use crate::strict;
    use serde_json::value::RawValue;

    #[test]
    fn every_text_is_one_strict_object_on_one_line() {
        for text in JsonTexts::new(1).take(2000) {
            // A number that f64 cannot hold is JSON all the same, so the check goes by grammar.
            let raw: Result<&RawValue, _> = serde_json::from_str(&text);
            assert!(raw.is_ok(), "{text}");
            let fits = !text.contains("1e400");
            assert!(
                !text.contains(['\n', '\r']) && (!fits || strict::object(&text.replace(['\t'], " ")).is_ok()),
                "{text}"
            );
            assert!(text.contains("\"note\""));
        }
    }

    #[test]
    fn a_seed_gives_one_sequence() {
        let of = |seed| JsonTexts::new(seed).take(50).collect::<Vec<_>>();
        assert_eq!(of(3), of(3));
        assert_ne!(of(3), of(4));
    }

    #[test]
    fn what_a_careless_parser_changes_occurs() {
        let all: String = JsonTexts::new(2).with_lone_surrogates().take(2000).collect();
        for text in [
            "1e400",
            "1.0",
            "-0",
            "12345678901234567890",
            r"\u00fc",
            r"\/",
            r"\u0000",
            "\t",
            r"\ud800",
            "\u{2028}",
        ] {
            assert!(all.contains(text), "{text}");
        }
    }
}
