//! From a target to somebody who answers.

use ultra_core::config::{Config, Provider as Settings};
use ultra_core::failure::Failure;
use ultra_core::target::{Route, Target};

use crate::call::Provider;
use crate::client::Timeouts;
use crate::exec::Exec;
use crate::http::Http;

/// What connections depend on besides the target.
#[derive(Debug, Clone)]
pub struct Options {
    /// Limits of the silent parts of an exchange.
    pub timeouts: Timeouts,
    /// Variables with secrets, which no `exec:` member gets to see.
    pub secrets: Vec<String>,
}

impl Default for Options {
    /// The keys of the built-in providers are secrets.
    fn default() -> Self {
        Self::of(&Config::default())
    }
}

impl Options {
    /// The options under `config`: the keys of all its providers are secrets.
    pub fn of(config: &Config) -> Self {
        let names = config.provider_names();
        let configured = names.iter().filter_map(|name| config.provider(name)?.key_env);
        // A configured provider may hide a built-in one of the same name, whose key stays a secret.
        let built_in = Settings::built_in_names().filter_map(|name| Settings::built_in(name)?.key_env);
        let mut secrets: Vec<String> = configured.chain(built_in).collect();
        secrets.sort();
        secrets.dedup();
        Self { timeouts: Timeouts::default(), secrets }
    }
}

/// Connects to `target` with the default options. No socket is opened and nothing is started before a call.
///
/// # Errors
/// As for [`connect_with`].
pub fn connect(target: &Target) -> Result<Box<dyn Provider>, Failure> {
    connect_with(target, &Options::default())
}

/// Connects to `target`, a model behind HTTP or a command.
///
/// # Errors
/// A usage failure: an address that is none, a key that is missing or would travel unencrypted, an empty
/// command, or a mock target, which is not reached over any wire.
pub fn connect_with(target: &Target, options: &Options) -> Result<Box<dyn Provider>, Failure> {
    match &target.route {
        Route::Http { provider, model } => {
            Ok(Box::new(Http::new(&target.name, provider, model, options.timeouts)?))
        }
        Route::Exec { command } => Ok(Box::new(Exec::new(&target.name, command, &options.secrets)?)),
        Route::Mock { .. } => Err(Failure::usage(format!(
            "the target `{}` is a mock, and there is nothing to connect to",
            target.name
        ))),
    }
}

#[cfg(test)]
mod tests;
