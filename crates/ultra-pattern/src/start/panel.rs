//! Whom `start` asks: the targets, the judge, and who takes which role.

use std::collections::BTreeMap;

use ultra_core::config::nearest;
use ultra_core::failure::Failure;
use ultra_core::target::Target;
use ultra_core::tool::Context;
use ultra_template::Pattern;

use crate::find;

/// The targets that are asked: profiles become their members, so that everybody knows how many answers to expect.
pub(super) fn targets(specs: &[String], context: &Context) -> Result<Vec<String>, Failure> {
    let targets = targets_of(specs, context)?;
    if targets.is_empty() {
        return Err(Failure::usage("no target: whom should the pattern ask?").hint(
            "name models with -m, such as -m openai:gpt-5 -m ollama:llama3, or -m mock:a to try it out",
        ));
    }
    Ok(targets)
}

/// As [`targets`], and nobody is nobody.
pub(super) fn targets_of(specs: &[String], context: &Context) -> Result<Vec<String>, Failure> {
    let mut targets = Vec::new();
    for spec in specs {
        for target in Target::resolve(spec, &context.config, context.mock)? {
            targets.push(match target.samples {
                Some(samples) => format!("{}#{samples}", target.name),
                None => target.name,
            });
        }
    }
    Ok(targets)
}

/// The judge, who is one target.
pub(super) fn judge_named(spec: &str, context: &Context) -> Result<String, Failure> {
    let target = Target::one(spec, &context.config, context.mock)?;
    if target.samples.is_some() {
        return Err(
            Failure::usage(format!("--judge {spec}: a judge answers once")).hint("leave the number out")
        );
    }
    Ok(target.name)
}

/// The roles that the user gives, by target: each target is on the panel, and the pattern has each role.
pub(super) fn roles(
    given: &[(String, String)],
    targets: &[String],
    pattern: &Pattern,
) -> Result<BTreeMap<String, String>, Failure> {
    let calls = ultra_core::target::calls_of("", targets, None)?;
    for (target, role) in given {
        if !calls.iter().any(|call| call.target == *target) {
            let failure =
                Failure::usage(format!("--role {target}={role}: `{target}` is not among the targets"));
            let near = nearest(target, calls.iter().map(|call| call.target.as_str()));
            return Err(match near {
                Some(near) => failure.hint(format!("did you mean `{near}`?")),
                None => failure,
            });
        }
        pattern.check_role(role).map_err(|fault| find::usage(&fault.into()))?;
    }
    Ok(given.iter().cloned().collect())
}
