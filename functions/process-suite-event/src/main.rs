//! Applies stored suite events: tickets, authorizations, changes, cancellations.

use wecom_authorization::{startup, streams};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    startup::serve_stream(streams::process_suite_event).await
}
