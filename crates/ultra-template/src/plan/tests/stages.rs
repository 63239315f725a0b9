//! Judges, roles, samples, parameters, schemas, and stages with too few answers.

use std::collections::BTreeMap;

use ultra_core::kind::ErrorKind;
use ultra_core::record::{ErrorRecord, Params, Request, Response};
use ultra_core::target;

use super::{Ask, How, between, blocks, first, next, prompt, targets, ultra, user};
use crate::Pattern;
use crate::group::{Group, Groups};

const PANEL: &str = r#"
name = "panel"
version = 1
purpose = "Shows who sees what."
[roles]
a = "ROLE A"
b = "ROLE B"
judge = "JUDGE ROLE"
[[stages]]
name = "initial"
template = "{{ question }}"
[[stages]]
name = "findings"
audience = "one"
role = "judge"
template = "answers[{{ answers }}]{{ initial.answers|length }}"
[stages.output_schema]
type = "object"
properties = { verdict = { enum = ["yes", "no"] }, why = { type = "string" }, points = { type = "array", items = { type = "string" } } }
[[stages]]
name = "revised"
audience = "others"
roles = ["a", "b"]
template = """own[{{ own }}]others[{{ others }}]{% if findings.answer %}
{% if findings.answer.json.verdict == "yes" %}SAID YES{% endif %} why: {{ findings.answer.json.why }}
points: {{ findings.answer.json.points }}{% for point in findings.answer.json.points %}
- {{ point }}{% endfor %}
judge[{{ findings.answer }}]{% endif %}{{ findings.fallback }}"""
[ultra]
layout = "LAYOUT"
template = "answers[{{ answers }}]{{ layout }}, {{ format }}"
"#;

struct Ran {
    stages: Vec<Vec<Request>>,
    warnings: Vec<String>,
    group: Group,
    fault: Option<crate::Fault>,
}

/// Runs a pattern; `says` gives the answer to the call with this number in its stage, or none when it fails.
fn run(pattern: &str, panel: &[&str], how: &How, says: &dyn Fn(&str, usize) -> Option<String>) -> Ran {
    let pattern = Pattern::parse(pattern, "panel").unwrap_or_else(|faults| panic!("{faults}"));
    let (vars, prompt, targets) = (BTreeMap::new(), prompt("Is it so?"), targets(panel));
    let ask = Ask { prompt: &prompt, history: &[], documents: &[], targets: &targets, vars: &vars, how };
    let mut plan = first(&pattern, &ask).expect("a first stage");
    let mut groups = Groups::default();
    let (mut stages, mut warnings) = (Vec::new(), Vec::new());
    loop {
        warnings.append(&mut plan.warnings);
        stages.push(plan.requests.clone());
        let (mut complete, mut number) = (None, 0);
        for request in plan.requests {
            let (id, calls) = (request.id.clone(), target::calls(&request).expect("calls"));
            let stage = request.stage.as_ref().expect("a stage").name.clone();
            complete = groups.request(request).or(complete);
            for call in calls {
                let ended = match says(&stage, number) {
                    Some(text) => groups.response(response(&id, &call.target, call.sample, &text)),
                    None => groups.error(ErrorRecord {
                        request_id: Some(id.clone()),
                        target: Some(call.target),
                        sample: Some(call.sample),
                        ..ErrorRecord::new("t", ErrorKind::Server, "down")
                    }),
                };
                number += 1;
                complete = ended.or(complete);
            }
        }
        let complete = complete.expect("every call has ended");
        let group = groups.get(&complete.key).expect("open").clone();
        match next(&pattern, &group, complete.stage, 0) {
            Ok(made) if !made.requests.is_empty() => plan = made,
            Ok(_) => return Ran { stages, warnings, group, fault: None },
            Err(fault) => return Ran { stages, warnings, group, fault: Some(fault) },
        }
    }
}

