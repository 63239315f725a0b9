use ultra_core::config::Price;
use ultra_core::record::{Object, Usage};

use super::{Till, cost, spent, sum};

const PRICE: Price = Price { input: 0.15, cached: 0.075, output: 0.6, date: None };

fn usage(input_tokens: u64, cached: Option<u64>, output_tokens: u64) -> Usage {
    Usage {
        input_tokens,
        output_tokens,
        cached_input_tokens: cached,
        reasoning_tokens: None,
        extra: Object::default(),
    }
}

fn is(left: f64, right: f64) {
    assert!(left.to_bits() == right.to_bits(), "{left} is not {right}");
}

#[test]
fn a_sum_of_decimal_costs_is_a_decimal() {
    assert_eq!((0.1_f64 + 0.2).to_string(), "0.30000000000000004");
    assert_eq!(sum(0.1, 0.2).to_string(), "0.3");
    assert_eq!((1..=99).fold(0.0, |all, _| sum(all, 0.000_003)).to_string(), "0.000297");
    assert_eq!(sum(1e9, 0.5).to_string(), "1000000000.5");
}

#[test]
fn cost_is_exact_in_decimals() {
    is(cost(&PRICE, &usage(7, None, 0)), 0.000_001_05);
    is(cost(&PRICE, &usage(1_000_000, None, 1_000_000)), 0.75);
    is(cost(&PRICE, &usage(1_234, None, 567)), 0.000_525_3);
    is(cost(&PRICE, &usage(0, None, 0)), 0.0);
    is(cost(&Price::FREE, &usage(u64::MAX, Some(3), u64::MAX)), 0.0);
}

#[test]
fn cached_tokens_have_their_own_price_and_are_part_of_the_prompt() {
    is(cost(&PRICE, &usage(1000, Some(400), 10)), 0.000_126);
    is(cost(&PRICE, &usage(10, Some(400), 0)), 0.000_000_75);
}

#[test]
fn reasoning_is_not_paid_twice() {
    let mut usage = usage(0, None, 100);
    usage.reasoning_tokens = Some(90);
    is(cost(&PRICE, &usage), 0.000_06);
}

#[test]
fn what_the_provider_says_comes_before_the_price() {
    let tokens = usage(1_000_000, None, 0);
    assert_eq!(spent(Some(&tokens), Some(0.5), Some(&PRICE)), Some(0.5));
    assert_eq!(spent(Some(&tokens), None, Some(&PRICE)), Some(0.15));
    assert_eq!(spent(Some(&tokens), Some(f64::NAN), Some(&PRICE)), Some(0.15));
    assert_eq!(spent(None, Some(-1.0), Some(&PRICE)), None);
    assert_eq!(spent(Some(&tokens), None, None), None);
}

#[test]
fn a_till_loses_no_fractions() {
    let mut till = Till::default();
    let whole: u64 = (0..1000).map(|_| till.add(0.000_000_4)).sum();
    assert_eq!(whole, 400);
    is(till.usd(), 0.0004);
    assert_eq!(till.add(1.25), 1_250_000);
    assert_eq!([f64::NAN, f64::INFINITY, -1.0].map(|usd| till.add(usd)), [0; 3]);
    assert_eq!(Till::default().add(1e30), u64::MAX);
}
