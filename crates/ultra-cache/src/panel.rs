//! Whom a request asks, and how they are reached.

use std::collections::BTreeMap;

use ultra_core::config::Config;
use ultra_core::failure::Failure;
use ultra_core::record::Request;
use ultra_core::target::{Route, Target};
use ultra_core::tool::Context;

/// Routes that are remembered; beyond that the names are no longer those of a panel.
const REMEMBERED: usize = 1024;

/// Resolves targets, each name once.
#[derive(Debug)]
pub(crate) struct Panel<'a> {
    config: &'a Config,
    mock: bool,
    seed: u64,
    routes: BTreeMap<String, Result<Route, String>>,
}

impl<'a> Panel<'a> {
    /// The targets of a run.
    pub(crate) fn new(context: &'a Context) -> Self {
        Self { config: &context.config, mock: context.mock, seed: context.seed, routes: BTreeMap::new() }
    }

    /// The seed of the run.
    pub(crate) fn seed(&self) -> u64 {
        self.seed
    }

    /// Puts the targets of every `@profile` in its place.
    ///
    /// # Errors
    /// When there is no such profile, or a target in it is not one.
    pub(crate) fn expand(&self, request: &mut Request) -> Result<(), Failure> {
        if !request.targets.iter().any(|spec| spec.starts_with('@')) {
            return Ok(());
        }
        let mut targets = Vec::new();
        for spec in &request.targets {
            if !spec.starts_with('@') {
                targets.push(spec.clone());
                continue;
            }
            targets.extend(Target::resolve(spec, self.config, self.mock)?.into_iter().map(|target| {
                match target.samples {
                    Some(samples) => format!("{}#{samples}", target.name),
                    None => target.name,
                }
            }));
        }
        request.targets = targets;
        Ok(())
    }

    /// How the target called `name` is reached.
    ///
    /// # Errors
    /// Why it is not a target.
    pub(crate) fn route(&mut self, name: &str) -> Result<&Route, &str> {
        if self.routes.len() >= REMEMBERED && !self.routes.contains_key(name) {
            self.routes.clear();
        }
        let route = self.routes.entry(name.to_owned()).or_insert_with(|| {
            let target = Target::one(name, self.config, self.mock);
            target.map(|target| target.route).map_err(|cause| cause.to_string())
        });
        route.as_ref().map_err(String::as_str)
    }
}
