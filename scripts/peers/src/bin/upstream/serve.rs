//! Connections and what is asked over them.

use std::convert::Infallible;
use std::net::TcpListener;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};

use crate::answer;
use crate::counts::Counts;
use crate::fate::Fates;
use crate::settings::Settings;

/// What all threads share.
#[derive(Debug, Default)]
pub(crate) struct Upstream {
    settings: RwLock<Arc<Settings>>,
    counts: Counts,
    fates: Fates,
}

/// Accepts connections until the process ends.
pub(crate) fn forever(upstream: Arc<Upstream>, listener: TcpListener) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime can be built");
    tokio::task::LocalSet::new().block_on(&runtime, async move {
        let listener = tokio::net::TcpListener::from_std(listener).expect("it is a listener");
        loop {
            // Out of files: those that are open now will be closed.
            let Ok((stream, _)) = listener.accept().await else {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
                continue;
            };
            let _ = stream.set_nodelay(true);
            upstream.counts.connections.fetch_add(1, Relaxed);
            let upstream = Arc::clone(&upstream);
            tokio::task::spawn_local(async move {
                let service = service_fn(|request| respond(&upstream, request));
                let connection = http1::Builder::new()
                    .timer(TokioTimer::new())
                    .serve_connection(TokioIo::new(stream), service);
                // A client may leave in the middle of anything.
                let _ = connection.await;
            });
        }
    });
}

async fn respond(
    upstream: &Upstream,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    Ok(match (request.method(), request.uri().path()) {
        (&Method::POST, path) if path.ends_with("/chat/completions") => {
            upstream.call(request.into_body()).await
        }
        (&Method::POST, "/settings") => upstream.change(request.uri().query().unwrap_or_default()),
        (&Method::GET, "/counts") => json(StatusCode::OK, upstream.counts.json()),
        _ => json(StatusCode::NOT_FOUND, "{\"error\":{\"message\":\"nothing is here\"}}".to_owned()),
    })
}

impl Upstream {
    async fn call(&self, body: Incoming) -> Response<Full<Bytes>> {
        let _in_flight = self.counts.call();
        let settings = Arc::clone(&self.settings.read().unwrap_or_else(PoisonError::into_inner));
        let Ok(body) = body.collect().await else { return json(StatusCode::BAD_REQUEST, String::new()) };
        let body = body.to_bytes();
        let came = settings.stamp.then(nanos);
        let mark = answer::mark(&body);
        if settings.refuse > 0.0 && self.fates.refused(mark, settings.refuse) {
            self.counts.refused.fetch_add(1, Relaxed);
            let mut response = json(StatusCode::TOO_MANY_REQUESTS, answer::REFUSAL.to_owned());
            response.headers_mut().insert(RETRY_AFTER, settings.retry_after.into());
            return response;
        }
        if !settings.latency.is_zero() {
            tokio::time::sleep(settings.latency).await;
        }
        self.counts.answered.fetch_add(1, Relaxed);
        json(StatusCode::OK, answer::completion(mark, came.map(|came| (came, nanos()))))
    }

    fn change(&self, query: &str) -> Response<Full<Bytes>> {
        match Settings::read(query) {
            Ok(settings) => {
                *self.settings.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(settings);
                self.counts.reset();
                self.fates.forget();
                json(StatusCode::OK, self.counts.json())
            }
            Err(why) => json(StatusCode::BAD_REQUEST, format!("{{\"error\":{{\"message\":\"{why}\"}}}}")),
        }
    }
}

fn nanos() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos())
}

fn json(status: StatusCode, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
