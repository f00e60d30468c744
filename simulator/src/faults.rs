//! Fault injection: API calls that are answered late, wrongly or not at all.

use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

/// A fault: affected path, number of calls, effects. Effects can be combined.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// API path; every call by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Number of calls that it still applies to.
    #[serde(default = "once")]
    pub times: u32,
    /// Delay of the answer in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay_ms: Option<u64>,
    /// `errcode` to answer, whatever the call is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errcode: Option<i64>,
    /// `errmsg` to answer instead of WeCom's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errmsg: Option<String>,
    /// HTTP status to answer with an HTML body, as a proxy would.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http_status: Option<u16>,
    /// Whether the connection is closed without an answer.
    #[serde(default)]
    pub drop: bool,
    /// Whether the call takes effect first, so that only its answer is lost.
    #[serde(default)]
    pub after_effect: bool,
}

fn once() -> u32 {
    1
}

impl Default for Fault {
    fn default() -> Self {
        Self {
            path: None,
            times: once(),
            delay_ms: None,
            errcode: None,
            errmsg: None,
            http_status: None,
            drop: false,
            after_effect: false,
        }
    }
}

/// Pending faults, in the order in which they were added.
#[derive(Default)]
pub(crate) struct Faults {
    waiting: Mutex<Vec<Fault>>,
}

impl Faults {
    pub(crate) fn add(&self, faults: impl IntoIterator<Item = Fault>) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.extend(faults.into_iter().filter(|fault| fault.times > 0));
    }

    pub(crate) fn clear(&self) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    pub(crate) fn waiting(&self) -> Vec<Fault> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The first fault for this path; counts the call.
    pub(crate) fn take(&self, path: &str) -> Option<Fault> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let fault = waiting
            .iter_mut()
            .find(|fault| fault.path.as_deref().is_none_or(|wanted| wanted == path))?;
        fault.times = fault.times.saturating_sub(1);
        let taken = fault.clone();
        waiting.retain(|fault| fault.times > 0);
        Some(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_met_as_often_as_it_says_and_only_on_its_path() {
        let faults = Faults::default();
        faults.add([Fault {
            path: Some("/cgi-bin/gettoken".into()),
            times: 2,
            errcode: Some(-1),
            ..Fault::default()
        }]);
        assert!(faults.take("/cgi-bin/getcallbackip").is_none());
        assert!(faults.take("/cgi-bin/gettoken").is_some());
        assert!(faults.take("/cgi-bin/gettoken").is_some());
        assert!(faults.take("/cgi-bin/gettoken").is_none());
        assert!(faults.waiting().is_empty());
    }
}
