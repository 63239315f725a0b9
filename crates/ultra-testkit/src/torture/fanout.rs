//! The program on trial, in front of scripted servers.

use std::ops::Range;

use super::Ground;
use crate::command::{Command, Run, Sandbox};
use crate::server::{Reply, Request, Script, Server};

/// Targets that stand for up to four servers, with the variable of each one's address. The last speaks the
/// other wire format.
const TARGETS: [(&str, &str); 4] = [
    ("ollama:m", "OLLAMA_BASE_URL"),
    ("llamacpp:m", "LLAMACPP_BASE_URL"),
    ("vllm:m", "VLLM_BASE_URL"),
    ("anthropic:m", "ANTHROPIC_BASE_URL"),
];

/// The targets of so many servers.
pub(super) fn targets(servers: usize) -> impl Iterator<Item = &'static str> {
    TARGETS.iter().take(servers).map(|(target, _)| *target)
}

/// The answer to a prompt of [`prompts`]; no other text holds it.
pub(super) fn answer_to(prompt: &str) -> String {
    prompt.replace("Q-", "A-")
}

/// The good answer to a request, with a usage of twelve tokens.
pub(super) fn good(request: &Request) -> Reply {
    Reply::text(&answer_to(&request.prompt())).usage(7, 5)
}

/// Always the good answer.
pub(super) fn answering() -> Script {
    Script::choose(|_, request| good(request))
}

/// One prompt a line; its id is `p` and its number.
pub(super) fn prompts(numbers: Range<u64>) -> String {
    numbers.map(prompt).collect()
}

/// One line of the input.
pub(super) fn prompt(number: u64) -> String {
    format!("{{\"type\":\"prompt\",\"id\":\"p{number:06}\",\"text\":\"Q-{number:06}.\"}}\n")
}

/// The program with one target for each server.
pub(super) fn command(
    ground: &Ground,
    sandbox: &Sandbox,
    servers: &[&Server],
    arguments: &[&str],
) -> Command {
    let mut command = sandbox.command(ground.programs.join("ultra-fanout"));
    for (server, (target, variable)) in servers.iter().zip(TARGETS) {
        let url = if target.starts_with("anthropic") { server.url() } else { server.openai_url() };
        command = command.env(variable, url).args(["-m", target]);
    }
    command.env("ANTHROPIC_API_KEY", "sk-ant-test").args(arguments)
}

/// Puts an input to servers, to the end.
pub(super) fn ask(
    ground: &Ground,
    sandbox: &Sandbox,
    servers: &[&Server],
    arguments: &[&str],
    input: &str,
) -> Run {
    let command = command(ground, sandbox, servers, arguments);
    command.stdin(input).timeout(std::time::Duration::from_mins(10)).run()
}
