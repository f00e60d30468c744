//! The event bus of EventBridge, on which the platform's other services are notified (docs/events.md).

use std::time::Duration;

use aws_sdk_eventbridge::{
    Client,
    error::{ProvideErrorMetadata as _, SdkError},
    operation::put_events::PutEventsError,
    types::PutEventsRequestEntry,
};
use aws_smithy_types::DateTime;
use jiff::Timestamp;
use tokio::task::JoinSet;
use tracing::Instrument as _;

use crate::queue::OrderedMessage;

/// `source` of every event.
pub const SOURCE: &str = "wecom.authorization";

/// Entries that `PutEvents` takes at once (EventBridge quotas).
const REQUEST_ENTRIES: usize = 10;

/// Requests under way at a time: one after the other they would take most of a batch's time.
const REQUESTS_AT_ONCE: usize = 5;

/// Bytes of the entries that `PutEvents` takes at once: 256 KB in the regions of China, 1 MB elsewhere since 2026-01.
const REQUEST_BYTES: usize = 256 * 1024;

/// Bytes for the envelope that an event has as a message of a queue, at most.
const ENVELOPE_BYTES: usize = 512;

/// Bytes of an entry's time, as EventBridge counts them.
const TIME_BYTES: usize = 14;

/// Pauses before the entries that were refused are sent again. Longer ones are Lambda's, which redelivers what failed.
const PAUSES: [Duration; 2] = [Duration::from_millis(50), Duration::from_millis(200)];

/// The event bus of a deployment.
#[derive(Debug, Clone)]
pub struct EventBus {
    client: Client,
    name: String,
}

/// An event for the bus, and for the FIFO queue. `Debug` does not show its detail.
#[derive(Clone, PartialEq, Eq)]
pub struct BusEvent {
    /// `detail-type`: `wecom.event`, `authorization.changed`, `events.gap` or `webhooks.changed`.
    pub detail_type: &'static str,
    /// Time of the event, which becomes `time` on the bus.
    pub time: Timestamp,
    /// A JSON object, as text.
    pub detail: String,
    /// What it keeps its order with in the queue: the callback's id, the corporation of an app's event, the tenant, or `webhooks`.
    pub group: String,
    /// The same each time that it is published, and another for each replay: letters, digits and hyphens.
    pub id: String,
}

impl std::fmt::Debug for BusEvent {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = formatter.debug_struct("BusEvent");
        shown.field("detail_type", &self.detail_type).finish_non_exhaustive()
    }
}

impl BusEvent {
    /// Whether it is small enough for every region's bus and queues.
    #[must_use]
    pub fn fits(&self) -> bool {
        self.bytes() + ENVELOPE_BYTES <= REQUEST_BYTES
    }

    /// The same event for the FIFO queue, in EventBridge's envelope as far as that depends on us.
    #[must_use]
    pub fn message(&self) -> OrderedMessage {
        let Self {
            detail_type,
            time,
            detail,
            group,
            id,
        } = self;
        OrderedMessage {
            group_id: group.clone(),
            deduplication_id: id.clone(),
            body: format!(
                r#"{{"version":"0","id":"{id}","detail-type":"{detail_type}","source":"{SOURCE}","time":"{time}","detail":{detail}}}"#
            ),
        }
    }

    /// Its size as EventBridge counts it.
    fn bytes(&self) -> usize {
        TIME_BYTES + SOURCE.len() + self.detail_type.len() + self.detail.len()
    }
}

impl EventBus {
    /// The bus of this name.
    #[must_use]
    pub fn new(client: Client, name: String) -> Self {
        Self { client, name }
    }

    /// Publishes `events` in as few requests as EventBridge allows, some at a time: the bus keeps no order. Answers the positions
    /// of those that it did not accept, in order; they may be published again.
    pub async fn publish(&self, events: &[BusEvent]) -> Vec<usize> {
        let mut pending: Vec<usize> = (0..events.len()).collect();
        let mut pauses = PAUSES.into_iter();
        loop {
            let mut failed = Vec::new();
            for some in requests(events, &pending).chunks(REQUESTS_AT_ONCE) {
                let sent: JoinSet<_> = some.iter().map(|request| self.put(events, request.clone())).collect();
                failed.extend(sent.join_all().await.into_iter().flatten());
            }
            failed.sort_unstable();
            match pauses.next() {
                Some(pause) if !failed.is_empty() => tokio::time::sleep(pause).await,
                _ => return failed,
            }
            pending = failed;
        }
    }

