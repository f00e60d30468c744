//! Fault injection: error codes, delays, dropped connections, and a process that crashes between two writes.
//!
//! From Rust by [`Faults::add`]; over HTTP by `POST /_local/faults` with a JSON array of serialized [`Fault`]s, for example
//! `[{"target":"PutItem","code":"ProvisionedThroughputExceededException","times":2}]`, or of `{"crash_after_writes":1}`.
//! `DELETE` removes all, `GET` lists the pending ones.
//!
//! At most one fault applies to a request: the oldest that matches.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::answer::{self, Answer};

/// A fault: which requests it applies to, how often, and its effect.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    target: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    times: Option<u32>,
    #[serde(default, skip_serializing_if = "is_false")]
    after: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    latency_ms: Option<u64>,
    #[serde(default, skip_serializing_if = "is_false")]
    drop: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    members: Map<String, Value>,
}

impl Fault {
    /// A fault for requests of `operation`, or of every operation with `"*"`. It has no effect yet.
    #[must_use]
    pub fn on(operation: impl Into<String>) -> Self {
        Self {
            target: operation.into(),
            resource: None,
            times: None,
            after: false,
            latency_ms: None,
            drop: false,
            code: None,
            status: None,
            message: None,
            members: Map::new(),
        }
    }

    /// Restricts it to the table or secret of this name.
    #[must_use]
    pub fn of(mut self, resource: impl Into<String>) -> Self {
        self.resource = Some(resource.into());
        self
    }

    /// Limits it to this many requests; without a limit it applies until it is cleared.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    /// Applies it after the operation: the write is done, and its answer is lost.
    #[must_use]
    pub fn after_applying(mut self) -> Self {
        self.after = true;
        self
    }

    /// Answers with this error code, and with status 400, or 500 or 503 for a code of a failing service.
    #[must_use]
    pub fn answer(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }

    /// Answers with this status, from 400 to 599.
    #[must_use]
    pub fn status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    /// Adds a member to the error answer, such as `CancellationReasons`.
    #[must_use]
    pub fn with(mut self, member: impl Into<String>, value: Value) -> Self {
        self.members.insert(member.into(), value);
        self
    }

    /// Closes the connection without an answer.
    #[must_use]
    pub fn drop_connection(mut self) -> Self {
        self.drop = true;
        self
    }

    /// Delays the request before any other effect.
    #[must_use]
    pub fn delay(mut self, latency: Duration) -> Self {
        self.latency_ms = Some(u64::try_from(latency.as_millis()).unwrap_or(u64::MAX));
        self
    }

    pub(crate) fn is_after(&self) -> bool {
        self.after
    }

    pub(crate) async fn apply(&self) -> Outcome {
        if let Some(latency) = self.latency_ms {
            tokio::time::sleep(Duration::from_millis(latency)).await;
        }
        if self.drop {
            return Outcome::Drop;
        }
        if self.code.is_none() && self.status.is_none() {
            return Outcome::Proceed;
        }
        let code = self.code.as_deref().unwrap_or("InternalServerError");
        let status = self
            .status
            .and_then(|status| StatusCode::from_u16(status).ok())
            .unwrap_or_else(|| usual_status(code));
        let message = self.message.as_deref().unwrap_or("injected fault");
        Outcome::Answer(answer::error(status, code, message, &self.members))
    }

    fn matches(&self, operation: &str, resources: &[&str]) -> bool {
        (self.target == "*" || self.target == operation)
            && self
                .resource
                .as_deref()
                .is_none_or(|wanted| resources.contains(&wanted))
    }

    fn check(&self) -> Result<(), InvalidFault> {
        if self.status.is_some_and(|status| !(400..=599).contains(&status)) {
            return Err(InvalidFault("the status must be from 400 to 599".to_owned()));
        }
        if self.code.is_none() && self.status.is_none() && self.latency_ms.is_none() && !self.drop {
            return Err(InvalidFault(
                "a fault needs a code, a status, a latency_ms or a drop".to_owned(),
            ));
        }
        Ok(())
    }
}

