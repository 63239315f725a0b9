//! From the text of a pattern file to a pattern, with everything that is wrong with it.

use toml::Spanned;
use ultra_core::id::blake3_hex;
use ultra_core::kind::ErrorKind;

use super::{Pattern, Stage, Step, trial};
use crate::engine::{self, Place};
use crate::fault::{Fault, Faults};
use crate::file::{Audience, File};
use crate::placeholder::{self, Known};

/// The largest pattern file, in bytes.
const MAX_FILE: usize = 1 << 20;
/// Names that mean something else in a template.
const RESERVED: &[&str] =
    &["prompt", "documents", "question", "vars", "own", "others", "answers", "fallback", "loop", "ultra"];

impl Pattern {
    /// Reads the text of a pattern file; `file` is what faults call it.
    ///
    /// # Errors
    /// Everything that is wrong with the file, each with its line.
    pub fn parse(text: &str, file: &str) -> Result<Self, Faults> {
        if text.len() > MAX_FILE {
            let message = format!("{} bytes are too many for a pattern; at most {MAX_FILE}", text.len());
            return Err(Fault::new(ErrorKind::TemplateSyntax, file, message).into());
        }
        let read: File =
            toml::from_str(text).map_err(|cause| Faults::from(toml_fault(&cause, text, file)))?;
        let mut reading = Reading { text, file, faults: Vec::new() };
        let pattern = reading.pattern(read);
        if reading.faults.is_empty() { Ok(pattern) } else { Err(reading.sorted()) }
    }
}

struct Reading<'a> {
    text: &'a str,
    file: &'a str,
    faults: Vec<Fault>,
}

