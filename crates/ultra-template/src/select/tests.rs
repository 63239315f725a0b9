//! Choices over small sets of documents, and scores against another implementation.

use proptest::prelude::*;
use ultra_core::record::{Document, Object, Part, Source};
use ultra_core::tokens;

use super::bm25::Index;
use super::{Choice, Excerpts, Limits, Rule};
use crate::fence;

fn document(id: &str, text: &str) -> Document {
    Document {
        id: id.into(),
        name: "n".into(),
        media_type: "text/markdown".into(),
        text: text.into(),
        tokens: tokens::estimate(text),
        source: Source { path: None, url: None, bytes: 0, blake3: String::new(), extra: Object::default() },
        part: None,
        meta: Object::default(),
        trust: "untrusted".into(),
        warnings: Vec::new(),
        extra: Object::default(),
    }
}

fn added(documents: &[Document], limits: Limits) -> Excerpts {
    let mut excerpts = Excerpts::new(limits);
    for document in documents {
        excerpts.add(document);
    }
    excerpts
}

fn chosen(documents: &[Document], prompt: &str, limits: Limits) -> (Excerpts, Choice) {
    let excerpts = added(documents, limits);
    let all: Vec<usize> = (0..documents.len()).collect();
    let choice = excerpts.choose(prompt, &all);
    (excerpts, choice)
}

fn note(documents: &[Document], prompt: &str, limits: Limits) -> serde_json::Value {
    let (excerpts, choice) = chosen(documents, prompt, limits);
    serde_json::to_value(excerpts.note(&choice, documents)).expect("is JSON")
}

fn top(k: u64) -> Limits {
    Limits { top_k: Some(k), tokens: None }
}

fn room(tokens: u64) -> Limits {
    Limits { top_k: None, tokens: Some(tokens) }
}

/// Scores of bm25s 0.3.16 with `method="lucene", k1=1.2, b=0.75` for the terms of the same texts; scripts/bm25 makes
/// the comparison over random texts.
#[test]
fn scores_are_those_of_an_independent_implementation() {
    let texts = [
        "the rent is high and the rent goes up",
        "nobody buys ice in winter",
        "ice melts in spring when the rent is due",
        "boats need wind",
        "the plan the plan the plan",
    ];
    let mut index = Index::default();
    for text in texts {
        index.add([text]);
    }
    let scores = index.scores("Is the rent for ice high?", &[0, 1, 2, 3, 4]);
    for (score, expected) in scores.iter().zip(EXPECTED) {
        assert!((score - expected).abs() < 1e-12, "{scores:?}");
    }
}

const EXPECTED: [f64; 5] = [
    1.674_953_971_413_163_8,
    0.437_051_475_746_096_65,
    1.233_774_504_377_836_8,
    0.0,
    0.390_223_710_937_692_04,
];

#[test]
fn excerpts_stand_in_the_order_of_the_documents_and_the_rest_is_listed() {
    let documents = [
        document("a", "We sell ice. Ice is what we sell."),
        document("b", "Boats need wind."),
        document("c", "The rent of the shop, the rent of the boat: rent!"),
        document("d", "Snow."),
    ];
    let note = note(&documents, "How high is the rent for ice?", top(2));
    let ids = |key: &str| -> Vec<String> {
        let places = note[key].as_array().expect("a list").iter();
        places.map(|place| place["id"].as_str().expect("an id").to_owned()).collect()
    };
    assert_eq!((ids("shown"), ids("left_out")), (vec!["a".into(), "c".into()], vec!["b".into(), "d".into()]));
    assert_eq!((&note["by"], &note["top_k"]), (&"bm25".into(), &2.into()));
    assert!(note["shown"][1]["score"].as_f64() > note["shown"][0]["score"].as_f64(), "{note}");
}

