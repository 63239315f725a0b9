//! Comparisons that are made again from the journal of the first.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};
use ultra_core::failure::Exit;
use ultra_core::shutdown::Why;
use ultra_core::tool::Context;
use ultra_provider::{Answer, Call};

use super::latency::{three as timed_answers, timed};
use super::{of, three};
use crate::testing::{File, Ran, Said, panel, refused, run_scripted, says, simulated};

/// How many lines of a journal say this.
fn lines_with(file: &File, part: &str) -> usize {
    let text = std::fs::read_to_string(&file.0).expect("is there");
    text.lines().filter(|line| line.contains(part)).count()
}

/// Compares with a journal; also says how many calls were made.
fn compared(
    journal: &Path,
    arguments: &[&str],
    script: impl Fn(&Call) -> Said + Send + Sync + 'static,
) -> (Ran, u64) {
    compared_over(&three(), journal, arguments, script)
}

fn compared_over(
    records: &[Value],
    journal: &Path,
    arguments: &[&str],
    script: impl Fn(&Call) -> Said + Send + Sync + 'static,
) -> (Ran, u64) {
    let made = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&made);
    let file = journal.to_str().expect("is text");
    let arguments = [&["compare", "--journal", file, "--ultra", "exec:u"], arguments].concat();
    let ran = run_scripted(&Context::mock(0), &arguments, records, move |call| {
        count.fetch_add(1, Ordering::SeqCst);
        script(call)
    });
    let made = made.load(Ordering::SeqCst);
    (ran, made)
}

#[allow(clippy::unnecessary_wraps, reason = "the type of a script")]
fn priced(call: &Call) -> Said {
    Ok(Answer { mock: false, cost_usd: Some(0.25), ..simulated(call) })
}

#[test]
fn a_comparison_made_again_asks_nobody_and_reports_the_same() {
    let file = File::new("again");
    let arguments = ["-s", "judge", "-s", "analyse + fuse", "--rubric", "short", "--grader", "exec:g"];
    let (first, calls) = compared(&file.0, &arguments, priced);
    assert_eq!((first.status(), lines_with(&file, "\"done\"") as u64), (0, calls));
    assert_eq!(lines_with(&file, "\"intent\"") as u64, calls);
    for more in [&[][..], &["--replay"]] {
        let (again, calls) = compared(&file.0, &[&arguments, more].concat(), |_| panic!("nobody is asked"));
        assert_eq!((again.status(), calls, &again.stdout), (0, 0, &first.stdout));
        let told = again.result.as_ref().expect("works").text().to_owned();
        assert!(told.ends_with("answered by the journal"), "{told}");
    }
    let judge = of(&first.of("comparison"), "judge").clone();
    assert_eq!((&judge["calls"], &judge["cost_usd"]), (&json!(3), &json!(0.75)));
}

#[test]
fn only_what_is_new_is_asked_and_strategies_share_a_call() {
    let file = File::new("new");
    let (_, first) = compared(&file.0, &["-s", "analyse"], priced);
    let (ran, calls) = compared(&file.0, &["-s", "analyse", "-s", "analyse + medoid", "-s", "judge"], priced);
    assert_eq!((first, calls), (3, 3), "only the judge is new");
    let rows = ran.of("comparison");
    for strategy in ["analyse", "analyse + medoid"] {
        let row = of(&rows, strategy);
        assert_eq!((&row["calls"], &row["cost_usd"]), (&json!(3), &json!(0.75)), "{row}");
    }
}

#[test]
fn what_failed_is_asked_again() {
    let file = File::new("failed");
    let declines = |_: &Call| -> Said { Ok(Answer { finish_reason: "refusal".into(), ..says("No.") }) };
    let (_, first) = compared(&file.0, &["-s", "fuse"], |call| {
        let mock = ultra_provider::mock::Mock::new("m", "fail=1&kind=auth", 0).expect("is a model");
        Err(Box::new(mock.attempt(call, 1).result.expect_err("fails")))
    });
    assert!(first > 0 && lines_with(&file, "\"done\"") == lines_with(&file, "\"error\""));
    // A refusal is an answer that was paid for.
    let (refused, calls) = compared(&file.0, &["-s", "fuse"], declines);
    let (again, more) = compared(&file.0, &["-s", "fuse"], priced);
    assert_eq!((calls, more, &again.stdout), (3, 0, &refused.stdout));
    assert_eq!(of(&again.of("comparison"), "fuse")["degraded"], 3);
}

#[test]
fn a_comparison_with_failures_is_replayed_with_them() {
    let file = File::new("failures");
    let arguments = ["-s", "judge", "-s", "fuse", "--rubric", "short", "--grader", "exec:g"];
    let fails = |call: &Call| match call.target.as_str() {
        "exec:u" => Err(refused(call)),
        _ => priced(call),
    };
    let (first, calls) = compared(&file.0, &arguments, fails);
    assert!(calls > 0 && of(&first.of("comparison"), "judge")["degraded"] == 3, "{}", first.stdout);
    let replay = [&arguments[..], &["--replay"]].concat();
    for _ in 0..2 {
        let (again, calls) = compared(&file.0, &replay, |_| panic!("nobody is asked"));
        assert_eq!((again.status(), calls, &again.stdout), (first.status(), 0, &first.stdout));
    }
    let (better, calls) = compared(&file.0, &arguments, priced);
    assert!(calls > 0 && of(&better.of("comparison"), "judge")["degraded"] == 0, "{}", better.stdout);
    let (again, _) = compared(&file.0, &replay, |_| panic!("nobody is asked"));
    assert_eq!(again.stdout, better.stdout, "the last end of a call counts");
}

