use proptest::prelude::*;

use super::{Counts, score};

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

proptest! {
    #[test]
    fn the_score_is_between_nothing_and_one(text in any::<String>()) {
        prop_assert!((0.0..=1.0).contains(&score(&text)));
    }
}
