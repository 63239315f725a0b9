//! The text of a simulated answer: sentences from fixed forms, filled with words of the question.

use std::collections::BTreeSet;

use ultra_core::record::Role;

use super::{Dice, nth};
use crate::call::Call;

/// How much of the question is quoted, in characters.
const QUOTE: usize = 96;

/// How much of the question is searched for words, in bytes.
const SEARCHED: usize = 64 << 10;

const OPENINGS: [&str; 5] = [
    "You ask: “{q}” In short: {s}.",
    "On “{q}”: {s}.",
    "To “{q}” my answer is: {s}.",
    "{S}. That is my answer to “{q}”",
    "Asked “{q}”, I would say: {s}.",
];

const STANCES: [&str; 7] = [
    "yes, with reservations",
    "probably, as long as {a} holds",
    "not as it stands",
    "only in part",
    "it depends on {a}",
    "yes, and {a} is the main reason",
    "no, because {a} is not settled",
];

const POINTS: [&str; 12] = [
    "The strongest point is {a}; it carries most of the argument.",
    "What is said about {a} rests on {b}, and that should be checked first.",
    "{A} and {b} pull in different directions, so one of them has to give.",
    "Without a figure for {a}, the claim about {b} stays open.",
    "I would test {a} on a small case before relying on {b}.",
    "Nothing here shows that {b} follows from {a}.",
    "The risk lies in {a}: it is mentioned, but not measured.",
    "{A} is well supported; {b} is not.",
    "A reader who does not know {a} will misread {b}.",
    "Whoever is responsible for {a} should also decide about {b}.",
    "Two readings of {a} are possible, and only one of them fits {b}.",
    "If {a} fails, {b} is what remains.",
];

/// Where among the points an answer can begin, and how it goes on.
const FIRST: [usize; 12] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];
const STEP: usize = 5;

const CLOSINGS: [&str; 5] = [
    "I would settle {a} first.",
    "My confidence is moderate.",
    "I would not decide this without more on {a}.",
    "On the whole I would go ahead.",
    "The rest is a matter of taste.",
];

/// Words that say nothing of what a question is about.
const COMMON: [&str; 40] = [
    "about", "and", "any", "are", "been", "but", "can", "could", "did", "does", "for", "from", "has", "have",
    "how", "into", "its", "more", "not", "one", "our", "should", "than", "that", "the", "their", "there",
    "they", "this", "was", "were", "what", "when", "where", "which", "who", "why", "will", "with", "you",
];

/// The answer, of at least `length` words when that is asked for.
pub(super) fn text(call: &Call, dice: &Dice<'_>, length: Option<usize>) -> String {
    let asked = call.messages.iter().rev().find(|message| message.role == Role::User);
    let asked = asked.or(call.messages.last()).map(|message| message.content.text()).unwrap_or_default();
    let asked = question(&asked);
    let words = Words::of(asked);
    let stance = words.fill(dice.pick("mock stance", 0, &STANCES).unwrap_or(&""), dice, 0);
    let opening = nth(&OPENINGS, dice.unit("mock opening", 0)).unwrap_or(&"");
    let mut text =
        opening.replace("{s}", &stance).replace("{S}", &capital(&stance)).replace("{q}", &quote(asked));
    let mark = nth(&["", "- ", "# "], dice.unit("mock layout", 0)).copied().unwrap_or_default();
    let points = nth(&[2_u32, 3, 4], dice.unit("mock points", 0)).copied().unwrap_or_default();
    // Steps that share no factor with the number of forms reach each of them before one comes again.
    let first = dice.pick("mock first", 0, &FIRST).copied().unwrap_or_default();
    let mut n = 1;
    let mut words_so_far = text.split_whitespace().count();
    while length.map_or(n <= points, |length| words_so_far < length) {
        let point = words.fill(POINTS[(first + STEP * n as usize) % POINTS.len()], dice, n);
        words_so_far += point.split_whitespace().count();
        match mark {
            "" => text.push_str(if n == 1 { "\n\n" } else { " " }),
            "# " => text.extend(["\n", &n.to_string(), ". "]),
            _ => text.push_str("\n- "),
        }
        text.push_str(&point);
        n += 1;
    }
    let closing = words.fill(dice.pick("mock closing", 0, &CLOSINGS).unwrap_or(&""), dice, 0);
    format!("{text}\n\n{closing}\n\n[simulated by {}, request {:08x}]", dice.model, dice.digest >> 32)
}

/// What a message asks for, as a reader would put it: its last paragraph, and where a question is marked
/// between two lines, the last paragraph of that.
fn question(message: &str) -> &str {
    let marked = message.find("\n<question-").and_then(|at| {
        let inner = message[at + 1..].split_once('\n')?.1;
        Some(inner.split_once("\n</question-").map_or(inner, |(inside, _)| inside))
    });
    let asked = marked.unwrap_or(message).trim_end();
    asked.rsplit_once("\n\n").map_or(asked, |(_, last)| last)
}

/// The beginning of the question on one line.
fn quote(asked: &str) -> String {
    let mut line = String::new();
    for word in
        asked[..asked.floor_char_boundary(SEARCHED)].split(|c: char| c.is_whitespace() || c.is_control())
    {
        if word.is_empty() {
            continue;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
        if let Some((cut, _)) = line.char_indices().nth(QUOTE) {
            line.truncate(cut);
            line.push('…');
            break;
        }
    }
    line.replace('“', "‘").replace('”', "’")
}

/// Words of the question that sentences can be about, each once.
struct Words<'a>(Vec<&'a str>);

impl<'a> Words<'a> {
    fn of(asked: &'a str) -> Self {
        let searched = &asked[..asked.floor_char_boundary(SEARCHED)];
        let mut seen: BTreeSet<&'a str> = BTreeSet::new();
        let telling = |word: &&'a str| {
            (3..32).contains(&word.len())
                && !word.bytes().any(|byte| byte.is_ascii_digit())
                && !COMMON.contains(&word.to_lowercase().as_str())
                && seen.insert(*word)
        };
        let mut words: Vec<_> = searched.split(|c: char| !c.is_alphanumeric()).filter(telling).collect();
        if words.is_empty() {
            words = vec!["the question"];
        }
        Self(words)
    }

    /// Fills the places of a sentence; sentence `n` of all models is about the same words.
    fn fill(&self, form: &str, dice: &Dice<'_>, n: u32) -> String {
        let a = nth(&self.0, dice.shared("mock a", n)).copied().unwrap_or_default();
        let others: Vec<_> = self.0.iter().filter(|word| **word != a).collect();
        let b = nth(&others, dice.shared("mock b", n)).map_or("the rest", |word| word);
        let (a, b) = (a.to_lowercase(), b.to_lowercase());
        form.replace("{A}", &capital(&a)).replace("{a}", &a).replace("{b}", &b)
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
