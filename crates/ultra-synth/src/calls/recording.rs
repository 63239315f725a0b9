//! A journal with what became of the calls of judges, which all runs of a comparison share.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use ultra_core::config::Config;
use ultra_core::failure::Failure;
use ultra_core::kind::ErrorKind;
use ultra_core::record::{Json, Object, Request, Response};
use ultra_core::target::{Route, Target};
use ultra_core::tool::{Context, Tool as _};
use ultra_provider::Call;
use ultra_provider::dispatch::Finished;
use ultra_store::journal::{Entry, Failed};
use ultra_store::{Journal, JournalOptions, Key};

use crate::Synth;

/// Whether a call that is not known may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unknown {
    /// It is made, and what becomes of it kept. What failed in an earlier run may succeed in this one.
    Ask,
    /// It ends the run.
    Refuse,
}

/// What is known of a call.
#[derive(Debug)]
pub(super) enum Known {
    /// What became of it.
    Ended(Entry),
    /// Nothing, and it may not be made.
    Refused(Failure),
    /// Nothing, under this key.
    Open(Key),
    /// It has no key, because its target is none; it will fail.
    Nameless,
}

/// Ends of calls that are kept from run to run.
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
    /// Opens the journal at `path`, or makes it; where unknown calls are refused it is only read.
    ///
    /// # Errors
    /// As for [`Journal::open`]; and when calls that are not known are refused, and there is no such file.
    pub(crate) fn open(path: &Path, unknown: Unknown, context: &Context) -> Result<Self, Failure> {
        let name = path.display().to_string();
        if unknown == Unknown::Refuse && !path.exists() {
            return Err(Failure::usage(format!("--replay: there is no journal {name}"))
                .hint("run it once without --replay, which asks the judges and keeps their answers"));
        }
        let clock = Arc::clone(&context.clock);
        let journal = match unknown {
            Unknown::Ask => {
                let options = JournalOptions { retry_errors: true, ..JournalOptions::default() };
                Journal::open(path, options, clock)?
            }
            Unknown::Refuse => Journal::read(path, clock)?,
        };
        Ok(Self(Rc::new(RefCell::new(Shelf {
            journal,
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
    /// When the journal cannot be read.
    pub(super) fn known(&self, call: &Call) -> Result<Known, Failure> {
        let mut held = self.0.borrow_mut();
        let Some(key) = held.key(call) else { return Ok(Known::Nameless) };
        if let Some(entry) = held.journal.get(&key)? {
            held.recalled += 1;
            return Ok(Known::Ended(entry));
        }
        Ok(match held.unknown {
            Unknown::Ask => Known::Open(key),
            Unknown::Refuse => Known::Refused(
                Failure::usage(format!(
                    "--replay: the journal {} has no answer of {} to a call of this comparison",
                    held.name,
                    call.target.escape_debug()
                ))
                .hint("run it once without --replay, which asks what is missing and keeps the answers"),
            ),
        })
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

    /// Keeps what became of a call, unless it was given up here before that was known.
    ///
    /// # Errors
    /// When the journal cannot be written.
    pub(super) fn keep(&self, key: &Key, done: &Finished) -> Result<(), Failure> {
        let timing = done.timing.clone();
        let entry = match &done.result {
            Ok(answer) => {
                let json =
                    done.call.output_schema.as_ref().and_then(|_| Json::parse(answer.text.clone()).ok());
                let answer = answer.clone().response();
                Entry::from(&Response { json, attempts: done.attempts, timing, ..answer })
            }
            Err(error) if matches!(error.kind, ErrorKind::Cancelled | ErrorKind::Budget) => return Ok(()),
            Err(error) => {
                let failed = Failed::from(&error.record(Synth::NAME));
                Entry::Error(Box::new(Failed { attempts: Some(done.attempts), timing, ..failed }))
            }
        };
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
