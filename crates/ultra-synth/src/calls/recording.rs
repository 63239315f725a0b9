//! A journal with the answers of judges, which all runs of a comparison share.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use ultra_core::config::Config;
use ultra_core::failure::Failure;
use ultra_core::record::{Json, Object, Request, Response};
use ultra_core::target::{Route, Target};
use ultra_core::tool::Context;
use ultra_provider::dispatch::Finished;
use ultra_provider::{Answer, Call};
use ultra_store::journal::{Answered, Entry};
use ultra_store::{Journal, JournalOptions, Key};

/// Whether a call that is not known may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unknown {
    /// It is made, and its answer kept.
    Ask,
    /// It ends the run.
    Refuse,
}

/// What is known of a call.
#[derive(Debug)]
pub(super) enum Known {
    /// Its answer.
    Answered(Box<Answered>),
    /// Nothing, under this key.
    Open(Key),
    /// It has no key, because its target is none; it will fail.
    Nameless,
}

/// Answers that are kept from run to run.
#[derive(Debug, Clone)]
pub(crate) struct Recording(Rc<RefCell<Shelf>>);

#[derive(Debug)]
struct Shelf {
    journal: Journal,
    name: String,
    unknown: Unknown,
    recalled: u64,
    config: Arc<Config>,
    mock: bool,
    seed: u64,
    routes: BTreeMap<String, Option<Route>>,
}

impl Recording {
    /// Opens the journal at `path`, or makes it.
    ///
    /// # Errors
    /// As for [`Journal::open`]; and when calls that are not known are refused, and there is no such file.
    pub(crate) fn open(path: &Path, unknown: Unknown, context: &Context) -> Result<Self, Failure> {
        let name = path.display().to_string();
        if unknown == Unknown::Refuse && !path.exists() {
            return Err(Failure::usage(format!("--replay: there is no journal {name}"))
                .hint("run it once without --replay, which asks the judges and keeps their answers"));
        }
        Ok(Self(Rc::new(RefCell::new(Shelf {
            journal: Journal::open(path, JournalOptions::default(), Arc::clone(&context.clock))?,
            name,
            unknown,
            recalled: 0,
            config: Arc::clone(&context.config),
            mock: context.mock,
            seed: context.seed,
            routes: BTreeMap::new(),
        }))))
    }

    /// What is known of a call.
    ///
    /// # Errors
    /// When the journal cannot be read, or the call is not known and refused.
    pub(super) fn known(&self, call: &Call) -> Result<Known, Failure> {
        let mut held = self.0.borrow_mut();
        let Some(key) = held.key(call) else { return Ok(Known::Nameless) };
        // What failed in an earlier run may succeed in this one.
        if let Some(Entry::Answer(answer)) = held.journal.get(&key)? {
            held.recalled += 1;
            return Ok(Known::Answered(answer));
        }
        match held.unknown {
            Unknown::Ask => Ok(Known::Open(key)),
            Unknown::Refuse => Err(Failure::usage(format!(
                "--replay: the journal {} has no answer of {} to a call of this comparison",
                held.name,
                call.target.escape_debug()
            ))
            .hint("run it once without --replay, which asks what is missing and keeps the answers")),
        }
    }

    /// Notes that these calls are about to be made.
    ///
    /// # Errors
    /// When the journal cannot be written: then they must not be made.
    pub(super) fn intend<'a>(&self, keys: impl Iterator<Item = &'a Key>) -> Result<(), Failure> {
        let journal = &mut self.0.borrow_mut().journal;
        keys.for_each(|key| journal.intend(key));
        journal.flush()
    }

    /// Keeps an answer.
    ///
    /// # Errors
    /// When the journal cannot be written.
    pub(super) fn keep(&self, key: &Key, answer: &Answer, done: &Finished) -> Result<(), Failure> {
        let json = done.call.output_schema.is_some().then(|| Json::parse(answer.text.clone()).ok()).flatten();
        let (attempts, timing) = (done.attempts, done.timing.clone());
        let entry = Entry::from(&Response { json, attempts, timing, ..answer.clone().response() });
        let journal = &mut self.0.borrow_mut().journal;
        journal.done(key, &entry);
        journal.flush()
    }

    /// How many calls it has answered.
    pub(crate) fn recalled(&self) -> u64 {
        self.0.borrow().recalled
    }

    /// Waits until everything is on the disk.
    ///
    /// # Errors
    /// When the journal cannot be written.
    pub(crate) fn sync(&self) -> Result<(), Failure> {
        self.0.borrow_mut().journal.sync()
    }
}

impl Shelf {
    fn key(&mut self, call: &Call) -> Option<Key> {
        let (config, mock, seed) = (&self.config, self.mock, self.seed);
        let route = self
            .routes
            .entry(call.target.clone())
            .or_insert_with(|| Target::one(&call.target, config, mock).ok().map(|target| target.route));
        let request = request(call);
        Some(ultra_store::Call::of(&request, route.as_ref()?, call.sample, seed).key())
    }
}

/// The request that a call would come from: all tools mean the same call when their requests say the same.
fn request(call: &Call) -> Request {
    Request {
        id: call.request_id.clone(),
        prompt_id: String::new(),
        messages: call.messages.clone(),
        targets: vec![call.target.clone()],
        pending: None,
        samples: None,
        params: call.params.clone(),
        output_schema: call.output_schema.clone(),
        pattern: None,
        stage: None,
        deadline_ms: None,
        extra: Object::default(),
    }
}
