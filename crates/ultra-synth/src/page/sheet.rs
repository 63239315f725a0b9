//! What people are shown of one prompt, before it has a form.

use ultra_core::id::Ids;
use ultra_core::record::{Synthesis, Verdict};
use ultra_template::label;

use super::judged::judged;
use crate::candidate::{Candidate, Case};
use crate::made::Made;

/// One prompt, its answers, and what was made of them.
#[derive(Debug)]
pub(crate) struct Sheet<'a> {
    /// The prompt.
    pub(crate) prompt_id: &'a str,
    /// What was asked.
    pub(crate) question: Option<String>,
    /// The answers, in the order of the panel.
    pub(crate) answers: &'a [Candidate],
    /// How the result was made, in words.
    pub(crate) how: String,
    /// The result as a record.
    pub(crate) synthesis: Option<Synthesis>,
    /// The judgement as a record.
    pub(crate) verdict: Option<Verdict>,
    /// What stands over the result.
    pub(crate) title: &'static str,
    /// The result, or the judgement in words.
    pub(crate) text: String,
}

impl<'a> Sheet<'a> {
    /// What this run made.
    pub(crate) fn of(made: &'a Made, ids: &mut Ids) -> Self {
        let verdict = made.verdict(ids);
        let synthesis = made.synthesis(ids);
        let text = match (&synthesis, &verdict) {
            (None, Some(verdict)) => judged(verdict, &made.case.candidates),
            _ => made.text(),
        };
        Self {
            prompt_id: &made.case.group.prompt_id,
            question: question(&made.case),
            answers: &made.case.candidates,
            how: made.how(),
            title: if synthesis.is_some() { SYNTHESIS } else { "Verdict" },
            synthesis,
            verdict,
            text,
        }
    }

    /// What is known while the result is being written: all that comes before it.
    pub(crate) fn begun(case: &'a Case) -> Self {
        Self {
            prompt_id: &case.group.prompt_id,
            question: question(case),
            answers: &case.candidates,
            how: String::new(),
            title: SYNTHESIS,
            text: String::new(),
            synthesis: None,
            verdict: None,
        }
    }

    /// What another run made, and what it was made from, where the stream holds it.
    pub(crate) fn found(synthesis: &'a Synthesis, case: Option<&'a Case>) -> Self {
        let by = synthesis.target.as_deref().map(|target| format!("written by {target}"));
        let mut how = by.unwrap_or_else(|| format!("made by {}", synthesis.strategy));
        if synthesis.degraded {
            how.push_str("; degraded");
        }
        Self {
            prompt_id: &synthesis.prompt_id,
            question: case.and_then(question),
            answers: case.map_or(&[], |case| &case.candidates),
            how,
            title: SYNTHESIS,
            text: synthesis.text.clone(),
            synthesis: Some(synthesis.clone()),
            verdict: None,
        }
    }

    /// Whether something failed on the way.
    pub(crate) fn is_degraded(&self) -> bool {
        self.synthesis.as_ref().is_some_and(|synthesis| synthesis.degraded)
    }

    /// Why it is what it is, where there is something to say.
    pub(crate) fn reason(&self) -> Option<&str> {
        self.synthesis.as_ref()?.reason.as_deref()
    }
}

/// What stands over a result.
const SYNTHESIS: &str = "Synthesis";

/// The name of an answer: its label and who gave it.
pub(crate) fn name(place: usize, answer: &Candidate) -> String {
    let sample = if answer.sample > 0 { format!(" #{}", answer.sample + 1) } else { String::new() };
    format!("{}: {}{sample}", label(place), answer.target)
}

fn question(case: &Case) -> Option<String> {
    case.group.prompt.as_ref().map(|prompt| prompt.text.clone()).or_else(|| case.question())
}
