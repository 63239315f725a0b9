//! One configuration file: TOML with places, unknown keys refused by line.

mod read;

use std::fmt;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

pub(super) use self::read::read;
use super::keys::{PROVIDER, SECTIONS, TABLES, nearest};
use super::{Config, Dialect, Provider};
use crate::failure::Failure;

/// A setting of a file: the default of the flag with the same name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Section of the tool, empty for all tools.
    pub section: String,
    /// Name of the flag.
    pub key: String,
    /// Its value as it would stand on the command line; several for a list.
    pub values: Vec<String>,
    /// Where it stands.
    pub origin: Origin,
}

/// Where a setting stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// Adds the file's content to `config`; what is there already stays.
pub(super) fn add(config: &mut Config, name: &str, text: &str) -> Result<(), Failure> {
    let file = File { name, text };
    let table = DeTable::parse(text).map_err(|cause| {
        let at = cause.span().unwrap_or(0..0);
        file.refuse(&at, cause.message())
    })?;
    for (key, value) in table.get_ref() {
        let (key_text, at) = (key.get_ref().as_ref(), key.span());
        match (key_text, value.get_ref()) {
            ("providers", DeValue::Table(providers)) => file.providers(config, providers)?,
            ("aliases", DeValue::Table(aliases)) => file.aliases(config, aliases)?,
            ("profiles", DeValue::Table(profiles)) => file.profiles(config, profiles)?,
            ("prices", DeValue::Table(prices)) => file.prices(config, prices)?,
            ("limits", DeValue::Table(limits)) => file.limits(config, limits)?,
            ("fallbacks", DeValue::Table(fallbacks)) => file.fallbacks(config, fallbacks)?,
            (section, DeValue::Table(settings)) => {
                let sections = SECTIONS.iter().map(|known| known.0).chain(TABLES.iter().copied());
                let Some(&(_, keys)) =
                    SECTIONS.iter().find(|known| known.0 == section && !section.is_empty())
                else {
                    return Err(file.unknown(
                        &at,
                        "section",
                        section,
                        sections.filter(|name| !name.is_empty()),
                    ));
                };
                for (key, value) in settings {
                    file.setting(config, section, keys, key, value)?;
                }
            }
            _ => file.setting(config, "", SECTIONS[0].1, key, value)?,
        }
    }
    Ok(())
}

/// The file that is being read.
pub(super) struct File<'a> {
    name: &'a str,
    text: &'a str,
}

pub(super) type Key<'a> = Spanned<std::borrow::Cow<'a, str>>;
pub(super) type Value<'a> = Spanned<DeValue<'a>>;

