//! Equal calls under way.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ultra_core::failure::Exit;
use ultra_core::record::{Message, Role};
use ultra_core::shutdown::Why;
use ultra_core::tool::Context;
use ultra_provider::Call;
use ultra_provider::dispatch::{DispatchConfig, Event, Feed, Finished};

use super::{Calls, Recording, Unknown};
use crate::testing::{File, Said, refused, says, scripted};

fn call() -> Call {
    Call {
        request_id: "r".into(),
        target: "exec:u".into(),
        sample: 0,
        messages: vec![Message::new(Role::User, "Which?")].into(),
        params: None,
        output_schema: None,
    }
}

/// Calls with a journal, and how many of them were made.
fn calls(
    file: &File,
    context: &Context,
    script: impl Fn(&Call, u64) -> Said + Send + Sync + 'static,
) -> (Calls, Arc<AtomicU64>) {
    let made = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&made);
    let config = DispatchConfig { announce: true, ..DispatchConfig::default() };
    let calls = scripted(context, &config, move |call| script(call, count.fetch_add(1, Ordering::SeqCst)));
    let recording = Recording::open(&file.0, Unknown::Ask, context).expect("opens");
    (calls.recorded(recording), made)
}

fn texts(done: &[Finished]) -> Vec<Option<&str>> {
    done.iter().map(|done| done.result.as_ref().ok().map(|answer| answer.text.as_str())).collect()
}

#[test]
fn equal_calls_side_by_side_are_bought_once() {
    let (file, context) = (File::new("side"), Context { mock: false, ..Context::mock(0) });
    let (mut calls, made) = calls(&file, &context, |_, number| Ok(says(&format!("{number}"))));
    let done = calls.ask([call(), call(), Call { sample: 1, ..call() }, call()]).expect("asks");
    assert_eq!(texts(&done), [Some("0"), Some("0"), Some("1"), Some("0")]);
    assert_eq!(done.iter().map(|done| done.attempts).collect::<Vec<_>>(), [1, 0, 1, 0]);
    assert_eq!(made.load(Ordering::SeqCst), 2);
}

#[test]
fn when_one_fails_so_do_its_equals_and_a_later_run_asks_again() {
    let (file, context) = (File::new("next"), Context { mock: false, ..Context::mock(0) });
    let (mut calls, made) = calls(&file, &context, |call, _| Err(refused(call)));
    let done = calls.ask([call(), call()]).expect("asks");
    assert_eq!((texts(&done), made.load(Ordering::SeqCst)), (vec![None, None], 1));
    let messages: Vec<_> =
        done.iter().map(|done| done.result.as_ref().expect_err("fails").message.as_str()).collect();
    assert_eq!(messages[0], messages[1]);
    drop(calls);
    let (mut calls, made) = self::calls(&file, &context, |_, _| Ok(says("yes")));
    let done = calls.ask([call(), call()]).expect("asks");
    assert_eq!((texts(&done), made.load(Ordering::SeqCst)), (vec![Some("yes"); 2], 1));
}

#[test]
fn where_nobody_may_be_asked_only_what_is_wanted_must_be_known() {
    let (file, context) = (File::new("wanted"), Context { mock: false, ..Context::mock(0) });
    let (mut first, _) = calls(&file, &context, |_, _| Ok(says("yes")));
    first.ask([call()]).expect("asks");
    drop(first);
    let dispatcher = scripted(&context, &DispatchConfig::default(), |_| panic!("nobody is asked"));
    let mut again = dispatcher.recorded(Recording::open(&file.0, Unknown::Refuse, &context).expect("opens"));
    let next = |calls: &mut Calls| match calls.next(None::<&mut Feed<()>>, || Ok(())) {
        Ok(Event::Finished(done)) => Ok((done.ticket, done.result.is_ok())),
        Ok(event) => panic!("{event:?}"),
        Err(failure) => Err(failure.exit()),
    };
    let other = again.submit(Call { sample: 1, ..call() }, None);
    let known = again.submit(call(), None);
    assert_eq!(next(&mut again), Ok((known, true)), "what is known comes first");
    again.withdraw(other);
    assert_eq!(next(&mut again), Ok((other, false)));
    again.submit(Call { sample: 1, ..call() }, None);
    assert_eq!(next(&mut again), Err(Exit::Usage));
}

#[test]
fn a_call_that_is_withdrawn_makes_room_for_its_equal() {
    let (file, context) = (File::new("room"), Context { mock: false, ..Context::mock(0) });
    let (mut calls, made) = calls(&file, &context, |_, number| Ok(says(&format!("{number}"))));
    let first = calls.submit(call(), None);
    calls.withdraw(first);
    let done = calls.ask([call()]).expect("asks");
    assert_eq!((texts(&done), made.load(Ordering::SeqCst)), (vec![Some("0")], 1));
}

#[test]
fn who_is_told_to_stop_has_no_part_of_the_answers() {
    for why in [Why::Signal(2), Why::ReaderGone] {
        let (file, context) = (File::new("stop"), Context { mock: false, ..Context::mock(0) });
        let shutdown = context.shutdown.clone();
        let (mut calls, made) = calls(&file, &context, move |_, _| {
            shutdown.trigger(why);
            Ok(says("late"))
        });
        let failure = calls.ask([call(), call()]).expect_err("is stopped");
        assert_eq!(failure.is_reader_gone(), why == Why::ReaderGone, "{failure}");
        assert_eq!(made.load(Ordering::SeqCst), 1);
    }
}
