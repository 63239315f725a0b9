//! How the rules of a target, the budget and second attempts join in the machine.

use super::*;
use crate::event::{Limit, Limited, Source};

const REFUSED: Outcome =
    Outcome::Failure { class: Class::Free, health: Health::Unreachable, retry_after: None };

impl Bench {
    fn cost(&mut self, call: u64, tokens: u64, micro_usd: u64) -> Vec<String> {
        let (attempt, outcome) = (AttemptId { call: CallId(call), n: 1 }, Outcome::Success);
        self.step(Event::Ended { attempt, outcome, spent: Spent { tokens, micro_usd } })
    }

    fn withdraw(&mut self, call: u64) -> Vec<String> {
        self.step(Event::Withdraw { call: CallId(call) })
    }

    fn first_byte(&mut self, call: u64, n: u32) -> Vec<String> {
        self.step(Event::FirstByte { attempt: AttemptId { call: CallId(call), n } })
    }

    /// A target whose answers take a second, seen by a machine that hedges.
    fn that_hedges() -> Self {
        let mut bench = Bench::new(Config { hedge: true, ..Config::default() });
        bench.warm_up();
        bench
    }

    /// Eight slots, and a breaker that opens at the eighth failure in a row.
    fn that_breaks() -> Self {
        Bench::new(Config { per_target: 8, total: 8, break_after: 4, ..Config::default() })
    }

    /// Forty answers of a second each.
    fn warm_up(&mut self) {
        for call in 1_000..1_040 {
            self.submit(call, 0);
            self.now += s(1);
            self.end(call, 1, Outcome::Success);
        }
    }
}

#[test]
fn a_withdrawn_call_that_waits_ends_at_once() {
    let mut bench = Bench::with_slots(1, 1);
    (1..=2).for_each(|call| _ = bench.submit(call, 0));
    assert_eq!(bench.withdraw(2), ["2 Cancelled"]);
    assert_eq!(bench.withdraw(2), [""; 0]);
    assert_eq!(bench.end(1, 1, FREE), [""; 0]);
    assert_eq!(bench.withdraw(1), ["1 Cancelled"], "asleep");
}

#[test]
fn a_withdrawn_call_in_flight_is_cancelled_once_and_ends_with_its_attempt() {
    let mut bench = Bench::with_slots(3, 3);
    (1..=4).for_each(|call| _ = bench.submit(call, 0));
    assert_eq!(bench.withdraw(1), ["-1.1"]);
    assert_eq!(bench.withdraw(1), [""; 0]);
    assert_eq!(bench.end(1, 1, Outcome::Stopped), ["1 Cancelled", "+4.1"]);
    bench.withdraw(2);
    assert_eq!(bench.end(2, 1, FREE), ["2 Cancelled"], "it is not tried again");
    bench.withdraw(3);
    assert_eq!(bench.step(Event::Abort), ["-4.1"], "call 3 was told before");
    assert_eq!(bench.end(3, 1, Outcome::Success), ["3 Succeeded"], "the answer came first");
}

#[test]
fn a_budget_of_calls_is_never_overshot() {
    let mut bench = Bench::new(Config { max_calls: Some(2), per_target: 9, ..Config::default() });
    assert_eq!(bench.submit(1, 0), ["+1.1"]);
    assert_eq!(bench.submit(2, 0), ["+2.1"]);
    assert_eq!(bench.submit(3, 0), ["3 Budget(Calls)"]);
    assert_eq!(bench.notes, [Note::BudgetSpent(Limited::Calls)]);
    assert_eq!(bench.end(1, 1, FREE), ["1 Budget(Calls)"], "a repetition is a call as well");
    assert_eq!(bench.notes, [], "it is told once");
    assert_eq!(bench.end(2, 1, Outcome::Success), ["2 Succeeded"]);
    let counts = bench.machine.counts();
    assert_eq!((counts.attempts, counts.skipped, counts.failed), (2, 2, 2));
}

