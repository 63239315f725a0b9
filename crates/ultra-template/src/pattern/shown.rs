//! Templates as people read them: what they include stands where it is included.

use super::{Pattern, Step};

/// The deepest includes that are spelled out.
const DEPTH: usize = 8;

impl Pattern {
    /// The template of a step, with the texts that it includes in their places.
    pub fn spelled_out(&self, step: &Step) -> String {
        self.with_includes(&step.template, DEPTH)
    }

    fn with_includes(&self, template: &str, depth: usize) -> String {
        let mut text = String::new();
        let mut rest = template;
        while let Some((before, tag, after)) = first_tag(rest) {
            text.push_str(before);
            match included(tag).and_then(|path| self.part(path)).filter(|_| depth > 0) {
                Some(part) => text.push_str(self.with_includes(&part, depth - 1).trim_end_matches('\n')),
                None => text.push_str(tag),
            }
            rest = after;
        }
        text + rest
    }

    /// The text at a path, in the pattern's own directory or the built-in set.
    fn part(&self, path: &str) -> Option<String> {
        let (name, _) = self.parts.iter().find(|(name, _)| {
            *name == path || name.strip_prefix(crate::root::Set::BuiltIn.prefix()) == Some(path)
        })?;
        self.engine.get_template(name).ok().map(|template| template.source().to_owned())
    }
}

/// The first block tag, with what stands before and after it.
fn first_tag(text: &str) -> Option<(&str, &str, &str)> {
    let start = text.find("{%")?;
    let end = start + text[start..].find("%}")? + 2;
    Some((&text[..start], &text[start..end], &text[end..]))
}

/// The path in an include tag.
fn included(tag: &str) -> Option<&str> {
    let inner = tag.trim_start_matches(['{', '%', '-', '+']).trim_end_matches(['}', '%', '-', '+']);
    let path = inner.trim().strip_prefix("include")?.trim();
    let quote = path.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    path.strip_prefix(quote)?.strip_suffix(quote)
}

#[cfg(test)]
mod tests {
    use crate::library;

    #[test]
    fn includes_stand_in_their_places() {
        let nothing = |_: &std::path::Path| Err(std::io::ErrorKind::NotFound.into());
        for (name, _) in library::built_in() {
            let pattern = library::find(name, &[], &nothing).expect("built in");
            for step in pattern.stages.iter().map(|stage| &stage.step).chain([&pattern.ultra.step]) {
                let text = pattern.spelled_out(step);
                assert!(!text.contains("include "), "{name}: {text}");
                assert!(text.len() + 100 > step.template.len(), "{name}: {text}");
            }
        }
    }
}
