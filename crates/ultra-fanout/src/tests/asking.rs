//! Who is asked what: prompts, requests, and what is left of them.

use ultra_core::config::Config;

use super::*;

#[test]
fn a_bare_prompt_becomes_a_prompt_a_request_and_its_answers() {
    let run = Bench::new(&["mock:a#2", "mock:b"]).run("{\"prompt\":\"Is water wet?\",\"x\":1.0}\n");
    assert_eq!(
        run.types(),
        ["prompt", "request", "response mock:a#0", "response mock:a#1", "response mock:b#0"]
    );
    let records = run.records();
    assert!(
        run.text.lines().next().expect("is there").ends_with(r#""text":"Is water wet?","x":1.0}"#),
        "{}",
        run.text
    );
    assert_eq!(records[1]["targets"], serde_json::json!(["mock:a#2", "mock:b"]));
    assert_eq!(records[1]["pending"], serde_json::json!([]));
    assert_eq!(records[1]["stage"], serde_json::json!({"name":"answer","index":0,"of":1,"requests":1}));
    for response in &records[2..] {
        assert_eq!(response["request_id"], records[1]["id"]);
        assert_eq!(response["prompt_id"], records[0]["id"]);
        assert_eq!((&response["stage"], &response["mock"]), (&"answer".into(), &true.into()));
        assert!(response["text"].as_str().expect("is text").contains("Is water wet?"));
        assert!(response.get("timing").is_none());
    }
    assert!(run.summary().starts_with("1 request, 3 responses; 3 calls; tokens "), "{}", run.summary());
}

#[test]
fn every_kind_of_bare_prompt_is_asked_and_keeps_its_id() {
    let input = concat!(
        r#"{"id":"mine","text":"one","system":"Be brief."}"#,
        "\n",
        r#"{"messages":[{"role":"system","content":"s"},{"role":"user","content":"two"}]}"#,
        "\n",
        r#"{"custom_id":"c3","method":"POST","url":"/v1/chat/completions","body":{"model":"gpt","messages":[{"role":"user","content":"three"}],"max_tokens":5,"stop":"x"}}"#,
        "\n",
    );
    let run = Bench::new(&["mock:a"]).run(input);
    let prompts: Vec<_> =
        run.of_type("prompt").iter().map(|p| (p["id"].clone(), p["text"].clone())).collect();
    assert_eq!(prompts[0], ("mine".into(), "one".into()));
    assert_eq!(prompts[1].1, "two");
    assert_eq!(prompts[2], ("c3".into(), "three".into()));
    let requests = run.of_type("request");
    assert_eq!(requests[0]["messages"][0]["content"], "Be brief.");
    assert_eq!(requests[2]["params"], serde_json::json!({"max_output_tokens":5,"stop":["x"]}));
    assert_eq!(run.of_type("prompt")[2]["method"], "POST", "what is unknown stays");
    let context = Context { plain_lines: true, ..Context::mock(7) };
    let plain = Bench { context, ..Bench::new(&["mock:a"]) }.run("Is {\"this\"} JSON?\n\nsecond\nsecond\n");
    let ids: std::collections::BTreeSet<_> =
        plain.of_type("prompt").iter().map(|p| p["id"].to_string()).collect();
    assert_eq!((plain.of_type("response").len(), ids.len()), (3, 3), "repeats get ids of their own");
}

#[test]
fn a_prompt_whose_requests_follow_is_not_asked_again() {
    let prompts = r#"{"type":"prompt","id":"p-r1","text":"q"}
{"type":"document","id":"d"}
"#;
    let made = format!("{prompts}{}\n", request("r1", r#","targets":["mock:x"]"#));
    let bench = Bench::new(&["mock:a"]);
    assert_eq!(bench.run(&made).types(), ["prompt", "document", "request", "response mock:x#0"]);
    assert_eq!(bench.run(prompts).types(), ["prompt", "document", "request", "response mock:a#0"]);
    let two = r#"{"type":"prompt","id":"p1","text":"q"}
{"type":"prompt","id":"p2","text":"q"}
"#;
    assert_eq!(bench.run(two).of_type("response").len(), 2);
    assert_eq!(Bench::new(&[]).run(&made).types(), ["prompt", "document", "request", "response mock:x#0"]);
}

#[test]
fn a_second_fanout_makes_no_call() {
    let bench = Bench::new(&["mock:a", "mock:b#2"]);
    let input = format!("{}\n{{\"prompt\":\"q\"}}\n", request("r1", r#","targets":["mock:a"]"#));
    let first = bench.run(&input);
    let second = bench.run(&first.text);
    assert_eq!(second.text, first.text);
    assert!(second.summary().contains("0 responses; 0 calls"), "{}", second.summary());
}

#[test]
fn what_is_left_to_ask_is_asked_and_nothing_else() {
    let input = request(
        "r1",
        r#","targets":["mock:a#3","mock:b"],"pending":[{"target":"mock:a","sample":2},{"target":"mock:b","sample":0},{"target":"mock:b","sample":0}]"#,
    );
    let run = Bench::new(&[]).run(&input);
    assert_eq!(run.types(), ["request", "response mock:a#2", "response mock:b#0"]);
}

#[test]
fn lines_of_others_pass_byte_for_byte_and_malformed_ones_become_errors() {
    let input = "{\"type\":\"trace\",\"n\":12345678901234567890123, \"e\":1e400}\n{oops\n{\"type\":\"response\",\"id\":\"x\",\"é\":\"\\u00e9\"}\n{\"type\":\"request\",\"id\":5}\n";
    let run = Bench::new(&["mock:a"]).run(input);
    let lines: Vec<_> = run.text.lines().collect();
    assert_eq!(
        (lines[0], lines[2]),
        (input.lines().next().expect("is there"), input.lines().nth(2).expect("is there"))
    );
    assert!(lines[1].contains(r#""kind":"input.parse""#) && lines[1].contains(r#""line":2"#), "{}", lines[1]);
    assert!(lines[3].contains(r#""kind":"input.schema""#), "{}", lines[3]);
    assert_eq!(run.errors, 2);
}

#[test]
fn a_target_that_cannot_be_asked_becomes_errors_and_the_others_go_on() {
    let mut config = Config::default();
    config.add("f", "[providers.lab]\nbase-url = \"http://127.0.0.1:1\"\nkey-env = \"ULTRA_TEST_NO_SUCH_KEY\"\n[profiles]\npanel = [\"mock:p\", \"mock:q#2\"]\n").expect("reads");
    let context =
        Context { mock: false, config: Arc::new(config), order: Some(Order::Input), ..Context::mock(7) };
    let bench = Bench { context, ..Bench::new(&[]) };
    let run = bench.run(&request("r1", r#","targets":["opnai:x#2","lab:m","mock:a?fial=1","mock:a","@panel"],"stage":{"name":"critique","index":1,"of":2,"requests":1}"#));
    let expected = [
        "request",
        "error opnai:x#0",
        "error opnai:x#1",
        "error lab:m#0",
        "error mock:a?fial=1#0",
        "response mock:a#0",
        "response mock:p#0",
        "response mock:q#0",
        "response mock:q#1",
    ];
    assert_eq!(run.types(), expected);
    let errors = run.of_type("error");
    let kinds: Vec<_> = errors.iter().map(|error| error["kind"].as_str().expect("is text")).collect();
    assert_eq!(kinds, ["not_found", "not_found", "auth", "request"]);
    assert!(errors[0]["message"].as_str().expect("is text").contains("did you mean `openai`?"));
    assert_eq!(
        (&errors[2]["stage"], &errors[2]["prompt_id"], &errors[2]["attempts"]),
        (&"critique".into(), &"p-r1".into(), &0.into())
    );
    assert!(run.summary().contains("4 errors (auth 1, not_found 2, request 1)"), "{}", run.summary());
}

#[test]
fn nobody_to_ask_is_said_with_the_flag_to_use() {
    let prompt = r#"{"type":"prompt","id":"p","text":"q"}"#;
    for (input, exit) in [
        ("{\"prompt\":\"q\"}\n", Exit::NothingUsable),
        (&request("r1", ""), Exit::NothingUsable),
        (prompt, Exit::Usage),
    ] {
        let run = Bench::new(&[]).run(input);
        assert_eq!(run.failure().exit(), exit, "{input}");
        let errors = run.of_type("error");
        match exit {
            Exit::Usage => assert!(run.failure().hints()[0].contains("-m") && errors.is_empty(), "{input}"),
            _ => assert!(errors[0]["message"].as_str().is_some_and(|said| said.contains("-m")), "{input}"),
        }
    }
    let run = Bench::new(&["mock:a?fial=1"]).run("");
    assert_eq!(
        (run.failure().exit(), run.failure().hints()),
        (Exit::Usage, &["did you mean `fail`?".to_owned()][..])
    );
    assert!(Bench::new(&[]).run("").result.is_ok(), "an empty input asks nobody");
}

#[test]
fn what_names_nobody_becomes_an_error_and_everything_else_goes_on() {
    let input = format!(
        "{{\"prompt\":\"a\",\"targets\":[\"mock:c\"]}}\n{{\"id\":\"b\",\"prompt\":\"b\"}}\n{{\"type\":\"note\"}}\n{}\n{}\n",
        request("r1", ""),
        request("r2", r#","targets":["mock:c"]"#)
    );
    let run = Bench::new(&[]).run(&input);
    let expected = [
        "prompt",
        "request",
        "response mock:c#0",
        "prompt",
        "error -#null",
        "note",
        "request",
        "error -#null",
        "request",
        "response mock:c#0",
    ];
    assert_eq!(run.types(), expected);
    let errors = run.of_type("error");
    assert_eq!((&errors[0]["kind"], &errors[0]["prompt_id"]), (&"request".into(), &"b".into()));
    assert_eq!((&errors[1]["request_id"], &errors[1]["prompt_id"]), (&"r1".into(), &"p-r1".into()));
    assert_eq!((run.result.is_ok(), run.errors), (true, 2));
}

#[test]
fn requests_that_only_pass_are_not_counted() {
    let input =
        format!("{}\n{}\n", request("r1", r#","pending":[]"#), request("r2", r#","targets":["mock:a"]"#));
    let run = Bench::new(&[]).run(&input);
    assert!(run.summary().starts_with("1 request, 1 response; 1 call;"), "{}", run.summary());
}

#[test]
fn a_target_that_was_named_once_does_not_make_it_read_ahead_for_ever() {
    let mut bench = Bench::new(&["mock:b?latency=1s"]);
    bench.context.order = Some(Order::Done);
    bench.args.limits.concurrency = 2;
    let first = [String::from(r#"{"prompt":"first","targets":["mock:a"]}"#)];
    let others = (0..600).map(|n| format!(r#"{{"prompt":"question {n}"}}"#));
    let run = bench.run(&first.into_iter().chain(others).collect::<Vec<_>>().join("\n"));
    let (mut open, mut most) = (0, 0);
    for record in run.records() {
        match record["type"].as_str() {
            Some("request") => open += 1,
            Some("response") => open -= 1,
            _ => {}
        }
        most = most.max(open);
    }
    assert!(open == 0 && most < 300, "{most} requests were open at once");
}
