//! What the desk says: to the author of a reply in another form, and of what failed.

use ultra_core::kind::ErrorKind;
use ultra_core::record::{ErrorRecord, Message, Role};
use ultra_core::tool::Tool as _;

use crate::Synth;
use crate::candidate::Case;
use crate::ladder::Slip;

/// The most bytes of a reply in another form that its author is shown again.
const SHOWN: usize = 4 << 10;

/// What is said to the author of a reply in another form.
pub(super) fn once_more(reply: &str, why: &str) -> Vec<Message> {
    let shown = &reply[..reply.floor_char_boundary(SHOWN)];
    let request = format!(
        "This cannot be read: {why}. Reply once more, with nothing but one JSON object in the form that was asked for."
    );
    vec![Message::new(Role::Assistant, shown), Message::new(Role::User, request)]
}

/// A failure with the name of the target that failed.
pub(super) fn named(slip: Slip, target: &str) -> Slip {
    if slip.message.starts_with(target) {
        return slip;
    }
    Slip { message: format!("{target}: {}", slip.message), ..slip }
}

/// The error of a prompt with too few answers.
pub(super) fn no_inputs(case: &Case, wanted: usize) -> ErrorRecord {
    let count = case.candidates.len();
    let why: Vec<_> = case
        .missing
        .iter()
        .map(|gone| format!("{}: {}", gone.target, gone.kind.as_deref().unwrap_or("no answer came")))
        .collect();
    let why = if why.is_empty() { String::new() } else { format!(" ({})", why.join(", ")) };
    let prompt = &case.group.prompt_id;
    let message = if count == 0 {
        format!("prompt `{prompt}`: no answer to merge{why}")
    } else {
        format!("prompt `{prompt}`: {count} of at least {wanted} answers{why}")
    };
    let mut record = ErrorRecord::new(Synth::NAME, ErrorKind::NoInputs, message);
    record.prompt_id = Some(prompt.clone());
    record
}
