//! The answers: about 570 bytes, with what identifies the prompt in them.

use std::fmt::Write as _;

use memchr::memmem;

/// Bytes of text in an answer.
const TEXT: usize = 256;
const WORDS: &str = "The measured answer depends on the load, the latency and the size of the body; ";

/// The `[[id:…]]` in a request: whoever reads the answer can tell whose it is.
pub(crate) fn mark(body: &[u8]) -> &str {
    let Some(start) = memmem::find(body, b"[[id:") else { return "" };
    let marked = &body[start..body.len().min(start + 96)];
    let end = memmem::find(marked, b"]]").map_or(0, |end| end + 2);
    std::str::from_utf8(&marked[..end]).unwrap_or_default()
}

/// A completion that begins with `mark` and, where there is one, `stamp`.
pub(crate) fn completion(mark: &str, stamp: Option<(u128, u128)>) -> String {
    let mut text = String::with_capacity(TEXT + 128);
    text.push_str(mark);
    if let Some((came, left)) = stamp {
        // Writing to a string cannot fail.
        let _ = write!(text, " [[at:{came},{left}]]");
    }
    text.push(' ');
    while text.len() < TEXT {
        text.push_str(&WORDS[..WORDS.len().min(TEXT - text.len())]);
    }
    format!(
        "{{\"id\":\"chatcmpl-peer\",\"object\":\"chat.completion\",\"created\":1700000000,\"model\":\"peer\",\
         \"choices\":[{{\"index\":0,\"message\":{{\"role\":\"assistant\",\"content\":\"{text}\",\"refusal\":null}},\
         \"logprobs\":null,\"finish_reason\":\"stop\"}}],\
         \"usage\":{{\"prompt_tokens\":20,\"completion_tokens\":64,\"total_tokens\":84}}}}"
    )
}

/// What a refused call is told.
pub(crate) const REFUSAL: &str = "{\"error\":{\"message\":\"Rate limit reached. Please try again later.\",\
     \"type\":\"rate_limit_error\",\"param\":null,\"code\":\"rate_limit_exceeded\"}}";
