//! A running simulator.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use url::Url;

use crate::control::Control;
use crate::error::Error;
use crate::hub::Hub;
use crate::options::Options;
use crate::{server, tickets};

/// How long requests that are being answered may go on after the stop.
const LAST_ANSWERS: Duration = Duration::from_secs(1);

/// WeCom's side, running. Dropping it stops it; [`Simulator::shutdown`] waits until it has.
pub struct Simulator {
    control: Control,
    stop: watch::Sender<bool>,
    server: JoinHandle<()>,
    tickets: JoinHandle<()>,
}

impl Simulator {
    /// Starts it. With a callback URL of the suite, the first ticket is on its way when this returns.
    ///
    /// # Errors
    /// [`Error`], in words for the person at the terminal.
    pub async fn start(options: Options) -> Result<Self, Error> {
        let address = options.listen;
        if !address.ip().is_loopback() {
            return Err(Error::NotLoopback(address));
        }
        let cannot_listen = |source| Error::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(cannot_listen)?;
        let base_url = format!("http://{}", listener.local_addr().map_err(cannot_listen)?);
        let hub = Arc::new(Hub::open(options, base_url)?);
        let control = Control { hub: Arc::clone(&hub) };

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
        let tickets = tokio::spawn(tickets::run(hub));
        Ok(Self {
            control,
            stop,
            server,
            tickets,
        })
    }

    /// Where API, pages and control interface answer: `http://127.0.0.1:PORT`, without a slash at the end.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.control.hub.base_url
    }

    /// What the JSON interface under `/_simulator/` does, as functions.
    #[must_use]
    pub fn control(&self) -> &Control {
        &self.control
    }

    /// Sets where the suite's events go, and pushes a ticket there at once. A URL that is not http or https is ignored;
    /// [`Control::set_suite_callback_url`] says so instead.
    pub fn set_suite_callback_url(&self, url: Url) {
        if let Err(error) = self.control.set_suite_callback_url(url) {
            tracing::warn!(error = %error, "the suite's callback URL was not taken");
        }
    }

    /// Stops: no more tickets, no more answers.
    pub async fn shutdown(mut self) {
        self.tickets.abort();
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
        self.tickets.abort();
        self.server.abort();
    }
}
