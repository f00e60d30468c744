//! HTTP client for callbacks: signed and encrypted requests with WeCom's timeouts and redeliveries.
//!
//! It knows protocol and limits only; its callers decide what to send, and act on the answer.

use std::time::{Duration, Instant};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{Client, RequestBuilder, StatusCode, redirect::Policy};
use serde::{Deserialize, Serialize};
use url::Url;
use wecom_callback::{Credentials, envelope, seal, sign};

use crate::delivery::{CheckOutcome, DeliveryResult, Outcome};

/// WeCom's message when the URL did not answer with status 200 in time.
pub const URL_DID_NOT_PASS: &str = "openapi回调地址请求不通过";
/// WeCom's message when the answer was not the plaintext.
pub const ECHOSTR_DID_NOT_PASS: &str = "echostr校验失败，请您检查是否正确解密并输出明文echostr";

/// Maximum number of attempts to deliver an event.
pub(crate) const MAX_ATTEMPTS: u32 = 3;
/// Maximum number of bytes read of an answer; the right answer to a check has at most 23.
const MAX_ANSWER_BYTES: usize = 64 * 1024;
/// Maximum number of characters of an answer in the log.
const SHOWN_ANSWER_CHARS: usize = 200;

/// Values that are new for each request.
pub(crate) struct Stamp {
    pub(crate) timestamp: String,
    pub(crate) nonce: String,
    pub(crate) prefix: [u8; 16],
}

/// A defect of an event that a callback must refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Spoil {
    /// Signed with another Token.
    Signature,
    /// Signed correctly, but encrypted with another key.
    Key,
    /// Encrypted for another receive id.
    ReceiveId,
}

/// An event to deliver; it is encrypted again for each attempt.
#[derive(Clone)]
pub(crate) struct OutgoingEvent {
    pub(crate) url: Url,
    pub(crate) credentials: Credentials,
    pub(crate) receive_id: String,
    pub(crate) message: String,
    pub(crate) limit: Duration,
    pub(crate) pause: Duration,
    /// Whether the body must be `success`, as for a suite's command callback; otherwise status 200 is enough.
    pub(crate) wants_success: bool,
    pub(crate) spoil: Option<Spoil>,
}

/// A check of a callback URL.
pub(crate) struct UrlCheck<'a> {
    pub(crate) url: &'a Url,
    pub(crate) credentials: &'a Credentials,
    pub(crate) receive_id: &'a str,
    pub(crate) plaintext: &'a str,
    pub(crate) limit: Duration,
}

/// The client for callbacks.
pub(crate) struct CallbackClient {
    client: Client,
}

impl CallbackClient {
    pub(crate) fn new() -> Result<Self, reqwest::Error> {
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            // Lost to another caller only when that one has just installed one, which is as good.
            let _ = rustls::crypto::ring::default_provider().install_default();
        }
        let client = Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .pool_max_idle_per_host(0)
            .user_agent("Mozilla/4.0")
            .build()?;
        Ok(Self { client })
    }

    /// Checks a callback URL with GET.
    pub(crate) async fn check(&self, check: &UrlCheck<'_>, stamp: &Stamp) -> CheckOutcome {
        let credentials = check.credentials;
        let plaintext = check.plaintext;
        let key = &credentials.encoding_aes_key;
        let echostr = seal(key, stamp.prefix, plaintext.as_bytes(), check.receive_id);
        let signed = signed_query(credentials, stamp, &echostr);
        let query = format!("{signed}&echostr={}", utf8_percent_encode(&echostr, NON_ALPHANUMERIC));
        let request = self.client.get(with_query(check.url, &query)).timeout(check.limit);

        let started = Instant::now();
        let answer = exchange(request).await;
        let elapsed_ms = milliseconds(started.elapsed());
        let (error, detail) = match &answer {
            Ok(answer) if answer.status != StatusCode::OK => (
                Some(URL_DID_NOT_PASS),
                Some(format!("answered with status {}", answer.status.as_u16())),
            ),
            Ok(answer) if answer.body != plaintext.as_bytes() => {
                let bytes = answer.body.len();
                (
                    Some(ECHOSTR_DID_NOT_PASS),
                    Some(format!("expected the {} digits, got {bytes} bytes", plaintext.len())),
                )
            }
            Ok(_) => (None, None),
            Err(failure) => (Some(URL_DID_NOT_PASS), Some(failure.describe(check.limit))),
        };
        CheckOutcome {
            saved: error.is_none(),
            error: error.map(str::to_owned),
            detail,
            status: answer.as_ref().ok().map(|answer| answer.status.as_u16()),
            elapsed_ms,
            body_prefix: answer.ok().map(|answer| shown(&answer.body)),
        }
    }

    /// Delivers an event. It is redelivered only after a failed connection or a timeout, encrypted again, with at most `attempts`
    /// attempts in all.
    pub(crate) async fn deliver(
        &self,
        event: &OutgoingEvent,
        attempts: u32,
        stamp: impl Fn() -> Stamp,
    ) -> DeliveryResult {
        let started = Instant::now();
        let mut attempt = 1;
        loop {
            let answer = exchange(self.sealed(event, &stamp())).await;
            let failure = match answer {
                Ok(answer) => {
                    return DeliveryResult {
                        outcome: event.judge(&answer),
                        status: Some(answer.status.as_u16()),
                        attempts: attempt,
                        elapsed_ms: milliseconds(started.elapsed()),
                        answer: shown(&answer.body),
                    };
                }
                Err(failure) => failure,
            };
            if attempt >= attempts {
                return DeliveryResult {
                    outcome: failure.outcome(),
                    status: None,
                    attempts: attempt,
                    elapsed_ms: milliseconds(started.elapsed()),
                    answer: String::new(),
                };
            }
            attempt += 1;
            tokio::time::sleep(event.pause).await;
        }
    }

    fn sealed(&self, event: &OutgoingEvent, stamp: &Stamp) -> RequestBuilder {
        let mut credentials = event.credentials.clone();
        let mut receive_id = event.receive_id.as_str();
        match event.spoil {
            Some(Spoil::Key) => credentials.encoding_aes_key = other_key(),
            Some(Spoil::ReceiveId) => receive_id = "ww00000000other000",
            Some(Spoil::Signature) | None => {}
        }
        let encrypt = seal(
            &credentials.encoding_aes_key,
            stamp.prefix,
            event.message.as_bytes(),
            receive_id,
        );
        let mut query = signed_query(&credentials, stamp, &encrypt);
        if event.spoil == Some(Spoil::Signature) {
            query = signed_query(&credentials, stamp, "something else");
        }
        self.client
            .post(with_query(&event.url, &query))
            .header("content-type", "text/xml; charset=utf-8")
            .timeout(event.limit)
            .body(envelope::xml(&event.receive_id, "", &encrypt))
    }
}

