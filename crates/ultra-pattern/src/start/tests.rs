//! Prompts and documents as they come, divided and brought together, with a stand-in for the tools between.

use serde_json::{Value, json};
use ultra_core::failure::Exit;
use ultra_core::tool::Context;

use crate::tests::{fails, fanout, records, run, run_in};

fn document(id: &str, name: &str, text: &str) -> String {
    json!({ "type": "document", "id": id, "name": name, "media_type": "text/plain", "text": text, "tokens": 1,
            "source": { "path": format!("in/{name}"), "bytes": 1, "blake3": "" }, "trust": "untrusted" })
    .to_string()
}

fn part(id: &str, name: &str, (index, count): (u64, u64), text: &str) -> String {
    let mut record: Value = serde_json::from_str(&document(id, name, text)).expect("JSON");
    record["part"] =
        json!({ "index": index, "count": count, "start": 0, "end": 9, "heading": format!("H{index}") });
    record.to_string()
}

/// Three documents, one of them in two parts.
fn documents() -> String {
    [
        document("a", "a.md", "Ice is cold."),
        part("b0", "b.md", (0, 2), "The rent is high."),
        part("b1", "b.md", (1, 2), "Boats need wind."),
        document("c", "c.md", "Snow."),
    ]
    .join("\n")
}

const GUT: &[&str] = &["start", "gut", "-m", "mock:a", "-m", "mock:b"];

fn start(more: &[&str], input: &str) -> String {
    run(&[GUT, more].concat(), input)
}

fn contents(stream: &str) -> Vec<String> {
    let requests = records(stream, "request").into_iter();
    requests.map(|request| request["messages"][0]["content"].as_str().expect("text").to_owned()).collect()
}

/// Which documents each request shows, by a word of each.
fn shows(stream: &str) -> Vec<String> {
    let words = [("Ice", 'a'), ("rent is", 'b'), ("Boats", 'B'), ("Snow", 'c')];
    let shown =
        |text: String| words.iter().filter(|(word, _)| text.contains(word)).map(|(_, id)| *id).collect();
    contents(stream).into_iter().map(shown).collect()
}

fn with_synthesis(stream: &str, silent: &[usize]) -> String {
    let mut out = stream.to_owned();
    for (at, prompt) in records(stream, "prompt").into_iter().enumerate() {
        if !silent.contains(&at) {
            let synthesis = json!({ "type": "synthesis", "id": format!("syn{at}"), "prompt_id": prompt["id"],
                                    "strategy": "fuse", "text": format!("Merged {at}."), "sources": [] });
            out.extend([synthesis.to_string(), "\n".to_owned()]);
        }
    }
    out
}

#[test]
fn a_prompt_gets_all_its_documents_or_becomes_one_for_each() {
    let ask = |how: &str| shows(&start(&["-p", "Why?", "--documents", how], &documents()));
    assert_eq!(ask("all"), ["abBc"]);
    assert_eq!(ask("each"), ["a", "bB", "c"]);
    assert_eq!(ask("chunk"), ["a", "b", "B", "c"]);
    assert_eq!(ask("part"), ask("chunk"));
}

#[test]
fn parts_of_a_prompt_name_it_and_stand_for_it() {
    let line = r#"{"type":"prompt","id":"p1","text":"Why?","system":"S","topic":"x","documents":["b1","a"]}"#;
    let input = format!("{}\n{line}\n", documents());
    let stream = start(&["--documents", "chunk"], &input);
    let parts = records(&stream, "prompt");
    assert_eq!(parts.len(), 2);
    for (at, id) in ["b1", "a"].iter().enumerate() {
        assert_eq!(parts[at]["documents"], json!([id]));
        assert_eq!(parts[at]["part_of"], json!({ "id": "p1", "index": at, "count": 2 }));
        assert_eq!((&parts[at]["system"], &parts[at]["topic"]), (&json!("S"), &json!("x")));
    }
    assert_ne!(parts[0]["id"], parts[1]["id"]);
    assert_eq!(stream, start(&["--documents", "chunk"], &input), "ids are content");
    // Without documents there is nothing to divide.
    let stream = start(&["--documents", "each", "-p", "Why?"], "");
    assert!(records(&stream, "prompt")[0].get("part_of").is_none());
}

