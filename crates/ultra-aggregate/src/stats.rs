//! The few statistics that a comparison needs, with intervals by bootstrap.

/// The mean; `None` of nothing.
pub fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// The standard deviation of a sample (n − 1); `None` of fewer than two.
pub fn deviation(values: &[f64]) -> Option<f64> {
    let mean = mean(values).filter(|_| values.len() > 1)?;
    let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
    Some((squares / (values.len() as f64 - 1.0)).sqrt())
}

/// The quantile at a `share` from 0 to 1, linear between the two values around it (type 7 of Hyndman and Fan,
/// 1996, the default of most packages); `None` of nothing.
pub fn quantile(values: &[f64], share: f64) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted_quantile(&sorted, share)
}

fn sorted_quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let place = share.clamp(0.0, 1.0) * last as f64;
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and the last index"
    )]
    let below = (place.floor() as usize).min(last);
    let above = (below + 1).min(last);
    Some(sorted[below] + (sorted[above] - sorted[below]) * (place - below as f64))
}

/// How an interval is made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bootstrap {
    /// How often the sample is drawn anew; at least once.
    pub resamples: usize,
    /// The share of the resamples that the interval holds.
    pub level: f64,
    /// What the draws depend on, beside the number of values.
    pub seed: u64,
}

impl Default for Bootstrap {
    /// 10,000 resamples, 95 %, seed 0.
    fn default() -> Self {
        Self { resamples: 10_000, level: 0.95, seed: 0 }
    }
}

/// A statistic and how sure it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The statistic of the sample itself.
    pub estimate: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// The standard deviation over the resamples; 0 of one.
    pub error: f64,
}

/// The percentile interval of the bootstrap (Efron, 1979) for any `statistic` of a sample; `None` of nothing.
///
/// The draws depend on the seed and on the number of values alone. So samples of the same prompts are drawn
/// alike, and the interval of a difference is that of the sample of differences.
pub fn bootstrap<T: Copy>(
    sample: &[T],
    statistic: impl Fn(&[T]) -> f64,
    how: &Bootstrap,
) -> Option<Interval> {
    if sample.is_empty() {
        return None;
    }
    let mut source = Draws::new(how.seed);
    let mut drawn = Vec::with_capacity(sample.len());
    let mut found: Vec<f64> = (0..how.resamples.max(1))
        .map(|_| {
            drawn.clear();
            drawn.extend((0..sample.len()).map(|_| sample[source.below(sample.len())]));
            statistic(&drawn)
        })
        .collect();
    found.sort_by(f64::total_cmp);
    let tail = (1.0 - how.level.clamp(0.0, 1.0)) / 2.0;
    Some(Interval {
        estimate: statistic(sample),
        low: sorted_quantile(&found, tail)?,
        high: sorted_quantile(&found, 1.0 - tail)?,
        error: deviation(&found).unwrap_or(0.0),
    })
}

/// Draws from a seed: `SplitMix64` (Steele, Lea, Flood, 2014), which any language can repeat in five lines.
#[derive(Debug, Clone)]
pub(super) struct Draws(u64);

impl Draws {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// A number below a count, which is not 0. The bias is below one in 2⁶⁴ times the count.
    pub(super) fn below(&mut self, count: usize) -> usize {
        let wide = u128::from(self.bits()) * count as u128;
        usize::try_from(wide >> 64).unwrap_or(0)
    }

    /// A number from 0 to 1, without 1.
    pub(super) fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Puts items in any order, each as likely as the others (Fisher and Yates).
    pub(super) fn shuffle<T>(&mut self, items: &mut [T]) {
        for at in (1..items.len()).rev() {
            let other = self.below(at + 1);
            items.swap(at, other);
        }
    }
}

#[cfg(test)]
mod tests;
