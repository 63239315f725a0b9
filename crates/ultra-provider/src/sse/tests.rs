use std::convert::Infallible;

use proptest::prelude::*;

use super::Events;

type Seen = Vec<(String, String)>;

fn read<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Seen {
    let (mut events, mut seen) = (Events::default(), Seen::new());
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
    let mut take = |event: super::Event<'_>| {
        seen.push((text(event.name), text(event.data)));
        Ok::<_, Infallible>(())
    };
    for piece in pieces {
        let Ok(()) = events.feed(piece, &mut take);
    }
    let Ok(()) = events.end(&mut take);
    seen
}

fn of(list: &[(&str, &str)]) -> Seen {
    list.iter().map(|(name, data)| ((*name).to_owned(), (*data).to_owned())).collect()
}

#[test]
fn each_field_means_what_the_standard_says() {
    for (stream, expected) in [
        ("data: a\n\n", of(&[("", "a")])),
        ("data:a\n\n", of(&[("", "a")])),
        ("data:  a \n\n", of(&[("", " a ")])),
        ("data: a\ndata: b\n\n", of(&[("", "a\nb")])),
        ("data: a\ndata\ndata: b\n\n", of(&[("", "a\n\nb")])),
        ("data: a:b\n\n", of(&[("", "a:b")])),
        ("event: e\ndata: a\n\ndata: b\n\n", of(&[("e", "a"), ("", "b")])),
        ("event: e\n\ndata: b\n\n", of(&[("", "b")])),
        ("data\n\ndata:\n\ndata: \n\n", of(&[])),
        (": comment\n:\n\n\nid: 7\nretry: 10\nfoo: x\ndata: a\n\n", of(&[("", "a")])),
        ("\u{feff}data: a\n\n\u{feff}data: b\n\n", of(&[("", "a")])),
        ("Data: a\n data: a\n\n", of(&[])),
        ("data: a\r\rdata: b\r\n\r\ndata: c\n\n", of(&[("", "a"), ("", "b"), ("", "c")])),
        ("data: a\r\n\ndata: b\n\r\n", of(&[("", "a"), ("", "b")])),
        ("event: e\r\ndata: a\r\ndata: b\r\n\r\n", of(&[("e", "a\nb")])),
        ("event: e\rdata: a\rdata: b\r\r", of(&[("e", "a\nb")])),
        ("data: a", of(&[("", "a")])),
        ("data: a\nda", of(&[("", "a")])),
    ] {
        assert_eq!(read([stream.as_bytes()]), expected, "{stream:?}");
        assert_eq!(read(stream.as_bytes().chunks(1)), expected, "{stream:?} byte by byte");
    }
}

#[test]
fn the_first_refusal_ends_the_reading() {
    let mut seen = 0;
    let read = Events::default().feed(b"data: a\n\ndata: b\n\n", |_| {
        seen += 1;
        Err("enough")
    });
    assert_eq!((read, seen), (Err("enough"), 1));
}

#[test]
fn only_what_is_unfinished_is_kept() {
    let mut events = Events::default();
    for _ in 0..100_000 {
        let Ok(()) = events.feed(b"data: some tokens\n\n:\n\n", |_| Ok::<_, Infallible>(()));
        assert!(events.held() == 0);
    }
    let Ok(()) = events.feed(b"event: e\ndata: abc\ndat", |_| Ok::<_, Infallible>(()));
    assert_eq!(events.held(), 1 + 3 + 3);
}

proptest! {
    #[test]
    fn cuts_and_line_ends_change_nothing(
        lines in prop::collection::vec("(data|event|id)(: ?)?[a-zü🏔: ]{0,6}", 0..12),
        apart in prop::collection::vec(any::<bool>(), 12),
        ends in prop::collection::vec(0..3_usize, 12),
        cuts in prop::collection::vec(0..400_usize, 0..8),
        bom in any::<bool>(),
    ) {
        let mut plain = String::new();
        let mut stream = if bom { "\u{feff}".to_owned() } else { String::new() };
        let mut end = "\n";
        for ((line, apart), next) in lines.iter().zip(&apart).zip(&ends) {
            plain.extend([line.as_str(), "\n", if *apart { "\n" } else { "" }]);
            stream.extend([line.as_str(), end, if *apart { end } else { "" }]);
            // One kind of end within an event: LF after CR would be one end.
            end = if *apart { ["\n", "\r", "\r\n"][*next] } else { end };
        }
        let bytes = stream.as_bytes();
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        let pieces = cuts.windows(2).map(|ends| &bytes[ends[0]..ends[1]]);
        prop_assert_eq!(read(pieces), read([plain.as_bytes()]));
    }
}
