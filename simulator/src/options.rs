//! What a simulator is started with.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use url::Url;

/// The third-party app (suite) of the provider, as WeCom knows it.
#[derive(Clone)]
pub struct Suite {
    /// `ww…`, the app's id.
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

/// How a simulator is started.
#[derive(Clone, Debug)]
pub struct Options {
    /// A loopback address: the simulator shows secrets in clear, so it refuses every other one. Port 0 takes a free port.
    pub listen: SocketAddr,
    /// The third-party app.
    pub suite: Suite,
    /// Where suite tickets and authorization events go; it can be set later.
    pub suite_callback_url: Option<Url>,
    /// The file that keeps the state across restarts (mode 0600); in memory without one.
    pub data: Option<PathBuf>,
    /// How often a suite ticket is pushed.
    pub ticket_interval: Duration,
    /// WeCom's patience.
    pub limits: Limits,
    /// Fixes every random value, for tests.
    pub seed: Option<u64>,
}

impl Options {
    /// WeCom's own numbers, a free port of 127.0.0.1, everything in memory.
    #[must_use]
    pub fn new(suite: Suite) -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            suite,
            suite_callback_url: None,
            data: None,
            ticket_interval: Duration::from_mins(10),
            limits: Limits::default(),
            seed: None,
        }
    }
}

/// How long WeCom waits, and how it tries again. The defaults are WeCom's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// For the answer to the check of a callback URL: 1 s.
    pub url_check: Duration,
    /// For the answer to an event: 5 s.
    pub delivery: Duration,
    /// For the answer to an authorization event of the suite: 1 s.
    pub authorization_event: Duration,
    /// Between two attempts of one delivery. WeCom documents none; 1 s here.
    pub redelivery_pause: Duration,
    /// Between two attempts to push the first suite ticket after a start: 1 s.
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
        };
        let shown = format!("{:?}", Options::new(suite));
        assert!(shown.contains("ww3f2a9c41d07be865"));
        assert!(!shown.contains("hidden"), "{shown}");
    }
}
