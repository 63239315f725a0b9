//! `start`: prompts and documents in, requests of the first stage out.

use std::collections::{BTreeMap, BTreeSet};

use ultra_core::bare::{self, Asked};
use ultra_core::config::nearest;
use ultra_core::failure::Failure;
use ultra_core::id::{ContentHash, Ids};
use ultra_core::kind::ErrorKind;
use ultra_core::ndjson::{Fault as LineFault, Head, Input, Item, Line, Output};
use ultra_core::record::{Document, ErrorRecord, Message, Params, Prompt, Record, Type};
use ultra_core::target::Target;
use ultra_core::tool::{Context, Summary, many};
use ultra_template::Pattern;
use ultra_template::plan::{self, Ask, How};

use crate::args::StartArgs;
use crate::{NAME, REQUESTS, error_record, find, stopped};

pub(crate) fn start(
    args: StartArgs,
    context: &Context,
    mut input: Input,
    output: &mut Output,
) -> Result<Summary, Failure> {
    let mut start = Start::new(args, context, output)?;
    // At a terminal, a prompt on the command line is all there is; nobody should have to press Ctrl-D.
    if start.args.prompts.is_empty() || !context.person_types {
        start.stream(&mut input)?;
        stopped(context)?;
    }
    start.given()?;
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
    documents: Vec<Document>,
    /// The places of the documents, by id; of two with one id the first counts.
    places: BTreeMap<String, usize>,
    ids: Ids,
    seen: BTreeSet<u64>,
    warned: BTreeSet<String>,
    prompts: u64,
    requests: u64,
}

