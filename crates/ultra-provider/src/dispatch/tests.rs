#![allow(clippy::result_large_err, reason = "the fakes answer as providers do")]

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use ultra_core::clock::System;
use ultra_core::config::Config;
use ultra_core::failure::Failure;
use ultra_core::kind::ErrorKind;
use ultra_core::record::{Message, Role};
use ultra_core::shutdown::Why;
use ultra_core::target::Target;
use ultra_core::tool::Context;
use ultra_pace::Class;

use super::{DispatchConfig, Dispatcher, Event, Feed, Finished, feed};
use crate::call::{Answer, Call, CallError, Calling, Provider, Watch};

fn call(target: &str, question: &str) -> Call {
    Call {
        request_id: format!("r-{question}"),
        target: target.into(),
        sample: 0,
        messages: vec![Message::new(Role::User, question)].into(),
        params: None,
        output_schema: None,
    }
}

/// What the fake does with a call.
type Script = Arc<dyn Fn(&Call) -> Result<(), CallError> + Send + Sync>;

/// A provider that answers by script, or never.
struct Fake {
    script: Option<Script>,
    seen: Arc<AtomicU32>,
    dropped: Arc<AtomicU32>,
}

impl std::fmt::Debug for Fake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Fake")
    }
}

struct Tell(Arc<AtomicU32>);

impl Drop for Tell {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Provider for Fake {
    fn call<'a>(&'a self, call: &'a Call, _: &'a dyn Watch) -> Calling<'a> {
        self.seen.fetch_add(1, Ordering::SeqCst);
        let tell = Tell(Arc::clone(&self.dropped));
        Box::pin(async move {
            let Some(script) = &self.script else { std::future::pending().await };
            // Being a future, an answer may not come at the first look.
            tokio::task::yield_now().await;
            drop(tell);
            script(call).map(|()| Answer {
                model: "fake".into(),
                text: call.messages[0].content.text().into_owned(),
                reasoning: None,
                finish_reason: "stop".into(),
                usage: None,
                cost_usd: None,
                first_byte: Some(Duration::from_millis(1)),
                mock: false,
            })
        })
    }
}

/// A context in which time and targets are real, and `exec:` is the fake.
struct Bench {
    context: Context,
    seen: Arc<AtomicU32>,
    dropped: Arc<AtomicU32>,
    script: Option<Script>,
}

impl Bench {
    fn new(script: impl Fn(&Call) -> Result<(), CallError> + Send + Sync + 'static) -> Self {
        Self { script: Some(Arc::new(script)), ..Self::stalled() }
    }

    fn stalled() -> Self {
        let context = Context { mock: false, clock: Arc::new(System::start()), ..Context::mock(0) };
        Self { context, seen: Arc::default(), dropped: Arc::default(), script: None }
    }

    fn dispatcher(&self, config: &DispatchConfig) -> Dispatcher {
        let (script, seen, dropped) =
            (self.script.clone(), Arc::clone(&self.seen), Arc::clone(&self.dropped));
        let connect = move |_: &Target| -> Result<Box<dyn Provider>, Failure> {
            Ok(Box::new(Fake {
                script: script.clone(),
                seen: Arc::clone(&seen),
                dropped: Arc::clone(&dropped),
            }))
        };
        Dispatcher::with(&self.context, config, connect).expect("starts")
    }
}

fn simulated(config: &DispatchConfig) -> Dispatcher {
    let refuse = |_: &Target| Err(Failure::internal("a simulated run connects to nobody"));
    Dispatcher::with(&Context::mock(0), config, refuse).expect("starts")
}

fn kinds(finished: &[Finished]) -> Vec<Option<ErrorKind>> {
    finished.iter().map(|done| done.result.as_ref().err().map(|error| error.kind)).collect()
}

fn next(dispatcher: &mut Dispatcher) -> Event<()> {
    dispatcher.next(None::<&mut Feed<()>>, || Ok(())).expect("goes on")
}

