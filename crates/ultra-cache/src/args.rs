//! The command line of `ultra-cache`.

use crate::place::Place;

/// Arguments of `ultra-cache`.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub action: Action,
}

/// What `ultra-cache` does.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum Action {
    /// Answer what the store knows; each request goes on with the calls that are left
    Get(Get),
    /// Keep each new whole answer; failures, refusals and truncated answers are not kept
    Put(Put),
    /// Print the key of each call, one line each; with -v, the fields it is made of
    Key,
    /// Say what is in the store
    Stats(Stats),
}

/// Arguments of `get`.
#[derive(Debug, Clone, clap::Args)]
pub struct Get {
    #[command(flatten)]
    /// Where the store is.
    pub place: Place,

    /// Age from which an answer is not served any more: seconds, or a number with s, m, h, d or w
    #[arg(long, env = "ULTRA_CACHE_TTL", value_name = "AGE", default_value = "14d", value_parser = seconds)]
    pub ttl: u64,
}

/// Arguments of `put`.
#[derive(Debug, Clone, clap::Args)]
pub struct Put {
    #[command(flatten)]
    /// Where the store is.
    pub place: Place,
}

/// Arguments of `stats`.
#[derive(Debug, Clone, clap::Args)]
pub struct Stats {
    #[command(flatten)]
    /// Where the store is.
    pub place: Place,

    /// Print one JSON object on a terminal too
    #[arg(long)]
    pub json: bool,
}

/// A number of seconds such as `90`, `15m` or `14d`.
fn seconds(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "" | "s" => 1,
        "m" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        "w" => 7 * 24 * 60 * 60,
        _ => return Err("the unit is s, m, h, d or w".into()),
    };
    let number: u64 = digits.parse().map_err(|_| "expected an age, such as 90, 15m or 14d".to_owned())?;
    number.checked_mul(unit).ok_or_else(|| "too large".into())
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn an_age_is_read_with_its_unit() {
        for (text, expected) in [("0", 0), ("90", 90), ("15m", 900), ("2h", 7200), ("14d", 1_209_600)] {
            assert_eq!(seconds(text), Ok(expected), "{text}");
        }
        for text in ["", "d", "-1", "1.5h", "3 d", "3y", "99999999999999999999", "9999999999999999999w"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }
}
