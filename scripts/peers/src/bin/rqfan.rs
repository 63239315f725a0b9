//! The yardstick: the plain loop on reqwest. `rqfan BASE N [paced] < prompts > answers`
//!
//! Prompts are read as NDJSON, N calls are in flight on one thread, what fails in passing is tried again, and
//! answers are written as NDJSON. No ids, no order, no policy, no journal: what is left is what a client of this
//! library costs on this machine. `paced` is for prompts that come slowly: calls go on while the next one is waited
//! for, and each answer is written when it is there.

use std::cell::RefCell;
use std::io::{BufRead as _, BufWriter, Write as _};
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use reqwest::{Client, Url, header};
use serde::{Deserialize, Serialize};

const ATTEMPTS: u32 = 8;
const TIMEOUT: Duration = Duration::from_mins(1);

#[derive(Deserialize)]
struct Prompt {
    id: String,
    prompt: String,
}

#[derive(Serialize)]
struct Message<'a> {
    role: &'static str,
    content: &'a str,
}

#[derive(Serialize)]
struct Question<'a> {
    model: &'static str,
    messages: [Message<'a>; 1],
    max_tokens: u32,
}

#[derive(Deserialize)]
struct Completion {
    choices: Vec<Choice>,
    usage: Usage,
}

#[derive(Deserialize)]
struct Choice {
    message: Said,
}

#[derive(Deserialize)]
struct Said {
    content: String,
}

#[derive(Deserialize)]
struct Usage {
    total_tokens: u64,
}

#[derive(Serialize)]
struct Answer<'a> {
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
    attempts: u32,
    tokens: u64,
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let (Some(base), Some(Ok(calls))) = (arguments.next(), arguments.next().map(|calls| calls.parse()))
    else {
        eprintln!("usage: rqfan BASE N [paced] < prompts > answers");
        std::process::exit(2);
    };
    let url: Url = format!("{base}/chat/completions").parse().expect("BASE is an address");
    rustls::crypto::ring::default_provider().install_default().expect("none is installed yet");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime can be built");
    let client = Client::builder()
        .tcp_nodelay(true)
        .pool_max_idle_per_host(calls)
        .no_proxy()
        .tls_certs_only([])
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .expect("a client can be built");
    let local = tokio::task::LocalSet::new();
    if arguments.next().as_deref() == Some("paced") {
        local.block_on(&runtime, paced(client, url, calls));
    } else {
        local.block_on(&runtime, fan(client, url, calls));
    }
}

async fn fan(client: Client, url: Url, calls: usize) {
    let lines = Rc::new(RefCell::new(std::io::stdin().lock().lines()));
    let output = Rc::new(RefCell::new(BufWriter::with_capacity(1 << 16, std::io::stdout())));
    let workers: Vec<_> = (0..calls)
        .map(|worker| {
            let (client, url, lines, output) =
                (client.clone(), url.clone(), Rc::clone(&lines), Rc::clone(&output));
            tokio::task::spawn_local(async move {
                let mut draw = worker as u64;
                loop {
                    let Some(Ok(line)) = lines.borrow_mut().next() else { break };
                    draw = draw.wrapping_add(0x9E37_79B9);
                    let answer = ask(&client, &url, &line, draw).await;
                    output.borrow_mut().write_all(&answer).expect("somebody reads");
                }
            })
        })
        .collect();
    for worker in workers {
        worker.await.expect("no worker panics");
    }
    output.borrow_mut().flush().expect("somebody reads");
}

/// A thread reads, so that a prompt that is not there yet stops nobody.
async fn paced(client: Client, url: Url, calls: usize) {
    let (sender, mut lines) = tokio::sync::mpsc::unbounded_channel();
    std::thread::spawn(move || {
        std::io::stdin().lock().lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
    });
    let (mut running, mut draw) = (tokio::task::JoinSet::new(), 0_u64);
    while let Some(line) = lines.recv().await {
        draw = draw.wrapping_add(0x9E37_79B9);
        let (client, url) = (client.clone(), url.clone());
        running.spawn_local(async move {
            let answer = ask(&client, &url, &line, draw).await;
            let mut output = std::io::stdout().lock();
            output.write_all(&answer).and_then(|()| output.flush()).expect("somebody reads");
        });
        while running.try_join_next().is_some() {}
        while running.len() >= calls {
            running.join_next().await;
        }
    }
    running.join_all().await;
}

/// The line that answers a prompt.
async fn ask(client: &Client, url: &Url, line: &str, draw: u64) -> Vec<u8> {
    let prompt: Prompt = serde_json::from_str(line).expect("a line is a prompt");
    let messages = [Message { role: "user", content: &prompt.prompt }];
    let question = Question { model: "m", messages, max_tokens: 64 };
    let body = Bytes::from(serde_json::to_vec(&question).expect("it has a JSON form"));
    let mut error = String::new();
    for attempt in 1..=ATTEMPTS {
        let (result, told) = exchange(client, url, body.clone()).await;
        match result {
            Ok(completion) => {
                let text = completion.choices.first().map(|choice| choice.message.content.as_str());
                let tokens = completion.usage.total_tokens;
                return written(&Answer { id: &prompt.id, text, error: None, attempts: attempt, tokens });
            }
            Err(why) => error = why,
        }
        if attempt < ATTEMPTS {
            let jitter = (draw.wrapping_mul(6_364_136_223_846_793_005) >> 33) as f64 / f64::from(1_u32 << 31);
            let wait = told.unwrap_or(0.25 * f64::from(1 << (attempt - 1))) * (1.0 + 0.1 * jitter);
            tokio::time::sleep(Duration::from_secs_f64(wait)).await;
        }
    }
    written(&Answer { id: &prompt.id, text: None, error: Some(&error), attempts: ATTEMPTS, tokens: 0 })
}

/// One attempt: its result, and how many seconds to wait when the peer says so.
async fn exchange(client: &Client, url: &Url, body: Bytes) -> (Result<Completion, String>, Option<f64>) {
    let mut told = None;
    let attempt = async {
        let request = client.post(url.clone()).header(header::CONTENT_TYPE, "application/json").body(body);
        let response = request.send().await.map_err(|cause| cause.to_string())?;
        let status = response.status();
        told =
            response.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        let body = response.bytes().await.map_err(|cause| cause.to_string())?;
        if status != 200 {
            return Err(format!("status {status}"));
        }
        serde_json::from_slice(&body).map_err(|cause| cause.to_string())
    };
    let result = tokio::time::timeout(TIMEOUT, attempt).await.unwrap_or_else(|_| Err("timeout".to_owned()));
    (result, told)
}

fn written(answer: &Answer<'_>) -> Vec<u8> {
    let mut line = serde_json::to_vec(answer).expect("it has a JSON form");
    line.push(b'\n');
    line
}
