//! Prompts in files.

use std::io::Read as _;
use std::path::Path;

use ultra_core::failure::Failure;

/// The largest file that is read as a prompt, in bytes.
const LARGEST: u64 = 16 << 20;

/// The prompt in a file, without the line breaks at its end.
pub(super) fn prompt(file: &Path) -> Result<String, Failure> {
    let named = file.display();
    if file == Path::new("-") {
        return Err(Failure::usage("standard input is the stream of records, not a prompt file")
            .hint("read a prompt a line with --lines, or name a file"));
    }
    let mut text = String::new();
    let read = std::fs::File::open(file).and_then(|file| file.take(LARGEST + 1).read_to_string(&mut text));
    match read {
        Err(cause) if cause.kind() == std::io::ErrorKind::InvalidData => {
            Err(Failure::usage(format!("the prompt file {named} is not UTF-8 text")))
        }
        Err(cause) => Err(Failure::usage(format!("cannot read the prompt file {named}: {cause}"))),
        Ok(_) if text.len() as u64 > LARGEST => {
            let hint = "a text of that size is a document: pipe it in with ultra-ingest";
            Err(Failure::usage(format!("the prompt file {named} is larger than 16 MiB")).hint(hint))
        }
        Ok(_) if text.trim().is_empty() => Err(Failure::usage(format!("the prompt file {named} is empty"))),
        Ok(_) => Ok(text.trim_end_matches(['\r', '\n']).to_owned()),
    }
}
