use super::*;
use crate::class::{Class, Health, Outcome};
use crate::event::{Note, Spent};

mod rules;

const FREE: Outcome = Outcome::Failure { class: Class::Free, health: Health::Sick, retry_after: None };
const UNSURE: Outcome = Outcome::Failure { class: Class::Unsure, health: Health::Sick, retry_after: None };
const FATAL: Outcome = Outcome::Failure { class: Class::FatalRecord, health: Health::Up, retry_after: None };
const WRONG_KEY: Outcome =
    Outcome::Failure { class: Class::FatalTarget, health: Health::Up, retry_after: None };

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn told(wait: Duration) -> Outcome {
    Outcome::Failure { class: Class::Throttled, health: Health::Up, retry_after: Some(wait) }
}

/// A machine whose jitter is always half of the range.
struct Bench {
    machine: Machine<fn(Draw) -> f64>,
    now: Duration,
    notes: Vec<Note>,
}

impl Bench {
    fn new(config: Config) -> Self {
        Bench { machine: Machine::new(config, |_| 0.5), now: Duration::ZERO, notes: Vec::new() }
    }

    /// Slots at one target and in all.
    fn with_slots(per_target: usize, total: usize) -> Self {
        Bench::new(Config { per_target, total, ..Config::default() })
    }

    fn step(&mut self, event: Event) -> Vec<String> {
        let mut actions = Vec::new();
        self.machine.step(self.now, event, &mut actions);
        self.notes = actions
            .iter()
            .filter_map(|action| match action {
                Action::Note { note, .. } => Some(*note),
                _ => None,
            })
            .collect();
        actions.into_iter().filter_map(show).collect()
    }

    fn submit(&mut self, call: u64, target: usize) -> Vec<String> {
        self.step(Event::Submit { call: CallId(call), target: TargetId(target), deadline: None, tokens: 0 })
    }

    fn submit_for(&mut self, call: u64, allowed: Duration) -> Vec<String> {
        self.step(Event::Submit {
            call: CallId(call),
            target: TargetId(0),
            deadline: Some(allowed),
            tokens: 0,
        })
    }

    fn end(&mut self, call: u64, n: u32, outcome: Outcome) -> Vec<String> {
        self.step(Event::Ended {
            attempt: AttemptId { call: CallId(call), n },
            outcome,
            spent: Spent::default(),
        })
    }

    fn at(&mut self, now: Duration) -> Vec<String> {
        self.now = now;
        self.step(Event::Tick)
    }
}

/// One action in short: `+1.2` launched, `-1.2` cancelled, `1 Succeeded` finished.
fn show(action: Action) -> Option<String> {
    Some(match action {
        Action::Launch { attempt, .. } => format!("+{attempt}"),
        Action::Cancel { attempt } => format!("-{attempt}"),
        Action::Finish { call, verdict: Verdict::Failed(why), .. } => format!("{} {why:?}", call.0),
        Action::Finish { call, verdict, .. } => format!("{} {verdict:?}", call.0),
        Action::Note { .. } => return None,
    })
}

#[test]
fn a_free_slot_is_used_at_once() {
    let mut bench = Bench::with_slots(2, 2);
    assert_eq!(bench.submit(1, 0), ["+1.1"]);
    assert_eq!(bench.submit(2, 0), ["+2.1"]);
    assert_eq!(bench.submit(3, 0), [""; 0]);
    assert_eq!(bench.end(1, 1, Outcome::Success), ["1 Succeeded", "+3.1"]);
}

#[test]
fn targets_take_turns_when_the_total_binds() {
    let mut bench = Bench::with_slots(9, 1);
    bench.submit(1, 0);
    for (call, target) in [(2, 0), (3, 0), (4, 1), (5, 1), (6, 2)] {
        bench.submit(call, target);
    }
    let mut order = Vec::new();
    let mut running = 1;
    for _ in 0..5 {
        let actions = bench.end(running, 1, Outcome::Success);
        running = actions[1].trim_start_matches('+').trim_end_matches(".1").parse().unwrap();
        order.push(running);
    }
    assert_eq!(order, [2, 4, 6, 3, 5]);
}

