//! `ultra-cache get`: answers what the store knows.

use ultra_core::failure::Failure;
use ultra_core::ndjson::{Input, Item, Line, Output};
use ultra_core::record::{Request, Type};
use ultra_core::target::pending;
use ultra_core::tool::{Context, Summary};
use ultra_store::{Asked, Cache, Call, Options};

use crate::args::Get;
use crate::panel::Panel;
use crate::place::report;

/// Copies the stream; a request with hits goes on with the calls that are left, and its answers follow it.
pub(crate) fn run(
    args: &Get,
    context: &Context,
    mut input: Input,
    output: &mut Output,
) -> Result<Summary, Failure> {
    let mut cache =
        args.place.cache(context, |path| Options { ttl_s: args.ttl, looks_only: true, ..Options::at(path) });
    let mut panel = Panel::new(context);
    while let Some(item) = input.next(output)? {
        match item {
            Item::Fault(fault) => output.fault(fault)?,
            Item::Line(line) if line.known() == Some(Type::Request) => {
                answer(&line, &mut cache, &mut panel, output)?;
            }
            Item::Line(line) => output.pass(&line)?,
        }
    }
    Ok(report(&cache, context))
}

fn answer(
    line: &Line<'_>,
    cache: &mut Cache,
    panel: &mut Panel<'_>,
    output: &mut Output,
) -> Result<(), Failure> {
    let mut request: Request = match line.decode() {
        Ok(request) => request,
        Err(fault) => return output.fault(fault),
    };
    // A target that cannot be resolved stays for the tool that asks, which has to say so anyway.
    let Ok(calls) = panel.expand(&mut request).and_then(|()| pending(&request)) else {
        return output.pass(line);
    };
    let (mut left, mut answers) = (Vec::new(), Vec::new());
    for call in calls {
        let seed = panel.seed();
        let route = panel.route(&call.target).ok();
        let hit = route.and_then(|route| cache.lookup(&Call::of(&request, route, call.sample, seed)));
        match hit {
            Some(hit) => answers.push(hit.response(&asked(&request, &call.target, call.sample))),
            None => left.push(call),
        }
    }
    if answers.is_empty() {
        return output.pass(line);
    }
    request.pending = Some(left);
    output.rewrite(&request)?;
    answers.iter().try_for_each(|response| output.put(response))
}

fn asked<'a>(request: &'a Request, target: &'a str, sample: u32) -> Asked<'a> {
    let stage = request.stage.as_ref().map_or("answer", |stage| stage.name.as_str());
    Asked { request_id: &request.id, prompt_id: &request.prompt_id, target, sample, stage }
}
