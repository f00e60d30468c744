//! The calls that WeCom's API answered: when, which, with what code. Never a parameter, so never a secret.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How many calls are remembered.
const CALLS_KEPT: usize = 1000;

/// One call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallRecord {
    /// When it was answered.
    pub at: Timestamp,
    /// `GET` or `POST`.
    pub method: String,
    /// Without the query.
    pub path: String,
    /// The HTTP status; none when the connection was dropped.
    pub status: Option<u16>,
    /// WeCom's code: 0 for success, none when the answer had no JSON.
    pub errcode: Option<i64>,
    /// A fault had a hand in the answer.
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