#[test]
fn stalled_targets_hold_no_more_than_their_shares() {
    let mut bench = Bench::with_slots(4, 4);
    (0..4).for_each(|target| _ = bench.submit(target as u64, target));
    (10..20).for_each(|call| _ = bench.submit(call, 0));
    assert_eq!(bench.end(3, 1, Outcome::Success), ["3 Succeeded"], "three busy targets: a share is one");
    assert_eq!(bench.submit(30, 3), ["+30.1"], "the slot was kept for whoever comes");
}

#[test]
fn shares_grow_when_a_target_becomes_idle() {
    let mut bench = Bench::with_slots(4, 4);
    (0..3).for_each(|target| _ = bench.submit(target as u64, target));
    (10..20).for_each(|call| _ = bench.submit(call, 0));
    assert_eq!(bench.machine.in_flight(), 3);
    assert_eq!(bench.end(2, 1, Outcome::Success), ["2 Succeeded", "+10.1"]);
    assert_eq!(bench.end(1, 1, Outcome::Success), ["1 Succeeded", "+11.1", "+12.1"]);
}

#[test]
fn a_sleeping_call_holds_no_slot() {
    let mut bench = Bench::with_slots(1, 1);
    bench.submit(1, 0);
    bench.submit(2, 0);
    assert_eq!(bench.end(1, 1, FREE), ["+2.1"]);
    assert_eq!(bench.at(ms(250)), [""; 0], "awake, but now the slot is taken");
    assert_eq!(bench.end(2, 1, Outcome::Success), ["2 Succeeded", "+1.2"]);
}

#[test]
fn an_older_call_goes_before_a_younger_one() {
    let mut bench = Bench::with_slots(1, 1);
    (1..=3).for_each(|call| _ = bench.submit(call, 0));
    assert_eq!(bench.end(1, 1, FREE), ["+2.1"]);
    bench.at(s(1));
    assert_eq!(bench.end(2, 1, Outcome::Success), ["2 Succeeded", "+1.2"]);
}

#[test]
fn sleeps_double_and_the_machine_says_when_they_end() {
    let mut bench = Bench::new(Config::default());
    bench.submit(1, 0);
    for (n, sleep) in [(1, 250), (2, 500), (3, 1_000), (4, 2_000)] {
        assert_eq!(bench.end(1, n, FREE), [""; 0]);
        let wake = bench.now + ms(sleep);
        assert_eq!(bench.machine.wake(), Some(wake));
        assert_eq!(bench.at(wake.saturating_sub(ms(1))), [""; 0]);
        assert_eq!(bench.at(wake), [format!("+1.{}", n + 1)]);
    }
}

#[test]
fn a_sleep_of_no_length_is_over_at_once() {
    let mut bench = Bench::new(Config { base: Duration::ZERO, ..Config::default() });
    bench.submit(1, 0);
    assert_eq!(bench.end(1, 1, FREE), ["+1.2"]);
}

#[test]
fn a_call_ends_when_its_attempts_are_used_up() {
    let mut bench = Bench::new(Config { attempts: 2, ..Config::default() });
    bench.submit(1, 0);
    bench.end(1, 1, FREE);
    bench.at(s(1));
    assert_eq!(bench.end(1, 2, FREE), ["1 Exhausted(Free)"]);
    assert_eq!(bench.machine.load(), 0);
}

#[test]
fn what_may_be_paid_is_counted() {
    let mut bench = Bench::new(Config::default());
    bench.submit(1, 0);
    bench.end(1, 1, UNSURE);
    bench.at(s(1));
    bench.end(1, 2, FREE);
    bench.at(s(2));
    let mut actions = Vec::new();
    let attempt = AttemptId { call: CallId(1), n: 3 };
    bench.machine.step(
        s(3),
        Event::Ended { attempt, outcome: Outcome::Success, spent: Spent::default() },
        &mut actions,
    );
    let finish =
        Action::Finish { call: CallId(1), verdict: Verdict::Succeeded, attempts: 3, possibly_paid: 1 };
    assert_eq!(actions, [finish]);
    let counts = bench.machine.counts();
    assert_eq!((counts.attempts, counts.retries_unsure, counts.retries_free), (3, 1, 1));
    assert_eq!((counts.possibly_paid, counts.retries(), counts.succeeded), (1, 2, 1));
}

