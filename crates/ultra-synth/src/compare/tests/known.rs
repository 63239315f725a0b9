//! Transcripts of panels whose skill is known, and judges whose skill is known.

use serde_json::{Value, json};
use ultra_core::draw;
use ultra_provider::Call;

use crate::aggregate::panel::{Panel, debate};
use crate::testing::{Ran, Said, run_scripted, says};

/// A panel on questions with one right answer among four.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known<'a> {
    pub(super) accuracies: &'a [f64],
    pub(super) correlation: f64,
    pub(super) questions: usize,
    /// Rounds of debate without evidence, with the chance of a member to give in.
    pub(super) debate: Option<f64>,
}

impl Default for Known<'_> {
    fn default() -> Self {
        Self { accuracies: &[0.6; 5], correlation: 0.0, questions: 400, debate: None }
    }
}

impl Known<'_> {
    /// What the panel said, as records.
    pub(super) fn transcript(&self) -> Vec<Value> {
        let panel = Panel {
            accuracies: self.accuracies.to_vec(),
            correlation: self.correlation,
            options: 4,
            seed: 3,
        };
        let targets: Vec<String> =
            (0..self.accuracies.len()).map(|member| format!("mock:m{member}")).collect();
        let mut records = Vec::new();
        for (question, mut answers) in panel.answers(self.questions).into_iter().enumerate() {
            if let Some(sway) = self.debate {
                answers = debate(&answers, sway, question as u64);
            }
            let text = format!("What is the value of item {question}?");
            let (prompt, request) = (format!("q{question}"), format!("r{question}"));
            records.push(json!({"type": "prompt", "id": prompt, "text": text, "expected": right(question)}));
            records.push(json!({"type": "request", "id": request, "prompt_id": prompt, "targets": targets,
                "messages": [{"role": "user", "content": text}],
                "stage": {"name": "answer", "index": 0, "of": 1, "requests": 1}}));
            for (target, answer) in targets.iter().zip(&answers) {
                records.push(
                    json!({"type": "response", "id": format!("{request}-{target}"), "request_id": request,
                    "prompt_id": prompt, "target": target, "sample": 0, "stage": "answer", "model": "m",
                    "text": said(question, *answer), "finish_reason": "stop", "attempts": 1}),
                );
            }
        }
        records
    }

    /// The lines of a comparison by judges of known skill.
    pub(super) fn compare(&self, strategies: &[&str]) -> Vec<Value> {
        let flags = strategies.iter().flat_map(|strategy| ["-s", strategy]);
        let arguments: Vec<&str> = std::iter::once("compare").chain(flags).collect();
        let ran: Ran =
            run_scripted(&ultra_core::tool::Context::mock(0), &arguments, &self.transcript(), judge);
        assert_eq!(ran.status(), 0, "{:?}", ran.result);
        rows(&ran.stdout)
    }
}

/// The lines of a comparison.
pub(super) fn rows(stdout: &str) -> Vec<Value> {
    let records = stdout.lines().map(|line| serde_json::from_str::<Value>(line).expect("a record"));
    records.filter(|record| record["type"] == "comparison").collect()
}

/// The mean score of a line.
pub(super) fn score(rows: &[Value], name: &str) -> f64 {
    let row = rows.iter().find(|row| row["name"] == name).unwrap_or_else(|| panic!("no line {name}"));
    row["quality"]["mean"].as_f64().expect("a number")
}

fn right(question: usize) -> usize {
    question * 10 + 7
}

/// The right answer is option 0.
fn said(question: usize, option: usize) -> String {
    format!("Item {question} is {}", right(question) + option)
}

/// A judge of the skill in its name, `exec:0.8`: with that chance it takes a right answer where it sees one, and
/// otherwise any. It chooses where a choice is asked for, and writes where a text is.
#[allow(clippy::unnecessary_wraps, reason = "the type of a script")]
fn judge(call: &Call) -> Said {
    let skill: f64 = call.target.trim_start_matches("exec:").parse().expect("a skill");
    let asked = call.messages[0].content.text().into_owned();
    let shown: Vec<(String, String)> = answers(&asked);
    let question =
        asked.split("value of item ").nth(1).and_then(|rest| rest.split('?').next()).expect("a question");
    let truth = said(question.parse().expect("a number"), 0);
    let draw = |purpose: &str| draw::unit(1, purpose, &[call.target.as_bytes(), question.as_bytes()]);
    let right = shown.iter().find(|(_, text)| *text == truth).filter(|_| draw("skill") < skill);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index below a count")]
    let any = &shown[(draw("any") * shown.len() as f64) as usize];
    let (label, text) = right.unwrap_or(any);
    Ok(match &call.output_schema {
        Some(_) => says(&json!({"reason": "so it is", "best": label}).to_string()),
        None => says(text),
    })
}

/// The letters and the texts of the answers in a prompt.
fn answers(asked: &str) -> Vec<(String, String)> {
    asked
        .split("label: Answer ")
        .skip(1)
        .filter_map(|part| {
            let (label, rest) = part.split_once("\n\n")?;
            Some((label.to_owned(), rest.lines().next()?.to_owned()))
        })
        .collect()
}

#[test]
fn a_judge_sees_the_answers_that_were_given() {
    let shown =
        answers("x\nlabel: Answer A\n\nItem 1 is 17\n</answer>\nlabel: Answer B\n\nItem 1 is 18\n</answer>");
    assert_eq!(shown, [("A".into(), "Item 1 is 17".into()), ("B".into(), "Item 1 is 18".into())]);
}
