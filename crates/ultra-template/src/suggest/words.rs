//! Words and their stems.

/// A word where it stands.
#[derive(Debug, Clone)]
pub(super) struct Word<'a> {
    pub(super) text: &'a str,
    /// Its first byte in the text.
    pub(super) start: usize,
    pub(super) stem: String,
    /// It stands in texts of every kind.
    pub(super) is_common: bool,
}

/// Words that say nothing of what a text is about, and those that every pattern has.
const COMMON: &str = "a about above after again all also am an and any are as at be because been before being below \
between both but by can could did do does doing down during each every few for from further get give had has have \
having he her here hers him his how i if in into is it its itself just let like make many may me might more most much \
must my no nor not of off on once one only or other our ours out over own please same she should so some somebody such \
than that the their them then there these they thing this those through to too under until up us use very want was we \
were what when where which while who whom why will with would write yes you your \
model models answer answers question prompt pattern analysis analyse analyze";

/// The words of a text in order, names taken apart at `_` and `-`.
pub(super) fn words(text: &str) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let mut start = None;
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        match (c.is_alphanumeric(), start) {
            (true, None) => start = Some(at),
            (false, Some(from)) => {
                let word = &text[from..at];
                start = None;
                let lower = word.to_lowercase();
                let is_common = lower.chars().count() < 2 || COMMON.split(' ').any(|common| common == lower);
                words.push(Word { text: word, start: from, stem: stem(&lower), is_common });
            }
            _ => {}
        }
    }
    words
}

/// The word without the endings of English that change its place in a sentence but not what it is about.
pub(super) fn stem(word: &str) -> String {
    if word.len() < 4 || !word.is_ascii() {
        return word.to_owned();
    }
    let mut stem = word.to_owned();
    if let Some(rest) = stem.strip_suffix("ies").filter(|rest| rest.len() > 1) {
        stem = format!("{rest}y");
    } else if stem.ends_with('s') && !stem.ends_with("ss") && !stem.ends_with("us") && !stem.ends_with("is") {
        stem.pop();
    }
    for (ending, rest_at_least) in [
        ("ly", 4),
        ("ment", 5),
        ("ing", 3),
        ("ed", 3),
        ("er", 5),
        ("e", 3),
        ("iv", 5),
        ("ion", 4),
        ("at", 5),
        ("al", 5),
    ] {
        if let Some(rest) = stem.strip_suffix(ending).filter(|rest| rest.len() >= rest_at_least) {
            stem = rest.to_owned();
            if matches!(ending, "ing" | "ed" | "er") {
                undouble(&mut stem);
            }
        }
    }
    if stem.len() > 3 && stem.ends_with('y') {
        stem.pop();
        stem.push('i');
    }
    stem
}

/// `plann` is `plan`.
fn undouble(stem: &mut String) {
    let bytes = stem.as_bytes();
    if let [.., a, b] = bytes
        && a == b
        && !matches!(b, b'a' | b'e' | b'i' | b'o' | b'u' | b'l' | b's' | b'z')
    {
        stem.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::{stem, words};

    #[test]
    fn forms_of_one_word_have_one_stem() {
        for family in [
            &["improve", "improves", "improved", "improving", "improvement", "improvements"][..],
            &["plan", "plans", "planned", "planning"],
            &["innovate", "innovation", "innovative", "innovations"],
            &["critique", "critiques", "critiquing"],
            &["stakeholder", "stakeholders"],
            &["policy", "policies"],
            &["teach", "teaching"],
            &["investment", "invest", "investing"],
        ] {
            let stems: Vec<_> = family.iter().map(|word| stem(word)).collect();
            assert!(stems.iter().all(|other| *other == stems[0]), "{family:?}: {stems:?}");
        }
        assert_eq!(["bus", "class", "this", "Ärger"].map(stem), ["bus", "class", "this", "Ärger"]);
    }

    #[test]
    fn names_are_taken_apart() {
        let found: Vec<_> =
            words("fact_check, self-moa: Ünï!").iter().map(|word| (word.text, word.start)).collect();
        assert_eq!(found, [("fact", 0), ("check", 5), ("self", 12), ("moa", 17), ("Ünï", 22)]);
    }
}
