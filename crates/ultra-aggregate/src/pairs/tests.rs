use proptest::prelude::*;

use super::{Choice, Match, Outcome, PRIOR, both_orders, bradley_terry, copeland};

fn matches(told: &[(usize, usize, Outcome)]) -> Vec<Match> {
    told.iter().map(|&(one, other, outcome)| Match { one, other, outcome }).collect()
}

#[test]
fn a_choice_that_flips_with_the_order_is_a_tie() {
    use Choice::{First, Second, Tie};
    for (one_first, other_first, outcome) in [
        (Some(First), Some(Second), Some(Outcome::One)),
        (Some(Second), Some(First), Some(Outcome::Other)),
        (Some(First), Some(First), Some(Outcome::Tie)),
        (Some(Second), Some(Second), Some(Outcome::Tie)),
        (Some(First), Some(Tie), Some(Outcome::Tie)),
        (Some(Tie), Some(Tie), Some(Outcome::Tie)),
        (Some(First), None, None),
        (None, None, None),
    ] {
        assert_eq!(both_orders(one_first, other_first), outcome, "{one_first:?} {other_first:?}");
    }
}

#[test]
fn strength_is_the_share_of_wins_between_two() {
    let three_to_one =
        [(0, 1, Outcome::One), (1, 0, Outcome::Other), (0, 1, Outcome::Tie), (0, 1, Outcome::Tie)];
    let found = bradley_terry(&matches(&three_to_one), 2, 0.0).expect("is determined");
    assert!((found.scores[0] - 0.75).abs() < 1e-12 && found.converged);
    let with_prior = bradley_terry(&matches(&three_to_one), 2, PRIOR).expect("has a prior");
    assert!((with_prior.scores[0] - 0.7).abs() < 1e-12);
}

#[test]
fn without_a_prior_what_is_not_determined_is_not_told() {
    use Outcome::{One, Tie};
    for told in [&[(0, 1, One)][..], &[(0, 1, Tie), (2, 3, Tie)], &[(0, 1, One), (1, 2, One)], &[]] {
        assert_eq!(bradley_terry(&matches(told), 4, 0.0), None, "{told:?}");
    }
    let cycle =
        bradley_terry(&matches(&[(0, 1, One), (1, 2, One), (2, 0, One)]), 3, 0.0).expect("is determined");
    assert!(cycle.scores.iter().all(|score| (score - 1.0 / 3.0).abs() < 1e-12));
}

#[test]
fn a_prior_bounds_the_undefeated_and_joins_groups() {
    use Outcome::{One, Tie};
    let found =
        bradley_terry(&matches(&[(0, 2, One), (0, 2, One), (1, 4, Tie)]), 6, PRIOR).expect("has a prior");
    assert_eq!(found.groups, [vec![0, 2], vec![1, 4], vec![3], vec![5]]);
    assert!(found.converged && found.scores[0] > found.scores[1] && found.scores[1] > found.scores[2]);
    assert!((found.scores[3] - found.scores[5]).abs() < 1e-12);
    assert_eq!(bradley_terry(&[], 0, PRIOR).map(|found| found.scores), Some(vec![]));
    assert_eq!(bradley_terry(&[], 1, 0.0).map(|found| found.scores), Some(vec![1.0]));
}

#[test]
fn majorities_count_once() {
    use Outcome::{One, Other, Tie};
    let told = matches(&[
        (0, 1, One),
        (0, 1, One),
        (0, 1, Other),
        (1, 2, One),
        (2, 0, Tie),
        (7, 0, One),
        (1, 1, One),
    ]);
    assert_eq!(copeland(&told, 4), [Some(0.75), Some(0.5), Some(0.25), None]);
}

fn any_matches() -> impl Strategy<Value = (usize, Vec<Match>)> {
    let outcome = prop_oneof![Just(Outcome::One), Just(Outcome::Other), Just(Outcome::Tie)];
    let told = move |n: usize| {
        proptest::collection::vec(
            (0..n, 0..n, outcome.clone()).prop_map(|(one, other, outcome)| Match { one, other, outcome }),
            0..20,
        )
    };
    (1_usize..7).prop_flat_map(move |n| (Just(n), told(n)))
}

proptest! {
    #[test]
    fn the_strengths_solve_the_likelihood_equations((n, matches) in any_matches()) {
        let found = bradley_terry(&matches, n, PRIOR).expect("has a prior");
        prop_assert!(found.converged && (found.scores.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        // What an answer won is what it is expected to win.
        for one in 0..n {
            let (mut won, mut expected) = (0.0, 0.0);
            for other in (0..n).filter(|other| *other != one) {
                let chance = found.scores[one] / (found.scores[one] + found.scores[other]);
                won += PRIOR;
                expected += 2.0 * PRIOR * chance;
                for found in &matches {
                    let (is, was) = ((found.one, found.other) == (one, other), (found.other, found.one) == (one, other));
                    if is || was {
                        expected += chance;
                        won += match found.outcome {
                            Outcome::Tie => 0.5,
                            Outcome::One => f64::from(u8::from(is)),
                            Outcome::Other => f64::from(u8::from(was)),
                        };
                    }
                }
            }
            prop_assert!((won - expected).abs() < 1e-9, "{won} {expected}");
        }
    }

    #[test]
    fn a_further_win_makes_stronger((n, matches) in any_matches(), one in 0_usize..6, other in 0_usize..6) {
        let (one, other) = (one % n, other % n);
        let before = bradley_terry(&matches, n, PRIOR).expect("has a prior").scores;
        let mut more = matches.clone();
        more.push(Match { one, other, outcome: Outcome::One });
        let after = bradley_terry(&more, n, PRIOR).expect("has a prior").scores;
        prop_assert!(one == other || after[one] > before[one] && after[other] < before[other]);
        let (before, after) = (copeland(&matches, n), copeland(&more, n));
        if let (Some(before), Some(after), Some(_)) = (before[one], after[one], before[other]) {
            prop_assert!(after >= before - 1e-12);
        }
    }

    #[test]
    fn the_order_of_matches_changes_nothing((n, matches) in any_matches()) {
        let reversed: Vec<Match> = matches.iter().rev().copied().collect();
        prop_assert_eq!(bradley_terry(&matches, n, PRIOR), bradley_terry(&reversed, n, PRIOR));
        prop_assert_eq!(copeland(&matches, n), copeland(&reversed, n));
    }
}
