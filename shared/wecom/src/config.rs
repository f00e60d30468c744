//! Configuration of a client.

use std::time::Duration;

use url::Url;

/// Base URL and timeouts of a [`Client`](crate::Client).
#[derive(Debug, Clone)]
pub struct ClientConfig {
    /// URL to which `/cgi-bin/…` is appended. `http` is meant for a simulator on the same machine.
    pub api_base_url: Url,
    /// Timeout of a connection, including TLS.
    pub connect_timeout: Duration,
    /// Timeout of one attempt, including connection and body. There are up to three attempts.
    pub request_timeout: Duration,
    /// Pause before the second attempt, doubled before the third.
    pub backoff: Duration,
}

impl ClientConfig {
    /// Configuration with 3 s for a connection, 5 s for an attempt, and a pause of 100 ms before the second.
    #[must_use]
    pub const fn new(api_base_url: Url) -> Self {
        Self {
            api_base_url,
            connect_timeout: Duration::from_secs(3),
            request_timeout: Duration::from_secs(5),
            backoff: Duration::from_millis(100),
        }
    }
}

/// Reason why a [`Client`](crate::Client) could not be created.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// Not `http` or `https`, without a host, or with a user, a password, a query or a fragment.
    #[error("the base URL must be http or https, with a host, and without a user, a query or a fragment")]
    BaseUrl,
    /// TLS could not be set up.
    #[error("TLS could not be set up")]
    Tls(#[source] rustls::Error),
    /// The HTTP client could not be set up.
    #[error("the HTTP client could not be set up")]
    Http(#[source] reqwest::Error),
}
