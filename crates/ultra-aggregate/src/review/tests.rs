use proptest::prelude::*;

use super::{Review, assign};

fn one_each(n: usize) -> Vec<Vec<usize>> {
    (0..n).map(|member| vec![member]).collect()
}

#[test]
fn every_answer_is_read_at_every_place_equally_often() {
    for n in 2..9 {
        for cap in [None, Some(1), Some(2), Some(3)] {
            let reads = assign(&Review { answers: n, own: &one_each(n), cap, seed: 7 });
            let width = cap.unwrap_or(n).min(n - 1);
            for place in 0..width {
                let mut column: Vec<usize> = reads.iter().map(|order| order[place]).collect();
                column.sort_unstable();
                assert_eq!(
                    column,
                    (0..n).collect::<Vec<_>>(),
                    "{n} members, cap {cap:?}, place {place}: {reads:?}"
                );
            }
            assert!(reads.iter().all(|order| order.len() == width));
        }
    }
}

#[test]
fn outside_judges_begin_at_even_distances() {
    let reads = assign(&Review { answers: 6, own: &[vec![], vec![], vec![]], cap: None, seed: 1 });
    let turned = |by: usize| reads[0].iter().cycle().skip(by).take(6).copied().collect::<Vec<_>>();
    assert_eq!((&reads[1], &reads[2]), (&turned(2), &turned(4)));
}

#[test]
fn another_seed_is_another_order() {
    let with = |seed| assign(&Review { answers: 8, own: &one_each(8), cap: None, seed });
    assert_eq!(with(1), with(1));
    assert_ne!(with(1), with(2));
}

#[test]
fn nothing_to_read_is_read_by_nobody() {
    assert_eq!(
        assign(&Review { answers: 0, own: &[vec![], vec![3]], cap: None, seed: 0 }),
        [vec![], vec![]] as [Vec<usize>; 2]
    );
    assert_eq!(
        assign(&Review { answers: 1, own: &[vec![0]], cap: None, seed: 0 }),
        [vec![]] as [Vec<usize>; 1]
    );
    assert_eq!(assign(&Review { answers: 3, own: &[], cap: Some(2), seed: 0 }), Vec::<Vec<usize>>::new());
}

#[test]
fn loads_are_levelled_along_chains() {
    // Answers 1 to 3 can go to judge 0 alone, so answer 0 goes to another.
    let own = [vec![], vec![1, 2, 3], vec![1, 2, 3]];
    let reads = assign(&Review { answers: 4, own: &own, cap: Some(1), seed: 0 });
    let loads: Vec<usize> = reads.iter().map(Vec::len).collect();
    assert_eq!(loads.iter().sum::<usize>(), 4);
    assert_eq!(loads[0], 3);
}

/// The least sum of squared loads over all ways to give each answer its reviews.
fn least(answers: usize, own: &[Vec<usize>], cap: usize, loads: &mut Vec<usize>) -> usize {
    let Some(answer) = answers.checked_sub(1) else { return loads.iter().map(|load| load * load).sum() };
    let may: Vec<usize> = (0..own.len()).filter(|judge| !own[*judge].contains(&answer)).collect();
    let wanted = cap.min(may.len());
    let sets = (0_usize..1 << may.len()).filter(|set| set.count_ones() as usize == wanted);
    sets.map(|set| {
        let chosen: Vec<usize> = (0..may.len()).filter(|at| set >> at & 1 == 1).map(|at| may[at]).collect();
        for judge in &chosen {
            loads[*judge] += 1;
        }
        let found = least(answer, own, cap, loads);
        for judge in &chosen {
            loads[*judge] -= 1;
        }
        found
    })
    .min()
    .unwrap_or(0)
}

proptest! {
    #[test]
    fn nobody_reads_their_own_and_no_answer_is_slighted(
        answers in 0_usize..6,
        own in proptest::collection::vec(proptest::collection::vec(0_usize..6, 0..4), 0..5),
        cap in proptest::option::of(0_usize..5),
        seed: u64,
    ) {
        let reads = assign(&Review { answers, own: &own, cap, seed });
        for answer in 0..answers {
            let may = own.iter().filter(|own| !own.contains(&answer)).count();
            let times = reads.iter().flatten().filter(|read| **read == answer).count();
            prop_assert_eq!(times, may.min(cap.unwrap_or(usize::MAX)));
        }
        for (own, reads) in own.iter().zip(&reads) {
            let mut once = reads.clone();
            once.sort_unstable();
            once.dedup();
            prop_assert!(once.len() == reads.len() && reads.iter().all(|read| !own.contains(read)));
        }
        let squares: usize = reads.iter().map(|reads| reads.len() * reads.len()).sum();
        prop_assert_eq!(squares, least(answers, &own, cap.unwrap_or(usize::MAX), &mut vec![0; own.len()]));
    }
}
