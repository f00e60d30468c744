//! The functions that receive the changes of a table.

use std::collections::BTreeSet;

use aws_lambda_events::{dynamodb::EventRecord, streams::DynamoDbBatchItemFailure};
use jiff::Timestamp;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use crate::{
    audit::Actor,
    error::StepError,
    event_bus::BusEvent,
    ids::{CallbackId, TenantId},
    platform::Platform,
    steps::{ListTenant, ProcessSuiteEvent, StoredEvent},
    store::{EventChange, EventGap, ReceiverChange, StateChange, StoreError, StoredSuiteEvent},
};

/// A batch of records of a table's stream, all of one shard.
#[derive(Debug, Deserialize)]
pub struct Changes {
    /// The records, oldest first.
    #[serde(rename = "Records", default)]
    pub records: Vec<EventRecord>,
    /// The shard. Lambda names it to a function whose event source mapping has a tumbling window. `None` for dead letters that are
    /// driven again (`scripts/redrive`): they were counted when they came, or are not counted any more.
    #[serde(rename = "shardId")]
    pub shard_id: Option<String>,
}

/// Which records are to be redelivered.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchAnswer {
    /// The records that failed. Lambda redelivers them and those after the first of them.
    pub batch_item_failures: Vec<DynamoDbBatchItemFailure>,
    /// State that Lambda passes to the next invocation of a tumbling window, which fails without it. Always empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<Map<String, Value>>,
}

/// An item of the event table, as far as its counters are concerned.
#[derive(Deserialize)]
struct CountedEvent {
    source: String,
    callback_id: Option<CallbackId>,
    received_at: Timestamp,
    duplicates: u64,
    #[serde(default)]
    replays: u64,
}

/// A notification of other services, as it is stored.
#[derive(Deserialize)]
struct Notification<T> {
    pk: String,
    #[serde(flatten)]
    change: T,
}

/// `process-suite-event`: acts on new and released events of the suite, which are items of the authorization table. One that fails
/// does not block the others of its batch: all are processed, and those that failed are redelivered.
///
/// Its schedule invokes it without records: then it releases the parked events that are due.
pub async fn process_suite_event(platform: &Platform, changes: Changes) -> BatchAnswer {
    let step = ProcessSuiteEvent {
        lifecycle: platform.lifecycle(),
        open_corp_ids: &platform.open_corp_ids,
    };
    let actor = Actor::wecom();
    let context = platform.context(&actor);
    let mut answer = BatchAnswer::default();
    if changes.records.is_empty() {
        match step.release_due(context).await {
            Ok(0) => {}
            Ok(released) => tracing::info!(released, "parked events of the suite are released"),
            Err(error) => tracing::error!(%error, "parked events of the suite could not be released"),
        }
    }
    for record in &changes.records {
        if !is_suite_event(record) {
            continue;
        }
        let event: Result<StoredSuiteEvent, _> = serde_dynamo::from_item(record.change.new_image.clone());
        let processed = match event {
            Ok(event) => Box::pin(step.run(&event, context)).await,
            Err(error) => Err(StepError::Internal(Box::new(error))),
        };
        if let Err(error) = processed {
            failed(&mut answer, record, &error);
        }
    }
    answer
}

/// Whether a record is a new event of the suite, or one that was released.
fn is_suite_event(record: &EventRecord) -> bool {
    #[derive(Deserialize)]
    struct Marks {
        pk: String,
        released: Option<String>,
    }
    let marks: Option<Marks> = image(&record.change.new_image);
    marks.is_some_and(|marks| {
        marks.pk.starts_with("SUITEEVENT#") && (record.event_name == "INSERT" || marks.released.is_some())
    })
}

/// `publish-events`: counts new and repeated events per callback, keeps the operators' lists of tenants, and publishes new and
/// replayed events and the changes of authorizations on the event bus.
///
/// Counting comes first: it is exact whatever is redelivered, while what the bus has accepted is published again. An event that
/// cannot be counted for a reason that will not pass is published all the same.
pub async fn publish_events(platform: &Platform, changes: Changes) -> BatchAnswer {
    let mut answer = BatchAnswer {
        state: changes.shard_id.as_ref().map(|_| Map::new()),
        ..BatchAnswer::default()
    };
    let counted: Vec<_> = changes.records.iter().filter_map(event_change).collect();
    if let Some(shard) = &changes.shard_id {
        // Boxed, so that what publishes is not as large as this.
        let count = Box::pin(platform.store.count_events(shard, &counted, platform.clock.now()));
        match (count.await, changes.records.first()) {
            (Err(error @ StoreError::Unavailable(_)), Some(first)) => {
                failed(&mut answer, first, &error);
                return answer;
            }
            (Err(error), _) => tracing::error!(%error, "events were not counted"),
            (Ok(()), _) => {}
        }
    }
    if let (Err(error), Some(first)) = (list_tenants(platform, &changes.records).await, changes.records.first()) {
        failed(&mut answer, first, &error);
        return answer;
    }
    let publications = changes
        .records
        .iter()
        .filter_map(|record| Some((record, bus_event(record)?)));
    let (records, events): (Vec<_>, Vec<_>) = publications.unzip();
    let mut refused = BTreeSet::new();
    if let Some(event_bus) = &platform.event_bus {
        refused.extend(event_bus.publish(&events).await);
    }
    if let Some(queue) = platform.event_queue() {
        let messages: Vec<_> = events.iter().map(BusEvent::message).collect();
        refused.extend(queue.send(&messages).await);
    }
    for position in refused {
        if let Some(record) = records.get(position) {
            failed(&mut answer, record, &"the event bus or the queue did not accept it");
        }
    }
    answer
}

