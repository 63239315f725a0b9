//! From the bytes of a document to its text: recognise, decode, parse.

use encoding_rs::UTF_8;
use ultra_core::kind::ErrorKind;

use crate::chunk::{Structure, headings};
use crate::decode::{self, Charset, Decoded, Evidence};
use crate::error::DocError;
use crate::parsed::Parsed;
use crate::worker::{Format, Limits, Worker};
use crate::{media, sniff};

/// How documents become text.
#[derive(Debug, Clone, Default)]
pub struct Extractor {
    /// The encoding that the user named.
    pub encoding: Option<Charset>,
    /// Replace what cannot be decoded.
    pub lossy: bool,
    /// What one document may cost.
    pub limits: Limits,
    /// The program that parses; without one, the installed one.
    pub worker: Option<Worker>,
}

/// The text of a document and what is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extracted {
    /// Media type of the source.
    pub media_type: &'static str,
    /// What the text is made of.
    pub structure: Structure,
    /// The text, facts and warnings.
    pub parsed: Parsed,
}

impl Extractor {
    /// The text of `bytes`, which come from a file called `name` if it has a name.
    ///
    /// # Errors
    /// `doc.empty` without text; and as [`sniff::kind`], [`decode::decode`] and [`Worker::read`] say.
    pub fn extract(&self, bytes: &[u8], name: Option<&str>) -> Result<Extracted, DocError> {
        let extracted = match sniff::kind(bytes)? {
            sniff::Kind::Pdf => Extracted {
                media_type: "application/pdf",
                structure: Structure::Markdown,
                parsed: self.parse(Format::Pdf, bytes)?,
            },
            sniff::Kind::Text => self.text(bytes, name)?,
        };
        if extracted.parsed.text.trim().is_empty() {
            return Err(DocError::new(ErrorKind::DocEmpty, "it has no text"));
        }
        Ok(extracted)
    }

    fn text(&self, bytes: &[u8], name: Option<&str>) -> Result<Extracted, DocError> {
        let named = name.and_then(media::by_name);
        let markup = bytes.trim_ascii_start().starts_with(b"<")
            || matches!(named, Some("text/html" | "application/xml" | "image/svg+xml"));
        let options = decode::Options { asked: self.encoding, markup, lossy: self.lossy };
        let decoded = decode::decode(bytes, options)?;
        sniff::check_text(&decoded.text)?;
        let media_type = sniff::text_media(&decoded.text, name);
        let (structure, mut parsed) = match media_type {
            "text/html" => (Structure::Markdown, self.parse(Format::Html, decoded.text.as_bytes())?),
            "text/markdown" => (Structure::Markdown, markdown(&decoded.text)),
            _ => (Structure::Plain, Parsed { text: decoded.text.clone(), ..Parsed::default() }),
        };
        note_encoding(&decoded, &mut parsed);
        Ok(Extracted { media_type, structure, parsed })
    }

    fn parse(&self, format: Format, bytes: &[u8]) -> Result<Parsed, DocError> {
        let installed;
        let worker = if let Some(worker) = &self.worker {
            worker
        } else {
            installed = Worker::installed().map_err(|cause| DocError::io("find the parser for", &cause))?;
            &installed
        };
        worker.read(format, bytes, self.limits)
    }
}

/// Markdown is its own text; its first heading is its title, if it is of the first level.
fn markdown(text: &str) -> Parsed {
    let mut parsed = Parsed { text: text.to_owned(), ..Parsed::default() };
    if let Some(first) = headings(text).first().filter(|first| first.level == 1) {
        parsed.fact("title", &first.text);
    }
    parsed
}

fn note_encoding(decoded: &Decoded, parsed: &mut Parsed) {
    let charset = decoded.charset;
    if charset != Charset::Known(UTF_8) {
        parsed.fact("encoding", &charset.to_string());
    }
    if decoded.evidence == Evidence::Guessed {
        parsed.warnings.push(format!("encoding: guessed as {charset}; name the right one with --encoding"));
    }
    if decoded.replaced > 0 {
        let times = decoded.replaced;
        parsed
            .warnings
            .push(format!("encoding: {times} bytes or sequences are not {charset} and became U+FFFD"));
    }
}

#[cfg(test)]
mod tests {
    use ultra_core::kind::ErrorKind;

    use super::{Extracted, Extractor};
    use crate::chunk::Structure;
    use crate::error::DocError;
    use crate::parsed::Fact;

    fn extract(bytes: &[u8], name: Option<&str>) -> Result<Extracted, DocError> {
        Extractor::default().extract(bytes, name)
    }

    #[test]
    fn markdown_stays_as_it_is_and_gives_its_title() {
        let text = "# Plan *A*\r\n\r\nWords.\r\n";
        let found = extract(text.as_bytes(), Some("plan.md")).expect("reads");
        assert_eq!((found.media_type, found.structure), ("text/markdown", Structure::Markdown));
        assert_eq!(found.parsed.text, text);
        assert_eq!(found.parsed.meta, [("title".to_owned(), Fact::Text("Plan *A*".to_owned()))]);
    }

    #[test]
    fn a_guessed_encoding_is_noted_and_loss_is_counted() {
        let found = extract(b"Caf\xE9 na\xEFve, d\xE9j\xE0 vu", Some("a.txt")).expect("reads");
        assert_eq!(found.parsed.text, "Café naïve, déjà vu");
        assert_eq!(found.parsed.meta, [("encoding".to_owned(), Fact::Text("windows-1252".to_owned()))]);
        assert!(found.parsed.warnings[0].starts_with("encoding: guessed as windows-1252"));
        let lossy = Extractor {
            lossy: true,
            encoding: crate::decode::Charset::named("utf-8"),
            ..Extractor::default()
        };
        let found = lossy.extract(b"a\xFFb", None).expect("reads");
        assert_eq!(found.parsed.warnings, ["encoding: 1 bytes or sequences are not UTF-8 and became U+FFFD"]);
    }

    #[test]
    fn nothing_but_white_space_is_empty() {
        for bytes in [b"".as_slice(), b" \n\t\r\n", b"\xEF\xBB\xBF", b"\xFF\xFE \0"] {
            assert_eq!(extract(bytes, Some("a.txt")).expect_err("empty").kind, ErrorKind::DocEmpty);
        }
    }

    #[test]
    fn source_code_has_no_headings() {
        let found = extract(b"# not a heading\nx = 1\n", Some("a.py")).expect("reads");
        assert_eq!((found.media_type, found.structure), ("text/x-python", Structure::Plain));
    }
}