    /// Sends one request. Answers the positions of the events that were not accepted.
    fn put(&self, events: &[BusEvent], positions: Vec<usize>) -> impl Future<Output = Vec<usize>> + use<> {
        let entries = positions.iter().filter_map(|position| events.get(*position));
        let entries = entries.map(|event| self.entry(event)).collect();
        let request = self.client.put_events().set_entries(Some(entries));
        let sending = async move {
            match request.send().await {
                Ok(answer) => {
                    let results = answer.entries().iter();
                    let refused = positions.into_iter().zip(results).filter_map(|(position, result)| {
                        let code = result.error_code()?;
                        tracing::warn!(code, "the event bus did not accept an event");
                        Some(position)
                    });
                    refused.collect()
                }
                Err(error) => {
                    tracing::warn!(code = code(&error), "the event bus did not accept a request");
                    positions
                }
            }
        };
        sending.in_current_span()
    }

    fn entry(&self, event: &BusEvent) -> PutEventsRequestEntry {
        PutEventsRequestEntry::builder()
            .event_bus_name(&self.name)
            .source(SOURCE)
            .detail_type(event.detail_type)
            .time(DateTime::from_millis(event.time.as_millisecond()))
            .detail(&event.detail)
            .build()
    }
}

/// The error's code. Its text may contain what was sent.
fn code(error: &SdkError<PutEventsError>) -> &str {
    match error {
        SdkError::ServiceError(service) => service.err().code().unwrap_or("unknown"),
        SdkError::TimeoutError(_) => "timeout",
        _ => "unreachable",
    }
}

/// Divides events into requests that EventBridge takes.
fn requests(events: &[BusEvent], positions: &[usize]) -> Vec<Vec<usize>> {
    let mut requests: Vec<Vec<usize>> = Vec::new();
    let mut bytes = 0;
    for position in positions {
        let size = events.get(*position).map_or(0, BusEvent::bytes);
        match requests.last_mut() {
            Some(request) if request.len() < REQUEST_ENTRIES && bytes + size <= REQUEST_BYTES => {
                request.push(*position);
                bytes += size;
            }
            _ => {
                requests.push(vec![*position]);
                bytes = size;
            }
        }
    }
    requests
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(bytes: usize) -> BusEvent {
        let mut event = BusEvent {
            detail_type: "wecom.event",
            time: Timestamp::UNIX_EPOCH,
            detail: String::new(),
            group: "group".to_owned(),
            id: "id".to_owned(),
        };
        event.detail = "x".repeat(bytes - event.bytes());
        event
    }

    #[test]
    fn divides_by_number_and_by_bytes() {
        let small: Vec<_> = (0..23).map(|_| event(100)).collect();
        let all: Vec<_> = (0..23).collect();
        let sizes = |events: &[BusEvent], positions: &[usize]| {
            requests(events, positions).iter().map(Vec::len).collect::<Vec<_>>()
        };
        assert_eq!(sizes(&small, &all), [10, 10, 3]);
        assert_eq!(requests(&small, &[4, 9]), [[4, 9]], "only those that are asked for");
        let half = REQUEST_BYTES / 2;
        let large = [event(half), event(half), event(100), event(REQUEST_BYTES), event(100)];
        assert_eq!(sizes(&large, &[0, 1, 2, 3, 4]), [2, 1, 1, 1]);
    }

    #[test]
    fn fits_up_to_the_smallest_limit_of_any_region() {
        let largest = event(REQUEST_BYTES - ENVELOPE_BYTES);
        assert!(largest.fits());
        assert!(largest.message().body.len() <= REQUEST_BYTES);
        assert!(!event(REQUEST_BYTES - ENVELOPE_BYTES + 1).fits());
    }
}
