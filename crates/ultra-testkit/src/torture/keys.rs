//! P11: what no call of a target can succeed with costs the calls in flight and no more.

use ultra_pace::Config;

use super::fanout::{ask, prompts};
use super::seen::Seen;
use super::{Ground, Row};
use crate::command::Sandbox;
use crate::server::{Reply, Server};
use crate::sim::{self, Fault, Upstream, World};

/// The scheduler alone.
pub(super) fn simulated(ground: &Ground) -> Vec<Row> {
    let seeds = ground.from..ground.from + 1;
    let mut upstream = Upstream::healthy(std::time::Duration::from_secs(1));
    upstream.faults = vec![(1.0, Fault::BadKey)];
    let world = World::plain(ground.from, Config::default(), vec![upstream], 10_000);
    let what = "10,000 records with a wrong key, simulated";
    let rows = match sim::run(&world, ground.mutant) {
        Err(why) => vec![Row::failed(what, &why.to_string())],
        Ok(story) => vec![
            Row::at_most(format!("calls: {what}"), 32.0, story.requests() as f64),
            Row::exactly(format!("ends: {what}"), 10_000, story.ends.len()),
        ],
    };
    rows.into_iter().map(|row| row.seeds(&seeds)).collect()
}

/// The program.
pub(super) fn on_sockets(ground: &Ground) -> Vec<Row> {
    let records = ground.size(10_000, 1_000);
    let quota = r#"{"error":{"message":"You exceeded your current quota, please check your plan and billing details.","type":"insufficient_quota","param":null,"code":"insufficient_quota"}}"#;
    let model = r#"{"error":{"message":"The model `m` does not exist or you do not have access to it.","type":"invalid_request_error","param":null,"code":"model_not_found"}}"#;
    let cases = [
        ("a wrong key (401)", Reply::error(401, "Incorrect API key provided.")),
        ("a bill unpaid (402)", Reply::error(402, "Payment required.")),
        ("a spent quota (429)", Reply::json(429, quota)),
        ("an unknown model (404)", Reply::json(404, model)),
    ];
    let mut rows = Vec::new();
    for (name, reply) in cases {
        let server = Server::start(reply);
        let arguments = ["-j", "16", "--limits", "process"];
        let run = ask(ground, &Sandbox::new(), &[&server], &arguments, &prompts(0..records));
        let seen = Seen::read(&run, ground.mutant);
        let what = format!("{records} records with {name}");
        rows.push(Row::at_most(format!("calls: {what}"), 16.0, server.count() as f64));
        rows.push(Row::exactly(format!("error records: {what}"), records, seen.errors() as u64));
        rows.push(Row::clean(format!("one end for each: {what}"), &seen.conserves(records, &["ollama:m"])));
        rows.push(Row::exactly(format!("exit status: {what}"), "4".to_owned(), run.status().to_string()));
    }
    rows
}
