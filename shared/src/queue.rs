//! The queue of SQS that webhooks wait in.

use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_types::SdkConfig;

/// The queue of a deployment's webhooks. Lambda receives and deletes its messages.
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
            let code = aws_sdk_sqs::error::ProvideErrorMetadata::code(&error);
            tracing::warn!(code = code.unwrap_or("unreachable"), "a message could not be postponed");
        }
    }
}
