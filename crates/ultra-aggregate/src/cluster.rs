//! Which answers say the same, by any measure of similarity: letters now, meaning where somebody brings
//! embeddings.

use std::cmp::Reverse;

/// When two clusters are similar enough to become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Linkage {
    /// When two of their members are: similarity carries over from neighbour to neighbour. No order of the
    /// answers makes a difference. Takes time by the square of the number of answers.
    Single,
    /// When all of their members are, so everything in a cluster is like everything else in it. The most
    /// similar clusters are merged first, and of equally similar ones the first by number. Takes time by the
    /// cube.
    Complete,
}

/// The clusters of `n` answers, the largest first, of equal ones that with the smallest number; members in
/// ascending order.
///
/// `similarity` is symmetric and is asked with the smaller number first; two answers that reach the
/// `threshold` are alike.
pub fn clusters<S: PartialOrd + Copy>(
    n: usize,
    similarity: impl Fn(usize, usize) -> S,
    threshold: S,
    linkage: Linkage,
) -> Vec<Vec<usize>> {
    let mut clusters = match linkage {
        Linkage::Single => connected(n, |one, other| similarity(one.min(other), one.max(other)) >= threshold),
        Linkage::Complete => merged(n, similarity, threshold),
    };
    for cluster in &mut clusters {
        cluster.sort_unstable();
    }
    clusters.sort_by_key(|cluster| (Reverse(cluster.len()), cluster[0]));
    clusters
}

/// The numbers that are joined by a chain of pairs.
pub(super) fn connected(n: usize, alike: impl Fn(usize, usize) -> bool) -> Vec<Vec<usize>> {
    let mut left: Vec<usize> = (0..n).rev().collect();
    let mut found = Vec::new();
    while let Some(first) = left.pop() {
        let mut cluster = vec![first];
        let mut at = 0;
        while let Some(&one) = cluster.get(at) {
            let joined = left.extract_if(.., |other| alike(one, *other));
            cluster.extend(joined);
            at += 1;
        }
        found.push(cluster);
    }
    found
}

/// Agglomeration with complete linkage: two clusters are as similar as their least similar members.
fn merged<S: PartialOrd + Copy>(
    n: usize,
    similarity: impl Fn(usize, usize) -> S,
    threshold: S,
) -> Vec<Vec<usize>> {
    let mut rows: Vec<Vec<S>> =
        (0..n).map(|one| (0..one).map(|other| similarity(other, one)).collect()).collect();
    let mut clusters: Vec<Vec<usize>> = (0..n).map(|answer| vec![answer]).collect();
    while let Some((one, other)) = closest(&rows, threshold) {
        let moved = clusters.remove(one);
        clusters[other].extend(moved);
        // The row and the column of the cluster that goes are folded into those of the one that stays.
        let gone = rows.remove(one);
        for (third, joined) in gone.into_iter().enumerate().filter(|(third, _)| *third != other) {
            lower(&mut rows[other.max(third)][other.min(third)], joined);
        }
        for row in &mut rows[one..] {
            let joined = row.remove(one);
            lower(&mut row[other], joined);
        }
    }
    clusters
}

fn lower<S: PartialOrd>(kept: &mut S, joined: S) {
    if joined < *kept {
        *kept = joined;
    }
}

/// The most similar pair that reaches the threshold, the larger number first.
fn closest<S: PartialOrd + Copy>(rows: &[Vec<S>], threshold: S) -> Option<(usize, usize)> {
    let mut best: Option<(S, usize, usize)> = None;
    // By the smaller number first, so that the first of equal pairs is the first by number.
    for other in 0..rows.len() {
        for (one, row) in rows.iter().enumerate().skip(other + 1) {
            if row[other] >= threshold && best.is_none_or(|(best, _, _)| row[other] > best) {
                best = Some((row[other], one, other));
            }
        }
    }
    best.map(|(_, one, other)| (one, other))
}

#[cfg(test)]
mod tests;
