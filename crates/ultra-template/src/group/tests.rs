use ultra_core::kind::ErrorKind;
use ultra_core::record::{ErrorRecord, Request, Response};

use super::{Groups, Key};

fn request(id: &str, targets: &str, stage: &str) -> Request {
    let line = format!(
        r#"{{"id":"{id}","prompt_id":"p","messages":[{{"role":"user","content":"q"}}],"targets":{targets},"stage":{stage}}}"#
    );
    serde_json::from_str(&line).expect("a request")
}

fn answer(request: &str, target: &str, sample: u32, text: &str) -> Response {
    let line = format!(
        r#"{{"id":"res-{request}-{target}-{sample}","request_id":"{request}","prompt_id":"p","target":"{target}","sample":{sample},"stage":"initial","model":"m","text":"{text}","finish_reason":"stop","attempts":1}}"#
    );
    serde_json::from_str(&line).expect("a response")
}

fn failure(request: &str, target: Option<&str>) -> ErrorRecord {
    ErrorRecord {
        request_id: Some(request.into()),
        prompt_id: Some("p".into()),
        target: target.map(Into::into),
        ..ErrorRecord::new("ultra-fanout", ErrorKind::Server, "down")
    }
}

const FIRST: &str = r#"{"name":"initial","index":0,"of":2,"requests":1}"#;

#[test]
fn a_stage_is_complete_when_every_target_and_sample_has_ended() {
    let mut groups = Groups::default();
    assert_eq!(groups.request(request("r", r#"["mock:a#2","mock:b"]"#, FIRST)), None);
    assert_eq!(groups.response(answer("r", "mock:a", 1, "two")), None);
    assert_eq!(groups.error(failure("r", Some("mock:b"))), None);
    let complete = groups.response(answer("r", "mock:a", 0, "one")).expect("complete");
    assert_eq!((complete.stage, complete.last, complete.followed), (0, false, false));

    let group = groups.close(&complete.key).expect("open");
    let answers = group.answers();
    assert!(answers.fallback, "the second stage was never asked");
    let texts: Vec<_> = answers.answers.iter().map(|answer| (answer.member, answer.text)).collect();
    assert_eq!(texts, [(0, "one"), (1, "two")]);
}

#[test]
fn a_stage_waits_for_all_of_its_requests() {
    let mut groups = Groups::default();
    let stage = r#"{"name":"meta","index":1,"of":2,"requests":2,"member":1}"#;
    groups.request(request("r1", r#"["mock:b"]"#, stage));
    assert_eq!(groups.response(answer("r1", "mock:b", 0, "b")), None, "one of two requests");
    groups.request(request("r0", r#"["mock:a"]"#, &stage.replace("\"member\":1", "\"member\":0")));
    let complete = groups.response(answer("r0", "mock:a", 0, "a")).expect("complete");
    assert!(complete.last);
    let group = groups.close(&complete.key).expect("open");
    let members: Vec<_> = group.answers().answers.iter().map(|answer| answer.member).collect();
    assert_eq!(members, [0, 1], "in the order of the panel, not of arrival");
}

#[test]
fn an_answer_outdoes_a_failure_and_the_first_answer_stands() {
    let mut groups = Groups::default();
    groups.request(request("r", r#"["mock:a","mock:b"]"#, FIRST));
    groups.error(failure("r", Some("mock:a")));
    groups.response(answer("r", "mock:a", 0, "first"));
    groups.response(answer("r", "mock:a", 0, "second"));
    let complete = groups.response(answer("r", "mock:b", 0, " \\n")).expect("complete");
    let group = groups.close(&complete.key).expect("open");
    let texts: Vec<_> = group.answers().answers.iter().map(|answer| answer.text).collect();
    assert_eq!(texts, ["first"], "blank text is no answer");
}

#[test]
fn a_failure_without_target_ends_the_whole_request() {
    let mut groups = Groups::default();
    groups.request(request("r", r#"["mock:a","mock:b"]"#, FIRST));
    let complete = groups.error(failure("r", None)).expect("complete");
    assert!(groups.close(&complete.key).expect("open").answers().stage.is_none());
}

#[test]
fn answers_before_their_request_are_joined_to_it() {
    let mut groups = Groups::default();
    assert_eq!(groups.response(answer("r", "mock:a", 0, "early")), None);
    assert!(groups.request(request("r", r#"["mock:a"]"#, FIRST)).is_some());
}

#[test]
fn late_and_repeated_records_of_a_closed_group_open_nothing() {
    let mut groups = Groups::default();
    groups.request(request("r", r#"["mock:a"]"#, FIRST));
    let complete = groups.response(answer("r", "mock:a", 0, "a")).expect("complete");
    groups.close(&complete.key);
    assert_eq!(groups.response(answer("r", "mock:a", 0, "again")), None);
    assert_eq!(groups.request(request("r", r#"["mock:a"]"#, FIRST)), None);
    assert!(groups.finish().is_empty());
}

#[test]
fn answers_alone_make_a_group_at_the_end() {
    let mut groups = Groups::default();
    groups.response(answer("r", "mock:b", 0, "b"));
    groups.response(answer("r", "mock:a", 0, "a"));
    let ended = groups.finish();
    assert_eq!(ended.len(), 1);
    assert_eq!(ended[0].answers().answers.len(), 2);
    assert!(!ended[0].answers().fallback);
}

#[test]
fn a_parking_limit_forgets_the_oldest_answers() {
    let mut groups = Groups::parking(1);
    groups.response(answer("r", "mock:a", 0, "a"));
    groups.response(answer("r", "mock:b", 0, "b"));
    let ended = groups.finish();
    assert_eq!(ended[0].answers().answers[0].text, "b");
}

#[test]
fn two_patterns_on_one_prompt_are_two_groups() {
    let mut groups = Groups::default();
    for (id, blake3) in [("r1", "aa"), ("r2", "bb")] {
        let mut request = request(id, r#"["mock:a"]"#, FIRST);
        request.pattern =
            serde_json::from_str(&format!(r#"{{"name":"x","version":1,"blake3":"{blake3}"}}"#)).ok();
        groups.request(request);
    }
    let complete = groups.response(answer("r2", "mock:a", 0, "a")).expect("complete");
    assert_eq!(complete.key, Key { prompt_id: "p".into(), pattern: Some("bb".into()), request: None });
    assert!(groups.close(&complete.key).is_some());
    assert_eq!(groups.finish().len(), 1);
}