impl Reading<'_> {
    fn pattern(&mut self, read: File) -> Pattern {
        self.check_name(&read.name, "pattern");
        if read.purpose.get_ref().trim().is_empty() {
            self.fault(&read.purpose, "`purpose` is empty", "say in one sentence what the pattern is for");
        }
        for (name, variable) in &read.variables {
            let choices = variable.get_ref().default.iter().chain(&variable.get_ref().choices);
            for cause in choices.filter_map(|value| variable.get_ref().read(value).err()) {
                self.fault(variable, format!("the variable `{name}`: {cause}"), "");
            }
        }
        let stages: Vec<_> = read.stages.iter().map(|stage| self.stage(stage)).collect();
        let mut pattern = Pattern {
            title: read.title.unwrap_or_else(|| read.name.get_ref().clone()),
            name: read.name.into_inner(),
            version: read.version,
            purpose: read.purpose.into_inner(),
            when: read.when,
            when_not: read.when_not,
            models: read.models,
            roles: read.roles,
            variables: read.variables.into_iter().map(|(name, value)| (name, value.into_inner())).collect(),
            stages,
            ultra: self.step("", &read.ultra.template, read.ultra.role.as_ref()),
            blake3: blake3_hex(self.text.as_bytes()),
            file: self.file.to_owned(),
            engine: engine::engine(),
        };
        self.check_roles(&pattern, &read.stages, read.ultra.role.as_ref());
        self.check_stages(&pattern, &read.stages);
        self.check_templates(&mut pattern);
        if self.faults.is_empty() {
            self.check_flow(&pattern);
        }
        if self.faults.is_empty() {
            self.faults = trial::try_all(&pattern);
        }
        pattern
    }

    fn stage(&mut self, stage: &Spanned<crate::file::Stage>) -> Stage {
        let stage = stage.get_ref();
        self.check_name(&stage.name, "stage");
        if RESERVED.contains(&stage.name.get_ref().as_str()) {
            self.fault(
                &stage.name,
                format!("a stage cannot be called `{}`", stage.name.get_ref()),
                "templates use that name",
            );
        }
        Stage {
            name: stage.name.get_ref().clone(),
            audience: stage.audience,
            step: self.step(stage.name.get_ref(), &stage.template, stage.role.as_ref()),
        }
    }

    /// `name` is empty for the synthesis, which no stage can be called.
    fn step(&self, name: &str, template: &Spanned<String>, role: Option<&Spanned<String>>) -> Step {
        // TOML drops a line break right after the quotes; the template then begins one line further down.
        let opening = &self.text[template.span().start..];
        let quotes = opening.len() - opening.trim_start_matches(['"', '\'']).len();
        let dropped = usize::from(quotes == 3 && opening[3..].trim_start_matches('\r').starts_with('\n'));
        Step {
            role: role.map(|role| role.get_ref().clone()),
            template: template.get_ref().trim_end_matches(['\n', '\r']).to_owned(),
            name: name.to_owned(),
            place: Place { file: self.file.to_owned(), line: self.line(template) + dropped },
            used: std::collections::BTreeSet::new(),
        }
    }

    fn check_name(&mut self, name: &Spanned<String>, what: &str) {
        let text = name.get_ref();
        let is_word = |c: char| {
            c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || (c == '-' && what == "pattern")
        };
        if text.is_empty()
            || !text.starts_with(|c: char| c.is_ascii_lowercase())
            || !text.chars().all(is_word)
        {
            let letters = "begins with a letter and has lower-case letters, digits and `_`";
            self.fault(
                name,
                format!("`{}` is no name for a {what}", text.escape_debug()),
                format!("a name {letters}"),
            );
        }
    }

    fn check_roles(
        &mut self,
        pattern: &Pattern,
        stages: &[Spanned<crate::file::Stage>],
        ultra: Option<&Spanned<String>>,
    ) {
        for role in stages.iter().filter_map(|stage| stage.get_ref().role.as_ref()).chain(ultra) {
            if !pattern.roles.contains_key(role.get_ref()) {
                let message = format!("unknown role `{}`", role.get_ref());
                let fault = Fault::new(ErrorKind::TemplateSyntax, self.file, message).at(self.line(role));
                self.faults.push(fault.nearest(role.get_ref(), pattern.roles.keys().map(String::as_str)));
            }
        }
    }

    fn check_stages(&mut self, pattern: &Pattern, stages: &[Spanned<crate::file::Stage>]) {
        let Some(first) = stages.first() else {
            self.faults.push(pattern.fault(ErrorKind::TemplateSyntax, "a pattern has at least one stage"));
            return;
        };
        if first.get_ref().audience != Audience::Each {
            self.fault(first, "the first stage has no others' answers to show", "its audience is `each`");
        }
        for (at, stage) in stages.iter().enumerate() {
            let name = stage.get_ref().name.get_ref();
            if stages[..at].iter().any(|other| other.get_ref().name.get_ref() == name) {
                self.fault(stage, format!("two stages are called `{name}`"), "give each a name of its own");
            }
        }
    }

    /// Adds every template to the engine and checks its placeholders.
    fn check_templates(&mut self, pattern: &mut Pattern) {
        for at in 0..=pattern.stages.len() {
            let known = pattern.known(at);
            let step = pattern.stages.get_mut(at).map_or(&mut pattern.ultra, |stage| &mut stage.step);
            self.faults.extend(placeholder::foreign(&step.template, &known, &step.place));
            let added = pattern.engine.add_template_owned(step.name.clone(), step.template.clone());
            if let Err(cause) = added {
                self.faults.push(engine::explain(&cause, &step.place));
                continue;
            }
            step.used = placeholder::used(&pattern.engine, &step.name);
            self.faults.extend(placeholder::unknown(&step.used, &known, &step.template, &step.place));
        }
    }

    /// Checks that what a stage is for reaches the models.
    fn check_flow(&mut self, pattern: &Pattern) {
        let mut lacks = |step: &Step, message: String| {
            let fault = Fault::new(ErrorKind::TemplateUnfilled, self.file, message);
            self.faults.push(fault.at(step.place.line));
        };
        for (at, stage) in pattern.stages.iter().enumerate() {
            let sees_others =
                stage.step.used.iter().any(|path| path == "others" || path.ends_with(".others"));
            if at == 0 && !["prompt", "question"].iter().any(|name| stage.step.uses(name)) {
                lacks(
                    &stage.step,
                    "the first stage shows neither `question` nor `prompt`, so nothing is asked".into(),
                );
            }
            if at > 0 && stage.audience == Audience::Others && !sees_others && !stage.step.uses("others") {
                lacks(
                    &stage.step,
                    format!("the audience of `{}` is `others`, but it does not show `others`", stage.name),
                );
            }
        }
        let sees_answers =
            pattern.ultra.uses("answers") || pattern.ultra.used.iter().any(|path| path.ends_with(".answers"));
        if !sees_answers {
            lacks(&pattern.ultra, "the synthesis does not show `answers`".into());
        }
    }

    fn fault<T>(&mut self, at: &Spanned<T>, message: impl Into<String>, hint: impl Into<String>) {
        let fault = Fault::new(ErrorKind::TemplateSyntax, self.file, message).at(self.line(at));
        let hint = hint.into();
        self.faults.push(if hint.is_empty() { fault } else { fault.hint(hint) });
    }

    fn line<T>(&self, at: &Spanned<T>) -> usize {
        line_at(self.text, at.span().start)
    }

    fn sorted(mut self) -> Faults {
        self.faults.sort_by_key(|fault| fault.line);
        self.faults.dedup();
        Faults(self.faults)
    }
}