#[test]
fn answers_come_in_the_order_of_the_calls() {
    let calls = [("mock:slow?latency=9s", "a"), ("mock:fast", "b"), ("mock:slow?latency=9s", "c")];
    let calls = calls.map(|(target, question)| call(target, question));
    let finished = simulated(&DispatchConfig::default()).ask(calls).expect("asks");
    let texts: Vec<_> =
        finished.iter().map(|done| done.result.as_ref().expect("answers").text.clone()).collect();
    assert!(texts[0].contains("“a”") && texts[1].contains("“b”") && texts[2].contains("“c”"), "{texts:?}");
    assert!(finished.iter().all(|done| done.attempts == 1 && done.timing.is_none()));
}

#[test]
fn a_simulated_hour_passes_in_no_time_and_needs_no_socket() {
    let config = DispatchConfig {
        timeout: Duration::from_hours(2),
        deadline: Duration::from_hours(2),
        ..DispatchConfig::default()
    };
    let mut dispatcher = simulated(&config);
    let finished = dispatcher.ask([call("mock:a?latency=1h", "q")]).expect("asks");
    assert!(finished[0].result.is_ok());
    assert_eq!(dispatcher.time.now(), Duration::from_hours(1));
    assert!(dispatcher.time.is_simulated());
}

#[test]
fn a_simulated_attempt_that_takes_too_long_fails_at_its_timeout() {
    let config = DispatchConfig { timeout: Duration::from_secs(1), attempts: 4, ..DispatchConfig::default() };
    let mut dispatcher = simulated(&config);
    let finished = dispatcher.ask([call("mock:a?latency=2s", "q")]).expect("asks");
    assert_eq!(kinds(&finished), [Some(ErrorKind::TimeoutAttempt)]);
    assert_eq!(
        (finished[0].attempts, finished[0].possibly_paid),
        (2, 2),
        "it may have been billed each time"
    );
}

#[test]
fn outcomes_do_not_depend_on_the_concurrency() {
    let run = |per_target| {
        let config = DispatchConfig { per_target, total: per_target, ..DispatchConfig::default() };
        let calls = (0..200).map(|n| {
            let target = [
                "mock:a?fail=0.4&latency=1ms..3s",
                "mock:b?fail=0.9&kind=truncated",
                "mock:c?fail=0.3&kind=rate_limited&retry_after=2s",
            ][n % 3];
            call(target, &format!("question {n}"))
        });
        let config = DispatchConfig { deadline: Duration::from_secs(1_000_000), ..config };
        let finished = simulated(&config).ask(calls.collect::<Vec<_>>()).expect("asks");
        finished.into_iter().map(|done| (done.result, done.attempts, done.possibly_paid)).collect::<Vec<_>>()
    };
    let one = run(1);
    assert!(
        one.iter().any(|(result, ..)| result.is_err()) && one.iter().any(|(_, attempts, _)| *attempts > 2)
    );
    assert_eq!(one, run(64));
}

#[test]
fn a_stalled_target_delays_no_other() {
    let mut dispatcher = simulated(&DispatchConfig::default());
    for n in 0..100 {
        dispatcher.submit(call("mock:stalled?latency=500s", &n.to_string()), None);
        dispatcher.submit(call("mock:quick?latency=1s", &n.to_string()), None);
    }
    let mut quick = 0;
    while let Event::Finished(done) = next(&mut dispatcher) {
        if done.call.target.starts_with("mock:quick") {
            quick += 1;
            assert!(dispatcher.time.now() <= Duration::from_secs(4), "{:?}", dispatcher.time.now());
        }
    }
    assert_eq!(quick, 100);
}

