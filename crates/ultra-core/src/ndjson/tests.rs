use std::io::{self, Cursor, Read};
use std::sync::{Arc, Mutex};

use proptest::prelude::*;

use super::{Head, Input, Item, Options, Output, scan};
use crate::kind::ErrorKind;
use crate::record::{ErrorRecord, Prompt, Type};

/// What a stream gave, one line each: `head bytes` or `! kind @line+offset`.
fn read(bytes: &[u8], options: Options) -> Vec<String> {
    let mut input = Input::new(Cursor::new(bytes.to_vec()), options);
    let mut seen = Vec::new();
    while let Some(item) = input.read().expect("reads") {
        seen.push(match item {
            Item::Line(line) => format!("{} {}", line.number, String::from_utf8_lossy(line.bytes)),
            Item::Fault(fault) => format!("! {} @{}+{}", fault.kind, fault.line, fault.offset),
        });
    }
    seen
}

fn kind_of(line: &[u8]) -> ErrorKind {
    scan(line).expect_err("is refused").kind
}

#[test]
fn the_last_line_needs_no_line_ending_and_blank_lines_count() {
    assert_eq!(read(b"\n{\"a\":1}\r\n  \n{\"b\":2}", Options::default()), ["2 {\"a\":1}", "4 {\"b\":2}"]);
}

#[test]
fn a_byte_order_mark_is_skipped_only_at_the_start() {
    let seen = read(b"\xEF\xBB\xBF{\"a\":1}\n\xEF\xBB\xBF{\"b\":2}\n", Options::default());
    assert_eq!(seen, ["1 {\"a\":1}", "! input.parse @2+11"]);
}

#[test]
fn a_line_over_the_cap_is_skipped_and_the_next_one_is_read() {
    let options = Options { max_line: 10, plain: false };
    let seen = read(b"{\"a\":12345}\n{\"b\":1234}\n{\"c\":123456789012345}", options);
    assert_eq!(seen, ["! input.too_long @1+0", "2 {\"b\":1234}", "! input.too_long @3+23"]);
}

#[test]
fn an_endless_line_is_discarded_in_constant_memory() {
    let endless = io::repeat(b'x').take(300 << 20).chain(Cursor::new(b"\n{\"a\":1}\n".to_vec()));
    let options = Options { max_line: 1 << 20, plain: false };
    let mut input = Input::new(endless, options);
    assert!(
        matches!(input.read().expect("reads"), Some(Item::Fault(fault)) if fault.kind == ErrorKind::InputTooLong)
    );
    assert!(matches!(input.read().expect("reads"), Some(Item::Line(line)) if line.number == 2));
    assert!(input.buffered() < 2 << 20);
}

#[test]
fn input_that_is_not_text_gives_one_error() {
    for bytes in
        [&b"\xFF\xFE{\0\n\0"[..], b"{\0\"\0a\0\n\0\n", b"\x1F\x8B\x08\0\n\n\n", b"\x28\xB5\x2F\xFD\n.."]
    {
        let seen = read(bytes, Options::default());
        assert_eq!(seen, ["! input.encoding @1+0"], "{bytes:?}");
    }
}

#[test]
fn each_flaw_has_its_kind() {
    for (line, kind) in [
        (&b"{\"a\":1}\r{\"b\":2}"[..], ErrorKind::InputParse),
        (b"{\"a\":\"\xC3\"}", ErrorKind::InputEncoding),
        (b"{\"\\ud800\":1}", ErrorKind::InputSurrogate),
        (b"{\"a\":{\"\\udc00\\ud800\":1}}", ErrorKind::InputSurrogate),
        (b"{\"a\":\"\0\"}", ErrorKind::InputParse),
        (b"\0\0\0\0", ErrorKind::InputParse),
        (b"{\"a\":NaN}", ErrorKind::InputParse),
        (b"{\"a\":-Infinity}", ErrorKind::InputParse),
        (b"{\"a\":01}", ErrorKind::InputParse),
        (b"{\"a\":1}{\"b\":2}", ErrorKind::InputParse),
        (b"{\"a\":1} x", ErrorKind::InputParse),
        (b"{\"a\":1,}", ErrorKind::InputParse),
        (b"{\"a\":1", ErrorKind::InputParse),
        (b"[1]", ErrorKind::InputNotObject),
        (b"\"x\"", ErrorKind::InputNotObject),
        (b"null", ErrorKind::InputNotObject),
        (b"{\"type\":\"x\",\"type\":\"y\"}", ErrorKind::InputDuplicateKey),
        (b"{\"type\":5}", ErrorKind::InputSchema),
        (b"{\"type\":\"prompt\",\"v\":99}", ErrorKind::InputVersion),
    ] {
        assert_eq!(kind_of(line), kind, "{}", String::from_utf8_lossy(line));
    }
}

