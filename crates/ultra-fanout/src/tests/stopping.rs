//! A run that is ended from outside.

use ultra_core::shutdown::Why;

use super::*;

/// Runs until the request is written, then triggers `why`; the input stays open.
fn stop(target: &str, why: Why) -> (Run, Duration) {
    let mut bench = real(target);
    bench.args.limits.concurrency = 1;
    let (reader, mut writer) = io::pipe().expect("makes a pipe");
    writer.write_all(b"{\"prompt\":\"q\"}\n{\"prompt\":\"r\"}\n").expect("writes");
    let seen = Seen::default();
    let (shutdown, clock) = (bench.context.shutdown.clone(), Arc::clone(&bench.context.clock));
    let run = std::thread::spawn({
        let seen = seen.clone();
        move || {
            let mut output = Output::new(Fanout::NAME, seen.clone());
            let input = Input::new(reader, Options::default());
            let result = Fanout::run(bench.args, &bench.context, input, &mut output);
            output.flush().expect("writes");
            Run { text: seen.text(), result, errors: output.errors() }
        }
    });
    // The output is flushed before the input is waited for, so this ends.
    while seen.text().matches("\"type\":\"request\"").count() < 2 {
        std::thread::yield_now();
    }
    let before = clock.elapsed();
    shutdown.trigger(why);
    let run = run.join().expect("ends");
    drop(writer);
    (run, clock.elapsed().saturating_sub(before))
}

#[test]
fn a_reader_that_leaves_ends_the_run_at_once_and_quietly() {
    let (run, took) = stop("exec:sleep 60", Why::ReaderGone);
    assert!(run.failure().is_reader_gone());
    assert!(took < Duration::from_secs(5), "{took:?}");
    assert_eq!(run.types().len(), 4, "two prompts and two requests: {}", run.text);
}

#[test]
fn a_signal_lets_the_call_in_flight_end_and_cancels_the_others() {
    let (run, _) = stop("exec:sleep 0.2; echo done", Why::Signal(15));
    assert_eq!(run.failure().exit(), Exit::Stopped);
    assert_eq!(run.of_type("response")[0]["text"], "done", "{}", run.text);
    assert_eq!(run.of_type("error")[0]["kind"], "cancelled", "{}", run.text);
    assert_eq!(run.types().len(), 6);
}
