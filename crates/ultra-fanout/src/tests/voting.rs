//! Who is asked when a vote over the answers is enough.

use std::collections::BTreeMap;

use ultra_aggregate::vote::{Count, Extract};
use ultra_core::failure::Exit;
use ultra_core::shutdown::Why;

use super::*;
use crate::decided::Said;
use crate::job::Outcome;

/// Simulated models take one of a few positions, which is the answer here.
const PHRASE: &str = "regex:(?i)(probably|depends|yes|not as it stands)";

const FIVE: [&str; 5] = ["mock:a", "mock:b", "mock:c", "mock:d", "mock:e"];

fn bench(targets: &[&str], extract: &str) -> Bench {
    let mut bench = Bench::new(targets);
    bench.args.voting.until_decided = Some(extract.parse().expect("is one"));
    bench
}

fn question(number: usize) -> String {
    format!("{{\"prompt\":\"question {number}\"}}\n")
}

fn questions(count: usize) -> String {
    (0..count).map(question).collect()
}

/// The targets that answered, by prompt.
fn answered(run: &super::Run) -> BTreeMap<String, Vec<String>> {
    let mut answered: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for response in run.of_type("response") {
        let text = |key: &str| response[key].as_str().unwrap_or_default().to_owned();
        answered.entry(text("prompt_id")).or_default().push(text("target"));
    }
    for targets in answered.values_mut() {
        targets.sort();
    }
    answered
}

#[test]
fn who_cannot_change_the_outcome_is_not_asked_and_no_failure() {
    let mut bench = bench(&FIVE, "regex:question");
    bench.context.strict = true;
    let run = bench.run(&question(1));
    assert_eq!(
        run.types(),
        [
            "prompt",
            "request",
            "response mock:a#0",
            "response mock:b#0",
            "response mock:c#0",
            "error mock:d#0",
            "error mock:e#0"
        ]
    );
    let error = run.of_type("error").remove(0);
    assert_eq!((&error["kind"], &error["attempts"]), (&"cancelled".into(), &0.into()));
    assert!(error["message"].as_str().expect("is text").starts_with("not asked: "), "{error}");
    assert_eq!(run.errors, 0, "nothing failed");
    let said = "1 request, 3 responses; 3 calls, 2 not asked; ";
    assert!(run.summary().starts_with(said), "{}", run.summary());
    let metrics = bench.context.metrics.render();
    assert!(metrics.contains("ultra_unasked_total{target=\"mock:d\"} 1"), "{metrics}");
}

#[test]
fn the_answers_decide_who_is_asked_whatever_the_order_and_the_concurrency() {
    let latencies =
        ["mock:a?latency=9s", "mock:b?latency=1s&fail=0.3&kind=request", "mock:c", "mock:d", "mock:e#2"];
    let mut first: Option<(String, _)> = None;
    let mut asked = [false; 7];
    for order in [Order::Input, Order::Done] {
        for concurrency in [1, 2, 64] {
            let mut bench = bench(&latencies, PHRASE);
            bench.context.order = Some(order);
            bench.args.limits.concurrency = concurrency;
            let run = bench.run(&questions(12));
            let answered = answered(&run);
            for targets in answered.values() {
                asked[targets.len()] = true;
            }
            let (text, same) = first.get_or_insert_with(|| (run.text.clone(), answered.clone()));
            assert_eq!(&answered, same);
            if order == Order::Input {
                assert_eq!(&run.text, text, "-j{concurrency}");
            }
            assert_eq!(run.types().len(), 12 * 8, "each call has its record");
        }
    }
    assert!(asked.iter().filter(|is| **is).count() > 1, "some votes took longer than others: {asked:?}");
}

#[test]
fn what_failed_is_made_up_for_by_the_next_one() {
    let run =
        bench(&["mock:a?fail=1&kind=request", "mock:b", "mock:c", "mock:d", "mock:e"], "regex:question")
            .run(&question(1));
    assert_eq!(answered(&run).into_values().next().expect("is answered"), ["mock:b", "mock:c", "mock:d"]);
    assert_eq!(run.errors, 1);
}

