//! What a prompt file is for, in its own words.

/// The longest purpose that is taken from a file, in characters.
const LONGEST: usize = 200;

/// The first sentences of prose in `text`, as many as fit a line or two; for a text without prose, `name` says it.
pub(super) fn purpose(text: &str, name: &str) -> String {
    let prose = |line: &&str| {
        line.chars().any(char::is_alphabetic) && !line.starts_with(['#', '<', '{', '|', '`', '-', '*', '>'])
    };
    let Some(line) = text.lines().map(str::trim).find(prose) else {
        return format!("The prompt of `{name}`.");
    };
    let words: Vec<_> = line.split_whitespace().collect();
    let line = words.join(" ");
    let mut end = 0;
    for (at, _) in line.match_indices(['.', '!', '?', ':']) {
        let ends = line[at + 1..].is_empty() || line[at + 1..].starts_with(' ');
        if ends && line[..=at].chars().count() <= LONGEST {
            end = at + 1;
        }
    }
    if end > 0 {
        return line[..end].to_owned();
    }
    match line.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", line[..at].trim_end()),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::purpose;

    #[test]
    fn the_first_sentences_of_prose_say_what_a_file_is_for() {
        let text =
            "# IDENTITY\n\n- a list\nYou summarise  papers. You write for v1.2 readers.\nYou never guess.";
        assert_eq!(purpose(text, "x"), "You summarise papers. You write for v1.2 readers.");
        assert_eq!(purpose("# ONLY\n{{input}}", "x"), "The prompt of `x`.");
        assert_eq!(purpose(&"long ".repeat(90), "x").chars().count(), 200);
    }
}
