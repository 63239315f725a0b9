use super::{Matrix, WHOLE};

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
