//! The function that receives the messages of a queue.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::invoked::InvocationError;
use crate::{
    audit::Actor,
    http::Problem,
    platform::Platform,
    probe::Probe,
    steps::{DeliverWebhooks, retry_after},
    webhook::Webhook,
};

/// The input of `deliver-webhooks`.
#[derive(Deserialize)]
#[serde(untagged)]
enum Request {
    /// Messages of the queue.
    Messages {
        #[serde(rename = "Records")]
        records: Vec<QueuedMessage>,
    },
    /// The operator's order to try a disabled receiver again.
    Enable { enable: bool },
}

/// A message as Lambda hands it on.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct QueuedMessage {
    #[serde(rename = "messageId")]
    id: String,
    receipt_handle: String,
    /// The event as EventBridge delivers it.
    body: String,
    attributes: Attributes,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Attributes {
    approximate_receive_count: String,
}

/// The messages that stay in the queue.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Failure<'a> {
    item_identifier: &'a str,
}

/// `deliver-webhooks`: sends the events of the queue to the receiver, and postpones those that were not delivered. With
/// `{"enable": true}` it forgets the failures of a disabled receiver.
///
/// # Errors
/// `malformed_request` for another input, or without a receiver. Lambda then keeps all messages.
pub async fn deliver_webhooks(platform: &Platform, request: Value) -> Result<Value, InvocationError> {
    let malformed = |detail| InvocationError::from(Problem::malformed_request(detail));
    let request: Request = serde_json::from_value(request)
        .map_err(|_| malformed("The input is messages of SQS, or {\"enable\": true}."))?;
    let Some(url) = &platform.config.webhook_url else {
        return Err(malformed("WEBHOOK_URL is not set."));
    };
    let step = DeliverWebhooks {
        store: &platform.store,
        vault: &platform.vault,
        secrets: &platform.webhook_secrets,
        url,
        probe: Probe {
            local: platform.local_webhooks,
        },
    };
    let failed = |error| InvocationError::from(Problem::from_step(&error, platform.clock.now()));
    let actor = Actor::system();
    let messages = match request {
        Request::Messages { records } => records,
        Request::Enable { enable } => {
            if enable {
                step.enable(platform.context(&actor)).await.map_err(failed)?;
            }
            return Ok(json!({"enabled": enable}));
        }
    };
    let events: Vec<Option<Value>> = messages
        .iter()
        .map(|message| serde_json::from_str(&message.body).ok())
        .collect();
    let webhooks: Vec<_> = events.iter().flatten().map(Webhook::of).collect();
    let delivered = Box::pin(step.run(&webhooks, platform.context(&actor))).await;
    let delivered = delivered.unwrap_or_else(|error| {
        tracing::error!(%error, "webhooks were not delivered");
        Vec::new()
    });
    let mut delivered = delivered.into_iter();
    let mut failures = Vec::new();
    for (message, event) in messages.iter().zip(&events) {
        // What is not an event stays until the queue gives it up.
        if event.is_some() && delivered.next() == Some(true) {
            continue;
        }
        let receives = message.attributes.approximate_receive_count.parse().unwrap_or(1);
        if let (Some(queue), Some(wait)) = (platform.webhook_queue(), retry_after(receives)) {
            queue.postpone(&message.receipt_handle, wait).await;
        }
        failures.push(Failure {
            item_identifier: &message.id,
        });
    }
    Ok(json!({"batchItemFailures": failures}))
}
