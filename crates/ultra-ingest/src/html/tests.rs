use ultra_core::kind::ErrorKind;

use super::{MAX_DEPTH, read};
use crate::parsed::Fact;

fn text(html: &str) -> String {
    read(html).expect("reads").text
}

#[test]
fn structure_becomes_markdown() {
    let html = "<h1>Plan</h1><p>One <b>bold</b> <a href='https://example.org/a'>link</a>.<ul><li>a<li>b</ul>\
                <table><tr><th>k<th>v<tr><td>1<td>2</table><pre><code>x = 1\ny = 2</code></pre>";
    let expected = "# Plan\n\nOne **bold** [link](https://example.org/a).\n\n- a\n- b\n\n\
                    | k | v |\n| - | - |\n| 1 | 2 |\n\n```\nx = 1\ny = 2\n```";
    assert_eq!(text(html), expected);
}

#[test]
fn what_is_not_text_is_dropped_and_what_it_says_of_itself_is_kept() {
    let html = "<html lang=en><head><title> A\n title </title><meta name=Author content='A. Writer'>\
                <style>p{}</style></head><body><nav>Home</nav><script>alert('x')</script><svg><title>no</title>\
                <text>no</text></svg><noscript>no</noscript><template>no</template><!-- no --><p>Yes</body>";
    let parsed = read(html).expect("reads");
    assert_eq!(parsed.text, "Yes");
    let facts = [("title", "A title"), ("author", "A. Writer"), ("language", "en")];
    let facts = facts.map(|(name, value)| (name.to_owned(), Fact::Text(value.to_owned())));
    assert_eq!(parsed.meta, facts);
}

#[test]
fn an_image_keeps_its_description_and_never_its_bytes() {
    assert_eq!(text("<p><img alt='a chart' src='data:image/png;base64,AAAA'>"), "![a chart]()");
    assert_eq!(text("<p><img alt='x](y' src='/a (1).png'>"), "![x  y](/a%20%281%29.png)");
    assert_eq!(text("<p>a<img src='data:x'>b"), "ab");
}

#[test]
fn hidden_text_is_kept_and_told() {
    let parsed = read("<p>Seen<p hidden>One<p style='Display : none'>Two").expect("reads");
    assert_eq!(parsed.text, "Seen\n\nOne\n\nTwo");
    assert_eq!(parsed.warnings, ["hidden: 2 elements are not shown to readers; the text is kept"]);
}

#[test]
fn a_hundred_thousand_nested_tags_are_refused() {
    for tag in ["<div>", "<b>", "<table><td>", "<ul><li>"] {
        let error = read(&tag.repeat(100_000)).expect_err("too deep");
        assert_eq!(error.kind, ErrorKind::DocDepth);
    }
}

#[test]
fn nesting_up_to_the_limit_is_read() {
    let html = format!("{}deep", "<div>".repeat(MAX_DEPTH - 10));
    let read = std::thread::Builder::new().stack_size(64 << 20).spawn(move || text(&html)).expect("thread");
    assert_eq!(read.join().expect("no overflow"), "deep");
}

#[test]
fn a_deep_branch_that_closes_within_one_step_is_refused_too() {
    let html = format!("{}x{}<p>y", "<b>".repeat(560), "</b>".repeat(560));
    assert_eq!(read(&html).expect_err("too deep").kind, ErrorKind::DocDepth);
}

#[test]
fn broken_and_empty_markup_does_not_panic() {
    for html in ["", "<", "</p>", "<p", "<!DOCTYPE", "<a href=", "\0<p>\u{1}", "<table><p>x</table>"] {
        read(html).expect("reads");
    }
}
