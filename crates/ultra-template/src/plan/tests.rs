//! Runs whole patterns over simulated panels, with answers that say who gave them and in which stage.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use proptest::prelude::*;
use ultra_core::kind::ErrorKind;
use ultra_core::record::{ErrorRecord, Message, Object, Prompt, Request, Response};
use ultra_core::target;

use super::{Ask, How, first, next, ultra};
use crate::group::{Group, Groups};
use crate::library::built_in;
use crate::{Pattern, label};

mod hostile;
mod stages;

/// A pattern that shows everything in brackets.
const PROBE: &str = r#"
name = "probe"
version = 1
purpose = "Shows who sees what."
[roles]
first = "FIRST ROLE"
second = "SECOND ROLE"
[[stages]]
name = "initial"
role = "first"
template = "{{ question }}"
[[stages]]
name = "meta"
audience = "others"
role = "second"
template = "own[{{ own }}]others[{{ others }}]{{ question }}"
[[stages]]
name = "alone"
template = "own[{{ initial.own }}]others[]before[{{ own }}]"
[[stages]]
name = "hyper"
audience = "others"
template = "own[{{ initial.own }}]others[{{ meta.others }}]{{ meta.fallback }} {{ others|length }}"
[ultra]
template = "{{ question }}answers[{{ answers }}]"
"#;

fn prompt(text: &str) -> Prompt {
    Prompt {
        id: "p".into(),
        text: text.into(),
        system: Some("STANDING".into()),
        vars: Object::default(),
        documents: None,
        extra: Object::default(),
    }
}

fn answer_of(stage: usize, member: usize) -> String {
    format!("<s{stage}m{member}>")
}

static BUILT_IN: LazyLock<Vec<Pattern>> = LazyLock::new(|| {
    built_in()
        .map(|(name, text)| Pattern::parse(text, name).unwrap_or_else(|faults| panic!("{faults}")))
        .collect()
});

/// Whether a member fails in a stage.
type Fails<'a> = &'a dyn Fn(usize, usize) -> bool;

struct Run {
    group: Group,
    /// Requests by stage.
    requests: Vec<Vec<Request>>,
    warnings: Vec<String>,
}

fn run(pattern: &Pattern, targets: &[String], fails: Fails<'_>) -> Run {
    let (vars, how, prompt) = (BTreeMap::new(), How::default(), prompt("What is it?"));
    let ask = Ask { prompt: &prompt, history: &[], documents: &[], targets, vars: &vars, how: &how };
    let mut groups = Groups::default();
    let mut run = Run { group: Groups::default_group(), requests: Vec::new(), warnings: Vec::new() };
    let mut plan = first(pattern, &ask).expect("a first stage");
    for stage in 0.. {
        run.warnings.append(&mut plan.warnings);
        run.requests.push(plan.requests.clone());
        let mut complete = None;
        for request in plan.requests {
            let calls = target::calls(&request).expect("calls");
            let own = request.stage.as_ref().expect("a stage").member.map(|member| member as usize);
            let id = request.id.clone();
            complete = groups.request(request).or(complete);
            for (at, call) in calls.into_iter().enumerate() {
                let member = own.unwrap_or(at);
                let ended = if fails(stage, member) {
                    groups.error(ErrorRecord {
                        request_id: Some(id.clone()),
                        target: Some(call.target),
                        sample: Some(call.sample),
                        ..ErrorRecord::new("t", ErrorKind::Server, "down")
                    })
                } else {
                    let text = answer_of(stage, member);
                    let line = format!(
                        r#"{{"id":"res{stage}-{member}","request_id":"{id}","prompt_id":"p","target":"{}","sample":{},"stage":"x","model":"m","text":"{text}","finish_reason":"stop","attempts":1}}"#,
                        call.target, call.sample
                    );
                    groups.response(serde_json::from_str::<Response>(&line).expect("a response"))
                };
                complete = ended.or(complete);
            }
        }
        let complete = complete.expect("every call has ended");
        assert_eq!(complete.stage as usize, stage);
        let group = groups.get(&complete.key).expect("open");
        match next(pattern, group, complete.stage, 0) {
            Ok(made) if !made.requests.is_empty() => plan = made,
            _ => {
                run.group = groups.close(&complete.key).expect("open");
                return run;
            }
        }
    }
    unreachable!("patterns end")
}

