//! The forms of what people read: no answer moves a terminal or a browser, and every form says the same.

use serde_json::{Value, json};
use ultra_testkit::command::Run;

use crate::tools::{pipeline, with};

/// What has been used against terminals and pages.
const CORPUS: [&str; 14] = [
    "\u{1b}[2J\u{1b}[1;1Hwiped",
    "\u{1b}]0;a new title\u{7}",
    "\u{1b}]52;c;cm0gLXJmIC8=\u{7}the clipboard",
    "\u{1b}]8;;https://evil.example\u{1b}\\a link\u{1b}]8;;\u{1b}\\",
    "\u{1b}Pq#0;2;0;0;0\u{1b}\\a picture",
    "\u{1b}[6n\u{1b}[c\u{5}asks the terminal",
    "\u{9b}31mred by one character\u{9d}0;x\u{9c}",
    "over\u{8}\u{8}\u{8}\u{8}\u{7f}written\rgone",
    "right \u{202e}tfel ot\u{2066} and \u{2069}\u{200f}",
    "hidden \u{e0041}\u{e0042} tags\u{2028}a line",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "[a](javascript:alert(1)) ![b](https://tracker.example/x.png) <iframe src=https://evil.example>",
    "</article></section></main></body></html><style>*{display:none}</style>",
    "```\n</code></pre><script>x</script>\n```\n\n<!-- -->&lt;script&gt;",
];

/// A transcript in which every answer is the whole corpus.
fn transcript() -> String {
    let text = CORPUS.join("\n\n");
    let records = [
        json!({"type": "prompt", "id": "p", "text": format!("What about {text}?")}),
        json!({"type": "request", "id": "r", "prompt_id": "p", "messages": [{"role": "user", "content": "What?"}],
            "targets": ["mock:\u{1b}[31ma", "mock:<b>"], "stage": {"name": "answer", "index": 0, "of": 1, "requests": 1}}),
        answer("mock:\u{1b}[31ma", &text),
        answer("mock:<b>", &format!("{text} too")),
    ];
    records.iter().flat_map(|record| [record.to_string(), "\n".to_owned()]).collect()
}

fn answer(target: &str, text: &str) -> Value {
    json!({"type": "response", "id": format!("s-{target}"), "request_id": "r", "prompt_id": "p", "target": target,
        "sample": 0, "stage": "answer", "model": "m", "text": text, "finish_reason": "stop", "attempts": 1})
}

fn shown(arguments: &[&str]) -> Run {
    with("ultra-synth").args(arguments).stdin(transcript()).run()
}

/// Characters that a terminal would obey, or that hide or turn text.
fn commands(text: &str) -> Vec<char> {
    let obeyed = |c: &char| {
        (c.is_control() && *c != '\n')
            || matches!(c, '\u{2028}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{e0000}'..='\u{e007f}')
    };
    text.chars().filter(obeyed).collect()
}

#[test]
fn no_answer_moves_a_terminal_in_any_form() {
    for strategy in ["medoid", "concat", "compare"] {
        for form in ["text", "json", "html"] {
            for show in ["text", "all"] {
                let run = shown(&[strategy, "--format", form, "--show", show]);
                assert!(run.stdout().len() > 10, "{run}");
                assert_eq!(commands(run.stdout()), Vec::<char>::new(), "{strategy} {form} {show}");
            }
        }
    }
}

#[test]
fn no_answer_gets_a_tag_or_a_request_into_a_page() {
    let run = shown(&["medoid", "--format", "html", "--show", "all"]);
    let page = run.stdout();
    for forbidden in ["<script", "<img", "<iframe", "<b>", "onerror=alert(1)>", "href=\"javascript", "src=\""]
    {
        assert!(!page.contains(forbidden), "{forbidden}\n{page}");
    }
    for tag in ["html", "body", "main", "style", "section"] {
        let (opened, closed) =
            (page.matches(&format!("<{tag}")).count(), page.matches(&format!("</{tag}>")).count());
        assert_eq!((opened, closed), (1, 1), "{tag}");
    }
    assert!(page.contains("default-src 'none'"));
}

#[test]
fn the_answer_in_json_is_the_answer_to_the_byte() {
    let run = shown(&["concat", "--format", "json", "--show", "all"]);
    let object: Value = serde_json::from_str(run.stdout()).expect("one object");
    let text = CORPUS.join("\n\n");
    assert_eq!(object["answers"][0]["text"].as_str(), Some(text.as_str()));
    assert!(object["answer"].as_str().expect("text").contains(&text));
    assert_eq!((&object["rung"], object["sources"].as_array().map(Vec::len)), (&json!("concat"), Some(2)));
}

#[test]
fn a_form_speaks_to_people_and_a_record_stays_one() {
    let run = shown(&["medoid", "--show", "records", "--format", "html"]);
    assert_eq!(run.code(), 2, "{run}");
    let run = pipeline(
        "echo 'Is tea better than coffee?' | ultra-fanout --lines -m mock:a -m mock:b > t.ndjson \
         && ultra-synth < t.ndjson | ultra-synth --show all --format text",
    )
    .env("ULTRA_MOCK", "1")
    .run();
    let lines = run.stdout().lines();
    let rules: Vec<&str> = lines.filter(|line| line.starts_with("── ")).collect();
    assert_eq!(rules.len(), 4, "{run}");
    assert!(run.stdout().lines().all(|line| line.chars().count() <= 80), "{run}");
}
