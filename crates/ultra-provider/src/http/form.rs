//! Whether a body is one whole answer or a stream of events: some servers do not heed what was asked for.

/// The form of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// One whole answer.
    Whole,
    /// A stream of events.
    Events,
}

impl Form {
    /// The form that a media type promises.
    pub(super) fn promised(media_type: Option<&[u8]>) -> Self {
        const EVENTS: &[u8] = b"text/event-stream";
        let start = media_type.and_then(|found| found.get(..EVENTS.len()));
        if start.is_some_and(|start| start.eq_ignore_ascii_case(EVENTS)) { Self::Events } else { Self::Whole }
    }

    /// The form of a body that begins with `opening` under this promise; `None` while that is open.
    pub(super) fn seen(self, opening: &[u8]) -> Option<Self> {
        const BOM: &[u8] = b"\xef\xbb\xbf";
        const STARTS: [&[u8]; 5] = [b"data:", b"event:", b"id:", b"retry:", b":"];
        if BOM.starts_with(opening) {
            return None;
        }
        // Blank lines keep a slow connection alive in both forms.
        let text = opening.strip_prefix(BOM).unwrap_or(opening).trim_ascii_start();
        match (self, text.first()?) {
            (_, b'{' | b'[') | (Self::Events, b'<') => Some(Self::Whole),
            (Self::Events, _) => Some(Self::Events),
            (Self::Whole, _) if STARTS.iter().any(|start| text.starts_with(start)) => Some(Self::Events),
            (Self::Whole, _) if STARTS.iter().any(|start| start.starts_with(text)) => None,
            (Self::Whole, _) => Some(Self::Whole),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Form::{self, Events, Whole};

    #[test]
    fn the_first_byte_overrules_the_media_type() {
        let promised = |text: &str| Form::promised(Some(text.as_bytes()));
        assert_eq!(promised("Text/Event-Stream; charset=utf-8"), Events);
        assert_eq!([promised("application/json"), promised("text/event"), Form::promised(None)], [Whole; 3]);
        for (opening, as_events, as_whole) in [
            ("{", Whole, Whole),
            ("\n\n {", Whole, Whole),
            ("\u{feff}{", Whole, Whole),
            ("[1", Whole, Whole),
            ("<html>", Whole, Whole),
            ("data: x", Events, Events),
            ("\u{feff}data:", Events, Events),
            ("\n\n: ping", Events, Events),
            ("event: x", Events, Events),
            ("retry: 3", Events, Events),
            ("error: upstream", Events, Whole),
            ("internal", Events, Whole),
            ("null", Events, Whole),
        ] {
            assert_eq!(Events.seen(opening.as_bytes()), Some(as_events), "{opening}");
            assert_eq!(Whole.seen(opening.as_bytes()), Some(as_whole), "{opening}");
        }
        for opening in ["", "\n", "\u{feff}"] {
            assert_eq!((Events.seen(opening.as_bytes()), Whole.seen(opening.as_bytes())), (None, None));
        }
        assert_eq!(
            (Whole.seen(b"dat"), Whole.seen(b"\xef\xbb"), Events.seen(b"d")),
            (None, None, Some(Events))
        );
    }
}
