use proptest::prelude::*;

use super::super::rank::{Ballot, Rule, aggregate};
use super::{dissent, kendall_w};

fn ballots(orders: &[&[&[usize]]]) -> Vec<Ballot> {
    let tiers = |order: &[&[usize]]| order.iter().map(|tier| tier.to_vec()).collect();
    orders.iter().enumerate().map(|(judge, order)| Ballot::new(judge, tiers(order))).collect()
}

fn w(orders: &[&[&[usize]]], n: usize) -> f64 {
    kendall_w(&ballots(orders), n).expect("can be told")
}

fn is(found: f64, wanted: f64) {
    assert!((found - wanted).abs() < 1e-12, "{found} is not {wanted}");
}

#[test]
fn concordance_is_one_in_agreement_and_nothing_in_contradiction() {
    is(w(&[&[&[0], &[1], &[2]], &[&[0], &[1], &[2]], &[&[0], &[1], &[2]]], 3), 1.0);
    is(w(&[&[&[0], &[1], &[2]], &[&[2], &[1], &[0]]], 3), 0.0);
    is(w(&[&[&[0], &[1], &[2]], &[&[1], &[2], &[0]], &[&[2], &[0], &[1]]], 3), 0.0);
}

#[test]
fn judges_who_tie_the_same_answers_agree() {
    is(w(&[&[&[0, 1], &[2]], &[&[0, 1], &[2]]], 3), 1.0);
    // 12 S / (m² (n³ − n) − m Σ T) with rank sums 2, 4.5, 5.5, S = 6.5 and one tie of two.
    is(w(&[&[&[0], &[1], &[2]], &[&[0], &[1, 2]]], 3), 12.0 * 6.5 / (4.0 * 24.0 - 2.0 * 6.0));
}

#[test]
fn judges_who_leave_out_their_own_answer_can_agree_wholly() {
    is(w(&[&[&[1], &[2], &[3]], &[&[0], &[2], &[3]], &[&[0], &[1], &[3]], &[&[0], &[1], &[2]]], 4), 1.0);
}

#[test]
fn nothing_told_apart_is_no_consensus() {
    assert_eq!(kendall_w(&ballots(&[&[&[0, 1, 2]], &[&[0, 1, 2]]]), 3), None);
    assert_eq!(kendall_w(&ballots(&[&[&[0], &[1]]]), 2), None);
    assert_eq!(kendall_w(&[], 2), None);
    let mut advisory = ballots(&[&[&[0], &[1]], &[&[1], &[0]]]);
    advisory[1].weight = 0.0;
    assert_eq!(kendall_w(&advisory, 2), None);
}

#[test]
fn dissent_is_the_share_of_pairs_that_are_contradicted() {
    let scores = [Some(0.9), Some(0.5), Some(0.1), None];
    for (order, wanted) in [
        (&[&[0][..], &[1], &[2]][..], Some(0.0)),
        (&[&[2], &[1], &[0]], Some(1.0)),
        (&[&[1], &[0], &[2]], Some(1.0 / 3.0)),
        (&[&[1], &[3], &[0]], Some(1.0)),
        (&[&[0, 1, 2]], None),
        (&[&[0], &[3]], None),
        (&[], None),
    ] {
        let found = dissent(&ballots(&[order])[0], &scores);
        assert_eq!(found.is_some(), wanted.is_some(), "{order:?}");
        is(found.unwrap_or_default(), wanted.unwrap_or_default());
    }
    assert_eq!(dissent(&ballots(&[&[&[0], &[1]]])[0], &[Some(0.3), Some(0.1 + 0.2)]), None);
}

fn any_ballots(n: usize, named: f64) -> impl Strategy<Value = Vec<Ballot>> {
    let levels = proptest::collection::vec(proptest::option::weighted(named, 0..n), n);
    proptest::collection::vec(levels, 0..6).prop_map(move |judges| {
        let tier = |levels: &[Option<usize>], level| {
            (0..n).filter(|answer| levels[*answer] == Some(level)).collect()
        };
        let order = |levels: &Vec<Option<usize>>| (0..n).map(|level| tier(levels, level)).collect();
        judges.iter().enumerate().map(|(judge, levels)| Ballot::new(judge, order(levels))).collect()
    })
}

proptest! {
    #[test]
    fn concordance_is_between_nothing_and_one_in_any_order((n, ballots) in (1_usize..7).prop_flat_map(|n| (Just(n), any_ballots(n, 0.7)))) {
        if let Some(found) = kendall_w(&ballots, n) {
            prop_assert!((0.0..=1.0).contains(&found));
            let reversed: Vec<Ballot> = ballots.iter().rev().cloned().collect();
            prop_assert_eq!(Some(found), kendall_w(&reversed, n));
        }
    }

    #[test]
    fn complete_ballots_have_the_value_of_the_textbook((n, ballots) in (2_usize..7).prop_flat_map(|n| (Just(n), any_ballots(n, 0.9)))) {
        let all: Vec<usize> = (0..n).collect();
        let ballots: Vec<Ballot> = ballots.into_iter().map(|ballot| ballot.completed(&all)).collect();
        let m = ballots.len() as f64;
        let cube = |t: f64| t * t * t - t;
        let sums: Vec<f64> = (0..n).map(|answer| ballots.iter().map(|ballot| ballot.places(n)[answer].expect("named")).sum()).collect();
        let mean = m * (n as f64 + 1.0) / 2.0;
        let s: f64 = sums.iter().map(|sum| (sum - mean) * (sum - mean)).sum();
        let ties: f64 = ballots.iter().flat_map(|ballot| &ballot.order).map(|tier| cube(tier.len() as f64)).sum();
        let most = m * m * cube(n as f64) - m * ties;
        match kendall_w(&ballots, n) {
            Some(found) => prop_assert!((found - 12.0 * s / most).abs() < 1e-12),
            None => prop_assert!(m < 2.0 || most.abs() < 1e-9),
        }
    }

    #[test]
    fn dissent_is_between_nothing_and_one(ballots in any_ballots(5, 0.7)) {
        let scores = aggregate(Rule::Borda, &ballots, 5).scores;
        for ballot in &ballots {
            prop_assert!(dissent(ballot, &scores).is_none_or(|found| (0.0..=1.0).contains(&found)));
        }
    }
}
