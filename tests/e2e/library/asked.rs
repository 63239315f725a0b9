//! What a model was asked, taken apart: the answers in it, whose each is said to be, and whose it is.

use std::collections::BTreeMap;

use serde_json::Value;
use ultra_template::label;

use super::run::Ran;

/// An answer as a message shows it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Shown<'a> {
    /// The paragraph that announces it.
    pub(crate) heading: &'a str,
    pub(crate) label: &'a str,
    pub(crate) text: &'a str,
}

/// The answers that a message shows, in order.
pub(crate) fn shown(message: &str) -> Vec<Shown<'_>> {
    let mut all = Vec::new();
    let (mut heading, mut rest) = ("", message);
    while let Some((before, after)) = rest.split_once("<answer-") {
        let paragraph = before.trim_end().rsplit("\n\n").next().unwrap_or_default();
        if !paragraph.is_empty() {
            heading = paragraph;
        }
        let (mark, after) = after.split_once(">\nlabel: ").expect("a label");
        let (label, after) = after.split_once("\n\n").expect("a text");
        let (text, after) = after.split_once(&format!("\n</answer-{mark}>")).expect("an end");
        all.push(Shown { heading, label, text });
        rest = after;
    }
    all
}

/// A message with every answer, and the question when it is repeated, in one line each, and marks left out: what a
/// person reads to judge it.
pub(crate) fn brief(message: &str, question: &str, said: &Said) -> String {
    let mut text = String::new();
    let mut rest = message;
    while let Some((before, after)) = rest.split_once("<answer-") {
        text.push_str(before);
        let (mark, after) = after.split_once('>').expect("a mark");
        let (answer, after) = after.split_once(&format!("</answer-{mark}>")).expect("an end");
        let (head, answer) = answer.split_once("\n\n").expect("a text");
        let label = head.trim().trim_start_matches("label: ");
        let stages = said.stages_of(&Shown { heading: "", label, text: answer });
        let stages = if stages.is_empty() { String::new() } else { format!(" in {}", stages.join(" ")) };
        text.extend(["<answer: ", label, &stages, ">"]);
        rest = after;
    }
    text.push_str(rest);
    unmarked(&text).replace(
        &format!("<question>\n{}</question>", unmarked(question)),
        "<question: all of the first request>",
    )
}

/// A message without the marks of its delimiters.
pub(crate) fn unmarked(message: &str) -> String {
    let mut text = String::new();
    for line in message.lines() {
        let frame = line.strip_prefix('<').and_then(|line| line.strip_suffix('>'));
        match frame.and_then(|frame| frame.rsplit_once('-')) {
            Some((kind, mark)) if mark.len() == 32 => text.extend(["<", kind, ">"]),
            _ => text.push_str(line),
        }
        text.push('\n');
    }
    text
}

fn same(one: &str, two: &str) -> bool {
    one.trim_end() == two.trim_end()
}

/// Who said what: by stage, by label.
#[derive(Debug, Default)]
pub(crate) struct Said(pub(crate) BTreeMap<String, BTreeMap<String, String>>);

impl Said {
    /// From the responses of a run, without looking at any message.
    pub(crate) fn of(ran: &Ran) -> Self {
        let mut said = Self::default();
        for response in ran.of_type("response") {
            let request = ran.request(&response["request_id"]);
            let label = match request["stage"]["judge"].as_bool() {
                Some(true) => "Judge".to_owned(),
                _ => label(seat(request, response)),
            };
            let stage = response["stage"].as_str().expect("a stage").to_owned();
            let text = response["text"].as_str().expect("is text").to_owned();
            said.0.entry(stage).or_default().insert(label, text);
        }
        said
    }

    /// The labels of those who answered a stage with a text that `shown` shows.
    pub(crate) fn stages_of(&self, shown: &Shown<'_>) -> Vec<&str> {
        let has = |by_label: &BTreeMap<String, String>| {
            by_label.get(shown.label).is_some_and(|text| same(text, shown.text))
        };
        self.0.iter().filter(|(_, by_label)| has(by_label)).map(|(stage, _)| stage.as_str()).collect()
    }
}

impl Ran {
    /// A request by its id.
    pub(crate) fn request(&self, id: &Value) -> &Value {
        self.of_type("request").find(|request| request["id"] == *id).expect("was asked")
    }
}

/// The place on the panel of the one who answered.
fn seat(request: &Value, response: &Value) -> usize {
    if let Some(member) = request["stage"]["member"].as_u64() {
        return usize::try_from(member).expect("is small");
    }
    let number = |value: &Value| usize::try_from(value.as_u64().unwrap_or_default()).expect("is small");
    let (mut seat, sample) = (0, number(&response["sample"]));
    let each = number(&request["samples"]).max(1);
    for target in request["targets"].as_array().expect("has targets") {
        if *target == response["target"] {
            return seat + sample;
        }
        seat += each;
    }
    panic!("{response} was not asked");
}

/// The user's message of a request.
pub(crate) fn message(request: &Value) -> &str {
    let messages = request["messages"].as_array().expect("has messages");
    messages.last().and_then(|last| last["content"].as_str()).expect("is text")
}