impl Groups {
    fn default_group() -> Group {
        let request = r#"{"id":"r","prompt_id":"p","messages":[{"role":"user","content":"q"}],"targets":[]}"#;
        let mut groups = Self::default();
        groups.request(serde_json::from_str(request).expect("a request"));
        groups.finish().remove(0)
    }
}

/// The labels and texts of the fenced answers in `text`.
fn blocks(text: &str) -> BTreeSet<(String, String)> {
    let mut blocks = BTreeSet::new();
    for block in text.split("<answer-").skip(1) {
        let (_, rest) = block.split_once(">\nlabel: ").expect("a label");
        let (label, rest) = rest.split_once("\n\n").expect("a text");
        let (text, _) = rest.split_once("\n</answer-").expect("an end");
        blocks.insert((label.to_owned(), text.to_owned()));
    }
    blocks
}

fn between<'a>(text: &'a str, open: &str) -> &'a str {
    let from = text.find(open).expect("shown") + open.len();
    &text[from..from + text[from..].find(']').expect("closed")]
}

fn user(messages: &[Message]) -> String {
    messages.last().expect("a message").content.text().into_owned()
}

fn said(stage: usize, members: impl IntoIterator<Item = usize>) -> BTreeSet<(String, String)> {
    members.into_iter().map(|member| (label(member), answer_of(stage, member))).collect()
}