#[test]
fn budgets_of_tokens_and_dollars_end_what_waits_and_let_what_runs_end() {
    let config = |tokens, usd| Config {
        max_tokens: Some(tokens),
        max_micro_usd: Some(usd),
        per_target: 2,
        ..Config::default()
    };
    for (config, limited) in [(config(100, 9_999), "Tokens"), (config(9_999, 100), "Usd")] {
        let mut bench = Bench::new(config);
        (1..=4).for_each(|call| _ = bench.submit(call, 0));
        assert_eq!(bench.cost(1, 99, 99), ["1 Succeeded", "+3.1"]);
        assert_eq!(bench.cost(2, 1, 1), ["2 Succeeded".to_owned(), format!("4 Budget({limited})")]);
        assert_eq!(bench.cost(3, 500, 500), ["3 Succeeded"]);
    }
}

#[test]
fn the_run_ends_at_its_deadline() {
    let mut bench = Bench::new(Config { run_deadline: Some(s(100)), per_target: 1, ..Config::default() });
    (1..=2).for_each(|call| _ = bench.submit(call, 0));
    bench.submit_for(3, s(50));
    assert_eq!(bench.at(s(50)), ["3 Deadline"], "its own came first");
    assert_eq!(bench.at(s(100)), ["2 RunDeadline"]);
    assert_eq!(bench.submit(4, 0), ["4 RunDeadline"]);
    assert_eq!(bench.end(1, 1, FREE), ["1 RunDeadline"]);
    assert_eq!(bench.machine.counts().skipped, 3);
}

#[test]
fn no_attempt_gets_more_time_than_the_run_has() {
    let mut bench = Bench::new(Config { run_deadline: Some(s(100)), ..Config::default() });
    let mut actions = Vec::new();
    let submit = Event::Submit { call: CallId(1), target: TargetId(0), deadline: None, tokens: 0 };
    bench.machine.step(s(70), submit, &mut actions);
    assert!(matches!(actions[..], [Action::Launch { timeout, .. }] if timeout == s(30)));
}

#[test]
fn a_run_of_outages_holds_the_calls_and_charges_nobody() {
    let mut bench = Bench::that_breaks();
    (1..=9).for_each(|call| _ = bench.submit(call, 0));
    let mut last = Vec::new();
    for call in 1..=8 {
        last = bench.end(call, 1, REFUSED);
    }
    assert_eq!(last, [""; 0], "no slot is filled");
    assert!(matches!(bench.notes[..], [Note::Broken { failures: 8, for_ }] if for_ == s(5)));
    bench.at(s(4));
    assert_eq!(bench.machine.in_flight(), 1, "call 9, which took the slot of call 1");
    bench.end(9, 1, REFUSED);
    let mut now = s(5);
    for n in 2..30 {
        let probe = bench.at(now);
        assert_eq!(probe.len(), 1, "one probe at {now:?}");
        let call = probe[0].trim_start_matches('+').split('.').next().unwrap().parse().unwrap();
        assert_eq!(bench.end(call, if call == 1 { n } else { 1 }, REFUSED), [""; 0]);
        now += s(60);
    }
}

#[test]
fn probes_take_turns_among_the_calls_that_may_have_cost_least() {
    let mut bench = Bench::that_breaks();
    (1..=8).for_each(|call| _ = bench.submit(call, 0));
    (1..=8).for_each(|call| _ = bench.end(call, 1, UNSURE));
    let mut probed = Vec::new();
    for i in 1..=8 {
        let probe = bench.at(s(60 * i));
        assert_eq!(probe.len(), 1);
        let call = probe[0].trim_start_matches('+').trim_end_matches(".2").parse().unwrap();
        bench.end(call, 2, UNSURE);
        probed.push(call);
    }
    assert_eq!(probed, [1, 2, 3, 4, 5, 6, 7, 8]);
}

#[test]
fn one_answer_ends_the_outage() {
    let mut bench = Bench::that_breaks();
    (1..=8).for_each(|call| _ = bench.submit(call, 0));
    (1..=8).for_each(|call| _ = bench.end(call, 1, FREE));
    assert_eq!(bench.at(s(5)), ["+1.2"]);
    bench.now = s(6);
    assert_eq!(bench.end(1, 2, Outcome::Success).len(), 5, "its end, and four of the others start");
    assert!(bench.notes.contains(&Note::Mended));
}

