//! `ultra-cache put`: keeps new answers.

use ultra_core::failure::Failure;
use ultra_core::ndjson::{Input, Item, Line, Output};
use ultra_core::record::{ErrorRecord, Request, Response, Type};
use ultra_core::target::calls;
use ultra_core::tool::{Context, Summary};
use ultra_store::{Cache, Call, Options};

use crate::args::Put;
use crate::held::Held;
use crate::panel::Panel;
use crate::place::{counted, report};

/// Copies the stream and stores each new answer to a request that came before it.
pub(crate) fn run(
    args: &Put,
    context: &Context,
    mut input: Input,
    output: &mut Output,
) -> Result<Summary, Failure> {
    let mut cache = args.place.cache(context, Options::at);
    let mut panel = Panel::new(context);
    let mut held = Held::new(context.memory);
    while let Some(item) = input.next(output)? {
        match item {
            Item::Fault(fault) => output.fault(fault)?,
            Item::Line(line) => {
                output.pass(&line)?;
                match line.known() {
                    Some(Type::Request) => open(&line, &panel, &mut held),
                    Some(Type::Response) => keep(&line, &mut panel, &mut held, &mut cache),
                    Some(Type::Error) => end(&line, &mut held),
                    _ => {}
                }
            }
        }
        if input.buffered() == 0 {
            // The next read may wait for long; what is here is safe before it does.
            cache.flush();
        }
    }
    cache.flush();
    if held.forgotten > 0 {
        let were = if held.forgotten == 1 { "was" } else { "were" };
        let forgotten = counted(held.forgotten, "request");
        tracing::warn!("{forgotten} {were} not held until the answers came; raise --mem");
    }
    Ok(report(&cache, context))
}

/// Begins to hold a request. One that cannot be decoded was copied like any other line: the tool that owns it
/// complains.
fn open(line: &Line<'_>, panel: &Panel<'_>, held: &mut Held) {
    let Ok(mut request) = line.decode::<Request>() else { return };
    if let Ok(calls) = panel.expand(&mut request).and_then(|()| calls(&request)) {
        held.open(request, calls, line.bytes.len());
    }
}

/// Stores an answer to an open call.
fn keep(line: &Line<'_>, panel: &mut Panel<'_>, held: &mut Held, cache: &mut Cache) {
    let Ok(response) = line.decode::<Response>() else { return };
    held.end(&response.request_id, &response.target, response.sample, |request| {
        let seed = panel.seed();
        if let Ok(route) = panel.route(&response.target) {
            cache.store(&Call::of(request, route, response.sample, seed), &response);
        }
    });
}

/// Ends the call, or all calls of the request, that failed.
fn end(line: &Line<'_>, held: &mut Held) {
    let Ok(ErrorRecord { request_id: Some(id), target, sample, .. }) = line.decode::<ErrorRecord>() else {
        return;
    };
    match target {
        Some(target) => held.end(&id, &target, sample.unwrap_or(0), |_| {}),
        None => held.close(&id),
    }
}
