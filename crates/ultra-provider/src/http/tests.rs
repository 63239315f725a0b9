//! Calls over real sockets, judged by the ledger of the server.

mod connections;
mod faults;
mod fixtures;
mod keys;
mod streams;

use std::time::Duration;

use ultra_core::config::{Dialect, Provider as Settings};
use ultra_core::record::{Message, Role};
use ultra_testkit::server::Server;

use super::Http;
use crate::call::{Answer, Call, CallError, Silent, call_within};
use crate::client::Timeouts;

const KEY: &str = "sk-canary-0123456789abcdef";

/// Long enough never to be met.
const LONG: Duration = Duration::from_secs(30);

/// Short enough to wait for.
const SHORT: Duration = Duration::from_millis(100);

fn settings(server: &Server, dialect: Dialect) -> Settings {
    Settings {
        name: "here".into(),
        dialect,
        base_url: match dialect {
            Dialect::OpenAi => server.openai_url(),
            Dialect::Anthropic => server.url(),
        },
        key_env: Some("HERE_API_KEY".into()),
        key_file: None,
        needs_key: false,
        version: None,
    }
}

fn call() -> Call {
    Call {
        request_id: "req_1".into(),
        target: "here:m".into(),
        sample: 0,
        messages: vec![
            Message::new(Role::System, "Be brief."),
            Message::new(Role::User, "Where does Zürich lie?"),
        ]
        .into(),
        params: None,
        output_schema: None,
    }
}

/// One attempt, without a key and with limits that are not met.
fn ask(server: &Server, dialect: Dialect) -> Result<Answer, CallError> {
    ask_within(server, dialect, Timeouts { first_byte: LONG, first_byte_of_stream: LONG, idle: LONG }, LONG)
}

fn ask_within(
    server: &Server,
    dialect: Dialect,
    timeouts: Timeouts,
    limit: Duration,
) -> Result<Answer, CallError> {
    let http = Http::new("here:m", &settings(server, dialect), "m", timeouts).expect("a connection");
    attempt(&http, limit)
}

fn attempt(http: &Http, limit: Duration) -> Result<Answer, CallError> {
    runtime().block_on(call_within(http, &call(), limit, &Silent))
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}
