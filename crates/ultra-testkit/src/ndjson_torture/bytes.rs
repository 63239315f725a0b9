//! Bytes and characters: cases 6 to 8, 10, 12, 13, 29 and 34.

use super::{Case, ENCODING, Expected, Fault, GOOD, PARSE, SURROGATE, between, passing};

pub(super) fn byte_order_mark() -> Vec<Case> {
    let start = Case::every("BOM at the start", format!("\u{feff}{GOOD}\n"), Expected::passes([GOOD]));
    let alone = Case::every("BOM and nothing else", "\u{feff}", Expected::default());
    vec![start, alone, between("BOM on a later line", format!("\u{feff}{GOOD}"), PARSE)]
}

pub(super) fn utf16() -> Vec<Case> {
    let little = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
    let big = |text: &str| text.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<_>>();
    let (plain, marked) = (format!("{GOOD}\n{GOOD}\n"), format!("\u{feff}{GOOD}\n{GOOD}\n"));
    [
        ("UTF-16LE with BOM", little(&marked)),
        ("UTF-16BE with BOM", big(&marked)),
        ("UTF-16LE without BOM", little(&plain)),
        ("UTF-16BE without BOM", big(&plain)),
    ]
    .map(|(name, bytes)| not_text(name, &bytes, "UTF-16"))
    .into()
}

pub(super) fn compressed() -> Vec<Case> {
    // Both hold lines after the first newline byte: one error for the input, not one for each.
    let gzip = b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xab\x56\x2a\x0a\n\x4a\x55\n\xb2\n";
    let zstd = b"\x28\xb5\x2f\xfd\x24\x18\xc1\0\0\n\x7b\x22\n\x4a\n";
    vec![not_text("gzip", gzip, "gzip"), not_text("zstd", zstd, "zstd")]
}

/// Input that is not text at all: one error that names what it is, and nothing more.
fn not_text(name: &'static str, bytes: &[u8], mentions: &'static str) -> Case {
    let fault = Fault::at(ENCODING, 1, 0).mentioning(mentions);
    Case::every(name, bytes, Expected::default().fault(fault))
}

pub(super) fn invalid_utf8() -> Vec<Case> {
    let mut cases: Vec<_> = [
        ("lone continuation byte", &b"\x80"[..]),
        ("sequence without its end", b"\xc3"),
        ("overlong slash", b"\xc0\xaf"),
        ("byte 0xff", b"\xff"),
        ("encoded surrogate", b"\xed\xa0\x80"),
        ("beyond U+10FFFF", b"\xf5\x80\x80\x80"),
    ]
    .into_iter()
    .map(|(name, flaw)| {
        let before = br#"{"type":"note","t":"Z"#;
        let mut case = between(name, [&before[..], flaw, br#""}"#].concat(), ENCODING);
        case.expected.faults[0].offset = exactly(GOOD.len() + 1 + before.len());
        case
    })
    .collect();
    let torn = [GOOD.as_bytes(), b"\n{\"type\":\"note\",\"t\":\"Z\xf0\x9f\x8f"].concat();
    let fault = Fault::at(ENCODING, 2, torn.len() - 3);
    cases.push(Case::every("sequence cut off by the end", torn, Expected::passes([GOOD]).fault(fault)));
    cases
}

fn exactly(offset: usize) -> std::ops::RangeInclusive<u64> {
    offset as u64..=offset as u64
}

pub(super) fn surrogate_in_key() -> Vec<Case> {
    vec![
        between("half a pair in a key", r#"{"type":"note","\ud800":1}"#, SURROGATE),
        between("inverted pair in an inner key", r#"{"type":"note","a":{"\udc00\ud800":1}}"#, SURROGATE),
    ]
}

pub(super) fn raw_control() -> Vec<Case> {
    vec![
        between("raw NUL in a string", b"{\"type\":\"note\",\"t\":\"a\0b\"}", PARSE),
        between("raw NUL between tokens", b"{\"type\":\"note\",\0\"t\":1}", PARSE),
        between("raw tab in a string", b"{\"type\":\"note\",\"t\":\"a\tb\"}", PARSE),
        between("raw ESC in a string", b"{\"type\":\"note\",\"t\":\"a\x1b[2Jb\"}", PARSE),
        between("form feed between tokens", b"{\"type\":\"note\",\x0c\"t\":1}", PARSE),
    ]
}

pub(super) fn nul_tail() -> Vec<Case> {
    let zeros = vec![0; 1 << 20];
    let input = [GOOD.as_bytes(), b"\n", &zeros].concat();
    let fault = Fault::within(PARSE, 2, GOOD.len() + 1, zeros.len());
    vec![Case::every("a tail of NUL", input, Expected::passes([GOOD]).fault(fault))]
}

pub(super) fn unicode() -> Vec<Case> {
    [
        ("line and paragraph separator", "a\u{2028}b\u{2029}c"),
        ("right-to-left override", "invoice\u{202e}fdp.exe"),
        ("zero width", "pass\u{200b}\u{200d}\u{feff}word"),
        ("tag characters", "safe\u{e0049}\u{e0047}\u{e004e}"),
        ("next line and noncharacters", "a\u{85}b\u{ffff}\u{10ffff}"),
    ]
    .map(|(name, text)| passing(name, format!(r#"{{"type":"note","t":"{text}"}}"#)))
    .into()
}
