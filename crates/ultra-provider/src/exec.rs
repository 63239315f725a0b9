//! Members of the panel that are programs: the conversation on stdin, the answer on stdout.
//!
//! The command runs under `sh -c` in a process group of its own, which dies with the call. It inherits the
//! environment except the variables that hold keys of providers.
#![allow(clippy::result_large_err, reason = "an error is small beside a call that takes seconds")]

mod conversation;
mod process;

use std::time::Duration;

use ultra_core::failure::Failure;
use ultra_core::kind::ErrorKind;
use ultra_pace::Class;

pub(crate) use self::conversation::rendered;
pub(crate) use self::process::kill_all;
use self::process::{Ended, Unfinished};
use crate::call::{Answer, Call, CallError, Calling, Provider, Watch};
use crate::classify::peer::visible;
use crate::http::{LARGEST, seconds};

/// A program that answers.
#[derive(Debug)]
pub(crate) struct Exec {
    target: String,
    command: String,
    secrets: Vec<String>,
}

impl Exec {
    /// A member that runs `command`, which sees none of the variables in `secrets`.
    ///
    /// # Errors
    /// A usage failure when the command is blank or holds a NUL character.
    pub(crate) fn new(target: &str, command: &str, secrets: &[String]) -> Result<Self, Failure> {
        if command.trim().is_empty() || command.contains('\0') {
            return Err(Failure::usage(format!("target `{}`: there is no command", target.escape_debug()))
                .hint("exec:COMMAND runs COMMAND with the prompt on its stdin"));
        }
        Ok(Self { target: target.to_owned(), command: command.to_owned(), secrets: secrets.to_vec() })
    }

    async fn attempt(&self, call: &Call) -> Result<Answer, CallError> {
        let prompt = conversation::rendered(call);
        let ended = process::run(&self.command, &self.secrets, prompt.into_bytes()).await;
        let ended = ended.map_err(|unfinished| match unfinished {
            Unfinished::TooLarge => {
                let what = format!("the command wrote more than {} MiB", LARGEST >> 20);
                self.error(ErrorKind::TooLarge, Class::FatalRecord, &what)
            }
            Unfinished::Io(cause) => {
                self.error(ErrorKind::Exec, Class::Free, &format!("the command could not be run: {cause}"))
            }
        })?;
        self.answer(ended)
    }

    fn answer(&self, ended: Ended) -> Result<Answer, CallError> {
        if let Some(how) = ended.failure {
            let class = match ended.code {
                // What the shell says when there is no such command, or it may not be run.
                Some(126 | 127) => Class::FatalTarget,
                _ => Class::Unsure,
            };
            let said = visible(&String::from_utf8_lossy(&ended.stderr));
            let what = if said.is_empty() { how } else { format!("{how}: {said}") };
            return Err(self.error(ErrorKind::Exec, class, &what));
        }
        let Ok(mut text) = String::from_utf8(ended.stdout) else {
            return Err(self.error(
                ErrorKind::BadJson,
                Class::Unsure,
                "what the command wrote is not UTF-8 text",
            ));
        };
        let end = text.trim_end_matches(['\n', '\r']).len();
        text.truncate(end);
        if text.trim().is_empty() {
            return Err(self.error(
                ErrorKind::Empty,
                Class::Unsure,
                "the command ended well but wrote nothing",
            ));
        }
        Ok(Answer {
            model: self.command.split_whitespace().next().unwrap_or_default().to_owned(),
            text,
            reasoning: None,
            finish_reason: "stop".to_owned(),
            usage: None,
            cost_usd: None,
            first_byte: ended.first_byte,
            mock: false,
        })
    }

    fn error(&self, kind: ErrorKind, class: Class, what: &str) -> CallError {
        CallError::new(kind, class, format!("{}: {what}", visible(&self.target)))
    }
}

impl Provider for Exec {
    fn call<'a>(&'a self, call: &'a Call, _: &'a dyn Watch) -> Calling<'a> {
        Box::pin(self.attempt(call))
    }

    fn late(&self, limit: Duration) -> CallError {
        let what = format!("the command did not end within {} and was stopped", seconds(limit));
        self.error(ErrorKind::TimeoutAttempt, Class::Unsure, &what)
    }
}

#[cfg(test)]
mod tests;
