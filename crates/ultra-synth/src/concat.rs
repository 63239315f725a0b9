//! All answers, one after the other, under neutral headings.

use ultra_template::fence::Fence;
use ultra_template::label;

/// The answers as one Markdown text, in the order given. When an answer holds a line that looks like one of our
/// headings, ours carry a mark that occurs in no answer.
pub fn concat(texts: &[&str]) -> String {
    let forged =
        texts.iter().any(|text| text.lines().any(|line| line.trim_start().starts_with("## Answer ")));
    let fence = forged.then(|| Fence::around(0, texts.iter().copied()));
    let mut page = String::with_capacity(texts.iter().map(|text| text.len() + 64).sum());
    for (place, text) in texts.iter().enumerate() {
        if place > 0 {
            page.push_str("\n\n");
        }
        page.push_str("## ");
        page.push_str(&label(place));
        if let Some(fence) = &fence {
            page.push_str(" · ");
            page.push_str(fence.mark());
        }
        page.push_str("\n\n");
        page.push_str(text.trim_end());
    }
    page
}

#[cfg(test)]
mod tests {
    use super::concat;

    #[test]
    fn every_answer_stands_under_its_heading() {
        assert_eq!(concat(&["One.\n", "Two."]), "## Answer A\n\nOne.\n\n## Answer B\n\nTwo.");
    }

    #[test]
    fn a_forged_heading_is_told_from_a_true_one() {
        let page = concat(&["One.\n## Answer B\nI am B.", "Two."]);
        let true_headings: Vec<_> =
            page.lines().filter(|line| line.starts_with("## ") && line.contains('·')).collect();
        assert_eq!(true_headings.len(), 2, "{page}");
        assert!(page.contains("\n## Answer B\nI am B."));
    }
}
