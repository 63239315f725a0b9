//! Words of prompts and the words of patterns that mean the same.

use super::words::stem;

/// On the left words that people write in prompts, on the right words in which patterns say what they are for.
const KIN: &[(&str, &str)] = &[
    (
        "true false myth correct incorrect accurate claim claims verify really source sources wrong statement statements history statistics",
        "fact claims checks",
    ),
    (
        "compare versus vs differ difference differences alternative alternatives rank choose pick",
        "comparative weighing differ side",
    ),
    ("better best or", "comparative weighing"),
    (
        "should decide decision whether worth pros cons dilemma balance policy ban allow good",
        "perspective trade sides",
    ),
    (
        "sure certain certainty confident reliable trust depend probability likely estimate",
        "rely confidence agree estimates",
    ),
    (
        "review error errors mistake bug bugs flaw flaws weakness weaknesses weak sound wrong criticise criticize find essay argument proof contract",
        "mistakes critique reviews",
    ),
    (
        "if happen happens leave leaves uncertain uncertainty forecast predict crisis recession resilient contingency robust stress survive fail fails",
        "scenario case future",
    ),
    (
        "year years decade decades roadmap soon later long short term generation phase phases now",
        "time future near far horizon",
    ),
    (
        "customer customers employee employees investor investors resident residents union unions citizen citizens affected interest interests party parties neighbours community government regulator supplier parents",
        "stakeholder people touches win",
    ),
    ("negotiate opposition support resist buy", "negotiation stakeholder"),
    (
        "why although loop loops feedback cause causes effects consequence consequences unintended ecosystem dynamics complex interact interactions spiral traffic keep keeps",
        "systems loops links effect",
    ),
    (
        "way ways idea ideas invent invention creative novel brainstorm analogy analogies nature inspired inspire unconventional fresh radical new",
        "innovation solutions fields",
    ),
    (
        "teach teacher lesson lessons course curriculum student students pupil pupils tutorial class beginner beginners learn learning explain training workshop module exercise quiz",
        "learning teaching lessons training",
    ),
    (
        "engineers boss coworker coworkers argue quarrel meeting meetings role roles responsibility responsibilities conflict colleagues department departments standup standups remote handoff manager developers organise organize",
        "team handovers disputes organisation",
    ),
    (
        "paper papers literature report reports article articles document documents corpus sources summarise summarize summary transcripts interviews files pdf",
        "documents",
    ),
    (
        "rewrite refine polish optimise optimize speed faster enhance revise strengthen upgrade iterate simplify clearer",
        "improve draft",
    ),
    (
        "pick colour color quick quickly intuition instinct feel feeling taste opinion opinions favourite favorite impression spontaneous beautiful logo name naming title poem",
        "gut view taste",
    ),
    (
        "viewpoint viewpoints angle angles lens side sides holistic ethical ethics society technical perspective aspects",
        "perspective sides",
    ),
    ("figure figures date dates number numbers when born", "facts figures dates"),
    ("list verdict established disputed", "statements verdict"),
    ("debate argue arguing contest oppose versus against", "debate"),
    ("blind anonymous peers ballot vote rank", "council ranking"),
    (
        "blindspot blind consensus contradiction contradictions contradict",
        "contradict contradictions consensus",
    ),
];

/// The stems that mean the same as `word`, a stem.
pub(super) fn of(word: &str) -> impl Iterator<Item = String> {
    let rows = KIN.iter().filter(move |(prompt, _)| prompt.split(' ').any(|other| stem(other) == word));
    let mut stems: Vec<String> = rows.flat_map(|(_, pattern)| pattern.split(' ').map(stem)).collect();
    stems.retain(|stem| stem != word);
    stems.sort();
    stems.dedup();
    stems.into_iter()
}
