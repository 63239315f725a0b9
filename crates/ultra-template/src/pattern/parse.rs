//! From the text of a pattern file to a pattern, with everything that is wrong with it.

use serde_json::Value as Json;
use toml::Spanned;
use ultra_core::kind::ErrorKind;
use ultra_core::record::{Object, Params};

use super::source::Sources;
use super::{Pattern, Stage, Step, Ultra, parts, schema, trial};
use crate::engine;
use crate::fault::{Fault, Faults};
use crate::file::{self, Audience, File, Gives};
use crate::placeholder::{self, Known};
use crate::root::Root;

/// Names that mean something else in a template.
const RESERVED: &[&str] = &[
    "prompt",
    "documents",
    "question",
    "vars",
    "own",
    "others",
    "answers",
    "fallback",
    "loop",
    "ultra",
    "layout",
    "format",
];

impl Pattern {
    /// Reads the text of a pattern file that stands alone or belongs to the built-in set; `file` is what faults
    /// call it.
    ///
    /// # Errors
    /// Everything that is wrong with the file, each with its line.
    pub fn parse(text: &str, file: &str) -> Result<Self, Faults> {
        Self::parse_in(text, file, &Root::built_in())
    }

    /// Reads the text of a pattern file that can extend and include what stands in its root.
    ///
    /// # Errors
    /// Everything that is wrong with the file and the texts that it names, each with its line.
    pub fn parse_in(text: &str, file: &str, root: &Root<'_>) -> Result<Self, Faults> {
        let sources = Sources::read(text, file, root)?;
        let read = sources.merged()?;
        let mut reading = Reading { file, sources, faults: Vec::new() };
        let pattern = reading.pattern(read, root);
        if reading.faults.is_empty() { Ok(pattern) } else { Err(reading.sorted()) }
    }
}

struct Reading<'a> {
    file: &'a str,
    sources: Sources,
    faults: Vec<Fault>,
}

