//! A sheet in each form.

use std::fmt::{self, Write as _};

use serde_json::{Map, Value, json};
use ultra_template::label;

use super::html::{escape, markdown};
use super::ink::Ink;
use super::sheet::{Sheet, name};
use super::wrap::wrap;
use crate::args::Show;
use crate::visible::visible;

/// What Markdown is like; on a terminal whatever it would obey is shown instead.
pub(super) fn md(for_terminal: bool) -> Ink {
    if for_terminal { Ink::plain().visible() } else { Ink::plain() }
}

/// What stands in Markdown before the result.
pub(super) fn md_head(sheet: &Sheet<'_>, show: Show, for_terminal: bool) -> String {
    let clean = |text: &str| if for_terminal { visible(text).into_owned() } else { text.to_owned() };
    let mut page = String::new();
    if show == Show::All {
        for (place, answer) in sheet.answers.iter().enumerate() {
            let heading = clean(&name(place, answer));
            add(&mut page, format_args!("## {heading}\n\n{}\n\n", clean(answer.text.trim_end())));
        }
        add(&mut page, format_args!("## {}\n\n", sheet.title));
    }
    page
}

/// What text in columns is like.
pub(super) fn text(show: Show, width: usize) -> Ink {
    let ink = Ink::plain().visible().folded(width);
    if show == Show::All { ink.trimmed() } else { ink }
}

/// What stands in text before the result.
pub(super) fn text_head(sheet: &Sheet<'_>, show: Show, width: usize) -> String {
    let mut page = String::new();
    if show != Show::All {
        return page;
    }
    let folded = |text: &str| wrap(&visible(text), width);
    if let Some(question) = &sheet.question {
        add(&mut page, format_args!("{}\n{}\n", rule("Question", width), folded(question.trim())));
    }
    for (place, answer) in sheet.answers.iter().enumerate() {
        add(
            &mut page,
            format_args!("{}\n{}\n", rule(&name(place, answer), width), folded(answer.text.trim())),
        );
    }
    add(&mut page, format_args!("{}\n", rule(sheet.title, width)));
    page
}

/// What stands in text behind the result.
pub(super) fn text_tail(sheet: &Sheet<'_>, show: Show, width: usize) -> String {
    if show != Show::All {
        return String::new();
    }
    let mut foot = format!("({})", sheet.how);
    if let (true, Some(reason)) = (sheet.is_degraded(), sheet.reason()) {
        add(&mut foot, format_args!("\n({reason})"));
    }
    format!("\n{}", wrap(&visible(&foot), width))
}

/// One JSON object, on several lines.
pub(super) fn json(sheet: &Sheet<'_>, show: Show) -> String {
    let mut object = Map::new();
    object.insert("prompt_id".into(), json!(sheet.prompt_id));
    if let Some(question) = &sheet.question {
        object.insert("question".into(), json!(question));
    }
    let result = sheet.synthesis.as_ref().map(|_| json!(sheet.text));
    object.insert("answer".into(), result.unwrap_or(Value::Null));
    object.insert("how".into(), json!(sheet.how));
    let mut degraded = false;
    if let Some(Value::Object(fields)) = sheet.synthesis.as_ref().map(|made| json!(made)) {
        for (key, value) in fields {
            match key.as_str() {
                "type" | "text" | "prompt_id" | "id" => {}
                "sources" => drop(object.insert(key, sources(sheet, &value))),
                "degraded" => degraded = value == json!(true),
                _ => drop(object.insert(key, value)),
            }
        }
    }
    object.insert("degraded".into(), json!(degraded));
    if let Some(Value::Object(mut fields)) = sheet.verdict.as_ref().map(|verdict| json!(verdict)) {
        for key in ["type", "id", "prompt_id"] {
            fields.remove(key);
        }
        object.insert("verdict".into(), Value::Object(fields));
    }
    if show == Show::All {
        let answers = sheet.answers.iter().enumerate().map(|(place, answer)| {
            json!({"label": label(place), "id": answer.id, "target": answer.target, "sample": answer.sample,
                "text": answer.text})
        });
        object.insert("answers".into(), answers.collect());
    }
    let mut page = String::new();
    for c in format!("{:#}\n", Value::Object(object)).chars() {
        match c {
            // What `visible` hides stands in strings only, where JSON has a way to write it.
            c if c != '\n' && visible(c.encode_utf8(&mut [0; 4])) != c.encode_utf8(&mut [0; 4]) as &str => {
                c.encode_utf16(&mut [0; 2])
                    .iter()
                    .for_each(|unit| add(&mut page, format_args!("\\u{unit:04x}")));
            }
            c => page.push(c),
        }
    }
    page
}

/// Who stands behind the result: labels and targets of the answers that it was made from.
fn sources(sheet: &Sheet<'_>, ids: &Value) -> Value {
    let ids = ids.as_array().cloned().unwrap_or_default();
    ids.into_iter()
        .map(|id| match sheet.answers.iter().enumerate().find(|(_, answer)| id == answer.id.as_str()) {
            Some((place, answer)) => {
                json!({"label": label(place), "id": id, "target": answer.target, "sample": answer.sample})
            }
            None => json!({ "id": id }),
        })
        .collect()
}

/// A section of an HTML page.
pub(super) fn html(sheet: &Sheet<'_>, show: Show) -> String {
    let mut page = "<section>\n".to_owned();
    if let Some(question) = &sheet.question {
        add(&mut page, format_args!("<h1 dir=\"auto\">{}</h1>\n", escape(question.trim())));
    }
    if show == Show::All {
        add(&mut page, format_args!("<h2>{}</h2>\n", sheet.title));
    }
    add(&mut page, format_args!("<article dir=\"auto\">\n{}</article>\n", markdown(&sheet.text)));
    let class = if sheet.is_degraded() { "how degraded" } else { "how" };
    add(&mut page, format_args!("<p class=\"{class}\">{}</p>\n", escape(&sheet.how)));
    if let Some(reason) = sheet.reason() {
        add(&mut page, format_args!("<p class=\"{class}\">{}</p>\n", escape(reason)));
    }
    if show == Show::All {
        page.push_str("<h2>Answers</h2>\n");
        for (place, answer) in sheet.answers.iter().enumerate() {
            add(
                &mut page,
                format_args!(
                    "<details open>\n<summary>{}</summary>\n<article dir=\"auto\">\n{}</article>\n</details>\n",
                    escape(&name(place, answer)),
                    markdown(&answer.text)
                ),
            );
        }
    }
    page.push_str("</section>\n");
    page
}

/// A line across the page with a title in it.
fn rule(title: &str, width: usize) -> String {
    let title = visible(title);
    let title = console::truncate_str(&title, width.saturating_sub(6), "…");
    let rest = width.saturating_sub(4 + console::measure_text_width(&title));
    format!("── {title} {}", "─".repeat(rest))
}

fn add(page: &mut String, part: fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = page.write_fmt(part);
}

#[cfg(test)]
mod tests;
