//! The HTTP server: injects faults, records the journal and dispatches requests to the services.
//!
//! A request that has been received is carried out even when its client disconnects, as on AWS; otherwise a client with a
//! short timeout would never meet a write that was applied although it saw no answer.

use std::{fmt, pin::pin, sync::Arc};

use http::{Method, Request, StatusCode, header::ORIGIN};
use http_body_util::{BodyExt as _, Limited};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
};

use crate::{
    answer::{self, Answer},
    call::{Call, Service},
    dynamodb::Dynamodb,
    event_bus::EventBus,
    faults::{Fault, Faults, Outcome},
    journal::{self, Journal, Use},
    local_api,
    queues::Queues,
    secrets::Secrets,
    table_writes::TableWrites,
};

pub(crate) struct Front {
    pub(crate) dynamodb: Dynamodb,
    pub(crate) secrets: Secrets,
    pub(crate) event_bus: EventBus,
    pub(crate) queues: Queues,
    pub(crate) faults: Faults,
    pub(crate) journal: Journal,
    pub(crate) table_writes: Arc<TableWrites>,
}

/// The connection is closed without an answer.
#[derive(Debug)]
pub(crate) struct Dropped;

impl Front {
    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Result<Answer, Dropped> {
        let (parts, body) = request.into_parts();
        // No web page may read a developer's data: a browser sends `Origin` with every request across origins.
        if parts.headers.contains_key(ORIGIN) {
            return Ok(answer::raw(
                StatusCode::FORBIDDEN,
                "text/plain",
                "requests from browsers are refused\n",
            ));
        }
        let Ok(body) = Limited::new(body, MAX_BODY_BYTES).collect().await else {
            return Ok(answer::raw(
                StatusCode::PAYLOAD_TOO_LARGE,
                "text/plain",
                "the body is too large\n",
            ));
        };
        let body = body.to_bytes();
        if parts.uri.path().starts_with("/_local/") {
            return Ok(local_api::answer(&self.faults, &self.journal, &parts, &body));
        }
        match Call::read(&parts, &body) {
            Some(call) => tokio::spawn(async move { self.call(call).await })
                .await
                .unwrap_or(Err(Dropped)),
            None if parts.method == Method::GET => Ok(answer::raw(
                StatusCode::OK,
                "text/plain",
                "devstack: DynamoDB, Secrets Manager, EventBridge and SQS\n",
            )),
            None => Ok(answer::error(
                StatusCode::BAD_REQUEST,
                "UnknownOperationException",
                "the X-Amz-Target names no operation of DynamoDB, DynamoDB Streams, Secrets Manager, EventBridge or SQS",
                &serde_json::Map::new(),
            )),
        }
    }

    async fn call(&self, call: Call) -> Result<Answer, Dropped> {
        if self.faults.has_crashed() {
            return Err(Dropped);
        }
        if let Some(problem) = call.authentication_problem() {
            return Ok(answer::raw(
                StatusCode::BAD_REQUEST,
                "application/x-amz-json-1.1",
                problem,
            ));
        }
        let uses = journal::uses(&call, |id| self.secrets.name_of(id));
        let written = written_tables(&call, &uses);
        let resources = uses.iter().map(|used| used.resource.as_str()).collect::<Vec<_>>();
        let fault = self.faults.take(&call.operation, &resources);
        if let Some(fault) = fault.as_ref().filter(|fault| !fault.is_after()) {
            match fault.apply().await {
                Outcome::Proceed => {}
                Outcome::Answer(answer) => return Ok(answer),
                Outcome::Drop => return Err(Dropped),
            }
        }
        if call.is_write() && !self.faults.admits_write() {
            return Err(Dropped);
        }
        tracing::debug!(operation = %call.operation, "served");
        self.journal.record(&call, uses);
        let answer = match call.service {
            Service::DynamoDb => self.dynamodb.answer(call).await,
            Service::SecretsManager => self.secrets.answer(&call),
            Service::EventBridge => self.event_bus.answer(&call),
            Service::Sqs => self.queues.answer(&call),
        };
        for table in &written {
            self.table_writes.notify(table);
        }
        match fault.filter(Fault::is_after) {
            None => Ok(answer),
            Some(fault) => match fault.apply().await {
                Outcome::Proceed => Ok(answer),
                Outcome::Answer(instead) => Ok(instead),
                Outcome::Drop => Err(Dropped),
            },
        }
    }
}

/// The tables that a request writes to.
fn written_tables(call: &Call, uses: &[Use]) -> Vec<String> {
    if call.service == Service::DynamoDb && call.is_write() {
        uses.iter().map(|used| used.resource.clone()).collect()
    } else {
        Vec::new()
    }
}

/// Accepts connections until the stop signal, then waits for the requests in progress.
pub(crate) async fn serve(listener: TcpListener, front: Arc<Front>, mut stop: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(stream, Arc::clone(&front), stop.clone()));
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
            Some(_) = connections.join_next() => {}
            _ = stop.changed() => break,
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

async fn connection(stream: TcpStream, front: Arc<Front>, mut stop: watch::Receiver<bool>) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| Arc::clone(&front).answer(request));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    tokio::select! {
        ended = connection.as_mut() => {
            if let Err(error) = ended {
                tracing::debug!(%error, "a connection ended");
            }
        }
        _ = stop.changed() => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}

impl fmt::Display for Dropped {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an injected fault closed the connection")
    }
}

impl std::error::Error for Dropped {}

/// DynamoDB's limit for a request: 16 MB.
const MAX_BODY_BYTES: usize = 16 * 1024 * 1024;
const ACCEPT_PAUSE: std::time::Duration = std::time::Duration::from_millis(50);