#[test]
fn a_target_that_cannot_be_asked_fails_its_own_calls_and_no_other() {
    let mut config = Config::default();
    config
        .add(
            "f",
            "[providers.lab]\nbase-url = \"http://127.0.0.1:1\"\nkey-env = \"ULTRA_TEST_NO_SUCH_KEY\"\n",
        )
        .expect("reads");
    let bench = Bench::new(|_| Ok(()));
    let context = Context { config: Arc::new(config), ..bench.context.clone() };
    let bench = Bench { context, ..bench };
    let calls =
        ["opnai:gpt", "lab:model", "mock:a?fial=1", "exec:fake", "mock:a"].map(|target| call(target, "q"));
    let finished = bench.dispatcher(&DispatchConfig::default()).ask(calls).expect("asks");
    let expected = [Some(ErrorKind::NotFound), Some(ErrorKind::Auth), Some(ErrorKind::Request), None, None];
    assert_eq!(kinds(&finished), expected);
    let messages: Vec<_> =
        finished.iter().filter_map(|done| done.result.as_ref().err()).map(|e| e.message.as_str()).collect();
    assert!(messages[0].ends_with("unknown provider `opnai`; did you mean `openai`?"), "{messages:?}");
    assert!(messages[1].contains("set ULTRA_TEST_NO_SUCH_KEY"), "{messages:?}");
    assert!(messages[2].ends_with("did you mean `fail`?"), "{messages:?}");
    assert_eq!((finished[0].attempts, bench.seen.load(Ordering::SeqCst)), (0, 1));
}

#[test]
fn a_wrong_key_costs_no_more_calls_than_were_in_flight() {
    let bench = Bench::new(|_| Err(CallError::new(ErrorKind::Auth, Class::FatalTarget, "the key is wrong")));
    let config = DispatchConfig { per_target: 4, ..DispatchConfig::default() };
    let calls: Vec<_> = (0..1_000).map(|n| call("exec:fake", &n.to_string())).collect();
    let finished = bench.dispatcher(&config).ask(calls).expect("asks");
    assert!(bench.seen.load(Ordering::SeqCst) <= 4, "{} calls", bench.seen.load(Ordering::SeqCst));
    assert_eq!(kinds(&finished), vec![Some(ErrorKind::Auth); 1_000]);
    let message = &finished[999].result.as_ref().expect_err("fails").message;
    assert_eq!(message, "not sent: the key is wrong");
}

#[test]
fn a_real_target_makes_time_real_and_timing_known() {
    let bench = Bench::new(|_| Ok(()));
    let mut dispatcher = bench.dispatcher(&DispatchConfig::default());
    let finished = dispatcher.ask([call("mock:a?latency=5ms", "q"), call("exec:fake", "q")]).expect("asks");
    assert!(!dispatcher.time.is_simulated());
    assert!(finished[0].timing.is_none(), "a simulated answer has no timing");
    assert_eq!(finished[1].timing.as_ref().expect("is timed").first_token_ms, Some(1));
}

#[test]
fn a_real_failure_is_tried_again() {
    let left = Mutex::new(2);
    let bench = Bench::new(move |_| {
        let mut left = left.lock().expect("is not poisoned");
        if *left == 0 {
            return Ok(());
        }
        *left -= 1;
        let mut error = CallError::new(ErrorKind::RateLimited, Class::Throttled, "slow down");
        error.retry_after = Some(Duration::from_millis(1));
        Err(error)
    });
    let mut dispatcher = bench.dispatcher(&DispatchConfig::default());
    let finished = dispatcher.ask([call("exec:fake", "q")]).expect("asks");
    assert_eq!((kinds(&finished), finished[0].attempts), (vec![None], 3));
    assert_eq!(dispatcher.counts().retries_asked, 2);
}

#[test]
fn a_pause_longer_than_the_deadline_ends_the_call_and_says_how_long() {
    let bench = Bench::new(|_| {
        let mut error = CallError::new(ErrorKind::RateLimited, Class::Throttled, "slow down");
        error.retry_after = Some(Duration::from_secs(99_999));
        Err(error)
    });
    let finished = bench.dispatcher(&DispatchConfig::default()).ask([call("exec:fake", "q")]).expect("asks");
    let record = finished[0].error_record("t").expect("fails");
    assert_eq!(
        (record.kind, record.retry_after_s, record.attempts),
        (ErrorKind::RateLimited, Some(99_999.0), Some(1))
    );
    assert!(
        record.message.contains("a pause of 99999 s, which does not fit into the 1800 s"),
        "{}",
        record.message
    );
}