#[test]
fn a_target_that_cannot_be_reached_has_fewer_attempts_in_flight() {
    let mut bench = Bench::with_slots(8, 8);
    (1..=16).for_each(|call| _ = bench.submit(call, 0));
    (1..=3).for_each(|call| _ = bench.end(call, 1, REFUSED));
    assert_eq!(bench.end(4, 1, REFUSED), [""; 0]);
    assert_eq!(bench.notes, [Note::Lowered { to: 4 }]);
    assert_eq!(bench.machine.in_flight(), 7);
    (5..=8).for_each(|call| _ = bench.end(call, 1, Outcome::Success));
    assert_eq!(bench.machine.in_flight(), 8, "each success gave one back");
    assert_eq!(bench.notes, [Note::Raised { to: 8 }]);
}

#[test]
fn a_known_limit_spaces_launches() {
    let mut bench = Bench::new(Config::default());
    let limit = Limit { requests_per_s: Some(2.0 / 0.95), tokens_per_s: None, source: Source::User };
    bench.step(Event::Limit { target: TargetId(0), limit });
    bench.now = s(1);
    assert_eq!(bench.submit(1, 0), ["+1.1"]);
    assert_eq!(bench.submit(2, 0), [""; 0]);
    assert_eq!(bench.submit(3, 1), ["+3.1"], "another target is not concerned");
    assert_eq!(bench.machine.wake(), Some(ms(1_450)), "half a second, less the slack");
    assert_eq!(bench.at(ms(1_450)), ["+2.1"]);
}

#[test]
fn a_limit_that_is_lifted_lets_the_next_call_go_at_once() {
    let mut bench = Bench::new(Config::default());
    let limit = |per_s| Limit { requests_per_s: per_s, tokens_per_s: None, source: Source::Server };
    bench.step(Event::Limit { target: TargetId(0), limit: limit(Some(0.01)) });
    (1..=2).for_each(|call| _ = bench.submit(call, 0));
    assert_eq!(bench.step(Event::Limit { target: TargetId(0), limit: limit(None) }), ["+2.1"]);
}

#[test]
fn a_call_that_is_late_gets_one_second_attempt_and_the_first_answer_wins() {
    let mut bench = Bench::that_hedges();
    bench.submit(1, 0);
    bench.now += s(1);
    assert_eq!(bench.at(bench.now), ["+1.2"]);
    assert_eq!(bench.machine.in_flight(), 2);
    assert_eq!(bench.at(bench.now + s(9)), [""; 0], "one, not more");
    assert_eq!(bench.end(1, 2, Outcome::Success), ["-1.1", "1 Succeeded"]);
    assert_eq!((bench.machine.load(), bench.machine.in_flight()), (0, 1), "the loser still holds its slot");
    assert_eq!(bench.submit(1, 0), [""; 0], "its name is still taken");
    assert_eq!(bench.end(1, 1, Outcome::Stopped), [""; 0]);
    let counts = bench.machine.counts();
    assert_eq!((counts.hedges, counts.hedges_won, counts.possibly_paid), (1, 1, 1));
    assert_eq!(bench.machine.in_flight(), 0);
}

#[test]
fn a_call_whose_time_is_over_gets_no_second_attempt() {
    let mut bench = Bench::that_hedges();
    bench.submit_for(1, ms(900));
    assert_eq!(bench.at(bench.now + s(1)), [""; 0]);
}

#[test]
fn a_call_whose_answer_began_is_not_late() {
    let mut bench = Bench::that_hedges();
    bench.submit(1, 0);
    bench.now += ms(500);
    bench.first_byte(1, 1);
    assert_eq!(bench.at(bench.now + s(99)), [""; 0]);
}

