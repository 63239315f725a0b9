use std::time::Duration;

use ultra_core::kind::ErrorKind as K;
use ultra_core::record::{Message, Role};
use ultra_pace::Class as C;

use super::Exec;
use crate::call::{Answer, Call, CallError, Silent, call_within};

const LONG: Duration = Duration::from_secs(30);

fn call(messages: Vec<Message>) -> Call {
    Call {
        request_id: "req_1".into(),
        target: "exec:x".into(),
        sample: 0,
        messages: messages.into(),
        params: None,
        output_schema: None,
    }
}

fn run_with(command: &str, secrets: &[String], call: &Call, limit: Duration) -> Result<Answer, CallError> {
    let exec = Exec::new("exec:x", command, secrets).expect("a command");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(call_within(&exec, call, limit, &Silent))
}

fn run(command: &str) -> Result<Answer, CallError> {
    let messages =
        vec![Message::new(Role::System, "Be brief."), Message::new(Role::User, "Where does Zürich lie?")];
    run_with(command, &[], &call(messages), LONG)
}

#[test]
fn the_conversation_goes_in_and_the_answer_comes_out() {
    let answer = run("cat -").expect("an answer");
    assert_eq!(answer.text, "Be brief.\n\nWhere does Zürich lie?");
    assert_eq!((answer.model.as_str(), answer.finish_reason.as_str()), ("cat", "stop"));
    assert!(answer.usage.is_none() && answer.cost_usd.is_none() && !answer.mock);
    assert_eq!(run("printf 'a\\n\\nb\\r\\n\\n'").expect("an answer").text, "a\n\nb");
}

#[test]
fn who_speaks_is_said_once_the_model_has_spoken() {
    let messages = vec![
        Message::new(Role::System, "S"),
        Message::new(Role::User, "Q"),
        Message::new(Role::Assistant, "A"),
        Message::new(Role::User, "R"),
    ];
    let answer = run_with("cat", &[], &call(messages), LONG).expect("an answer");
    assert_eq!(answer.text, "S\n\nUser:\nQ\n\nAssistant:\nA\n\nUser:\nR");
}

#[test]
fn a_command_need_not_read_what_it_is_told() {
    let long = vec![Message::new(Role::User, "x".repeat(4 << 20))];
    assert_eq!(run_with("echo hi", &[], &call(long.clone()), LONG).expect("an answer").text, "hi");
    let echoed = run_with("cat", &[], &call(long), LONG).expect("an answer");
    assert_eq!(echoed.text.len(), 4 << 20);
}

#[test]
fn every_way_to_fail_has_its_kind() {
    for (command, kind, class, message) in [
        (
            "echo ' no\tluck ' >&2; exit 3",
            K::Exec,
            C::Unsure,
            r"exec:x: the command failed with exit status 3: no\tluck",
        ),
        ("exit 1", K::Exec, C::Unsure, "exec:x: the command failed with exit status 1"),
        ("kill -9 $$", K::Exec, C::Unsure, "exec:x: the command was ended by signal 9"),
        ("true", K::Empty, C::Unsure, "exec:x: the command ended well but wrote nothing"),
        ("printf '\\377'", K::BadJson, C::Unsure, "exec:x: what the command wrote is not UTF-8 text"),
    ] {
        let error = run(command).expect_err(command);
        assert_eq!((error.kind, error.class, error.message.as_str()), (kind, class, message));
    }
    let error = run("no-such-command-at-all").expect_err("no command");
    assert_eq!((error.kind, error.class), (K::Exec, C::FatalTarget));
    assert!(
        error.message.contains("is it installed?") && error.message.contains("no-such-command-at-all"),
        "{error}"
    );
}

#[test]
fn complaints_are_cut_and_visible() {
    let error = run("head -c 100000 /dev/zero | tr '\\0' '\\033' >&2; exit 1").expect_err("no answer");
    assert!(error.message.len() < 256 + 60 && error.message.contains(r"\u{1b}"), "{error}");
}

#[test]
fn too_much_output_stops_the_command() {
    let error = run("yes").expect_err("no answer");
    assert_eq!((error.kind, error.class), (K::TooLarge, C::FatalRecord), "{error}");
}

#[test]
fn a_timeout_ends_the_command_and_all_its_children() {
    let dir = tempfile::tempdir().expect("a directory");
    let lock = dir.path().join("lock");
    // All processes hold the file open; whoever survives keeps the lock.
    let command = format!("exec 9>{0}; flock 9; (sleep 60; true) & sleep 60; true", lock.display());
    let call = call(vec![Message::new(Role::User, "x")]);
    let error = run_with(&command, &[], &call, Duration::from_millis(300)).expect_err("no answer");
    assert_eq!((error.kind, error.class), (K::TimeoutAttempt, C::Unsure));
    assert_eq!(error.message, "exec:x: the command did not end within 0.3 s and was stopped");
    let free = format!("flock -w 10 {} echo free", lock.display());
    assert_eq!(run(&free).expect("the lock is free").text, "free");
}

#[test]
fn secrets_of_other_members_are_not_inherited() {
    // A variable that is surely set stands for a key.
    let command = "env | grep -c ^CARGO_MANIFEST_DIR= ; true";
    let call = call(vec![Message::new(Role::User, "x")]);
    let hidden = ["CARGO_MANIFEST_DIR".to_owned()];
    for (secrets, count) in [(&[][..], "1"), (&hidden[..], "0")] {
        assert_eq!(run_with(command, secrets, &call, LONG).expect("an answer").text, count);
    }
}

#[test]
fn a_blank_command_is_refused() {
    for command in ["", "  ", "a\0b"] {
        assert!(Exec::new("exec:", command, &[]).is_err());
    }
}
