use proptest::prelude::*;

use super::{Chunk, Structure, headings, split};
use crate::tokens::estimate;

fn pieces(text: &str, structure: Structure, limit: u64) -> Vec<(&str, Option<String>)> {
    let cut = |chunk: Chunk| (&text[chunk.start..chunk.end], chunk.heading);
    split(text, structure, limit).into_iter().map(cut).collect()
}

fn texts(text: &str, structure: Structure, limit: u64) -> Vec<&str> {
    pieces(text, structure, limit).into_iter().map(|(text, _)| text).collect()
}

#[test]
fn a_text_that_fits_and_a_limit_of_0_are_one_part() {
    let text = "# One\n\nWords and words.\n";
    let whole = [Chunk { start: 0, end: text.len(), tokens: 6, heading: Some("One".to_owned()) }];
    assert_eq!(split(text, Structure::Markdown, 6), whole);
    assert_eq!(split(&text.repeat(500), Structure::Markdown, 0).len(), 1);
    assert_eq!(split("", Structure::Plain, 5), []);
}

#[test]
fn a_heading_is_the_best_place_to_cut_and_names_the_part() {
    let text = "# Guide\n\nFirst words here.\n\n## Install\n\nSome other words.\n\nAnd yet more of them.\n";
    let expected = [
        ("# Guide\n\nFirst words here.\n\n", Some("Guide".to_owned())),
        ("## Install\n\nSome other words.\n\n", Some("Guide > Install".to_owned())),
        ("And yet more of them.\n", Some("Guide > Install".to_owned())),
    ];
    assert_eq!(pieces(text, Structure::Markdown, 12), expected);
}

#[test]
fn without_headings_paragraphs_then_lines_then_sentences_then_words_are_cut() {
    assert_eq!(texts("aaaa bbbb\n\ncccc dddd\nee", Structure::Plain, 5), ["aaaa bbbb\n\n", "cccc dddd\nee"]);
    assert_eq!(texts("aaaa bbbb\ncccc dddd", Structure::Plain, 4), ["aaaa bbbb\n", "cccc dddd"]);
    assert_eq!(texts("Aaaa bb. Cccc dd ee", Structure::Plain, 4), ["Aaaa bb. ", "Cccc dd ee"]);
    assert_eq!(texts("aaaa bbbb cccc", Structure::Plain, 3), ["aaaa bbbb ", "cccc"]);
    assert_eq!(texts("aaaabbbbcccc", Structure::Plain, 2), ["aaaabbbb", "cccc"]);
}

#[test]
fn code_is_cut_before_a_line_that_is_not_indented() {
    let code = "fn a() {\n    one();\n\n    two();\n}\n\nfn b() {\n    three();\n\n    four();\n}\n";
    assert_eq!(texts(code, Structure::Plain, 13)[0], "fn a() {\n    one();\n\n    two();\n}\n\n");
}

#[test]
fn cjk_text_is_cut_after_a_sentence_and_never_before_its_stop() {
    assert_eq!(texts("今日は晴れ。明日は雨。", Structure::Plain, 8), ["今日は晴れ。", "明日は雨。"]);
    assert_eq!(texts("あいうえお。", Structure::Plain, 5), ["あいうえ", "お。"]);
}

#[test]
fn a_character_keeps_its_marks() {
    let text = "e\u{301}".repeat(10);
    for part in texts(&text, Structure::Plain, 1) {
        assert!(part.starts_with('e') && part.ends_with('\u{301}'), "{part:?}");
    }
}

#[test]
fn only_real_headings_count() {
    let text = "---\ntitle: x\n# no\n---\n# One #\n```sh\n# no\n```\n    # no\n#no\n\nTwo\n===\n\nThree\n---\n\n- a\n---\n####### no\n";
    let found: Vec<_> = headings(text).into_iter().map(|head| (head.level, head.text)).collect();
    let expected = [(1, "One"), (1, "Two"), (2, "Three")].map(|(level, text)| (level, text.to_owned()));
    assert_eq!(found, expected);
}

#[test]
fn a_heading_path_drops_what_a_new_section_closes() {
    let text = "# A\n## B\n### C\nx\n## D\ny\n";
    let last = split(text, Structure::Markdown, 3).pop().expect("parts");
    assert_eq!(last.heading.as_deref(), Some("A > D"));
}

fn check(text: &str, structure: Structure, limit: u64) -> Result<(), TestCaseError> {
    let chunks = split(text, structure, limit);
    let joined: String = chunks.iter().map(|chunk| &text[chunk.start..chunk.end]).collect();
    prop_assert_eq!(joined, text);
    let mut at = 0;
    for chunk in &chunks {
        prop_assert_eq!(chunk.start, at);
        at = chunk.end;
        let part = &text[chunk.start..chunk.end];
        prop_assert_eq!(chunk.tokens, estimate(part));
        prop_assert!(
            chunk.tokens <= limit || part.chars().count() == 1,
            "{} > {limit}: {part:?}",
            chunk.tokens
        );
    }
    Ok(())
}

proptest! {
    #[test]
    fn the_parts_join_to_the_text_and_none_is_too_large(
        text in "(?s)([#a-z]{1,9}|[ .\n]{1,3}|[あ-ん。]{1,4}|```|\u{301}|\r\n|=== |.){0,120}", limit in 1_u64..40,
    ) {
        check(&text, Structure::Markdown, limit)?;
        check(&text, Structure::Plain, limit)?;
    }

    #[test]
    fn any_characters_at_all_can_be_cut(text in any::<String>(), limit in 1_u64..6) {
        check(&text, Structure::Markdown, limit)?;
    }
}
