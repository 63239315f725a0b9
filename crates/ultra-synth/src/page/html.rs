//! The synthesis as one HTML page: no script, nothing from elsewhere, dark or light as the reader likes it.
//!
//! Answers are Markdown from outside. HTML in them is shown and not obeyed, links lead to pages and mail only, and
//! pictures are links, so that opening the page tells nobody.

use std::borrow::Cow;

use pulldown_cmark::{CowStr, Event, HeadingLevel, LinkType, Options, Parser, Tag, TagEnd, html};

use crate::visible::visible;

const STYLE: &str = include_str!("style.css");

/// The beginning of a page, to the place where sections stand.
pub(crate) fn head(title: &str) -> String {
    // The policy forbids whatever an answer might still have smuggled in.
    format!(
        "<!doctype html>\n<html lang=\"\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n<meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n",
        escape(title)
    )
}

/// The end of a page.
pub(crate) const TAIL: &str = "</main>\n</body>\n</html>\n";

/// Text between tags and in attributes.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in visible(text).chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// Markdown from outside as HTML. Its headings stand below those of the page.
pub(crate) fn markdown(text: &str) -> String {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let text = visible(text);
    // One entry for each open link, since only some of them become links.
    let mut links = Vec::new();
    let events = Parser::new_ext(&text, options).filter_map(|event| tame(event, &mut links));
    let mut page = String::with_capacity(text.len() * 3 / 2);
    html::push_html(&mut page, events);
    page
}

/// Takes the power out of an event; `None` leaves it out.
fn tame<'a>(event: Event<'a>, links: &mut Vec<bool>) -> Option<Event<'a>> {
    Some(match event {
        Event::Html(raw) | Event::InlineHtml(raw) => Event::Text(raw),
        Event::Start(Tag::HtmlBlock) => Event::Start(Tag::Paragraph),
        Event::End(TagEnd::HtmlBlock) => Event::End(TagEnd::Paragraph),
        Event::Start(Tag::Heading { level, .. }) => Event::Start(Tag::Heading {
            level: lower(level),
            id: None,
            classes: Vec::new(),
            attrs: Vec::new(),
        }),
        Event::End(TagEnd::Heading(level)) => Event::End(TagEnd::Heading(lower(level))),
        Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
            let leads = is_harmless(&dest_url);
            links.push(leads);
            if !leads {
                return None;
            }
            Event::Start(Tag::Link {
                link_type: LinkType::Inline,
                dest_url,
                title: CowStr::Borrowed(""),
                id: CowStr::Borrowed(""),
            })
        }
        Event::End(TagEnd::Link | TagEnd::Image) => {
            links.pop().filter(|leads| *leads).map(|_| Event::End(TagEnd::Link))?
        }
        other => other,
    })
}

/// Whether a link leads to a page or to mail.
fn is_harmless(url: &str) -> bool {
    let scheme: Cow<'_, str> =
        url.split_once(':').map_or(Cow::Borrowed(""), |(scheme, _)| scheme.to_ascii_lowercase().into());
    matches!(scheme.as_ref(), "http" | "https" | "mailto")
}

fn lower(level: HeadingLevel) -> HeadingLevel {
    match level {
        HeadingLevel::H1 => HeadingLevel::H3,
        HeadingLevel::H2 => HeadingLevel::H4,
        HeadingLevel::H3 => HeadingLevel::H5,
        _ => HeadingLevel::H6,
    }
}

#[cfg(test)]
mod tests;
