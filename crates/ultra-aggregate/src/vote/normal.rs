//! When two answers are the same: they are written in one form, and the forms are compared.

use std::ops::Range;
use std::str::FromStr;

use clean::{Clean, clean, ends_clauses, is_composed, without_marks};

use super::number;

mod clean;

/// More layers of quotes and brackets than anybody writes.
const LAYERS: usize = 64;

/// What does not count when answers are compared. White space at the ends, and how much there is between
/// words, never counts; nor does it whether a letter and its accent are one character or two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "four switches that a user turns one by one")]
pub struct Normal {
    /// Upper and lower case are the same.
    pub case: bool,
    /// Marks at the end of a sentence or clause, quotes, `**`, currency signs before a number, and brackets, dollars,
    /// emphasis or `\text{…}` around the whole do not count. Signs inside, as in `x-1`, do.
    pub punctuation: bool,
    /// `1,000`, `1000.0` and `1e3` are the same; `50%` is `0.5`; `2/4` and `\frac{1}{2}` are `0.5`, and a
    /// fraction without an end, such as `2/6`, is the same as `1/3`. A comma is a separator of thousands and
    /// never a decimal point. The answer must be a number and nothing else.
    pub numbers: bool,
    /// The answer is a set: its items stand between commas, semicolons or lines, in any order, once or more.
    /// A comma between a digit and three digits (`1,000`) is a part of a number.
    pub set: bool,
}

impl Default for Normal {
    /// All but `set`.
    fn default() -> Self {
        Self { case: true, punctuation: true, numbers: true, set: false }
    }
}

/// As text: any of `case`, `punctuation`, `numbers` and `set` between commas, or `none`.
impl FromStr for Normal {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut normal = Self { case: false, punctuation: false, numbers: false, set: false };
        for name in text.split(',').map(str::trim) {
            match name {
                "case" => normal.case = true,
                "punctuation" => normal.punctuation = true,
                "numbers" => normal.numbers = true,
                "set" => normal.set = true,
                "none" => {}
                _ => return Err(format!("`{name}` is none of case, punctuation, numbers, set, none")),
            }
        }
        Ok(normal)
    }
}

/// The form in which an answer is compared. It can be empty, when nothing in the answer counts.
pub fn normalise(text: &str, normal: &Normal) -> String {
    if !normal.set {
        return single(text, *normal);
    }
    let mut items: Vec<String> = items(unwrapped(text.trim()))
        .map(|item| single(item, *normal))
        .filter(|item| !item.is_empty())
        .collect();
    items.sort_unstable();
    items.dedup();
    items.join(", ")
}

/// The first `length` bytes of the form of a longer text, but for a last character that does not fit, found without
/// the rest of the text; `None` when the rest could change them, or when that is not easy to tell.
pub(super) fn beginning(text: &str, normal: Normal, length: usize) -> Option<String> {
    if normal.set {
        return None;
    }
    let from = text.floor_char_boundary(length + length / 2 + 1);
    let to = text.floor_char_boundary(3 * length);
    let mut pairs = text[from..to].chars().zip(text[from..to].char_indices().skip(1));
    // Behind a word no mark and no accent stands across the cut, and what stands at the end is dropped up to the word
    // at most.
    let (_, (cut, _)) = pairs.find(|(one, (_, next))| one.is_alphanumeric() && is_composed(*next))?;
    let begun = &text[..from + cut];
    let Clean { text: mut form, again } = clean(begun, normal.case, normal.punctuation);
    // Nothing else is dropped at the beginning, whatever stands at the end.
    let stays = |c: char| c.is_alphanumeric() || c.is_ascii_graphic() && !",;:!?$'*_\\([{".contains(c);
    // The letters around a Σ say which small one it is.
    let is_sure = !again && form.starts_with(stays) && !begun.contains('Σ');
    let may_be_a_number = normal.numbers && !number::is_ruled_out(&form);
    if !is_sure || may_be_a_number || form.len() < length {
        return None;
    }
    form.truncate(form.floor_char_boundary(length));
    Some(form)
}

fn single(text: &str, normal: Normal) -> String {
    let Clean { text: mut form, mut again } = clean(text, normal.case, normal.punctuation);
    if normal.punctuation {
        for _ in 0..LAYERS {
            let before = form.len();
            let range = within(&form, outside(&form));
            form.truncate(range.end);
            form.drain(..range.start);
            if again {
                Clean { text: form, again } = without_marks(form);
            }
            // Whatever is dropped or replaced leaves a shorter text.
            if form.len() == before {
                break;
            }
        }
    }
    normal.numbers.then(|| number::canonical(&form)).flatten().unwrap_or(form)
}

/// Where a part of a text stands in it.
fn within(text: &str, part: &str) -> Range<usize> {
    let from = part.as_ptr().addr() - text.as_ptr().addr();
    from..from + part.len()
}

/// Drops what stands around the whole.
fn outside(text: &str) -> &str {
    let text =
        text.trim().trim_start_matches([',', ';', ':', '!', '?', '¿', '¡']).trim_end_matches(ends_clauses);
    let text = unwrapped(text.trim());
    let text = match text.strip_suffix([')', ']', '}']) {
        // A choice such as `a)`.
        Some(choice) if !text.contains(['(', '[', '{']) => choice,
        _ => text,
    };
    let amount = text.strip_prefix("\\$").or_else(|| text.strip_prefix(['$', '€', '£', '¥']));
    amount
        .map(str::trim_start)
        .filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit() || "-+.".contains(c)))
        .unwrap_or(text)
}

/// Without one layer of what stands around the whole.
fn unwrapped(text: &str) -> &str {
    const AROUND: [(&str, &str); 12] = [
        ("$$", "$$"),
        ("$", "$"),
        ("'", "'"),
        ("*", "*"),
        ("__", "__"),
        ("_", "_"),
        ("\\(", "\\)"),
        ("\\[", "\\]"),
        ("\\boxed{", "}"),
        ("\\text{", "}"),
        ("\\textbf{", "}"),
        ("\\mathrm{", "}"),
    ];
    for (open, close) in AROUND {
        if let Some(inner) = text.strip_prefix(open).and_then(|rest| rest.strip_suffix(close))
            && !inner.contains(open)
            && !inner.contains(close)
        {
            return inner;
        }
    }
    bracketed(text).unwrap_or(text)
}

/// What is in brackets that close each other, and not merely the first and the last of several.
fn bracketed(text: &str) -> Option<&str> {
    let (open, close) = match text.chars().next()? {
        '(' => ('(', ')'),
        '[' => ('[', ']'),
        '{' => ('{', '}'),
        _ => return None,
    };
    let inner = text.strip_prefix(open)?.strip_suffix(close)?;
    let mut depth = 0_usize;
    for c in inner.chars() {
        if c == open {
            depth += 1;
        } else if c == close {
            depth = depth.checked_sub(1)?;
        }
    }
    (depth == 0).then_some(inner)
}

fn items(text: &str) -> impl Iterator<Item = &str> {
    let bytes = text.as_bytes();
    let digits =
        |from: usize| bytes[from.min(bytes.len())..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut cuts = vec![0];
    for (at, byte) in bytes.iter().enumerate() {
        let thousands = *byte == b',' && at > 0 && bytes[at - 1].is_ascii_digit() && digits(at + 1) == 3;
        if matches!(byte, b',' | b';' | b'\n') && !thousands {
            cuts.push(at + 1);
        }
    }
    let ends: Vec<usize> = cuts[1..].iter().map(|cut| cut - 1).chain([text.len()]).collect();
    cuts.into_iter().zip(ends).map(|(start, end)| &text[start..end])
}