#[test]
fn a_reader_that_leaves_cancels_what_is_in_flight_at_once() {
    let bench = Bench::stalled();
    let mut dispatcher = bench.dispatcher(&DispatchConfig { per_target: 2, ..DispatchConfig::default() });
    for n in 0..5 {
        dispatcher.submit(call("exec:fake", &n.to_string()), None);
    }
    let shutdown = bench.context.shutdown.clone();
    let waiter = std::thread::spawn(move || shutdown.trigger(Why::ReaderGone));
    let mut told = 0;
    let mut finished = Vec::new();
    loop {
        match next(&mut dispatcher) {
            Event::Stop(Why::ReaderGone) => told += 1,
            Event::Finished(done) => finished.push(*done),
            Event::Idle => break,
            other => panic!("{other:?}"),
        }
    }
    waiter.join().expect("ends");
    assert_eq!((told, finished.len()), (1, 5));
    assert!(kinds(&finished).iter().all(|kind| *kind == Some(ErrorKind::Cancelled)));
    assert!(
        bench.seen.load(Ordering::SeqCst) <= 2
            && bench.dropped.load(Ordering::SeqCst) == bench.seen.load(Ordering::SeqCst),
        "calls in flight were let go"
    );
    dispatcher.submit(call("exec:fake", "late"), None);
    assert!(matches!(next(&mut dispatcher), Event::Finished(done) if done.attempts == 0));
}

#[test]
fn a_signal_lets_calls_in_flight_end_and_starts_no_other() {
    let bench = Bench::new(|_| Ok(()));
    let mut dispatcher = bench.dispatcher(&DispatchConfig { per_target: 2, ..DispatchConfig::default() });
    for n in 0..5 {
        dispatcher.submit(call("exec:fake", &n.to_string()), None);
    }
    bench.context.shutdown.trigger(Why::Signal(15));
    let finished = dispatcher.ask([]).expect("drains");
    let expected =
        [None, None, Some(ErrorKind::Cancelled), Some(ErrorKind::Cancelled), Some(ErrorKind::Cancelled)];
    assert_eq!((kinds(&finished), bench.seen.load(Ordering::SeqCst)), (expected.to_vec(), 2));
}

#[test]
fn after_a_signal_a_call_that_does_not_end_is_given_up() {
    let bench = Bench::stalled();
    let mut dispatcher =
        bench.dispatcher(&DispatchConfig { grace: Duration::from_millis(5), ..DispatchConfig::default() });
    dispatcher.submit(call("exec:fake", "q"), None);
    bench.context.shutdown.trigger(Why::Signal(2));
    let finished = dispatcher.ask([]).expect("drains");
    assert_eq!((kinds(&finished), finished[0].possibly_paid), (vec![Some(ErrorKind::Cancelled)], 1));
}

#[test]
fn a_provider_that_ignores_its_timeout_is_cut() {
    let bench = Bench::stalled();
    let config =
        DispatchConfig { timeout: Duration::from_millis(1), attempts: 1, ..DispatchConfig::default() };
    let finished = bench.dispatcher(&config).ask([call("exec:fake", "q")]).expect("asks");
    assert_eq!(kinds(&finished), [Some(ErrorKind::TimeoutAttempt)]);
}

#[test]
fn a_feed_is_heard_while_calls_are_in_flight_and_the_output_is_flushed_before_waiting() {
    let bench = Bench::stalled();
    let mut dispatcher = bench.dispatcher(&DispatchConfig::default());
    dispatcher.submit(call("exec:fake", "q"), None);
    let (feeder, mut items) = feed(1);
    let (flushed, hears) = std::sync::mpsc::sync_channel(1);
    let thread = std::thread::spawn(move || {
        // Only a dispatcher that waits has flushed.
        hears.recv().expect("is flushed");
        assert!(feeder.give(7));
    });
    let flush = || {
        flushed.send(()).expect("is heard");
        Ok(())
    };
    let event = dispatcher.next(Some(&mut items), flush).expect("goes on");
    assert!(matches!(event, Event::Fed(7)));
    thread.join().expect("ends");
    assert!(matches!(dispatcher.next(Some(&mut items), || Ok(())).expect("goes on"), Event::Closed));
}
