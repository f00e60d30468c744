//! Counts stored events per callback, in batches.

use wecom_authorization::entry::{serve_stream, streams};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    serve_stream(streams::count_events).await
}
