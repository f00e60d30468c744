//! Queues of SQS: the one that webhooks wait in, the FIFO queue of events, and those of dead letters.

use std::time::Duration;

use aws_sdk_sqs::{
    Client,
    error::{BuildError, ProvideErrorMetadata as _},
    types::{QueueAttributeName, SendMessageBatchRequestEntry},
};
use aws_types::SdkConfig;

/// Messages that `SendMessageBatch` takes at once (SQS quotas).
const REQUEST_MESSAGES: usize = 10;

/// Bytes of the messages that `SendMessageBatch` takes at once in every region.
const REQUEST_BYTES: usize = 256 * 1024;

/// A message for a FIFO queue. `Debug` does not show its body.
#[derive(Clone, PartialEq, Eq)]
pub struct OrderedMessage {
    /// `MessageGroupId`: messages of one group keep their order.
    pub group_id: String,
    /// `MessageDeduplicationId`: a message with an id that was sent within five minutes is dropped.
    pub deduplication_id: String,
    /// The text.
    pub body: String,
}

impl std::fmt::Debug for OrderedMessage {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = formatter.debug_struct("OrderedMessage");
        shown
            .field("deduplication_id", &self.deduplication_id)
            .finish_non_exhaustive()
    }
}

/// A queue of a deployment.
#[derive(Debug)]
pub struct Queue {
    client: Client,
    url: String,
}

impl Queue {
    /// The queue at this URL.
    #[must_use]
    pub fn new(aws: &SdkConfig, url: String) -> Self {
        Self {
            client: Client::new(aws),
            url,
        }
    }

    /// Hides a message that was received for `wait`, up to twelve hours. If SQS does not answer, it comes again after the queue's
    /// own time.
    pub async fn postpone(&self, receipt_handle: &str, wait: Duration) {
        let seconds = i32::try_from(wait.as_secs()).unwrap_or(i32::MAX);
        let request = self.client.change_message_visibility();
        let request = request.queue_url(&self.url).receipt_handle(receipt_handle);
        if let Err(error) = request.visibility_timeout(seconds).send().await {
            tracing::warn!(
                code = error.code().unwrap_or("unreachable"),
                "a message could not be postponed"
            );
        }
    }

    /// The number of messages in the queue, about: those that are hidden count too. `None` when SQS does not answer.
    pub async fn messages(&self) -> Option<u64> {
        let names = [
            QueueAttributeName::ApproximateNumberOfMessages,
            QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
        ];
        let request = self.client.get_queue_attributes().queue_url(&self.url);
        let answer = match request.set_attribute_names(Some(names.to_vec())).send().await {
            Ok(answer) => answer,
            Err(error) => {
                let code = error.code().unwrap_or("unreachable");
                tracing::warn!(code, "the messages of a queue could not be counted");
                return None;
            }
        };
        let attributes = answer.attributes?;
        let numbers = names.map(|name| attributes.get(&name)?.parse::<u64>().ok());
        numbers.into_iter().sum()
    }

    /// Sends messages to a FIFO queue, in order, in as few requests as SQS allows, until one is not accepted. Answers its
    /// position: it and those after it are to be sent again. SQS drops those of them that it has taken.
    pub async fn send(&self, messages: &[OrderedMessage]) -> Option<usize> {
        let mut first = 0;
        for request in requests(messages) {
            let refused = self.send_request(request).await;
            if let Some(position) = refused {
                return Some(first + position);
            }
            first += request.len();
        }
        None
    }

    /// Sends one request. Answers the position of the first message that was not accepted.
    async fn send_request(&self, messages: &[OrderedMessage]) -> Option<usize> {
        let entries: Result<Vec<_>, BuildError> = messages.iter().enumerate().map(entry).collect();
        let request = self.client.send_message_batch().queue_url(&self.url);
        match request.set_entries(entries.ok()).send().await {
            Ok(answer) => {
                let refused = answer.failed().iter().map(|failed| {
                    tracing::warn!(code = failed.code(), "the queue did not accept an event");
                    failed.id().parse().unwrap_or(0)
                });
                refused.min()
            }
            Err(error) => {
                tracing::warn!(
                    code = error.code().unwrap_or("unreachable"),
                    "the queue did not accept a request"
                );
                Some(0)
            }
        }
    }
}

fn entry((position, message): (usize, &OrderedMessage)) -> Result<SendMessageBatchRequestEntry, BuildError> {
    SendMessageBatchRequestEntry::builder()
        .id(position.to_string())
        .message_group_id(&message.group_id)
        .message_deduplication_id(&message.deduplication_id)
        .message_body(&message.body)
        .build()
}

/// Divides messages into requests that SQS takes.
fn requests(messages: &[OrderedMessage]) -> Vec<&[OrderedMessage]> {
    let mut requests = Vec::new();
    let mut rest = messages;
    while !rest.is_empty() {
        let mut bytes = 0;
        let fitting = rest.iter().take(REQUEST_MESSAGES).take_while(|message| {
            bytes += message.body.len();
            bytes <= REQUEST_BYTES
        });
        // One alone is sent whatever its size: SQS says what is wrong.
        let (request, more) = rest.split_at(fitting.count().max(1));
        requests.push(request);
        rest = more;
    }
    requests
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(bytes: usize) -> OrderedMessage {
        OrderedMessage {
            group_id: "group".to_owned(),
            deduplication_id: "id".to_owned(),
            body: "x".repeat(bytes),
        }
    }

    #[test]
    fn divides_by_number_and_by_bytes() {
        let sizes = |messages: &[OrderedMessage]| {
            requests(messages)
                .iter()
                .map(|request| request.len())
                .collect::<Vec<_>>()
        };
        assert_eq!(sizes(&[]), [0; 0]);
        assert_eq!(sizes(&vec![message(100); 23]), [10, 10, 3]);
        let half = message(REQUEST_BYTES / 2);
        let large = [
            half.clone(),
            half,
            message(1),
            message(REQUEST_BYTES),
            message(REQUEST_BYTES + 1),
            message(1),
        ];
        assert_eq!(sizes(&large), [2, 1, 1, 1, 1]);
    }
}