impl File<'_> {
    pub(super) fn origin(&self, at: &Range<usize>) -> Origin {
        let line = 1 + self.text[..at.start.min(self.text.len())].matches('\n').count();
        Origin { file: self.name.to_owned(), line }
    }

    pub(super) fn refuse(&self, at: &Range<usize>, cause: impl fmt::Display) -> Failure {
        Failure::usage(format!("{}: {cause}", self.origin(at)))
    }

    pub(super) fn unknown<'k>(
        &self,
        at: &Range<usize>,
        what: &str,
        name: &str,
        known: impl Iterator<Item = &'k str> + Clone,
    ) -> Failure {
        let failure = self.refuse(at, format_args!("unknown {what} `{name}`"));
        match nearest(name, known.clone()) {
            Some(near) => failure.hint(format!("did you mean `{near}`?")),
            None => failure.hint(format!("known are: {}", known.collect::<Vec<_>>().join(", "))),
        }
    }

    fn setting(
        &self,
        config: &mut Config,
        section: &str,
        keys: &[&str],
        key: &Key<'_>,
        value: &Value<'_>,
    ) -> Result<(), Failure> {
        let name = key.get_ref().as_ref();
        if !keys.contains(&name) {
            return Err(self.unknown(&key.span(), "key", name, keys.iter().copied()));
        }
        if config.settings.iter().any(|set| set.section == section && set.key == name) {
            return Ok(());
        }
        let values = match value.get_ref() {
            DeValue::Array(items) => items.iter().map(|item| self.scalar(item)).collect::<Result<_, _>>()?,
            _ => vec![self.scalar(value)?],
        };
        let origin = self.origin(&key.span());
        config.settings.push(Setting { section: section.to_owned(), key: name.to_owned(), values, origin });
        Ok(())
    }

    fn scalar(&self, value: &Value<'_>) -> Result<String, Failure> {
        match value.get_ref() {
            DeValue::String(text) => Ok(text.to_string()),
            DeValue::Integer(number) => Ok(number.to_string()),
            DeValue::Float(number) => Ok(number.to_string()),
            DeValue::Boolean(flag) => Ok(flag.to_string()),
            _ => {
                Err(self
                    .refuse(&value.span(), "expected a string, a number, true or false, or a list of them"))
            }
        }
    }

    pub(super) fn text(&self, value: &Value<'_>) -> Result<String, Failure> {
        match value.get_ref() {
            DeValue::String(text) => Ok(text.to_string()),
            _ => Err(self.refuse(&value.span(), "expected a string")),
        }
    }

    fn aliases(&self, config: &mut Config, aliases: &DeTable<'_>) -> Result<(), Failure> {
        for (name, value) in aliases {
            let target = self.text(value)?;
            config.aliases.entry(name.get_ref().to_string()).or_insert(target);
        }
        Ok(())
    }

    fn profiles(&self, config: &mut Config, profiles: &DeTable<'_>) -> Result<(), Failure> {
        for (name, value) in profiles {
            let DeValue::Array(items) = value.get_ref() else {
                return Err(self.refuse(&value.span(), "a profile is a list of targets"));
            };
            let targets = items.iter().map(|item| self.text(item)).collect::<Result<Vec<_>, _>>()?;
            if targets.is_empty() {
                return Err(self.refuse(&value.span(), "a profile names at least one target"));
            }
            config.profiles.entry(name.get_ref().to_string()).or_insert(targets);
        }
        Ok(())
    }

    fn providers(&self, config: &mut Config, providers: &DeTable<'_>) -> Result<(), Failure> {
        for (name, value) in providers {
            let DeValue::Table(fields) = value.get_ref() else {
                return Err(self.refuse(&value.span(), "a provider is a table: [providers.NAME]"));
            };
            let provider = self.provider(name, fields)?;
            config.providers.entry(provider.name.clone()).or_insert(provider);
        }
        Ok(())
    }

    fn provider(&self, name: &Key<'_>, fields: &DeTable<'_>) -> Result<Provider, Failure> {
        let built_in = Provider::built_in(name.get_ref());
        let mut provider = built_in.clone().unwrap_or_else(|| Provider {
            name: name.get_ref().to_string(),
            dialect: Dialect::OpenAi,
            base_url: String::new(),
            key_env: None,
            key_file: None,
            needs_key: false,
            version: None,
        });
        for (key, value) in fields {
            let text = self.text(value)?;
            match key.get_ref().as_ref() {
                "dialect" => {
                    provider.dialect = Dialect::named(&text)
                        .ok_or_else(|| self.refuse(&value.span(), "a dialect is `openai` or `anthropic`"))?;
                }
                "base-url" => provider.base_url = text,
                "key-env" => (provider.key_env, provider.needs_key) = (Some(text), true),
                "key-file" => (provider.key_file, provider.needs_key) = (Some(text), true),
                "version" => provider.version = Some(text),
                other => return Err(self.unknown(&key.span(), "key", other, PROVIDER.iter().copied())),
            }
        }
        if provider.base_url.is_empty() {
            return Err(self
                .refuse(&name.span(), format_args!("the provider `{}` needs a `base-url`", provider.name)));
        }
        // A key belongs to the address it was made for: another address needs a key entry of its own.
        let moved = fields.iter().any(|(key, _)| key.get_ref() == "base-url");
        let has_key = fields.iter().any(|(key, _)| key.get_ref() == "key-env" || key.get_ref() == "key-file");
        if moved && !has_key {
            (provider.key_env, provider.needs_key) = (None, false);
        }
        Ok(provider)
    }
}

/// A number, whole or with a fraction; neither infinite nor NaN.
pub(super) fn number(value: &Value<'_>) -> Option<f64> {
    let number: f64 = match value.get_ref() {
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix()).ok()? as f64,
        DeValue::Float(number) => number.as_str().parse().ok()?,
        _ => return None,
    };
    number.is_finite().then_some(number)
}
