//! How many answers are enough: `--quorum K[,grace=TIME]`.

use std::str::FromStr;
use std::time::Duration;

use ultra_provider::span;

/// Targets whose answers are enough, and how long the others are still waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quorum {
    /// Targets that must have answered, at least one.
    pub targets: usize,
    /// How long the others are waited for then.
    pub grace: Duration,
}

impl FromStr for Quorum {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (count, rest) = text.split_once(',').map_or((text, None), |(count, rest)| (count, Some(rest)));
        let targets = count.trim().parse().ok().filter(|targets| *targets > 0);
        let targets = targets.ok_or("must be a number of targets from 1, such as 2 or 2,grace=5s")?;
        let grace = match rest.map(str::trim) {
            None => Duration::ZERO,
            Some(rest) => {
                let time = rest.strip_prefix("grace=");
                span::parse(time.ok_or("after the comma only grace=TIME can stand, such as grace=5s")?)?
            }
        };
        Ok(Self { targets, grace })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quorum_is_a_number_and_maybe_a_grace_time() {
        let quorum = |targets, grace| Ok(Quorum { targets, grace: Duration::from_secs(grace) });
        assert_eq!("2".parse(), quorum(2, 0));
        assert_eq!("3, grace=5s".parse(), quorum(3, 5));
        for wrong in ["", "0", "-1", "two", "2,5s", "2,grace=", "2,grace=5s,x"] {
            assert!(wrong.parse::<Quorum>().is_err(), "{wrong}");
        }
    }
}
