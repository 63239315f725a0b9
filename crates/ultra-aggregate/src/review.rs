//! Who reads whose answer, and in which order.

use std::collections::VecDeque;

use super::stats::Draws;

/// Who can review what.
#[derive(Debug, Clone, Copy)]
pub struct Review<'a> {
    /// How many answers there are.
    pub answers: usize,
    /// For each judge the answers that are its own; a judge that is no member has none.
    pub own: &'a [Vec<usize>],
    /// The most reviews of one answer; without it everybody reads all but their own.
    pub cap: Option<usize>,
    /// What the order depends on.
    pub seed: u64,
}

/// For each judge the answers that it reads, in the order in which it reads them.
///
/// **Order.** The seed puts the answers in one circle, and each judge reads the circle from another place on:
/// a member from its own (first) answer on, which it passes over, an outside judge from an even share of the
/// circle on. With one answer for each judge that is a Latin square without its diagonal: every answer is
/// read first, second, …, last equally often.
///
/// **Cap.** Every answer gets as many reviews as the cap and the judges allow, so all that are nobody's get
/// equally many, and among the judges the loads are as even as can be: no exchange would bring two loads
/// closer together. A judge who is left with one answer can compare nothing, so a cap below 2 serves for
/// grades alone, and the caller sees to it.
pub fn assign(review: &Review<'_>) -> Vec<Vec<usize>> {
    let mut circle: Vec<usize> = (0..review.answers).collect();
    Draws::new(review.seed).shuffle(&mut circle);
    let seats = seats(review, &circle);
    let desk = Desk { review, circle: &circle, seats: &seats };
    let mut reads = desk.shared_out();
    desk.level(&mut reads);
    let from = |judge: usize| {
        let order = circle.iter().cycle().skip(seats[judge]).take(circle.len());
        order.copied().filter(|answer| reads[judge][*answer]).collect()
    };
    (0..review.own.len()).map(from).collect()
}

/// Where on the circle each judge begins.
fn seats(review: &Review<'_>, circle: &[usize]) -> Vec<usize> {
    let place = |answer: usize| circle.iter().position(|other| *other == answer);
    let own = |judge: &Vec<usize>| judge.iter().find_map(|answer| place(*answer));
    let outside = review.own.iter().filter(|judge| own(judge).is_none()).count();
    let mut seen = 0;
    let mut seat = |judge: &Vec<usize>| {
        if let Some(place) = own(judge) {
            return place;
        }
        seen += 1;
        (seen - 1) * circle.len() / outside
    };
    review.own.iter().map(&mut seat).collect()
}

struct Desk<'a> {
    review: &'a Review<'a>,
    circle: &'a [usize],
    seats: &'a [usize],
}

impl Desk<'_> {
    fn may_read(&self, judge: usize, answer: usize) -> bool {
        !self.review.own[judge].contains(&answer)
    }

    /// Each answer goes to those who come to it first on their way around.
    fn shared_out(&self) -> Vec<Vec<bool>> {
        let (judges, answers) = (self.review.own.len(), self.circle.len());
        let mut reads = vec![vec![false; answers]; judges];
        for (place, &answer) in self.circle.iter().enumerate() {
            let mut readers: Vec<usize> = (0..judges).filter(|judge| self.may_read(*judge, answer)).collect();
            readers.sort_by_key(|judge| (place + answers - self.seats[*judge]) % answers);
            for judge in readers.into_iter().take(self.review.cap.unwrap_or(judges)) {
                reads[judge][answer] = true;
            }
        }
        reads
    }

    /// Hands answers on, along chains of judges if need be, while that takes one from a judge with at least
    /// two more than the judge it comes to.
    fn level(&self, reads: &mut [Vec<bool>]) {
        while let Some(chain) = self.chain(reads) {
            for (from, to, answer) in chain {
                reads[from][answer] = false;
                reads[to][answer] = true;
            }
        }
    }

    fn chain(&self, reads: &[Vec<bool>]) -> Option<Vec<(usize, usize, usize)>> {
        let load = |judge: usize| reads[judge].iter().filter(|reads| **reads).count();
        let mut starts: Vec<usize> = (0..reads.len()).collect();
        starts.sort_by_key(|judge| std::cmp::Reverse(load(*judge)));
        starts.into_iter().find_map(|start| {
            let mut came: Vec<Option<(usize, usize)>> = vec![None; reads.len()];
            let mut queue = VecDeque::from([start]);
            while let Some(judge) = queue.pop_front() {
                if load(judge) + 2 <= load(start) {
                    return Some(walk(&came, start, judge));
                }
                for to in (0..reads.len()).filter(|to| *to != start) {
                    let handed = || {
                        (0..reads[judge].len()).find(|answer| {
                            reads[judge][*answer] && !reads[to][*answer] && self.may_read(to, *answer)
                        })
                    };
                    if came[to].is_none()
                        && let Some(answer) = handed()
                    {
                        came[to] = Some((judge, answer));
                        queue.push_back(to);
                    }
                }
            }
            None
        })
    }
}

fn walk(came: &[Option<(usize, usize)>], start: usize, end: usize) -> Vec<(usize, usize, usize)> {
    let mut chain = Vec::new();
    let mut to = end;
    while let Some((from, answer)) = came[to].filter(|_| to != start) {
        chain.push((from, to, answer));
        to = from;
    }
    chain
}

#[cfg(test)]
mod tests;
