//! Applies stored suite events: tickets, authorizations, changes, cancellations.

use wecom_authorization::entry::{serve_stream, streams};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    serve_stream(streams::process_suite_event).await
}
