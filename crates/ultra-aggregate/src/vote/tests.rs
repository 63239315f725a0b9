use proptest::prelude::*;

use super::{Extract, Normal, Standing, answer, at_least, decided, extract, normalise, plurality, weighted};

fn read(text: &str, from: &str) -> Option<String> {
    extract(text, &from.parse::<Extract>().expect("is a rule")).map(Into::into)
}

fn votes(answers: &[&str]) -> Vec<(Option<String>, f64)> {
    answers.iter().map(|text| ((*text != "-").then(|| (*text).to_owned()), 1.0)).collect()
}

#[test]
fn the_last_number_is_found_in_every_notation() {
    for (text, number) in [
        ("So 12 + 30 = 42.", Some("42")),
        ("It costs $1,234.50 today", Some("1,234.50")),
        ("about 1.5e3, I think", Some("1.5e3")),
        ("some 1e999999999 of them", Some("1e999999999")),
        ("not 3 but 2E-0000000003", Some("2E-0000000003")),
        ("7, or 1e99999999999999999999", Some("1e99999999999999999999")),
        ("the share is 12.5%.", Some("12.5%")),
        ("x = -3", Some("-3")),
        ("between 2-3", Some("3")),
        ("exactly 3/4 of it", Some("3/4")),
        ("1,2,3", Some("3")),
        ("3,14", Some("14")),
        ("12345,678", Some("678")),
        ("n = .5", Some(".5")),
        ("asked GPT4 and o3", None),
        ("none", None),
        ("", None),
        ("−7", Some("−7")),
        ("über 5", Some("5")),
        ("It is 5.\nx7 and y8\n\nThat is all.", Some("5")),
        ("12\n345", Some("345")),
    ] {
        assert_eq!(read(text, "number").as_deref(), number, "{text}");
    }
}

#[test]
fn letters_with_an_accent_are_the_same_in_one_character_and_in_two() {
    let form = |text: &str| answer(text, &Extract::Whole, &Normal::default());
    for (one, two) in [
        ("caf\u{e9}", "Cafe\u{301}"),
        ("\u{d55c}\u{ae00}", "\u{1112}\u{1161}\u{11ab}\u{1100}\u{1173}\u{11af}"),
    ] {
        assert_eq!(form(one), form(two));
        let strict = Normal { case: false, punctuation: false, numbers: false, set: false };
        assert_eq!(normalise(one, &strict), one);
    }
    assert_ne!(form("cafe"), form("caf\u{e9}"));
}

#[test]
fn powers_of_any_size_are_told_apart() {
    let form = |text: &str| answer(text, &Extract::LastNumber, &Normal::default());
    let forms =
        ["1", "1e999999999", "1e999999998", "-1e999999999", "1e-999999999", "1e999999999999999999"].map(form);
    let apart: std::collections::BTreeSet<_> = forms.iter().flatten().collect();
    assert_eq!(apart.len(), forms.len(), "{forms:?}");
    // Beyond them a number is a text like any other.
    assert_eq!(form("-2E99999999999999999999").as_deref(), Some("-2e99999999999999999999"));
    assert_eq!(form("1e99999999999999999999%").as_deref(), Some("1e99999999999999999999%"));
    assert_eq!(form("10e999999998"), form("1e999999999"));
    assert_eq!(form("0e999999999999999999"), form("0"));
    assert_eq!(
        form("1e999999999999999999/1e-999999999999999999"),
        form("1e999999999999999999/1e-999999999999999999")
    );
}

#[test]
fn the_last_closed_box_is_found() {
    for (text, found) in [
        (r"\boxed{1} and then \boxed{\frac{1}{2}}.", Some(r"\frac{1}{2}")),
        (r"\boxed{a \} b}", Some(r"a \} b")),
        (r"\boxed{\fbox{5}}", Some(r"\fbox{5}")),
        (r"\boxed{7} \boxed{8", Some("7")),
        (r"\boxed {9}", Some("9")),
        (r"\boxed{}", None),
        (r"\unboxed{1}", None),
        ("\\", None),
        ("\\ü{", None),
    ] {
        assert_eq!(read(text, "boxed").as_deref(), found, "{text}");
    }
}