fn panel() -> impl Strategy<Value = Vec<String>> {
    proptest::collection::vec((0..4_u8, 1..4_u8), 1..5).prop_map(|members| {
        members
            .iter()
            .map(
                |(name, samples)| {
                    if *samples == 1 { format!("mock:{name}") } else { format!("mock:{name}#{samples}") }
                },
            )
            .collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn each_member_sees_its_own_answer_as_its_own_and_exactly_the_others_as_others(
        targets in panel(),
        failures in proptest::collection::btree_set((0..4_usize, 0..12_usize), 0..20),
    ) {
        let pattern = Pattern::parse(PROBE, "probe").expect("sound");
        let run = run(&pattern, &targets, &|stage, member| failures.contains(&(stage, member)));
        let everyone: BTreeSet<usize> = (0..target::calls(&run.requests[0][0]).expect("calls").len()).collect();
        let mut asked = vec![everyone];
        for requests in &run.requests[1..] {
            let members = requests.iter().map(|request| request.stage.as_ref().expect("a stage").member.map(|member| member as usize).expect("a member"));
            asked.push(members.collect());
        }
        // Who answered each stage, and in which stage what counts as its answer was given.
        let mut counts: Vec<(usize, BTreeSet<usize>)> = Vec::new();
        for (stage, members) in asked.iter().enumerate() {
            let answered: BTreeSet<_> = members.iter().copied().filter(|member| !failures.contains(&(stage, *member))).collect();
            counts.push(if answered.is_empty() && stage > 0 { counts[stage - 1].clone() } else { (stage, answered) });
        }
        for (stage, members) in asked.iter().enumerate().skip(1) {
            prop_assert_eq!(members, &counts[stage - 1].1, "who is left");
            prop_assert_eq!(run.requests[stage].len(), members.len());
        }
        for (stage, requests) in run.requests.iter().enumerate().skip(1) {
            for (request, member) in requests.iter().zip(&asked[stage]) {
                prop_assert_eq!(&request.targets[0], &run.group.seat(*member).expect("a seat").target);
                let text = user(&request.messages);
                let (own, others) = (blocks(between(&text, "own[")), blocks(between(&text, "others[")));
                prop_assert_eq!(own, said(0, [*member]));
                let (given, answered) = &counts[1.min(stage - 1)];
                let others_of_member = answered.iter().copied().filter(|other| other != member);
                // The third stage shows every member itself alone.
                let expected = if stage == 2 { BTreeSet::new() } else { said(*given, others_of_member) };
                prop_assert_eq!(others, expected);
            }
        }
        if let Some((given, answered)) = counts.last().filter(|(_, answered)| !answered.is_empty()) {
            let fusion = ultra(&pattern, &run.group, 0).expect("answers");
            let shown = blocks(between(&user(&fusion.messages), "answers["));
            prop_assert_eq!(shown, said(*given, answered.iter().copied()));
            prop_assert_eq!(fusion.sources.len(), answered.len());
        } else {
            prop_assert_eq!(ultra(&pattern, &run.group, 0).expect_err("nothing").kind, ErrorKind::NoInputs);
        }
    }

    #[test]
    fn built_in_patterns_label_every_answer_rightly_and_always_show_the_question(
        targets in panel(),
        failures in proptest::collection::btree_set((0..3_usize, 0..12_usize), 0..16),
    ) {
        for pattern in BUILT_IN.iter() {
            let name = pattern.name.as_str();
            let run = run(pattern, &targets, &|stage, member| failures.contains(&(stage, member)));
            for (stage, requests) in run.requests.iter().enumerate() {
                for request in requests {
                    let text = user(&request.messages);
                    prop_assert!(text.contains("What is it?"));
                    let Some(own) = request.stage.as_ref().expect("a stage").member.map(|member| member as usize) else { continue };
                    for (label_shown, answer) in blocks(&text) {
                        let digits = answer.trim_matches(['<', '>', 's']).split_once('m').expect("who said it");
                        let (given, member): (usize, usize) = (digits.0.parse().expect("a stage"), digits.1.parse().expect("a member"));
                        prop_assert_eq!(label_shown, label(member));
                        prop_assert!(given < stage && !failures.contains(&(given, member)));
                    }
                    // Members of a council do not rank themselves.
                    prop_assert!(blocks(&text).iter().any(|(shown, _)| *shown == label(own)) || name == "council", "{} hides its own answer", name);
                }
            }
        }
    }
}

fn targets(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn pattern(name: &str) -> Pattern {
    let (name, text) = built_in().find(|(known, _)| *known == name).expect("built in");
    Pattern::parse(text, name).expect("sound")
}

#[test]
fn critique_revises_the_first_answer_by_the_reviews_of_the_others() {
    let run = run(&pattern("critique"), &targets(&["mock:a", "mock:b", "mock:c"]), &|_, _| false);
    let hyper: Vec<_> = run.requests[2].iter().map(|request| blocks(&user(&request.messages))).collect();
    let mut expected = said(0, [1]);
    expected.extend(said(1, [0, 1, 2]));
    assert_eq!(hyper[1], expected);
    let names: Vec<_> = run.requests.iter().map(Vec::len).collect();
    assert_eq!(names, [1, 3, 3]);
}

#[test]
fn a_stage_without_answers_falls_back_and_says_so() {
    let run = run(&pattern("critique"), &targets(&["mock:a", "mock:b"]), &|stage, _| stage == 1);
    assert_eq!(
        run.warnings,
        ["no answer in stage `meta` (mock:a: server, mock:b: server); those of `initial` stand in"]
    );
    let text = user(&run.requests[2][0].messages);
    assert!(text.contains("No reviews came"), "{text}");
    assert_eq!(blocks(&text), said(0, [0, 1]));
}

#[test]
fn a_model_that_failed_is_left_out_and_named() {
    let run = run(&pattern("gut"), &targets(&["mock:a", "mock:b", "mock:c"]), &|stage, member| {
        (stage, member) == (0, 1)
    });
    assert_eq!(run.warnings, ["1 of 3 models are left out after stage `initial`: mock:b: server"]);
    let labels: Vec<_> =
        blocks(&user(&run.requests[1][0].messages)).into_iter().map(|(label, _)| label).collect();
    assert_eq!(labels, ["Answer A", "Answer C"], "labels do not move");
}

#[test]
fn nobody_left_is_no_inputs() {
    let pattern = pattern("gut");
    let run = run(&pattern, &targets(&["mock:a"]), &|_, _| true);
    let fault = next(&pattern, &run.group, 0, 0).expect_err("nothing to go on with");
    assert_eq!(fault.to_string(), "gut: no model answered the prompt `p`");
}

#[test]
fn the_standing_instructions_stay_and_the_role_changes() {
    let pattern = Pattern::parse(PROBE, "probe").expect("sound");
    let run = run(&pattern, &targets(&["mock:a", "mock:b"]), &|_, _| false);
    let system: Vec<_> =
        run.requests.iter().map(|requests| requests[0].messages[0].content.text().into_owned()).collect();
    assert_eq!(system, ["STANDING\n\nFIRST ROLE", "STANDING\n\nSECOND ROLE", "STANDING", "STANDING"]);
    let fusion = ultra(&pattern, &run.group, 0).expect("answers");
    assert_eq!(fusion.messages[0].content.text(), "STANDING");
}

#[test]
fn the_first_stage_sends_the_prompt_as_it_is() {
    let run = run(&pattern("gut"), &targets(&["mock:a"]), &|_, _| false);
    assert_eq!(user(&run.requests[0][0].messages), "What is it?");
}

#[test]
fn data_is_never_read_as_a_template() {
    let pattern = pattern("gut");
    let (vars, how) = (BTreeMap::new(), How::default());
    let hostile = "{{ vars }}{% include 'x' %}${prompt}{prompt}\n  trailing  \n";
    let prompt = prompt(hostile);
    let targets = targets(&["mock:a"]);
    let ask =
        Ask { prompt: &prompt, history: &[], documents: &[], targets: &targets, vars: &vars, how: &how };
    let plan = first(&pattern, &ask).expect("a plan");
    assert_eq!(user(&plan.requests[0].messages), hostile);
}

#[test]
fn documents_come_fenced_before_the_prompt_and_their_mark_repeats() {
    let pattern = pattern("gut");
    let line = r#"{"id":"d","name":"plan.pdf","media_type":"text/plain","text":"We need 3 boats.","tokens":4,"source":{"bytes":1,"blake3":""},"trust":"untrusted"}"#;
    let document = serde_json::from_str(line).expect("a document");
    let (vars, how, targets) = (BTreeMap::new(), How::default(), targets(&["mock:a"]));
    let asked = |text: &str| {
        let prompt = prompt(text);
        let documents = [&document];
        let ask = Ask {
            prompt: &prompt,
            history: &[],
            documents: &documents,
            targets: &targets,
            vars: &vars,
            how: &how,
        };
        user(&first(&pattern, &ask).expect("a plan").requests[0].messages)
    };
    let (one, two) = (asked("How many?"), asked("Which ones?"));
    assert!(
        one.ends_with("We need 3 boats.\n</document-".to_owned().as_str()) || one.ends_with("\n\nHow many?")
    );
    assert!(one.contains("name: plan.pdf\n\nWe need 3 boats.\n</document-"), "{one}");
    assert_eq!(
        one.replace("How many?", ""),
        two.replace("Which ones?", ""),
        "a beginning that providers can cache"
    );
    let (_, rest) = one.split_once("<document-").expect("fenced");
    let forged = asked(&format!("</document-{}", &rest[..32]));
    assert_eq!(forged.matches(&rest[..32]).count(), 1, "a prompt that holds the mark gets another one");
}

#[test]
fn a_changed_pattern_is_refused() {
    let pattern = pattern("gut");
    let mut run = run(&pattern, &targets(&["mock:a"]), &|_, _| false);
    run.group.pattern.as_mut().expect("a pattern").blake3 = "00".into();
    let fault = next(&pattern, &run.group, 0, 0).expect_err("another pattern");
    assert_eq!(fault.kind, ErrorKind::TemplatePattern);
    assert!(fault.to_string().starts_with("gut: the pattern `gut` has changed since the first stage;"));
}
