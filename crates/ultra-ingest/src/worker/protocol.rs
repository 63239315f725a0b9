//! What the two processes say to each other: one JSON value a line, the last one `done` or `failed`.

use std::io::{BufRead, BufReader, Read, Write};

use serde::{Deserialize, Serialize};
use ultra_core::kind::ErrorKind;

use crate::error::DocError;
use crate::parsed::Parsed;

/// One line of the answer.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Say {
    /// More text.
    Text(String),
    /// The text is complete; this is the rest.
    Done(Parsed),
    /// There is no text.
    Failed {
        /// Why.
        kind: ErrorKind,
        /// In words.
        message: String,
    },
}

impl Say {
    /// Writes the line.
    pub(super) fn to(&self, mut out: impl Write) -> std::io::Result<()> {
        let mut line = serde_json::to_vec(self)?;
        line.push(b'\n');
        out.write_all(&line)
    }
}

impl From<DocError> for Say {
    fn from(error: DocError) -> Self {
        Self::Failed { kind: error.kind, message: error.message }
    }
}

/// Reads an answer of at most `limit` bytes of text. Nothing, if it breaks off.
pub(super) fn listen(answer: impl Read, limit: u64) -> Result<Option<Parsed>, DocError> {
    // JSON makes at most six bytes of one.
    let mut answer = BufReader::new(answer.take(limit.saturating_mul(6).saturating_add(1 << 20)));
    let mut text = String::new();
    let mut line = Vec::new();
    loop {
        line.clear();
        match answer.read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return Ok(None),
            Ok(_) => {}
        }
        match serde_json::from_slice(&line) {
            Ok(Say::Text(more)) if (text.len() + more.len()) as u64 > limit => {
                return Err(DocError::new(
                    ErrorKind::DocBomb,
                    format!("it unpacks to more than {} MiB of text; split it first", limit >> 20),
                ));
            }
            Ok(Say::Text(more)) => text.push_str(&more),
            Ok(Say::Done(parsed)) => return Ok(Some(Parsed { text, ..parsed })),
            Ok(Say::Failed { kind, message }) => return Err(DocError { kind, message }),
            Err(_) => return Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use ultra_core::kind::ErrorKind;

    use super::{Say, listen};
    use crate::parsed::Parsed;

    fn answer(lines: &[Say]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for line in lines {
            line.to(&mut bytes).expect("writes");
        }
        bytes
    }

    #[test]
    fn an_answer_that_breaks_off_is_no_answer() {
        let whole = answer(&[Say::Text("half".to_owned()), Say::Done(Parsed::default())]);
        assert_eq!(listen(&*whole, 9).expect("listens").expect("whole").text, "half");
        for end in 0..whole.len() - 2 {
            assert_eq!(listen(&whole[..end], 9).expect("listens"), None, "{end}");
        }
        assert_eq!(listen(&b"thread panicked\n"[..], 9).expect("listens"), None);
    }

    #[test]
    fn more_text_than_the_limit_is_a_bomb() {
        let long = answer(&[Say::Text("12345".to_owned()), Say::Text("6".to_owned())]);
        assert_eq!(listen(&*long, 5).expect_err("too long").kind, ErrorKind::DocBomb);
    }
}
