//! One profile to one result. Used by the example, and by the test that compares with recorded results.

use serde_json::{Value, json};

use super::aggregate::cluster::{Linkage, clusters};
use super::aggregate::pairs::{self, Match, Outcome};
use super::aggregate::rank::{self, Ballot, Rule};
use super::aggregate::stats::{self, Bootstrap};
use super::aggregate::vote::{self, Normal};
use super::aggregate::{agreement, best};

/// The results of all rules that apply to a kind of profile.
pub(crate) fn evaluate(profile: &Value) -> Result<Value, String> {
    let kind = profile["kind"].as_str().ok_or("a profile has a kind")?;
    let found = match kind {
        "rank" => ranks(profile),
        "pairs" => pairs(profile),
        "vote" => votes(profile),
        "numbers" => numbers(profile),
        "cluster" => similar(profile),
        "best" => quality(profile),
        "stats" => statistics(profile),
        _ => None,
    };
    found.ok_or_else(|| format!("cannot be read: {profile}"))
}

fn index(value: &Value) -> Option<usize> {
    usize::try_from(value.as_u64()?).ok()
}

fn floats(value: &Value) -> Option<Vec<f64>> {
    value.as_array()?.iter().map(Value::as_f64).collect()
}

fn ranks(profile: &Value) -> Option<Value> {
    let n = index(&profile["n"])?;
    let tier = |tier: &Value| tier.as_array()?.iter().map(index).collect::<Option<Vec<_>>>();
    let ballot = |(judge, told): (usize, &Value)| {
        let order = told["order"].as_array()?.iter().map(tier).collect::<Option<_>>()?;
        Some(Ballot { judge, order, weight: told["weight"].as_f64()? })
    };
    let ballots: Vec<Ballot> =
        profile["ballots"].as_array()?.iter().enumerate().map(ballot).collect::<Option<_>>()?;
    let scored = |rule| {
        let found = rank::aggregate(rule, &ballots, n);
        json!({"scores": found.scores, "winners": found.winners})
    };
    let borda = rank::aggregate(Rule::Borda, &ballots, n);
    let kemeny = rank::aggregate(Rule::Kemeny, &ballots, n);
    let placed: Vec<usize> =
        kemeny.order.into_iter().filter(|answer| kemeny.scores[*answer].is_some()).collect();
    let dissent: Vec<_> = ballots.iter().map(|ballot| agreement::dissent(ballot, &borda.scores)).collect();
    Some(json!({
        "borda": scored(Rule::Borda),
        "fusion": scored(Rule::Fusion),
        "copeland": scored(Rule::Copeland),
        "kemeny": {"order": placed, "winners": kemeny.winners, "exact": kemeny.exact},
        "w": agreement::kendall_w(&ballots, n),
        "dissent": dissent,
    }))
}

fn pairs(profile: &Value) -> Option<Value> {
    let n = index(&profile["n"])?;
    let read = |told: &Value| {
        let outcome = match told[2].as_str()? {
            "one" => Outcome::One,
            "other" => Outcome::Other,
            _ => Outcome::Tie,
        };
        Some(Match { one: index(&told[0])?, other: index(&told[1])?, outcome })
    };
    let matches: Vec<Match> = profile["matches"].as_array()?.iter().map(read).collect::<Option<_>>()?;
    let found = pairs::bradley_terry(&matches, n, profile["prior"].as_f64()?);
    let winners = found.as_ref().map(|found| {
        let scores: Vec<_> = found.scores.iter().copied().map(Some).collect();
        rank::tiers(&scores).swap_remove(0)
    });
    Some(json!({
        "strengths": found.as_ref().map(|found| &found.scores),
        "groups": found.as_ref().map(|found| &found.groups),
        "winners": winners,
        "copeland": pairs::copeland(&matches, n),
    }))
}

fn votes(profile: &Value) -> Option<Value> {
    let weights = floats(&profile["weights"])?;
    let answers = profile["answers"].as_array()?.iter().map(|answer| answer.as_str().map(str::to_owned));
    let answers: Vec<_> = answers.zip(weights).collect();
    let found = vote::plurality(&answers);
    let decided = vote::decided(&answers, profile["outstanding"].as_f64()?);
    Some(json!({
        "winner": found.winner, "share": found.share, "margin": found.margin, "ties": found.ties, "without": found.without,
        "decided": decided,
    }))
}

/// For each text the first one that is the same.
fn numbers(profile: &Value) -> Option<Value> {
    let normal = Normal::default();
    let texts = profile["texts"].as_array()?.iter();
    let forms: Vec<String> =
        texts.map(|text| Some(vote::normalise(text.as_str()?, &normal))).collect::<Option<_>>()?;
    let first = |form| forms.iter().position(|other| other == form);
    Some(json!({"same": forms.iter().map(first).collect::<Vec<_>>()}))
}

fn similar(profile: &Value) -> Option<Value> {
    let rows: Vec<Vec<f64>> = profile["similarity"].as_array()?.iter().map(floats).collect::<Option<_>>()?;
    let threshold = profile["threshold"].as_f64()?;
    let by = |linkage| clusters(rows.len(), |one, other| rows[one][other], threshold, linkage);
    Some(json!({"single": by(Linkage::Single), "complete": by(Linkage::Complete)}))
}

fn quality(profile: &Value) -> Option<Value> {
    let text = profile["text"].as_str()?;
    let counts = best::Counts::of(text);
    Some(json!({
        "score": best::score(text),
        "counts": [
            counts.characters, counts.paragraphs, counts.sentences, counts.numbers, counts.names, counts.dates, counts.hedges,
        ],
    }))
}

fn statistics(profile: &Value) -> Option<Value> {
    let values = floats(&profile["values"])?;
    let how = Bootstrap {
        resamples: index(&profile["resamples"])?,
        level: profile["level"].as_f64()?,
        seed: profile["seed"].as_u64()?,
    };
    let mean = |values: &[f64]| stats::mean(values).unwrap_or(f64::NAN);
    let interval = stats::bootstrap(&values, mean, &how)?;
    let quantiles = [0.1, 0.5, 0.9].map(|share| stats::quantile(&values, share));
    Some(json!({
        "mean": interval.estimate, "low": interval.low, "high": interval.high, "error": interval.error,
        "deviation": stats::deviation(&values),
        "quantiles": quantiles,
    }))
}