impl OutgoingEvent {
    fn judge(&self, answer: &Answer) -> Outcome {
        if answer.status != StatusCode::OK {
            Outcome::Refused
        } else if self.wants_success && answer.body != b"success" {
            Outcome::NotSuccess
        } else {
            Outcome::Accepted
        }
    }
}

struct Answer {
    status: StatusCode,
    body: Vec<u8>,
}

/// Reason for the lack of an answer.
struct Failure(reqwest::Error);

impl Failure {
    fn outcome(&self) -> Outcome {
        if self.0.is_timeout() {
            Outcome::TimedOut
        } else {
            Outcome::Unreachable
        }
    }

    fn describe(&self, limit: Duration) -> String {
        match self.outcome() {
            Outcome::TimedOut => format!("no answer within {} ms", milliseconds(limit)),
            _ if self.0.is_connect() => "no connection".to_owned(),
            _ => "the connection broke off".to_owned(),
        }
    }
}

async fn exchange(request: RequestBuilder) -> Result<Answer, Failure> {
    let mut response = request.send().await.map_err(Failure)?;
    let status = response.status();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(Failure)? {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_ANSWER_BYTES {
            break;
        }
    }
    Ok(Answer { status, body })
}

fn signed_query(credentials: &Credentials, stamp: &Stamp, encrypt: &str) -> String {
    let signature = sign(&credentials.token, &stamp.timestamp, &stamp.nonce, encrypt);
    format!(
        "msg_signature={signature}&timestamp={}&nonce={}",
        stamp.timestamp, stamp.nonce
    )
}

/// The URL with WeCom's parameters, already percent-encoded, after its own.
fn with_query(url: &Url, query: &str) -> Url {
    let mut target = url.clone();
    let joined = match url.query() {
        Some(own) if !own.is_empty() => format!("{own}&{query}"),
        _ => query.to_owned(),
    };
    target.set_query(Some(&joined));
    target.set_fragment(None);
    target
}

fn other_key() -> wecom_callback::EncodingAesKey {
    wecom_callback::EncodingAesKey::parse(&"o".repeat(43)).expect("43 letters are a key")
}

fn shown(body: &[u8]) -> String {
    String::from_utf8_lossy(body).chars().take(SHOWN_ANSWER_CHARS).collect()
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parameters_follow_the_urls_own_and_stay_encoded() {
        let url = Url::parse("https://example.com/callback?tenant=a#top").unwrap();
        let target = with_query(&url, "nonce=1&echostr=a%2Bb%2F%3D%3D");
        assert_eq!(
            target.as_str(),
            "https://example.com/callback?tenant=a&nonce=1&echostr=a%2Bb%2F%3D%3D"
        );
    }
}
