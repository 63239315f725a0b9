//! The JSON Schemas in `man/schemas` are those of the code.

use ultra_core::record::Type;
use ultra_core::schema;

use crate::{fresh, tools};

#[test]
fn the_schemas_are_fresh() {
    for kind in Type::ALL {
        fresh::check(&format!("man/schemas/{kind}.json"), &format!("{:#}\n", schema::of(kind)));
    }
    fresh::check("man/schemas/pattern.json", &format!("{:#}\n", ultra_template::file::schema()));
}

#[test]
fn each_tool_prints_what_it_reads_and_writes() {
    for tool in tools::all() {
        let run = std::process::Command::new(tool.binary).arg("--schema").output().expect("runs");
        let printed: serde_json::Value = serde_json::from_slice(&run.stdout).expect("is JSON");
        assert_eq!(printed, schema::of_tool(tool.name, tool.reads, tool.writes), "{}", tool.name);
        assert!(run.status.success() && !tool.writes.is_empty(), "{}", tool.name);
    }
}

#[test]
fn the_schema_of_an_error_lists_every_kind() {
    let tool = &tools::all()[2];
    let run = std::process::Command::new(tool.binary).args(["--schema", "error"]).output().expect("runs");
    let text = String::from_utf8(run.stdout).expect("is text");
    for kind in ultra_core::kind::ErrorKind::ALL {
        assert!(text.contains(&format!("\"const\": \"{kind}\"")), "{kind}");
    }
}

#[test]
fn a_tool_prints_the_schema_of_the_files_that_it_reads() {
    let tool = tools::all().into_iter().find(|tool| tool.name == "ultra-pattern").expect("is there");
    for arguments in [&["--schema=pattern"][..], &["--schema", "pattern"]] {
        let run = std::process::Command::new(tool.binary).args(arguments).output().expect("runs");
        let printed: serde_json::Value = serde_json::from_slice(&run.stdout).expect("is JSON");
        assert_eq!(printed, ultra_template::file::schema());
    }
}
