use proptest::prelude::*;

use super::{Ballot, Outstanding, Ranking, Rule, aggregate, tiers, unbeatable};

const RULES: [Rule; 4] = [Rule::Borda, Rule::Kemeny, Rule::Fusion, Rule::Copeland];

fn strict(orders: &[&[usize]]) -> Vec<Ballot> {
    let tiers = |order: &[usize]| order.iter().map(|answer| vec![*answer]).collect();
    orders.iter().enumerate().map(|(judge, order)| Ballot::new(judge, tiers(order))).collect()
}

fn close(found: &[Option<f64>], wanted: &[f64]) {
    for (one, other) in found.iter().zip(wanted) {
        assert!((one.expect("has a score") - other).abs() < 1e-12, "{found:?} {wanted:?}");
    }
}

#[test]
fn borda_gives_points_by_place() {
    let found = aggregate(Rule::Borda, &strict(&[&[0, 1, 2], &[0, 2, 1]]), 3);
    close(&found.scores, &[1.0, 0.25, 0.25]);
    assert_eq!((found.order, found.winners), (vec![0, 1, 2], vec![0]));
    assert!((found.margin - 0.75).abs() < 1e-12);
}

#[test]
fn an_answer_loses_nothing_by_ballots_that_do_not_name_it() {
    // Everybody leaves out their own answer, and all agree on 0 > 1 > 2 > 3.
    let peers = strict(&[&[1, 2, 3], &[0, 2, 3], &[0, 1, 3], &[0, 1, 2]]);
    for rule in [Rule::Borda, Rule::Kemeny, Rule::Copeland] {
        assert_eq!(aggregate(rule, &peers, 4).order, [0, 1, 2, 3], "{rule:?}");
    }
    close(&aggregate(Rule::Borda, &peers, 4).scores[..1], &[1.0]);
}

#[test]
fn what_no_ballot_compares_comes_last_and_has_no_score() {
    let ballots = vec![Ballot::new(0, vec![vec![2], vec![0]]), Ballot::new(1, vec![vec![1]])];
    for rule in [Rule::Borda, Rule::Kemeny, Rule::Copeland] {
        let found = aggregate(rule, &ballots, 4);
        assert_eq!((found.order, found.winners), (vec![2, 0, 1, 3], vec![2]), "{rule:?}");
        assert_eq!((found.scores[1], found.scores[3]), (None, None));
    }
}

#[test]
fn odd_ballots_are_read_as_told() {
    let odd = Ballot { judge: 0, order: vec![vec![], vec![1, 9, 1], vec![0, 1], vec![2]], weight: 1.0 };
    assert_eq!(odd.places(3), [Some(2.0), Some(1.0), Some(3.0)]);
    let completed = Ballot::new(0, vec![vec![1]]).completed(&[2, 1, 0, 2]);
    assert_eq!(completed.order, [vec![1], vec![0, 2]]);
    assert_eq!(Ballot::new(0, vec![vec![1]]).completed(&[1]).order, [vec![1]]);
}

#[test]
fn weightless_judges_and_empty_elections_say_nothing() {
    let ballots: Vec<Ballot> = [0.0, -1.0, f64::NAN, f64::INFINITY]
        .into_iter()
        .map(|weight| Ballot { weight, ..Ballot::new(0, vec![vec![0], vec![1]]) })
        .collect();
    for rule in RULES {
        for (ballots, n) in [(&ballots[..], 2), (&[], 3), (&[], 0)] {
            let found = aggregate(rule, ballots, n);
            assert_eq!((found.winners.len(), found.order), (0, (0..n).collect()), "{rule:?}");
        }
    }
}

#[test]
fn a_single_answer_wins() {
    for rule in RULES {
        let found = aggregate(rule, &strict(&[&[0]]), 1);
        assert_eq!((found.winners, found.order), (vec![0], vec![0]), "{rule:?}");
    }
}

#[test]
fn a_cycle_is_a_tie_for_first() {
    for rule in RULES {
        let found = aggregate(rule, &strict(&[&[0, 1, 2], &[1, 2, 0], &[2, 0, 1]]), 3);
        assert_eq!(found.winners, [0, 1, 2], "{rule:?}");
        assert!(found.margin.abs() < f64::EPSILON);
    }
}

#[test]
fn kemeny_follows_the_majorities_where_borda_does_not() {
    let ballots = strict(&[&[0, 1, 2], &[0, 1, 2], &[0, 1, 2], &[1, 2, 0], &[1, 2, 0]]);
    assert_eq!(aggregate(Rule::Kemeny, &ballots, 3).winners, [0]);
    assert_eq!(aggregate(Rule::Copeland, &ballots, 3).winners, [0]);
    assert_eq!(aggregate(Rule::Borda, &ballots, 3).winners, [1]);
}

