//! Runs campaigns of experiments with the dispatcher and prints their figures; see `scripts/torture --help`.
//!
//! `torture CAMPAIGN... [--seeds N] [--from S] [--short] [--programs DIR]`

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use ultra_testkit::torture::{Campaign, Ground, table};

fn main() -> ExitCode {
    // A check that panics becomes a row that failed; where it happened is of no use to who reads figures.
    std::panic::set_hook(Box::new(|_| {}));
    match parse(std::env::args().skip(1)) {
        Ok((campaigns, ground)) => run(&campaigns, &ground),
        Err(why) => {
            say(&format!("torture: {why}\n"));
            ExitCode::from(2)
        }
    }
}

fn parse(mut words: impl Iterator<Item = String>) -> Result<(Vec<Campaign>, Ground), String> {
    let here = std::env::current_exe().ok().and_then(|path| Some(path.parent()?.to_owned()));
    let mut ground = Ground { full: true, ..Ground::slice(here.unwrap_or_default()) };
    let mut campaigns = Vec::new();
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("{word} wants a value"));
        let number = |text: String| text.parse::<u64>().map_err(|_| format!("{text} is not a number"));
        match word.as_str() {
            "--seeds" => ground.seeds = Some(number(value()?)?),
            "--from" => ground.from = number(value()?)?,
            "--programs" => ground.programs = PathBuf::from(value()?),
            "--short" => ground.full = false,
            name => {
                let unknown = || format!("there is no campaign {name}");
                campaigns.push(Campaign::named(name).ok_or_else(unknown)?);
            }
        }
    }
    if campaigns.is_empty() {
        campaigns.extend(Campaign::ALL);
    }
    Ok((campaigns, ground))
}

fn run(campaigns: &[Campaign], ground: &Ground) -> ExitCode {
    let mut failed = 0;
    for campaign in campaigns {
        say(&format!("{campaign}\n"));
        let rows = campaign.run(ground);
        say(&table(&rows));
        failed += rows.iter().filter(|row| !row.ok).count();
    }
    say(&format!(
        "{}\n",
        if failed == 0 { "every figure holds".to_owned() } else { format!("{failed} figures FAILED") }
    ));
    ExitCode::from(u8::from(failed > 0))
}

#[allow(clippy::disallowed_methods, reason = "no record is printed, only figures")]
fn say(text: &str) {
    // Figures that nobody reads are not worth a word.
    let _ = std::io::stdout().write_all(text.as_bytes());
}
