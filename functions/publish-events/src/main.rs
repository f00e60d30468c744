//! Publishes events and changes on the event bus, and counts events per callback.

use wecom_authorization::entry::{serve_stream, streams};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    serve_stream(streams::publish_events).await
}
