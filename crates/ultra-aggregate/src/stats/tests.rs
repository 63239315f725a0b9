use proptest::prelude::*;

use super::{Bootstrap, Draws, bootstrap, deviation, mean, quantile};

fn average(values: &[f64]) -> f64 {
    mean(values).expect("has values")
}

#[test]
fn the_draws_are_those_of_the_published_generator() {
    let mut draws = Draws::new(1_234_567);
    let first: Vec<u64> = (0..3).map(|_| draws.bits()).collect();
    assert_eq!(first, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
}

#[test]
fn quantiles_lie_between_values() {
    let values = [4.0, 1.0, 3.0, 2.0];
    for (share, wanted) in [(0.0, 1.0), (0.5, 2.5), (1.0, 4.0), (0.25, 1.75), (7.0, 4.0)] {
        assert!((quantile(&values, share).expect("has values") - wanted).abs() < 1e-12);
    }
    assert_eq!((quantile(&[], 0.5), mean(&[]), deviation(&[1.0])), (None, None, None));
    assert!((deviation(&[1.0, 3.0]).expect("has values") - 2.0_f64.sqrt()).abs() < 1e-12);
}

#[test]
fn an_interval_is_that_of_theory_for_a_large_sample() {
    // 1,000 answers, 700 right: the standard error is sqrt(.7 × .3 / 1000).
    let right: Vec<f64> = (0..1000).map(|at| f64::from(u8::from(at % 10 < 7))).collect();
    let found = bootstrap(&right, average, &Bootstrap { resamples: 2000, ..Bootstrap::default() })
        .expect("has values");
    let error = (0.7_f64 * 0.3 / 1000.0).sqrt();
    assert!((found.estimate - 0.7).abs() < 1e-12 && (found.error - error).abs() < 0.05 * error);
    assert!(
        (found.low - (0.7 - 1.96 * error)).abs() < 0.1 * error
            && (found.high - (0.7 + 1.96 * error)).abs() < 0.1 * error
    );
}

#[test]
fn intervals_cover_the_truth_as_often_as_they_say() {
    let how = Bootstrap { resamples: 200, level: 0.9, seed: 1 };
    let mut draws = Draws::new(9);
    let covered = (0..500).filter(|_| {
        let sample: Vec<f64> = (0..60).map(|_| draws.unit()).collect();
        let found = bootstrap(&sample, average, &how).expect("has values");
        (found.low..=found.high).contains(&0.5)
    });
    let covered = covered.count();
    assert!((430..=470).contains(&covered), "{covered}");
}

#[test]
fn a_seed_gives_one_interval() {
    let sample = [1.0, 5.0, 2.0, 8.0];
    let with = |seed| bootstrap(&sample, average, &Bootstrap { seed, resamples: 50, level: 0.5 });
    assert_eq!(with(1), with(1));
    assert_ne!(with(1), with(2));
    assert_eq!(bootstrap(&[], average, &Bootstrap::default()), None);
}

proptest! {
    #[test]
    fn an_interval_holds_between_least_and_greatest(sample in proptest::collection::vec(-5.0..5.0_f64, 1..9), seed: u64) {
        let found = bootstrap(&sample, average, &Bootstrap { resamples: 20, level: 0.9, seed }).expect("has values");
        let (least, greatest) = (sample.iter().copied().fold(f64::INFINITY, f64::min), sample.iter().copied().fold(f64::NEG_INFINITY, f64::max));
        prop_assert!(least - 1e-12 <= found.low && found.low <= found.high && found.high <= greatest + 1e-12);
    }
}
