//! Configuration: flags, then `ULTRA_*` variables, then `./ultra.toml`, then `$XDG_CONFIG_HOME/ultra/config.toml`.
//!
//! Settings in a file are defaults for the flag of the same name, so a flag, its variable and its line in a
//! file go through one parser. What a flag cannot say — providers, aliases, profiles, and the prices, limits and
//! fallbacks of single targets — is typed here.

mod about;
mod file;
mod keys;
mod limit;
mod price;
mod provider;

use std::collections::BTreeMap;
use std::path::PathBuf;

pub use file::{Origin, Setting};
pub use keys::{SECTIONS, nearest};
pub use limit::Limit;
pub use price::Price;
pub use provider::{Dialect, Provider};

use crate::env;
use crate::failure::Failure;

/// What the configuration files say.
#[derive(Debug, Default)]
pub struct Config {
    settings: Vec<Setting>,
    /// Providers by name; those that are built in are found by [`Config::provider`] too.
    providers: BTreeMap<String, Provider>,
    /// Other names for targets.
    aliases: BTreeMap<String, String>,
    /// Named panels.
    profiles: BTreeMap<String, Vec<String>>,
    /// What is said about single targets.
    about: about::About,
}

impl Config {
    /// Reads the files that apply: `explicit` alone, or else the project's and the user's.
    ///
    /// # Errors
    /// When a file cannot be read, is not TOML, or holds a key that Ultra does not know; each with its line.
    pub fn load(explicit: Option<PathBuf>) -> Result<Self, Failure> {
        let mut config = Self::default();
        if let Some(path) = explicit {
            let text = file::read(&path)?.ok_or_else(|| {
                Failure::usage(format!("there is no configuration file {}", path.display()))
            })?;
            config.add(&path.display().to_string(), &text)?;
            config.check_names()?;
            return Ok(config);
        }
        // The nearest file comes first and wins.
        let user = env::config_dir().map(|dir| dir.join("config.toml"));
        for path in [Some(PathBuf::from("./ultra.toml")), user].into_iter().flatten() {
            if let Some(text) = file::read(&path)? {
                config.add(&path.display().to_string(), &text)?;
            }
        }
        config.check_names()?;
        Ok(config)
    }

    /// Reads one more file; what is set already stays.
    ///
    /// # Errors
    /// When `text` is not TOML, or holds a key that Ultra does not know; each with its line.
    pub fn add(&mut self, name: &str, text: &str) -> Result<(), Failure> {
        file::add(self, name, text)
    }

    /// The settings that apply to the tool with this section, nearest file first.
    pub fn settings<'a>(&'a self, section: &'a str) -> impl Iterator<Item = &'a Setting> {
        self.settings.iter().filter(move |setting| setting.section.is_empty() || setting.section == section)
    }

    /// The provider called `name`: configured, or built in.
    pub fn provider(&self, name: &str) -> Option<Provider> {
        self.providers.get(name).cloned().or_else(|| Provider::built_in(name))
    }

    /// The names of all providers.
    pub fn provider_names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.providers.keys().cloned().collect();
        names.extend(Provider::built_in_names().map(str::to_owned));
        names.sort();
        names.dedup();
        names
    }

    /// What the alias `name` stands for.
    pub fn alias(&self, name: &str) -> Option<&str> {
        self.aliases.get(name).map(String::as_str)
    }

    /// The panel called `name`, without its `@`.
    pub fn profile(&self, name: &str) -> Option<&[String]> {
        self.profiles.get(name).map(Vec::as_slice)
    }

    /// The names of all aliases and profiles, the latter with `@`.
    pub fn names(&self) -> Vec<String> {
        let profiles = self.profiles.keys().map(|name| format!("@{name}"));
        self.aliases.keys().cloned().chain(profiles).collect()
    }
}

#[cfg(test)]
mod tests;
