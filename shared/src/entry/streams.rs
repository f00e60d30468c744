//! The functions that receive the changes of a table.

use aws_lambda_events::{
    dynamodb::{Event, EventRecord},
    streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse},
};
use jiff::Timestamp;
use serde::{Deserialize, de::DeserializeOwned};
use sha2::{Digest as _, Sha256};

use crate::{
    audit::Actor,
    entropy::hex,
    error::StepError,
    ids::CallbackId,
    platform::Platform,
    steps::{CountStoredEvents, EventChange, ProcessSuiteEvent, SuiteEvent},
};

/// A batch of changes.
pub type Changes = Event;

/// The changes that have to be redelivered.
pub type BatchAnswer = DynamoDbEventResponse;

#[derive(Deserialize)]
struct StoredSuiteEvent {
    pk: String,
    suite_id: String,
    event: String,
    created_at: Option<Timestamp>,
    received_at: Timestamp,
    payload: String,
}

#[derive(Deserialize)]
struct StoredEvent {
    source: String,
    callback_id: CallbackId,
    received_at: Timestamp,
    duplicates: u64,
}

/// `process-suite-event`: acts on new events of the suite, which are items of the authorization table. One that fails
/// does not block the others of its batch: all are processed, and those that failed are redelivered.
pub async fn process_suite_event(platform: &Platform, changes: Changes) -> BatchAnswer {
    let step = ProcessSuiteEvent {
        lifecycle: platform.lifecycle(),
    };
    let actor = Actor::wecom();
    let context = platform.context(&actor);
    let mut answer = BatchAnswer::default();
    for record in &changes.records {
        let stored: Option<StoredSuiteEvent> = inserted(record);
        let Some(stored) = stored.filter(|stored| stored.pk.starts_with("SUITEEVENT#")) else {
            continue;
        };
        let event = SuiteEvent {
            suite_id: stored.suite_id,
            info_type: stored.event,
            created_at: stored.created_at,
            received_at: stored.received_at,
            payload: serde_json::from_str(&stored.payload).unwrap_or_default(),
        };
        if let Err(error) = step.run(&event, context).await {
            failed(&mut answer, record, &error);
        }
    }
    answer
}

/// `count-events`: counts new and repeated events per callback. A batch that fails is redelivered whole.
pub async fn count_events(platform: &Platform, changes: Changes) -> BatchAnswer {
    let mut answer = BatchAnswer::default();
    let mut counted = Vec::new();
    let mut batch = Sha256::new();
    for record in &changes.records {
        batch.update(record.change.sequence_number.as_deref().unwrap_or_default());
        let Some(now) = image::<StoredEvent>(&record.change.new_image).filter(|now| now.source == "callback") else {
            continue;
        };
        match image::<StoredEvent>(&record.change.old_image) {
            None => counted.push(EventChange::Stored(now.callback_id, now.received_at)),
            Some(before) => {
                for _ in before.duplicates..now.duplicates {
                    counted.push(EventChange::Repeated(now.callback_id.clone()));
                }
            }
        }
    }
    let batch = hex(&batch.finalize()).get(..24).unwrap_or_default().to_owned();
    let step = CountStoredEvents { store: &platform.store };
    if let Err(error) = step.run(&counted, &batch, platform.clock.now()).await
        && let Some(first) = changes.records.first()
    {
        failed(&mut answer, first, &error);
    }
    answer
}

fn failed(answer: &mut BatchAnswer, record: &EventRecord, error: &StepError) {
    tracing::error!(error = %error, "a change of a table is to be handed in again");
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
