//! DynamoDB and DynamoDB Streams: `dynoxide-rs`, with the answers corrected that differ from DynamoDB's.
//!
//! The operations that the product consists of are called in process. All others, and requests that the engine refuses, go to
//! its own HTTP server on a loopback port, because its router is private. Every answered write is on the disk.

mod engine;
mod group_commit;
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

use self::group_commit::GroupCommit;
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
    /// `None` in memory.
    commits: Option<GroupCommit>,
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
        let (database, commits) = match directory {
            None => (Database::memory().map_err(|error| Error::data("", error))?, None),
            Some(directory) => {
                let (database, commits) = open(&directory.join("dynamodb.sqlite"))?;
                (database, Some(commits))
            }
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
                commits,
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
        let call = self.capacity.asking(call);
        let answer = match &self.commits {
            None => self.carry_out(call).await,
            Some(commits) => match commits.settled(!only_reads(&operation), self.carry_out(call)).await {
                Ok(answer) => answer,
                Err(error) => return failure(&error),
            },
        };
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

    async fn carry_out(&self, call: Call) -> Answer {
        match engine::answer(&self.database, &call) {
            Some(answer) => answer,
            None => self.forward(call).await,
        }
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
        answered.await.unwrap_or_else(|error| failure(&*error))
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

fn failure(error: &(dyn std::error::Error + 'static)) -> Answer {
    tracing::error!(error, "the DynamoDB engine failed");
    let message = "the DynamoDB engine failed";
    answer::error(
        StatusCode::INTERNAL_SERVER_ERROR,
        "InternalServerError",
        message,
        &Map::new(),
    )
}

fn only_reads(operation: &str) -> bool {
    let reads = ["BatchGet", "Describe", "Get", "List", "Query", "Scan", "TransactGet"];
    reads.iter().any(|name| operation.starts_with(name))
}

fn open(path: &Path) -> Result<(Database, GroupCommit), Error> {
    let Some(text) = path.to_str() else {
        return Err(Error::data(path, "the path is not UTF-8"));
    };
    let database = Database::new(text).map_err(|error| Error::data(path, error))?;
    streams::prepare(path).map_err(|error| Error::data(path, error))?;
    // Sets `synchronous = NORMAL`, and everything else to SQLite's defaults, which it has already.
    database
        .disable_bulk_loading()
        .map_err(|error| Error::data(path, error))?;
    let log = format!("{text}-wal");
    let commits = GroupCommit::of_log(Path::new(&log)).map_err(|error| Error::data(Path::new(&log), error))?;
    Ok((database, commits))
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
