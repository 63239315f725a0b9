//! `ultra-cache key`: prints the key of each call.

use serde::Serialize;
use ultra_core::failure::Failure;
use ultra_core::kind::ErrorKind;
use ultra_core::ndjson::{Head, Input, Item, Line, Output};
use ultra_core::record::{ErrorRecord, Json, Object, Request, Type};
use ultra_core::target::calls;
use ultra_core::tool::{Context, Summary};
use ultra_store::Call;

use crate::panel::Panel;
use crate::place::counted;

/// The key of one call.
#[derive(Debug, Serialize)]
struct Keyed<'a> {
    request_id: &'a str,
    target: &'a str,
    sample: u32,
    key: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    fields: Option<Object>,
}

/// Prints a line for each call of each request; nothing else is copied.
pub(crate) fn run(context: &Context, mut input: Input, output: &mut Output) -> Result<Summary, Failure> {
    let mut panel = Panel::new(context);
    let (mut keys, mut requests, mut prompts) = (0_u64, 0_u64, 0_u64);
    while let Some(item) = input.next(output)? {
        match item {
            Item::Fault(fault) => output.fault(fault)?,
            Item::Line(line) if line.known() == Some(Type::Request) => {
                requests += 1;
                keys += print(&line, &mut panel, context.verbose, output)?;
            }
            Item::Line(line) => prompts += u64::from(asks(&line)),
        }
    }
    // Who made the requests may have left the prompts in the stream.
    if requests == 0 && prompts > 0 {
        tracing::warn!("{}", without_request(prompts));
    }
    Ok(Summary::new(counted(keys, "key")))
}

/// Whether a line is a prompt, with or without a `type`.
fn asks(line: &Line<'_>) -> bool {
    match line.head {
        Head::Known(kind) => kind == Type::Prompt,
        Head::Bare { asks, batch } => asks || batch,
        Head::Foreign => false,
    }
}

/// Why prompts have no keys, and how they get them.
fn without_request(prompts: u64) -> String {
    let (verb, pronoun) = if prompts == 1 { ("has", "it") } else { ("have", "them") };
    format!(
        "0 keys: {} {verb} no request yet, and only a request has keys; \
         send {pronoun} through ultra-pattern start first",
        counted(prompts, "prompt"),
    )
}

fn print(line: &Line<'_>, panel: &mut Panel<'_>, explain: bool, output: &mut Output) -> Result<u64, Failure> {
    let mut request: Request = match line.decode() {
        Ok(request) => request,
        Err(fault) => return output.fault(fault).map(|()| 0),
    };
    let calls = match panel.expand(&mut request).and_then(|()| calls(&request)) {
        Ok(calls) => calls,
        Err(cause) => return unresolved(&request, None, &cause.to_string(), output).map(|()| 0),
    };
    let mut keys = 0;
    for one in &calls {
        let seed = panel.seed();
        let route = match panel.route(&one.target) {
            Ok(route) => route,
            Err(cause) => {
                unresolved(&request, Some(&one.target), cause, output)?;
                continue;
            }
        };
        let call = Call::of(&request, route, one.sample, seed);
        let key = call.key();
        let fields = explain.then(|| fields(&call)).transpose()?;
        output.value(&Keyed {
            request_id: &request.id,
            target: &one.target,
            sample: one.sample,
            key: key.as_str(),
            fields,
        })?;
        keys += 1;
    }
    Ok(keys)
}

fn fields(call: &Call<'_>) -> Result<Object, Failure> {
    let text = |value: &str| Json::of(&value).map_err(|cause| Failure::internal(cause.to_string()));
    call.explain().iter().map(|(name, value)| Ok((name.to_string(), text(value)?))).collect()
}

fn unresolved(
    request: &Request,
    target: Option<&str>,
    cause: &str,
    output: &mut Output,
) -> Result<(), Failure> {
    let mut error = ErrorRecord::new(output.tool(), ErrorKind::NotFound, cause);
    error.request_id = Some(request.id.clone());
    error.prompt_id = Some(request.prompt_id.clone());
    error.target = target.map(str::to_owned);
    output.error(error)
}

#[cfg(test)]
mod tests {
    use super::without_request;

    #[test]
    fn one_prompt_and_many_are_told_how_they_get_a_key() {
        assert_eq!(
            without_request(1),
            "0 keys: 1 prompt has no request yet, and only a request has keys; \
             send it through ultra-pattern start first"
        );
        assert!(without_request(2).contains("2 prompts have no request yet"));
    }
}
