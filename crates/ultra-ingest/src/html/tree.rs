//! The tree of an HTML document: parsed with a bound on its depth, and freed of what is not text.

use std::rc::Rc;

use html5ever::tendril::TendrilSink;
use html5ever::{ParseOpts, parse_document};
use markup5ever_rcdom::{Handle, NodeData, RcDom};

use super::{MAX_DEPTH, too_deep};
use crate::error::DocError;

/// How much is parsed between two looks at the depth. The parser searches its open elements for every tag, so
/// the depth must be stopped while it grows and not after.
const STEP: usize = 4096;

/// Elements that hold no text for a reader.
const DROPPED: &[&str] = &[
    "head", "script", "style", "noscript", "svg", "math", "nav", "template", "iframe", "object", "embed",
    "canvas", "audio", "video", "map", "select", "datalist", "button", "input", "textarea", "progress",
    "meter",
];

/// What the document says about itself.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) title: String,
    pub(super) author: String,
    pub(super) language: String,
    /// Elements that a browser would not show.
    pub(super) hidden: usize,
}

/// Parses `html`.
pub(super) fn parse(html: &str) -> Result<RcDom, DocError> {
    let mut parser = parse_document(RcDom::default(), ParseOpts::default());
    let mut rest = html;
    while !rest.is_empty() {
        let (step, after) = rest.split_at(rest.floor_char_boundary(STEP.min(rest.len())));
        parser.process(step.into());
        rest = after;
        let root = Rc::clone(&parser.tokenizer.sink.sink.document);
        if last_depth(root) > MAX_DEPTH {
            return Err(too_deep());
        }
    }
    Ok(parser.finish())
}

/// How deep the element stands that was added last.
fn last_depth(root: Handle) -> usize {
    let (mut node, mut depth) = (root, 0);
    loop {
        let last = node.children.borrow().last().cloned();
        match last {
            Some(last) => (node, depth) = (last, depth + 1),
            None => return depth,
        }
    }
}

/// Removes what is not text for a reader, and notes what the document says about itself.
pub(super) fn prune(root: &Handle) -> Result<Found, DocError> {
    let mut found = Found::default();
    let mut open = vec![(Rc::clone(root), 0)];
    while let Some((node, depth)) = open.pop() {
        if depth > MAX_DEPTH {
            return Err(too_deep());
        }
        for child in node.children.borrow().iter() {
            inspect(child, &mut found);
        }
        node.children.borrow_mut().retain(|child| match &child.data {
            NodeData::Element { name, .. } => !DROPPED.contains(&&*name.local),
            NodeData::Comment { .. } | NodeData::ProcessingInstruction { .. } => false,
            _ => true,
        });
        open.extend(node.children.borrow().iter().map(|child| (Rc::clone(child), depth + 1)));
    }
    Ok(found)
}

fn inspect(node: &Handle, found: &mut Found) {
    let Some(name) = element(node) else { return };
    match name {
        "html" => found.language = attribute(node, "lang").unwrap_or_default(),
        "head" => head(node, found),
        _ if !DROPPED.contains(&name) && is_hidden(node) => found.hidden += 1,
        _ => {}
    }
}

fn head(node: &Handle, found: &mut Found) {
    for child in node.children.borrow().iter() {
        match element(child) {
            Some("title") if found.title.is_empty() => {
                for text in child.children.borrow().iter() {
                    if let NodeData::Text { contents } = &text.data {
                        found.title.push_str(&contents.borrow());
                    }
                }
            }
            Some("meta")
                if attribute(child, "name").is_some_and(|name| name.eq_ignore_ascii_case("author")) =>
            {
                found.author = attribute(child, "content").unwrap_or_default();
            }
            _ => {}
        }
    }
}

fn element(node: &Handle) -> Option<&str> {
    match &node.data {
        NodeData::Element { name, .. } => Some(&name.local),
        _ => None,
    }
}

fn attribute(node: &Handle, wanted: &str) -> Option<String> {
    let NodeData::Element { attrs, .. } = &node.data else { return None };
    let attrs = attrs.borrow();
    attrs.iter().find(|attribute| &*attribute.name.local == wanted).map(|found| found.value.to_string())
}

/// Whether the element says itself that it is not shown; style sheets are not read.
fn is_hidden(node: &Handle) -> bool {
    if attribute(node, "hidden").is_some() {
        return true;
    }
    let style = attribute(node, "style").unwrap_or_default();
    let style: String = style.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_ascii_lowercase();
    ["display:none", "visibility:hidden", "font-size:0"].iter().any(|rule| style.contains(rule))
}
