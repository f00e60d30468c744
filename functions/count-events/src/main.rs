//! Counts stored events per callback, in batches.

use wecom_authorization::{startup, streams};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    startup::serve_stream(streams::count_events).await
}
