//! How long to sleep before the next attempt: exponential backoff with full jitter.
//!
//! `sleep = U(0, min(cap, base·2ⁿ))` with n = 0 before the first repetition. Full jitter is the variant that
//! the AWS Architecture Blog ("Exponential Backoff And Jitter") found to need the fewest calls, because it
//! leaves no two callers in step.

use std::time::Duration;

/// `U(0, min(cap, base·2ⁿ))`, where `unit` is the place in `[0, 1]` within that range.
pub(crate) fn full_jitter(base: Duration, cap: Duration, n: u32, unit: f64) -> Duration {
    part(ceiling(base, cap, n), unit)
}

/// `min(cap, base·2ⁿ)`, also where `2ⁿ` is beyond any integer.
fn ceiling(base: Duration, cap: Duration, n: u32) -> Duration {
    base.saturating_mul(2_u32.saturating_pow(n)).min(cap)
}

/// The part `unit` of `whole`. A `unit` beyond the bounds is moved to the nearest, and what is not a number
/// counts as 1, so that a bad source makes sleeps long and never makes them vanish.
pub(crate) fn part(whole: Duration, unit: f64) -> Duration {
    let unit = if unit.is_nan() { 1.0 } else { unit.clamp(0.0, 1.0) };
    Duration::try_from_secs_f64(whole.as_secs_f64() * unit).unwrap_or(whole).min(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: Duration = Duration::from_millis(500);
    const CAP: Duration = Duration::from_mins(1);

    #[test]
    fn the_ceiling_doubles_from_the_base_to_the_cap() {
        let ceilings: Vec<u128> = (0..9).map(|n| ceiling(BASE, CAP, n).as_millis()).collect();
        assert_eq!(ceilings, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
    }

    #[test]
    fn the_ceiling_holds_for_any_number_of_failures() {
        assert_eq!(ceiling(BASE, CAP, 31), CAP);
        assert_eq!(ceiling(BASE, CAP, 32), CAP);
        assert_eq!(ceiling(BASE, CAP, u32::MAX), CAP);
        assert_eq!(ceiling(Duration::MAX, Duration::MAX, u32::MAX), Duration::MAX);
    }

    #[test]
    fn the_sleep_is_the_drawn_part_of_the_ceiling() {
        assert_eq!(full_jitter(BASE, CAP, 0, 0.0), Duration::ZERO);
        assert_eq!(full_jitter(BASE, CAP, 0, 0.5), Duration::from_millis(250));
        assert_eq!(full_jitter(BASE, CAP, 3, 0.25), Duration::from_secs(1));
    }

    #[test]
    fn a_bad_draw_stays_within_the_ceiling() {
        assert_eq!(part(CAP, f64::NAN), CAP);
        assert_eq!(part(CAP, -1.0), Duration::ZERO);
        assert_eq!(part(CAP, f64::INFINITY), CAP);
        assert_eq!(part(Duration::MAX, 1.0), Duration::MAX);
    }
}
