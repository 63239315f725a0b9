//! The shape of the workspace, compared with what the design says: who may know whom, and what must be absent.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};

fn metadata() -> Metadata {
    MetadataCommand::new()
        .manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
        .other_options(["--locked".to_owned()])
        .exec()
        .expect("cargo metadata works")
}

fn normal_dependencies(package: &Package) -> BTreeSet<String> {
    let normal = package.dependencies.iter().filter(|dependency| dependency.kind == DependencyKind::Normal);
    normal.map(|dependency| dependency.name.clone()).collect()
}

/// Who may depend on which of our own crates. Tool crates do not know each other.
const MAY_KNOW: &[(&str, &[&str])] = &[
    ("ultra-core", &[]),
    ("ultra-pace", &[]),
    ("ultra-provider", &["ultra-core", "ultra-pace"]),
    ("ultra-template", &["ultra-core"]),
    ("ultra-store", &["ultra-core"]),
    ("ultra-aggregate", &[]),
    ("ultra-ingest", &["ultra-core"]),
    ("ultra-pattern", &["ultra-core", "ultra-template"]),
    ("ultra-fanout", &["ultra-aggregate", "ultra-core", "ultra-provider", "ultra-store"]),
    ("ultra-cache", &["ultra-core", "ultra-store"]),
    ("ultra-synth", &["ultra-aggregate", "ultra-core", "ultra-provider", "ultra-store", "ultra-template"]),
    ("ultra-testkit", &["ultra-pace"]),
];

#[test]
fn dependencies_point_one_way() {
    let metadata = metadata();
    let allowed: BTreeMap<_, _> = MAY_KNOW.iter().copied().collect();
    for package in
        metadata.workspace_packages().into_iter().filter(|package| package.name.as_str() != "ultra")
    {
        let name = package.name.as_str();
        let may_know =
            allowed.get(name).unwrap_or_else(|| panic!("{name} is not in the table of the architecture"));
        let ours = normal_dependencies(package).into_iter().filter(|known| known.starts_with("ultra-"));
        for known in ours {
            assert!(may_know.contains(&known.as_str()), "{name} must not know {known}");
        }
    }
}

/// What may be used only where.
const ONLY_UNDER: &[(&str, &[&str])] = &[
    ("reqwest", &["ultra-provider"]),
    ("rustls", &["ultra-provider"]),
    ("tokio", &["ultra-provider"]),
    ("ndjson-stream", &["ultra-core"]),
    ("signal-hook", &["ultra-core"]),
    ("rusqlite", &["ultra-store"]),
    ("minijinja", &["ultra-template"]),
    ("unpdf", &["ultra-ingest"]),
];

#[test]
fn what_is_confined_stays_confined() {
    for package in metadata().workspace_packages() {
        for (dependency, homes) in ONLY_UNDER {
            let used = normal_dependencies(package).contains(*dependency);
            assert!(!used || homes.contains(&package.name.as_str()), "{} uses {dependency}", package.name);
        }
    }
}

#[test]
fn the_scheduler_depends_on_nothing() {
    let metadata = metadata();
    let pace =
        metadata.packages.iter().find(|package| package.name.as_str() == "ultra-pace").expect("is there");
    assert_eq!(normal_dependencies(pace), BTreeSet::new());
}

/// Licences that let anybody use Ultra for anything.
const LICENCES: &[&str] = &[
    "MIT",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Zlib",
    "Unicode-3.0",
    "CC0-1.0",
    "MIT-0",
    "BSL-1.0",
    "0BSD",
    "Unlicense",
    "CDLA-Permissive-2.0",
];

/// Names of the packages that are compiled into the tools on this platform.
fn shipped(metadata: &Metadata) -> BTreeSet<cargo_metadata::PackageId> {
    let resolve = metadata.resolve.as_ref().expect("is resolved");
    let mut todo: Vec<_> =
        metadata.workspace_members.iter().filter(|id| !id.repr.contains("testkit")).cloned().collect();
    let mut seen = BTreeSet::new();
    while let Some(id) = todo.pop() {
        if !seen.insert(id.clone()) {
            continue;
        }
        let node = resolve.nodes.iter().find(|node| node.id == id).expect("is a node");
        for dependency in &node.deps {
            let here = dependency.dep_kinds.iter().any(|kind| {
                let foreign = kind.target.as_ref().map(ToString::to_string).is_some_and(|target| {
                    ["windows", "wasm", "macos", "apple", "android", "ios", "redox", "wasi", "hermit"]
                        .iter()
                        .any(|os| target.contains(os))
                        && !target.contains("not(")
                });
                kind.kind == DependencyKind::Normal && !foreign
            });
            if here {
                todo.push(dependency.pkg.clone());
            }
        }
    }
    seen
}

#[test]
fn every_licence_is_permissive() {
    let metadata = metadata();
    let shipped = shipped(&metadata);
    for package in metadata.packages.iter().filter(|package| shipped.contains(&package.id)) {
        let licence = package.license.as_deref().unwrap_or_default();
        let choices = licence.replace(['(', ')'], "").replace('/', " OR ");
        let free = choices
            .split(" OR ")
            .any(|choice| choice.split(" AND ").all(|part| LICENCES.contains(&part.trim())));
        assert!(free, "{} {}: {licence:?}", package.name, package.version);
    }
}

#[test]
fn every_dependency_comes_from_the_registry() {
    for package in metadata().packages {
        let ours = package.source.is_none() && package.name.starts_with("ultra");
        assert!(
            ours || package.source.as_ref().is_some_and(cargo_metadata::Source::is_crates_io),
            "{}",
            package.name
        );
    }
}

#[test]
fn every_dependency_is_said_with_its_use() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/ARCHITECTURE.md"));
    let page = page.expect("is there");
    let table = page.lines().skip_while(|line| *line != "## Dependencies");
    let rows: Vec<&str> = table.filter_map(|line| line.strip_prefix("| ")?.split(" | ").next()).collect();
    let said: BTreeSet<&str> = rows.into_iter().flat_map(|row| row.split(", ")).collect();
    for package in metadata().workspace_packages() {
        for dependency in package.dependencies.iter().filter(|known| !known.name.starts_with("ultra-")) {
            assert!(said.contains(dependency.name.as_str()), "{} is not in ARCHITECTURE.md", dependency.name);
        }
    }
}

/// Two versions of one crate cost build time and size; each pair needs a reason.
const DUPLICATES: &[(&str, &str)] = &[
    ("getrandom", "ring is still at 0.2"),
    ("hayro-ccitt", "two decoders of unpdf disagree on the version"),
    ("syn", "derive macros are moving from 2 to 3; nothing of it is shipped"),
    ("thiserror", "ndjson-stream is still at 1"),
    ("thiserror-impl", "as thiserror"),
];

#[test]
fn no_crate_is_there_twice_without_a_reason() {
    let metadata = metadata();
    let shipped = shipped(&metadata);
    let mut versions: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for package in metadata.packages.iter().filter(|package| shipped.contains(&package.id)) {
        versions.entry(package.name.as_str()).or_default().push(package.version.to_string());
    }
    for (name, found) in versions.into_iter().filter(|(_, found)| found.len() > 1) {
        assert!(DUPLICATES.iter().any(|(known, _)| *known == name), "{name} is there as {found:?}");
    }
}