#[test]
fn the_heading_and_the_name_are_searched_too() {
    let part = |heading: &str| Part {
        index: 0,
        count: 2,
        start: 0,
        end: 1,
        heading: Some(heading.into()),
        page: None,
        last_page: None,
        extra: Object::default(),
    };
    let with = |heading: &str| Document { part: Some(part(heading)), ..document("x", "It is high.") };
    let named = Document { name: "rent.md".into(), ..document("x", "It is high.") };
    let documents = [with("Plan > Weather"), with("Plan > Rent"), named];
    let (_, choice) = chosen(&documents, "rent", top(2));
    assert_eq!(choice.shown.iter().map(|(excerpt, _)| *excerpt).collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn a_room_of_0_shows_nothing_and_lists_everything() {
    let documents = [document("a", "ice"), document("b", &"rent ".repeat(500))];
    for limits in [room(0), top(0), room(10)] {
        let (excerpts, choice) = chosen(&documents, "ice", limits);
        assert_eq!((choice.shown(), choice.left_out(), choice.tokens), (0, 2, 0));
        assert!(excerpts.shown(&choice, &documents).is_empty());
    }
}

#[test]
fn nothing_in_common_shows_the_first_that_fit() {
    let documents = [document("a", "eins"), document("b", "zwei"), document("c", "drei")];
    let (_, choice) = chosen(&documents, "Was nun?", top(2));
    assert_eq!((choice.rule, choice.shown(), choice.left_out()), (Rule::First, 2, 1));
    let (_, none) = chosen(&[], "Was nun?", top(2));
    assert_eq!((none.rule, none.shown()), (Rule::All, 0));
}

#[test]
fn a_document_larger_than_the_room_is_cut_and_its_pieces_are_chosen() {
    let filler = "Words that say little about anything at all.\n\n".repeat(40);
    let text = format!("# Plan\n\n{filler}## Rent\n\nThe rent is 900 a month.\n\n## Rest\n\n{filler}");
    let documents = [document("d", &text), document("e", "Small.")];
    let limits = room(300);
    let (excerpts, choice) = chosen(&documents, "How high is the rent?", limits);
    let shown = excerpts.shown(&choice, &documents);
    assert!(shown.iter().any(|piece| piece.text.contains("900 a month")), "{shown:?}");
    let rent = shown.iter().find(|piece| piece.text.contains("900")).expect("is shown");
    let part = rent.part.as_ref().expect("is a part");
    assert_eq!(part.heading.as_deref(), Some("Plan"), "the heading above its first word");
    assert!(part.count > 4 && part.index < part.count);
    assert!(choice.tokens <= 300 && choice.left_out() > 2);
    // Bytes of the text that are shown and left out make up the whole, and neighbours are one entry.
    let note = serde_json::to_value(excerpts.note(&choice, &documents)).expect("is JSON");
    let mut ranges: Vec<(u64, u64)> = ["shown", "left_out"]
        .iter()
        .flat_map(|key| note[key].as_array().expect("a list"))
        .filter(|place| place["id"] == "d")
        .map(|place| (place["start"].as_u64().expect("a start"), place["end"].as_u64().expect("an end")))
        .collect();
    ranges.sort_unstable();
    assert_eq!((ranges[0].0, ranges[ranges.len() - 1].1), (0, text.len() as u64));
    assert!(ranges.windows(2).all(|two| two[0].1 == two[1].0), "{ranges:?}");
    assert!(ranges.len() <= 2 * choice.shown() + 1, "{ranges:?}");
}

#[test]
fn scripts_without_spaces_are_searched() {
    let documents =
        [document("a", "船は風で進む。"), document("b", "家賃は月に九百。"), document("c", "雪。")];
    let (_, choice) = chosen(&documents, "家賃はいくらですか", top(1));
    assert_eq!((choice.rule, choice.shown[0].0), (Rule::Bm25, 1));
}

fn text() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        Just("rent".to_owned()),
        Just("ice".to_owned()),
        Just("家賃".to_owned()),
        Just("</document-0>".to_owned()),
        "\\PC{0,12}",
        Just("\n\n# H\n\n".to_owned()),
    ];
    prop::collection::vec(word, 0..60).prop_map(|words| words.join(" "))
}

proptest! {
    #[test]
    fn what_is_shown_keeps_to_the_limits_and_nothing_gets_lost(
        texts in prop::collection::vec(text(), 0..12),
        prompt in text(),
        top_k in prop::option::of(0_u64..8),
        tokens in prop::option::of(0_u64..400),
    ) {
        let documents: Vec<_> =
            texts.iter().enumerate().map(|(at, text)| document(&at.to_string(), text)).collect();
        let limits = Limits { top_k, tokens };
        let (excerpts, choice) = chosen(&documents, &prompt, limits);
        let shown = excerpts.shown(&choice, &documents);
        prop_assert_eq!(shown.len(), choice.shown());
        prop_assert_eq!(choice.shown() + choice.left_out(), excerpts.all.len());
        prop_assert!(top_k.is_none_or(|most| shown.len() as u64 <= most));
        let cost: u64 = shown.iter().map(|document| fence::tokens(document)).sum();
        prop_assert_eq!(cost, choice.tokens);
        prop_assert!(tokens.is_none_or(|room| cost <= room));
        // Every document is there whole: in one piece, or in pieces without gaps.
        for (at, document) in documents.iter().enumerate() {
            let pieces = excerpts.of(at).map(|excerpt| excerpts.all[excerpt].of(document).text.clone());
            prop_assert_eq!(pieces.collect::<String>(), document.text.as_str());
        }
        // The estimate is that of the text as it is sent.
        let fence = fence::Fence::around(0, shown.iter().flat_map(|document| fence::texts(document)));
        for document in &shown {
            let sent = tokens::estimate(&fence.document(document));
            let said = fence::tokens(document);
            prop_assert!(sent <= said + 1 && said <= sent + 8, "{} {}", sent, said);
        }
    }
}
