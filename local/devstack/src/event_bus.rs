//! Amazon EventBridge, as far as it takes events: `PutEvents`. There are no rules and no archive; every event that is accepted
//! goes to everyone who has subscribed ([`crate::Devstack::events`]).

use std::sync::{Mutex, PoisonError};

use http::StatusCode;
use jiff::Timestamp;
use rand::TryRng as _;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::sync::broadcast;

use crate::{
    answer::{self, Answer},
    call::Call,
    clock,
};

/// The entries of one request (EventBridge quotas).
const MAX_ENTRIES: usize = 10;

/// The bytes of one request's entries where EventBridge takes least: 256 KB in China, 1 MB elsewhere.
const MAX_BYTES: usize = 256 * 1024;

/// Events that a subscriber may be behind before it misses the oldest.
const BACKLOG: usize = 4096;

pub(crate) struct EventBus {
    accepted: broadcast::Sender<Value>,
    refusals: Mutex<Vec<Refusal>>,
}

struct Refusal {
    text: String,
    times: usize,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    source: Option<String>,
    detail_type: Option<String>,
    detail: Option<String>,
    time: Option<f64>,
    #[serde(default)]
    resources: Vec<String>,
}

impl Default for EventBus {
    fn default() -> Self {
        Self {
            accepted: broadcast::Sender::new(BACKLOG),
            refusals: Mutex::default(),
        }
    }
}

impl EventBus {
    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Value> {
        self.accepted.subscribe()
    }

    pub(crate) fn refuse(&self, text: &str, times: usize) {
        let text = text.to_owned();
        self.refusals().push(Refusal { text, times });
    }

    pub(crate) fn answer(&self, call: &Call) -> Answer {
        if call.operation != "PutEvents" {
            let message = "of EventBridge only PutEvents is implemented";
            return refused("UnknownOperationException", message);
        }
        let Some(entries) = call.input.get("Entries").and_then(Value::as_array) else {
            return refused("ValidationException", "Entries is missing");
        };
        if !(1..=MAX_ENTRIES).contains(&entries.len()) {
            return refused("ValidationException", "Entries must have 1 to 10 members");
        }
        let parsed: Result<Vec<Entry>, _> = entries.iter().map(Entry::deserialize).collect();
        let Ok(entries) = parsed else {
            return refused("SerializationException", "an entry is malformed");
        };
        if entries.iter().map(Entry::size).sum::<usize>() > MAX_BYTES {
            return refused(
                "ValidationException",
                "Total size of the entries in the request is over the limit.",
            );
        }
        let results: Vec<_> = entries.into_iter().map(|entry| self.put(entry)).collect();
        let failed = results
            .iter()
            .filter(|result| result.get("ErrorCode").is_some())
            .count();
        answer::json(StatusCode::OK, &json!({"FailedEntryCount": failed, "Entries": results}))
    }

    fn put(&self, entry: Entry) -> Value {
        let (Some(source), Some(detail_type), Some(detail)) = (entry.source, entry.detail_type, entry.detail) else {
            return failure("InvalidArgument", "Source, DetailType and Detail are required");
        };
        let Ok(parsed @ Value::Object(_)) = serde_json::from_str(&detail) else {
            return failure("MalformedDetail", "Detail is malformed.");
        };
        if self.is_refused(&detail) {
            return failure("ThrottlingException", "Rate exceeded");
        }
        let id = random_uuid();
        let time = entry.time.map_or_else(clock::now, time);
        let event = json!({
            "version": "0",
            "id": id,
            "detail-type": detail_type,
            "source": source,
            "account": "000000000000",
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            "region": "local",
            "resources": entry.resources,
            "detail": parsed,
        });
        // Nobody may have subscribed.
        let _ = self.accepted.send(event);
        json!({ "EventId": id })
    }

    fn is_refused(&self, detail: &str) -> bool {
        let mut refusals = self.refusals();
        let refusal = refusals
            .iter_mut()
            .find(|refusal| refusal.times > 0 && detail.contains(&refusal.text));
        refusal.map(|refusal| refusal.times -= 1).is_some()
    }

    fn refusals(&self) -> std::sync::MutexGuard<'_, Vec<Refusal>> {
        self.refusals.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    /// As EventBridge counts it: 14 bytes for a time, and the bytes of each text.
    fn size(&self) -> usize {
        let texts = [&self.source, &self.detail_type, &self.detail];
        let texts: usize = texts.into_iter().flatten().map(String::len).sum();
        let resources: usize = self.resources.iter().map(String::len).sum();
        texts + resources + self.time.map_or(0, |_| 14)
    }
}

/// Random, in the form of a UUID.
pub(crate) fn random_uuid() -> String {
    let mut bytes = [0_u8; 16];
    // An id that is not unique does no harm here.
    let _ = rand::rngs::SysRng.try_fill_bytes(&mut bytes);
    let hex: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default().concat();
    format!(
        "{}-{}-{}-{}-{}",
        part(0, 4),
        part(4, 6),
        part(6, 8),
        part(8, 10),
        part(10, 16)
    )
}

/// Seconds since the epoch, as the JSON protocol writes times; a moment that is out of range is now.
fn time(seconds: f64) -> Timestamp {
    let time = jiff::SignedDuration::try_from_secs_f64(seconds).ok();
    let time = time.and_then(|time| Timestamp::UNIX_EPOCH.checked_add(time).ok());
    time.unwrap_or_else(clock::now)
}

fn failure(code: &str, message: &str) -> Value {
    json!({"ErrorCode": code, "ErrorMessage": message})
}

fn refused(code: &str, message: &str) -> Answer {
    answer::error(StatusCode::BAD_REQUEST, code, message, &Map::new())
}
