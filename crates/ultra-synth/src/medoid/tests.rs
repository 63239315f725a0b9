use proptest::prelude::*;

use super::medoid;
use crate::similar::Matrix;

#[test]
fn the_answer_most_like_the_others_wins() {
    let texts = ["Paris is the capital of France.", "I like cheese.", "The capital of France is Paris."];
    let found = medoid(&Matrix::lexical(&texts));
    assert_ne!(found.winner, Some(1));
    assert_eq!(found.ranking.last().map(|(one, _)| *one), Some(1));
    assert!(found.margin > 0 && found.agreement > 0);
}

#[test]
fn two_answers_tie_and_the_first_listed_wins() {
    let found = medoid(&Matrix::lexical(&["the sky is blue", "the sky is grey"]));
    assert_eq!((found.winner, found.margin), (Some(0), 0));
}

#[test]
fn nothing_in_common_gives_no_winner() {
    assert_eq!(medoid(&Matrix::lexical(&["4", "5", "6"])).winner, None);
    assert_eq!(medoid(&Matrix::lexical(&["alone"])).winner, None);
    assert_eq!(medoid(&Matrix::lexical(&[])).ranking, []);
}

/// The plain definition, in fractions, to compare with.
fn by_definition(rows: &[Vec<u32>]) -> Option<usize> {
    let sum = |row: &Vec<u32>| row.iter().map(|value| u64::from(*value)).sum::<u64>();
    let best = rows.iter().map(sum).max().filter(|best| *best > 0)?;
    rows.iter().position(|row| sum(row) == best)
}

proptest! {
    #[test]
    fn the_winner_is_the_one_of_the_definition(
        values in proptest::collection::vec(0_u32..50, 45),
        len in 2_usize..10,
    ) {
        let at = |one: usize, other: usize| values[one.min(other) * 5 % 45 + one.max(other) % 5];
        let matrix = Matrix::by(len, at);
        let rows: Vec<Vec<u32>> =
            (0..len).map(|one| (0..len).filter(|o| *o != one).map(|o| at(one, o)).collect()).collect();
        prop_assert_eq!(medoid(&matrix).winner, by_definition(&rows));
    }

    #[test]
    fn another_order_gives_the_same_scores_and_the_same_winner_unless_it_is_a_tie(
        texts in proptest::collection::vec("[ab ]{0,12}", 2..8),
        turn in 0_usize..8,
    ) {
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let mut turned = texts.clone();
        turned.rotate_left(turn % texts.len());
        let (one, other) = (medoid(&Matrix::lexical(&texts)), medoid(&Matrix::lexical(&turned)));
        let scores = |found: &super::Medoid| found.ranking.iter().map(|(_, score)| *score).collect::<Vec<_>>();
        prop_assert_eq!(scores(&one), scores(&other));
        prop_assert_eq!((one.margin, one.agreement), (other.margin, other.agreement));
        if one.margin > 0 {
            prop_assert_eq!(one.winner.map(|at| texts[at]), other.winner.map(|at| turned[at]));
        }
    }
}
