//! What came of a request to somebody's callback: the check of a URL, and the delivery of an event.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What came of pressing 保存 (or of checking the suite's URL).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckOutcome {
    /// The URL answered right, and the values are in use.
    pub saved: bool,
    /// WeCom's own words when they are not.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub error: Option<String>,
    /// What WeCom does not say: what was seen on the wire.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub detail: Option<String>,
    /// The HTTP status, if there was an answer.
    pub status: Option<u16>,
    /// How long it took.
    pub elapsed_ms: u64,
    /// How the answer's body begins.
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

/// How a delivery ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Answered with 200 (and `success`, where WeCom asks for it).
    Accepted,
    /// Answered with another status; WeCom does not send again.
    Refused,
    /// Answered with 200, but without the `success` that a suite's callback has to say.
    NotSuccess,
    /// No answer in time, three times.
    TimedOut,
    /// No connection, or one that broke off, three times.
    Unreachable,
}

impl Outcome {
    /// As it stands in JSON.
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

/// What came back, or not.
#[derive(Clone, Debug)]
pub(crate) struct Receipt {
    pub(crate) outcome: Outcome,
    pub(crate) status: Option<u16>,
    pub(crate) attempts: u32,
    pub(crate) elapsed_ms: u64,
    pub(crate) answer: String,
}

/// An event that was sent, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// When it was sent first.
    pub at: Timestamp,
    /// The corporation it is about; none for a suite ticket.
    pub corp_id: Option<String>,
    /// `contacts`, `external-contacts` or `suite`.
    pub to: String,
    /// The event, as in the request that sent it.
    pub event: String,
    /// How it ended.
    pub outcome: Outcome,
    /// The HTTP status, if there was an answer.
    pub status: Option<u16>,
    /// How often it was sent.
    pub attempts: u32,
    /// From the first attempt to the end of the last.
    pub elapsed_ms: u64,
    /// How the answer's body begins.
    pub answer: String,
}

/// Which delivery it is, apart from what came of it.
#[derive(Clone, Debug)]
pub(crate) struct Label {
    pub(crate) at: Timestamp,
    pub(crate) corp_id: Option<String>,
    pub(crate) to: &'static str,
    pub(crate) event: String,
}

impl Label {
    pub(crate) fn with(self, receipt: Receipt) -> Delivery {
        Delivery {
            at: self.at,
            corp_id: self.corp_id,
            to: self.to.to_owned(),
            event: self.event,
            outcome: receipt.outcome,
            status: receipt.status,
            attempts: receipt.attempts,
            elapsed_ms: receipt.elapsed_ms,
            answer: receipt.answer,
        }
    }
}
