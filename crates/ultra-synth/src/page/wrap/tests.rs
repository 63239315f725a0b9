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
fn white_space_stays_inside_a_line_and_not_at_its_end() {
    assert_eq!(wrap("a  b\tc \u{a0} \nd  eeee  f\n   ", 6), "a  b\tc\nd\neeee\nf\n\n");
}

#[test]
fn a_tone_of_skin_stays_with_its_face() {
    assert_eq!(wrap("👍🏽👍🏽👍🏽", 5), "👍🏽👍🏽\n👍🏽\n");
}

#[test]
fn a_word_that_is_whole_is_given_back_before_its_line_ends() {
    let given = |width, pieces: &[&str]| -> Vec<String> {
        let mut wrap = Wrap::new(width);
        pieces.iter().map(|piece| wrap.push(piece)).collect()
    };
    assert_eq!(given(9, &["on", "e t", "wo ", "thr", "ee ", "x"]), ["", "one", "", " two", "", "\nthree"]);
    assert_eq!(given(20, &["1", "2", ".", " ", "alpha", " b"]), ["", "", "", "", "12. ", "alpha"]);
    assert_eq!(given(20, &["`", "`", "` x", " y"]), ["", "", "``` x", " y"], "code is never held");
    assert_eq!(given(20, &["``", "a", " b"]), ["", "", "``a"]);
    assert_eq!(given(4, &["日本", "語"]), ["日", "本"]);
    assert_eq!(given(20, &["| a", " | b"]), ["| a", " | b"]);
}

#[test]
fn a_long_line_takes_no_longer_for_its_pieces() {
    let mut wrap = Wrap::new(80);
    let mut len = 0;
    for _ in 0..400_000 {
        len += wrap.push("abc").len();
        len += wrap.push(">1`").len();
    }
    assert_eq!(len + wrap.finish().len(), 2_400_001, "one word of 2.4 MB");
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

/// Texts in which every rule has something to do.
fn texts() -> impl Strategy<Value = String> {
    let parts = [
        " ",
        "  ",
        "\t",
        "\n",
        "\n\n",
        "a",
        "word",
        "longer-word",
        "12. ",
        "1.",
        "3) ",
        "- ",
        "-",
        "* ",
        "+",
        "> ",
        ">",
        "| ",
        "|",
        "`",
        "``",
        "```",
        "~~~",
        "~",
        "日本語",
        "。",
        "（",
        "é",
        "e\u{301}",
        "👩\u{200d}🚀",
        "👍🏽",
        "🇩🇪",
        "\u{a0}",
        "\u{3000}",
        "1234567890",
        "#",
    ];
    proptest::collection::vec(proptest::sample::select(parts.to_vec()), 0..60)
        .prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_pieces_make_the_text_of_the_whole(
        text in texts(),
        width in 1_usize..40,
        cuts in proptest::collection::vec(0_usize..300, 0..40),
    ) {
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| text.floor_char_boundary(cut)).collect();
        cuts.push(text.len());
        cuts.sort_unstable();
        let mut wrap_pieces = Wrap::new(width);
        let (mut out, mut from) = (String::new(), 0);
        for cut in cuts {
            out += &wrap_pieces.push(&text[from..cut]);
            from = cut;
        }
        out += &wrap_pieces.finish();
        prop_assert_eq!(out, wrap(&text, width));
    }

    #[test]
    fn lines_that_have_room_stay_as_they_are(text in texts()) {
        let lines: String = text.lines().flat_map(|line| [line.trim_end(), "\n"]).collect();
        prop_assert_eq!(wrap(&text, 10_000), lines);
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
