//! A change of a target's state, in words for the log.

use std::time::Duration;

use ultra_pace::{Limited, Note};

/// What happened to a target, as one says it after its name; nothing for what is not worth a line.
pub(super) fn text(note: &Note) -> String {
    match note {
        Note::Paused { for_ } => format!("asked for a pause of {}; its calls wait", seconds(*for_)),
        Note::Opened => "takes calls again before the end of the pause".to_owned(),
        Note::Broken { for_, failures } => format!(
            "failed {failures} times; its calls wait for {}, then one of them tries again",
            seconds(*for_)
        ),
        Note::Mended => "answers again".to_owned(),
        Note::Paced { per_s } => format!("refuses more; sending {per_s:.2} calls a second"),
        Note::Unpaced => "its refusals do not depend on the rate; sending as fast as it answers".to_owned(),
        Note::Raised { to } => format!("can be reached again; {to} calls in flight at most"),
        Note::Lowered { to } => format!("cannot be reached by all; {to} calls in flight at most"),
        Note::BudgetSpent(limited) => format!("nothing more is sent: {} is used up", flag(*limited)),
    }
}

/// Whether it made a target unusable for a while, or usable again.
pub(super) fn down(note: &Note) -> Option<bool> {
    match note {
        Note::Broken { .. } => Some(true),
        Note::Mended => Some(false),
        _ => None,
    }
}

/// The flag that sets the limit.
pub(super) fn flag(limited: Limited) -> &'static str {
    match limited {
        Limited::Calls => "--max-calls",
        Limited::Tokens => "--max-tokens",
        Limited::Usd => "--max-usd",
    }
}

/// Logs it: what stops the work of a target for a while as a warning, the rest for those who asked for more.
pub(super) fn log(target: &str, note: &Note) {
    let target = target.escape_debug();
    match note {
        Note::Broken { .. } | Note::BudgetSpent(_) => tracing::warn!("{target}: {}", text(note)),
        _ => tracing::info!("{target}: {}", text(note)),
    }
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}
