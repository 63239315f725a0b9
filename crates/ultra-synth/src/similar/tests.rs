use super::letters::Letters;
use super::vocabulary::Vocabulary;
use super::{Matrix, WHOLE, Words as _};

fn alike(one: &str, other: &str) -> u32 {
    Matrix::lexical(&[one, other]).between(0, 1)
}

#[test]
fn case_and_white_space_do_not_count() {
    assert_eq!(alike("The  sky\nis BLUE", " the sky is blue "), WHOLE);
    assert_eq!(alike("42", "42\n"), WHOLE);
}

#[test]
fn a_sign_and_a_full_stop_do_count() {
    assert!(alike("-5", "5") < WHOLE);
    assert!(alike("3.14", "3 14") < WHOLE);
}

#[test]
fn the_numbers_are_these_on_every_machine() {
    // " night " and " nacht " have five trigrams each and share "ht ".
    assert_eq!(alike("night", "nacht"), 200_000);
    assert_eq!(alike("4", "5"), 0);
    assert_eq!(alike("天空是蓝色的", "天空是蓝的"), 545_454);
}

#[test]
fn texts_without_a_trigram_are_alike_and_nothing_panics() {
    assert_eq!(alike("", ""), WHOLE);
    assert_eq!(alike("", "x"), 0);
    assert_eq!(Matrix::lexical(&[]).mean(), None);
    assert_eq!(Matrix::lexical(&["x"]).mean(), None);
}

#[test]
fn the_ends_of_a_long_text_decide() {
    let long =
        |middle: &str, end: &str| format!("Claim. {}{end}", middle.repeat(4 << 20 >> middle.len().ilog2()));
    assert_eq!(alike(&long("ab", "So 7."), &long("ab", "So 7.")), WHOLE);
    assert!(alike(&long("ab", "So 7."), &long("ab", "So 8.")) < WHOLE);
    let odd = format!("{}é{}", "x".repeat(32767), "é".repeat(100_000));
    assert!(alike(&odd, &odd) == WHOLE, "cut between characters");
}

#[test]
fn every_pair_is_found_again() {
    let matrix = Matrix::by(5, |one, other| u32::try_from(one * 10 + other).expect("small"));
    for one in 0..5 {
        for other in one + 1..5 {
            let expected = u32::try_from(one * 10 + other).expect("small");
            assert_eq!((matrix.between(one, other), matrix.between(other, one)), (expected, expected));
        }
    }
}

/// The same by its definition: trigrams of characters in lower case, in maps.
fn by_definition(one: &str, other: &str) -> u32 {
    let trigrams = |text: &str| {
        let text = plain(&format!(" {text} "));
        let mut counts = std::collections::BTreeMap::<[char; 3], u64>::new();
        for three in text.windows(3) {
            *counts.entry([three[0], three[1], three[2]]).or_default() += 1;
        }
        counts
    };
    let (one, other) = (trigrams(one), trigrams(other));
    let both: u64 = one.iter().map(|(three, count)| count.min(other.get(three).unwrap_or(&0))).sum();
    let whole = one.values().sum::<u64>() + other.values().sum::<u64>();
    let ratio = (2 * both * u64::from(WHOLE)).checked_div(whole).unwrap_or(u64::from(WHOLE));
    u32::try_from(ratio).expect("at most one")
}

/// In lower case, every run of white space one space.
fn plain(text: &str) -> Vec<char> {
    let lower = |c: char| if c.is_whitespace() { vec![' '] } else { c.to_lowercase().collect() };
    let mut chars: Vec<char> = text.chars().flat_map(lower).collect();
    chars.dedup_by(|one, other| *one == ' ' && *other == ' ');
    chars
}

/// A text of many trigrams in few letters, or of many letters.
fn many(seed: u32, from: u32, letters: u32, length: usize) -> String {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        char::from_u32(from + (state >> 8) % letters).expect("is one")
    };
    (0..length).map(|_| next()).collect()
}

#[test]
fn texts_of_few_letters_and_of_many_are_measured_alike() {
    // 128 letters with the space are the most that fit.
    for (letters, length) in [(127, 3_000), (128, 3_000), (40, 15_000), (60, 40_000), (5_000, 3_000)] {
        let texts = [1, 2, 3, 4, 5].map(|seed| many(seed, 0x4e00, letters, length));
        let mixed: String =
            texts[0].chars().take(length / 2).chain(texts[1].chars().take(length / 2)).collect();
        let texts: Vec<&str> = texts.iter().chain([&mixed]).map(String::as_str).collect();
        let matrix = Matrix::lexical(&texts);
        let by_words = |texts: &[&str]| {
            let ends: Vec<_> = texts.iter().map(|text| super::ends(text, super::WINDOW)).collect();
            super::pairs(&ends, &mut Vocabulary::of(&ends))
        };
        assert_eq!(Some(matrix.pairs), by_words(&texts), "{letters} letters");
    }
}

