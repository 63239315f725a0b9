use std::collections::VecDeque;

use proptest::prelude::*;
use ultra_aggregate::vote::{decided, plurality};

use super::{Poll, Said};

/// What a member would do.
type Member = (Option<String>, f64);

fn member() -> impl Strategy<Value = Member> {
    // A member without an answer may have failed or said nothing that counts: in a vote that is the same.
    (
        proptest::option::weighted(0.8, "[abc]"),
        prop_oneof![4 => Just(1.0), 1 => Just(0.0), 1 => Just(2.5), 1 => Just(0.1)],
    )
}

/// Plays a poll; `turns` says which of the calls in flight ends next. Gives who was asked.
fn play(members: &[Member], unseen: f64, turns: &[usize]) -> Vec<usize> {
    climb(members, unseen, turns, (&[], 1.0))
}

/// The same on a ladder.
fn climb(members: &[Member], unseen: f64, turns: &[usize], (ladder, agree): (&[usize], f64)) -> Vec<usize> {
    let weights = members.iter().map(|(_, weight)| *weight).collect();
    let mut poll = Poll::new(weights, unseen).on(ladder, agree);
    let mut turns = turns.iter().copied().cycle();
    let (mut asked, mut flying, mut spared) = (Vec::new(), VecDeque::new(), 0..0);
    loop {
        while let Some(at) = poll.next() {
            asked.push(at);
            flying.push_back(at);
        }
        let (more, _) = poll.spared();
        assert!(more.is_empty() || spared.is_empty(), "spared once");
        if !more.is_empty() {
            spared = more;
        }
        let Some(turn) = turns.next().filter(|_| !flying.is_empty()) else { break };
        let ends = flying.remove(turn % flying.len()).expect("is in flight");
        poll.ended(ends, members[ends].0.clone().map_or(Said::Nothing, Said::Answer));
    }
    let rest: Vec<usize> = (asked.len()..members.len()).collect();
    assert_eq!(spared.collect::<Vec<_>>(), rest, "each call is asked or spared");
    asked
}

/// The shortest beginning of the panel that decides.
fn shortest(members: &[Member], unseen: f64) -> usize {
    let rest = |from: usize| members[from..].iter().map(|(_, weight)| weight).sum::<f64>() + unseen;
    (0..members.len())
        .find(|&asked| decided(&members[..asked], rest(asked)).is_some())
        .unwrap_or(members.len())
}

fn votes(text: &str) -> Vec<Member> {
    let one = |answer: char| ((answer != '-').then(|| answer.to_string()), 1.0);
    text.chars().map(one).collect()
}

#[test]
fn it_begins_with_the_smallest_majority_and_goes_on_as_far_as_the_vote_is_open() {
    for (panel, asked) in [
        ("aaaaa", 3),
        ("aabaa", 4),
        ("abaaa", 4),
        ("ababa", 5),
        ("aaaa", 3),
        ("aab", 2),
        ("aa", 2),
        ("a", 1),
        ("aa-aa", 4),
        ("--aaa", 4),
        ("---aa", 5),
        ("-----", 5),
        ("abcde", 5),
    ] {
        assert_eq!(play(&votes(panel), 0.0, &[0]).len(), asked, "{panel}");
    }
}

#[test]
fn a_heavy_vote_decides_alone() {
    let weighed = |of: [f64; 3]| of.map(|weight| (Some("a".to_owned()), weight));
    assert_eq!(play(&weighed([3.0, 1.0, 1.0]), 0.0, &[0]), [0]);
    assert_eq!(play(&weighed([1.0, 3.0, 1.0]), 0.0, &[1]), [0, 1]);
    assert_eq!(play(&weighed([1.0, 1.0, 2.0]), 0.0, &[0]), [0, 1, 2], "a tie decides nothing");
}

#[test]
fn answers_that_are_not_seen_here_may_say_anything() {
    assert_eq!(play(&votes("aaa"), 1.0, &[0]).len(), 3);
    assert_eq!(play(&votes("aaaa"), 1.0, &[0]).len(), 3);
    assert_eq!(play(&votes("aaa"), 3.0, &[0]).len(), 3, "never decided here");
}

