//! The recorded answers that all entrants start from.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Cursor;

use serde_json::Value;
use ultra_core::failure::Failure;
use ultra_core::ndjson::{Input, Item, Line, Options, Output};
use ultra_core::record::{ErrorRecord, Object, Prompt, Request, Response, Type};
use ultra_core::tool::Context;
use ultra_template::group::Groups;

use super::args::CompareArgs;
use super::reference::Reference;
use super::times::Times;
use crate::candidate::Case;
use crate::page::Format;
use crate::visible::visible;

/// The field of a prompt that holds its reference.
const EXPECTED: &str = "expected";

/// Recorded answers and their references.
#[derive(Debug)]
pub(super) struct Ground {
    /// The prompts that have answers.
    pub(super) prompts: Vec<Place>,
    /// Prompts, requests, answers and failures, as they came.
    pub(super) transcript: Vec<u8>,
    /// References that are for none of the prompts.
    pub(super) unfit: Unfit,
}

/// References of a file that are for no prompt with answers.
#[derive(Debug)]
pub(super) struct Unfit {
    /// The prompts that they name.
    pub(super) ids: Vec<String>,
    /// How many references the file has.
    all: usize,
}

impl Unfit {
    /// Says so.
    pub(super) fn warn(&self) {
        if let Some(first) = self.ids.first() {
            tracing::warn!(
                "--references: {} of {} fit no prompt that has answers; the first is for `{}`",
                self.ids.len(),
                self.all,
                visible(first)
            );
        }
    }
}

/// One prompt.
#[derive(Debug)]
pub(super) struct Place {
    /// Its answers.
    pub(super) case: Case,
    /// What is right.
    pub(super) reference: Option<Reference>,
    /// How right each answer is, where a rule can tell.
    pub(super) scores: Vec<Option<f64>>,
    /// How long its answers took.
    pub(super) times: Times,
}

/// How a transcript is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading<'a> {
    /// What comes out; records are passed on.
    pub(super) form: Option<Format>,
    pub(super) compare: &'a CompareArgs,
    pub(super) context: &'a Context,
}

impl Ground {
    /// Reads a transcript to its end. Verdicts and syntheses in it are passed on and play no part.
    ///
    /// # Errors
    /// When it cannot be read, is larger than memory allows, or a reference is wrong.
    pub(super) fn read(
        mut input: Input,
        output: &mut Output,
        reading: &Reading<'_>,
    ) -> Result<Self, Failure> {
        let mut references = from_file(reading.compare)?;
        let named: Vec<String> = references.keys().cloned().collect();
        let mut groups = Groups::default();
        let mut order = Vec::new();
        let mut transcript = Vec::new();
        while let Some(item) = input.next(output)? {
            let line = match item {
                Item::Line(line) => line,
                Item::Fault(fault) => {
                    output.fault(fault)?;
                    continue;
                }
            };
            match take(&line, &mut groups, &mut references, &mut order) {
                Ok(true) => {
                    transcript.extend_from_slice(line.bytes);
                    if !line.bytes.ends_with(b"\n") {
                        transcript.push(b'\n');
                    }
                }
                Ok(false) => {}
                Err(Wrong::Record(fault)) => {
                    output.fault(*fault)?;
                    continue;
                }
                Err(Wrong::Reference(failure)) => return Err(failure),
            }
            if transcript.len() as u64 > reading.context.memory {
                return Err(Failure::usage("the transcript is larger than the memory that may be used")
                    .hint("raise --mem, or compare over a part of the prompts"));
            }
            if reading.form.is_none() {
                output.pass(&line)?;
            }
        }
        let mut prompts: Vec<Place> = groups
            .finish()
            .into_iter()
            .map(Case::of)
            .filter(|case| !case.candidates.is_empty())
            .map(|case| place(case, &references, reading.compare))
            .collect();
        let number: BTreeMap<&str, usize> =
            order.iter().enumerate().map(|(at, id)| (id.as_str(), at)).collect();
        prompts.sort_by_key(|place| number.get(place.id()).copied());
        let there: BTreeSet<&str> = prompts.iter().map(Place::id).collect();
        let is_unfit = |id: &String| !there.contains(id.as_str());
        let unfit = Unfit { all: named.len(), ids: named.into_iter().filter(is_unfit).collect() };
        Ok(Self { prompts, transcript, unfit })
    }
}

impl Place {
    /// The prompt.
    pub(super) fn id(&self) -> &str {
        &self.case.group.prompt_id
    }
}

