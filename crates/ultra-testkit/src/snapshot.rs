//! A run as one text for a snapshot: status, stdout and stderr together.
//!
//! What changes from run to run is replaced by named filters, which the caller lists; each hides one thing and
//! leaves its placeholder. Prefer a run that does not need them.

use crate::command::Run;

/// One thing that differs between two equal runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filter {
    /// The temporary directories: `[WORK]` for the working directory, `[ROOT]` for the one above it.
    Directory,
    /// The port after a loopback address: `127.0.0.1:[PORT]`.
    Port,
    /// A number with a unit of time (`ns`, `µs`, `us`, `ms`, `s`) that stands alone: `[TIME]`.
    Time,
}

/// The text of a run, with what the filters hide.
///
/// Control characters other than newline and tab are written as `\u{1b}`, and a missing last newline is named.
pub fn render(run: &Run, filters: &[Filter]) -> String {
    let part = |name: &str, text: &str| {
        let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n[no newline at the end]\n" };
        format!("----- {name} -----\n{}{end}", visible(text))
    };
    let text =
        format!("status: {}\n{}{}", run.status(), part("stdout", run.stdout()), part("stderr", run.stderr()));
    filters.iter().fold(text, |text, filter| match filter {
        Filter::Directory => directories(run, &text),
        Filter::Port => ports(&text),
        Filter::Time => times(&text),
    })
}

fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' | '\t' => shown.push(character),
            _ if character.is_control() => shown.extend(character.escape_unicode()),
            _ => shown.push(character),
        }
    }
    shown
}

fn directories(run: &Run, text: &str) -> String {
    let sandbox = run.sandbox();
    let (work, root) = (sandbox.work(), sandbox.root());
    text.replace(&*work.to_string_lossy(), "[WORK]").replace(&*root.to_string_lossy(), "[ROOT]")
}

fn ports(text: &str) -> String {
    let mut parts = text.split("127.0.0.1:");
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|character: char| character.is_ascii_digit());
        shown += "127.0.0.1:";
        shown += if rest.len() == part.len() { "" } else { "[PORT]" };
        shown += rest;
    }
    shown
}

fn times(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(|character: char| character.is_ascii_digit()) {
        let (before, from) = rest.split_at(at);
        shown += before;
        let after = from.trim_start_matches(|character: char| character.is_ascii_digit() || character == '.');
        let after_unit = ["ns", "µs", "us", "ms", "s"]
            .iter()
            .find_map(|unit| after.trim_start_matches(' ').strip_prefix(unit));
        let alone = !shown.ends_with(word);
        rest = match after_unit {
            Some(after_unit) if alone && !after_unit.starts_with(word) => {
                shown += "[TIME]";
                after_unit
            }
            _ => {
                shown += &from[..from.len() - after.len()];
                after
            }
        };
    }
    shown + rest
}

fn word(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '-' | '"')
}

#[cfg(test)]
mod tests {
    use super::{Filter, ports, render, times};
    use crate::command::Command;

    fn run(script: &str) -> crate::command::Run {
        Command::new("/bin/sh").args(["-c", script]).run()
    }

    #[test]
    fn a_run_shows_status_stdout_and_stderr_together() {
        let text = render(&run("echo out; printf 'a\\033b' >&2; exit 3"), &[]);
        assert_eq!(
            text,
            "status: 3\n----- stdout -----\nout\n----- stderr -----\na\\u{1b}b\n[no newline at the end]\n"
        );
    }

    #[test]
    fn directories_are_hidden_by_name() {
        let text = render(&run("pwd; echo $HOME/x"), &[Filter::Directory]);
        assert!(text.contains("\n[WORK]\n[ROOT]/home/x\n"), "{text}");
    }

    #[test]
    fn only_ports_of_loopback_are_hidden() {
        assert_eq!(
            ports("http://127.0.0.1:4711/v1 10.0.0.1:80 127.0.0.1:"),
            "http://127.0.0.1:[PORT]/v1 10.0.0.1:80 127.0.0.1:"
        );
    }

    #[test]
    fn only_numbers_with_a_unit_of_time_are_hidden() {
        assert_eq!(
            times("12 calls in 1.5s, 3 ms, 4 sources, v2s id-7s 9µs."),
            "12 calls in [TIME], [TIME], 4 sources, v2s id-7s [TIME]."
        );
    }

    #[test]
    fn without_filters_nothing_is_hidden() {
        assert!(render(&run("echo 127.0.0.1:80 2ms"), &[]).contains("127.0.0.1:80 2ms"));
    }
}
