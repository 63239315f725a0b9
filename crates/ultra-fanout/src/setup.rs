//! From the command line to what it takes to make calls.

use std::sync::Arc;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use ultra_core::failure::Failure;
use ultra_core::place;
use ultra_core::tool::{Context, many};
use ultra_provider::dispatch::{DispatchConfig, Limit, LimitSource};
use ultra_store::journal::{self, Journal, JournalOptions};

use crate::args::{Durability, FanoutArgs, Keeping, Scope};

/// Files that are open beside the connections: standard ones, journal, store, limits, timers.
const OTHER_FILES: u64 = 32;

/// Calls in flight in all unless somebody says otherwise.
const TOTAL: usize = 128;

/// How calls are made.
pub(crate) fn dispatch(args: &FanoutArgs) -> DispatchConfig {
    let FanoutArgs { effort, limits, budget, .. } = args;
    let concurrency = limits.concurrency;
    let total = affordable(limits.total.unwrap_or(TOTAL.max(concurrency)));
    let per_second = |per_minute: f64| per_minute / 60.0;
    let limited = limits.requests_per_minute.is_some() || limits.tokens_per_minute.is_some();
    DispatchConfig {
        per_target: concurrency.min(total),
        total,
        attempts: effort.attempts,
        timeout: effort.timeout,
        deadline: effort.deadline,
        run_deadline: effort.run_deadline,
        limit: limited.then(|| Limit {
            requests_per_s: limits.requests_per_minute.map(per_second),
            tokens_per_s: limits.tokens_per_minute.map(per_second),
            source: LimitSource::User,
        }),
        max_calls: budget.max_calls,
        max_tokens: budget.max_tokens,
        max_micro_usd: budget.max_usd.map(micro),
        hedge: effort.hedge,
        stream: args.stream,
        hold: true,
        announce: args.keeping.journal.is_some(),
        shared: limits.limits == Scope::Host,
        ..DispatchConfig::default()
    }
}

/// The journal, if there is to be one. Who only looks does not make one.
///
/// # Errors
/// When it cannot be opened, is damaged, or belongs to a run that goes on.
pub(crate) fn journal(keeping: &Keeping, looks: bool, context: &Context) -> Result<Option<Journal>, Failure> {
    let Some(file) = keeping.journal.as_ref().filter(|file| !looks || file.exists()) else { return Ok(None) };
    let options = JournalOptions {
        durability: match keeping.durability {
            Durability::Record => journal::Durability::Record,
            Durability::Power => journal::Durability::Power,
            Durability::None => journal::Durability::None,
        },
        repair: keeping.journal_repair,
        retry_errors: keeping.retry_errors,
        unsafe_fs: keeping.unsafe_fs,
    };
    Journal::open(file, options, Arc::clone(&context.clock)).map(Some)
}

/// What can be known to be wrong before anything is read.
///
/// # Errors
/// A usage failure: a file that cannot be written in the end, a target without a price under `--max-usd`, a fallback
/// that does not exist, a ladder that does not lead upwards, or two rules for when to stop.
pub(crate) fn check(args: &FanoutArgs, targets: &[String], context: &Context) -> Result<(), Failure> {
    if let Some(file) = &args.summary {
        place::ready("the summary", file)?;
    }
    if let Some(fallback) = &args.effort.fallback {
        ultra_core::target::Target::one(fallback, &context.config, context.mock)?;
    }
    if args.voting.until_decided.is_some() && args.effort.quorum.is_some() {
        return Err(Failure::usage("--until-decided and --quorum both say when enough has been heard")
            .hint("--until-decided saves calls, --quorum saves time: leave one of them out"));
    }
    if !args.voting.ladder.is_sorted_by(|below, above| below < above) {
        return Err(Failure::usage("--ladder leads downwards").hint("every step asks more, such as 3,5,all"));
    }
    if args.budget.max_usd.is_none() || context.mock {
        return Ok(());
    }
    let named = targets.iter().chain(&args.effort.fallback);
    let unpriced = named
        .map(|target| ultra_core::target::without_samples(target))
        .find(|target| !target.starts_with("mock:") && context.config.price(target).is_none());
    match unpriced {
        Some(target) => Err(Failure::usage(format!("{} has no price, which --max-usd needs", target.escape_debug()))
            .hint(format!("say what it costs under [prices] in ultra.toml: \"{target}\" = {{ in = 1.25, out = 10 }} (US dollars per million tokens)"))
            .hint("or limit the run by --max-calls or --max-tokens")),
        None => Ok(()),
    }
}

/// As many calls in flight as files can be open: each takes a connection.
fn affordable(total: usize) -> usize {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let wanted = total as u64 + OTHER_FILES;
    let Some(now) = current.filter(|now| *now < wanted) else { return total };
    let most = maximum.unwrap_or(wanted).min(wanted).max(now);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: Some(most), maximum }).is_ok();
    let files = if raised { most } else { now };
    if files >= wanted {
        return total;
    }
    let fewer = usize::try_from(files.saturating_sub(OTHER_FILES)).unwrap_or(total).clamp(1, total);
    tracing::warn!(
        "{} in flight instead of {total}: this process may open {files} files only (ulimit -n)",
        many(fewer as u64, "call")
    );
    fewer
}

/// Whole millionths of an amount of dollars.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the flag takes 0 to 10⁹")]
fn micro(usd: f64) -> u64 {
    (usd * 1e6).round() as u64
}
