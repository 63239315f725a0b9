use std::sync::Arc;

use ultra_core::record::{Object, Timing};
use ultra_provider::Call;
use ultra_provider::dispatch::{Finished, Ticket};

use super::Bill;
use crate::testing::says;

fn done(total_ms: Option<u64>) -> Finished {
    let call = Call {
        request_id: "r".into(),
        target: "exec:a".into(),
        sample: 0,
        messages: std::iter::empty().collect(),
        params: None,
        output_schema: None,
    };
    let timing = total_ms.map(|total_ms| Timing {
        queue_ms: 0,
        first_token_ms: None,
        total_ms,
        extra: Object::default(),
    });
    Finished {
        ticket: Ticket(0),
        call: Arc::new(call),
        result: Ok(says("yes")),
        attempts: 1,
        possibly_paid: 0,
        wasted: Vec::new(),
        unreached: 0,
        timing,
    }
}

#[test]
fn calls_side_by_side_take_as_long_as_the_longest_and_rounds_add_up() {
    let mut bill = Bill::default();
    for total in [300, 900, 200] {
        bill.hear(0, &done(Some(total)));
    }
    assert_eq!(bill.latency_ms, Some(900));
    bill.hear(bill.now(), &done(Some(50)));
    assert_eq!(bill.latency_ms, Some(950));
}

#[test]
fn a_call_that_is_made_again_follows_its_own_and_not_the_others() {
    let mut bill = Bill::default();
    let end = bill.hear(0, &done(Some(100)));
    bill.hear(0, &done(Some(900)));
    bill.hear(end, &done(Some(300)));
    assert_eq!((end, bill.latency_ms), (100, Some(900)));
}

#[test]
fn simulated_time_is_no_time() {
    let mut bill = Bill::default();
    assert_eq!((bill.hear(0, &done(None)), bill.latency_ms), (0, None));
}