#[test]
fn many_answers_are_ordered_by_moves() {
    let order: Vec<usize> = (0..40).rev().collect();
    let found = aggregate(Rule::Kemeny, &strict(&[&order, &order, &(0..40).collect::<Vec<_>>()]), 40);
    assert_eq!((found.order, found.exact), (order, false));
}

#[test]
fn scores_that_differ_by_rounding_tie() {
    assert_eq!(tiers(&[Some(0.3), Some(0.1 + 0.2), None, Some(1.0)]), [vec![3], vec![0, 1], vec![2]]);
}

/// Ballots of up to five judges over `n` answers with ties and gaps, and weights that have no end in binary.
fn ballots(n: usize, most: usize) -> impl Strategy<Value = Vec<Ballot>> {
    let levels = proptest::collection::vec(proptest::option::weighted(0.8, 0..n), n);
    proptest::collection::vec((levels, 1_u8..4), 0..=most).prop_map(move |judges| {
        let ballot = |(judge, (levels, weight)): (usize, (Vec<Option<usize>>, u8))| {
            let tier = |level| (0..n).filter(|answer| levels[*answer] == Some(level)).collect();
            Ballot { judge, order: (0..n).map(tier).collect(), weight: f64::from(weight) / 10.0 }
        };
        judges.into_iter().enumerate().map(ballot).collect()
    })
}

fn any_ballots() -> impl Strategy<Value = (usize, Vec<Ballot>)> {
    (1_usize..6).prop_flat_map(|n| (Just(n), ballots(n, 5)))
}

fn disagreement(order: &[usize], ballots: &[Ballot], n: usize) -> f64 {
    let mut cost = 0.0;
    for ballot in ballots {
        let places = ballot.places(n);
        for (at, one) in order.iter().enumerate() {
            for other in &order[at + 1..] {
                if places[*one].zip(places[*other]).is_some_and(|(one, other)| one > other) {
                    cost += ballot.weight;
                }
            }
        }
    }
    cost
}

fn permutations(items: &[usize]) -> Vec<Vec<usize>> {
    if items.is_empty() {
        return vec![vec![]];
    }
    let with = |first: &usize| {
        let rest: Vec<usize> = items.iter().copied().filter(|item| item != first).collect();
        permutations(&rest)
            .into_iter()
            .map(|mut rest| {
                rest.insert(0, *first);
                rest
            })
            .collect::<Vec<_>>()
    };
    items.iter().flat_map(with).collect()
}

