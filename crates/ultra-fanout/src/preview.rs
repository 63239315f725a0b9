//! What a run would do, before money is spent: the calls of `--dry-run`, and the sums of `--estimate`.
//!
//! Both print records, because stdout carries nothing else: `call` and `estimate`. They are of types that no
//! tool acts on, so they pass through every tool as they are.

mod estimate;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use ultra_core::failure::Failure;
use ultra_core::kind::ErrorKind;
use ultra_core::ndjson::Output;
use ultra_core::record::{ErrorRecord, Json};
use ultra_core::target::Target;
use ultra_core::tool::{Context, Summary, many};
use ultra_provider::{Form, Preview as Seen, preview, tokens};

pub use self::estimate::{EstimateRecord, PriceOf};
use self::estimate::{Estimator, Known};
use crate::args::FanoutArgs;
use crate::calls::{Calls, Source};
use crate::decided::Rule;
use crate::job::Job;

/// What is told in place of a run.
#[derive(Debug)]
pub(crate) enum Preview {
    /// Each call.
    Calls {
        /// How answers would be asked for.
        form: Form,
        /// How many were told.
        count: u64,
    },
    /// The sums.
    Sums(Box<Estimator>),
}

impl Preview {
    /// What the user asked for in place of a run, if anything.
    pub(crate) fn asked(args: &FanoutArgs, context: &Context) -> Option<Self> {
        let form = if args.stream { Form::Streamed } else { Form::Whole };
        match (args.dry_run, args.estimate) {
            (true, _) => Some(Self::Calls { form, count: 0 }),
            (false, true) => Some(Self::Sums(Box::new(Estimator::new(context)))),
            (false, false) => None,
        }
    }

    /// Tells of the calls of a job.
    pub(crate) fn job(
        &mut self,
        job: &Job,
        calls: &mut Calls,
        context: &Context,
        output: &mut Output,
    ) -> Result<(), Failure> {
        for at in 0..job.calls.len() {
            let known = match calls.known(job, at) {
                None | Some(Source::Target | Source::Unasked) => Known::New,
                Some(Source::Cache) => Known::Cached,
                Some(Source::Journal) => Known::Journaled,
                // Made once for all who ask the same.
                Some(Source::Shared) => continue,
            };
            match self {
                Self::Sums(sums) => sums.add(job.target(at), tokens::estimate(&job.call(at)), known),
                Self::Calls { form, count } if known == Known::New => {
                    match call((job, at), *form, context, output.tool()) {
                        Ok(record) => {
                            *count += 1;
                            output.value(&record)?;
                        }
                        Err(error) => output.error(*error)?,
                    }
                }
                Self::Calls { .. } => {}
            }
        }
        Ok(())
    }

    /// Tells the sums, and in words what was told; a vote may end before all of it.
    pub(crate) fn end(&self, voting: Option<&Rule>, output: &mut Output) -> Result<Summary, Failure> {
        let most = voting.map_or("", |_| "at most ");
        match self {
            Self::Calls { count, .. } => {
                let calls = many(*count, "call");
                Ok(Summary::new(format!("{most}{calls} would be made; none was")).of_calls())
            }
            Self::Sums(sums) => {
                for record in sums.records() {
                    output.value(&record)?;
                }
                let table = sums.table();
                let said = format!("nothing was sent; a run would take {most}").trim_end().to_owned();
                Ok(Summary::new(format!("{said}\n{}", table.trim_end())).of_calls())
            }
        }
    }
}

/// A call that would be made: the record of type `call`.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct CallRecord {
    /// Always `call`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The request that it serves.
    pub request_id: String,
    /// The prompt that the request serves.
    pub prompt_id: String,
    /// The target that would be asked.
    pub target: String,
    /// Number of the sample, from 0.
    pub sample: u32,
    /// What would be sent, and how.
    #[serde(flatten)]
    pub sent: Sent,
}

/// What would be sent, and how.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(tag = "via", rename_all = "lowercase")]
pub enum Sent {
    /// A request over HTTP.
    Http {
        /// The method.
        method: String,
        /// The address.
        url: String,
        /// The headers that Ultra sets; a key is shown as `***`.
        headers: BTreeMap<String, String>,
        /// The body, as it is sent.
        body: Json,
    },
    /// A program.
    Exec {
        /// The command line, for `sh -c`.
        command: String,
        /// What it reads.
        stdin: String,
    },
    /// A simulated model, to which nothing is sent.
    Mock {
        /// Name of the model.
        model: String,
        /// Its options, such as `fail=0.3`.
        #[serde(skip_serializing_if = "String::is_empty")]
        options: String,
    },
}

/// What this call of a job would send.
///
/// # Errors
/// The error record that the call would end as before it is sent. That there is no key is not looked at.
pub(crate) fn call(
    (job, at): (&Job, usize),
    form: Form,
    context: &Context,
    tool: &str,
) -> Result<CallRecord, Box<ErrorRecord>> {
    let call = job.call(at);
    let asked = job.asked(at);
    let failed = |mut error: ErrorRecord| {
        error.target = Some(asked.target.to_owned());
        error.sample = Some(asked.sample);
        error.attempts = Some(0);
        Box::new(job.placed(error))
    };
    let target = Target::one(asked.target, &context.config, context.mock).map_err(|failure| {
        let said = std::iter::once(failure.to_string()).chain(failure.hints().iter().cloned());
        failed(ErrorRecord::new(tool, ErrorKind::NotFound, said.collect::<Vec<_>>().join("; ")))
    })?;
    let sent = match preview(&target, &call, form).map_err(|error| failed(error.record(tool)))? {
        Seen::Http { method, url, headers, body } => {
            Sent::Http { method: method.to_owned(), url, headers: headers.into_iter().collect(), body }
        }
        Seen::Exec { command, stdin } => Sent::Exec { command, stdin },
        Seen::Mock { model, options } => Sent::Mock { model, options },
    };
    Ok(CallRecord {
        kind: "call",
        request_id: asked.request_id.to_owned(),
        prompt_id: asked.prompt_id.to_owned(),
        target: asked.target.to_owned(),
        sample: asked.sample,
        sent,
    })
}

#[cfg(test)]
mod tests;
