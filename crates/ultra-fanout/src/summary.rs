//! What a run did, as the one JSON object of `--summary FILE`.
//!
//! The numbers are those of the line on stderr and of the metrics. In mock mode nothing in it depends on time,
//! so that the same run writes the same bytes.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde::Serialize;
use ultra_core::failure::Failure;
use ultra_provider::dispatch::Counts;

use crate::quantiles::Quantiles;
use crate::tally::Numbers;

/// What a run of ultra-fanout did. Fields may be added; those that stand here keep their meaning.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct RunSummary {
    /// The tool that ran: `ultra-fanout`.
    pub tool: String,
    /// Version of this object: 1.
    pub version: u32,
    /// Requests with calls that were made here.
    pub requests: u64,
    /// Attempts beyond the first of each call, by what led to them.
    pub retries: Retries,
    /// Second attempts that were launched beside a first one whose answer was late.
    pub hedges: u64,
    /// Calls among these whose answer came from the second attempt.
    pub hedges_won: u64,
    /// The sums over all targets.
    pub total: Totals,
    /// The numbers of each target, sorted by name.
    pub targets: Vec<Target>,
}

/// Attempts beyond the first of each call, by what led to them. Hedges are no retries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Retries {
    /// After a refusal for too many calls that named no time to wait.
    pub throttled: u64,
    /// After a failure that was certainly not billed.
    pub free: u64,
    /// After a failure that may have been billed.
    pub unsure: u64,
    /// After a pause that the target asked for.
    pub asked: u64,
}

/// The numbers of one target.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Target {
    /// The target as it stands in records.
    pub target: String,
    /// Its numbers.
    #[serde(flatten)]
    pub numbers: Totals,
}

/// Numbers of one target, or of all.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Totals {
    /// Terminal records: `responses`, all `errors`, and `unasked`.
    pub records: u64,
    /// Answers.
    pub responses: u64,
    /// Error records by kind, but for those of `unasked`.
    pub errors: BTreeMap<String, u64>,
    /// Records among both that came from the store.
    pub cached: u64,
    /// Records among both that an identical call in flight served too.
    pub shared: u64,
    /// Records among both that came from the journal of an earlier run.
    pub journaled: u64,
    /// Error records of kind `budget`: calls that were not made, or not again, because the budget was spent.
    pub skipped: u64,
    /// Error records of kind `cancelled` that are no failures: calls that `--until-decided` saved.
    #[serde(skip_serializing_if = "is_zero")]
    pub unasked: u64,
    /// Attempts that this run launched, retries and hedges included. What a server counts as requests is
    /// `calls - unreached`.
    pub calls: u64,
    /// Attempts among them that made no connection, so that no server knows of them.
    pub unreached: u64,
    /// Attempts among them of calls that were not over when the run was, because its reader had left or it was
    /// given up; only in the sums. They may have been billed.
    #[serde(skip_serializing_if = "is_zero")]
    pub unfinished: u64,
    /// Attempts among them that were sent, gave no answer and may have been billed all the same. What they
    /// cost is in no other number here.
    pub possibly_paid: u64,
    /// Tokens of the complete answers that arrived, as the providers counted them.
    pub tokens: Tokens,
    /// The known cost of these answers.
    pub cost: Cost,
    /// How long answers took; absent in mock mode and where none arrived.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency: Option<Latency>,
}

/// Tokens as the providers counted them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Tokens {
    /// Of prompts, cached ones included.
    pub input: u64,
    /// Of prompts, that the provider had cached.
    pub cached_input: u64,
    /// Of answers, reasoning included.
    pub output: u64,
    /// Answers whose provider did not count tokens; theirs are in none of the sums.
    pub answers_without_count: u64,
}

/// What the answers cost.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, JsonSchema)]
pub struct Cost {
    /// In US dollars, as the provider said or as the configured price gives it.
    pub usd: f64,
    /// Answers that have neither; they are not in the sum.
    pub answers_without_price: u64,
}

