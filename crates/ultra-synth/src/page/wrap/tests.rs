use console::measure_text_width;
use proptest::prelude::*;

use super::{Wrap, wrap};

#[test]
fn a_line_is_folded_at_spaces() {
    assert_eq!(wrap("one two three four\n\nfive", 9), "one two\nthree\nfour\n\nfive\n");
    assert_eq!(wrap("", 9), "");
}

#[test]
fn items_and_quotations_hang() {
    assert_eq!(wrap("- alpha beta gamma delta\n", 20), "- alpha beta gamma\n  delta\n");
    assert_eq!(wrap("12. alpha beta gamma delta", 20), "12. alpha beta gamma\n    delta\n");
    assert_eq!(wrap("> alpha beta gamma delta", 20), "> alpha beta gamma\n> delta\n");
    assert_eq!(wrap("  alpha beta gamma delta", 20), "  alpha beta gamma\n  delta\n");
    assert_eq!(wrap("-5 degrees is no item of a list", 20), "-5 degrees is no\nitem of a list\n");
}

#[test]
fn code_and_tables_keep_their_lines() {
    let text =
        "```sh\necho one two three four five\n``` not the end\n~~~\n```\n| a long row | of a table |\n";
    assert_eq!(wrap(text, 10), text);
}

#[test]
fn width_counts_and_not_characters() {
    assert_eq!(wrap("日本語の文章です。", 8), "日本語の\n文章で\nす。\n");
    assert_eq!(wrap("👩‍🚀👩‍🚀👩‍🚀", 4), "👩‍🚀👩‍🚀\n👩‍🚀\n");
    assert_eq!(
        wrap("e\u{301}e\u{301}e\u{301} e\u{301}e\u{301}", 5),
        "e\u{301}e\u{301}e\u{301}\ne\u{301}e\u{301}\n"
    );
}

#[test]
fn a_link_stays_whole() {
    let link = "https://example.org/a/very/long/path";
    assert_eq!(wrap(&format!("see {link} for more"), 12), format!("see\n{link}\nfor more\n"));
}

#[test]
fn pieces_make_the_same_text_as_the_whole() {
    let text = "# Title\n\nA paragraph of some length.\n\n```\ncode that is not folded at all\n```\n- an item that is";
    for size in 1..20 {
        let mut wrap_pieces = Wrap::new(12);
        let mut out = String::new();
        let chars: Vec<char> = text.chars().collect();
        for piece in chars.chunks(size) {
            out += &wrap_pieces.push(&piece.iter().collect::<String>());
        }
        out += &wrap_pieces.finish();
        assert_eq!(out, wrap(text, 12));
    }
}

proptest! {
    #[test]
    fn nothing_is_lost_and_only_long_words_stand_out(text in "[a-zé日本。（ \n>*-]{0,300}", width in 20_usize..90) {
        let folded = wrap(&text, width);
        let solid = |text: &str| text.chars().filter(|c| !c.is_whitespace() && *c != '>').collect::<String>();
        prop_assert_eq!(solid(&folded), solid(&text));
        for line in folded.lines() {
            let words = line.trim_start_matches([' ', '>', '-', '*']).split(' ').filter(|word| !word.is_empty()).count();
            prop_assert!(measure_text_width(line) <= width || words <= 1, "{}", line);
        }
    }
}