#[test]
fn a_replay_never_asks() {
    let file = File::new("replay");
    let nobody = |_: &Call| -> Said { panic!("nobody is asked") };
    let told = |ran: &Ran| ran.result.as_ref().expect_err("cannot").to_string();
    let (missing, _) = compared(&file.0, &["-s", "judge", "--replay"], nobody);
    assert!(missing.status() == 2 && told(&missing).contains("there is no journal"), "{}", told(&missing));
    assert!(!file.0.exists());
    compared(&file.0, &["-s", "judge"], priced);
    let (other, calls) = compared(&file.0, &["-s", "judge", "-s", "fuse", "--replay"], nobody);
    assert_eq!((other.status(), calls, other.of("comparison").len()), (2, 0, 0));
    assert!(told(&other).contains("has no answer of exec:u"), "{}", told(&other));
    let (pure, _) = compared(&file.0, &["-s", "vote", "--replay"], nobody);
    assert_eq!(pure.status(), 0);
}

#[test]
fn a_replay_leaves_the_journal_as_it_is() {
    let file = File::new("torn");
    let nobody = |_: &Call| -> Said { panic!("nobody is asked") };
    let (first, _) = compared(&file.0, &["-s", "judge"], priced);
    let torn = [std::fs::read(&file.0).expect("reads"), b"{\"type\":\"intent\",\"ke".to_vec()].concat();
    std::fs::write(&file.0, &torn).expect("writes");
    let (again, _) = compared(&file.0, &["-s", "judge", "--replay"], nobody);
    assert_eq!((again.status(), &again.stdout), (0, &first.stdout));
    assert!(std::fs::read(&file.0).expect("reads") == torn, "what is torn is still torn");
}

#[test]
fn an_answer_comes_back_with_the_time_that_it_took() {
    let file = File::new("time");
    let arguments = ["compare", "--journal", file.0.to_str().expect("is text"), "-s", "fuse --ultra exec:u"];
    let slow = timed(&arguments, &timed_answers(), |_, now| (now + 100, Ok(says("Paris"))));
    let again = timed(&arguments, &timed_answers(), |_, _| panic!("nobody is asked"));
    assert_eq!(of(&slow.of("comparison"), "fuse --ultra exec:u")["latency_ms"]["mean"], 100.0);
    assert_eq!(again.stdout, slow.stdout);
}

#[test]
fn a_failure_comes_back_with_the_time_that_it_took() {
    let file = File::new("late");
    let journal = ["compare", "--journal", file.0.to_str().expect("is text"), "-s", "fuse --ultra exec:u"];
    let slow = timed(&journal, &timed_answers(), |call, now| (now + 100, Err(refused(call))));
    let again = [&journal[..], &["--replay"]].concat();
    let again = timed(&again, &timed_answers(), |_, _| panic!("nobody is asked"));
    assert_eq!(of(&slow.of("comparison"), "fuse --ultra exec:u")["latency_ms"]["mean"], 100.0);
    assert_eq!(again.stdout, slow.stdout);
}

#[test]
fn what_the_journal_answers_is_not_paid_for() {
    let file = File::new("paid");
    let arguments = ["compare", "--journal", file.0.to_str().expect("is text"), "-s", "judge --ultra exec:u"];
    for paid in [true, false] {
        let context = Context::mock(0);
        let ran = run_scripted(&context, &arguments, &three(), priced);
        let told = context.metrics.render();
        assert_eq!((ran.status(), told.contains("ultra_synth_cost_usd_total 0.75")), (0, paid), "{told}");
    }
}

/// A judge who says something else each time.
fn fickle() -> impl Fn(&Call) -> Said + Send + Sync + 'static {
    let count = AtomicU64::new(0);
    move |_| {
        let better = ["A", "B", "tie"][(count.fetch_add(1, Ordering::SeqCst) % 3) as usize];
        Ok(says(&json!({"reason": "So it is.", "better": better}).to_string()))
    }
}

#[test]
fn equal_answers_make_equal_calls_and_each_is_bought_once() {
    let file = File::new("equal");
    let mut records = vec![json!({"type": "prompt", "id": "p", "text": "Capital?", "expected": "Paris."})];
    records.extend(panel("p", &["Paris.", "Paris.", "Lyon."]));
    let arguments = ["-s", "pairwise"];
    let (first, calls) = compared_over(&records, &file.0, &arguments, fickle());
    let keys = (lines_with(&file, "\"intent\""), lines_with(&file, "\"done\""));
    assert_eq!((calls, keys), (3, (3, 3)), "Paris and Paris, Paris and Lyon, Lyon and Paris");
    assert_eq!(of(&first.of("comparison"), "pairwise")["calls"], 6);
    let (again, calls) = compared_over(&records, &file.0, &arguments, |_| panic!("nobody is asked"));
    assert_eq!((calls, &again.stdout), (0, &first.stdout));
}

#[test]
fn who_stops_while_it_is_graded_gets_no_part_of_a_comparison() {
    let arguments =
        ["compare", "-s", "vote", "--rubric", "short", "--grader", "exec:g", "--concurrency", "1"];
    let context = Context::mock(0);
    let shutdown = context.shutdown.clone();
    let ran = run_scripted(&context, &arguments, &three(), move |call| {
        shutdown.trigger(Why::Signal(2));
        priced(call)
    });
    let failure = ran.result.as_ref().expect_err("is stopped");
    assert_eq!(failure.exit(), Exit::Stopped, "{failure}");
    assert!(ran.of("trial").is_empty() && ran.of("comparison").is_empty(), "{}", ran.stdout);
}
