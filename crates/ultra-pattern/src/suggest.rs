//! `suggest`: patterns for a prompt, with the words that speak for them.

use std::fmt::Write as _;

use ultra_core::failure::Failure;
use ultra_core::ndjson::Output;
use ultra_core::tool::Summary;
use ultra_template::suggest::{self, Suggestion};

use crate::args::SuggestArgs;
use crate::find;
use crate::paper::{plain, wrap};

/// The reasons that people are told; a program gets all of them.
const REASONS: usize = 3;

pub(crate) fn suggest(args: &SuggestArgs, output: &mut Output) -> Result<Summary, Failure> {
    if args.prompt.trim().is_empty() {
        return Err(Failure::usage("the prompt is empty"));
    }
    let mut suggestions = suggest::suggest(&args.prompt, &find::usable());
    suggestions.truncate(args.top as usize);
    if args.json {
        for suggestion in &suggestions {
            output.value(suggestion)?;
        }
    } else {
        output.text(&page(&suggestions))?;
    }
    Ok(Summary::default())
}

fn page(suggestions: &[Suggestion]) -> String {
    let Some(best) = suggestions.first() else {
        return "No word of the prompt speaks for a pattern; ultra-pattern list shows all of them.\n".into();
    };
    let mut page = String::new();
    for (at, suggestion) in suggestions.iter().enumerate() {
        // Writing to a string cannot fail.
        let _ = writeln!(page, "{}. {} ({})", at + 1, suggestion.name, plain(&suggestion.title));
        page.push_str(&wrap(&suggestion.purpose, 3));
        for reason in suggestion.reasons.iter().take(REASONS) {
            let sign = if reason.weight < 0.0 { "-" } else { "+" };
            let field = reason.field.replace('_', " ");
            page.push_str(&wrap(&format!("{sign} \"{}\": {field}, \"{}\"", reason.word, reason.quote), 5));
        }
        page.push('\n');
    }
    let _ = writeln!(page, "ultra-pattern show {} says what it asks.", best.name);
    page
}
