//! What was lost or suspicious in a PDF, gathered over its pages.

use ultra_core::kind::ErrorKind;
use unpdf::Page;

use crate::error::DocError;

/// How many page numbers a warning names.
const NAMED: usize = 8;

/// Pages by what there is to say about them.
#[derive(Debug, Default)]
pub(super) struct Notes {
    pages: u32,
    images_only: Vec<u32>,
    unreadable: Vec<u32>,
    lost_streams: Vec<u32>,
    lost_fonts: Vec<u32>,
    lost_ocr: Vec<u32>,
    invisible: Vec<u32>,
}

impl Notes {
    pub(super) fn page(&mut self, page: &Page) {
        self.pages += 1;
        let mut note = |list: fn(&mut Self) -> &mut Vec<u32>, holds: bool| {
            if holds {
                list(self).push(page.number);
            }
        };
        note(|notes| &mut notes.images_only, page.is_empty() && page.image_op_count > 0);
        note(|notes| &mut notes.lost_streams, page.undecodable_content_streams > 0);
        note(|notes| &mut notes.lost_fonts, page.suppressed_text_runs > 0 || page.undecoded_text_codes > 0);
        note(|notes| &mut notes.lost_ocr, page.ocr_text_suppressed);
        note(|notes| &mut notes.invisible, page.invisible_text_chars > 0 && !page.ocr_text_suppressed);
    }

    pub(super) fn unreadable(&mut self, page: u32) {
        self.pages += 1;
        self.unreadable.push(page);
    }

    /// The error for a document without any text.
    pub(super) fn why_empty(&self) -> DocError {
        let why = if self.pages == 0 {
            "it has no pages"
        } else if !self.unreadable.is_empty() || !self.lost_streams.is_empty() {
            return DocError::new(ErrorKind::DocDamaged, "none of its pages can be read; save it anew");
        } else if !self.lost_fonts.is_empty() {
            "its fonts do not say which characters they show; it needs OCR (`ocrmypdf --force-ocr`)"
        } else if !self.images_only.is_empty() || !self.lost_ocr.is_empty() {
            "it has images and no text layer; it needs OCR (`ocrmypdf`)"
        } else {
            "it has no text layer; if its pages show text, it needs OCR (`ocrmypdf --force-ocr`)"
        };
        DocError::new(ErrorKind::DocEmpty, why)
    }

    pub(super) fn into_warnings(self) -> Vec<String> {
        [
            (self.unreadable, "could not be read"),
            (self.lost_streams, "lost content that could not be unpacked"),
            (self.lost_fonts, "lost characters of fonts that do not say what they show"),
            (self.lost_ocr, "lost a text layer that made no sense"),
            (self.images_only, "only images, and no text layer"),
            (self.invisible, "hidden: text that is not shown to readers; it is kept"),
        ]
        .into_iter()
        .filter(|(pages, _)| !pages.is_empty())
        .map(|(pages, what)| format!("{}: {what}", list(&pages)))
        .collect()
    }
}

fn list(pages: &[u32]) -> String {
    let named: Vec<_> = pages.iter().take(NAMED).map(u32::to_string).collect();
    let more = pages.len().saturating_sub(NAMED);
    let word = if pages.len() == 1 { "page" } else { "pages" };
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{word} {}{rest}", named.join(", "))
}
