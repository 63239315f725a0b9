//! The arguments of `ultra-ingest`, and what they become before any work is done.

use std::path::{Path, PathBuf};

use clap::{Args, ValueHint};
use ultra_core::failure::Failure;
use ultra_core::tool::Context;

use crate::decode::Charset;
use crate::extract::Extractor;
use crate::worker::Limits;
use crate::{read, walk};

/// The command line.
#[derive(Debug, Clone, Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub struct IngestArgs {
    /// Files, directories and quoted globs to read; `-` is standard input, which is also read when nothing is
    /// named
    ///
    /// A file that is named and cannot be read is an error record. In a directory, what is hidden, ignored by
    /// .gitignore, binary or no regular file is passed over and counted.
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub paths: Vec<PathBuf>,

    /// Cut documents into parts of at most N tokens, at headings, paragraphs or sentences; 0 never cuts
    ///
    /// A token is estimated as four bytes, or one character of Chinese, Japanese or Korean.
    #[arg(long, env = "ULTRA_CHUNK_TOKENS", value_name = "N", default_value_t = 8000)]
    pub chunk_tokens: u64,

    /// The encoding of the text files, such as latin1 or `shift_jis`, instead of the declared or detected one
    #[arg(long, env = "ULTRA_ENCODING", value_name = "NAME", value_parser = encoding)]
    pub encoding: Option<Charset>,

    /// Put U+FFFD where a text cannot be decoded, instead of an error, and say so in the document's warnings
    #[arg(long, env = "ULTRA_LOSSY", value_parser = clap::builder::BoolishValueParser::new())]
    pub lossy: bool,

    /// The name of standard input, whose ending tells its type, such as plan.md
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,

    /// In directories, read only files that match GLOB, or with ! in front, files that do not; repeatable
    #[arg(short, long, value_name = "GLOB")]
    pub glob: Vec<String>,

    /// In directories, read hidden files too
    #[arg(long, env = "ULTRA_HIDDEN", value_parser = clap::builder::BoolishValueParser::new())]
    pub hidden: bool,

    /// In directories, read what .gitignore and .ignore leave out
    #[arg(long, env = "ULTRA_NO_IGNORE", value_parser = clap::builder::BoolishValueParser::new())]
    pub no_ignore: bool,

    /// Follow symbolic links
    #[arg(long, env = "ULTRA_FOLLOW", value_parser = clap::builder::BoolishValueParser::new())]
    pub follow: bool,

    /// Largest document that is read, in bytes (K, M and G are powers of 1024)
    #[arg(long, env = "ULTRA_MAX_BYTES", value_name = "BYTES", value_parser = ultra_core::shell::bytes, default_value = "64M")]
    pub max_bytes: u64,

    /// Processor time that parsing one PDF or HTML document may take
    #[arg(long, env = "ULTRA_DOC_SECONDS", value_name = "SECONDS", default_value_t = 30,
          value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub doc_seconds: u64,

    /// Memory that parsing one PDF or HTML document may take, in bytes (K, M and G are powers of 1024)
    #[arg(long, env = "ULTRA_DOC_MEMORY", value_name = "BYTES", value_parser = ultra_core::shell::bytes, default_value = "512M")]
    pub doc_memory: u64,

    /// Standard input is a stream of records: copy it first, then add the documents
    #[arg(long, conflicts_with = "name")]
    pub records: bool,
}

/// A valid command line.
#[derive(Debug)]
pub(crate) struct Plan {
    /// What to read, at least one.
    pub(crate) paths: Vec<PathBuf>,
    pub(crate) chunk_tokens: u64,
    pub(crate) stdin_name: Option<String>,
    pub(crate) records: bool,
    pub(crate) extractor: Extractor,
    pub(crate) walk: walk::Rules,
    pub(crate) read: read::Rules,
}

impl IngestArgs {
    /// Checks what can be checked before anything is read.
    pub(crate) fn plan(self, context: &Context) -> Result<Plan, Failure> {
        let stdin = Path::new("-");
        let mut paths = self.paths;
        if self.records && context.plain_lines {
            return Err(Failure::usage(
                "--records and --lines do not go together: plain lines are no records",
            ));
        }
        if self.records && paths.iter().any(|path| path == stdin) {
            return Err(Failure::usage("with --records, standard input is the stream of records")
                .hint("name the files to add: ultra-ingest --records FILE…"));
        }
        if paths.is_empty() && !self.records {
            if context.person_types {
                return Err(Failure::usage("nothing to read")
                    .hint("name files or directories: ultra-ingest PATH…")
                    .hint("or pipe a document in: curl … | ultra-ingest"));
            }
            paths.push(stdin.to_owned());
        }
        if paths.iter().filter(|path| *path == stdin).count() > 1 {
            return Err(Failure::usage("standard input can be read only once; `-` is named twice"));
        }
        let walk = walk::Rules {
            globs: self.glob,
            hidden: self.hidden,
            no_ignore: self.no_ignore,
            follow: self.follow,
        };
        walk::check(&walk).map_err(Failure::usage)?;
        let limits = Limits { cpu_seconds: self.doc_seconds, memory: self.doc_memory, ..Limits::default() };
        Ok(Plan {
            paths,
            chunk_tokens: self.chunk_tokens,
            stdin_name: self.name,
            records: self.records,
            extractor: Extractor { encoding: self.encoding, lossy: self.lossy, limits, worker: None },
            walk,
            read: read::Rules { follow: self.follow, max_bytes: self.max_bytes },
        })
    }
}

fn encoding(name: &str) -> Result<Charset, String> {
    Charset::named(name)
        .ok_or_else(|| "unknown encoding; try utf-8, utf-16le, latin1, shift_jis, gb18030".to_owned())
}
