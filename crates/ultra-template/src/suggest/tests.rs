use super::{Suggestion, suggest};
use crate::library::built_in;
use crate::pattern::Pattern;

/// Prompts as people write them, and the pattern that a person who knows the library would take.
const LABELLED: &[(&str, &str)] = &[
    ("Is it true that Napoleon was shorter than his soldiers?", "fact_check"),
    ("Verify the claims in this article about vaccines", "fact_check"),
    ("When was the Suez canal opened and who paid for it? I need correct dates and figures.", "fact_check"),
    ("Review my contract for mistakes before I sign", "critique"),
    ("Find the flaws in this argument for a four-day week", "critique"),
    ("Is this plan sound?", "critique"),
    ("Here is a function in Rust. Does it have bugs?", "critique"),
    ("How sure can we be that remote work lowers productivity?", "confidence"),
    ("Estimate the number of piano tuners in Chicago and say how reliable the estimate is", "confidence"),
    ("What are the risks in this report that we can rely on?", "confidence"),
    ("Which name is better for my bakery? I want your spontaneous opinion.", "gut"),
    ("What is your gut feeling about this logo?", "gut"),
    ("Should our city ban cars from the centre? Consider technical and ethical angles.", "perspective"),
    ("Look at nuclear power from many sides, with its trade-offs", "perspective"),
    ("Will our company survive a recession, and what if interest rates double?", "scenario"),
    ("What could happen to the housing market? Give the worst and the best case.", "scenario"),
    ("Is this investment robust under an uncertain future?", "scenario"),
    ("Who is affected by the new airport, and what do residents and investors want?", "stakeholder"),
    ("How do we get unions, customers and the regulator to support the merger?", "stakeholder"),
    ("Why does traffic get worse when we build roads? What feedback loops are there?", "systems"),
    ("What are the unintended consequences of rent control, and where is the leverage?", "systems"),
    ("Our career ladder: what matters now, in five years and in twenty years?", "time"),
    ("Make a roadmap for climate adaptation, short term and long term", "time"),
    ("Invent a new way to cool houses, inspired by nature", "innovation"),
    (
        "Brainstorm unconventional ideas for queues in hospitals; use analogies from other fields",
        "innovation",
    ),
    ("Write a lesson on fractions for ten-year-old pupils", "learning"),
    ("Design an onboarding course for new nurses with exercises", "learning"),
    (
        "Our developers and the sales department are in conflict about handovers. How should we organise?",
        "team",
    ),
    ("Who should decide what in a remote team, and which meetings do we need?", "team"),
    ("Summarise these twenty papers on sleep: where do they contradict each other?", "documents"),
    ("What do the attached reports say about turnover, and which document says what?", "documents"),
    ("Improve this cover letter", "improve"),
    ("Make my SQL query faster and the code simpler to read", "improve"),
    ("Refine the design of this chair; what would improve it most?", "improve"),
    ("Compare Postgres and MySQL point by point", "comparative"),
    ("What is the difference between these drafts, and which one is better where?", "comparative"),
    ("List every statement of fact in this text with a verdict: established or disputed", "factual"),
    ("Which statements of the brochure are wrong, one by one?", "factual"),
    ("Did the Romans really use concrete that heals itself?", "fact_check"),
    ("Check whether the numbers in my pitch deck are right", "fact_check"),
    ("Tear my essay apart", "critique"),
    ("What's wrong with this migration plan?", "critique"),
    ("How much do experts agree that intermittent fasting works?", "confidence"),
    ("Is this painting any good?", "gut"),
    ("Pick a colour for my kitchen", "gut"),
    ("Should schools ban phones?", "perspective"),
    ("Is universal basic income a good policy?", "perspective"),
    ("What if our biggest customer leaves?", "scenario"),
    ("Stress test our budget for next year", "scenario"),
    ("The neighbours oppose our building project. How do we win them over?", "stakeholder"),
    ("Why do our sales go up and down every quarter although we change nothing?", "systems"),
    ("Why does hiring more people make the project slower?", "systems"),
    ("Buy or rent a house, given where I will be in ten years?", "time"),
    ("How could a library learn from the way ants find food?", "innovation"),
    ("Give me a fresh concept for a music festival", "innovation"),
    ("Explain recursion to a twelve year old", "learning"),
    ("Prepare a training for volunteers at a museum", "learning"),
    ("Two of my engineers argue all the time, what do I do?", "team"),
    ("What do these five studies say about coffee?", "documents"),
    ("Polish this paragraph", "improve"),
    ("My slides are boring, make them better", "improve"),
    ("iPhone or Android?", "comparative"),
    ("Which of the answers is best, and where do the models differ?", "comparative"),
    ("Go through the text claim by claim and tell me what is established", "factual"),
    ("Let the models debate whether P equals NP", "debate"),
    ("Rank the answers blind and let a chairman decide", "council"),
    ("Find the blind spots and contradictions of the panel", "fusion"),
];