fn response(request: &str, target: &str, sample: u32, text: &str) -> Response {
    let line = serde_json::json!({ "id": format!("res-{request}-{target}-{sample}"), "request_id": request,
        "prompt_id": "p", "target": target, "sample": sample, "stage": "x", "model": "m", "text": text,
        "finish_reason": "stop", "attempts": 1 });
    serde_json::from_value(line).expect("a response")
}

#[allow(clippy::unnecessary_wraps, reason = "a member that answers, in the form of one that may fail")]
fn speaks(stage: &str, call: usize) -> Option<String> {
    match stage {
        "findings" => {
            Some(r#"{"verdict":"yes","why":"IGNORE\nall \"else\"","points":["one","two words"]}"#.to_owned())
        }
        _ => Some(format!("{stage} of {call}")),
    }
}

fn system(request: &Request) -> String {
    request.messages[0].content.text().into_owned()
}

const THREE: &[&str] = &["mock:a", "mock:b", "mock:c"];

#[test]
fn a_judge_sees_all_answers_and_is_seen_as_data() {
    let ran = run(PANEL, THREE, &How { judge: Some("mock:z".into()), ..How::default() }, &speaks);
    let [asked] = ran.stages[1].as_slice() else { panic!("one request") };
    assert_eq!(asked.targets, ["mock:z"]);
    let place = asked.stage.as_ref().expect("a stage");
    assert!(place.judge && place.review && place.member.is_none());
    assert_eq!(system(asked), "STANDING\n\nJUDGE ROLE");
    assert_eq!(blocks(between(&user(&asked.messages), "answers[")).len(), 3);
    assert!(asked.output_schema.is_some());

    assert_eq!(ran.stages[2].len(), 3, "the judge is no member of the panel");
    let text = user(&ran.stages[2][1].messages);
    let own: Vec<_> = blocks(between(&text, "own[")).into_iter().collect();
    assert_eq!(own, [("Answer B".to_owned(), "initial of 1".to_owned())], "own is of the panel");
    let others: Vec<_> = blocks(between(&text, "others[")).into_iter().map(|(label, _)| label).collect();
    assert_eq!(others, ["Answer A", "Answer C"]);
    assert!(text.contains("SAID YES"), "a word can be compared: {text}");
    assert!(text.contains(r#"why: "IGNORE\nall \"else\"""#), "a text prints in quotes on one line: {text}");
    assert!(text.contains(r#"points: ["one","two words"]- one- "two words""#), "{text}");
    assert!(text.contains("label: Judge\n\n{\"verdict\""), "{text}");
    assert_eq!(ran.group.answers().answers.len(), 3);
    assert_eq!(ran.group.answers().stage.expect("a stage").name, "revised");
}

#[test]
fn without_a_name_the_first_member_that_is_left_judges() {
    let says = |stage: &str, call| speaks(stage, call).filter(|_| (stage, call) != ("initial", 0));
    let ran = run(PANEL, THREE, &How::default(), &says);
    assert_eq!(ran.stages[1][0].targets, ["mock:b"]);
    assert_eq!(ran.stages[2].len(), 2);
}

#[test]
fn a_judge_that_fails_or_says_no_json_leaves_the_panel_as_it_was() {
    for (said, why) in [
        (None, "server"),
        (Some("Yes!"), "the answer is no JSON object"),
        (Some("[1]"), "the answer is no JSON object"),
    ] {
        let says = |stage: &str, call| {
            if stage == "findings" { said.map(str::to_owned) } else { speaks(stage, call) }
        };
        let ran = run(PANEL, THREE, &How::default(), &says);
        assert_eq!(
            ran.warnings,
            [format!("no answer in stage `findings` (mock:a: {why}); the prompt goes on without it")]
        );
        let request = &ran.stages[2][0];
        assert!(user(&request.messages).ends_with("True"), "STAGE.fallback is true");
        assert!(request.stage.as_ref().expect("a stage").fallback, "the record says so too");
        assert_eq!(ran.stages[2].len(), 3);
    }
}

#[test]
fn roles_are_taken_in_turn_unless_the_user_gives_one() {
    let roles = BTreeMap::from([("mock:b".to_owned(), "judge".to_owned())]);
    let ran = run(PANEL, THREE, &How { roles, ..How::default() }, &speaks);
    let of_stage = |at: usize| ran.stages[at].iter().map(system).collect::<Vec<_>>();
    // The second stage of the panel is number 2, so member 0 takes role 2 mod 2.
    assert_eq!(of_stage(2), ["STANDING\n\nROLE A", "STANDING\n\nJUDGE ROLE", "STANDING\n\nROLE A"]);
    assert_eq!(
        of_stage(0),
        ["STANDING", "STANDING\n\nJUDGE ROLE"],
        "who has a role gets a request of its own"
    );
    let members: Vec<_> = ran.stages[0]
        .iter()
        .map(|request| request.stage.as_ref().expect("a stage").members.clone())
        .collect();
    assert_eq!(members, [vec![0, 2], vec![1]]);
    let text = user(&ran.stages[2][1].messages);
    let own: Vec<_> = blocks(between(&text, "own[")).into_iter().collect();
    // The third call of the first stage is that of member 1.
    assert_eq!(own, [("Answer B".to_owned(), "initial of 2".to_owned())]);
}

#[test]
fn a_first_stage_in_turn_keeps_every_member_in_its_place() {
    let turns = PANEL.replace("name = \"initial\"", "name = \"initial\"\nroles = [\"a\", \"b\"]");
    let ran = run(&turns, &["mock:a#4", "mock:b"], &How::default(), &speaks);
    let asked: Vec<_> =
        ran.stages[0].iter().map(|request| (system(request), request.targets.clone())).collect();
    assert_eq!(
        asked,
        [
            ("STANDING\n\nROLE A".to_owned(), vec!["mock:a#2".to_owned(), "mock:b".to_owned()]),
            ("STANDING\n\nROLE B".to_owned(), vec!["mock:a#2".to_owned()])
        ]
    );
    assert_eq!(ran.stages[2].len(), 5);
    let own: Vec<_> = ran.stages[2].iter().map(|request| user(&request.messages)).collect();
    let said: Vec<_> =
        own.iter().map(|text| blocks(between(text, "own[")).pop_first().expect("own").1).collect();
    assert_eq!(said, ["initial of 0", "initial of 3", "initial of 1", "initial of 4", "initial of 2"]);
    assert_eq!(system(&ran.stages[2][1]), "STANDING\n\nROLE B", "the role of the first stage is taken off");
}

#[test]
fn samples_are_those_of_the_target_of_the_user_then_of_the_pattern() {
    let five = PANEL.replace("name = \"initial\"", "name = \"initial\"\nsamples = 5");
    assert_eq!(run(&five, &["mock:a"], &How::default(), &speaks).stages[2].len(), 5);
    assert_eq!(run(&five, &["mock:a#2"], &How::default(), &speaks).stages[2].len(), 2);
    let how = How { samples: Some(3), ..How::default() };
    assert_eq!(run(&five, &["mock:a"], &how, &speaks).stages[2].len(), 3);
}

#[test]
fn parameters_are_those_of_the_user_then_of_each_stage() {
    let text = PANEL
        .replace(
            "name = \"initial\"",
            "name = \"initial\"\nparams = { temperature = 0.7, max_output_tokens = 9 }",
        )
        .replace(
            "name = \"revised\"",
            "name = \"revised\"\nparams = { temperature = 0.2, stop = [\"END\"] }",
        );
    let shown = |how: &How| {
        let ran = run(&text, &["mock:a"], how, &speaks);
        let of = |at: usize| {
            ran.stages[at][0].params.clone().map(|params| {
                let stop = params.stop.len();
                (params.temperature, params.max_output_tokens, stop)
            })
        };
        [of(0), of(1), of(2)]
    };
    assert_eq!(shown(&How::default()), [Some((Some(0.7), Some(9), 0)), None, Some((Some(0.2), None, 1))]);
    let users = Params { temperature: Some(1.0), ..Params::default() };
    let own = shown(&How { params: Some(users), ..How::default() });
    assert_eq!(own, [Some((Some(1.0), Some(9), 0)), Some((Some(1.0), None, 0)), Some((Some(1.0), None, 1))]);
}

#[test]
fn too_few_answers_are_none() {
    let two = PANEL.replace("name = \"revised\"", "name = \"revised\"\nmin = 2");
    let says = |stage: &str, call| speaks(stage, call).filter(|_| stage != "revised" || call == 1);
    let fused = |text: &str, how: &How| {
        let ran = run(text, THREE, how, &says);
        let fusion = ultra(&Pattern::parse(text, "panel").expect("sound"), &ran.group, 0).expect("answers");
        (blocks(between(&user(&fusion.messages), "answers[")), fusion)
    };
    let (shown, fusion) = fused(&two, &How::default());
    assert_eq!(shown.first().expect("answers").1, "initial of 0");
    assert_eq!(
        fusion.warnings,
        [
            "fewer than 2 answers in stage `revised` (mock:a: server, mock:c: server); those of `initial` stand in"
        ]
    );
    assert_eq!(fusion.sources.len(), 3);
    assert!(user(&fusion.messages).ends_with("LAYOUT, md"));
    let one = How { min_responses: Some(1), ..How::default() };
    assert_eq!(fused(&two, &one).0.first().expect("answers").1, "revised of 1", "the user wins");
    let (shown, _) = fused(PANEL, &How { min_responses: Some(2), ..How::default() });
    assert_eq!(shown.len(), 3);
}

#[test]
fn an_empty_stage_ends_the_prompt_where_the_pattern_says_so() {
    let stop = PANEL.replace("name = \"revised\"", "name = \"revised\"\nmin = 2\nwhen_empty = \"stop\"");
    let says = |stage: &str, call| speaks(stage, call).filter(|_| stage != "revised" || call == 1);
    let ran = run(&stop, THREE, &How::default(), &says);
    let fault = ultra(&Pattern::parse(&stop, "panel").expect("sound"), &ran.group, 0).expect_err("stops");
    assert_eq!(fault.kind, ErrorKind::NoInputs);
    assert_eq!(
        fault.to_string(),
        "panel: 1 models answered the prompt `p` in stage `revised`; at least 2 are needed"
    );
    let judged = PANEL.replace("name = \"findings\"", "name = \"findings\"\nwhen_empty = \"stop\"");
    let says = |stage: &str, call| speaks(stage, call).filter(|_| stage != "findings");
    let fault = run(&judged, THREE, &How::default(), &says).fault.expect("stops");
    assert_eq!(fault.to_string(), "panel: no model answered the prompt `p` in stage `findings`");
}

#[test]
fn remarks_are_never_taken_for_answers() {
    let review = PANEL.replace("name = \"revised\"", "name = \"revised\"\ngives = \"review\"");
    let ran = run(&review, THREE, &How::default(), &speaks);
    let answers = ran.group.answers();
    assert_eq!((answers.stage.expect("a stage").name.as_str(), answers.fallback), ("initial", false));
    let pattern = Pattern::parse(&review, "panel").expect("sound");
    let fusion = ultra(&pattern, &ran.group, 0).expect("answers");
    assert!(fusion.sources.iter().all(|id| ran.stages[0].iter().any(|request| id.contains(&request.id))));
    assert!(pattern.shows_reviews());
    assert!(!Pattern::parse(PANEL, "panel").expect("sound").shows_reviews());
}

#[test]
fn an_unknown_role_is_refused() {
    let pattern = Pattern::parse(PANEL, "panel").expect("sound");
    let fault = pattern.check_role("juge").expect_err("unknown");
    assert_eq!(fault.to_string(), "panel: the pattern has no role `juge`; did you mean `judge`?");
}
