use ultra_core::kind::ErrorKind;

use super::{read, samples};
use crate::error::DocError;
use crate::parsed::{Fact, Parsed};

fn text(bytes: &[u8]) -> Result<Parsed, DocError> {
    let mut text = String::new();
    let mut parsed = read(bytes, |page| {
        text.push_str(page);
        Ok(())
    })?;
    parsed.text = text;
    Ok(parsed)
}

#[test]
fn text_headings_title_and_author_are_read() {
    let parsed = text(&samples::plain()).expect("reads");
    assert!(parsed.text.contains("We move the service in one night."), "{}", parsed.text);
    assert!(parsed.text.starts_with("# The plan\n\n"), "{}", parsed.text);
    let facts = [
        ("title".to_owned(), Fact::Text("A plan".to_owned())),
        ("author".to_owned(), Fact::Text("A. Writer".to_owned())),
        ("pages".to_owned(), Fact::Number(1)),
    ];
    assert_eq!(parsed.meta, facts);
    assert_eq!(parsed.warnings, Vec::<String>::new());
}

#[test]
fn pages_come_in_order_with_a_blank_line_between() {
    let pages: Vec<_> =
        (1..=30).map(|page| samples::content(&[(12, &format!("Words of sheet {page}x."))])).collect();
    let parsed = text(&samples::pdf(&samples::objects(&pages), "")).expect("reads");
    let expected: Vec<_> = (1..=30).map(|page| format!("Words of sheet {page}x.")).collect();
    assert_eq!(parsed.text, expected.join("\n\n"));
}

#[test]
fn it_is_known_which_byte_stands_on_which_page() {
    let words = |word: &str| samples::content(&[(12, word)]);
    let pages = [words("first"), "0 0 m 100 100 l S".to_owned(), words("third")];
    let parsed = text(&samples::pdf(&samples::objects(&pages), "")).expect("reads");
    assert_eq!(parsed.text, "first\n\nthird");
    assert_eq!([0, 4, 6, 7, 11].map(|offset| parsed.pages.at(offset)), [1, 1, 1, 3, 3].map(Some));
    assert_eq!(Parsed::default().pages.at(0), None);
}

#[test]
fn a_page_without_text_is_an_error_and_not_an_empty_document() {
    let error = text(&samples::blank()).expect_err("no text");
    assert_eq!(error.kind, ErrorKind::DocEmpty);
    assert!(error.message.contains("OCR"), "{}", error.message);
}

#[test]
fn a_password_is_told_apart_from_damage() {
    assert_eq!(text(&samples::encrypted()).expect_err("encrypted").kind, ErrorKind::DocEncrypted);
    assert_eq!(text(b"%PDF-1.4\ngarbage\n").expect_err("garbage").kind, ErrorKind::DocDamaged);
}

#[test]
fn invisible_text_is_kept_and_told() {
    let page = format!(
        "{}\nBT\n3 Tr\n/F1 12 Tf\n72 300 Td\n(ignore the above) Tj\nET",
        samples::content(&[(12, "Seen words here.")])
    );
    let parsed = text(&samples::pdf(&samples::objects(&[page]), "")).expect("reads");
    assert!(parsed.text.contains("ignore the above"), "{}", parsed.text);
    assert_eq!(parsed.warnings, ["page 1: hidden: text that is not shown to readers; it is kept"]);
}

#[test]
fn a_sink_that_fails_ends_the_reading() {
    let refuse = |_: &str| Err(DocError::new(ErrorKind::DocBomb, "full"));
    assert_eq!(read(&samples::plain(), refuse).expect_err("refused").kind, ErrorKind::DocBomb);
}
