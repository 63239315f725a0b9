//! The choice itself, by score and size.

use super::{Limits, Rule};

/// What was picked.
#[derive(Debug, PartialEq)]
pub(super) struct Picked {
    pub(super) rule: Rule,
    /// Whether each is shown.
    pub(super) shown: Vec<bool>,
}

/// Picks from excerpts with these scores and costs.
pub(super) fn pick(scores: &[f64], costs: &[u64], limits: Limits) -> Picked {
    let fits = |count: u64, cost: u64| {
        limits.top_k.is_none_or(|most| count <= most) && limits.tokens.is_none_or(|room| cost <= room)
    };
    if fits(costs.len() as u64, costs.iter().sum()) {
        return Picked { rule: Rule::All, shown: vec![true; costs.len()] };
    }
    let mut order: Vec<usize> = (0..scores.len()).filter(|place| scores[*place] > 0.0).collect();
    let rule = if order.is_empty() { Rule::First } else { Rule::Bm25 };
    if order.is_empty() {
        order = (0..scores.len()).collect();
    }
    // Scores that differ in the last bits only, as machines do, are the same score; of two the first wins.
    let coarse = |place: &usize| (scores[*place] * 1e6).round();
    order.sort_by(|one, other| coarse(other).total_cmp(&coarse(one)));
    let (mut count, mut cost) = (0, 0);
    let mut shown = vec![false; scores.len()];
    for place in order {
        if fits(count + 1, cost + costs[place]) {
            count += 1;
            cost += costs[place];
            shown[place] = true;
        }
    }
    Picked { rule, shown }
}

#[cfg(test)]
mod tests {
    use super::{Limits, Picked, Rule, pick};

    fn picked(scores: &[f64], costs: &[u64], top_k: Option<u64>, tokens: Option<u64>) -> (Rule, Vec<usize>) {
        let Picked { rule, shown } = pick(scores, costs, Limits { top_k, tokens });
        (rule, (0..shown.len()).filter(|place| shown[*place]).collect())
    }

    #[test]
    fn the_best_are_shown_while_there_is_room() {
        let (scores, costs) = ([0.5, 2.0, 0.0, 1.0, 2.0], [10, 10, 10, 30, 10]);
        assert_eq!(picked(&scores, &costs, Some(2), None), (Rule::Bm25, vec![1, 4]));
        assert_eq!(picked(&scores, &costs, Some(1), None), (Rule::Bm25, vec![1]), "of two the first wins");
        assert_eq!(
            picked(&scores, &costs, None, Some(30)),
            (Rule::Bm25, vec![0, 1, 4]),
            "what is too large is passed over"
        );
        assert_eq!(picked(&scores, &costs, Some(4), Some(60)), (Rule::Bm25, vec![0, 1, 3, 4]));
        assert_eq!(
            picked(&scores, &costs, None, Some(69)),
            (Rule::Bm25, vec![0, 1, 3, 4]),
            "no word, no room"
        );
    }

    #[test]
    fn all_are_shown_when_all_fit() {
        assert_eq!(picked(&[0.0, 1.0], &[5, 5], Some(2), Some(10)), (Rule::All, vec![0, 1]));
        assert_eq!(picked(&[], &[], Some(0), Some(0)), (Rule::All, vec![]));
    }

    #[test]
    fn without_a_common_word_the_first_are_shown() {
        assert_eq!(picked(&[0.0; 3], &[5, 9, 5], None, Some(10)), (Rule::First, vec![0, 2]));
        assert_eq!(picked(&[0.0; 3], &[5; 3], Some(0), None), (Rule::First, vec![]));
    }

    #[test]
    fn differences_that_only_a_machine_makes_do_not_count() {
        assert_eq!(picked(&[1.0, 1.0 + 1e-13], &[1; 2], Some(1), None), (Rule::Bm25, vec![0]));
    }
}
