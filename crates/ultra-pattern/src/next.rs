//! `next`: the requests of the stage after every stage that is complete.
//!
//! Two of these in one pipeline see the same first stage, and the second sees it complete before it sees what the
//! first made of it. So whoever passes a request on that it will follow up marks it, and leaves marked ones alone.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use ultra_core::failure::Failure;
use ultra_core::ndjson::{Input, Item, Line, Output};
use ultra_core::record::{ErrorRecord, PatternRef, Prompt, Request, Response, Type};
use ultra_core::tool::{Context, Summary, many};
use ultra_template::group::{Complete, Group, Groups, Key};
use ultra_template::{Fault, Faults, Pattern, library, plan};

use crate::args::NextArgs;
use crate::{NAME, REQUESTS, error_record, find, stopped};

/// Answers that are held although nobody here asked for them.
const PARKED: usize = 256;

pub(crate) fn next(
    args: &NextArgs,
    context: &Context,
    mut input: Input,
    output: &mut Output,
) -> Result<Summary, Failure> {
    let search = find::Search::with(args.pattern.as_deref())?;
    let mut next = Next {
        context,
        output,
        min_responses: args.min_responses,
        groups: Groups::parking(PARKED),
        patterns: BTreeMap::new(),
        directories: search.directories,
        refused: BTreeSet::new(),
        made: 0,
        done: 0,
        failed: 0,
    };
    if let Some(pattern) = search.named {
        next.patterns.insert(pattern.blake3.clone(), Ok(pattern));
    }
    while let Some(item) = input.next(next.output)? {
        match item {
            Item::Line(line) => next.line(&line)?,
            Item::Fault(fault) => next.output.fault(fault)?,
        }
    }
    // A stream that was cut off is not at its end: what is missing may still come in another run.
    stopped(context)?;
    next.end()
}

struct Next<'a> {
    context: &'a Context,
    output: &'a mut Output,
    min_responses: Option<u32>,
    groups: Groups,
    /// Patterns by the BLAKE3 of their file.
    patterns: BTreeMap<String, Result<Pattern, Faults>>,
    /// Where patterns are looked for.
    directories: Vec<PathBuf>,
    /// Prompts that another `next` has given up.
    refused: BTreeSet<String>,
    /// Requests made.
    made: u64,
    /// Prompts that are in their last stage, or went on.
    done: u64,
    failed: u64,
}

