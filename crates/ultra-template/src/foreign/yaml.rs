//! As much YAML as prompt templates need: mappings, sequences and scalars, in bounds.

use saphyr_parser::{Event, Parser, ScalarStyle};

/// The deepest nesting that is read.
const DEPTH: usize = 32;

/// A value and the line on which it or its key begins, from 1.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    pub(super) line: usize,
    pub(super) value: Yaml,
}

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Yaml {
    /// Text; `None` for nothing at all, `~` or `null`.
    Scalar(Option<String>),
    Sequence(Vec<Node>),
    Mapping(Vec<(String, Node)>),
}

/// What is wrong, and on which line.
pub(super) type Wrong = (usize, String);

/// Reads one YAML document.
pub(super) fn read(text: &str) -> Result<Node, Wrong> {
    let mut open: Vec<Open> = Vec::new();
    let mut root = None;
    for step in Parser::new_from_str(text) {
        let (event, span) = step.map_err(|cause| (cause.marker().line(), cause.info().to_owned()))?;
        let line = span.start.line();
        let value = match event {
            Event::Alias(_) => return Err((line, "aliases (`*name`) are not read".into())),
            Event::DocumentStart(_) if root.is_some() => {
                return Err((line, "there is a second document".into()));
            }
            Event::MappingStart(..) | Event::SequenceStart(..) if open.len() >= DEPTH => {
                return Err((line, format!("nested deeper than {DEPTH}")));
            }
            Event::MappingStart(..) => {
                open.push(Open { line, key: None, value: Yaml::Mapping(Vec::new()) });
                continue;
            }
            Event::SequenceStart(..) => {
                open.push(Open { line, key: None, value: Yaml::Sequence(Vec::new()) });
                continue;
            }
            Event::MappingEnd | Event::SequenceEnd => match open.pop() {
                Some(open) => Node { line: open.line, value: open.value },
                None => continue,
            },
            Event::Scalar(text, style, ..) => {
                let nothing =
                    style == ScalarStyle::Plain && matches!(&*text, "" | "~" | "null" | "Null" | "NULL");
                Node { line, value: Yaml::Scalar((!nothing).then(|| text.into_owned())) }
            }
            _ => continue,
        };
        match open.last_mut() {
            Some(parent) => parent.add(value)?,
            None => root = Some(value),
        }
    }
    Ok(root.unwrap_or(Node { line: 1, value: Yaml::Scalar(None) }))
}

/// A collection that has not ended.
struct Open {
    line: usize,
    key: Option<(usize, String)>,
    value: Yaml,
}

impl Open {
    fn add(&mut self, mut node: Node) -> Result<(), Wrong> {
        match (&mut self.value, self.key.take()) {
            (Yaml::Mapping(entries), Some((line, key))) => {
                node.line = line;
                if entries.iter().any(|(other, _)| *other == key) {
                    return Err((node.line, format!("`{}` stands there twice", key.escape_debug())));
                }
                entries.push((key, node));
            }
            (Yaml::Mapping(_), None) => match node.value {
                Yaml::Scalar(key) => self.key = Some((node.line, key.unwrap_or_default())),
                _ => return Err((node.line, "a key must be text".into())),
            },
            (Yaml::Sequence(items), _) => items.push(node),
            (Yaml::Scalar(_), _) => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Node, Yaml, read};

    fn text(node: &Node) -> &str {
        match &node.value {
            Yaml::Scalar(Some(text)) => text,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn block_texts_and_quotes_are_read_as_written() {
        let node =
            read("a: |\n  one\n  two\nb: >\n  three\n  four\nc: 'it''s'\nd: ~\ne: [1, {f: \"\\u00e9\"}]\n");
        let Yaml::Mapping(entries) = node.expect("reads").value else { panic!("a mapping") };
        assert_eq!(text(&entries[0].1), "one\ntwo\n");
        assert_eq!(text(&entries[1].1), "three four\n");
        assert_eq!(text(&entries[2].1), "it's");
        assert_eq!((entries[3].1.line, &entries[3].1.value), (8, &Yaml::Scalar(None)));
        assert!(matches!(&entries[4].1.value, Yaml::Sequence(items) if items.len() == 2));
    }

    #[test]
    fn what_could_grow_or_mislead_is_refused() {
        for (text, line, expected) in [
            ("a: &x 1\nb: *x\n", 2, "aliases"),
            ("a: 1\na: 2\n", 2, "twice"),
            ("a: 1\n---\nb: 2\n", 2, "second document"),
            ("[a]: 1\n", 1, "a key must be text"),
            ("a: 'open\n", 1, ""),
        ] {
            let (at, message) = read(text).expect_err(text);
            assert!(message.contains(expected), "{text:?}: {message}");
            assert!(at >= line, "{text:?}: line {at}");
        }
        for open in ["[", "{a: ", "- "] {
            assert!(read(&open.repeat(100_000)).is_err(), "{open}");
        }
    }
}
