//! Which calls are the same call.

use std::collections::BTreeMap;
use std::sync::Arc;

use ultra_core::config::Config;
use ultra_core::record::Request;
use ultra_core::target::{Route, Target};
use ultra_core::tool::Context;
use ultra_store::key::Call;

/// What is known of the targets, each looked up once.
#[derive(Debug)]
pub(crate) struct Keys {
    config: Arc<Config>,
    mock: bool,
    seed: u64,
    /// Who stands in where the configuration names nobody.
    fallback: Option<String>,
    known: BTreeMap<String, Known>,
}

/// What is known of a target.
#[derive(Debug)]
struct Known {
    /// How it is reached; nothing for a name that cannot be resolved.
    route: Option<Route>,
    /// Who stands in for it, one after the other.
    fallbacks: Vec<String>,
}

impl Keys {
    /// Nothing is known yet; `fallback` stands in where the configuration names nobody.
    pub(crate) fn new(context: &Context, fallback: Option<String>) -> Self {
        Self {
            config: Arc::clone(&context.config),
            mock: context.mock,
            seed: context.seed,
            fallback,
            known: BTreeMap::new(),
        }
    }

    /// The call that `request` makes of `target`; nothing for a target that cannot be resolved.
    pub(crate) fn call<'a>(
        &'a mut self,
        request: &'a Request,
        target: &str,
        sample: u32,
    ) -> Option<Call<'a>> {
        let seed = self.seed;
        let route = self.known(target).route.as_ref()?;
        Some(Call::of(request, route, sample, seed))
    }

    /// Whether `target` is a simulated model, which costs nothing.
    pub(crate) fn is_simulated(&mut self, target: &str) -> bool {
        matches!(self.known(target).route, Some(Route::Mock { .. }))
    }

    /// Who stands in for `target`, one after the other.
    pub(crate) fn fallbacks(&mut self, target: &str) -> &[String] {
        &self.known(target).fallbacks
    }

    fn known(&mut self, target: &str) -> &Known {
        if !self.known.contains_key(target) {
            let route = Target::one(target, &self.config, self.mock).ok().map(|target| target.route);
            let mut fallbacks: Vec<_> =
                self.config.fallbacks(target).into_iter().map(str::to_owned).collect();
            if fallbacks.is_empty() {
                fallbacks.extend(self.fallback.clone().filter(|fallback| fallback != target));
            }
            self.known.insert(target.to_owned(), Known { route, fallbacks });
        }
        &self.known[target]
    }
}
