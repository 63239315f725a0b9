//! Real sockets: a panel of an OpenAI-compatible endpoint, Anthropic's Messages API, a program and a mock; keys; faults.

use serde_json::Value;
use ultra_testkit::command::{Command, Run, Sandbox};
use ultra_testkit::server::{Place, Reply, Script, Server};

use crate::tools::{binary, directory};

const KEY: &str = "sk-test-3f9a1c7e5b2d8460";

/// A fanout whose `openai` and `anthropic` are this server.
fn fanout(server: &Server) -> Command {
    Command::new(binary("ultra-fanout"))
        .env("OPENAI_BASE_URL", server.openai_url())
        .env("ANTHROPIC_BASE_URL", server.url())
        .env("OPENAI_API_KEY", KEY)
        .env("ANTHROPIC_API_KEY", KEY)
}

fn ask(server: &Server, target: &str) -> Run {
    fanout(server).args(["--lines", "-m", target]).stdin("What holds?\n").run()
}

fn error(run: &Run) -> Value {
    let errors = run.records("error");
    assert_eq!(errors.len(), 1, "{run}");
    errors[0].clone()
}

#[test]
fn a_mixed_panel_runs_the_whole_pipeline() {
    let server = Server::start(Script::choose(|_, request| {
        Reply::text(&format!("From {}: it holds.", request.model()))
    }));
    let sandbox = Sandbox::new();
    sandbox.write("plan.md", "# Plan\n\nIce in winter.\n");
    let line = "ultra-ingest plan.md \
        | ultra-pattern start critique -p 'Is this plan sound?' -m openai:gpt-x -m anthropic:claude-x -m mock:m -m 'exec:sed -n 1p' \
        | ultra-fanout | ultra-pattern next | ultra-fanout | ultra-pattern next | ultra-fanout | ultra-synth --ultra anthropic:claude-x";
    let run = sandbox
        .pipeline(directory(), line)
        .env("OPENAI_BASE_URL", server.openai_url())
        .env("ANTHROPIC_BASE_URL", server.url())
        .env("OPENAI_API_KEY", KEY)
        .env("ANTHROPIC_API_KEY", KEY)
        .run();
    run.assert_status(0);
    assert_eq!(run.records("response").len(), 12, "{run}");
    let synthesis = &run.records("synthesis")[0];
    assert_eq!(synthesis["text"], "From claude-x: it holds.", "{run}");
    assert_eq!(synthesis.get("degraded"), None, "{run}");
    // Three stages of two models behind HTTP, and one synthesis.
    let calls = server.calls();
    assert_eq!(calls.len(), 7, "{run}");
    assert!(
        calls.iter().all(|call| call.request.prompt().contains("Is this plan sound?")),
        "every request holds the prompt"
    );
    assert!(!run.stdout().contains(KEY) && !run.stderr().contains(KEY));
}

#[test]
fn keys_are_in_headers_only() {
    let server = Server::start(Script::always(Reply::text("ok")).require_key(KEY));
    for target in ["openai:gpt-x", "anthropic:claude-x"] {
        ask(&server, target).assert_status(0);
    }
    for call in server.calls() {
        assert_eq!(call.request.key(), Some(KEY));
        let body = String::from_utf8_lossy(&call.request.body);
        assert!(!body.contains(KEY) && !call.request.path.contains(KEY));
    }
}

#[test]
fn a_wrong_key_is_one_clear_error_that_hides_the_key() {
    let server =
        Server::start(Script::always(Reply::error(401, &format!("Incorrect API key provided: {KEY}"))));
    for target in ["openai:gpt-x", "anthropic:claude-x"] {
        let run = ask(&server, target);
        run.assert_status(4);
        let error = error(&run);
        assert_eq!(error["kind"], "auth", "{run}");
        assert_eq!(error["status"], 401, "{run}");
        for fragment in [KEY, &KEY[..12], &KEY[8..]] {
            assert!(!run.stdout().contains(fragment) && !run.stderr().contains(fragment), "{run}");
        }
    }
    assert_eq!(server.calls().len(), 2, "a wrong key is not tried again");
}

#[test]
fn a_missing_key_makes_no_call_and_names_the_variable() {
    let server = Server::start(Script::always(Reply::text("ok")));
    let run = fanout(&server)
        .env("OPENAI_API_KEY", "")
        .args(["--lines", "-m", "openai:gpt-x", "-m", "mock:a"])
        .stdin("q\n")
        .run();
    let error = error(&run);
    assert_eq!(error["kind"], "auth", "{run}");
    assert!(error["message"].as_str().is_some_and(|text| text.contains("OPENAI_API_KEY")), "{run}");
    assert_eq!(run.records("response").len(), 1, "the other target goes on\n{run}");
    run.assert_status(1);
    assert_eq!(server.connections(), 0);
}

