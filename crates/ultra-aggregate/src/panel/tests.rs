use super::super::pairs::{Choice, Outcome, both_orders};
use super::super::rank::{Ballot, Rule, aggregate};
use super::super::vote::plurality;
use super::{Judge, Panel, debate};

const QUESTIONS: usize = 20_000;

fn panel(accuracies: &[f64], correlation: f64) -> Panel {
    Panel { accuracies: accuracies.to_vec(), correlation, options: 4, seed: 11 }
}

fn voted(answers: &[usize]) -> usize {
    let votes: Vec<_> = answers.iter().map(|answer| (Some(answer.to_string()), 1.0)).collect();
    answers[plurality(&votes).winner.expect("all answer")]
}

/// How often the vote of a panel is right.
fn right(panel: &Panel) -> f64 {
    share(&panel.answers(QUESTIONS).iter().map(|answers| voted(answers) == 0).collect::<Vec<_>>())
}

fn share(of: &[bool]) -> f64 {
    of.iter().filter(|is| **is).count() as f64 / of.len() as f64
}

#[test]
fn members_are_as_often_right_as_told() {
    let answers = panel(&[0.9, 0.6, 0.3], 0.5).answers(QUESTIONS);
    for (member, accuracy) in [0.9, 0.6, 0.3].into_iter().enumerate() {
        let found = share(&answers.iter().map(|answers| answers[member] == 0).collect::<Vec<_>>());
        assert!((found - accuracy).abs() < 0.015, "{member}: {found}");
    }
}

#[test]
fn members_are_as_correlated_as_told() {
    for correlation in [0.0, 0.3, 1.0] {
        let answers = panel(&[0.7, 0.7], correlation).answers(QUESTIONS);
        let both = share(&answers.iter().map(|answers| answers == &[0, 0]).collect::<Vec<_>>());
        let found = (both - 0.49) / 0.21;
        assert!((found - correlation).abs() < 0.04, "{correlation}: {found}");
    }
}

#[test]
fn a_change_of_one_member_changes_no_other() {
    let (one, other) = (panel(&[0.9, 0.5, 0.5], 0.2).answers(50), panel(&[0.1, 0.5, 0.5], 0.2).answers(50));
    assert!(one.iter().zip(&other).all(|(one, other)| one[1..] == other[1..]));
    assert_ne!(one, other);
}

#[test]
fn a_vote_is_better_than_one_member_and_gains_less_from_a_panel_that_errs_alike() {
    let (single, apart, alike) =
        (right(&panel(&[0.6], 0.0)), right(&panel(&[0.6; 5], 0.0)), right(&panel(&[0.6; 5], 0.6)));
    assert!(apart > alike + 0.05 && alike > single + 0.01, "{single} {alike} {apart}");
    // Three independent members who can only be right or wrong: p³ + 3 p² (1 − p).
    let two_ways = right(&Panel { options: 2, ..panel(&[0.6; 3], 0.0) });
    assert!((two_ways - 0.648).abs() < 0.01, "{two_ways}");
}

#[test]
fn weak_members_hurt() {
    let (strong, mixed) = (right(&panel(&[0.8; 3], 0.0)), right(&panel(&[0.8, 0.3, 0.3, 0.3, 0.3], 0.0)));
    assert!(strong > mixed + 0.05, "{strong} {mixed}");
}

#[test]
fn debate_without_evidence_adds_nothing_to_a_vote() {
    let answers = panel(&[0.6; 5], 0.0).answers(QUESTIONS);
    let before: Vec<bool> = answers.iter().map(|answers| voted(answers) == 0).collect();
    let debated = |(seed, answers): (u64, &Vec<usize>)| voted(&debate(answers, 0.5, seed)) == 0;
    let after: Vec<bool> = (0..).zip(&answers).map(debated).collect();
    assert!(share(&after) <= share(&before), "{} {}", share(&before), share(&after));
}

#[test]
fn judges_are_as_skilled_as_told() {
    let quality = [0.1, 0.9, 0.5];
    for skill in [1.0, 0.8, 0.5, 0.0] {
        let rankings: Vec<Vec<usize>> =
            (0..8000).map(|seed| Judge { skill, bias: 0.0, seed }.ranking(&quality)).collect();
        let before = |ranking: &[usize], one: usize, other: usize| {
            ranking.iter().position(|at| *at == one) < ranking.iter().position(|at| *at == other)
        };
        // By the orders that insertion makes of three: the next best passes the best or not, then the worst none, one or both.
        let top = share(&rankings.iter().map(|ranking| before(ranking, 1, 2)).collect::<Vec<_>>());
        let ends = share(&rankings.iter().map(|ranking| before(ranking, 1, 0)).collect::<Vec<_>>());
        let (right, wrong) = (skill, 1.0 - skill);
        let all = (right + wrong) * (right * right + right * wrong + wrong * wrong);
        let wanted_ends = (right * right * right + 2.0 * right * right * wrong) / all;
        let wanted_top = right * (right * right + right * wrong + wrong * wrong) / all;
        assert!((ends - wanted_ends).abs() < 0.02, "{skill}: {ends} {wanted_ends}");
        assert!((top - wanted_top).abs() < 0.02, "{skill}: {top} {wanted_top}");
    }
}

#[test]
fn more_judges_find_the_true_order() {
    let quality = [4.0, 3.0, 2.0, 1.0];
    let found = |judges: u64, seed: u64| {
        let ballot = |judge: u64| {
            let ranking = Judge { skill: 0.7, bias: 0.0, seed: seed * 1000 + judge }.ranking(&quality);
            Ballot::new(0, ranking.into_iter().map(|answer| vec![answer]).collect())
        };
        aggregate(Rule::Borda, &(0..judges).map(ballot).collect::<Vec<_>>(), 4).winners == [0]
    };
    let often = |judges: u64| share(&(0..500).map(|seed| found(judges, seed)).collect::<Vec<_>>());
    assert!(often(9) > often(3) && often(3) > often(1) && often(1) > 0.25);
}

#[test]
fn a_bias_for_the_first_becomes_ties_in_both_orders() {
    let outcome = |seed, bias| {
        let judge = Judge { skill: 1.0, bias, seed };
        both_orders(Some(judge.choice(0.9, 0.1)), Some(judge.choice(0.1, 0.9)))
    };
    assert!(
        (0..50)
            .all(|seed| outcome(seed, 0.0) == Some(Outcome::One) && outcome(seed, 1.0) == Some(Outcome::Tie))
    );
    let coin: Vec<bool> = (0..2000)
        .map(|seed| Judge { skill: 1.0, bias: 0.0, seed }.choice(1.0, 1.0) == Choice::First)
        .collect();
    assert!((share(&coin) - 0.5).abs() < 0.05);
}