#[test]
fn a_fatal_record_fails_alone() {
    let mut bench = Bench::with_slots(1, 1);
    bench.submit(1, 0);
    bench.submit(2, 0);
    assert_eq!(bench.end(1, 1, FATAL), ["1 Fatal(FatalRecord)", "+2.1"]);
}

#[test]
fn a_closed_target_ends_all_that_waits_for_it_with_the_same_reason() {
    let mut bench = Bench::with_slots(2, 9);
    (1..=4).for_each(|call| _ = bench.submit(call, 0));
    bench.submit(5, 1);
    let same = "TargetClosed { by: AttemptId { call: CallId(1), n: 1 } }";
    let expected = [format!("3 {same}"), format!("4 {same}"), "1 Fatal(FatalTarget)".to_owned()];
    assert_eq!(bench.end(1, 1, WRONG_KEY), expected);
    assert_eq!(bench.end(2, 1, FREE), [format!("2 {same}")], "what was in flight is not tried again");
    assert_eq!(bench.submit(6, 0), [format!("6 {same}")], "and what comes later is not sent");
    assert_eq!(bench.end(5, 1, Outcome::Success), ["5 Succeeded"], "other targets go on");
    assert_eq!(bench.machine.closed(TargetId(0)), Some(AttemptId { call: CallId(1), n: 1 }));
}

#[test]
fn an_answer_in_flight_when_its_target_closes_counts() {
    let mut bench = Bench::new(Config::default());
    bench.submit(1, 0);
    bench.submit(2, 0);
    bench.end(1, 1, WRONG_KEY);
    assert_eq!(bench.end(2, 1, Outcome::Success), ["2 Succeeded"]);
}

#[test]
fn retry_after_gates_the_target_and_no_other() {
    let mut bench = Bench::with_slots(1, 9);
    (1..=2).for_each(|call| _ = bench.submit(call, 0));
    assert_eq!(bench.end(1, 1, told(s(20))), [""; 0], "call 2 waits as well");
    assert_eq!(bench.submit(3, 1), ["+3.1"]);
    assert_eq!(bench.machine.wake(), Some(s(20)), "the refused call waits as long as it was told");
    assert_eq!(bench.at(s(20)), [""; 0]);
    assert_eq!(bench.machine.wake(), Some(ms(20_125)), "the pause and half of the spread");
    assert_eq!(bench.at(ms(20_124)), [""; 0]);
    assert_eq!(bench.at(ms(20_125)), ["+1.2"]);
}

#[test]
fn a_target_that_asked_for_a_pause_is_taken_up_one_by_one() {
    let mut bench = Bench::with_slots(9, 9);
    (1..=5).for_each(|call| _ = bench.submit(call, 0));
    (4..=5).for_each(|call| _ = bench.end(call, 1, told(s(1))));
    (1..=3).for_each(|call| _ = bench.end(call, 1, Outcome::Success));
    (6..=8).for_each(|call| _ = bench.submit(call, 0));
    assert_eq!(bench.at(s(1)), [""; 0]);
    assert_eq!(bench.at(ms(1_125)), ["+4.2"]);
    assert_eq!(bench.at(ms(1_250)), ["+5.2"]);
    assert_eq!(bench.at(ms(1_375)), ["+6.1", "+7.1", "+8.1"], "as many as were refused; then freely");
}

#[test]
fn a_pause_of_zero_is_no_pause() {
    let mut bench = Bench::new(Config::default());
    bench.submit(1, 0);
    bench.end(1, 1, told(Duration::ZERO));
    assert_eq!(bench.submit(2, 0), ["+2.1"]);
    assert_eq!(bench.at(ms(500)), ["+1.2"], "it slept on the base for throttled calls");
}

#[test]
fn refused_attempts_are_not_charged() {
    let mut bench = Bench::new(Config { attempts: 1, ..Config::default() });
    bench.submit(1, 0);
    for n in 1..50 {
        assert_eq!(bench.end(1, n, told(s(1))), [""; 0]);
        let mut launched = Vec::new();
        while launched.is_empty() {
            let wake = bench.machine.wake().unwrap();
            launched = bench.at(wake);
        }
        assert_eq!(launched, [format!("+1.{}", n + 1)]);
    }
    assert_eq!(bench.end(1, 50, FREE), ["1 Exhausted(Free)"]);
    assert_eq!(bench.machine.counts().retries_asked, 49);
}

