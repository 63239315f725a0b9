//! Where the store is.

use std::path::PathBuf;
use std::sync::Arc;

use ultra_core::failure::Failure;
use ultra_core::metrics::Metric;
use ultra_core::tool::{Context, Summary};
use ultra_store::{Cache, Options};

const LOOKUPS: Metric = Metric::counter("ultra_cache_lookups_total", "Calls looked up in the store.");
const ANSWERS: Metric = Metric::counter("ultra_cache_answers_total", "Answers given to the store.");

/// Where the store is.
#[derive(Debug, Clone, clap::Args)]
pub struct Place {
    /// File of the store [default: ultra/cache.db in the user's cache directory]
    #[arg(long, visible_alias = "cache", env = "ULTRA_CACHE", value_name = "FILE")]
    pub path: Option<PathBuf>,
}

impl Place {
    /// The file.
    ///
    /// # Errors
    /// A usage failure when none was named and the user has no cache directory.
    pub fn file(&self) -> Result<PathBuf, Failure> {
        let named = self.path.clone().or_else(Options::default_path);
        named.ok_or_else(|| {
            Failure::usage("there is no place for the cache: neither XDG_CACHE_HOME nor HOME is set")
                .hint("name a file with --cache FILE")
        })
    }

    /// The cache, which touches nothing before it is needed.
    pub(crate) fn cache(&self, ttl_s: u64, context: &Context) -> Result<Cache, Failure> {
        let options = Options { ttl_s, ..Options::at(self.file()?) };
        Ok(Cache::new(options, Arc::clone(&context.clock)))
    }
}

/// Says what the cache did, on stderr and in the metrics.
pub(crate) fn report(cache: &Cache, context: &Context) -> Summary {
    let counts = cache.counts();
    let told = [
        (LOOKUPS, "hit", counts.hits, "hits"),
        (LOOKUPS, "miss", counts.misses, "misses"),
        (LOOKUPS, "bypass", counts.bypassed, "not looked up"),
        (ANSWERS, "stored", counts.stored, "stored"),
        (ANSWERS, "dropped", counts.dropped, "not stored"),
    ];
    let mut parts = Vec::new();
    for (metric, result, count, words) in told {
        if count > 0 {
            context.metrics.add(metric, &[("result", result)], count as f64);
            parts.push(format!("{count} {words}"));
        }
    }
    Summary::new(if parts.is_empty() { "nothing to do".to_owned() } else { parts.join(", ") })
}