/// Prompts that were written after the table of kin and did not shape it; what is measured here is what to expect.
const UNSEEN: &[(&str, &str)] = &[
    ("Did Einstein fail mathematics at school?", "fact_check"),
    ("Are the population figures in this brochure right?", "fact_check"),
    ("Point out every weakness of my thesis proposal", "critique"),
    ("Is there an error in this proof?", "critique"),
    ("How certain is it that coffee protects the heart?", "confidence"),
    ("Quick opinion: blue or green for the cover?", "gut"),
    ("Should the voting age be sixteen?", "perspective"),
    ("What would happen to our harbour if the sea rose by a metre?", "scenario"),
    ("Which groups will fight the new landfill, and what would calm them?", "stakeholder"),
    ("Why do rents keep rising even though we build more?", "systems"),
    ("Plan my savings for the next thirty years", "time"),
    ("Think of an original product for left-handed cooks", "innovation"),
    ("Create a worksheet about photosynthesis for my class", "learning"),
    ("How should we split responsibilities between design and engineering?", "team"),
    ("Combine the findings of the attached studies", "documents"),
    ("How can I make this paragraph clearer?", "improve"),
    ("Electric or diesel: which van suits a florist?", "comparative"),
    ("Mark each claim of this speech as right or wrong", "factual"),
    ("Let them argue for and against until one can name an error", "debate"),
    ("Have the models vote on each other's answers", "council"),
];

fn patterns() -> Vec<Pattern> {
    built_in()
        .map(|(name, text)| Pattern::parse(text, name).unwrap_or_else(|faults| panic!("{faults}")))
        .collect()
}

fn place(suggestions: &[Suggestion], name: &str) -> Option<usize> {
    suggestions.iter().position(|suggestion| suggestion.name == name)
}

#[test]
fn the_right_pattern_is_among_the_first_three() {
    let patterns = patterns();
    let mut first = 0;
    let mut missed = Vec::new();
    for (prompt, right) in LABELLED {
        let suggestions = suggest(prompt, &patterns);
        match place(&suggestions, right) {
            Some(0) => first += 1,
            Some(1 | 2) => {}
            place => {
                let names: Vec<_> = suggestions.iter().take(4).map(|s| (s.name.as_str(), s.score)).collect();
                missed.push(format!("{prompt}: {right} at {place:?}: {names:?}"));
            }
        }
    }
    assert!(missed.len() * 20 <= LABELLED.len(), "{}", missed.join("\n"));
    assert!(first * 4 >= LABELLED.len() * 3, "{first} of {} are first", LABELLED.len());
}

#[test]
fn most_prompts_that_nobody_prepared_for_find_their_pattern() {
    let patterns = patterns();
    let right =
        |(prompt, right): &&(&str, &str)| place(&suggest(prompt, &patterns), right).is_some_and(|at| at < 3);
    let (found, missed): (Vec<&(&str, &str)>, Vec<_>) = UNSEEN.iter().partition(right);
    assert!(found.len() * 4 >= UNSEEN.len() * 3, "{} of {}: {missed:#?}", found.len(), UNSEEN.len());
}

#[test]
fn reasons_quote_what_matched() {
    let suggestions = suggest("Review the facts of my essay", &patterns());
    let check = &suggestions[place(&suggestions, "fact_check").expect("suits")];
    let reason = check.reasons.iter().find(|reason| reason.word == "facts").expect("a reason");
    assert_eq!((reason.field, reason.quote.as_str()), ("name", "Fact check"));
    for suggestion in &suggestions {
        let sum: f64 = suggestion.reasons.iter().map(|reason| reason.weight).sum();
        assert!((sum - suggestion.score).abs() < 0.01 && suggestion.score > 0.0, "{suggestion:?}");
        assert!(suggestion.reasons.iter().all(|reason| !reason.quote.is_empty()), "{suggestion:?}");
    }
}

#[test]
fn what_a_pattern_is_not_for_counts_against_it() {
    let pattern = |not: &str| {
        let text = format!(
            "name = \"a\"\nversion = 1\npurpose = \"Checks plans.\"\nwhen_not = \"{not}\"\n[[stages]]\nname = \"s\"\n\
             template = \"{{{{ question }}}}\"\n[ultra]\ntemplate = \"{{{{ answers }}}}\"\n"
        );
        [Pattern::parse(&text, "a.toml").expect("a pattern")]
    };
    let score = |not| suggest("Check my holiday plan", &pattern(not)).first().map(|s| s.score);
    assert!(score("It is about tax.") > score("It is about a holiday."));
    assert_eq!(score("Not this; `holiday` is better."), score("Not this; `tax` is better."));
}

#[test]
fn a_prompt_that_says_nothing_suggests_nothing() {
    let patterns = patterns();
    for prompt in ["", "?", "what is it", "Ünïcödé", "的", &"x ".repeat(100_000)] {
        assert_eq!(suggest(prompt, &patterns), []);
    }
}
