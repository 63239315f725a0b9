//! Text for people, in 80 columns.

use console::measure_text_width;

/// The width of a page, in columns.
pub(crate) const WIDTH: usize = 80;

/// Text of a file that nobody vouched for, without what could steer a terminal.
pub(crate) fn plain(text: &str) -> String {
    let odd = |c: char| {
        (c.is_control() && c != '\n')
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.replace('\t', "    ").replace(odd, "\u{fffd}")
}

/// How many columns a text takes.
pub(crate) fn width(text: &str) -> usize {
    measure_text_width(text)
}

/// Wraps `text` at spaces, each line after `indent` spaces; its own line breaks and indentation stay.
pub(crate) fn wrap(text: &str, indent: usize) -> String {
    let mut page = String::new();
    for line in plain(text).lines() {
        let own = line.len() - line.trim_start().len();
        let margin = " ".repeat(indent + own);
        // What follows the sign of a list item stands under its text.
        let hang = margin.len() + if line.trim_start().starts_with("- ") { 2 } else { 0 };
        let mut column = 0;
        for word in line.split_whitespace() {
            let width = width(word);
            if column == 0 {
                page.push_str(&margin);
                column = margin.len();
            } else if column + 1 + width > WIDTH {
                page.push('\n');
                page.push_str(&" ".repeat(hang));
                column = hang;
            } else {
                page.push(' ');
                column += 1;
            }
            page.push_str(word);
            column += width;
        }
        page.push('\n');
    }
    page
}

#[cfg(test)]
mod tests {
    use super::wrap;

    #[test]
    fn long_lines_are_wrapped_and_lists_hang() {
        let text = format!("- {}\n\nshort", "word ".repeat(30));
        let page = wrap(&text, 4);
        assert!(page.lines().all(|line| line.chars().count() <= 80), "{page}");
        let lines: Vec<_> = page.lines().collect();
        assert!(lines[0].starts_with("    - word") && lines[1].starts_with("      word"), "{page}");
        assert_eq!(lines.last(), Some(&"    short"));
    }

    #[test]
    fn a_word_longer_than_a_line_stays_whole() {
        assert_eq!(wrap(&"x".repeat(100), 2), format!("  {}\n", "x".repeat(100)));
    }
}
