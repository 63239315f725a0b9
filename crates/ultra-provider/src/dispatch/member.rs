//! The targets of a run, each resolved and connected when its first call comes.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use ultra_core::config::{Config, Price};
use ultra_core::failure::Failure;
use ultra_core::kind::ErrorKind;
use ultra_core::target::{Route, Target};
use ultra_core::tool::Context;
use ultra_pace::{Class, Limit, Source, TargetId};

use super::lanes;
use crate::call::{CallError, Provider};
use crate::host::Lane;
use crate::mock::Mock;

/// Somebody who is asked.
#[derive(Debug)]
pub(super) enum Member {
    Mock(Mock),
    Real(Arc<dyn Provider>),
    /// Cannot be asked; every call gets this error.
    Broken(CallError),
}

/// A member with what the configuration says about it.
#[derive(Debug)]
pub(super) struct Listed {
    pub(super) name: String,
    pub(super) member: Member,
    /// What its tokens cost; simulated ones cost nothing.
    pub(super) price: Option<Price>,
    /// The send rate that the user knows of.
    pub(super) limit: Option<Limit>,
    /// Names what the processes of this host share of it; nothing where there is nothing to share.
    pub(super) lane: Option<Lane>,
}

type Connect = Box<dyn Fn(&Target) -> Result<Box<dyn Provider>, Failure>>;

/// The members by name.
pub(super) struct Members {
    config: Arc<Config>,
    mock: bool,
    seed: u64,
    connect: Connect,
    numbers: BTreeMap<String, usize>,
    known: Vec<Listed>,
}

impl fmt::Debug for Members {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Members").field(&self.numbers).finish()
    }
}

impl Members {
    pub(super) fn new(
        context: &Context,
        connect: impl Fn(&Target) -> Result<Box<dyn Provider>, Failure> + 'static,
    ) -> Self {
        Self {
            config: Arc::clone(&context.config),
            mock: context.mock,
            seed: context.seed,
            connect: Box::new(connect),
            numbers: BTreeMap::new(),
            known: Vec::new(),
        }
    }

    /// The member called `name`, made when it is asked for the first time.
    pub(super) fn enlist(&mut self, name: &str) -> (TargetId, &Listed) {
        let number = self.numbers.get(name).copied().unwrap_or_else(|| {
            let listed = self.list(name);
            self.known.push(listed);
            self.numbers.insert(name.to_owned(), self.known.len() - 1);
            self.known.len() - 1
        });
        (TargetId(number), &self.known[number])
    }

    pub(super) fn get(&self, target: TargetId) -> Option<&Listed> {
        self.known.get(target.0)
    }

    pub(super) fn name(&self, target: TargetId) -> &str {
        self.get(target).map_or("", |listed| &listed.name)
    }

    fn list(&self, name: &str) -> Listed {
        let target = Target::one(name, &self.config, self.mock);
        let lane = target.as_ref().ok().and_then(|target| lanes::lane_of(&target.route));
        let member = match target {
            Ok(target) => self.make(&target).unwrap_or_else(Member::Broken),
            Err(failure) => Member::Broken(broken(ErrorKind::NotFound, &failure)),
        };
        let ultra_core::config::Limit { requests_per_minute, tokens_per_minute, .. } =
            self.config.limit(name);
        let per_second = |per_minute: f64| per_minute / 60.0;
        let limited = requests_per_minute.is_some() || tokens_per_minute.is_some();
        let limit = limited.then(|| Limit {
            requests_per_s: requests_per_minute.map(per_second),
            tokens_per_s: tokens_per_minute.map(per_second),
            source: Source::User,
        });
        // Nobody wants to read that a simulated answer cost nothing, unless it was given a price.
        let price = self.config.price(name).cloned();
        Listed { name: name.to_owned(), member, price, limit, lane }
    }

    #[allow(clippy::result_large_err, reason = "made once a target, and moved into its place")]
    fn make(&self, target: &Target) -> Result<Member, CallError> {
        let broken = |kind| move |failure: Failure| broken(kind, &failure);
        match &target.route {
            Route::Mock { model, options } => {
                Mock::new(model, options, self.seed).map(Member::Mock).map_err(broken(ErrorKind::Request))
            }
            Route::Http { provider, .. } => {
                provider.key().map_err(broken(ErrorKind::Auth))?;
                self.connect(target)
            }
            Route::Exec { .. } => self.connect(target),
        }
    }

    #[allow(clippy::result_large_err, reason = "made once a target, and moved into its place")]
    fn connect(&self, target: &Target) -> Result<Member, CallError> {
        let provider = (self.connect)(target).map_err(|failure| broken(ErrorKind::Request, &failure))?;
        Ok(Member::Real(Arc::from(provider)))
    }
}

/// What every call of a target meets that cannot be asked: the failure and all its hints in one sentence.
fn broken(kind: ErrorKind, failure: &Failure) -> CallError {
    let said = std::iter::once(failure.to_string()).chain(failure.hints().iter().cloned());
    CallError::new(kind, Class::FatalTarget, said.collect::<Vec<_>>().join("; "))
}
