//! The targets of a run, each resolved and connected when its first call comes.

use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use ultra_core::config::Config;
use ultra_core::failure::Failure;
use ultra_core::kind::ErrorKind;
use ultra_core::target::{Route, Target};
use ultra_core::tool::Context;
use ultra_pace::{Class, TargetId};

use crate::call::{CallError, Provider};
use crate::mock::Mock;

/// Somebody who is asked.
#[derive(Debug)]
pub(super) enum Member {
    Mock(Mock),
    Real(Rc<dyn Provider>),
    /// Cannot be asked; every call gets this error.
    Broken(CallError),
}

type Connect = Box<dyn Fn(&Target) -> Result<Box<dyn Provider>, Failure>>;

/// The members by name.
pub(super) struct Members {
    config: Arc<Config>,
    mock: bool,
    seed: u64,
    connect: Connect,
    numbers: BTreeMap<String, usize>,
    known: Vec<Member>,
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
    pub(super) fn enlist(&mut self, name: &str) -> (TargetId, &Member) {
        let number = self.numbers.get(name).copied().unwrap_or_else(|| {
            let member = self.make(name).unwrap_or_else(Member::Broken);
            self.known.push(member);
            self.numbers.insert(name.to_owned(), self.known.len() - 1);
            self.known.len() - 1
        });
        (TargetId(number), &self.known[number])
    }

    pub(super) fn member(&self, target: TargetId) -> Option<&Member> {
        self.known.get(target.0)
    }

    #[allow(clippy::result_large_err, reason = "made once a target, and moved into its place")]
    fn make(&self, name: &str) -> Result<Member, CallError> {
        let broken = |kind| move |failure: Failure| broken(kind, &failure);
        let target = Target::one(name, &self.config, self.mock).map_err(broken(ErrorKind::NotFound))?;
        match &target.route {
            Route::Mock { model, options } => {
                Mock::new(model, options, self.seed).map(Member::Mock).map_err(broken(ErrorKind::Request))
            }
            Route::Http { provider, .. } => {
                provider.key().map_err(broken(ErrorKind::Auth))?;
                self.connect(&target)
            }
            Route::Exec { .. } => self.connect(&target),
        }
    }

    #[allow(clippy::result_large_err, reason = "made once a target, and moved into its place")]
    fn connect(&self, target: &Target) -> Result<Member, CallError> {
        let provider = (self.connect)(target).map_err(|failure| broken(ErrorKind::Request, &failure))?;
        Ok(Member::Real(Rc::from(provider)))
    }
}

/// What every call of a target meets that cannot be asked: the failure and all its hints in one sentence.
fn broken(kind: ErrorKind, failure: &Failure) -> CallError {
    let said = std::iter::once(failure.to_string()).chain(failure.hints().iter().cloned());
    CallError::new(kind, Class::FatalTarget, said.collect::<Vec<_>>().join("; "))
}