impl Next<'_> {
    fn line(&mut self, line: &Line<'_>) -> Result<(), Failure> {
        let complete = match line.known() {
            Some(Type::Request) => return self.request(line),
            Some(Type::Prompt) => {
                self.output.pass(line)?;
                // What is wrong with a prompt is for whoever asks it to say.
                if let Ok(prompt) = line.decode::<Prompt>() {
                    self.groups.prompt(prompt);
                }
                None
            }
            Some(Type::Response) => match line.decode::<Response>() {
                Ok(response) => {
                    self.output.pass(line)?;
                    self.groups.response(response)
                }
                Err(fault) => return self.output.fault(fault),
            },
            Some(Type::Error) => {
                self.output.pass(line)?;
                line.decode::<ErrorRecord>().ok().and_then(|error| self.error(error))
            }
            _ => {
                self.output.pass(line)?;
                None
            }
        };
        self.act(complete)
    }

    fn error(&mut self, error: ErrorRecord) -> Option<Complete> {
        if let (NAME, None, Some(prompt)) = (error.tool.as_str(), &error.request_id, &error.prompt_id) {
            self.refused.insert(prompt.clone());
        }
        self.groups.error(error)
    }

    fn request(&mut self, line: &Line<'_>) -> Result<(), Failure> {
        let request: Request = match line.decode() {
            Ok(request) => request,
            Err(fault) => return self.output.fault(fault),
        };
        let Some(stage) = request.stage.as_ref().filter(|_| request.pattern.is_some()) else {
            return self.output.pass(line);
        };
        if stage.index + 1 >= stage.of {
            self.done += u64::from(self.groups.close(&Key::of(&request)).is_some());
            return self.output.pass(line);
        }
        if stage.followed {
            self.output.pass(line)?;
        } else {
            let mut marked = request.clone();
            if let Some(stage) = &mut marked.stage {
                stage.followed = true;
            }
            self.output.rewrite(&marked)?;
        }
        let complete = self.groups.request(request);
        self.act(complete)
    }

    /// Goes on with a stage that is complete, unless a tool further up does.
    fn act(&mut self, complete: Option<Complete>) -> Result<(), Failure> {
        let Some(complete) = complete.filter(|complete| !complete.followed && !complete.last) else {
            return Ok(());
        };
        match self.groups.close(&complete.key) {
            Some(group) => self.go_on(group, complete.stage),
            None => Ok(()),
        }
    }

    fn go_on(&mut self, mut group: Group, finished: u32) -> Result<(), Failure> {
        if let Some(reference) = &mut group.pattern {
            reference.min_responses = self.min_responses.or(reference.min_responses);
        }
        let Some(reference) = &group.pattern else { return Ok(()) };
        let seed = self.context.seed;
        let made = match self.pattern(reference) {
            Ok(pattern) => plan::next(pattern, &group, finished, seed),
            Err(faults) => Err(faults),
        };
        match made {
            Ok(plan) => {
                for warning in plan.warnings {
                    tracing::warn!("prompt {}: {warning}", group.prompt_id);
                }
                for request in &plan.requests {
                    self.output.put(request)?;
                }
                let stage = plan.requests.first().and_then(|request| request.stage.as_ref());
                let stage = stage.map_or("", |stage| stage.name.as_str());
                self.context.metrics.add(REQUESTS, &[("stage", stage)], plan.requests.len() as f64);
                self.made += plan.requests.len() as u64;
                self.done += 1;
                Ok(())
            }
            Err(fault) => {
                self.failed += 1;
                self.output.error(error_record(&fault, &group.prompt_id))
            }
        }
    }

    /// The pattern that made a request, read once.
    fn pattern(&mut self, reference: &PatternRef) -> Result<&Pattern, Fault> {
        let found = self
            .patterns
            .entry(reference.blake3.clone())
            .or_insert_with(|| library::find_version(reference, &self.directories, &find::Disk));
        match found {
            Ok(pattern) => Ok(pattern),
            Err(Faults(faults)) => Err(faults[0].clone()),
        }
    }

    /// Acts on the stages that stayed open, and says what was missing.
    fn end(mut self) -> Result<Summary, Failure> {
        let mut unasked = 0_u64;
        for group in std::mem::take(&mut self.groups).finish() {
            let Some(stage) = group.stages().last().filter(|_| group.pattern.is_some()) else { continue };
            if self.refused.contains(&group.prompt_id) {
                continue;
            }
            if !stage.has_begun() {
                unasked += 1;
                continue;
            }
            let missing = stage.missing().count();
            let requests = (stage.expected as usize).saturating_sub(stage.requests.len());
            if missing + requests > 0 {
                tracing::warn!(
                    "prompt {}: the stream ended before stage `{}` was complete: {missing} answers and {requests} requests are missing",
                    group.prompt_id,
                    stage.name
                );
            }
            let index = stage.index;
            self.go_on(group, index)?;
        }
        if unasked > 0 {
            tracing::warn!(
                "{unasked} prompts wait for answers; ultra-fanout asks, and comes before ultra-pattern next"
            );
        }
        self.output.flush()?;
        if self.failed > 0 && self.done == 0 && unasked == 0 {
            return Err(Failure::nothing_usable("no prompt can go on; the error records say why"));
        }
        Ok(Summary::new(format!(
            "{} made, {} went on, {} cannot",
            many(self.made, "request"),
            many(self.done, "prompt"),
            self.failed
        )))
    }
}
