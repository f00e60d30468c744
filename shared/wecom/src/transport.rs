//! One call to WeCom: sent, repeated where that is safe, read, and logged as one event.
//!
//! A call is repeated only when it was certainly not executed: WeCom answered that it was too busy, or no connection was
//! made. In any other case WeCom may have executed it, and the caller decides whether to repeat it.

use std::{
    fmt::Write as _,
    time::{Duration, Instant},
};

pub(crate) use call::Call;
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use rustls::RootCertStore;
use serde::de::DeserializeOwned;
use url::Url;

use crate::{BuildError, ClientConfig, Error, ErrorCode, Refusal, answers::wire::Envelope, scrub::scrub, tls};

mod call;
mod report;

pub(crate) struct Transport {
    base_url: Url,
    backoff: Duration,
    shared: reqwest::Client,
    /// Client that keeps no connection, so that none is used twice.
    unshared: reqwest::Client,
}

/// Failure of one attempt.
pub(crate) struct Failure {
    kind: FailureKind,
    /// Detail for the log, without URL and secrets.
    cause: Option<String>,
}

enum FailureKind {
    Refused(Refusal),
    TimedOut,
    NotConnected,
    ConnectionLost,
    Unintelligible,
}

impl Transport {
    pub(crate) fn new(roots: RootCertStore, config: ClientConfig) -> Result<Self, BuildError> {
        let base_url = config.api_base_url;
        let usable = matches!(base_url.scheme(), "http" | "https")
            && base_url.has_host()
            && base_url.username().is_empty()
            && base_url.password().is_none()
            && base_url.query().is_none()
            && base_url.fragment().is_none();
        if !usable {
            return Err(BuildError::BaseUrl);
        }

        let tls = tls::config(roots).map_err(BuildError::Tls)?;
        let client = |kept_connections: usize| {
            reqwest::Client::builder()
                .tls_backend_preconfigured(tls.clone())
                .connect_timeout(config.connect_timeout)
                .timeout(config.request_timeout)
                .pool_idle_timeout(KEEP_IDLE)
                .pool_max_idle_per_host(kept_connections)
                .redirect(reqwest::redirect::Policy::none())
                .retry(reqwest::retry::never())
                .no_proxy()
                .http1_only()
                .user_agent(USER_AGENT)
                .build()
                .map_err(BuildError::Http)
        };
        Ok(Self {
            shared: client(MAX_IDLE_CONNECTIONS)?,
            unshared: client(0)?,
            backoff: config.backoff,
            base_url,
        })
    }

    /// Executes `call`. `read` converts WeCom's JSON; none when the value that the call is made for is absent.
    pub(crate) async fn call<Wire, Answer>(
        &self,
        call: Call<'_>,
        read: fn(Wire) -> Option<Answer>,
    ) -> Result<Answer, Error>
    where
        Wire: DeserializeOwned,
    {
        let url = call.url(&self.base_url);
        let started = Instant::now();
        let mut attempt = 1;
        let outcome = loop {
            let outcome = self.attempt(&call, url.clone(), read).await;
            match &outcome {
                Err(failure) if attempt < failure.worth_attempts() => {
                    tokio::time::sleep(pause_after(attempt, self.backoff)).await;
                    attempt += 1;
                }
                _ => break outcome,
            }
        };
        report::report(call.path(), attempt, started.elapsed(), outcome.as_ref().err());
        outcome.map_err(Error::from)
    }

