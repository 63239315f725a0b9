//! `start`: prompts and documents in, requests of the first stage out.
//!
//! A prompt sees the documents that came before it, or those that it names ([`shelf`]); it can be divided into
//! prompts on one document each ([`divide`]), whose answers a second run brings together ([`answers`]).

mod answers;
mod args;
mod divide;
mod file;
mod panel;
mod shelf;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use ultra_core::bare::{self, Asked};
use ultra_core::failure::Failure;
use ultra_core::id::{ContentHash, Ids};
use ultra_core::kind::ErrorKind;
use ultra_core::ndjson::{Fault as LineFault, Head, Input, Item, Line, Output};
use ultra_core::record::{Document, ErrorRecord, Message, Params, Prompt, Record as _, Type};
use ultra_core::tool::{Context, Summary, many};
use ultra_template::Pattern;
use ultra_template::plan::{self, Ask, How};
use ultra_template::select::Limits;

use crate::args::StartArgs;
use crate::{NAME, REQUESTS, error_record, find, stopped};
use answers::Answers;
pub use args::{Division, DocumentArgs};
use divide::divide;
use panel::{judge_named, roles, targets, targets_of};
use shelf::{Laid, Shelf};

pub(crate) fn start(
    args: StartArgs,
    context: &Context,
    mut input: Input,
    output: &mut Output,
) -> Result<Summary, Failure> {
    let mut start = Start::new(args, context, output)?;
    // At a terminal, a prompt on the command line is all there is; nobody should have to press Ctrl-D.
    if start.given.is_empty() || !context.person_types {
        start.stream(&mut input)?;
        stopped(context)?;
    }
    start.together()?;
    for text in std::mem::take(&mut start.given) {
        start.made(Asked::plain(&text))?;
    }
    start.end()
}

struct Start<'a> {
    args: StartArgs,
    context: &'a Context,
    output: &'a mut Output,
    pattern: Pattern,
    targets: Vec<String>,
    judge: Option<String>,
    roles: BTreeMap<String, String>,
    vars: BTreeMap<String, serde_json::Value>,
    /// The prompts of the command line, which come after everything else.
    given: Vec<String>,
    shelf: Shelf,
    /// What the stream says, when its answers are asked about.
    answers: Option<Answers>,
    ids: Ids,
    seen: BTreeSet<u64>,
    warned: BTreeSet<String>,
    prompts: u64,
    requests: u64,
    left_out: u64,
}

/// What goes with a prompt without being part of it.
#[derive(Debug, Default)]
struct Beside {
    /// Turns of the conversation before the prompt.
    history: Vec<Message>,
    params: Option<Params>,
    samples: Option<u32>,
    /// Whom to ask instead of the targets of the command line.
    targets: Vec<String>,
    /// Prompts that were parts of this one and have no answer.
    unanswered: Vec<String>,
}

impl<'a> Start<'a> {
    fn new(args: StartArgs, context: &'a Context, output: &'a mut Output) -> Result<Self, Failure> {
        let pattern = find::named(args.name.as_deref(), args.pattern.as_deref())?;
        let vars = args.variables();
        pattern.check_vars(&vars).map_err(|fault| find::usage(&fault.into()))?;
        let mut given = args.prompts.clone();
        if given.iter().any(|prompt| prompt.trim().is_empty()) {
            return Err(Failure::usage("a prompt of --prompt is empty"));
        }
        for file in &args.documents.files {
            given.push(file::prompt(file)?);
        }
        let from_answers = args.documents.from_answers;
        if from_answers && context.plain_lines {
            return Err(Failure::usage("with --from-answers the input is a stream of records, not --lines"));
        }
        let limits = args.documents.limits().or_else(|| from_answers.then(Limits::default));
        let targets = targets(&args.targets, context)?;
        Ok(Self {
            judge: args.judge.as_deref().map(|judge| judge_named(judge, context)).transpose()?,
            roles: roles(&args.roles, &targets, &pattern)?,
            targets,
            args,
            context,
            output,
            pattern,
            vars,
            given,
            shelf: Shelf::new(limits),
            answers: from_answers.then(Answers::default),
            ids: Ids::default(),
            seen: BTreeSet::new(),
            warned: BTreeSet::new(),
            prompts: 0,
            requests: 0,
            left_out: 0,
        })
    }

    fn stream(&mut self, input: &mut Input) -> Result<(), Failure> {
        while let Some(item) = input.next(self.output)? {
            let line = match item {
                Item::Line(line) => line,
                Item::Fault(fault) => {
                    self.output.fault(fault)?;
                    continue;
                }
            };
            if let Err(fault) = self.line(&line)? {
                self.output.fault(fault)?;
            }
        }
        Ok(())
    }