#[test]
fn a_table_that_was_full_is_lent_again() {
    let fits = |(from, letters)| {
        let text = many(1, from, letters, 3_000);
        Letters::lend(|table| super::pairs(&[(&text, "")], table)).is_some()
    };
    // All that fit, too many, others, and with these too many.
    let texts = [(0x4e00, 127), (0x4e00, 128), (0x4e00, 100), (0xac00, 100)];
    assert_eq!(texts.map(fits), [true, false, true, true]);
}

#[test]
fn texts_of_other_letters_before_make_no_difference() {
    let fresh = |one: &str, other: &str| {
        std::thread::scope(|all| all.spawn(|| alike(one, other)).join().expect("ends"))
    };
    // Together they have more letters than fit, and the third alone has.
    let texts = [(0x430, 30), (0x5d0, 90), (0x4e00, 200), (0x3041, 80), (0xe01, 40), (0x61, 26)].map(
        |(from, letters)| {
            let text = |seed| many(seed, from, letters, 500);
            (text(1), text(2))
        },
    );
    for (one, other) in texts.iter().chain(&texts) {
        assert_eq!(alike(one, other), fresh(one, other), "{one:?}");
    }
}

proptest::proptest! {
    #[test]
    fn every_pair_is_as_alike_as_the_definition_says(
        texts in proptest::collection::vec("([a-cA-C \n]|\\PC|[ǅÄİßΣЖ東\x00\u{a0}\u{3000}]){0,60}", 2..6)
    ) {
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let matrix = Matrix::lexical(&texts);
        for (at, one) in texts.iter().enumerate() {
            for (then, other) in texts.iter().enumerate().skip(at + 1) {
                proptest::prop_assert_eq!(matrix.between(at, then), by_definition(one, other));
            }
        }
    }
}

#[test]
fn a_table_that_grows_forgets_nothing() {
    let text: String = (0..40_000_u32).filter_map(|n| char::from_u32(0x4e00 + n * 7 % 20_000)).collect();
    assert_eq!(alike(&text, &text), WHOLE);
    let half: String = text.chars().take(20_000).collect();
    let short: String = text.chars().take(10_000).collect();
    assert_eq!(alike(&short, &half[..short.len()]), WHOLE);
    assert_eq!(alike(&short, &half[..short.len() / 2]), by_definition(&short, &half[..short.len() / 2]));
}

#[test]
fn no_character_becomes_more_than_it_has_bytes() {
    for c in '\0'..=char::MAX {
        let mut lower = Vec::new();
        super::fold::lower(c, |low| lower.push(low));
        assert_eq!(lower, plain(&c.to_string()), "{c:?}");
        assert!(lower.len() <= c.len_utf8(), "{c:?}");
    }
}

#[test]
fn every_letter_counts_and_as_often_as_there_can_be() {
    // Each of the two letters of İ in lower case is a letter of its own, and known the next time.
    for c in ['x', 'é', '東', 'İ', '\0'] {
        let long = c.to_string().repeat(super::WINDOW / c.len_utf8());
        for other in [c.to_string().repeat(3), format!("{}y", &long[c.len_utf8()..])] {
            let expected = by_definition(&long, &other);
            assert_eq!((alike(&long, &other), alike(&other, &long)), (expected, expected), "{c:?}");
        }
    }
}

#[test]
fn trigrams_that_meet_on_purpose_are_dispersed() {
    // What the factor of the hash turns into small numbers, all of which have one home.
    let inverse = 0xf1de_83e1_9937_733d_u64;
    let ends = [("one", ""), ("other", "")];
    let mut words = Vocabulary::of(&ends);
    let chosen: Vec<u64> = (0..20_000).map(|n| inverse.wrapping_mul(n)).collect();
    for trigram in chosen.iter().chain(&chosen) {
        words.put(*trigram);
    }
    assert!(words.is_dispersed());
    let expected: Vec<(u32, u16)> = (0..20_000).map(|number| (number, 2)).collect();
    assert_eq!(words.counted(), expected);
}
