use serde_json::{Value, json};
use ultra_core::record::Verdict;

use super::judged;
use crate::candidate::Candidate;
use crate::page::wrap::wrap;
use crate::testing::{panel, run};

fn told(verdict: &Value) -> String {
    let mut record = json!({"id": "v", "prompt_id": "p", "strategy": "s", "ranking": [], "judges": []});
    let fields = verdict.as_object().expect("fields").clone();
    record.as_object_mut().expect("a record").extend(fields);
    let verdict: Verdict = serde_json::from_value(record).expect("a verdict");
    let answers = ["a", "b", "c"].map(|name| Candidate {
        member: 0,
        id: format!("res_{name}"),
        target: format!("mock:{name}"),
        sample: 0,
        text: "Yes.".into(),
    });
    judged(&verdict, &answers)
}

#[test]
fn claims_are_told_with_who_makes_them_and_who_does_not() {
    let page = told(&json!({
        "ranking": [{"response_id": "res_b", "score": 0.5}, {"response_id": "res_c", "score": 0.0}],
        "winner": "res_b",
        "claims": [
            {"claim": "We ship\nin May.", "answers": ["res_b", "res_c"], "against": ["res_a"],
                "documents": "supported", "standing": "supported",
                "citations": [{"document": "plan.md", "part": 2, "quote": "in May", "found": "quoted"}]},
            {"claim": "It rains.", "answers": ["res_a"], "against": [], "documents": "silent",
                "citations": [], "standing": "open"}
        ],
        "citations": [{"answer": "res_c", "document": "notes.md", "found": "no_such_document"}]
    }));
    let expected = "\
1. Answer B: mock:b (0.500) – wins
2. Answer C: mock:c (0.000)

**Not ranked**

- Answer A: mock:a

**Claims**

- supported: We ship in May.
  - said by Answer B, Answer C; against: Answer A; documents: supported
  - plan.md, part 2: “in May” – quoted
- open: It rains.
  - said by Answer A

**What the answers cite**

- Answer C: notes.md – no such document
";
    assert_eq!(page, expected);
    let long = json!({"claims": [{"claim": "word ".repeat(60), "answers": ["res_a"], "standing": "open"}]});
    let folded = wrap(&told(&long), 80);
    assert!(folded.lines().all(|line| console::measure_text_width(line) <= 80), "{folded}");
}

#[test]
fn an_analysis_calls_answers_by_their_labels() {
    let page = told(&json!({"analysis": {
        "consensus": [{"point": "Tea is warm.", "answers": ["res_a", "res_b"]}],
        "contradictions": [{"topic": "Which is better", "stances": [
            {"stance": "Tea.", "answers": ["res_a"]}, {"stance": "Coffee.", "answers": ["res_b", "res_c"]}]}],
        "partial": [{"point": "The price.", "answers": ["res_a"], "missing": ["res_b"]}],
        "unique": [{"point": "Green tea.", "answer": "res_c"}],
        "blind_spots": ["Water.", {"odd": ["res_b", 1]}]
    }}));
    let expected = "\
**Answers**

- Answer A: mock:a
- Answer B: mock:b
- Answer C: mock:c

**What all say**

- Tea is warm. (Answer A, Answer B)

**Where they contradict each other**

- Which is better
  - Tea. (Answer A)
  - Coffee. (Answer B, Answer C)

**What only some say**

- The price. (Answer A; not Answer B)

**What only one says**

- Green tea. (Answer C)

**What none says**

- Water.
- odd: Answer B; 1
";
    assert_eq!(page, expected);
    assert_eq!(told(&json!({})), "There is no judgement.\n");
}

#[test]
fn no_id_of_an_answer_stands_on_a_page_for_people() {
    for strategy in ["verify", "analyse", "rank", "judge"] {
        for show in ["text", "all"] {
            let answers = panel("p", &["Paris it is.", "It is Paris.", "No, Lyon."]);
            let ran = run(&[strategy, "--show", show, "--format", "text"], &answers);
            assert!(ran.stdout.contains("Answer") || strategy == "judge", "{}", ran.stdout);
            assert!(!ran.stdout.contains("res-"), "{}", ran.stdout);
        }
    }
}
