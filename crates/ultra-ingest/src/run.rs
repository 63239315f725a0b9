//! The tool: copies what it is told to copy, then makes a record of every document, in order.

use std::path::Path;

use ultra_core::failure::Failure;
use ultra_core::id::{ContentHash, Ids, blake3_hex};
use ultra_core::kind::ErrorKind;
use ultra_core::metrics::Metric;
use ultra_core::ndjson::{Input, Item, Output};
use ultra_core::record::{Document, ErrorRecord, InputPlace, Json, Object, Part, Record, Source, Type};
use ultra_core::shutdown::Why;
use ultra_core::tool::{Context, Summary, Tool};

use crate::args::{IngestArgs, Plan};
use crate::chunk::{self, Chunk};
use crate::error::{DocError, display_path};
use crate::extract::Extracted;
use crate::read;
use crate::walk::{self, Found};

/// `ultra-ingest`.
#[derive(Debug)]
pub struct Ingest;

const DOCUMENTS: Metric = Metric::counter("ultra_ingest_documents_total", "Document records made.");
const BYTES: Metric = Metric::counter("ultra_ingest_bytes_total", "Bytes of the documents that were read.");
const SKIPPED: Metric = Metric::counter("ultra_ingest_skipped_total", "Files passed over in directories.");

impl Tool for Ingest {
    type Args = IngestArgs;

    const NAME: &'static str = "ultra-ingest";
    const SECTION: &'static str = "ingest";
    const ABOUT: &'static str = "Turn files, directories and streams into document records";
    const EXAMPLES: &'static str = "\
Examples:
  Ask a panel about a document:
    $ ultra-ingest plan.pdf | ultra-pattern start gut \\
      -p 'Is this plan sound?' -m mock:a -m mock:b |
      ultra-fanout | ultra-pattern next | ultra-fanout | ultra-pattern next |
      ultra-fanout |
      ultra-synth --ultra anthropic:claude-opus-5-5

  Keep the documents of a directory, cut into parts of 1000 tokens:
    $ ultra-ingest notes -g '*.md' -g '!draft*' --chunk-tokens 1000 \\
      > documents.ndjson

  Read what another program writes:
    $ echo 'Ice in winter.' | ultra-ingest --name forecast.txt";
    const READS: &'static [Type] = &[];
    const WRITES: &'static [Type] = &[Type::Document, Type::Error];

    fn run(
        args: IngestArgs,
        context: &Context,
        input: Input,
        output: &mut Output,
    ) -> Result<Summary, Failure> {
        let plan = args.plan(context)?;
        run_plan(&plan, context, input, output)
    }
}

/// Reads everything that the plan names.
pub(crate) fn run_plan(
    plan: &Plan,
    context: &Context,
    mut input: Input,
    output: &mut Output,
) -> Result<Summary, Failure> {
    if plan.records {
        copy(&mut input, output)?;
    }
    let mut run = Run { plan, context, output, ids: Ids::default(), count: Count::default() };
    for path in &plan.paths {
        let before = run.count.seen();
        let found = walk::find(path, &plan.walk).map_err(|error| Failure::usage(error.message))?;
        for found in found {
            run.stop_if_asked()?;
            run.take(found, &mut input)?;
        }
        if run.count.seen() == before {
            tracing::warn!("there is nothing to read in {}", display_path(path).0);
        }
    }
    run.output.flush()?;
    Ok(run.count.summary())
}

/// Copies a stream of records.
fn copy(input: &mut Input, output: &mut Output) -> Result<(), Failure> {
    while let Some(item) = input.next(output)? {
        match item {
            Item::Line(line) => output.pass(&line)?,
            Item::Fault(fault) => output.fault(fault)?,
        }
    }
    Ok(())
}

struct Run<'a> {
    plan: &'a Plan,
    context: &'a Context,
    output: &'a mut Output,
    ids: Ids,
    count: Count,
}

/// Where a document comes from, for people and records.
struct Origin {
    path: String,
    name: String,
    /// The name, if it tells what is inside.
    telling: Option<String>,
    warnings: Vec<String>,
}

