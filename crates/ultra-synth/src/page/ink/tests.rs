use proptest::prelude::*;

use super::Ink;
use crate::visible::visible;

fn whole(ink: Ink, text: &str) -> String {
    in_pieces(ink, &[text])
}

fn in_pieces(mut ink: Ink, pieces: &[&str]) -> String {
    let mut out: String = pieces.iter().map(|piece| ink.push(piece)).collect();
    out.push_str(&ink.finish());
    out
}

#[test]
fn a_text_ends_its_line_and_no_more() {
    for (text, shown) in [("a", "a\n"), ("a\n", "a\n"), ("a\r", "a\\r\n"), ("", "\n")] {
        assert_eq!(whole(Ink::plain().visible(), text), shown);
    }
    assert_eq!(whole(Ink::plain().visible().folded(9), ""), "");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn any_pieces_are_read_as_the_whole_is_and_a_terminal_obeys_none(
        parts in proptest::collection::vec(
            proptest::sample::select(vec![
                " ", "\n", "\r\n", "\r", "\u{1b}", "[2J", "\u{9b}", "\u{202e}", "\u{2028}", "\t", "a", "word ", "日本", "```\n", "- ", "\u{e0041}",
            ]),
            0..40,
        ),
        cuts in proptest::collection::vec(0_usize..120, 0..30),
    ) {
        let text = parts.concat();
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| text.floor_char_boundary(cut)).collect();
        cuts.extend([0, text.len()]);
        cuts.sort_unstable();
        let pieces: Vec<&str> = cuts.windows(2).map(|cut| &text[cut[0]..cut[1]]).collect();
        let kinds = [
            Ink::plain(),
            Ink::plain().visible(),
            Ink::plain().visible().folded(20),
            Ink::plain().visible().folded(20).trimmed(),
        ];
        for (kind, ink) in kinds.into_iter().enumerate() {
            let read = whole(ink.clone(), &text);
            prop_assert_eq!(&in_pieces(ink, &pieces), &read, "{}", kind);
            prop_assert!(kind == 0 || visible(&read) == read);
        }
    }
}
