//! DynamoDB and DynamoDB Streams: `dynoxide-rs` on a loopback port of its own, with the answers corrected that differ from
//! DynamoDB's.
//!
//! The engine is called over HTTP because its router is private. It commits every write with an fsync.

mod streams;

use std::{path::Path, sync::Arc, time::Duration};

use bytes::Bytes;
use dynoxide::{Database, actions::describe_time_to_live::DescribeTimeToLiveRequest};
use http::{Request, StatusCode, Uri, header::HOST};
use http_body_util::{BodyExt as _, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::Map;
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

use crate::{
    Error,
    answer::{self, Answer},
    call::Call,
    capacity::Capacity,
    directory::Directory,
    table_writes::TableWrites,
};

pub(crate) struct Dynamodb {
    database: Database,
    client: Client<HttpConnector, Full<Bytes>>,
    upstream: Uri,
    table_writes: Arc<TableWrites>,
    pub(crate) capacity: Capacity,
}

impl Dynamodb {
    /// Opens the tables, and starts the engine and the deletion of expired items on the current runtime.
    pub(crate) fn start(
        directory: Option<&Directory>,
        table_writes: Arc<TableWrites>,
        mut stop: watch::Receiver<bool>,
    ) -> Result<(Self, [JoinHandle<()>; 2]), Error> {
        let database = match directory {
            None => Database::memory().map_err(|error| Error::data("", error))?,
            Some(directory) => open(&directory.join("dynamodb.sqlite"))?,
        };
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).map_err(Error::Runtime)?;
        listener.set_nonblocking(true).map_err(Error::Runtime)?;
        let address = listener.local_addr().map_err(Error::Runtime)?;
        let listener = TcpListener::from_std(listener).map_err(Error::Runtime)?;
        let sweeper = tokio::spawn(sweep_regularly(
            database.clone(),
            Arc::clone(&table_writes),
            stop.clone(),
        ));
        let engine = database.clone();
        let server = tokio::spawn(async move {
            let stopped = async move {
                let _ = stop.changed().await;
            };
            if let Err(error) = dynoxide::server::serve_with_shutdown(listener, engine, stopped).await {
                tracing::error!(%error, "the DynamoDB engine stopped");
            }
        });
        let upstream = Uri::try_from(format!("http://{address}/")).map_err(|error| Error::data("", error))?;
        let client = Client::builder(TokioExecutor::new()).build_http();
        Ok((
            Self {
                database,
                client,
                upstream,
                table_writes,
                capacity: Capacity::default(),
            },
            [server, sweeper],
        ))
    }

    pub(crate) async fn answer(&self, call: Call) -> Answer {
        if call.operation == "UpdateTimeToLive"
            && let Some(refusal) = self.refuse_time_to_live(&call)
        {
            return refusal;
        }
        let operation = call.operation.clone();
        let answer = self.forward(self.capacity.asking(call)).await;
        let (parts, body) = answer.into_parts();
        let body = body
            .collect()
            .await
            .map(http_body_util::Collected::to_bytes)
            .unwrap_or_default();
        self.capacity.note(&operation, &body);
        streams::correct(&operation, Answer::from_parts(parts, Full::new(body))).await
    }

    pub(crate) fn sweep(&self) {
        sweep(&self.database, &self.table_writes);
    }

    async fn forward(&self, call: Call) -> Answer {
        let mut request = Request::from_parts(call.parts, Full::new(call.body));
        *request.uri_mut() = self.upstream.clone();
        request.headers_mut().remove(HOST);
        let answered = async {
            let (parts, body) = self.client.request(request).await?.into_parts();
            let body = body.collect().await?.to_bytes();
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(Answer::from_parts(parts, Full::new(body)))
        };
        answered.await.unwrap_or_else(|error| {
            tracing::error!(error, "the DynamoDB engine did not answer");
            let message = "the DynamoDB engine did not answer";
            answer::error(
                StatusCode::INTERNAL_SERVER_ERROR,
                "InternalServerError",
                message,
                &Map::new(),
            )
        })
    }

    /// The refusal of an `UpdateTimeToLive` that changes nothing, which `dynoxide-rs` accepts.
    fn refuse_time_to_live(&self, call: &Call) -> Option<Answer> {
        let wanted = call.input.pointer("/TimeToLiveSpecification/Enabled")?.as_bool()?;
        let request = DescribeTimeToLiveRequest {
            table_name: call.text("TableName")?.to_owned(),
        };
        let described = self.database.describe_time_to_live(request).ok()?;
        let enabled = described.time_to_live_description.time_to_live_status == "ENABLED";
        (wanted == enabled).then(|| {
            let message = if enabled {
                "TimeToLive is already enabled"
            } else {
                "TimeToLive is already disabled"
            };
            answer::error(StatusCode::BAD_REQUEST, "ValidationException", message, &Map::new())
        })
    }
}

fn open(path: &Path) -> Result<Database, Error> {
    let Some(text) = path.to_str() else {
        return Err(Error::data(path, "the path is not UTF-8"));
    };
    let database = Database::new(text).map_err(|error| Error::data(path, error))?;
    streams::prepare(path).map_err(|error| Error::data(path, error))?;
    Ok(database)
}

async fn sweep_regularly(database: Database, table_writes: Arc<TableWrites>, mut stop: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(SWEEP_INTERVAL) => {
                let (database, table_writes) = (database.clone(), Arc::clone(&table_writes));
                let _ = tokio::task::spawn_blocking(move || sweep(&database, &table_writes)).await;
            }
            _ = stop.changed() => return,
        }
    }
}

fn sweep(database: &Database, table_writes: &TableWrites) {
    match database.sweep_ttl() {
        Ok(0) => {}
        Ok(deleted) => {
            tracing::debug!(deleted, "deleted expired items");
            table_writes.notify_all();
        }
        Err(error) => tracing::warn!(%error, "cannot delete expired items"),
    }
}

/// Interval between two deletions of expired items. DynamoDB takes up to two days.
const SWEEP_INTERVAL: Duration = Duration::from_secs(10);
