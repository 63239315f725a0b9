//! Votes of answers that can be the same: self-consistency (Wang and others, 2022), plain or weighted.
//!
//! A text is read for its answer ([`extract`]), the answer is written in one form ([`normalise`]), and the
//! form that most members gave wins ([`plurality`]).
//!
//! Shares and margins are of the weight of *all* members, with and without an answer, so one answer among five
//! members is not a landslide.

mod apart;
mod count;
mod extract;
mod json;
mod normal;
mod number;
mod standing;

pub use apart::{BEGINNING, answers};
pub use count::{Count, Unmet, weighted};
pub use extract::{Extract, extract};
pub use normal::{Normal, normalise};
pub use standing::Standing;

use super::{EPSILON, sum, weight};

/// An answer, and who gave it.
#[derive(Debug, Clone, PartialEq)]
pub struct Group<'a> {
    /// The answer, as it was compared: of a long one perhaps its [beginning](BEGINNING) alone.
    pub answer: &'a str,
    /// Who gave it, in ascending order.
    pub members: Vec<usize>,
    /// What they weigh together.
    pub weight: f64,
}

/// The outcome of a vote.
#[derive(Debug, Clone, PartialEq)]
pub struct Vote<'a> {
    /// The answers, heaviest first, a tie by its earliest member.
    pub groups: Vec<Group<'a>>,
    /// The earliest member that gave the leading answer; `None` when nobody has an answer that weighs anything.
    pub winner: Option<usize>,
    /// The share of the leading answer, from 0 to 1.
    pub share: f64,
    /// Its lead over the next answer, as a share; 0 is a tie.
    pub margin: f64,
    /// How many answers lead together; 1 when one leads, 0 without an answer.
    pub ties: usize,
    /// The number of members without an answer.
    pub without: usize,
}

/// The answer in a text, in the form in which it is compared; `None` when nothing in it counts.
pub fn answer(text: &str, from: &Extract, normal: &Normal) -> Option<String> {
    extract(text, from).map(|found| normalise(&found, normal)).filter(|form| !form.is_empty())
}

/// Counts the votes: what each member answers, and what it weighs. A weight that is not a positive number
/// counts nothing.
pub fn plurality(answers: &[(Option<String>, f64)]) -> Vote<'_> {
    at_least(answers, 0.0)
}

/// The vote when members of the weight `outstanding` were not heard: the share and the margin are what they would
/// be at the least, had they been heard, so no margin is left unless the vote is [`decided`].
pub fn at_least(answers: &[(Option<String>, f64)], outstanding: f64) -> Vote<'_> {
    let groups = groups(answers);
    let rest = weight(outstanding);
    let total = sum(answers.iter().map(|(_, of)| weight(*of))) + rest;
    let share = |of: f64| if total > 0.0 { of / total } else { 0.0 };
    let first = groups.first().map_or(0.0, |group| group.weight);
    let second = groups.get(1).map_or(0.0, |group| group.weight);
    let ties = groups.iter().filter(|group| first > 0.0 && equal(group.weight, first, total)).count();
    let is_open = ties > 1 || equal(first, second + rest, total);
    Vote {
        winner: groups.first().filter(|group| group.weight > 0.0).map(|group| group.members[0]),
        share: share(first),
        margin: if is_open { 0.0 } else { share((first - second - rest).max(0.0)) },
        ties,
        without: answers.iter().filter(|(answer, _)| answer.is_none()).count(),
        groups,
    }
}

/// The member whose answer wins whatever members of the weight `outstanding` still say: the first answer has
/// more than the second and all that is outstanding.
///
/// An outcome that only the order of the panel would decide is not decided.
pub fn decided(answers: &[(Option<String>, f64)], outstanding: f64) -> Option<usize> {
    let vote = at_least(answers, outstanding);
    vote.winner.filter(|_| vote.margin > 0.0)
}

fn groups(answers: &[(Option<String>, f64)]) -> Vec<Group<'_>> {
    let mut given: Vec<(&str, usize)> = answers
        .iter()
        .enumerate()
        .filter_map(|(member, (answer, _))| answer.as_deref().map(|answer| (answer, member)))
        .collect();
    given.sort_unstable();
    let mut groups: Vec<Group<'_>> = given
        .chunk_by(|one, other| one.0 == other.0)
        .map(|same| Group {
            answer: same[0].0,
            members: same.iter().map(|(_, member)| *member).collect(),
            weight: sum(same.iter().map(|(_, member)| weight(answers[*member].1))),
        })
        .collect();
    let total = sum(groups.iter().map(|group| group.weight));
    // By weight alone first, and then within each run of equal weights by member, since equality up to an epsilon
    // is no order to sort by.
    groups.sort_by(|one, other| other.weight.total_cmp(&one.weight));
    for run in groups.chunk_by_mut(|one, other| equal(one.weight, other.weight, total)) {
        run.sort_by_key(|group| group.members[0]);
    }
    groups
}

fn equal(one: f64, other: f64, total: f64) -> bool {
    (one - other).abs() <= EPSILON * total
}

#[cfg(test)]
mod tests;
