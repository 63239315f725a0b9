//! The arguments of `start` that have to do with prompts in files and with documents.

use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};
use ultra_template::select::Limits;

/// Prompts in files, and what becomes of documents.
#[derive(Debug, Clone, Default, Args)]
pub struct DocumentArgs {
    /// Ask what stands in this file, after the prompts of -p; repeat it for more prompts
    #[arg(short = 'f', long = "prompt-file", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub files: Vec<PathBuf>,

    /// How a prompt gets its documents
    ///
    /// With `each` and `chunk` a prompt becomes several, which name it in `part_of`. Bring the answers together with
    /// a second `start --from-answers` at the end of the pipeline.
    #[arg(long, value_name = "HOW", default_value = "all")]
    pub documents: Division,

    /// Show a prompt the N excerpts that matter most to it
    ///
    /// They are chosen by the words that they share with the prompt (BM25) and stay in the order of the documents.
    /// An excerpt is a document record: a whole document, or a part that ultra-ingest --chunk-tokens made. If all
    /// fit, all are shown; if none shares a word with the prompt, the first are. Each request lists what it shows
    /// and what it does not under `documents`.
    #[arg(long, value_name = "N")]
    pub top_k: Option<u64>,

    /// Show a prompt no more than about N tokens of documents, chosen as by --top-k
    ///
    /// The lines around each excerpt count. A document record that is larger than N is cut where a reader would cut
    /// it. With 0 no documents are shown.
    #[arg(long, value_name = "N")]
    pub context_tokens: Option<u64>,

    /// Ask about the answers in the stream: they become the documents
    ///
    /// Nothing that is in the stream is asked again. A prompt that was divided with --documents is put once more, to
    /// the answers that its parts ended with: the synthesis of each, or else the answers of its last stage. With -p
    /// this is asked instead, about all answers.
    #[arg(long, conflicts_with = "documents")]
    pub from_answers: bool,
}

/// How a prompt gets its documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Division {
    /// All in one request
    #[default]
    All,
    /// One prompt for each document, with all its parts
    Each,
    /// One prompt for each document record, which may be one part of a document
    #[value(alias = "part")]
    Chunk,
}

impl DocumentArgs {
    /// What may be shown, if that is limited.
    pub(super) fn limits(&self) -> Option<Limits> {
        let limits = Limits { top_k: self.top_k, tokens: self.context_tokens };
        (limits != Limits::default()).then_some(limits)
    }
}
