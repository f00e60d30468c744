//! The endpoint as a whole: what it takes to start, what a test may ask of it, and its end.

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use tokio::{
    net::TcpListener,
    runtime::Runtime,
    sync::{mpsc, watch},
    task::JoinHandle,
};

use crate::{
    directory::Directory,
    dynamodb::Dynamodb,
    error::Error,
    faults::Faults,
    front::{self, Front},
    journal::{Entry, Journal},
    secrets::{Rotation, Secrets},
};

/// Where to listen, and where to keep the data.
#[derive(Debug, Clone)]
pub struct Options {
    /// The address; port 0 takes a free one. Anything but loopback exposes the data to the network.
    pub listen: SocketAddr,
    /// The data directory, made when it is missing; `None` keeps everything in memory.
    pub data: Option<PathBuf>,
}

impl Default for Options {
    /// A free loopback port, and memory: what a test wants.
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            data: None,
        }
    }
}

/// A running endpoint. Dropping it stops it at once, as a crash would; what was answered is kept.
///
/// It brings its own runtime, so it serves tests that each have theirs, and its disk does not stall the caller.
pub struct Devstack {
    endpoint_url: String,
    front: Arc<Front>,
    server: Stoppable,
    engine: Stoppable,
    runtime: OwnRuntime,
    _directory: Option<Directory>,
}

impl Devstack {
    /// Opens the data and listens. When it returns, the endpoint answers.
    ///
    /// # Errors
    /// See [`Error`]; nothing was started then.
    #[expect(clippy::unused_async, reason = "the signature leaves room for a start that waits")]
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
        let (dynamodb, engine) = Dynamodb::start(directory.as_ref(), stopped)?;
        let front = Arc::new(Front {
            dynamodb,
            secrets: Secrets::open(directory.as_ref())?,
            faults: Faults::default(),
            journal: Journal::default(),
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

    /// What `AWS_ENDPOINT_URL` takes.
    #[must_use]
    pub fn endpoint_url(&self) -> &str {
        &self.endpoint_url
    }

    /// The faults that are ordered.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.front.faults
    }

    /// The rotations of secrets that begin from now on, for whoever runs the rotation functions. As long as nobody has
    /// asked for them, `RotateSecret` is refused.
    #[must_use]
    pub fn rotations(&self) -> mpsc::UnboundedReceiver<Rotation> {
        self.front.secrets.rotations()
    }

    /// What was served since the start or since [`Devstack::clear_journal`], oldest first; the last 50,000 entries.
    #[must_use]
    pub fn journal(&self) -> Vec<Entry> {
        self.front.journal.entries()
    }

    /// Forgets what was served so far.
    pub fn clear_journal(&self) {
        self.front.journal.clear();
    }

    /// Deletes the items whose time to live has passed, which otherwise happens every ten seconds.
    pub fn sweep_expired_items(&self) {
        self.front.dynamodb.sweep();
    }

    /// Lets the requests under way finish, then stops.
    pub async fn shutdown(self) {
        let Self {
            server,
            engine,
            runtime,
            ..
        } = self;
        // The engine last: requests under way still need it.
        let stopped = runtime.spawn(async move {
            server.stop().await;
            engine.stop().await;
        });
        let _ = stopped.await;
    }
}

/// Tasks that end when they are told to.
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

/// A runtime that may be dropped inside another one, which a plain one may not.
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

/// The wildcard address is where one listens, not where one connects.
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
