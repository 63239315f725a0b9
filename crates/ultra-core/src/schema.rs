//! JSON Schemas of the records, made from the same Rust types that read and write them.

use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use crate::record::{
    Comparison, Delta, Document, ErrorRecord, Prompt, Request, Response, Synthesis, Trial, Type, Verdict,
};

/// The JSON Schema (draft 2020-12) of one record type.
pub fn of(kind: Type) -> Value {
    let generator = SchemaSettings::draft2020_12().into_generator();
    let schema = match kind {
        Type::Document => generator.into_root_schema_for::<Document>(),
        Type::Prompt => generator.into_root_schema_for::<Prompt>(),
        Type::Request => generator.into_root_schema_for::<Request>(),
        Type::Response => generator.into_root_schema_for::<Response>(),
        Type::Error => generator.into_root_schema_for::<ErrorRecord>(),
        Type::Verdict => generator.into_root_schema_for::<Verdict>(),
        Type::Synthesis => generator.into_root_schema_for::<Synthesis>(),
        Type::Trial => generator.into_root_schema_for::<Trial>(),
        Type::Comparison => generator.into_root_schema_for::<Comparison>(),
        Type::Delta => generator.into_root_schema_for::<Delta>(),
    };
    schema.into()
}

/// What a tool reads and writes, as one JSON object of schemas.
pub fn of_tool(name: &str, reads: &[Type], writes: &[Type]) -> Value {
    let all = |kinds: &[Type]| {
        kinds.iter().map(|&kind| (kind.to_string(), of(kind))).collect::<serde_json::Map<_, _>>()
    };
    json!({ "tool": name, "reads": all(reads), "writes": all(writes) })
}