#[test]
fn answers_to_the_parts_are_brought_together_under_the_id_of_the_whole() {
    let line = r#"{"id":"p1","prompt":"Why?","topic":"x","params":{"temperature":0.5},"messages":[
        {"role":"user","content":"Before?"},{"role":"assistant","content":"Yes."},{"role":"user","content":"Why?"}]}"#
        .replace('\n', "");
    let mapped = start(&["--documents", "each"], &format!("{}\n{line}\n", documents()));
    let stream = with_synthesis(&fanout(&mapped, &[]), &[]);
    let reduced = start(&["--from-answers"], &stream);
    assert!(reduced.starts_with(&stream), "what was read is copied");
    let new = &reduced[stream.len()..];
    let answers = records(new, "document");
    let names: Vec<_> = answers.iter().map(|answer| answer["name"].as_str().expect("a name")).collect();
    assert_eq!(names, ["Answer about a.md", "Answer about b.md", "Answer about c.md"]);
    assert_eq!(
        (&answers[1]["text"], &answers[1]["source"]["path"]),
        (&json!("Merged 1."), &json!("in/b.md"))
    );
    assert_eq!(answers[0]["trust"], "untrusted");
    let prompts = records(new, "prompt");
    assert_eq!(
        (&prompts[0]["id"], &prompts[0]["text"], &prompts[0]["topic"]),
        (&json!("p1"), &json!("Why?"), &json!("x"))
    );
    assert!(prompts.len() == 1 && prompts[0].get("part_of").is_none());
    let request = &records(new, "request")[0];
    assert_eq!((&request["prompt_id"], &request["params"]["temperature"]), (&json!("p1"), &json!(0.5)));
    assert_eq!(
        request["messages"].as_array().expect("messages").len(),
        3,
        "the turns before are asked again"
    );
    let text = request["messages"][2]["content"].as_str().expect("text");
    assert!(["Merged 0.", "Merged 1.", "Merged 2."].iter().all(|answer| text.contains(answer)), "{text}");
    assert!(!text.contains("Ice is cold"), "the documents themselves were read before: {text}");
    assert!(text.contains("name: Answer about b.md\nsource: in/b.md\n"), "{text}");
    let shown = request["documents"]["shown"].as_array().expect("a list").len();
    assert_eq!((shown, &request["documents"]["left_out"]), (3, &json!([])));
}

#[test]
fn without_a_synthesis_the_answers_of_the_last_stage_count() {
    let mapped = start(&["-p", "Why?", "--documents", "chunk"], &documents());
    let staged = fanout(&run(&["next"], &fanout(&mapped, &[])), &[]);
    let reduced = start(&["--from-answers"], &staged);
    let answers = records(&reduced[staged.len()..], "document");
    assert_eq!(answers.len(), 8);
    assert_eq!(answers[0]["text"], "meta of mock:a 0");
    let named: Vec<_> = answers.iter().map(|answer| answer["name"].as_str().expect("a name")).collect();
    assert_eq!(named[2..4], ["Answer A about b.md", "Answer B about b.md"]);
    assert_eq!((&answers[2]["part"]["index"], &answers[2]["part"]["heading"]), (&json!(0), &json!("H0")));
}

#[test]
fn parts_without_an_answer_are_named() {
    let mapped = start(&["-p", "Why?", "--documents", "each"], &documents());
    let stream = with_synthesis(&mapped, &[1]);
    let silent = records(&mapped, "prompt")[1]["id"].clone();
    let reduced = start(&["--from-answers"], &stream);
    let new = &reduced[stream.len()..];
    let request = &records(new, "request")[0];
    assert_eq!(request["documents"]["unanswered"], json!([silent]));
    assert!(contents(new)[0].contains("One more excerpt is not shown here"), "{}", contents(new)[0]);
    // Nobody answered at all.
    let (text, ended) = run_in(&Context::mock(0), &[GUT, &["--from-answers"]].concat(), &mapped);
    assert_eq!(ended.expect_err("fails").exit(), Exit::NothingUsable);
    let error = &records(&text, "error")[0];
    assert_eq!(error["kind"], "no_inputs");
    assert_eq!(error["prompt_id"], reduced_id(&mapped));
}

fn reduced_id(mapped: &str) -> Value {
    records(mapped, "prompt")[0]["part_of"]["id"].clone()
}

#[test]
fn another_question_can_be_asked_about_all_answers() {
    let stream = fanout(&start(&[], "{\"prompt\":\"One?\"}\n{\"prompt\":\"Two?\"}\n"), &[]);
    let reduced = start(&["--from-answers", "-p", "What do they share?"], &stream);
    let new = &reduced[stream.len()..];
    let names: Vec<_> = records(new, "document").iter().map(|answer| answer["name"].clone()).collect();
    assert_eq!(names, ["Answer A to: One?", "Answer B to: One?", "Answer A to: Two?", "Answer B to: Two?"]);
    assert_eq!(records(new, "request").len(), 1);
    assert!(contents(new)[0].ends_with("What do they share?"), "{}", contents(new)[0]);
    // Lines that came twice, as after a restart, count once.
    let doubled = start(&["--from-answers", "-p", "What do they share?"], &format!("{stream}{stream}"));
    assert_eq!(contents(&doubled).last(), contents(new).last());
    let nothing = fails(&[GUT, &["--from-answers"]].concat(), &stream);
    assert_eq!(nothing.0, Exit::NothingUsable);
    assert!(nothing.1.contains("start --documents each"), "{}", nothing.1);
}