#[test]
fn a_key_never_leaves_over_plain_http() {
    let run = Command::new(binary("ultra-fanout"))
        .env("OPENAI_BASE_URL", "http://llm.example.org/v1")
        .env("OPENAI_API_KEY", KEY)
        .args(["--lines", "-m", "openai:gpt-x"])
        .stdin("q\n")
        .run();
    assert!(run.stdout().contains("https") || run.stderr().contains("https"), "{run}");
    assert_ne!(run.code(), 0, "{run}");
    assert!(!run.stdout().contains(KEY) && !run.stderr().contains(KEY));
}

#[test]
fn an_endpoint_that_is_down_says_where_and_what_to_do() {
    let run = Command::new(binary("ultra-fanout"))
        .env("OLLAMA_BASE_URL", "http://127.0.0.1:9/v1")
        .args(["--lines", "-m", "ollama:llama3", "--attempts", "2"])
        .stdin("q\n")
        .run();
    run.assert_status(4);
    let error = error(&run);
    assert_eq!(error["kind"], "network.connect", "{run}");
    assert_eq!(error["attempts"], 2, "{run}");
    let message = error["message"].as_str().unwrap_or_default();
    assert!(message.contains("127.0.0.1:9") && message.contains("running"), "{message}");
}

#[test]
fn an_endpoint_that_answers_html_is_not_an_answer() {
    let server = Server::start(Script::always(Reply::html(200)));
    let run = fanout(&server).args(["--lines", "-m", "openai:gpt-x", "--attempts", "1"]).stdin("q\n").run();
    let error = error(&run);
    assert_eq!(error["kind"], "bad_json", "{run}");
    run.assert_status(4);
}

#[test]
fn an_answer_that_mentions_error_is_an_answer() {
    let text = "Error: rate limit exceeded is what the log says.";
    let server = Server::start(Script::always(Reply::text(text)));
    for target in ["openai:gpt-x", "anthropic:claude-x"] {
        let run = ask(&server, target);
        run.assert_status(0);
        assert_eq!(run.records("response")[0]["text"], text);
    }
}

#[test]
fn a_throttled_call_is_sent_again_after_the_time_it_was_told() {
    let server = Server::start(Script::list([
        Reply::error(429, "slow down").header("retry-after-ms", "50"),
        Reply::openai("now"),
    ]));
    let run = ask(&server, "openai:gpt-x");
    run.assert_status(0);
    assert_eq!(run.records("response")[0]["attempts"], 2, "{run}");
    server.assert_played();
}

#[test]
fn a_redirect_is_never_followed() {
    let other = Server::start(Script::always(Reply::text("stolen")));
    let server = Server::start(Script::always(Reply::redirect(307, &other.openai_url())));
    let run = ask(&server, "openai:gpt-x");
    assert_eq!(error(&run)["kind"], "redirect", "{run}");
    assert_eq!(other.connections(), 0);
}

#[test]
fn a_broken_answer_is_never_a_success() {
    for reply in [
        Reply::openai("half").cut(Place::MidBody(40)),
        Reply::openai("half").reset(Place::MidBody(40)),
        Reply::openai("half").chunked(7).without_last_chunk(),
        Reply::openai("half").claiming_length(100_000).closing(),
        Reply::invalid_utf8(),
        Reply::empty(200),
        Reply::json(200, "{}"),
        Reply::json(200, "null"),
        Reply::error_in_ok("overloaded"),
    ] {
        let shown = format!("{reply:?}");
        let server = Server::start(Script::always(reply));
        let run =
            fanout(&server).args(["--lines", "-m", "openai:gpt-x", "--attempts", "1"]).stdin("q\n").run();
        assert_eq!(run.records("response").len(), 0, "{shown}\n{run}");
        assert_eq!(run.records("error").len(), 1, "{shown}\n{run}");
    }
}

#[test]
fn the_ledger_and_the_records_agree_on_every_call() {
    let server = Server::start(Script::choose(|number, _| match number % 10 {
        0 => Reply::error(503, "overloaded"),
        3 => Reply::error(429, "slow down").header("retry-after-ms", "5"),
        6 | 7 => Reply::text("fine").reset(Place::BeforeHeaders),
        _ => Reply::text("fine"),
    }));
    let prompts = (0..30).fold(String::new(), |all, number| all + "question " + &number.to_string() + "\n");
    let run = fanout(&server)
        .args(["--lines", "-m", "openai:gpt-x", "-m", "anthropic:claude-x", "-j", "4"])
        .stdin(prompts)
        .run();
    let terminal: Vec<Value> = run
        .lines()
        .into_iter()
        .filter(|record| record["type"] == "response" || record["type"] == "error")
        .collect();
    assert_eq!(terminal.len(), 60, "{run}");
    let attempts: u64 = terminal.iter().filter_map(|record| record["attempts"].as_u64()).sum();
    assert_eq!(attempts, server.calls().len() as u64, "{}", run.stderr());
    assert!(server.max_in_flight() <= 8);
}
