use proptest::prelude::*;

use super::{TAIL, escape, head, markdown};

#[test]
fn markdown_becomes_html_below_the_headings_of_the_page() {
    let page = markdown("# One\n\nA *b* `c` [d](https://e.org/?f=1&g=2)\n\n| h |\n|---|\n| i |\n");
    for part in [
        "<h3>One</h3>",
        "<em>b</em>",
        "<code>c</code>",
        "<a href=\"https://e.org/?f=1&amp;g=2\">d</a>",
        "<td>i</td>",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
}

#[test]
fn html_in_an_answer_is_shown() {
    let page = markdown("a <b onclick=x>c</b>\n\n<script>\nalert(1)\n</script>\n\n<!-- d -->\n");
    assert!(page.contains("a &lt;b onclick=x&gt;c&lt;/b&gt;"), "{page}");
    assert!(page.contains("<p>&lt;script&gt;\nalert(1)"), "{page}");
    assert!(page.contains("&lt;!-- d --&gt;"), "{page}");
}

#[test]
fn links_lead_to_pages_and_mail_only_and_pictures_are_links() {
    let page = markdown(
        "[a](javascript:alert(1)) [b](JaVaScRiPt:x) [c](data:text/html,x) [d](//evil) [e](mailto:f@g.h) \
         ![h](https://i.org/j.png) <javascript:k> [![l](https://m.org/n)](https://o.org)",
    );
    assert_eq!(page.matches("<a href").count(), 4, "{page}");
    assert!(page.contains("<a href=\"https://i.org/j.png\">h</a>"), "{page}");
    assert!(!page.contains("<img") && !page.contains("href=\"java") && !page.contains("data:"), "{page}");
}

#[test]
fn what_a_browser_would_obey_is_shown() {
    assert_eq!(escape("<&>\"'\u{202e}\u{1b}"), "&lt;&amp;&gt;&quot;&#39;\\u{202e}\\x1b");
    assert!(head("</title><script>").contains("<title>&lt;/title&gt;&lt;script&gt;</title>"));
    assert!(!head("x").contains("http://") && TAIL.ends_with("</html>\n"));
}

/// The names of the tags in a page.
fn tags(page: &str) -> Vec<&str> {
    let starts = page.match_indices('<').map(|(at, _)| page[at + 1..].trim_start_matches('/'));
    starts
        .map(|rest| &rest[..rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len())])
        .collect()
}

const ALLOWED: [&str; 26] = [
    "p",
    "h3",
    "h4",
    "h5",
    "h6",
    "em",
    "strong",
    "del",
    "code",
    "pre",
    "ul",
    "ol",
    "li",
    "blockquote",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "a",
    "hr",
    "br",
    "input",
    "div",
    "sup",
];

proptest! {
    #[test]
    fn no_text_brings_a_tag_of_its_own(text in "([<>/\"'=&:!\\[\\]()`*_#\\-|\\\\ \n]|<script>|<b>|<img src=x>|</p>|<!--|script|img|svg|style|iframe|onload|javascript:|https://x|a){0,60}") {
        let page = markdown(&text);
        for tag in tags(&page) {
            prop_assert!(ALLOWED.contains(&tag), "{}: {}", tag, page);
        }
        prop_assert!(!page.contains("href=\"javascript"), "{}", page);
    }
}
