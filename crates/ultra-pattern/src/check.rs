//! `check`: everything that is wrong with pattern files, as a compiler would say it.

use serde_json::json;
use ultra_core::failure::Failure;
use ultra_core::ndjson::Output;
use ultra_core::tool::Summary;
use ultra_template::library;

use crate::args::CheckArgs;
use crate::find;

pub(crate) fn check(args: &CheckArgs, output: &mut Output) -> Result<Summary, Failure> {
    let mut bad = 0;
    for file in &args.files {
        let faults = match library::open(file, &find::Disk) {
            Ok(pattern) if args.json => {
                tracing::info!("{}: `{}` is sound", pattern.file, pattern.name);
                continue;
            }
            Ok(pattern) => {
                let text = format!(
                    "{}: `{}` is sound, {} stages\n",
                    pattern.file,
                    pattern.name,
                    pattern.stages.len()
                );
                output.text(&text)?;
                continue;
            }
            Err(faults) => faults,
        };
        bad += 1;
        if !args.json {
            output.text(&format!("{faults}\n"))?;
            continue;
        }
        for fault in faults.0 {
            let mut value = json!({ "file": fault.file, "kind": fault.kind, "message": fault.message });
            if let Some(line) = fault.line {
                value["line"] = line.into();
            }
            if let Some(hint) = fault.hint {
                value["hint"] = hint.into();
            }
            output.value(&value)?;
        }
    }
    output.flush()?;
    match bad {
        0 => Ok(Summary::new(format!("{} files are sound", args.files.len()))),
        bad => Err(Failure::strict(format!("{bad} of {} pattern files cannot be used", args.files.len()))),
    }
}