#[test]
fn every_control_byte_in_a_string_is_refused() {
    for control in 0..0x20_u8 {
        let line = [br#"{"a":"plain text before "#.as_slice(), &[control], br#" and after"}"#].concat();
        assert_eq!(kind_of(&line), ErrorKind::InputParse, "{control:#04x}");
    }
}

#[test]
fn a_pair_of_surrogates_is_text() {
    assert_eq!(scan(br#"{"\ud83c\udfd4":1}"#), Ok(Head::Bare { asks: false, batch: false }));
}

#[test]
fn depth_128_is_read_and_129_is_not() {
    let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth - 1), "]".repeat(depth - 1));
    assert!(scan(nested(128).as_bytes()).is_ok());
    assert_eq!(kind_of(nested(129).as_bytes()), ErrorKind::InputDepth);
    assert_eq!(kind_of(nested(100_000).as_bytes()), ErrorKind::InputDepth);
}

#[test]
fn the_type_is_found_wherever_it_stands_and_however_it_is_written() {
    for line in [
        &br#"{"id":"a","type":"prompt"}"#[..],
        br#"{"\u0074ype":"\u0070rompt"}"#,
        b" { \"type\" : \"prompt\" , \"v\":1 } ",
    ] {
        assert_eq!(scan(line), Ok(Head::Known(Type::Prompt)), "{}", String::from_utf8_lossy(line));
    }
    assert_eq!(
        scan(br#"{"a":{"type":"prompt"},"messages":[]}"#),
        Ok(Head::Bare { asks: true, batch: false })
    );
    assert_eq!(scan(br#"{"type":"trace","v":7}"#), Ok(Head::Foreign));
}

#[test]
fn an_owned_field_with_half_a_pair_is_refused_and_a_foreign_one_is_kept() {
    let half = br#"{"type":"prompt","id":"a","text":"\ud800"}"#;
    let foreign = br#"{"type":"prompt","id":"a","text":"q","x":"\ud800"}"#;
    let decode = |line: &[u8]| {
        let mut input = Input::new(Cursor::new(line.to_vec()), Options::default());
        match input.read().expect("reads") {
            Some(Item::Line(line)) => line.decode::<Prompt>().map_err(|fault| fault.kind),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(decode(half).map(drop), Err(ErrorKind::InputSurrogate));
    let kept = decode(foreign).expect("is read");
    assert!(serde_json::to_string(&kept).expect("writes").contains(r#""x":"\ud800""#));
}

#[test]
fn output_is_whole_lines_and_a_broken_pipe_is_told_apart() {
    struct Gone;
    impl io::Write for Gone {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut output = Output::new("ultra-test", Gone);
    output.pass_bytes(b"{}").expect("is buffered");
    assert!(output.flush().expect_err("fails").is_reader_gone());
}

/// A sink that can be looked into.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl io::Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("is not poisoned").extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn output_is_flushed_before_the_input_is_waited_for() {
    let (reader, mut writer) = io::pipe().expect("makes a pipe");
    let sink = Shared::default();
    let seen = sink.clone();
    let thread = std::thread::spawn(move || {
        let mut output = Output::new("ultra-test", sink);
        let mut input = Input::new(reader, Options::default());
        while let Some(Item::Line(line)) = input.next(&mut output).expect("reads") {
            output.pass(&line).expect("writes");
        }
    });
    io::Write::write_all(&mut writer, b"{\"a\":1}\n").expect("writes");
    while seen.0.lock().expect("is not poisoned").is_empty() {
        std::thread::yield_now();
    }
    drop(writer);
    thread.join().expect("ends");
    assert_eq!(*seen.0.lock().expect("is not poisoned"), b"{\"a\":1}\n");
}

fn json(depth: u32) -> impl Strategy<Value = String> {
    let text = proptest::collection::vec(
        prop_oneof![
            "[ -~&&[^\"\\\\]]",
            Just("é東🏔".to_owned()),
            Just(r"\n".to_owned()),
            Just(r"\u00e9".to_owned()),
            Just(r"\ud83c\udfd4".to_owned())
        ],
        0..8,
    )
    .prop_map(|parts| format!("\"{}\"", parts.concat()));
    let leaf = prop_oneof![
        text.clone(),
        Just("12345678901234567890123".to_owned()),
        Just("1.0".to_owned()),
        Just("-0".to_owned()),
        Just("1e400".to_owned()),
        Just("1E+2".to_owned()),
        Just("true".to_owned()),
        Just("null".to_owned()),
    ];
    leaf.prop_recursive(depth, 32, 4, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4)
                .prop_map(|values| format!("[{}]", values.join(","))),
            proptest::collection::vec((text.clone(), inner), 0..4).prop_map(|fields| {
                let fields: Vec<_> =
                    fields.into_iter().map(|(key, value)| format!("{key}: {value}")).collect();
                format!("{{{}}}", fields.join(" ,"))
            }),
        ]
    })
}

#[test]
fn a_long_line_goes_out_whole_and_in_its_place() {
    let sink = Shared::default();
    let mut output = Output::new("ultra-test", sink.clone());
    let lines = ["first", &"x".repeat(200 << 10), "between", &"y".repeat(65 << 10), "last"];
    for line in lines {
        output.pass_bytes(line.as_bytes()).expect("writes");
    }
    output.flush().expect("writes");
    assert_eq!(output.written(), 5);
    let written = String::from_utf8(sink.0.lock().expect("is not poisoned").clone()).expect("is text");
    assert!(written.lines().eq(lines), "{:?}", written.lines().map(str::len).collect::<Vec<_>>());
}

#[test]
fn an_error_that_repeats_gets_its_own_id_until_a_stream_has_forgotten_the_first() {
    let sink = Shared::default();
    let mut output = Output::new("ultra-test", sink.clone());
    let others = (0..1 << 16).map(|n| n.to_string());
    for message in ["first", "first"].map(str::to_owned).into_iter().chain(others).chain(["first".to_owned()])
    {
        output.error(ErrorRecord::new("ultra-test", ErrorKind::Server, message)).expect("writes");
    }
    output.flush().expect("writes");
    let written = sink.0.lock().expect("is not poisoned");
    let lines: Vec<_> = written.split(|byte| *byte == b'\n').collect();
    assert_ne!(lines[0], lines[1]);
    assert_eq!(lines[0], lines[lines.len() - 2]);
}

proptest! {
    #[test]
    fn what_passes_is_what_came(value in json(5)) {
        // Blanks around an object are the producer's own, too.
        let line = format!("  {{\"x\":{value}}}\t ");
        let sink = Shared::default();
        let mut output = Output::new("ultra-test", sink.clone());
        let mut input = Input::new(Cursor::new(format!("{line}\n").into_bytes()), Options::default());
        while let Some(item) = input.next(&mut output).expect("reads") {
            match item {
                Item::Line(line) => output.pass(&line).expect("writes"),
                Item::Fault(fault) => prop_assert!(false, "{fault:?}"),
            }
        }
        output.flush().expect("writes");
        prop_assert_eq!(sink.0.lock().expect("is not poisoned").clone(), format!("{line}\n").into_bytes());
    }

    #[test]
    fn an_owned_record_prints_what_it_read(value in json(4)) {
        let line = format!(r#"{{"type":"prompt","id":"a","text":"q","unknown":{value}}}"#);
        let prompt: Prompt = serde_json::from_str(&line).expect("reads");
        prop_assert_eq!(serde_json::to_string(&prompt).expect("writes"), line);
    }

    #[test]
    fn the_scan_agrees_with_a_json_parser(line in "[\\[\\]{}\",:0-9eE+\\-. a-z\\\\]{0,40}") {
        let parsed = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&line);
        let scanned = scan(line.as_bytes());
        if parsed.is_ok() {
            prop_assert!(scanned.is_ok() || matches!(&scanned, Err(flaw) if flaw.kind != ErrorKind::InputParse), "{line}: {scanned:?}");
        } else if scanned.is_ok() {
            // A parser may only refuse what the grammar allows: a number out of range, half a pair.
            let cause = parsed.expect_err("is refused").to_string();
            prop_assert!(cause.contains("out of range") || cause.contains("surrogate"), "{line}: {cause}");
        }
    }

    #[test]
    fn mutated_json_is_judged_as_a_parser_judges_it(value in json(4), at in 0usize..200, byte in proptest::sample::select(b"\"\\{}[],:0e-. x".to_vec())) {
        let mut line = format!("{{\"x\":{value}}}").into_bytes();
        let at = at % line.len();
        line[at] = byte;
        let parsed = serde_json::from_slice::<serde::de::IgnoredAny>(&line).is_ok()
            && line.trim_ascii().starts_with(b"{")
            && std::str::from_utf8(&line).is_ok();
        let scanned = match scan(&line) {
            Ok(_) => true,
            // Half a pair in a key is told before whatever else is wrong with the line.
            Err(flaw) if flaw.kind == ErrorKind::InputSurrogate => return Ok(()),
            Err(flaw) => !matches!(flaw.kind, ErrorKind::InputParse | ErrorKind::InputEncoding | ErrorKind::InputNotObject),
        };
        prop_assert_eq!(parsed, scanned, "{}", String::from_utf8_lossy(&line));
    }
}