#[test]
fn a_server_that_asks_for_no_time_at_all_does_not_make_a_busy_loop() {
    let mut bench = Bench::with_slots(1, 1);
    bench.submit(1, 0);
    let mut n = 1;
    while bench.now < s(100) {
        bench.end(1, n, told(Duration::from_nanos(1)));
        let wake = bench.machine.wake().unwrap();
        n += u32::try_from(bench.at(wake).len()).unwrap();
    }
    assert!(n <= 801, "{n} launches in 100 s");
}

#[test]
fn a_pause_beyond_the_deadline_ends_what_would_wait_in_vain() {
    let mut bench = Bench::with_slots(1, 1);
    bench.submit_for(1, s(100));
    bench.submit_for(2, s(50));
    bench.submit_for(3, s(61));
    bench.now = s(1);
    let ended = bench.end(1, 1, told(s(60)));
    assert_eq!(ended, ["2 RetryAfter { wait: 60s }", "3 RetryAfter { wait: 60s }"], "call 1 has the time");
    bench.now = s(11);
    assert_eq!(bench.submit_for(4, s(50)), ["4 RetryAfter { wait: 50s }"]);
    assert_eq!(bench.submit_for(5, s(51)), [""; 0]);
}

#[test]
fn a_day_long_pause_ends_the_refused_call_at_once() {
    let mut bench = Bench::new(Config::default());
    bench.submit(1, 0);
    assert_eq!(bench.end(1, 1, told(s(99_999))), ["1 RetryAfter { wait: 99999s }"]);
    assert_eq!(bench.machine.wake(), None);
}

#[test]
fn an_absurd_pause_does_not_overflow() {
    let mut bench = Bench::new(Config { deadline: Duration::MAX, ..Config::default() });
    bench.now = s(5);
    bench.submit(1, 0);
    bench.submit(2, 0);
    assert_eq!(bench.end(1, 1, told(Duration::MAX)).len(), 1);
    assert_eq!(bench.end(2, 1, FREE).len(), 1, "it would wait behind the same gate");
}

#[test]
fn a_queued_call_ends_at_its_deadline() {
    let mut bench = Bench::with_slots(1, 1);
    bench.submit(1, 0);
    bench.submit_for(2, s(30));
    assert_eq!(bench.machine.wake(), Some(s(30)));
    assert_eq!(bench.at(s(30)), ["2 Deadline"]);
    assert_eq!(bench.end(1, 1, Outcome::Success), ["1 Succeeded"]);
}

#[test]
fn a_call_without_time_is_not_sent() {
    let mut bench = Bench::new(Config::default());
    assert_eq!(bench.submit_for(1, Duration::ZERO), ["1 Deadline"]);
    assert_eq!(bench.machine.counts().attempts, 0);
}

#[test]
fn a_sleep_across_the_deadline_is_not_begun() {
    let mut bench = Bench::new(Config::default());
    bench.submit_for(1, s(10));
    bench.now = ms(9_750);
    assert_eq!(bench.end(1, 1, FREE), ["1 Deadline"]);
}

#[test]
fn a_late_tick_does_not_launch_past_a_deadline() {
    let mut bench = Bench::new(Config::default());
    bench.submit_for(1, s(10));
    bench.now = s(1);
    bench.end(1, 1, FREE);
    assert_eq!(bench.at(s(60)), ["1 Deadline"]);
}

#[test]
fn the_last_attempt_gets_the_time_that_is_left() {
    let mut bench = Bench::new(Config::default());
    let mut actions = Vec::new();
    bench.submit_for(1, s(601));
    bench.end(1, 1, FREE);
    bench.machine.step(s(100), Event::Tick, &mut actions);
    let attempt = AttemptId { call: CallId(1), n: 2 };
    assert_eq!(actions, [Action::Launch { attempt, target: TargetId(0), timeout: s(501), hedge: false }]);
}

#[test]
fn an_answer_after_the_deadline_is_still_an_answer() {
    let mut bench = Bench::new(Config::default());
    bench.submit_for(1, s(10));
    bench.now = s(11);
    assert_eq!(bench.end(1, 1, Outcome::Success), ["1 Succeeded"]);
}