/// A stream whose lines were let in before, or were made here: however long they are, nothing is left out.
pub(super) fn again(stream: Vec<u8>) -> Input {
    Input::new(Cursor::new(stream), Options { max_line: usize::MAX, ..Options::default() })
}

/// What is wrong with a line.
enum Wrong {
    Record(Box<ultra_core::ndjson::Fault>),
    Reference(Failure),
}

impl From<ultra_core::ndjson::Fault> for Wrong {
    fn from(fault: ultra_core::ndjson::Fault) -> Self {
        Self::Record(Box::new(fault))
    }
}

/// Takes a line in; whether it is a part of the ground.
fn take(
    line: &Line<'_>,
    groups: &mut Groups,
    references: &mut BTreeMap<String, Reference>,
    order: &mut Vec<String>,
) -> Result<bool, Wrong> {
    match line.known() {
        Some(Type::Prompt) => {
            let prompt: Prompt = line.decode()?;
            if let Some(expected) = prompt.extra.get(EXPECTED)
                && !references.contains_key(&prompt.id)
            {
                let read = expected.read::<Value>().map_err(|cause| cause.to_string());
                let read = read.and_then(|expected| Reference::read(&expected));
                let reference = read.map_err(|cause| wrong(&format!("prompt `{}`", prompt.id), &cause))?;
                references.insert(prompt.id.clone(), reference);
            }
            groups.prompt(prompt);
        }
        Some(Type::Request) => {
            let request: Request = line.decode()?;
            order.push(request.prompt_id.clone());
            groups.request(request);
        }
        Some(Type::Response) => {
            let response: Response = line.decode()?;
            order.push(response.prompt_id.clone());
            groups.response(response);
        }
        Some(Type::Error) => drop(groups.error(line.decode::<ErrorRecord>()?)),
        _ => return Ok(false),
    }
    Ok(true)
}

fn wrong(place: &str, cause: &str) -> Wrong {
    let failure = Failure::usage(format!("{}: `{EXPECTED}`: {cause}", place.escape_debug()));
    Wrong::Reference(
        failure.hint("a text, a number, a list of them, {\"regex\": …}, {\"json\": …} or {\"rubric\": …}"),
    )
}

fn place(case: Case, references: &BTreeMap<String, Reference>, compare: &CompareArgs) -> Place {
    let general = || compare.rubric.clone().map(Reference::Rubric);
    let reference = references.get(&case.group.prompt_id).cloned().or_else(general);
    let score = |text: &str| reference.as_ref()?.score(text, compare.extract.as_ref());
    let scores = case.candidates.iter().map(|candidate| score(&candidate.text)).collect();
    let times = Times::of(&case);
    Place { case, reference, scores, times }
}

/// The references of `--references`; they go before those of prompts.
fn from_file(compare: &CompareArgs) -> Result<BTreeMap<String, Reference>, Failure> {
    let Some(path) = &compare.references else { return Ok(BTreeMap::new()) };
    let shown = path.display();
    let text = std::fs::read_to_string(path)
        .map_err(|cause| Failure::usage(format!("--references {shown}: {cause}")))?;
    let mut references = BTreeMap::new();
    let mut lines = BTreeMap::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let at = |cause: &str| {
            Failure::usage(format!("--references {shown}: line {}: {cause}", number + 1))
                .hint("each line is a JSON object such as {\"prompt_id\": \"q1\", \"expected\": \"Paris\"}")
        };
        let object: Object = serde_json::from_str(line).map_err(|cause| at(&cause.to_string()))?;
        let id = object.get("prompt_id").or_else(|| object.get("id")).and_then(|id| id.read::<String>().ok());
        let id = id.ok_or_else(|| at("there is no `prompt_id`"))?;
        let expected = object.get(EXPECTED).ok_or_else(|| at("there is no `expected`"))?;
        let read = expected.read::<Value>().map_err(|cause| cause.to_string());
        let reference = read.and_then(|expected| Reference::read(&expected)).map_err(|cause| at(&cause))?;
        if let Some(first) = lines.insert(id.clone(), number + 1) {
            let cause = format!("prompt `{}` has a reference in line {first} already", visible(&id));
            return Err(
                at(&cause).hint("several right answers are a list: {\"expected\": [\"Paris\", \"Lutetia\"]}")
            );
        }
        references.insert(id, reference);
    }
    Ok(references)
}
