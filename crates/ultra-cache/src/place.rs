//! Where the store is.

use std::path::PathBuf;
use std::sync::Arc;

use clap::ValueHint;
use clap::builder::{OsStringValueParser, TypedValueParser as _};
use ultra_core::failure::Failure;
use ultra_core::metrics::Metric;
use ultra_core::tool::{Context, Summary};
use ultra_store::{Cache, Options};

const NOWHERE: &str = "there is no place for the cache: neither XDG_CACHE_HOME nor HOME is set";
const HINT: &str = "name a file with --path FILE";

const LOOKUPS: Metric = Metric::counter("ultra_cache_lookups_total", "Calls looked up in the store.");
const ANSWERS: Metric = Metric::counter("ultra_cache_answers_total", "Answers given to the store.");

/// Where the store is.
#[derive(Debug, Clone, clap::Args)]
pub struct Place {
    /// File of the store [default: ultra/cache.db in the user's cache directory]
    #[arg(long, visible_alias = "cache", env = "ULTRA_CACHE", value_name = "FILE",
          value_hint = ValueHint::FilePath, value_parser = OsStringValueParser::new().map(PathBuf::from))]
    pub path: Option<PathBuf>,
}

impl Place {
    /// The file; an empty name is none.
    ///
    /// # Errors
    /// A usage failure when none was named and the user has no cache directory.
    pub fn file(&self) -> Result<PathBuf, Failure> {
        self.named_or(Options::default_path()).ok_or_else(|| Failure::usage(NOWHERE).hint(HINT))
    }

    fn named_or(&self, default: Option<PathBuf>) -> Option<PathBuf> {
        self.path.clone().filter(|path| !path.as_os_str().is_empty()).or(default)
    }

    /// The cache, which touches nothing before it is needed, as `options` has it for a file. Without a place for
    /// it, one that does nothing: the stream goes on.
    pub(crate) fn cache(&self, context: &Context, options: impl FnOnce(PathBuf) -> Options) -> Cache {
        cache(self.named_or(Options::default_path()), context, options)
    }
}

pub(crate) fn cache(
    path: Option<PathBuf>,
    context: &Context,
    options: impl FnOnce(PathBuf) -> Options,
) -> Cache {
    let clock = Arc::clone(&context.clock);
    match path {
        Some(path) => Cache::new(options(path), clock),
        None => Cache::nowhere(&format!("{NOWHERE}; {HINT}"), clock),
    }
}

/// `1 key`, `2 keys`: for words that take an s.
pub(crate) fn counted(count: u64, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}

/// Says what the cache did, on stderr and in the metrics.
pub(crate) fn report(cache: &Cache, context: &Context) -> Summary {
    let counts = cache.counts();
    let told = [
        (LOOKUPS, "hit", counts.hits, if counts.hits == 1 { "hit" } else { "hits" }),
        (LOOKUPS, "miss", counts.misses, if counts.misses == 1 { "miss" } else { "misses" }),
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

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};
    use std::process::Command;

    use clap::{CommandFactory as _, FromArgMatches as _, Parser};
    use ultra_core::tool::Context;
    use ultra_store::Options;

    use super::{Place, cache, counted};

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        place: Place,
    }

    const DEFAULT: &str = "/somewhere/ultra/cache.db";

    /// The place that a command line means in this environment.
    fn meant(args: &[&str]) -> PathBuf {
        let line = std::iter::once("ultra-cache").chain(args.iter().copied());
        let matches = Line::command().try_get_matches_from(line).expect("parses");
        let Line { place } = Line::from_arg_matches(&matches).expect("parses");
        place.named_or(Some(DEFAULT.into())).expect("has a default")
    }

    /// Not a test of its own, but what the next one starts in processes.
    #[test]
    fn as_told_by_the_environment() {
        let Some(expected) = ultra_core::env::var("ULTRA_TEST_PLACE") else { return };
        assert_eq!(meant(&[]), Path::new(&expected));
        assert_eq!(meant(&["--path", "given.db"]), Path::new("given.db"));
    }

    #[test]
    fn the_environment_moves_the_store_and_an_empty_value_does_not() {
        for (value, expected) in [("moved.db", "moved.db"), ("", DEFAULT)] {
            let status = Command::new(std::env::current_exe().expect("is a program"))
                .args(["--exact", "place::tests::as_told_by_the_environment"])
                .env("ULTRA_CACHE", value)
                .env("ULTRA_TEST_PLACE", expected)
                .output()
                .expect("starts");
            assert!(status.status.success(), "{value:?}: {}", String::from_utf8_lossy(&status.stdout));
        }
    }

    #[test]
    fn without_a_place_the_cache_is_bypassed_and_names_the_option() {
        let nowhere = cache(None, &Context::mock(7), Options::at);
        let warning = nowhere.warning().expect("warns");
        assert!(warning.contains("no place for the cache") && warning.contains("--path FILE"), "{warning}");
    }

    #[test]
    fn words_follow_their_number() {
        assert_eq!([counted(0, "key"), counted(1, "key"), counted(2, "key")], ["0 keys", "1 key", "2 keys"]);
    }
}
