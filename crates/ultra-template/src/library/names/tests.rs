use super::{OTHER_NAMES, built_in, meant, plain};

/// Every name that earlier systems gave to a pattern, a title or a kind of analysis, and what becomes of it.
const NAMES: &[(&str, &str)] = &[
    ("gut", "gut"),
    ("Gut Analysis", "gut"),
    ("Gut Check", "gut"),
    ("gut_check", "gut"),
    ("confidence", "confidence"),
    ("Confidence Analysis", "confidence"),
    ("Agreement Analysis", "confidence"),
    ("critique", "critique"),
    ("Critique", "critique"),
    ("Critique Analysis", "critique"),
    ("critical", "critique"),
    ("critical_analysis", "critique"),
    ("fact_check", "fact_check"),
    ("Fact Check Analysis", "fact_check"),
    ("fact-check", "fact_check"),
    ("perspective", "perspective"),
    ("Perspective Analysis", "perspective"),
    ("scenario", "scenario"),
    ("scenarios", "scenario"),
    ("Scenario Analysis", "scenario"),
    ("stakeholder", "stakeholder"),
    ("Stakeholder Vision", "stakeholder"),
    ("systems", "systems"),
    ("Systems Mapper", "systems"),
    ("time", "time"),
    ("Time Horizon", "time"),
    ("innovation", "innovation"),
    ("Innovation Bridge", "innovation"),
    ("Learning Optimization", "learning"),
    ("educational_feather", "learning"),
    ("Team Analysis", "team"),
    ("collaborative_feather", "team"),
    ("Advanced Synthesis", "documents"),
    ("synthesis_feather", "documents"),
    ("Iterative Improvement", "improve"),
    ("feedback_feather", "improve"),
    ("comparative", "comparative"),
    ("comparative_analysis", "comparative"),
    ("comparison", "comparative"),
    ("factual", "factual"),
    ("standard", "gut"),
    ("general", "gut"),
    ("other", "gut"),
    ("fast", "gut"),
    ("thorough", "confidence"),
    ("debate", "debate"),
];

/// Names that could mean several patterns.
const SEVERAL: &[&str] = &[
    "comprehensive",
    "comprehensive_analysis",
    "concise",
    "contextual",
    "creative",
    "empirical",
    "evaluative",
    "explanatory",
    "investigative",
    "reflective",
    "speculative",
    "structured",
    "code_review",
    "security_audit",
    "documentation",
    "technical",
    "consensus",
    "Intelligence Multiplier",
    "Fact-check & Confidence",
    "Devil's Advocate",
    "depth",
    "analytical",
    "procedural",
    "philosophical",
    "analysis",
    "evaluation",
    "synthesis",
    "meta_prompt",
    "ultra_prompt",
];

#[test]
fn every_earlier_name_means_a_pattern_or_is_refused_with_the_choices() {
    for (name, pattern) in NAMES {
        let found = meant(name).unwrap_or_else(|fault| panic!("{name}: {fault}"));
        assert_eq!(found, Some(*pattern), "{name}");
    }
    for name in SEVERAL {
        let fault = meant(name).expect_err(name);
        let hint = fault.hint.as_deref().unwrap_or_default();
        assert!(hint.starts_with("name the one you mean: `") && hint.contains("`, `"), "{name}: {fault}");
    }
    assert_eq!(
        meant("creative_analysis").expect_err("several").to_string(),
        "`creative_analysis` can mean several patterns; name the one you mean: `innovation`, `perspective`"
    );
    assert_eq!(
        meant("custom").expect_err("none").to_string(),
        "`custom` is no pattern; name a file of your own with --pattern FILE"
    );
}

#[test]
fn other_names_lead_to_patterns_and_hide_none() {
    for (at, (name, patterns)) in OTHER_NAMES.iter().enumerate() {
        assert_eq!(plain(name), *name, "is written as it is looked up");
        assert!(OTHER_NAMES[..at].iter().all(|(before, _)| before < name), "{name} is in its place");
        for pattern in *patterns {
            assert!(built_in().any(|(known, _)| known == *pattern), "{name} leads to {pattern}");
        }
        assert!(built_in().all(|(known, _)| plain(known) != *name), "{name} is a pattern");
    }
}

#[test]
fn titles_and_aliases_belong_to_one_pattern_each() {
    let mut names: Vec<String> = Vec::new();
    for (name, text) in built_in() {
        let head: super::Head = toml::from_str(text).expect("sound");
        let mut own: Vec<_> = std::iter::once(name.to_owned())
            .chain(head.title)
            .chain(head.aliases)
            .map(|name| plain(&name))
            .collect();
        own.sort();
        own.dedup();
        names.extend(own);
    }
    let all = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), all, "{names:?}");
}

#[test]
fn what_nobody_called_a_pattern_means_none() {
    for name in ["", "gutt", "critiqe", "  ", "../gut.toml"] {
        assert_eq!(meant(name).expect("no choice"), None, "{name}");
    }
}