#[test]
fn a_drain_lets_attempts_in_flight_finish_and_nothing_start() {
    let mut bench = Bench::with_slots(3, 3);
    (1..=4).for_each(|call| _ = bench.submit(call, 0));
    bench.end(3, 1, FREE);
    bench.at(ms(1));
    assert_eq!(bench.step(Event::Drain), ["3 Cancelled"], "call 4 had taken the slot of call 3");
    assert_eq!(bench.submit(5, 0), ["5 Cancelled"]);
    assert_eq!(bench.end(1, 1, Outcome::Success), ["1 Succeeded"]);
    assert_eq!(bench.end(2, 1, FREE), ["2 Cancelled"], "undecided: worth running again");
    assert_eq!(bench.end(4, 1, FATAL), ["4 Fatal(FatalRecord)"], "decided: it would fail again");
    assert_eq!((bench.machine.load(), bench.machine.wake()), (0, None));
}

#[test]
fn what_waits_is_cancelled_in_the_order_of_the_calls() {
    let mut bench = Bench::with_slots(1, 1);
    (0..200).rev().for_each(|call| drop(bench.submit(call, 0)));
    let expected: Vec<_> = (0..199).map(|call| format!("{call} Cancelled")).collect();
    assert_eq!(bench.step(Event::Drain), expected);
}

#[test]
fn an_abort_cancels_each_attempt_once_and_waits_for_its_end() {
    let mut bench = Bench::with_slots(2, 2);
    (1..=3).for_each(|call| _ = bench.submit(call, 0));
    bench.step(Event::Drain);
    assert_eq!(bench.step(Event::Abort), ["-1.1", "-2.1"]);
    assert_eq!(bench.step(Event::Abort), [""; 0]);
    assert_eq!(bench.step(Event::Drain), [""; 0]);
    assert_eq!(bench.end(1, 1, Outcome::Stopped), ["1 Cancelled"]);
    assert_eq!(bench.end(2, 1, Outcome::Success), ["2 Succeeded"], "the answer came first and is paid for");
    assert_eq!(bench.machine.counts().possibly_paid, 1);
}

#[test]
fn an_answer_that_comes_twice_counts_once() {
    let mut bench = Bench::new(Config::default());
    bench.submit(1, 0);
    bench.end(1, 1, FREE);
    assert_eq!(bench.end(1, 1, Outcome::Success), [""; 0], "asleep");
    bench.at(s(1));
    assert_eq!(bench.end(1, 1, Outcome::Success), [""; 0], "a second attempt runs");
    assert_eq!(bench.end(1, 2, Outcome::Success), ["1 Succeeded"]);
    assert_eq!(bench.end(1, 2, Outcome::Success), [""; 0], "finished");
    assert_eq!(bench.end(9, 1, Outcome::Success), [""; 0], "never submitted");
}

#[test]
fn an_open_call_cannot_be_submitted_again() {
    let mut bench = Bench::new(Config::default());
    bench.submit(1, 0);
    assert_eq!(bench.submit(1, 0), [""; 0]);
    assert_eq!(bench.end(1, 1, Outcome::Success), ["1 Succeeded"]);
    assert_eq!(bench.submit(1, 0), ["+1.1"], "a finished one can");
}

#[test]
fn time_does_not_run_backwards() {
    let mut bench = Bench::new(Config::default());
    bench.at(s(10));
    bench.now = s(5);
    bench.submit_for(1, s(10));
    bench.end(1, 1, FREE);
    assert_eq!(bench.machine.wake(), Some(ms(10_250)));
}

#[test]
fn there_is_room_up_to_the_backlog() {
    let mut bench = Bench::new(Config { backlog: 2, ..Config::default() });
    bench.submit(1, 0);
    assert!(bench.machine.has_room());
    bench.submit(2, 0);
    assert!(!bench.machine.has_room());
    assert_eq!(bench.submit(3, 0), ["+3.1"], "what is submitted all the same is accepted");
    bench.end(1, 1, Outcome::Success);
    bench.end(2, 1, Outcome::Success);
    assert!(bench.machine.has_room());
}