#[test]
fn a_failure_beside_an_attempt_that_runs_decides_nothing() {
    let mut bench = Bench::that_hedges();
    bench.submit(1, 0);
    bench.at(bench.now + s(1));
    assert_eq!(bench.end(1, 1, UNSURE), [""; 0]);
    assert_eq!(bench.end(1, 2, FREE), [""; 0], "now it sleeps");
    assert_eq!(bench.at(bench.now + s(1)), ["+1.3"]);
    assert_eq!(bench.end(1, 3, Outcome::Success), ["1 Succeeded"]);
    let counts = bench.machine.counts();
    assert_eq!((counts.hedges, counts.hedges_won, counts.possibly_paid), (1, 0, 1));
}

#[test]
fn the_last_attempt_that_a_record_may_pay_for_is_the_last_although_the_second_beside_it_was_free() {
    let mut bench = Bench::new(Config { hedge: true, unsure_attempts: 1, ..Config::default() });
    bench.warm_up();
    bench.submit(1, 0);
    assert_eq!(bench.at(bench.now + s(1)), ["+1.2"]);
    assert_eq!(bench.end(1, 1, UNSURE), [""; 0], "the second attempt may still have the answer");
    assert_eq!(bench.end(1, 2, FREE), ["1 Exhausted(Free)"]);
}

#[test]
fn a_call_waits_as_long_as_either_of_its_attempts_was_told() {
    for (first, second) in [(FREE, told(s(20))), (told(s(20)), FREE), (told(s(20)), told(s(1)))] {
        let mut bench = Bench::that_hedges();
        bench.submit(1, 0);
        assert_eq!(bench.at(bench.now + s(1)), ["+1.2"]);
        let end = bench.now + s(20);
        assert_eq!(bench.end(1, 1, first), [""; 0]);
        assert_eq!(bench.end(1, 2, second), [""; 0]);
        assert_eq!(bench.at(end.saturating_sub(ms(1))), [""; 0]);
        assert_eq!(bench.at(end + s(1)), ["+1.3"]);
    }
}

#[test]
fn a_call_whose_second_attempt_was_told_to_wait_beyond_its_deadline_ends() {
    let mut bench = Bench::that_hedges();
    bench.submit_for(1, s(60));
    bench.at(bench.now + s(1));
    assert_eq!(bench.end(1, 2, told(s(60))), [""; 0], "the first may still have the answer");
    assert_eq!(bench.end(1, 1, FREE), ["1 RetryAfter { wait: 60s }"]);
}

#[test]
fn both_attempts_of_a_withdrawn_call_are_cancelled_and_it_ends_with_the_last() {
    let mut bench = Bench::that_hedges();
    bench.submit(1, 0);
    bench.at(bench.now + s(1));
    assert_eq!(bench.withdraw(1), ["-1.1", "-1.2"]);
    assert_eq!(bench.end(1, 1, Outcome::Stopped), [""; 0]);
    assert_eq!(bench.end(1, 2, Outcome::Stopped), ["1 Cancelled"]);
}

#[test]
fn a_loser_that_was_cancelled_before_is_not_cancelled_again() {
    let mut bench = Bench::that_hedges();
    bench.submit(1, 0);
    bench.at(bench.now + s(1));
    bench.withdraw(1);
    assert_eq!(bench.end(1, 2, Outcome::Success), ["1 Succeeded"], "the answer came first");
    assert_eq!(bench.end(1, 1, Outcome::Stopped), [""; 0]);
}

#[test]
fn nothing_is_hedged_at_a_target_that_is_paced_or_has_no_slot() {
    let mut bench = Bench::that_hedges();
    let limit = Limit { requests_per_s: Some(100.0), tokens_per_s: None, source: Source::User };
    bench.step(Event::Limit { target: TargetId(0), limit });
    bench.submit(1, 0);
    assert_eq!(bench.at(bench.now + s(9)), [""; 0]);
    let mut bench = Bench::that_hedges();
    (1..=32).for_each(|call| _ = bench.submit(call, 0));
    assert_eq!(bench.at(bench.now + s(9)), [""; 0]);
}