impl<'a> Start<'a> {
    fn new(args: StartArgs, context: &'a Context, output: &'a mut Output) -> Result<Self, Failure> {
        let pattern = find::named(args.name.as_deref(), args.pattern.as_deref())?;
        let vars = args.variables();
        pattern.check_vars(&vars).map_err(|fault| find::usage(&fault.into()))?;
        if args.prompts.iter().any(|prompt| prompt.trim().is_empty()) {
            return Err(Failure::usage("a prompt of --prompt is empty"));
        }
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
            documents: Vec::new(),
            places: BTreeMap::new(),
            ids: Ids::default(),
            seen: BTreeSet::new(),
            warned: BTreeSet::new(),
            prompts: 0,
            requests: 0,
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
        match line.head {
            _ if self.context.plain_lines => {}
            Head::Known(Type::Document) => {
                let document = match line.decode() {
                    Ok(document) => document,
                    Err(fault) => return Ok(Err(fault)),
                };
                self.output.pass(line)?;
                self.document(document);
                return Ok(Ok(()));
            }
            Head::Known(Type::Prompt) => {
                let prompt = match line.decode::<Prompt>() {
                    Ok(prompt) => prompt,
                    Err(fault) => return Ok(Err(fault)),
                };
                self.output.pass(line)?;
                self.ask(&prompt, &[], None)?;
                return Ok(Ok(()));
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

    fn document(&mut self, document: Document) {
        self.places.entry(document.id.clone()).or_insert(self.documents.len());
        self.documents.push(document);
    }

    /// The prompts of the command line, which come after all documents.
    fn given(&mut self) -> Result<(), Failure> {
        for text in self.args.prompts.clone() {
            self.made(Asked::plain(&text))?;
        }
        Ok(())
    }

    /// Writes a prompt that was no record, and its requests.
    fn made(&mut self, mut asked: Asked) -> Result<(), Failure> {
        let prompt = &mut asked.prompt;
        if prompt.system.is_none() {
            prompt.system.clone_from(&self.args.system);
        }
        if prompt.documents.is_none() && !self.documents.is_empty() {
            prompt.documents = Some(self.documents.iter().map(|document| document.id.clone()).collect());
        }
        if prompt.id.is_empty() {
            let content = asked.content()?;
            asked.prompt.id = self.ids.give(Prompt::PREFIX, &content);
        }
        self.output.put(&asked.prompt)?;
        let history: Vec<Message> = asked.history().into_iter().cloned().collect();
        self.ask(&asked.prompt, &history, asked.params)
    }

    fn ask(&mut self, prompt: &Prompt, history: &[Message], params: Option<Params>) -> Result<(), Failure> {
        self.prompts += 1;
        if !self.seen.insert(ContentHash::new("ultra prompt id v1").field(&prompt.id).number()) {
            let message = format!("the prompt id `{}` came before; two prompts cannot share one", prompt.id);
            return self.refuse(prompt, ErrorKind::InputSchema, message);
        }
        let wanted = prompt.documents.as_deref();
        let unknown = wanted.unwrap_or_default().iter().find(|id| !self.places.contains_key(*id));
        if let Some(id) = unknown {
            let message = format!("the document `{id}` of the prompt `{}` did not come before it", prompt.id);
            return self.refuse(prompt, ErrorKind::InputSchema, message);
        }
        let documents: Vec<&Document> = match wanted {
            Some(ids) => ids.iter().filter_map(|id| self.documents.get(*self.places.get(id)?)).collect(),
            None => self.documents.iter().collect(),
        };
        let with_system = match (&prompt.system, &self.args.system) {
            (None, Some(system)) => &Prompt { system: Some(system.clone()), ..prompt.clone() },
            _ => prompt,
        };
        let params = self.args.sampling.fill(params);
        let how = How {
            seed: self.context.seed,
            params,
            judge: self.judge.clone(),
            roles: self.roles.clone(),
            min_responses: self.args.min_responses,
            samples: None,
            deadline_ms: None,
            left_out: 0,
        };
        let ask = Ask {
            prompt: with_system,
            history,
            documents: &documents,
            targets: &self.targets,
            vars: &self.vars,
            how: &how,
        };
        let plan = match plan::first(&self.pattern, &ask) {
            Ok(plan) => plan,
            Err(fault) => return self.output.error(error_record(&fault, &prompt.id)),
        };
        for warning in plan.warnings {
            if !self.warned.contains(&warning) {
                tracing::warn!("{warning}");
                self.warned.insert(warning);
            }
        }
        for request in &plan.requests {
            self.output.put(request)?;
            self.requests += 1;
        }
        Ok(())
    }

    fn refuse(&mut self, prompt: &Prompt, kind: ErrorKind, message: String) -> Result<(), Failure> {
        let mut record = ErrorRecord::new(NAME, kind, message);
        record.prompt_id = Some(prompt.id.clone());
        self.output.error(record)
    }

    fn end(self) -> Result<Summary, Failure> {
        self.output.flush()?;
        self.context.metrics.add(REQUESTS, &[("stage", &self.pattern.stages[0].name)], self.requests as f64);
        if self.prompts == 0 {
            return Err(Failure::nothing_usable("nothing was asked")
                .hint("give a prompt with -p, or prompts on standard input, or plain lines with --lines"));
        }
        Ok(Summary::new(format!(
            "{}, {}, {} for {}",
            many(self.prompts, "prompt"),
            many(self.documents.len() as u64, "document"),
            many(self.requests, "request"),
            many(self.targets.len() as u64, "target")
        )))
    }
}

/// The targets that are asked: profiles become their members, so that everybody knows how many answers to expect.
fn targets(specs: &[String], context: &Context) -> Result<Vec<String>, Failure> {
    let mut targets = Vec::new();
    for spec in specs {
        for target in Target::resolve(spec, &context.config, context.mock)? {
            targets.push(match target.samples {
                Some(samples) => format!("{}#{samples}", target.name),
                None => target.name,
            });
        }
    }
    if targets.is_empty() {
        return Err(Failure::usage("no target: whom should the pattern ask?").hint(
            "name models with -m, such as -m openai:gpt-5 -m ollama:llama3, or -m mock:a to try it out",
        ));
    }
    Ok(targets)
}

/// The judge, who is one target.
fn judge_named(spec: &str, context: &Context) -> Result<String, Failure> {
    let target = Target::one(spec, &context.config, context.mock)?;
    if target.samples.is_some() {
        return Err(
            Failure::usage(format!("--judge {spec}: a judge answers once")).hint("leave the number out")
        );
    }
    Ok(target.name)
}

/// The roles that the user gives, by target: each target is on the panel, and the pattern has each role.
fn roles(
    given: &[(String, String)],
    targets: &[String],
    pattern: &Pattern,
) -> Result<BTreeMap<String, String>, Failure> {
    let calls = ultra_core::target::calls_of("", targets, None)?;
    for (target, role) in given {
        if !calls.iter().any(|call| call.target == *target) {
            let failure =
                Failure::usage(format!("--role {target}={role}: `{target}` is not among the targets"));
            let near = nearest(target, calls.iter().map(|call| call.target.as_str()));
            return Err(match near {
                Some(near) => failure.hint(format!("did you mean `{near}`?")),
                None => failure,
            });
        }
        pattern.check_role(role).map_err(|fault| find::usage(&fault.into()))?;
    }
    Ok(given.iter().cloned().collect())
}
