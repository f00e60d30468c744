//! WeCom Authorization on one machine: every function behind one loopback server, the stores, and a simulator of WeCom.
//!
//! The functions and their adapters are those that are deployed. The services around them are emulated: API Gateway by
//! [`gateway`], Lambda's event source mappings by `streams`, EventBridge's rules by [`bus`], the part of Secrets
//! Manager that invokes a function by `rotations`, the rest of it and DynamoDB by the crate `devstack`, and WeCom by the
//! crate `simulator`. `docs/deploy.md` lists what is not covered.

mod announcement;
pub mod bus;
mod containers;
mod deployment;
mod directory;
pub mod gateway;
mod options;
mod rotations;
mod streams;
mod terminal;
mod webhooks;
mod workbench;

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    sync::{Arc, atomic::AtomicU64},
};

use aws_types::SdkConfig;
use devstack::Devstack;
use simulator::Simulator;
use tokio::{
    net::TcpListener,
    sync::{Notify, broadcast},
    task::JoinHandle,
};
use url::Url;
use wecom_authorization::{platform::Platform, store::StoreError};

pub use self::{
    announcement::Announcement,
    deployment::aws,
    options::{Arguments, Options},
};
use self::{
    bus::Bus,
    deployment::{await_suite_ticket, config, set_up},
    directory::{Directory, Settings, loopback},
    gateway::{Gateway, authorizer::Authorizer},
    streams::{Pump, Subscriber},
    workbench::Workbench,
};