impl Run<'_> {
    fn stop_if_asked(&self) -> Result<(), Failure> {
        match self.context.shutdown.why() {
            None => Ok(()),
            Some(Why::ReaderGone) => Err(Failure::reader_gone()),
            Some(Why::Signal(_)) => Err(Failure::stopped("stopped before every document was read")),
        }
    }

    fn take(&mut self, found: Found, input: &mut Input) -> Result<(), Failure> {
        match found {
            Found::Stdin => {
                let limit = self.plan.read.max_bytes;
                let bytes = input.read_raw(limit)?;
                let origin = self.stdin();
                if bytes.len() as u64 > limit {
                    return self.fail(&origin, &read::too_large(bytes.len() as u64, limit));
                }
                self.document(&bytes, origin, false)
            }
            Found::Named(path) => self.file(&path, false),
            Found::Walked(path) => self.file(&path, true),
            Found::Special(path) => {
                self.skip(&path, "not a regular file");
                Ok(())
            }
            Found::Lost(path, error) => self.fail(&origin(&path), &error),
        }
    }

    fn stdin(&self) -> Origin {
        let name = self.plan.stdin_name.clone();
        let shown = name.clone().unwrap_or_else(|| "stdin".to_owned());
        Origin { path: "-".to_owned(), name: shown, telling: name, warnings: Vec::new() }
    }

    fn file(&mut self, path: &Path, walked: bool) -> Result<(), Failure> {
        match read::file(path, self.plan.read) {
            Ok(bytes) => self.document(&bytes, origin(path), walked),
            Err(error) => self.fail(&origin(path), &error),
        }
    }

    /// Makes the records of one document, or its error.
    fn document(&mut self, bytes: &[u8], origin: Origin, walked: bool) -> Result<(), Failure> {
        match self.plan.extractor.extract(bytes, origin.telling.as_deref()) {
            Ok(extracted) => self.put(bytes, origin, extracted),
            Err(error)
                if walked
                    && matches!(error.kind, ErrorKind::DocType | ErrorKind::DocEmpty)
                    && !is_pdf(bytes) =>
            {
                self.skip(Path::new(&origin.path), &error.message);
                Ok(())
            }
            Err(error) => self.fail(&origin, &error),
        }
    }

    fn put(&mut self, bytes: &[u8], mut origin: Origin, extracted: Extracted) -> Result<(), Failure> {
        let Extracted { media_type, structure, mut parsed } = extracted;
        let chunks = chunk::split(&parsed.text, structure, self.plan.chunk_tokens);
        let pages = std::mem::take(&mut parsed.pages);
        let hash = blake3_hex(bytes);
        let meta: Object = parsed
            .meta
            .into_iter()
            .map(|(name, fact)| Ok((name, Json::of(&fact)?)))
            .collect::<Result<_, serde_json::Error>>()
            .map_err(|cause| Failure::internal(format!("a fact about a document is no JSON: {cause}")))?;
        origin.warnings.append(&mut parsed.warnings);
        self.count.files += 1;
        self.context.metrics.add(BYTES, &[], bytes.len() as f64);
        let count = chunks.len();
        for (index, chunk) in chunks.into_iter().enumerate() {
            let text = &parsed.text[chunk.start..chunk.end];
            let blank = text.len() - text.trim_start().len();
            let page = pages.at(chunk.start + blank);
            let last_page = pages.at((chunk.start + text.trim_end().len()).saturating_sub(1));
            let last_page = last_page.filter(|last| Some(*last) > page);
            let content = ContentHash::new("ultra document v1")
                .field(&hash)
                .field((chunk.start as u64).to_le_bytes())
                .field(text);
            self.count.documents += 1;
            self.count.tokens += chunk.tokens;
            self.context.metrics.add(DOCUMENTS, &[], 1.0);
            self.output.put(&Document {
                id: self.ids.give(Document::PREFIX, &content),
                name: origin.name.clone(),
                media_type: media_type.to_owned(),
                text: text.to_owned(),
                tokens: chunk.tokens,
                source: Source {
                    path: Some(origin.path.clone()),
                    url: None,
                    bytes: bytes.len() as u64,
                    blake3: hash.clone(),
                    extra: Object::default(),
                },
                part: (count > 1).then(|| Part { page, last_page, ..part(chunk, index, count) }),
                meta: meta.clone(),
                trust: "untrusted".to_owned(),
                warnings: origin.warnings.clone(),
                extra: Object::default(),
            })?;
        }
        // A later stage may begin with this document while the next one is read.
        self.output.flush()
    }

    fn fail(&mut self, origin: &Origin, error: &DocError) -> Result<(), Failure> {
        self.count.failed += 1;
        let message = format!("{}: {}", origin.path, error.message);
        tracing::warn!("{message}");
        let mut record = ErrorRecord::new(Ingest::NAME, error.kind, message);
        record.input = Some(InputPlace {
            line: None,
            offset: None,
            path: Some(origin.path.clone()),
            text: None,
            extra: Object::default(),
        });
        self.output.error(record)
    }

    fn skip(&mut self, path: &Path, why: &str) {
        tracing::info!("{} is passed over: {why}", display_path(path).0);
        self.count.skipped += 1;
        self.context.metrics.add(SKIPPED, &[], 1.0);
    }
}

fn part(chunk: Chunk, index: usize, count: usize) -> Part {
    Part {
        index: index as u64,
        count: count as u64,
        start: chunk.start as u64,
        end: chunk.end as u64,
        heading: chunk.heading,
        page: None,
        last_page: None,
        extra: Object::default(),
    }
}

fn origin(path: &Path) -> Origin {
    let (shown, lossy) = display_path(path);
    let (name, _) =
        path.file_name().map_or_else(|| (shown.clone(), false), |name| display_path(Path::new(name)));
    let warning = lossy.then(|| "path: the name is not UTF-8; what is not is shown as U+FFFD".to_owned());
    Origin { path: shown, telling: Some(name.clone()), name, warnings: warning.into_iter().collect() }
}

/// A PDF without text was meant to be read; an empty file in a directory was not.
fn is_pdf(bytes: &[u8]) -> bool {
    bytes.trim_ascii_start().starts_with(b"%PDF-")
}

#[derive(Debug, Default)]
struct Count {
    files: u64,
    documents: u64,
    tokens: u64,
    skipped: u64,
    failed: u64,
}

impl Count {
    fn seen(&self) -> u64 {
        self.files + self.skipped + self.failed
    }

    fn summary(&self) -> Summary {
        let plural = |count: u64, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
        let mut parts = vec![plural(self.files, "document")];
        if self.documents != self.files {
            parts.push(format!("cut into {}", plural(self.documents, "part")));
        }
        parts.push(format!("about {}", plural(self.tokens, "token")));
        if self.skipped > 0 {
            parts.push(format!("{} passed over", plural(self.skipped, "file")));
        }
        if self.failed > 0 {
            parts.push(format!("{} failed", self.failed));
        }
        Summary::new(parts.join(", "))
    }
}

#[cfg(test)]
mod tests;
