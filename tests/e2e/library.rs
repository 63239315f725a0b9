//! The built-in patterns, each run whole with simulated models: who is asked what, and what is shown to whom.

mod asked;
mod page;
mod run;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use asked::{Said, Shown, message, shown};
pub(crate) use run::tool;
use run::{Case, PROMPT, Ran, patterns};
use ultra_template::{Pattern, label};

use crate::fresh;

/// Runs `work` for each pattern, on two threads.
fn each_pattern(work: impl Fn(&Pattern) + Sync) {
    let patterns = patterns();
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(pattern) = patterns.get(next.fetch_add(1, Ordering::Relaxed)) {
                    work(pattern);
                }
            });
        }
    });
}

fn cases(pattern: &Pattern) -> Vec<Case<'_>> {
    let mut cases = Vec::new();
    for models in [1, 2, 3, 8] {
        for fails in [false, true] {
            for document in [false, true] {
                cases.push(Case { pattern, models, fails, document });
            }
        }
    }
    cases
}

#[test]
fn every_pattern_asks_right_whatever_the_panel() {
    let digests = Mutex::new(BTreeMap::new());
    each_pattern(|pattern| {
        for case in cases(pattern) {
            let ran = case.run();
            check(&case, &ran);
            let Case { models, fails, document, .. } = case;
            let name = format!(
                "{} {models}{}{}",
                pattern.name,
                if fails { " and one that fails" } else { "" },
                if document { ", document" } else { "" },
            );
            let digest = ultra_core::id::blake3_hex(ran.exchange().as_bytes());
            digests.lock().expect("is whole").insert(name, digest);
        }
    });
    let mut list = String::new();
    for (name, digest) in digests.into_inner().expect("is whole") {
        let _ = writeln!(list, "{digest} {name}");
    }
    fresh::check("tests/e2e/library/digests.txt", &list);
}

/// What holds for every run.
fn check(case: &Case<'_>, ran: &Ran) {
    let said = Said::of(ran);
    let what = (&case.pattern.name, case.models, case.fails, case.document);
    assert_eq!(ran.of_type("synthesis").count(), 1, "{what:?}");
    let stages: Vec<_> = case.pattern.stages.iter().map(|stage| stage.name.as_str()).collect();
    for request in ran.of_type("request") {
        let text = message(request);
        let stage = request["stage"]["name"].as_str().expect("a stage");
        assert!(text.contains(PROMPT), "{what:?} {stage}: the prompt is missing\n{text}");
        assert_eq!(text.contains("Ice costs 0.08"), case.document, "{what:?} {stage}: the document\n{text}");
        let at = stages.iter().position(|name| *name == stage).expect("a stage of the pattern");
        let own =
            request["stage"]["member"].as_u64().map(|member| label(usize::try_from(member).expect("small")));
        for answer in shown(text) {
            let given = said.stages_of(&answer);
            assert!(
                given.iter().any(|given| stages[..at].contains(given)),
                "{what:?} {stage}: {} did not say this before: {}",
                answer.label,
                answer.text
            );
        }
        if let Some(own) = own {
            whose(text, &own, &said, &stages[..at])
                .unwrap_or_else(|wrong| panic!("{what:?} {stage}: {wrong}\n{text}"));
        }
    }
}

/// Under a heading that says "your" stands the own answer alone; under one that says "others" stand exactly those
/// of all others who answered that stage; under any other those of all.
fn whose(text: &str, own: &str, said: &Said, before: &[&str]) -> Result<(), String> {
    let mut groups: Vec<(&str, Vec<Shown<'_>>)> = Vec::new();
    for answer in shown(text) {
        match groups.last_mut() {
            Some((heading, group)) if *heading == answer.heading => group.push(answer),
            _ => groups.push((answer.heading, vec![answer])),
        }
    }
    for (heading, group) in groups {
        let labels: BTreeSet<_> = group.iter().map(|answer| answer.label).collect();
        let meant = |label: &str| match heading {
            _ if heading.starts_with("Your ") => label == own,
            _ if heading.contains("others") => label != own,
            _ => true,
        };
        let exactly = before.iter().any(|stage| {
            let everyone = said.0.get(*stage).into_iter().flatten().map(|(label, _)| label.as_str());
            labels == everyone.filter(|label| meant(label)).collect()
                && group.iter().all(|answer| said.stages_of(answer).contains(stage))
        });
        if !exactly || group.len() != labels.len() {
            return Err(format!("`{heading}` shows {labels:?} to {own}"));
        }
    }
    Ok(())
}

#[test]
fn what_each_pattern_asks_is_on_record() {
    each_pattern(|pattern| {
        let case = Case { pattern, models: 2, fails: false, document: true };
        let ran = case.run();
        let end = case.asked_at_the_end();
        assert!(end.contains(PROMPT) && end.contains("Ice costs 0.08"), "{}: {end}", pattern.name);
        let said = Said::of(&ran);
        for answer in shown(&end).iter().filter(|_| pattern.shows_reviews()) {
            let stages = said.stages_of(answer);
            assert!(!stages.is_empty(), "{}: {} did not say {}", pattern.name, answer.label, answer.text);
        }
        fresh::check(
            &format!("tests/e2e/library/{}.txt", pattern.name),
            &page::transcript(pattern, &ran, &end),
        );
        fresh::check(&format!("man/patterns/{}.md", pattern.name), &page::page(&case, &ran, &end));
    });
    fresh::check("man/patterns/README.md", &page::index(&patterns()));
}
