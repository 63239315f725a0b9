//! Two clocks.

use std::fs;
use std::time::Duration;

use ultra_pace::Shared;

use super::super::record::{DAY, Header, Record};
use super::{LANE, Moment, get, home, host, paused, second, set};

#[test]
fn runs_that_began_at_different_times_mean_the_same_moment() {
    let dir = home();
    let (mut early, mut late) = (host(&dir), host(&dir));
    let shared = Shared { cut: Duration::from_secs(11), ..paused(35) };
    set(&mut early, second(12), LANE, shared);
    // Twenty seconds younger: what was before it began is never.
    let now = Moment { run: Duration::from_secs(1), boot: Duration::from_secs(1021) };
    let expected = Shared { cut: Duration::ZERO, ..paused(15) };
    assert_eq!(get(&mut late, now, LANE), Some(expected));
    assert!(set(&mut late, now, LANE, expected));
    assert!(!early.changed(), "never is no other value than a moment before the run");
}

#[test]
fn never_is_never_on_all_clocks() {
    let dir = home();
    let (mut early, mut late) = (host(&dir), host(&dir));
    let now = Moment { run: Duration::from_secs(1), boot: Duration::from_secs(1021) };
    set(&mut late, now, LANE, Shared { rate: Some(2.0), ..Shared::default() });
    let found = get(&mut early, second(21), LANE).expect("is known");
    assert_eq!(found, Shared { rate: Some(2.0), ..Shared::default() });
}

#[test]
fn clocks_that_are_read_one_after_the_other_change_no_value() {
    let dir = home();
    let (mut one, mut other) = (host(&dir), host(&dir));
    set(&mut one, second(1), LANE, paused(9));
    get(&mut other, second(1), LANE);
    let late = Moment { boot: second(2).boot + Duration::from_nanos(400), ..second(2) };
    assert_eq!(get(&mut one, late, LANE), Some(paused(9)));
    set(&mut one, late, LANE, paused(9));
    assert!(!other.changed());
}

#[test]
fn a_host_that_slept_has_waited() {
    let dir = home();
    let mut host = host(&dir);
    set(&mut host, second(1), LANE, paused(9));
    let after = Moment { boot: second(2).boot + Duration::from_secs(3), ..second(2) };
    assert_eq!(get(&mut host, after, LANE), Some(paused(6)));
}

#[test]
fn times_that_cannot_be_true_are_not_believed() {
    let dir = home();
    let path = dir.path().join("limits");
    set(&mut host(&dir), second(1), LANE, paused(9));
    let header = fs::read(&path).expect("reads")[..Header::BYTES].to_vec();
    let now = second(2).boot;
    let good = Record { lane: LANE.0, touched: now, shared: paused(1009) };
    let changed = |change: fn(&mut Record)| {
        let mut record = good;
        change(&mut record);
        record
    };
    let records = [
        changed(|record| record.touched += Duration::from_secs(9)),
        changed(|record| record.shared.gate += DAY),
        changed(|record| record.shared.next_request = Duration::MAX),
        changed(|record| record.shared.next_tokens += 2 * DAY),
        changed(|record| record.shared.broken_until += 2 * DAY),
        changed(|record| record.shared.cut = record.touched + Duration::from_secs(9)),
        changed(|record| record.shared.rate = Some(f64::NAN)),
        changed(|record| record.shared.rate = Some(-1.0)),
    ];
    let read = |record: Record| {
        fs::write(&path, [header.as_slice(), &record.bytes()].concat()).expect("writes");
        get(&mut host(&dir), second(2), LANE)
    };
    assert_eq!(read(good), Some(paused(9)));
    for record in records {
        assert_eq!(read(record), None, "{record:?}");
    }
}

#[test]
fn what_is_shared_is_kept_within_what_is_believed() {
    let dir = home();
    let mut host = host(&dir);
    let shared = Shared { gate: Duration::MAX, rate: Some(f64::INFINITY), ..Shared::default() };
    set(&mut host, second(2), LANE, shared);
    let bounded = Shared { gate: second(2).run + DAY, ..Shared::default() };
    assert_eq!(get(&mut host, second(2), LANE), Some(bounded));
}
