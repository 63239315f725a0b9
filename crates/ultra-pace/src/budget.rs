//! What a run may cost.
//!
//! Before each launch the budget is compared with what is *known* to be spent: launches, and the tokens and
//! dollars of the answers that came. So it is overshot by at most what was in flight. Once it is reached, it is
//! reached for good.

use crate::config::Config;
use crate::event::{Limited, Spent};

/// The budget of a run, and what of it is spent.
#[derive(Debug)]
pub(crate) struct Budget {
    max_calls: u64,
    max_tokens: u64,
    max_micro_usd: u64,
    spent: Spent,
    /// Whether the first call that is not sent was told of.
    pub(crate) told: bool,
}

impl Budget {
    pub(crate) fn new(config: &Config) -> Self {
        Budget {
            max_calls: config.max_calls.unwrap_or(u64::MAX),
            max_tokens: config.max_tokens.unwrap_or(u64::MAX),
            max_micro_usd: config.max_micro_usd.unwrap_or(u64::MAX),
            spent: Spent::default(),
            told: false,
        }
    }

    /// An attempt is known to have cost this.
    pub(crate) fn enter(&mut self, spent: Spent) {
        self.spent.tokens = self.spent.tokens.saturating_add(spent.tokens);
        self.spent.micro_usd = self.spent.micro_usd.saturating_add(spent.micro_usd);
    }

    /// The budget that is reached after so many launches.
    pub(crate) fn reached(&self, launches: u64) -> Option<Limited> {
        if launches >= self.max_calls {
            Some(Limited::Calls)
        } else if self.spent.tokens >= self.max_tokens {
            Some(Limited::Tokens)
        } else if self.spent.micro_usd >= self.max_micro_usd {
            Some(Limited::Usd)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_budget_nothing_is_ever_reached() {
        let mut budget = Budget::new(&Config::default());
        budget.enter(Spent { tokens: 1 << 60, micro_usd: 1 << 60 });
        assert_eq!(budget.reached(1 << 60), None);
    }

    #[test]
    fn each_budget_is_reached_exactly_there() {
        let config =
            Config { max_calls: Some(9), max_tokens: Some(5), max_micro_usd: Some(7), ..Config::default() };
        let after = |tokens, micro_usd, launches| {
            let mut budget = Budget::new(&config);
            budget.enter(Spent { tokens, micro_usd });
            budget.reached(launches)
        };
        assert_eq!(after(4, 6, 8), None);
        assert_eq!(after(4, 6, 9), Some(Limited::Calls));
        assert_eq!(after(5, 6, 8), Some(Limited::Tokens));
        assert_eq!(after(4, 7, 8), Some(Limited::Usd));
    }
}
