use super::*;

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn limit(source: Source, requests_per_s: f64) -> Limit {
    Limit { requests_per_s: Some(requests_per_s), tokens_per_s: None, source }
}

/// A pace that was lowered from `rate` at ten seconds, after launch 100.
fn lowered(rate: f64) -> Pace {
    let mut pace = Pace::default();
    pace.limit(limit(Source::User, rate / USED));
    (0..100).for_each(|_| pace.pass(s(1), 0));
    assert!(matches!(pace.refused(s(10), 100, 100), Change::Paced(_)));
    pace
}

fn rate(pace: &Pace) -> f64 {
    pace.rate.unwrap_or(f64::INFINITY)
}

#[test]
fn an_unknown_target_is_not_paced() {
    let mut pace = Pace::default();
    (0..1_000).for_each(|_| pace.pass(s(0), 5_000));
    assert_eq!(pace.opens(), s(0));
    assert!(!pace.is_kept());
}

#[test]
fn ninety_five_percent_of_a_known_limit_are_sent() {
    let mut pace = Pace::default();
    pace.limit(limit(Source::Server, 10.0));
    let mut now = s(0);
    let mut launches = 0;
    while now < s(100) {
        pace.pass(now, 0);
        launches += 1;
        now = pace.opens();
    }
    assert_eq!(launches, 950);
}

#[test]
fn the_word_of_the_user_counts_more_than_that_of_the_server() {
    let mut pace = Pace::default();
    pace.limit(limit(Source::User, 10.0));
    pace.limit(limit(Source::Server, 2.0));
    assert!((rate(&pace) - 9.5).abs() < 1e-9);
    pace.limit(Limit { requests_per_s: None, tokens_per_s: None, source: Source::User });
    assert!((rate(&pace) - 1.9).abs() < 1e-9);
}

#[test]
fn what_is_no_positive_number_is_no_limit() {
    let mut pace = Pace::default();
    for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        pace.limit(limit(Source::User, bad));
        assert!(!pace.is_kept());
    }
}

#[test]
fn tokens_are_charged_as_expected_and_settled_when_known() {
    let mut pace = Pace::default();
    let tokens_per_s = Some(1_000.0 / USED);
    pace.limit(Limit { requests_per_s: None, tokens_per_s, source: Source::User });
    pace.pass(s(10), 5_000);
    assert_eq!(pace.opens(), s(14), "five seconds' worth, of which one is slack");
    pace.settle(5_000, 2_000);
    assert_eq!(pace.opens(), s(11));
    pace.settle(0, 500);
    assert_eq!(pace.opens(), ms(11_500));
}

#[test]
fn a_run_of_refusals_begins_the_pacing_at_what_was_accepted() {
    let mut pace = Pace::default();
    (0..32).for_each(|_| pace.pass(s(0), 0));
    let changes: Vec<Change> = (5..=32).map(|launch| pace.refused(ms(50), launch, 32)).collect();
    assert_eq!(changes.iter().filter(|change| **change != Change::None).count(), 1);
    assert!(matches!(changes[5], Change::Paced(_)), "at the sixth");
    assert!((rate(&pace) - 0.7 * 4.0).abs() < 1e-9, "four were accepted: {}", rate(&pace));
    assert_eq!(pace.opens(), ms(1_050));
}

#[test]
fn successes_between_refusals_keep_the_pacing_off() {
    let mut pace = Pace::default();
    for launch in 0..1_000 {
        pace.pass(s(launch), 0);
        match launch % 6 {
            0 => assert_eq!(pace.refused(s(launch), launch, launch), Change::None),
            _ => assert_eq!(pace.succeeded(s(launch), launch), None),
        }
    }
    assert!(!pace.is_kept());
}

#[test]
fn a_refusal_lowers_the_rate_once_for_all_that_was_launched_before() {
    let mut pace = lowered(10.0);
    for launch in 1..=100 {
        assert_eq!(pace.refused(s(20), launch, 110), Change::None);
    }
    assert_eq!(pace.refused(s(20), 101, 110), Change::Paced(10.0 * CUT * CUT));
}

#[test]
fn the_rate_is_lowered_at_most_once_a_second() {
    let mut pace = lowered(10.0);
    pace.succeeded(s(10), 101);
    assert_eq!(pace.refused(ms(10_999), 102, 103), Change::None);
    assert_eq!(pace.refused(ms(11_000), 103, 103), Change::Paced(10.0 * CUT * CUT));
}

#[test]
fn the_rate_does_not_fall_below_its_least() {
    let mut pace = lowered(10.0);
    for i in 0..40 {
        let launch = 101 + 3 * i;
        pace.succeeded(s(100 + 20 * i), launch);
        (1..3).for_each(|n| _ = pace.refused(s(100 + 20 * i), launch + n, launch + n));
    }
    assert!((rate(&pace) - LEAST).abs() < 1e-9);
    let slow = lowered(0.1);
    assert!((rate(&slow) - 0.1).abs() < 1e-9, "a limit below it is kept");
}

