#![doc = include_str!("../README.md")]

mod api;
mod callback_client;
mod clock;
mod control;
mod delivery;
mod entropy;
mod errcode;
mod error;
mod events;
mod faults;
mod install;
mod journal;
mod options;
mod pages;
mod scan;
mod server;
mod shared;
mod storage;
mod suites;
mod tickets;
mod world;

use std::{fmt, sync::Arc, time::Duration};

pub use callback_client::{ECHOSTR_DID_NOT_PASS, Spoil, URL_DID_NOT_PASS};
pub use control::{
    Control, ControlError,
    requests::{
        AppEventRequest, ClockRequest, EventRequest, InstallRequest, NewCorporation, ScanRequest, SettingsPatch,
        SuiteEventRequest, SwitchesPatch,
    },
    views::{ClockView, CorporationView, DeliveriesView, EventNames, InstallView, SecretView, StateView, SuiteView},
};
pub use delivery::{CheckOutcome, Delivery, Outcome};
pub use error::Error;
pub use faults::Fault;
pub use journal::CallRecord;
pub use options::{Limits, Options, Suite};
use shared::Shared;
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};
use url::Url;
pub use world::{
    corporation::{
        AuthMode, CallbackForm, CallbackSlot, Callbacks, Installation, SavedCallback, Scope, SecretKind, Secrets,
    },
    settings::{Licence, Settings, Switches},
};

/// Maximum wait for requests in progress when it stops.
const LAST_ANSWERS: Duration = Duration::from_secs(1);

/// A running simulator. Dropping it stops it; [`Simulator::shutdown`] waits for the end.
pub struct Simulator {
    control: Control,
    stop: watch::Sender<bool>,
    server: JoinHandle<()>,
    tickets: Vec<JoinHandle<()>>,
}

impl Simulator {
    /// Starts a simulator. With a callback URL of the suite, the first ticket is being pushed when this returns.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn start(options: Options) -> Result<Self, Error> {
        let address = options.listen;
        if !address.ip().is_loopback() {
            return Err(Error::NotLoopback(address));
        }
        let cannot_listen = |source| Error::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(cannot_listen)?;
        let base_url = format!("http://{}", listener.local_addr().map_err(cannot_listen)?);
        let shared = Arc::new(Shared::open(options, base_url)?);
        let control = Control {
            shared: Arc::clone(&shared),
        };

        let (stop, mut stopped) = watch::channel(false);
        let router = server::router(control.clone());
        let server = tokio::spawn(async move {
            let until = async move {
                let _ = stopped.wait_for(|stopped| *stopped).await;
            };
            if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(until).await {
                tracing::error!(error = %error, "the simulator stopped serving");
            }
        });
        let loops = shared
            .suites
            .all()
            .map(|which| tickets::run(Arc::clone(&shared), which));
        let tickets = loops.map(tokio::spawn).collect();
        Ok(Self {
            control,
            stop,
            server,
            tickets,
        })
    }

    /// Base URL of API, pages and control interface: `http://127.0.0.1:PORT`, without a slash at the end.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.control.shared.base_url
    }

    /// The control interface, as functions.
    #[must_use]
    pub fn control(&self) -> &Control {
        &self.control
    }

    /// Sets the suite's callback URL, and pushes a ticket to it at once. A URL that is not http or https is ignored;
    /// [`Control::set_suite_callback_url`] reports it instead.
    pub fn set_suite_callback_url(&self, url: Url) {
        if let Err(error) = self.control.set_suite_callback_url(url) {
            tracing::warn!(error = %error, "the suite's callback URL was not taken");
        }
    }

    /// Stops tickets and server.
    pub async fn shutdown(mut self) {
        self.tickets.iter().for_each(JoinHandle::abort);
        let _ = self.stop.send(true);
        if tokio::time::timeout(LAST_ANSWERS, &mut self.server).await.is_err() {
            self.server.abort();
        }
    }
}

impl fmt::Debug for Simulator {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Simulator")
            .field("base_url", &self.base_url())
            .finish_non_exhaustive()
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.tickets.iter().for_each(JoinHandle::abort);
        self.server.abort();
    }
}
