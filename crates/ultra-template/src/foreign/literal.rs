//! Text as a template that prints exactly that text.

/// Begins a raw block that keeps the blanks on both of its sides.
const OPEN: &str = "{%+ raw +%}";
/// Ends it.
const CLOSE: &str = "{%+ endraw +%}";
/// The word that would end a raw block early.
const END: &str = "endraw";

/// A template that prints `text`, whatever stands in it.
pub(super) fn literal(text: &str) -> String {
    if !text.contains(['{', '}', '$']) {
        return text.to_owned();
    }
    // No block holds the whole word that could end it.
    let blocks = text.replace(END, &["end", CLOSE, OPEN, "raw"].concat());
    [OPEN, &blocks, CLOSE].concat()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::literal;
    use crate::engine::engine;

    fn printed(source: String) -> String {
        let mut engine = engine();
        engine.add_template_owned("t".to_owned(), source).expect("a template");
        engine.get_template("t").expect("is there").render(()).expect("prints")
    }

    proptest! {
        #[test]
        fn no_text_is_ever_run(
            words in proptest::collection::vec(
                prop::sample::select(vec!["{", "}", "%", "{%", "%}", "{{", "}}", "{#", "#}", "endraw", "raw", "end", "-", "+", " ", "\n", "$x", "1/0"]),
                0..24,
            )
        ) {
            let text = words.concat();
            prop_assert_eq!(printed(format!("<{}>{}|", literal(&text), literal(&text))), format!("<{text}>{text}|"));
        }
    }

    #[test]
    fn whatever_stands_in_a_text_is_printed_as_it_stands() {
        for text in [
            "plain",
            "\n  {% raw %}\n x {% endraw %}\n{{ 7 * 7 }}\n",
            "{",
            "{{",
            "{# note #}",
            "endraw",
            "endendrawraw $x {endraw}",
            "{%- endraw -%}",
            "  {%",
            "a{%+ endraw +%}b",
            "{ \"a\": {{}} }\n\n",
            "\u{feff}{\r\n}",
        ] {
            assert_eq!(printed(format!("<{}>{}|", literal(text), literal(text))), format!("<{text}>{text}|"));
        }
    }
}
