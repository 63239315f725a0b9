//! P23: a budget is overshot by the calls in flight at most, and the summary says what the ledger says.

use serde_json::Value;

use super::fanout::{ask, good, prompts};
use super::seen::{Seen, summary};
use super::{Ground, Row};
use crate::command::Sandbox;
use crate::mutant::Mutant;
use crate::server::{Call, End, Faults, Mix, Place, Server, Trouble};

/// The program, with one in five of the calls cut off.
pub(super) fn on_sockets(ground: &Ground) -> Vec<Row> {
    let seeds = ground.seeds(20, 2);
    let (slots, records) = (8, ground.size(500, 120));
    let mut rows = Vec::new();
    for (flag, most, of) in [("--max-calls", 60, Of::Calls), ("--max-tokens", 600, Of::Tokens)] {
        let mut over = 0.0_f64;
        let mut complaints = Vec::new();
        for seed in seeds.clone() {
            let mix = Mix::none().with(0.2, Trouble::Cut(Place::MidBody(30)));
            let server = Server::start(Faults { seed, mix }.script_with(good));
            let most = most.to_string();
            // Without a budget no defect is needed: the run spends what it likes.
            let budget = if ground.is(Mutant::ForgetsTheBill) { vec![] } else { vec![flag, most.as_str()] };
            let fixed = ["-j", "8", "--limits", "process", "--summary", "s.json"];
            let arguments = [&fixed[..], &budget].concat();
            let run = ask(ground, &Sandbox::new(), &[&server], &arguments, &prompts(0..records));
            let seen = Seen::read(&run, None);
            complaints.extend(seen.conserves(records, &["ollama:m"]));
            let calls = server.calls();
            over = over.max(of.spent(&calls) - most.parse::<f64>().unwrap_or_default());
            let told = summary(&run, "s.json");
            complaints.extend(bill(ground, &told, &calls).map(|what| format!("seed {seed}: {what}")));
        }
        let allowed = match of {
            Of::Calls => 0.0,
            Of::Tokens => f64::from(slots) * TOKENS,
        };
        rows.push(Row::at_most(format!("{flag} {most} is overshot by"), allowed, over).seeds(&seeds));
        rows.push(
            Row::clean(format!("calls, tokens and possibly paid with {flag}"), &complaints).seeds(&seeds),
        );
    }
    rows
}

/// Tokens of every good answer.
const TOKENS: f64 = 12.0;

#[derive(Clone, Copy)]
enum Of {
    Calls,
    Tokens,
}

impl Of {
    fn spent(self, calls: &[Call]) -> f64 {
        match self {
            Self::Calls => calls.len() as f64,
            Self::Tokens => calls.iter().filter(|call| call.end() == End::Answered).count() as f64 * TOKENS,
        }
    }
}

/// Where the summary differs from the ledger.
fn bill(ground: &Ground, told: &Value, calls: &[Call]) -> impl Iterator<Item = String> {
    let answered = calls.iter().filter(|call| call.end() == End::Answered).count() as u64;
    let broken = calls.iter().filter(|call| call.end() == End::Broken).count() as u64;
    let broken = broken + u64::from(ground.is(Mutant::CallsItFree));
    let pairs = [
        ("/total/calls", calls.len() as u64),
        ("/total/possibly_paid", broken),
        ("/total/tokens/input", answered * 7),
        ("/total/tokens/output", answered * 5),
        ("/total/responses", answered),
    ];
    let wrong = |(name, ledger): (&str, u64)| {
        let says = told.pointer(name).and_then(Value::as_u64);
        (says != Some(ledger)).then(|| format!("{name}: {ledger} in the ledger, {says:?} in the summary"))
    };
    pairs.map(wrong).into_iter().flatten()
}