#[test]
fn the_excerpts_that_matter_are_shown_and_the_rest_is_listed_and_counted() {
    let stream = start(&["-p", "How high is the rent?", "--top-k", "1"], &documents());
    assert_eq!(shows(&stream), ["b"]);
    let request = &records(&stream, "request")[0];
    let left: Vec<_> = request["documents"]["left_out"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|place| place["id"].clone())
        .collect();
    assert_eq!(left, ["a", "b1", "c"]);
    assert_eq!((&request["documents"]["by"], &request["documents"]["top_k"]), (&json!("bm25"), &json!(1)));
    let text = &contents(&stream)[0];
    assert!(text.contains("3 more excerpts are not shown here"), "{text}");
    assert!(text.contains("name: b.md\nsource: in/b.md\npart: 1 of 2\nheading: H0\n"), "{text}");
    // The choice is each prompt's own, and within each part of a divided prompt.
    let two =
        start(&["--top-k", "1", "-p", "Is the rent due?", "-p", "Is there wind for boats?"], &documents());
    assert_eq!(shows(&two), ["b", "B"]);
    let divided = start(&["--top-k", "1", "--documents", "each", "-p", "Is there wind?"], &documents());
    assert_eq!(shows(&divided), ["a", "B", "c"]);
}

#[test]
fn no_room_means_no_documents_and_the_request_says_so() {
    for limit in [&["--context-tokens", "0"], &["--top-k", "0"]] {
        let stream = start(&[&["-p", "Is the rent high?"], &limit[..]].concat(), &documents());
        assert_eq!(contents(&stream)[0].trim(), contents(&start(&["-p", "Is the rent high?"], ""))[0].trim());
        let note = &records(&stream, "request")[0]["documents"];
        assert_eq!((&note["shown"], note["left_out"].as_array().map(Vec::len)), (&json!([]), Some(4)));
    }
}

#[test]
fn nothing_in_common_shows_the_first_and_names_the_rule() {
    let stream = start(&["-p", "¿Qué?", "--top-k", "2"], &documents());
    assert_eq!(shows(&stream), ["ab"]);
    assert_eq!(records(&stream, "request")[0]["documents"]["by"], "first");
}

#[test]
fn documents_without_text_are_not_asked_about() {
    let input = [document("e", "empty", " \n"), document("a", "a.md", "Ice.")].join("\n");
    let stream = start(&["-p", "Why?", "--documents", "each"], &input);
    assert_eq!(records(&stream, "prompt").len(), 1);
    assert_eq!(records(&stream, "prompt")[0]["part_of"]["count"], 1);
}

#[test]
fn prompts_come_from_files_after_those_of_the_command_line() {
    let directory = std::env::temp_dir().join(format!("ultra-prompt-file-{}", std::process::id()));
    std::fs::create_dir_all(&directory).expect("makes a directory");
    let file = |name: &str, bytes: &[u8]| {
        let path = directory.join(name);
        std::fs::write(&path, bytes).expect("writes");
        path.to_str().expect("is text").to_owned()
    };
    let good = file("good", b"Line one\n\n{{ line }} two\r\n\n");
    let stream = start(&["-f", &good, "-p", "@first"], "");
    let texts: Vec<_> = records(&stream, "prompt").iter().map(|prompt| prompt["text"].clone()).collect();
    assert_eq!(texts, ["@first", "Line one\n\n{{ line }} two"]);
    let (empty, binary) = (file("empty", b" \n"), file("binary", b"\xFF\xFE"));
    let absent = directory.join("absent");
    for (path, said) in [
        (empty.as_str(), "is empty"),
        (&binary, "is not UTF-8 text"),
        (absent.to_str().expect("is text"), "cannot read the prompt file"),
        ("-", "standard input is the stream of records"),
    ] {
        let (exit, message) = fails(&[GUT, &["-f", path]].concat(), "");
        assert!(exit == Exit::Usage && message.contains(said), "{message}");
    }
    std::fs::remove_dir_all(directory).expect("removes");
}

#[test]
fn what_stands_beside_a_prompt_is_heeded_or_refused() {
    let input = [
        r#"{"prompt":"a","targets":["mock:x"],"samples":2,"params":{"temperature":0.1}}"#,
        r#"{"prompt":"b","targets":["@nobody"]}"#,
    ]
    .join("\n");
    let (out, _) = run_in(&Context::mock(0), GUT, &input);
    let requests = records(&out, "request");
    assert_eq!(requests.len(), 1);
    assert_eq!((&requests[0]["targets"], &requests[0]["samples"]), (&json!(["mock:x"]), &json!(2)));
    let error = &records(&out, "error")[0];
    assert_eq!(error["kind"], "input.schema");
    assert!(error["message"].as_str().expect("text").starts_with("`targets`: "), "{error}");
}

#[test]
fn answers_are_records_not_lines() {
    let context = Context { plain_lines: true, ..Context::mock(0) };
    let (_, ended) = run_in(&context, &[GUT, &["--from-answers"]].concat(), "");
    assert_eq!(ended.expect_err("fails").exit(), Exit::Usage);
}