impl Reading<'_> {
    fn pattern(&mut self, read: File, root: &Root<'_>) -> Pattern {
        self.check_words(&read);
        for (name, variable) in &read.variables {
            let choices = variable.get_ref().default.iter().chain(&variable.get_ref().choices);
            for cause in choices.filter_map(|value| variable.get_ref().read(value).err()) {
                self.fault(variable, format!("the variable `{name}`: {cause}"), "");
            }
        }
        let stages: Vec<_> = read.stages.iter().map(|stage| self.stage(stage)).collect();
        let ultra = self.ultra(&read.ultra);
        let mut pattern = Pattern {
            title: read.title.unwrap_or_else(|| read.name.get_ref().clone()),
            name: read.name.into_inner(),
            version: read.version,
            purpose: read.purpose.into_inner(),
            when: read.when,
            when_not: read.when_not,
            aliases: read.aliases.into_iter().map(Spanned::into_inner).collect(),
            category: read.category.map(Spanned::into_inner),
            extends: read.extends.map(Spanned::into_inner),
            models: read.models.map(Spanned::into_inner).unwrap_or_default(),
            roles: read.roles,
            variables: read.variables.into_iter().map(|(name, value)| (name, value.into_inner())).collect(),
            stages,
            ultra,
            blake3: String::new(),
            file: self.file.to_owned(),
            engine: engine::engine(),
            parts: engine::Parts::new(),
        };
        self.check_roles(&pattern, &read.stages, read.ultra.role.as_ref());
        self.check_stages(&pattern, &read.stages);
        self.check_templates(&mut pattern, root);
        pattern.blake3 = self.sources.blake3();
        if self.faults.is_empty() {
            self.check_flow(&pattern);
        }
        if self.faults.is_empty() {
            self.faults = trial::try_all(&pattern);
        }
        pattern
    }

    /// Checks names, words and numbers that stand alone.
    fn check_words(&mut self, read: &File) {
        self.check_name(&read.name, "pattern");
        if read.purpose.get_ref().trim().is_empty() {
            self.fault(&read.purpose, "`purpose` is empty", "say in one sentence what the pattern is for");
        }
        let category = read.category.iter().map(|category| ("category", category));
        for (key, text) in read.aliases.iter().map(|alias| ("aliases", alias)).chain(category) {
            if text.get_ref().trim().is_empty() || text.get_ref().chars().any(char::is_control) {
                self.fault(text, format!("`{key}`: {:?} is no name", text.get_ref()), "write it on one line");
            }
        }
        let Some(given) = &read.models else { return };
        let models = given.get_ref();
        if models.min == 0 || models.good < models.min || models.max.is_some_and(|max| max < models.good) {
            self.fault(given, "`models`: `min`, `good` and `max` do not grow", "`min` is at least 1");
        }
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
        let is_judge = stage.audience == Audience::One;
        for number in [&stage.samples, &stage.min].into_iter().flatten() {
            if !(1..=1000).contains(number.get_ref()) {
                self.fault(number, format!("{} is out of range 1 to 1000", number.get_ref()), "");
            }
        }
        if let (Some(min), true) = (&stage.min, is_judge) {
            self.fault(min, "a stage of one judge has one answer", "leave `min` out");
        }
        if let (Some(first), true) = (stage.roles.first(), stage.role.is_some() || is_judge) {
            let message = "`roles` are taken in turn; with `role`, or for one judge, there is no turn";
            self.fault(first, message, "keep one of the two");
        }
        let gives = if is_judge { Gives::Review } else { Gives::Answer };
        Stage {
            name: stage.name.get_ref().clone(),
            audience: stage.audience,
            gives: stage.gives.unwrap_or(gives),
            roles: stage.roles.iter().map(|role| role.get_ref().clone()).collect(),
            samples: stage.samples.as_ref().map(|samples| *samples.get_ref()),
            params: stage.params.as_ref().map(|params| self.params(params)),
            output_schema: stage.output_schema.as_ref().map(|schema| self.schema(schema)),
            min: stage.min.as_ref().map(|min| *min.get_ref()),
            when_empty: stage.when_empty,
            step: self.step(stage.name.get_ref(), &stage.template, stage.role.as_ref()),
        }
    }

    fn ultra(&mut self, ultra: &file::Ultra) -> Ultra {
        let format = ultra.format.unwrap_or_default();
        if let (Some(schema), true) = (&ultra.output_schema, format != file::Format::Json) {
            self.fault(schema, "an answer that matches a schema is JSON", "add `format = \"json\"`");
        }
        Ultra {
            format,
            layout: ultra.layout.as_ref().map(|layout| layout.get_ref().trim_end().to_owned()),
            output_schema: ultra.output_schema.as_ref().map(|schema| self.schema(schema)),
            step: self.step("", &ultra.template, ultra.role.as_ref()),
        }
    }

    fn params(&mut self, params: &Spanned<file::Params>) -> Params {
        let own = params.get_ref().clone();
        for (name, value, most) in [("temperature", own.temperature, 2.0), ("top_p", own.top_p, 1.0)] {
            if value.is_some_and(|value| !(0.0..=most).contains(&value)) {
                self.fault(params, format!("`params`: `{name}`: out of range 0 to {most}"), "");
            }
        }
        if own.max_output_tokens == Some(0) {
            self.fault(params, "`params`: `max_output_tokens`: no answer fits in 0 tokens", "");
        }
        Params {
            temperature: own.temperature,
            max_output_tokens: own.max_output_tokens,
            top_p: own.top_p,
            seed: own.seed,
            stop: own.stop,
            reasoning: own.reasoning,
            extra: Object::default(),
        }
    }

    fn schema(&mut self, schema: &Spanned<Json>) -> Json {
        if let Err(cause) = schema::check(schema.get_ref()) {
            self.fault(
                schema,
                format!("`output_schema`: {cause}"),
                "it is a JSON Schema, written as a table",
            );
        }
        schema.get_ref().clone()
    }

    /// `name` is empty for the synthesis, which no stage can be called.
    fn step(&self, name: &str, template: &Spanned<String>, role: Option<&Spanned<String>>) -> Step {
        // TOML drops a line break right after the quotes; the template then begins one line further down.
        let opening = self.sources.rest(template.span().start);
        let quotes = opening.len() - opening.trim_start_matches(['"', '\'']).len();
        let begins_below = |rest: &str| rest.trim_start_matches('\r').starts_with('\n');
        let dropped = usize::from(quotes == 3 && opening.get(3..).is_some_and(begins_below));
        let mut place = self.sources.place(template.span().start);
        place.line += dropped;
        Step {
            role: role.map(|role| role.get_ref().clone()),
            template: template.get_ref().trim_end_matches(['\n', '\r']).to_owned(),
            // No path of a part holds `#`.
            name: format!("{}#{name}", self.sources.set(template.span().start).prefix()),
            place,
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
        let named =
            stages.iter().map(Spanned::get_ref).flat_map(|stage| stage.role.iter().chain(&stage.roles));
        for role in named.chain(ultra) {
            if !pattern.roles.contains_key(role.get_ref()) {
                let place = self.sources.place(role.span().start);
                let message = format!("unknown role `{}`", role.get_ref());
                let fault = Fault::new(ErrorKind::TemplateSyntax, &place.file, message).at(place.line);
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
            if let (Some(samples), true) = (&stage.get_ref().samples, at > 0) {
                let hint = "every later stage goes on with each of them";
                self.fault(samples, "samples are asked in the first stage", hint);
            }
        }
    }

    /// Adds every template and what it includes to the engine, and checks the placeholders.
    fn check_templates(&mut self, pattern: &mut Pattern, root: &Root<'_>) {
        let mut parts = parts::Library::new(root);
        for at in 0..=pattern.stages.len() {
            let known = pattern.known(at);
            let step = pattern.stages.get_mut(at).map_or(&mut pattern.ultra.step, |stage| &mut stage.step);
            let whole = parts.gather(&step.name, &step.template, &step.place, &mut self.sources);
            let before = self.faults.len();
            self.faults.extend(whole.faults);
            for text in &whole.texts {
                self.faults.extend(placeholder::foreign(&text.source, &known, &text.place));
                if pattern.engine.get_template(&text.name).is_ok() {
                    continue;
                }
                if text.name != step.name {
                    pattern.parts.insert(text.name.clone(), text.place.clone());
                }
                let added = pattern.engine.add_template_owned(text.name.clone(), text.source.clone());
                if let Err(cause) = added {
                    self.faults.push(engine::explain(&cause, &text.place, &pattern.parts));
                }
            }
            if self.faults.len() > before {
                continue;
            }
            for text in &whole.texts {
                let mut used = placeholder::used(&pattern.engine, &text.name);
                if text.name != step.name {
                    used.retain(|path| !whole.locals.contains(path.split('.').next().unwrap_or_default()));
                }
                self.faults.extend(placeholder::unknown(&used, &known, &text.source, &text.place));
                step.used.extend(used);
            }
        }
    }

    /// Checks that what a stage is for reaches the models.
    fn check_flow(&mut self, pattern: &Pattern) {
        let mut lacks = |step: &Step, message: String| {
            let fault = Fault::new(ErrorKind::TemplateUnfilled, &step.place.file, message);
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
            let sees_answers =
                stage.step.uses("answers") || stage.step.used.iter().any(|path| path.ends_with(".answers"));
            if at > 0 && stage.audience == Audience::One && !sees_answers {
                lacks(
                    &stage.step,
                    format!("the audience of `{}` is `one`, but it does not show `answers`", stage.name),
                );
            }
            if at > 0 && stage.audience == Audience::Others && !sees_others && !stage.step.uses("others") {
                lacks(
                    &stage.step,
                    format!("the audience of `{}` is `others`, but it does not show `others`", stage.name),
                );
            }
        }
        let ultra = &pattern.ultra.step;
        let sees_answers = ultra.uses("answers") || ultra.used.iter().any(|path| path.ends_with(".answers"));
        if !sees_answers {
            lacks(ultra, "the synthesis does not show `answers`".into());
        }
        if pattern.ultra.layout.is_some() && !ultra.uses("layout") {
            lacks(ultra, "the pattern has a `layout`, but its synthesis does not show `layout`".into());
        }
    }

    fn fault<T>(&mut self, at: &Spanned<T>, message: impl Into<String>, hint: impl Into<String>) {
        let place = self.sources.place(at.span().start);
        let fault = Fault::new(ErrorKind::TemplateSyntax, &place.file, message).at(place.line);
        let hint = hint.into();
        self.faults.push(if hint.is_empty() { fault } else { fault.hint(hint) });
    }

    fn sorted(mut self) -> Faults {
        self.faults.sort_by(|one, two| (&one.file, one.line).cmp(&(&two.file, two.line)));
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
            return known;
        }
        let before = self.stages.iter().take(at).rfind(|stage| stage.audience != Audience::One);
        let has_json = before.is_some_and(|stage| stage.output_schema.is_some());
        let answer: &[&str] = if has_json { &["label", "text", "json"] } else { &["label", "text"] };
        let audience = stage.map_or(Audience::One, |stage| stage.audience);
        let attributes: &[&str] = match audience {
            Audience::One => &["answers", "fallback"],
            Audience::Each => &["own", "fallback"],
            Audience::Others => &["own", "others", "fallback"],
        };
        match audience {
            Audience::One => known.add("answers", &[]),
            Audience::Each => known.add("own", answer),
            Audience::Others => {
                known.add("own", answer);
                known.add("others", &[]);
            }
        }
        if stage.is_none() {
            known.add("layout", &[]);
            known.add("format", &[]);
        }
        for earlier in self.stages.iter().take(at) {
            let of_judge = earlier.audience == Audience::One;
            known.add(&earlier.name, if of_judge { &["answer", "fallback"] } else { attributes });
        }
        known
    }
}
