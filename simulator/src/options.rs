//! Options of a simulator.

use std::{
    fmt,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use url::Url;

/// A third-party app (suite) of the provider or a template of customised apps (代开发), as WeCom knows it.
#[derive(Clone)]
pub struct Suite {
    /// `ww…`, the app's id; of a template `dk…`.
    pub suite_id: String,
    /// The app's own secret.
    pub suite_secret: String,
    /// Token of the suite's command callback.
    pub token: String,
    /// EncodingAESKey of the suite's command callback.
    pub encoding_aes_key: String,
    /// The provider's own corporation.
    pub provider_corp_id: String,
    /// The provider's own secret, for `get_provider_token`.
    pub provider_secret: String,
    /// Whether it is a template of customised apps.
    pub is_template: bool,
}

impl fmt::Debug for Suite {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Suite")
            .field("suite_id", &self.suite_id)
            .field("provider_corp_id", &self.provider_corp_id)
            .finish_non_exhaustive()
    }
}

/// Options of a simulator.
#[derive(Clone, Debug)]
pub struct Options {
    /// Loopback address to listen on; every other one is refused, because the simulator shows secrets in clear. Port 0 picks a free port.
    pub listen: SocketAddr,
    /// The third-party app.
    pub suite: Suite,
    /// Further third-party apps and templates of the same provider.
    pub other_suites: Vec<Suite>,
    /// URL for suite tickets and authorization events; it can be set later.
    pub suite_callback_url: Option<Url>,
    /// File that keeps the state across restarts (mode 0600); `None` keeps it in memory.
    pub data: Option<PathBuf>,
    /// Interval of suite tickets.
    pub ticket_interval: Duration,
    /// Timeouts and pauses.
    pub limits: Limits,
    /// Seed for every random value, for tests.
    pub seed: Option<u64>,
}

impl Options {
    /// WeCom's intervals and timeouts, a free port of 127.0.0.1, state in memory.
    #[must_use]
    pub fn new(suite: Suite) -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            suite,
            other_suites: Vec::new(),
            suite_callback_url: None,
            data: None,
            ticket_interval: Duration::from_mins(10),
            limits: Limits::default(),
            seed: None,
        }
    }
}

/// Timeouts and pauses of requests to callbacks. The defaults are WeCom's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Timeout of the check of a callback URL: 1 s.
    pub url_check: Duration,
    /// Timeout of the delivery of an event: 5 s.
    pub delivery: Duration,
    /// Timeout of an authorization event of the suite: 1 s.
    pub authorization_event: Duration,
    /// Pause before a redelivery. WeCom documents none; 1 s here.
    pub redelivery_pause: Duration,
    /// Pause before another push of the first suite ticket after a start: 1 s.
    pub ticket_retry: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            url_check: Duration::from_secs(1),
            delivery: Duration::from_secs(5),
            authorization_event: Duration::from_secs(1),
            redelivery_pause: Duration::from_secs(1),
            ticket_retry: Duration::from_secs(1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_secret() {
        let suite = Suite {
            suite_id: "ww3f2a9c41d07be865".into(),
            suite_secret: "s1-hidden".into(),
            token: "t2-hidden".into(),
            encoding_aes_key: "k3-hidden".into(),
            provider_corp_id: "ww8d5e1f7a3c9b2046".into(),
            provider_secret: "p4-hidden".into(),
            is_template: false,
        };
        let shown = format!("{:?}", Options::new(suite));
        assert!(shown.contains("ww3f2a9c41d07be865"));
        assert!(!shown.contains("hidden"), "{shown}");
    }
}
