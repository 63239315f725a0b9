//! What a file is, by its content first, then by its name, then because it reads as text.

use ultra_core::kind::ErrorKind;

use crate::decode;
use crate::error::DocError;
use crate::media;

/// How the bytes of a document are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A PDF.
    Pdf,
    /// Text, to be decoded.
    Text,
}

/// Signatures at a fixed offset: `(offset, bytes, what it is)`.
const SIGNATURES: &[(usize, &[u8], &str)] = &[
    (0, b"\x1F\x8B", "gzip data"),
    (0, b"BZh", "bzip2 data"),
    (0, b"\xFD7zXZ\0", "xz data"),
    (0, b"\x28\xB5\x2F\xFD", "zstd data"),
    (0, b"7z\xBC\xAF\x27\x1C", "a 7z archive"),
    (0, b"Rar!\x1A\x07", "a RAR archive"),
    (257, b"ustar", "a tar archive"),
    (0, b"\x89PNG\r\n\x1A\n", "a PNG image"),
    (0, b"\xFF\xD8\xFF", "a JPEG image"),
    (0, b"GIF87a", "a GIF image"),
    (0, b"GIF89a", "a GIF image"),
    (8, b"WEBP", "a WebP image"),
    (0, b"II*\0", "a TIFF image"),
    (0, b"MM\0*", "a TIFF image"),
    (4, b"ftyp", "an MP4, HEIC or AVIF file"),
    (0, b"OggS", "an Ogg file"),
    (0, b"fLaC", "a FLAC file"),
    (0, b"ID3", "an MP3 file"),
    (8, b"WAVE", "a WAV file"),
    (0, b"\x7FELF", "an ELF program"),
    (0, b"\xCA\xFE\xBA\xBE", "a Java class or a Mach-O program"),
    (0, b"\xCF\xFA\xED\xFE", "a Mach-O program"),
    (0, b"\0asm", "a WebAssembly module"),
    (0, b"SQLite format 3\0", "an SQLite database"),
    (0, b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", "an old Word, Excel or PowerPoint file"),
    (0, b"{\\rtf", "a Rich Text file"),
    (0, b"%!PS-Adobe", "a PostScript file"),
];

/// Decides by content how `bytes` are read. A file that is several things at once is what it begins as.
///
/// # Errors
/// `doc.empty` without bytes; `doc.type`, naming what it looks like, when it is not text and not a PDF.
pub fn kind(bytes: &[u8]) -> Result<Kind, DocError> {
    if bytes.is_empty() {
        return Err(DocError::new(ErrorKind::DocEmpty, "it is empty (0 bytes)"));
    }
    if bytes.trim_ascii_start().starts_with(b"%PDF-") {
        return Ok(Kind::Pdf);
    }
    if let Some(what) = signature(bytes) {
        return Err(not_readable(what));
    }
    if decode::is_wide(bytes) {
        return Ok(Kind::Text);
    }
    match binary_offset(bytes) {
        None => Ok(Kind::Text),
        Some(_) if late_pdf(bytes) => Ok(Kind::Pdf),
        Some(offset) => Err(not_readable(&format!("binary data (a control byte at offset {offset})"))),
    }
}

/// Refuses decoded text that holds characters no text has.
///
/// # Errors
/// `doc.type`.
pub fn check_text(text: &str) -> Result<(), DocError> {
    match text.bytes().position(|byte| byte == 0) {
        Some(offset) => Err(not_readable(&format!("binary data (a NUL at offset {offset} of its text)"))),
        None => Ok(()),
    }
}

/// The media type of decoded text, and of a file called `name` if it has a name.
pub fn text_media(text: &str, name: Option<&str>) -> &'static str {
    if looks_like_html(text) {
        return "text/html";
    }
    let named = name.and_then(media::by_name);
    let shown = named.or_else(|| media::by_shebang(text));
    shown.unwrap_or(if name.is_none() && starts_like_markdown(text) { "text/markdown" } else { "text/plain" })
}

fn not_readable(what: &str) -> DocError {
    DocError::new(
        ErrorKind::DocType,
        format!(
            "it looks like {what}, which has no text that can be read; convert it to PDF, HTML or text first"
        ),
    )
}

fn signature(bytes: &[u8]) -> Option<&'static str> {
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") {
        return Some(zip_flavour(&bytes[..bytes.len().min(4096)]));
    }
    if bytes.starts_with(b"MZ") && bytes.contains(&0) {
        return Some("a Windows program");
    }
    let matches = |offset: usize, magic: &[u8]| {
        bytes.get(offset..).is_some_and(|rest| rest.starts_with(magic))
            && (magic.len() > 3 || !bytes.is_ascii())
    };
    SIGNATURES.iter().find(|(offset, magic, _)| matches(*offset, magic)).map(|(_, _, what)| *what)
}

fn zip_flavour(head: &[u8]) -> &'static str {
    let has = |needle: &[u8]| head.windows(needle.len()).any(|window| window == needle);
    if has(b"word/") {
        "a Word document"
    } else if has(b"xl/") {
        "an Excel workbook"
    } else if has(b"ppt/") {
        "a PowerPoint presentation"
    } else if has(b"application/epub+zip") {
        "an EPUB book"
    } else if has(b"application/vnd.oasis.opendocument") {
        "an OpenDocument file"
    } else {
        "a ZIP archive"
    }
}

/// The first byte that shows that `bytes` are no text in any encoding: a NUL, or one control byte of many.
fn binary_offset(bytes: &[u8]) -> Option<usize> {
    let nul = bytes.iter().position(|byte| *byte == 0);
    let odd = |byte: &u8| matches!(byte, 0x01..=0x06 | 0x0E..=0x1A | 0x1C..=0x1F | 0x7F);
    let sample = &bytes[..bytes.len().min(64 * 1024)];
    let many = sample.iter().filter(|byte| odd(byte)).count() * 50 > sample.len();
    nul.or_else(|| many.then(|| sample.iter().position(odd)).flatten())
}

/// A PDF behind a little of something else, as readers tolerate it.
fn late_pdf(bytes: &[u8]) -> bool {
    bytes[..bytes.len().min(1024)].windows(5).any(|window| window == b"%PDF-")
}

/// Whether the text begins as an HTML document does; a fragment of tags may as well be Markdown.
fn looks_like_html(text: &str) -> bool {
    let mut rest = text.trim_start();
    loop {
        let after = if rest.starts_with("<!--") {
            rest.split_once("-->")
        } else if rest.starts_with("<?xml") {
            rest.split_once("?>")
        } else {
            break;
        };
        match after {
            Some((_, after)) => rest = after.trim_start(),
            None => return false,
        }
    }
    let starts = |tag: &str| rest.get(..tag.len()).is_some_and(|head| head.eq_ignore_ascii_case(tag));
    ["<!doctype html", "<html>", "<html ", "<html\n", "<head>", "<body>", "<body "].into_iter().any(starts)
}

fn starts_like_markdown(text: &str) -> bool {
    let first = text.trim_start().lines().next().unwrap_or_default();
    let title = first.trim_start_matches('#');
    (1..=6).contains(&(first.len() - title.len())) && title.starts_with(' ')
}

#[cfg(test)]
mod tests;
