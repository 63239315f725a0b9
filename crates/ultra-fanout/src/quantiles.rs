//! Quantiles of times in fixed memory: a histogram whose buckets grow with the value.
//!
//! Each power of two has 64 buckets, so a quantile is wrong by at most 1/128, which is 0.8 %, of its value;
//! values below 64 are exact. A histogram of times up to a day, in milliseconds, takes about 12 KiB, and two
//! of them add up to the histogram of both.

/// Buckets for each power of two.
const FINE: u64 = 64;

/// Values from here on are counted as this one.
const LARGEST: u64 = (1 << 40) - 1;

/// A histogram of whole numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Quantiles {
    /// How many values lie in each bucket, up to the last bucket with any.
    buckets: Vec<u64>,
    count: u64,
    least: u64,
    most: u64,
}

impl Quantiles {
    /// Counts a value.
    pub(crate) fn add(&mut self, value: u64) {
        let value = value.min(LARGEST);
        let at = bucket(value);
        if self.buckets.len() <= at {
            self.buckets.resize(at + 1, 0);
        }
        self.buckets[at] += 1;
        self.least = if self.count == 0 { value } else { self.least.min(value) };
        self.most = self.most.max(value);
        self.count += 1;
    }

    /// Counts the values of another histogram too.
    pub(crate) fn merge(&mut self, other: &Self) {
        if other.count == 0 {
            return;
        }
        if self.buckets.len() < other.buckets.len() {
            self.buckets.resize(other.buckets.len(), 0);
        }
        for (mine, theirs) in self.buckets.iter_mut().zip(&other.buckets) {
            *mine += theirs;
        }
        self.least = if self.count == 0 { other.least } else { self.least.min(other.least) };
        self.most = self.most.max(other.most);
        self.count += other.count;
    }

    /// How many values there are.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// The smallest value that at least `percent` of a hundred values do not exceed; nothing without values.
    pub(crate) fn at(&self, percent: u64) -> Option<u64> {
        let rank = (u128::from(self.count) * u128::from(percent)).div_ceil(100).max(1);
        let mut seen = 0;
        let found = self.buckets.iter().position(|count| {
            seen += u128::from(*count);
            seen >= rank
        })?;
        Some(middle(found).clamp(self.least, self.most))
    }
}

/// The bucket of a value: below 64 its own, then 64 for each power of two.
fn bucket(value: u64) -> usize {
    let power = (value | 1).ilog2().saturating_sub(FINE.ilog2());
    // At most 35 powers of 64 buckets each.
    usize::try_from(u64::from(power) * FINE + (value >> power)).unwrap_or(usize::MAX)
}

/// The value in the middle of a bucket.
fn middle(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    let power = (bucket / FINE).saturating_sub(1);
    let low = (bucket - power * FINE) << power;
    low + ((1 << power) - 1) / 2
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop, proptest};

    use super::{LARGEST, Quantiles};

    fn of(values: &[u64]) -> Quantiles {
        let mut quantiles = Quantiles::default();
        for value in values {
            quantiles.add(*value);
        }
        quantiles
    }

    /// By nearest rank.
    fn exact(values: &[u64], percent: u64) -> u64 {
        let mut sorted = values.to_vec();
        sorted.sort_unstable();
        let rank = (sorted.len() as u64 * percent).div_ceil(100).max(1);
        sorted[usize::try_from(rank).expect("is small") - 1]
    }

    #[test]
    fn without_values_there_is_no_quantile_and_one_value_is_all_of_them() {
        assert_eq!(Quantiles::default().at(50), None);
        let one = of(&[123_456_789]);
        assert_eq!([0, 50, 99, 100].map(|percent| one.at(percent)), [Some(123_456_789); 4]);
        assert_eq!(of(&[u64::MAX]).at(50), Some(LARGEST));
    }

    #[test]
    fn small_values_are_exact() {
        let values: Vec<u64> = (0..64).collect();
        for percent in 0..=100 {
            assert_eq!(of(&values).at(percent), Some(exact(&values, percent)), "p{percent}");
        }
    }

    #[test]
    fn memory_does_not_grow_with_the_number_of_values() {
        let many: Vec<u64> = (0..200_000).map(|n| n % 86_400_000).collect();
        assert!(of(&many).buckets.len() < 1_000);
        assert!(of(&[LARGEST]).buckets.len() < 2_400);
    }

    proptest! {
        #[test]
        fn quantiles_are_wrong_by_less_than_one_percent(
            values in prop::collection::vec(prop::strategy::Union::new([
                0..100_u64, 0..10_000, 0..100_000_000, 0..LARGEST,
            ]), 1..300),
            percent in 0..=100_u64,
        ) {
            let (exact, found) = (exact(&values, percent), of(&values).at(percent).expect("has values"));
            assert!(found.abs_diff(exact) * 128 <= exact, "p{percent}: {found} for {exact}");
        }

        #[test]
        fn two_histograms_add_up(
            one in prop::collection::vec(any::<u64>(), 0..50),
            other in prop::collection::vec(any::<u64>(), 0..50),
        ) {
            let mut sum = of(&one);
            sum.merge(&of(&other));
            assert_eq!(sum, of(&[one, other].concat()));
        }
    }
}