/// How long answers took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Latency {
    /// Answers that were measured.
    pub count: u64,
    /// From sending the attempt that answered to the end of its answer. What was waited before is not in it.
    pub total: Percentiles,
    /// From sending it to the first byte of its answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_byte: Option<Percentiles>,
}

/// Percentiles by nearest rank, in milliseconds; each is right to 1 % of its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Percentiles {
    /// Half of all are not slower.
    pub p50_ms: u64,
    /// 95 of 100 are not slower.
    pub p95_ms: u64,
    /// 99 of 100 are not slower.
    pub p99_ms: u64,
}

impl RunSummary {
    pub(crate) fn new(
        requests: u64,
        targets: &BTreeMap<String, Numbers>,
        total: &Numbers,
        counts: Counts,
    ) -> Self {
        let target =
            |(name, at): (&String, &Numbers)| Target { target: name.clone(), numbers: Totals::of(at) };
        Self {
            tool: "ultra-fanout".into(),
            version: 1,
            requests,
            retries: Retries {
                throttled: counts.retries_throttled,
                free: counts.retries_free,
                unsure: counts.retries_unsure,
                asked: counts.retries_asked,
            },
            hedges: counts.hedges,
            hedges_won: counts.hedges_won,
            total: Totals::of(total),
            targets: targets.iter().map(target).collect(),
        }
    }

    /// The text of the file: indented JSON and a line ending.
    pub(crate) fn text(&self) -> Result<String, Failure> {
        let text = serde_json::to_string_pretty(self)
            .map_err(|cause| Failure::internal(format!("the summary has no JSON form: {cause}")))?;
        Ok(text + "\n")
    }

    /// Writes the file so that a reader sees the old one or the new one, never a piece.
    ///
    /// # Errors
    /// When it cannot be written beside its final place and moved there.
    pub(crate) fn write(&self, path: &Path) -> Result<(), Failure> {
        replace(path, self.text()?.as_bytes())
            .map_err(|cause| Failure::io(format!("cannot write the summary to {}", path.display()), cause))
    }

    /// The JSON Schema (draft 2020-12) of the object.
    pub fn schema() -> Schema {
        SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<Self>()
    }
}

impl Totals {
    fn of(at: &Numbers) -> Self {
        Self {
            records: at.records(),
            responses: at.responses,
            errors: at.errors.iter().map(|(kind, count)| (kind.to_string(), *count)).collect(),
            cached: at.cached,
            shared: at.shared,
            journaled: at.journaled,
            skipped: at.skipped(),
            unasked: at.unasked,
            calls: at.calls,
            unreached: at.unreached,
            unfinished: at.unfinished,
            possibly_paid: at.possibly_paid,
            tokens: Tokens {
                input: at.tokens_in,
                cached_input: at.tokens_cached,
                output: at.tokens_out,
                answers_without_count: at.uncounted,
            },
            cost: Cost { usd: at.cost_usd(), answers_without_price: at.unpriced },
            latency: percentiles(&at.whole).map(|total| Latency {
                count: at.whole.count(),
                total,
                first_byte: percentiles(&at.first_byte),
            }),
        }
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

fn percentiles(times: &Quantiles) -> Option<Percentiles> {
    Some(Percentiles { p50_ms: times.at(50)?, p95_ms: times.at(95)?, p99_ms: times.at(99)? })
}

/// Puts `text` in the place of the file at once.
fn replace(path: &Path, text: &[u8]) -> io::Result<()> {
    if fs::metadata(path).is_ok_and(|there| !there.is_file()) {
        // A pipe or `/dev/stderr` is written to, not replaced.
        return fs::OpenOptions::new().write(true).open(path)?.write_all(text);
    }
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    let draft = path.with_file_name(name);
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).open(&draft)?;
    let written = file.write_all(text).and_then(|()| fs::rename(&draft, path));
    if written.is_err() {
        // The draft is of no use to anybody; the first cause is the one to report.
        let _ = fs::remove_file(&draft);
    }
    written
}

#[cfg(test)]
mod tests;
