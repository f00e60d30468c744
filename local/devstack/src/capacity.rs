//! What DynamoDB would charge: the capacity units of each request, as `dynoxide-rs` computes them for `ReturnConsumedCapacity`.

use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use serde::Deserialize;
use serde_json::Value;

use crate::call::Call;

/// Units that a request has consumed on one table.
#[derive(Debug, Clone, PartialEq)]
pub struct Consumed {
    /// Operation that was called, such as `TransactWriteItems`.
    pub operation: String,
    /// Name of the table.
    pub table: String,
    /// Units of the table itself; write units of a write, read units otherwise.
    pub of_table: f64,
    /// Units of its indexes.
    pub of_indexes: f64,
    /// Items that a query or a scan has read, whether its filter let them through or not.
    pub scanned: u64,
}

/// The requests' consumption, while it is measured.
#[derive(Debug, Default)]
pub(crate) struct Capacity(Mutex<Option<Vec<Consumed>>>);

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Reported {
    table_name: String,
    capacity_units: f64,
    table: Option<Units>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Units {
    capacity_units: f64,
}

impl Capacity {
    /// Begins to measure, from nothing.
    pub(crate) fn measure(&self) {
        *self.lock() = Some(Vec::new());
    }

    /// What was consumed since.
    pub(crate) fn consumed(&self) -> Vec<Consumed> {
        self.lock().clone().unwrap_or_default()
    }

    /// The same call, asking for its consumption, if that is measured.
    pub(crate) fn asking(&self, mut call: Call) -> Call {
        if self.lock().is_some()
            && call.input.get("ReturnConsumedCapacity").is_none()
            && let Some(input) = call.input.as_object_mut()
        {
            input.insert("ReturnConsumedCapacity".to_owned(), "INDEXES".into());
            call.body = Bytes::from(call.input.to_string());
            call.parts.headers.remove(CONTENT_LENGTH);
        }
        call
    }

    /// Notes what an answer says about its consumption.
    pub(crate) fn note(&self, operation: &str, answer: &[u8]) {
        let mut consumed = self.lock();
        let Some(consumed) = consumed.as_mut() else { return };
        let answer: Value = serde_json::from_slice(answer).unwrap_or_default();
        let scanned = answer.get("ScannedCount").and_then(Value::as_u64).unwrap_or_default();
        let reported = match answer.get("ConsumedCapacity") {
            Some(Value::Array(each)) => each.clone(),
            Some(one) => vec![one.clone()],
            None => Vec::new(),
        };
        let read = |one| serde_json::from_value::<Reported>(one).ok();
        consumed.extend(reported.into_iter().filter_map(read).map(|reported| {
            let of_table = reported
                .table
                .map_or(reported.capacity_units, |table| table.capacity_units);
            Consumed {
                operation: operation.to_owned(),
                table: reported.table_name,
                of_table,
                of_indexes: reported.capacity_units - of_table,
                scanned,
            }
        }));
    }

    fn lock(&self) -> MutexGuard<'_, Option<Vec<Consumed>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
