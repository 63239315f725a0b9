use proptest::prelude::*;

use super::{Linkage, clusters};

/// Points on a line; nearer is more similar.
fn on_a_line(points: &[u32], threshold: u32, linkage: Linkage) -> Vec<Vec<usize>> {
    clusters(points.len(), |one, other| 100 - points[one].abs_diff(points[other]), 100 - threshold, linkage)
}

#[test]
fn neighbours_of_neighbours_are_alike_in_single_linkage_alone() {
    let points = [0, 50, 2, 4, 51];
    assert_eq!(on_a_line(&points, 2, Linkage::Single), [vec![0, 2, 3], vec![1, 4]]);
    assert_eq!(on_a_line(&points, 2, Linkage::Complete), [vec![0, 2], vec![1, 4], vec![3]]);
    assert_eq!(on_a_line(&[], 2, Linkage::Complete), Vec::<Vec<usize>>::new());
}

#[test]
fn the_most_similar_are_merged_first() {
    assert_eq!(on_a_line(&[0, 3, 4], 3, Linkage::Complete), [vec![1, 2], vec![0]]);
}

proptest! {
    #[test]
    fn every_answer_is_in_one_cluster_of_answers_that_are_alike(points in proptest::collection::vec(0_u32..60, 0..14), threshold in 0_u32..12) {
        for linkage in [Linkage::Single, Linkage::Complete] {
            let like = |one: usize, other: usize| points[one].abs_diff(points[other]) <= threshold;
            let found = on_a_line(&points, threshold, linkage);
            let mut all: Vec<usize> = found.iter().flatten().copied().collect();
            all.sort_unstable();
            prop_assert_eq!(all, (0..points.len()).collect::<Vec<_>>());
            prop_assert!(found.windows(2).all(|two| two[0].len() > two[1].len() || two[0].len() == two[1].len() && two[0][0] < two[1][0]));
            for cluster in &found {
                for one in cluster {
                    let friends = cluster.iter().filter(|other| *other != one && like(*one, **other)).count();
                    let (some, all) = (friends > 0 || cluster.len() == 1, friends == cluster.len() - 1);
                    prop_assert!(match linkage { Linkage::Single => some, Linkage::Complete => all }, "{points:?}");
                }
            }
            // No two clusters could still be merged.
            for (at, one) in found.iter().enumerate() {
                for other in &found[..at] {
                    let mut pairs = one.iter().flat_map(|a| other.iter().map(move |b| (*a, *b))).map(|(a, b)| like(a, b));
                    let mergeable = match linkage { Linkage::Single => pairs.any(|like| like), Linkage::Complete => pairs.all(|like| like) };
                    prop_assert!(!mergeable);
                }
            }
        }
    }
}
