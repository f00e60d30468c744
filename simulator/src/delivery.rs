//! Results of requests to callbacks: checks of URLs, and deliveries of events.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Result of 保存, or of a check of the suite's URL.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckOutcome {
    /// Whether the URL passed, and the values are in use.
    pub saved: bool,
    /// WeCom's message when it did not pass.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub error: Option<String>,
    /// Details that WeCom does not show: status, timeout, length of the answer.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub detail: Option<String>,
    /// HTTP status, if there was an answer.
    pub status: Option<u16>,
    /// Duration in milliseconds.
    pub elapsed_ms: u64,
    /// Beginning of the answer's body.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub body_prefix: Option<String>,
}

impl CheckOutcome {
    /// The form was refused before anything was sent.
    pub(crate) fn refused(error: &str) -> Self {
        Self {
            saved: false,
            error: Some(error.to_owned()),
            detail: None,
            status: None,
            elapsed_ms: 0,
            body_prefix: None,
        }
    }
}

/// Outcome of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Answered with 200 (and `success`, where WeCom asks for it).
    Accepted,
    /// Answered with another status; WeCom does not redeliver.
    Refused,
    /// Answered with 200, but without the `success` that a suite's callback must answer.
    NotSuccess,
    /// No answer in time, three times.
    TimedOut,
    /// No connection, or one that was closed early, three times.
    Unreachable,
}

impl Outcome {
    /// Name in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Refused => "refused",
            Self::NotSuccess => "not_success",
            Self::TimedOut => "timed_out",
            Self::Unreachable => "unreachable",
        }
    }
}

/// Result of a delivery.
#[derive(Clone, Debug)]
pub(crate) struct DeliveryResult {
    pub(crate) outcome: Outcome,
    pub(crate) status: Option<u16>,
    pub(crate) attempts: u32,
    pub(crate) elapsed_ms: u64,
    pub(crate) answer: String,
}

/// An event that was sent, and its outcome.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Time of the first attempt.
    pub at: Timestamp,
    /// The corporation; none for a suite ticket.
    pub corp_id: Option<String>,
    /// `contacts`, `external-contacts` or `suite`.
    pub to: String,
    /// Name of the event, as in the request.
    pub event: String,
    /// Outcome.
    pub outcome: Outcome,
    /// HTTP status, if there was an answer.
    pub status: Option<u16>,
    /// Number of attempts.
    pub attempts: u32,
    /// Milliseconds from the first attempt to the end of the last.
    pub elapsed_ms: u64,
    /// Beginning of the answer's body.
    pub answer: String,
}

/// Description of a delivery, without its result.
#[derive(Clone, Debug)]
pub(crate) struct DeliveryInfo {
    pub(crate) at: Timestamp,
    pub(crate) corp_id: Option<String>,
    pub(crate) to: &'static str,
    pub(crate) event: String,
}

impl DeliveryInfo {
    pub(crate) fn with(self, result: DeliveryResult) -> Delivery {
        Delivery {
            at: self.at,
            corp_id: self.corp_id,
            to: self.to.to_owned(),
            event: self.event,
            outcome: result.outcome,
            status: result.status,
            attempts: result.attempts,
            elapsed_ms: result.elapsed_ms,
            answer: result.answer,
        }
    }
}