proptest! {
    #[test]
    fn kemeny_is_the_first_of_the_least_contradicted_orders((n, ballots) in any_ballots()) {
        let found = aggregate(Rule::Kemeny, &ballots, n);
        let placed: Vec<usize> = (0..n).filter(|answer| found.scores[*answer].is_some()).collect();
        let costs: Vec<(f64, Vec<usize>)> =
            permutations(&placed).into_iter().map(|order| (disagreement(&order, &ballots, n), order)).collect();
        let least = costs.iter().map(|(cost, _)| *cost).fold(f64::INFINITY, f64::min);
        let best: Vec<_> = costs.into_iter().filter(|(cost, _)| *cost < least + 1e-9).map(|(_, order)| order).collect();
        prop_assert_eq!(&found.order[..placed.len()], &best[0][..]);
        let mut firsts: Vec<usize> = best.iter().filter_map(|order| order.first().copied()).collect();
        firsts.sort_unstable();
        firsts.dedup();
        prop_assert_eq!(found.winners, firsts);
    }

    #[test]
    fn the_order_of_judges_changes_no_bit((n, ballots) in any_ballots(), turn in 0_usize..5) {
        let mut turned = ballots.clone();
        if !turned.is_empty() {
            turned.rotate_left(turn % ballots.len());
        }
        for rule in RULES {
            prop_assert_eq!(aggregate(rule, &ballots, n), aggregate(rule, &turned, n));
        }
    }

    #[test]
    fn renumbered_answers_get_the_same_scores_and_win_alike((n, ballots) in any_ballots(), turn in 0_usize..5) {
        let new = |answer: usize| (answer + turn) % n;
        let renumbered: Vec<Ballot> = ballots.iter().map(|ballot| Ballot {
            order: ballot.order.iter().map(|tier| tier.iter().copied().map(new).collect()).collect(),
            ..ballot.clone()
        }).collect();
        for rule in RULES {
            let (one, other) = (aggregate(rule, &ballots, n), aggregate(rule, &renumbered, n));
            let mut winners: Vec<usize> = one.winners.iter().copied().map(new).collect();
            winners.sort_unstable();
            prop_assert_eq!(winners, other.winners, "{:?}", rule);
            if rule != Rule::Kemeny {
                prop_assert!((0..n).all(|answer| one.scores[answer] == other.scores[new(answer)]));
            }
        }
    }

    #[test]
    fn an_answer_that_all_put_first_wins((n, ballots) in any_ballots(), favourite in 0_usize..5) {
        let favourite = favourite % n;
        let ballots: Vec<Ballot> = ballots.into_iter().map(|ballot| {
            let rest = ballot.order.iter().map(|tier| tier.iter().copied().filter(|answer| *answer != favourite).collect());
            Ballot { order: std::iter::once(vec![favourite]).chain(rest).collect(), ..ballot }
        }).collect();
        for rule in RULES {
            let Ranking { order, scores, .. } = aggregate(rule, &ballots, n);
            // With a single tier of its own in each ballot it may be that nothing was compared.
            prop_assert!(scores[favourite].is_none() || order[0] == favourite || scores[order[0]] == scores[favourite], "{:?}", rule);
        }
    }

    #[test]
    fn a_winner_that_rises_stays_the_winner((n, ballots) in any_ballots(), judge in 0_usize..5) {
        for rule in RULES {
            let before = aggregate(rule, &ballots, n);
            let (&[winner], false) = (&before.winners[..], ballots.is_empty()) else { continue };
            let mut raised = ballots.clone();
            let ballot = &mut raised[judge % ballots.len()];
            if !ballot.order.iter().flatten().any(|answer| *answer == winner) {
                continue;
            }
            ballot.order.iter_mut().for_each(|tier| tier.retain(|answer| *answer != winner));
            ballot.order.insert(0, vec![winner]);
            prop_assert_eq!(aggregate(rule, &raised, n).winners, vec![winner], "{:?}", rule);
        }
    }

    #[test]
    fn an_unbeatable_leader_wins_whatever_follows(
        (n, said, to_come) in (1_usize..5).prop_flat_map(|n| (Just(n), ballots(n, 5), ballots(n, 3))),
        silent in 0_usize..4,
    ) {
        let outstanding: Vec<Outstanding> = to_come.iter().map(|ballot| Outstanding {
            shown: ballot.order.iter().flatten().copied().collect(),
            weight: ballot.weight,
        }).collect();
        if let Some(leader) = unbeatable(&said, &outstanding, n) {
            let all: Vec<Ballot> =
                said.into_iter().chain(to_come.into_iter().enumerate().filter(|(at, _)| *at != silent).map(|(_, ballot)| ballot)).collect();
            prop_assert_eq!(aggregate(Rule::Borda, &all, n).winners, vec![leader]);
        }
    }
}

#[test]
fn a_leader_is_unbeatable_only_when_the_last_judge_cannot_change_it() {
    let said = strict(&[&[0, 1, 2], &[0, 1, 2], &[0, 2, 1]]);
    let to_come = |count: usize| vec![Outstanding { shown: vec![0, 1, 2], weight: 1.0 }; count];
    // One more judge: 0 keeps 3/4, 1 comes to (1/2 + 1/2 + 0 + 1) / 4.
    assert_eq!(unbeatable(&said, &to_come(1), 3), Some(0));
    // Two more: 0 keeps 3/5, 1 comes to 3/5.
    assert_eq!(unbeatable(&said, &to_come(2), 3), None);
    assert_eq!(unbeatable(&[], &to_come(1), 3), None);
    assert_eq!(unbeatable(&[], &[], 0), None);
}

#[test]
fn a_leader_is_called_unbeatable_as_soon_as_it_is() {
    let orders = permutations(&[0, 1, 2]);
    let outstanding = [Outstanding { shown: vec![0, 1, 2], weight: 1.0 }];
    for first in &orders {
        for second in &orders {
            for third in &orders {
                let said = strict(&[first, second, third]);
                let winners = |last: &Vec<usize>| {
                    let mut all = said.clone();
                    all.extend(strict(&[last]));
                    aggregate(Rule::Borda, &all, 3).winners
                };
                let (before, mut ends) =
                    (aggregate(Rule::Borda, &said, 3).winners, orders.iter().map(winners));
                let is_safe = before.len() == 1 && ends.all(|winners| winners == before);
                assert_eq!(unbeatable(&said, &outstanding, 3), is_safe.then(|| before[0]), "{said:?}");
            }
        }
    }
}
