//! DynamoDB, DynamoDB Streams, AWS Secrets Manager, EventBridge and SQS on one loopback port, for development and tests.
//!
//! The functions talk to it through the adapters that they use on AWS, so the tests exercise what is deployed. DynamoDB
//! is `dynoxide-rs`; Secrets Manager is implemented here. In front of both are fault injection ([`Faults`]) and a journal
//! of the permissions that requests used ([`Entry`]), against which the functions' IAM policies are checked.
//!
//! Not covered: signatures (a request must carry one, but it is not verified), IAM, KMS, scheduled rotation (a rotation
//! starts on request, and is passed to a registered handler: [`Devstack::rotations`]), replication, resource policies,
//! tags, capacity and throttling (inject a fault instead), transaction conflicts (likewise). There is one account and one
//! namespace for all regions. Where `dynoxide-rs` differs from DynamoDB, the answer is corrected here: a second
//! `UpdateTimeToLive` is refused, a stream's shard stays open, and a write without a change makes no stream record.
//!
//! This crate is never a dependency of a function.

mod answer;
mod call;
mod capacity;
mod clock;
mod directory;
mod dynamodb;
mod error;
mod event_bus;
mod faults;
mod front;
mod journal;
mod local_api;
mod queues;
mod secrets;
mod table_writes;

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use tokio::{
    net::TcpListener,
    runtime::Runtime,
    sync::{broadcast, mpsc, watch},
    task::JoinHandle,
};

pub use crate::{
    capacity::Consumed,
    error::Error,
    faults::{Fault, Faults, InvalidFault},
    journal::Entry,
    queues::{QueueSettings, Queues, ReceivedMessage},
    secrets::Rotation,
};
use crate::{
    directory::Directory, dynamodb::Dynamodb, event_bus::EventBus, front::Front, journal::Journal, secrets::Secrets,
    table_writes::TableWrites,
};

/// Address and data directory of an endpoint.
#[derive(Debug, Clone)]
pub struct Options {
    /// Address to listen on; port 0 picks a free one. Any address other than loopback exposes the data to the network.
    pub listen: SocketAddr,
    /// Data directory, created when it is missing; `None` keeps everything in memory.
    pub data: Option<PathBuf>,
}

impl Default for Options {
    /// A free loopback port and no data directory, as tests use it.
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            data: None,
        }
    }
}

/// A running endpoint. Dropping it stops it at once, as a crash would; every write that was answered is kept.
///
/// It has a runtime of its own, so that tests with a runtime each can share it, and its disk does not stall the caller.
pub struct Devstack {
    endpoint_url: String,
    front: Arc<Front>,
    server: Stoppable,
    engine: Stoppable,
    runtime: OwnRuntime,
    _directory: Option<Directory>,
}

