//! Text for people, in 80 columns.

/// The width of a page.
const WIDTH: usize = 80;

/// Wraps `text` at spaces, each line after `indent` spaces; its own line breaks and indentation stay.
pub(crate) fn wrap(text: &str, indent: usize) -> String {
    let mut page = String::new();
    for line in text.lines() {
        let own = line.len() - line.trim_start().len();
        let margin = " ".repeat(indent + own);
        // What follows the sign of a list item stands under its text.
        let hang = margin.len() + if line.trim_start().starts_with("- ") { 2 } else { 0 };
        let mut column = 0;
        for word in line.split_whitespace() {
            let width = word.chars().count();
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
