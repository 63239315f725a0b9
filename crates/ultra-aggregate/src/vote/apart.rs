//! Long answers are told apart by their beginnings: most differ in their first words, and to read on is in vain.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::{Extract, Normal, extract, normal, normalise};

/// So many bytes of an answer are its beginning, but for a last character that does not fit.
pub const BEGINNING: usize = 256;

/// The answers in several texts, each as [`answer`](super::answer) gives it, but one that begins like no other can be
/// its [beginning](BEGINNING) alone. Two are equal if they are equal as wholes, and only then.
pub fn answers(texts: &[&str], from: &Extract, normal: &Normal) -> Vec<Option<String>> {
    told_apart(texts, from, *normal, BEGINNING)
}

fn told_apart(texts: &[&str], from: &Extract, normal: Normal, length: usize) -> Vec<Option<String>> {
    let whole = |found: &str| Some(normalise(found, &normal)).filter(|form| !form.is_empty());
    let found: Vec<Option<Cow<'_, str>>> = texts.iter().map(|text| extract(text, from)).collect();
    let begun: Vec<Option<String>> =
        found.iter().map(|found| normal::beginning(found.as_ref()?, normal, length)).collect();
    let mut forms: Vec<Option<String>> = found
        .iter()
        .zip(&begun)
        .map(|(found, begun)| begun.clone().or_else(|| whole(found.as_ref()?)))
        .collect();
    let mut times = BTreeMap::<String, usize>::new();
    for form in forms.iter().flatten() {
        *times.entry(form[..form.floor_char_boundary(length)].to_owned()).or_default() += 1;
    }
    for ((form, begun), found) in forms.iter_mut().zip(&begun).zip(&found) {
        if begun.as_ref().is_some_and(|begun| times[begun] > 1) {
            *form = found.as_deref().and_then(whole);
        }
    }
    forms
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{
        Just, ProptestConfig, Strategy, prop, prop_assert, prop_assert_eq, prop_oneof, proptest,
    };

    use super::super::answer;
    use super::*;

    /// What stands around all words, and after each.
    fn marks() -> impl Strategy<Value = ((&'static str, &'static str), Vec<&'static str>)> {
        let between = prop_oneof![
            3 => prop::sample::select(vec!["", " "]),
            2 => prop::sample::select(vec!["\"\"\"\"\"\"", "``````", "      ", "** ** ", ", \"\"\"", ".! ", "*\"* ", "\".\" "]),
            2 => prop::sample::select(vec!["\u{301}", "Σ", "Σー", "É", "İ", "가", "\u{11a8}", "か\u{3099}", "’", "\u{3000}"]),
            1 => prop::sample::select(vec!["*", "'", "$", "(", ")", "]", "}", ",", ".", "%", ",000", "e3", "-", "/", "_"]),
        ];
        let around = prop_oneof![
            2 => Just(("", "")),
            1 => prop::sample::select(vec![
                ("$", "$"), ("'", "'"), ("*", "*"), ("_", "_"), ("\\(", "\\)"), ("\\text{", "}"), ("(", ")"),
                ("[", "]"), ("{", "}"), (",", "."), (";", ""), (":", ""), ("!", "!"), ("?", ""), ("€", ""), ("\u{3000}", ")"),
                ("**", "**:"), ("-", "%"), ("\\frac{1}{", "}"), ("\"", "\u{301}"), ("$$", "$$"), ("__", "__"), ("\\[", "\\]"), ("\\textbf{", "}"), ("¿", "？"), ("+", ""), ("‘", "’"),
            ]),
        ];
        (around, prop::collection::vec(between, 0..8))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn answers_are_the_same_if_they_are_the_same_as_wholes(
            words in prop_oneof![
                4 => prop::collection::vec(
                    prop::sample::select(vec!["so", "i", "12", "a", "да"]),
                    7,
                ),
                1 => Just(vec!["12"; 7]),
            ],
            marks in prop::collection::vec(marks(), 1..6),
            length in 1_usize..9,
            from in prop::sample::select(vec!["whole", "whole", "number"]),
            how in prop::sample::select(vec![
                "case,punctuation,numbers", "case,punctuation", "case", "punctuation", "numbers", "none",
                "case,punctuation,set",
            ]),
        ) {
            let texts: Vec<String> = marks
                .iter()
                .map(|((open, close), between)| {
                    let words = words.iter().zip(between).flat_map(|(word, between)| [*word, between]);
                    format!("{open}{}{close}", words.collect::<String>())
                })
                .collect();
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            let (from, normal) = (from.parse().expect("a rule"), how.parse().expect("a form"));
            let wholes: Vec<Option<String>> = texts.iter().map(|text| answer(text, &from, &normal)).collect();
            let cut = told_apart(&texts, &from, normal, length);
            for (one, whole) in cut.iter().zip(&wholes) {
                prop_assert_eq!(one.is_some(), whole.is_some());
                let (one, whole) = (one.as_deref().unwrap_or(""), whole.as_deref().unwrap_or(""));
                let begun = &whole[..whole.floor_char_boundary(length)];
                prop_assert!(one == begun || one == whole, "{whole:?} does not begin with {one:?}");
            }
            for (at, one) in cut.iter().enumerate() {
                for (then, other) in cut.iter().enumerate() {
                    prop_assert_eq!(one == other, wholes[at] == wholes[then], "{:?} {:?}", texts[at], texts[then]);
                }
            }
        }
    }

    #[test]
    fn only_those_that_begin_alike_are_read_to_the_end() {
        let long = |begin: &str, end: &str| format!("{begin} {} {end}.", "and so it goes on".repeat(40));
        let texts = [long("One", "here"), long("He", "here"), long("\"One\"", "Here"), long("one", "there")];
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let found = answers(&texts, &Extract::Whole, &Normal::default());
        let lengths: Vec<usize> = found.iter().flatten().map(String::len).collect();
        let whole = long("one", "here").len() - 1;
        assert_eq!(lengths, [whole, BEGINNING, whole, whole + 1]);
        assert!(found[0] == found[2] && found[0] != found[3]);
        for word in ["да ", "東京", "서울 ", "ναι ", "نعم ", "हाँ "] {
            let texts = [word.repeat(300), format!("1{}", word.repeat(300))];
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            let found = answers(&texts, &Extract::Whole, &Normal::default());
            assert!(found[0].as_ref().is_some_and(|found| found.len() <= BEGINNING), "{word}");
        }
    }
}