    /// Handles one line; the inner result is what is wrong with the line itself.
    fn line(&mut self, line: &Line<'_>) -> Result<Result<(), LineFault>, Failure> {
        if let Some(answers) = &mut self.answers {
            return match answers.take(line) {
                Ok(()) => self.output.pass(line).map(Ok),
                Err(fault) => Ok(Err(fault)),
            };
        }
        match line.head {
            _ if self.context.plain_lines => {}
            Head::Known(Type::Document) => {
                return match line.decode() {
                    Ok(document) => {
                        self.shelf.add(document);
                        self.output.pass(line).map(Ok)
                    }
                    Err(fault) => Ok(Err(fault)),
                };
            }
            Head::Known(Type::Prompt) => {
                return match line.decode::<Prompt>() {
                    Ok(prompt) => self.asked(&prompt, Some(line), &Beside::default()).map(Ok),
                    Err(fault) => Ok(Err(fault)),
                };
            }
            _ => {}
        }
        match bare::read(line, self.context.plain_lines) {
            None => self.output.pass(line).map(Ok),
            Some(Ok(asked)) if !asked.ends_with_prompt() => {
                let cause = "`messages`: the last one must be the user's";
                Ok(Err(line.fault(ErrorKind::InputSchema, cause)))
            }
            Some(Ok(asked)) => self.made(asked).map(Ok),
            Some(Err(fault)) => Ok(Err(fault)),
        }
    }

    /// Asks a prompt that was no record.
    fn made(&mut self, mut asked: Asked) -> Result<(), Failure> {
        let prompt = &mut asked.prompt;
        if prompt.system.is_none() {
            prompt.system.clone_from(&self.args.system);
        }
        if prompt.documents.is_none() {
            prompt.documents = self.shelf.ids();
        }
        if prompt.id.is_empty() {
            let content = asked.content()?;
            asked.prompt.id = self.ids.give(Prompt::PREFIX, &content);
        }
        if asked.output_schema.is_some() {
            self.warn(
                "`output_schema` beside a prompt is left out: a pattern states the schemas of its stages"
                    .into(),
            );
        }
        let targets = match targets_of(&asked.targets, self.context) {
            Ok(targets) => targets,
            Err(failure) => {
                return self.refuse(
                    &asked.prompt.id,
                    ErrorKind::InputSchema,
                    format!("`targets`: {failure}"),
                );
            }
        };
        let beside = Beside {
            history: asked.history().into_iter().cloned().collect(),
            params: asked.params,
            samples: asked.samples,
            targets,
            unanswered: Vec::new(),
        };
        self.asked(&asked.prompt, None, &beside)
    }

    /// Writes a prompt, which came as a record on `line` if there is one, and its requests; or the prompts into
    /// which it is divided, and theirs.
    fn asked(&mut self, prompt: &Prompt, line: Option<&Line<'_>>, beside: &Beside) -> Result<(), Failure> {
        let places = match self.shelf.of(prompt) {
            Ok(places) => places,
            Err(id) => {
                self.put(prompt, line)?;
                let message =
                    format!("the document `{id}` of the prompt `{}` did not come before it", prompt.id);
                return self.refuse(&prompt.id, ErrorKind::InputSchema, message);
            }
        };
        if !self.seen.insert(ContentHash::new("ultra prompt id v1").field(&prompt.id).number()) {
            self.put(prompt, line)?;
            let message = format!("the prompt id `{}` came before; two prompts cannot share one", prompt.id);
            return self.refuse(&prompt.id, ErrorKind::InputSchema, message);
        }
        let parts = match self.args.documents.documents {
            Division::All => Vec::new(),
            division => {
                divide(division, (prompt, beside.params.as_ref()), (&self.shelf, &places), &mut self.ids)?
            }
        };
        if parts.is_empty() {
            self.put(prompt, line)?;
            return self.ask(prompt, &places, beside);
        }
        for part in parts {
            self.output.put(&part)?;
            let places = self.shelf.of(&part).unwrap_or_default();
            self.ask(&part, &places, beside)?;
        }
        Ok(())
    }

    fn put(&mut self, prompt: &Prompt, line: Option<&Line<'_>>) -> Result<(), Failure> {
        match line {
            Some(line) => self.output.pass(line),
            None => self.output.put(prompt),
        }
    }

