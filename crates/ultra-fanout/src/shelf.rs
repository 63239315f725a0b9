//! The store behind `--cache`: looked into before a call, filled after it.
//!
//! Of calls that are alike and under way together one is made, and the others wait for its answer; so the
//! same run makes the same calls whatever the concurrency.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use ultra_core::config::Config;
use ultra_core::failure::Failure;
use ultra_core::record::Response;
use ultra_core::target::{Route, Target};
use ultra_core::tool::Context;
use ultra_store::key::Call;
use ultra_store::{Cache, Key, Options};

use crate::job::Job;

/// Number of a job, and number of a call in it.
pub(crate) type Seat = (u64, usize);

/// The store, and who waits for what.
#[derive(Debug)]
pub(crate) struct Shelf {
    cache: Cache,
    config: Arc<Config>,
    mock: bool,
    seed: u64,
    routes: BTreeMap<String, Option<Route>>,
    under_way: BTreeMap<Key, Vec<Seat>>,
}

/// What to do with a call.
#[derive(Debug)]
pub(crate) enum Look {
    /// It is answered.
    Found(Box<Response>),
    /// A call like it is under way; it will be named when that one is over.
    Wait,
    /// It has to be made.
    Ask,
}

impl Shelf {
    /// The store in `file`, or in the user's cache directory when that is empty.
    ///
    /// # Errors
    /// A usage failure when there is no cache directory.
    pub(crate) fn new(file: &Path, context: &Context) -> Result<Self, Failure> {
        let path = if file.as_os_str().is_empty() { Options::default_path() } else { Some(file.to_owned()) };
        let path = path.ok_or_else(|| {
            Failure::usage("there is no cache directory in this environment")
                .hint("name a file: --cache=FILE")
        })?;
        Ok(Self {
            cache: Cache::new(Options::at(path), Arc::clone(&context.clock)),
            config: Arc::clone(&context.config),
            mock: context.mock,
            seed: context.seed,
            routes: BTreeMap::new(),
            under_way: BTreeMap::new(),
        })
    }

    /// Puts down what was not yet written.
    pub(crate) fn flush(&mut self) {
        self.cache.flush();
    }

    /// Looks for an answer to call number `at` of `job`.
    pub(crate) fn look(&mut self, job: &Job, seat: Seat) -> Look {
        let asked = job.asked(seat.1);
        let route = self.route(asked.target);
        let Some(route) = route else { return Look::Ask };
        let call = Call::of(&job.request, &route, asked.sample, self.seed);
        let key = call.key();
        if let Some(waiting) = self.under_way.get_mut(&key) {
            waiting.push(seat);
            return Look::Wait;
        }
        if let Some(hit) = self.cache.lookup(&call) {
            return Look::Found(Box::new(hit.response(&asked)));
        }
        self.under_way.insert(key, Vec::new());
        Look::Ask
    }

    /// Takes in that a call is over, with its answer if there is one, and names those who waited for it.
    pub(crate) fn over(&mut self, job: &Job, at: usize, response: Option<&Response>) -> Vec<Seat> {
        let asked = job.asked(at);
        let Some(route) = self.route(asked.target) else { return Vec::new() };
        let call = Call::of(&job.request, &route, asked.sample, self.seed);
        if let Some(response) = response {
            self.cache.store(&call, response);
        }
        self.under_way.remove(&call.key()).unwrap_or_default()
    }

    fn route(&mut self, target: &str) -> Option<Route> {
        if let Some(route) = self.routes.get(target) {
            return route.clone();
        }
        let route = Target::one(target, &self.config, self.mock).ok().map(|target| target.route);
        self.routes.insert(target.to_owned(), route.clone());
        route
    }
}
