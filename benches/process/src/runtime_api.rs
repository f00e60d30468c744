//! Lambda's Runtime API for one process, as `lambda_runtime` speaks it: one invocation at a time.
//!
//! Not implemented: X-Ray's header, expired deadlines, streamed responses, extensions.

use std::{net::SocketAddr, sync::Arc, time::Instant};

use axum::{
    Router,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode},
    routing::{get, post},
};
use tokio::{
    net::TcpListener,
    sync::{Mutex, mpsc},
    task::JoinHandle,
};

use crate::Error;

/// A message from the process.
#[derive(Debug)]
pub(crate) enum Received {
    /// Ready, and asks for an invocation.
    Next(Instant),
    /// Answered an invocation.
    Answer(Instant, Bytes),
    /// Reports a failure.
    Failure(Bytes),
}

/// A Runtime API for one process.
pub(crate) struct RuntimeApi {
    pub(crate) address: SocketAddr,
    received: mpsc::UnboundedReceiver<Received>,
    events: mpsc::UnboundedSender<String>,
    server: JoinHandle<()>,
}

struct Shared {
    received: mpsc::UnboundedSender<Received>,
    events: Mutex<mpsc::UnboundedReceiver<String>>,
}

impl RuntimeApi {
    pub(crate) async fn start() -> Result<Self, Error> {
        let listener = TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (sender, received) = mpsc::unbounded_channel();
        let (events, waiting) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared {
            received: sender,
            events: Mutex::new(waiting),
        });
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(failure))
            .route("/2018-06-01/runtime/init/error", post(failure))
            .with_state(shared);
        let server = tokio::spawn(async move {
            // It ends with the process that it serves.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self {
            address,
            received,
            events,
            server,
        })
    }

    /// Waits until the process asks for an invocation.
    pub(crate) async fn asked(&mut self) -> Result<Instant, Error> {
        match self.received.recv().await {
            Some(Received::Next(at)) => Ok(at),
            other => Err(unexpected(other)),
        }
    }

    /// Sends an event to the process, which must have asked for one. Returns when it was sent, when the answer arrived, and the answer.
    pub(crate) async fn invoke(&mut self, event: String) -> Result<(Instant, Instant, serde_json::Value), Error> {
        let started = Instant::now();
        self.events.send(event).map_err(|_| "the runtime API has ended")?;
        match self.received.recv().await {
            Some(Received::Answer(at, body)) => Ok((started, at, serde_json::from_slice(&body)?)),
            other => Err(unexpected(other)),
        }
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn unexpected(received: Option<Received>) -> Error {
    match received {
        Some(Received::Failure(body)) => format!("the function failed: {}", String::from_utf8_lossy(&body)).into(),
        other => format!("the function did something unexpected: {other:?}").into(),
    }
}

async fn next(State(shared): State<Arc<Shared>>) -> Result<(HeaderMap, String), StatusCode> {
    let _ = shared.received.send(Received::Next(Instant::now()));
    let event = shared.events.lock().await.recv().await.ok_or(StatusCode::GONE)?;
    let header =
        |name: &'static str, value: &'static str| (HeaderName::from_static(name), HeaderValue::from_static(value));
    let headers = HeaderMap::from_iter([
        header("content-type", "application/json"),
        header("lambda-runtime-aws-request-id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd"),
        header("lambda-runtime-deadline-ms", "4102444800000"),
        header(
            "lambda-runtime-invoked-function-arn",
            "arn:aws:lambda:us-east-1:123456789012:function:measured",
        ),
    ]);
    Ok((headers, event))
}

async fn response(State(shared): State<Arc<Shared>>, Path(_): Path<String>, body: Bytes) -> StatusCode {
    let _ = shared.received.send(Received::Answer(Instant::now(), body));
    StatusCode::ACCEPTED
}

async fn failure(State(shared): State<Arc<Shared>>, body: Bytes) -> StatusCode {
    let _ = shared.received.send(Received::Failure(body));
    StatusCode::ACCEPTED
}