impl Devstack {
    /// Opens the data and starts to listen. The endpoint answers as soon as this returns.
    ///
    /// # Errors
    /// See [`Error`]; nothing has been started then.
    #[expect(
        clippy::unused_async,
        reason = "callers do not depend on whether the start waits for something"
    )]
    pub async fn start(options: Options) -> Result<Self, Error> {
        let listener = listen(options.listen)?;
        let address = listener.local_addr().map_err(Error::Runtime)?;
        let directory = options.data.as_deref().map(Directory::open).transpose()?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(WORKERS)
            .thread_name("devstack")
            .enable_all()
            .build()
            .map(|runtime| OwnRuntime(Some(runtime)))
            .map_err(Error::Runtime)?;
        let _entered = runtime.enter();
        let listener = TcpListener::from_std(listener).map_err(Error::Runtime)?;
        let (stop_engine, stopped) = watch::channel(false);
        let table_writes = Arc::new(TableWrites::default());
        let (dynamodb, engine) = Dynamodb::start(directory.as_ref(), Arc::clone(&table_writes), stopped)?;
        let front = Arc::new(Front {
            dynamodb,
            secrets: Secrets::open(directory.as_ref())?,
            event_bus: EventBus::default(),
            queues: Queues::default(),
            faults: Faults::default(),
            journal: Journal::default(),
            table_writes,
        });
        let (stop, stopped) = watch::channel(false);
        let server = runtime.spawn(front::serve(listener, Arc::clone(&front), stopped));
        Ok(Self {
            endpoint_url: format!("http://{}", reachable(address)),
            front,
            server: Stoppable {
                stop,
                tasks: vec![server],
            },
            engine: Stoppable {
                stop: stop_engine,
                tasks: engine.into(),
            },
            runtime,
            _directory: directory,
        })
    }

    /// Value for `AWS_ENDPOINT_URL`: `http://ADDRESS:PORT`.
    #[must_use]
    pub fn endpoint_url(&self) -> &str {
        &self.endpoint_url
    }

    /// The faults to inject.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.front.faults
    }

    /// Registers the handler of rotations: every rotation that starts from now on is sent to the receiver. Without a
    /// handler, `RotateSecret` is refused.
    #[must_use]
    pub fn rotations(&self) -> mpsc::UnboundedReceiver<Rotation> {
        self.front.secrets.rotations()
    }

    /// The events that the event bus accepts from now on, in the form in which EventBridge delivers them. A receiver that is
    /// more than 4,096 events behind misses the oldest.
    #[must_use]
    pub fn events(&self) -> broadcast::Receiver<serde_json::Value> {
        self.front.event_bus.subscribe()
    }

    /// The queues. There are none at first.
    #[must_use]
    pub fn queues(&self) -> &Queues {
        &self.front.queues
    }

    /// Throttles the next `times` entries of `PutEvents` whose detail contains `text`; the others of their requests are accepted.
    pub fn throttle_events(&self, text: &str, times: usize) {
        self.front.event_bus.refuse(text, times);
    }

    /// Permissions used since the start or since [`Devstack::clear_journal`], oldest first; the last 50,000 entries.
    #[must_use]
    pub fn journal(&self) -> Vec<Entry> {
        self.front.journal.entries()
    }

    /// Empties the journal.
    pub fn clear_journal(&self) {
        self.front.journal.clear();
    }

    /// Begins to measure what DynamoDB would charge for, from nothing.
    pub fn measure_capacity(&self) {
        self.front.dynamodb.capacity.measure();
    }

    /// What was consumed since [`Devstack::measure_capacity`], oldest first.
    #[must_use]
    pub fn consumed(&self) -> Vec<Consumed> {
        self.front.dynamodb.capacity.consumed()
    }

    /// A receiver that is marked as changed after each write to a table, for readers of its stream: with it they need not
    /// poll. Several writes may be notified as one.
    #[must_use]
    pub fn table_writes(&self, table: &str) -> watch::Receiver<()> {
        self.front.table_writes.watch(table)
    }

    /// Deletes the items whose time to live has passed, which otherwise happens every ten seconds.
    pub fn sweep_expired_items(&self) {
        self.front.dynamodb.sweep();
    }

    /// Waits for the requests in progress, for at most three seconds, then stops.
    pub async fn shutdown(self) {
        let Self {
            server,
            engine,
            runtime,
            ..
        } = self;
        // The engine last: requests in progress still need it.
        let stopped = runtime.spawn(async move {
            server.stop().await;
            engine.stop().await;
        });
        let _ = stopped.await;
    }
}

/// Tasks that end on a signal.
struct Stoppable {
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Stoppable {
    async fn stop(self) {
        let _ = self.stop.send(true);
        let all = async {
            for task in self.tasks {
                let _ = task.await;
            }
        };
        let _ = tokio::time::timeout(DRAIN_TIMEOUT, all).await;
    }
}

impl std::fmt::Debug for Devstack {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Devstack")
            .field("endpoint_url", &self.endpoint_url)
            .finish_non_exhaustive()
    }
}

/// A runtime that may be dropped inside another one; dropping a plain one there panics.
struct OwnRuntime(Option<Runtime>);

impl std::ops::Deref for OwnRuntime {
    type Target = Runtime;

    fn deref(&self) -> &Runtime {
        self.0.as_ref().expect("the runtime is there until it is dropped")
    }
}

impl Drop for OwnRuntime {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

fn listen(address: SocketAddr) -> Result<std::net::TcpListener, Error> {
    let listener = std::net::TcpListener::bind(address).map_err(|source| match source.kind() {
        std::io::ErrorKind::AddrInUse => Error::PortInUse { address },
        _ => Error::Listen { address, source },
    })?;
    listener.set_nonblocking(true).map_err(Error::Runtime)?;
    Ok(listener)
}

/// The address to connect to: the wildcard address is for listening only.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    match address {
        SocketAddr::V4(ref mut v4) if v4.ip().is_unspecified() => v4.set_ip(std::net::Ipv4Addr::LOCALHOST),
        SocketAddr::V6(ref mut v6) if v6.ip().is_unspecified() => v6.set_ip(std::net::Ipv6Addr::LOCALHOST),
        _ => {}
    }
    address
}

const WORKERS: usize = 2;
const DRAIN_TIMEOUT: Duration = Duration::from_secs(3);
