//! PDF to Markdown, page by page. Nothing in the file is run; images are not read.
//!
//! This runs only in the process that [`crate::worker`] starts, because a hostile file can take all memory,
//! all time, or the stack.

mod notes;

use std::ops::ControlFlow;

use ultra_core::kind::ErrorKind;
use unpdf::{
    CleanupOptions, Document, Error, FormField, Page, PageStreamOptions, ParseEvent, PdfParser,
    RenderOptions, render,
};

use crate::error::DocError;
use crate::parsed::{Fact, Pages, Parsed};
use notes::Notes;

/// Reads a PDF, hands each page's text to `sink`, and returns what there is to say about the whole.
///
/// # Errors
/// `doc.encrypted`, `doc.damaged`; `doc.empty` when no page has text; what `sink` returns.
pub(crate) fn read(
    bytes: &[u8],
    mut sink: impl FnMut(&str) -> Result<(), DocError>,
) -> Result<Parsed, DocError> {
    let parser = PdfParser::from_bytes(bytes).map_err(|error| refused(&error))?;
    let mut parsed = Parsed::default();
    let mut notes = Notes::default();
    let mut written = 0_u64;
    let mut pages = Vec::new();
    let mut put = |page: &Document| -> Result<(), DocError> {
        let text = markdown(page)?;
        if text.is_empty() {
            return Ok(());
        }
        if written > 0 {
            sink("\n\n")?;
            written += 2;
        }
        pages.extend(page.pages.first().map(|page| (written, u64::from(page.number))));
        written += text.len() as u64;
        sink(&text)
    };
    let mut fields = Vec::new();
    let mut failed = None;
    let options = PageStreamOptions { emit_progress_every: u32::MAX, ..PageStreamOptions::default() };
    let outcome = parser.for_each_page(options, |event| {
        let done = match event {
            ParseEvent::DocumentStart { metadata, page_count, form_fields, .. } => {
                parsed.fact("title", metadata.title.as_deref().unwrap_or_default());
                parsed.fact("author", metadata.author.as_deref().unwrap_or_default());
                parsed.fact("subject", metadata.subject.as_deref().unwrap_or_default());
                parsed.meta.push(("pages".to_owned(), Fact::Number(page_count.into())));
                fields = form_fields;
                Ok(())
            }
            ParseEvent::PageParsed(page) => {
                notes.page(&page);
                put(&one_page(page))
            }
            ParseEvent::PageFailed { page, .. } => {
                notes.unreadable(page);
                Ok(())
            }
            ParseEvent::Progress { .. } | ParseEvent::DocumentEnd { .. } => Ok(()),
        };
        match done {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                failed = Some(error);
                ControlFlow::Break(())
            }
        }
    });
    if let Some(error) = failed {
        return Err(error);
    }
    outcome.map_err(|error| refused(&error))?;
    fields.retain(|field: &FormField| !field.display_value().is_empty());
    if !fields.is_empty() {
        put(&Document { form_fields: fields, ..Document::new() })?;
    }
    if written == 0 {
        return Err(notes.why_empty());
    }
    parsed.warnings = notes.into_warnings();
    parsed.pages = Pages(pages);
    Ok(parsed)
}

fn one_page(page: Page) -> Document {
    let mut document = Document::new();
    document.add_page(page);
    document
}

/// The text of a page: lines joined to paragraphs, hyphens and ligatures undone, nothing left out.
fn markdown(page: &Document) -> Result<String, DocError> {
    let cleanup = CleanupOptions {
        remove_replacement_char: false,
        drop_punctuation_only_lines: false,
        ..CleanupOptions::standard()
    };
    let options = RenderOptions::new().with_cleanup(cleanup);
    let text = render::to_markdown(page, &options).map_err(|error| refused(&error))?;
    Ok(text.trim().to_owned())
}

fn refused(error: &Error) -> DocError {
    match error {
        Error::Encrypted | Error::InvalidPassword => DocError::new(
            ErrorKind::DocEncrypted,
            "it is protected by a password; save a copy without one (`qpdf --decrypt`) and read that",
        ),
        error => DocError::new(
            ErrorKind::DocDamaged,
            format!("it is not a PDF that can be read ({error}); save it anew"),
        ),
    }
}

#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
mod tests;