impl Pattern {
    /// What the template of stage `at` can have; the synthesis comes after the last stage.
    fn known(&self, at: usize) -> Known {
        let mut known = Known::default();
        known.add("prompt", &[]);
        known.add("question", &[]);
        let variables: Vec<_> = self.variables.keys().map(String::as_str).collect();
        known.add("vars", &variables);
        let stage = self.stages.get(at);
        if at == 0 && stage.is_some() {
            known.add("documents", &[]);
        }
        let attributes: &[&str] = match stage.map(|stage| stage.audience) {
            None => &["answers", "fallback"],
            Some(Audience::Each) => &["own", "fallback"],
            Some(Audience::Others) => &["own", "others", "fallback"],
        };
        match stage.map(|stage| stage.audience) {
            None => known.add("answers", &[]),
            Some(_) if at == 0 => {}
            Some(Audience::Each) => known.add("own", &["label", "text"]),
            Some(Audience::Others) => {
                known.add("own", &["label", "text"]);
                known.add("others", &[]);
            }
        }
        for earlier in self.stages.iter().take(at) {
            known.add(&earlier.name, attributes);
        }
        known
    }
}

/// The line, from 1, in which byte `at` stands.
fn line_at(text: &str, at: usize) -> usize {
    1 + text.get(..at).unwrap_or(text).matches('\n').count()
}

/// Says in our words what the TOML reader found.
fn toml_fault(cause: &toml::de::Error, text: &str, file: &str) -> Fault {
    let message = cause.message().trim();
    let line = cause.span().map(|span| line_at(text, span.start));
    let names: Vec<_> = message.split('`').skip(1).step_by(2).collect();
    let fault = match names.split_first() {
        Some((wrong, known)) if message.starts_with("unknown field") => {
            Fault::new(ErrorKind::TemplateSyntax, file, format!("unknown key `{wrong}`"))
                .nearest(wrong, known.iter().copied())
        }
        Some((wrong, known)) if message.starts_with("unknown variant") => {
            Fault::new(ErrorKind::TemplateSyntax, file, format!("unknown value `{wrong}`"))
                .nearest(wrong, known.iter().copied())
        }
        _ => Fault::new(ErrorKind::TemplateSyntax, file, message.replace("field", "key").replace('\n', " ")),
    };
    match line {
        Some(line) => fault.at(line),
        None => fault,
    }
}
