//! The webhooks of a deployment: EventBridge's rule, the queue, and Lambda's event source mapping that invokes
//! `deliver-webhooks`.

use std::{sync::Arc, time::Duration};

use devstack::{QueueSettings, Queues, ReceivedMessage};
use serde_json::{Value, json};
use tokio::{sync::broadcast, time::Instant};
use wecom_authorization::{entry::queues, platform::Platform, steps::RETRY_AFTER_SECONDS};

/// Name of the queue.
pub(crate) const QUEUE: &str = "webhooks";
/// Name of the queue of those that were given up.
pub(crate) const DEAD_LETTERS: &str = "webhook-dead-letters";
/// Most messages of a batch, and how long a batch is hidden, as in `template.yaml`.
const BATCH: usize = 10;
const VISIBILITY_TIMEOUT: Duration = Duration::from_mins(18);

/// Creates the queues of the template.
pub(crate) fn create(queues: &Queues) {
    let settings = |redrive| QueueSettings {
        visibility_timeout: VISIBILITY_TIMEOUT,
        redrive,
    };
    let attempts = u32::try_from(RETRY_AFTER_SECONDS.len() + 1).unwrap_or(u32::MAX);
    queues.create(QUEUE, settings(Some((DEAD_LETTERS.to_owned(), attempts))));
    queues.create(DEAD_LETTERS, settings(None));
}

/// Puts what the bus delivers into the queue.
pub(crate) async fn fill(queues: Queues, mut events: broadcast::Receiver<Value>) {
    loop {
        match events.recv().await {
            Ok(event) => {
                queues.send(QUEUE, event.to_string());
            }
            Err(broadcast::error::RecvError::Lagged(missed)) => {
                tracing::warn!(missed, "events are not sent as webhooks");
            }
            Err(broadcast::error::RecvError::Closed) => return,
        }
    }
}

/// Invokes the function with what is in the queue, and deletes what it has delivered.
pub(crate) async fn deliver(queues: Queues, platform: Arc<Platform>) {
    let mut changes = queues.changes();
    loop {
        changes.mark_unchanged();
        let batch = queues.receive(QUEUE, BATCH);
        if batch.is_empty() {
            let next = queues.next_visible(QUEUE).map(Instant::from_std);
            let due = async {
                match next {
                    Some(next) => tokio::time::sleep_until(next).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = due => {}
                gone = async { changes.changed().await.is_err() } => if gone { return },
            }
            continue;
        }
        let records: Vec<_> = batch.iter().map(record).collect();
        let answer = queues::deliver_webhooks(&platform, json!({"Records": records})).await;
        // A failed invocation keeps the whole batch.
        let Ok(answer) = answer else { continue };
        let failures = answer.get("batchItemFailures").and_then(Value::as_array);
        let is_kept = |message: &ReceivedMessage| {
            let ids = failures
                .into_iter()
                .flatten()
                .filter_map(|failure| failure.get("itemIdentifier"));
            ids.into_iter().any(|id| *id == message.id)
        };
        for message in batch.iter().filter(|message| !is_kept(message)) {
            queues.delete(QUEUE, &message.receipt_handle);
        }
    }
}

fn record(message: &ReceivedMessage) -> Value {
    json!({
        "messageId": message.id,
        "receiptHandle": message.receipt_handle,
        "body": message.body,
        "attributes": {"ApproximateReceiveCount": message.receives.to_string()},
        "eventSource": "aws:sqs",
        "awsRegion": "local",
    })
}