/// Effect of a fault on a request.
pub(crate) enum Outcome {
    Proceed,
    Answer(Answer),
    Drop,
}

/// A fault that is not valid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid fault: {0}")]
pub struct InvalidFault(String);

/// Faults that wait for a call that they match.
#[derive(Debug, Default)]
pub struct Faults {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    faults: Vec<Fault>,
    writes_before_crash: Option<u32>,
}

impl Faults {
    /// Adds a fault for the next call that matches it.
    pub fn add(&self, fault: Fault) {
        self.state().faults.push(fault);
    }

    /// Simulates a crash: after `writes` more requests that write, every connection is dropped until [`Faults::clear`]. A
    /// request counts whether or not it changed anything; one that another fault answered does not.
    pub fn crash_after_writes(&self, writes: u32) {
        self.state().writes_before_crash = Some(writes);
    }

    /// Removes every fault and ends a crash.
    pub fn clear(&self) {
        *self.state() = State::default();
    }

    /// The pending faults, as `GET /_local/faults` answers them.
    #[must_use]
    pub fn list(&self) -> Value {
        let state = self.state();
        let faults = state.faults.iter().map(|fault| json!(fault));
        let crash = state
            .writes_before_crash
            .map(|writes| json!({ "crash_after_writes": writes }));
        faults.chain(crash).collect()
    }

    /// Adds all faults of a JSON array, or none.
    ///
    /// # Errors
    /// When an element is not a valid fault.
    pub fn add_json(&self, json: &[u8]) -> Result<(), InvalidFault> {
        let orders: Vec<Value> = serde_json::from_slice(json).map_err(|error| InvalidFault(error.to_string()))?;
        let (crashes, faults): (Vec<_>, Vec<_>) = orders
            .into_iter()
            .partition(|order| order.get("crash_after_writes").is_some());
        let crashes = crashes.into_iter().map(parse::<Crash>).collect::<Result<Vec<_>, _>>()?;
        let faults = faults.into_iter().map(parse::<Fault>).collect::<Result<Vec<_>, _>>()?;
        faults.iter().try_for_each(Fault::check)?;
        let mut state = self.state();
        state.faults.extend(faults);
        if let Some(crash) = crashes.last() {
            state.writes_before_crash = Some(crash.crash_after_writes);
        }
        Ok(())
    }

    /// The fault that applies to this request; counts the request against its limit.
    pub(crate) fn take(&self, operation: &str, resources: &[&str]) -> Option<Fault> {
        let mut state = self.state();
        let position = state
            .faults
            .iter()
            .position(|fault| fault.matches(operation, resources))?;
        let fault = state.faults.get_mut(position)?;
        match fault.times.as_mut() {
            None => Some(fault.clone()),
            Some(times) if *times > 1 => {
                *times -= 1;
                Some(fault.clone())
            }
            Some(_) => Some(state.faults.remove(position)),
        }
    }

    pub(crate) fn has_crashed(&self) -> bool {
        self.state().writes_before_crash == Some(0)
    }

    pub(crate) fn admits_write(&self) -> bool {
        match self.state().writes_before_crash.as_mut() {
            None => true,
            Some(0) => false,
            Some(writes) => {
                *writes -= 1;
                true
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Crash {
    crash_after_writes: u32,
}

fn parse<T: serde::de::DeserializeOwned>(order: Value) -> Result<T, InvalidFault> {
    serde_json::from_value(order).map_err(|error| InvalidFault(error.to_string()))
}

fn usual_status(code: &str) -> StatusCode {
    match code {
        "InternalServerError" | "InternalServiceError" | "InternalFailure" => StatusCode::INTERNAL_SERVER_ERROR,
        "ServiceUnavailable" | "ServiceUnavailableException" => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::BAD_REQUEST,
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_false(value: &bool) -> bool {
    !value
}