#[test]
fn a_scattered_refusal_holds_back_its_own_call_only() {
    let mut bench = Bench::new(Config::default());
    for call in 1_000..1_020 {
        bench.submit(call, 0);
        bench.end(call, 1, Outcome::Success);
    }
    bench.submit(1, 0);
    assert_eq!(bench.end(1, 1, told(s(9))), [""; 0]);
    assert_eq!(bench.submit(2, 0), ["+2.1"]);
    assert_eq!(bench.end(2, 1, told(s(9))), [""; 0], "a second one closes the gate");
    assert_eq!(bench.submit(3, 0), [""; 0]);
}

#[test]
fn a_gate_opens_early_when_a_later_attempt_succeeds() {
    let mut bench = Bench::with_slots(2, 2);
    (1..=3).for_each(|call| _ = bench.submit(call, 0));
    assert_eq!(bench.end(1, 1, told(s(20))), [""; 0]);
    assert_eq!(bench.end(2, 1, Outcome::Success), ["2 Succeeded", "+3.1"]);
    assert_eq!(bench.notes, [Note::Opened]);
    assert_eq!(bench.at(ms(19_999)), [""; 0]);
    assert_eq!(bench.at(s(20)), ["+1.2"], "the refused call waits as long as it was told");
}

#[test]
fn a_pause_beyond_all_deadlines_is_not_believed_while_an_attempt_may_disprove_it() {
    let mut bench = Bench::with_slots(2, 2);
    (1..=3).for_each(|call| _ = bench.submit(call, 0));
    assert_eq!(bench.end(1, 1, told(s(99_999))), ["1 RetryAfter { wait: 99999s }"]);
    assert_eq!(bench.submit(4, 0), [""; 0], "call 2 may still be answered");
    let vain = [3, 4, 2].map(|call| format!("{call} RetryAfter {{ wait: 99999s }}"));
    assert_eq!(bench.end(2, 1, FREE), vain);
}

#[test]
fn a_pause_that_another_process_was_told_is_kept_here() {
    let mut bench = Bench::with_slots(1, 1);
    bench.submit(1, 0);
    bench.submit(2, 0);
    let gate = s(20);
    bench.machine.adopt(TargetId(0), Shared { gate, ..bench.machine.share(TargetId(0)) });
    assert_eq!(bench.machine.wake(), Some(s(0)), "a step is due");
    assert_eq!(bench.at(s(0)), [""; 0]);
    assert_eq!(bench.end(1, 1, FREE), [""; 0]);
    assert_eq!(bench.at(ms(19_999)), [""; 0]);
    assert_eq!(bench.at(s(20)), ["+1.2"]);
}

#[test]
fn a_probe_of_one_process_keeps_the_others_from_probing() {
    let (mut here, mut there) = (Bench::that_breaks(), Bench::that_breaks());
    (1..=8).for_each(|call| _ = here.submit(call, 0));
    (1..=8).for_each(|call| _ = here.end(call, 1, REFUSED));
    there.machine.adopt(TargetId(0), here.machine.share(TargetId(0)));
    assert_eq!(there.submit(1, 0), [""; 0], "it is down for all");
    assert_eq!(here.at(s(5)), ["+1.2"]);
    there.machine.adopt(TargetId(0), here.machine.share(TargetId(0)));
    assert_eq!(there.at(s(14)), [""; 0]);
    here.now = s(14);
    here.end(1, 2, Outcome::Success);
    there.machine.adopt(TargetId(0), here.machine.share(TargetId(0)));
    assert_eq!(there.at(s(14)), ["+1.1"], "it is well for all");
}

#[test]
fn what_is_shared_and_adopted_unchanged_changes_nothing() {
    let mut bench = Bench::with_slots(1, 1);
    bench.submit(1, 0);
    let wake = bench.machine.wake();
    bench.machine.adopt(TargetId(0), bench.machine.share(TargetId(0)));
    bench.machine.adopt(TargetId(7), bench.machine.share(TargetId(7)));
    assert_eq!(bench.machine.wake(), wake);
}
