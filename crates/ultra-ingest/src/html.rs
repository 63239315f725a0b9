//! HTML to Markdown. Nothing is fetched and nothing is run: links and images stay addresses.

mod tree;

use htmd::options::{BulletListMarker, Options};
use htmd::{Element, HtmlToMarkdown};
use ultra_core::kind::ErrorKind;

use crate::error::DocError;
use crate::parsed::Parsed;

/// The deepest nesting that is read; browsers stop here too.
pub const MAX_DEPTH: usize = 512;

/// Converts a whole document.
///
/// # Errors
/// `doc.depth` beyond [`MAX_DEPTH`].
pub fn read(html: &str) -> Result<Parsed, DocError> {
    let tree = tree::parse(html)?;
    let found = tree::prune(&tree.document)?;
    let options = Options {
        bullet_list_marker: BulletListMarker::Dash,
        ul_bullet_spacing: 1,
        ol_number_spacing: 1,
        ..Options::default()
    };
    let converter = HtmlToMarkdown::builder()
        .options(options)
        .add_handler(vec!["img"], |_: &dyn htmd::element_handler::Handlers, element: Element| image(&element))
        .build();
    let mut parsed = Parsed { text: converter.tree_to_markdown(&tree.document), ..Parsed::default() };
    parsed.fact("title", &found.title);
    parsed.fact("author", &found.author);
    parsed.fact("language", &found.language);
    if found.hidden > 0 {
        let elements = if found.hidden == 1 { "element is" } else { "elements are" };
        parsed
            .warnings
            .push(format!("hidden: {} {elements} not shown to readers; the text is kept", found.hidden));
    }
    Ok(parsed)
}

/// An image as its description and address; an image that is inside the document has no address.
fn image(element: &Element) -> Option<htmd::element_handler::HandlerResult> {
    let attribute = |name: &str| {
        let found = element.attrs.iter().find(|attribute| &*attribute.name.local == name)?;
        Some(found.value.split_whitespace().collect::<Vec<_>>().join(" "))
    };
    let clean = |text: String| text.replace(['[', ']', '(', ')', '<', '>'], " ");
    let alt = attribute("alt").map(clean).unwrap_or_default();
    let source = attribute("src").filter(|source| !source.starts_with("data:")).unwrap_or_default();
    if alt.is_empty() && source.is_empty() {
        return None;
    }
    Some(format!("![{alt}]({})", source.replace(' ', "%20").replace('(', "%28").replace(')', "%29")).into())
}

fn too_deep() -> DocError {
    DocError::new(
        ErrorKind::DocDepth,
        format!("its elements are nested deeper than {MAX_DEPTH} levels; simplify it or convert it to text"),
    )
}

#[cfg(test)]
mod tests;