/// Reason why the server does not start, worded for the person who started it.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data directory or a file in it cannot be read, written or understood.
    #[error("the data directory cannot be used: {}: {source}", path.display())]
    Directory {
        /// The file or directory.
        path: PathBuf,
        /// The operating system's error.
        source: std::io::Error,
    },
    /// Another instance uses the data directory.
    #[error(
        "another instance is running with the data directory {}: stop it, or give this one its own with --data",
        path.display()
    )]
    SecondInstance {
        /// The data directory.
        path: PathBuf,
    },
    /// Another process listens on the port.
    #[error("{address} is in use: choose another address with --listen")]
    PortInUse {
        /// The address.
        address: SocketAddr,
    },
    /// The address does not belong to this machine, or may not be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The operating system's error.
        source: std::io::Error,
    },
    /// The embedded DynamoDB and Secrets Manager do not start.
    #[error("the embedded stores do not start: {0}")]
    Stores(#[source] devstack::Error),
    /// The simulator does not start.
    #[error("the simulator of WeCom does not start: {0}")]
    Simulator(#[source] simulator::Error),
    /// Tables or secrets cannot be set up.
    #[error("tables and secrets cannot be set up: {0}")]
    Setup(#[source] StoreError),
    /// A defect of this program.
    #[error("{0}")]
    Internal(String),
}

/// A running instance.
pub struct Local {
    announcement: Announcement,
    directory: Directory,
    devstack: Devstack,
    simulator: Option<Simulator>,
    tasks: Vec<JoinHandle<()>>,
    bus: Arc<Bus>,
    stop: Arc<Notify>,
    server: JoinHandle<()>,
}

impl Local {
    /// Starts everything. When it returns, every server answers and `local.json` is written.
    ///
    /// # Errors
    /// See [`StartError`]; nothing is left running then.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let directory = Directory::open(&options.data)?;
        let mut settings = directory.settings()?;
        let devstack = start_stores(&directory, &settings, &options).await?;
        // The directory is locked now: a `local.json` in it was left by an instance that was killed.
        directory.discard("local.json")?;
        let listener = listen(&options, &settings).await?;
        let address = listener
            .local_addr()
            .map_err(|error| StartError::Internal(error.to_string()))?;
        let base_url = format!("http://{}", reachable(address));

        let (workbench, workbench_port) = listen_for_workbench(&options, &settings).await?;
        // Another name than the admin page's, so that a browser takes the two for different sites.
        let workbench_url = format!("http://localhost:{workbench_port}");

        let simulator = match &options.wecom_api {
            Some(_) => None,
            None => Some(start_simulator(&directory, &settings, &options).await?),
        };
        let wecom_url = match (&options.wecom_api, &simulator) {
            (Some(url), _) => url.clone(),
            (None, Some(simulator)) => parse_url(simulator.base_url())?,
            (None, None) => {
                return Err(StartError::Internal("neither a WeCom API nor a simulator".into()));
            }
        };
        settings.ports.gateway = Some(address.port());
        settings.ports.workbench = Some(workbench_port);
        settings.ports.aws = port_of(devstack.endpoint_url());
        settings.ports.simulator = simulator.as_ref().and_then(|simulator| port_of(simulator.base_url()));
        directory
            .write_json("settings.json", &settings)
            .map_err(|source| StartError::Directory {
                path: directory.path("settings.json"),
                source,
            })?;

        let aws = aws(devstack.endpoint_url());
        let embed_origins = [options.embed_origins.as_slice(), std::slice::from_ref(&workbench_url)].concat();
        // The test app and the template are known to the simulator alone.
        let more_suite_ids = simulator.as_ref().map_or_else(String::new, |_| {
            format!("{},{}", settings.test_suite.suite_id, settings.template.suite_id)
        });
        let config = config(&base_url, &wecom_url, &embed_origins, &options, &more_suite_ids)
            .map_err(|error| StartError::Internal(error.to_string()))?;
        let mut platform = Platform::new(config, &aws);
        platform.known_domains = Some(options.callback_domains.clone());
        platform.local_webhooks = true;
        let platform = Arc::new(platform);
        set_up(&platform, &aws, &settings).await.map_err(StartError::Setup)?;

        let authorizer = Authorizer::new(&settings.token_key);
        let now = platform.clock.now().as_second();
        let announcement = Announcement::new(
            &base_url,
            simulator.as_ref().map(Simulator::base_url),
            &workbench_url,
            devstack.endpoint_url(),
            &settings,
        )
        .with_tokens(
            |tenant_id| authorizer.issue(tenant_id, now),
            authorizer.issue_for_operator(now),
        );

        let bus = Arc::new(Bus::new());
        let stop = Arc::new(Notify::new());
        let gateway = Gateway {
            platform: Arc::clone(&platform),
            authorizer: authorizer.clone(),
            page_tokens: [announcement.admin_token.clone(), announcement.operator_token.clone()],
            bus: Arc::clone(&bus),
            requests: Arc::new(AtomicU64::new(0)),
        };
        let router = gateway.router().into_make_service_with_connect_info::<SocketAddr>();
        let stopped = Arc::clone(&stop);
        let server = tokio::spawn(async move {
            let served = axum::serve(listener, router).with_graceful_shutdown(async move { stopped.notified().await });
            if let Err(error) = served.await {
                tracing::error!(%error, "the server ended");
            }
        });
        let mut tasks = start_tasks(&platform, &aws, &devstack, &bus, &directory);
        tasks.push(workbench::serve(
            workbench,
            Workbench::new(&announcement, authorizer, &platform),
        ));
        if let Some(simulator) = &simulator {
            connect_suites(simulator, &base_url, &settings, &platform).await?;
        }
        directory
            .write_json("local.json", &announcement)
            .map_err(|source| StartError::Directory {
                path: directory.path("local.json"),
                source,
            })?;
        Ok(Self {
            announcement,
            directory,
            devstack,
            simulator,
            tasks,
            bus,
            stop,
            server,
        })
    }

    /// Addresses, tokens and the suite, as in `local.json`.
    #[must_use]
    pub fn announcement(&self) -> &Announcement {
        &self.announcement
    }

    /// The embedded stores, for tests that make them fail.
    #[must_use]
    pub fn devstack(&self) -> &Devstack {
        &self.devstack
    }

    /// The simulator of WeCom, for tests that act as WeCom; `None` with `--wecom-api`.
    #[must_use]
    pub fn simulator(&self) -> Option<&Simulator> {
        self.simulator.as_ref()
    }

    /// Makes the stores and the simulator, with all data in them, reachable for containers at the address of their bridge.
    ///
    /// # Errors
    /// When this machine has no such address, or a port is in use there.
    pub async fn let_containers_in(&mut self, address: IpAddr) -> Result<(), StartError> {
        let urls = [
            Some(self.devstack.endpoint_url()),
            self.simulator.as_ref().map(Simulator::base_url),
        ];
        for port in urls.into_iter().flatten().filter_map(port_of) {
            self.tasks.push(containers::let_in(address, port).await?);
        }
        Ok(())
    }

    /// Stops cleanly: requests in progress are finished, and `local.json` is removed.
    pub async fn shutdown(self) {
        let _ = self.directory.remove("local.json");
        self.bus.close();
        self.stop.notify_one();
        // Idle connections of a browser do not delay the end.
        let _ = tokio::time::timeout(std::time::Duration::from_secs(3), self.server).await;
        for task in self.tasks {
            task.abort();
        }
        if let Some(simulator) = self.simulator {
            simulator.shutdown().await;
        }
        self.devstack.shutdown().await;
    }
}

/// Starts what runs without a request: stream subscribers, schedule, rotations.
fn start_tasks(
    platform: &Arc<Platform>,
    aws: &SdkConfig,
    devstack: &Devstack,
    bus: &Arc<Bus>,
    directory: &Directory,
) -> Vec<JoinHandle<()>> {
    webhooks::create(devstack.queues());
    let pumps = Subscriber::ALL.into_iter().map(|subscriber| {
        let pump = Pump {
            client: aws_sdk_dynamodbstreams::Client::new(aws),
            platform: Arc::clone(platform),
            subscriber,
            writes: devstack.table_writes(subscriber.table()),
            directory: directory.clone(),
        };
        tokio::spawn(pump.run())
    });
    let others = [
        tokio::spawn(check_health_on_schedule(Arc::clone(platform))),
        tokio::spawn(reconcile_secrets_on_schedule(Arc::clone(platform))),
        tokio::spawn(release_parked_on_schedule(Arc::clone(platform))),
        tokio::spawn(run_replays_on_schedule(Arc::clone(platform))),
        tokio::spawn(rotations::run(Arc::clone(platform), devstack.rotations())),
        tokio::spawn(deliver(devstack.events(), Arc::clone(bus))),
    ];
    let mut tasks: Vec<_> = pumps.chain(others).collect();
    if platform.config.webhook_url.is_some() {
        let queues = devstack.queues().clone();
        tasks.push(tokio::spawn(webhooks::fill(queues.clone(), devstack.events())));
        tasks.push(tokio::spawn(webhooks::deliver(queues, Arc::clone(platform))));
    }
    tasks
}

/// Delivers the events that EventBridge has accepted.
async fn deliver(mut events: broadcast::Receiver<serde_json::Value>, bus: Arc<Bus>) {
    loop {
        match events.recv().await {
            Ok(event) => bus.put(event),
            Err(broadcast::error::RecvError::Lagged(missed)) => {
                tracing::warn!(missed, "events are not shown on the bus");
            }
            Err(broadcast::error::RecvError::Closed) => return,
        }
    }
}

/// Invokes `check-health` at the interval of the deployment's schedule.
async fn check_health_on_schedule(platform: Arc<Platform>) {
    let mut schedule = tokio::time::interval(std::time::Duration::from_mins(5));
    loop {
        schedule.tick().await;
        // An error is logged where it occurs.
        let _ = wecom_authorization::entry::invoked::check_health(&platform, serde_json::Value::Null).await;
    }
}

/// Invokes `reconcile-secrets` once a day, as the deployment does.
async fn reconcile_secrets_on_schedule(platform: Arc<Platform>) {
    let mut schedule = tokio::time::interval(std::time::Duration::from_hours(24));
    loop {
        schedule.tick().await;
        // An error is logged where it occurs.
        let _ = wecom_authorization::entry::invoked::reconcile_secrets(&platform, serde_json::Value::Null).await;
    }
}

/// Invokes `process-suite-event` at the interval of its schedule.
async fn release_parked_on_schedule(platform: Arc<Platform>) {
    let mut schedule = tokio::time::interval(std::time::Duration::from_mins(1));
    loop {
        schedule.tick().await;
        let nothing = wecom_authorization::entry::streams::Changes {
            records: Vec::new(),
            shard_id: None,
        };
        wecom_authorization::entry::streams::process_suite_event(&platform, nothing).await;
    }
}

/// Invokes `run-replays` at the interval of its schedule.
async fn run_replays_on_schedule(platform: Arc<Platform>) {
    let mut schedule = tokio::time::interval(std::time::Duration::from_mins(1));
    loop {
        schedule.tick().await;
        // An error is logged where it occurs.
        let _ = wecom_authorization::entry::invoked::run_replays(&platform, serde_json::Value::Null).await;
    }
}

async fn start_stores(directory: &Directory, settings: &Settings, options: &Options) -> Result<Devstack, StartError> {
    let start = |listen| {
        Devstack::start(devstack::Options {
            listen,
            data: Some(directory.path("aws")),
        })
    };
    let [usual, any] = loopback(settings.ports.aws, options.usual_port(4566));
    let started = match start(usual).await {
        Err(devstack::Error::PortInUse { .. }) => start(any).await,
        started => started,
    };
    started.map_err(|error| match error {
        devstack::Error::DirectoryInUse { .. } => StartError::SecondInstance {
            path: options.data.clone(),
        },
        other => StartError::Stores(other),
    })
}

async fn start_simulator(
    directory: &Directory,
    settings: &Settings,
    wanted: &Options,
) -> Result<Simulator, StartError> {
    let known = |suite: &directory::Suite| simulator::Suite {
        suite_id: suite.suite_id.clone(),
        suite_secret: suite.suite_secret.clone(),
        token: suite.token.clone(),
        encoding_aes_key: suite.encoding_aes_key.clone(),
        provider_corp_id: suite.provider_corp_id.clone(),
        provider_secret: suite.provider_secret.clone(),
        is_template: suite.suite_id == settings.template.suite_id,
    };
    let mut options = simulator::Options::new(known(&settings.suite));
    options.other_suites = vec![known(&settings.test_suite), known(&settings.template)];
    options.data = Some(directory.path("simulator.json"));
    let [usual, any] = loopback(settings.ports.simulator, wanted.usual_port(3100));
    options.listen = usual;
    let started = match Simulator::start(options.clone()).await {
        Err(simulator::Error::Listen { .. }) => {
            options.listen = any;
            Simulator::start(options).await
        }
        started => started,
    };
    started.map_err(StartError::Simulator)
}

/// Tells the simulator the callback URLs of the suites, and waits for the first ticket of each.
async fn connect_suites(
    simulator: &Simulator,
    base_url: &str,
    settings: &Settings,
    platform: &Platform,
) -> Result<(), StartError> {
    simulator.set_suite_callback_url(parse_url(&format!("{base_url}/suite/callback"))?);
    let others = [&settings.test_suite.suite_id, &settings.template.suite_id];
    for suite_id in others {
        let url = parse_url(&format!("{base_url}/suite/{suite_id}/callback"))?;
        let set = simulator.control().set_callback_url_of_suite(suite_id, url);
        set.map_err(|error| StartError::Internal(error.to_string()))?;
    }
    for suite_id in std::iter::once(&settings.suite.suite_id).chain(others) {
        await_suite_ticket(platform, suite_id)
            .await
            .map_err(StartError::Setup)?;
    }
    Ok(())
}

async fn listen(options: &Options, settings: &Settings) -> Result<TcpListener, StartError> {
    let in_use = |error: &std::io::Error| error.kind() == std::io::ErrorKind::AddrInUse;
    let [usual, any] = loopback(settings.ports.gateway, 3000);
    let address = options.listen.unwrap_or(usual);
    let listener = match TcpListener::bind(address).await {
        Err(error) if in_use(&error) && options.listen.is_none() => TcpListener::bind(any).await,
        bound => bound,
    };
    listener.map_err(|source| {
        if in_use(&source) {
            StartError::PortInUse { address }
        } else {
            StartError::Listen { address, source }
        }
    })
}

async fn listen_for_workbench(options: &Options, settings: &Settings) -> Result<(TcpListener, u16), StartError> {
    let [usual, any] = loopback(settings.ports.workbench, options.usual_port(3200));
    let bound = match TcpListener::bind(usual).await {
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => TcpListener::bind(any).await,
        bound => bound,
    };
    let listen_error = |source| StartError::Listen { address: usual, source };
    let listener = bound.map_err(listen_error)?;
    let port = listener.local_addr().map_err(listen_error)?.port();
    Ok((listener, port))
}

/// The address to connect to: the wildcard address is for listening only.
fn reachable(address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        SocketAddr::from(([127, 0, 0, 1], address.port()))
    } else {
        address
    }
}

fn parse_url(text: &str) -> Result<Url, StartError> {
    Url::parse(text).map_err(|error| StartError::Internal(format!("{text} is not a URL: {error}")))
}

fn port_of(url: &str) -> Option<u16> {
    Url::parse(url).ok().and_then(|url| url.port())
}
