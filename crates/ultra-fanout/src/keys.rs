//! Which calls are the same call.

use std::collections::BTreeMap;
use std::sync::Arc;

use ultra_core::config::Config;
use ultra_core::record::Request;
use ultra_core::target::{Route, Target};
use ultra_core::tool::Context;
use ultra_store::key::Call;

/// Resolves targets, each once.
#[derive(Debug)]
pub(crate) struct Keys {
    config: Arc<Config>,
    mock: bool,
    seed: u64,
    routes: BTreeMap<String, Option<Route>>,
}

impl Keys {
    pub(crate) fn new(context: &Context) -> Self {
        Self {
            config: Arc::clone(&context.config),
            mock: context.mock,
            seed: context.seed,
            routes: BTreeMap::new(),
        }
    }

    /// The call that `request` makes of `target`; nothing for a target that cannot be resolved.
    pub(crate) fn call<'a>(
        &'a mut self,
        request: &'a Request,
        target: &str,
        sample: u32,
    ) -> Option<Call<'a>> {
        if !self.routes.contains_key(target) {
            let route = Target::one(target, &self.config, self.mock).ok().map(|target| target.route);
            self.routes.insert(target.to_owned(), route);
        }
        let route = self.routes.get(target)?.as_ref()?;
        Some(Call::of(request, route, sample, self.seed))
    }

    /// Whether `target` is a simulated model, which costs nothing.
    pub(crate) fn is_simulated(&self, target: &str) -> bool {
        matches!(self.routes.get(target), Some(Some(Route::Mock { .. })))
    }
}