    /// Asks about the answers in the stream: each divided prompt about those of its parts, unless other prompts were
    /// given.
    fn together(&mut self) -> Result<(), Failure> {
        let Some(answers) = self.answers.take() else { return Ok(()) };
        if !self.given.is_empty() {
            for document in answers.all()? {
                self.output.put(&document)?;
                self.shelf.add(document);
            }
            if self.shelf.len() == 0 {
                return Err(Failure::nothing_usable("there is no answer in the stream to ask about"));
            }
            return Ok(());
        }
        for whole in answers.together()? {
            let id = &whole.prompt.id;
            let silent = whole.unanswered.len() as u64 + whole.missing;
            if whole.documents.is_empty() {
                self.prompts += 1;
                let message = format!("none of the {silent} parts of the prompt `{id}` has an answer");
                self.refuse(id, ErrorKind::NoInputs, message)?;
                continue;
            }
            if silent > 0 {
                tracing::warn!("prompt {id}: {silent} of its parts have no answer");
            }
            for document in whole.documents {
                self.output.put(&document)?;
                self.shelf.add(document);
            }
            let beside = Beside {
                history: whole.history,
                params: whole.params,
                unanswered: whole.unanswered,
                ..Beside::default()
            };
            self.asked(&whole.prompt, None, &beside)?;
        }
        Ok(())
    }

    fn ask(&mut self, prompt: &Prompt, places: &[usize], beside: &Beside) -> Result<(), Failure> {
        self.prompts += 1;
        let Laid { documents, left_out, note } = self.shelf.lay(prompt, places, &beside.unanswered)?;
        self.left_out += left_out as u64;
        let documents: Vec<&Document> = documents.iter().map(Cow::as_ref).collect();
        let with_system = match (&prompt.system, &self.args.system) {
            (None, Some(system)) => &Prompt { system: Some(system.clone()), ..prompt.clone() },
            _ => prompt,
        };
        let params = self.args.sampling.fill(beside.params.clone());
        let how = How {
            seed: self.context.seed,
            params,
            judge: self.judge.clone(),
            roles: self.roles.clone(),
            min_responses: self.args.min_responses,
            samples: beside.samples,
            deadline_ms: None,
            left_out,
        };
        let ask = Ask {
            prompt: with_system,
            history: &beside.history,
            documents: &documents,
            targets: if beside.targets.is_empty() { &self.targets } else { &beside.targets },
            vars: &self.vars,
            how: &how,
        };
        let plan = match plan::first(&self.pattern, &ask) {
            Ok(plan) => plan,
            Err(fault) => return self.output.error(error_record(&fault, &prompt.id)),
        };
        for mut request in plan.requests {
            if let Some(note) = &note {
                request.extra.push("documents".to_owned(), note.clone());
            }
            self.output.put(&request)?;
            self.requests += 1;
        }
        for warning in plan.warnings {
            self.warn(warning);
        }
        Ok(())
    }

    /// Says something once.
    fn warn(&mut self, warning: String) {
        if !self.warned.contains(&warning) {
            tracing::warn!("{warning}");
            self.warned.insert(warning);
        }
    }

    fn refuse(&mut self, prompt_id: &str, kind: ErrorKind, message: String) -> Result<(), Failure> {
        let mut record = ErrorRecord::new(NAME, kind, message);
        record.prompt_id = Some(prompt_id.to_owned());
        self.output.error(record)
    }

    fn end(self) -> Result<Summary, Failure> {
        self.output.flush()?;
        self.context.metrics.add(REQUESTS, &[("stage", &self.pattern.stages[0].name)], self.requests as f64);
        if self.left_out > 0 {
            tracing::warn!(
                "{} left out; each request says under `documents` which, and -v says it here",
                many(self.left_out, "excerpt")
            );
        }
        if self.prompts == 0 && self.args.documents.from_answers {
            return Err(Failure::nothing_usable(
                "no prompt in the stream was divided, so there is nothing to bring together",
            )
            .hint("divide prompts with start --documents each, or ask about the answers with -p"));
        }
        if self.prompts == 0 {
            return Err(Failure::nothing_usable("nothing was asked")
                .hint("give a prompt with -p, or prompts on standard input, or plain lines with --lines"));
        }
        if self.requests == 0 && self.args.documents.from_answers {
            return Err(Failure::nothing_usable(
                "no part of any prompt has an answer; the error records say why",
            ));
        }
        Ok(Summary::new(format!(
            "{}, {}, {} for {}",
            many(self.prompts, "prompt"),
            many(self.shelf.len() as u64, "document"),
            many(self.requests, "request"),
            many(self.targets.len() as u64, "target")
        )))
    }
}

#[cfg(test)]
mod tests;
