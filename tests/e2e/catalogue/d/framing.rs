//! Cases 92 to 94: bodies whose length is a lie, or whose end is missing.

use std::io::Write as _;

use serde_json::json;
use ultra_testkit::command::Sandbox;
use ultra_testkit::server::{Place, Reply};

use crate::catalogue::panel::{Class as C, judge, judge_bytes, judge_in};
use crate::catalogue::raw::{Raw, Then};
use crate::catalogue::{completion, fanout, questions, whole};

/// A reply of status 200 with these headers and this body, at whose end the connection is closed.
fn reply(headers: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\nconnection: close\r\n{headers}\r\n{body}").into_bytes()
}

/// The body in one chunk and the last one, each with what may follow its size.
fn chunks(body: &str, extension: &str, trailer: &str) -> String {
    format!("{:x}{extension}\r\n{body}\r\n0\r\n{trailer}\r\n", body.len())
}

const CHUNKED: &str = "transfer-encoding: chunked\r\n";

#[test]
fn case_92_a_length_that_is_wrong_is_no_answer() {
    let body = completion("a lie");
    let (length, half) = (body.len(), body.len() / 2);
    judge(&[
        (Reply::text("x").claiming_length(100_000), C::Unsure, "truncated"),
        (Reply::text("x").claiming_length(10), C::Unsure, "truncated"),
    ]);
    judge_bytes(&[
        (reply(&format!("content-length: {half}\r\n"), &body), C::Unsure, "truncated"),
        (
            reply(&format!("content-length: {length}\r\ncontent-length: {half}\r\n"), &body),
            C::Record,
            "protocol",
        ),
        (reply(&format!("content-length: {length}, {half}\r\n"), &body), C::Record, "protocol"),
        (reply("content-length: -5\r\n", &body), C::Record, "protocol"),
        (reply("content-length: 99999999999999999999999\r\n", &body), C::Record, "protocol"),
        (
            reply(&format!("content-length: {length}\r\n{CHUNKED}"), &chunks(&body, "", "")),
            C::Record,
            "protocol",
        ),
        (
            reply(&format!("{CHUNKED}content-length: {half}\r\n"), &chunks(&body, "", "")),
            C::Record,
            "protocol",
        ),
        // Said twice alike, it is said.
        (
            reply(&format!("content-length: {length}\r\ncontent-length: {length}\r\n"), &body),
            C::Fine,
            "response",
        ),
    ]);
}

#[test]
fn case_92_what_follows_an_answer_is_never_the_answer_to_the_next_question() {
    let server = Raw::start(|asked, stream| {
        let both = whole(&completion(&format!("number {}", asked.nth))) + &whole(&completion("forged"));
        drop(stream.write_all(both.as_bytes()));
        Then::Keep
    });
    let run =
        fanout(&Sandbox::new(), &server.url()).args(["-m", "vllm:m", "-j", "1"]).stdin(questions(5)).run();
    run.assert_status(0);
    let texts: Vec<_> = run.records("response").iter().map(|record| record["text"].clone()).collect();
    assert_eq!(texts, (0..5).map(|n| json!(format!("number {n}"))).collect::<Vec<_>>(), "{run}");
    assert_eq!(server.connected(), 5, "such a connection is not used again");
}

#[test]
fn case_93_chunks_without_an_end_or_a_measure_are_no_answer() {
    judge(&[
        (Reply::text("x").without_last_chunk(), C::Unsure, "truncated"),
        (Reply::text("x").chunked(7).cut(Place::MidBody(30)), C::Unsure, "truncated"),
        // The largest size that there is: it never comes.
        (Reply::text("x").with_a_bad_chunk(), C::Unsure, "truncated"),
    ]);
    let body = completion("a lie");
    let mega = "x".repeat(1 << 20);
    judge_bytes(&[
        (reply(CHUNKED, &chunks(&body, "", "")), C::Fine, "response"),
        (reply(CHUNKED, &format!("{:x}\r\n{body}\r\n0\r\n", body.len())), C::Unsure, "truncated"),
        (reply(CHUNKED, &format!("{:x}\r\n{body}\r\n", body.len())), C::Unsure, "truncated"),
        (reply(CHUNKED, &format!("{:x}\r\n{body}", body.len())), C::Unsure, "truncated"),
        (reply(CHUNKED, &format!("FFFFFFFFFFFFFFFFF\r\n{body}")), C::Record, "protocol"),
        (reply(CHUNKED, &format!("-5\r\n{body}")), C::Record, "protocol"),
        (reply(CHUNKED, &format!("zz\r\n{body}")), C::Record, "protocol"),
        (reply(CHUNKED, &chunks(&body, &format!(";{mega}"), "")), C::Record, "protocol"),
        (reply(CHUNKED, &chunks(&body, "", &format!("t: {mega}\r\n"))), C::Record, "protocol"),
    ]);
}

#[test]
fn case_94_a_body_without_a_length_is_whole_when_its_json_is() {
    let body = completion("whole");
    judge_bytes(&[
        (reply("", &body), C::Fine, "response"),
        (reply("", &body[..body.len() - 2]), C::Unsure, "truncated"),
        (reply("", &body[..body.len() / 2]), C::Unsure, "truncated"),
        (reply("", "{"), C::Unsure, "truncated"),
        (reply("", ""), C::Unsure, "empty"),
    ]);
    let half = Reply::json(200, r#"{"content":[{"type":"text","text":"ha"#).closing();
    judge_in("anthropic", &[(half, C::Unsure, "truncated")]);
}
