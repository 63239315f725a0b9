use proptest::prelude::*;

use super::{Counts, is_date, is_hedge, score};

#[test]
fn what_is_counted_is_what_the_patterns_say() {
    let text = "On January 5, 2024 the NASA team met. I think it might rain!\r\n \r\nseems fine 3 of 12 May 1 1999\nno end: Yes";
    let counts = Counts::of(text);
    assert_eq!(
        counts,
        Counts {
            characters: text.chars().count(),
            paragraphs: 2,
            sentences: 2,
            numbers: 6,
            names: 4,
            dates: 2,
            hedges: 3,
        }
    );
}

#[test]
fn edges_are_those_of_words() {
    for (text, dates, hedges) in [
        ("Janus 5, 20245", 1, 0),
        ("xJan 5, 2024", 0, 0),
        ("Jan 5,2024", 0, 0),
        ("Jan 123 2024", 0, 0),
        ("Jan", 0, 0),
        ("Jan ", 0, 0),
        ("Dec 1, 202", 0, 0),
        ("mighty I thinks seemed", 0, 0),
        ("MIGHT,could_ in MY opinion", 0, 2),
    ] {
        let counts = Counts::of(text);
        assert_eq!((counts.dates, counts.hedges), (dates, hedges), "{text}");
    }
}

#[test]
fn longer_and_more_factual_is_better_up_to_a_limit() {
    assert!((score("") - 0.1).abs() < 1e-12);
    let facts = "In 2024 the Great Bridge of Vienna carried 1200 cars.\n\n".repeat(40);
    assert!((score(&facts) - 1.0).abs() < 1e-12);
    assert!(score(&facts.replace("carried", "might have carried")) < score(&facts));
}

/// The same, byte for byte and pattern by pattern.
fn one_by_one(text: &str) -> Counts {
    let bytes = text.as_bytes();
    let is = |at: usize, of: fn(&u8) -> bool| bytes.get(at).is_some_and(of);
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let mut counts = Counts::default();
    let mut open = false;
    for at in 0..bytes.len() {
        counts.names += usize::from(is(at, u8::is_ascii_uppercase) && is(at + 1, u8::is_ascii_lowercase));
        counts.numbers +=
            usize::from(is(at, u8::is_ascii_digit) && !(at > 0 && is(at - 1, u8::is_ascii_digit)));
        open |= is(at, u8::is_ascii_uppercase);
        if b".!?".contains(&bytes[at]) {
            counts.sentences += usize::from(std::mem::take(&mut open));
        }
        if is_word(&bytes[at]) && !(at > 0 && is_word(&bytes[at - 1])) {
            counts.hedges += usize::from(is_hedge(&bytes[at..]));
            counts.dates += usize::from(is_date(&bytes[at..]));
        }
    }
    counts
}

proptest! {
    #[test]
    fn eight_bytes_at_a_time_are_counted_as_one_by_one(
        parts in prop::collection::vec(
            prop::sample::select(vec![
                ".", "!", "?", " ", "\n", "A", "Z", "a", "z", "@", "[", "`", "{", "0", "9", "/", ":", "_", "^",
                "might", "I think", "Seems", "May 1, 1999", "Not sure", "é", "“", "東", "\u{0}", "\u{7f}",
            ]),
            0..40,
        ),
        any in any::<String>(),
    ) {
        for text in [parts.concat(), any] {
            let counts = Counts::of(&text);
            let same = Counts { characters: counts.characters, paragraphs: counts.paragraphs, ..one_by_one(&text) };
            prop_assert_eq!(counts, same, "{}", text);
        }
    }

    #[test]
    fn the_score_is_between_nothing_and_one(text in any::<String>()) {
        prop_assert!((0.0..=1.0).contains(&score(&text)));
    }
}
