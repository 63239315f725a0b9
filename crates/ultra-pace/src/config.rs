//! The numbers of the policy, each with where its default comes from.

use std::time::Duration;

/// The limits and times that a [`Machine`](crate::Machine) keeps. The default is meant for batches of calls
/// that last seconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Attempts in flight at one target. Zero counts as one.
    ///
    /// 32: the upper range where hosted models answer without throttling; Netflix's concurrency limits start
    /// from 20.
    pub per_target: usize,
    /// Attempts in flight in all. Zero counts as one.
    ///
    /// 128: four targets at their limit. With more busy targets each has an equal share of it.
    pub total: usize,
    /// Open calls above which [`Machine::has_room`](crate::Machine::has_room) says no.
    ///
    /// 4,096: 32 times `total`, so that the calls of a stalled target can pile up for long before reading
    /// stops, while the machine's own memory stays near one MiB.
    pub backlog: usize,
    /// Failed attempts after which a call is given up, of any class, those answered by Retry-After left out.
    /// At least one attempt is always made.
    ///
    /// 8: with p = 0.3 failures 0.3⁸ = 0.007 % of the calls remain; three attempts, usual in SDKs, leave 2.7 %.
    pub attempts: u32,
    /// Failed attempts of class [`Unsure`](crate::Class::Unsure) after which a call is given up: what one
    /// record may cost at most without an answer.
    ///
    /// 4: half of `attempts`, as the AWS SDKs charge a timeout twice what they charge another failure.
    pub unsure_attempts: u32,
    /// `base` of the sleep before attempt n + 2, `U(0, min(cap, base·2ⁿ))`.
    ///
    /// 0.5 s: the first delay of the OpenAI and Anthropic SDKs.
    pub base: Duration,
    /// `base` after a [`Throttled`](crate::Class::Throttled) failure without Retry-After.
    ///
    /// 1 s: the throttling base of the AWS SDKs.
    pub throttle_base: Duration,
    /// `cap` of the sleep.
    ///
    /// 60 s: above the 20 s of the AWS SDKs, because a call to a model lasts seconds, not milliseconds.
    pub cap: Duration,
    /// Largest distance between two launches while a target that asked for a pause is taken up again, and of
    /// the first of them from the end of the pause.
    ///
    /// 0.25 s: eight calls a second on average, a rate that small accounts are given. Zero lets a server that
    /// asks for next to no pause be asked again at that pace.
    pub spread: Duration,
    /// What one attempt may take.
    ///
    /// 600 s: the total timeout of the OpenAI and Anthropic SDKs.
    pub attempt_timeout: Duration,
    /// What one call may take from its submission to its end, waiting included, unless it says otherwise.
    /// `Duration::MAX` means no deadline; then a target that is down, or answers every attempt with a short
    /// Retry-After, keeps its calls open without end.
    ///
    /// 1,800 s: three attempts that use all of their time.
    pub deadline: Duration,
    /// When the whole run is over, on the machine's clock. Then calls that wait fail, and no attempt was given
    /// more time than that.
    ///
    /// None: a batch ends when its last call does.
    pub run_deadline: Option<Duration>,
    /// Attempts launched in the run, hedges included, after which nothing is launched any more.
    ///
    /// None, like the other two: only the user knows what may be spent.
    pub max_calls: Option<u64>,
    /// Tokens known to be spent after which nothing is launched any more. What is in flight then ends normally,
    /// so the budget is overshot by at most that.
    pub max_tokens: Option<u64>,
    /// Millionths of a US dollar known to be spent after which nothing is launched any more.
    pub max_micro_usd: Option<u64>,
    /// Whether a call that is late gets a second attempt beside the first.
    ///
    /// Off: both may be billed.
    pub hedge: bool,
    /// Failures in a row of a target, in the order of launch, from which on a failure may be owed to an outage and is
    /// not charged to its call; twice as many open the breaker. Zero switches the breaker off, and with it every
    /// excuse: a call then has its own attempts and no more, so what becomes of it does not depend on the other
    /// calls.
    ///
    /// 8: a target that fails 30 % of its calls has eight failures in a row once in 20,000 calls and sixteen never;
    /// one that fails half of them has sixteen once in 130,000.
    pub break_after: u32,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            per_target: 32,
            total: 128,
            backlog: 4_096,
            attempts: 8,
            unsure_attempts: 4,
            base: Duration::from_millis(500),
            throttle_base: Duration::from_secs(1),
            cap: Duration::from_mins(1),
            spread: Duration::from_millis(250),
            attempt_timeout: Duration::from_mins(10),
            deadline: Duration::from_mins(30),
            run_deadline: None,
            max_calls: None,
            max_tokens: None,
            max_micro_usd: None,
            hedge: false,
            break_after: 8,
        }
    }
}
