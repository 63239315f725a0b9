//! What the files say about single targets: prices, limits and fallbacks, and how a target's entry is found.
//!
//! An entry is named by a target as it is written (`openai:gpt-x`, an alias), or by `provider:*`. Names that
//! cannot be a target, and slips of known names, are refused with their line.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::file::{File, Key, Value};
use super::keys::nearest;
use super::{Config, Limit, Origin, Price};
use crate::failure::Failure;
use crate::target::split_samples;

/// Entries by the name of their target.
#[derive(Debug, Default)]
pub(super) struct About {
    prices: BTreeMap<String, Price>,
    limits: BTreeMap<String, Limit>,
    fallbacks: BTreeMap<String, String>,
    /// Every name, and where it stands, for [`Config::check_names`].
    mentions: Vec<(String, Origin)>,
}

impl Config {
    /// The price of the target called `name`: its own entry, that of the target which an alias stands for, or
    /// that of `provider:*`, whichever comes first.
    pub fn price(&self, name: &str) -> Option<&Price> {
        self.keys(name).find_map(|key| self.about.prices.get(&key))
    }

    /// The limits of the target called `name`; what its own entry leaves open is taken from the alias's target
    /// and then from `provider:*`. A limit holds for each model by itself.
    pub fn limit(&self, name: &str) -> Limit {
        let known = self.keys(name).filter_map(|key| self.about.limits.get(&key));
        known.fold(Limit::default(), |near, far| near.or(*far))
    }

    /// Whom to ask when the target called `name` fails for good.
    pub fn fallback(&self, name: &str) -> Option<&str> {
        self.keys(name).find_map(|key| self.about.fallbacks.get(&key)).map(String::as_str)
    }

    /// The fallback of `name`, the fallback of that one, and so on; nobody is named twice, nor `name` itself.
    pub fn fallbacks(&self, name: &str) -> Vec<&str> {
        let mut chain = Vec::new();
        let mut asked = vec![self.meant(name)];
        let mut last = name;
        while let Some(next) = self.fallback(last).filter(|next| !asked.contains(&self.meant(next))) {
            asked.push(self.meant(next));
            chain.push(next);
            last = next;
        }
        chain
    }

    /// The target that `name` stands for.
    fn meant<'a>(&'a self, name: &'a str) -> &'a str {
        self.alias(name).unwrap_or(name)
    }

    /// The names under which an entry for the target called `name` may stand, nearest first.
    fn keys<'a>(&'a self, name: &'a str) -> impl Iterator<Item = String> {
        let meant = self.meant(name);
        let provider = meant.split_once(':').map(|(provider, _)| format!("{provider}:*"));
        // The options of a mock say how it is simulated, not which model it is.
        let plain = meant.strip_prefix("mock:").and_then(|_| meant.split_once('?')).map(|(plain, _)| plain);
        let own = [Some(name), Some(meant), plain].into_iter().flatten().map(str::to_owned);
        own.chain(provider)
    }

    /// Refuses entries for a target that cannot be meant; called when all files are read.
    pub(super) fn check_names(&self) -> Result<(), Failure> {
        for (name, origin) in &self.about.mentions {
            if let Some(near) = self.slip(name) {
                return Err(Failure::usage(format!("{origin}: unknown target `{}`", name.escape_debug()))
                    .hint(format!("did you mean `{near}`?")));
            }
        }
        for (name, fallback) in &self.about.fallbacks {
            if self.meant(name) == self.meant(fallback) {
                let origin = self.about.mentions.iter().find(|mention| mention.0 == *name);
                let place = origin.map(|(_, origin)| format!("{origin}: ")).unwrap_or_default();
                return Err(Failure::usage(format!("{place}the target `{name}` is its own fallback")));
            }
        }
        Ok(())
    }

    /// The known name that `name` is a slip of. A name that is unknown and near to none may belong to a
    /// provider that other files tell about, or to a mock run.
    fn slip(&self, name: &str) -> Option<String> {
        if self.alias(name).is_some() {
            return None;
        }
        let Some((provider, model)) = name.split_once(':') else {
            return nearest(name, self.aliases.keys().map(String::as_str)).map(str::to_owned);
        };
        let mut known = self.provider_names();
        known.extend(["mock".to_owned(), "exec".to_owned()]);
        if known.iter().any(|known| known == provider) {
            return None;
        }
        nearest(provider, known.iter().map(String::as_str)).map(|near| format!("{near}:{model}"))
    }
}

impl File<'_> {
    pub(super) fn prices(&self, config: &mut Config, prices: &DeTable<'_>) -> Result<(), Failure> {
        for (key, value) in prices {
            let name = self.entry(config, key)?;
            let fields = self.table(value, "a price is a table: [prices.\"PROVIDER:MODEL\"]")?;
            let price = Price::read(self, key, fields)?;
            config.about.prices.entry(name).or_insert(price);
        }
        Ok(())
    }

    pub(super) fn limits(&self, config: &mut Config, limits: &DeTable<'_>) -> Result<(), Failure> {
        for (key, value) in limits {
            let name = self.entry(config, key)?;
            let fields = self.table(value, "a limit is a table: [limits.\"PROVIDER:MODEL\"]")?;
            let limit = Limit::read(self, fields)?;
            config.about.limits.entry(name).or_insert(limit);
        }
        Ok(())
    }

    pub(super) fn fallbacks(&self, config: &mut Config, fallbacks: &DeTable<'_>) -> Result<(), Failure> {
        for (key, value) in fallbacks {
            let name = self.entry(config, key)?;
            let fallback = self.target(config, &self.text(value)?, &value.span())?;
            if name.ends_with(":*") || fallback.ends_with(":*") {
                return Err(self.refuse(&key.span(), "a fallback is for one target, by another"));
            }
            if name == fallback {
                return Err(self.refuse(&key.span(), format_args!("the target `{name}` is its own fallback")));
            }
            config.about.fallbacks.entry(name).or_insert(fallback);
        }
        Ok(())
    }

    fn entry(&self, config: &mut Config, key: &Key<'_>) -> Result<String, Failure> {
        self.target(config, key.get_ref(), &key.span())
    }

    /// The name of a target that stands at `at`.
    fn target(&self, config: &mut Config, name: &str, at: &Range<usize>) -> Result<String, Failure> {
        if name.trim().is_empty() || name.starts_with('@') {
            return Err(self.refuse(at, "expected a target: provider:model, provider:* or an alias"));
        }
        if split_samples(name)?.1.is_some() {
            return Err(self.refuse(at, format_args!("`{name}` is named without a number of samples here")));
        }
        config.about.mentions.push((name.to_owned(), self.origin(at)));
        Ok(name.to_owned())
    }

    fn table<'v, 'i>(&self, value: &'v Value<'i>, expected: &str) -> Result<&'v DeTable<'i>, Failure> {
        match value.get_ref() {
            DeValue::Table(fields) => Ok(fields),
            _ => Err(self.refuse(&value.span(), expected)),
        }
    }
}