/// Lists each tenant that a record is about as it is now, once. What cannot be listed for a reason that will not pass is listed
/// after the tenant's next check, and holds nothing up.
///
/// # Errors
/// The failure of the store that will pass; nothing of the batch has been published yet.
async fn list_tenants(platform: &Platform, records: &[EventRecord]) -> Result<(), StepError> {
    let step = ListTenant { store: &platform.store };
    let mut listed = BTreeSet::new();
    for tenant_id in records.iter().filter_map(changed_tenant) {
        if !listed.insert(tenant_id.clone()) {
            continue;
        }
        // Boxed, so that what publishes is not as large as this.
        match Box::pin(step.run(&tenant_id, &*platform.clock)).await {
            Ok(()) => {}
            Err(StepError::Internal(error)) => {
                tracing::error!(%error, tenant.id = %tenant_id, "a tenant could not be listed");
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The tenant whose state is in a record, or in a notification about a change of it.
fn changed_tenant(record: &EventRecord) -> Option<TenantId> {
    #[derive(Deserialize)]
    struct Stated {
        pk: String,
        tenant_id: TenantId,
    }
    let now: Stated = image(&record.change.new_image)?;
    let is_state = now.pk.starts_with("TENANT#");
    (is_state || (now.pk.starts_with("CHANGED#") && record.event_name == "INSERT")).then_some(now.tenant_id)
}

/// Change of a stored event in a record; `None` when nothing in it is counted.
fn event_change(record: &EventRecord) -> Option<EventChange> {
    let now: CountedEvent = image(&record.change.new_image)?;
    let callback_id = now.callback_id.filter(|_| now.source == "callback")?;
    let before: Option<CountedEvent> = image(&record.change.old_image);
    let repeated = before
        .as_ref()
        .map_or(0, |before| now.duplicates.saturating_sub(before.duplicates));
    if before.is_some() && repeated == 0 {
        return None;
    }
    Some(EventChange {
        sequence_number: record.change.sequence_number.clone()?,
        callback_id,
        stored_at: before.is_none().then_some(now.received_at),
        repeated,
    })
}

/// Bus entry of a record: a new event, a replayed event, or a change of an authorization or of the receiver of webhooks.
fn bus_event(record: &EventRecord) -> Option<BusEvent> {
    if let Some(now) = image::<CountedEvent>(&record.change.new_image) {
        let before: Option<CountedEvent> = image(&record.change.old_image);
        let is_due = before.is_none_or(|before| now.replays > before.replays);
        let event: StoredEvent = image(&record.change.new_image)?;
        return (is_due && ["callback", "app"].contains(&now.source.as_str())).then(|| event.on_bus());
    }
    let of_tenant = notification::<StateChange>(record).map(|change| change.on_bus());
    of_tenant
        .or_else(|| Some(notification::<ReceiverChange>(record)?.on_bus()))
        .or_else(|| Some(notification::<EventGap>(record)?.on_bus()))
}

fn notification<T: DeserializeOwned>(record: &EventRecord) -> Option<T> {
    let notification: Notification<T> = inserted(record)?;
    notification.pk.starts_with("CHANGED#").then_some(notification.change)
}

fn failed(answer: &mut BatchAnswer, record: &EventRecord, error: &dyn std::fmt::Display) {
    tracing::error!(%error, "a change of a table is to be redelivered");
    let mut failure = DynamoDbBatchItemFailure::default();
    failure.item_identifier.clone_from(&record.change.sequence_number);
    answer.batch_item_failures.push(failure);
}

fn inserted<T: DeserializeOwned>(record: &EventRecord) -> Option<T> {
    (record.event_name == "INSERT")
        .then(|| image(&record.change.new_image))
        .flatten()
}

fn image<T: DeserializeOwned>(item: &serde_dynamo::Item) -> Option<T> {
    serde_dynamo::from_item(item.clone()).ok()
}