#[test]
fn refusals_that_go_on_are_answered_by_longer_and_longer_pauses() {
    let mut pace = lowered(10.0);
    let mut now = s(100);
    let mut pauses = Vec::new();
    for launch in 101..108 {
        pace.pass(now, 0);
        pace.refused(now, launch, launch);
        pauses.push((pace.opens().saturating_sub(now)).as_secs());
        now = pace.opens().max(now + s(1));
    }
    assert_eq!(pauses, [1, 2, 4, 8, 16, 16, 16]);
    assert!((rate(&pace) - 7.0).abs() < 1e-9, "the rate stays");
}

#[test]
fn after_pauses_the_rate_is_what_was_accepted_meanwhile() {
    let mut pace = Pace::default();
    (0..92).for_each(|_| pace.pass(s(0), 0));
    (61..=92).for_each(|launch| _ = pace.refused(s(0), launch, 92));
    let mut now = s(1);
    for launch in 93..98 {
        pace.pass(now, 0);
        pace.refused(now, launch, launch);
        now = pace.opens();
    }
    pace.pass(s(60), 0);
    let found = pace.succeeded(s(60), 98).expect("it is told");
    assert!((found - 61.0 / 60.0).abs() < 1e-6, "60 calls in the first minute, and this one: {found}");
}

#[test]
fn successes_raise_the_rate_only_while_calls_wait() {
    let mut pace = lowered(10.0);
    pace.succeeded(s(10), 101);
    assert!((rate(&pace) - 7.0).abs() < 1e-9);
    pace.hold();
    pace.succeeded(s(10), 102);
    assert!((rate(&pace) - 7.01).abs() < 1e-9);
    pace.succeeded(s(50), 103);
    assert!((rate(&pace) - 7.03).abs() < 1e-9, "twice as much after 40 s");
}

#[test]
fn the_rate_grows_back_to_the_known_limit_and_no_further() {
    let mut pace = lowered(10.0);
    for i in 0..10_000 {
        pace.hold();
        pace.succeeded(s(10 + i / 8), 101 + i);
    }
    assert!((rate(&pace) - 10.0).abs() < 1e-9);
}

#[test]
fn what_another_process_found_out_is_taken_over() {
    let mut pace = Pace::default();
    pace.adopt((s(20), s(30)), Some(4.0), s(9), 7);
    assert_eq!((pace.opens(), rate(&pace)), (s(20), 4.0));
    assert_eq!(pace.refused(s(15), 7, 9), Change::None, "it was launched before the rate was lowered");
    let mut known = Pace::default();
    known.limit(limit(Source::User, 1.0));
    known.adopt((s(0), s(0)), Some(4.0), s(9), 7);
    assert!((rate(&known) - 0.95).abs() < 1e-9, "but never above what is known here");
    known.adopt((s(0), s(0)), None, s(9), 7);
    assert!((rate(&known) - 0.95).abs() < 1e-9);
}

#[test]
fn two_refusals_in_a_row_are_not_scattered_after_a_minute_without_pacing_either() {
    let mut pace = Pace { blind: s(60), ..Pace::default() };
    (0..40).for_each(|launch| _ = pace.succeeded(s(1), launch));
    (40..50).for_each(|launch| _ = pace.refused(s(59), launch, launch));
    assert!(pace.is_scattered(), "for the minute each waits for itself");
    pace.refused(s(60), 50, 50);
    assert!(!pace.is_scattered());
}

#[test]
fn a_second_long_pause_after_a_burst_begins_the_pacing_at_what_was_taken_in_between() {
    let mut pace = Pace::default();
    (0..10).for_each(|_| pace.pass(s(0), 0));
    assert_eq!(pace.paused(s(1), s(60), 10), None);
    (0..59).for_each(|_| pace.pass(s(60), 0));
    assert_eq!(pace.paused(s(60), s(119), 69), Some(USED));
    assert_eq!(pace.paused(s(61), s(119), 69), None, "it is paced");
}

#[test]
fn a_pause_that_is_short_or_disproved_or_long_ago_speaks_of_no_limit() {
    let mut short = Pace::default();
    assert_eq!([1, 3, 5].map(|at| short.paused(s(at), ms(1_000 * at + 1_999), 1)), [None; 3]);
    let mut disproved = Pace::default();
    disproved.paused(s(1), s(60), 1);
    disproved.opened();
    assert_eq!(disproved.paused(s(60), s(119), 1), None);
    let mut ago = Pace::default();
    ago.paused(s(1), s(60), 1);
    assert_eq!(ago.paused(s(120), s(180), 1), None);
}