#[test]
fn a_ladder_stops_where_those_who_were_asked_agree() {
    for (panel, ladder, agree, asked) in [
        ("aabbb", &[2][..], 0.7, 2),
        ("abaaa", &[2], 0.7, 4),
        ("aaabbbb", &[3, usize::MAX], 0.7, 3),
        ("aabaaaa", &[3], 0.3, 3),
        ("aabaaaa", &[3], 0.34, 5),
        ("aababbb", &[3, 5], 0.4, 7),
        ("aabaabbbb", &[3, 5], 0.6, 5),
        ("aabaabbbb", &[3, 5], 0.7, 9),
        ("a--aaaa", &[3], 0.7, 5),
        ("aaaaa", &[4], 0.7, 3),
        ("aaaaa", &[9], 0.7, 3),
        ("-----", &[2], 0.1, 5),
    ] {
        assert_eq!(
            climb(&votes(panel), 0.0, &[0], (ladder, agree)).len(),
            asked,
            "{panel} {ladder:?} {agree}"
        );
    }
    assert_eq!(climb(&votes("aabbb"), 1.0, &[0], (&[2], 0.7)).len(), 5, "one more is not seen");
}

/// The calls that two answers take on average, when each member gives the first one with probability `p`.
fn expected(members: usize, p: f64) -> f64 {
    let panels = 0_u32..1 << members;
    let sum = panels.map(|panel| {
        let gives_first = |at: usize| panel >> at & 1 == 1;
        let votes: Vec<Member> = (0..members).map(|at| (Some(gives_first(at).to_string()), 1.0)).collect();
        let chance: f64 = (0..members).map(|at| if gives_first(at) { p } else { 1.0 - p }).product();
        chance * play(&votes, 0.0, &[0]).len() as f64
    });
    sum.sum()
}

#[test]
fn a_vote_takes_as_many_calls_as_the_manual_says() {
    for (members, p, calls) in
        [(5, 1.0, 3.0), (9, 1.0, 5.0), (5, 0.9, 3.32), (9, 0.9, 5.55), (5, 0.7, 3.89), (9, 0.7, 6.86)]
    {
        let expected = expected(members, p);
        assert!((expected - calls).abs() < 0.0051, "{members} at {p}: {expected}");
    }
}

#[test]
fn who_was_stopped_may_still_say_anything() {
    let mut poll = Poll::new(vec![1.0; 5], 0.0);
    assert_eq!([poll.next(), poll.next(), poll.next(), poll.next()], [Some(0), Some(1), Some(2), None]);
    poll.ended(0, Said::Answer("a".into()));
    poll.ended(1, Said::Answer("a".into()));
    poll.ended(2, Said::Unheard);
    assert_eq!([poll.next(), poll.next()], [Some(3), None]);
    poll.ended(3, Said::Unheard);
    assert!(poll.spared().0.is_empty());
    assert_eq!(poll.next(), Some(4));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn who_is_asked_is_the_shortest_beginning_that_decides_whoever_answers_first(
        members in proptest::collection::vec(member(), 0..12),
        unseen in prop_oneof![3 => Just(0.0), 1 => Just(1.0)],
        turns in proptest::collection::vec(0_usize..12, 1..12),
    ) {
        let asked = play(&members, unseen, &turns);
        prop_assert_eq!(asked.len(), shortest(&members, unseen));
    }

    #[test]
    fn who_is_asked_on_a_ladder_does_not_depend_on_who_answers_first(
        members in proptest::collection::vec(member(), 0..12),
        turns in proptest::collection::vec(0_usize..12, 1..12),
        ladder in proptest::collection::vec(1_usize..8, 0..3),
        agree in prop_oneof![Just(0.3), Just(0.7), Just(1.0)],
    ) {
        let mut ladder = ladder;
        ladder.sort_unstable();
        let asked = climb(&members, 0.0, &turns, (&ladder, agree));
        prop_assert_eq!(&asked, &climb(&members, 0.0, &[0], (&ladder, agree)));
        prop_assert!(asked.len() <= shortest(&members, 0.0));
    }

    #[test]
    fn the_winner_is_that_of_the_whole_panel(
        members in proptest::collection::vec(member(), 0..12),
        elsewhere in proptest::collection::vec(member(), 0..3),
        turns in proptest::collection::vec(0_usize..12, 1..12),
    ) {
        let asked = play(&members, elsewhere.iter().map(|(_, weight)| weight).sum(), &turns).len();
        let all: Vec<Member> = members.iter().chain(&elsewhere).cloned().collect();
        let (some, whole) = (plurality(&members[..asked]), plurality(&all));
        if asked < members.len() {
            prop_assert_eq!((some.ties, whole.ties), (1, 1));
            prop_assert_eq!(&some.groups[0].answer, &whole.groups[0].answer);
        }
    }
}