    async fn attempt<Wire, Answer>(
        &self,
        call: &Call<'_>,
        url: Url,
        read: fn(Wire) -> Option<Answer>,
    ) -> Result<Answer, Failure>
    where
        Wire: DeserializeOwned,
    {
        let client = if call.wants_its_own_connection() {
            &self.unshared
        } else {
            &self.shared
        };
        let mut request = client.request(call.method(), url).header(ACCEPT, "application/json");
        if let Some(body) = call.body() {
            request = request.header(CONTENT_TYPE, "application/json").body(body);
        }

        let silence = |error| Failure::silence(error, call);
        let mut response = request.send().await.map_err(silence)?;
        if !response.status().is_success() {
            return Err(Failure::unintelligible(format!(
                "HTTP status {}",
                response.status().as_u16()
            )));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(silence)? {
            if body.len() + chunk.len() > call.max_answer_bytes() {
                return Err(Failure::unintelligible("the answer is too long"));
            }
            body.extend_from_slice(&chunk);
        }
        understand(&body, call, read)
    }
}

/// Reads an answer by its JSON, not by its Content-Type, which WeCom does not always set right. A byte order mark is
/// skipped, and a byte that is not UTF-8 damages only the text that it is in.
pub(crate) fn understand<Wire, Answer>(
    body: &[u8],
    call: &Call<'_>,
    read: fn(Wire) -> Option<Answer>,
) -> Result<Answer, Failure>
where
    Wire: DeserializeOwned,
{
    let body = String::from_utf8_lossy(body);
    let body = body.trim_start_matches(|first: char| first == '\u{feff}' || first.is_ascii_whitespace());
    // Serde would read a struct from an array, too.
    if !body.starts_with('{') {
        return Err(Failure::unintelligible("not a JSON object"));
    }
    let malformed = |error: serde_json::Error| {
        // Kind and position of serde's error, without its message, which quotes values.
        Failure::unintelligible(format!(
            "{:?} error in line {}, column {}",
            error.classify(),
            error.line(),
            error.column()
        ))
    };
    let envelope: Envelope = serde_json::from_str(body).map_err(malformed)?;
    let errcode = ErrorCode(envelope.errcode.unwrap_or_default());
    if errcode != ErrorCode::OK {
        let errmsg = envelope.errmsg();
        return Err(Failure {
            kind: FailureKind::Refused(Refusal {
                errcode,
                errmsg: scrub(&errmsg, call.secrets(), Refusal::MAX_ERRMSG_CHARS),
            }),
            cause: None,
        });
    }
    let wire = serde_json::from_str(body).map_err(malformed)?;
    read(wire).ok_or_else(|| Failure::unintelligible("the value that the call is made for is absent or empty"))
}

impl Failure {
    fn unintelligible(cause: impl Into<String>) -> Self {
        Self {
            kind: FailureKind::Unintelligible,
            cause: Some(cause.into()),
        }
    }

    /// Failure without an answer. The URL, which contains secrets, is dropped; the causes are only logged.
    fn silence(error: reqwest::Error, call: &Call<'_>) -> Self {
        let kind = if error.is_timeout() {
            FailureKind::TimedOut
        } else if error.is_connect() {
            FailureKind::NotConnected
        } else {
            FailureKind::ConnectionLost
        };
        let error = error.without_url();
        let mut cause = error.to_string();
        let mut source = std::error::Error::source(&error);
        while let Some(deeper) = source {
            // Writing to a String does not fail.
            let _ = write!(cause, ": {deeper}");
            source = deeper.source();
        }
        Self {
            kind,
            cause: Some(scrub(&cause, call.secrets(), MAX_CAUSE_CHARS)),
        }
    }

    /// Number of attempts in all when one fails like this.
    fn worth_attempts(&self) -> u32 {
        match &self.kind {
            FailureKind::Refused(refusal)
                if matches!(
                    refusal.errcode,
                    ErrorCode::SYSTEM_BUSY | ErrorCode::TOO_MANY_CONCURRENT_CALLS
                ) =>
            {
                3
            }
            FailureKind::NotConnected => 2,
            FailureKind::Refused(_)
            | FailureKind::TimedOut
            | FailureKind::ConnectionLost
            | FailureKind::Unintelligible => 1,
        }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure.kind {
            FailureKind::Refused(refusal) => Self::Refused(refusal),
            FailureKind::TimedOut => Self::TimedOut,
            FailureKind::NotConnected | FailureKind::ConnectionLost => Self::Unreachable,
            FailureKind::Unintelligible => Self::Unintelligible,
        }
    }
}

/// Pause after attempt 1, 2, …: `first`, twice `first`, and so on.
fn pause_after(attempt: u32, first: Duration) -> Duration {
    first.saturating_mul(2_u32.saturating_pow(attempt.saturating_sub(1)))
}

const USER_AGENT: &str = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));

/// Time for which an idle connection is kept: enough for the calls of one operation, and short enough that a connection
/// that died while its Lambda environment was frozen is not used again.
const KEEP_IDLE: Duration = Duration::from_secs(5);

/// Idle connections that are kept.
const MAX_IDLE_CONNECTIONS: usize = 8;

/// Greatest length of a logged cause, in characters.
const MAX_CAUSE_CHARS: usize = 300;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_twice_as_long_after_each_attempt() {
        let first = Duration::from_millis(100);
        assert_eq!(pause_after(1, first), Duration::from_millis(100));
        assert_eq!(pause_after(2, first), Duration::from_millis(200));
        assert_eq!(pause_after(3, first), Duration::from_millis(400));
        assert_eq!(pause_after(2, Duration::ZERO), Duration::ZERO);
    }
}
