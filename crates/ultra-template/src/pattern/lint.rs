//! What a pattern does that is allowed, and hardly ever meant.

use ultra_core::kind::ErrorKind;

use super::{Pattern, Step};
use crate::fault::Fault;
use crate::foreign::LONG;

impl Pattern {
    /// What whoever wrote the pattern should look at: missing descriptions, names that nothing uses, and layouts that
    /// let data pass for instructions.
    pub fn lints(&self) -> Vec<Fault> {
        let mut lints = Vec::new();
        if self.when.as_deref().is_none_or(|when| when.trim().is_empty()) {
            let lint = self.fault(ErrorKind::TemplatePattern, "`when` is missing");
            lints.push(lint.hint("say when to use the pattern; people and `suggest` choose by it"));
        }
        lints.extend(self.unused());
        for (at, step) in self.steps().enumerate() {
            lints.extend(self.long(step));
            if at == 0 {
                lints.extend(open_end(step));
            } else if step.uses("prompt") {
                let message = "`prompt` stands bare among the instructions, so text in it can pass for one";
                lints.push(at_line(step, message, "prompt").hint("write `{{ question }}`, which is framed"));
            }
        }
        lints.sort_by_key(|lint| lint.line);
        lints
    }

    /// The templates in order, that of the synthesis last.
    fn steps(&self) -> impl Iterator<Item = &Step> {
        self.stages.iter().map(|stage| &stage.step).chain([&self.ultra.step])
    }

    /// Variables and roles that nothing uses.
    fn unused(&self) -> Vec<Fault> {
        let mut lints = Vec::new();
        // A template that shows all of `vars` shows each.
        let shows_all = self.steps().any(|step| step.used.contains("vars"));
        for name in self.variables.keys().filter(|_| !shows_all) {
            let path = format!("vars.{name}");
            if !self.steps().any(|step| step.uses(&path)) {
                let lint =
                    self.fault(ErrorKind::TemplatePattern, format!("the variable `{name}` is not used"));
                lints.push(lint.hint(format!("show it as `{{{{ {path} }}}}`, or take it out")));
            }
        }
        let in_turn = self.stages.iter().flat_map(|stage| &stage.roles);
        let taken: Vec<_> = self.steps().filter_map(|step| step.role.as_ref()).chain(in_turn).collect();
        for name in self.roles.keys().filter(|name| !taken.contains(name)) {
            let lint =
                self.fault(ErrorKind::TemplatePattern, format!("the role `{name}` is given to no stage"));
            lints.push(lint.hint("give it with `role` or `roles`; or only users give it, with --role"));
        }
        lints
    }

    fn long(&self, step: &Step) -> Option<Fault> {
        let role = self.role(step).map_or(0, str::len);
        let size = step.template.len() + role;
        let message = format!("{size} bytes of instructions, for every model and prompt");
        (size > LONG).then(|| {
            Fault::new(ErrorKind::TemplatePattern, &step.place.file, message)
                .at(step.place.line)
                .hint("shorter instructions are followed better and cost less")
        })
    }
}

/// Instructions behind the user's text in the first stage, where no frame tells where that text ends.
fn open_end(step: &Step) -> Option<Fault> {
    let (name, end) = ["prompt", "question"]
        .into_iter()
        .filter_map(|name| Some((name, last_tag(&step.template, name)?)))
        .max_by_key(|(_, end)| *end)?;
    let behind = without_tags(&step.template[end..]);
    behind.chars().any(char::is_alphanumeric).then(|| {
        let message =
            format!("instructions follow `{name}`, and nothing tells where the text of the user ends");
        at_line(step, &message, name).hint("put the instructions first and the text of the user last")
    })
}

fn at_line(step: &Step, message: &str, name: &str) -> Fault {
    let line = last_tag(&step.template, name).map_or(0, |end| step.template[..end].matches('\n').count());
    Fault::new(ErrorKind::TemplatePattern, &step.place.file, message).at(step.place.line + line)
}

/// The end of the last tag that prints `name`.
fn last_tag(template: &str, name: &str) -> Option<usize> {
    let tags = template.match_indices("{{").filter_map(|(at, _)| {
        let end = at + template[at..].find("}}")? + 2;
        let inner = template[at + 2..end - 2].trim_matches(['-', '+']).trim();
        (inner == name).then_some(end)
    });
    tags.last()
}

/// The text that a template sends whatever its data.
fn without_tags(template: &str) -> String {
    let mut text = String::new();
    let mut rest = template;
    while let Some(at) = rest.find("{%").into_iter().chain(rest.find("{{")).chain(rest.find("{#")).min() {
        text.push_str(&rest[..at]);
        let close = match &rest[at..at + 2] {
            "{%" => "%}",
            "{{" => "}}",
            _ => "#}",
        };
        rest = rest[at..].split_once(close).map_or("", |(_, rest)| rest);
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    const HEAD: &str = "name = \"a\"\nversion = 1\npurpose = \"p\"\n";
    const ULTRA: &str = "[ultra]\ntemplate = \"{{ question }} {{ answers }}\"\n";

    fn lints(head: &str, first: &str, ultra: &str) -> Vec<String> {
        let text = format!("{HEAD}{head}[[stages]]\nname = \"s\"\ntemplate = '''\n{first}\n'''\n{ultra}");
        let pattern = Pattern::parse(&text, "a.toml").unwrap_or_else(|faults| panic!("{faults}"));
        pattern.lints().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_pattern_with_all_that_belongs_to_it_is_left_alone() {
        assert_eq!(lints("when = \"w\"\n", "Say it.\n{{ question }}{# end #}", ULTRA), [""; 0]);
    }

    #[test]
    fn what_is_missing_or_unused_is_told() {
        let head = "[roles]\nr = \"R\"\n[variables.x]\ndefault = \"\"\n";
        let found = lints(head, "{{ question }}", ULTRA);
        let beginnings =
            ["`when` is missing", "the variable `x` is not used", "the role `r` is given to no stage"];
        assert_eq!(found.len(), 3, "{found:?}");
        for (found, beginning) in found.iter().zip(beginnings) {
            assert!(found.starts_with(&format!("a.toml: {beginning}; ")), "{found}");
        }
        assert_eq!(
            lints("when = \"w\"\n[variables.x]\ndefault = \"\"\n", "{{ vars.x }}{{ question }}", ULTRA),
            [""; 0]
        );
    }

    #[test]
    fn layouts_in_which_data_can_pass_for_instructions_are_told_with_their_line() {
        let when = "when = \"w\"\n";
        let found = lints(when, "Sum this up:\n{{ prompt }}\nBe brief.", ULTRA);
        assert!(found[0].starts_with("a.toml:9: instructions follow `prompt`"), "{found:?}");
        let bare = "[ultra]\ntemplate = \"Say {{ prompt }} {{ answers }}\"\n";
        let found = lints(when, "{{ question }}", bare);
        assert!(found[0].starts_with("a.toml:11: `prompt` stands bare"), "{found:?}");
        let found = lints(when, &format!("{}{{{{ question }}}}", "word ".repeat(4000)), ULTRA);
        assert!(found[0].starts_with("a.toml:8: 20014 bytes of instructions"), "{found:?}");
    }
}
