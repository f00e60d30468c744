//! Journal of the API calls: time, path and answer. It records no parameters, and therefore no secrets.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Number of calls kept.
const CALLS_KEPT: usize = 1000;

/// Call of WeCom's HTTP API, without its secrets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallRecord {
    /// Time of the answer.
    pub at: Timestamp,
    /// `GET` or `POST`.
    pub method: String,
    /// Path, without the query.
    pub path: String,
    /// HTTP status; `None` when the connection was dropped.
    pub status: Option<u16>,
    /// `errcode` of the answer, 0 for success; `None` when the answer was not JSON.
    pub errcode: Option<i64>,
    /// Whether a fault was applied.
    pub faulty: bool,
}

/// The latest calls, oldest first.
#[derive(Default)]
pub(crate) struct Journal {
    calls: Mutex<VecDeque<CallRecord>>,
}

impl Journal {
    pub(crate) fn record(&self, call: CallRecord) {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        if calls.len() >= CALLS_KEPT {
            calls.pop_front();
        }
        calls.push_back(call);
    }

    pub(crate) fn calls(&self) -> Vec<CallRecord> {
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls.iter().cloned().collect()
    }

    pub(crate) fn clear(&self) {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
