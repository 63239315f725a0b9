use serde_json::from_value;
use ultra_template::group::Groups;

use super::Case;
use crate::testing::panel;

/// The case of a panel whose members say this.
fn case(texts: &[&str]) -> Case {
    let mut groups = Groups::default();
    let mut complete = None;
    for record in panel("p", texts) {
        complete = match record["type"].as_str() {
            Some("request") => groups.request(from_value(record).expect("a request")),
            Some("response") => groups.response(from_value(record).expect("a response")),
            _ => None,
        };
    }
    Case::of(groups.close(&complete.expect("is complete").key).expect("is open"))
}

#[test]
fn the_similarities_are_those_of_the_answers_that_are_left() {
    let mut case = case(&["one thing", "one thing!", "another"]);
    assert_eq!(case.matrix().len(), 3);
    let kept: Vec<String> = case.candidates[1..].iter().map(|candidate| candidate.id.clone()).collect();
    case.keep(&kept.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(*case.matrix(), crate::similar::Matrix::lexical(&case.canonical_texts()));
}