#[test]
fn a_pointer_finds_the_answer_in_json_in_prose() {
    for (text, found) in [
        (r#"{"answer": "Paris"}"#, Some("Paris")),
        ("Sure:\n```json\n{\"answer\": 42}\n```\nDone.", Some("42")),
        (r#"a {set} [1] {"answer": 1} then {"answer": {"b":[2]}} {"other": 3}"#, Some(r#"{"b":[2]}"#)),
        (r#"{"answer": null}"#, None),
        (r#"{"answer": 1"#, None),
        ("[[[[", None),
    ] {
        assert_eq!(read(text, "json:/answer").as_deref(), found, "{text}");
    }
    assert_eq!(read("see [1, 2]", "json:/1").as_deref(), Some("2"));
}

#[test]
fn the_search_for_json_ends_soon_in_a_hostile_text() {
    let nested = format!("{}{}", r#"{"answer":["#.repeat(100), "1,".repeat(100_000));
    assert_eq!(read(&nested, "json:/answer"), None);
    let late = format!("{nested} {{\"answer\": 1}}");
    assert_eq!(read(&late, "json:/answer"), None, "the text has been read eight times by then");
    assert_eq!(read(&"[".repeat(200_000), "json:/answer"), None);
    assert_eq!(read(&r"\boxed{".repeat(200_000), "boxed"), None);
}

#[test]
fn a_pattern_gives_its_group_in_its_last_match() {
    assert_eq!(read("answer: A … answer: B", "regex:answer: (\\w)").as_deref(), Some("B"));
    assert_eq!(read("x=1 y=2", "regex:(?P<k>\\w)=(?P<answer>\\d)").as_deref(), Some("2"));
    assert_eq!(read("yes or no", "regex:yes|no").as_deref(), Some("no"));
    assert_eq!(read("maybe", "regex:yes|no"), None);
}

#[test]
fn rules_that_cannot_be_meant_are_refused() {
    for rule in ["", "last", "json:answer", "regex:(", "whole:x"] {
        assert!(rule.parse::<Extract>().is_err(), "{rule}");
    }
}

#[test]
fn notations_of_one_answer_have_one_form() {
    for (form, notations) in [
        (
            "1000",
            &[
                "1,000",
                "1000.0",
                "1e3",
                "+1000",
                "$1,000.00",
                "1 000",
                "1\u{202f}000",
                "1{,}000",
                "**1000**",
                "\\(1000\\)",
                "01000",
            ] as &[_],
        ),
        ("0.5", &["50%", "50 percent", "1/2", "2/4", "\\frac{1}{2}", ".5", "5e-1", "50\\%"]),
        ("1/3", &["2/6", "\\dfrac{1}{3}", "1 / 3", "0.1/0.3"]),
        ("-0.25", &["-1/4", "-\\frac{1}{4}", "−0.25", "1/-4", "-25%"]),
        ("0", &["0", "-0", "0.00", "0/7", "0e9"]),
        ("paris", &["Paris", "paris.", "“Paris”", "\\text{Paris}", " PARIS! ", "(Paris)", "`Paris`"]),
        ("a", &["A", "(A)", "A)", "a.", "**A**"]),
        (
            "yes",
            &["‘yes’", "__Yes__", "$$yes$$", "\\[yes\\]", "\\textbf{yes}", "\\boxed{yes}", "yes…", "‚yes‘"],
        ),
        ("東京", &["東京。", "東京！", "“東京”，", "「東京」。"]),
        ("sí señor", &["¿Sí, señor?", "¡Sí… señor!"]),
        ("نعم", &["نعم؟", "نعم،"]),
        ("हाँ", &["हाँ।"]),
        ("new york ny", &["New York, NY", "new york ny."]),
        ("x-1", &["x-1", "$x-1$"]),
        ("(a)(b)", &["(a)(b)"]),
        ("3,14", &["3,14"]),
        ("1/0", &["1/0"]),
        ("1e100", &["1e100", "10e99"]),
    ] {
        for notation in notations {
            assert_eq!(normalise(notation, &Normal::default()), form, "{notation}");
        }
    }
    assert_ne!(normalise("x-1", &Normal::default()), normalise("x+1", &Normal::default()));
}

#[test]
fn sets_are_the_same_in_any_order() {
    let set = Normal { set: true, ..Normal::default() };
    for (form, notations) in [
        ("1, 2, 3", &["3, 2, 1", "{1,2,3}", "[1, 2, 2, 3]", "1;2;3", "1\n2\n3"] as &[_]),
        ("1000, 2", &["2, 1,000"]),
        ("blue, red", &["Red, blue", "(blue; red)", "\"red\", \"blue\"."]),
        ("", &["", ", ;"]),
    ] {
        for notation in notations {
            assert_eq!(normalise(notation, &set), form, "{notation}");
        }
    }
}

#[test]
fn what_counts_is_a_choice() {
    let all = Normal { case: false, punctuation: false, numbers: false, set: false };
    assert_eq!(normalise("  A  b. ", &all), "A b.");
    assert_eq!(normalise("1,000", &all), "1,000");
    assert_eq!(normalise("A.", &Normal { case: true, ..all }), "a.");
    assert_eq!(normalise("1E3", &Normal { numbers: true, ..all }), "1000");
}

#[test]
fn margin_and_share_are_of_all_members() {
    let answers = votes(&["b", "a", "b", "-", "-"]);
    let vote = plurality(&answers);
    assert_eq!((vote.winner, vote.ties, vote.without), (Some(0), 1, 2));
    assert!((vote.share - 0.4).abs() < 1e-12 && (vote.margin - 0.2).abs() < 1e-12);
    assert_eq!(vote.groups[0].members, [0, 2]);
}

#[test]
fn a_tie_goes_to_the_earliest_member_and_is_reported() {
    let answers = votes(&["z", "a", "a", "z", "m"]);
    let vote = plurality(&answers);
    assert_eq!((vote.winner, vote.ties, vote.groups[0].answer), (Some(0), 2, "z"));
    assert!(vote.margin.abs() < f64::EPSILON);
    // A tenth thrice is not three tenths in floating point.
    let tenths = [("a", 0.3), ("b", 0.1), ("b", 0.1), ("b", 0.1)];
    let tenths = tenths.map(|(answer, weight)| (Some(answer.to_owned()), weight));
    let tenth = plurality(&tenths);
    assert_eq!((tenth.winner, tenth.ties), (Some(0), 2));
}

#[test]
fn nobody_wins_when_nobody_answers() {
    for answers in [&[][..], &votes(&["-", "-"]), &[(Some("a".into()), 0.0), (Some("a".into()), f64::NAN)]] {
        let vote = plurality(answers);
        assert_eq!((vote.winner, vote.ties), (None, 0));
        assert!(vote.share.abs() + vote.margin.abs() < f64::EPSILON);
        assert_eq!(decided(answers, 0.0), None);
    }
}

#[test]
fn weights_decide() {
    let weighed = [(Some("a".to_owned()), 1.0), (Some("b".to_owned()), 2.5), (Some("a".to_owned()), 1.0)];
    assert_eq!(plurality(&weighed).winner, Some(1));
}

#[test]
fn a_vote_is_decided_when_the_rest_cannot_reach_the_leader() {
    assert_eq!(decided(&votes(&["a", "a", "b"]), 1.0), None, "b could draw level");
    assert_eq!(decided(&votes(&["a", "a", "a", "b"]), 1.0), Some(0));
    assert_eq!(decided(&votes(&["a", "a"]), 2.0), None, "an answer that nobody gave yet could draw level");
    assert_eq!(decided(&votes(&["a", "a"]), 1.0), Some(0));
    assert_eq!(decided(&votes(&["a", "b"]), 0.0), None, "only the order of the panel would decide");
    assert_eq!(answer("—", &Extract::Whole, &Normal::default()).as_deref(), Some("—"));
    assert_eq!(answer("?!…", &Extract::Whole, &Normal::default()), None);
}

#[test]
fn what_was_not_heard_counts_against_the_leader() {
    let answers = votes(&["a", "a", "a", "b"]);
    let vote = at_least(&answers, 1.0);
    assert!((vote.share - 0.6).abs() < 1e-12 && (vote.margin - 0.2).abs() < 1e-12, "{vote:?}");
    let answers = votes(&["a", "a", "b"]);
    let open = at_least(&answers, 1.0);
    assert_eq!(
        (open.winner, open.margin.to_bits()),
        (Some(0), 0.0_f64.to_bits()),
        "it leads, by nothing that is sure"
    );
}

#[test]
fn what_does_not_count_is_named_between_commas() {
    let none = Normal { case: false, punctuation: false, numbers: false, set: false };
    assert_eq!("case,punctuation, numbers".parse(), Ok(Normal::default()));
    assert_eq!("none".parse(), Ok(none));
    assert_eq!("set,none".parse(), Ok(Normal { set: true, ..none }));
    assert!("".parse::<Normal>().is_err() && "case,sets".parse::<Normal>().is_err());
}

#[test]
fn a_weight_is_a_target_and_a_number() {
    assert_eq!(weighted("mock:a?x=1=2.5"), Ok(("mock:a?x=1".to_owned(), 2.5)));
    for wrong in ["a", "=1", "a=", "a=-1", "a=inf", "a=x"] {
        assert!(weighted(wrong).is_err(), "{wrong}");
    }
}

proptest! {
    #[test]
    fn a_vote_that_is_being_counted_is_decided_when_the_votes_say_so(
        answers in proptest::collection::vec((proptest::option::of("[abc]"), prop_oneof![Just(1.0), 0.0..3.0_f64]), 0..9),
        rest in prop_oneof![Just(1.0), Just(2.0), 0.0..6.0_f64],
    ) {
        let mut standing = Standing::default();
        for (answer, of) in &answers {
            standing.count(answer.clone(), *of);
        }
        prop_assert_eq!(standing.is_decided(rest), decided(&answers, rest).is_some());
        let (lead, margin) = (standing.lead(0.0), plurality(&answers).margin);
        prop_assert!((lead - margin).abs() < 1e-9, "{lead} is not {margin}");
    }

    #[test]
    fn no_answers_decide_what_agreement_would_not(
        answers in proptest::collection::vec(proptest::option::of("[ab]"), 0..6),
        flying in proptest::collection::vec(proptest::option::of("[abc]"), 0..4),
        rest in 0_u8..4,
    ) {
        let mut standing = Standing::default();
        for answer in answers {
            standing.count(answer, 1.0);
        }
        let rest = f64::from(rest);
        let hope = standing.would_be_decided(flying.len() as f64, rest);
        for answer in flying {
            standing.count(answer, 1.0);
        }
        prop_assert!(hope || !standing.is_decided(rest));
    }

    #[test]
    fn a_form_is_its_own_form(text in r#"[ABab01. ,;()\[\]{}$%/'"*eE+-]{0,14}"#) {
        let form = normalise(&text, &Normal::default());
        prop_assert_eq!(normalise(&form, &Normal::default()), form);
    }

    #[test]
    fn a_set_has_one_form_in_any_order(
        items in proptest::collection::vec("[ABab01.e+-]{1,5}", 1..5),
        turn in 0_usize..5,
    ) {
        let set = Normal { set: true, ..Normal::default() };
        let mut turned = items.clone();
        turned.rotate_left(turn % items.len());
        turned.push(items[0].to_lowercase());
        prop_assert_eq!(normalise(&items.join("; "), &set), normalise(&turned.join(", "), &set));
    }

    #[test]
    fn any_text_can_be_read(text in any::<String>()) {
        for rule in ["whole", "number", "boxed", "json:/a", "regex:."] {
            read(&text, rule);
        }
        for set in [false, true] {
            normalise(&text, &Normal { set, ..Normal::default() });
        }
    }

    #[test]
    fn whole_numbers_and_their_floats_have_one_form(number in -1_000_000_i64..1_000_000, places in 0_usize..4) {
        let plain = normalise(&number.to_string(), &Normal::default());
        prop_assert_eq!(&plain, &number.to_string());
        prop_assert_eq!(plain, normalise(&format!("{number}.{}", "0".repeat(places + 1)), &Normal::default()));
    }

    #[test]
    fn another_order_of_members_gives_the_same_shares(
        answers in proptest::collection::vec((proptest::option::of("[abc]"), 0.0..3.0_f64), 0..9),
        turn in 0_usize..9,
    ) {
        let mut turned = answers.clone();
        if !turned.is_empty() {
            turned.rotate_left(turn % answers.len());
        }
        let (one, other) = (plurality(&answers), plurality(&turned));
        prop_assert_eq!(one.share.to_bits(), other.share.to_bits());
        prop_assert_eq!(one.margin.to_bits(), other.margin.to_bits());
        prop_assert_eq!((one.ties, one.without), (other.ties, other.without));
        if one.ties == 1 {
            prop_assert_eq!(&one.groups[0].answer, &other.groups[0].answer);
        }
    }

    #[test]
    fn more_votes_for_the_winner_leave_it_the_winner(
        answers in proptest::collection::vec("[abc]", 1..9),
    ) {
        let mut answers: Vec<_> = answers.into_iter().map(|text| (Some(text), 1.0)).collect();
        let before = plurality(&answers).groups[0].answer.to_owned();
        answers.push((Some(before.clone()), 1.0));
        prop_assert_eq!(plurality(&answers).groups[0].answer, before);
    }

    #[test]
    fn what_is_decided_holds_whatever_follows(
        answers in proptest::collection::vec(proptest::option::of("[ab]"), 1..7),
        rest in proptest::collection::vec(proptest::option::of("[abc]"), 0..4),
    ) {
        let mut answers: Vec<_> = answers.into_iter().map(|text| (text, 1.0)).collect();
        if let Some(winner) = decided(&answers, rest.len() as f64) {
            answers.extend(rest.into_iter().map(|text| (text, 1.0)));
            prop_assert_eq!(plurality(&answers).winner, Some(winner));
        }
    }
}
