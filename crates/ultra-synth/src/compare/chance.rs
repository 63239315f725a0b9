//! Means over prompts, and how much of them is chance.

use crate::aggregate::stats::{Bootstrap, bootstrap, mean};

/// The fewest prompts of which anything can be said beyond their mean.
///
/// By the sign test, a difference that is the same way on each of n prompts is chance in 2 · 2⁻ⁿ of all cases. That
/// passes below 5 % at six, so fewer prompts cannot tell two strategies apart, whatever their scores are.
pub(super) const FEWEST: usize = 6;

/// How often chance may be taken for a difference.
const LEVEL: f64 = 0.05;

/// A difference that is none but for rounding.
const ROUNDING: f64 = 1e-9;

/// How often the prompts are drawn anew for an interval.
const RESAMPLES: usize = 2_000;

/// A mean over prompts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Mean {
    pub(super) estimate: f64,
    /// Where it would lie if the prompts were drawn anew. `None` of fewer than [`FEWEST`], and of values that are all
    /// the same: drawn anew they are the same again, which would look like certainty.
    pub(super) range: Option<(f64, f64)>,
}

impl Mean {
    /// What is known without a sample.
    pub(super) fn exact(estimate: f64) -> Self {
        Self { estimate, range: None }
    }

    /// The ends of the range; the mean itself where there is none.
    pub(super) fn ends(self) -> (f64, f64) {
        self.range.unwrap_or((self.estimate, self.estimate))
    }

    /// In units of which `count` make one of these.
    pub(super) fn per(self, count: f64) -> Self {
        Self {
            estimate: self.estimate / count,
            range: self.range.map(|(low, high)| (low / count, high / count)),
        }
    }
}

/// A difference between two lines over the same prompts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lead {
    pub(super) mean: Mean,
    /// It is more than chance.
    pub(super) is_apart: bool,
}

/// How intervals are made.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ruler(Bootstrap);

impl Ruler {
    /// Draws by a seed.
    pub(super) fn new(seed: u64) -> Self {
        Self(Bootstrap { resamples: RESAMPLES, seed, ..Bootstrap::default() })
    }

    /// The mean of `values`; `None` of nothing.
    pub(super) fn mean(self, values: &[f64]) -> Option<Mean> {
        let estimate = mean(values)?;
        let is_told = values.len() >= FEWEST && !is_same(values);
        let drawn = is_told.then(|| bootstrap(values, |values| mean(values).unwrap_or_default(), &self.0));
        Some(Mean { estimate, range: drawn.flatten().map(|drawn| (drawn.low, drawn.high)) })
    }

    /// What `differences` come to; `None` of nothing. They are more than chance when both the sign test and the range
    /// of their mean say so: the first holds for few prompts, the second minds how large each difference is.
    pub(super) fn lead(self, differences: &[f64]) -> Option<Lead> {
        let mean = self.mean(differences)?;
        let (low, high) = mean.ends();
        let is_apart = (low > ROUNDING || high < -ROUNDING) && sign_test(differences) <= LEVEL;
        Some(Lead { mean, is_apart })
    }
}

fn is_same(values: &[f64]) -> bool {
    values.windows(2).all(|pair| (pair[0] - pair[1]).abs() <= ROUNDING)
}

/// How often chance alone would divide signs at least as unevenly (two-sided, exact; equal ones do not count).
fn sign_test(differences: &[f64]) -> f64 {
    let more = differences.iter().filter(|difference| **difference > ROUNDING).count();
    let less = differences.iter().filter(|difference| **difference < -ROUNDING).count();
    let (fewer, all) = (more.min(less), more + less);
    // The logarithm of the chance of k signs of one kind, from that of k − 1: the chances themselves fall below any
    // number for a thousand prompts.
    let mut chance = -(all as f64) * std::f64::consts::LN_2;
    let mut sum = chance.exp();
    for k in 1..=fewer {
        chance += ((all - k + 1) as f64 / k as f64).ln();
        sum += chance.exp();
    }
    (2.0 * sum).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::{FEWEST, LEVEL, Lead, Ruler, sign_test};

    fn lead(differences: &[f64]) -> Lead {
        Ruler::new(0).lead(differences).expect("is of something")
    }

    #[test]
    fn the_sign_test_is_that_of_the_tables() {
        for (more, less, chance) in [
            (1, 0, 1.0),
            (5, 0, 0.0625),
            (6, 0, 0.03125),
            (8, 1, 0.039_062_5),
            (7, 1, 0.070_312_5),
            (2, 2, 1.0),
        ] {
            let signs = [vec![1.0; more], vec![-1.0; less], vec![0.0; 3]].concat();
            assert!((sign_test(&signs) - chance).abs() < 1e-12, "{more} {less}: {}", sign_test(&signs));
        }
        let many = [vec![1.0; 2200], vec![-1.0; 2000]].concat();
        assert!((sign_test(&many) - 0.0021).abs() < 2e-4, "{}", sign_test(&many));
    }

    #[test]
    fn fewer_than_six_prompts_are_never_apart_and_six_can_be() {
        for count in 1..FEWEST {
            assert!(sign_test(&vec![1.0; count]) > LEVEL);
            let lead = lead(&vec![-1.0; count]);
            assert!(!lead.is_apart && lead.mean.range.is_none(), "{count}: {lead:?}");
        }
        assert!(lead(&[-1.0; FEWEST]).is_apart && lead(&[1.0; FEWEST]).is_apart);
        assert!(!lead(&[0.0; 400]).is_apart);
    }

    #[test]
    fn a_few_differences_among_many_prompts_are_chance() {
        let differences = [vec![1.0; 5], vec![0.0; 95]].concat();
        let lead = lead(&differences);
        assert!(
            lead.mean.range.is_some_and(|(low, _)| low > 0.0),
            "the bootstrap alone is too sure: {lead:?}"
        );
        assert!(!lead.is_apart, "{lead:?}");
    }

    #[test]
    fn one_large_difference_can_outweigh_many_small_ones() {
        let differences = [vec![0.1; 9], vec![-0.8]].concat();
        assert!(sign_test(&differences) <= LEVEL && !lead(&differences).is_apart);
    }

    #[test]
    fn equal_values_have_no_range_and_others_do() {
        let ruler = Ruler::new(0);
        assert_eq!(ruler.mean(&[]), None);
        assert_eq!(ruler.mean(&[1.0; 50]).and_then(|mean| mean.range), None);
        let (low, high) =
            ruler.mean(&[1.0, 1.0, 1.0, 0.0, 1.0, 0.0]).and_then(|mean| mean.range).expect("has one");
        assert!(low < 2.0 / 3.0 && 2.0 / 3.0 < high, "{low} {high}");
    }
}
