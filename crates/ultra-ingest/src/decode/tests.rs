use encoding_rs::{EUC_JP, Encoding, SHIFT_JIS, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use proptest::prelude::*;
use ultra_core::kind::ErrorKind;

use super::{Charset, Decoded, Evidence, Options, decode};

fn plain(bytes: &[u8]) -> Decoded {
    decode(bytes, Options::default()).expect("decodes")
}

fn asked(charset: Charset) -> Options {
    Options { asked: Some(charset), ..Options::default() }
}

fn utf16(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(unit).collect()
}

fn utf32(text: &str, unit: fn(u32) -> [u8; 4]) -> Vec<u8> {
    text.chars().map(u32::from).flat_map(unit).collect()
}

#[test]
fn a_byte_order_mark_decides_and_is_removed() {
    assert_eq!(plain(b"\xEF\xBB\xBFna\xC3\xAFve").text, "naïve");
    let mut bytes = vec![0xFE, 0xFF];
    bytes.extend(utf16("naïve 日本", u16::to_be_bytes));
    let decoded = plain(&bytes);
    assert_eq!((decoded.text.as_str(), decoded.evidence), ("naïve 日本", Evidence::Mark));
    let mut bytes = vec![0xFF, 0xFE, 0, 0];
    bytes.extend(utf32("naïve", u32::to_le_bytes));
    assert_eq!((plain(&bytes).text.as_str(), plain(&bytes).charset), ("naïve", Charset::Utf32Le));
}

#[test]
fn wide_text_without_a_mark_is_known_by_its_zero_bytes() {
    let text = "Plain words, and a few more of them: café.\n";
    for (bytes, charset) in [
        (utf16(text, u16::to_le_bytes), Charset::Known(UTF_16LE)),
        (utf16(text, u16::to_be_bytes), Charset::Known(UTF_16BE)),
        (utf32(text, u32::to_le_bytes), Charset::Utf32Le),
        (utf32(text, u32::to_be_bytes), Charset::Utf32Be),
    ] {
        let decoded = plain(&bytes);
        assert_eq!((decoded.text.as_str(), decoded.charset), (text, charset));
    }
}

#[test]
fn a_declared_encoding_is_used_for_markup_only() {
    let html = b"<html><head><meta charset='iso-8859-2'></head><body>\xB1</body>";
    let decoded = decode(html, Options { markup: true, ..Options::default() }).expect("decodes");
    assert!(decoded.text.contains('ą'));
    assert_eq!(decoded.evidence, Evidence::Declared);
    let old = b"<meta http-equiv=Content-Type content=\"text/html; charset=koi8-r\"> \xC1";
    assert!(decode(old, Options { markup: true, ..Options::default() }).expect("decodes").text.contains('а'));
    let xml = b"<?xml version='1.0' encoding=\"windows-1251\"?><a>\xE0</a>";
    assert!(decode(xml, Options { markup: true, ..Options::default() }).expect("decodes").text.contains('а'));
}

#[test]
fn a_declaration_inside_a_comment_or_of_utf_16_does_not_mislead() {
    let html = "<!-- <meta charset=koi8-r> --><meta charset=\"utf-16\"><p>é".as_bytes();
    let decoded = decode(html, Options { markup: true, ..Options::default() }).expect("decodes");
    assert_eq!(decoded.charset, Charset::Known(UTF_8));
    assert!(decoded.text.ends_with('é'));
}

#[test]
fn a_byte_that_the_declared_encoding_does_not_know_is_an_error_with_its_offset() {
    let html = b"<meta charset=utf-8> caf\xE9 au lait";
    let error = decode(html, Options { markup: true, ..Options::default() }).expect_err("not UTF-8");
    assert_eq!(error.kind, ErrorKind::DocEncoding);
    assert!(error.message.starts_with("byte 24 is not valid in UTF-8"), "{}", error.message);
    let lone = b"ab\x83\xFF";
    let error = decode(lone, asked(Charset::Known(SHIFT_JIS))).expect_err("a lead byte and no trail");
    assert!(error.message.starts_with("byte 2 "), "{}", error.message);
}

#[test]
fn the_offset_is_that_of_the_first_wrong_byte_in_every_kind_of_encoding() {
    for (name, bytes) in [
        ("utf-8", b"ab\xE2\x82x".as_slice()),
        ("gb18030", b"ab\x81\x30\x81\x20"),
        ("gb18030", b"ab\x81\x30"),
        ("iso-2022-jp", b"ab\x1B\x24\x20"),
        ("iso-2022-jp", b"ab\x1B\x28\x7E"),
        ("euc-jp", b"ab\x8F\xA2\x20"),
        ("big5", b"ab\x81\x20"),
        ("utf-16le", b"\x61\x00\x00\xD8\x62\x00"),
        ("utf-32le", b"\x61\0\0\0\0\xD8\0\0"),
    ] {
        let error = decode(bytes, asked(Charset::named(name).expect("known"))).expect_err(name);
        let offset = if name == "utf-32le" { 4 } else { 2 };
        assert!(error.message.starts_with(&format!("byte {offset} ")), "{name}: {}", error.message);
    }
}

#[test]
fn loss_happens_only_when_it_was_asked_for_and_is_counted() {
    let options = Options { lossy: true, ..asked(Charset::Known(UTF_8)) };
    let decoded = decode(b"a\xFFb\xFE", options).expect("lossy");
    assert_eq!((decoded.text.as_str(), decoded.replaced), ("a\u{FFFD}b\u{FFFD}", 2));
    let clean = decode(b"ab", options).expect("lossy");
    assert_eq!((clean.text.as_str(), clean.replaced), ("ab", 0));
}

#[test]
fn a_guess_that_meets_an_undefined_byte_is_not_believed() {
    let mut bytes = b"The caf\xE9 is closed; na\xEFve fa\xE7ade ".repeat(4);
    bytes.push(0x81);
    assert!(decode(&bytes, Options::default()).is_err());
}

#[test]
fn undeclared_japanese_is_detected() {
    let text = "これは日本語の文章です。文字コードを推定します。とても良い天気ですね。";
    for encoding in [SHIFT_JIS, EUC_JP] {
        let (bytes, _, _) = encoding.encode(text);
        let decoded = plain(&bytes);
        assert_eq!((decoded.text.as_str(), decoded.evidence), (text, Evidence::Guessed));
    }
}

#[test]
fn names_of_encodings_are_generous_but_not_everything() {
    assert_eq!(Charset::named("latin1"), Some(Charset::Known(WINDOWS_1252)));
    assert_eq!(Charset::named(" UTF-32BE "), Some(Charset::Utf32Be));
    assert_eq!(Charset::named("utf-99"), None);
    assert_eq!(Charset::named("iso-2022-kr"), None);
}

fn encoded(text: &str, encoding: &'static Encoding) -> Option<Vec<u8>> {
    let (bytes, _, unmappable) = encoding.encode(text);
    (!unmappable).then(|| bytes.into_owned())
}

proptest! {
    #[test]
    fn any_text_survives_utf_8_and_the_wide_encodings(text in any::<String>()) {
        for (charset, bytes) in [
            (Charset::Known(UTF_8), text.clone().into_bytes()),
            (Charset::Known(UTF_16LE), utf16(&text, u16::to_le_bytes)),
            (Charset::Known(UTF_16BE), utf16(&text, u16::to_be_bytes)),
            (Charset::Utf32Le, utf32(&text, u32::to_le_bytes)),
            (Charset::Utf32Be, utf32(&text, u32::to_be_bytes)),
        ] {
            let expected = text.strip_prefix('\u{FEFF}').unwrap_or(&text);
            prop_assert_eq!(decode(&bytes, asked(charset)).expect("valid").text, expected);
        }
    }

    #[test]
    fn latin_1_and_shift_jis_survive_when_they_are_named(
        latin in "[ -~\u{A0}-\u{FF}]{0,80}", kana in "[ぁ-んァ-ヶ一-十ｱ-ﾝa-z0-9]{0,80}",
    ) {
        for (text, encoding) in [(latin, WINDOWS_1252), (kana, SHIFT_JIS)] {
            let Some(bytes) = encoded(&text, encoding) else { continue };
            prop_assert_eq!(decode(&bytes, asked(Charset::Known(encoding))).expect("valid").text, text);
        }
    }

    #[test]
    fn no_bytes_make_it_panic_and_valid_utf_8_is_never_guessed(bytes in any::<Vec<u8>>()) {
        let lossy = decode(&bytes, Options { lossy: true, ..Options::default() });
        prop_assert!(lossy.is_ok());
        if let Ok(decoded) = decode(&bytes, Options::default()) {
            prop_assert_eq!(decoded.replaced, 0);
            if std::str::from_utf8(&bytes).is_ok() {
                prop_assert_ne!(decoded.evidence, Evidence::Guessed);
            }
        }
    }
}
