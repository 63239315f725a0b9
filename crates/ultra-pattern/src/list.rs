//! `list`: the patterns by category, for people at a terminal and for programs that read lines.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use ultra_core::failure::Failure;
use ultra_core::ndjson::Output;
use ultra_core::tool::{Context, Summary};
use ultra_template::Pattern;

use crate::args::ListArgs;
use crate::find;
use crate::paper::{plain, width, wrap};

/// Categories in the order in which people need them, with their headings; all others follow by name.
const HEADINGS: &[(&str, &str)] = &[
    ("core", "Core"),
    ("specialised", "For special tasks"),
    ("comparison", "Comparison"),
    ("panel", "Forms of panels"),
];
/// The category of patterns that name none.
const OTHER: &str = "other";

pub(crate) fn list(args: &ListArgs, context: &Context, output: &mut Output) -> Result<Summary, Failure> {
    let patterns = find::usable();
    if args.json {
        for pattern in &patterns {
            output.value(pattern)?;
        }
    } else if context.person_reads {
        output.text(&page(&patterns))?;
    } else {
        output.text(&lines(&patterns))?;
    }
    Ok(Summary::default())
}

fn category(pattern: &Pattern) -> &str {
    pattern.category.as_deref().unwrap_or(OTHER)
}

/// One line a pattern, its fields between tabs: name, category, purpose.
fn lines(patterns: &[Pattern]) -> String {
    let mut lines = String::new();
    for pattern in patterns {
        let purpose = plain(&pattern.purpose).replace('\n', " ");
        // Writing to a string cannot fail.
        let _ = writeln!(lines, "{}\t{}\t{purpose}", pattern.name, plain(category(pattern)));
    }
    lines
}

fn page(patterns: &[Pattern]) -> String {
    let mut groups: BTreeMap<(usize, &str), Vec<&Pattern>> = BTreeMap::new();
    for pattern in patterns {
        let category = category(pattern);
        let place = HEADINGS.iter().position(|(known, _)| *known == category).unwrap_or(HEADINGS.len());
        groups.entry((place, category)).or_default().push(pattern);
    }
    let column = patterns.iter().map(|pattern| width(&pattern.name)).max().unwrap_or_default().min(24) + 4;
    let mut page = String::new();
    for ((place, category), patterns) in groups {
        let heading = HEADINGS.get(place).map_or(category, |(_, heading)| heading);
        let _ = writeln!(page, "{}{}", if page.is_empty() { "" } else { "\n" }, plain(heading));
        for pattern in patterns {
            page.push_str(&entry(pattern, column));
        }
    }
    page.push_str("\nultra-pattern show NAME says when to use one and what it asks;\n");
    page.push_str("ultra-pattern suggest -p 'PROMPT' finds one for a prompt.\n");
    page
}

/// The name, and beside it the purpose.
fn entry(pattern: &Pattern, column: usize) -> String {
    let name = format!("  {}", pattern.name);
    let text = wrap(&plain(&pattern.purpose).replace('\n', " "), column);
    let text = if width(&name) < column { text[width(&name)..].to_owned() } else { format!("\n{text}") };
    name + &text
}

#[cfg(test)]
mod tests {
    use super::{lines, page};
    use crate::paper::width;
    use ultra_template::Pattern;

    fn pattern(name: &str, category: &str, purpose: &str) -> Pattern {
        let text = format!(
            "name = \"{name}\"\nversion = 1\ncategory = \"{category}\"\npurpose = \"{purpose}\"\n[[stages]]\n\
             name = \"s\"\ntemplate = \"{{{{ question }}}}\"\n[ultra]\ntemplate = \"{{{{ answers }}}}\"\n"
        );
        Pattern::parse(&text, "p.toml").expect("a pattern")
    }

    #[test]
    fn a_page_is_grouped_and_aligned_in_eighty_columns() {
        let patterns = [
            pattern(
                "b",
                "mine",
                "Ü \\u001b[31mred\\tand 漢字漢字漢字 words that go on until the line is full, 漢字漢字漢字漢字.",
            ),
            pattern("a_very_long_name_indeed_it_is", "core", "Short."),
            pattern("c", "core", "Short."),
        ];
        let page = page(&patterns);
        let lines: Vec<_> = page.lines().collect();
        assert_eq!(
            lines[..4],
            [
                "Core",
                "  a_very_long_name_indeed_it_is",
                &format!("{}Short.", " ".repeat(28)),
                &format!("  c{}Short.", " ".repeat(25))
            ]
        );
        assert_eq!(lines[5], "mine");
        assert!(lines.iter().all(|line| width(line) <= 80), "{page}");
        assert!(!page.contains('\u{1b}') && lines[7].starts_with(&" ".repeat(28)), "{page}");
    }

    #[test]
    fn plain_lines_can_be_cut_at_tabs() {
        let text = lines(&[pattern("a", "core", "One\\ttwo\\nthree.")]);
        assert_eq!(text, "a\tcore\tOne    two three.\n");
    }
}