#[test]
fn what_synth_leaves_out_says_nothing_here() {
    let response: ultra_core::record::Response = serde_json::from_str(
        r#"{"id":"s","request_id":"r","prompt_id":"p","target":"mock:a","sample":0,"stage":"answer","model":"a",
            "text":"It is 4.","finish_reason":"stop","attempts":1}"#,
    )
    .expect("is a response");
    let count = Count { extract: "number".parse().expect("is one"), ..Count::default() };
    let said = |finish: &str, text: &str| {
        let (finish_reason, text) = (finish.to_owned(), text.to_owned());
        Said::of(
            &Outcome::Response(Box::new(ultra_core::record::Response {
                finish_reason,
                text,
                ..response.clone()
            })),
            &count,
        )
    };
    assert_eq!(said("stop", "It is 4.0"), Said::Answer("4".into()));
    for (finish, text) in
        [("refusal", "It is 4."), ("content_filter", "It is 4."), ("stop", " "), ("stop", "It is.")]
    {
        assert_eq!(said(finish, text), Said::Nothing, "{finish} {text}");
    }
}

#[test]
fn nobody_is_spared_where_no_vote_follows_or_more_than_one_request_is_voted_on() {
    for (stage, answers) in [
        (r#""index":0,"of":2,"requests":1"#, 3),
        (r#""index":0,"of":1,"requests":2"#, 3),
        (r#""index":1,"of":2,"requests":1"#, 2),
    ] {
        let asked = request(
            "r",
            &format!(r#","targets":["mock:a","mock:b","mock:c"],"stage":{{"name":"s",{stage}}}"#),
        );
        let run = bench(&[], "regex:question").run(&asked);
        assert_eq!(run.of_type("response").len(), answers, "{stage}");
    }
}

#[test]
fn who_was_asked_further_up_may_have_said_anything() {
    let rest = |pending: &[&str]| {
        let pending: Vec<_> =
            pending.iter().map(|target| format!(r#"{{"target":"mock:{target}","sample":0}}"#)).collect();
        let five = FIVE.map(|target| format!("\"{target}\"")).join(",");
        request("r", &format!(r#","targets":[{five}],"pending":[{}]"#, pending.join(",")))
    };
    let answers = |pending| bench(&[], "regex:question").run(&rest(pending)).of_type("response").len();
    assert_eq!(answers(&["b", "c", "d", "e"]), 3);
    assert_eq!(answers(&["c", "d", "e"]), 3);
    assert_eq!(answers(&["d", "e"]), 2);
}

#[test]
fn a_call_that_is_pending_twice_votes_once() {
    let pending =
        ["a", "b", "a", "c"].map(|name| format!(r#"{{"target":"mock:{name}","sample":0}}"#)).join(",");
    let request = request("r", &format!(r#","targets":["mock:a","mock:b","mock:c"],"pending":[{pending}]"#));
    let run = bench(&[], "regex:question").run(&request);
    assert_eq!(run.types(), ["request", "response mock:a#0", "response mock:b#0", "error mock:c#0"]);
    assert!(run.summary().starts_with("1 request, 2 responses; 2 calls, 1 not asked; "), "{}", run.summary());
}

#[test]
fn members_that_are_rarely_asked_do_not_make_it_read_ahead() {
    let mut bench = bench(&FIVE, PHRASE);
    bench.context.order = Some(Order::Done);
    bench.args.limits.concurrency = 2;
    let run = bench.run(&questions(200));
    let mut left = BTreeMap::<String, usize>::new();
    let mut most = 0;
    for record in run.records() {
        let text = |key: &str| record[key].as_str().unwrap_or_default().to_owned();
        match text("type").as_str() {
            "request" => assert_eq!(left.insert(text("id"), FIVE.len()), None),
            "response" | "error" => *left.get_mut(&text("request_id")).expect("is open") -= 1,
            _ => {}
        }
        left.retain(|_, calls| *calls > 0);
        most = most.max(left.len());
    }
    assert!(left.is_empty() && most <= 8, "{most} requests were open at once");
}

#[test]
fn what_a_vote_may_spare_is_told_as_the_most() {
    for (order, said) in [
        (&["--dry-run"][..], "at most 5 calls would be made; none was"),
        (&["--estimate"], "nothing was sent; a run would take at most\n"),
    ] {
        let mut args = arguments(&[order, &["--until-decided", "whole"]].concat());
        args.targets = FIVE.map(str::to_owned).to_vec();
        let run = Bench { args, ..Bench::new(&[]) }.run(&question(1));
        assert!(run.summary().starts_with(said), "{}", run.summary());
    }
}

#[test]
fn a_weight_decides_as_in_the_vote() {
    let mut bench = bench(&FIVE, "regex:question");
    bench.args.voting.weight = vec![("mock:a".to_owned(), 5.0)];
    assert_eq!(bench.run(&question(1)).of_type("response").len(), 1);
}

#[test]
fn a_ladder_leads_upwards() {
    for ladder in [vec![3, 2], vec![2, 2], vec![3, usize::MAX, 5]] {
        let mut bench = Bench::new(&["mock:a", "mock:b"]);
        (bench.args.voting.until_decided, bench.args.voting.ladder) = (Some(Extract::Whole), ladder);
        let failure = bench.run("").result.expect_err("is refused");
        assert!(failure.to_string().contains("downwards"), "{failure}");
    }
}

#[test]
fn a_ladder_widens_the_panel_only_where_the_first_do_not_agree() {
    let mut bench = bench(&FIVE, PHRASE);
    (bench.args.voting.ladder, bench.args.voting.agree) = (vec![2, usize::MAX], 0.7);
    let run = bench.run(&questions(24));
    let mut asked = BTreeMap::<usize, usize>::new();
    for targets in answered(&run).values() {
        *asked.entry(targets.len()).or_default() += 1;
    }
    assert!(asked.contains_key(&2) && asked.keys().any(|count| *count > 2), "{asked:?}");
    assert!(run.text.contains("not asked: those before it agree as far as --agree says"));
    assert_eq!(run.errors, 0);
}

#[test]
fn the_store_and_the_journal_answer_without_a_call_and_change_nothing_else() {
    let dir = tempfile::tempdir().expect("makes a directory");
    let mut bench = bench(&FIVE, PHRASE);
    bench.args.keeping.journal = Some(dir.path().join("journal"));
    let first = bench.run(&questions(24));
    assert!(first.summary().contains(" not asked"), "{}", first.summary());
    let again = bench.run(&questions(24));
    assert_eq!(again.text, first.text);
    assert!(again.summary().contains("; 0 calls, "), "{}", again.summary());
    bench.args.keeping.journal = None;
    bench.args.keeping.cache = Some(dir.path().join("cache.db"));
    let mut all = Bench::new(&FIVE);
    all.args.keeping.cache.clone_from(&bench.args.keeping.cache);
    all.run(&questions(24));
    let known = bench.run(&questions(24));
    assert!(known.summary().contains("; 0 calls, "), "{}", known.summary());
    assert_eq!(answered(&known), answered(&first));
}

#[test]
fn a_budget_that_is_spent_ends_the_calls_that_were_still_needed() {
    let mut bench = bench(&FIVE, "regex:question");
    bench.args.budget.max_calls = Some(2);
    bench.args.limits.concurrency = 1;
    let run = bench.run(&question(1));
    let kinds: Vec<_> = run.of_type("error").iter().map(|error| error["kind"].clone()).collect();
    assert_eq!((run.of_type("response").len(), kinds), (2, vec!["budget".into(); 3]));
}

#[test]
fn a_signal_ends_what_was_not_begun_and_the_run_can_be_taken_up_again() {
    let dir = tempfile::tempdir().expect("makes a directory");
    let begun = dir.path().join("begun");
    let program = format!("touch {0}; while test -e {0}; do sleep 0.01; done; echo done", begun.display());
    let mut bench = real(&format!("exec:{program}#4"));
    bench.args.voting.until_decided = Some("whole".parse().expect("is one"));
    bench.args.limits.concurrency = 1;
    let shutdown = bench.context.shutdown.clone();
    let stopping = std::thread::spawn(move || {
        while !begun.exists() {
            std::thread::yield_now();
        }
        shutdown.trigger(Why::Signal(15));
        std::fs::remove_file(begun).expect("lets the program end");
    });
    let run = bench.run(&question(1));
    stopping.join().expect("ends");
    assert_eq!(run.failure().exit(), Exit::Stopped);
    assert_eq!((run.of_type("response").len(), run.of_type("error").len()), (1, 3), "{}", run.text);
    assert!(!run.text.contains("not asked: "), "{}", run.text);
}

#[test]
fn two_rules_for_when_to_stop_are_one_too_many() {
    let mut bench = bench(&FIVE, "whole");
    bench.args.effort.quorum = Some("2".parse().expect("is a quorum"));
    let run = bench.run(&question(1));
    assert_eq!(run.failure().exit(), Exit::Usage);
    assert!(run.failure().to_string().contains("--until-decided and --quorum"), "{}", run.failure());
}
